/* test_device_cases.c: every case of cases/ with its inputs on a device whose memory the host
 * cannot touch: results and gradients have the CPU's bits, or the error says which row is missing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ore.h>

#include "cases/cases.h"
#include "support/errors.h"
#include "support/guarded.h"

/* Cases that run today. The others need a row that the device lacks, or make tensors of their own
 * beside their inputs, on the CPU. Fewer than these: an op does. */
enum { RAN_AT_LEAST = 279, RESULTS = OP_CASE_INPUTS + 1 };

/* The value and the gradients of a case's inputs, NULL where there is none. */
static void run_case(const op_case *c, ore_device device, ore_tensor **results) {
    op_input inputs[OP_CASE_INPUTS];
    ore_tensor *in[OP_CASE_INPUTS] = {NULL};
    int n = op_inputs_of(c->inputs, inputs);
    ore_manual_seed(3);
    ore_generator *g = ore_generator_new(17);
    for (int i = 0; i < n; i++) {
        in[i] = op_input_new(&inputs[i], ORE_FLOAT64, c->low, c->high, g);
        in[i] = ore_to_device(in[i], device);
        if (c->has_gradient && ore_dtype_is_floating(ore_tensor_dtype(in[i])))
            ore_set_requires_grad(in[i], true);
    }
    ore_generator_free(g);
    ore_tensor *y = c->function(NULL, in, n);
    results[0] = y ? ore_clone(ore_detach(y)) : NULL;
    if (y && ore_requires_grad(y))
        ore_backward_from(y, ore_ones_like(y), false);
    for (int i = 0; i < n; i++)
        results[i + 1] = ore_ok() && ore_requires_grad(in[i]) ? ore_grad(in[i]) : NULL;
}

static bool same_bits(const ore_tensor *a, const ore_tensor *b) {
    if (!a || !b)
        return !a == !b;
    size_t bytes = (size_t)ore_numel(a) * ore_dtype_size(ore_tensor_dtype(a));
    char *x = calloc(2, bytes + 1), *y = x + bytes;
    bool same = ore_shape_equal(ore_shape_of(a), ore_shape_of(b)) &&
                ore_tensor_dtype(a) == ore_tensor_dtype(b) && ore_copy_out(a, x, bytes) == ORE_OK &&
                ore_copy_out(b, y, bytes) == ORE_OK && memcmp(x, y, bytes) == 0;
    free(x);
    return same;
}

/* Whether the case ran on the device; `failed` counts those that did what they should not. */
static bool case_runs(const op_case *c, int *failed) {
    ore_tensor *here[RESULTS] = {NULL}, *there[RESULTS] = {NULL};
    run_case(c, ORE_CPU, here);
    assert_true(ore_ok());
    run_case(c, GUARDED, there);
    if (!ore_ok()) {
        const char *said = ore_error_message();
        if (!strstr(said, ": no TEST kernel for ") && !strstr(said, "different devices") &&
            !strstr(said, "on another device")) {
            print_error("%s: %s\n", c->id, ore_error_message());
            ++*failed;
        }
        ore_error_clear();
        return false;
    }
    for (int i = 0; i < RESULTS; i++)
        if (!same_bits(here[i], there[i])) {
            print_error("%s: result %d differs on the device\n", c->id, i);
            ++*failed;
        }
    return true;
}

static void every_case_has_the_bits_of_the_cpu(void **state) {
    (void)state;
    int ran = 0, failed = 0;
    for (int i = 0; i < op_case_count(); i++) {
        ore_scope_begin();
        ran += case_runs(op_case_at(i), &failed);
        ore_scope_end();
    }
    print_message("%d of %d cases ran on the device\n", ran, op_case_count());
    assert_int_equal(failed, 0);
    assert_true(ran >= RAN_AT_LEAST);
}

static int set_up(void **state) {
    (void)state;
    guarded_register();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(
        every_case_has_the_bits_of_the_cpu, begin_scope, end_scope)};
    return cmocka_run_group_tests(tests, set_up, NULL);
}
