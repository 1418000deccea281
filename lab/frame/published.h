/* published.h: the rows of lectures.tsv, and the comparison of results with them. */
#ifndef LAB_PUBLISHED_H
#define LAB_PUBLISHED_H

#include <ore/ore.h>

/* The columns of lectures.tsv. */
typedef struct lab_row {
    const char *id, *notebook, *cell, *expression, *seed, *expected, *tolerance, *note;
} lab_row;

typedef struct lab_published_table {
    char *bytes;
    lab_row *rows;
    int64_t count;
} lab_published_table;

/* The embedded table; NULL with ORE_DATA or ORE_MEMORY. */
lab_published_table *lab_published_new(void);
void lab_published_free(lab_published_table *table);
/* The row with this id; NULL if there is none. */
const lab_row *lab_published_find(const lab_published_table *table, const char *id);

/* False for rows marked "do not test". */
bool lab_row_is_compared(const lab_row *row);

typedef struct lab_comparison {
    bool agrees;
    double difference; /* the largest difference of numbers; NaN where texts or counts differ */
    bool relative;     /* that difference is relative */
} lab_comparison;

lab_comparison lab_compare_values(const lab_row *row, const double *values, int64_t count);
lab_comparison lab_compare_text(const lab_row *row, const char *text);
/* The values as text, with as many digits as the published ones have, or, with `full`, with enough
 * digits to tell any two apart; to be freed. */
char *lab_values_text(const lab_row *row, const double *values, int64_t count, bool full);

#endif
