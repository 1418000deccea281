/* scaler.c: scaling the columns of data, and back. */
#include <math.h>

#include <ore/data.h>
#include <ore/ops.h>

static bool check_data(const char *name, ore_tensor *x) {
    char text[ORE_SHAPE_TEXT];
    if (!ore_ok())
        return false;
    if (!x) {
        ore_fail(ORE_INVALID, "%s: x is NULL", name);
        return false;
    }
    ore_dtype dtype = ore_tensor_dtype(x);
    if (dtype != ORE_FLOAT32 && dtype != ORE_FLOAT64)
        ore_fail(ORE_INVALID, "%s: x of %s, expected float32 or float64", name,
                 ore_dtype_name(dtype));
    else if (ore_ndim(x) < 1 || ore_size(x, 0) < 1)
        ore_fail(ORE_INVALID, "%s: x %s, expected at least one row", name,
                 ore_shape_text(ore_shape_of(x), text));
    else if (!ore_item_int(ore_all(ore_isfinite(x), ORE_ALL, false)))
        ore_fail(ORE_INVALID, "%s: x holds a NaN or an infinity", name);
    return ore_ok();
}

/* Sets the scaler's offset and spread (one number per column); false with an error. A column of
 * equal values, whose spread is 0, gets the spread 1 and its value as the offset, which the mean
 * may differ from by rounding. */
static bool take(ore_scaler *s, ore_tensor *x, ore_tensor *offset, ore_tensor *spread) {
    ore_tensor *one = spread ? ore_ones_like(spread) : NULL;
    ore_tensor *equal = ore_eq(spread, ore_mul_scalar(one, 0));
    offset = ore_where(equal, ore_select(x, 0, 0), offset);
    spread = ore_where(equal, one, spread);
    ore_tensor *factor = ore_rdiv_scalar(spread, s->high - s->low);
    if (!ore_ok())
        return false;
    s->offset = ore_own(ore_clone(offset));
    s->factor = ore_own(ore_clone(factor));
    return s->offset && s->factor;
}

ore_status ore_standard_scaler_fit(ore_scaler *s, ore_tensor *x) {
    *s = (ore_scaler){.low = 0, .high = 1};
    ore_scope_begin();
    ore_no_grad_begin();
    if (check_data("standard_scaler_fit", x))
        take(s, x, ore_mean(x, ORE_DIMS(0), false), ore_std(x, ORE_DIMS(0), 0, false));
    ore_no_grad_end();
    ore_scope_end();
    return ore_error_status();
}

ore_status ore_min_max_scaler_fit(ore_scaler *s, ore_tensor *x, double low, double high) {
    *s = (ore_scaler){.low = low, .high = high};
    if (!(isfinite(low) && isfinite(high) && low < high))
        return ore_fail(ORE_INVALID,
                        "min_max_scaler_fit: a range of %g .. %g, expected finite and "
                        "growing",
                        low, high);
    ore_scope_begin();
    ore_no_grad_begin();
    if (check_data("min_max_scaler_fit", x)) {
        ore_tensor *min = ore_amin(x, ORE_DIMS(0), false);
        take(s, x, min, ore_sub(ore_amax(x, ORE_DIMS(0), false), min));
    }
    ore_no_grad_end();
    ore_scope_end();
    return ore_error_status();
}

/* Whether x is a matrix with the columns that the scaler was fitted to; false with an error. */
static bool fits(const char *name, const ore_scaler *s, const ore_tensor *x) {
    char got[ORE_SHAPE_TEXT], want[ORE_SHAPE_TEXT];
    if (!ore_ok())
        return false;
    if (!x || !s->offset) {
        ore_fail(ORE_INVALID, x ? "%s: the scaler was not fit" : "%s: x is NULL", name);
        return false;
    }
    ore_shape shape = ore_shape_of(x), columns = ore_shape_of(s->offset);
    ore_dtype dtype = ore_tensor_dtype(s->offset);
    bool same = shape.ndim == columns.ndim + 1 && ore_tensor_dtype(x) == dtype;
    for (int d = 0; same && d < columns.ndim; d++)
        same = shape.dim[d + 1] == columns.dim[d];
    if (!same)
        ore_fail(ORE_INVALID, "%s: x %s of %s, expected rows of shape %s of %s", name,
                 ore_shape_text(shape, got), ore_dtype_name(ore_tensor_dtype(x)),
                 ore_shape_text(columns, want), ore_dtype_name(dtype));
    return same;
}

ore_tensor *ore_scaler_transform(const ore_scaler *s, ore_tensor *x) {
    if (!fits("scaler_transform", s, x))
        return NULL;
    return ore_add_scalar(ore_mul(ore_sub(x, s->offset), s->factor), s->low);
}

ore_tensor *ore_scaler_inverse_transform(const ore_scaler *s, ore_tensor *y) {
    if (!fits("scaler_inverse_transform", s, y))
        return NULL;
    return ore_add(ore_div(ore_sub_scalar(y, s->low), s->factor), s->offset);
}

void ore_scaler_free(ore_scaler *s) {
    ore_free(s->offset);
    ore_free(s->factor);
    s->offset = s->factor = NULL;
}
