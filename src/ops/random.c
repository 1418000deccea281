/* random.c: tensors of random numbers. The draws themselves are rows of kernels.def; what equals
 * PyTorch, and where, is docs/random.md. None of these passes a gradient on. The CPU's rows draw
 * for tensors of every device, so that one seed is one stream, and the numbers are copied there. */
#include <math.h>

#include <ore/ops.h>

#include "base/error.h"
#include "ops/op.h"
#include "base/generator.h"
#include "ops/memory_order.h"

/* ---- one draw over a tensor ---- */

typedef struct draw_args {
    double a, b; /* low and high, mean and deviation, p, or lambda */
    int64_t low;
    uint64_t range;
    bool contiguous; /* the tensor, as its user sees it */
    unsigned mkl;    /* the variant that draws this from MKL's stream */
} draw_args;

typedef ore_status (*draw_fn)(const ore_context *ctx, ore_dtype dtype, ore_generator *g, void *x,
                              int64_t n, const draw_args *args);

static ore_status draw_uniform(const ore_context *ctx, ore_dtype dtype, ore_generator *g, void *x,
                               int64_t n, const draw_args *args) {
    return ORE_CALL(ctx, uniform, dtype, g, x, n, args->a, args->b);
}

static ore_status draw_normal(const ore_context *ctx, ore_dtype dtype, ore_generator *g, void *x,
                              int64_t n, const draw_args *args) {
    return ORE_CALL(ctx, normal, dtype, g, x, n, args->a, args->b, args->contiguous);
}

static ore_status draw_integers(const ore_context *ctx, ore_dtype dtype, ore_generator *g, void *x,
                                int64_t n, const draw_args *args) {
    return ORE_CALL(ctx, random, dtype, g, x, n, args->low, args->range);
}

static ore_status draw_bernoulli(const ore_context *ctx, ore_dtype dtype, ore_generator *g, void *x,
                                 int64_t n, const draw_args *args) {
    return ORE_CALL(ctx, bernoulli, dtype, g, x, n, args->a);
}

static ore_status draw_exponential(const ore_context *ctx, ore_dtype dtype, ore_generator *g,
                                   void *x, int64_t n, const draw_args *args) {
    return ORE_CALL(ctx, exponential, dtype, g, x, n, args->a);
}

/* Draws into dense memory of the CPU and copies it to the places of `ordered`. */
static ore_status draw_scattered(const ore_tensor *ordered, draw_fn draw, ore_generator *g,
                                 const draw_args *args) {
    ore_tensor *dense = ore_empty(ordered->shape, ordered->dtype);
    if (!dense)
        return ore_error_status();
    ore_status status = draw(ore_context_for(dense), ordered->dtype, g, ore_tensor_address(dense),
                             ore_numel(ordered), args);
    return status == ORE_OK ? ore_transfer_in(ordered, ore_tensor_address(dense)) : status;
}

static ore_tensor *draw_in_place(const char *op, ore_tensor *t, draw_fn draw, ore_generator *g,
                                 draw_args args) {
    bool ok;
    if (!ore_usable1(op, t))
        return NULL;
    bool record = ore_records_change(op, t, NULL, &ok);
    if (!ok || (record && !ore_rebase_by_copy(t, NULL)))
        return NULL;
    ore_scope_begin();
    args.contiguous = ore_is_contiguous(t);
    g = ore_generator_or_default(g);
    bool by_index = ore_generator_variant(g) & args.mkl; /* as torch's MKL kernels go */
    ore_tensor *ordered = by_index ? t : permuted_alias(t, dims_in_memory(t));
    if (ordered && ore_is_contiguous(ordered) && t->storage->device == ORE_CPU)
        draw(ore_context_for(t), t->dtype, g, ore_tensor_address(t), ore_numel(t), &args);
    else if (ordered)
        draw_scattered(ordered, draw, g, &args);
    ore_tensor_changed(t);
    ore_scope_end();
    return ore_ok() ? t : NULL;
}

static ore_tensor *draw_new(ore_shape shape, ore_dtype dtype, draw_fn draw, ore_generator *g,
                            draw_args args) {
    const ore_context *ctx = ore_context_of(ORE_CPU);
    ore_tensor *t = ctx ? ore_tensor_new(shape, dtype, ORE_CPU) : NULL;
    if (!t)
        return NULL;
    args.contiguous = true;
    if (draw(ctx, dtype, ore_generator_or_default(g), ore_tensor_address(t), ore_numel(t), &args) ==
        ORE_OK)
        return t;
    ore_free(t);
    return NULL;
}

/* ---- real numbers ---- */

static bool is_floating(const char *op, ore_dtype dtype) {
    if (ore_dtype_is_floating(dtype))
        return true;
    ore_fail(ORE_INVALID, "%s: dtype %s, expected a floating one", op, ore_dtype_name(dtype));
    return false;
}

