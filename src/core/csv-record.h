/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the fields of one CSV record begin and end: the scanning half of the reader. */
#pragma once
#include "core/csv-scan.h"

G_BEGIN_DECLS

/* Longest record in bytes, line end not counted. */
#define CSV_RECORD_MAX ((gsize)1 << 20)

struct csv_field {
    char *text; /* inside the scanned bytes; between its quotation marks if it had some */
    gsize length;
    gboolean doubled; /* holds doubled quotation marks */
};

enum csv_scan {
    CSV_SCAN_RECORD,   /* complete */
    CSV_SCAN_MORE,     /* the end of the record is not there yet */
    CSV_SCAN_NUL,      /* complete, but holds a NUL byte */
    CSV_SCAN_CR,       /* complete, but holds a carriage return outside quotation marks that ends no line */
    CSV_SCAN_QUOTE,    /* a quotation mark where none may be: its end cannot be told */
    CSV_SCAN_UNCLOSED, /* a quoted field that never ends */
    CSV_SCAN_LONG,     /* longer than CSV_RECORD_MAX: its end was not looked for */
};

struct csv_record {
    gsize fields;  /* how many there were; the first `room` of them are written */
    gsize size;    /* bytes up to the next record; set when complete */
    guint64 lines; /* line ends in it, its own included; set when complete */
};

/* Looks at the record that begins at `bytes`. At least CSV_BLOCK readable bytes follow `length`, the first of
   them NUL. `last`: nothing will follow, the record may end without a line end. `length` 0 gives
   CSV_SCAN_MORE. Nothing is changed. */
enum csv_scan csv_record_scan(char *bytes, gsize length, gboolean last, char separator,
                              struct csv_field *fields, gsize room, struct csv_record *ret);

/* Makes each doubled quotation mark one, in place. */
void csv_field_undouble(struct csv_field *field);

G_END_DECLS
