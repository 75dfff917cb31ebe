/* SPDX-License-Identifier: GPL-3.0-or-later */
/* core/calendar: days, zones with every odd transition we know of, and times as text. */
#include "core/calendar.h"

#include <string.h>

#include "base/error.h"

#define NO_INSTANT G_MININT64

/* A UTC time as seconds; the table's own times are always valid. */
static gint64 at(const char *text)
{
    gint64 utc = NO_INSTANT;

    g_assert_true(time_parse_rfc3339(text, strlen(text), &utc));
    return utc;
}

static struct zone *zone_named(const char *name)
{
    g_autoptr(GError) error = NULL;
    struct zone *zone = zone_new(name, &error);

    g_assert_no_error(error);
    g_assert_nonnull(zone);
    return zone;
}

static void test_days_are_added_and_compared_across_months_and_leap_years(void)
{
    static const struct {
        gint32 day;
        int days;
        gint32 result;
    } cases[] = {
        {20260609, 1, 20260610},   {20260630, 1, 20260701},     {20261231, 1, 20270101},
        {20240228, 1, 20240229},   {20260228, 1, 20260301},     {20000228, 1, 20000229},
        {21000228, 1, 21000301},   {20260301, -1, 20260228},    {19700101, -1, 19691231},
        {20260609, 366, 20270610}, {10101, 0, 10101},           {99991231, 0, 99991231},
        {20260609, 0, 20260609},   {19691231, 20609, 20260604},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%d + %d", cases[i].day, cases[i].days);
        g_assert_cmpint(day_add(cases[i].day, cases[i].days), ==, cases[i].result);
        g_assert_cmpint(day_diff(cases[i].result, cases[i].day), ==, cases[i].days);
    }
    g_assert_cmpint(day_add(99991231, 1), ==, 99991231);
    g_assert_cmpint(day_add(10101, -1), ==, 10101);
    g_assert_cmpint(day_add(20260609, G_MAXINT), ==, 99991231);
    g_assert_cmpint(day_add(20260609, G_MININT), ==, 10101);
    g_assert_cmpint(day_add(20260631, 1), ==, 0);
    g_assert_cmpint(day_diff(20260609, 0), ==, 0);
}

static void test_every_day_of_four_centuries_is_what_gdate_says(void)
{
    GDate date;
    gint32 day = 18000101;

    g_date_clear(&date, 1);
    g_date_set_dmy(&date, 1, G_DATE_JANUARY, 1800);
    for (int i = 0; i < 146097; i++) {
        gint32 want =
            g_date_get_year(&date) * 10000 + (gint32)g_date_get_month(&date) * 100 + g_date_get_day(&date);

        g_assert_cmpint(day, ==, want);
        g_assert_true(day_valid(day));
        day = day_add(day, 1);
        g_date_add_days(&date, 1);
    }
}

static void test_only_real_dates_are_valid(void)
{
    static const struct {
        gint32 day;
        gboolean valid;
    } cases[] = {
        {20260609, TRUE},    {20240229, TRUE},    {20000229, TRUE},   {10101, TRUE},     {99991231, TRUE},
        {20260229, FALSE},   {21000229, FALSE},   {20260631, FALSE},  {20261301, FALSE}, {20260001, FALSE},
        {20260600, FALSE},   {0, FALSE},          {-20260609, FALSE}, {101, FALSE},      {100000101, FALSE},
        {G_MAXINT32, FALSE}, {G_MININT32, FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%d", cases[i].day);
        g_assert_cmpint(day_valid(cases[i].day), ==, cases[i].valid);
    }
}

static void test_a_day_is_read_in_exactly_two_forms(void)
{
    static const struct {
        const char *text;
        gint32 day;
    } cases[] = {
        {"2026-06-09", 20260609}, {"2009/01/31", 20090131},
        {"0001-01-01", 10101},    {"9999-12-31", 99991231},
        {"2026-06/09", 0},        {"2026.06.09", 0},
        {"20260609", 0},          {"2026-6-9", 0},
        {"2026-06-31", 0},        {"0000-01-01", 0},
        {"2026-06-09 ", 0},       {" 2026-06-09", 0},
        {"-026-06-09", 0},        {"+026-06-09", 0},
        {"2026-06-0a", 0},        {"", 0},
        {"02026-06-09", 0},       {"2026-06-09T00:00:00Z", 0},
        {"２０２６-06-09", 0},    {"2009/02/29", 0},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].text);
        g_assert_cmpint(day_parse(cases[i].text), ==, cases[i].day);
    }
    g_assert_cmpint(day_parse(NULL), ==, 0);
}

