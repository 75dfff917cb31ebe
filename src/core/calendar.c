/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Days, local times and zones: GTimeZone's offsets kept as spans of constant offset, searched from there. */
#include "core/calendar.h"

#include <string.h>

#include "base/error.h"

#define DAY_SECONDS 86400
#define UTC_FIRST                                                                                            \
    (-62135596800 -                                                                                          \
     2 * DAY_SECONDS) /* two days before 0001-01-01, so that every local time of year 1 is inside */
#define UTC_LAST (253402300799 + 2 * DAY_SECONDS) /* two days after 9999-12-31 23:59:59 */
#define LOCAL_FIRST (-62135596800)
#define LOCAL_LAST (253402300799)
#define REACH 93600 /* no zone was ever further from UTC than 26 hours */
#define DAY_NONE G_MININT64

/* Offset `offset` holds for from ≤ utc < until. */
struct span {
    gint64 from, until;
    int offset;
};

struct zone {
    GTimeZone *tz;
    char *name;
    GArray *spans;      /* struct span seen so far, ascending; at most one per transition that GLib knows */
    struct span latest; /* the span asked for last: nearly every call hits it */
    gint64 day_number;  /* local day that `day_shown` is; DAY_NONE at first */
    struct local_time day_shown;
};

/* Days since 1970-01-01 of a civil date, proleptic Gregorian. The year is taken to begin in March, so that
 * the leap day comes last. */
