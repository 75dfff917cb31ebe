/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Delivery to an FTP server: temporary file, SIZE, rename to a free name (SPEC RF3; ARCHITECTURE.md, Exactly
 * once). */
#include "transport/ftp-session.h"

#include "base/fault.h"
#include "transport/automatic.h"
#include "transport/methods.h"
#include <string.h>

/* Tells how it ended before a clean-up that may need a new connection, then removes the temporary file. */
static enum transport_outcome give_up(struct ftp_session *session, gboolean made,
                                      enum transport_outcome outcome, GError *failure, GError **error)
{
    const struct transport_events *events = session->link.events;
    g_autofree char *remove = g_strdup_printf("*DELE %s", session->link.request->temp_name);
    const char *const commands[] = {remove, NULL};

    if (events && events->outcome)
        events->outcome(events->user, outcome, failure);
    if (made && outcome == OUTCOME_FAILED)
        (void)ftp_session_commands(session, commands); /* else a later attempt removes it */
    ftp_session_close(session);
    if (failure)
        g_propagate_error(error, failure);
    return outcome;
}

static gboolean check_free(struct ftp_session *session, GError **error)
{
    const char *name = session->link.request->file_name;

    switch (ftp_session_look(session, name, NULL, error)) {
    case FTP_UNCLEAR:
        return FALSE;
    case FTP_ABSENT:
        return TRUE;
    case FTP_THERE:
        break;
    }
    pt_error_set(error, PT_ERROR_X15, "%s is already there; it was not touched",
                 "%s はすでに存在します(変更していません)", name);
    return FALSE;
}

static gboolean wrong_size(gint64 size, gint64 expected, GError **error)
{
    /* Unknown is no mismatch: not every server has SIZE. */
    if (size < 0 || size == expected)
        return FALSE;
    pt_error_set(error, PT_ERROR_X18, "the server holds %" G_GINT64_FORMAT " bytes of %" G_GINT64_FORMAT,
                 "サーバー上のサイズが %" G_GINT64_FORMAT " バイトです(正しくは %" G_GINT64_FORMAT " バイト)",
                 size, expected);
    return TRUE;
}

static gboolean upload_all(struct ftp_session *session, GError **error)
{
    const struct transport_request *request = session->link.request;
    g_autofree char *size = g_strdup_printf("*SIZE %s", request->temp_name);
    const char *const commands[] = {size, NULL};
    CURLcode rc = ftp_session_upload(session);

    if (session->spool_changed) {
        pt_error_set(error, PT_ERROR_INTEGRITY, "the spool file of %s changed while it was sent",
                     "%s のスプールファイルが送信中に変わりました", request->file_name);
        return FALSE;
    }
    if (rc != CURLE_OK) {
        (void)ftp_session_error(session, rc, "uploading", "アップロード中", error);
        return FALSE;
    }
    rc = ftp_session_commands(session, commands);
    if (rc != CURLE_OK) {
        (void)ftp_session_error(session, rc, "checking the size", "サイズの確認中", error);
        return FALSE;
    }
    return !wrong_size(session->replies[FTP_SIZE] == 213 ? session->size : -1, request->size, error);
}

/* The outcome hangs on whether RNTO was sent and what was answered. */
static enum transport_outcome finish(struct ftp_session *session, GError **error)
{
    const struct transport_request *request = session->link.request;
    g_autofree char *from = g_strdup_printf("RNFR %s", request->temp_name);
    g_autofree char *to = g_strdup_printf("RNTO %s", request->file_name);
    const char *const commands[] = {from, to, NULL};
    CURLcode rc = ftp_session_commands(session, commands);
    int reply = session->replies[FTP_RNTO];

    if (reply >= 200 && reply < 300)
        return OUTCOME_DELIVERED;
    (void)ftp_session_error(session, rc, "renaming", "名前の変更中", error);
    if (session->verb == FTP_RNTO && reply == 0)
        return OUTCOME_UNKNOWN;
    return OUTCOME_FAILED;
}

static gboolean on_listed(gpointer user, const char *name)
{
    return automatic_seen(user, name);
}

/* RT4; a server that lists nothing is no error. */
static void report_unknown(struct ftp_session *session)
{
    struct automatic_watch watch = {session->link.request, session->link.events, 0};

    if (session->link.request->test && session->link.request->known_files)
        (void)ftp_session_list(session, on_listed, &watch); /* see above */
}

static enum transport_outcome ftp_put(const struct transport_request *request,
                                      const struct transport_events *events, GError **error)
{
    struct ftp_session session;
    GError *failure = NULL;
    enum transport_outcome outcome;

    if (!ftp_session_open(&session, request, events, &failure))
        return give_up(&session, FALSE, OUTCOME_FAILED, failure, error);
    report_unknown(&session);
    if (!upload_all(&session, &failure))
        return give_up(&session, session.made, OUTCOME_FAILED, failure, error);
    events->step(events->user, STEP_FINISH);
    if (!check_free(&session, &failure))
        return give_up(&session, TRUE, OUTCOME_FAILED, failure, error);
    if (!events->uploaded(events->user)) {
        pt_error_set(&failure, PT_ERROR_X18, "stopped before %s was finished", "%s の完了前に中止しました",
                     request->file_name);
        return give_up(&session, TRUE, OUTCOME_FAILED, failure, error);
    }
    /* Looked at again: the caller's commit took its time. */
    /* From here on the temporary file is the proof of what happened: only `remove` takes it away. */
    if (!check_free(&session, &failure))
        return give_up(&session, FALSE, OUTCOME_FAILED, failure, error);
    fault_point("helper.go");
    outcome = finish(&session, &failure);
    fault_point("helper.finished");
    if (outcome != OUTCOME_DELIVERED)
        return give_up(&session, FALSE, outcome, failure, error);
    if (events->outcome)
        events->outcome(events->user, outcome, NULL);
    ftp_session_close(&session);
    return outcome;
}

