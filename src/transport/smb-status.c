/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NT statuses, errno values and log lines of libsmbclient 4.17, and the error codes that they mean. */
#include "transport/smb-status.h"

#include "transport/words.h"
#include <errno.h>
#include <string.h>

/* MS-ERREF 2.3.1. `phrase` is in Samba's sentence for a log-in refusal, where its log has no number; lower
 * case. */
static const struct status_row {
    guint32 status;
    const char *name;
    enum pt_error_code code;
    const char *phrase;
} statuses[] = {
    {0xc0000072, "NT_STATUS_ACCOUNT_DISABLED", PT_ERROR_X05, "currently disabled"},
    {0xc0000234, "NT_STATUS_ACCOUNT_LOCKED_OUT", PT_ERROR_X05, "locked"},
    {0xc0000193, "NT_STATUS_ACCOUNT_EXPIRED", PT_ERROR_X05, "user account has expired"},
    {0xc0000071, "NT_STATUS_PASSWORD_EXPIRED", PT_ERROR_X05, "password has expired"},
    {0xc0000224, "NT_STATUS_PASSWORD_MUST_CHANGE", PT_ERROR_X05, "password must be changed"},
    {0xc000006f, "NT_STATUS_INVALID_LOGON_HOURS", PT_ERROR_X05, "time restrictions"},
    {0xc0000070, "NT_STATUS_INVALID_WORKSTATION", PT_ERROR_X05, "source workstation"},
    {0xc000006e, "NT_STATUS_ACCOUNT_RESTRICTION", PT_ERROR_X05, "user account restriction"},
    {0xc000015b, "NT_STATUS_LOGON_TYPE_NOT_GRANTED", PT_ERROR_X05, "requested logon type"},
    {0xc0000133, "NT_STATUS_TIME_DIFFERENCE_AT_DC", PT_ERROR_X13, "by too large an amount"},
    {0xc000006d, "NT_STATUS_LOGON_FAILURE", PT_ERROR_X04, "attempted logon is invalid"},
    {0xc000006a, "NT_STATUS_WRONG_PASSWORD", PT_ERROR_X04, "current password is not correct"},
    {0xc0000064, "NT_STATUS_NO_SUCH_USER", PT_ERROR_X04, "account does not exist"},
    {0xc00002f2, "NT_STATUS_WRONG_CREDENTIAL_HANDLE", PT_ERROR_X04,
     "supplied credential handle"}, /* empty password */
    {0xc000005e, "NT_STATUS_NO_LOGON_SERVERS", PT_ERROR_X23, "no logon servers"},
    {0xc0000022, "NT_STATUS_ACCESS_DENIED", PT_ERROR_X07, NULL},
    {0xc00000ca, "NT_STATUS_NETWORK_ACCESS_DENIED", PT_ERROR_X07, NULL},
    {0xc00000a2, "NT_STATUS_MEDIA_WRITE_PROTECTED", PT_ERROR_X07, NULL},
    {0xc0000061, "NT_STATUS_PRIVILEGE_NOT_HELD", PT_ERROR_X07, NULL},
    {0xc0000121, "NT_STATUS_CANNOT_DELETE", PT_ERROR_X07, NULL},
    {0xc00000cc, "NT_STATUS_BAD_NETWORK_NAME", PT_ERROR_X06, NULL},
    {0xc0000034, "NT_STATUS_OBJECT_NAME_NOT_FOUND", PT_ERROR_X06, NULL},
    {0xc000003a, "NT_STATUS_OBJECT_PATH_NOT_FOUND", PT_ERROR_X06, NULL},
    {0xc000000f, "NT_STATUS_NO_SUCH_FILE", PT_ERROR_X06, NULL},
    {0xc0000103, "NT_STATUS_NOT_A_DIRECTORY", PT_ERROR_X06, NULL},
    {0xc000007f, "NT_STATUS_DISK_FULL", PT_ERROR_X08, NULL},
    {0xc0000044, "NT_STATUS_QUOTA_EXCEEDED", PT_ERROR_X08, NULL},
    {0xc0000904, "NT_STATUS_FILE_TOO_LARGE", PT_ERROR_X08, NULL},
    {0xc0000043, "NT_STATUS_SHARING_VIOLATION", PT_ERROR_X09, NULL},
    {0xc0000054, "NT_STATUS_FILE_LOCK_CONFLICT", PT_ERROR_X09, NULL},
    {0xc0000055, "NT_STATUS_LOCK_NOT_GRANTED", PT_ERROR_X09, NULL},
    {0xc0000056, "NT_STATUS_DELETE_PENDING", PT_ERROR_X09, NULL},
    {0xc0000035, "NT_STATUS_OBJECT_NAME_COLLISION", PT_ERROR_X15, NULL},
    {0xc0000033, "NT_STATUS_OBJECT_NAME_INVALID", PT_ERROR_X14, NULL},
    {0xc0000039, "NT_STATUS_OBJECT_PATH_INVALID", PT_ERROR_X14, NULL},
    {0xc000003b, "NT_STATUS_OBJECT_PATH_SYNTAX_BAD", PT_ERROR_X14, NULL},
    {0xc0000106, "NT_STATUS_NAME_TOO_LONG", PT_ERROR_X14, NULL},
    {0xc00000b5, "NT_STATUS_IO_TIMEOUT", PT_ERROR_X17, NULL},
    {0xc00000c9, "NT_STATUS_NETWORK_NAME_DELETED", PT_ERROR_X18, NULL},
    {0xc000020c, "NT_STATUS_CONNECTION_DISCONNECTED", PT_ERROR_X18, NULL},
    {0xc000020d, "NT_STATUS_CONNECTION_RESET", PT_ERROR_X18, NULL},
    {0xc0000241, "NT_STATUS_CONNECTION_ABORTED", PT_ERROR_X18, NULL},
    {0xc0000203, "NT_STATUS_USER_SESSION_DELETED", PT_ERROR_X18, NULL},
    {0xc000035c, "NT_STATUS_NETWORK_SESSION_EXPIRED", PT_ERROR_X18, NULL},
    {0xc000023a, "NT_STATUS_CONNECTION_INVALID", PT_ERROR_X18, NULL},
    {0xc000013b, "NT_STATUS_LOCAL_DISCONNECT", PT_ERROR_X18, NULL},
    {0xc000013c, "NT_STATUS_REMOTE_DISCONNECT", PT_ERROR_X18, NULL},
    {0xc000014b, "NT_STATUS_PIPE_BROKEN", PT_ERROR_X18, NULL},
    {0xc00000d6, "NT_STATUS_VIRTUAL_CIRCUIT_CLOSED", PT_ERROR_X18, NULL},
    {0xc00000d0, "NT_STATUS_REQUEST_NOT_ACCEPTED", PT_ERROR_X23, NULL},
    {0xc000009a, "NT_STATUS_INSUFFICIENT_RESOURCES", PT_ERROR_X23, NULL},
    {0xc0000205, "NT_STATUS_INSUFF_SERVER_RESOURCES", PT_ERROR_X23, NULL},
    {0xc00000bb, "NT_STATUS_NOT_SUPPORTED", PT_ERROR_X25, NULL},
};