static gint64 days_from_civil(int year, int month, int day)
{
    gint64 y = month <= 2 ? year - 1 : year;
    gint64 era = (y >= 0 ? y : y - 399) / 400;
    gint64 of_era = y - era * 400;
    gint64 of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void civil_from_days(gint64 number, struct local_time *ret)
{
    gint64 z = number + 719468;
    gint64 era = (z >= 0 ? z : z - 146096) / 146097;
    gint64 of_era = z - era * 146097;
    gint64 year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    gint64 of_year = of_era - (365 * year + year / 4 - year / 100);
    gint64 month = (5 * of_year + 2) / 153;

    ret->day = (int)(of_year - (153 * month + 2) / 5 + 1);
    ret->month = (int)(month < 10 ? month + 3 : month - 9);
    ret->year = (int)(year + era * 400 + (ret->month <= 2 ? 1 : 0));
}

static gint64 floor_days(gint64 seconds)
{
    return (seconds >= 0 ? seconds : seconds - (DAY_SECONDS - 1)) / DAY_SECONDS;
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    gboolean leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

static gboolean date_valid(int year, int month, int day)
{
    return year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 &&
           day <= month_days(year, month);
}

static gint32 day_of(const struct local_time *local)
{
    return local->year * 10000 + local->month * 100 + local->day;
}

static gint64 day_number(gint32 day)
{
    return days_from_civil(day / 10000, day / 100 % 100, day % 100);
}

/* Names under the tz database's folder that are not zones of it: other files, and the same zones with leap
 * seconds or without. */
static gboolean zone_name_allowed(const char *name)
{
    static const char *const others[] = {"leapseconds", "localtime", "posixrules"};

    if (strlen(name) > 64 || !g_ascii_isalpha(name[0]) || strstr(name, "//"))
        return FALSE;
    for (const char *p = name; *p; p++)
        if (!g_ascii_isalnum(*p) && !strchr("/_+-", *p))
            return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        if (!strcmp(name, others[i]))
            return FALSE;
    return !g_str_has_prefix(name, "right/") && !g_str_has_prefix(name, "posix/");
}

static GTimeZone *zone_open(const char *name)
{
    g_autofree char *in_database = NULL;

    if (!strcmp(name, "UTC")) /* also where no tz database is installed */
        return g_time_zone_new_utc();
    if (!zone_name_allowed(name))
        return NULL;
    /* With the colon GLib looks into the database only: without it "JST-9" is a zone by POSIX's own notation.
     */
    in_database = g_strconcat(":", name, NULL);
    return g_time_zone_new_identifier(in_database);
}

struct zone *zone_new(const char *name, GError **error)
{
    gboolean system = !name || !*name;
    GTimeZone *tz = system ? g_time_zone_new_identifier(NULL) : zone_open(name);
    struct zone *zone;

    if (!tz && !system) {
        g_autofree char *shown = g_utf8_make_valid(name, (gssize)strnlen(name, 64));
        pt_error_set(error, PT_ERROR_INPUT,
                     "there is no time zone \"%s\"; a name such as Asia/Tokyo is needed",
                     "タイムゾーン「%s」はありません。Asia/Tokyo のような名前を指定してください", shown);
        return NULL;
    }
    if (!tz)
        tz = g_time_zone_new_utc(); /* a system without /etc/localtime is on UTC */
    zone = g_new0(struct zone, 1);
    zone->tz = tz;
    zone->name = g_strdup(system ? g_time_zone_get_identifier(tz) : name);
    zone->spans = g_array_new(FALSE, FALSE, sizeof(struct span));
    zone->latest = (struct span){.from = 1, .until = 0};
    zone->day_number = DAY_NONE;
    return zone;
}

void zone_free(struct zone *zone)
{
    if (!zone)
        return;
    g_time_zone_unref(zone->tz);
    g_array_unref(zone->spans);
    g_free(zone->name);
    g_free(zone);
}

const char *zone_name(const struct zone *zone)
{
    return zone->name;
}

static int interval_at(struct zone *zone, gint64 utc)
{
    return g_time_zone_find_interval(zone->tz, G_TIME_TYPE_UNIVERSAL, utc);
}

/* The first instant of GLib's interval `interval`, which holds `utc`. GLib numbers its intervals but does not
   say where they begin: steps that double find an instant outside, halving finds the border. */
static gint64 interval_start(struct zone *zone, int interval, gint64 utc)
{
    gint64 inside = utc, outside = utc;

    for (gint64 step = DAY_SECONDS; interval_at(zone, outside) == interval; step *= 2) {
        inside = outside;
        if (outside == UTC_FIRST)
            return G_MININT64;
        outside = MAX(UTC_FIRST, outside - step);
    }
    while (inside - outside > 1) {
        gint64 middle = outside + (inside - outside) / 2;
        if (interval_at(zone, middle) == interval)
            inside = middle;
        else
            outside = middle;
    }
    return inside;
}

/* The first instant after GLib's interval `interval`, which holds `utc`. */
static gint64 interval_end(struct zone *zone, int interval, gint64 utc)
{
    gint64 inside = utc, outside = utc;

    for (gint64 step = DAY_SECONDS; interval_at(zone, outside) == interval; step *= 2) {
        inside = outside;
        if (outside == UTC_LAST)
            return G_MAXINT64;
        outside = MIN(UTC_LAST, outside + step);
    }
    while (outside - inside > 1) {
        gint64 middle = inside + (outside - inside) / 2;
        if (interval_at(zone, middle) == interval)
            inside = middle;
        else
            outside = middle;
    }
    return outside;
}

static struct span span_learn(struct zone *zone, guint index, gint64 utc)
{
    gint64 probe = CLAMP(utc, UTC_FIRST, UTC_LAST);
    int interval = interval_at(zone, probe);
    struct span span = {
        .from = interval_start(zone, interval, probe),
        .until = interval_end(zone, interval, probe),
        .offset = g_time_zone_get_offset(zone->tz, interval),
    };

    g_array_insert_val(zone->spans, index, span);
    return span;
}

static struct span span_find(struct zone *zone, gint64 utc)
{
    guint low = 0, high = zone->spans->len;

    if (utc >= zone->latest.from && utc < zone->latest.until)
        return zone->latest;
    while (low < high) {
        guint middle = (low + high) / 2;
        if (g_array_index(zone->spans, struct span, middle).until <= utc)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < zone->spans->len && g_array_index(zone->spans, struct span, low).from <= utc)
        zone->latest = g_array_index(zone->spans, struct span, low);
    else
        zone->latest = span_learn(zone, low, utc);
    return zone->latest;
}

int zone_offset(struct zone *zone, gint64 utc)
{
    if (utc >= zone->latest.from && utc < zone->latest.until)
        return zone->latest.offset;
    return span_find(zone, utc).offset;
}

struct local_time zone_local(struct zone *zone, gint64 utc)
{
    gint64 local = CLAMP(utc, UTC_FIRST, UTC_LAST) + zone_offset(zone, utc);
    gint64 number;
    int of_day;
    struct local_time ret;

    local = CLAMP(local, LOCAL_FIRST, LOCAL_LAST);
    number = floor_days(local);
    of_day = (int)(local - number * DAY_SECONDS);
    if (number != zone->day_number) {
        civil_from_days(number, &zone->day_shown);
        zone->day_number = number;
    }
    ret = zone->day_shown;
    ret.hour = of_day / 3600;
    ret.minute = of_day / 60 % 60;
    ret.second = of_day % 60;
    return ret;
}

gint32 zone_day(struct zone *zone, gint64 utc)
{
    struct local_time local = zone_local(zone, utc);

    return day_of(&local);
}

/* The first instant whose local time is `local` (seconds as if UTC) or later: the instant of that local time,
   of two equal ones the first, and in a gap the end of the gap. */
static gint64 first_at_or_after(struct zone *zone, gint64 local)
{
    struct span span = span_find(zone, local - REACH);

    while (MAX(span.from, local - span.offset) >= span.until)
        span = span_find(zone, span.until);
    return MAX(span.from, local - span.offset);
}

gboolean zone_has_day(struct zone *zone, gint32 day)
{
    gint64 midnight, first;

    if (!day_valid(day))
        return FALSE;
    midnight = day_number(day) * DAY_SECONDS;
    first = first_at_or_after(zone, midnight);
    return first + zone_offset(zone, first) < midnight + DAY_SECONDS;
}

gboolean zone_instant(struct zone *zone, gint32 day, int hour, gint64 *ret_utc)
{
    if (hour < 0 || hour > 23 || !zone_has_day(zone, day))
        return FALSE;
    *ret_utc = first_at_or_after(zone, day_number(day) * DAY_SECONDS + hour * 3600);
    return TRUE;
}

gboolean zone_from_local(struct zone *zone, const struct local_time *local, gint64 not_after, gint64 *ret_utc)
{
    gboolean found = FALSE;
    gint64 seconds;

    if (!date_valid(local->year, local->month, local->day) || local->hour < 0 || local->hour > 23 ||
        local->minute < 0 || local->minute > 59 || local->second < 0 || local->second > 59)
        return FALSE;
    seconds = days_from_civil(local->year, local->month, local->day) * DAY_SECONDS + local->hour * 3600 +
              local->minute * 60 + local->second;
    for (struct span span = span_find(zone, seconds - REACH);; span = span_find(zone, span.until)) {
        gint64 utc = seconds - span.offset;

        if (utc >= span.from && utc < span.until) {
            if (found && (not_after == G_MAXINT64 || utc > not_after))
                break;
            *ret_utc = utc;
            found = TRUE;
        }
        if (span.until > seconds + REACH)
            break;
    }
    return found;
}

gboolean day_valid(gint32 day)
{
    return day > 0 && date_valid(day / 10000, day / 100 % 100, day % 100);
}

gint32 day_add(gint32 day, int days)
{
    struct local_time local;
    gint64 number;

    if (!day_valid(day))
        return 0;
    number = CLAMP(day_number(day) + days, floor_days(LOCAL_FIRST), floor_days(LOCAL_LAST));
    civil_from_days(number, &local);
    return day_of(&local);
}

int day_diff(gint32 later, gint32 earlier)
{
    if (!day_valid(later) || !day_valid(earlier))
        return 0;
    return (int)(day_number(later) - day_number(earlier));
}

/* `count` ASCII digits at `text`; -1 if there is anything else. */
static int digits(const char *text, int count)
{
    int value = 0;

    for (int i = 0; i < count; i++) {
        if (!g_ascii_isdigit(text[i]))
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/* "YYYY?MM?DD" at `text`, which has at least 10 bytes; 0 if it is not a valid date. */
static gint32 date_at(const char *text, char separator)
{
    int year = digits(text, 4), month = digits(text + 5, 2), day = digits(text + 8, 2);

    if (text[4] != separator || text[7] != separator || !date_valid(year, month, day))
        return 0;
    return year * 10000 + month * 100 + day;
}

gint32 day_parse(const char *text)
{
    if (!text || strlen(text) != 10 || (text[4] != '-' && text[4] != '/'))
        return 0;
    return date_at(text, text[4]);
}

void day_format(gint32 day, char out[11])
{
    unsigned value = day < 0 ? 0 : (unsigned)day;

    (void)g_snprintf(out, 11, "%04u-%02u-%02u", value / 10000 % 10000, value / 100 % 100, value % 100);
}

/* "Z" or "±HH:MM" and nothing after it, as seconds east of UTC. */
static gboolean zone_suffix(const char *text, gsize length, int *ret_offset)
{
    int hour, minute;

    if (length == 1 && (text[0] == 'Z' || text[0] == 'z')) {
        *ret_offset = 0;
        return TRUE;
    }
    if (length != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':')
        return FALSE;
    hour = digits(text + 1, 2);
    minute = digits(text + 4, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59)
        return FALSE;
    *ret_offset = (text[0] == '-' ? -1 : 1) * (hour * 3600 + minute * 60);
    return TRUE;
}

gboolean time_parse_rfc3339(const char *text, gsize length, gint64 *ret_utc)
{
    gsize at = 19;
    int hour, minute, second, offset;
    gint64 utc;
    gint32 day;

    if (!text || length < 20)
        return FALSE;
    day = date_at(text, '-');
    hour = digits(text + 11, 2);
    minute = digits(text + 14, 2);
    second = digits(text + 17, 2);
    if (!day || (text[10] != 'T' && text[10] != 't') || text[13] != ':' || text[16] != ':' || hour < 0 ||
        hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
        return FALSE;
    if (text[at] == '.') {
        at++;
        while (at < length && g_ascii_isdigit(text[at]))
            at++;
        if (at == 20)
            return FALSE;
    }
    if (!zone_suffix(text + at, length - at, &offset))
        return FALSE;
    utc = day_number(day) * DAY_SECONDS + hour * 3600 + minute * 60 + second - offset;
    if (day < 19700101 || utc < 0 || utc > LOCAL_LAST)
        return FALSE;
    *ret_utc = utc;
    return TRUE;
}

void time_format_utc(gint64 utc, char out[21])
{
    gint64 seconds = CLAMP(utc, LOCAL_FIRST, LOCAL_LAST);
    gint64 number = floor_days(seconds);
    int of_day = (int)(seconds - number * DAY_SECONDS);
    struct local_time local;

    civil_from_days(number, &local);
    (void)g_snprintf(out, 21, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)local.year % 10000u,
                     (unsigned)local.month % 100u, (unsigned)local.day % 100u,
                     (unsigned)of_day / 3600u % 100u, (unsigned)of_day / 60u % 60u, (unsigned)of_day % 60u);
}
