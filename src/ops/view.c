/* view.c: views, copies and casts. A view is another handle on the same storage; its backward is
 * the inverse rearrangement of dy. */
#include <string.h>

#include "base/error.h"
#include "ops/op.h"

/* ---- shapes as asked ---- */

/* Replaces one -1 by what is left of numel; false with an error where the sizes do not fit. */
static bool resolve_shape(const char *op, ore_shape *shape, ore_shape from) {
    char got[ORE_SHAPE_TEXT], want[ORE_SHAPE_TEXT];
    int64_t numel = ore_shape_numel(from);
    int open = -1;
    if (shape->ndim < 0 || shape->ndim > ORE_MAX_DIMS) {
        ore_fail(ORE_INVALID, "%s: %d dims, expected 0 .. %d", op, shape->ndim, ORE_MAX_DIMS);
        return false;
    }
    ore_shape given = *shape;
    bool fits = true;
    for (int d = 0; d < shape->ndim; d++) {
        if (shape->dim[d] == -1 && open < 0)
            given.dim[open = d] = 1;
        fits = fits && given.dim[d] >= 0;
    }
    int64_t known = ore_shape_numel(given);
    if (fits && open >= 0 && known > 0 && numel % known == 0)
        shape->dim[open] = numel / known;
    else if (open >= 0 || known != numel)
        fits = false;
    if (!fits)
        ore_fail(ORE_INVALID, "%s: shape %s does not hold the %lld element%s of %s", op,
                 ore_shape_text(*shape, got), (long long)numel, ore_plural(numel),
                 ore_shape_text(from, want));
    return fits && ore_checked_numel(op, *shape) >= 0;
}

/* Strides that show x in another shape of as many elements, without a copy; false where that
 * cannot be. Each run of dims that lie evenly in memory is refilled by new dims. */
static bool view_strides(const ore_tensor *x, ore_shape shape, int64_t *strides) {
    if (ore_shape_numel(shape) == 0 || ore_is_contiguous(x)) {
        ore_strides_of(shape, strides);
        return true;
    }
    int from = x->shape.ndim - 1, to = shape.ndim - 1;
    while (from >= 0) {
        int64_t step = x->strides[from], run = x->shape.dim[from];
        while (from > 0 &&
               (x->shape.dim[from - 1] == 1 || run == 1 || x->strides[from - 1] == run * step)) {
            from--;
            if (run == 1)
                step = x->strides[from];
            run *= x->shape.dim[from];
        }
        from--;
        int64_t filled = 1;
        while (to >= 0 && (filled < run || shape.dim[to] == 1)) {
            strides[to] = filled * step;
            filled *= shape.dim[to--];
        }
        if (filled != run)
            return false;
    }
    for (; to >= 0; to--) /* only sizes of 1 are left */
        strides[to] = 0;
    return true;
}

/* ---- view: dx = dy in x's shape ---- */

static void view_backward(ore_node *node, ore_tensor *dy) {
    ore_pass(node, 0, ore_reshape(dy, ore_input_shape(node, 0)));
}

static const ore_op view_op = {"view", view_backward};

static ore_tensor *view_as(ore_tensor *x, ore_shape shape, const int64_t *strides) {
    ore_tensor *y = ore_tensor_alias_as(x, shape, strides, x->offset);
    ore_record(&view_op, y, 1, &x, 0, 0);
    return ore_made(y);
}

ore_tensor *ore_view(ore_tensor *x, ore_shape shape) {
    int64_t strides[ORE_MAX_DIMS];
    char got[ORE_SHAPE_TEXT], want[ORE_SHAPE_TEXT];
    if (!ore_usable1("view", x) || !resolve_shape("view", &shape, x->shape))
        return NULL;
    if (!view_strides(x, shape, strides)) {
        ore_fail(ORE_INVALID, "view: strides of %s do not allow %s without a copy; use ore_reshape",
                 ore_shape_text(x->shape, got), ore_shape_text(shape, want));
        return NULL;
    }
    return view_as(x, shape, strides);
}

ore_tensor *ore_reshape(ore_tensor *x, ore_shape shape) {
    int64_t strides[ORE_MAX_DIMS];
    if (!ore_usable1("reshape", x) || !resolve_shape("reshape", &shape, x->shape))
        return NULL;
    if (ore_shape_equal(shape, x->shape))
        return x;
    if (view_strides(x, shape, strides))
        return view_as(x, shape, strides);
    return ore_tensor_sole(ore_view(ore_clone(x), shape));
}

