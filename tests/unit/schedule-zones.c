/* SPDX-License-Identifier: GPL-3.0-or-later */
/* core/schedule over a year of every zone of the tz database: one run per existing nominal date, in order,
 * never two. */
#include "core/schedule.h"

#include <string.h>

#define DAY 86400
#define HISTORY 8 /* runs that are passed in; the latest dates are enough */

/* One year in one zone: the clock jumps from answer to answer. */
struct year {
    const char *name;
    struct zone *zone;
    GTimeZone *tz; /* the oracle asks GLib directly */
    struct schedule schedule;
    gint64 from, until;
    gboolean power_offs, failures;
    struct schedule_run runs[HISTORY];
    gsize n;              /* runs held */
    gint32 first, latest; /* nominal dates of the first and the latest run */
    gboolean done;        /* one of its runs succeeded */
    int scheduled;        /* runs by schedule or for a missed time */
};

static gint64 at(const char *text)
{
    gint64 utc;

    g_assert_true(time_parse_rfc3339(text, strlen(text), &utc));
    return utc;
}

/* Local time as seconds, by GLib alone. */
static gint64 oracle_local(GTimeZone *tz, gint64 utc)
{
    return utc + g_time_zone_get_offset(tz, g_time_zone_find_interval(tz, G_TIME_TYPE_UNIVERSAL, utc));
}

/* Midnight of a date as seconds, by GDate. */
static gint64 oracle_midnight(gint32 day)
{
    GDate date;

    g_date_clear(&date, 1);
    g_date_set_dmy(&date, (GDateDay)(day % 100), (GDateMonth)(day / 100 % 100), (GDateYear)(day / 10000));
    return ((gint64)g_date_get_julian(&date) - 719163) * DAY;
}

/* The date's hour begins at `instant`: it is reached there and was not reached before, be it at a gap's end
 * or first of two. */
static void check_first(const struct year *year, gint32 date, gint64 instant)
{
    static const int before[] = {1, 1800, 3600, 5400, 7200, 10800};
    gint64 wanted = oracle_midnight(date) + year->schedule.hour * 3600;
    int interval = g_time_zone_find_interval(year->tz, G_TIME_TYPE_UNIVERSAL, instant);

    if (g_time_zone_find_interval(year->tz, G_TIME_TYPE_UNIVERSAL, instant - DAY) == interval) {
        g_assert_cmpint(instant + g_time_zone_get_offset(year->tz, interval), ==, wanted);
        return;
    }
    g_assert_cmpint(oracle_local(year->tz, instant), >=, wanted);
    for (gsize i = 0; i < G_N_ELEMENTS(before); i++)
        g_assert_cmpint(oracle_local(year->tz, instant - before[i]), <, wanted);
}

/* No hour of the date occurs around `near`. */
static void check_missing(const struct year *year, gint32 date, gint64 near)
{
    gint64 midnight = oracle_midnight(date);

    for (gint64 utc = near - 3 * DAY; utc < near + 3 * DAY; utc += 900) {
        gint64 local = oracle_local(year->tz, utc);

        g_assert_true(local < midnight || local >= midnight + DAY);
    }
}

static void record(struct year *year, const struct schedule_answer *answer, gint64 now)
{
    gboolean fails = year->failures && g_test_rand_int_range(0, 5) == 0;
    gint64 ended = fails && g_test_rand_bit() ? 0 : now + 1;

    if (year->n == HISTORY) {
        memmove(year->runs, year->runs + 1, (HISTORY - 1) * sizeof year->runs[0]);
        year->n--;
    }
    year->runs[year->n++] = (struct schedule_run){answer->nominal_date, answer->trigger, now, ended, !fails};
    year->done = !fails;
}

static void check_run(struct year *year, const struct schedule_answer *answer, gint64 now, gboolean starting)
{
    gint32 date = answer->nominal_date;

    if (date == year->latest) { /* the same date again: only when it failed and we start */
        g_assert_true(starting);
        g_assert_cmpint(answer->trigger, ==, RUN_STARTUP);
        g_assert_false(year->done);
        return;
    }
    g_assert_cmpint(date, >, year->latest);
    g_assert_cmpint(answer->trigger, ==, starting ? RUN_STARTUP : RUN_SCHEDULE);
    if (!starting)
        check_first(year, date, now);
    for (gint32 day = day_add(year->latest, 1); year->latest && day < date && !year->power_offs;
         day = day_add(day, 1))
        check_missing(year, day, now);
    year->first = year->first ? year->first : date;
    year->latest = date;
    year->scheduled++;
}

/* Nothing that is due is left: the date after the latest one has not reached its hour. */
static void check_wait(const struct year *year, const struct schedule_answer *answer, gint64 now)
{
    gint64 wanted = oracle_midnight(answer->next_nominal_date) + year->schedule.hour * 3600;

    g_assert_cmpint(oracle_local(year->tz, now), <, wanted);
    g_assert_cmpint(answer->next, >, now);
    g_assert_cmpint(answer->next, ==, answer->next_run);
    if (year->latest)
        g_assert_cmpint(answer->next_nominal_date, <=, day_add(year->latest, 2));
}

