/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The CSV that we deliver: writer (hot path of the export) and reader (SPEC 7). Pure: bytes in, bytes out. */
#pragma once
#include "core/calendar.h"
#include "core/job.h"
#include "core/names.h"

G_BEGIN_DECLS

enum csv_encoding { CSV_UTF8_BOM, CSV_UTF8, CSV_CP932 };

/* Everything that decides the bytes of a file; frozen in the ledger. */
struct csv_format {
    enum csv_encoding encoding;
    gboolean header_ja; /* header words: Japanese or the keys */
    char separator;     /* ',' ';' or TAB */
    gboolean formula_guard;
    enum date_format date_format;
    char zone[64]; /* IANA name; never "" here: the system's name resolved when frozen */
};
/* One line of text and back, words separated by one blank: v1, csv.encoding, csv.header, csv.separator, guard
 * or noguard, date format, zone ("v1 utf-8-bom ja comma guard ymd Asia/Tokyo"). FALSE + INTEGRITY error if it
 * cannot be read. */
char *csv_format_to_text(const struct csv_format *format);
gboolean csv_format_from_text(const char *text, struct csv_format *ret_format, GError **error);

/* Output of the writer: called with complete chunks (about 1 MiB, the last one smaller). FALSE + error stops
 * the writer. */
typedef gboolean (*CsvSink)(const char *bytes, gsize length, gpointer user, GError **error);

struct csv_writer;
/* Begins a file: BOM and header row go into the buffer. Borrowed: sink's user. Error: zone unknown.
   Rows end in CRLF. A value is quoted only when the separator, a quotation mark, CR or LF occurs in it (as
   PostgreSQL's COPY does); an empty text is written as nothing, like an unknown one. Texts must be valid
   UTF-8: in the UTF-8 encodings they are written as they come. Times outside the years 1–9999 are written as
   nothing. */
struct csv_writer *csv_writer_new(const struct csv_format *format, CsvSink sink, gpointer user,
                                  GError **error);
void csv_writer_free(struct csv_writer *writer);
typedef struct csv_writer PtCsvWriter; /* for g_autoptr */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PtCsvWriter, csv_writer_free)
/* Appends one row (values may be longer than the buffer). After an error the writer only takes
 * csv_writer_free(). */
gboolean csv_writer_row(struct csv_writer *writer, const struct job *job, GError **error);
/* Hands out what is left. */
gboolean csv_writer_finish(struct csv_writer *writer, GError **error);
gint64 csv_writer_rows(const struct csv_writer *writer);
/* Bytes so far, handed out or still in the buffer. */
gint64 csv_writer_bytes(const struct csv_writer *writer);
/* Characters that CP932 could not hold and were written as '?'. */
gint64 csv_writer_replaced(const struct csv_writer *writer);

/* Reader: an incremental RFC 4180 parser, separators , ; TAB and both headers recognised from the first line,
   BOM dropped, CP932 when told. Lines end in CRLF or LF; empty lines are skipped. The header holds our keys
   or our words, each at most once, in any order; job_type and one of ended_at and ended_at_utc must be there,
   a column that is not there is unknown in every job, and a name that is not ours is CSV_FATAL. ended_at_utc
   wins over the local ended_at. An accepted_at or started_at that occurs twice (DST) is the later one not
   after the end. A guarded text loses one leading apostrophe. count_source and origin are given as the file
   has them (unknown words as unknown): an import sets its own. Constant memory: a record longer than 1 MiB is
   a bad line. After a record that is too long, or whose quotation marks are wrong or never closed, reading
   goes on at the next physical line: one stray quotation mark costs one record, not the rest of the file. */
struct csv_reader;
struct csv_reader_options {
    gboolean cp932; /* input is CP932 (else UTF-8) */
    enum date_format date_format;
    const char *zone;   /* IANA name of the local columns; NULL = the system's */
    gint64 now;         /* for job_check() */
    gboolean unguarded; /* written with csv.formula_guard=false: a leading apostrophe stays */
};
/* Error: zone unknown. options->zone is not needed afterwards. */
struct csv_reader *csv_reader_new(const struct csv_reader_options *options, GError **error);
void csv_reader_free(struct csv_reader *reader);
typedef struct csv_reader PtCsvReader; /* for g_autoptr */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PtCsvReader, csv_reader_free)
/* Input: append bytes, then take records with csv_reader_next until CSV_MORE; last = no more bytes will come.
 */
void csv_reader_feed(struct csv_reader *reader, const char *bytes, gsize length, gboolean last);
enum csv_result {
    CSV_ROW,   /* *ret_job is filled, borrowed until the next call; job_check() has passed */
    CSV_BAD,   /* this line is rejected: *error says why (INPUT), go on */
    CSV_MORE,  /* feed more bytes */
    CSV_END,   /* all read */
    CSV_FATAL, /* not our CSV at all (header): *error, stop */
};
/* ret_line: number of the physical line (from 1) at which the record begins. */
enum csv_result csv_reader_next(struct csv_reader *reader, struct job *ret_job, guint64 *ret_line,
                                GError **error);
/* Texts cut at JOB_TEXT_MAX so far. */
guint64 csv_reader_cut(const struct csv_reader *reader);

G_END_DECLS
