/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads the request line: one table of members, then what the operation needs. */
#include "deliver/request.h"

#include <stddef.h>
#include <string.h>

#define NAME_MAX_BYTES 255
#define TEXT_MAX_BYTES 4096
#define BODY_MAX_BYTES (256 * 1024)
#define TIMEOUT_MAX_S 86400

enum member_type { MEMBER_TEXT, MEMBER_BODY, MEMBER_NAME, MEMBER_INT, MEMBER_SIZE, MEMBER_FLAG };

#define IN_REQUEST(field) offsetof(struct deliver_request, field)
#define IN_TRANSPORT(field) IN_REQUEST(transport_request.field)

static const struct member {
    const char *name;
    enum member_type type;
    size_t offset;
    int minimum, maximum; /* of numbers */
} members[] = {
    {"key_file", MEMBER_TEXT, IN_REQUEST(key_file), 0, 0},
    {"secret", MEMBER_TEXT, IN_REQUEST(secret), 0, 0},
    {"spool", MEMBER_TEXT, IN_REQUEST(spool), 0, 0},
    {"host", MEMBER_TEXT, IN_TRANSPORT(host), 0, 0},
    {"port", MEMBER_INT, IN_TRANSPORT(port), 1, 65535},
    {"share", MEMBER_TEXT, IN_TRANSPORT(share), 0, 0},
    {"folder", MEMBER_TEXT, IN_TRANSPORT(folder), 0, 0},
    {"domain", MEMBER_TEXT, IN_TRANSPORT(domain), 0, 0},
    {"user", MEMBER_TEXT, IN_TRANSPORT(user), 0, 0},
    {"create_folder", MEMBER_FLAG, IN_TRANSPORT(create_folder), 0, 0},
    {"encryption_required", MEMBER_FLAG, IN_TRANSPORT(encryption_required), 0, 0},
    {"security", MEMBER_INT, IN_TRANSPORT(security), 0, 3},
    {"active", MEMBER_FLAG, IN_TRANSPORT(active), 0, 0},
    {"auth", MEMBER_FLAG, IN_TRANSPORT(auth), 0, 0},
    {"to", MEMBER_TEXT, IN_TRANSPORT(to), 0, 0},
    {"from", MEMBER_TEXT, IN_TRANSPORT(from), 0, 0},
    {"ca_file", MEMBER_TEXT, IN_TRANSPORT(ca_file), 0, 0},
    {"trusted_sha256", MEMBER_TEXT, IN_TRANSPORT(trusted_sha256), 0, 0},
    {"timeout_s", MEMBER_INT, IN_TRANSPORT(timeout_s), 1, TIMEOUT_MAX_S},
    {"final_timeout_s", MEMBER_INT, IN_TRANSPORT(final_timeout_s), 0, TIMEOUT_MAX_S},
    {"file_name", MEMBER_NAME, IN_TRANSPORT(file_name), 0, 0},
    {"temp_name", MEMBER_NAME, IN_TRANSPORT(temp_name), 0, 0},
    {"earlier_file", MEMBER_NAME, IN_TRANSPORT(earlier_file), 0, 0},
    {"size", MEMBER_SIZE, IN_TRANSPORT(size), 0, 0},
    {"message_id", MEMBER_TEXT, IN_TRANSPORT(message_id), 0, 0},
    {"date", MEMBER_TEXT, IN_TRANSPORT(date), 0, 0},
    {"boundary", MEMBER_TEXT, IN_TRANSPORT(boundary), 0, 0},
    {"subject", MEMBER_TEXT, IN_TRANSPORT(subject), 0, 0},
    {"body", MEMBER_BODY, IN_TRANSPORT(body), 0, 0},
    {"sha256", MEMBER_TEXT, IN_TRANSPORT(sha256), 0, 0},
    {"charset", MEMBER_TEXT, IN_TRANSPORT(charset), 0, 0},
    {"test", MEMBER_FLAG, IN_TRANSPORT(test), 0, 0},
    {"prefix", MEMBER_TEXT, IN_TRANSPORT(prefix), 0, 0},
};

static gboolean refuse(GError **error, const char *name, const char *why)
{
    pt_error_set(error, PT_ERROR_INPUT, "delivery request: %s %s", "送信要求: %s %s", name, why);
    return FALSE;
}

static gboolean has_control(const char *text)
{
    for (; *text; text++)
        if (g_ascii_iscntrl(*text))
            return TRUE;
    return FALSE;
}

/* A NULL from JSON null or an empty text of an optional member both mean "none"; the transports treat them
 * alike. */
static gboolean take_text(const struct member *member, json_t *value, struct deliver_request *request,
                          GError **error)
{
    const char *text = json_string_value(value);
    gsize limit = member->type == MEMBER_NAME   ? NAME_MAX_BYTES
                  : member->type == MEMBER_BODY ? BODY_MAX_BYTES
                                                : TEXT_MAX_BYTES;

    if (json_is_null(value))
        return TRUE;
    if (!text)
        return refuse(error, member->name, "is not a text");
    if (strlen(text) > limit)
        return refuse(error, member->name, "is too long");
    if (member->type != MEMBER_BODY && has_control(text))
        return refuse(error, member->name, "holds a control character");
    if (member->type == MEMBER_NAME &&
        (strpbrk(text, "/\\") || strcmp(text, ".") == 0 || strcmp(text, "..") == 0))
        return refuse(error, member->name, "is not a base name");
    *(const char **)((char *)request + member->offset) = text;
    return TRUE;
}

