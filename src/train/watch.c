/* watch.c: diagnostics of a training: distributions of activations and gradients, and sizes of
 * updates. */
#include <math.h>

#include <ore/ops.h>

#include "base/elementary/elementary.h"
#include "base/memory.h"
#include "train/fit.h"

/* ---- values to read ---- */

/* The elements of a floating tensor in host memory, which handles of the current scope own. */
typedef struct values {
    const float *f;
    const double *d; /* these for float64; else NULL */
    int64_t n;
} values;

static values values_of(ore_tensor *t) {
    values v = {0};
    t = ore_contiguous(ore_detach(t));
    if (t && ore_tensor_device(t) != ORE_CPU)
        t = ore_to_device(t, ORE_CPU);
    if (t && ore_tensor_dtype(t) != ORE_FLOAT64)
        t = ore_to(t, ORE_FLOAT32);
    if (!t)
        return v;
    if (ore_tensor_dtype(t) == ORE_FLOAT64)
        v.d = ore_data(t);
    else
        v.f = ore_data(t);
    v.n = v.d || v.f ? ore_numel(t) : 0;
    return v;
}

static double at(const values *v, int64_t i) {
    return v->d ? v->d[i] : (double)v->f[i];
}

/* The standard deviation, divided by n - 1, of a - b; of a where b is NULL. */
static double std_of(const values *a, const values *b) {
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < a->n; i++)
        sum += at(a, i) - (b ? at(b, i) : 0);
    double mean = sum / (double)a->n;
    for (int64_t i = 0; i < a->n; i++) {
        double x = at(a, i) - (b ? at(b, i) : 0) - mean;
        squares += x * x;
    }
    return sqrt(squares / (double)(a->n - 1));
}

/* ---- distributions ---- */

/* Measures the finite values: their number, mean, deviation, min and max, and the fractions of
 * zeros and saturated ones. */
static void measure(const values *v, ore_distribution *out) {
    double sum = 0, squares = 0, zeros = 0, saturated = 0;
    for (int64_t i = 0; i < v->n; i++) {
        double x = at(v, i);
        if (!isfinite(x))
            continue;
        sum += x;
        zeros += x == 0;
        saturated += fabs(x) > 0.97;
        out->low = out->count == 0 || x < out->low ? x : out->low;
        out->high = out->count == 0 || x > out->high ? x : out->high;
        out->count++;
    }
    if (out->count == 0)
        return;
    double n = (double)out->count;
    out->mean = sum / n;
    out->zeros = zeros / n;
    out->saturated = saturated / n;
    for (int64_t i = 0; i < v->n; i++)
        if (isfinite(at(v, i)))
            squares += (at(v, i) - out->mean) * (at(v, i) - out->mean);
    out->std = sqrt(squares / (n - 1));
}

/* Counts the values in bins from min to max; where all are equal, the bins cover a width of 1
 * around them. */
static void fill_bins(const values *v, ore_distribution *out) {
    bool flat = !((out->high - out->low) / ORE_DISTRIBUTION_BINS > 0);
    double low = flat ? out->low - 0.5 : out->low, high = flat ? out->high + 0.5 : out->high;
    double width = (high - low) / ORE_DISTRIBUTION_BINS;
    for (int64_t i = 0; i < v->n; i++) {
        double place = (at(v, i) - low) / width;
        if (isfinite(at(v, i)))
            out->density[place < ORE_DISTRIBUTION_BINS ? (int)place : ORE_DISTRIBUTION_BINS - 1]++;
    }
    for (int b = 0; b < ORE_DISTRIBUTION_BINS; b++) {
        out->middle[b] = low + (b + 0.5) * width;
        out->density[b] /= (double)out->count * width;
    }
}

ore_status ore_distribution_of(ore_tensor *t, ore_distribution *out) {
    *out = (ore_distribution){.mean = NAN, .std = NAN, .low = NAN, .high = NAN};
    if (!ore_ok() || !t)
        return ore_error_status();
    if (!ore_dtype_is_floating(ore_tensor_dtype(t)))
        return ore_fail(ORE_INVALID, "distribution: dtype %s, expected a floating one",
                        ore_dtype_name(ore_tensor_dtype(t)));
    ore_scope_begin();
    ore_no_grad_begin();
    values v = values_of(t);
    if (ore_ok())
        measure(&v, out);
    if (out->count > 0)
        fill_bins(&v, out);
    ore_no_grad_end();
    ore_scope_end();
    return ore_error_status();
}

/* ---- the watch ---- */

static ore_status list_parameters(ore_watch *w) {
    ore_tensor_list all = ore_module_parameters(w->module);
    w->parameters = ore_alloc_zero((size_t)all.count * sizeof *w->parameters);
    for (int64_t i = 0; w->parameters && i < all.count && ore_ok(); i++) {
        if (!ore_requires_grad(all.items[i].tensor))
            continue;
        ore_watched_parameter *p = &w->parameters[w->parameter_count++];
        p->tensor = all.items[i].tensor;
        p->name = ore_copy_text(all.items[i].name);
    }
    ore_tensor_list_free(&all);
    return ore_error_status();
}

