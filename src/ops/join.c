/* join.c: joining tensors, cutting them into views, and triangles. */
#include <string.h>

#include "base/error.h"
#include "ops/op.h"

/* ---- y = the tensors one after the other along dim; dx_i = dy at x_i's place ---- */

/* PyTorch's oldest empty tensor, of shape (0): it joins tensors of any shape. */
static bool is_nothing(ore_shape shape) {
    return shape.ndim == 1 && shape.dim[0] == 0;
}

static void cat_backward(ore_node *node, ore_tensor *dy) {
    const int *attributes = ore_node_attributes(node);
    int dim = attributes[0], n = attributes[1];
    int64_t start = 0;
    for (int i = 0; i < n; i++) {
        ore_shape shape = ore_input_shape(node, i);
        int64_t length = is_nothing(shape) ? 0 : shape.dim[dim];
        if (ore_input_wants_grad(node, i))
            ore_pass(node, i, ore_reshape(ore_narrow(dy, dim, start, length), shape));
        start += length;
    }
}

static const ore_op cat_op = {"cat", cat_backward};

static ore_dtype promoted(ore_tensor *const *tensors, int n) {
    ore_dtype dtype = tensors[0]->dtype;
    for (int i = 1; i < n; i++)
        dtype = ore_promote_types(dtype, tensors[i]->dtype);
    return dtype;
}

/* The place of the first tensor that is not nothing, which says the result's dims; -1 for none. */
static int first_of_cat(ore_tensor *const *tensors, int n) {
    for (int i = 0; i < n; i++)
        if (!is_nothing(tensors[i]->shape))
            return i;
    return -1;
}

/* The result's shape; false with an error where another dim than `dim` differs. */
static bool cat_shape(ore_tensor *const *tensors, int n, int first, int dim, ore_shape *shape) {
    char wanted[ORE_SHAPE_TEXT], other[ORE_SHAPE_TEXT];
    *shape = tensors[first]->shape;
    for (int i = first + 1; i < n; i++) {
        ore_shape s = tensors[i]->shape;
        if (is_nothing(s))
            continue;
        bool fits = s.ndim == shape->ndim;
        for (int d = 0; fits && d < s.ndim; d++)
            fits = d == dim || s.dim[d] == shape->dim[d];
        if (!fits) {
            ore_fail(ORE_INVALID, "cat: shapes %s and %s differ in another dim than %d",
                     ore_shape_text(tensors[first]->shape, wanted), ore_shape_text(s, other), dim);
            return false;
        }
        if (__builtin_add_overflow(shape->dim[dim], s.dim[dim], &shape->dim[dim])) {
            ore_fail(ORE_INVALID,
                     "cat: the sizes of %d tensor%s along dim %d, expected a sum below "
                     "2^63",
                     n, ore_plural(n), dim);
            return false;
        }
    }
    return true;
}

static ore_tensor *cat_copy(ore_tensor *const *tensors, int n, int dim, ore_shape shape,
                            ore_dtype dtype) {
    ore_tensor *y = ore_tensor_new(shape, dtype, ore_tensor_device(tensors[0]));
    int64_t start = 0;
    ore_scope_begin();
    ore_no_grad_begin();
    for (int i = 0; y && ore_ok() && i < n; i++) {
        if (is_nothing(tensors[i]->shape))
            continue;
        int64_t length = tensors[i]->shape.dim[dim];
        ore_copy_(ore_narrow(y, dim, start, length), tensors[i]);
        start += length;
    }
    ore_no_grad_end();
    ore_scope_end();
    return ore_ok() ? y : NULL;
}

