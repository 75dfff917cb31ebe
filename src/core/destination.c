/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Judges and takes apart SMB and FTP paths, mail servers, mail addresses and user names. */
#include "core/destination.h"

#include <string.h>

#define HOST_MAX 253
#define SMB_PORT 445
#define PORT_PART 6        /* ":65535" */
#define RECIPIENTS_MAX 100 /* what every mail server must take (RFC 5321 4.5.3.1.8) */
#define DIGITS "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

static const char *next_char(const char *at)
{
    return at + g_utf8_skip[(guchar)*at]; /* g_utf8_next_char() drops const */
}

gsize text_width(const char *text)
{
    gsize width = 0;

    for (const char *at = text; *at; at = next_char(at))
        width += g_unichar_iswide(g_utf8_get_char(at)) ? 2 : 1;
    return width;
}

char *text_normalise(const char *text)
{
    GString *normal = g_string_sized_new(strlen(text));

    for (const char *at = text; *at; at = next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        g_string_append_unichar(normal, c == 0x00A5 || c == 0xFFE5 || c == 0xFF3C ? '\\' : c);
    }
    return g_string_free(normal, FALSE);
}

/* Every refusal names the limit too. The value itself is never repeated: it may hold what was meant to be
 * secret. */
#define REFUSE(error, limit, en, ja)                                                                         \
    (pt_error_set((error), PT_ERROR_INPUT, en " (at most %zu characters)", ja "(最大%zu文字)", (limit)),     \
     FALSE)

gboolean text_check(const char *text, gsize limit, GError **error)
{
    if (!g_utf8_validate(text, -1, NULL))
        return REFUSE(error, limit, "not valid UTF-8", "文字コードがUTF-8ではありません");
    if (text_width(text) > limit) {
        pt_error_set(error, PT_ERROR_INPUT, "longer than %zu characters (a wide character counts 2)",
                     "%zu文字を超えています(全角は2文字と数えます)", limit);
        return FALSE;
    }
    for (const char *at = text; *at; at = next_char(at))
        if (g_unichar_iscntrl(g_utf8_get_char(at)))
            return REFUSE(error, limit, "control characters (line ends, TAB …) are not allowed",
                          "制御文字(改行、タブなど)は使えません");
    return TRUE;
}

/* Dotted decimal as people write it; leading zeros are refused because some resolvers read them as octal. */
static gboolean ipv4_valid(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, ".", 5);

    if (g_strv_length(parts) != 4)
        return FALSE;
    for (int i = 0; i < 4; i++) {
        gsize length = strlen(parts[i]);
        if (length < 1 || length > 3 || strspn(parts[i], DIGITS) != length ||
            (length > 1 && parts[i][0] == '0') || g_ascii_strtoull(parts[i], NULL, 10) > 255)
            return FALSE;
    }
    return TRUE;
}

static gboolean host_valid(const char *host, const char *allowed)
{
    gsize length = strlen(host);

    if (length < 1 || length > HOST_MAX || strspn(host, allowed) != length || strstr(host, ".."))
        return FALSE;
    return strspn(host, DIGITS ".") != length || ipv4_valid(host);
}

/* 1–65535 in plain digits, without leading zeros so that one port has one spelling. */
static gboolean port_parse(const char *text, int *ret_port)
{
    gsize length = strlen(text);
    guint64 port;

    if (length < 1 || length > 5 || strspn(text, DIGITS) != length || text[0] == '0')
        return FALSE;
    port = g_ascii_strtoull(text, NULL, 10);
    if (port > 65535)
        return FALSE;
    *ret_port = (int)port;
    return TRUE;
}

/* "host" or "host<separator>port". On success *ret_host is new and *ret_port is only touched when a port is
 * given. */
static gboolean authority_parse(const char *text, char separator, gsize limit, char **ret_host, int *ret_port,
                                GError **error)
{
    const char *split = strchr(text, separator);
    g_autofree char *host = split ? g_strndup(text, (gsize)(split - text)) : g_strdup(text);

    if (!*host)
        return REFUSE(error, limit, "the IP address or computer name is missing",
                      "IPアドレスまたはコンピュータ名がありません");
    if (!host_valid(host, LETTERS DIGITS "-_."))
        return REFUSE(error, limit, "the computer must be an IPv4 address or 1 to 253 of A-Z a-z 0-9 - _ .",
                      "コンピュータはIPv4アドレスまたは A-Z a-z 0-9 - _ . の1~253文字で指定してください");
    if (split && !port_parse(split + 1, ret_port))
        return REFUSE(error, limit, "the port must be a number from 1 to 65535",
                      "ポート番号は1~65535で指定してください");
    *ret_host = g_steal_pointer(&host);
    return TRUE;
}