ore_watch *ore_watch_new(const ore_module *module, int64_t interval) {
    if (!ore_ok())
        return NULL;
    if (!module || interval < 1) {
        ore_fail(ORE_INVALID, "watch: interval %lld of %s, expected a module and at least 1",
                 (long long)interval, module ? "a module" : "NULL");
        return NULL;
    }
    ore_watch *w = ore_alloc_zero(sizeof *w);
    if (!w)
        return NULL;
    w->module = module;
    w->interval = interval;
    if (list_parameters(w) == ORE_OK)
        return w;
    ore_watch_free(w);
    return NULL;
}

void ore_watch_free(ore_watch *watch) {
    if (!watch)
        return;
    for (int64_t i = 0; i < watch->parameter_count; i++) {
        ore_free(watch->parameters[i].before);
        ore_release(watch->parameters[i].log_ratios);
        ore_release(watch->parameters[i].name);
    }
    for (int64_t i = 0; i < watch->layer_count; i++)
        ore_release(watch->layers[i].path);
    ore_release(watch->steps);
    ore_release(watch->parameters);
    ore_release(watch->layers);
    ore_release(watch);
}

/* ---- layers ---- */

static bool is_below(const ore_module *module, const ore_module *top) {
    while (module && module != top)
        module = module->parent;
    return module == top;
}

/* The module's entry, which is added if there is none yet; NULL with an error. */
static ore_watched_layer *layer_of(ore_watch *w, const ore_module *module) {
    for (int64_t i = 0; i < w->layer_count; i++)
        if (w->layers[i].module == module)
            return &w->layers[i];
    if (ore_grow((void **)&w->layers, &w->layer_capacity, w->layer_count + 1, sizeof *w->layers) !=
        ORE_OK)
        return NULL;
    char path[ORE_MESSAGE_BYTES];
    char *copy = ore_copy_text(ore_module_path(module, path, sizeof path));
    if (!copy)
        return NULL;
    w->layers[w->layer_count] = (ore_watched_layer){.module = module, .path = copy};
    return &w->layers[w->layer_count++];
}

static void observe(void *user, const ore_module *module, ore_tensor *y) {
    ore_watch *w = user;
    if (!ore_ok() || !ore_dtype_is_floating(ore_tensor_dtype(y)) || !is_below(module, w->module))
        return;
    ore_watched_layer *layer = layer_of(w, module);
    if (layer)
        ore_distribution_of(y, &layer->activations);
}

/* ---- steps ---- */

/* A NULL watch is one whose making failed: its error is still pending, and is returned. */
ore_status ore_watch_begin(ore_watch *watch, int64_t step) {
    if (!ore_ok() || !watch)
        return ore_error_status();
    watch->step = step;
    ore_module_observe(observe, watch);
    return ORE_OK;
}

ore_status ore_watch_gradients(ore_watch *watch) {
    ore_module_observe(NULL, NULL);
    if (!watch)
        return ore_error_status();
    ore_no_grad_begin();
    for (int64_t i = 0; i < watch->parameter_count && ore_ok(); i++) {
        ore_watched_parameter *p = &watch->parameters[i];
        ore_free(p->before);
        p->before = NULL;
        if (!ore_grad(p->tensor))
            continue;
        ore_scope_begin();
        ore_distribution_of(ore_grad(p->tensor), &p->gradient);
        values data = values_of(p->tensor);
        p->gradient_to_data = p->gradient.std / std_of(&data, NULL);
        p->before = ore_own(ore_clone(ore_detach(p->tensor)));
        ore_scope_end();
    }
    ore_no_grad_end();
    return ore_error_status();
}

/* log10(std(update) / std(parameter)); NaN for a parameter without a gradient. */
static double log_ratio(const ore_watched_parameter *p) {
    if (!p->before)
        return NAN;
    ore_scope_begin();
    ore_no_grad_begin();
    values now = values_of(p->tensor), before = values_of(p->before);
    double ratio = ore_ok() ? ore_math_log10(std_of(&now, &before) / std_of(&now, NULL)) : NAN;
    ore_no_grad_end();
    ore_scope_end();
    return isfinite(ratio) ? ratio : NAN;
}

static ore_status record(ore_watch *w) {
    int64_t count = w->record_count + 1;
    if (ore_grow((void **)&w->steps, &w->step_capacity, count, sizeof *w->steps) != ORE_OK)
        return ore_error_status();
    for (int64_t i = 0; i < w->parameter_count; i++) {
        ore_watched_parameter *p = &w->parameters[i];
        if (ore_grow((void **)&p->log_ratios, &p->log_ratios_capacity, count,
                     sizeof *p->log_ratios) != ORE_OK)
            return ore_error_status();
        p->log_ratios[w->record_count] = log_ratio(p);
    }
    if (ore_ok())
        w->steps[w->record_count++] = w->step;
    return ore_error_status();
}

ore_status ore_watch_end(ore_watch *watch) {
    ore_module_observe(NULL, NULL);
    if (!watch)
        return ore_error_status();
    if (ore_ok() && watch->step > 0)
        record(watch);
    for (int64_t i = 0; i < watch->parameter_count; i++) {
        ore_free(watch->parameters[i].before);
        watch->parameters[i].before = NULL;
    }
    watch->step = 0;
    return ore_error_status();
}
