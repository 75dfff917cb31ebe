/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Delivery to an SMB share: temporary file, size, rename to a free name (SPEC RS6; ARCHITECTURE.md, Exactly
 * once). */
#include "transport/smb-session.h"

#include "base/fault.h"
#include "transport/automatic.h"
#include "transport/methods.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* One round trip a call: 64 KiB blocks are 4.5 times slower
 * (docs/adr/0007-what-the-transport-libraries-do.md). */
#define BLOCK_SIZE (1024 * 1024)
#define CLEAN_UP_TIMEOUT_S 3

struct upload {
    struct smb_session session;
    char *temp_url;
    SMBCFILE *file; /* NULL when closed */
    gboolean made;  /* the temporary file is there and ours */
};

/* Tells how it ended before anything that may be slow, then removes the temporary file if it is ours and the
 * server still answers. */
static enum transport_outcome give_up(struct upload *upload, enum transport_outcome outcome, GError *failure,
                                      GError **error)
{
    struct smb_session *session = &upload->session;

    if (session->events->outcome)
        session->events->outcome(session->events->user, outcome, failure);
    if (upload->made && outcome == OUTCOME_FAILED && !session->broken) {
        smb_session_hurry(session, CLEAN_UP_TIMEOUT_S);
        if (upload->file)
            (void)smbc_getFunctionClose(session->context)(session->context, upload->file); /* removed next */
        (void)smbc_getFunctionUnlink(session->context)(
            session->context, upload->temp_url); /* else a later attempt removes it */
    }
    g_propagate_error(error, failure);
    return outcome;
}

static gboolean write_block(struct upload *upload, const char *block, gsize length, GError **error)
{
    struct smb_session *session = &upload->session;

    while (length > 0) {
        ssize_t n;

        smb_session_begin(session);
        n = smbc_getFunctionWrite(session->context)(session->context, upload->file, block, length);
        if (n <= 0) {
            (void)smb_session_error(session, n == 0 ? ENOSPC : errno, "writing", "書き込み中",
                                    session->request->file_name, error);
            return FALSE;
        }
        block += n;
        length -= (gsize)n;
    }
    return TRUE;
}

static gboolean write_all(struct upload *upload, GError **error)
{
    const struct transport_request *request = upload->session.request;
    const struct transport_events *events = upload->session.events;
    g_autofree char *block = g_malloc(BLOCK_SIZE);
    gint64 sent = 0;

    for (;;) {
        gssize n = pread(request->fd, block, BLOCK_SIZE, (off_t)sent);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || (n == 0 && sent != request->size) || sent + n > request->size) {
            pt_error_set(error, PT_ERROR_INTEGRITY, "the spool file of %s changed while it was sent",
                         "%s のスプールファイルが送信中に変わりました", request->file_name);
            return FALSE;
        }
        if (n == 0)
            return TRUE;
        if (!write_block(upload, block, (gsize)n, error))
            return FALSE;
        sent += n;
        events->progress(events->user, sent);
    }
}

static gboolean check_size(struct smb_session *session, GError **error)
{
    const struct transport_request *request = session->request;
    gint64 size = -1;

    switch (smb_session_look(session, request->temp_name, &size, error)) {
    case SMB_UNCLEAR:
        return FALSE;
    case SMB_ABSENT:
        pt_error_set(error, PT_ERROR_X18, "the uploaded file is gone from the server before it was finished",
                     "アップロードしたファイルが、完了前にサーバーから消えました");
        return FALSE;
    case SMB_THERE:
        break;
    }
    if (size == request->size)
        return TRUE;
    pt_error_set(error, PT_ERROR_X18, "the server holds %" G_GINT64_FORMAT " bytes of %" G_GINT64_FORMAT,
                 "サーバー上のサイズが %" G_GINT64_FORMAT " バイトです(正しくは %" G_GINT64_FORMAT " バイト)",
                 size, request->size);
    return FALSE;
}

static gboolean check_free(struct smb_session *session, GError **error)
{
    const char *name = session->request->file_name;

    switch (smb_session_look(session, name, NULL, error)) {
    case SMB_UNCLEAR:
        return FALSE;
    case SMB_ABSENT:
        return TRUE;
    case SMB_THERE:
        break;
    }
    pt_error_set(error, PT_ERROR_X15, "%s is already there; it was not touched",
                 "%s はすでに存在します(変更していません)", name);
    return FALSE;
}

/* libsmbclient's rename onto an existing file is unlink and rename: the final name has been seen to be free
 * just before. */
static enum transport_outcome finish(struct smb_session *session, GError **error)
{
    g_autofree char *from = smb_session_url(session, session->request->temp_name);
    g_autofree char *to = smb_session_url(session, session->request->file_name);
    SMBCCTX *context = session->context;
    int failure;

