/* schedule.c: learning rates as pure functions of the step. The equations are in ore/optim.h. */
#include <math.h>
#include <string.h>

#include "base/elementary/elementary.h"
#include "optim/optimizer.h"

static const double pi = 3.14159265358979323846;

/* ---- making ---- */

ore_schedule ore_schedule_defaults(void) {
    return (ore_schedule){.kind = ORE_SCHEDULE_CONSTANT, .lr = 1e-3};
}

ore_schedule ore_wsd_lr(double lr, int64_t warmup_steps, int64_t steps, int64_t decay_steps) {
    return (ore_schedule){.kind = ORE_SCHEDULE_WSD,
                          .lr = lr,
                          .warmup_steps = warmup_steps,
                          .steps = steps,
                          .decay_steps = decay_steps};
}

ore_schedule ore_step_lr(double lr, int64_t step_size, double gamma) {
    return (ore_schedule){
        .kind = ORE_SCHEDULE_STEP, .lr = lr, .step_size = step_size, .gamma = gamma};
}

ore_schedule ore_multi_step_lr(double lr, const int64_t *milestones, int64_t count, double gamma) {
    return (ore_schedule){.kind = ORE_SCHEDULE_MULTI_STEP,
                          .lr = lr,
                          .milestones = milestones,
                          .milestone_count = count,
                          .gamma = gamma};
}

ore_schedule ore_exponential_lr(double lr, double gamma) {
    return (ore_schedule){.kind = ORE_SCHEDULE_EXPONENTIAL, .lr = lr, .gamma = gamma};
}

ore_schedule ore_constant_lr(double lr, double factor, int64_t total_iters) {
    return (ore_schedule){.kind = ORE_SCHEDULE_CONSTANT_FACTOR,
                          .lr = lr,
                          .start_factor = factor,
                          .steps = total_iters};
}

ore_schedule ore_linear_lr(double lr, double start_factor, double end_factor, int64_t total_iters) {
    return (ore_schedule){.kind = ORE_SCHEDULE_LINEAR_FACTOR,
                          .lr = lr,
                          .start_factor = start_factor,
                          .end_factor = end_factor,
                          .steps = total_iters};
}

ore_schedule ore_polynomial_lr(double lr, int64_t total_iters, double power) {
    return (ore_schedule){
        .kind = ORE_SCHEDULE_POLYNOMIAL, .lr = lr, .steps = total_iters, .power = power};
}

ore_schedule ore_cosine_annealing_lr(double lr, int64_t T_max, double eta_min) {
    return (ore_schedule){
        .kind = ORE_SCHEDULE_COSINE_ANNEALING, .lr = lr, .steps = T_max, .min_lr = eta_min};
}

ore_schedule ore_cosine_annealing_warm_restarts(double lr, int64_t T_0, int64_t T_mult,
                                                double eta_min) {
    return (ore_schedule){.kind = ORE_SCHEDULE_WARM_RESTARTS,
                          .lr = lr,
                          .steps = T_0,
                          .T_mult = T_mult,
                          .min_lr = eta_min};
}

ore_schedule ore_one_cycle_lr(double max_lr, int64_t total_steps) {
    return (ore_schedule){.kind = ORE_SCHEDULE_ONE_CYCLE,
                          .lr = max_lr,
                          .max_lr = max_lr,
                          .steps = total_steps,
                          .pct_start = 0.3,
                          .div_factor = 25,
                          .final_div_factor = 1e4,
                          .cycle_momentum = true,
                          .base_momentum = 0.85,
                          .max_momentum = 0.95};
}

ore_schedule ore_cyclic_lr(double base_lr, double max_lr, int64_t step_size_up) {
    return (ore_schedule){.kind = ORE_SCHEDULE_CYCLIC,
                          .lr = base_lr,
                          .max_lr = max_lr,
                          .step_size = step_size_up,
                          .step_size_down = step_size_up,
                          .gamma = 1,
                          .cycle_momentum = true,
                          .base_momentum = 0.8,
                          .max_momentum = 0.9};
}

