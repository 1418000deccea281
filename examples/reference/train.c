/* train.c: the loop by hand, and the same steps through ore_fit. */
#include <stdio.h>

#include <ore/ore.h>

enum { STEPS = 20 };

static ore_tensor *data(ore_tensor **y) {
    ore_generator *g = ore_generator_new(1);
    ore_tensor *x = ore_randn(ORE_SHAPE(64, 4), ORE_FLOAT32, g);
    *y = ore_argmax(x, 1, false); /* (64): which of the four is largest */
    ore_generator_free(g);
    return x;
}

static double by_hand(ore_tensor *x, ore_tensor *y) {
    ore_linear net;
    double last = 0;
    ore_manual_seed(2);
    ore_linear_init(&net, NULL, NULL, 4, 4, NULL);
    ore_loader *loader =
        ore_tensor_loader_new(x, y, &(ore_loader_options){.batch_size = 16, .shuffle = true});
    ore_optimizer *optimizer = ore_adam_new(&net.module, NULL);
    for (int step = 0; step < STEPS && ore_ok(); step++) {
        ore_scope_begin();
        ore_batch b = ore_loader_next(loader);
        if (!b.x) /* the end of a pass */
            b = ore_loader_next(loader);
        ore_tensor *loss = ore_cross_entropy(ore_linear_forward(&net, b.x), b.y, NULL);
        ore_optimizer_zero_grad(optimizer);
        ore_backward(loss);
        ore_optimizer_step(optimizer);
        last = ore_item(loss);
        ore_scope_end();
    }
    ore_optimizer_free(optimizer);
    ore_loader_free(loader);
    ore_module_free(&net.module);
    return last;
}

static double by_fit(ore_tensor *x, ore_tensor *y) {
    ore_linear net;
    ore_manual_seed(2);
    ore_linear_init(&net, NULL, NULL, 4, 4, NULL);
    ore_loader *loader =
        ore_tensor_loader_new(x, y, &(ore_loader_options){.batch_size = 16, .shuffle = true});
    ore_optimizer *optimizer = ore_adam_new(&net.module, NULL);
    ore_fit_options o = ore_fit_defaults();
    o.module = &net.module;
    o.loader = loader;
    o.optimizer = optimizer;
    o.steps = STEPS;
    ore_fit_result r;
    ore_fit(&o, NULL, &r);
    double last = r.loss_count ? r.losses[r.loss_count - 1] : 0;
    ore_fit_result_free(&r);
    ore_optimizer_free(optimizer);
    ore_loader_free(loader);
    ore_module_free(&net.module);
    return last;
}

int main(void) {
    ore_tensor *y, *x = data(&y);
    double a = by_hand(x, y), b = by_fit(x, y);
    printf("the last losses are %s\n", a == b ? "equal" : "different");
    return ore_ok() ? 0 : 1;
}
