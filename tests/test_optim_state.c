/* test_optim_state.c: states that no run could have left are refused by every optimizer, and leave
 * it as a new one. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <ore/nn.h>
#include <ore/ops.h>
#include <ore/optim.h>

#include "support/refusals.h"

typedef struct net {
    ore_module root;
    ore_linear line;
} net;

static ore_optimizer *amsgrad_of(const ore_module *root) {
    ore_adam_options o = ore_adam_defaults();
    o.amsgrad = true;
    return ore_adam_new(root, &o);
}

static ore_optimizer *momentum_of(const ore_module *root) {
    ore_sgd_options o = ore_sgd_defaults();
    o.momentum = 0.9;
    return ore_sgd_new(root, &o);
}

static ore_optimizer *rmsprop_of(const ore_module *root) {
    ore_rmsprop_options o = ore_rmsprop_defaults();
    o.momentum = 0.9;
    o.centered = true;
    return ore_rmsprop_new(root, &o);
}

#define DEFAULTS(kind)                                                                             \
    static ore_optimizer *kind##_of(const ore_module *root) {                                      \
        return ore_##kind##_new(root, NULL);                                                       \
    }
DEFAULTS(adamw)
DEFAULTS(adagrad)
DEFAULTS(adadelta)
DEFAULTS(adamax)
DEFAULTS(nadam)
DEFAULTS(radam)
DEFAULTS(lion)
DEFAULTS(adafactor)
DEFAULTS(lbfgs)

typedef ore_optimizer *(*maker)(const ore_module *root);
static const maker makers[] = {amsgrad_of, adamw_of,    momentum_of,  rmsprop_of,
                               adagrad_of, adadelta_of, adamax_of,    nadam_of,
                               radam_of,   lion_of,     adafactor_of, lbfgs_of};
enum { MAKERS = sizeof makers / sizeof makers[0] };

static ore_tensor *loss_of(void *user) {
    net *n = user;
    ore_tensor *y = ore_linear_forward(&n->line, ore_ones(ORE_SHAPE(4, 3), ORE_FLOAT32));
    ore_tensor *loss = ore_mean(ore_square(ore_add_scalar(y, -1)), ORE_ALL, false);
    ore_backward(loss);
    return loss;
}

static ore_optimizer *start(net *n, maker make) {
    ore_generator *g = ore_generator_new(1);
    ore_module_init(&n->root, NULL, NULL);
    ore_linear_options o = ore_linear_defaults();
    o.generator = g;
    ore_linear_init(&n->line, &n->root, "line", 3, 2, &o);
    ore_generator_free(g);
    ore_optimizer *optimizer = make(&n->root);
    for (int step = 0; step < 2; step++) {
        ore_optimizer_zero_grad(optimizer);
        if (make == lbfgs_of)
            ore_optimizer_step_closure(optimizer, loss_of, n);
        else if (loss_of(n))
            ore_optimizer_step(optimizer);
    }
    assert_true(ore_ok());
    return optimizer;
}

/* Copies, since a refused state leaves the optimizer without its own. */
static ore_tensor_list copy_of_state(const ore_optimizer *o) {
    ore_tensor_list list = ore_optimizer_state(o);
    for (int64_t i = 0; i < list.count; i++)
        list.items[i].tensor = ore_clone(list.items[i].tensor);
    return list;
}

/* The state with `bad` in place of tensor i is refused by words that hold `words`. */
static void refuse(ore_optimizer *o, ore_tensor_list *state, int64_t i, ore_tensor *bad,
                   const char *words) {
    ore_tensor *good = state->items[i].tensor;
    assert_non_null(bad);
    state->items[i].tensor = bad;
    ore_status status = ore_optimizer_load_state(o, state);
    if (status != ORE_DATA || !strstr(ore_error_message(), words) ||
        !strstr(ore_error_message(), state->items[i].name))
        fail_msg("%s: status %d, '%s' lacks '%s'", state->items[i].name, (int)status,
                 ore_error_message(), words);
    ore_error_clear();
    state->items[i].tensor = good;
    assert_int_equal(ore_optimizer_load_state(o, state), ORE_OK);
}

static void steps_are_counts(void **state) {
    (void)state;
    for (int m = 0; m < MAKERS; m++) {
        net n;
        ore_optimizer *o = start(&n, makers[m]);
        ore_tensor_list list = copy_of_state(o);
        for (int64_t i = 0; i < list.count; i++) {
            size_t length = strlen(list.items[i].name);
            if (length < 5 || strcmp(list.items[i].name + length - 5, ".step") != 0)
                continue;
            static const int64_t wrong[] = {0, -1, INT64_MIN, INT64_C(1) << 62};
            for (int k = 0; k < 4; k++)
                refuse(o, &list, i, ore_from_data(&wrong[k], ORE_SCALAR, ORE_INT64),
                       "expected 1 to");
            refuse(o, &list, i, ore_full(ORE_SCALAR, 2, ORE_FLOAT64), "is of float64");
            refuse(o, &list, i, ore_full(ORE_SCALAR, 2, ORE_INT32), "is of int32");
        }
        ore_tensor_list_free(&list);
        ore_optimizer_free(o);
        ore_module_free(&n.root);
    }
}

static ore_tensor *like(ore_tensor *t, double value) {
    return ore_full(ore_shape_of(t), value, ore_tensor_dtype(t));
}

static void moments_are_numbers(void **state) {
    (void)state;
    static const char *const squares[] = {"_avg_sq", "square_avg", ".sum",    "acc_delta",
                                          "exp_inf", "row_var",    "col_var", "variance"};
    int64_t checked = 0, never_negative = 0;
    for (int m = 0; m < MAKERS; m++) {
        net n;
        ore_optimizer *o = start(&n, makers[m]);
        ore_tensor_list list = copy_of_state(o);
        for (int64_t i = 0; i < list.count; i++) {
            ore_tensor *t = list.items[i].tensor;
            if (ore_tensor_dtype(t) == ORE_INT64)
                continue;
            refuse(o, &list, i, ore_to(t, ORE_INT32), "is of int32");
            refuse(o, &list, i, like(t, NAN), "not finite");
            refuse(o, &list, i, like(t, INFINITY), "not finite");
            checked++;
            bool square = false;
            for (size_t k = 0; k < sizeof squares / sizeof *squares; k++)
                square = square || strstr(list.items[i].name, squares[k]);
            if (square)
                refuse(o, &list, i, like(t, -1e-8), "below 0");
            never_negative += square;
        }
        ore_tensor_list_free(&list);
        ore_optimizer_free(o);
        ore_module_free(&n.root);
    }
    assert_true(checked > 30 && never_negative > 15);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(steps_are_counts, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(moments_are_numbers, begin_scope, end_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