ore_schedule ore_lambda_lr(double lr, ore_lr_function function, void *user) {
    return (ore_schedule){
        .kind = ORE_SCHEDULE_LAMBDA, .lr = lr, .function = function, .user = user};
}

ore_schedule ore_sequential_lr(const ore_schedule *parts, int64_t count,
                               const int64_t *milestones) {
    return (ore_schedule){.kind = ORE_SCHEDULE_SEQUENTIAL,
                          .lr = count > 0 ? parts[0].lr : NAN,
                          .parts = parts,
                          .part_count = count,
                          .milestones = milestones,
                          .milestone_count = count - 1};
}

ore_schedule ore_chained_lr(const ore_schedule *parts, int64_t count) {
    return (ore_schedule){.kind = ORE_SCHEDULE_CHAINED,
                          .lr = count > 0 ? parts[0].lr : NAN,
                          .parts = parts,
                          .part_count = count};
}

ore_schedule ore_multiplicative_lr(double lr, ore_lr_function function, void *user) {
    return (ore_schedule){
        .kind = ORE_SCHEDULE_MULTIPLICATIVE, .lr = lr, .function = function, .user = user};
}

ore_schedule ore_swa_lr(double lr, double swa_lr, int64_t anneal_steps) {
    return (ore_schedule){
        .kind = ORE_SCHEDULE_SWA, .lr = lr, .min_lr = swa_lr, .steps = anneal_steps};
}

/* ---- the curves ---- */

/* Linear warm-up, then constant, a line, half a cosine, or a line at the very end. */
static double warmed_up(const ore_schedule *s, int64_t step) {
    if (step < s->warmup_steps)
        return s->lr * (double)(step + 1) / (double)(s->warmup_steps + 1);
    int64_t from = s->warmup_steps;
    if (s->kind == ORE_SCHEDULE_WSD && s->steps - s->decay_steps > from)
        from = s->steps - s->decay_steps;
    if (s->kind == ORE_SCHEDULE_CONSTANT || (s->kind == ORE_SCHEDULE_WSD && step < from))
        return s->lr;
    if (step >= s->steps)
        return s->min_lr;
    double x = (double)(step - from) / (double)(s->steps - from);
    double left = s->kind == ORE_SCHEDULE_COSINE ? 0.5 * (1 + ore_math_cos(pi * x)) : 1 - x;
    return s->min_lr + left * (s->lr - s->min_lr);
}

/* How many of the milestones lie in 0 .. step. */
static int64_t reached(const ore_schedule *s, int64_t step) {
    int64_t count = 0;
    for (int64_t i = 0; i < s->milestone_count; i++)
        count += s->milestones[i] >= 0 && s->milestones[i] <= step;
    return count;
}

static bool rises(const int64_t *milestones, int64_t count) {
    for (int64_t i = 1; i < count; i++)
        if (milestones[i] < milestones[i - 1])
            return false;
    return true;
}

static double half_cosine(const ore_schedule *s, double x) {
    return s->min_lr + (s->lr - s->min_lr) * (1 + ore_math_cos(pi * x)) / 2;
}

static double warm_restarts(const ore_schedule *s, int64_t step) {
    int64_t length = s->steps;
    if (s->T_mult == 1)
        step %= length;
    else
        while (step >= length) {
            step -= length;
            length = length > INT64_MAX / s->T_mult ? INT64_MAX : length * s->T_mult;
        }
    return half_cosine(s, (double)step / (double)length);
}

/* A one-cycle's value at a step, which runs from start over peak (and over start again) to end. */
static double one_cycle(const ore_schedule *s, int64_t step, double start, double peak,
                        double end) {
    double last = (double)(s->steps - 1), up = s->pct_start * (double)s->steps;
    double ends[] = {up - 1, s->three_phase ? 2 * up - 2 : last, last}, from = 0;
    double marks[] = {start, peak, s->three_phase ? start : end, end};
    double at = fmin((double)step, last);
    int phase = 0;
    while (at > ends[phase] && phase < (s->three_phase ? 2 : 1))
        from = ends[phase++];
    double x = ends[phase] > from ? (at - from) / (ends[phase] - from) : 1;
    double a = marks[phase], b = marks[phase + 1];
    return s->linear ? (b - a) * x + a : b + (a - b) / 2 * (1 + ore_math_cos(pi * x));
}

