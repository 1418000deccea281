/* dates.c: dates in seventeen spellings. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lab/frame/dates.h"

enum { FIRST_YEAR = 1950, FIRST_WEEKDAY = 6 }; /* 1950-01-01 was a Sunday */

static const char *const months[12] = {"January",   "February", "March",    "April",
                                       "May",       "June",     "July",     "August",
                                       "September", "October",  "November", "December"};
static const char *const weekdays[7] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                        "Friday", "Saturday", "Sunday"};
static const char *const ordinals[31] = {
    "first",        "second",         "third",         "fourth",        "fifth",
    "sixth",        "seventh",        "eighth",        "ninth",         "tenth",
    "eleventh",     "twelfth",        "thirteenth",    "fourteenth",    "fifteenth",
    "sixteenth",    "seventeenth",    "eighteenth",    "nineteenth",    "twentieth",
    "twenty-first", "twenty-second",  "twenty-third",  "twenty-fourth", "twenty-fifth",
    "twenty-sixth", "twenty-seventh", "twenty-eighth", "twenty-ninth",  "thirtieth",
    "thirty-first"};

typedef struct date {
    int year, month, day, weekday; /* month 0 .. 11, day 1 .., weekday 0: Monday */
} date;

static int days_of(int year, int month) {
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 1 && leap ? 29 : days[month];
}

static date date_of(int64_t number) {
    date d = {FIRST_YEAR, 0, 1, (int)((number + FIRST_WEEKDAY) % 7)};
    for (; number >= days_of(d.year, d.month); d.month == 12 ? d.year++, d.month = 0 : 0)
        number -= days_of(d.year, d.month++);
    d.day += (int)number;
    return d;
}

/* "st", "nd", "rd", "th" */
static const char *ending(int day) {
    int last = day / 10 == 1 ? 0 : day % 10;
    return last == 1 ? "st" : last == 2 ? "nd" : last == 3 ? "rd" : "th";
}

static void write_words(const date *d, int spelling, char *text) {
    const char *m = months[d->month];
    int y = d->year, day = d->day;
    size_t bytes = DATES_BYTES;
    switch (spelling) {
    case 0:
        snprintf(text, bytes, "%d %s %d", day, m, y);
        break;
    case 1:
        snprintf(text, bytes, "%s %d, %d", m, day, y);
        break;
    case 2:
        snprintf(text, bytes, "%d %.3s %d", day, m, y);
        break;
    case 3:
        snprintf(text, bytes, "%.3s %d, %d", m, day, y);
        break;
    case 4:
        snprintf(text, bytes, "%d%s of %s %d", day, ending(day), m, y);
        break;
    case 5:
        snprintf(text, bytes, "the %d%s of %s, %d", day, ending(day), m, y);
        break;
    case 6:
        snprintf(text, bytes, "%s %d%s %d", m, day, ending(day), y);
        break;
    case 7:
        snprintf(text, bytes, "%s, %d %s %d", weekdays[d->weekday], day, m, y);
        break;
    case 8:
        snprintf(text, bytes, "%s the %s, %d", m, ordinals[day - 1], y);
        break;
    default:
        snprintf(text, bytes, "the %s of %s %d", ordinals[day - 1], m, y);
        break;
    }
}

static void write_digits(const date *d, int spelling, char *text) {
    int y = d->year, m = d->month + 1, day = d->day;
    size_t bytes = DATES_BYTES;
    switch (spelling) {
    case 10:
        snprintf(text, bytes, "%02d.%02d.%d", day, m, y);
        break;
    case 11:
        snprintf(text, bytes, "%d.%d.%02d", day, m, y % 100);
        break;
    case 12:
        snprintf(text, bytes, "%d/%d/%d", day, m, y);
        break;
    case 13:
        snprintf(text, bytes, "%d/%02d/%02d", y, m, day);
        break;
    case 14:
        snprintf(text, bytes, "%d %02d %02d", y, m, day);
        break;
    case 15:
        snprintf(text, bytes, "%d-%.3s-%02d", day, months[d->month], y % 100);
        break;
    default:
        snprintf(text, bytes, "%s %d %d", months[d->month], day, y);
        for (char *c = text; *c; c++)
            *c = (char)toupper((unsigned char)*c);
        break;
    }
}

void dates_write(int64_t day, int spelling, date_pair *pair) {
    date d = date_of(day);
    if (spelling < 10)
        write_words(&d, spelling, pair->from);
    else
        write_digits(&d, spelling, pair->from);
    char iso[DATES_BYTES];
    snprintf(iso, sizeof iso, "%04d-%02d-%02d", d.year, d.month + 1, d.day);
    memcpy(pair->to, iso, sizeof pair->to);
}
