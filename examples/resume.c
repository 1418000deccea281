/* resume.c [FOLDER [STEPS]]: training that may be killed at any moment. Started again it goes on
 * from its last checkpoint, and ends with the same files as if it had never stopped. */
#include <stdio.h>
#include <stdlib.h>

#include <ore/ore.h>

int main(int argc, char **argv) {
    ore_sequential net;
    ore_linear up, down;
    ore_activation act;
    ore_dropout drop;
    ore_manual_seed(1);
    ore_sequential_init(&net, NULL, NULL);
    ore_linear_init(&up, &net.module, "up", 2, 32, NULL);
    ore_activation_init(&act, &net.module, "act", ore_tanh);
    ore_dropout_init(&drop, &net.module, "drop", 0.1);
    ore_linear_init(&down, &net.module, "down", 32, 2, NULL);

    ore_tensor *x = ore_randn(ORE_SHAPE(512, 2), ORE_FLOAT32, NULL);
    ore_tensor *radius2 = ore_sum(ore_square(x), ORE_DIMS(1), false); /* (512) */
    ore_tensor *y = ore_to(ore_lt(radius2, ore_scalar(1, ORE_FLOAT32)), ORE_INT64);
    ore_loader_options l = ore_loader_defaults();
    l.batch_size = 32;
    l.shuffle = true;

    ore_run_options o = ore_run_defaults();
    o.fit.module = &net.module;
    o.fit.loader = ore_tensor_loader_new(x, y, &l);
    o.fit.optimizer = ore_adamw_new(&net.module, NULL);
    o.fit.steps = argc > 2 ? atoll(argv[2]) : 1000;
    o.fit.eval_interval = 50;
    o.evaluate_val = ore_tensor_loader_new(x, y, NULL); /* a whole pass, in order */
    ore_fit_result result = {0};
    ore_run *run = ore_run_open(argc > 1 ? argv[1] : "resumed-run", &o);
    if (run && ore_run_fit(run, &result) == ORE_OK)
        printf("step %lld: loss %.4f\n", (long long)result.state.step, result.state.best_val);
    else
        fprintf(stderr, "%s\n", ore_error_message());

    ore_fit_result_free(&result);
    ore_run_close(run);
    ore_loader_free(o.evaluate_val);
    ore_loader_free(o.fit.loader);
    ore_optimizer_free(o.fit.optimizer);
    ore_module_free(&net.module);
    return ore_ok() ? 0 : 1;
}
