/* upsample.c: larger pictures whose pixels are the nearest of x. Composed of selections along each
 * dim, whose gradient adds up what each pixel became. */
#include <math.h>

#include <ore/conv.h>

#include "ops/op.h"

enum { SPATIAL_FROM = 2 }; /* dims N and C come first */

/* floor(i step) in float32, as torch computes it for row-major pictures. (Its kernels for
 * channels-last ones, and its derivatives, take i and i / 2 where the size stays or doubles, which
 * only odd factors such as 1.3 of 3 elements tell apart.) */
static int64_t source_of(int64_t i, int64_t in, float step) {
    int64_t from = (int64_t)floorf((float)i * step);
    return from < in ? from : in - 1;
}

/* x with `out` elements along dim; step: elements of x from one to the next. */
static ore_tensor *resized(ore_tensor *x, int dim, int64_t out, float step) {
    int64_t in = ore_size(x, dim);
    ore_tensor *places = out == in && step == 1 ? NULL : ore_empty(ORE_SHAPE(out), ORE_INT64);
    if (!places)
        return x;
    int64_t *place = ore_data_mut(places);
    for (int64_t i = 0; i < out; i++)
        place[i] = source_of(i, in, step);
    return ore_index_select(x, dim, ore_to_device(places, ore_tensor_device(x)));
}

static bool upsample_fits(const char *op, ore_tensor *x) {
    char text[ORE_SHAPE_TEXT];
    if (!ore_usable1(op, x))
        return false;
    int n = ore_ndim(x);
    if (n <= SPATIAL_FROM || n > SPATIAL_FROM + 3 || ore_numel(x) == 0)
        ore_fail(ORE_INVALID, "%s: x %s, expected (N, C, L), (N, C, H, W) or (N, C, D, H, W)", op,
                 ore_shape_text(ore_shape_of(x), text));
    return ore_ok();
}

ore_tensor *ore_upsample_nearest(ore_tensor *x, ore_shape size) {
    static const char name[] = "upsample_nearest";
    char text[ORE_SHAPE_TEXT];
    if (!upsample_fits(name, x))
        return NULL;
    bool fits = size.ndim == ore_ndim(x) - SPATIAL_FROM;
    for (int d = 0; fits && d < size.ndim; d++)
        fits = size.dim[d] >= 1;
    if (!fits)
        ore_fail(ORE_INVALID, "%s: size %s for %d spatial dims, expected 1 or more each", name,
                 ore_shape_text(size, text), ore_ndim(x) - SPATIAL_FROM);
    for (int d = 0; ore_ok() && d < size.ndim; d++)
        x = resized(x, d + SPATIAL_FROM, size.dim[d],
                    (float)ore_size(x, d + SPATIAL_FROM) / (float)size.dim[d]);
    return ore_named(name, ore_ok() ? x : NULL);
}

ore_tensor *ore_upsample_nearest_by(ore_tensor *x, double scale_factor) {
    static const char name[] = "upsample_nearest_by";
    if (!upsample_fits(name, x))
        return NULL;
    for (int d = SPATIAL_FROM; d < ore_ndim(x) && ore_ok(); d++) {
        double out = floor((double)ore_size(x, d) * scale_factor);
        if (!(out >= 1 && out < 0x1p53))
            ore_fail(ORE_INVALID,
                     "%s: scale_factor %g makes %g of %lld elements, expected 1 or more", name,
                     scale_factor, out, (long long)ore_size(x, d));
        else
            x = resized(x, d, (int64_t)out, (float)(1 / scale_factor));
    }
    return ore_named(name, ore_ok() ? x : NULL);
}
