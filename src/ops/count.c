/* count.c: counting what a tensor holds: nothing here has a derivative. */
#include <math.h>

#include "ops/index.h"

/* ---- unique: sort, cut where neighbours differ, number the groups by a running sum ---- */

/* Which of the sorted x (n) begin a group, as bool (n). */
static ore_tensor *group_starts(ore_tensor *sorted) {
    int64_t n = ore_numel(sorted);
    ore_tensor *first = ore_new_full(sorted, ORE_SHAPE(n < 1 ? n : 1), 1, ORE_BOOL);
    if (n < 2)
        return first;
    ore_tensor *differ = ore_ne(ore_narrow(sorted, 0, 1, n - 1), ore_narrow(sorted, 0, 0, n - 1));
    return ore_cat((ore_tensor *[]){first, differ}, 2, 0);
}

/* Where the groups of sorted elements begin, and `order`, where each of them was, say for each
 * element which group is its own, and how many a group has; either is left out where NULL. */
static void number_groups(ore_tensor *starts, ore_tensor *order, ore_shape shape,
                          ore_tensor **inverse, ore_tensor **counts) {
    ore_tensor *group = ore_sub_scalar(ore_cumsum(starts, 0), 1); /* of each sorted element */
    if (inverse)
        *inverse = ore_reshape(ore_scatter(ore_zeros_like(order), 0, order, group), shape);
    if (counts)
        *counts = ore_bincount(group, NULL, 0);
}

static ore_tensor *unique_of(ore_tensor *x, ore_tensor **inverse, ore_tensor **counts) {
    ore_tensor *order, *flat = ore_reshape(x, ORE_SHAPE(-1));
    ore_tensor *sorted = ore_sort(flat, 0, false, &order);
    ore_tensor *starts = sorted ? group_starts(sorted) : NULL;
    ore_tensor *values = ore_masked_select(sorted, starts);
    if (values && (inverse || counts))
        number_groups(starts, order, x->shape, inverse, counts);
    return values;
}

static void no_results(ore_tensor **inverse, ore_tensor **counts) {
    if (inverse)
        *inverse = NULL;
    if (counts)
        *counts = NULL;
}

ore_tensor *ore_unique(ore_tensor *x, ore_tensor **inverse, ore_tensor **counts) {
    no_results(inverse, counts);
    if (!ore_usable1("unique", x))
        return NULL;
    ore_no_grad_begin();
    ore_tensor *values = unique_of(x, inverse, counts);
    ore_no_grad_end();
    return ore_named("unique", ore_made(values));
}

/* The order of the rows of x (n, m) by their first elements, among equals by the second, and so on:
 * stable sorts from the last column to the first. */
static ore_tensor *order_of_rows(ore_tensor *rows) {
    ore_tensor *order = ore_arange(0, (double)ore_size(rows, 0), 1, ORE_INT64);
    order = ore_to_device(order, ore_tensor_device(rows));
    for (int64_t c = ore_size(rows, 1) - 1; c >= 0 && order; c--) {
        ore_scope_begin();
        ore_tensor *column = ore_index_select(ore_select(rows, 1, c), 0, order);
        order = ore_keep(ore_index_select(order, 0, ore_argsort(column, 0, false)));
        ore_scope_end();
    }
    return order;
}

/* Which of the sorted rows (n, m) differ from the one before, the first among them, bool (n). */
static ore_tensor *row_starts(ore_tensor *sorted) {
    int64_t n = sorted ? ore_size(sorted, 0) : 0;
    ore_tensor *first = ore_new_full(sorted, ORE_SHAPE(n < 1 ? n : 1), 1, ORE_BOOL);
    if (n < 2)
        return first;
    ore_tensor *differ = ore_ne(ore_narrow(sorted, 0, 1, n - 1), ore_narrow(sorted, 0, 0, n - 1));
    return ore_cat((ore_tensor *[]){first, ore_any(differ, ORE_DIMS(1), false)}, 2, 0);
}