ore_tensor *ore_cat(ore_tensor *const *tensors, int n, int dim) {
    if (!ore_no_error())
        return NULL;
    if (n < 1) {
        ore_fail(ORE_INVALID, "cat: %d tensors, expected one or more", n);
        return NULL;
    }
    if (!ore_usable("cat", n, tensors))
        return NULL;
    for (int i = 0; i < n; i++)
        if (tensors[i]->shape.ndim == 0) {
            ore_fail(ORE_INVALID, "cat: 0-d tensors; use ore_stack");
            return NULL;
        }
    int first = first_of_cat(tensors, n);
    ore_shape shape = ORE_SHAPE(0);
    dim = first < 0 ? 0 : ore_wrap_dim("cat", dim, tensors[first]->shape.ndim);
    if (dim < 0 || (first >= 0 && !cat_shape(tensors, n, first, dim, &shape)))
        return NULL;
    ore_tensor *y = cat_copy(tensors, n, dim, shape, promoted(tensors, n));
    ore_node *node = ore_record(&cat_op, y, n, tensors, 0, 2 * sizeof(int));
    if (node)
        memcpy(ore_node_attributes(node), (int[]){dim, n}, 2 * sizeof(int));
    return ore_named("cat", ore_made(y));
}

/* ---- y[.., i, ..] = x_i along a new dim; dx_i = dy[.., i, ..] ---- */

static void stack_backward(ore_node *node, ore_tensor *dy) {
    const int *attributes = ore_node_attributes(node);
    int dim = attributes[0], n = attributes[1];
    for (int i = 0; i < n; i++)
        if (ore_input_wants_grad(node, i))
            ore_pass(node, i, ore_select(dy, dim, i));
}

static const ore_op stack_op = {"stack", stack_backward};

static ore_shape with_dim(ore_shape shape, int dim, int64_t size) {
    for (int d = shape.ndim++; d > dim; d--)
        shape.dim[d] = shape.dim[d - 1];
    shape.dim[dim] = size;
    return shape;
}

ore_tensor *ore_stack(ore_tensor *const *tensors, int n, int dim) {
    if (!ore_no_error())
        return NULL;
    if (n < 1) {
        ore_fail(ORE_INVALID, "stack: %d tensors, expected one or more", n);
        return NULL;
    }
    if (!ore_usable("stack", n, tensors))
        return NULL;
    ore_shape shape = tensors[0]->shape;
    if (shape.ndim == ORE_MAX_DIMS) {
        ore_fail(ORE_INVALID, "stack: already %d dims, the maximum", shape.ndim);
        return NULL;
    }
    dim = ore_wrap_dim("stack", dim, shape.ndim + 1);
    if (dim < 0)
        return NULL;
    char first[ORE_SHAPE_TEXT], other[ORE_SHAPE_TEXT];
    for (int i = 1; i < n; i++)
        if (!ore_shape_equal(tensors[i]->shape, shape)) {
            ore_fail(ORE_INVALID, "stack: shapes %s and %s, expected equal ones",
                     ore_shape_text(shape, first), ore_shape_text(tensors[i]->shape, other));
            return NULL;
        }
    ore_tensor *y = ore_tensor_new(with_dim(shape, dim, n), promoted(tensors, n),
                                   ore_tensor_device(tensors[0]));
    ore_scope_begin();
    ore_no_grad_begin();
    for (int i = 0; y && ore_ok() && i < n; i++)
        ore_copy_(ore_select(y, dim, i), tensors[i]);
    ore_no_grad_end();
    ore_scope_end();
    ore_node *node = ore_ok() ? ore_record(&stack_op, y, n, tensors, 0, 2 * sizeof(int)) : NULL;
    if (node)
        memcpy(ore_node_attributes(node), (int[]){dim, n}, 2 * sizeof(int));
    return ore_named("stack", ore_ok() ? y : NULL);
}

/* ---- cutting into views ---- */

int ore_split(ore_tensor *x, int64_t size, int dim, ore_tensor **parts, int capacity) {
    if (!ore_usable1("split", x))
        return -1;
    dim = ore_wrap_dim("split", dim, x->shape.ndim);
    if (dim < 0)
        return -1;
    int64_t length = x->shape.ndim ? x->shape.dim[dim] : 1;
    int64_t n = size > 0 ? length / size + (length % size > 0) : -1;
    if (length == 0 && size >= 0)
        n = 1;
    if (n < 0 || n > capacity) {
        ore_fail(ORE_INVALID,
                 "split: %lld element%s in parts of %lld, expected a positive size and "
                 "at most %d part%s",
                 (long long)length, ore_plural(length), (long long)size, capacity,
                 ore_plural(capacity));
        return -1;
    }
    for (int64_t i = 0; i < n && ore_ok(); i++) {
        int64_t left = length - i * size;
        parts[i] = ore_tensor_part(ore_narrow(x, dim, i * size, left < size ? left : size));
    }
    if (!ore_ok())
        ore_error_name("split");
    return ore_ok() ? (int)n : -1;
}

