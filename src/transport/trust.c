/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Judges a TLS server's certificate inside OpenSSL's verification. */
#include "transport/trust.h"

#include "transport/words.h"
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <unistd.h>

static char *fingerprint(const X509 *certificate)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    GString *text = g_string_new(NULL);

    if (X509_digest(certificate, EVP_sha256(), digest, &length))
        for (unsigned int i = 0; i < length; i++)
            g_string_append_printf(text, "%02x", digest[i]);
    return g_string_free(text, FALSE);
}

/* Administrators paste fingerprints with colons, blanks and capitals. */
static gboolean same_fingerprint(const char *pinned, const char *shown)
{
    for (; *pinned; pinned++) {
        if (*pinned == ':' || *pinned == ' ')
            continue;
        if (g_ascii_tolower(*pinned) != *shown)
            return FALSE;
        shown++;
    }
    return !*shown;
}

static char *name_text(const X509_NAME *name)
{
    BIO *memory = BIO_new(BIO_s_mem());
    char *bytes = NULL;
    long length;
    char *text;

    if (!memory ||
        X509_NAME_print_ex(memory, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) < 0) {
        BIO_free(memory);
        return g_strdup("");
    }
    length = BIO_get_mem_data(memory, &bytes);
    text = words_clean(bytes, (gsize)MAX(length, 0), NULL);
    BIO_free(memory);
    return text;
}

static char *time_text(const ASN1_TIME *time)
{
    struct tm parts;

    if (!ASN1_TIME_to_tm(time, &parts))
        return g_strdup("");
    return g_strdup_printf("%04d-%02d-%02dT%02d:%02d:%02dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                           parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

static void tell_certificate(const struct trust *trust, X509 *leaf, const char *sha256)
{
    g_autofree char *subject = name_text(X509_get_subject_name(leaf));
    g_autofree char *issuer = name_text(X509_get_issuer_name(leaf));
    g_autofree char *not_before = time_text(X509_get0_notBefore(leaf));
    g_autofree char *not_after = time_text(X509_get0_notAfter(leaf));
    const struct transport_certificate certificate = {subject, issuer, not_before, not_after, sha256};

    trust->events->certificate(trust->events->user, &certificate);
}

static gboolean names_host(X509 *leaf, const char *host)
{
    struct in_addr address;

    return inet_pton(AF_INET, host, &address) == 1 ? X509_check_ip_asc(leaf, host, 0) == 1
                                                   : X509_check_host(leaf, host, 0, 0, NULL) == 1;
}

static int on_verify(X509_STORE_CTX *store, void *user)
{
    struct trust *trust = user;
    X509 *leaf = X509_STORE_CTX_get0_cert(store);
    const char *pinned = trust->request->trusted_sha256;
    g_autofree char *sha256 = leaf ? fingerprint(leaf) : g_strdup("");

    if (pinned && *pinned && *sha256 && same_fingerprint(pinned, sha256)) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
    }
    if (leaf && X509_verify_cert(store) == 1) {
        if (names_host(leaf, trust->request->host))
            return 1;
        X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
    }
    trust->refused = TRUE;
    g_free(trust->why);
    trust->why = g_strdup(X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)));
    if (leaf)
        tell_certificate(trust, leaf, sha256);
    return 0;
}

static CURLcode on_context(CURL *curl, void *context, void *user)
{
    (void)curl;
    SSL_CTX_set_cert_verify_callback(context, on_verify, user);
    return CURLE_OK;
}

gboolean trust_apply(struct trust *trust, CURL *curl, gboolean no_tls13, GError **error)
{
    const char *ca_file = trust->request->ca_file;
    long versions =
        no_tls13 ? CURL_SSLVERSION_TLSv1_2 | CURL_SSLVERSION_MAX_TLSv1_2 : CURL_SSLVERSION_TLSv1_2;
    gboolean ok = curl_easy_setopt(curl, CURLOPT_SSLVERSION, versions) == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L) ==
                      CURLE_OK && /* on_verify() does; a pinned one may have any name */
                  curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, on_context) == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, trust) == CURLE_OK;

    if (ca_file && *ca_file) {
        if (access(ca_file, R_OK) != 0) {
            pt_error_set(error, PT_ERROR_X11, "the file of CA certificates %s cannot be read",
                         "CA証明書ファイル %s を読めません", ca_file);
            return FALSE;
        }
        /* Replaces the system's bundle file; the same authorities stay trusted through CURLOPT_CAPATH's
         * default, /etc/ssl/certs. */
        ok = ok && curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file) == CURLE_OK;
    }
    if (!ok)
        pt_error_set(error, PT_ERROR_INTERNAL, "the TLS library cannot be set up",
                     "TLSライブラリを設定できません");
    return ok;
}

void trust_clear(struct trust *trust)
{
    g_free(trust->why);
    trust->why = NULL;
}