/* How far up a cycle a step is, 0 .. 1, the mode's scale included. */
static double cyclic_height(const ore_schedule *s, int64_t step) {
    double total = (double)(s->step_size + s->step_size_down);
    double cycle = floor(1 + (double)step / total), x = 1 + (double)step / total - cycle;
    double ratio = (double)s->step_size / total;
    double height = x <= ratio ? x / ratio : (x - 1) / (ratio - 1);
    if (s->mode == ORE_TRIANGULAR2)
        return height / ore_math_pow(2, cycle - 1);
    return s->mode == ORE_EXP_RANGE ? height * ore_math_pow(s->gamma, (double)step) : height;
}

/* NULL, or what is wrong. */
static const char *fault_of(const ore_schedule *s) {
    switch (s->kind) {
    case ORE_SCHEDULE_STEP:
        return s->step_size < 1 ? "step_size is not positive" : NULL;
    case ORE_SCHEDULE_CYCLIC:
        return s->step_size < 1 || s->step_size_down < 1 ? "a step size is not positive" : NULL;
    case ORE_SCHEDULE_CONSTANT_FACTOR:
    case ORE_SCHEDULE_LINEAR_FACTOR:
    case ORE_SCHEDULE_POLYNOMIAL:
        return s->steps < 1 ? "total_iters is not positive" : NULL;
    case ORE_SCHEDULE_COSINE_ANNEALING:
        return s->steps < 1 ? "T_max is not positive" : NULL;
    case ORE_SCHEDULE_WARM_RESTARTS:
        return s->steps < 1 || s->T_mult < 1 ? "T_0 or T_mult is not positive" : NULL;
    case ORE_SCHEDULE_ONE_CYCLE:
        if (s->steps < 1)
            return "total_steps is not positive";
        return s->pct_start >= 0 && s->pct_start <= 1 ? NULL : "pct_start is not in [0, 1]";
    case ORE_SCHEDULE_LAMBDA:
    case ORE_SCHEDULE_MULTIPLICATIVE:
        return s->function ? NULL : "the function is NULL";
    case ORE_SCHEDULE_SWA:
        return s->steps < 0 ? "anneal_steps is negative" : NULL;
    case ORE_SCHEDULE_SEQUENTIAL:
        if (s->part_count > 0 && s->milestone_count > 0 && s->milestones[0] < 0)
            return "a milestone is negative";
        if (!rises(s->milestones, s->milestone_count))
            return "a milestone is less than the one before it";
        return s->part_count < 1 ? "there are no parts" : NULL;
    case ORE_SCHEDULE_CHAINED:
        return s->part_count < 1 ? "there are no parts" : NULL;
    default:
        return NULL;
    }
}

static bool usable(const ore_schedule *s, int64_t step) {
    const char *fault = step < 0 ? "the step is negative" : fault_of(s);
    if (fault && ore_ok())
        ore_fail(ORE_INVALID, "schedule: %s", fault);
    return !fault;
}

static double multiplied(const ore_schedule *s, int64_t step) {
    double lr = s->lr;
    for (int64_t k = 1; k <= step; k++)
        lr *= s->function(s->user, k);
    return lr;
}

static double chained(const ore_schedule *s, int64_t step) {
    double lr = s->lr;
    for (int64_t i = 0; i < s->part_count; i++)
        lr *= ore_schedule_lr(&s->parts[i], step) / s->parts[i].lr;
    return lr;
}

/* The part of a sequence at a step, which becomes that part's. */
static const ore_schedule *part_at(const ore_schedule *s, int64_t *step) {
    int64_t part = reached(s, *step);
    *step -= part ? s->milestones[part - 1] : 0;
    return &s->parts[part];
}

