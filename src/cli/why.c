/* SPDX-License-Identifier: GPL-3.0-or-later */
/* printtrail why: the one file that holds a job, or the reason why there is none yet. */
#include "cli/why.h"

#include <string.h>

#include "app/config.h"
#include "app/status.h"

/* What can be said of a job, worst first told by `state` of the JSON. */
enum why {
    WHY_DELIVERED,
    WHY_WAIVED,
    WHY_SENDING, /* a file was begun: sending, closing or failed */
    WHY_PLANNED,
    WHY_TODAY,
    WHY_OFF,
    WHY_WAITING,
};
static const char *const why_names[] = {"delivered", "waived", "sending", "planned",
                                        "today",     "off",    "waiting"};

struct answer {
    gint64 seq;
    gint32 day;
    enum why why;
    struct delivery *row; /* NULL: no file yet */
    gint64 next_run;
};

static gboolean take_day(const struct job *job, gpointer user, GError **error)
{
    gint32 *day = user;

    (void)error;
    *day = job->day;
    return TRUE;
}

/* The newest automatic row that holds the job and was not released; NULL if there is none. */
static struct delivery *row_find(const GPtrArray *rows)
{
    const struct delivery *found = NULL;

    for (guint i = 0; i < rows->len; i++) {
        const struct delivery *row = g_ptr_array_index(rows, i);

        if (row->state != DELIVERY_VOID && (!found || row->id > found->id))
            found = row;
    }
    return found ? delivery_copy(found) : NULL;
}

static enum why why_of_row(const struct delivery *row)
{
    switch (row->state) {
    case DELIVERY_DELIVERED:
        return WHY_DELIVERED;
    case DELIVERY_WAIVED:
        return WHY_WAIVED;
    case DELIVERY_PLANNED:
        return WHY_PLANNED;
    case DELIVERY_SENDING:
    case DELIVERY_CLOSING:
    case DELIVERY_FAILED:
    case DELIVERY_VOID:
        break;
    }
    return WHY_SENDING;
}

static gboolean answer_find(struct app *app, struct zone *zone, struct answer *answer, GError **error)
{
    g_autoptr(GPtrArray) rows = NULL;
    struct delivery_query query = {.kind = DELIVERY_AUTO, .covers_seq = answer->seq};
    struct status status;

    if (!store_job(app->store, answer->seq, take_day, &answer->day, error))
        return FALSE;
    query.since = query.until = answer->day;
    if (!store_deliveries(app->store, &query, &rows, error) || !status_get(app, &status, error))
        return FALSE;
    answer->row = row_find(rows);
    answer->next_run = status.next_run;
    if (answer->row)
        answer->why = why_of_row(answer->row);
    else if (answer->day >= zone_day(zone, status.now))
        answer->why = WHY_TODAY;
    else
        answer->why = status.enabled ? WHY_WAITING : WHY_OFF;
    status_clear(&status);
    return TRUE;
}

static int answer_json(const struct cli *cli, const struct answer *answer)
{
    const struct delivery *row = answer->row;
    g_autofree char *day = cli_day_text(answer->day);
    g_autofree char *delivered = row ? cli_time_utc(row->delivered_at) : NULL;
    g_autofree char *next = cli_time_utc(answer->next_run);
    g_autofree char *text = row ? pt_text_pick(row->error_text, cli->lang) : NULL;
    g_autofree char *note = row ? pt_text_pick(row->note, cli->lang) : NULL;

    return cli_print_json(json_pack(
        "{s:I, s:s?, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?}", "seq",
        (json_int_t)answer->seq, "day", day, "why", why_names[answer->why], "file_name",
        row ? row->file_name : NULL, "state", row ? delivery_state_name(row->state) : NULL, "delivered_at",
        delivered, "sha256", row ? row->sha256 : NULL, "target", row ? row->target_shown : NULL, "error",
        row ? row->error : NULL, "error_text", text, "note", note, "next_run", next));
}

