/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Delivery by SMTP: all recipients or nothing, and a pause before the final dot (SPEC RM4–RM7;
 * ARCHITECTURE.md, Exactly once). */
#include "base/fault.h"
#include "transport/curl-link.h"

#include "transport/mail-message.h"
#include "transport/mail-status.h"
#include "transport/methods.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum mail_security { MAIL_AUTO, MAIL_PLAIN, MAIL_EXPLICIT, MAIL_IMPLICIT }; /* request->security */

/* RFC 5321 4.5.3.2.6. */
#define FINAL_TIMEOUT_S 600
/* Held back with the final dot: the message is not complete before the caller said go. */
#define HELD_BACK 2

struct mail_session {
    struct curl_link link;
    struct transport_request request; /* the caller's, without a user when no log-in is wanted */
    gboolean probing;                 /* only EHLO is wanted */
    int verb;                         /* command that was sent last, MAIL_VERBS = none yet */
    gboolean secured;                 /* TLS runs */
    gboolean logged_in;               /* 235 was seen */
    struct mail_offer offer;
    gboolean offered;        /* the EHLO that counts has been judged */
    enum pt_error_code stop; /* why we stopped libcurl; PT_ERROR_CODES = we did not */
    char **recipients;
    struct curl_slist *recipient_list;
    guint asked;                /* recipients answered so far */
    GString *refused;           /* those refused, comma-separated */
    enum pt_error_code refusal; /* X12 as soon as one is refused for good, else X23 */
    char *refusal_line;
    gboolean data; /* 354 was seen */
    int message;   /* the file with the mail, -1 = none */
    gint64 size, sent;
    gboolean went;     /* the caller said go: the final dot goes out */
    gboolean given_up; /* the caller said stop */
};

static gboolean stop(struct mail_session *session, enum pt_error_code code)
{
    session->stop = code;
    session->link.salvage = FALSE;
    return FALSE;
}

/* The whole answer to EHLO is there: go on, or say why not, before any credential or address goes out. */
static gboolean judge_offer(struct mail_session *session)
{
    const struct transport_request *request = &session->request;
    const struct transport_events *events = session->link.events;
    gboolean may_start = request->security == MAIL_AUTO || request->security == MAIL_EXPLICIT;

    if (!session->secured && may_start && session->offer.starttls)
        return TRUE; /* STARTTLS is next, then another EHLO */
    if (!session->secured &&
        (request->security == MAIL_EXPLICIT || (request->security == MAIL_AUTO && request->auth)))
        return stop(session, PT_ERROR_X21);
    session->offered = TRUE;
    if (session->offer.size > 0)
        events->size_limit(events->user, session->offer.size);
    if (session->probing)
        return stop(session, PT_ERROR_CODES);
    if (request->auth && !session->offer.login)
        return stop(session, PT_ERROR_X22);
    if (session->offer.size > 0 && session->size > session->offer.size)
        return stop(session, PT_ERROR_X16);
    events->step(events->user, STEP_LOGIN);
    return TRUE;
}

/* Every recipient is asked, so that all refused ones can be named; DATA is not sent unless all were accepted.
 */
static gboolean take_recipient(struct mail_session *session, const char *line, int code)
{
    const char *address = session->recipients[session->asked];

    session->asked++;
    if (code >= 400) {
        enum pt_error_code refusal = mail_reply_error(MAIL_RCPT, code, line);

        g_string_append_printf(session->refused, "%s%s", session->refused->len > 0 ? ", " : "", address);
        if (!session->refusal_line || (session->refusal == PT_ERROR_X23 && refusal != PT_ERROR_X23)) {
            session->refusal = refusal;
            g_free(session->refusal_line);
            session->refusal_line = g_strdup(line);
        }
    }
    if (code == 421)
        return stop(session, PT_ERROR_X23); /* it hangs up */
    return session->recipients[session->asked] || session->refused->len == 0
               ? TRUE
               : stop(session, session->refusal);
}

static gboolean on_line(gpointer user, const char *line, int code, gboolean last)
{
    struct mail_session *session = user;
    const struct transport_events *events = session->link.events;

    if (session->verb == MAIL_EHLO && code == 250)
        mail_offer_line(&session->offer, line);
    if (!last || code == 0)
        return TRUE;
    if ((session->verb == MAIL_EHLO || session->verb == MAIL_HELO) && code == 250)
        return judge_offer(session);
    if (session->verb == MAIL_STARTTLS) {
        /* Offered and then refused: libcurl would go on in the clear. */
        if (code != 220)
            return stop(session, code >= 400 && code < 500 ? PT_ERROR_X23 : PT_ERROR_X21);
        session->secured = TRUE;
    }
    if (session->verb == MAIL_AUTH && code == 235)
        session->logged_in = TRUE;
    /* libcurl goes on without a log-in when it finds no way to do one. */
    if (session->verb == MAIL_FROM && session->request.auth && !session->logged_in)
        return stop(session, PT_ERROR_X22);
    if (session->verb == MAIL_RCPT && session->recipients[session->asked])
        return take_recipient(session, line, code);
    if (session->verb == MAIL_DATA && code == 354) {
        session->data = TRUE;
        session->link.salvage =
            !session->secured; /* a refusal in the middle of the mail; over TLS it cannot be read */
        events->step(events->user, STEP_WRITE);
    }
    return TRUE;
}

