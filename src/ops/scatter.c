/* scatter.c: putting elements at indexed places of a copy, and picking by masks. */
#include <string.h>

#include "ops/index.h"

/* ---- put and add at an index ---- */

/* y = x with y[index] = source, or += source. dx = dy, 0 where it was replaced; dsource =
 * dy[index] */

typedef struct put_attributes {
    int dim;
    bool add;
    ore_shape shape; /* of the places */
} put_attributes;

static void put_backward(ore_node *node, ore_tensor *dy) {
    const put_attributes *a = ore_node_attributes(node);
    ore_tensor *index = ore_node_saved(node, 0);
    if (!index)
        return;
    if (ore_input_wants_grad(node, 0) && a->add)
        ore_pass(node, 0, dy);
    if (ore_input_wants_grad(node, 0) && !a->add) {
        ore_tensor *dx = ore_clone(dy), *zero = ore_new_scalar(dy, 0, dy->dtype);
        if (dx && zero &&
            ore_put("scatter_backward", dx, a->dim, index, zero, a->shape, false) == ORE_OK)
            ore_pass(node, 0, dx);
    }
    if (ore_input_wants_grad(node, 1))
        ore_pass(node, 1, ore_gathered("scatter_backward", dy, a->dim, index, a->shape));
}

static const ore_op scatter_op = {"scatter", put_backward};

ore_tensor *ore_put_into(const char *op, ore_tensor *x, int dim, ore_tensor *index,
                         ore_tensor *source, ore_shape shape, bool add) {
    ore_no_grad_begin();
    ore_tensor *y = ore_clone(x);
    ore_no_grad_end();
    if (!y || !index || !source)
        return NULL;
    if (source->dtype != x->dtype) {
        ore_fail(ORE_INVALID, "%s: values of %s for x of %s, expected the same dtype", op,
                 ore_dtype_name(source->dtype), ore_dtype_name(x->dtype));
        return NULL;
    }
    if (ore_put(op, y, dim, index, source, shape, add) != ORE_OK)
        return NULL;
    ore_tensor *inputs[] = {x, source};
    ore_node *node = ore_record(&scatter_op, y, 2, inputs, 1, sizeof(put_attributes));
    if (node) {
        *(put_attributes *)ore_node_attributes(node) = (put_attributes){dim, add, shape};
        ore_node_save(node, 0, index);
    }
    return ore_made(y);
}

/* ---- scatter and scatter_add: for dim 0 y[index[i][j]][j] = source[i][j] ---- */

static bool check_scatter(const char *op, const ore_tensor *x, const ore_tensor *index,
                          const ore_tensor *source, int dim) {
    char a[ORE_SHAPE_TEXT], b[ORE_SHAPE_TEXT], c[ORE_SHAPE_TEXT];
    int ndim = x->shape.ndim;
    bool fits = index->shape.ndim == ndim && source->shape.ndim == ndim;
    for (int d = 0; fits && d < ndim; d++)
        fits = (d == dim || index->shape.dim[d] <= x->shape.dim[d]) &&
               index->shape.dim[d] <= source->shape.dim[d];
    if (!fits)
        ore_fail(ORE_INVALID,
                 "%s: index %s for x %s and source %s along dim %d, expected as many dims, no "
                 "larger than the source nor, in the other dims, than x",
                 op, ore_shape_text(index->shape, a), ore_shape_text(x->shape, b),
                 ore_shape_text(source->shape, c), dim);
    return fits;
}

static ore_tensor *scattered_source(const char *op, ore_tensor *x, int dim, ore_tensor *index,
                                    ore_tensor *source, bool add) {
    ore_tensor *arguments[] = {x, index, source};
    if (!ore_usable(op, 3, arguments))
        return NULL;
    int d = ore_wrap_dim(op, dim, x->shape.ndim);
    if (d < 0 || !check_scatter(op, x, index, source, d))
        return NULL;
    for (int i = 0; source && i < index->shape.ndim; i++)
        if (source->shape.dim[i] > index->shape.dim[i])
            source = ore_narrow(source, i, 0, index->shape.dim[i]);
    return ore_put_into(op, x, d, ore_dense_index(op, index), source, index->shape, add);
}

ore_tensor *ore_scatter(ore_tensor *x, int dim, ore_tensor *index, ore_tensor *source) {
    return scattered_source("scatter", x, dim, index, source, false);
}

