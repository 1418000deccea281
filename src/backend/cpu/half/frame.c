/* frame.c: whole operands in float32. */
#include "backend/cpu/half/frame.h"
#include "backend/plan_dims.h"
#include "base/memory.h"

void half_begin(half_frame *f, const ore_context *ctx, ore_dtype dtype) {
    f->h = half_rows_of(ctx, dtype);
    f->fine = true;
    f->count = 0;
}

/* Casts between a view of halves and its dense copy, one of which is the result. */
static void cast_view(half_frame *f, int operand, bool back) {
    const half_view *half = &f->operand[operand].from, *dense = &f->operand[operand].to;
    ore_plan plan;
    ore_plan_begin(&plan, 2);
    plan.data[back] = (char *)f->operand[operand].dense;
    plan.data[!back] = f->operand[operand].half;
    for (int d = 0; d < half->ndim; d++) {
        int64_t steps[ORE_PLAN_OPERANDS] = {0};
        steps[back] = dense->step[d], steps[!back] = half->step[d];
        if (half->step[d])
            ore_plan_add_dim(&plan, half->size[d], steps);
    }
    ore_plan_end(&plan);
    ore_status status = back ? f->h.rows->cast[ORE_FLOAT32](f->h.ctx, &plan, f->h.dtype)
                             : f->h.rows->cast[f->h.dtype](f->h.ctx, &plan, ORE_FLOAT32);
    f->fine = f->fine && status == ORE_OK;
}

float *half_take(half_frame *f, const void *x, const half_view *view, half_use use,
                 int64_t *steps) {
    if (!x || !f->fine)
        return NULL;
    int64_t n = half_view_size(view), step = FLOAT_BYTES;
    int at = f->count;
    f->operand[at].from = f->operand[at].to = *view;
    for (int d = view->ndim - 1; d >= 0; d--) {
        f->operand[at].to.step[d] = view->step[d] ? step : 0;
        step *= view->step[d] ? view->size[d] : 1;
    }
    for (int d = 0; steps && d < view->ndim; d++)
        steps[d] = f->operand[at].to.step[d];
    float *dense = ore_alloc((size_t)(n > 0 ? n : 1) * sizeof *dense);
    f->operand[at].dense = dense;
    f->operand[at].half = (char *)x;
    f->operand[at].use = use;
    f->fine = dense != NULL;
    f->count += dense != NULL;
    if (dense && (use & HALF_IN))
        cast_view(f, at, false);
    return dense;
}

float *half_take_dense(half_frame *f, const void *x, int64_t n, half_use use) {
    return half_take(f, x, &(half_view){1, {n}, {HALF_BYTES}}, use, NULL);
}

ore_status half_end(half_frame *f, ore_status status) {
    for (int i = f->count - 1; i >= 0; i--) {
        if (status == ORE_OK && (f->operand[i].use & HALF_OUT))
            cast_view(f, i, true);
        ore_release(f->operand[i].dense);
    }
    return status == ORE_OK && !f->fine ? ore_error_status() : status;
}
