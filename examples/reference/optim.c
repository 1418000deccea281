/* optim.c: two parameter groups, a schedule, clipping; a line is fitted to points. */
#include <stdio.h>

#include <ore/ore.h>

enum { STEPS = 200 };

static ore_optimizer *optimizer_of(ore_linear *l) {
    ore_optimizer *optimizer = ore_adamw_new(NULL, NULL); /* no groups yet */
    ore_group_options o = ore_optimizer_defaults(optimizer);
    int weights = ore_optimizer_add_group(optimizer, &o);
    o.weight_decay = 0;
    int biases = ore_optimizer_add_group(optimizer, &o);
    ore_optimizer_add(optimizer, weights, l->weight, "weight");
    ore_optimizer_add(optimizer, biases, l->bias, "bias");
    return optimizer;
}

int main(void) {
    ore_linear l;
    ore_manual_seed(1);
    ore_linear_init(&l, NULL, NULL, 1, 1, NULL); /* a layer may be a root */
    ore_tensor *x = ore_linspace(-1, 1, 50, ORE_FLOAT32);
    x = ore_unsqueeze(x, 1);                                   /* (50, 1) */
    ore_tensor *y = ore_add_scalar(ore_mul_scalar(x, 3), 0.5); /* 3x + 0.5 */
    ore_optimizer *optimizer = optimizer_of(&l);
    ore_schedule schedule = {ORE_SCHEDULE_COSINE, .lr = 0.1, .warmup_steps = 10, .steps = STEPS};

    for (int64_t step = 0; step < STEPS && ore_ok(); step++) {
        ore_scope_begin();
        ore_tensor *error = ore_sub(ore_linear_forward(&l, x), y);
        ore_optimizer_zero_grad(optimizer);
        ore_backward(ore_mean(ore_square(error), ORE_ALL, false));
        ore_optimizer_clip_grad_norm(optimizer, 1.0);
        ore_optimizer_schedule(optimizer, &schedule, step);
        ore_optimizer_step(optimizer);
        ore_scope_end();
    }
    printf("y = %.2f x + %.2f\n", ore_item(l.weight), ore_item(l.bias));
    ore_optimizer_free(optimizer);
    ore_module_free(&l.module);
    return ore_ok() ? 0 : 1;
}