ore_tensor *ore_flatten(ore_tensor *x, int start_dim, int end_dim) {
    if (!ore_usable1("flatten", x))
        return NULL;
    int ndim = x->shape.ndim;
    int start = ore_wrap_dim("flatten", start_dim, ndim),
        end = ore_wrap_dim("flatten", end_dim, ndim);
    if (start < 0 || end < 0)
        return NULL;
    if (start > end) {
        ore_fail(ORE_INVALID, "flatten: start dim %d after end dim %d", start, end);
        return NULL;
    }
    if (ndim == 0)
        return ore_reshape(x, ORE_SHAPE(1));
    ore_shape shape = {.ndim = 0};
    for (int d = 0; d < ndim; d++)
        if (d > start && d <= end)
            shape.dim[shape.ndim - 1] *= x->shape.dim[d];
        else
            shape.dim[shape.ndim++] = x->shape.dim[d];
    return ore_reshape(x, shape);
}

static ore_tensor *without_dims(ore_tensor *x, const bool *drop) {
    int64_t strides[ORE_MAX_DIMS];
    int n = 0;
    for (int d = 0; d < x->shape.ndim; d++)
        if (!drop[d])
            strides[n++] = x->strides[d];
    return view_as(x, ore_shape_without(x->shape, drop), strides);
}

ore_tensor *ore_squeeze(ore_tensor *x, int dim) {
    bool drop[ORE_MAX_DIMS] = {false};
    int d = ore_usable1("squeeze", x) ? ore_wrap_dim("squeeze", dim, x->shape.ndim) : -1;
    if (d < 0)
        return NULL;
    drop[d] = x->shape.ndim > 0 && x->shape.dim[d] == 1;
    return without_dims(x, drop);
}

ore_tensor *ore_squeeze_all(ore_tensor *x) {
    bool drop[ORE_MAX_DIMS] = {false};
    if (!ore_usable1("squeeze", x))
        return NULL;
    for (int d = 0; d < x->shape.ndim; d++)
        drop[d] = x->shape.dim[d] == 1;
    return without_dims(x, drop);
}

ore_tensor *ore_unsqueeze(ore_tensor *x, int dim) {
    int64_t strides[ORE_MAX_DIMS];
    if (!ore_usable1("unsqueeze", x))
        return NULL;
    int ndim = x->shape.ndim, place = ore_wrap_dim("unsqueeze", dim, ndim + 1);
    if (place < 0)
        return NULL;
    if (ndim == ORE_MAX_DIMS) {
        ore_fail(ORE_INVALID, "unsqueeze: already %d dims, the maximum", ndim);
        return NULL;
    }
    ore_shape shape = {.ndim = ndim + 1};
    for (int d = 0; d <= ndim; d++) {
        int from = d < place ? d : d - 1;
        shape.dim[d] = d == place ? 1 : x->shape.dim[from];
        strides[d] = d == place ? 1 : x->strides[from];
    }
    return view_as(x, shape, strides);
}

/* ---- permute: dx = dy permuted back ---- */

static void permute_backward(ore_node *node, ore_tensor *dy) {
    const ore_dims *order = ore_node_attributes(node);
    ore_dims back = {.n = order->n};
    for (int d = 0; d < order->n; d++)
        back.dim[order->dim[d]] = d;
    ore_pass(node, 0, ore_permute(dy, back));
}

static const ore_op permute_op = {"permute", permute_backward};

ore_tensor *ore_permute(ore_tensor *x, ore_dims order) {
    int64_t strides[ORE_MAX_DIMS];
    bool seen[ORE_MAX_DIMS];
    if (!ore_usable1("permute", x) || !ore_mark_dims("permute", order, x->shape.ndim, seen))
        return NULL;
    if (order.n != x->shape.ndim) {
        ore_fail(ORE_INVALID, "permute: %d dim%s named, expected %d", order.n, ore_plural(order.n),
                 x->shape.ndim);
        return NULL;
    }
    ore_shape shape = {.ndim = order.n};
    for (int d = 0; d < order.n; d++) {
        order.dim[d] = ore_wrap_dim("permute", order.dim[d], order.n);
        shape.dim[d] = x->shape.dim[order.dim[d]];
        strides[d] = x->strides[order.dim[d]];
    }
    ore_tensor *y = ore_tensor_alias_as(x, shape, strides, x->offset);
    ore_node *node = ore_record(&permute_op, y, 1, &x, 0, sizeof order);
    if (node)
        memcpy(ore_node_attributes(node), &order, sizeof order);
    return ore_made(y);
}

