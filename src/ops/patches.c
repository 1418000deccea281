/* patches.c: the patches of images as columns, and images as the sums of patches. */
#include <ore/conv.h>
#include <ore/ops.h>

#include "ops/op.h"
#include "ops/spatial.h"

typedef struct patches {
    const char *name;
    ore_pair kernel;
    ore_f_unfold_options o;
} patches;

static bool all_between(ore_pair p, int64_t min) {
    return p.h >= min && p.w >= min && p.h <= SPATIAL_MAX && p.w <= SPATIAL_MAX;
}

static bool options_fit(const patches *p) {
    const ore_f_unfold_options *o = &p->o;
    if (all_between(p->kernel, 1) && all_between(o->stride, 1) && all_between(o->padding, 0) &&
        all_between(o->dilation, 1))
        return true;
    ore_fail(ORE_INVALID,
             "%s: kernel (%lld, %lld), stride (%lld, %lld), padding (%lld, %lld), dilation (%lld, "
             "%lld), expected at least 1, 1, 0 and 1",
             p->name, (long long)p->kernel.h, (long long)p->kernel.w, (long long)o->stride.h,
             (long long)o->stride.w, (long long)o->padding.h, (long long)o->padding.w,
             (long long)o->dilation.h, (long long)o->dilation.w);
    return false;
}

static int64_t span_of(int64_t kernel, int64_t dilation) {
    return dilation * (kernel - 1) + 1;
}

/* How many patches an image has along height and width; false with an error where there are none,
 * or where the image with its padding is larger than any memory. */
static bool count(const patches *p, int64_t channels, ore_pair size, ore_pair *positions) {
    if (!all_between(size, 0)) {
        ore_fail(ORE_INVALID, "%s: an image of (%lld, %lld), expected 0 .. 2^31", p->name,
                 (long long)size.h, (long long)size.w);
        return false;
    }
    ore_pair padded = {size.h + 2 * p->o.padding.h, size.w + 2 * p->o.padding.w};
    ore_pair span = {span_of(p->kernel.h, p->o.dilation.h), span_of(p->kernel.w, p->o.dilation.w)};
    if (span.h > padded.h || span.w > padded.w) {
        ore_fail(ORE_INVALID,
                 "%s: patches of (%lld, %lld) with dilation in (%lld, %lld) with padding, expected "
                 "no more than that size",
                 p->name, (long long)span.h, (long long)span.w, (long long)padded.h,
                 (long long)padded.w);
        return false;
    }
    *positions = (ore_pair){(padded.h - span.h) / p->o.stride.h + 1,
                            (padded.w - span.w) / p->o.stride.w + 1};
    if (ore_shape_numel(ORE_SHAPE(channels, padded.h, padded.w)) < 0 ||
        ore_shape_numel(ORE_SHAPE(channels, p->kernel.h, p->kernel.w, positions->h, positions->w)) <
            0)
        ore_fail(ORE_MEMORY, "%s: out of memory: (%lld, %lld) with padding", p->name,
                 (long long)padded.h, (long long)padded.w);
    return ore_no_error();
}

/* Every `dilation`th element of the windows along dim: a view, the window as a new last dim. */
static ore_tensor *windows(ore_tensor *x, int dim, int64_t kernel, int64_t stride,
                           int64_t dilation) {
    int64_t span = span_of(kernel, dilation);
    ore_tensor *all = ore_unfold(x, dim, span, stride);
    return all ? ore_slice(all, -1, 0, span, dilation) : NULL;
}

/* x (N, C, H, W), already padded -> (N, C KH KW, L). */
static ore_tensor *columns(const patches *p, ore_tensor *x, ore_pair positions) {
    int64_t N = x->shape.dim[0], C = x->shape.dim[1];
    ore_tensor *rows = windows(x, 2, p->kernel.h, p->o.stride.h, p->o.dilation.h);
    ore_tensor *both = windows(rows, 3, p->kernel.w, p->o.stride.w, p->o.dilation.w);
    return ore_reshape(ore_permute(both, ORE_DIMS(0, 1, 4, 5, 2, 3)),
                       ORE_SHAPE(N, C * p->kernel.h * p->kernel.w, positions.h * positions.w));
}

/* ---- f unfold ---- */

/* y[c KH KW + i KW + j, l] = x[c] at tap (i, j) of patch l, composed of views: the derivatives
 * are theirs */

ore_f_unfold_options ore_f_unfold_defaults(void) {
    return (ore_f_unfold_options){
        .stride = ore_both(1), .padding = ore_both(0), .dilation = ore_both(1)};
}

