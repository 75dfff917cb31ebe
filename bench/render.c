/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Renders one day of a store to stdout, as the export does or by one thread alone: reading and CSV, no hash,
 * no spool. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "app/render.h"

static const struct csv_format format = {CSV_UTF8_BOM, TRUE, ',', TRUE, DATE_YMD, "Asia/Tokyo"};

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

static gboolean last_seq(const struct app *app, gint32 day, gint64 *ret_seq, GError **error)
{
    g_autoptr(GArray) days = NULL;

    if (!store_days(app->store, day, day, &days, error))
        return FALSE;
    *ret_seq = days->len ? g_array_index(days, struct day_total, 0).last_seq : 0;
    return TRUE;
}

static gboolean row(const struct job *job, gpointer user, GError **error)
{
    return csv_writer_row(user, job, error);
}

static gboolean by_one_thread(const struct app *app, gint32 day, gint64 last, GError **error)
{
    g_autoptr(PtCsvWriter) writer = csv_writer_new(&format, to_stdout, NULL, error);

    return writer && store_day_jobs(app->store, day, 0, last, row, writer, error) &&
           csv_writer_finish(writer, error);
}

static gboolean render(const char *state, gint32 day, gboolean alone, GError **error)
{
    g_autoptr(PtApp) app = app_open(state, STORE_EXISTING, error);
    struct render_total total;
    gint64 last;

    if (!app || !last_seq(app, day, &last, error))
        return FALSE;
    return alone ? by_one_thread(app, day, last, error)
                 : render_day(app, &format, day, 0, last, to_stdout, NULL, &total, error);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    gboolean alone = argc == 4 && strcmp(argv[3], "alone") == 0;
    gint32 day = argc == 3 || alone ? day_parse(argv[2]) : 0;

    if (!day) {
        g_printerr("usage: render STATE YYYY-MM-DD [alone]\n");
        return 2;
    }
    if (render(argv[1], day, alone, &error))
        return 0;
    g_printerr("render: %s\n", error->message);
    return 1;
}