static void on_sent(gpointer user, int verb)
{
    struct mail_session *session = user;

    session->verb = verb;
    if (verb == MAIL_EHLO)
        session->offer = (struct mail_offer){FALSE, FALSE, 0};
    if (verb == MAIL_FROM)
        session->link.events->step(session->link.events->user, STEP_OPEN);
}

/* Everything but the last bytes is on its way: the caller commits `closing`, then the rest and the final dot
 * follow. */
static gboolean let_finish(struct mail_session *session)
{
    struct curl_link *link = &session->link;
    int final_timeout =
        session->request.final_timeout_s > 0 ? session->request.final_timeout_s : FINAL_TIMEOUT_S;

    link->events->step(link->events->user, STEP_FINISH);
    if (!link->events->uploaded(link->events->user)) {
        session->given_up = TRUE;
        return stop(session, PT_ERROR_X18);
    }
    session->went = TRUE;
    fault_point("helper.go");
    link->quiet_s = final_timeout;
    link->moved_at = g_get_monotonic_time(); /* the caller's time does not count */
    return TRUE;
}

static size_t on_read(char *bytes, size_t size, size_t count, void *user)
{
    struct mail_session *session = user;
    gint64 left = session->size - session->sent;
    gsize wanted = size * count;
    gssize n;

    if (left > HELD_BACK)
        wanted = MIN(wanted, (gsize)(left - HELD_BACK));
    else if (!session->went && !let_finish(session))
        return CURL_READFUNC_ABORT;
    do
        n = pread(session->message, bytes, MIN(wanted, (gsize)left), (off_t)session->sent);
    while (n < 0 && errno == EINTR);
    if (n < 0 || (n == 0 && left > 0))
        return CURL_READFUNC_ABORT;
    session->sent += n;
    session->link.events->progress(session->link.events->user, session->sent);
    return (size_t)n;
}

/* The name in EHLO: this computer's, as far as it is one that mail servers take. */
static char *ehlo_name(void)
{
    const char *name = g_get_host_name();
    gsize good = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-");

    return g_strdup(*name && !name[good] ? name : "localhost");
}

static gboolean set_options(struct mail_session *session)
{
    const struct transport_request *request = &session->request;
    CURL *curl = session->link.curl;
    g_autofree char *name = ehlo_name();
    g_autofree char *path = g_strconcat("/", name, NULL);
    gboolean tls = request->security == MAIL_AUTO || request->security == MAIL_EXPLICIT;
    gboolean ok =
        curl_link_url(&session->link, request->security == MAIL_IMPLICIT ? "smtps" : "smtp", path) &&
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps") == CURLE_OK;

    for (int i = 0; session->recipients[i]; i++)
        session->recipient_list = curl_slist_append(session->recipient_list, session->recipients[i]);
    /* TRY is never allowed to fall back: see on_line() and judge_offer(). */
    if (tls)
        ok = ok && curl_easy_setopt(curl, CURLOPT_USE_SSL,
                                    (long)(request->security == MAIL_EXPLICIT ? CURLUSESSL_ALL
                                                                              : CURLUSESSL_TRY)) == CURLE_OK;
    if (request->auth)
        ok = ok && curl_easy_setopt(curl, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN") == CURLE_OK;
    if (session->probing)
        return ok;
    return ok && curl_easy_setopt(curl, CURLOPT_MAIL_FROM, request->from) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, session->recipient_list) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L) ==
               CURLE_OK && /* take_recipient() stops it */
           curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)session->size) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_READDATA, session) == CURLE_OK;
}

static gboolean session_open(struct mail_session *session, const struct transport_request *request,
                             const struct transport_events *events, GError **error)
{
    memset(session, 0, sizeof *session);
    session->request = *request;
    if (!request->auth)
        session->request.user = session->request.password = NULL;
    session->message = -1;
    session->verb = MAIL_VERBS;
    session->stop = PT_ERROR_CODES;
    session->secured = request->security == MAIL_IMPLICIT;
    session->refused = g_string_new(NULL);
    session->recipients = mail_addresses(request->to);
    session->link.peer.fd = session->link.control_fd = -1;
    session->link.verbs = mail_verbs;
    session->link.user = session;
    session->link.on_sent = on_sent;
    session->link.on_line = on_line;
    if (!curl_link_open(&session->link, &session->request, events, error))
        return FALSE;
    if (request->security != MAIL_PLAIN &&
        !trust_apply(&session->link.trust, session->link.curl, FALSE, error))
        return FALSE;
    return TRUE;
}

