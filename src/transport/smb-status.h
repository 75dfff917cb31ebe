/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an SMB failure means: libsmbclient tells an errno that stands for several things; its log lines tell
 * which. Pure. */
#pragma once
#include "base/error.h"

G_BEGIN_DECLS

/* How far a connection came. libsmbclient does it all in one call; its log tells the stages. */
enum smb_stage {
    SMB_NEGOTIATING, /* TCP is there, no SMB dialect yet */
    SMB_LOGGING_IN,  /* dialect agreed, log-in running */
    SMB_CONNECTING,  /* logged in, the share not connected yet */
    SMB_CONNECTED,   /* on the share */
};

#define SMB_LOGIN_WORDS_MAX 512

struct smb_trace {
    enum smb_stage stage;
    guint32 status; /* NT status of the last refusal, 0 = none told; the caller clears it before each call */
    char login_words[SMB_LOGIN_WORDS_MAX]; /* why the log-in was refused, in Samba's words; "" = not told */
};

/* Reads one message of libsmbclient's log (level 4) into the trace. Messages that say nothing about stage or
 * status are ignored. */
void smb_trace_line(struct smb_trace *trace, const char *message);

/* The code of SPEC 8 for a call that failed with `failure` (an errno; libsmbclient sometimes leaves 0).
   During negotiation X24 stands for "hung up", which can also be a server that only speaks SMB 1: the caller
   finds out. */
enum pt_error_code smb_error_code(const struct smb_trace *trace, int failure);

/* Whether the server itself answered that call with a refusal, so that it certainly did not do what was
 * asked. */
gboolean smb_refused_by_server(const struct smb_trace *trace);

/* The peer's own words: NT status by name and number, or Samba's sentence. New string, "" when there are
 * none. */
char *smb_words(const struct smb_trace *trace);

G_END_DECLS
