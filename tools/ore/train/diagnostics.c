/* diagnostics.c: records sampled steps, and draws the picture of them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ore/ops.h>
#include <ore/plot.h>

#include "train/diagnostics.h"
#include "cli/picture.h"
#include "run/rundir.h"

/* Sampled steps of a run: more points of a curve would not show. Values of a tensor that a
 * histogram takes: with more, drawing it would be slow. */
enum { SAMPLES_MAX = 200, VALUES_MAX = 200000 };

/* ---- recording ---- */

/* The model calls its activation once for each layer, in order. So a function that is put in its
 * place sees the activations of every layer. */

static diagnostics *active;

static void release(ore_tensor **t) {
    ore_free(*t);
    *t = NULL;
}

static ore_tensor *record_activation(ore_tensor *x) {
    diagnostics *d = active;
    ore_tensor *y = d->original(x);
    if (y && d->sampling && ore_grad_enabled() && d->layer < d->layer_count) {
        release(&d->activations[d->layer]);
        d->activations[d->layer++] = ore_own(ore_retain_grad(y));
    }
    return y;
}

static void record_gradient(void *user, ore_tensor *leaf) {
    watched *w = user;
    if (!active->sampling)
        return;
    release(&w->gradient);
    ore_tensor *copy = ore_clone(ore_grad(leaf));
    w->gradient = copy ? ore_own(copy) : NULL;
}

/* Prepares for recording the step after `step`, if that is one to sample. */
static void begin_step(diagnostics *d, int64_t step) {
    d->sampling =
        d->samples < d->capacity && ((step + 1) % d->interval == 0 || step + 1 == d->last_step);
    d->layer = 0;
    if (!d->sampling)
        return;
    ore_no_grad_begin();
    for (int64_t i = 0; i < d->matrix_count; i++) {
        release(&d->matrices[i].before);
        ore_tensor *copy = ore_clone(d->matrices[i].weight);
        d->matrices[i].before = copy ? ore_own(copy) : NULL;
    }
    ore_no_grad_end();
}

static ore_tensor *deviation(ore_tensor *x) {
    return ore_to(ore_std(x, ORE_ALL, 1, false), ORE_FLOAT64);
}

static void end_step(diagnostics *d, int64_t step) {
    ore_scope_begin();
    ore_no_grad_begin();
    for (int64_t i = 0; i < d->matrix_count; i++) {
        watched *w = &d->matrices[i];
        ore_tensor *update = deviation(ore_sub(w->weight, w->before));
        w->ratios[d->samples] = ore_item(ore_log10(ore_div(update, deviation(w->before))));
    }
    ore_no_grad_end();
    ore_scope_end();
    d->steps[d->samples++] = (double)step;
}

void diagnostics_report(diagnostics *d, const ore_fit_report *report) {
    if (!d->model || !ore_ok())
        return;
    if (d->sampling && report->state->step > 0)
        end_step(d, report->state->step);
    begin_step(d, report->state->step);
}

/* ---- start and end ---- */

static ore_status watch_matrices(diagnostics *d) {
    for (int64_t i = 0; i < d->parameters.count; i++) {
        ore_tensor *weight = d->parameters.items[i].tensor;
        watched *w = &d->matrices[d->matrix_count];
        if (ore_ndim(weight) < 2)
            continue;
        *w = (watched){.name = d->parameters.items[i].name, .weight = weight};
        w->ratios = calloc((size_t)d->capacity, sizeof *w->ratios);
        d->matrix_count++;
        if (!w->ratios)
            return ore_fail(ORE_MEMORY, "diagnostics: out of memory");
        ore_set_grad_hook(weight, record_gradient, w);
    }
    return ore_error_status();
}

ore_status diagnostics_start(diagnostics *d, const model *m, int64_t last, int64_t first) {
    int64_t steps = last > first ? last - first : 1;
    *d = (diagnostics){.model = m, .last_step = last};
    d->interval = (steps + SAMPLES_MAX - 1) / SAMPLES_MAX;
    d->capacity = SAMPLES_MAX + 2;
    d->parameters = ore_module_parameters(m->module);
    d->matrices = calloc((size_t)d->parameters.count + 1, sizeof *d->matrices);
    d->steps = calloc((size_t)d->capacity, sizeof *d->steps);
    if (m->family->activation)
        d->place = m->family->activation(m->module, &d->layer_count);
    d->activations = calloc((size_t)d->layer_count + 1, sizeof(ore_tensor *));
    if (!d->matrices || !d->steps || !d->activations)
        return ore_fail(ORE_MEMORY, "diagnostics: out of memory");
    if (watch_matrices(d) != ORE_OK)
        return ore_error_status();
    active = d;
    if (d->place) {
        d->original = *d->place;
        *d->place = record_activation;
    }
    begin_step(d, first);
    return ore_error_status();
}