/* What follows the prefix, cut at '\'; one trailing '\' is allowed, empty components and ".." never are. */
static char **components(const char *rest, gsize limit, GError **error)
{
    gsize length = strlen(rest);
    g_autofree char *trimmed = g_strndup(rest, length > 0 && rest[length - 1] == '\\' ? length - 1 : length);
    g_auto(GStrv) parts = g_strsplit(trimmed, "\\", -1);

    if (!parts[0] || !*parts[0]) {
        (void)REFUSE(error, limit, "the IP address or computer name is missing",
                     "IPアドレスまたはコンピュータ名がありません");
        return NULL;
    }
    for (char **part = parts; *part; part++) {
        if (!**part) {
            (void)REFUSE(error, limit, "an empty share or folder name (two \\ in a row) is not allowed",
                         "共有名またはフォルダ名が空です(\\ が続いています)");
            return NULL;
        }
        if (strcmp(*part, "..") == 0) {
            (void)REFUSE(error, limit, "\"..\" is not allowed", "「..」は使えません");
            return NULL;
        }
    }
    return g_steal_pointer(&parts);
}

void smb_destination_clear(struct smb_destination *destination)
{
    g_clear_pointer(&destination->host, g_free);
    g_clear_pointer(&destination->share, g_free);
    g_clear_pointer(&destination->folder, g_free);
}

void ftp_destination_clear(struct ftp_destination *destination)
{
    g_clear_pointer(&destination->host, g_free);
    g_clear_pointer(&destination->folder, g_free);
}

void mail_server_clear(struct mail_server *server)
{
    g_clear_pointer(&server->host, g_free);
}

gboolean smb_destination_parse(const char *text, gsize limit, struct smb_destination *ret, char **ret_normal,
                               GError **error)
{
    g_autofree char *normal = NULL;
    g_autofree char *host = NULL;
    g_auto(GStrv) parts = NULL;
    int port = SMB_PORT;

    if (!g_utf8_validate(text, -1, NULL))
        return text_check(text, limit, error);
    normal = text_normalise(text);
    if (!g_str_has_prefix(normal, "\\\\"))
        return REFUSE(error, limit, "must begin with \\\\, as \\\\computer\\share\\folder",
                      "\\\\ で始めてください(例:\\\\コンピュータ名\\共有名\\フォルダ)");
    if (!text_check(normal, limit, error))
        return FALSE;
    if (strpbrk(normal, "\"*/:<>?|"))
        return REFUSE(error, limit, "the characters \" * / : < > ? | are not allowed",
                      "\" * / : < > ? | は使えません");
    parts = components(normal + 2, limit, error);
    if (!parts || !authority_parse(parts[0], '@', limit, &host, &port, error))
        return FALSE;
    if (!parts[1])
        return REFUSE(error, limit, "the share is missing, as in \\\\computer\\share",
                      "共有名がありません(例:\\\\コンピュータ名\\共有名)");
    *ret = (struct smb_destination){g_steal_pointer(&host), port, g_strdup(parts[1]),
                                    g_strjoinv("\\", parts + 2)};
    if (ret_normal)
        *ret_normal = g_steal_pointer(&normal);
    return TRUE;
}

gboolean ftp_destination_parse(const char *text, gsize limit, struct ftp_destination *ret, char **ret_normal,
                               GError **error)
{
    g_autofree char *normal = NULL;
    g_autofree char *host = NULL;
    g_auto(GStrv) parts = NULL;
    const char *rest;
    gboolean ftps;
    int port = 0;

    if (!g_utf8_validate(text, -1, NULL))
        return text_check(text, limit, error);
    normal = text_normalise(text);
    g_strdelimit(normal, "/", '\\');
    ftps = g_ascii_strncasecmp(normal, "ftps:\\\\", 7) == 0;
    if (!ftps && g_ascii_strncasecmp(normal, "ftp:\\\\", 6) != 0)
        return REFUSE(error, limit, "must begin with ftp:\\\\, as ftp:\\\\computer\\folder",
                      "ftp:\\\\ で始めてください(例:ftp:\\\\コンピュータ名\\フォルダ)");
    if (!text_check(normal, limit, error))
        return FALSE;
    rest = normal + (ftps ? 7 : 6);
    parts = components(rest, limit, error);
    if (!parts)
        return FALSE;
    if (strchr(parts[0], '@'))
        return REFUSE(error, limit,
                      "user name and password do not belong into the path: use ftp.user and ftp.password",
                      "パスにユーザ名やパスワードは書けません。ftp.user と ftp.password を使ってください");
    if (!authority_parse(parts[0], ':', limit, &host, &port, error))
        return FALSE;
    *ret = (struct ftp_destination){g_steal_pointer(&host), port, ftps, g_strjoinv("/", parts + 1)};
    if (ret_normal)
        *ret_normal = g_strconcat("ftp:\\\\", rest, NULL);
    return TRUE;
}

