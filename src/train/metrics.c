/* metrics.c: writing and reading metrics.jsonl. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "train/run.h"

enum { LINE_BYTES = 256 }; /* a line of our own: at most 4 numbers of up to 25 bytes, and names */

/* ---- writing ---- */

ore_status ore_metrics_cut(ore_metrics *m, size_t bytes) {
    m->file_bytes = bytes;
    m->used = 0;
    return bytes ? ore_file_truncate(m->path, bytes) : ore_tree_remove(m->path);
}

ore_status ore_metrics_flush(ore_metrics *m) {
    if (m->used && ore_file_append(m->path, m->buffer, m->used) != ORE_OK)
        return ore_error_status();
    m->file_bytes += m->used;
    m->used = 0;
    return ore_error_status();
}

int ore_metrics_drop(ore_metrics *m) {
    int lines = 0;
    for (size_t i = 0; i < m->used; i++)
        lines += m->buffer[i] == '\n';
    m->used = 0;
    return lines;
}

/* Adds the line {"step": 3, "NAME": value, ...}; a value that is not finite is written as null. */
static ore_status add_line(ore_metrics *m, int64_t step, const char *const *names,
                           const double *values, int count) {
    char line[LINE_BYTES], number[ORE_NUMBER_TEXT_BYTES];
    int n = snprintf(line, sizeof line, "{\"step\": %lld", (long long)step);
    for (int i = 0; i < count; i++)
        n += snprintf(line + n, sizeof line - (size_t)n, ", \"%s\": %s", names[i],
                      isfinite(values[i]) ? ore_number_text(values[i], number) : "null");
    n += snprintf(line + n, sizeof line - (size_t)n, "}\n");
    if (m->used + (size_t)n > sizeof m->buffer && ore_metrics_flush(m) != ORE_OK)
        return ore_error_status();
    memcpy(m->buffer + m->used, line, (size_t)n);
    m->used += (size_t)n;
    return ORE_OK;
}

ore_status ore_metrics_add(ore_metrics *m, const ore_fit_report *r) {
    static const char *const step_names[] = {"loss", "lr", "grad_norm"};
    static const char *const evaluation_names[] = {"train_loss", "val_loss"};
    int64_t step = r->state->step;
    bool kept = step % m->interval == 0 || r->evaluated || r->state->unevaluated;
    if (!isnan(r->loss) && kept) /* NaN: this report is of an evaluation without a step */
        add_line(m, step, step_names, (double[]){r->loss, r->lr, r->grad_norm}, 3);
    if (r->evaluated)
        add_line(m, step, evaluation_names, (double[]){r->train_loss, r->val_loss}, 2);
    return ore_error_status();
}

/* ---- reading ---- */

static void add_point(ore_curve *c, ore_json *line, const char *key, double step) {
    double value;
    if (ore_json_kind_of(line, key) != ORE_JSON_DOUBLE &&
        ore_json_kind_of(line, key) != ORE_JSON_INT)
        return;
    ore_json_get_double(line, key, &value);
    int64_t capacity = c->capacity; /* of both arrays */
    if (ore_grow((void **)&c->x, &capacity, c->count + 1, sizeof *c->x) != ORE_OK ||
        ore_grow((void **)&c->y, &c->capacity, c->count + 1, sizeof *c->y) != ORE_OK)
        return;
    c->x[c->count] = step;
    c->y[c->count++] = value;
}

static void read_line(ore_metrics_curves *curves, const char *text, size_t bytes,
                      const char *path) {
    double step = 0;
    ore_json *line = ore_json_parse(text, bytes, path);
    if (line && ore_json_get_double(line, "step", &step) == ORE_OK) {
        add_point(&curves->loss, line, "loss", step);
        add_point(&curves->train, line, "train_loss", step);
        add_point(&curves->val, line, "val_loss", step);
    }
    ore_json_free(line);
}

ore_status ore_metrics_read(const char *path, ore_metrics_curves *curves) {
    size_t bytes = 0;
    *curves = (ore_metrics_curves){0};
    char *text = ore_file_read(path, &bytes);
    for (size_t at = 0; text && at < bytes && ore_ok();) {
        const char *end = memchr(text + at, '\n', bytes - at);
        size_t length = end ? (size_t)(end - text) - at : bytes - at;
        read_line(curves, text + at, length, path);
        at += length + 1;
    }
    ore_release(text);
    return ore_error_status();
}

void ore_metrics_curves_free(ore_metrics_curves *curves) {
    ore_curve *all[] = {&curves->loss, &curves->train, &curves->val};
    for (int i = 0; i < 3; i++) {
        ore_release(all[i]->x);
        ore_release(all[i]->y);
    }
    *curves = (ore_metrics_curves){0};
}
