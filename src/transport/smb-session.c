/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One libsmbclient connection: settings, stages, folder, errors. */
#include "transport/smb-session.h"

#include "transport/net.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROBE_TIMEOUT_MS 2000

/* "Do you speak SMB 1?": NetBIOS frame, SMB_COM_NEGOTIATE, the one dialect "NT LM 0.12" (MS-CIFS 2.2.4.52).
 * Never followed by anything. */
static const unsigned char smb1_question[] = {
    0, 0, 0, 47, 0xff, 'S', 'M', 'B', 0x72, 0,   0,   0,   0,   0x08, 0x01, 0xc8, 0,
    0, 0, 0, 0,  0,    0,   0,   0,   0,    0,   0,   0,   0,   0,    0,    0,    0,
    0, 0, 0, 12, 0,    2,   'N', 'T', ' ',  'L', 'M', ' ', '0', '.',  '1',  '2',  0,
};

static void on_auth(SMBCCTX *context, const char *server, const char *share, char *workgroup,
                    int workgroup_size, char *user, int user_size, char *password, int password_size)
{
    const struct smb_session *session = smbc_getOptionUserData(context);
    const struct transport_request *request = session->request;

    (void)server;
    (void)share;
    /* A value too long for the library would log in as somebody else; the request's limits are below its
     * sizes (1 KiB). */
    (void)g_strlcpy(workgroup, request->domain ? request->domain : "", (gsize)workgroup_size);
    (void)g_strlcpy(user, request->user ? request->user : "", (gsize)user_size);
    (void)g_strlcpy(password, request->password ? request->password : "", (gsize)password_size);
}

static void on_log(void *user, int level, const char *message)
{
    struct smb_session *session = user;
    enum smb_stage before = session->trace.stage;

    (void)level;
    smb_trace_line(&session->trace, message);
    if (!session->asking)
        return;
    if (before < SMB_LOGGING_IN && session->trace.stage >= SMB_LOGGING_IN)
        session->events->step(session->events->user, STEP_LOGIN);
    if (before < SMB_CONNECTING && session->trace.stage >= SMB_CONNECTING)
        session->events->step(session->events->user, STEP_OPEN);
}

static gboolean context_make(struct smb_session *session, GError **error)
{
    const struct transport_request *request = session->request;
    SMBCCTX *context = smbc_new_context();
    gboolean ok = context != NULL;

    if (ok) {
        smbc_setOptionDebugToStderr(context, 1);
        smbc_setFunctionAuthDataWithContext(context, on_auth);
        smbc_setOptionUserData(context, session);
        smbc_setOptionUseKerberos(context, 0);
        smbc_setOptionNoAutoAnonymousLogin(context, 1);
        smbc_setTimeout(context, request->timeout_s * 1000);
        ok = smbc_init_context(context) != NULL;
    }
    /* Without this /etc/samba/smb.conf and ~/.smb/smb.conf decide. It resets the log level: the callback
     * comes after it. */
    ok = ok && smbc_setConfiguration(context, "/dev/null") == 0;
    ok = ok && smbc_setOptionProtocols(context, "SMB2_02", "SMB3_11");
    if (!ok) {
        pt_error_set(error, PT_ERROR_INTERNAL, "the SMB library cannot be started",
                     "SMBライブラリを開始できません");
        return FALSE;
    }
    smbc_setDebug(context, 4);
    smbc_setLogCallback(context, session, on_log);
    smbc_setPort(context, (guint16)request->port);
    smbc_setOptionSmbEncryptionLevel(context, request->encryption_required ? SMBC_ENCRYPTLEVEL_REQUIRE
                                                                           : SMBC_ENCRYPTLEVEL_REQUEST);
    smbc_setOptionOpenShareMode(context, SMBC_SHAREMODE_DENY_ALL);
    smbc_setOptionUrlEncodeReaddirEntries(context, 0);
    session->context = context;
    return TRUE;
}

static void append_part(GString *url, const char *part)
{
    g_autofree char *escaped = g_uri_escape_string(part, NULL, FALSE);

    g_string_append_printf(url, "/%s", escaped);
}

static char *url_of_folder(const struct transport_request *request, int levels)
{
    g_auto(GStrv) parts = g_strsplit(request->folder ? request->folder : "", "\\", -1);
    GString *url = g_string_new("smb://");

    g_string_append(url, request->host);
    append_part(url, request->share);
    for (int i = 0; parts[i] && (levels < 0 || i < levels); i++)
        if (*parts[i])
            append_part(url, parts[i]);
    return g_string_free(url, FALSE);
}

char *smb_session_url(const struct smb_session *session, const char *name)
{
    GString *url = g_string_new(session->folder_url);

    append_part(url, name);
    return g_string_free(url, FALSE);
}

void smb_session_begin(struct smb_session *session)
{
    session->trace.status = 0;
    *session->trace.login_words = '\0';
    errno = 0;
}

enum pt_error_code smb_session_error(struct smb_session *session, int failure, const char *doing_en,
                                     const char *doing_ja, const char *name, GError **error)
{
    enum pt_error_code code = smb_error_code(&session->trace, failure);
    const struct pt_error_info *info = pt_error_info((int)code);
    g_autofree char *words = smb_words(&session->trace);
    g_autofree char *en = g_strdup_printf("%s %s: %s", doing_en, name, info->cause[PT_LANG_EN]);
    g_autofree char *ja = g_strdup_printf("%s (%s): %s", doing_ja, name, info->cause[PT_LANG_JA]);

    if (*words)
        session->events->server_said(session->events->user, words);
    if (code == PT_ERROR_X17 || code == PT_ERROR_X18 || session->trace.stage != SMB_CONNECTED)
        session->broken = TRUE;
    pt_error_set_texts(error, code, en, ja);
    return code;
}

