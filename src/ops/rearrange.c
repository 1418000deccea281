/* rearrange.c: repeating, rolling, flipping, windows and grids, of views and copies. */
#include <string.h>

#include "base/error.h"
#include "ops/op.h"

/* ---- flip: y_i = x_(n-1-i), its derivative likewise ---- */

static ore_tensor *flipped(ore_tensor *x, const bool *along) {
    int64_t strides[ORE_MAX_DIMS] = {0}, offset = x ? x->offset : 0;
    if (!x)
        return NULL;
    for (int d = 0; d < x->shape.ndim; d++) {
        strides[d] = along[d] ? -x->strides[d] : x->strides[d];
        if (along[d] && ore_numel(x) > 0)
            offset += (x->shape.dim[d] - 1) * x->strides[d];
    }
    ore_tensor *view = ore_tensor_alias_as(x, x->shape, strides, offset);
    return view ? ore_elementwise("flip", ORE_KERNEL(copy), x->dtype, x->dtype, x->shape, 1, &view)
                : NULL;
}

static void flip_backward(ore_node *node, ore_tensor *dy) {
    ore_pass(node, 0, flipped(dy, ore_node_attributes(node)));
}

static const ore_op flip_op = {"flip", flip_backward};

ore_tensor *ore_flip(ore_tensor *x, ore_dims dims) {
    bool along[ORE_MAX_DIMS];
    if (!ore_usable1("flip", x) || !ore_mark_dims("flip", dims, x->shape.ndim, along))
        return NULL;
    ore_tensor *y = flipped(x, along);
    ore_node *node = ore_record(&flip_op, y, 1, &x, 0, sizeof along);
    if (node)
        memcpy(ore_node_attributes(node), along, sizeof along);
    return ore_made(y);
}

/* ---- roll: y_((i + shift) mod n) = x_i ---- */

static ore_tensor *roll_one(ore_tensor *x, int64_t shift, int dim) {
    int64_t n = x->shape.dim[dim], s = n ? shift % n : 0;
    s = s < 0 ? s + n : s;
    if (s == 0)
        return x;
    ore_tensor *parts[] = {ore_narrow(x, dim, n - s, s), ore_narrow(x, dim, 0, n - s)};
    return ore_cat(parts, 2, dim);
}

ore_tensor *ore_roll(ore_tensor *x, const int64_t *shifts, ore_dims dims) {
    if (!ore_usable1("roll", x))
        return NULL;
    if (dims.n < 0 || dims.n > ORE_MAX_DIMS || !shifts) {
        ore_fail(ORE_INVALID, "roll: a list of %d dim%s, expected 0 .. %d and a shift for each",
                 dims.n, ore_plural(dims.n), ORE_MAX_DIMS);
        return NULL;
    }
    ore_tensor *y = x;
    if (dims.n == 0)
        y = ore_reshape(roll_one(ore_reshape(x, ORE_SHAPE(ore_numel(x))), shifts[0], 0), x->shape);
    for (int i = 0; y && i < dims.n; i++) {
        int d = ore_wrap_dim("roll", dims.dim[i], x->shape.ndim);
        if (d < 0)
            return NULL;
        y = x->shape.ndim ? roll_one(y, shifts[i], d) : y;
    }
    return y && ore_shares_storage(y, x) ? ore_clone(y) : y ? ore_tensor_sole(y) : NULL;
}

/* ---- repeat ---- */

static const int64_t MAX_REPEATS = INT32_MAX;

/* `times` as much along dim d; false with an error where no tensor can have that. */
static bool repeat_dim(const char *op, ore_shape *shape, int d, int64_t times) {
    if (__builtin_mul_overflow(shape->dim[d], times, &shape->dim[d]))
        shape->dim[d] = INT64_MAX;
    return ore_checked_numel(op, *shape) >= 0;
}

/* Each run of `run` elements `times` times; the result still has x's shape but for its size. */
static ore_tensor *repeat_runs(ore_tensor *x, int64_t run, int64_t times) {
    int64_t runs = run ? ore_numel(x) / run : 0;
    x = ore_reshape(x, ORE_SHAPE(runs, 1, run));
    x = ore_expand(x, ORE_SHAPE(runs, times, run));
    return x ? ore_reshape(x, ORE_SHAPE(ore_numel(x))) : NULL;
}

static int64_t product_from(ore_shape shape, int dim) {
    int64_t n = 1;
    for (int d = dim; d < shape.ndim; d++)
        n *= shape.dim[d];
    return n;
}