ore_tensor *ore_transpose(ore_tensor *x, int dim0, int dim1) {
    if (!ore_usable1("transpose", x))
        return NULL;
    int ndim = x->shape.ndim;
    int a = ore_wrap_dim("transpose", dim0, ndim), b = ore_wrap_dim("transpose", dim1, ndim);
    if (a < 0 || b < 0)
        return NULL;
    ore_dims order = {.n = ndim};
    for (int d = 0; d < ndim; d++)
        order.dim[d] = d == a ? b : d == b ? a : d;
    return ndim == 0 ? ore_reshape(x, x->shape) : ore_permute(x, order);
}

ore_tensor *ore_t(ore_tensor *x) {
    char text[ORE_SHAPE_TEXT];
    if (!ore_usable1("t", x))
        return NULL;
    if (x->shape.ndim > 2) {
        ore_fail(ORE_INVALID, "t: shape %s, expected at most 2 dims",
                 ore_shape_text(x->shape, text));
        return NULL;
    }
    return x->shape.ndim == 2 ? ore_transpose(x, 0, 1) : x;
}

/* ---- slice: dx is zero but for dy at start : stop : step ---- */

typedef struct slice_place {
    int dim;
    bool select; /* the dim is dropped */
    int64_t start, step;
} slice_place;

/* The strides of such a view over strides of the whole, and its first element's place. */
static int64_t cut_strides(const slice_place *place, int ndim, const int64_t *whole,
                           int64_t *strides) {
    memcpy(strides, whole, ORE_MAX_DIMS * sizeof *strides);
    strides[place->dim] *= place->step;
    if (place->select)
        memmove(strides + place->dim, strides + place->dim + 1,
                (size_t)(ndim - place->dim - 1) * sizeof *strides);
    return place->start * whole[place->dim];
}

static void slice_backward(ore_node *node, ore_tensor *dy) {
    int64_t whole[ORE_MAX_DIMS] = {0}, strides[ORE_MAX_DIMS];
    ore_shape shape = ore_input_shape(node, 0);
    ore_strides_of(shape, whole);
    int64_t offset = cut_strides(ore_node_attributes(node), shape.ndim, whole, strides);
    ore_pass_part(node, 0, strides, ore_numel(dy) > 0 ? offset : 0, dy);
}

static const ore_op slice_op = {"slice", slice_backward};

static ore_tensor *slice_at(ore_tensor *x, slice_place place, int64_t length) {
    int64_t strides[ORE_MAX_DIMS];
    int64_t offset = cut_strides(&place, x->shape.ndim, x->strides, strides);
    bool drop[ORE_MAX_DIMS] = {false};
    drop[place.dim] = place.select;
    ore_shape shape = x->shape;
    shape.dim[place.dim] = length;
    shape = ore_shape_without(shape, drop);
    bool empty = ore_shape_numel(shape) == 0;
    ore_tensor *y = ore_tensor_alias_as(x, shape, strides, x->offset + (empty ? 0 : offset));
    ore_node *node = ore_record(&slice_op, y, 1, &x, 0, sizeof place);
    if (node)
        memcpy(ore_node_attributes(node), &place, sizeof place);
    return ore_made(y);
}

/* A dim of x that is there to be cut; -1 with an error otherwise. */
static int cut_dim(const char *op, ore_tensor *x, int dim) {
    if (!ore_usable1(op, x))
        return -1;
    if (x->shape.ndim == 0) {
        ore_fail(ORE_INVALID, "%s: a 0-d tensor has no dim to cut", op);
        return -1;
    }
    return ore_wrap_dim(op, dim, x->shape.ndim);
}

ore_tensor *ore_narrow(ore_tensor *x, int dim, int64_t start, int64_t length) {
    int d = cut_dim("narrow", x, dim);
    if (d < 0)
        return NULL;
    int64_t size = x->shape.dim[d];
    if (start < 0)
        start += size;
    if (length < 0 || start < 0 || start > size - length) {
        ore_fail(ORE_INVALID,
                 "narrow: %lld element%s from %lld on, expected to lie in dim %d of %lld",
                 (long long)length, ore_plural(length), (long long)start, d, (long long)size);
        return NULL;
    }
    return slice_at(x, (slice_place){d, false, start, 1}, length);
}

static int64_t clamp_place(int64_t place, int64_t size) {
    if (place < 0)
        place += size;
    return place < 0 ? 0 : place > size ? size : place;
}

