/* inplace.c: changes of a tensor's own elements.
 *
 * While nothing is recorded the row writes straight into t. Otherwise the plain op computes (and
 * records) a result, which is copied over t, and t takes over its history: t = op(t, other). If t
 * is a view, the tensor that it shows a part of does (core/history.c). The storage's version counts
 * the change, so that backward notices if it needed the old value. */
#include <math.h>

#include "ops/pointwise.h"

/* The plan t = row(t, other) with other broadcast to t; false with an error where it does not fit.
 */
static bool fits(const char *name, ore_tensor *t, ore_tensor *other) {
    char got[ORE_SHAPE_TEXT], want[ORE_SHAPE_TEXT];
    ore_shape shape;
    if (!ore_broadcast_shapes(name, t->shape, other->shape, &shape))
        return false;
    if (ore_shape_equal(shape, t->shape))
        return true;
    ore_fail(ORE_INVALID, "%s: %s does not broadcast to %s", name,
             ore_shape_text(other->shape, got), ore_shape_text(t->shape, want));
    return false;
}

typedef ore_tensor *(*binary_builder)(ore_tensor *a, ore_tensor *b);

static bool overlaps(const ore_tensor *t, const ore_tensor *other) {
    return ore_shares_storage(t, other) && t != other;
}

/* PyTorch's rule: a fraction does not go into integers, nor a number into bool. */
static bool result_fits(const char *name, ore_dtype t, ore_dtype result) {
    bool lost = ore_dtype_is_floating(result) ? !ore_dtype_is_floating(t)
                                              : t == ORE_BOOL && result != ORE_BOOL;
    if (lost)
        ore_fail(ORE_INVALID, "%s: a result of %s does not fit into %s", name,
                 ore_dtype_name(result), ore_dtype_name(t));
    return !lost;
}

static ore_tensor *change(const char *name, size_t row, binary_builder plain, ore_tensor *t,
                          ore_tensor *other) {
    bool ok;
    if (!ore_usable2(name, t, other) || !fits(name, t, other))
        return NULL;
    bool record = ore_records_change(name, t, other, &ok);
    if (!ok)
        return NULL;
    ore_dtype result = ore_result_type(t, other);
    if (row == ORE_KERNEL(div) && !ore_dtype_is_floating(result))
        result = ORE_FLOAT32;
    if (!result_fits(name, t->dtype, result))
        return NULL;
    bool number = other->shape.ndim == 0 && other->dtype == ore_wide_dtype(t->dtype);
    if (!record && (other->dtype == t->dtype || number) && !overlaps(t, other)) {
        ore_plan plan;
        ore_plan_of(&plan, t, 2, (ore_tensor *[]){t, other});
        ore_status status = ore_run_row(ore_context_for(t), row, name, t->dtype, &plan);
        ore_tensor_changed(t);
        return status == ORE_OK ? t : NULL;
    }
    ore_scope_begin();
    bool keeps_old = record && other->node && (row == ORE_KERNEL(mul) || row == ORE_KERNEL(div));
    ore_tensor *old = keeps_old ? ore_clone(t) : t; /* other's gradient needs it */
    ore_tensor *r = ore_to(plain(old, other), t->dtype);
    if (ore_made(r) && (!record || ore_rebase(t, r)))
        ore_copy_elements(t, r);
    ore_scope_end();
    return ore_named(name, ore_ok() ? t : NULL);
}

ore_tensor *ore_add_(ore_tensor *t, ore_tensor *other) {
    return change("add_", ORE_KERNEL(add), ore_add, t, other);
}

ore_tensor *ore_sub_(ore_tensor *t, ore_tensor *other) {
    return change("sub_", ORE_KERNEL(sub), ore_sub, t, other);
}

ore_tensor *ore_mul_(ore_tensor *t, ore_tensor *other) {
    return change("mul_", ORE_KERNEL(mul), ore_mul, t, other);
}

ore_tensor *ore_div_(ore_tensor *t, ore_tensor *other) {
    return change("div_", ORE_KERNEL(div), ore_div, t, other);
}

/* With a number, as a 0-d tensor that the caller's scope need not hold. */
static ore_tensor *change_by_number(const char *name, binary_builder in_place, ore_tensor *t,
                                    double number) {
    bool whole = number == floor(number) && isfinite(number);
    if (!ore_usable1(name, t) || !result_fits(name, t->dtype, whole ? ORE_INT64 : ORE_FLOAT32))
        return NULL;
    ore_scope_begin();
    ore_tensor *y = in_place(t, ore_number_for(t, number));
    ore_scope_end();
    return y;
}

ore_tensor *ore_add_scalar_(ore_tensor *t, double other) {
    return change_by_number("add_", ore_add_, t, other);
}

ore_tensor *ore_mul_scalar_(ore_tensor *t, double other) {
    return change_by_number("mul_", ore_mul_, t, other);
}

ore_tensor *ore_copy_(ore_tensor *t, ore_tensor *source) {
    bool ok;
    if (t && source && ore_tensor_device(t) != ore_tensor_device(source))
        source = ore_to_device(source, ore_tensor_device(t));
    if (!ore_usable2("copy_", t, source) || !fits("copy_", t, source))
        return NULL;
    bool record = ore_records_change("copy_", t, source, &ok);
    if (!ok)
        return NULL;
    ore_scope_begin();
    ore_tensor *value = overlaps(t, source) ? ore_clone(source) : source;
    if (ore_made(value) && (!record || ore_rebase_by_copy(t, source)))
        ore_copy_elements(t, value);
    ore_scope_end();
    return ore_ok() ? t : NULL;
}

