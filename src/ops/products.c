/* products.c: products by other names: all of them are matmul, or mul and add. Those of vectors
 * compute in their own dtype under autocast, as in PyTorch. */
#include "base/error.h"
#include "ops/autocast.h"
#include "ops/matrix.h"

static bool check_dims(const char *op, const ore_tensor *a, int na, const ore_tensor *b, int nb) {
    char s[ORE_SHAPE_TEXT], t[ORE_SHAPE_TEXT];
    if (a->shape.ndim == na && b->shape.ndim == nb)
        return true;
    ore_fail(ORE_INVALID, "%s: shapes %s and %s, expected %d and %d dim%s", op,
             ore_shape_text(a->shape, s), ore_shape_text(b->shape, t), na, nb, ore_plural(nb));
    return false;
}

ore_tensor *ore_outer(ore_tensor *a, ore_tensor *b) {
    if (!ore_usable2("outer", a, b) || !check_dims("outer", a, 1, b, 1))
        return NULL;
    return ore_named("outer", ore_mul(ore_unsqueeze(a, 1), b));
}

ore_tensor *ore_dot(ore_tensor *a, ore_tensor *b) {
    if (!ore_usable2("dot", a, b) || !check_dims("dot", a, 1, b, 1))
        return NULL;
    return ore_named("dot", ore_matmul_as_they_are(a, b));
}

ore_tensor *ore_mv(ore_tensor *a, ore_tensor *x) {
    if (!ore_usable2("mv", a, x) || !check_dims("mv", a, 2, x, 1))
        return NULL;
    return ore_named("mv", ore_matmul_as_they_are(a, x));
}

ore_tensor *ore_bmm(ore_tensor *a, ore_tensor *b) {
    char s[ORE_SHAPE_TEXT], t[ORE_SHAPE_TEXT];
    if (!ore_usable2("bmm", a, b) || !check_dims("bmm", a, 3, b, 3))
        return NULL;
    if (a->shape.dim[0] != b->shape.dim[0]) {
        ore_fail(ORE_INVALID, "bmm: shapes %s and %s, expected as many matrices",
                 ore_shape_text(a->shape, s), ore_shape_text(b->shape, t));
        return NULL;
    }
    return ore_named("bmm", ore_matmul(a, b));
}

/* beta c + alpha a b; c is left out where beta is 0, NaN and all, as in PyTorch */
ore_tensor *ore_addmm(ore_tensor *c, ore_tensor *a, ore_tensor *b, double beta, double alpha) {
    char s[ORE_SHAPE_TEXT], t[ORE_SHAPE_TEXT];
    ore_shape shape;
    ore_tensor *arguments[] = {c = ore_lowered(c), a, b};
    if (!ore_usable("addmm", 3, arguments) || !check_dims("addmm", a, 2, b, 2))
        return NULL;
    ore_tensor *y = ore_matmul(a, b);
    if (!y || !ore_broadcast_shapes("addmm", c->shape, y->shape, &shape))
        return ore_named("addmm", NULL);
    if (!ore_shape_equal(shape, y->shape)) {
        ore_fail(ORE_INVALID, "addmm: c %s does not broadcast to %s", ore_shape_text(c->shape, s),
                 ore_shape_text(y->shape, t));
        return NULL;
    }
    y = alpha == 1 ? y : ore_mul_scalar(y, alpha);
    if (beta == 0) /* c's gradient is 0, not absent */
        return ore_named("addmm",
                         ore_requires_grad(c)
                             ? ore_add(ore_masked_fill(c, ore_new_scalar(c, 1, ORE_BOOL), 0), y)
                             : y);
    return ore_named("addmm", ore_add(beta == 1 ? c : ore_mul_scalar(c, beta), y));
}

/* ---- tensordot: the dims named are brought together and summed over ---- */

/* x as a matrix whose columns (or rows, with summed_first) are the summed dims. */
static ore_tensor *as_matrix(ore_tensor *x, ore_dims summed, const bool *mark, bool summed_first,
                             int64_t kept, int64_t folded) {
    ore_dims order = {.n = 0};
    for (int pass = 0; pass < 2; pass++) {
        bool sums = (pass == 0) == summed_first;
        for (int i = 0; sums && i < summed.n; i++)
            order.dim[order.n++] =
                summed.dim[i] < 0 ? summed.dim[i] + x->shape.ndim : summed.dim[i];
        for (int d = 0; !sums && d < x->shape.ndim; d++)
            if (!mark[d])
                order.dim[order.n++] = d;
    }
    ore_shape shape = summed_first ? ORE_SHAPE(folded, kept) : ORE_SHAPE(kept, folded);
    return ore_reshape(ore_permute(x, order), shape);
}

static bool mark_summed(ore_dims dims, int ndim, bool *mark) {
    if (dims.n == 0) { /* here no dims are none, not all */
        for (int d = 0; d < ORE_MAX_DIMS; d++)
            mark[d] = false;
        return true;
    }
    return ore_mark_dims("tensordot", dims, ndim, mark);
}

ore_tensor *ore_tensordot(ore_tensor *a, ore_tensor *b, ore_dims dims_a, ore_dims dims_b) {
    char s[ORE_SHAPE_TEXT], t[ORE_SHAPE_TEXT];
    bool in_a[ORE_MAX_DIMS], in_b[ORE_MAX_DIMS];
    if (!ore_usable2("tensordot", a, b) || !mark_summed(dims_a, a->shape.ndim, in_a) ||
        !mark_summed(dims_b, b->shape.ndim, in_b))
        return NULL;
    bool fits = dims_a.n == dims_b.n;
    int64_t folded = 1;
    for (int i = 0; fits && i < dims_a.n; i++) {
        int64_t size = ore_size(a, dims_a.dim[i]);
        fits = size == ore_size(b, dims_b.dim[i]);
        folded *= size;
    }
    ore_shape left = ore_shape_without(a->shape, in_a), right = ore_shape_without(b->shape, in_b);
    if (!fits || left.ndim + right.ndim > ORE_MAX_DIMS) {
        ore_fail(ORE_INVALID,
                 "tensordot: shapes %s and %s over %d and %d dim%s, expected as many of the same "
                 "sizes and a result of at most %d dims",
                 ore_shape_text(a->shape, s), ore_shape_text(b->shape, t), dims_a.n, dims_b.n,
                 ore_plural(dims_b.n), ORE_MAX_DIMS);
        return NULL;
    }
    ore_tensor *x = as_matrix(a, dims_a, in_a, false, ore_shape_numel(left), folded);
    ore_tensor *y = as_matrix(b, dims_b, in_b, true, ore_shape_numel(right), folded);
    ore_tensor *product = x && y ? ore_matmul(x, y) : NULL;
    for (int d = 0; d < right.ndim; d++)
        left.dim[left.ndim++] = right.dim[d];
    return ore_named("tensordot", product ? ore_tensor_sole(ore_reshape(product, left)) : NULL);
}
