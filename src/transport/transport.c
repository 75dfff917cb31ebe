/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of methods and the names of steps. */
#include "transport/transport.h"

#include "transport/methods.h"

const char *transport_step_name(enum transport_step step)
{
    switch (step) {
    case STEP_RESOLVE:
        return "resolve";
    case STEP_CONNECT:
        return "connect";
    case STEP_NEGOTIATE:
        return "negotiate";
    case STEP_LOGIN:
        return "login";
    case STEP_OPEN:
        return "open";
    case STEP_WRITE:
        return "write";
    case STEP_FINISH:
        return "finish";
    }
    return "";
}

const struct transport *transport_find(const char *name)
{
    static const struct transport *const methods[] = {&transport_smb, &transport_ftp, &transport_mail};

    for (gsize i = 0; i < G_N_ELEMENTS(methods); i++)
        if (g_strcmp0(methods[i]->name, name) == 0)
            return methods[i];
    return NULL;
}

gboolean transport_missing(const struct transport_request *request, GError **error)
{
    pt_error_set(error, PT_ERROR_MISSING, "%s is not there", "%s はありません", request->file_name);
    return FALSE;
}

gboolean transport_same(const struct transport_request *request, GChecksum *hash, GError **error)
{
    if (g_ascii_strcasecmp(g_checksum_get_string(hash), request->sha256) == 0)
        return TRUE;
    pt_error_set(error, PT_ERROR_X15, "%s is there with other content; it was not touched",
                 "%s は別の内容で存在します(変更していません)", request->file_name);
    return FALSE;
}