static void answer_row(const struct cli *cli, struct zone *zone, const struct answer *answer)
{
    const struct delivery *row = answer->row;
    const char *file = row->file_name ? row->file_name : "-";
    g_autofree char *when = cli_time_people(zone, row->delivered_at);
    g_autofree char *text = pt_text_pick(row->error_text, cli->lang);
    g_autofree char *note = pt_text_pick(row->note, cli->lang);

    if (answer->why == WHY_DELIVERED)
        cli_print(cli, "in %s, delivered %s", "%s で送信済み(%s)", file, when ? when : "-");
    else if (answer->why == WHY_WAIVED)
        cli_print(cli, "in %s, which was given up", "%s に含まれますが、送信は取りやめられました", file);
    else
        cli_print(cli, "in %s, not delivered yet (%s)", "%s に含まれますが、まだ送信されていません(%s)", file,
                  delivery_state_name(row->state));
    if (row->sha256)
        cli_print(cli, "SHA-256: %s", "SHA-256: %s", row->sha256);
    if (row->target_shown)
        cli_print(cli, "to: %s", "送信先: %s", row->target_shown);
    if (row->error && answer->why != WHY_DELIVERED)
        cli_print(cli, "%s: %s", "%s: %s", row->error,
                  text ? text : pt_error_info((int)pt_error_code_from_name(row->error))->cause[cli->lang]);
    if (note)
        cli_print(cli, "note: %s", "注記: %s", note);
}

static int answer_people(const struct cli *cli, struct zone *zone, const struct answer *answer)
{
    g_autofree char *day = cli_day_text(answer->day);
    g_autofree char *next = cli_time_people(zone, answer->next_run);

    cli_print(cli, "Job %" G_GINT64_FORMAT " of %s:", "ジョブ %" G_GINT64_FORMAT "(%s):", answer->seq, day);
    if (answer->row)
        answer_row(cli, zone, answer);
    else if (answer->why == WHY_TODAY)
        cli_print(cli, "today's job: it goes after the day has ended",
                  "当日のジョブのため、その日が終わってから送信されます");
    else if (answer->why == WHY_OFF)
        cli_print(cli, "not sent: the automatic export is switched off",
                  "自動エクスポートを行わない設定のため、送信されていません");
    else
        cli_print(cli, "not sent yet: it goes with the next run",
                  "まだ送信されていません。次回の実行で送信されます");
    if (next && answer->why != WHY_DELIVERED && answer->why != WHY_WAIVED)
        cli_print(cli, "next run: %s", "次回の実行: %s", next);
    return 0;
}

static int why_print(struct cli *cli, gint64 seq)
{
    int exit_status = 0;
    g_autoptr(PtApp) app = cli_open(cli, STORE_READ, &exit_status);
    g_autoptr(PtSettings) settings = NULL;
    g_autoptr(PtZone) zone = NULL;
    g_autoptr(GError) error = NULL;
    struct answer answer = {.seq = seq};

    if (!app)
        return exit_status;
    if (!config_load(app, &settings, &error))
        return cli_error(cli, error);
    zone = app_zone(settings, &error);
    if (!zone)
        return cli_error(cli, error);
    if (!answer_find(app, zone, &answer, &error)) {
        if (!g_error_matches(error, PT_ERROR, PT_ERROR_MISSING))
            return cli_error(cli, error);
        cli_say(cli,
                "job %" G_GINT64_FORMAT
                " is not held: it never existed, or its day was deleted by history.keep_days",
                "ジョブ %" G_GINT64_FORMAT
                " はありません。存在しないか、history.keep_days によりその日の履歴が削除されています",
                seq);
        return 4;
    }
    exit_status = cli->json ? answer_json(cli, &answer) : answer_people(cli, zone, &answer);
    delivery_free(answer.row);
    return exit_status;
}

int why_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = cli_command_find("why");
    gint64 seq = 0;
    int status = 0;

    if (!cli_options(cli, command, NULL, &argc, &argv, &status))
        return status;
    if (argc != 1)
        return cli_usage(cli, command, "one job number (seq) is needed",
                         "履歴番号(seq)を1つ指定してください");
    if (!cli_number(cli, command, "SEQ", argv[0], 1, G_MAXINT64, &seq, &status))
        return status;
    return why_print(cli, seq);
}