    smb_session_begin(session);
    if (smbc_getFunctionRename(context)(context, from, context, to) == 0)
        return OUTCOME_DELIVERED;
    failure = errno ? errno : EIO;
    (void)smb_session_error(session, failure, "renaming to", "名前の変更中", session->request->file_name,
                            error);
    return smb_refused_by_server(&session->trace) ? OUTCOME_FAILED : OUTCOME_UNKNOWN;
}

/* RT4: automatic files of our prefix that the ledger does not know. A folder that cannot be listed is no
 * error. */
static void report_unknown(struct smb_session *session)
{
    const struct transport_request *request = session->request;
    SMBCCTX *context = session->context;
    struct automatic_watch watch = {request, session->events, 0};
    SMBCFILE *folder;
    const struct smbc_dirent *entry;

    if (!request->test || !request->known_files)
        return;
    folder = smbc_getFunctionOpendir(context)(context, session->folder_url);
    if (!folder)
        return;
    while ((entry = smbc_getFunctionReaddir(context)(context, folder)) && automatic_seen(&watch, entry->name))
        ;
    (void)smbc_getFunctionClosedir(context)(context, folder); /* only read */
}

static gboolean upload_all(struct upload *upload, GError **error)
{
    struct smb_session *session = &upload->session;
    const struct transport_events *events = session->events;
    SMBCCTX *context = session->context;
    int rc;

    smb_session_begin(session);
    upload->temp_url = smb_session_url(session, session->request->temp_name);
    upload->file =
        smbc_getFunctionOpen(context)(context, upload->temp_url, O_WRONLY | O_CREAT | O_EXCL, 0640);
    if (!upload->file && errno == EEXIST) {
        pt_error_set(error, PT_ERROR_X09, "the temporary file %s is already there",
                     "一時ファイル %s がすでに存在します", session->request->temp_name);
        return FALSE;
    }
    if (!upload->file) {
        (void)smb_session_error(session, errno, "creating", "作成中", session->request->temp_name, error);
        return FALSE;
    }
    upload->made = TRUE;
    events->step(events->user, STEP_WRITE);
    if (!write_all(upload, error))
        return FALSE;
    smb_session_begin(session);
    rc = smbc_getFunctionClose(context)(context, upload->file);
    upload->file = NULL;
    if (rc != 0) {
        (void)smb_session_error(session, errno, "closing", "クローズ中", session->request->file_name, error);
        return FALSE;
    }
    return check_size(session, error);
}

static enum transport_outcome smb_put(const struct transport_request *request,
                                      const struct transport_events *events, GError **error)
{
    struct upload *upload =
        g_new0(struct upload, 1); /* lives as long as the library's context: until the process ends */
    struct smb_session *session = &upload->session;
    GError *failure = NULL;
    enum transport_outcome outcome;

    if (!smb_session_open(session, request, events, TRUE, &failure))
        return give_up(upload, OUTCOME_FAILED, failure, error);
    report_unknown(session);
    if (!upload_all(upload, &failure))
        return give_up(upload, OUTCOME_FAILED, failure, error);
    events->step(events->user, STEP_FINISH);
    if (!check_free(session, &failure))
        return give_up(upload, OUTCOME_FAILED, failure, error);
    if (!events->uploaded(events->user)) {
        pt_error_set(&failure, PT_ERROR_X18, "stopped before %s was finished", "%s の完了前に中止しました",
                     request->file_name);
        return give_up(upload, OUTCOME_FAILED, failure, error);
    }
    upload->made = FALSE; /* from here on the temporary file is the proof of what happened: only `remove`
                             takes it away */
    /* Looked at again: the caller's commit took its time. */
    if (!check_free(session, &failure))
        return give_up(upload, OUTCOME_FAILED, failure, error);
    fault_point("helper.go");
    outcome = finish(session, &failure);
    fault_point("helper.finished");
    return outcome == OUTCOME_DELIVERED ? outcome : give_up(upload, outcome, failure, error);
}

/* The temporary file is gone for certain: it was renamed, by us, and perhaps taken away since. */
static enum transport_outcome resolve_gone(struct smb_session *session, GError **error)
{
    const char *earlier = session->request->earlier_file;

    switch (smb_session_look(session, session->request->file_name, NULL, error)) {
    case SMB_THERE:
        return OUTCOME_DELIVERED;
    case SMB_UNCLEAR:
        return OUTCOME_UNKNOWN;
    case SMB_ABSENT:
        break;
    }
    if (!earlier || !*earlier)
        return OUTCOME_TAKEN;
    switch (smb_session_look(session, earlier, NULL, error)) {
    case SMB_UNCLEAR:
        return OUTCOME_UNKNOWN;
    case SMB_ABSENT:
        return OUTCOME_TAKEN;
    case SMB_THERE:
        break;
    }
    pt_error_set(error, PT_ERROR_X18,
                 "%s is gone from the server although nobody takes files away there (%s is still there)",
                 "%s がサーバーから消えています(以前の %s は残っています)", session->request->file_name,
                 earlier);
    return OUTCOME_FAILED;
}

