/* metrics.c: writing and reading metrics.jsonl, and its picture. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ore/io.h>
#include <ore/plot.h>

#include "run/metrics.h"
#include "cli/options.h"
#include "cli/picture.h"
#include "run/rundir.h"

enum { STEP_LINES_MAX = 10000, LINE_BYTES = 256 };

/* ---- writing ---- */

ore_status metrics_open(metrics *m, const char *dir, size_t bytes, int64_t steps) {
    m->interval = 1 + steps / STEP_LINES_MAX;
    m->file_bytes = bytes;
    m->used = 0;
    if (rundir_path(dir, "metrics.jsonl", m->path) != ORE_OK)
        return ore_error_status();
    return bytes ? ore_file_truncate(m->path, bytes) : ore_tree_remove(m->path);
}

ore_status metrics_flush(metrics *m) {
    if (m->used && ore_file_append(m->path, m->buffer, m->used) != ORE_OK)
        return ore_error_status();
    m->file_bytes += m->used;
    m->used = 0;
    return ore_error_status();
}

int metrics_drop(metrics *m) {
    int lines = 0;
    for (size_t i = 0; i < m->used; i++)
        lines += m->buffer[i] == '\n';
    m->used = 0;
    return lines;
}

/* Adds {"step": 3, "NAME": value, ...}; a value that is not finite is null. */
static ore_status add_line(metrics *m, int64_t step, const char *const *names, const double *values,
                           int count) {
    char line[LINE_BYTES], number[ORE_NUMBER_TEXT_BYTES];
    int n = snprintf(line, sizeof line, "{\"step\": %lld", (long long)step);
    for (int i = 0; i < count; i++)
        n += snprintf(line + n, sizeof line - (size_t)n, ", \"%s\": %s", names[i],
                      isfinite(values[i]) ? ore_number_text(values[i], number) : "null");
    n += snprintf(line + n, sizeof line - (size_t)n, "}\n");
    if (m->used + (size_t)n > sizeof m->buffer && metrics_flush(m) != ORE_OK)
        return ore_error_status();
    memcpy(m->buffer + m->used, line, (size_t)n);
    m->used += (size_t)n;
    return ORE_OK;
}

ore_status metrics_add(metrics *m, const ore_fit_report *r) {
    static const char *const step_names[] = {"loss", "lr", "grad_norm"};
    static const char *const evaluation_names[] = {"train_loss", "val_loss"};
    int64_t step = r->state->step;
    bool kept = step % m->interval == 0 || r->evaluated || r->state->unevaluated;
    if (!isnan(r->loss) && kept) /* NaN: an evaluation alone */
        add_line(m, step, step_names, (double[]){r->loss, r->lr, r->grad_norm}, 3);
    if (r->evaluated)
        add_line(m, step, evaluation_names, (double[]){r->train_loss, r->val_loss}, 2);
    return ore_error_status();
}

/* ---- reading ---- */

static void add_point(metrics_curve *c, ore_json *line, const char *key, double step) {
    double value;
    if (ore_json_kind_of(line, key) != ORE_JSON_DOUBLE &&
        ore_json_kind_of(line, key) != ORE_JSON_INT)
        return;
    ore_json_get_double(line, key, &value);
    if (c->count == c->capacity) {
        int64_t capacity = c->capacity ? 2 * c->capacity : 256;
        double *x = realloc(c->x, (size_t)capacity * sizeof *x);
        c->x = x ? x : c->x;
        double *y = x ? realloc(c->y, (size_t)capacity * sizeof *y) : NULL;
        c->y = y ? y : c->y;
        if (!y) {
            ore_fail(ORE_MEMORY, "metrics.jsonl: out of memory for its %lld lines",
                     (long long)capacity);
            return;
        }
        c->capacity = capacity;
    }
    c->x[c->count] = step;
    c->y[c->count++] = value;
}

static void read_line(metrics_curves *curves, const char *text, size_t bytes, const char *path) {
    double step = 0;
    ore_json *line = ore_json_parse(text, bytes, path);
    if (line && ore_json_get_double(line, "step", &step) == ORE_OK) {
        add_point(&curves->loss, line, "loss", step);
        add_point(&curves->train, line, "train_loss", step);
        add_point(&curves->val, line, "val_loss", step);
    }
    ore_json_free(line);
}

ore_status metrics_read(const char *path, metrics_curves *curves) {
    size_t bytes = 0;
    *curves = (metrics_curves){0};
    char *text = ore_file_read(path, &bytes);
    for (size_t at = 0; text && at < bytes && ore_ok();) {
        const char *end = memchr(text + at, '\n', bytes - at);
        size_t length = end ? (size_t)(end - text) - at : bytes - at;
        read_line(curves, text + at, length, path);
        at += length + 1;
    }
    ore_string_free(text);
    return ore_error_status();
}

void metrics_curves_free(metrics_curves *curves) {
    metrics_curve *all[] = {&curves->loss, &curves->train, &curves->val};
    for (int i = 0; i < 3; i++) {
        free(all[i]->x);
        free(all[i]->y);
    }
    *curves = (metrics_curves){0};
}

/* ---- the picture ---- */

static void add_curve(ore_figure *figure, const metrics_curve *c, const char *label,
                      const ore_plot_style *style) {
    if (c->count > 0)
        ore_plot_line(figure, c->x, c->y, c->count, label, style);
}

static ore_figure *loss_figure(const metrics_curves *curves, const char *title) {
    ore_figure_options o = picture_options();
    ore_figure *figure = ore_figure_new(&o);
    ore_plot_style step = {.color = "#b8b8b8", .width = 1};
    ore_plot_style train = {.color = "#0072b2", .marker = ORE_MARKER_DISC, .marker_size = 5};
    ore_plot_style val = {.color = "#d55e00", .marker = ORE_MARKER_DISC, .marker_size = 5};
    ore_plot_title(figure, title);
    ore_plot_labels(figure, "step", "loss (nats per token)");
    add_curve(figure, &curves->loss, "each step's batch", &step);
    add_curve(figure, &curves->train, "train", &train);
    add_curve(figure, &curves->val, "validation", &val);
    return figure;
}

ore_status metrics_draw(const char *dir, const char *title) {
    char path[RUNDIR_PATH_BYTES];
    metrics_curves curves = {0};
    if (rundir_path(dir, "metrics.jsonl", path) != ORE_OK ||
        metrics_read(path, &curves) != ORE_OK ||
        curves.loss.count + curves.train.count + curves.val.count == 0) {
        metrics_curves_free(&curves);
        return ore_error_status();
    }
    ore_figure *figure = loss_figure(&curves, title);
    static const char *const names[] = {"loss.svg", "loss.png"};
    for (int i = 0; i < 2 && ore_ok(); i++)
        if (rundir_path(dir, names[i], path) == ORE_OK)
            ore_figure_save(figure, path);
    ore_figure_free(figure);
    metrics_curves_free(&curves);
    return ore_error_status();
}
