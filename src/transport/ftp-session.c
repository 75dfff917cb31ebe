/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One log-in to an FTP server, by libcurl. */
#include "transport/ftp-session.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define LISTING_MAX_BYTES (4 * 1024 * 1024)
#define NAME_MAX_BYTES 1024

static void on_sent(gpointer user, int verb)
{
    struct ftp_session *session = user;

    session->verb = verb;
    if (session->asking && verb == FTP_USER)
        session->link.events->step(session->link.events->user, STEP_LOGIN);
}

static gboolean on_line(gpointer user, const char *line, int code, gboolean last)
{
    struct ftp_session *session = user;
    const struct transport_events *events = session->link.events;

    if (!last || code == 0 || session->verb == FTP_VERBS)
        return TRUE;
    session->replies[session->verb] = code;
    if (session->asking && (session->verb == FTP_PASS || session->verb == FTP_USER) && code == 230)
        events->step(events->user, STEP_OPEN);
    if (session->verb == FTP_STOR && code < 200) {
        session->made = TRUE;
        events->step(events->user, STEP_WRITE);
    }
    if (session->verb == FTP_SIZE && code == 213)
        session->size = g_ascii_strtoll(line + 4, NULL, 10);
    return TRUE;
}

static size_t on_read(char *bytes, size_t size, size_t count, void *user)
{
    struct ftp_session *session = user;
    const struct transport_request *request = session->link.request;
    gint64 left = request->size - session->sent;
    gsize wanted = MIN(size * count, (gsize)left);
    gssize n = 0;

    if (wanted > 0)
        do
            n = pread(request->fd, bytes, wanted, (off_t)session->sent);
        while (n < 0 && errno == EINTR);
    if (n < 0 || (n == 0 && left > 0)) {
        session->spool_changed = TRUE;
        return CURL_READFUNC_ABORT;
    }
    session->sent += n;
    session->link.events->progress(session->link.events->user, session->sent);
    return (size_t)n;
}

static int on_seek(void *user, curl_off_t offset, int origin)
{
    struct ftp_session *session = user;

    if (origin != SEEK_SET || offset < 0 || offset > session->link.request->size)
        return CURL_SEEKFUNC_CANTSEEK;
    session->sent = offset;
    return CURL_SEEKFUNC_OK;
}

/* Names of a listing can come with a path in front. */
static gboolean end_name(struct ftp_session *session)
{
    const char *slash = strrchr(session->name->str, '/');
    const char *name = slash ? slash + 1 : session->name->str;
    gboolean more = !*name || !session->on_name || session->on_name(session->on_name_user, name);

    g_string_truncate(session->name, 0);
    return more;
}

static size_t on_listing(char *bytes, size_t size, size_t count, void *user)
{
    struct ftp_session *session = user;
    gsize length = size * count;

    if (session->hash) {
        g_checksum_update(session->hash, (const guchar *)bytes, (gssize)length);
        return length;
    }
    session->listed += (gint64)length;
    for (gsize i = 0; i < length; i++) {
        if (bytes[i] == '\n') {
            if (!end_name(session))
                return 0;
        } else if (bytes[i] != '\r' && session->name->len < NAME_MAX_BYTES) {
            g_string_append_c(session->name, bytes[i]);
        }
    }
    return session->listed > LISTING_MAX_BYTES ? 0 : length;
}

static char *encoded_folder(const char *folder)
{
    g_auto(GStrv) parts = g_strsplit(folder ? folder : "", "/", -1);
    GString *path = g_string_new("/");

    for (int i = 0; parts[i]; i++) {
        g_autofree char *escaped = g_uri_escape_string(parts[i], NULL, FALSE);
        if (*parts[i])
            g_string_append_printf(path, "%s/", escaped);
    }
    return g_string_free(path, FALSE);
}

static const char *scheme(const struct ftp_session *session)
{
    return session->link.request->security == FTP_IMPLICIT ? "ftps" : "ftp";
}

static gboolean set_options(struct ftp_session *session, GError **error)
{
    const struct transport_request *request = session->link.request;
    CURL *curl = session->link.curl;
    gboolean ok = curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read) == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_READDATA, session) == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, on_seek) == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_SEEKDATA, session) == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_listing) == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_WRITEDATA, session) == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_FTP_SKIP_PASV_IP, 1L) == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "ftp,ftps") == CURLE_OK;

    if (request->active)
        ok = ok && curl_easy_setopt(curl, CURLOPT_FTPPORT, "-") == CURLE_OK;
    if (request->security != FTP_PLAIN)
        ok = ok && curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL) == CURLE_OK &&
             curl_easy_setopt(curl, CURLOPT_FTPSSLAUTH, (long)CURLFTPAUTH_TLS) == CURLE_OK;
    if (!ok) {
        pt_error_set(error, PT_ERROR_INTERNAL, "libcurl cannot be set up", "libcurl を設定できません");
        return FALSE;
    }
    return request->security == FTP_PLAIN || trust_apply(&session->link.trust, curl, TRUE, error);
}