gboolean mail_server_parse(const char *text, gsize limit, struct mail_server *ret, GError **error)
{
    const char *split = strchr(text, ':');
    gsize beside_port = MIN(limit > PORT_PART ? limit - PORT_PART : 0, (gsize)HOST_MAX);
    gsize name_limit = split ? beside_port : MIN(limit, (gsize)HOST_MAX);
    g_autofree char *host = split ? g_strndup(text, (gsize)(split - text)) : g_strdup(text);
    int port = 0;

    if (!text_check(text, limit, error))
        return FALSE;
    if (!host_valid(host, LETTERS DIGITS "-."))
        return REFUSE(
            error, limit, "must be an IPv4 address or a name of A-Z a-z 0-9 - . with or without :port",
            "IPv4アドレスまたは A-Z a-z 0-9 - . の名前で指定してください(「:ポート番号」を付けられます)");
    if (strlen(host) > name_limit) {
        pt_error_set(error, PT_ERROR_INPUT, "the name is longer than %zu characters (with :port at most %zu)",
                     "名前が%zu文字を超えています(「:ポート番号」を付けるときは最大%zu文字)", name_limit,
                     beside_port);
        return FALSE;
    }
    if (split && !port_parse(split + 1, &port))
        return REFUSE(error, limit, "the port must be a number from 1 to 65535",
                      "ポート番号は1~65535で指定してください");
    *ret = (struct mail_server){g_steal_pointer(&host), port};
    return TRUE;
}

/* A name of the mail world, or an IPv4 address in brackets (RFC 5321 4.1.3). */
static gboolean mail_domain_valid(const char *domain)
{
    gsize length = strlen(domain);

    if (length > 2 && domain[0] == '[' && domain[length - 1] == ']') {
        g_autofree char *address = g_strndup(domain + 1, length - 2);
        return ipv4_valid(address);
    }
    return host_valid(domain, LETTERS DIGITS "-_.") && domain[0] != '.' && domain[length - 1] != '.';
}

static gboolean one_address_valid(const char *text)
{
    const char *at = strchr(text, '@');
    gsize local = at ? (gsize)(at - text) : 0;

    /* Dots may stand anywhere: Japanese mobile carriers gave out such addresses. */
    return local > 0 && strspn(text, LETTERS DIGITS "!#$%&'*+-/=?^_`{|}~.") == local &&
           mail_domain_valid(at + 1);
}

gboolean mail_address_check(const char *text, gsize limit, gboolean several, GError **error)
{
    g_auto(GStrv) list = NULL;

    if (!several) {
        if (!text_check(text, limit, error))
            return FALSE;
        return one_address_valid(text) ||
               REFUSE(error, limit, "must be one bare address such as user@example.com",
                      "user@example.com のようなアドレスを1つだけ指定してください");
    }
    list = g_strsplit(text, ",", RECIPIENTS_MAX + 1);
    if (g_strv_length(list) > RECIPIENTS_MAX) {
        pt_error_set(error, PT_ERROR_INPUT, "more than %d addresses", "アドレスが%d件を超えています",
                     RECIPIENTS_MAX);
        return FALSE;
    }
    for (char **one = list; *one; one++) {
        const char *address = *one + strspn(*one, " ");
        if (!text_check(address, limit, error))
            return FALSE;
        if (!one_address_valid(address))
            return REFUSE(error, limit,
                          "must be bare addresses such as user@example.com, separated by commas",
                          "user@example.com のようなアドレスをコンマで区切って指定してください");
    }
    return *list || REFUSE(error, limit, "an address is missing", "アドレスがありません");
}

gboolean user_parse(const char *text, gsize limit, char **ret_domain, char **ret_user, GError **error)
{
    g_autofree char *normal = NULL;
    g_auto(GStrv) parts = NULL;
    guint n;

    if (!g_utf8_validate(text, -1, NULL))
        return text_check(text, limit, error);
    normal = text_normalise(text);
    if (!text_check(normal, limit, error))
        return FALSE;
    parts = g_strsplit(normal, "\\", 3);
    n = g_strv_length(parts);
    if (n < 1 || n > 2 || !*parts[0] || !*parts[n - 1])
        return REFUSE(error, limit, "must be user or domain\\user",
                      "「ユーザ名」または「ドメイン名\\ユーザ名」で指定してください");
    if (ret_domain)
        *ret_domain = g_strdup(n == 2 ? parts[0] : "");
    if (ret_user)
        *ret_user = g_strdup(parts[n - 1]);
    return TRUE;
}
