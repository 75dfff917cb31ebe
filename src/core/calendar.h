/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Days and local times: YYYYMMDD numbers, instants in seconds UTC, a zone always an argument. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* A time zone with a cache of offsets; made once, then cheap per instant. Not shared between threads. Never
 * reads TZ. */
struct zone;
/* IANA name ("Asia/Tokyo"); NULL or "" = the system's (from /etc/localtime by GLib). INPUT error for a name
 * the tz database lacks. */
struct zone *zone_new(const char *name, GError **error);
void zone_free(struct zone *zone);
typedef struct zone PtZone; /* for g_autoptr */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PtZone, zone_free)
const char *zone_name(const struct zone *zone);

struct local_time {
    int year, month, day, hour, minute, second;
};

/* Seconds east of UTC at an instant. */
int zone_offset(struct zone *zone, gint64 utc);
/* Local civil time of an instant (years 1–9999; outside: clamped). */
struct local_time zone_local(struct zone *zone, gint64 utc);
/* Local day of an instant as YYYYMMDD. */
gint32 zone_day(struct zone *zone, gint64 utc);

/* The *first* instant whose local time is (day, hour:00:00); in a gap the first valid instant after it; of
   two the first (SPEC RB3). FALSE when the local date does not exist at all (Apia 2011-12-30). */
gboolean zone_instant(struct zone *zone, gint32 day, int hour, gint64 *ret_utc);

/* The instant of a local time to the second as our CSV has it: of two equal local times the later one not
   after `not_after` (G_MAXINT64 = the first). FALSE when no such local time exists. */
gboolean zone_from_local(struct zone *zone, const struct local_time *local, gint64 not_after,
                         gint64 *ret_utc);

/* Whether the local date occurs in this zone. */
gboolean zone_has_day(struct zone *zone, gint32 day);

/* Calendar arithmetic on YYYYMMDD (proleptic Gregorian, years 1–9999). */
gboolean day_valid(gint32 day);
/* Stops at the first and last day of the calendar; 0 for a day that is not valid. */
gint32 day_add(gint32 day, int days);
/* Days from earlier to later; 0 if either is not valid. */
int day_diff(gint32 later, gint32 earlier);
/* Exactly "YYYY-MM-DD" (or YYYY/MM/DD); 0 if it is not a valid date. */
gint32 day_parse(const char *text);
/* "2026-06-09"; out has at least 11 bytes. */
void day_format(gint32 day, char out[11]);

/* RFC 3339 with zone ("2026-06-09T10:30:25+09:00", "…Z", fraction cut); FALSE if it is anything else or
   outside years 1970–9999 (as written and in UTC). Seconds are 00–59: there is no number for a leap second.
 */
gboolean time_parse_rfc3339(const char *text, gsize length, gint64 *ret_utc);
/* "2026-06-09T01:30:25Z"; out has at least 21 bytes. */
void time_format_utc(gint64 utc, char out[21]);

G_END_DECLS
