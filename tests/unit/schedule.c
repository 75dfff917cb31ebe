/* SPDX-License-Identifier: GPL-3.0-or-later */
/* core/schedule: the rules RB and RD and the examples of SPEC 3, one question or one story at a time. */
#include "core/schedule.h"

#include <string.h>

#define RUNS_MOST 4

/* "[YYYY-]MM-DD hh:mm[:ss]" in UTC; the year is 2026 unless told. */
static gint64 at(const char *text)
{
    const char *date = text[4] == '-' ? text + 5 : text;
    g_autofree char *full = g_strdup_printf("%.5s%.5sT%s%sZ", date == text ? "2026-" : text, date, date + 6,
                                            strlen(date + 6) == 5 ? ":00" : "");
    gint64 utc;

    g_assert_true(time_parse_rfc3339(full, strlen(full), &utc));
    return utc;
}

static struct zone *zone_named(const char *name)
{
    struct zone *zone = zone_new(name, NULL);

    g_assert_nonnull(zone);
    return zone;
}

/* A recorded run as a table writes it: started NULL ends the list, ended NULL = its process died. */
struct told_run {
    gint32 nominal;
    enum run_trigger trigger;
    const char *started, *ended;
    gboolean succeeded;
};

struct question {
    const char *about, *zone;
    int hour;
    const char *saved;
    struct told_run runs[RUNS_MOST];
    const char *now;
    gboolean starting;
    /* What the answer is: trigger −1 = wait. */
    int trigger;
    gint32 nominal;
    const char *next_run;
    gint32 next_nominal;
};

static gsize runs_read(const struct told_run *told, struct schedule_run *runs)
{
    gsize n = 0;

    for (; n < RUNS_MOST && told[n].started; n++)
        runs[n] = (struct schedule_run){told[n].nominal, told[n].trigger, at(told[n].started),
                                        told[n].ended ? at(told[n].ended) : 0, told[n].succeeded};
    return n;
}

static void check_question(const struct question *q)
{
    g_autoptr(PtZone) zone = zone_named(q->zone);
    struct schedule schedule = {
        .enabled = TRUE, .hour = q->hour, .saved_at = at(q->saved), .retry_minutes = 15};
    struct schedule_run runs[RUNS_MOST];
    gsize n = runs_read(q->runs, runs);
    struct schedule_answer answer = schedule_ask(&schedule, runs, n, zone, at(q->now), q->starting);

    g_test_message("%s", q->about);
    g_assert_cmpint(answer.action, ==, q->trigger < 0 ? SCHEDULE_WAIT : SCHEDULE_RUN);
    if (q->trigger >= 0) {
        g_assert_cmpint(answer.trigger, ==, q->trigger);
        g_assert_cmpint(answer.nominal_date, ==, q->nominal);
    }
    g_assert_cmpint(answer.next_run, ==, at(q->next_run));
    g_assert_cmpint(answer.next_nominal_date, ==, q->next_nominal);
    g_assert_cmpint(answer.next, ==, answer.next_run);
    g_assert_cmpint(answer.next, >, at(q->now));
}

#define SCHEDULED(day, ok)                                                                                   \
    {                                                                                                        \
        202606##day, RUN_SCHEDULE, "06-" #day " 03:00", "06-" #day " 03:00:09", ok                           \
    }

