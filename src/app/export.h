/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verbs of the export: run, test, preview, range, resend, waive (SPEC RW, RD, RT, RP). */
#pragma once
#include "app/app.h"
#include "core/ledger.h"

G_BEGIN_DECLS

/* One step of a delivery, for people (SPEC RT3). Strings owned; NULL = none. */
struct export_step {
    char *step;
    gint64 ms;
    gboolean ok;
    char *code;    /* "X04" when not ok */
    char *text[2]; /* what happened, by enum pt_lang */
    char *server;  /* the peer's own words */
};
void export_step_free(struct export_step *step);

struct export_request {
    enum run_trigger trigger;
    gint32 nominal_date;    /* 0 for RUN_HAND */
    int lock_wait_ms;       /* for the run lock; <0 = as long as it takes (or until cancelled) */
    gboolean network_grace; /* RD1: X01 and X02 are tried again for two minutes */
    gboolean skip_sources;  /* RB6 is the caller's business (tests) */
};
/* The automatic export: asks the sources, finishes what was `closing`, plans, sends oldest first. Needs a
   complete destination (else INPUT naming what lacks). ret_run: what happened; also when files failed (then
   *error stays NULL and run.result says so). *error is set when the run could not be made at all (X26, X20
   …). */
gboolean export_run(struct app *app, const struct export_request *request, struct run *ret_run,
                    GError **error);

/* What the next run would send: rows as they would be planned (state planned; delivered names not checked at
 * the server). Changes nothing. */
gboolean export_preview(struct app *app, GPtrArray **ret_rows, GError **error); /* of struct delivery * */

/* Days with jobs that are neither delivered nor waived, before today. */
struct export_pending {
    gint64 jobs;
    GArray *days;       /* gint32, ascending */
    gint32 first_day;   /* 0 = nothing pending */
    GPtrArray *closing; /* struct delivery *: outcome not known yet */
};
void export_pending_clear(struct export_pending *pending);
gboolean export_pending(struct app *app, struct export_pending *ret_pending, GError **error);

/* Test export of the latest 100 jobs with `settings` (perhaps not stored; changed secrets sealed). Changes no
   state. ret_steps: struct export_step *, all steps done, the failed one last. *error: the failure (its
   code), or NULL. */
struct export_test {
    char *file;
    gboolean ok;
    GPtrArray *steps;
    GPtrArray *warnings; /* char * */
    gint64 rows;
};
void export_test_clear(struct export_test *test);
gboolean export_test(struct app *app, const struct settings *settings, struct export_test *ret_test,
                     GError **error);

/* RP1: 31 days at most, in order; INPUT with SPEC's sentence otherwise. */
gboolean export_period_check(gint32 from, gint32 to, GError **error);

/* RP1. Dates judged: 31 days at most, INPUT with SPEC's sentence; no jobs: MISSING with SPEC's sentence. To
   the destination (kind manual), or with `download` one file a day into that directory (never overwrites;
   INPUT). ret_names: char *, files written or sent. */
gboolean export_range(struct app *app, gint32 from, gint32 to, const char *download, GPtrArray **ret_names,
                      GError **error);

/* RP2: the delivered files of a day again (all, or the one named), same bytes and names; recorded with who
 * and why. INTEGRITY when the rendering no longer matches the ledger. */
gboolean export_resend(struct app *app, gint32 day, const char *file_name, const char *who,
                       const char *reason, GPtrArray **ret_names, GError **error);

/* Gives up what is not delivered: one file, one day, or everything up to a day, recorded with who and why.
 * ret_jobs: how many jobs. MISSING when there is nothing. */
gboolean export_waive(struct app *app, const char *file_name, gint32 day, gint32 until, const char *who,
                      const char *reason, gint64 *ret_jobs, GError **error);

G_END_DECLS