void diagnostics_free(diagnostics *d) {
    if (!d->model)
        return;
    for (int64_t i = 0; i < d->matrix_count; i++) {
        watched *w = &d->matrices[i];
        ore_set_grad_hook(w->weight, NULL, NULL);
        release(&w->before);
        release(&w->gradient);
        free(w->ratios);
    }
    for (int64_t i = 0; d->activations && i < d->layer_count; i++)
        release(&d->activations[i]);
    if (d->original)
        *d->place = d->original;
    ore_tensor_list_free(&d->parameters);
    free(d->activations);
    free(d->steps);
    free(d->matrices);
    *d = (diagnostics){0};
}

/* ---- the picture ---- */

/* Plots the distribution of those of n values that are finite as a curve. */
static void plot_values(ore_figure *figure, const double *values, int64_t n, const char *label) {
    ore_histogram_options o = ore_histogram_defaults();
    int64_t kept = 0;
    double *shown = calloc((size_t)n + 1, sizeof *shown);
    o.density = o.curve = true;
    for (int64_t i = 0; shown && i < n; i++)
        if (isfinite(values[i]))
            shown[kept++] = values[i];
    if (!shown)
        ore_fail(ORE_MEMORY, "diagnostics: out of memory");
    else if (kept > 0)
        ore_plot_histogram(figure, shown, kept, &o, label, NULL);
    free(shown);
}

/* Adds the distribution of the first values of a tensor, or of their sizes, as a curve to the
 * current panel. */
static void add_histogram(ore_figure *figure, ore_tensor *t, bool sizes, const char *label) {
    if (!t || !ore_ok())
        return;
    ore_scope_begin();
    ore_tensor *flat = ore_flatten(ore_contiguous(ore_detach(t)), 0, -1);
    int64_t n = flat && ore_size(flat, 0) < VALUES_MAX ? ore_size(flat, 0) : VALUES_MAX;
    ore_tensor *values = ore_contiguous(ore_to(ore_narrow(flat, 0, 0, n), ORE_FLOAT64));
    if (sizes)
        values = ore_log10(ore_abs(values)); /* of 0 it is -inf, which is not shown */
    if (values)
        plot_values(figure, ore_data(values), n, label);
    ore_scope_end();
}

static void panel(ore_figure *figure, int place, const char *title, const char *x, const char *y) {
    ore_figure_panel(figure, place / 2, place % 2);
    ore_plot_title(figure, title);
    ore_plot_labels(figure, x, y);
}

static void add_layers(ore_figure *figure, const diagnostics *d, bool gradients) {
    for (int64_t i = 0; i < d->layer_count; i++) {
        char label[32];
        ore_tensor *t = d->activations[i];
        snprintf(label, sizeof label, "layer %lld", (long long)i);
        add_histogram(figure, t && gradients ? ore_grad(t) : t, gradients, label);
    }
}

/* The short form of a name: "h.0.mlp.c_fc" for "transformer.h.0.mlp.c_fc.weight". */
static const char *short_name(const char *name, char *text, size_t bytes) {
    const char *prefix = "transformer.", *end = strstr(name, ".weight");
    int length = (int)(end ? (size_t)(end - name) : strlen(name));
    bool cut = strncmp(name, prefix, strlen(prefix)) == 0;
    snprintf(text, bytes, "%.*s", length - (cut ? (int)strlen(prefix) : 0),
             cut ? name + strlen(prefix) : name);
    return text;
}

static void add_matrices(ore_figure *figure, const diagnostics *d, bool ratios) {
    char label[64];
    for (int64_t i = 0; i < d->matrix_count; i++) {
        const watched *w = &d->matrices[i];
        short_name(w->name, label, sizeof label);
        if (ratios)
            ore_plot_line(figure, d->steps, w->ratios, d->samples, label, NULL);
        else
            add_histogram(figure, w->gradient, true, label);
    }
    ore_plot_legend(figure, ORE_LEGEND_OUTSIDE);
}

ore_status diagnostics_draw(const diagnostics *d, const char *dir) {
    static const char *const names[] = {"diagnostics.svg", "diagnostics.png"};
    char path[RUNDIR_PATH_BYTES];
    ore_figure_options o = picture_options();
    if (!ore_ok() || !d->model || d->samples == 0)
        return ore_error_status();
    const char *title = d->model->family->contexts ? "activations of the layers"
                                                   : "activations of the feed-forward layers";
    o.rows = o.cols = 2;
    o.width_px = 1600;
    o.height_px = 1100;
    ore_figure *figure = ore_figure_new(&o);
    panel(figure, 0, title, "value", "density");
    add_layers(figure, d, false);
    panel(figure, 1, "gradients of the weights", "log10 |gradient|", "density");
    add_matrices(figure, d, false);
    panel(figure, 2, "gradients of these activations", "log10 |gradient|", "density");
    add_layers(figure, d, true);
    panel(figure, 3, "size of an update against its weights", "step", "log10 std(update) / std");
    add_matrices(figure, d, true);
    ore_plot_hline(figure, -3, "1/1000", NULL);
    for (int i = 0; i < 2 && ore_ok(); i++)
        if (rundir_path(dir, names[i], path) == ORE_OK)
            ore_figure_save(figure, path);
    ore_figure_free(figure);
    return ore_error_status();
}
