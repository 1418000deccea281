/* fit_net.c: see fit_net.h. The rule to learn is a point's quadrant. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ops.h>

#include "support/fit_net.h"

static ore_tensor *relu(ore_tensor *x) {
    return ore_relu(x);
}

void net_start(net *n, double dropout) {
    ore_manual_seed(7);
    ore_sequential_init(&n->root, NULL, NULL);
    ore_linear_init(&n->up, &n->root.module, "up", 2, 16, NULL);
    ore_activation_init(&n->act, &n->root.module, "act", relu);
    ore_dropout_init(&n->drop, &n->root.module, "drop", dropout);
    ore_linear_init(&n->down, &n->root.module, "down", 16, CLASSES, NULL);
    float x[POINTS][2];
    int64_t y[POINTS];
    for (int i = 0; i < POINTS; i++) {
        double angle = 0.7 * i;
        x[i][0] = (float)(cos(angle) * (1 + 0.1 * (i % 5)));
        x[i][1] = (float)(sin(angle) * (1 + 0.1 * (i % 7)));
        y[i] = (x[i][0] > 0) + 2 * (x[i][1] > 0);
    }
    n->x = ore_own(ore_from_data(x, ORE_SHAPE(POINTS, 2), ORE_FLOAT32));
    n->y = ore_own(ore_from_data(y, ORE_SHAPE(POINTS), ORE_INT64));
    ore_loader_options lo = ore_loader_defaults();
    lo.batch_size = BATCH;
    lo.shuffle = true;
    n->loader = ore_tensor_loader_new(n->x, n->y, &lo);
    ore_adamw_options o = ore_adamw_defaults();
    o.lr = 1e-2;
    n->optimizer = ore_adamw_new(&n->root.module, &o);
    assert_string_equal(ore_error_message(), "");
}

void net_end(net *n) {
    ore_optimizer_free(n->optimizer);
    ore_loader_free(n->loader);
    ore_free(n->y);
    ore_free(n->x);
    ore_module_free(&n->root.module);
}

ore_fit_options net_fit_options(net *n, int64_t steps) {
    ore_fit_options o = ore_fit_defaults();
    o.module = &n->root.module;
    o.loader = n->loader;
    o.optimizer = n->optimizer;
    o.steps = steps;
    return o;
}

void assert_same_nets(const net *a, const net *b) {
    assert_memory_equal(ore_data(a->up.weight), ore_data(b->up.weight), 2 * 16 * sizeof(float));
    assert_memory_equal(ore_data(a->down.weight), ore_data(b->down.weight),
                        16 * CLASSES * sizeof(float));
    assert_memory_equal(ore_data(a->down.bias), ore_data(b->down.bias), CLASSES * sizeof(float));
}
