/* rectifier.c: relu's relatives: activations that are different functions on different ranges. */
#include "ops/autocast.h"
#include "ops/pointwise.h"

/* ---- y = x > 0 ? x : slope x, dx = x > 0 ? dy : slope dy; Maas, Hannun and Ng, ICML 2013 ---- */

ore_tensor *ore_leaky_relu(ore_tensor *x, double slope) {
    static const ore_pointwise f = {{"leaky_relu", ore_pointwise_backward},
                                    ORE_KERNEL(leaky_relu),
                                    ORE_KERNEL(leaky_relu_backward),
                                    ORE_SAVE_X,
                                    true};
    return ore_pointwise_apply(&f, x, slope, 0);
}

/* ---- prelu ---- */

/* The same with a learned slope, one for all or one a channel; He et al. 2015,
 * arXiv:1502.01852 */

/* weight as (C, 1, ..) beside x (N, C, ..); NULL with an error where it does not fit. */
static ore_tensor *slope_by_channel(ore_tensor *x, ore_tensor *weight) {
    char got[ORE_SHAPE_TEXT], of[ORE_SHAPE_TEXT];
    int64_t n = ore_numel(weight), channels = x->shape.ndim > 1 ? x->shape.dim[1] : 1;
    if (weight->dtype != x->dtype)
        ore_fail(ORE_INVALID, "prelu: weight of %s for x of %s", ore_dtype_name(weight->dtype),
                 ore_dtype_name(x->dtype));
    else if (weight->shape.ndim > 1 || (n != 1 && n != channels))
        ore_fail(ORE_INVALID, "prelu: weight %s for x %s, expected (1,) or (%lld,)",
                 ore_shape_text(weight->shape, got), ore_shape_text(x->shape, of),
                 (long long)channels);
    if (!ore_ok())
        return NULL;
    ore_shape shape = {.ndim = x->shape.ndim > 1 ? x->shape.ndim - 1 : x->shape.ndim};
    for (int d = 0; d < shape.ndim; d++)
        shape.dim[d] = d == 0 ? n : 1;
    return ore_reshape(weight, shape);
}

ore_tensor *ore_prelu(ore_tensor *x, ore_tensor *weight) {
    x = ore_lowered(x);
    weight = ore_lowered(weight);
    if (!ore_usable2("prelu", x, weight))
        return NULL;
    if (!ore_dtype_is_floating(x->dtype)) {
        ore_fail(ORE_INVALID, "prelu: dtype %s, expected a floating one", ore_dtype_name(x->dtype));
        return NULL;
    }
    ore_tensor *slope = slope_by_channel(x, weight);
    if (!slope)
        return NULL;
    ore_tensor *positive = ore_gt(x, ore_new_scalar(x, 0, x->dtype));
    return ore_named("prelu", ore_where(positive, x, ore_mul(slope, x)));
}

/* ---- elu ---- */

/* y = scale (x > 0 ? x : alpha (e^x - 1)), dx = dy scale (x > 0 ? 1 : alpha e^x); Clevert,
 * Unterthiner and Hochreiter 2015, arXiv:1511.07289; selu's constants: Klambauer et al. 2017,
 * arXiv:1706.02515 */

ore_tensor *ore_elu(ore_tensor *x, double alpha) {
    static const ore_pointwise f = {{"elu", ore_pointwise_backward},
                                    ORE_KERNEL(elu),
                                    ORE_KERNEL(elu_backward),
                                    ORE_SAVE_X,
                                    true};
    return ore_pointwise_apply(&f, x, alpha, 1);
}

ore_tensor *ore_selu(ore_tensor *x) {
    static const ore_pointwise f = {{"selu", ore_pointwise_backward},
                                    ORE_KERNEL(elu),
                                    ORE_KERNEL(elu_backward),
                                    ORE_SAVE_X,
                                    true};
    return ore_pointwise_apply(&f, x, 1.6732632423543772848170429916717,
                               1.0507009873554804934193349852946);
}

/* ---- hardtanh ---- */

/* y = min(max(x, low), high), dx = low < x < high ? dy : 0: the bounds pass nothing, unlike
 * clamp's */

ore_tensor *ore_hardtanh(ore_tensor *x, double low, double high) {
    static const ore_pointwise f = {{"hardtanh", ore_pointwise_backward},
                                    ORE_KERNEL(clamp),
                                    ORE_KERNEL(hardtanh_backward),
                                    ORE_SAVE_X,
                                    true};
    if (!ore_usable1("hardtanh", x))
        return NULL;
    if (!(low <= high)) {
        ore_fail(ORE_INVALID, "hardtanh: bounds %g and %g, expected the lower one first", low,
                 high);
        return NULL;
    }
    return ore_pointwise_apply(&f, x, low, high);
}

ore_tensor *ore_relu6(ore_tensor *x) {
    static const ore_pointwise f = {{"relu6", ore_pointwise_backward},
                                    ORE_KERNEL(clamp),
                                    ORE_KERNEL(hardtanh_backward),
                                    ORE_SAVE_X,
                                    true};
    return ore_pointwise_apply(&f, x, 0, 6);
}

/* ---- hardsigmoid ---- */

/* s(x) = min(max(x + 3, 0), 6) / 6: hardsigmoid; x s(x): hardswish; Howard et al. 2019,
 * arXiv:1905.02244 */

ore_tensor *ore_hardsigmoid(ore_tensor *x) {
    static const ore_pointwise f = {{"hardsigmoid", ore_pointwise_backward},
                                    ORE_KERNEL(hardsigmoid),
                                    ORE_KERNEL(hardsigmoid_backward),
                                    ORE_SAVE_X,
                                    false};
    return ore_pointwise_apply(&f, x, 0, 0);
}

ore_tensor *ore_hardswish(ore_tensor *x) {
    static const ore_pointwise f = {{"hardswish", ore_pointwise_backward},
                                    ORE_KERNEL(hardswish),
                                    ORE_KERNEL(hardswish_backward),
                                    ORE_SAVE_X,
                                    false};
    return ore_pointwise_apply(&f, x, 0, 0);
}