static const struct {
    int failure;
    enum pt_error_code code;
} failures[] = {
    {EACCES, PT_ERROR_X07},       {EPERM, PT_ERROR_X07},       {EROFS, PT_ERROR_X07},
    {ENOENT, PT_ERROR_X06},       {ENOTDIR, PT_ERROR_X06},     {ENODEV, PT_ERROR_X06},
    {ENOSPC, PT_ERROR_X08},       {EDQUOT, PT_ERROR_X08},      {EFBIG, PT_ERROR_X08},
    {EBUSY, PT_ERROR_X09},        {ETXTBSY, PT_ERROR_X09},     {EEXIST, PT_ERROR_X15},
    {ENAMETOOLONG, PT_ERROR_X14}, {ETIMEDOUT, PT_ERROR_X17},   {ECONNABORTED, PT_ERROR_X18},
    {ECONNRESET, PT_ERROR_X18},   {EPIPE, PT_ERROR_X18},       {ENOTCONN, PT_ERROR_X18},
    {EBADF, PT_ERROR_X18},        {ENETRESET, PT_ERROR_X18},   {ECONNREFUSED, PT_ERROR_X02},
    {EHOSTUNREACH, PT_ERROR_X02}, {ENETUNREACH, PT_ERROR_X02},
};

static const struct status_row *row_of_status(guint32 status)
{
    for (gsize i = 0; i < G_N_ELEMENTS(statuses); i++)
        if (statuses[i].status == status)
            return &statuses[i];
    return NULL;
}

