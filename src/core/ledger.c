/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of the ledger as values: made, copied, freed, and the words for their states. */
#include "core/ledger.h"

#include <string.h>

static const char *const kind_names[] = {
    [DELIVERY_AUTO] = "auto",
    [DELIVERY_MANUAL] = "manual",
    [DELIVERY_TEST] = "test",
    [DELIVERY_RESEND] = "resend",
};

static const char *const state_names[] = {
    [DELIVERY_PLANNED] = "planned",     [DELIVERY_SENDING] = "sending", [DELIVERY_CLOSING] = "closing",
    [DELIVERY_DELIVERED] = "delivered", [DELIVERY_FAILED] = "failed",   [DELIVERY_VOID] = "void",
    [DELIVERY_WAIVED] = "waived",
};

static const char *const trigger_names[] = {
    [RUN_SCHEDULE] = "schedule",
    [RUN_STARTUP] = "startup",
    [RUN_RETRY] = "retry",
    [RUN_HAND] = "hand",
};

static const char *const result_names[] = {
    [RUN_RUNNING] = "running",
    [RUN_SUCCESS] = "success",
    [RUN_PARTIAL] = "partial",
    [RUN_FAILED] = "failed",
};

/* Index of `name`; `count` if it is none of them. */
static unsigned index_of(const char *const *names, unsigned count, const char *name)
{
    for (unsigned i = 0; name && i < count; i++)
        if (!strcmp(names[i], name))
            return i;
    return count;
}

const char *delivery_kind_name(enum delivery_kind kind)
{
    g_assert((unsigned)kind < G_N_ELEMENTS(kind_names));
    return kind_names[kind];
}

const char *delivery_state_name(enum delivery_state state)
{
    g_assert((unsigned)state < G_N_ELEMENTS(state_names));
    return state_names[state];
}

const char *run_trigger_name(enum run_trigger trigger)
{
    g_assert((unsigned)trigger < G_N_ELEMENTS(trigger_names));
    return trigger_names[trigger];
}

const char *run_result_name(enum run_result result)
{
    g_assert((unsigned)result < G_N_ELEMENTS(result_names));
    return result_names[result];
}

gboolean delivery_kind_from_name(const char *name, enum delivery_kind *ret_kind)
{
    unsigned i = index_of(kind_names, G_N_ELEMENTS(kind_names), name);

    if (i == G_N_ELEMENTS(kind_names))
        return FALSE;
    *ret_kind = (enum delivery_kind)i;
    return TRUE;
}

gboolean delivery_state_from_name(const char *name, enum delivery_state *ret_state)
{
    unsigned i = index_of(state_names, G_N_ELEMENTS(state_names), name);

    if (i == G_N_ELEMENTS(state_names))
        return FALSE;
    *ret_state = (enum delivery_state)i;
    return TRUE;
}

gboolean run_trigger_from_name(const char *name, enum run_trigger *ret_trigger)
{
    unsigned i = index_of(trigger_names, G_N_ELEMENTS(trigger_names), name);

    if (i == G_N_ELEMENTS(trigger_names))
        return FALSE;
    *ret_trigger = (enum run_trigger)i;
    return TRUE;
}

gboolean run_result_from_name(const char *name, enum run_result *ret_result)
{
    unsigned i = index_of(result_names, G_N_ELEMENTS(result_names), name);

    if (i == G_N_ELEMENTS(result_names))
        return FALSE;
    *ret_result = (enum run_result)i;
    return TRUE;
}

struct delivery *delivery_new(void)
{
    struct delivery *row = g_new0(struct delivery, 1);

    row->revision = 1;
    row->part = 1;
    row->parts = 1;
    return row;
}

struct delivery *delivery_copy(const struct delivery *row)
{
    struct delivery *copy = g_new(struct delivery, 1);

    *copy = *row;
    copy->file_name = g_strdup(row->file_name);
    copy->format = g_strdup(row->format);
    copy->target = g_strdup(row->target);
    copy->target_shown = g_strdup(row->target_shown);
    copy->mail_headers = g_strdup(row->mail_headers);
    copy->sha256 = g_strdup(row->sha256);
    copy->temp_name = g_strdup(row->temp_name);
    copy->error = g_strdup(row->error);
    copy->error_text = g_strdup(row->error_text);
    copy->note = g_strdup(row->note);
    return copy;
}

void delivery_free(struct delivery *row)
{
    if (!row)
        return;
    g_free(row->file_name);
    g_free(row->format);
    g_free(row->target);
    g_free(row->target_shown);
    g_free(row->mail_headers);
    g_free(row->sha256);
    g_free(row->temp_name);
    g_free(row->error);
    g_free(row->error_text);
    g_free(row->note);
    g_free(row);
}

void run_clear(struct run *run)
{
    g_clear_pointer(&run->code, g_free);
    g_clear_pointer(&run->text, g_free);
}
