/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bytes of an IPP answer become an ipp_t, within limits that libcups does not have. */
#include "source/ipp-read.h"

#include <string.h>

#define DEPTH_MAX 8
#define VALUES_MAX 1000000
#define VALUES_OF_ONE_MAX 10000
#define LENGTH_MAX 32767 /* what libcups takes for a name or value */

/* What keeps these bytes from being handed to libcups; NULL: nothing. */
static const char *frame_fault(const guint8 *data, gsize length)
{
    gsize at = 8;
    int depth = 0, values = 0, of_one = 0;

    if (length < 9 || length > IPP_ANSWER_MAX)
        return length < 9 ? "too short" : "too long";
    if (data[8] != IPP_TAG_OPERATION)
        return "no operation attributes";
    while (at < length) {
        guint8 tag = data[at++];

        if (tag < IPP_TAG_UNSUPPORTED_VALUE) {
            if (depth || tag == IPP_TAG_ZERO)
                return "attribute groups out of order";
            if (tag == IPP_TAG_END)
                return NULL;
            of_one = 0;
            continue;
        }
        for (int i = 0; i < 2; i++) { /* name, then value */
            gsize size;

            if (at + 2 > length)
                return "cut off";
            size = (gsize)data[at] << 8 | data[at + 1];
            at += 2 + size;
            if (size > LENGTH_MAX)
                return "a value too long";
            if (at > length)
                return "cut off";
            if (i == 0)
                of_one = size ? 0 : of_one + 1;
        }
        depth += (tag == IPP_TAG_BEGIN_COLLECTION) - (tag == IPP_TAG_END_COLLECTION);
        if (tag == IPP_TAG_EXTENSION || depth < 0 || depth > DEPTH_MAX || ++values > VALUES_MAX ||
            of_one > VALUES_OF_ONE_MAX)
            return "beyond any sensible structure";
    }
    return "cut off";
}

struct reader {
    const guint8 *at;
    gsize left;
};

static ssize_t read_some(void *context, ipp_uchar_t *buffer, size_t bytes)
{
    struct reader *reader = context;
    gsize n = MIN(bytes, reader->left);

    memcpy(buffer, reader->at, n);
    reader->at += n;
    reader->left -= n;
    return (ssize_t)n;
}

ipp_t *ipp_read_bytes(const guint8 *data, gsize length, const char *peer, GError **error)
{
    struct reader reader = {data, length};
    const char *fault = frame_fault(data, length);
    ipp_state_t state = IPP_STATE_IDLE;
    g_autoptr(ipp_t) answer = ippNew();

    for (int i = 0; !fault && i < 8 && state != IPP_STATE_DATA && state != IPP_STATE_ERROR; i++)
        state = ippReadIO(&reader, read_some, 1, NULL, answer);
    if (state != IPP_STATE_DATA) {
        pt_error_set(error, PT_ERROR_S03, "%s: the answer is not a sound IPP message (%s)",
                     "%s: 応答が正しいIPPメッセージではありません (%s)", peer,
                     fault ? fault : "refused by the decoder");
        return NULL;
    }
    return g_steal_pointer(&answer);
}