static void year_live(struct year *year)
{
    gboolean starting = TRUE;
    gint64 restart = year->from + g_test_rand_int_range(0, 5 * DAY);

    for (gint64 now = year->from; now < year->until;) {
        struct schedule_answer answer =
            schedule_ask(&year->schedule, year->runs, year->n, year->zone, now, starting);

        if (answer.action == SCHEDULE_RUN) {
            check_run(year, &answer, now, starting);
            record(year, &answer, now);
            starting = FALSE;
            now += 1; /* no second is left out, so that a scheduled run comes at its very instant */
            continue;
        }
        check_wait(year, &answer, now);
        starting = restart < answer.next;
        now = answer.next;
        if (starting) {
            now = MAX(now - DAY, restart) + (year->power_offs ? g_test_rand_int_range(0, 4 * DAY) : 0);
            restart = now + g_test_rand_int_range(1, 9 * DAY);
        }
    }
}

/* Thirteen months, every date of which exists but `missing`; without power-offs each has its run. */
static void check_year(const char *name, int number, int hour, int missing)
{
    g_autofree char *from = g_strdup_printf("%d-01-01T00:00:00Z", number);
    g_autofree char *until = g_strdup_printf("%d-02-01T00:00:00Z", number + 1);

    for (int round = 0; round < 2; round++) {
        struct year year = {.name = name, .from = at(from), .until = at(until), .zone = zone_new(name, NULL)};

        g_test_message("%s %d %d:00, %s", name, number, hour,
                       round ? "power-offs and failures" : "restarts only");
        g_assert_nonnull(year.zone);
        year.tz = g_time_zone_new_identifier(name);
        g_assert_nonnull(year.tz);
        year.schedule =
            (struct schedule){.enabled = TRUE, .hour = hour, .saved_at = year.from - 1, .retry_minutes = 15};
        year.power_offs = year.failures = round > 0;
        year_live(&year);
        g_assert_cmpint(year.first, <=, number * 10000 + (round ? 106 : 102));
        g_assert_cmpint(year.latest, >=, (number + 1) * 10000 + (round ? 101 : 130));
        if (!round)
            g_assert_cmpint(year.scheduled, ==, day_diff(year.latest, year.first) + 1 - missing);
        else
            g_assert_cmpint(year.scheduled, >, 120);
        zone_free(year.zone);
        g_time_zone_unref(year.tz);
    }
}

static void test_every_zone_has_one_run_per_date_of_2026(void)
{
    static const int hours[] = {0, 2, 23};
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    int zones = 0;

    g_assert_true(g_file_get_contents("/usr/share/zoneinfo/tzdata.zi", &text, NULL, NULL));
    lines = g_strsplit(text, "\n", -1);
    for (gsize i = 0; lines[i]; i++) {
        g_auto(GStrv) words = g_strsplit(lines[i], " ", 4);
        const char *name = lines[i][0] == 'Z' ? words[1] : lines[i][0] == 'L' ? words[2] : NULL;

        if (!name)
            continue;
        for (gsize hour = 0; hour < G_N_ELEMENTS(hours); hour++)
            check_year(name, 2026, hours[hour], 0);
        check_year(name, 2026, g_test_rand_int_range(4, 23), 0);
        zones++;
    }
    g_assert_cmpint(zones, >, 500);
}

static void test_odd_years_of_some_zones_have_one_run_per_existing_date(void)
{
    static const struct {
        const char *zone;
        int year, missing;
    } cases[] = {
        {"Pacific/Apia", 2011, 1},       {"Pacific/Fakaofo", 2011, 1},     {"Pacific/Kwajalein", 1993, 1},
        {"Pacific/Kiritimati", 1994, 1}, {"Pacific/Enderbury", 1994, 1},   {"America/St_Johns", 2006, 0},
        {"America/St_Johns", 1988, 0},   {"Australia/Lord_Howe", 1985, 0}, {"Antarctica/Troll", 2026, 0},
        {"Asia/Pyongyang", 2015, 0},     {"America/Caracas", 2016, 0},     {"Asia/Kathmandu", 1986, 0},
        {"Africa/Monrovia", 1972, 0},    {"Antarctica/Casey", 2020, 0},    {"Africa/Casablanca", 2024, 0},
        {"America/Nuuk", 2023, 0},       {"Europe/Lisbon", 1992, 0},       {"America/Sao_Paulo", 2018, 0},
        {"Asia/Amman", 2022, 0},         {"Asia/Beirut", 2024, 0},         {"America/Asuncion", 2024, 0},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        for (int hour = 0; hour < 24; hour++)
            check_year(cases[i].zone, cases[i].year, hour, cases[i].missing);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/schedule-zones/every-zone-has-one-run-per-date-of-2026",
                    test_every_zone_has_one_run_per_date_of_2026);
    g_test_add_func("/schedule-zones/odd-years-of-some-zones-have-one-run-per-existing-date",
                    test_odd_years_of_some_zones_have_one_run_per_existing_date);
    return g_test_run();
}