/* clang-format off */
static const struct question questions[] = {
    {"RB1: a second before the hour it waits", "UTC", 3, "06-01 00:00",
     {SCHEDULED(08, TRUE)}, "06-09 02:59:59", FALSE, -1, 0, "06-09 03:00", 20260609},
    {"RB1: at the hour it runs", "UTC", 3, "06-01 00:00",
     {SCHEDULED(08, TRUE)}, "06-09 03:00", FALSE, RUN_SCHEDULE, 20260609, "06-10 03:00", 20260610},
    {"RB1: once done it waits for tomorrow", "UTC", 3, "06-01 00:00",
     {SCHEDULED(09, TRUE)}, "06-09 03:00:10", FALSE, -1, 0, "06-10 03:00", 20260610},
    {"RB2: the first and last hour of the day", "UTC", 0, "06-01 00:00",
     {SCHEDULED(08, TRUE)}, "06-09 00:00", FALSE, RUN_SCHEDULE, 20260609, "06-10 00:00", 20260610},
    {"RB2: 23:00", "Asia/Tokyo", 23, "06-01 00:00",
     {SCHEDULED(08, TRUE)}, "06-09 14:00", FALSE, RUN_SCHEDULE, 20260609, "06-10 14:00", 20260610},
    {"RB4: clock stepped back over the run time: not again", "UTC", 3, "06-01 00:00",
     {SCHEDULED(08, TRUE), SCHEDULED(09, TRUE)}, "06-09 02:00", FALSE, -1, 0, "06-10 03:00", 20260610},
    {"RB4: stepped forward over it: at once", "UTC", 3, "06-01 00:00",
     {SCHEDULED(08, TRUE)}, "06-09 17:12", FALSE, RUN_SCHEDULE, 20260609, "06-10 03:00", 20260610},
    {"RB4: stepped forward over several: one run", "UTC", 3, "06-01 00:00",
     {SCHEDULED(08, TRUE)}, "06-21 17:12", FALSE, RUN_SCHEDULE, 20260621, "06-22 03:00", 20260622},
    {"RB4: a run recorded in 2030 blocks nothing", "UTC", 3, "06-01 00:00",
     {SCHEDULED(08, TRUE), {20300505, RUN_SCHEDULE, "2030-05-05 03:00", "2030-05-05 03:00:09", TRUE}},
     "06-09 03:00", FALSE, RUN_SCHEDULE, 20260609, "06-10 03:00", 20260610},
    {"RB4: and a failed one of 2030 does not come at start-up", "UTC", 3, "06-01 00:00",
     {SCHEDULED(09, TRUE), {20300505, RUN_SCHEDULE, "2030-05-05 03:00", NULL, FALSE}},
     "06-09 15:00", TRUE, -1, 0, "06-10 03:00", 20260610},
    {"RB4: a success of 2030 does not hide today's failure", "UTC", 3, "06-01 00:00",
     {SCHEDULED(09, FALSE), {20300505, RUN_SCHEDULE, "2030-05-05 03:00", "2030-05-05 03:00:09", TRUE}},
     "06-09 15:00", TRUE, RUN_STARTUP, 20260609, "06-10 03:00", 20260610},
    {"RB4: back in 2026 only that very date of 2030 is held back", "UTC", 3, "06-01 00:00",
     {{20300505, RUN_SCHEDULE, "2030-05-05 03:00", "2030-05-05 03:00:09", TRUE}},
     "2030-05-04 03:00", FALSE, RUN_SCHEDULE, 20300504, "2030-05-06 03:00", 20300506},
    {"RB5: saving starts no run for a time just passed", "UTC", 3, "06-09 03:00:01",
     {{0}}, "06-09 03:00:01", FALSE, -1, 0, "06-10 03:00", 20260610},
    {"RB5: nor one for the very second of saving", "UTC", 3, "06-09 03:00",
     {{0}}, "06-09 03:00", FALSE, -1, 0, "06-10 03:00", 20260610},
    {"RB5: nor a restart after saving", "UTC", 3, "06-09 10:00",
     {{0}}, "06-09 11:00", TRUE, -1, 0, "06-10 03:00", 20260610},
    {"RB5: the next hour still counts today", "UTC", 11, "06-09 10:59:59",
     {{0}}, "06-09 11:00", FALSE, RUN_SCHEDULE, 20260609, "06-10 11:00", 20260610},
    {"RB5: hour changed after today's run: from tomorrow", "UTC", 22, "06-09 10:00",
     {SCHEDULED(09, TRUE)}, "06-09 10:00", FALSE, -1, 0, "06-10 22:00", 20260610},
    {"RB5: so nothing at today's new hour", "UTC", 22, "06-09 10:00",
     {SCHEDULED(09, TRUE)}, "06-09 22:00", FALSE, -1, 0, "06-10 22:00", 20260610},
    {"RB5: hour changed to an earlier one that has passed", "UTC", 3, "06-09 10:00",
     {SCHEDULED(08, TRUE)}, "06-09 10:00", TRUE, -1, 0, "06-10 03:00", 20260610},
    {"RB5: a failed run stays due after saving", "UTC", 22, "06-09 10:00",
     {SCHEDULED(09, FALSE)}, "06-09 15:00", TRUE, RUN_STARTUP, 20260609, "06-10 22:00", 20260610},
    {"RB5: saved under a clock of 2030", "UTC", 3, "2030-05-05 00:00",
     {{0}}, "06-09 10:00", TRUE, -1, 0, "06-10 03:00", 20260610},
    {"RD1: off at the run time: at start-up", "UTC", 3, "06-01 00:00",
     {SCHEDULED(08, TRUE)}, "06-09 08:00", TRUE, RUN_STARTUP, 20260609, "06-10 03:00", 20260610},
    {"RD1: the first start after switching on, one time missed", "UTC", 3, "06-08 12:00",
     {{0}}, "06-09 08:00", TRUE, RUN_STARTUP, 20260609, "06-10 03:00", 20260610},
    {"RD2: failed and restarted: at start-up", "UTC", 3, "06-01 00:00",
     {SCHEDULED(08, TRUE), SCHEDULED(09, FALSE)},
     "06-09 15:00", TRUE, RUN_STARTUP, 20260609, "06-10 03:00", 20260610},
    {"RD2: a run whose process died counts as failed", "UTC", 3, "06-01 00:00",
     {{20260609, RUN_SCHEDULE, "06-09 03:00", NULL, FALSE}},
     "06-09 03:01", TRUE, RUN_STARTUP, 20260609, "06-10 03:00", 20260610},
    {"RD2: each restart tries again", "UTC", 3, "06-01 00:00",
     {SCHEDULED(09, FALSE), {20260609, RUN_STARTUP, "06-09 15:00", "06-09 15:00:09", FALSE}},
     "06-09 16:00", TRUE, RUN_STARTUP, 20260609, "06-10 03:00", 20260610},
    {"RD2: restarted after two failed days: the newer date", "UTC", 3, "06-01 00:00",
     {SCHEDULED(10, FALSE), SCHEDULED(09, FALSE)},
     "06-10 15:00", TRUE, RUN_STARTUP, 20260610, "06-11 03:00", 20260611},
    {"RD2: an older success, told later, mends nothing", "UTC", 3, "06-01 00:00",
     {SCHEDULED(10, FALSE), SCHEDULED(09, TRUE)},
     "06-10 15:00", TRUE, RUN_STARTUP, 20260610, "06-11 03:00", 20260611},
    {"RD2: failed, and the next one missed: one run", "UTC", 3, "06-01 00:00",
     {SCHEDULED(09, FALSE)}, "06-10 15:00", TRUE, RUN_STARTUP, 20260610, "06-11 03:00", 20260611},
    {"RD2: failed in Tokyo, then the zone moved a day behind", "America/New_York", 15, "06-08 18:30",
     {{20260609, RUN_SCHEDULE, "06-08 18:00", "06-08 18:00:09", FALSE}},
     "06-08 18:45", TRUE, RUN_STARTUP, 20260609, "06-08 19:00", 20260608},
    {"RD3: without a restart it waits for the next run time", "UTC", 3, "06-01 00:00",
     {SCHEDULED(09, FALSE)}, "06-09 15:00", FALSE, -1, 0, "06-10 03:00", 20260610},
    {"RD3: and runs there", "UTC", 3, "06-01 00:00",
     {SCHEDULED(09, FALSE)}, "06-10 03:00", FALSE, RUN_SCHEDULE, 20260610, "06-11 03:00", 20260611},
    {"RD4: nothing at start-up after a success", "UTC", 3, "06-01 00:00",
     {SCHEDULED(09, TRUE)}, "06-09 15:00", TRUE, -1, 0, "06-10 03:00", 20260610},
    {"RD4: nor after a failure that a start-up run mended", "UTC", 3, "06-01 00:00",
     {{20260609, RUN_STARTUP, "06-09 15:00", "06-09 15:00:09", TRUE}, SCHEDULED(09, FALSE)},
     "06-09 16:00", TRUE, -1, 0, "06-10 03:00", 20260610},
    {"RD4: nor after one that a run by hand mended", "UTC", 3, "06-01 00:00",
     {SCHEDULED(09, FALSE), {0, RUN_HAND, "06-09 15:00", "06-09 15:00:09", TRUE}},
     "06-09 16:00", TRUE, -1, 0, "06-10 03:00", 20260610},
    {"a run by hand before the failure mends nothing", "UTC", 3, "06-01 00:00",
     {SCHEDULED(09, FALSE), {0, RUN_HAND, "06-09 02:00", "06-09 02:00:09", TRUE}},
     "06-09 16:00", TRUE, RUN_STARTUP, 20260609, "06-10 03:00", 20260610},
    {"a run by hand is not the day's scheduled one", "UTC", 3, "06-01 00:00",
     {SCHEDULED(08, TRUE), {0, RUN_HAND, "06-09 02:00", "06-09 02:00:09", TRUE}},
     "06-09 03:00", FALSE, RUN_SCHEDULE, 20260609, "06-10 03:00", 20260610},
    {"RB3 Cairo: 0:00 does not exist, so 1:00", "Africa/Cairo", 0, "04-01 00:00",
     {{0}}, "04-23 22:00", FALSE, RUN_SCHEDULE, 20260424, "04-24 21:00", 20260425},
    {"RB3 Cairo: not before", "Africa/Cairo", 0, "04-22 22:00",
     {{0}}, "04-23 21:59:59", FALSE, -1, 0, "04-23 22:00", 20260424},
    {"RB3 Nuuk: 23:00 of the 28th is 0:00 of the 29th", "America/Nuuk", 23, "03-01 00:00",
     {{0}}, "03-29 01:00", FALSE, RUN_SCHEDULE, 20260328, "03-30 00:00", 20260329},
    {"RB3 Nuuk: and the 29th keeps its own", "America/Nuuk", 23, "03-01 00:00",
     {{20260328, RUN_SCHEDULE, "03-29 01:00", "03-29 01:00:09", TRUE}},
     "03-30 00:00", FALSE, RUN_SCHEDULE, 20260329, "03-31 00:00", 20260330},
    {"RB3 Apia: no run of the date that does not exist", "Pacific/Apia", 3, "2011-12-01 00:00",
     {{20111229, RUN_SCHEDULE, "2011-12-29 13:00", "2011-12-29 13:00:09", TRUE}},
     "2011-12-30 10:00", FALSE, -1, 0, "2011-12-30 13:00", 20111231},
    {"RB3 New York: 1:00 twice, the first counts", "America/New_York", 1, "10-01 00:00",
     {{0}}, "11-01 05:00", FALSE, RUN_SCHEDULE, 20261101, "11-02 06:00", 20261102},
    {"RB3 New York: the second is not run again", "America/New_York", 1, "10-01 00:00",
     {{20261101, RUN_SCHEDULE, "11-01 05:00", "11-01 05:00:09", TRUE}},
     "11-01 06:00", FALSE, -1, 0, "11-02 06:00", 20261102},
    {"RB3 Lord Howe: half an hour's gap", "Australia/Lord_Howe", 2, "10-01 00:00",
     {{0}}, "10-03 15:30", FALSE, RUN_SCHEDULE, 20261004, "10-04 15:00", 20261005},
    {"RB3 St John's: 0:00, and then the clock goes back a day", "America/St_Johns", 0, "2006-10-01 00:00",
     {{20061029, RUN_SCHEDULE, "2006-10-29 02:30", "2006-10-29 02:30:09", TRUE}},
     "2006-10-29 03:00", FALSE, -1, 0, "2006-10-30 03:30", 20061030},
    {"RB3 St John's: missed, it is run in the repeated hour", "America/St_Johns", 0, "2006-10-01 00:00",
     {{0}}, "2006-10-29 03:00", TRUE, RUN_STARTUP, 20061029, "2006-10-30 03:30", 20061030},
};
/* clang-format on */