/* SIZE's 550 can also be a server that does not like SIZE; RNFR is what the rename itself asks. Without RNTO
 * it changes nothing. */
static enum ftp_presence look_for_temporary(struct ftp_session *session, gint64 *ret_size, GError **error)
{
    const char *name = session->link.request->temp_name;
    g_autofree char *from = g_strdup_printf("*RNFR %s", name);
    const char *const commands[] = {from, NULL};
    enum ftp_presence presence = ftp_session_look(session, name, ret_size, error);
    CURLcode rc;

    if (presence != FTP_ABSENT)
        return presence;
    rc = ftp_session_commands(session, commands);
    if (rc == CURLE_OK && session->replies[FTP_RNFR] == 550)
        return FTP_ABSENT;
    *ret_size = -1;
    if (session->replies[FTP_RNFR] == 350)
        return FTP_THERE;
    (void)ftp_session_error(session, rc == CURLE_OK ? CURLE_QUOTE_ERROR : rc,
                            "looking for the temporary file", "一時ファイルの確認中", error);
    return FTP_UNCLEAR;
}

/* The temporary file is gone for certain: it was renamed, by us, and perhaps taken away since. */
static enum transport_outcome resolve_gone(struct ftp_session *session, GError **error)
{
    const struct transport_request *request = session->link.request;
    enum ftp_presence final = ftp_session_look(session, request->file_name, NULL, error);
    enum ftp_presence earlier = FTP_ABSENT;

    if (final != FTP_ABSENT)
        return final == FTP_THERE ? OUTCOME_DELIVERED : OUTCOME_UNKNOWN;
    if (request->earlier_file && *request->earlier_file)
        earlier = ftp_session_look(session, request->earlier_file, NULL, error);
    if (earlier != FTP_THERE)
        return earlier == FTP_ABSENT ? OUTCOME_TAKEN : OUTCOME_UNKNOWN;
    pt_error_set(error, PT_ERROR_X18,
                 "%s is gone from the server although nobody takes files away there (%s is still there)",
                 "%s がサーバーから消えています(以前の %s は残っています)", request->file_name,
                 request->earlier_file);
    return OUTCOME_FAILED;
}

static enum transport_outcome ftp_resolve(const struct transport_request *request,
                                          const struct transport_events *events, GError **error)
{
    struct ftp_session session;
    GError *failure = NULL;
    enum transport_outcome outcome;
    gint64 size = -1;

    if (!ftp_session_open(&session, request, events, &failure))
        return give_up(&session, FALSE, OUTCOME_UNKNOWN, failure, error);
    events->step(events->user, STEP_FINISH);
    switch (look_for_temporary(&session, &size, &failure)) {
    case FTP_UNCLEAR:
        return give_up(&session, FALSE, OUTCOME_UNKNOWN, failure, error);
    case FTP_ABSENT:
        outcome = resolve_gone(&session, &failure);
        return give_up(&session, FALSE, outcome, failure, error);
    case FTP_THERE:
        break;
    }
    if (wrong_size(size, request->size, &failure))
        return give_up(&session, FALSE, OUTCOME_FAILED, failure, error);
    if (!check_free(&session, &failure)) {
        outcome = pt_error_code_of(failure) == PT_ERROR_X15 ? OUTCOME_FAILED : OUTCOME_UNKNOWN;
        return give_up(&session, FALSE, outcome, failure, error);
    }
    outcome = finish(&session, &failure);
    return give_up(&session, FALSE, outcome, failure, error);
}

static gboolean ftp_remove(const struct transport_request *request, const struct transport_events *events,
                           GError **error)
{
    struct ftp_session session;
    g_autofree char *remove = g_strdup_printf("*DELE %s", request->temp_name);
    const char *const commands[] = {remove, NULL};
    gboolean gone = FALSE;
    CURLcode rc;

    if (!ftp_session_open(&session, request, events, error)) {
        ftp_session_close(&session);
        return FALSE;
    }
    events->step(events->user, STEP_FINISH);
    rc = ftp_session_commands(&session, commands);
    if (session.replies[FTP_DELE] >= 200 && session.replies[FTP_DELE] < 300)
        gone = TRUE;
    else if (rc == CURLE_OK && session.replies[FTP_DELE] == 550)
        gone = ftp_session_look(&session, request->temp_name, NULL, NULL) == FTP_ABSENT;
    if (!gone)
        (void)ftp_session_error(&session, rc == CURLE_OK ? CURLE_QUOTE_ERROR : rc,
                                "removing the temporary file", "一時ファイルの削除中", error);
    ftp_session_close(&session);
    return gone;
}

static gboolean ftp_compare(const struct transport_request *request, const struct transport_events *events,
                            GError **error)
{
    struct ftp_session session;
    g_autoptr(GChecksum) hash = g_checksum_new(G_CHECKSUM_SHA256);
    gboolean same = ftp_session_open(&session, request, events, error);
    CURLcode rc;

    if (same)
        events->step(events->user, STEP_FINISH);
    if (same && ftp_session_look(&session, request->file_name, NULL, error) != FTP_THERE) {
        if (!error || !*error)
            transport_missing(request, error);
        same = FALSE;
    }
    if (same) {
        rc = ftp_session_download(&session, request->file_name, hash);
        if (rc != CURLE_OK)
            (void)ftp_session_error(&session, rc, "reading", "読み取り中", error);
        same = rc == CURLE_OK && transport_same(request, hash, error);
    }
    ftp_session_close(&session);
    return same;
}

const struct transport transport_ftp = {"ftp", ftp_put, ftp_resolve, NULL, ftp_remove, ftp_compare};