static enum transport_outcome smb_resolve(const struct transport_request *request,
                                          const struct transport_events *events, GError **error)
{
    struct upload *upload = g_new0(struct upload, 1); /* as in smb_put() */
    struct smb_session *session = &upload->session;
    GError *failure = NULL;
    enum transport_outcome outcome;
    gint64 size = -1;

    if (!smb_session_open(session, request, events, FALSE, error))
        return OUTCOME_UNKNOWN;
    upload->temp_url = smb_session_url(session, request->temp_name);
    events->step(events->user, STEP_FINISH);
    switch (smb_session_look(session, request->temp_name, &size, error)) {
    case SMB_UNCLEAR:
        return OUTCOME_UNKNOWN;
    case SMB_ABSENT:
        return resolve_gone(session, error);
    case SMB_THERE:
        break;
    }
    if (size != request->size) {
        pt_error_set(&failure, PT_ERROR_X18,
                     "only %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " bytes had reached the server",
                     "サーバーに届いたのは %" G_GINT64_FORMAT " / %" G_GINT64_FORMAT " バイトだけでした",
                     size, request->size);
        return give_up(upload, OUTCOME_FAILED, failure, error);
    }
    switch (smb_session_look(session, request->file_name, NULL, &failure)) {
    case SMB_UNCLEAR:
        g_propagate_error(error, failure);
        return OUTCOME_UNKNOWN;
    case SMB_THERE:
        pt_error_set(&failure, PT_ERROR_X15, "%s is already there; it was not touched",
                     "%s はすでに存在します(変更していません)", request->file_name);
        return give_up(upload, OUTCOME_FAILED, failure, error);
    case SMB_ABSENT:
        break;
    }
    outcome = finish(session, &failure);
    return outcome == OUTCOME_DELIVERED ? outcome : give_up(upload, outcome, failure, error);
}

static gboolean smb_remove(const struct transport_request *request, const struct transport_events *events,
                           GError **error)
{
    struct smb_session *session = g_new0(struct smb_session, 1); /* as in smb_put() */
    g_autofree char *url = NULL;

    if (!smb_session_open(session, request, events, FALSE, error))
        return FALSE;
    events->step(events->user, STEP_FINISH);
    url = smb_session_url(session, request->temp_name);
    smb_session_begin(session);
    if (smbc_getFunctionUnlink(session->context)(session->context, url) == 0 || errno == ENOENT)
        return TRUE;
    (void)smb_session_error(session, errno, "removing", "削除中", request->temp_name, error);
    return FALSE;
}

static gboolean read_all(struct smb_session *session, GChecksum *hash, GError **error)
{
    g_autofree char *url = smb_session_url(session, session->request->file_name);
    g_autofree char *block = g_malloc(BLOCK_SIZE);
    SMBCCTX *context = session->context;
    SMBCFILE *file;
    gssize n;

    smb_session_begin(session);
    file = smbc_getFunctionOpen(context)(context, url, O_RDONLY, 0);
    n = file ? smbc_getFunctionRead(context)(context, file, block, BLOCK_SIZE) : -1;
    while (n > 0) {
        g_checksum_update(hash, (const guchar *)block, n);
        smb_session_begin(session);
        n = smbc_getFunctionRead(context)(context, file, block, BLOCK_SIZE);
    }
    if (n < 0)
        (void)smb_session_error(session, errno, "reading", "読み取り中", session->request->file_name, error);
    else
        (void)smbc_getFunctionClose(context)(context, file); /* only read */
    return n == 0;
}

static gboolean smb_compare(const struct transport_request *request, const struct transport_events *events,
                            GError **error)
{
    struct smb_session *session = g_new0(struct smb_session, 1); /* as in smb_put() */
    g_autoptr(GChecksum) hash = g_checksum_new(G_CHECKSUM_SHA256);

    if (!smb_session_open(session, request, events, FALSE, error))
        return FALSE;
    events->step(events->user, STEP_FINISH);
    switch (smb_session_look(session, request->file_name, NULL, error)) {
    case SMB_UNCLEAR:
        return FALSE;
    case SMB_ABSENT:
        return transport_missing(request, error);
    case SMB_THERE:
        break;
    }
    return read_all(session, hash, error) && transport_same(request, hash, error);
}

const struct transport transport_smb = {"smb", smb_put, smb_resolve, NULL, smb_remove, smb_compare};
