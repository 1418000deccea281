/* conv.c: convolutions; the equations are in src/ops/conv.c.
 *
 * With many channels in a group, a convolution is a matrix product: the elements of x that the taps
 * meet at a block of output places are copied into the columns of a matrix (C taps, places), which
 * stays in the L2 cache and which the kernel gemm multiplies. So x is never copied as a whole. With
 * few channels in a group (one in a depthwise convolution) the loops run over a padded copy of each
 * plane. Kernels of 3 x 3 over many channels go by tiles of 2 x 2 places (winograd.inc), in fewer
 * multiplications. Planes of few places are joined, so that a product has columns enough.
 *
 * A chunk is an image, a group, some channels or a block of places, as sizes alone decide. No two
 * chunks write the same element; gradients of weights over several images are sums of parts, which
 * are added in order. */
#include "backend/cpu/rows_run.h"
#include "backend/cpu/vector/lanes.h"
#include "backend/cpu/vector/squares.h"
#include "backend/cpu/vector/vector.h"
#include "base/memory.h"
#include "base/minmax.h"
#include "base/threads.h"

enum {
    BLOCK_BYTES = 192 * 1024, /* of a block's columns, which stay in the L2 cache */
    PANEL = 48,               /* places that the products take at a time, on every level */
    CHUNKS = 16,              /* about as many where sizes allow: enough for most machines' cores */
    WEIGHT_COLUMNS = 192,     /* min columns of a chunk's part of the weight */
    PARTS_BYTES = 16 * 1024 * 1024, /* max memory for parts of the weight's gradient */
    SHORT_ROW = 64,                 /* min row length of y that runs without copying planes first */
    FEW = 4,                /* max product of a group's channels in and out that runs over planes */
    COPY_ALWAYS = 1 << 20,  /* a plane's copy of so many elements is always allowed; a larger one */
    COPY_TIMES = 16,        /* may be so many times as large as x's plane: the rest is zeros */
    JOINED_PLACES_MAX = 32, /* of a plane of y, so that several images share a product: */
    JOINED_CHANNELS_MIN = 256, /* where the product of channels in and out is at least this */
    /* Tiles of 2 x 2 places (winograd.inc). Measured on one core of an AMD EPYC with AVX-512: 8
     * channels were slower than the other way, 12 faster; 256 to 512 KiB and 64 to 128 tiles were
     * within 10% of each other. */
    TILED_CHANNELS_MIN = 12,  /* min channels in and out */
    TILED_CHANNELS = 64,      /* max channels out of a product; more are several products */
    TILED_BYTES = 384 * 1024, /* of a block's tiles of x, which stay in the L2 cache */
    TILES_MIN = 16,           /* of a block, so that weights are not read for too few; and */
    TILES_MAX = 96,           /* so that images of few channels are several chunks */
};

static int64_t taps_of(const ore_conv_args *a) {
    return a->h.kernel * a->w.kernel;
}

static int64_t in_plane(const ore_conv_args *a) {
    return a->h.in * a->w.in;
}

static int64_t out_plane(const ore_conv_args *a) {
    return a->h.out * a->w.out;
}

/* Whether Winograd's tiles of 2 x 2 places make `h` x `w` of them with fewer multiplications, and
 * the channels are enough to make up for the transforms. By the sizes of one image, so that an
 * image's bits do not depend on those beside it. */
static bool tiles_pay(const ore_conv_args *a, int64_t h, int64_t w) {
    bool fits = a->h.kernel == 3 && a->w.kernel == 3 && a->h.stride == 1 && a->w.stride == 1 &&
                a->h.dilation == 1 && a->w.dilation == 1;
    int64_t tiles = ((h + 1) / 2) * ((w + 1) / 2);
    return fits && a->C >= TILED_CHANNELS_MIN && a->O >= TILED_CHANNELS_MIN &&
           16 * tiles < 7 * h * w;
}

static bool is_plain(const ore_conv_dim *d) {
    return d->kernel == 1 && d->stride == 1 && d->before == 0 && d->in == d->out;
}

/* Whether planes of y are so small that the products are better taken for several images at once.
 * Only with channels enough that they are products at all. */
static bool joins_images(const ore_conv_args *a) {
    return out_plane(a) <= JOINED_PLACES_MAX && a->C * a->O >= JOINED_CHANNELS_MIN;
}

/* The places of one dim of y at which tap k meets an element of x: *begin .. *end - 1. */
static void meeting_places(const ore_conv_dim *d, int64_t k, int64_t *begin, int64_t *end) {
    int64_t first = d->before - k * d->dilation; /* stride times the place that meets x[0] */
    int64_t past = d->in + first;
    *begin = first > 0 ? (first + d->stride - 1) / d->stride : 0;
    *end = past > 0 ? ore_min_int((past + d->stride - 1) / d->stride, d->out) : 0;
    *begin = ore_min_int(*begin, *end);
}

/* How many elements of x a padded copy of `size` shows. */
static int64_t shown(const ore_conv_dim *d, int64_t size) {
    return ore_max_int(ore_min_int(d->in, size - d->before), 0);
}

/* Whether planes may be copied with the zeros that the taps meet around them: with wide strides,
 * paddings and dilations these are more than memory holds, and than an int64 counts. */
static bool copies_pay(const ore_conv_args *a) {
    const ore_conv_dim *dims[2] = {&a->h, &a->w};
    double size = 1;
    for (int i = 0; i < 2; i++)
        size *= (double)dims[i]->out * (double)dims[i]->stride +
                (double)dims[i]->kernel * (double)dims[i]->dilation;
    return size <= COPY_ALWAYS || size <= COPY_TIMES * (double)a->h.in * (double)a->w.in;
}

#define T         float
#define V         vf
#define LANES     VF_LANES
#define DTYPE     ORE_FLOAT32
#define VEC(name) vf_##name
#define FN(name)  name##_f32
#include "backend/cpu/vector/conv_plane.inc"
#include "backend/cpu/vector/conv_any.inc"
#include "backend/cpu/vector/winograd.inc"
#include "backend/cpu/vector/conv_rows.inc"
#undef T
#undef V
#undef LANES
#undef DTYPE
#undef VEC
#undef FN

#define T         double
#define V         vd
#define LANES     VD_LANES
#define DTYPE     ORE_FLOAT64
#define VEC(name) vd_##name
#define FN(name)  name##_f64
#include "backend/cpu/vector/conv_plane.inc"
#include "backend/cpu/vector/conv_any.inc"
#include "backend/cpu/vector/winograd.inc"
#include "backend/cpu/vector/conv_rows.inc"