static void test_each_question_has_the_answer_of_the_rules(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(questions); i++)
        check_question(&questions[i]);
}

/* A story: the product is on during [from, until) spans, each run's outcome is told, what runs is compared.
 */
struct story {
    const char *about;
    struct {
        const char *from, *until;
    } on[3];
    const char *failing_from, *failing_until; /* runs fail in between */
    const char *change_at;                    /* the hour becomes change_hour; NULL = never */
    int change_hour;
    const char *runs; /* "DD hh:mm trigger ok" joined by commas */
};

struct life {
    struct schedule schedule;
    struct schedule_run runs[64];
    gsize n;
    struct zone *zone;
    GString *told;
};

static void life_run(struct life *life, const struct story *story, const struct schedule_answer *answer,
                     gint64 now)
{
    gboolean fails = story->failing_from && now >= at(story->failing_from) && now < at(story->failing_until);
    struct local_time local = zone_local(life->zone, now);

    g_assert_cmpuint(life->n, <, G_N_ELEMENTS(life->runs));
    life->runs[life->n++] =
        (struct schedule_run){answer->nominal_date, answer->trigger, now, now + 5, !fails};
    g_string_append_printf(life->told, "%s%02d %02d:%02d %s %s", life->told->len ? ", " : "", local.day,
                           local.hour, local.minute, run_trigger_name(answer->trigger),
                           fails ? "failed" : "ok");
}

