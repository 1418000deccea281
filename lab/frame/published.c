/* published.c: reads lectures.tsv and compares results with its rows. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/frame/published.h"
#include "lab/frame/text.h"
#include "embedded_lectures.h"

enum { COLUMNS = 8 };

/* Rows whose expected result is written in words: the numbers to compare with. */
static const struct {
    const char *id, *numbers;
} in_words[] = {
    {"mgr.ops", "24.704081632653061 138.83381924198252 645.57725947521863"}, /* all digits */
    {"p4.cmp", "0.0"}, /* the largest of the differences */
};

/* Rows whose tolerance has more than two clauses: a digit for each number says which clause holds
 * for it. */
static const struct { const char *id, *clauses; } by_number[] = {{"p3.first", "0000112"}};

/* ---- the table ---- */

/* Splits a line at its tabs. */
static ore_status read_row(lab_row *row, char *line) {
    const char *cells[COLUMNS];
    int n = 0;
    for (char *cell = line; cell && n < COLUMNS; n++) {
        char *tab = strchr(cell, '\t');
        cells[n] = cell;
        if (tab)
            *tab = '\0';
        cell = tab ? tab + 1 : NULL;
    }
    if (n < COLUMNS)
        return ore_fail(ORE_DATA, "lectures.tsv: %s: %d columns, expected %d", cells[0], n,
                        COLUMNS);
    *row =
        (lab_row){cells[0], cells[1], cells[2], cells[3], cells[4], cells[5], cells[6], cells[7]};
    return ORE_OK;
}

lab_published_table *lab_published_new(void) {
    lab_published_table *table = lab_allocate(sizeof *table);
    char *line = table ? table->bytes = lab_allocate(embedded_lectures_bytes + 1) : NULL;
    if (!line)
        goto fail;
    memcpy(line, embedded_lectures, embedded_lectures_bytes);
    line = strchr(line, '\n'); /* the names of the columns */
    while (line && line[1]) {
        lab_row *row = lab_add(&table->rows, &table->count, sizeof *row);
        char *end = strchr(++line, '\n');
        if (end)
            *end = '\0';
        if (!row || read_row(row, line) != ORE_OK)
            goto fail;
        line = end;
    }
    return table;
fail:
    lab_published_free(table);
    return NULL;
}

void lab_published_free(lab_published_table *table) {
    if (!table)
        return;
    free(table->rows);
    free(table->bytes);
    free(table);
}

const lab_row *lab_published_find(const lab_published_table *table, const char *id) {
    for (int64_t i = 0; i < table->count; i++)
        if (strcmp(table->rows[i].id, id) == 0)
            return &table->rows[i];
    return NULL;
}

bool lab_row_is_compared(const lab_row *row) {
    return strcmp(row->tolerance, "do not test") != 0;
}

/* ---- numbers in a text ---- */

typedef struct number {
    const char *start;
    size_t length;
    double value;
} number;

/* The length of the number at p; 0 if there is none. The digits in W1 and 22K are parts of
 * words. */
static size_t number_length(const char *p, bool after_word) {
    const char *start = p;
    if (after_word)
        return 0;
    p += *p == '-' || *p == '+';
    if (!isdigit((unsigned char)*p))
        return 0;
    p += strspn(p, "0123456789");
    if (*p == '.' && isdigit((unsigned char)p[1]))
        p += 1 + strspn(p + 1, "0123456789");
    if (*p == 'e' && (isdigit((unsigned char)p[1]) ||
                      ((p[1] == '-' || p[1] == '+') && isdigit((unsigned char)p[2]))))
        p += 2 + strspn(p + 2, "0123456789");
    return isalpha((unsigned char)*p) ? 0 : (size_t)(p - start);
}