static void test_a_day_is_shown_with_dashes(void)
{
    char out[11];

    day_format(20260609, out);
    g_assert_cmpstr(out, ==, "2026-06-09");
    day_format(10101, out);
    g_assert_cmpstr(out, ==, "0001-01-01");
    day_format(G_MININT32, out);
    g_assert_cmpstr(out, ==, "0000-00-00");
}

static void test_an_rfc_3339_time_needs_its_zone_and_nothing_else(void)
{
    static const struct {
        const char *text;
        gint64 utc;
    } cases[] = {
        {"2026-06-09T10:30:25+09:00", 1780968625},
        {"2026-06-09T01:30:25Z", 1780968625},
        {"2026-06-08t21:30:25.999999999-04:00", 1780968625},
        {"2026-06-09T01:30:25.0z", 1780968625},
        {"2026-06-09T01:30:25-00:00", 1780968625},
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:00-01:00", 3600},
        {"9999-12-31T23:59:59Z", 253402300799},
        {"2024-02-29T23:59:59+23:59", 1709164859},
        {"1970-01-01T00:00:00+01:00", NO_INSTANT},
        {"9999-12-31T23:59:59-00:01", NO_INSTANT},
        {"1969-12-31T23:59:59-09:00", NO_INSTANT},
        {"0000-01-01T00:00:00Z", NO_INSTANT},
        {"2026-06-09T10:30:25", NO_INSTANT},
        {"2026-06-09 10:30:25Z", NO_INSTANT},
        {"2026-06-09T10:30Z", NO_INSTANT},
        {"2026-06-09T10:30:25.Z", NO_INSTANT},
        {"2026-06-09T10:30:25,5Z", NO_INSTANT},
        {"2026-06-09T10:30:25+0900", NO_INSTANT},
        {"2026-06-09T10:30:25+09", NO_INSTANT},
        {"2026-06-09T10:30:25+24:00", NO_INSTANT},
        {"2026-06-09T10:30:25+09:60", NO_INSTANT},
        {"2026-06-09T10:30:25 +09:00", NO_INSTANT},
        {"2026-06-09T10:30:25Zx", NO_INSTANT},
        {"2026-06-09T24:00:00Z", NO_INSTANT},
        {"2026-06-09T10:60:00Z", NO_INSTANT},
        {"2016-12-31T23:59:60Z", NO_INSTANT},
        {"2026-02-29T10:30:25Z", NO_INSTANT},
        {"2026-06-09T-1:30:25Z", NO_INSTANT},
        {"12026-06-09T10:30:25Z", NO_INSTANT},
        {"2026/06/09T10:30:25Z", NO_INSTANT},
        {"", NO_INSTANT},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gsize length = strlen(cases[i].text);
        g_autofree char *bounded =
            g_memdup2(cases[i].text, length); /* no final NUL: a read past the end is seen */
        gint64 utc = NO_INSTANT;

        g_test_message("%s", cases[i].text);
        g_assert_cmpint(time_parse_rfc3339(length ? bounded : "", length, &utc), ==,
                        cases[i].utc != NO_INSTANT);
        g_assert_cmpint(utc, ==, cases[i].utc);
    }
    for (gsize length = 0; length < 20; length++) {
        g_autofree char *cut = g_memdup2("2026-06-09T01:30:25Z", length);
        gint64 utc;

        g_assert_false(time_parse_rfc3339(cut, length, &utc));
    }
}