ore_tensor *ore_rand(ore_shape shape, ore_dtype dtype, ore_generator *g) {
    if (!ore_no_error())
        return NULL;
    if (!ore_ok() || !is_floating("rand", dtype))
        return NULL;
    return ore_named("rand", draw_new(shape, dtype, draw_uniform, g, (draw_args){.a = 0, .b = 1}));
}

ore_tensor *ore_randn(ore_shape shape, ore_dtype dtype, ore_generator *g) {
    if (!ore_no_error())
        return NULL;
    if (!ore_ok() || !is_floating("randn", dtype))
        return NULL;
    return ore_named("randn", draw_new(shape, dtype, draw_normal, g, (draw_args){.a = 0, .b = 1}));
}

ore_tensor *ore_uniform_(ore_tensor *t, double low, double high, ore_generator *g) {
    if (!ore_usable1("uniform_", t) || !is_floating("uniform_", t->dtype))
        return NULL;
    if (!(low <= high) || !isfinite(low) || !isfinite(high)) {
        ore_fail(ORE_INVALID, "uniform_: from %g to %g, expected finite numbers in rising order",
                 low, high);
        return NULL;
    }
    return draw_in_place("uniform_", t, draw_uniform, g, (draw_args){.a = low, .b = high});
}

ore_tensor *ore_normal_(ore_tensor *t, double mean, double std, ore_generator *g) {
    if (!ore_usable1("normal_", t) || !is_floating("normal_", t->dtype))
        return NULL;
    if (!(std >= 0) || isnan(mean)) {
        ore_fail(ORE_INVALID, "normal_: mean %g, std %g, expected numbers and std >= 0", mean, std);
        return NULL;
    }
    return draw_in_place("normal_", t, draw_normal, g, (draw_args){.a = mean, .b = std});
}

ore_tensor *ore_bernoulli_(ore_tensor *t, double p, ore_generator *g) {
    if (!ore_usable1("bernoulli_", t) || !is_floating("bernoulli_", t->dtype))
        return NULL;
    if (!(p >= 0 && p <= 1)) {
        ore_fail(ORE_INVALID, "bernoulli_: p is %g, expected 0 to 1", p);
        return NULL;
    }
    return draw_in_place("bernoulli_", t, draw_bernoulli, g,
                         (draw_args){.a = p, .mkl = ORE_RANDOM_MKL_BERNOULLI});
}

ore_tensor *ore_exponential_(ore_tensor *t, double lambda, ore_generator *g) {
    if (!ore_usable1("exponential_", t) || !is_floating("exponential_", t->dtype))
        return NULL;
    if (!(lambda > 0)) {
        ore_fail(ORE_INVALID, "exponential_: lambda is %g, expected more than 0", lambda);
        return NULL;
    }
    return draw_in_place("exponential_", t, draw_exponential, g,
                         (draw_args){.a = lambda, .mkl = ORE_RANDOM_MKL_EXPONENTIAL});
}

/* The result lies in memory as p does. */
ore_tensor *ore_bernoulli(ore_tensor *p, ore_generator *g) {
    if (!ore_usable1("bernoulli", p) || !is_floating("bernoulli", p->dtype))
        return NULL;
    ore_scope_begin();
    ore_no_grad_begin();
    ore_dims order = dims_in_memory(p);
    ore_tensor *dense = ore_to_device(ore_contiguous(permuted_alias(p, order)), ORE_CPU);
    ore_tensor *drawn = dense ? ore_empty(dense->shape, p->dtype) : NULL;
    ore_tensor *y = NULL;
    if (drawn &&
        ORE_CALL(ore_context_for(drawn), bernoulli_each, p->dtype, ore_generator_or_default(g),
                 ore_tensor_address(drawn), ore_tensor_address(dense), ore_numel(p)) == ORE_OK)
        y = ore_to_device(permuted_alias(drawn, inverse_order(order)), p->storage->device);
    ore_keep(ore_tensor_sole(y));
    ore_no_grad_end();
    ore_scope_end();
    return y;
}

/* ---- integers ---- */

/* Whether [low, high) holds something, and all of it fits the dtype. */
static bool is_range_of(const char *op, int64_t low, int64_t high, ore_dtype dtype) {
    int64_t min = INT64_MIN, max = INT64_MAX;
    if (dtype == ORE_UINT8 || dtype == ORE_BOOL) {
        min = 0;
        max = dtype == ORE_BOOL ? 1 : UINT8_MAX;
    } else if (dtype == ORE_INT32) {
        min = INT32_MIN;
        max = INT32_MAX;
    } else if (dtype == ORE_FLOAT16) {
        min = -65504;
        max = 65504;
    }
    if (low >= high) {
        ore_fail(ORE_INVALID, "%s: the range [%lld, %lld) is empty", op, (long long)low,
                 (long long)high);
        return false;
    }
    if (low < min || high - 1 > max) {
        ore_fail(ORE_INVALID, "%s: the range [%lld, %lld) does not fit %s, expected %lld .. %lld",
                 op, (long long)low, (long long)high, ore_dtype_name(dtype), (long long)min,
                 (long long)max);
        return false;
    }
    return true;
}

