/* norm.c: normalisations of the last dims. */
#include <float.h>
#include <math.h>

#include "base/dtype.h"
#include "ops/channels.h"

/* ---- parameters of norms ---- */

ore_dtype ore_norm_dtype(const ore_tensor *x, ore_tensor *const *parameters, int count) {
    int i = 0;
    while (i < count && !parameters[i])
        i++;
    bool wide = i < count && parameters[i]->dtype == ORE_FLOAT32 && ore_dtype_is_half(x->dtype);
    return wide ? ORE_FLOAT32 : x->dtype;
}

ore_tensor *ore_norm_gradient(const ore_node *node, int i, const ore_tensor *dy, bool wide) {
    if (!ore_input_wants_grad(node, i))
        return NULL;
    return ore_tensor_new(ore_input_shape(node, i), wide ? ORE_FLOAT32 : dy->dtype,
                          ore_tensor_device(dy));
}

/* ---- f layer norm ---- */

/* Layer norm: n = (x - mean) rstd, y = n weight + bias, rstd = 1 / sqrt(var + eps) with the
 * biased variance of the last dims; Ba, Kiros and Hinton 2016, arXiv:1607.06450.
 * With dn = dy weight: dx = rstd (dn - mean(dn) - n mean(dn n)), dweight = sum dy n,
 * dbias = sum dy.
 * RMS norm: n = x rstd, y = n weight, rstd = 1 / sqrt(mean(x^2) + eps); Zhang and Sennrich 2019,
 * arXiv:1910.07467. It is layer norm with 0 in place of the mean: dx = rstd (dn - n mean(dn n)). */

enum { NORM_X, NORM_WEIGHT, NORM_BIAS, NORM_INPUTS };
enum { SAVED_X, SAVED_WEIGHT, SAVED_MEAN, SAVED_RSTD, SAVED_COUNT };

typedef struct norm_attributes {
    int normalized_dims;
    bool centred; /* layer norm, or RMS norm */
    bool wide;    /* parameters are float32 beside halves */
} norm_attributes;

static int64_t size_of_row(ore_shape shape, int normalized_dims) {
    int64_t cols = 1;
    for (int d = shape.ndim - normalized_dims; d < shape.ndim; d++)
        cols *= shape.dim[d];
    return cols;
}

static ore_status run_backward(const ore_tensor *x, bool centred, const ore_layer_norm_args *args) {
    const ore_context *ctx = ore_context_for(x);
    return centred ? ORE_CALL(ctx, layer_norm_backward, x->dtype, args)
                   : ORE_CALL(ctx, rms_norm_backward, x->dtype, args);
}

static void norm_backward(ore_node *node, ore_tensor *dy) {
    ore_tensor *x = ore_node_saved(node, SAVED_X), *weight = ore_node_saved(node, SAVED_WEIGHT);
    const norm_attributes *attributes = ore_node_attributes(node);
    dy = ore_contiguous(dy);
    if (!ore_ok())
        return;
    ore_tensor *sum = ore_pass_sum(node, NORM_X, dy); /* of a residual stream */
    ore_tensor *dx = sum ? sum : ore_gradient_if_wanted(node, NORM_X, dy),
               *dweight = ore_norm_gradient(node, NORM_WEIGHT, dy, attributes->wide);
    ore_tensor *dbias = ore_norm_gradient(node, NORM_BIAS, dy, attributes->wide);
    if (!ore_ok())
        return;
    int64_t cols = size_of_row(x->shape, attributes->normalized_dims);
    ore_layer_norm_args args = {
        .rows = cols ? ore_numel(x) / cols : 0,
        .cols = cols,
        .wide = attributes->wide,
        .x = ore_tensor_address(x),
        .weight = ore_address_or_null(weight),
        .mean = ore_address_or_null(ore_node_saved(node, SAVED_MEAN)),
        .rstd = ore_tensor_address(ore_node_saved(node, SAVED_RSTD)),
        .dy = ore_tensor_address(dy),
        .dx = ore_address_or_null(dx),
        .accumulate = sum != NULL,
        .dweight = ore_address_or_null(dweight),
        .dbias = ore_address_or_null(dbias),
    };
    if (run_backward(x, attributes->centred, &args) != ORE_OK)
        return;
    if (sum)
        ore_pass_added(node, NORM_X);
    else
        ore_pass(node, NORM_X, dx);
    ore_pass(node, NORM_WEIGHT, dweight);
    ore_pass(node, NORM_BIAS, dbias);
}

static const ore_op layer_norm_op = {"layer_norm", norm_backward};
static const ore_op rms_norm_op = {"rms_norm", norm_backward};