ore_tensor *ore_repeat(ore_tensor *x, ore_shape repeats) {
    char text[ORE_SHAPE_TEXT], of[ORE_SHAPE_TEXT];
    if (!ore_usable1("repeat", x))
        return NULL;
    bool fits = repeats.ndim >= x->shape.ndim && repeats.ndim <= ORE_MAX_DIMS;
    for (int d = 0; fits && d < repeats.ndim; d++)
        fits = repeats.dim[d] >= 0 && repeats.dim[d] <= MAX_REPEATS;
    if (!fits) {
        ore_fail(ORE_INVALID,
                 "repeat: repeats %s of x %s, expected 0 .. 2^31 - 1 and one for each dim or more",
                 ore_shape_text(repeats, text), ore_shape_text(x->shape, of));
        return NULL;
    }
    int extra = repeats.ndim - x->shape.ndim;
    ore_shape shape = {.ndim = repeats.ndim};
    for (int d = 0; d < shape.ndim; d++)
        shape.dim[d] = d < extra ? 1 : x->shape.dim[d - extra];
    ore_tensor *y = x;
    for (int d = shape.ndim - 1; y && d >= 0; d--) { /* inner dims first: runs stay whole */
        int64_t run = product_from(shape, d);
        if (!repeat_dim("repeat", &shape, d, repeats.dim[d]))
            return NULL;
        if (repeats.dim[d] != 1)
            y = repeat_runs(y, run, repeats.dim[d]);
    }
    y = y ? ore_reshape(y, shape) : NULL;
    return y && ore_shares_storage(y, x) ? ore_clone(y) : y ? ore_tensor_sole(y) : NULL;
}

static int interleaved_dim(ore_tensor *x, int dim) {
    if (!ore_usable1("repeat_interleave", x))
        return -1;
    if (x->shape.ndim == 0) {
        ore_fail(ORE_INVALID, "repeat_interleave: a 0-d tensor has no dim to repeat along");
        return -1;
    }
    return ore_wrap_dim("repeat_interleave", dim, x->shape.ndim);
}

ore_tensor *ore_repeat_interleave(ore_tensor *x, int64_t repeats, int dim) {
    int d = interleaved_dim(x, dim);
    if (d < 0)
        return NULL;
    if (repeats < 0 || repeats > MAX_REPEATS) {
        ore_fail(ORE_INVALID, "repeat_interleave: %lld repeats, expected 0 .. 2^31 - 1",
                 (long long)repeats);
        return NULL;
    }
    ore_shape shape = x->shape;
    if (!repeat_dim("repeat_interleave", &shape, d, repeats))
        return NULL;
    ore_tensor *y = repeat_runs(x, product_from(shape, d + 1), repeats);
    y = y ? ore_reshape(y, shape) : NULL;
    return y && ore_shares_storage(y, x) ? ore_clone(y) : y ? ore_tensor_sole(y) : NULL;
}

/* Element i stands for places ends_(i-1) .. ends_i - 1, so place j holds as many ends as are <= j.
 */
static ore_tensor *interleaved_places(ore_tensor *repeats) {
    int64_t n = ore_numel(repeats);
    ore_tensor *ends = ore_cumsum(repeats, 0);
    if (!ends || n == 0)
        return ends;
    int64_t total = ore_item_int(ore_select(ends, 0, n - 1));
    ore_tensor *at = ore_bincount(ends, NULL, total + 1);
    return ore_cumsum(ore_narrow(at, 0, 0, total), 0);
}

ore_tensor *ore_repeat_interleave_each(ore_tensor *x, ore_tensor *repeats, int dim) {
    char text[ORE_SHAPE_TEXT];
    if (!ore_usable2("repeat_interleave", x, repeats))
        return NULL;
    int d = interleaved_dim(x, dim);
    if (d < 0)
        return NULL;
    if (ore_dtype_is_floating(repeats->dtype) || repeats->dtype == ORE_BOOL ||
        repeats->shape.ndim != 1 || repeats->shape.dim[0] != x->shape.dim[d]) {
        ore_fail(ORE_INVALID,
                 "repeat_interleave: repeats %s of %s, expected a whole number for each of the "
                 "%lld of dim %d",
                 ore_shape_text(repeats->shape, text), ore_dtype_name(repeats->dtype),
                 (long long)x->shape.dim[d], d);
        return NULL;
    }
    if (ore_numel(repeats) > 0 && ore_item_int(ore_amin(repeats, ORE_ALL, false)) < 0) {
        ore_fail(ORE_INVALID, "repeat_interleave: a number of repeats below 0");
        return NULL;
    }
    ore_tensor *places = interleaved_places(repeats);
    return places ? ore_index_select(x, d, places) : NULL;
}

/* ---- unbind ---- */

int ore_unbind(ore_tensor *x, int dim, ore_tensor **parts, int capacity) {
    if (!ore_usable1("unbind", x))
        return -1;
    int d = ore_wrap_dim("unbind", dim, x->shape.ndim);
    if (d < 0)
        return -1;
    int64_t n = x->shape.ndim ? x->shape.dim[d] : -1;
    if (n < 0 || n > capacity) {
        ore_fail(ORE_INVALID, "unbind: %lld parts along dim %d, expected 0 .. %d", (long long)n, d,
                 capacity);
        return -1;
    }
    for (int64_t i = 0; i < n && ore_ok(); i++)
        parts[i] = ore_tensor_part(ore_select(x, d, i));
    return ore_ok() ? (int)n : -1;
}