static const struct status_row *row_of_sentence(const char *sentence)
{
    g_autofree char *lower = g_ascii_strdown(sentence, -1);

    for (gsize i = 0; i < G_N_ELEMENTS(statuses); i++)
        if ((statuses[i].phrase && strstr(lower, statuses[i].phrase)) || strstr(sentence, statuses[i].name))
            return &statuses[i];
    return NULL;
}

static enum pt_error_code code_of_failure(int failure)
{
    for (gsize i = 0; i < G_N_ELEMENTS(failures); i++)
        if (failures[i].failure == failure)
            return failures[i].code;
    return PT_ERROR_X25;
}

void smb_trace_line(struct smb_trace *trace, const char *message)
{
    static const char login_failed[] = "SPNEGO login failed: ";
    static const char status_line[] = "cli_status_to_errno: 0x";
    const char *at;

    if ((at = strstr(message, login_failed)))
        (void)g_strlcpy(trace->login_words, at + strlen(login_failed),
                        sizeof trace->login_words); /* a longer sentence is cut */
    else if ((at = strstr(message, status_line)))
        trace->status = (guint32)g_ascii_strtoull(at + strlen(status_line), NULL, 16);
    else if (strstr(message, "session setup ok"))
        trace->stage = MAX(trace->stage, SMB_CONNECTING);
    else if (strstr(message, "tconx ok"))
        trace->stage = SMB_CONNECTED;
    else if (strstr(message, "Got challenge flags"))
        trace->stage = MAX(trace->stage, SMB_LOGGING_IN);
}

static enum pt_error_code login_code(const struct smb_trace *trace, int failure)
{
    const struct status_row *row =
        *trace->login_words ? row_of_sentence(trace->login_words) : row_of_status(trace->status);
    enum pt_error_code code;

    /* "Access denied" in answer to a log-in is about the log-in, not about a folder. */
    if (row)
        return row->code == PT_ERROR_X07 ? PT_ERROR_X04 : row->code;
    code = code_of_failure(failure);
    return code == PT_ERROR_X07 ? PT_ERROR_X04 : code;
}

enum pt_error_code smb_error_code(const struct smb_trace *trace, int failure)
{
    const struct status_row *row = row_of_status(trace->status);
    enum pt_error_code code = row ? row->code : code_of_failure(failure);

    if (*trace->login_words)
        return login_code(trace, failure);
    switch (trace->stage) {
    case SMB_NEGOTIATING:
        return code == PT_ERROR_X17 || code == PT_ERROR_X02 ? PT_ERROR_X02 : PT_ERROR_X24;
    case SMB_LOGGING_IN:
        return login_code(trace, failure);
    case SMB_CONNECTING:
        return code == PT_ERROR_X25 && failure == EINVAL ? PT_ERROR_X06 : code;
    case SMB_CONNECTED:
        return code == PT_ERROR_X25 && failure == EINVAL ? PT_ERROR_X14 : code;
    }
    return code;
}

gboolean smb_refused_by_server(const struct smb_trace *trace)
{
    const struct status_row *row = row_of_status(trace->status);

    /* A status that we do not know may have been made up by the library itself for a broken connection. */
    return row && row->code != PT_ERROR_X17 && row->code != PT_ERROR_X18;
}

char *smb_words(const struct smb_trace *trace)
{
    const struct status_row *row = row_of_status(trace->status);

    if (*trace->login_words)
        return words_clean(trace->login_words, strlen(trace->login_words), NULL);
    if (trace->status == 0)
        return g_strdup("");
    return g_strdup_printf("%s (0x%08x)", row ? row->name : "NT status", trace->status);
}