ore_tensor *ore_slice(ore_tensor *x, int dim, int64_t start, int64_t stop, int64_t step) {
    int d = cut_dim("slice", x, dim);
    if (d < 0)
        return NULL;
    if (step < 1) {
        ore_fail(ORE_INVALID, "slice: step %lld, expected 1 or more", (long long)step);
        return NULL;
    }
    start = clamp_place(start, x->shape.dim[d]);
    stop = clamp_place(stop, x->shape.dim[d]);
    int64_t length = stop > start ? (stop - start - 1) / step + 1 : 0;
    if (length < 2) /* a step that leads nowhere, however large */
        step = 1;
    return slice_at(x, (slice_place){d, false, start, step}, length);
}

ore_tensor *ore_select(ore_tensor *x, int dim, int64_t index) {
    int d = cut_dim("select", x, dim);
    if (d < 0)
        return NULL;
    int64_t size = x->shape.dim[d];
    if (index < -size || index >= size) {
        ore_fail(ORE_INVALID, "select: index %lld out of range for dim %d of %lld",
                 (long long)index, d, (long long)size);
        return NULL;
    }
    return slice_at(x, (slice_place){d, true, index < 0 ? index + size : index, 1}, 1);
}

/* ---- expand: dx = dy summed over the new elements ---- */

static void expand_backward(ore_node *node, ore_tensor *dy) {
    ore_pass(node, 0, dy);
}

static const ore_op expand_op = {"expand", expand_backward};

ore_tensor *ore_expand(ore_tensor *x, ore_shape shape) {
    int64_t strides[ORE_MAX_DIMS];
    char got[ORE_SHAPE_TEXT], want[ORE_SHAPE_TEXT];
    if (!ore_usable1("expand", x))
        return NULL;
    bool fits = shape.ndim >= x->shape.ndim && shape.ndim <= ORE_MAX_DIMS;
    int extra = fits ? shape.ndim - x->shape.ndim : 0;
    for (int d = 0; fits && d < shape.ndim; d++) {
        int own = d - extra;
        int64_t size = own < 0 ? 1 : x->shape.dim[own];
        if (shape.dim[d] == -1 && own >= 0)
            shape.dim[d] = size;
        fits = shape.dim[d] >= 0 && (size == shape.dim[d] || size == 1);
        strides[d] = own < 0 || (size == 1 && shape.dim[d] != 1) ? 0 : x->strides[own];
    }
    fits = fits && ore_checked_numel("expand", shape) >= 0;
    if (!fits) {
        ore_fail(ORE_INVALID, "expand: %s cannot be expanded to %s", ore_shape_text(x->shape, got),
                 ore_shape_text(shape, want));
        return NULL;
    }
    ore_tensor *y = ore_tensor_alias_as(x, shape, strides, x->offset);
    ore_record(&expand_op, y, 1, &x, 0, 0);
    return ore_made(y);
}

/* ---- copies and casts: dx = dy ---- */

static void clone_backward(ore_node *node, ore_tensor *dy) {
    ore_pass(node, 0, dy);
}

static const ore_op clone_op = {"clone", clone_backward};

ore_tensor *ore_clone(ore_tensor *x) {
    if (!ore_usable1("clone", x))
        return NULL;
    ore_tensor *y = ore_dense_copy(x);
    ore_record(&clone_op, y, 1, &x, 0, 0);
    return ore_made(y);
}

ore_tensor *ore_contiguous(ore_tensor *x) {
    if (!ore_usable1("contiguous", x))
        return NULL;
    return ore_is_contiguous(x) ? x : ore_clone(x);
}

static const ore_op to_op = {"to", clone_backward}; /* ore_pass casts back */

ore_tensor *ore_to(ore_tensor *x, ore_dtype dtype) {
    if (!ore_usable1("to", x) || !ore_checked_dtype("to", dtype))
        return NULL;
    if (x->dtype == dtype)
        return x;
    ore_tensor *y = ore_cast(x, dtype);
    ore_record(&to_op, y, 1, &x, 0, 0);
    return ore_made(y);
}

/* ---- y = x on another device, dx = dy on x's ---- */

static void to_device_backward(ore_node *node, ore_tensor *dy) {
    ore_device device;
    memcpy(&device, ore_node_attributes(node), sizeof device);
    ore_pass(node, 0, ore_to_device(dy, device));
}

static const ore_op to_device_op = {"to_device", to_device_backward};

ore_tensor *ore_to_device(ore_tensor *x, ore_device device) {
    if (!ore_usable1("to_device", x))
        return NULL;
    ore_device from = x->storage->device;
    if (from == device)
        return x;
    ore_tensor *y = ore_tensor_moved(x, device);
    ore_node *node = y ? ore_record(&to_device_op, y, 1, &x, 0, sizeof from) : NULL;
    if (node)
        memcpy(ore_node_attributes(node), &from, sizeof from);
    return ore_named("to_device", ore_made(y));
}