/* A parameter of the normalized shape in dense memory; false with an error for another shape. */
static bool dense_parameter(const char *op, const char *what, ore_tensor **p, ore_shape normalized,
                            const ore_tensor *x, ore_dtype dtype) {
    char got[ORE_SHAPE_TEXT], want[ORE_SHAPE_TEXT];
    if (!*p)
        return true;
    if (!ore_usable_beside(op, x, *p))
        return false;
    if (!ore_shape_equal((*p)->shape, normalized) || (*p)->dtype != dtype) {
        ore_fail(ORE_INVALID, "%s: %s %s of %s, expected %s of %s", op, what,
                 ore_shape_text((*p)->shape, got), ore_dtype_name((*p)->dtype),
                 ore_shape_text(normalized, want), ore_dtype_name(dtype));
        return false;
    }
    *p = ore_contiguous(*p);
    return *p != NULL;
}

static bool check_norm(const char *op, const ore_tensor *x, ore_shape normalized) {
    char got[ORE_SHAPE_TEXT], want[ORE_SHAPE_TEXT];
    bool fits = normalized.ndim > 0 && normalized.ndim <= x->shape.ndim;
    int outer = fits ? x->shape.ndim - normalized.ndim : 0;
    for (int d = 0; fits && d < normalized.ndim; d++)
        fits = x->shape.dim[outer + d] == normalized.dim[d];
    if (!fits)
        ore_fail(ORE_INVALID, "%s: x %s does not end in the normalized shape %s", op,
                 ore_shape_text(x->shape, got), ore_shape_text(normalized, want));
    else if (!ore_dtype_is_floating(x->dtype))
        ore_fail(ORE_INVALID, "%s: dtype %s, expected a floating one", op,
                 ore_dtype_name(x->dtype));
    return ore_ok();
}

static ore_status run_forward(const ore_tensor *x, bool centred, const ore_layer_norm_args *args) {
    const ore_context *ctx = ore_context_for(x);
    return centred ? ORE_CALL(ctx, layer_norm, x->dtype, args)
                   : ORE_CALL(ctx, rms_norm, x->dtype, args);
}

static ore_tensor *norm(const ore_op *op, ore_tensor *x, ore_shape normalized, ore_tensor *weight,
                        ore_tensor *bias, double eps) {
    if (!ore_usable1(op->name, x) || !check_norm(op->name, x, normalized))
        return NULL;
    ore_dtype dtype = ore_norm_dtype(x, (ore_tensor *[]){weight, bias}, 2);
    if (!dense_parameter(op->name, "weight", &weight, normalized, x, dtype) ||
        !dense_parameter(op->name, "bias", &bias, normalized, x, dtype))
        return NULL;
    x = ore_contiguous(x);
    ore_tensor *inputs[NORM_INPUTS] = {x, weight, bias};
    ore_tensor *y = x ? ore_tensor_new(x->shape, x->dtype, ore_tensor_device(x)) : NULL;
    if (!y)
        return NULL;
    int64_t cols = ore_shape_numel(normalized), rows = cols ? ore_numel(x) / cols : 0;
    bool saves = ore_would_record(NORM_INPUTS, inputs), centred = op == &layer_norm_op;
    ore_device device = ore_tensor_device(x);
    ore_tensor *mean =
        saves && centred ? ore_tensor_new(ORE_SHAPE(rows), ORE_FLOAT64, device) : NULL;
    ore_tensor *rstd = saves ? ore_tensor_new(ORE_SHAPE(rows), ORE_FLOAT64, device) : NULL;
    if (!ore_ok())
        return NULL;
    ore_layer_norm_args args = {
        .rows = rows,
        .cols = cols,
        .eps = eps,
        .wide = dtype != x->dtype,
        .x = ore_tensor_address(x),
        .weight = ore_address_or_null(weight),
        .bias = ore_address_or_null(bias),
        .y = ore_tensor_address(y),
        .mean = ore_address_or_null(mean),
        .rstd = ore_address_or_null(rstd),
    };
    if (run_forward(x, centred, &args) != ORE_OK)
        return NULL;
    ore_node *node = ore_record(op, y, NORM_INPUTS, inputs, SAVED_COUNT, sizeof(norm_attributes));
    if (node) {
        *(norm_attributes *)ore_node_attributes(node) =
            (norm_attributes){normalized.ndim, centred, args.wide};
        ore_node_save(node, SAVED_X, x);
        ore_node_save(node, SAVED_WEIGHT, weight);
        ore_node_save(node, SAVED_MEAN, mean);
        ore_node_save(node, SAVED_RSTD, rstd);
    }
    return ore_made(y);
}

ore_tensor *ore_f_layer_norm(ore_tensor *x, ore_shape normalized, ore_tensor *weight,
                             ore_tensor *bias, double eps) {
    return norm(&layer_norm_op, x, normalized, weight, bias, eps);
}

static double step_above_one(ore_dtype dtype) {
    switch (dtype) {
    case ORE_FLOAT64:
        return DBL_EPSILON;
    case ORE_FLOAT16:
        return 0x1p-10;
    case ORE_BFLOAT16:
        return 0x1p-7;
    default:
        return FLT_EPSILON;
    }
}

ore_tensor *ore_f_rms_norm(ore_tensor *x, ore_shape normalized, ore_tensor *weight, double eps) {
    if (x && isnan(eps))
        eps = step_above_one(x->dtype);
    return norm(&rms_norm_op, x, normalized, weight, NULL, eps);
}