/* ---- unfold: y[.., i, .., j] = x[.., i step + j, ..]; dx adds up what the windows share ---- */

typedef struct unfold_attributes {
    int dim;
    int64_t size, step;
} unfold_attributes;

static void unfold_backward(ore_node *node, ore_tensor *dy) {
    const unfold_attributes *a = ore_node_attributes(node);
    int64_t strides[ORE_MAX_DIMS] = {0};
    ore_shape shape = ore_input_shape(node, 0);
    ore_strides_of(shape, strides);
    int64_t one = strides[a->dim];
    strides[a->dim] *= a->step;
    if (ore_numel(dy) == 0)
        ore_pass(node, 0, ore_new_zeros(dy, shape, dy->dtype));
    for (int64_t j = 0; j < a->size && ore_numel(dy) > 0; j++)
        ore_pass_part(node, 0, strides, j * one, ore_select(dy, -1, j));
}

static const ore_op unfold_op = {"unfold", unfold_backward};

ore_tensor *ore_unfold(ore_tensor *x, int dim, int64_t size, int64_t step) {
    int64_t strides[ORE_MAX_DIMS] = {0};
    int d = ore_usable1("unfold", x) ? ore_wrap_dim("unfold", dim, x->shape.ndim) : -1;
    if (d < 0)
        return NULL;
    int ndim = x->shape.ndim;
    int64_t length = ndim ? x->shape.dim[d] : 1;
    if (size < 0 || size > length || step < 1 || ndim == ORE_MAX_DIMS || ndim == 0) {
        ore_fail(ORE_INVALID,
                 "unfold: windows of %lld by steps of %lld along dim %d of %lld, expected 0 .. "
                 "%lld, a step of 1 or more, and 1 .. %d dims",
                 (long long)size, (long long)step, d, (long long)length, (long long)length,
                 ORE_MAX_DIMS - 1);
        return NULL;
    }
    ore_shape shape = x->shape;
    memcpy(strides, x->strides, (size_t)ndim * sizeof *strides);
    shape.dim[d] = (length - size) / step + 1;
    shape.dim[shape.ndim++] = size;
    if (ore_checked_numel("unfold", shape) < 0)
        return NULL;
    strides[ndim] = strides[d];
    if (shape.dim[d] > 1)
        strides[d] *= step;
    ore_tensor *y = ore_tensor_alias_as(x, shape, strides, x->offset);
    ore_node *node = ore_record(&unfold_op, y, 1, &x, 0, sizeof(unfold_attributes));
    if (node)
        *(unfold_attributes *)ore_node_attributes(node) =
            (unfold_attributes){d, size, shape.dim[d] > 1 ? step : 1};
    return ore_made(y);
}

/* ---- meshgrid: grid k is tensor k along dim k, the same along the others ---- */

static bool check_grids(ore_tensor *const *tensors, int n, const char *indexing) {
    char text[ORE_SHAPE_TEXT];
    if (n < 1 || n > ORE_MAX_DIMS) {
        ore_fail(ORE_INVALID, "meshgrid: %d tensors, expected 1 .. %d", n, ORE_MAX_DIMS);
        return false;
    }
    if (!indexing || (strcmp(indexing, "ij") != 0 && strcmp(indexing, "xy") != 0)) {
        ore_fail(ORE_INVALID, "meshgrid: indexing '%.20s', expected 'ij' or 'xy'",
                 indexing ? indexing : "");
        return false;
    }
    if (!ore_usable("meshgrid", n, tensors))
        return false;
    for (int i = 0; i < n; i++)
        if (tensors[i]->shape.ndim > 1) {
            ore_fail(ORE_INVALID, "meshgrid: tensor %d has shape %s, expected at most one dim", i,
                     ore_shape_text(tensors[i]->shape, text));
            return false;
        }
    return true;
}

ore_status ore_meshgrid(ore_tensor *const *tensors, int n, const char *indexing,
                        ore_tensor **grids) {
    if (!ore_ok() || !check_grids(tensors, n, indexing))
        return ore_error_status();
    bool swap = strcmp(indexing, "xy") == 0 && n > 1;
    ore_shape shape = {.ndim = n};
    int place[ORE_MAX_DIMS];
    for (int i = 0; i < n; i++) {
        place[i] = swap && i < 2 ? 1 - i : i;
        shape.dim[place[i]] = ore_numel(tensors[i]);
    }
    for (int i = 0; i < n; i++) {
        ore_shape own = {.ndim = n};
        for (int d = 0; d < n; d++)
            own.dim[d] = d == place[i] ? ore_numel(tensors[i]) : 1;
        grids[i] = ore_expand(ore_reshape(tensors[i], own), shape);
    }
    return ore_error_status();
}