ore_tensor *ore_f_unfold(ore_tensor *x, ore_pair kernel, const ore_f_unfold_options *options) {
    patches p = {"unfold", kernel, options ? *options : ore_f_unfold_defaults()};
    ore_pair positions;
    if (!ore_usable1(p.name, x) || !spatial_fits(p.name, x, 2) || !options_fit(&p))
        return NULL;
    bool single = x->shape.ndim == 3;
    ore_tensor *images = single ? ore_unsqueeze(x, 0) : x;
    if (!images)
        return NULL;
    ore_pair size = {images->shape.dim[2], images->shape.dim[3]};
    if (!count(&p, images->shape.dim[1] + 1, size, &positions))
        return NULL;
    const ore_pair pad = p.o.padding;
    if (pad.h || pad.w)
        images = ore_pad(images, (int64_t[]){pad.w, pad.w, pad.h, pad.h}, 4, ORE_PAD_CONSTANT, 0);
    ore_tensor *y = images ? columns(&p, images, positions) : NULL;
    return ore_named("unfold", single ? ore_squeeze(y, 0) : y);
}

/* ---- f fold ---- */

/* Fold, the transpose of unfold: y at a place = the sum of what patches have there; dx unfolds
 * dy */

/* x (N, C KH KW, L) has as many rows and columns as patches of such an image. */
static bool columns_fit(const patches *p, const ore_tensor *x, ore_pair output,
                        ore_pair *positions) {
    char text[ORE_SHAPE_TEXT];
    if (x->shape.ndim != 2 && x->shape.ndim != 3)
        ore_fail(ORE_INVALID, "%s: x %s, expected (N, C KH KW, L) or (C KH KW, L)", p->name,
                 ore_shape_text(x->shape, text));
    else if (!ore_dtype_is_floating(x->dtype))
        ore_fail(ORE_INVALID, "%s: dtype %s, expected a floating one", p->name,
                 ore_dtype_name(x->dtype));
    if (!ore_no_error() || !options_fit(p) || !count(p, 1, output, positions))
        return false;
    int64_t rows = x->shape.dim[x->shape.ndim - 2], taps = p->kernel.h * p->kernel.w;
    int64_t L = positions->h * positions->w;
    if (rows % taps != 0 || x->shape.dim[x->shape.ndim - 1] != L)
        ore_fail(ORE_INVALID, "%s: x %s, expected a multiple of %lld rows and %lld columns",
                 p->name, ore_shape_text(x->shape, text), (long long)taps, (long long)L);
    return ore_no_error();
}

/* The places of all columns' elements in a padded image (H, W), row-major, int64 (KH KW L). */
static ore_tensor *places(const patches *p, ore_pair padded, ore_pair positions) {
    ore_tensor *all = ore_arange(0, (double)(padded.h * padded.w), 1, ORE_INT64);
    ore_tensor *image = ore_reshape(all, ORE_SHAPE(1, 1, padded.h, padded.w));
    return image ? ore_reshape(columns(p, image, positions), ORE_SHAPE(-1)) : NULL;
}

ore_tensor *ore_f_fold(ore_tensor *x, ore_pair output, ore_pair kernel,
                       const ore_f_unfold_options *options) {
    patches p = {"fold", kernel, options ? *options : ore_f_unfold_defaults()};
    ore_pair positions;
    if (!ore_usable1(p.name, x) || !columns_fit(&p, x, output, &positions))
        return NULL;
    const ore_pair pad = p.o.padding, padded = {output.h + 2 * pad.h, output.w + 2 * pad.w};
    int64_t taps = kernel.h * kernel.w, L = positions.h * positions.w;
    int64_t N = x->shape.ndim == 3 ? x->shape.dim[0] : 1;
    int64_t C = x->shape.dim[x->shape.ndim - 2] / taps;
    ore_tensor *none = ore_new_zeros(x, ORE_SHAPE(N, C, padded.h, padded.w), x->dtype);
    ore_tensor *index = ore_to_device(places(&p, padded, positions), ore_tensor_device(x));
    if (!none || !index)
        return NULL;
    ore_tensor *sums = ore_index_add(ore_reshape(none, ORE_SHAPE(N, C, padded.h * padded.w)), 2,
                                     index, ore_reshape(x, ORE_SHAPE(N, C, taps * L)));
    ore_tensor *images = ore_reshape(sums, ORE_SHAPE(N, C, padded.h, padded.w));
    images = ore_narrow(ore_narrow(images, 2, pad.h, output.h), 3, pad.w, output.w);
    return ore_contiguous(x->shape.ndim == 3 ? images : ore_squeeze(images, 0));
}