ore_tensor *ore_fill_(ore_tensor *t, double value) {
    if (!ore_usable1("fill_", t))
        return NULL;
    bool ok;
    bool record = ore_records_change("fill_", t, NULL, &ok);
    if (!ok || (record && !ore_rebase_by_copy(t, NULL)))
        return NULL;
    return ore_fill_elements(t, value) == ORE_OK ? t : NULL;
}

ore_tensor *ore_zero_(ore_tensor *t) {
    if (!ore_no_error())
        return NULL;
    return ore_named("zero_", ore_fill_(t, 0));
}

/* ---- functions of t alone: t = f(t) ---- */

typedef ore_tensor *(*function_of_one)(ore_tensor *x, const void *options);

/* `row` (or NO_ROW) does the same to memory while nothing is recorded. The function sees a copy
 * where it is recorded, since its derivative may need the old value. */
#define NO_ROW ((size_t)-1)

static ore_tensor *change_alone(const char *name, size_t row, function_of_one f, ore_tensor *t,
                                const void *options) {
    bool ok;
    if (!ore_usable1(name, t))
        return NULL;
    bool record = ore_records_change(name, t, NULL, &ok);
    if (!ok)
        return NULL;
    if (!record && row != NO_ROW && ore_dtype_is_floating(t->dtype)) {
        ore_plan plan;
        ore_plan_of(&plan, t, 1, &t);
        ore_status status = ore_run_row(ore_context_for(t), row, name, t->dtype, &plan);
        ore_tensor_changed(t);
        return status == ORE_OK ? t : NULL;
    }
    ore_scope_begin();
    ore_tensor *r = f(record ? ore_clone(t) : t, options);
    r = ore_made(r) && result_fits(name, t->dtype, r->dtype) ? ore_to(r, t->dtype) : NULL;
    if (r && (!record || ore_rebase(t, r)))
        ore_copy_elements(t, r);
    ore_scope_end();
    return ore_named(name, ore_ok() ? t : NULL);
}

/* A builder without options. */
static ore_tensor *plain(ore_tensor *x, const void *builder) {
    return (*(ore_tensor * (*const *)(ore_tensor *)) builder)(x);
}

#define IN_PLACE(name)                                                                             \
    ore_tensor *ore_##name##_(ore_tensor *t) {                                                     \
        static ore_tensor *(*const builder)(ore_tensor *) = ore_##name;                            \
        return change_alone(#name "_", ORE_KERNEL(name), plain, t, &builder);                      \
    }
IN_PLACE(relu)
IN_PLACE(exp)
IN_PLACE(sqrt)
IN_PLACE(neg)
IN_PLACE(abs)
IN_PLACE(tanh)
IN_PLACE(sigmoid)
#undef IN_PLACE

static ore_tensor *clamped(ore_tensor *x, const void *bounds) {
    const double *b = bounds;
    return ore_clamp(x, b[0], b[1]);
}

ore_tensor *ore_clamp_(ore_tensor *t, double low, double high) {
    if (!ore_no_error())
        return NULL;
    return ore_named("clamp_",
                     change_alone("clamp_", NO_ROW, clamped, t, (const double[]){low, high}));
}

ore_tensor *ore_clamp_min_(ore_tensor *t, double low) {
    if (!ore_no_error())
        return NULL;
    return ore_named("clamp_min_", ore_clamp_(t, low, INFINITY));
}

ore_tensor *ore_clamp_max_(ore_tensor *t, double high) {
    if (!ore_no_error())
        return NULL;
    return ore_named("clamp_max_", ore_clamp_(t, -INFINITY, high));
}

ore_tensor *ore_sub_scalar_(ore_tensor *t, double other) {
    return change_by_number("sub_", ore_sub_, t, other);
}

static ore_tensor *divided(ore_tensor *x, const void *number) {
    return ore_div_scalar(x, *(const double *)number);
}

ore_tensor *ore_div_scalar_(ore_tensor *t, double other) {
    return change_alone("div_", NO_ROW, divided, t, &other);
}

static ore_tensor *raised(ore_tensor *x, const void *exponent) {
    return ore_pow_scalar(x, *(const double *)exponent);
}

ore_tensor *ore_pow_scalar_(ore_tensor *t, double exponent) {
    if (!ore_no_error())
        return NULL;
    return ore_named("pow_scalar_", change_alone("pow_", NO_ROW, raised, t, &exponent));
}

typedef struct mask_options {
    ore_tensor *mask;
    double value;
} mask_options;

static ore_tensor *masked(ore_tensor *x, const void *options) {
    const mask_options *o = options;
    return ore_masked_fill(x, o->mask, o->value);
}

ore_tensor *ore_masked_fill_(ore_tensor *t, ore_tensor *mask, double value) {
    if (!ore_usable2("masked_fill_", t, mask) || !fits("masked_fill_", t, mask))
        return NULL;
    return ore_named("masked_fill_",
                     change_alone("masked_fill_", NO_ROW, masked, t, &(mask_options){mask, value}));
}

typedef struct dropout_options {
    double p;
    bool training;
    ore_generator *g;
} dropout_options;

static ore_tensor *dropped(ore_tensor *x, const void *options) {
    const dropout_options *o = options;
    return ore_f_dropout(x, o->p, o->training, o->g);
}

ore_tensor *ore_f_dropout_(ore_tensor *t, double p, bool training, ore_generator *g) {
    if (!ore_no_error())
        return NULL;
    return ore_named("dropout_", change_alone("dropout_", NO_ROW, dropped, t,
                                              &(dropout_options){p, training, g}));
}
