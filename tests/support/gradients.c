/* gradients.c: gradients against central differences, signed, in float64. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "support/gradients.h"

static double next_number(void) {
    static uint32_t state = 2463534242u;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return (double)state / 4294967296.0;
}

ore_tensor *gradient_leaf(ore_shape shape, double low, double high) {
    ore_tensor *t = ore_empty(shape, ORE_FLOAT64);
    double *data = ore_data_mut(t);
    for (int64_t i = 0; i < ore_numel(t); i++)
        data[i] = low + (high - low) * next_number();
    return ore_set_requires_grad(t, true);
}

int gradients_that_fail(const gradient_case *cases, size_t count) {
    const ore_gradcheck_options options = {.step = 1e-5, .rtol = 1e-6, .atol = 1e-8};
    int failed = 0;
    for (size_t i = 0; i < count; i++) {
        const gradient_case *c = &cases[i];
        ore_tensor *in[GRADIENT_INPUTS];
        ore_scope_begin();
        for (int k = 0; k < c->n; k++)
            in[k] = gradient_leaf(c->shapes[k], c->low, c->high);
        if (ore_gradcheck(c->function, NULL, in, c->n, &options) != ORE_OK) {
            print_error("%s: %s\n", c->name, ore_error_message());
            ore_error_clear();
            failed++;
        }
        ore_scope_end();
    }
    print_message("%zu gradients checked\n", count);
    return failed;
}