static ore_tensor *unique_along(ore_tensor *x, int dim, ore_tensor **inverse, ore_tensor **counts) {
    ore_dims order_of_dims = ORE_DIMS(dim);
    for (int d = 0; d < x->shape.ndim; d++)
        if (d != dim)
            order_of_dims.dim[order_of_dims.n++] = d;
    int64_t n = x->shape.dim[dim], m = n ? ore_numel(x) / n : 1;
    ore_tensor *rows = ore_reshape(ore_permute(x, order_of_dims), ORE_SHAPE(n, m));
    ore_tensor *order = rows ? order_of_rows(rows) : NULL;
    ore_tensor *starts = order ? row_starts(ore_index_select(rows, 0, order)) : NULL;
    ore_tensor *chosen = ore_masked_select(order, starts);
    if (chosen && (inverse || counts))
        number_groups(starts, order, ORE_SHAPE(n), inverse, counts);
    return ore_index_select(x, dim, chosen);
}

ore_tensor *ore_unique_dim(ore_tensor *x, int dim, ore_tensor **inverse, ore_tensor **counts) {
    char text[ORE_SHAPE_TEXT];
    no_results(inverse, counts);
    if (!ore_usable1("unique_dim", x))
        return NULL;
    int d = ore_wrap_dim("unique_dim", dim, x->shape.ndim);
    if (d < 0)
        return NULL;
    if (x->shape.ndim == 0 || (ore_numel(x) == 0 && x->shape.dim[d] > 0)) {
        ore_fail(ORE_INVALID, "unique_dim: the slices of x %s along dim %d hold no elements",
                 ore_shape_text(x->shape, text), d);
        return NULL;
    }
    ore_no_grad_begin();
    ore_tensor *values = unique_along(x, d, inverse, counts);
    ore_no_grad_end();
    return ore_named("unique_dim", ore_made(values));
}

/* Short of what one more would overflow: no memory holds as many bins. */
static int64_t largest(ore_tensor *x) {
    int64_t max = ore_item_int(ore_amax(x, ORE_ALL, false));
    return max < INT64_MAX ? max : INT64_MAX - 1;
}

/* ---- bincount: y_v = how many x are v, or the sum of their weights ---- */

static bool check_bincount(const ore_tensor *x, const ore_tensor *weights, int64_t minlength) {
    char text[ORE_SHAPE_TEXT], other[ORE_SHAPE_TEXT];
    if (x->shape.ndim != 1 || ore_dtype_is_floating(x->dtype) || x->dtype == ORE_BOOL)
        ore_fail(ORE_INVALID, "bincount: x %s of %s, expected one dim of integers",
                 ore_shape_text(x->shape, text), ore_dtype_name(x->dtype));
    else if (weights && !ore_shape_equal(weights->shape, x->shape))
        ore_fail(ORE_INVALID, "bincount: weights %s for x %s, expected the same shape",
                 ore_shape_text(weights->shape, other), ore_shape_text(x->shape, text));
    else if (minlength < 0)
        ore_fail(ORE_INVALID, "bincount: minlength %lld, expected 0 or more", (long long)minlength);
    else if (ore_numel(x) > 0 && ore_item_int(ore_amin((ore_tensor *)x, ORE_ALL, false)) < 0)
        ore_fail(ORE_INVALID, "bincount: an element below 0");
    return ore_ok();
}

static ore_tensor *bincount_of(ore_tensor *x, ore_tensor *weights, int64_t minlength) {
    if (!check_bincount(x, weights, minlength))
        return NULL;
    if (ore_numel(x) == 0)
        return ore_new_zeros(x, ORE_SHAPE(minlength), ORE_INT64);
    int64_t bins = largest(x) + 1;
    bins = bins > minlength ? bins : minlength;
    if (!weights)
        weights = ore_new_scalar(x, 1, ORE_INT64);
    else if (weights->dtype != ORE_FLOAT32)
        weights = ore_to(weights, ORE_FLOAT64);
    ore_tensor *index = ore_contiguous(ore_to(x, ORE_INT64));
    ore_tensor *y = weights ? ore_new_zeros(weights, ORE_SHAPE(bins), weights->dtype) : NULL;
    if (!y || !index || ore_put("bincount", y, 0, index, weights, index->shape, true) != ORE_OK)
        return NULL;
    return y;
}