static void life_live(struct life *life, const struct story *story, gint64 from, gint64 until)
{
    gboolean starting = TRUE;
    gint64 change = story->change_at ? at(story->change_at) : G_MAXINT64;

    for (gint64 now = from; now < until;) {
        struct schedule_answer answer =
            schedule_ask(&life->schedule, life->runs, life->n, life->zone, now, starting);

        starting = FALSE;
        if (answer.action == SCHEDULE_RUN) {
            life_run(life, story, &answer, now);
            now += 10;
        } else if (now < change && answer.next >= change && change < until) {
            life->schedule.hour = story->change_hour;
            life->schedule.saved_at = now = change;
        } else {
            now = answer.next;
        }
    }
}

/* clang-format off */
static const struct story stories[] = {
    {"last success on the 8th",
     {{"06-08 00:00", "06-09 12:00"}}, NULL, NULL, NULL, 0,
     "08 03:00 schedule ok, 09 03:00 schedule ok"},
    {"9th and 10th fail, 11th works",
     {{"06-08 00:00", "06-11 12:00"}}, "06-09 00:00", "06-11 00:00", NULL, 0,
     "08 03:00 schedule ok, 09 03:00 schedule failed, 10 03:00 schedule failed, 11 03:00 schedule ok"},
    {"9th fails, restart on the 9th 15:00 works",
     {{"06-08 00:00", "06-09 14:59"}, {"06-09 15:00", "06-10 12:00"}}, "06-09 00:00", "06-09 12:00", NULL, 0,
     "08 03:00 schedule ok, 09 03:00 schedule failed, 09 15:00 startup ok, 10 03:00 schedule ok"},
    {"off from the 8th 22:00 to the 12th 10:00",
     {{"06-08 00:00", "06-08 22:00"}, {"06-12 10:00", "06-13 12:00"}}, NULL, NULL, NULL, 0,
     "08 03:00 schedule ok, 12 10:00 startup ok, 13 03:00 schedule ok"},
    {"success on the 9th 03:00, time then changed to 22:00",
     {{"06-09 00:00", "06-11 12:00"}}, NULL, NULL, "06-09 10:00", 22,
     "09 03:00 schedule ok, 10 22:00 schedule ok"},
    {"failure on the 9th 03:00, time then changed to 22:00, restart",
     {{"06-09 00:00", "06-09 12:00"}, {"06-09 12:30", "06-10 23:00"}}, "06-09 00:00", "06-09 12:00",
     "06-09 10:00", 22,
     "09 03:00 schedule failed, 09 12:30 startup ok, 10 22:00 schedule ok"},
    {"fails at start-up too, and is sent at the next run time",
     {{"06-08 00:00", "06-08 22:00"}, {"06-09 10:00", "06-10 12:00"}}, "06-09 00:00", "06-10 00:00", NULL, 0,
     "08 03:00 schedule ok, 09 10:00 startup failed, 10 03:00 schedule ok"},
    {"restarted three times after a success",
     {{"06-09 00:00", "06-09 04:00"}, {"06-09 05:00", "06-09 06:00"}, {"06-09 07:00", "06-09 08:00"}},
     NULL, NULL, NULL, 0,
     "09 03:00 schedule ok"},
};
/* clang-format on */

