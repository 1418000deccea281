/* lr_finder.c: a sweep over learning rates that names the range worth training in. */
#include <math.h>
#include <stdio.h>

#include <ore/ops.h>

#include "base/elementary/elementary.h"
#include "base/memory.h"
#include "core/scope.h"
#include "core/tensor.h"
#include "optim/optimizer.h"

ore_lr_finder_options ore_lr_finder_defaults(void) {
    return (ore_lr_finder_options){
        .start_lr = 1e-7, .end_lr = 10, .steps = 100, .smoothing = 0.9, .divergence = 4};
}

void ore_lr_finder_result_free(ore_lr_finder_result *result) {
    ore_release(result->lrs);
    ore_release(result->losses);
    ore_release(result->smoothed);
    *result = (ore_lr_finder_result){.count = 0};
}

/* ---- what the sweep must not change ---- */

typedef struct before {
    ore_tensor **values; /* in the sweep's scope */
    double *lrs;
    ore_tensor_list state; /* of copies */
} before;

static void take(before *b, const ore_optimizer *o) {
    b->values = ore_alloc((size_t)(o->parameter_count + 1) * sizeof *b->values);
    b->lrs = ore_alloc((size_t)(o->group_count + 1) * sizeof *b->lrs);
    for (int64_t i = 0; i < o->parameter_count && ore_ok(); i++)
        b->values[i] = ore_clone(ore_detach(o->parameters[i].tensor));
    for (int64_t i = 0; i < o->group_count && ore_ok(); i++)
        b->lrs[i] = o->groups[i].lr;
    b->state = ore_optimizer_state(o);
    for (int64_t i = 0; i < b->state.count && ore_ok(); i++)
        b->state.items[i].tensor = ore_clone(b->state.items[i].tensor);
}

/* An error of the sweep is set aside meanwhile, since nothing can be copied while one is pending.
 * */
static void put_back(before *b, ore_optimizer *o, bool taken) {
    char message[512];
    ore_status status = ore_error_status();
    snprintf(message, sizeof message, "%s", ore_error_message());
    ore_error_clear();
    ore_no_grad_begin();
    for (int64_t i = 0; i < o->parameter_count && taken; i++)
        ore_copy_(o->parameters[i].tensor, b->values[i]);
    ore_no_grad_end();
    for (int64_t i = 0; i < o->group_count && taken; i++)
        o->groups[i].lr = b->lrs[i];
    if (taken)
        ore_optimizer_load_state(o, &b->state);
    ore_tensor_list_free(&b->state);
    ore_release(b->values);
    ore_release(b->lrs);
    if (status != ORE_OK && ore_ok())
        ore_fail(status, "%s", message);
}

/* ---- the sweep ---- */

static double loss_of(ore_optimizer *o, ore_closure closure, void *user) {
    ore_scope scope;
    ore_scope_enter(&scope);
    ore_tensor *loss = ore_optimizer_step_closure(o, closure, user);
    double value = loss ? ore_item(loss) : NAN;
    ore_scope_leave(&scope);
    return value;
}

static void sweep(ore_optimizer *o, ore_closure closure, void *user,
                  const ore_lr_finder_options *options, ore_lr_finder_result *r) {
    double growth = ore_math_log(options->end_lr / options->start_lr);
    double mean = 0, min = INFINITY;
    for (int64_t i = 0; i < options->steps && ore_ok(); i++) {
        double place = options->steps > 1 ? (double)i / (double)(options->steps - 1) : 0;
        double lr = options->start_lr * ore_math_exp(growth * place);
        for (int group = 0; group < ore_optimizer_group_count(o) && ore_ok(); group++)
            ore_optimizer_set_lr(o, group, lr * o->groups[group].lr_scale);
        double loss = loss_of(o, closure, user);
        if (!ore_ok() || !isfinite(loss))
            return;
        mean = options->smoothing * mean + (1 - options->smoothing) * loss;
        double smoothed = mean / (1 - ore_math_pow(options->smoothing, (double)(i + 1)));
        r->lrs[i] = lr;
        r->losses[i] = loss;
        r->smoothed[i] = smoothed;
        r->count = i + 1;
        min = fmin(min, smoothed);
        if (smoothed > options->divergence * min)
            return;
    }
}

static void name_range(ore_lr_finder_result *r) {
    int64_t min = 0, low = 0, steepest = 0;
    for (int64_t i = 1; i < r->count; i++)
        if (r->smoothed[i] < r->smoothed[min])
            min = i;
    r->low = r->high = r->steepest = NAN;
    if (min == 0)
        return;
    double fall = r->smoothed[0] - r->smoothed[min], greatest = -INFINITY;
    while (low < min && r->smoothed[low] > r->smoothed[0] - 0.1 * fall)
        low++;
    for (int64_t i = 1; i <= min; i++)
        if (r->smoothed[i - 1] - r->smoothed[i] > greatest) {
            greatest = r->smoothed[i - 1] - r->smoothed[i];
            steepest = i;
        }
    r->low = r->lrs[low];
    r->high = fmax(r->lrs[min] / 10, r->low);
    r->steepest = r->lrs[steepest];
}

ore_status ore_lr_finder(ore_optimizer *optimizer, ore_closure closure, void *user,
                         const ore_lr_finder_options *options, ore_lr_finder_result *result) {
    *result = (ore_lr_finder_result){.low = NAN, .high = NAN, .steepest = NAN};
    ore_lr_finder_options o = options ? *options : ore_lr_finder_defaults();
    if (!ore_ok())
        return ore_error_status();
    if (!(o.start_lr > 0 && o.end_lr > o.start_lr && isfinite(o.end_lr)) || o.steps < 2 ||
        !(o.smoothing >= 0 && o.smoothing < 1) || !(o.divergence > 1))
        return ore_fail(ORE_INVALID, "lr_finder: 0 < start_lr < end_lr, steps from 2, smoothing in "
                                     "[0, 1) and divergence above 1 expected");
    size_t bytes;
    if (ore_bytes_of(o.steps, sizeof(double), &bytes) != ORE_OK)
        return ORE_MEMORY;
    result->lrs = ore_alloc(bytes);
    result->losses = ore_alloc(bytes);
    result->smoothed = ore_alloc(bytes);
    before b = {.values = NULL};
    ore_scope scope;
    ore_scope_enter(&scope);
    if (ore_ok())
        take(&b, optimizer);
    bool taken = ore_ok();
    if (taken)
        sweep(optimizer, closure, user, &o, result);
    put_back(&b, optimizer, taken);
    ore_scope_leave(&scope);
    if (ore_ok())
        name_range(result);
    return ore_error_status();
}
