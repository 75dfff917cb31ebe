/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Builds the mail with GMime 3. */
#include "transport/mail-message.h"

#include <errno.h>
#include <fcntl.h>
#include <gmime/gmime.h>
#include <string.h>
#include <unistd.h>

/* RFC 5322 2.1.1 allows 998; a body line longer than this goes out as base64. */
#define PLAIN_LINE_MAX 900

char **mail_addresses(const char *list)
{
    g_auto(GStrv) parts = g_strsplit(list ? list : "", ",", -1);
    g_autoptr(GStrvBuilder) addresses = g_strv_builder_new();

    for (int i = 0; parts[i]; i++)
        if (*g_strstrip(parts[i]))
            g_strv_builder_add(addresses, parts[i]);
    return g_strv_builder_end(addresses);
}

static gboolean is_plain(const char *text)
{
    gsize line = 0;

    for (; *text; text++) {
        line = *text == '\n' ? 0 : line + 1;
        if ((guchar)*text >= 0x80 || line > PLAIN_LINE_MAX)
            return FALSE;
    }
    return TRUE;
}

static GMimeObject *text_part(const char *body)
{
    GMimeTextPart *part = g_mime_text_part_new_with_subtype("plain");
    GMimePart *base = GMIME_PART(part);
    GMimeContentEncoding encoding =
        is_plain(body) ? GMIME_CONTENT_ENCODING_7BIT : GMIME_CONTENT_ENCODING_BASE64;
    g_auto(GStrv) lines = g_strsplit(body, "\n", -1);
    /* In base64 nothing else turns line ends into those of text (RFC 2045 6.8); outside it the writer does.
     */
    g_autofree char *text = g_strjoinv(encoding == GMIME_CONTENT_ENCODING_BASE64 ? "\r\n" : "\n", lines);
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(text, strlen(text));
    GMimeDataWrapper *content = g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);

    g_mime_object_set_content_type_parameter(GMIME_OBJECT(part), "charset", "utf-8");
    g_mime_part_set_content(base, content);
    g_mime_part_set_content_encoding(base, encoding);
    g_object_unref(content);
    g_object_unref(stream);
    return GMIME_OBJECT(part);
}

/* IANA's name for what Windows calls CP932. */
static const char *charset_name(const char *charset)
{
    return g_ascii_strcasecmp(charset, "cp932") == 0 ? "Windows-31J" : charset;
}

static GMimeObject *csv_part(const struct transport_request *request, int spool)
{
    GMimePart *part = g_mime_part_new_with_type("text", "csv");
    GMimeStream *stream = g_mime_stream_fs_new(spool);
    GMimeDataWrapper *content = g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);

    if (request->charset && *request->charset)
        g_mime_object_set_content_type_parameter(GMIME_OBJECT(part), "charset",
                                                 charset_name(request->charset));
    g_mime_object_set_disposition(GMIME_OBJECT(part), GMIME_DISPOSITION_ATTACHMENT);
    g_mime_part_set_filename(part, request->file_name);
    g_mime_part_set_content(part, content);
    g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64);
    g_object_unref(content);
    g_object_unref(stream);
    return GMIME_OBJECT(part);
}

static char *bare_id(const char *message_id)
{
    gsize length = strlen(message_id);

    if (length >= 2 && message_id[0] == '<' && message_id[length - 1] == '>')
        return g_strndup(message_id + 1, length - 2);
    return g_strdup(message_id);
}

static GMimeMessage *message_new(const struct transport_request *request, int spool)
{
    GMimeMessage *message = g_mime_message_new(FALSE);
    GMimeMultipart *parts = g_mime_multipart_new_with_subtype("mixed");
    GMimeObject *text = text_part(request->body ? request->body : "");
    GMimeObject *csv = csv_part(request, spool);
    g_auto(GStrv) to = mail_addresses(request->to);
    g_autofree char *id = bare_id(request->message_id);

    g_mime_object_set_header(GMIME_OBJECT(message), "Date", request->date, "utf-8");
    g_mime_message_add_mailbox(message, GMIME_ADDRESS_TYPE_FROM, NULL, request->from);
    for (int i = 0; to[i]; i++)
        g_mime_message_add_mailbox(message, GMIME_ADDRESS_TYPE_TO, NULL, to[i]);
    g_mime_message_set_subject(message, request->subject ? request->subject : request->file_name, "utf-8");
    g_mime_message_set_message_id(message, id);
    g_mime_object_set_header(GMIME_OBJECT(message), "Auto-Submitted", "auto-generated", "utf-8");
    g_mime_object_set_header(GMIME_OBJECT(message), "X-Mailer", "printtrail", "utf-8");
    g_mime_multipart_set_boundary(parts, request->boundary);
    g_mime_multipart_add(parts, text);
    g_mime_multipart_add(parts, csv);
    g_mime_message_set_mime_part(message, GMIME_OBJECT(parts));
    g_object_unref(text);
    g_object_unref(csv);
    g_object_unref(parts);
    return message;
}

static int open_nameless(const char *folder)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    g_autofree char *path = NULL;

    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL && errno != ENOENT))
        return fd;
    path = g_build_filename(folder, ".mail-XXXXXX", NULL);
    fd = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        (void)unlink(path); /* the open file stays */
    return fd;
}

/* GMime closes the descriptors that it is given. */
static gboolean write_message(const struct transport_request *request, int spool, int out)
{
    GMimeMessage *message = message_new(request, spool);
    GMimeStream *file = g_mime_stream_fs_new(out);
    GMimeStream *buffer = g_mime_stream_buffer_new(file, GMIME_STREAM_BUFFER_BLOCK_WRITE);
    GMimeFormatOptions *options = g_mime_format_options_new();
    gboolean ok;

    g_mime_format_options_set_newline_format(options, GMIME_NEWLINE_FORMAT_DOS);
    errno = 0;
    ok = g_mime_object_write_to_stream(GMIME_OBJECT(message), options, buffer) >= 0 &&
         g_mime_stream_flush(buffer) == 0;
    g_mime_format_options_free(options);
    g_object_unref(buffer);
    g_object_unref(file);
    g_object_unref(message);
    return ok;
}

gboolean mail_message_build(const struct transport_request *request, int *ret_fd, gint64 *ret_size,
                            GError **error)
{
    int fd = open_nameless(request->work_dir ? request->work_dir : g_get_tmp_dir());
    int spool = fcntl(request->fd, F_DUPFD_CLOEXEC, 3);
    int out = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;
    gint64 size = -1;

    if (spool >= 0 && out >= 0 && lseek(spool, 0, SEEK_SET) == 0) {
        g_mime_init();
        if (write_message(request, spool, out))
            size = lseek(fd, 0, SEEK_END);
    }
    if (size > 0) {
        *ret_fd = fd;
        *ret_size = size;
        return TRUE;
    }
    pt_error_set(error, PT_ERROR_X19, "the mail cannot be built in %s: %s", "%s にメールを作成できません: %s",
                 request->work_dir ? request->work_dir : g_get_tmp_dir(), g_strerror(errno));
    if (fd >= 0)
        (void)close(fd); /* of no use any more */
    return FALSE;
}
