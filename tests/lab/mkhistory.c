/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clones the control file of one finished cupsd job into many, a second apart and ending now. */
/* usage: mkhistory TEMPLATE SPOOLDIR FIRST COUNT       (cupsd is stopped; job.cache is removed afterwards) */

#include <cups/cups.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void set_integer(ipp_t *job, const char *name, int value)
{
    ipp_attribute_t *a = ippFindAttribute(job, name, IPP_TAG_INTEGER);

    if (a) {
        ippSetInteger(job, &a, 0, value);
    }
}

static void set_text(ipp_t *job, const char *name, ipp_tag_t tag, const char *value)
{
    ipp_attribute_t *a = ippFindAttribute(job, name, tag);

    if (a) {
        ippSetString(job, &a, 0, value);
    }
}

static void set_date(ipp_t *job, const char *name, time_t value)
{
    ipp_attribute_t *a = ippFindAttribute(job, name, IPP_TAG_DATE);

    if (a) {
        ippSetDate(job, &a, 0, ippTimeToDate(value));
    }
}

static void renumber(ipp_t *job, int id, time_t when)
{
    char text[256];

    set_integer(job, "job-id", id);
    snprintf(text, sizeof text, "Synthetic document %d.pdf", id);
    set_text(job, "job-name", IPP_TAG_NAME, text);
    snprintf(text, sizeof text, "user%03d", id % 300);
    set_text(job, "job-originating-user-name", IPP_TAG_NAME, text);
    snprintf(text, sizeof text, "urn:uuid:%08x-0000-3000-8000-%012x", (unsigned)id * 2654435761u,
             (unsigned)id);
    set_text(job, "job-uuid", IPP_TAG_URI, text);
    set_integer(job, "time-at-creation", (int)when);
    set_integer(job, "time-at-processing", (int)when);
    set_integer(job, "time-at-completed", (int)when);
    set_date(job, "date-time-at-creation", when);
    set_date(job, "date-time-at-processing", when);
    set_date(job, "date-time-at-completed", when);
}

static int write_job(ipp_t *job, const char *spool, int id)
{
    char path[1024];
    int fd, failed;

    snprintf(path, sizeof path, "%s/c%05d", spool, id);
    fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    if (fd < 0) {
        perror(path);
        return 0;
    }
    ippSetState(job, IPP_STATE_IDLE);
    failed = ippWriteFile(fd, job) != IPP_STATE_DATA;
    if (close(fd) != 0 || failed) {
        fprintf(stderr, "%s: not written\n", path);
        return 0;
    }
    return 1;
}

int main(int argc, char **argv)
{
    ipp_t *job = ippNew();
    int fd = argc == 5 ? open(argv[1], O_RDONLY) : -1;

    if (fd < 0 || ippReadFile(fd, job) != IPP_STATE_DATA) {
        fprintf(stderr, "usage: mkhistory TEMPLATE SPOOLDIR FIRST COUNT\n");
        return 2;
    }
    close(fd);

    int first = (int)strtol(argv[3], NULL, 10), count = (int)strtol(argv[4], NULL, 10);
    time_t start = time(NULL) - count;

    for (int i = 0; i < count; i++) {
        renumber(job, first + i, start + i);
        if (!write_job(job, argv[2], first + i)) {
            return 1;
        }
    }
    ippDelete(job);
    return 0;
}