static void test_the_examples_of_the_specification_run_when_it_says(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(stories); i++) {
        g_autoptr(PtZone) zone = zone_named("UTC");
        struct life life = {.zone = zone, .told = g_string_new(NULL)};

        life.schedule = (struct schedule){.enabled = TRUE, .hour = 3, .saved_at = at("06-07 12:00")};
        life.runs[life.n++] =
            (struct schedule_run){20260607, RUN_SCHEDULE, at("06-07 03:00"), at("06-07 03:00:09"), TRUE};
        if (strcmp(stories[i].on[0].from, "06-09") > 0)
            life.runs[life.n++] =
                (struct schedule_run){20260608, RUN_SCHEDULE, at("06-08 03:00"), at("06-08 03:00:09"), TRUE};
        g_test_message("%s", stories[i].about);
        for (gsize span = 0; span < G_N_ELEMENTS(stories[i].on) && stories[i].on[span].from; span++)
            life_live(&life, &stories[i], at(stories[i].on[span].from), at(stories[i].on[span].until));
        g_assert_cmpstr(life.told->str, ==, stories[i].runs);
        g_string_free(life.told, TRUE);
    }
}

static void test_switched_off_nothing_ever_runs(void)
{
    g_autoptr(PtZone) zone = zone_named("UTC");
    struct schedule schedule = {.enabled = FALSE, .hour = 3, .retries = 10, .retry_minutes = 1};
    struct schedule_run failed = {20260609, RUN_SCHEDULE, at("06-09 03:00"), at("06-09 03:00:09"), FALSE};

    for (int starting = 0; starting < 2; starting++) {
        struct schedule_answer answer =
            schedule_ask(&schedule, &failed, 1, zone, at("06-10 12:00"), starting);

        g_assert_cmpint(answer.action, ==, SCHEDULE_WAIT);
        g_assert_cmpint(answer.next, ==, 0);
        g_assert_cmpint(answer.next_run, ==, 0);
        g_assert_cmpint(answer.next_nominal_date, ==, 0);
    }
}

