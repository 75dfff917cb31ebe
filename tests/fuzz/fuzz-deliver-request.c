/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz target: any bytes as a delivery request. What is accepted holds what its operation needs, and no
 * surprises. */
#include "deliver/request.h"
#include "fuzz.h"

#include <string.h>

static void assert_no_control(const char *text)
{
    for (; text && *text; text++)
        g_assert_false(g_ascii_iscntrl(*text));
}

static void assert_base_name(const char *name)
{
    assert_no_control(name);
    g_assert_true(!name || !strpbrk(name, "/\\"));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct deliver_request request;
    g_autoptr(GError) error = NULL;

    if (!deliver_request_parse((const char *)bytes, size, &request, &error)) {
        g_assert_nonnull(error);
        g_assert_true(g_utf8_validate(error->message, -1, NULL));
        return 0;
    }
    g_assert_nonnull(request.transport);
    g_assert_true(*request.transport_request.host);
    g_assert_cmpint(request.transport_request.port, >, 0);
    g_assert_cmpint(request.transport_request.port, <, 65536);
    g_assert_null(request.transport_request.password);
    assert_no_control(request.transport_request.host);
    assert_no_control(request.transport_request.folder);
    assert_no_control(request.transport_request.subject);
    assert_base_name(request.transport_request.file_name);
    assert_base_name(request.transport_request.temp_name);
    deliver_request_clear(&request);
    return 0;
}
