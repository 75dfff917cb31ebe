/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The spool: complete, synced files with their SHA-256, published by rename. */
#include "app/spool.h"

#include "app/render.h"
#include "base/fault.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Start writing to disk early, so that the final fsync does not wait for the whole file. */
#define WRITEBACK_STEP (8 * 1024 * 1024)

struct spool_out {
    struct app *app;
    const char *name;
    int fd;
    EVP_MD_CTX *hash;
    gint64 written, flushed;
    struct render_total total; /* so far */
};

/* Gives the bytes of a file to out_chunk() and keeps `total`. */
typedef gboolean (*SpoolFill)(struct spool_out *out, gconstpointer user, GError **error);

char *spool_path(const struct app *app, gint64 delivery_id)
{
    g_autofree char *name = g_strdup_printf("%" G_GINT64_FORMAT ".csv", delivery_id);

    return g_build_filename(app->state_dir, "spool", name, NULL);
}

static gboolean disk_error(GError **error, const char *path)
{
    pt_error_set(error, PT_ERROR_X19, "cannot write %s: %s", "%s に書き込めません: %s", path,
                 g_strerror(errno));
    return FALSE;
}

static gboolean out_chunk(const char *bytes, gsize length, gpointer user, GError **error)
{
    struct spool_out *out = user;
    const char *at = bytes;
    gsize left = length;

    while (left > 0) {
        gssize n = write(out->fd, at, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return disk_error(error, out->name);
        at += n;
        left -= (gsize)n;
    }
    if (EVP_DigestUpdate(out->hash, bytes, length) != 1) {
        pt_error_set(error, PT_ERROR_INTERNAL, "SHA-256 failed", "SHA-256 の計算に失敗しました");
        return FALSE;
    }
    out->written += (gint64)length;
    if (out->written - out->flushed >= WRITEBACK_STEP) {
        (void)sync_file_range(out->fd, out->flushed, out->written - out->flushed,
                              SYNC_FILE_RANGE_WRITE); /* only a hint */
        out->flushed = out->written;
        app_tell(out->app, "render", out->name, out->total.rows, 0);
    }
    return TRUE;
}

static gboolean sync_directory(const char *path, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(path);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    gboolean ok = fd >= 0 && fsync(fd) == 0;

    if (!ok)
        disk_error(error, directory);
    if (fd >= 0)
        (void)close(fd);
    return ok;
}

static gboolean hash_text(EVP_MD_CTX *hash, char hex[65])
{
    unsigned char digest[32];

    if (EVP_DigestFinal_ex(hash, digest, NULL) != 1)
        return FALSE;
    for (gsize i = 0; i < sizeof digest; i++)
        g_snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return TRUE;
}

static gboolean fill_all(struct spool_out *out, SpoolFill fill, gconstpointer user,
                         struct spool_file *ret_file, GError **error)
{
    if (!fill(out, user, error))
        return FALSE;
    ret_file->rows = out->total.rows;
    ret_file->bytes = out->written;
    ret_file->replaced = out->total.replaced;
    g_assert(hash_text(out->hash, ret_file->sha256));
    fault_point("spool.written");
    return TRUE;
}

/* Complete, synced, published by rename; nothing is left when it fails. */
static gboolean make_file(struct app *app, const char *path, const char *name, SpoolFill fill,
                          gconstpointer user, struct spool_file *ret_file, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(path);
    g_autofree char *temporary = g_strconcat(path, ".new", NULL);
    struct spool_out out = {.app = app, .name = name};
    gboolean ok;

    if (g_mkdir_with_parents(directory, 0700) != 0)
        return disk_error(error, directory);
    out.fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (out.fd < 0)
        return disk_error(error, temporary);
    out.hash = EVP_MD_CTX_new();
    g_assert(out.hash && EVP_DigestInit_ex(out.hash, EVP_sha256(), NULL) == 1);
    ok = fill_all(&out, fill, user, ret_file, error);
    if (ok && fsync(out.fd) != 0)
        ok = disk_error(error, temporary);
    (void)close(out.fd); /* synced */
    if (ok && rename(temporary, path) != 0)
        ok = disk_error(error, path);
    ok = ok && sync_directory(path, error);
    if (!ok)
        (void)unlink(temporary);
    EVP_MD_CTX_free(out.hash);
    return ok;
}

/* --- what fills a file --- */

struct supply {
    const struct csv_format *format;
    SpoolSupply supply;
    gpointer user;
};

struct row_out {
    struct spool_out *out;
    struct csv_writer *writer;
};

static gboolean out_row(const struct job *job, gpointer user, GError **error)
{
    struct row_out *row = user;

    row->out->total.rows++;
    return csv_writer_row(row->writer, job, error);
}

static gboolean fill_supplied(struct spool_out *out, gconstpointer user, GError **error)
{
    const struct supply *supply = user;
    g_autoptr(PtCsvWriter) writer = csv_writer_new(supply->format, out_chunk, out, error);
    struct row_out row = {out, writer};

    if (!writer || !supply->supply(out->app, out_row, &row, supply->user, error) ||
        !csv_writer_finish(writer, error))
        return FALSE;
    out->total.replaced = csv_writer_replaced(writer);
    return TRUE;
}

gboolean spool_write(struct app *app, const char *path, const struct csv_format *format, const char *name,
                     SpoolSupply supply, gpointer user, struct spool_file *ret_file, GError **error)
{
    const struct supply rows = {format, supply, user};

    return make_file(app, path, name, fill_supplied, &rows, ret_file, error);
}

struct range {
    const struct csv_format *format;
    gint32 day;
    gint64 seq_from, seq_to; /* seq_to 0: header-only file of an empty day */
};

static gboolean fill_range(struct spool_out *out, gconstpointer user, GError **error)
{
    const struct range *range = user;

    return render_day(out->app, range->format, range->day, range->seq_from, range->seq_to, out_chunk, out,
                      &out->total, error);
}

gboolean spool_render(struct app *app, const char *path, const struct csv_format *format, gint32 day,
                      gint64 seq_from, gint64 seq_to, const char *name, struct spool_file *ret_file,
                      GError **error)
{
    const struct range range = {format, day, seq_from, seq_to};

    return make_file(app, path, name, fill_range, &range, ret_file, error);
}

/* TRUE when the file is there, complete and has this SHA-256; anything else is just "no". */
static gboolean spool_matches(const char *path, const char *sha256)
{
    g_autofree char *buffer = g_malloc(1 << 20);
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    char hex[65] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    gssize n = -1;

    g_assert(hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1);
    while (fd >= 0 && (n = read(fd, buffer, 1 << 20)) > 0)
        g_assert(EVP_DigestUpdate(hash, buffer, (gsize)n) == 1);
    if (fd >= 0)
        (void)close(fd); /* only read */
    if (n == 0)
        g_assert(hash_text(hash, hex));
    EVP_MD_CTX_free(hash);
    return n == 0 && g_strcmp0(hex, sha256) == 0;
}

gboolean spool_ensure(struct app *app, struct delivery *row, gint64 *ret_replaced, GError **error)
{
    g_autofree char *path = spool_path(app, row->id);
    struct csv_format format;
    struct spool_file file;

    if (row->sha256 && spool_matches(path, row->sha256)) {
        if (ret_replaced)
            *ret_replaced = 0;
        return TRUE;
    }
    if (!csv_format_from_text(row->format, &format, error) ||
        !spool_render(app, path, &format, row->day, row->seq_from, row->seq_to, row->file_name, &file, error))
        return FALSE;
    if (row->sha256 && strcmp(row->sha256, file.sha256) != 0) {
        (void)unlink(path);
        pt_error_set(error, PT_ERROR_INTEGRITY,
                     "%s: the jobs no longer give the bytes that were recorded; nothing was sent",
                     "%s: ジョブの内容が記録されたファイルと一致しません。送信していません", row->file_name);
        return FALSE;
    }
    row->rows = file.rows;
    row->bytes = file.bytes;
    if (!row->sha256)
        row->sha256 = g_strdup(file.sha256);
    if (ret_replaced)
        *ret_replaced = file.replaced;
    return TRUE;
}

void spool_remove(const struct app *app, gint64 delivery_id)
{
    g_autofree char *path = spool_path(app, delivery_id);

    (void)unlink(path); /* a leftover is removed by retention */
}

/* --- cutting a day into mails --- */

struct cutter {
    struct csv_writer *writer;
    GArray *cuts;
    gint64 max_rows, max_bytes, rows, part_start, last_seq;
};

static gboolean swallow(const char *bytes, gsize length, gpointer user, GError **error)
{
    (void)bytes, (void)length, (void)user, (void)error;
    return TRUE;
}

/* A part ends before the row that would make it too long. */
static gboolean cut_row(const struct job *job, gpointer user, GError **error)
{
    struct cutter *cutter = user;
    gint64 before = csv_writer_bytes(cutter->writer);

    if (!csv_writer_row(cutter->writer, job, error))
        return FALSE;
    if (cutter->rows > 0 && ((cutter->max_rows > 0 && cutter->rows >= cutter->max_rows) ||
                             (cutter->max_bytes > 0 &&
                              csv_writer_bytes(cutter->writer) - cutter->part_start > cutter->max_bytes))) {
        g_array_append_val(cutter->cuts, cutter->last_seq);
        cutter->part_start = before;
        cutter->rows = 0;
    }
    cutter->rows++;
    cutter->last_seq = job->value[JOB_SEQ].number;
    return TRUE;
}

gboolean spool_cuts(struct app *app, const struct csv_format *format, gint32 day, gint64 seq_from,
                    gint64 seq_to, gint64 max_rows, gint64 max_bytes, GArray **ret_cuts, GError **error)
{
    g_autoptr(GArray) cuts = g_array_new(FALSE, FALSE, sizeof(gint64));
    g_autoptr(PtCsvWriter) writer = NULL;
    struct cutter cutter = {.cuts = cuts, .max_rows = max_rows, .max_bytes = max_bytes};

    if (seq_to > 0 && max_bytes > 0) {
        writer = csv_writer_new(format, swallow, NULL, error);
        if (!writer)
            return FALSE;
        cutter.writer = writer;
        cutter.max_bytes =
            MAX(max_bytes - csv_writer_bytes(writer), 1); /* each part has its own header row */
        cutter.part_start = csv_writer_bytes(writer);
        if (!store_day_jobs(app->store, day, seq_from, seq_to, cut_row, &cutter, error))
            return FALSE;
    } else if (seq_to > 0 && max_rows > 0) {
        g_array_unref(g_steal_pointer(&cuts));
        if (!store_day_cuts(app->store, day, seq_from, seq_to, max_rows, &cuts, error))
            return FALSE;
    }
    if (cuts->len == 0 || g_array_index(cuts, gint64, cuts->len - 1) != seq_to)
        g_array_append_val(cuts, seq_to);
    *ret_cuts = g_steal_pointer(&cuts);
    return TRUE;
}
