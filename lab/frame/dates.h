/* dates.h: dates as people write them, and as ISO 8601 does: pairs of texts for a translator. */
#ifndef LAB_DATES_H
#define LAB_DATES_H

#include <ore/ore.h>

enum {
    DATES_BYTES = 40,     /* of the longest spelling, with its NUL */
    DATES_ISO_BYTES = 11, /* "2024-03-05" */
    DATES_SPELLINGS = 17,
    DATES_DAYS = 36525, /* from 1950-01-01 to 2049-12-31: two digits of a year tell which */
};

typedef struct date_pair {
    char from[DATES_BYTES], to[DATES_ISO_BYTES];
} date_pair;

/* Day 0 .. DATES_DAYS - 1 in spelling 0 .. DATES_SPELLINGS - 1, and in ISO form. */
void dates_write(int64_t day, int spelling, date_pair *pair);

#endif
