/* diagonal.c: diagonals of matrices, matrices of diagonals, the places of triangles. */
#include <string.h>

#include "ops/op.h"

/* ---- diagonal: a view y[.., i] = x[i, i + offset]; dx is zero but for dy there ---- */

typedef struct diagonal_place {
    int row, column; /* dims */
    int64_t offset;
} diagonal_place;

/* Strides of the view over those of the whole, and its first element's place. */
static int64_t diagonal_strides(const diagonal_place *p, int ndim, const int64_t *whole,
                                int64_t *strides) {
    int n = 0;
    for (int d = 0; d < ndim; d++)
        if (d != p->row && d != p->column)
            strides[n++] = whole[d];
    strides[n] = whole[p->row] + whole[p->column];
    return p->offset >= 0 ? p->offset * whole[p->column] : -p->offset * whole[p->row];
}

static void diagonal_backward(ore_node *node, ore_tensor *dy) {
    int64_t whole[ORE_MAX_DIMS] = {0}, strides[ORE_MAX_DIMS] = {0};
    ore_shape shape = ore_input_shape(node, 0);
    ore_strides_of(shape, whole);
    int64_t offset = diagonal_strides(ore_node_attributes(node), shape.ndim, whole, strides);
    ore_pass_part(node, 0, strides, ore_numel(dy) > 0 ? offset : 0, dy);
}

static const ore_op diagonal_op = {"diagonal", diagonal_backward};

/* How many elements (i, i + offset) a matrix has. */
static int64_t diagonal_length(int64_t rows, int64_t columns, int64_t offset) {
    if (offset <= -rows || offset >= columns)
        return 0;
    int64_t down = offset < 0 ? rows + offset : rows;
    int64_t along = offset > 0 ? columns - offset : columns;
    return down < along ? down : along;
}

ore_tensor *ore_diagonal(ore_tensor *x, int64_t offset, int dim1, int dim2) {
    char text[ORE_SHAPE_TEXT];
    int64_t strides[ORE_MAX_DIMS] = {0};
    if (!ore_usable1("diagonal", x))
        return NULL;
    int ndim = x->shape.ndim;
    if (ndim < 2) {
        ore_fail(ORE_INVALID, "diagonal: shape %s, expected at least 2 dims",
                 ore_shape_text(x->shape, text));
        return NULL;
    }
    int row = ore_wrap_dim("diagonal", dim1, ndim), column = ore_wrap_dim("diagonal", dim2, ndim);
    if (row < 0 || column < 0)
        return NULL;
    if (row == column) {
        ore_fail(ORE_INVALID, "diagonal: dims %d and %d are the same", dim1, dim2);
        return NULL;
    }
    int64_t n = diagonal_length(x->shape.dim[row], x->shape.dim[column], offset);
    diagonal_place place = {row, column, n ? offset : 0};
    bool drop[ORE_MAX_DIMS] = {false};
    drop[row] = drop[column] = true;
    ore_shape shape = ore_shape_without(x->shape, drop);
    shape.dim[shape.ndim++] = n;
    int64_t first = diagonal_strides(&place, ndim, x->strides, strides);
    ore_tensor *y =
        ore_tensor_alias_as(x, shape, strides, x->offset + (ore_shape_numel(shape) ? first : 0));
    ore_node *node = ore_record(&diagonal_op, y, 1, &x, 0, sizeof place);
    if (node)
        memcpy(ore_node_attributes(node), &place, sizeof place);
    return ore_made(y);
}

/* ---- diag: (n) -> a matrix with x on a diagonal, dx = that diagonal of dy; or back ---- */

static void diag_backward(ore_node *node, ore_tensor *dy) {
    ore_pass(node, 0, ore_diagonal(dy, *(const int64_t *)ore_node_attributes(node), 0, 1));
}

static const ore_op diag_op = {"diag", diag_backward};

static ore_tensor *matrix_of(ore_tensor *x, int64_t offset) {
    int64_t n = x->shape.dim[0];
    if (offset < -(INT64_MAX / 4) || offset > INT64_MAX / 4) {
        ore_fail(ORE_INVALID, "diag: diagonal %lld is out of range", (long long)offset);
        return NULL;
    }
    int64_t far = offset < 0 ? -offset : offset;
    ore_no_grad_begin();
    ore_tensor *y = ore_new_zeros(x, ORE_SHAPE(n + far, n + far), x->dtype);
    if (y && n > 0)
        ore_copy_(ore_diagonal(y, offset, 0, 1), x);
    ore_no_grad_end();
    ore_node *node = ore_record(&diag_op, y, 1, &x, 0, sizeof offset);
    if (node)
        *(int64_t *)ore_node_attributes(node) = offset;
    return ore_made(y);
}

ore_tensor *ore_diag(ore_tensor *x, int64_t diagonal) {
    char text[ORE_SHAPE_TEXT];
    if (!ore_usable1("diag", x))
        return NULL;
    if (x->shape.ndim == 1)
        return ore_named("diag", matrix_of(x, diagonal));
    if (x->shape.ndim == 2)
        return ore_named("diag", ore_clone(ore_diagonal(x, diagonal, 0, 1)));
    ore_fail(ORE_INVALID, "diag: shape %s, expected 1 or 2 dims", ore_shape_text(x->shape, text));
    return NULL;
}

/* ---- the places of triangles: (2, n), rows and columns in row-major order ---- */

static ore_tensor *triangle_places(const char *op, int64_t rows, int64_t columns, int64_t offset,
                                   bool lower) {
    if (rows < 0 || columns < 0) {
        ore_fail(ORE_INVALID, "%s: a matrix of %lld by %lld, expected no size below 0", op,
                 (long long)rows, (long long)columns);
        return NULL;
    }
    ore_tensor *all = ore_ones(ORE_SHAPE(rows, columns), ORE_BOOL);
    ore_tensor *places = ore_nonzero(lower ? ore_tril(all, offset) : ore_triu(all, offset));
    return places ? ore_tensor_sole(ore_contiguous(ore_t(places))) : NULL;
}

ore_tensor *ore_tril_indices(int64_t rows, int64_t columns, int64_t offset) {
    if (!ore_no_error())
        return NULL;
    return ore_named("tril_indices",
                     ore_ok() ? triangle_places("tril_indices", rows, columns, offset, true)
                              : NULL);
}

ore_tensor *ore_triu_indices(int64_t rows, int64_t columns, int64_t offset) {
    if (!ore_no_error())
        return NULL;
    return ore_named("triu_indices",
                     ore_ok() ? triangle_places("triu_indices", rows, columns, offset, false)
                              : NULL);
}