static void test_a_utc_time_is_shown_in_twenty_characters(void)
{
    static const struct {
        gint64 utc;
        const char *text;
    } cases[] = {
        {1780968625, "2026-06-09T01:30:25Z"}, {0, "1970-01-01T00:00:00Z"},
        {-1, "1969-12-31T23:59:59Z"},         {253402300799, "9999-12-31T23:59:59Z"},
        {G_MAXINT64, "9999-12-31T23:59:59Z"}, {G_MININT64, "0001-01-01T00:00:00Z"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        char out[21];

        time_format_utc(cases[i].utc, out);
        g_assert_cmpstr(out, ==, cases[i].text);
    }
}

static void test_a_zone_is_only_what_the_database_names(void)
{
    static const struct {
        const char *name;
        gboolean ok;
    } cases[] = {
        {"Asia/Tokyo", TRUE},
        {"America/Argentina/Buenos_Aires", TRUE},
        {"America/Port-au-Prince", TRUE},
        {"UTC", TRUE},
        {"Etc/GMT+9", TRUE},
        {"EST5EDT", TRUE},
        {"GMT-0", TRUE},
        {"Japan", TRUE},
        {"Asia/Edo", FALSE},
        {"JST-9", FALSE},
        {"+09:00", FALSE},
        {"09", FALSE},
        {":Asia/Tokyo", FALSE},
        {"/etc/localtime", FALSE},
        {"../../etc/passwd", FALSE},
        {"Asia/../Asia/Tokyo", FALSE},
        {"Asia", FALSE},
        {"Asia/", FALSE},
        {"Asia//Tokyo", FALSE},
        {"leapseconds", FALSE},
        {"zone.tab", FALSE},
        {"right/UTC", FALSE},
        {"posix/UTC", FALSE},
        {"localtime", FALSE},
        {"posixrules", FALSE},
        {"Asia/Tokyo\n", FALSE},
        {" Asia/Tokyo", FALSE},
        {"東京", FALSE},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(PtZone) zone = zone_new(cases[i].name, &error);

        g_test_message("%s", cases[i].name);
        g_assert_cmpint(zone != NULL, ==, cases[i].ok);
        if (zone)
            g_assert_cmpstr(zone_name(zone), ==, cases[i].name);
        else
            g_assert_error(error, PT_ERROR, (gint)PT_ERROR_INPUT);
    }
}

static void test_the_system_zone_is_not_taken_from_the_environment(void)
{
    g_autoptr(PtZone) before = NULL;
    g_autoptr(PtZone) after = NULL;
    gint64 summer = at("2026-06-09T12:00:00Z"), winter = at("2026-12-09T12:00:00Z");

    g_unsetenv("TZ");
    before = zone_named(NULL);
    /* One of the two is not the system's zone, whatever that is. */
    for (int i = 0; i < 2; i++) {
        g_setenv("TZ", i ? "Pacific/Kiritimati" : "America/St_Johns", TRUE);
        g_clear_pointer(&after, zone_free);
        after = zone_named("");
        g_assert_cmpint(zone_offset(before, summer), ==, zone_offset(after, summer));
        g_assert_cmpint(zone_offset(before, winter), ==, zone_offset(after, winter));
        g_assert_cmpstr(zone_name(before), ==, zone_name(after));
    }
    g_unsetenv("TZ");
}

/* SPEC RB3: the run of a date begins at the first instant of its hour, after a gap, or not at all. */
static void test_an_hour_of_a_date_begins_at_its_first_instant(void)
{
    static const struct {
        const char *zone;
        gint32 day;
        int hour;
        const char *utc; /* NULL: the date does not exist */
    } cases[] = {
        {"UTC", 20260609, 0, "2026-06-09T00:00:00Z"},
        {"UTC", 20260609, 23, "2026-06-09T23:00:00Z"},
        {"Asia/Tokyo", 20260609, 3, "2026-06-08T18:00:00Z"},
        {"Asia/Kolkata", 20260609, 3, "2026-06-08T21:30:00Z"},
        {"America/New_York", 20261101, 1, "2026-11-01T05:00:00Z"}, /* twice: the first */
        {"America/New_York", 20261101, 2, "2026-11-01T07:00:00Z"},
        {"America/New_York", 20260308, 2, "2026-03-08T07:00:00Z"}, /* gap 2:00–3:00: at 3:00 */
        {"America/New_York", 20260308, 3, "2026-03-08T07:00:00Z"},
        {"Europe/Berlin", 20260329, 2, "2026-03-29T01:00:00Z"},
        {"Europe/Berlin", 20261025, 2, "2026-10-25T00:00:00Z"},
        {"Europe/London", 20260329, 1, "2026-03-29T01:00:00Z"},
        {"Europe/London", 20261025, 1, "2026-10-25T00:00:00Z"},
        {"Europe/Dublin", 20261025, 1, "2026-10-25T00:00:00Z"},
        {"Africa/Cairo", 20260424, 0, "2026-04-23T22:00:00Z"}, /* gap 0:00–1:00 */
        {"Africa/Cairo", 20260424, 1, "2026-04-23T22:00:00Z"},
        {"Africa/Cairo", 20261030, 0, "2026-10-29T22:00:00Z"}, /* 29th 23:00 comes twice, 0:00 once */
        {"Africa/Cairo", 20261029, 23, "2026-10-29T20:00:00Z"},
        {"America/Nuuk", 20260328, 23, "2026-03-29T01:00:00Z"}, /* gap to the next date's 0:00 */
        {"America/Nuuk", 20260329, 0, "2026-03-29T01:00:00Z"},
        {"America/Nuuk", 20260329, 23, "2026-03-30T00:00:00Z"},
        {"America/Havana", 20260308, 0, "2026-03-08T05:00:00Z"},
        {"America/Havana", 20261101, 0, "2026-11-01T04:00:00Z"},
        {"Australia/Lord_Howe", 20261004, 2, "2026-10-03T15:30:00Z"}, /* gap 2:00–2:30 */
        {"Australia/Lord_Howe", 20260405, 1, "2026-04-04T14:00:00Z"},
        {"Australia/Lord_Howe", 20260405, 2, "2026-04-04T15:30:00Z"},
        {"America/St_Johns", 20060402, 0, "2006-04-02T03:30:00Z"}, /* gap 0:01–1:01 */
        {"America/St_Johns", 20060402, 1, "2006-04-02T03:31:00Z"},
        {"America/St_Johns", 20061029, 0,
         "2006-10-29T02:30:00Z"}, /* 0:00 comes before the clock goes back from 0:01 to 23:01 */
        {"America/St_Johns", 20061028, 23, "2006-10-29T01:30:00Z"},
        {"Pacific/Apia", 20111229, 23, "2011-12-30T09:00:00Z"},
        {"Pacific/Apia", 20111230, 0, NULL},
        {"Pacific/Apia", 20111230, 23, NULL},
        {"Pacific/Apia", 20111231, 0, "2011-12-30T10:00:00Z"},
        {"Pacific/Kwajalein", 19930820, 23, "1993-08-21T11:00:00Z"},
        {"Pacific/Kwajalein", 19930821, 3, NULL},
        {"Pacific/Kwajalein", 19930822, 0, "1993-08-21T12:00:00Z"},
        {"Pacific/Kiritimati", 19941231, 12, NULL},
        {"Pacific/Kiritimati", 19950101, 0, "1994-12-31T10:00:00Z"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(PtZone) zone = zone_named(cases[i].zone);
        gint64 utc = NO_INSTANT;

        g_test_message("%s %d %d:00", cases[i].zone, cases[i].day, cases[i].hour);
        g_assert_cmpint(zone_instant(zone, cases[i].day, cases[i].hour, &utc), ==, cases[i].utc != NULL);
        g_assert_cmpint(zone_has_day(zone, cases[i].day), ==, cases[i].utc != NULL);
        g_assert_cmpint(utc, ==, cases[i].utc ? at(cases[i].utc) : NO_INSTANT);
    }
}

static void test_an_hour_or_date_that_cannot_be_has_no_instant(void)
{
    g_autoptr(PtZone) zone = zone_named("Asia/Tokyo");
    gint64 utc;

    g_assert_false(zone_instant(zone, 20260609, 24, &utc));
    g_assert_false(zone_instant(zone, 20260609, -1, &utc));
    g_assert_false(zone_instant(zone, 20260631, 3, &utc));
    g_assert_false(zone_instant(zone, 0, 3, &utc));
    g_assert_true(zone_instant(zone, 10101, 0, &utc));
    g_assert_true(zone_instant(zone, 99991231, 23, &utc));
}

static void test_a_local_time_of_our_csv_reads_back_to_its_instant(void)
{
    static const struct {
        const char *zone;
        struct local_time local;
        const char *not_after; /* NULL: none */
        const char *utc;       /* NULL: no such local time */
    } cases[] = {
        {"Asia/Tokyo", {2026, 6, 9, 10, 30, 25}, NULL, "2026-06-09T01:30:25Z"},
        {"Asia/Tokyo", {2026, 6, 9, 10, 30, 25}, "2000-01-01T00:00:00Z", "2026-06-09T01:30:25Z"},
        {"America/New_York", {2026, 11, 1, 1, 30, 0}, NULL, "2026-11-01T05:30:00Z"},
        {"America/New_York", {2026, 11, 1, 1, 30, 0}, "2026-11-01T05:30:00Z", "2026-11-01T05:30:00Z"},
        {"America/New_York", {2026, 11, 1, 1, 30, 0}, "2026-11-01T06:29:59Z", "2026-11-01T05:30:00Z"},
        {"America/New_York", {2026, 11, 1, 1, 30, 0}, "2026-11-01T06:30:00Z", "2026-11-01T06:30:00Z"},
        {"America/New_York", {2026, 11, 1, 1, 30, 0}, "2026-11-01T00:00:00Z", "2026-11-01T05:30:00Z"},
        {"America/New_York", {2026, 3, 8, 2, 0, 0}, NULL, NULL},
        {"America/New_York", {2026, 3, 8, 2, 59, 59}, NULL, NULL},
        {"America/New_York", {2026, 3, 8, 3, 0, 0}, NULL, "2026-03-08T07:00:00Z"},
        {"Pacific/Apia", {2011, 12, 30, 12, 0, 0}, NULL, NULL},
        {"America/St_Johns", {2006, 10, 28, 23, 1, 0}, "2030-01-01T00:00:00Z", "2006-10-29T02:31:00Z"},
        {"America/St_Johns", {2006, 10, 28, 23, 0, 59}, "2030-01-01T00:00:00Z", "2006-10-29T01:30:59Z"},
        {"UTC", {2026, 2, 29, 0, 0, 0}, NULL, NULL},
        {"UTC", {2026, 6, 9, 24, 0, 0}, NULL, NULL},
        {"UTC", {2026, 6, 9, 0, 60, 0}, NULL, NULL},
        {"UTC", {2026, 6, 9, 0, 0, 60}, NULL, NULL},
        {"UTC", {2026, 6, 9, -1, 0, 0}, NULL, NULL},
        {"UTC", {0, 1, 1, 0, 0, 0}, NULL, NULL},
        {"UTC", {10000, 1, 1, 0, 0, 0}, NULL, NULL},
        {"UTC", {2026, 0, 1, 0, 0, 0}, NULL, NULL},
        {"UTC", {2026, 13, 1, 0, 0, 0}, NULL, NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(PtZone) zone = zone_named(cases[i].zone);
        gint64 utc = NO_INSTANT, limit = cases[i].not_after ? at(cases[i].not_after) : G_MAXINT64;

        g_test_message("row %zu, %s", i, cases[i].zone);
        g_assert_cmpint(zone_from_local(zone, &cases[i].local, limit, &utc), ==, cases[i].utc != NULL);
        g_assert_cmpint(utc, ==, cases[i].utc ? at(cases[i].utc) : NO_INSTANT);
    }
}

static void test_the_ends_of_the_calendar_are_clamped(void)
{
    static const char *const names[] = {"UTC", "Asia/Tokyo", "America/New_York", "Pacific/Kiritimati"};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(PtZone) zone = zone_named(names[i]);

        g_assert_cmpint(zone_day(zone, G_MININT64), ==, 10101);
        g_assert_cmpint(zone_day(zone, G_MAXINT64), ==, 99991231);
        g_assert_cmpint(zone_offset(zone, G_MAXINT64 - 1), <, 86400);
        g_assert_cmpint(zone_offset(zone, G_MININT64), <, 86400);
    }
}

/* GDateTime as the oracle: the same local time at random instants of all zones, and back again. */
static void check_instant(struct zone *zone, GTimeZone *tz, gint64 utc)
{
    g_autoptr(GDateTime) moment = g_date_time_new_from_unix_utc(utc);
    g_autoptr(GDateTime) oracle = g_date_time_to_timezone(moment, tz);
    struct local_time local = zone_local(zone, utc);
    gint64 back = NO_INSTANT, first = NO_INSTANT;

    g_assert_cmpint(zone_offset(zone, utc), ==, g_date_time_get_utc_offset(oracle) / G_TIME_SPAN_SECOND);
    g_assert_cmpint(local.year, ==, g_date_time_get_year(oracle));
    g_assert_cmpint(local.month, ==, g_date_time_get_month(oracle));
    g_assert_cmpint(local.day, ==, g_date_time_get_day_of_month(oracle));
    g_assert_cmpint(local.hour, ==, g_date_time_get_hour(oracle));
    g_assert_cmpint(local.minute, ==, g_date_time_get_minute(oracle));
    g_assert_cmpint(local.second, ==, g_date_time_get_second(oracle));
    g_assert_cmpint(zone_day(zone, utc), ==, local.year * 10000 + local.month * 100 + local.day);
    g_assert_true(zone_has_day(zone, zone_day(zone, utc)));
    g_assert_true(zone_from_local(zone, &local, utc, &back));
    g_assert_cmpint(back, ==, utc);
    g_assert_true(zone_from_local(zone, &local, G_MAXINT64, &first));
    g_assert_cmpint(first, <=, utc);
    g_assert_cmpint(first + zone_offset(zone, first), ==, utc + zone_offset(zone, utc));
}

static void test_random_instants_in_all_zones_are_what_gdatetime_says(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    gint64 from = at("1980-01-01T00:00:00Z"), until = at("2050-01-01T00:00:00Z");
    int zones = 0;

    g_assert_true(g_file_get_contents("/usr/share/zoneinfo/tzdata.zi", &text, NULL, &error));
    lines = g_strsplit(text, "\n", -1);
    for (gsize i = 0; lines[i]; i++) {
        g_auto(GStrv) words = g_strsplit(lines[i], " ", 4);
        const char *name = lines[i][0] == 'Z' ? words[1] : lines[i][0] == 'L' ? words[2] : NULL;
        g_autoptr(PtZone) zone = NULL;
        g_autoptr(GTimeZone) tz = NULL;

        if (!name)
            continue;
        g_test_message("%s", name);
        zone = zone_named(name);
        tz = g_time_zone_new_identifier(name);
        g_assert_nonnull(tz);
        for (int n = 0; n < 40; n++)
            check_instant(zone, tz, from + (gint64)(g_test_rand_double() * (double)(until - from)));
        /* Around the transitions of one year, hour by hour. */
        for (gint64 utc = at("2026-03-28T12:00:00Z"); utc < at("2026-03-29T12:00:00Z"); utc += 3599)
            check_instant(zone, tz, utc);
        zones++;
    }
    g_assert_cmpint(zones, >, 500);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/calendar/days-are-added-and-compared-across-months-and-leap-years",
                    test_days_are_added_and_compared_across_months_and_leap_years);
    g_test_add_func("/calendar/every-day-of-four-centuries-is-what-gdate-says",
                    test_every_day_of_four_centuries_is_what_gdate_says);
    g_test_add_func("/calendar/only-real-dates-are-valid", test_only_real_dates_are_valid);
    g_test_add_func("/calendar/a-day-is-read-in-exactly-two-forms", test_a_day_is_read_in_exactly_two_forms);
    g_test_add_func("/calendar/a-day-is-shown-with-dashes", test_a_day_is_shown_with_dashes);
    g_test_add_func("/calendar/an-rfc-3339-time-needs-its-zone-and-nothing-else",
                    test_an_rfc_3339_time_needs_its_zone_and_nothing_else);
    g_test_add_func("/calendar/a-utc-time-is-shown-in-twenty-characters",
                    test_a_utc_time_is_shown_in_twenty_characters);
    g_test_add_func("/calendar/a-zone-is-only-what-the-database-names",
                    test_a_zone_is_only_what_the_database_names);
    g_test_add_func("/calendar/the-system-zone-is-not-taken-from-the-environment",
                    test_the_system_zone_is_not_taken_from_the_environment);
    g_test_add_func("/calendar/an-hour-of-a-date-begins-at-its-first-instant",
                    test_an_hour_of_a_date_begins_at_its_first_instant);
    g_test_add_func("/calendar/an-hour-or-date-that-cannot-be-has-no-instant",
                    test_an_hour_or_date_that_cannot_be_has_no_instant);
    g_test_add_func("/calendar/a-local-time-of-our-csv-reads-back-to-its-instant",
                    test_a_local_time_of_our_csv_reads_back_to_its_instant);
    g_test_add_func("/calendar/the-ends-of-the-calendar-are-clamped",
                    test_the_ends_of_the_calendar_are_clamped);
    g_test_add_func("/calendar/random-instants-in-all-zones-are-what-gdatetime-says",
                    test_random_instants_in_all_zones_are_what_gdatetime_says);
    return g_test_run();
}