static void session_close(struct mail_session *session)
{
    curl_link_close(&session->link);
    curl_slist_free_all(session->recipient_list);
    g_strfreev(session->recipients);
    g_string_free(session->refused, TRUE);
    g_free(session->refusal_line);
    if (session->message >= 0)
        (void)close(session->message); /* only read */
}

static CURLcode perform(struct mail_session *session)
{
    CURLcode rc = CURLE_FAILED_INIT;

    if (!set_options(session))
        return rc;
    rc = curl_link_perform(&session->link);
    session->link.salvage = FALSE;
    return rc;
}

static void refusal_error(const struct mail_session *session, GError **error)
{
    const struct transport_events *events = session->link.events;

    events->server_said(events->user, session->refusal_line);
    if (session->refusal == PT_ERROR_X23)
        pt_error_set(error, PT_ERROR_X23, "the mail server does not take mail for %s now; nothing was sent",
                     "メールサーバーが一時的に宛先 %s を受け付けません(何も送信していません)",
                     session->refused->str);
    else
        pt_error_set(error, session->refusal, "the mail server refused the recipient %s; nothing was sent",
                     "メールサーバーが宛先 %s を拒否しました(何も送信していません)", session->refused->str);
}

static enum pt_error_code failure_code(const struct mail_session *session, CURLcode rc)
{
    const struct curl_link *link = &session->link;
    enum pt_error_code code = session->stop;

    if (code == PT_ERROR_CODES)
        code = curl_link_code(link, rc);
    if (code == PT_ERROR_CODES && link->code >= 400)
        code = mail_reply_error(session->verb, link->code, link->line);
    if (code == PT_ERROR_CODES && session->verb == MAIL_VERBS && link->code != 220 && link->junk)
        code = PT_ERROR_X24;
    return code == PT_ERROR_CODES ? PT_ERROR_X18 : code;
}

static void failure_error(const struct mail_session *session, CURLcode rc, GError **error)
{
    if (session->given_up)
        pt_error_set(error, PT_ERROR_X18, "stopped before the mail was finished",
                     "メールの送信完了前に中止しました");
    else if (session->refused->len > 0 && !session->data)
        refusal_error(session, error);
    else if (session->stop == PT_ERROR_X16)
        pt_error_set(error, PT_ERROR_X16,
                     "the mail has %" G_GINT64_FORMAT " bytes, the server takes %" G_GINT64_FORMAT
                     "; nothing was sent",
                     "メールは %" G_GINT64_FORMAT " バイトですが、サーバーの上限は %" G_GINT64_FORMAT
                     " バイトです(何も送信していません)",
                     session->size, session->offer.size);
    else
        curl_link_error(&session->link, failure_code(session, rc),
                        session->went ? "finishing the mail" : "sending the mail",
                        session->went ? "メールの送信完了中" : "メールの送信中", error);
}

/* After the final dot only the server's reply tells; without one the mail may have been taken. */
static enum transport_outcome judge(const struct mail_session *session, CURLcode rc, GError **error)
{
    int code = session->link.code;

    if (rc == CURLE_OK || (session->went && code >= 200 && code < 300))
        return OUTCOME_DELIVERED;
    failure_error(session, rc, error);
    return session->went && code < 400 ? OUTCOME_UNKNOWN : OUTCOME_FAILED;
}

static enum transport_outcome mail_put(const struct transport_request *request,
                                       const struct transport_events *events, GError **error)
{
    struct mail_session session;
    enum transport_outcome outcome = OUTCOME_FAILED;
    GError *failure = NULL;

    if (session_open(&session, request, events, &failure) &&
        mail_message_build(&session.request, &session.message, &session.size, &failure))
        outcome = judge(&session, perform(&session), &failure);
    fault_point("helper.finished");
    if (events->outcome)
        events->outcome(events->user, outcome, failure);
    session_close(&session);
    if (failure)
        g_propagate_error(error, failure);
    return outcome;
}

static gboolean mail_probe(const struct transport_request *request, const struct transport_events *events,
                           gint64 *ret_size_limit, GError **error)
{
    struct mail_session session;
    gboolean ok = session_open(&session, request, events, error);

    if (ok) {
        CURLcode rc;

        session.probing = TRUE;
        rc = perform(&session);
        ok = session.offered;
        if (ok)
            *ret_size_limit = session.offer.size;
        else
            failure_error(&session, rc, error);
    }
    session_close(&session);
    return ok;
}

const struct transport transport_mail = {"mail", mail_put, NULL, mail_probe, NULL, NULL};
