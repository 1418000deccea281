/* info_tensors.c: what tensors there are, summed by coding and listed by what their names share. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ore/ops.h>

#include "info/info.h"

/* ---- rows ---- */

/* Copies a name with * in place of its first part between dots that is a number, which goes to
 * *number; -1 where there is none. */
static void pattern_of(const char *name, char *pattern, int64_t *number) {
    *number = -1;
    for (const char *at = name; *at;) {
        size_t part = strcspn(at, "."), digits = strspn(at, "0123456789");
        enum { DIGITS_MAX = 9 };
        if (*number < 0 && digits == part && digits > 0 && digits <= DIGITS_MAX) {
            *number = strtol(at, NULL, 10);
            *pattern++ = '*';
        } else {
            memcpy(pattern, at, part);
            pattern += part;
        }
        at += part;
        if (*at)
            *pattern++ = *at++;
    }
    *pattern = '\0';
}

static info_row *find_row(const info_subject *s, const char *pattern,
                          const ore_tensor_entry *entry) {
    for (int64_t i = s->row_count - 1; i >= 0; i--) {
        info_row *row = &s->rows[i];
        if (row->coding == entry->coding && ore_shape_equal(row->shape, entry->shape) &&
            strcmp(row->pattern, pattern) == 0)
            return row;
    }
    return NULL;
}

static ore_status add_to_row(info_subject *s, const ore_tensor_entry *entry, bool all) {
    char *pattern = malloc(strlen(entry->name) + 1);
    int64_t number = -1;
    if (!pattern)
        return ore_fail(ORE_MEMORY, "out of memory");
    if (all)
        strcpy(pattern, entry->name);
    else
        pattern_of(entry->name, pattern, &number);
    info_row *row = all ? NULL : find_row(s, pattern, entry);
    if (row) {
        free(pattern);
    } else { /* rows has room for one of each tensor */
        row = &s->rows[s->row_count++];
        *row = (info_row){pattern, entry->shape, entry->coding, 0, 0, number, number};
    }
    row->count++;
    row->bytes += (int64_t)entry->bytes;
    row->first = number < row->first ? number : row->first;
    row->last = number > row->last ? number : row->last;
    return ORE_OK;
}

static void add_to_total(info_total *total, const ore_tensor_entry *entry) {
    total->tensors++;
    total->elements += ore_shape_numel(entry->shape);
    total->bytes += (int64_t)entry->bytes;
}

ore_status info_count(info_subject *s, bool all) {
    int64_t count = ore_tensor_file_count(s->file);
    s->rows = calloc((size_t)count + 1, sizeof *s->rows);
    if (!s->rows)
        return ore_fail(ORE_MEMORY, "out of memory");
    for (int64_t i = 0; i < count && ore_ok(); i++) {
        const ore_tensor_entry *entry = ore_tensor_file_at(s->file, i);
        add_to_total(&s->total, entry);
        add_to_total(&s->totals[entry->coding], entry);
        add_to_row(s, entry, all);
    }
    return ore_error_status();
}

/* ---- values ---- */

static int64_t count_not_finite(ore_tensor *t) {
    int64_t count = 0;
    if (!ore_dtype_is_floating(ore_tensor_dtype(t)))
        return 0;
    ore_tensor *doubles = ore_tensor_dtype(t) == ORE_FLOAT64 ? t : ore_to(t, ORE_FLOAT32);
    const void *data = doubles ? ore_data(doubles) : NULL;
    for (int64_t i = 0; data && i < ore_numel(doubles); i++)
        count += ore_tensor_dtype(doubles) == ORE_FLOAT64 ? !isfinite(((const double *)data)[i])
                                                          : !isfinite(((const float *)data)[i]);
    return count;
}

ore_status info_check(info_subject *s) {
    s->not_finite = 0;
    for (int64_t i = 0; i < ore_tensor_file_count(s->file) && ore_ok(); i++) {
        ore_scope_begin();
        ore_tensor *t = ore_tensor_file_tensor(s->file, ore_tensor_file_at(s->file, i)->name);
        if (t)
            s->not_finite += count_not_finite(t);
        ore_scope_end();
    }
    return ore_ok() ? ore_tensor_file_check(s->file) : ore_error_status();
}
