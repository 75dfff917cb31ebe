/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Renders one day of a store as the export does, to stdout: reading and CSV alone, no hash, no spool. */
#include <errno.h>
#include <unistd.h>

#include "core/csv.h"
#include "store/store.h"

static gboolean to_stdout(const char *bytes, gsize length, gpointer user G_GNUC_UNUSED, GError **error)
{
    while (length) {
        ssize_t n = write(STDOUT_FILENO, bytes, length);

        if (n < 0 && errno != EINTR) {
            g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno), "stdout: %s",
                        g_strerror(errno));
            return FALSE;
        }
        bytes += MAX(n, 0);
        length -= (gsize)MAX(n, 0);
    }
    return TRUE;
}

static gboolean row(const struct job *job, gpointer user, GError **error)
{
    return csv_writer_row(user, job, error);
}

static gboolean render(const char *file, gint32 day, GError **error)
{
    static const struct csv_format format = {CSV_UTF8_BOM, TRUE, ',', TRUE, DATE_YMD, "Asia/Tokyo"};
    g_autoptr(PtStore) store = store_open(file, STORE_READ, error);
    g_autoptr(PtCsvWriter) writer = store ? csv_writer_new(&format, to_stdout, NULL, error) : NULL;

    return writer && store_day_jobs(store, day, 0, G_MAXINT64, row, writer, error) &&
           csv_writer_finish(writer, error);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    gint32 day = argc == 3 ? day_parse(argv[2]) : 0;

    if (!day) {
        g_printerr("usage: render DATABASE YYYY-MM-DD\n");
        return 2;
    }
    if (render(argv[1], day, &error))
        return 0;
    g_printerr("render: %s\n", error->message);
    return 1;
}
