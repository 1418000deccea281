/* advanced_index.c: x[i, j, :, ..] by index tensors. The indexed dims are brought side by side and
 * merged; the indices become places along the merged dim. */
#include "ops/index.h"

typedef struct picking {
    int n;                           /* dims of x */
    ore_tensor *index[ORE_MAX_DIMS]; /* per dim of x, NULL for ':' */
    int count, first;                /* indexed dims, and where they stand in `order` */
    ore_dims order;                  /* of x's dims, the indexed ones side by side */
    ore_shape moved;                 /* x in that order */
    ore_shape merged;                /* the same with the indexed dims as one */
    ore_shape picked;                /* what the indices broadcast to */
    ore_shape result;                /* picked in the place of the indexed dims */
    ore_tensor *flat;                /* (numel of picked): places along the merged dim */
} picking;

/* A mask stands for as many indices as it has dims. */
static bool add_mask(const char *op, const ore_tensor *x, picking *p, ore_tensor *mask) {
    char a[ORE_SHAPE_TEXT], b[ORE_SHAPE_TEXT];
    bool fits = mask->shape.ndim > 0 && p->n + mask->shape.ndim <= x->shape.ndim;
    for (int d = 0; fits && d < mask->shape.ndim; d++)
        fits = mask->shape.dim[d] == x->shape.dim[p->n + d];
    if (!fits) {
        ore_fail(ORE_INVALID, "%s: mask %s does not fit x %s from dim %d on", op,
                 ore_shape_text(mask->shape, a), ore_shape_text(x->shape, b), p->n);
        return false;
    }
    ore_tensor *places = ore_nonzero(mask);
    for (int d = 0; places && d < mask->shape.ndim; d++)
        p->index[p->n++] = ore_select(places, 1, d);
    return ore_ok();
}

/* The indices dim by dim, and what they broadcast to. */
static bool gather_indices(const char *op, const ore_tensor *x, ore_tensor *const *indices, int n,
                           picking *p) {
    if (n < 0 || (n > 0 && !indices)) {
        ore_fail(ORE_INVALID, "%s: a list of %d indices, expected one", op, n);
        return false;
    }
    for (int i = 0; i < n; i++) {
        if (indices[i] && !ore_usable_beside(op, x, indices[i]))
            return false;
        if (indices[i] && indices[i]->dtype == ORE_BOOL) {
            if (!add_mask(op, x, p, indices[i]))
                return false;
            continue;
        }
        if (p->n >= x->shape.ndim) {
            ore_fail(ORE_INVALID, "%s: more than the %d indices that x has dims", op,
                     x->shape.ndim);
            return false;
        }
        p->index[p->n++] = indices[i] ? ore_dense_index(op, indices[i]) : NULL;
    }
    for (int d = 0; d < p->n && ore_ok(); d++)
        if (p->index[d] && !ore_broadcast_shapes(op, p->picked, p->index[d]->shape, &p->picked))
            return false;
    p->n = x->shape.ndim;
    return ore_ok();
}

/* The order of dims: the indexed ones stand where they are if they are neighbours, else in front. A
 * 0-d index takes its dim away before that is asked, as x[2] does. */
static void arrange(picking *p) {
    ore_dims open = {0}, taken = {0};
    bool apart = false, seen = false;
    for (int d = 0; d < p->n; d++) {
        if (!p->index[d]) {
            open.dim[open.n++] = d;
            continue;
        }
        taken.dim[taken.n++] = d;
        if (p->index[d]->shape.ndim == 0)
            continue;
        apart = apart || (seen && open.n > p->first);
        p->first = seen ? p->first : open.n;
        seen = true;
    }
    p->first = apart ? 0 : p->first;
    p->count = taken.n;
    p->order.n = p->n;
    for (int i = 0; i < p->n; i++)
        p->order.dim[i] = i < p->first              ? open.dim[i]
                          : i < p->first + p->count ? taken.dim[i - p->first]
                                                    : open.dim[i - p->count];
}

static bool shape_result(const char *op, const ore_tensor *x, picking *p) {
    int rest = p->n - p->count;
    if (rest + p->picked.ndim > ORE_MAX_DIMS) {
        ore_fail(ORE_INVALID, "%s: a result of %d dims, expected at most %d", op,
                 rest + p->picked.ndim, ORE_MAX_DIMS);
        return false;
    }
    p->moved.ndim = p->n;
    for (int i = 0; i < p->n; i++) {
        int64_t size = p->moved.dim[i] = x->shape.dim[p->order.dim[i]];
        if (i == p->first) {
            p->merged.dim[p->merged.ndim++] = 1;
            for (int d = 0; d < p->picked.ndim; d++)
                p->result.dim[p->result.ndim++] = p->picked.dim[d];
        }
        if (i >= p->first && i < p->first + p->count) {
            p->merged.dim[p->first] *= size;
        } else {
            p->merged.dim[p->merged.ndim++] = size;
            p->result.dim[p->result.ndim++] = size;
        }
    }
    return true;
}