static bool is_word(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

/* Reads the number at p, in a text that begins at `text`; false if there is none. */
static bool number_at(const char *text, const char *p, number *n) {
    n->start = p;
    n->length = number_length(p, p > text && is_word(p[-1]));
    n->value = n->length ? strtod(p, NULL) : 0;
    return n->length > 0;
}

/* Reads the next number at or after *p, and moves *p behind it. Numbers in quoted text do not
 * count. */
static bool next_number(const char *text, const char **p, number *n) {
    for (bool quoted = false; **p; ++*p) {
        quoted ^= **p == '"';
        if (!quoted && number_at(text, *p, n)) {
            *p += n->length;
            return true;
        }
    }
    return false;
}

/* ---- tolerances ---- */

typedef struct tolerance {
    double value;
    bool relative;
} tolerance;

/* Reads the clauses of a tolerance such as "1e-6 loss, 1e-5 relative norms", at most `capacity`,
 * and returns how many there are. A clause that does not begin with a number is a remark. "exact"
 * and "printed digits" have no clause. */
static int read_clauses(const char *text, tolerance *clauses, int capacity) {
    int n = 0;
    for (const char *p = text; *p && n < capacity; p += strspn(p, ",; ")) {
        char *end;
        double value = strtod(p, &end);
        size_t length = strcspn(p, ",;");
        if (end > p) {
            const char *word = strstr(p, "relative");
            clauses[n++] = (tolerance){value, word && word < p + length};
        }
        p += length;
    }
    return n;
}

/* The tolerance of a row's i-th number: the first clause holds for the first number and the last
 * clause for all others, unless by_number says otherwise. */
static tolerance tolerance_of(const lab_row *row, int64_t i) {
    tolerance clauses[4];
    int n = read_clauses(row->tolerance, clauses, 4), which = i > 0;
    if (n == 0)
        return (tolerance){0, false};
    for (size_t r = 0; r < sizeof by_number / sizeof by_number[0]; r++)
        if (strcmp(by_number[r].id, row->id) == 0 && i < (int64_t)strlen(by_number[r].clauses))
            which = by_number[r].clauses[i] - '0';
    tolerance t = clauses[which < n ? which : n - 1];
    if (t.relative && t.value >= 1e-7 && t.value < 1e-6) /* sums may be added in another order */
        t.value = 1e-6;
    return t;
}

/* Compares one pair of numbers, and adds the result to the comparison. */
static void compare_number(lab_comparison *c, const lab_row *row, int64_t i, double published,
                           double value) {
    tolerance t = tolerance_of(row, i);
    double difference = fabs(value - published);
    if (t.relative && published != 0)
        difference /= fabs(published);
    if (!(difference <= t.value))
        c->agrees = false;
    if (!(difference <= c->difference)) {
        c->difference = difference;
        c->relative = t.relative;
    }
}

/* ---- comparing ---- */

static const char *numbers_of(const lab_row *row) {
    for (size_t i = 0; i < sizeof in_words / sizeof in_words[0]; i++)
        if (strcmp(in_words[i].id, row->id) == 0)
            return in_words[i].numbers;
    return row->expected;
}

lab_comparison lab_compare_values(const lab_row *row, const double *values, int64_t count) {
    const char *text = numbers_of(row), *p = text;
    lab_comparison c = {true, 0, false};
    number n;
    int64_t i = 0;
    for (; next_number(text, &p, &n); i++)
        if (i < count)
            compare_number(&c, row, i, n.value, values[i]);
    return i == count ? c : (lab_comparison){false, NAN, false};
}

/* Compares two texts: numbers may differ within the row's tolerance, all else must be equal. */
static lab_comparison compare_words(const lab_row *row, const char *published, const char *text) {
    lab_comparison c = {true, 0, false};
    const char *p = published, *q = text;
    number a, b;
    for (int64_t i = 0; *p || *q;) {
        bool in_p = number_at(published, p, &a), in_q = number_at(text, q, &b);
        if (in_p && in_q) {
            compare_number(&c, row, i++, a.value, b.value);
            p += a.length;
            q += b.length;
        } else if (in_p != in_q || *p++ != *q++) {
            return (lab_comparison){false, NAN, false};
        }
    }
    return c;
}

lab_comparison lab_compare_text(const lab_row *row, const char *text) {
    char *published = lab_unquote(row->expected);
    lab_comparison c = {false, NAN, false};
    if (published && strncmp(row->tolerance, "exact", 5) == 0)
        c = strcmp(published, text) == 0 ? (lab_comparison){true, 0, false} : c;
    else if (published)
        c = compare_words(row, published, text);
    free(published);
    return c;
}

/* ---- showing ---- */

/* Writes a value like the published number `like`: with as many decimals, and with an exponent if
 * that has one. */
static void value_text(const number *like, double value, char *text, size_t bytes) {
    char *dot = memchr(like->start, '.', like->length);
    char *exponent = memchr(like->start, 'e', like->length);
    const char *end = exponent ? exponent : like->start + like->length;
    int decimals = dot ? (int)(end - dot) - 1 : 0;
    if (!dot && !exponent && value != floor(value))
        snprintf(text, bytes, "%.9g", value);
    else
        snprintf(text, bytes, exponent ? "%.*e" : "%.*f", decimals, value);
}

char *lab_values_text(const lab_row *row, const double *values, int64_t count, bool full) {
    const char *published = numbers_of(row), *p = published;
    char *text = lab_allocate((size_t)count * 32 + 1);
    size_t used = 0;
    number n;
    for (int64_t i = 0; text && i < count; i++) {
        char one[64];
        if (!full && next_number(published, &p, &n))
            value_text(&n, values[i], one, sizeof one);
        else
            ore_number_text(values[i], one);
        used += (size_t)snprintf(text + used, (size_t)count * 32 + 1 - used, "%s%.31s",
                                 i ? " " : "", one);
    }
    return text;
}
