/* pad.c: padding the last dims: with a value, or with what lies inside. */
#include <string.h>

#include "ops/autocast.h"
#include "ops/op.h"

/* ---- constant: dx is the inner part of dy ---- */

typedef struct pad_attributes {
    int64_t before[ORE_MAX_DIMS];
} pad_attributes;

static ore_tensor *inner_part(ore_tensor *t, ore_shape inner, const pad_attributes *a) {
    for (int d = 0; t && d < inner.ndim; d++)
        if (t->shape.dim[d] != inner.dim[d])
            t = ore_narrow(t, d, a->before[d], inner.dim[d]);
    return t;
}

static void pad_backward(ore_node *node, ore_tensor *dy) {
    ore_pass(node, 0, inner_part(dy, ore_input_shape(node, 0), ore_node_attributes(node)));
}

static const ore_op pad_op = {"pad", pad_backward};

/* Pads of 0 or more around x. */
static ore_tensor *surrounded(ore_tensor *x, ore_shape shape, const pad_attributes *a,
                              double value) {
    ore_no_grad_begin();
    ore_tensor *y = ore_new_full(x, shape, value, x->dtype);
    if (y)
        ore_copy_(inner_part(y, x->shape, a), x);
    ore_no_grad_end();
    ore_node *node = ore_record(&pad_op, y, 1, &x, 0, sizeof *a);
    if (node)
        *(pad_attributes *)ore_node_attributes(node) = *a;
    return ore_made(y);
}

/* x without what pads below 0 cut off. */
static ore_tensor *cut(ore_tensor *x, const int64_t (*pads)[2]) {
    ore_shape shape = x->shape;
    for (int d = 0; x && d < shape.ndim; d++) {
        int64_t start = pads[d][0] < 0 ? -pads[d][0] : 0, end = pads[d][1] < 0 ? -pads[d][1] : 0;
        if (start || end)
            x = ore_narrow(x, d, start, shape.dim[d] - start - end);
    }
    return x;
}

static ore_tensor *pad_constant(ore_tensor *x, const int64_t (*pads)[2], double value) {
    pad_attributes a = {{0}};
    ore_tensor *kept = cut(x, pads);
    if (!kept)
        return NULL;
    ore_shape shape = kept->shape;
    for (int d = 0; d < shape.ndim; d++) {
        a.before[d] = pads[d][0] > 0 ? pads[d][0] : 0;
        shape.dim[d] += a.before[d] + (pads[d][1] > 0 ? pads[d][1] : 0);
    }
    return surrounded(kept, shape, &a, value);
}

/* ---- from within: y_i = x at the place that i stands for ---- */

/* Where the places -before .. n + after - 1 of a dim of n lie in it. */
static ore_tensor *places_within(int64_t before, int64_t n, int64_t after, ore_pad_mode mode) {
    double last = (double)(n - 1);
    ore_tensor *at = ore_arange((double)-before, (double)(n + after), 1, ORE_INT64);
    if (mode == ORE_PAD_REPLICATE)
        return ore_clamp(at, 0, last);
    if (mode == ORE_PAD_REFLECT)
        return ore_rsub_scalar(ore_abs(ore_rsub_scalar(ore_abs(at), last)), last);
    ore_tensor *size = ore_scalar((double)n, ORE_INT64), *zero = ore_scalar(0, ORE_INT64);
    at = ore_where(ore_lt(at, zero), ore_add(at, size), at);
    return ore_where(ore_ge(at, size), ore_sub(at, size), at);
}

static int64_t at_least_0(int64_t n) {
    return n > 0 ? n : 0;
}

/* Round the clock, pads below 0 cut first; else they only leave places out. */
static ore_tensor *pad_within(ore_tensor *x, const int64_t (*pads)[2], ore_pad_mode mode) {
    if (mode == ORE_PAD_CIRCULAR)
        x = cut(x, pads);
    ore_tensor *y = x;
    for (int d = 0; y && d < x->shape.ndim; d++) {
        bool cut_already = mode == ORE_PAD_CIRCULAR;
        int64_t before = cut_already ? at_least_0(pads[d][0]) : pads[d][0];
        int64_t after = cut_already ? at_least_0(pads[d][1]) : pads[d][1];
        int64_t n = x->shape.dim[d], max = mode == ORE_PAD_REFLECT ? n - 1 : n;
        int64_t larger = before > after ? before : after;
        if (before == 0 && after == 0)
            continue;
        if (n == 0 || (mode != ORE_PAD_REPLICATE && larger > max)) {
            ore_fail(ORE_INVALID, "pad: %lld beside dim %d of %lld, expected at most %lld",
                     (long long)larger, d, (long long)n, (long long)(n ? max : 0));
            return NULL;
        }
        y = ore_index_select(
            y, d, ore_to_device(places_within(before, n, after, mode), ore_tensor_device(x)));
    }
    return y;
}

/* ---- the builder ---- */

ore_tensor *ore_pad(ore_tensor *x, const int64_t *pad, int n, ore_pad_mode mode, double value) {
    int64_t pads[ORE_MAX_DIMS][2] = {{0}};
    if (mode == ORE_PAD_REFLECT || mode == ORE_PAD_REPLICATE)
        x = ore_raised(x);
    if (!ore_usable1("pad", x))
        return NULL;
    int ndim = x->shape.ndim;
    if (n < 0 || n % 2 || n / 2 > ndim || (n && !pad)) {
        ore_fail(ORE_INVALID, "pad: a list of %d, expected two for each of at most %d dims", n,
                 ndim);
        return NULL;
    }
    if (mode < ORE_PAD_CONSTANT || mode > ORE_PAD_CIRCULAR) {
        ore_fail(ORE_INVALID, "pad: mode %d is none", (int)mode);
        return NULL;
    }
    for (int i = 0; i < n / 2; i++) { /* the last dim first */
        int d = ndim - 1 - i;
        memcpy(pads[d], pad + 2 * i, sizeof pads[d]);
        if (pads[d][0] > INT64_MAX / 4 || pads[d][1] > INT64_MAX / 4 ||
            pads[d][0] < -x->shape.dim[d] || pads[d][1] < -x->shape.dim[d] ||
            x->shape.dim[d] + pads[d][0] + pads[d][1] < 0) {
            ore_fail(ORE_INVALID, "pad: %lld and %lld leave nothing of dim %d of %lld",
                     (long long)pads[d][0], (long long)pads[d][1], d, (long long)x->shape.dim[d]);
            return NULL;
        }
    }
    ore_tensor *y =
        mode == ORE_PAD_CONSTANT ? pad_constant(x, pads, value) : pad_within(x, pads, mode);
    return ore_named("pad", y == x ? ore_clone(x) : y);
}