/* RD3: what is tried in between, when every attempt fails and takes 5 seconds. */
static void test_retries_come_after_doubling_waits_and_end_at_the_next_run_time(void)
{
    static const struct {
        int retries, minutes;
        const char *runs;
    } cases[] = {
        {0, 15, "09 03:00 schedule failed, 10 03:00 schedule failed"},
        {1, 15,
         "09 03:00 schedule failed, 09 03:15 retry failed, 10 03:00 schedule failed, 10 03:15 retry failed"},
        {3, 1,
         "09 03:00 schedule failed, 09 03:01 retry failed, 09 03:03 retry failed, 09 03:07 retry failed, "
         "10 03:00 schedule failed, 10 03:01 retry failed, 10 03:03 retry failed, 10 03:07 retry failed"},
        {10, 60,
         "09 03:00 schedule failed, 09 04:00 retry failed, 09 06:00 retry failed, 09 10:00 retry failed, "
         "09 18:00 retry failed, 10 03:00 schedule failed, 10 04:00 retry failed, 10 06:00 retry failed, "
         "10 10:00 retry failed"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(PtZone) zone = zone_named("UTC");
        struct story story = {.failing_from = "06-01 00:00", .failing_until = "07-01 00:00"};
        struct life life = {.zone = zone, .told = g_string_new(NULL)};

        life.schedule = (struct schedule){TRUE, 3, at("06-08 12:00"), cases[i].retries, cases[i].minutes};
        life_live(&life, &story, at("06-09 00:00"), at("06-10 12:00"));
        g_assert_cmpstr(life.told->str, ==, cases[i].runs);
        g_string_free(life.told, TRUE);
    }
}

static void test_a_retry_that_works_is_the_last(void)
{
    g_autoptr(PtZone) zone = zone_named("UTC");
    struct story story = {.failing_from = "06-09 00:00", .failing_until = "06-09 03:10"};
    struct life life = {.zone = zone, .told = g_string_new(NULL)};

    life.schedule = (struct schedule){TRUE, 3, at("06-08 12:00"), 10, 5};
    life_live(&life, &story, at("06-09 00:00"), at("06-10 12:00"));
    g_assert_cmpstr(
        life.told->str, ==,
        "09 03:00 schedule failed, 09 03:05 retry failed, 09 03:15 retry ok, 10 03:00 schedule ok");
    g_string_free(life.told, TRUE);
}

static void test_a_schedule_saved_in_the_future_is_taken_back_to_now(void)
{
    g_autoptr(PtZone) zone = zone_named("UTC");
    struct schedule schedule = {.enabled = TRUE, .hour = 3, .saved_at = at("2030-01-01 00:00")};
    gint64 now = at("06-09 02:00");
    struct schedule_answer answer = schedule_ask(&schedule, NULL, 0, zone, now, TRUE);

    g_assert_cmpint(answer.action, ==, SCHEDULE_WAIT);
    g_assert_cmpint(answer.saved_at, ==, now);
    g_assert_cmpint(answer.next, ==, at("06-09 03:00"));
    schedule.saved_at = answer.saved_at;
    answer = schedule_ask(&schedule, NULL, 0, zone, answer.next, FALSE);
    g_assert_cmpint(answer.action, ==, SCHEDULE_RUN);
    g_assert_cmpint(answer.saved_at, ==, now);
}

static void test_the_ends_of_the_calendar_are_survived(void)
{
    static const gint64 moments[] = {G_MININT64, -62135596800, 0, 253402300799, G_MAXINT64};
    g_autoptr(PtZone) zone = zone_named("Asia/Tokyo");
    struct schedule schedule = {.enabled = TRUE, .hour = 3, .saved_at = G_MININT64};

    for (gsize i = 0; i < G_N_ELEMENTS(moments); i++) {
        struct schedule_answer answer = schedule_ask(&schedule, NULL, 0, zone, moments[i], TRUE);

        g_assert_true(!answer.next || answer.next > moments[i]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/schedule/each-question-has-the-answer-of-the-rules",
                    test_each_question_has_the_answer_of_the_rules);
    g_test_add_func("/schedule/the-examples-of-the-specification-run-when-it-says",
                    test_the_examples_of_the_specification_run_when_it_says);
    g_test_add_func("/schedule/switched-off-nothing-ever-runs", test_switched_off_nothing_ever_runs);
    g_test_add_func("/schedule/retries-come-after-doubling-waits-and-end-at-the-next-run-time",
                    test_retries_come_after_doubling_waits_and_end_at_the_next_run_time);
    g_test_add_func("/schedule/a-retry-that-works-is-the-last", test_a_retry_that_works_is_the_last);
    g_test_add_func("/schedule/a-schedule-saved-in-the-future-is-taken-back-to-now",
                    test_a_schedule_saved_in_the_future_is_taken_back_to_now);
    g_test_add_func("/schedule/the-ends-of-the-calendar-are-survived",
                    test_the_ends_of_the_calendar_are_survived);
    return g_test_run();
}
