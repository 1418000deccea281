/* schedule.c: learning rates as pure functions of the step. */
#include <math.h>

#include <ore/optim.h>

ore_schedule ore_schedule_defaults(void) {
    return (ore_schedule){.kind = ORE_SCHEDULE_CONSTANT, .lr = 1e-3};
}

double ore_schedule_lr(const ore_schedule *s, int64_t step) {
    const double pi = 3.14159265358979323846;
    if (step < s->warmup_steps)
        return s->lr * (double)(step + 1) / (double)(s->warmup_steps + 1);
    if (s->kind == ORE_SCHEDULE_CONSTANT)
        return s->lr;
    if (step >= s->steps)
        return s->min_lr;
    double x = (double)(step - s->warmup_steps) / (double)(s->steps - s->warmup_steps);
    double left = s->kind == ORE_SCHEDULE_LINEAR ? 1 - x : 0.5 * (1 + cos(pi * x));
    return s->min_lr + left * (s->lr - s->min_lr);
}