enum smb_presence smb_session_look(struct smb_session *session, const char *name, gint64 *ret_size,
                                   GError **error)
{
    g_autofree char *url = smb_session_url(session, name);
    struct stat status;

    smb_session_begin(session);
    if (smbc_getFunctionStat(session->context)(session->context, url, &status) == 0) {
        if (ret_size)
            *ret_size = (gint64)status.st_size;
        return SMB_THERE;
    }
    if (errno == ENOENT && session->trace.stage == SMB_CONNECTED)
        return SMB_ABSENT;
    (void)smb_session_error(session, errno, "looking at", "確認中", name, error);
    return SMB_UNCLEAR;
}

void smb_session_hurry(struct smb_session *session, int timeout_s)
{
    smbc_setTimeout(session->context, timeout_s * 1000);
}

/* The server hung up or said nothing while the dialect was agreed: is it one that only speaks SMB 1, or no
 * SMB server at all? */
static void explain_no_dialect(const struct net_peer *peer, const struct transport_events *events,
                               GError **error)
{
    unsigned char answer[64];
    int fd = net_connect_again(peer, 2, NULL);
    gssize n = 0;

    if (fd >= 0 &&
        send(fd, smb1_question, sizeof smb1_question, MSG_NOSIGNAL) == (gssize)sizeof smb1_question)
        n = net_read_some(fd, answer, sizeof answer, PROBE_TIMEOUT_MS);
    if (fd >= 0)
        (void)close(fd); /* nothing more is wanted from it */
    if (n >= 8 && memcmp(answer + 4, "\xffSMB", 4) == 0) {
        g_clear_error(error);
        pt_error_set(error, PT_ERROR_X03, "the server only speaks SMB 1, which is never used",
                     "サーバーはSMB 1だけに対応しています(SMB 1は使用しません)");
    } else if (n > 0 && answer[0] != 0) {
        g_autofree char *words = g_utf8_make_valid((const char *)answer, (gssize)n);
        events->server_said(events->user, words);
        g_clear_error(error);
        pt_error_set(error, PT_ERROR_X24, "what answers there is not an SMB server",
                     "応答した相手はSMBサーバーではありません");
    }
}

/* Makes the missing levels of the folder, outermost first. */
static gboolean create_levels(struct smb_session *session, GError **error)
{
    const char *folder = session->request->folder;
    g_auto(GStrv) parts = g_strsplit(folder, "\\", -1);

    for (int levels = 1; levels <= (int)g_strv_length(parts); levels++) {
        g_autofree char *url = url_of_folder(session->request, levels);
        struct stat status;

        if (!*parts[levels - 1])
            continue;
        smb_session_begin(session);
        if (smbc_getFunctionStat(session->context)(session->context, url, &status) == 0)
            continue;
        smb_session_begin(session);
        if (smbc_getFunctionMkdir(session->context)(session->context, url, 0770) != 0 && errno != EEXIST) {
            (void)smb_session_error(session, errno, "creating the folder", "フォルダの作成中", folder, error);
            return FALSE;
        }
    }
    return TRUE;
}

/* The first call to the server: connects, logs in, looks at the folder. */
static gboolean first_look(struct smb_session *session, gboolean may_create, GError **error)
{
    const struct transport_request *request = session->request;
    const char *place = request->folder && *request->folder ? request->folder : request->share;
    char encrypted[] = "smb_encrypt_on";
    struct stat status;
    int rc, failure;

    session->asking = TRUE;
    smb_session_begin(session);
    rc = smbc_getFunctionStat(session->context)(session->context, session->folder_url, &status);
    failure = errno;
    session->asking = FALSE;
    if (rc != 0 && session->trace.stage != SMB_CONNECTED) {
        (void)smb_session_error(session, failure, "connecting to", "接続中", place, error);
        return FALSE;
    }
    /* 4.17 connects without encryption all the same when the server has none, REQUIRE or not. Nothing but the
     * log-in went over yet. */
    if (request->encryption_required && !smbc_option_get(session->context, encrypted)) {
        pt_error_set(error, PT_ERROR_X03,
                     "the server does not offer SMB 3 encryption, which is required here",
                     "サーバーがSMB 3の暗号化に対応していません(この送信先では必須に設定されています)");
        return FALSE;
    }
    if (rc == 0 && !S_ISDIR(status.st_mode)) {
        pt_error_set(error, PT_ERROR_X06, "%s is a file, not a folder", "%s はフォルダではなくファイルです",
                     place);
        return FALSE;
    }
    if (rc == 0 || failure == EACCES || failure == EPERM)
        return TRUE;
    if (failure == ENOENT && may_create && request->create_folder)
        return create_levels(session, error);
    (void)smb_session_error(session, failure, "opening the folder", "フォルダを開けません", place, error);
    return FALSE;
}

gboolean smb_session_open(struct smb_session *session, const struct transport_request *request,
                          const struct transport_events *events, gboolean may_create, GError **error)
{
    struct net_peer peer = {NULL, -1};
    GError *failure = NULL;
    gboolean ok;

    memset(session, 0, sizeof *session);
    session->request = request;
    session->events = events;
    session->folder_url = url_of_folder(request, -1);
    if (!net_reach(request, events, &peer, error))
        return FALSE;
    (void)close(peer.fd); /* the library opens its own */
    peer.fd = -1;
    events->step(events->user, STEP_NEGOTIATE);
    ok = context_make(session, &failure) && first_look(session, may_create, &failure);
    if (!ok && session->trace.stage == SMB_NEGOTIATING && session->context)
        explain_no_dialect(&peer, events, &failure);
    net_peer_clear(&peer);
    if (failure)
        g_propagate_error(error, failure);
    return ok;
}
