/* results.c: takes the results that a rung reports, and compares them with the published ones. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/frame/record.h"

/* ---- rows ---- */

static bool is_reported(const lab_record *record, const lab_row *row) {
    for (int64_t i = 0; i < record->result_count; i++)
        if (record->results[i].row == row)
            return true;
    return false;
}

static const lab_row *find_row(lab *l, const char *id) {
    const lab_row *row = ore_ok() ? lab_published_find(l->published, id) : NULL;
    if (!row || !lab_matches(l->record->rung->rows, id))
        ore_fail(ORE_INVALID, "lab: %s is no row of the rung %s", id, l->record->rung->name);
    else if (is_reported(l->record, row))
        ore_fail(ORE_INVALID, "lab: %s is reported twice", id);
    return ore_ok() ? row : NULL;
}

/* The verdict of a row that is not to be compared; LAB_AGREES if it is to be compared. */
static lab_verdict bar_of(lab *l, const lab_row *row) {
    if (!lab_row_is_compared(row))
        return LAB_NOT_COMPARED;
    bool bound = lab_matches(l->record->rung->data_rows, row->id);
    return bound && !lab_published(l) ? LAB_OTHER_DATA : LAB_AGREES;
}

/* Adds the result of a row. Takes over `value`. */
static void add_row(lab *l, const lab_row *row, char *value, lab_comparison c) {
    lab_verdict verdict = bar_of(l, row);
    if (verdict == LAB_AGREES && !c.agrees)
        verdict = LAB_DIFFERS;
    lab_result *r =
        value ? lab_add(&l->record->results, &l->record->result_count, sizeof *r) : NULL;
    if (!r) {
        free(value);
        return;
    }
    *r = (lab_result){row, lab_copy(row->expression), value, c.difference, c.relative, verdict};
}

void lab_values(lab *l, const char *id, const double *values, int64_t count) {
    const lab_row *row = find_row(l, id);
    if (!row)
        return;
    lab_comparison c = lab_compare_values(row, values, count);
    add_row(l, row, lab_values_text(row, values, count, !c.agrees), c);
}

void lab_value(lab *l, const char *id, double value) {
    lab_values(l, id, &value, 1);
}

void lab_tensor(lab *l, const char *id, const ore_tensor *t) {
    ore_scope_begin();
    int64_t count = ore_numel(t);
    ore_tensor *wide = ore_to(ore_contiguous(ore_detach((ore_tensor *)t)), ORE_FLOAT64);
    const double *values = wide ? ore_data(wide) : NULL;
    if (values)
        lab_values(l, id, values, count);
    ore_scope_end();
}

void lab_text(lab *l, const char *id, const char *text) {
    const lab_row *row = find_row(l, id);
    if (row)
        add_row(l, row, lab_copy(text), lab_compare_text(row, text));
}

void lab_complete(lab *l) {
    for (int64_t i = 0; i < l->published->count && ore_ok(); i++) {
        const lab_row *row = &l->published->rows[i];
        if (!lab_matches(l->record->rung->rows, row->id) || is_reported(l->record, row))
            continue;
        lab_verdict bar = bar_of(l, row);
        lab_result *r = lab_add(&l->record->results, &l->record->result_count, sizeof *r);
        if (r)
            *r = (lab_result){.row = row,
                              .quantity = lab_copy(row->expression),
                              .difference = NAN,
                              .verdict = bar != LAB_AGREES ? bar
                                         : l->quick        ? LAB_NOT_RUN
                                                           : LAB_MISSING};
    }
}

/* ---- notes and checks ---- */

void lab_note(lab *l, const char *quantity, double value) {
    char text[32];
    lab_result *r =
        ore_ok() ? lab_add(&l->record->results, &l->record->result_count, sizeof *r) : NULL;
    if (!r)
        return;
    snprintf(text, sizeof text, "%.9g", value);
    *r = (lab_result){NULL, lab_copy(quantity), lab_copy(text), NAN, false, LAB_NOTE};
}

void lab_expect(lab *l, bool holds, const char *format, ...) {
    va_list arguments;
    lab_check *check =
        ore_ok() ? lab_add(&l->record->checks, &l->record->check_count, sizeof *check) : NULL;
    if (!check)
        return;
    va_start(arguments, format);
    char *plain = lab_format(format, arguments);
    va_end(arguments);
    check->text = plain ? lab_grouped(plain) : NULL;
    free(plain);
    check->holds = holds;
}

void lab_record_free(lab_record *record) {
    if (!record)
        return;
    for (int64_t i = 0; i < record->part_count; i++) {
        free(record->parts[i].text);
        free(record->parts[i].file);
    }
    for (int64_t i = 0; i < record->result_count; i++) {
        free(record->results[i].quantity);
        free(record->results[i].value);
    }
    for (int64_t i = 0; i < record->check_count; i++)
        free(record->checks[i].text);
    free(record->parts);
    free(record->results);
    free(record->checks);
    free(record->error);
    free(record);
}
