/* spatial.h: what convolution and pooling ask of x: (N, C, L) or (C, L), (N, C, H, W) or (C, H, W).
 */
#ifndef ORE_OPS_SPATIAL_H
#define ORE_OPS_SPATIAL_H

#include "ops/op.h"

/* Larger strides, paddings and dilations are refused, so that places do not overflow. */
#define SPATIAL_MAX (INT64_C(1) << 31)

/* False with an error for other dims than `dims` behind the channels, and for integers. */
static inline bool spatial_fits(const char *op, const ore_tensor *x, int dims) {
    char text[ORE_SHAPE_TEXT];
    if (x->shape.ndim != dims + 1 && x->shape.ndim != dims + 2)
        ore_fail(ORE_INVALID, "%s: x %s, expected %s", op, ore_shape_text(x->shape, text),
                 dims == 1 ? "(N, C, L) or (C, L)" : "(N, C, H, W) or (C, H, W)");
    else if (!ore_dtype_is_floating(x->dtype))
        ore_fail(ORE_INVALID, "%s: dtype %s, expected a floating one", op,
                 ore_dtype_name(x->dtype));
    return ore_no_error();
}

#endif
