/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of a CUPS page_log as jobs: a help for servers that keep no history, and for what was before the
 * first poll (it tells no outcome). */
#pragma once
#include "core/job.h"

G_BEGIN_DECLS

/* cupsd itself cuts its lines at 2048 bytes. */
#define PAGE_LOG_LINE_MAX 8192

/* Three formats are recognised (PageLogFormat of cupsd.conf, CUPS 2.2.10 and later):
     v1|%{job-uuid}|%j|%p|%u|%T|%P|%C|%{job-state}|%{time-at-creation}|%{job-impressions-completed}|%{job-media-sheets-completed}|%{copies}|%{sides}|
        %{media}|%{document-format}|%{job-account-id}|%{job-name}          the one to use: the title stands
   last, where it can break nothing
     %p|%u|%j|%T|%P|%C|%{job-billing}|%{job-originating-host-name}|%{job-name}|%{media}|%{sides}|%{print-color-mode}|%{job-uuid}|
        %{job-impressions-completed}|%{document-format}
     %p %u %j %T %P %C %{job-billing} %{job-originating-host-name} %{job-name} %{media} %{sides} CUPS's
   default %T is LogTimeFormat standard or usecs. Nothing in a page_log is escaped: a line break in a title
   tears a line in two. Fields are counted from both ends and each is judged, so that torn lines are refused;
   a user who writes a whole line into a title cannot be told from the server (choose v1, and trust it less
   than the server's own history). */
struct page_log {
    struct job
        job; /* borrows from the line and from `text`: valid as long as both. job_check() is the caller's */
    gboolean cumulative; /* the counts of a re-run of the same key go on from the earlier line's: book the
                            difference (only where the line has a uuid) */
    guint cut;           /* texts cut at JOB_TEXT_MAX */
    gsize used;          /* of `text` */
    char text[8 * PAGE_LOG_LINE_MAX]; /* all fields and the line with every byte broken need less than 7.2 of
                                         them */
};

/* Reads one line (without its LF; a CR before it is dropped). Sets of the job: job_type print, result "--" (a
   page_log line looks the same for completed and aborted jobs), ended_at, device_name = queue, job_id, and as
   far as the line has them user_name, document_name, client_host, account_code, paper_size, sides,
   color_mode, accepted_at, copies_requested; faces_total (0 = the server did not count: unknown), sheets as
   far as sides and copies decide it; count_source server, origin page_log; key: the uuid, else "queue/job
   id"; raw: "page_log=" and the line. `-` and an empty field are unknown; broken UTF-8 becomes U+FFFD. INPUT
   error with the reason: torn or foreign line, NUL byte, too long, or one page of a job (CUPS before 2.2.10
   wrote a line a page). */
gboolean page_log_parse(const char *line, gsize length, struct page_log *ret, GError **error);

G_END_DECLS