double ore_schedule_lr(const ore_schedule *s, int64_t step) {
    if (!usable(s, step))
        return NAN;
    double k = (double)step, done = s->steps ? fmin(k / (double)s->steps, 1) : 1;
    switch (s->kind) {
    case ORE_SCHEDULE_CONSTANT:
    case ORE_SCHEDULE_LINEAR:
    case ORE_SCHEDULE_COSINE:
    case ORE_SCHEDULE_WSD:
        return warmed_up(s, step);
    case ORE_SCHEDULE_STEP:
        return s->lr * ore_math_pow(s->gamma, (double)(step / s->step_size));
    case ORE_SCHEDULE_MULTI_STEP:
        return s->lr * ore_math_pow(s->gamma, (double)reached(s, step));
    case ORE_SCHEDULE_EXPONENTIAL:
        return s->lr * ore_math_pow(s->gamma, k);
    case ORE_SCHEDULE_CONSTANT_FACTOR:
        return done < 1 ? s->lr * s->start_factor : s->lr;
    case ORE_SCHEDULE_LINEAR_FACTOR:
        return s->lr * (s->start_factor + (s->end_factor - s->start_factor) * done);
    case ORE_SCHEDULE_POLYNOMIAL:
        return s->lr * ore_math_pow(1 - done, s->power);
    case ORE_SCHEDULE_COSINE_ANNEALING:
        return half_cosine(s, k / (double)s->steps);
    case ORE_SCHEDULE_WARM_RESTARTS:
        return warm_restarts(s, step);
    case ORE_SCHEDULE_ONE_CYCLE: {
        double start = s->max_lr / s->div_factor;
        return one_cycle(s, step, start, s->max_lr, start / s->final_div_factor);
    }
    case ORE_SCHEDULE_CYCLIC:
        return s->lr + (s->max_lr - s->lr) * cyclic_height(s, step);
    case ORE_SCHEDULE_LAMBDA:
        return s->lr * s->function(s->user, step);
    case ORE_SCHEDULE_MULTIPLICATIVE:
        return multiplied(s, step);
    case ORE_SCHEDULE_SWA:
        return s->linear ? s->lr + (s->min_lr - s->lr) * done : half_cosine(s, done);
    case ORE_SCHEDULE_SEQUENTIAL:
        s = part_at(s, &step);
        return ore_schedule_lr(s, step);
    case ORE_SCHEDULE_CHAINED:
        return chained(s, step);
    }
    ore_fail(ORE_INVALID, "schedule: kind %d, expected one of ore_schedule_kind", (int)s->kind);
    return NAN;
}

double ore_schedule_momentum(const ore_schedule *s, int64_t step) {
    if (!usable(s, step))
        return NAN;
    if (s->kind == ORE_SCHEDULE_SEQUENTIAL) {
        s = part_at(s, &step);
        return ore_schedule_momentum(s, step);
    }
    if (!s->cycle_momentum)
        return NAN;
    if (s->kind == ORE_SCHEDULE_ONE_CYCLE)
        return one_cycle(s, step, s->max_momentum, s->base_momentum, s->max_momentum);
    if (s->kind == ORE_SCHEDULE_CYCLIC)
        return s->max_momentum - (s->max_momentum - s->base_momentum) * cyclic_height(s, step);
    return NAN;
}

/* ---- setting ---- */

ore_status ore_optimizer_schedule(ore_optimizer *optimizer, const ore_schedule *schedule,
                                  int64_t step) {
    double lr = ore_schedule_lr(schedule, step), momentum = ore_schedule_momentum(schedule, step);
    for (int i = 0; i < ore_optimizer_group_count(optimizer) && ore_ok(); i++) {
        ore_group_options *group = &optimizer->groups[i];
        const char *first = optimizer->kind->buffer_names[0];
        if (ore_optimizer_set_lr(optimizer, i, lr * group->lr_scale) == ORE_OK && !isnan(momentum))
            *(first && !strcmp(first, "exp_avg") ? &group->beta1 : &group->momentum) = momentum;
    }
    return ore_error_status();
}
