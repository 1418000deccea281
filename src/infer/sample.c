/* sample.c: temperature, top-k, top-p. */
#include <math.h>
#include <stdlib.h>

#include <ore/infer.h>
#include <ore/ops.h>

#include "base/elementary/elementary.h"
#include "base/memory.h"

ore_sampler_options ore_sampler_defaults(void) {
    return (ore_sampler_options){.temperature = 1, .top_k = 0, .top_p = 1};
}

static bool options_fit(const ore_sampler_options *o) {
    if (!(o->temperature >= 0) || isinf(o->temperature))
        ore_fail(ORE_INVALID, "sample: temperature %g, expected 0 or more", o->temperature);
    else if (o->top_k < 0)
        ore_fail(ORE_INVALID, "sample: top_k %lld, expected 0 or more", (long long)o->top_k);
    else if (!(o->top_p > 0 && o->top_p <= 1))
        ore_fail(ORE_INVALID, "sample: top_p %g, expected 0 < top_p <= 1", o->top_p);
    return ore_ok();
}

/* For qsort: largest first. */
static int falling(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

/* The smallest logit that top_k and top_p keep, of V sorted ones, largest first. */
static float threshold(const float *sorted, int64_t V, const ore_sampler_options *o) {
    int64_t kept = o->top_k > 0 && o->top_k < V ? o->top_k : V;
    float min = sorted[kept - 1];
    if (o->top_p >= 1)
        return min;
    while (kept < V && sorted[kept] == min)
        kept++;
    double total = 0, sum = 0;
    for (int64_t i = 0; i < kept; i++)
        total += ore_math_exp(((double)sorted[i] - (double)sorted[0]) / o->temperature);
    for (int64_t i = 0; i < kept; i++) {
        sum += ore_math_exp(((double)sorted[i] - (double)sorted[0]) / o->temperature);
        if (sum >= o->top_p * total)
            return sorted[i];
    }
    return min;
}

static bool logits_fit(const float *x, int64_t V) {
    bool finite = false;
    for (int64_t i = 0; i < V; i++) {
        if (isnan(x[i]) || x[i] == INFINITY) {
            ore_fail(ORE_DATA, "sample: logit %lld is %g", (long long)i, (double)x[i]);
            return false;
        }
        finite = finite || isfinite(x[i]);
    }
    if (!finite)
        ore_fail(ORE_DATA, "sample: every logit is -inf");
    return finite;
}

static int64_t largest(const float *x, int64_t V) {
    int64_t best = 0;
    for (int64_t i = 1; i < V; i++)
        if (x[i] > x[best])
            best = i;
    return best;
}

/* The lowest temperature that logits are divided by. Below it, quotients of logits of a usual size
 * (1 to 100) would overflow float32, whose max is 3e38. */
static const double coldest = 1e-30;

/* The limit of softmax(x / temperature) as the temperature falls to 0: all but the largest logits
 * get probability 0, and these, if several are equal, share it evenly. */
static void keep_largest(float *x, int64_t V) {
    float max = x[largest(x, V)];
    for (int64_t i = 0; i < V; i++)
        x[i] = x[i] < max ? -INFINITY : 0;
}

/* Draws an id from the logits x (V), which it changes; scratch (V). -1 with an error. */
static int64_t draw(float *x, float *scratch, int64_t V, const ore_sampler_options *o,
                    ore_generator *g) {
    if (!logits_fit(x, V))
        return -1;
    if (o->temperature == 0)
        return largest(x, V);
    if ((o->top_k > 0 && o->top_k < V) || o->top_p < 1) {
        for (int64_t i = 0; i < V; i++)
            scratch[i] = x[i];
        qsort(scratch, (size_t)V, sizeof *scratch, falling);
        float min = threshold(scratch, V, o);
        for (int64_t i = 0; i < V; i++)
            x[i] = x[i] < min ? -INFINITY : x[i];
    }
    if (o->temperature < coldest)
        keep_largest(x, V);
    ore_tensor *kept = ore_from_data(x, ORE_SHAPE(V), ORE_FLOAT32);
    ore_tensor *p = ore_softmax(ore_div_scalar(kept, fmax(o->temperature, coldest)), 0);
    ore_tensor *id = ore_multinomial(p, 1, false, g);
    return id ? ore_item_int(id) : -1;
}

int64_t ore_sample_token(ore_tensor *logits, const ore_sampler_options *options, ore_generator *g) {
    ore_sampler_options o = options ? *options : ore_sampler_defaults();
    char text[ORE_SHAPE_TEXT];
    if (!ore_ok() || !options_fit(&o))
        return -1;
    if (!logits || ore_ndim(logits) != 1 || ore_numel(logits) < 1) {
        ore_fail(ORE_INVALID, "sample: logits %s, expected (V,)",
                 logits ? ore_shape_text(ore_shape_of(logits), text) : "NULL");
        return -1;
    }
    int64_t V = ore_numel(logits), id = -1;
    float *memory = ore_alloc((size_t)V * 2 * sizeof *memory);
    ore_scope_begin();
    ore_no_grad_begin();
    ore_tensor *x = memory ? ore_to(logits, ORE_FLOAT32) : NULL;
    if (x && ore_copy_out(x, memory, (size_t)V * sizeof *memory) == ORE_OK)
        id = draw(memory, memory + V, V, &o, g);
    ore_no_grad_end();
    ore_scope_end();
    ore_release(memory);
    return ore_ok() ? id : -1;
}