static gboolean take_number(const struct member *member, json_t *value, struct deliver_request *request,
                            GError **error)
{
    json_int_t number = json_integer_value(value);

    if (!json_is_integer(value))
        return refuse(error, member->name, "is not a number");
    if (member->type == MEMBER_SIZE) {
        if (number < 0)
            return refuse(error, member->name, "is out of range");
        request->transport_request.size = number;
        return TRUE;
    }
    if (number < member->minimum || number > member->maximum)
        return refuse(error, member->name, "is out of range");
    *(int *)((char *)request + member->offset) = (int)number;
    return TRUE;
}

static gboolean take_member(const struct member *member, json_t *value, struct deliver_request *request,
                            GError **error)
{
    switch (member->type) {
    case MEMBER_TEXT:
    case MEMBER_BODY:
    case MEMBER_NAME:
        return take_text(member, value, request, error);
    case MEMBER_INT:
    case MEMBER_SIZE:
        return take_number(member, value, request, error);
    case MEMBER_FLAG:
        if (!json_is_boolean(value))
            return refuse(error, member->name, "is not true or false");
        *(gboolean *)((char *)request + member->offset) = json_is_true(value);
        return TRUE;
    }
    return FALSE;
}

static gboolean take_known_files(json_t *value, struct deliver_request *request, GError **error)
{
    size_t count = json_array_size(value);

    if (!json_is_array(value))
        return refuse(error, "known_files", "is not a list");
    request->known_files = g_new0(const char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        request->known_files[i] = json_string_value(json_array_get(value, i));
        if (!request->known_files[i])
            return refuse(error, "known_files", "holds something that is not a text");
    }
    request->transport_request.known_files = request->known_files;
    return TRUE;
}

static gboolean take_op(json_t *root, struct deliver_request *request, GError **error)
{
    static const char *const ops[] = {"put", "resolve", "probe", "remove", "compare"};
    const char *op = json_string_value(json_object_get(root, "op"));
    const char *method = json_string_value(json_object_get(root, "method"));
    gsize i = 0;

    while (i < G_N_ELEMENTS(ops) && g_strcmp0(ops[i], op) != 0)
        i++;
    if (i == G_N_ELEMENTS(ops))
        return refuse(error, "op", "is not one of put, resolve, probe, remove, compare");
    request->op = (enum deliver_op)i;
    request->transport = method ? transport_find(method) : NULL;
    if (!request->transport)
        return refuse(error, "method", "is not one of smb, ftp, mail");
    return TRUE;
}

static gboolean take_all(json_t *root, struct deliver_request *request, GError **error)
{
    const char *key;
    json_t *value;

    if (!take_op(root, request, error))
        return FALSE;
    json_object_foreach(root, key, value)
    {
        gsize i = 0;

        if (strcmp(key, "op") == 0 || strcmp(key, "method") == 0)
            continue;
        if (strcmp(key, "known_files") == 0) {
            if (!json_is_null(value) && !take_known_files(value, request, error))
                return FALSE;
            continue;
        }
        while (i < G_N_ELEMENTS(members) && strcmp(members[i].name, key) != 0)
            i++;
        if (i == G_N_ELEMENTS(members))
            return refuse(error, key, "is not known");
        if (!take_member(&members[i], value, request, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean need(const char *text, const char *name, GError **error)
{
    return text && *text ? TRUE : refuse(error, name, "is missing");
}

static gboolean check_op(const struct deliver_request *request, GError **error)
{
    const struct transport *transport = request->transport;

    if ((request->op == DELIVER_RESOLVE && !transport->resolve) ||
        (request->op == DELIVER_PROBE && !transport->probe) ||
        (request->op == DELIVER_REMOVE && !transport->remove_temporary) ||
        (request->op == DELIVER_COMPARE && !transport->compare))
        return refuse(error, "op", "is not possible with this method");
    return TRUE;
}

static gboolean check_needed(const struct deliver_request *request, GError **error)
{
    const struct transport_request *t = &request->transport_request;
    gboolean mail = strcmp(request->transport->name, "mail") == 0;
    gboolean smb = strcmp(request->transport->name, "smb") == 0;

    if (!check_op(request, error) || !need(t->host, "host", error) ||
        (smb && !need(t->share, "share", error)))
        return FALSE;
    if (t->port == 0)
        return refuse(error, "port", "is missing");
    if (request->op == DELIVER_PROBE)
        return TRUE;
    if (request->op == DELIVER_PUT && !need(request->spool, "spool", error))
        return FALSE;
    if (request->op != DELIVER_REMOVE &&
        (!need(t->file_name, "file_name", error) || (t->size < 0 && !refuse(error, "size", "is missing"))))
        return FALSE;
    if (request->op == DELIVER_COMPARE)
        return need(t->sha256, "sha256", error);
    if (mail)
        return need(t->to, "to", error) && need(t->from, "from", error) &&
               need(t->message_id, "message_id", error) && need(t->date, "date", error) &&
               need(t->boundary, "boundary", error);
    return need(t->temp_name, "temp_name", error);
}

gboolean deliver_request_parse(const char *text, gsize length, struct deliver_request *ret_request,
                               GError **error)
{
    struct deliver_request request = {.transport_request = {.fd = -1, .size = -1, .timeout_s = 60}};
    json_error_t failure;
    json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &failure);

    if (!json_is_object(root)) {
        pt_error_set(error, PT_ERROR_INPUT, "the delivery request is not a JSON object",
                     "送信要求がJSONオブジェクトではありません");
        json_decref(root);
        return FALSE;
    }
    request.root = root;
    if (!take_all(root, &request, error) || !check_needed(&request, error)) {
        deliver_request_clear(&request);
        return FALSE;
    }
    *ret_request = request;
    return TRUE;
}

void deliver_request_clear(struct deliver_request *request)
{
    json_decref(request->root);
    g_free(request->known_files);
    g_free(request->work_dir);
    memset(request, 0, sizeof *request);
}