ore_status ore_split_sizes(ore_tensor *x, const int64_t *sizes, int n, int dim,
                           ore_tensor **parts) {
    if (!ore_usable1("split", x))
        return ore_error_status();
    dim = ore_wrap_dim("split", dim, x->shape.ndim);
    if (dim < 0)
        return ore_error_status();
    int64_t length = x->shape.ndim ? x->shape.dim[dim] : 1, left = length;
    bool fits = true;
    for (int i = 0; fits && i < n; i++) {
        fits = sizes[i] >= 0 && sizes[i] <= left;
        left -= fits ? sizes[i] : 0;
    }
    if (!fits || left)
        return ore_fail(ORE_INVALID,
                        "split: %d size%s, expected none below 0 and a sum of the %lld of dim %d",
                        n, ore_plural(n), (long long)length, dim);
    int64_t start = 0;
    for (int i = 0; i < n; i++) {
        parts[i] = ore_tensor_part(ore_narrow(x, dim, start, sizes[i]));
        start += sizes[i];
    }
    return ore_error_status();
}

int ore_chunk(ore_tensor *x, int chunks, int dim, ore_tensor **parts, int capacity) {
    if (!ore_usable1("chunk", x))
        return -1;
    int d = ore_wrap_dim("chunk", dim, x->shape.ndim);
    if (d < 0)
        return -1;
    if (chunks < 1) {
        ore_fail(ORE_INVALID, "chunk: %d chunks, expected 1 or more", chunks);
        return -1;
    }
    int64_t length = x->shape.ndim ? x->shape.dim[d] : 1;
    if (length > 0) {
        int made = ore_split(x, (length + chunks - 1) / chunks, d, parts, capacity);
        if (made < 0)
            ore_error_name("chunk");
        return made;
    }
    for (int i = 0; i < chunks && i < capacity; i++)
        parts[i] = ore_tensor_part(ore_narrow(x, d, 0, 0));
    if (chunks > capacity)
        ore_fail(ORE_INVALID, "chunk: %d chunk%s, expected at most %d", chunks, ore_plural(chunks),
                 capacity);
    return ore_ok() ? chunks : -1;
}

/* ---- triangles: y = x where column - row <= diagonal (tril) or >= (triu), else 0 ---- */

static ore_tensor *triangle(const char *name, ore_tensor *x, int64_t diagonal, bool lower) {
    char text[ORE_SHAPE_TEXT];
    if (!ore_usable1(name, x))
        return NULL;
    if (x->shape.ndim < 2) {
        ore_fail(ORE_INVALID, "%s: shape %s, expected at least 2 dims", name,
                 ore_shape_text(x->shape, text));
        return NULL;
    }
    int64_t rows = x->shape.dim[x->shape.ndim - 2], columns = x->shape.dim[x->shape.ndim - 1];
    diagonal = diagonal < -rows ? -rows : diagonal > columns ? columns : diagonal;
    ore_tensor *row = ore_arange((double)diagonal, (double)(diagonal + rows), 1, ORE_INT64);
    row = ore_to_device(row, ore_tensor_device(x));
    ore_tensor *edge = ore_unsqueeze(row, 1); /* (rows, 1): the last (first) column that stays */
    ore_tensor *column = ore_arange(0, (double)columns, 1, ORE_INT64);
    column = ore_to_device(column, ore_tensor_device(x));
    ore_tensor *stays = lower ? ore_le(column, edge) : ore_ge(column, edge);
    return ore_where(stays, x, ore_new_scalar(x, 0, x->dtype));
}

ore_tensor *ore_tril(ore_tensor *x, int64_t diagonal) {
    if (!ore_no_error())
        return NULL;
    return ore_named("tril", triangle("tril", x, diagonal, true));
}

ore_tensor *ore_triu(ore_tensor *x, int64_t diagonal) {
    if (!ore_no_error())
        return NULL;
    return ore_named("triu", triangle("triu", x, diagonal, false));
}
