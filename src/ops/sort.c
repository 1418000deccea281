/* sort.c: order along a dim. A kernel finds the places; values are gathered there, so that their
 * gradients go back to those places. */
#include <math.h>

#include "ops/autocast.h"
#include "ops/fold.h"
#include "ops/index.h"

enum { ALL = -1 };

/* The places of the first `keep` along dim in stable order; *dim is wrapped. A NaN is the largest.
 */
static ore_tensor *order_along(const char *op, ore_tensor *x, int *dim, bool descending,
                               int64_t keep) {
    if (!ore_usable1(op, x))
        return NULL;
    int last = x->shape.ndim - 1;
    *dim = ore_wrap_dim(op, *dim, x->shape.ndim);
    if (*dim < 0)
        return NULL;
    bool aside = *dim < last;
    ore_no_grad_begin();
    if (ore_dtype_is_floating(x->dtype) && ore_dtype_size(x->dtype) == 2)
        x = ore_to(x, ORE_FLOAT32);
    x = ore_contiguous(aside ? ore_transpose(x, *dim, last) : x);
    ore_shape shape = x ? x->shape : ORE_SCALAR;
    int64_t cols = last < 0 || !x ? 1 : x->shape.dim[last];
    keep = keep == ALL || last < 0 ? cols : keep;
    if (last >= 0)
        shape.dim[last] = keep;
    ore_tensor *places = x ? ore_tensor_new(shape, ORE_INT64, ore_tensor_device(x)) : NULL;
    if (places) {
        int64_t n = ore_numel(x);
        ORE_CALL(ore_context_for(x), argsort, x->dtype, n ? n / cols : 0, cols,
                 ore_tensor_address(x), ore_tensor_address(places), keep, descending);
        places = aside ? ore_contiguous(ore_transpose(places, *dim, last)) : places;
    }
    ore_no_grad_end();
    return ore_made(ore_tensor_sole(places));
}

/* x at the places, which are handed out too where that is asked for. */
static ore_tensor *values_at(ore_tensor *x, int dim, ore_tensor *places, ore_tensor **indices) {
    ore_tensor *values = places ? ore_gather(x, dim, places) : NULL;
    if (indices)
        *indices = values ? places : NULL;
    return values;
}

ore_tensor *ore_argsort(ore_tensor *x, int dim, bool descending) {
    return order_along("argsort", x, &dim, descending, ALL);
}

ore_tensor *ore_sort(ore_tensor *x, int dim, bool descending, ore_tensor **indices) {
    ore_tensor *places = order_along("sort", x, &dim, descending, ALL);
    return values_at(x, dim, places, indices);
}

ore_tensor *ore_topk(ore_tensor *x, int64_t k, int dim, bool largest, ore_tensor **indices) {
    if (indices)
        *indices = NULL;
    int d = ore_usable1("topk", x) ? ore_wrap_dim("topk", dim, x->shape.ndim) : -1;
    if (d < 0)
        return NULL;
    int64_t size = x->shape.ndim ? x->shape.dim[d] : 1;
    if (k < 0 || k > size) {
        ore_fail(ORE_INVALID, "topk: k is %lld, expected 0 .. %lld, the size of dim %d",
                 (long long)k, (long long)size, d);
        return NULL;
    }
    ore_tensor *places = order_along("topk", x, &d, largest, k);
    return values_at(x, d, places, indices);
}

/* ---- median: the lower of the two in the middle; a NaN wins ---- */

/* The places (size 1 along dim) of the medians: in order, the NaNs come last. */
static ore_tensor *median_places(const char *op, ore_tensor *x, int *dim) {
    bool fold[ORE_MAX_DIMS] = {false};
    if (!ore_usable1(op, x))
        return NULL;
    int d = ore_wrap_dim(op, *dim, x->shape.ndim);
    if (d < 0)
        return NULL;
    fold[d] = true;
    if (!ore_has_elements(op, x->shape, fold))
        return NULL;
    int64_t n = x->shape.ndim ? x->shape.dim[d] : 1;
    ore_no_grad_begin();
    ore_tensor *order = order_along(op, x, dim, false, ALL);
    ore_tensor *wide = ore_dtype_is_floating(x->dtype) ? ore_to(x, ORE_FLOAT64) : x;
    ore_tensor *numbers = ore_sum(ore_eq(wide, wide), ORE_DIMS(d), true); /* that are no NaN */
    ore_tensor *whole = ore_eq(numbers, ore_new_scalar(x, (double)n, ORE_INT64));
    ore_tensor *middle = ore_new_scalar(x, (double)((n - 1) / 2), ORE_INT64);
    ore_tensor *places = ore_gather(order, d, ore_where(whole, middle, numbers));
    ore_no_grad_end();
    return ore_made(places);
}

ore_tensor *ore_median(ore_tensor *x, int dim, bool keepdim, ore_tensor **indices) {
    bool fold[ORE_MAX_DIMS] = {false};
    ore_tensor *places = median_places("median", x, &dim);
    ore_tensor *values = values_at(x, dim, places, indices);
    if (!values)
        return NULL;
    fold[dim] = x->shape.ndim > 0;
    if (indices)
        *indices = ore_finish_dims(places, fold, keepdim);
    return ore_finish_dims(values, fold, keepdim);
}