ore_tensor *ore_scatter_add(ore_tensor *x, int dim, ore_tensor *index, ore_tensor *source) {
    return scattered_source("scatter_add", x, dim, index, source, true);
}

ore_tensor *ore_scatter_value(ore_tensor *x, int dim, ore_tensor *index, double value) {
    if (!ore_usable2("scatter", x, index))
        return NULL;
    int d = ore_wrap_dim("scatter", dim, x->shape.ndim);
    if (d < 0 || !check_scatter("scatter", x, index, index, d))
        return NULL;
    return ore_put_into("scatter", x, d, ore_dense_index("scatter", index),
                        ore_new_scalar(x, value, x->dtype), index->shape, false);
}

/* ---- index_add: y[.., index[i], ..] += source[.., i, ..] ---- */

ore_tensor *ore_index_add(ore_tensor *x, int dim, ore_tensor *index, ore_tensor *source) {
    char a[ORE_SHAPE_TEXT], b[ORE_SHAPE_TEXT], c[ORE_SHAPE_TEXT];
    ore_tensor *arguments[] = {x, index, source};
    if (!ore_usable("index_add", 3, arguments))
        return NULL;
    int ndim = x->shape.ndim, d = ore_wrap_dim("index_add", dim, ndim);
    if (d < 0)
        return NULL;
    ore_shape want = x->shape, along = {.ndim = ndim};
    if (ndim)
        want.dim[d] = ore_numel(index);
    if (index->shape.ndim > 1 || !ore_shape_equal(source->shape, want)) {
        ore_fail(ORE_INVALID,
                 "index_add: index %s and source %s for x %s, expected an index of one dim and as "
                 "many slices along dim %d",
                 ore_shape_text(index->shape, a), ore_shape_text(source->shape, b),
                 ore_shape_text(x->shape, c), d);
        return NULL;
    }
    for (int i = 0; i < ndim; i++)
        along.dim[i] = i == d ? ore_numel(index) : 1;
    index = ore_dense_index("index_add", index);
    index = index ? ore_reshape(index, along) : NULL; /* broadcasts over the other dims */
    return ore_named("index_add", ore_put_into("index_add", x, d, index, source, want, true));
}

/* ---- masks ---- */

/* The places of what is true, (n, dims). */
static ore_tensor *places_of(ore_tensor *mask, ore_shape shape) {
    ore_no_grad_begin();
    mask = ore_contiguous(mask);
    ore_tensor *count = ore_sum(mask, ORE_ALL, false);
    ore_no_grad_end();
    ore_tensor *places =
        count ? ore_new_empty(mask, ORE_SHAPE(ore_item_int(count), shape.ndim), ORE_INT64) : NULL;
    if (!places || ORE_CALL(ore_context_for(mask), nonzero, mask->dtype, &shape,
                            ore_tensor_address(mask), ore_tensor_address(places)) != ORE_OK)
        return NULL;
    return places;
}

ore_tensor *ore_true_places(ore_tensor *mask) {
    ore_tensor *places = mask ? places_of(mask, ORE_SHAPE(ore_numel(mask))) : NULL;
    return places ? ore_reshape(places, ORE_SHAPE(ore_size(places, 0))) : NULL;
}

ore_tensor *ore_nonzero(ore_tensor *x) {
    if (!ore_usable1("nonzero", x))
        return NULL;
    ore_no_grad_begin();
    if (ore_dtype_is_floating(x->dtype) && ore_dtype_size(x->dtype) == 2)
        x = ore_to(x, ORE_FLOAT32);
    ore_tensor *truth = x ? ore_ne(x, ore_new_scalar(x, 0, x->dtype)) : NULL;
    ore_no_grad_end();
    return truth ? places_of(truth, truth->shape) : NULL;
}

ore_tensor *ore_masked_select(ore_tensor *x, ore_tensor *mask) {
    ore_shape shape;
    if (!ore_usable2("masked_select", x, mask))
        return NULL;
    if (mask->dtype != ORE_BOOL) {
        ore_fail(ORE_INVALID, "masked_select: mask of %s, expected bool",
                 ore_dtype_name(mask->dtype));
        return NULL;
    }
    if (!ore_broadcast_shapes("masked_select", x->shape, mask->shape, &shape))
        return NULL;
    ore_tensor *places = ore_true_places(ore_expand(mask, shape));
    x = ore_reshape(ore_expand(x, shape), ORE_SHAPE(ore_shape_numel(shape)));
    return places ? ore_index_select(x, 0, places) : NULL;
}