ore_tensor *ore_randint(int64_t low, int64_t high, ore_shape shape, ore_dtype dtype,
                        ore_generator *g) {
    if (!ore_no_error())
        return NULL;
    if (dtype == ORE_BOOL) {
        ore_fail(ORE_INVALID, "randint: dtype bool, expected a dtype of numbers");
        return NULL;
    }
    if (!is_range_of("randint", low, high, dtype))
        return NULL;
    uint64_t range = (uint64_t)high - (uint64_t)low;
    return ore_named("randint", draw_new(shape, dtype, draw_integers, g,
                                         (draw_args){.low = low, .range = range}));
}

ore_tensor *ore_random_(ore_tensor *t, int64_t low, int64_t high, ore_generator *g) {
    if (!ore_usable1("random_", t))
        return NULL;
    bool whole = low == 0 && high == 0;
    if (!whole && !is_range_of("random_", low, high, t->dtype))
        return NULL;
    uint64_t range = (uint64_t)high - (uint64_t)low;
    return draw_in_place("random_", t, draw_integers, g, (draw_args){.low = low, .range = range});
}

ore_tensor *ore_randperm(int64_t n, ore_generator *g) {
    if (!ore_no_error())
        return NULL;
    if (n < 0) {
        ore_fail(ORE_INVALID, "randperm: n is %lld, expected 0 or more", (long long)n);
        return NULL;
    }
    const ore_context *ctx = ore_context_of(ORE_CPU);
    ore_tensor *y = ctx ? ore_tensor_new(ORE_SHAPE(n), ORE_INT64, ORE_CPU) : NULL;
    if (!y || ORE_CALL(ctx, randperm, ORE_INT64, ore_generator_or_default(g),
                       (int64_t *)ore_tensor_address(y), n) != ORE_OK)
        return ore_named("randperm", NULL);
    return y;
}

/* ---- multinomial ---- */

static bool is_drawable(const ore_tensor *weights, int64_t samples, bool replacement) {
    enum { MAX_WEIGHTS = 1 << 24 }; /* PyTorch's own limit */
    char text[ORE_SHAPE_TEXT];
    int ndim = weights->shape.ndim;
    if (ndim != 1 && ndim != 2) {
        ore_fail(ORE_INVALID, "multinomial: weights of shape %s, expected (n) or (rows, n)",
                 ore_shape_text(weights->shape, text));
        return false;
    }
    int64_t n = weights->shape.dim[ndim - 1];
    if (n < 1 || n > MAX_WEIGHTS) {
        ore_fail(ORE_INVALID, "multinomial: %lld weights in a row, expected 1 .. %d", (long long)n,
                 MAX_WEIGHTS);
        return false;
    }
    if (samples < 1 || (!replacement && samples > n)) {
        ore_fail(ORE_INVALID, "multinomial: %lld sample%s %s replacement from %lld weight%s, %s",
                 (long long)samples, ore_plural(samples), replacement ? "with" : "without",
                 (long long)n, ore_plural(n),
                 replacement ? "expected 1 or more" : "expected 1 up to the number of weights");
        return false;
    }
    return true;
}

/* Two ways: with replacement a uniform number is looked up in the running sum of the weights;
 * without, and for a single sample of ORE_RANDOM_TORCH2, the largest of weight / q win, q drawn
 * from Exp(1). */
ore_tensor *ore_multinomial(ore_tensor *weights, int64_t samples, bool replacement,
                            ore_generator *g) {
    if (!ore_usable1("multinomial", weights) ||
        !is_floating("multinomial", weights->dtype) ||
        !is_drawable(weights, samples, replacement))
        return NULL;
    ore_shape shape = weights->shape;
    int64_t n = shape.dim[shape.ndim - 1];
    int64_t rows = shape.ndim == 2 ? shape.dim[0] : 1;
    shape.dim[shape.ndim - 1] = samples;
    ore_scope_begin();
    ore_no_grad_begin();
    ore_tensor *w = ore_to_device(ore_contiguous(weights), ORE_CPU); /* (rows, n) */
    ore_tensor *y = w ? ore_empty(shape, ORE_INT64) : NULL;
    if (y && ORE_CALL(ore_context_for(w), multinomial, w->dtype, ore_generator_or_default(g),
                      ore_tensor_address(w), (int64_t *)ore_tensor_address(y), rows, n, samples,
                      replacement) != ORE_OK)
        y = NULL;
    y = ore_keep(ore_to_device(y, ore_tensor_device(weights)));
    ore_no_grad_end();
    ore_scope_end();
    return y;
}