/* One perform in the folder without a transfer. `before` runs right after the log-in, `after` when the folder
 * has been entered. */
static CURLcode perform_in_folder(struct ftp_session *session, struct curl_slist *before,
                                  struct curl_slist *after)
{
    CURL *curl = session->link.curl;
    CURLcode rc = CURLE_FAILED_INIT;

    if (curl_easy_setopt(curl, CURLOPT_UPLOAD, 0L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_QUOTE, before) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_POSTQUOTE, after) == CURLE_OK &&
        curl_link_url(&session->link, scheme(session), session->folder))
        rc = curl_link_perform(&session->link);
    (void)curl_easy_setopt(curl, CURLOPT_QUOTE, NULL);     /* cannot fail */
    (void)curl_easy_setopt(curl, CURLOPT_POSTQUOTE, NULL); /* cannot fail */
    return rc;
}

/* Until 8.0 libcurl sends the data of an active transfer in the clear although the server was told PROT P. */
static gboolean active_is_safe(const struct transport_request *request, GError **error)
{
    if (!request->active || request->security == FTP_PLAIN ||
        curl_version_info(CURLVERSION_NOW)->version_num >= 0x080000)
        return TRUE;
    pt_error_set(
        error, PT_ERROR_INPUT,
        "active mode cannot be combined with TLS (libcurl before 8.0 would not encrypt): choose passive mode",
        "アクティブモードとTLSは併用できません(libcurl "
        "8.0未満では暗号化されないため)。パッシブモードを選択してください");
    return FALSE;
}

gboolean ftp_session_open(struct ftp_session *session, const struct transport_request *request,
                          const struct transport_events *events, GError **error)
{
    struct curl_slist *before = NULL;
    CURLcode rc;

    memset(session, 0, sizeof *session);
    session->verb = FTP_VERBS;
    session->folder = encoded_folder(request->folder);
    session->name = g_string_new(NULL);
    session->link.verbs = ftp_verbs;
    session->link.user = session;
    session->link.on_sent = on_sent;
    session->link.on_line = on_line;
    session->link.request = request;
    session->link.events = events;
    session->link.control_fd = session->link.peer.fd = -1;
    if (!active_is_safe(request, error) || !curl_link_open(&session->link, request, events, error) ||
        !set_options(session, error))
        return FALSE;
    if (!g_str_is_ascii(request->folder ? request->folder : ""))
        before =
            curl_slist_append(NULL, "*OPTS UTF8 ON"); /* some servers take other names only then (RFC 2640) */
    session->asking = TRUE;
    rc = perform_in_folder(session, before, NULL);
    session->asking = FALSE;
    curl_slist_free_all(before);
    if (rc == CURLE_OK)
        return TRUE;
    (void)ftp_session_error(session, rc, "connecting", "接続中", error);
    return FALSE;
}

void ftp_session_close(struct ftp_session *session)
{
    curl_link_close(&session->link);
    g_free(session->folder);
    if (session->name)
        g_string_free(session->name, TRUE);
    session->folder = NULL;
    session->name = NULL;
}

CURLcode ftp_session_commands(struct ftp_session *session, const char *const *commands)
{
    struct curl_slist *list = NULL;
    CURLcode rc;

    memset(session->replies, 0, sizeof session->replies);
    for (; *commands; commands++)
        list = curl_slist_append(list, *commands);
    rc = perform_in_folder(session, NULL, list);
    curl_slist_free_all(list);
    return rc;
}

CURLcode ftp_session_upload(struct ftp_session *session)
{
    const struct transport_request *request = session->link.request;
    CURL *curl = session->link.curl;
    g_autofree char *name = g_uri_escape_string(request->temp_name, NULL, FALSE);
    g_autofree char *path = g_strconcat(session->folder, name, NULL);
    CURLcode rc = CURLE_FAILED_INIT;

    memset(session->replies, 0, sizeof session->replies);
    session->sent = 0;
    session->link.salvage = request->security == FTP_PLAIN; /* over TLS the rest cannot be read */
    if (curl_easy_setopt(curl, CURLOPT_NOBODY, 0L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->size) == CURLE_OK &&
        curl_link_url(&session->link, scheme(session), path))
        rc = curl_link_perform(&session->link);
    session->link.salvage = FALSE;
    return rc;
}

