/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of the files we send (SPEC RT). Pure. */
#pragma once
#include "core/calendar.h"

G_BEGIN_DECLS

enum date_format { DATE_YMD, DATE_MDY, DATE_DMY };                       /* preferences.date_format */
gboolean date_format_from_name(const char *name, enum date_format *ret); /* "ymd" "mdy" "dmy" */
const char *date_format_name(enum date_format format);

/* "20260609" / "06092026" / "09062026"; out has at least 9 bytes. */
void name_date(gint32 day, enum date_format format, char out[9]);

/* RT4: "[<prefix>_]export_<date>[_<revision>][_part<part>of<parts>].csv". prefix NULL or "" = none. New
 * string. */
char *name_auto(const char *prefix, gint32 day, enum date_format format, int revision, int part, int parts);
/* RT1, without prefix: "testexport_<date><hhmmss>.csv", `local` the present local time. New string. */
char *name_test(const struct local_time *local, enum date_format format);
/* RP1: "[<prefix>_]rangeexport_<date>_<date><hhmmss>.csv"; second stamp = when it was started. New string. */
char *name_range(const char *prefix, gint32 day, const struct local_time *started, enum date_format format);
/* ".<name>.<token>.part" (ARCHITECTURE.md, Exactly once). New string. */
char *name_temporary(const char *file_name, const char *token);
/* Two names that a file server may take for the same (compared case-insensitively). */
gboolean name_same(const char *a, const char *b);
/* If `file_name` is an automatic file of exactly this prefix (any date format). */
gboolean name_is_auto(const char *file_name, const char *prefix);

G_END_DECLS