/* An index checked against its dim, with what is below 0 counted from the end. */
static ore_tensor *wrapped(const char *op, ore_tensor *index, int dim, int64_t size) {
    if (ore_numel(index) == 0)
        return index;
    int64_t min = ore_item_int(ore_amin(index, ORE_ALL, false));
    int64_t max = ore_item_int(ore_amax(index, ORE_ALL, false));
    if (min < -size || max >= size) {
        ore_fail(ORE_INVALID, "%s: index %lld out of range for dim %d of %lld", op,
                 (long long)(min < -size ? min : max), dim, (long long)size);
        return NULL;
    }
    if (min >= 0)
        return index;
    ore_tensor *below = ore_lt(index, ore_new_scalar(index, 0, ORE_INT64));
    return ore_where(below, ore_add_scalar(index, (double)size), index);
}

static ore_tensor *flat_places(const char *op, const ore_tensor *x, const picking *p) {
    ore_tensor *flat = NULL;
    for (int d = 0; d < p->n && ore_ok(); d++) {
        if (!p->index[d])
            continue;
        ore_tensor *index = wrapped(op, p->index[d], d, x->shape.dim[d]);
        if (flat)
            flat = ore_mul(flat, ore_new_scalar(flat, (double)x->shape.dim[d], ORE_INT64));
        flat = flat ? ore_add(flat, index) : index;
    }
    return flat ? ore_reshape(ore_expand(flat, p->picked), ORE_SHAPE(ore_shape_numel(p->picked)))
                : NULL;
}

/* False with an error, or with nothing to pick by (p->count is 0). */
static bool prepare(const char *op, ore_tensor *x, ore_tensor *const *indices, int n, picking *p) {
    *p = (picking){.n = 0};
    if (!ore_usable1(op, x))
        return false;
    ore_no_grad_begin();
    bool fine = gather_indices(op, x, indices, n, p);
    if (fine) {
        arrange(p);
        fine = p->count > 0 && shape_result(op, x, p);
    }
    p->flat = fine ? flat_places(op, x, p) : NULL;
    ore_no_grad_end();
    return p->flat && ore_ok();
}

/* x (any order) as the merged shape */
static ore_tensor *merge(ore_tensor *x, const picking *p) {
    return ore_reshape(ore_permute(x, p->order), p->merged);
}

ore_tensor *ore_index(ore_tensor *x, ore_tensor *const *indices, int n) {
    if (!ore_no_error())
        return NULL;
    picking p;
    if (!prepare("index", x, indices, n, &p))
        return ore_named("index", ore_ok() && p.count == 0 ? x : NULL);
    ore_tensor *y = ore_index_select(merge(x, &p), p.first, p.flat);
    return ore_named("index", y ? ore_tensor_sole(ore_reshape(y, p.result)) : NULL);
}

/* values as the slices that go to the places */
static ore_tensor *spread_values(ore_tensor *values, const picking *p, ore_shape *shape) {
    *shape = p->merged;
    shape->dim[p->first] = ore_shape_numel(p->picked);
    return ore_reshape(ore_expand(values, p->result), *shape);
}

ore_tensor *ore_index_put(ore_tensor *x, ore_tensor *const *indices, int n, ore_tensor *values,
                          bool accumulate) {
    if (!ore_no_error())
        return NULL;
    picking p;
    ore_shape shape, along;
    if (!ore_usable2("index_put", x, values))
        return NULL;
    if (!prepare("index_put", x, indices, n, &p)) {
        if (ore_ok())
            ore_fail(ORE_INVALID, "index_put: no index, expected one or more");
        return NULL;
    }
    ore_tensor *source = spread_values(values, &p, &shape);
    along = (ore_shape){.ndim = shape.ndim};
    for (int d = 0; d < along.ndim; d++)
        along.dim[d] = d == p.first ? shape.dim[d] : 1;
    ore_tensor *moved = merge(x, &p);
    ore_tensor *y = moved && source
                        ? ore_put_into("index_put", moved, p.first, ore_reshape(p.flat, along),
                                       source, shape, accumulate)
                        : NULL;
    ore_dims back = {.n = p.n};
    for (int d = 0; d < p.n; d++)
        back.dim[p.order.dim[d]] = d;
    y = y ? ore_contiguous(ore_permute(ore_reshape(y, p.moved), back)) : NULL;
    return ore_named("index_put", ore_tensor_sole(y));
}

ore_tensor *ore_index_put_(ore_tensor *x, ore_tensor *const *indices, int n, ore_tensor *values,
                           bool accumulate) {
    if (!ore_no_error())
        return NULL;
    ore_tensor *y = ore_index_put(x, indices, n, values, accumulate);
    return ore_named("index_put_", y ? ore_copy_(x, y) : NULL);
}
