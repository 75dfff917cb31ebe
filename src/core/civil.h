/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Day numbers and decimal digits for the hot paths: no table, no zone, no allocation. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

#define CIVIL_DAY_SECONDS 86400
/* Instants from 0001-01-02 to 9999-12-30 UTC: within them every zone's local year has four digits. */
#define CIVIL_TIME_MIN G_GINT64_CONSTANT(-62135510400)
#define CIVIL_TIME_MAX G_GINT64_CONSTANT(253402127999)

struct civil {
    int year, month, day;
};

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar (years 1–9999). The year is counted
   from March, so that the leap day is its last day. */
static inline gint64 civil_to_days(int year, int month, int day)
{
    int from_march = month > 2 ? month - 3 : month + 9;
    gint64 y = year - (month <= 2);

    return y * 365 + y / 4 - y / 100 + y / 400 + (153 * from_march + 2) / 5 + day - 1 - 719468;
}

/* The date of a day number within years 1–9999. */
static inline struct civil civil_from_days(gint64 days)
{
    gint64 z = days + 719468;
    gint64 era = z / 146097;
    int of_era = (int)(z - era * 146097);
    int year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int from_march = (5 * of_year + 2) / 153;
    int month = from_march < 10 ? from_march + 3 : from_march - 9;

    return (struct civil){(int)(year_of_era + era * 400) + (month <= 2), month,
                          of_year - (153 * from_march + 2) / 5 + 1};
}

/* Whether the date occurs in the calendar (years 1–9999). */
static inline gboolean civil_valid(int year, int month, int day)
{
    static const char days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    gboolean leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] &&
           (month != 2 || day < 29 || leap);
}

static inline char *civil_put_2(char *out, unsigned value)
{
    out[0] = (char)('0' + value / 10);
    out[1] = (char)('0' + value % 10);
    return out + 2;
}

/* The number that exactly `count` decimal digits spell; -1 if one of them is no digit. */
static inline int civil_get(const char *text, int count)
{
    int value = 0;

    for (int i = 0; i < count; i++) {
        unsigned digit = (unsigned)(text[i] - '0');
        if (digit > 9)
            return -1;
        value = value * 10 + (int)digit;
    }
    return value;
}

G_END_DECLS