ore_tensor *ore_bincount(ore_tensor *x, ore_tensor *weights, int64_t minlength) {
    if (!ore_no_error())
        return NULL;
    if (weights ? !ore_usable2("bincount", x, weights) : !ore_usable1("bincount", x))
        return NULL;
    ore_no_grad_begin();
    ore_tensor *y = bincount_of(x, weights, minlength);
    ore_no_grad_end();
    return ore_named("bincount", ore_made(y));
}

/* ---- histc ---- */

/* The bounds as asked, the data's where both are equal, and one apart where those are too. */
static bool find_bounds(ore_tensor *x, double *low, double *high) {
    if (*low == *high && ore_numel(x) > 0) {
        *low = ore_item(ore_amin(x, ORE_ALL, false));
        *high = ore_item(ore_amax(x, ORE_ALL, false));
    }
    if (*low == *high) {
        *low -= 1;
        *high += 1;
    }
    bool apart = x->dtype == ORE_FLOAT32 ? (float)*low < (float)*high : *low < *high;
    if (!(isfinite(*low) && isfinite(*high) && apart))
        ore_fail(ORE_INVALID, "histc: a range of %g .. %g, expected finite and growing", *low,
                 *high);
    return ore_ok();
}

static ore_tensor *histc_of(ore_tensor *x, int64_t bins, double low, double high) {
    if (!ore_dtype_is_floating(x->dtype)) {
        ore_fail(ORE_INVALID, "histc: dtype %s, expected a floating one", ore_dtype_name(x->dtype));
        return NULL;
    }
    if (bins < 1) {
        ore_fail(ORE_INVALID, "histc: %lld bins, expected 1 or more", (long long)bins);
        return NULL;
    }
    x = ore_contiguous(x);
    if (!x || !find_bounds(x, &low, &high))
        return NULL;
    ore_tensor *y = ore_new_empty(x, ORE_SHAPE(bins), x->dtype);
    if (!y || ORE_CALL(ore_context_for(x), histc, x->dtype, ore_numel(x), ore_tensor_address(x),
                       bins, low, high, ore_tensor_address(y)) != ORE_OK)
        return NULL;
    return y;
}

ore_tensor *ore_histc(ore_tensor *x, int64_t bins, double low, double high) {
    if (!ore_usable1("histc", x))
        return NULL;
    ore_no_grad_begin();
    ore_tensor *y = histc_of(x, bins, low, high);
    ore_no_grad_end();
    return ore_named("histc", ore_made(y));
}

/* ---- one_hot: (S) -> (S, classes), 1 at the index ---- */

ore_tensor *ore_one_hot(ore_tensor *index, int64_t classes) {
    if (!ore_usable1("one_hot", index))
        return NULL;
    index = ore_dense_index("one_hot", index);
    if (!index)
        return ore_named("one_hot", NULL);
    if (classes == -1 && ore_numel(index) > 0)
        classes = largest(index) + 1;
    if (classes < 1) {
        ore_fail(ORE_INVALID, "one_hot: %lld classes, expected 1 or more, or -1 and an index",
                 (long long)classes);
        return NULL;
    }
    ore_tensor *places = ore_unsqueeze(index, -1);
    ore_shape shape = places ? places->shape : ORE_SCALAR;
    if (!places)
        return ore_named("one_hot", NULL);
    shape.dim[shape.ndim - 1] = classes;
    ore_tensor *y = ore_new_zeros(places, shape, ORE_INT64);
    ore_tensor *one = ore_new_scalar(places, 1, ORE_INT64);
    if (!y || !one ||
        ore_put("one_hot", y, shape.ndim - 1, places, one, places->shape, false) != ORE_OK)
        return ore_named("one_hot", NULL);
    return ore_named("one_hot", y);
}