/* Over all elements equals share the gradient, as in PyTorch. */
/* A NaN is the median where there is one. */
static void median_all_backward(ore_node *node, ore_tensor *dy) {
    ore_tensor *x = ore_node_saved(node, 0), *y = ore_node_saved(node, 1);
    ore_tensor *both_nan = ore_logical_and(ore_isnan(x), ore_isnan(y));
    ore_tensor *equal = ore_to(ore_logical_or(ore_eq(x, y), both_nan), dy->dtype);
    ore_tensor *count = ore_sum(equal, ORE_ALL, false);
    ore_pass(node, 0, ore_mul(equal, ore_div(dy, count)));
}

static const ore_op median_all_op = {"median", median_all_backward};

ore_tensor *ore_median_all(ore_tensor *x) {
    if (!ore_usable1("median", x))
        return NULL;
    ore_no_grad_begin();
    ore_tensor *y = ore_median(ore_reshape(x, ORE_SHAPE(-1)), 0, false, NULL);
    ore_no_grad_end();
    ore_node *node = ore_record(&median_all_op, y, 1, &x, 2, 0);
    if (node) {
        ore_node_save(node, 0, x);
        ore_node_save(node, 1, y);
    }
    return ore_made(y);
}

/* ---- quantile: between the sorted x at floor and ceil of q (n - 1) ---- */

/* a + w (b - a), from the nearer end */
static ore_tensor *between(ore_tensor *a, ore_tensor *b, ore_tensor *w) {
    ore_tensor *step = ore_sub(b, a);
    ore_tensor *from_a = ore_add(a, ore_mul(w, step));
    ore_tensor *from_b = ore_sub(b, ore_mul(ore_rsub_scalar(w, 1), step));
    return w ? ore_where(ore_lt(w, ore_new_scalar(w, 0.5, w->dtype)), from_a, from_b) : NULL;
}

static bool check_quantile(const ore_tensor *x, ore_tensor *q) {
    char text[ORE_SHAPE_TEXT];
    bool floats = x->dtype == ORE_FLOAT32 || x->dtype == ORE_FLOAT64;
    if (!floats || q->dtype != x->dtype)
        ore_fail(ORE_INVALID, "quantile: x of %s and q of %s, expected both float32 or float64",
                 ore_dtype_name(x->dtype), ore_dtype_name(q->dtype));
    else if (q->shape.ndim > 1)
        ore_fail(ORE_INVALID, "quantile: q %s, expected at most one dim",
                 ore_shape_text(q->shape, text));
    else if (ore_numel(x) == 0)
        ore_fail(ORE_INVALID, "quantile: x %s has no elements", ore_shape_text(x->shape, text));
    else if (ore_numel(q) > 0 && !(ore_item(ore_amin(q, ORE_ALL, false)) >= 0 &&
                                   ore_item(ore_amax(q, ORE_ALL, false)) <= 1))
        ore_fail(ORE_INVALID, "quantile: a q outside 0 .. 1");
    return ore_ok();
}

/* x (.., n) -> (.., number of q), nan where x has a NaN. */
static ore_tensor *quantiles_of_rows(ore_tensor *x, ore_tensor *q) {
    int last = x->shape.ndim - 1;
    ore_no_grad_begin();
    ore_tensor *rank =
        ore_mul_scalar(ore_reshape(q, ORE_SHAPE(-1)), (double)x->shape.dim[last] - 1);
    ore_tensor *lower = ore_to(rank, ORE_INT64);
    ore_tensor *w = ore_sub(rank, lower);
    ore_tensor *upper = ore_add(lower, ore_gt(w, ore_new_scalar(x, 0, x->dtype)));
    ore_tensor *nan =
        ore_gt(ore_sum(ore_ne(x, x), ORE_DIMS(last), true), ore_new_scalar(x, 0, ORE_INT64));
    ore_no_grad_end();
    ore_tensor *sorted = ore_sort(x, last, false, NULL);
    ore_tensor *y =
        between(ore_index_select(sorted, last, lower), ore_index_select(sorted, last, upper), w);
    return ore_masked_fill(y, nan, (double)NAN);
}

ore_tensor *ore_quantile(ore_tensor *x, ore_tensor *q, int dim, bool keepdim) {
    x = ore_raised(x);
    q = ore_raised(q);
    if (!ore_usable2("quantile", x, q))
        return NULL;
    int d = ore_wrap_dim("quantile", dim, x->shape.ndim), ndim = x->shape.ndim;
    if (d < 0 || !check_quantile(x, q))
        return NULL;
    if (ndim == 0)
        x = ore_reshape(x, ORE_SHAPE(1));
    bool one = q->shape.ndim == 0;
    int last = x->shape.ndim - 1;
    ore_tensor *y = quantiles_of_rows(ore_transpose(x, d, last), q);
    /* (.., q) with the last dim in the place of d -> q first, and d as asked */
    if (one && (!keepdim || ndim == 0))
        return ore_named("quantile", ore_contiguous(ore_select(ore_transpose(y, d, last), d, 0)));
    if (one)
        return ore_named("quantile", ore_contiguous(ore_transpose(y, d, last)));
    y = ore_unsqueeze(y, 0);
    y = ore_transpose(y, 0, last + 1); /* (q, .., 1) */
    y = ore_transpose(y, d + 1, last + 1);
    return ore_named("quantile", ore_contiguous(keepdim && ndim ? y : ore_squeeze(y, d + 1)));
}