CURLcode ftp_session_list(struct ftp_session *session, ftp_name_fn on_name, gpointer user)
{
    CURL *curl = session->link.curl;
    CURLcode rc = CURLE_FAILED_INIT;

    memset(session->replies, 0, sizeof session->replies);
    session->on_name = on_name;
    session->on_name_user = user;
    session->listed = 0;
    g_string_truncate(session->name, 0);
    if (curl_easy_setopt(curl, CURLOPT_UPLOAD, 0L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_NOBODY, 0L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_DIRLISTONLY, 1L) == CURLE_OK &&
        curl_link_url(&session->link, scheme(session), session->folder))
        rc = curl_link_perform(&session->link);
    if (rc == CURLE_OK && session->name->len > 0)
        (void)end_name(session); /* the last line may lack its end; nothing is left to stop */
    session->on_name = NULL;
    return session->replies[FTP_NLST] == 550 || session->replies[FTP_NLST] == 450 ? CURLE_OK : rc;
}

CURLcode ftp_session_download(struct ftp_session *session, const char *name, GChecksum *hash)
{
    CURL *curl = session->link.curl;
    g_autofree char *escaped = g_uri_escape_string(name, NULL, FALSE);
    g_autofree char *path = g_strconcat(session->folder, escaped, NULL);
    CURLcode rc = CURLE_FAILED_INIT;

    memset(session->replies, 0, sizeof session->replies);
    session->hash = hash;
    if (curl_easy_setopt(curl, CURLOPT_UPLOAD, 0L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_NOBODY, 0L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_DIRLISTONLY, 0L) == CURLE_OK &&
        curl_link_url(&session->link, scheme(session), path))
        rc = curl_link_perform(&session->link);
    session->hash = NULL;
    return rc;
}

static gboolean lost_while_uploading(const struct ftp_session *session, CURLcode rc)
{
    return session->verb == FTP_STOR &&
           (rc == CURLE_SEND_ERROR || rc == CURLE_PARTIAL_FILE || rc == CURLE_RECV_ERROR);
}

enum pt_error_code ftp_session_error(const struct ftp_session *session, CURLcode rc, const char *doing_en,
                                     const char *doing_ja, GError **error)
{
    const struct curl_link *link = &session->link;
    enum pt_error_code code = curl_link_code(link, rc);
    int reply = link->code;

    if (code == PT_ERROR_X21 && reply >= 400 && reply < 500)
        code = PT_ERROR_X23;
    if (code == PT_ERROR_CODES && reply >= 400)
        code = ftp_reply_error(session->verb, reply, link->line);
    if (code == PT_ERROR_CODES && (rc == CURLE_WEIRD_SERVER_REPLY || session->verb == FTP_VERBS))
        code = reply == 220 ? PT_ERROR_X18 : PT_ERROR_X24;
    if (code == PT_ERROR_CODES)
        code = PT_ERROR_X18;
    if (code == PT_ERROR_X18 && lost_while_uploading(session, rc))
        curl_link_error(link, code, "the server broke the transfer off, perhaps because it is out of space",
                        "サーバーが送信を打ち切りました(空き容量不足の可能性があります)", error);
    else
        curl_link_error(link, code, doing_en, doing_ja, error);
    return code;
}

struct search {
    const char *name;
    gboolean found;
};

static gboolean search_name(gpointer user, const char *name)
{
    struct search *search = user;

    search->found = search->found || strcmp(name, search->name) == 0;
    return TRUE;
}

static enum ftp_presence look_by_listing(struct ftp_session *session, const char *name, GError **error)
{
    struct search search = {name, FALSE};
    CURLcode rc = ftp_session_list(session, search_name, &search);

    if (rc == CURLE_OK || search.found)
        return search.found ? FTP_THERE : FTP_ABSENT;
    (void)ftp_session_error(session, rc, "listing the folder", "フォルダの一覧取得中", error);
    return FTP_UNCLEAR;
}

enum ftp_presence ftp_session_look(struct ftp_session *session, const char *name, gint64 *ret_size,
                                   GError **error)
{
    static const int verbs[] = {FTP_SIZE, FTP_MDTM};

    for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++) {
        g_autofree char *command = g_strdup_printf("*%s %s", ftp_verbs[verbs[i]], name);
        const char *const commands[] = {"*TYPE I", command, NULL}; /* in ASCII mode servers refuse SIZE */
        CURLcode rc = ftp_session_commands(session, commands);
        int reply = session->replies[verbs[i]];

        if (reply == 213) {
            if (ret_size)
                *ret_size = verbs[i] == FTP_SIZE ? session->size : -1;
            return FTP_THERE;
        }
        if (reply == 550)
            return FTP_ABSENT;
        if (rc != CURLE_OK || reply < 500) {
            (void)ftp_session_error(session, rc == CURLE_OK ? CURLE_QUOTE_ERROR : rc, "looking for a file",
                                    "ファイルの確認中", error);
            return FTP_UNCLEAR;
        }
    }
    if (ret_size)
        *ret_size = -1;
    return look_by_listing(session, name, error);
}
