/* test_wide_range.c: attention of far scores has its gradients, and a root is taken before its
 * square is narrowed. Runs on every CPU level. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <ore/ore.h>

#include "support/refusals.h"

/* Scores of 2^24 times a whole number, equal in each row: the weights are even. */
static void attention_of_far_scores_has_gradients(void **state) {
    (void)state;
    enum { T = 9, D = 4 };
    ore_tensor *q = ore_set_requires_grad(ore_full(ORE_SHAPE(1, 1, T, D), 4096, ORE_FLOAT32), true);
    ore_tensor *k = ore_full(ORE_SHAPE(1, 1, T, D), 4096, ORE_FLOAT32);
    ore_tensor *v = ore_set_requires_grad(
        ore_reshape(ore_arange(0, T * D, 1, ORE_FLOAT32), ORE_SHAPE(1, 1, T, D)), true);
    ore_tensor *y = ore_attention(q, k, v, NULL);
    ore_backward(ore_sum(y, ORE_ALL, false));
    assert_true(ore_ok());
    const float *dv = ore_data(ore_grad(v)), *dq = ore_data(ore_grad(q));
    for (int i = 0; i < T * D; i++) {
        assert_float_equal(dv[i], 1, 1e-5); /* each query gives each value a T-th of 1 */
        assert_true(isfinite(dq[i]));
    }
}

static void deviations_keep_their_range(void **state) {
    (void)state;
    static const struct {
        float x[4], std;
    } cases[] = {{{1e20F, 2e20F, -3e20F, 4e20F}, 2.9439203e20F},
                 {{1e-23F, 2e-23F, -1e-23F, 3e-23F}, 1.7078251e-23F}};
    for (int i = 0; i < 2; i++) {
        ore_tensor *x =
            ore_set_requires_grad(ore_from_data(cases[i].x, ORE_SHAPE(4), ORE_FLOAT32), true);
        ore_tensor *y = ore_std(x, ORE_ALL, 1, false);
        assert_float_equal(ore_item(y) / (double)cases[i].std, 1, 1e-6);
        ore_backward(y);
        ore_tensor *wide = ore_set_requires_grad(ore_to(ore_detach(x), ORE_FLOAT64), true);
        ore_backward(ore_std(wide, ORE_ALL, 1, false));
        const float *got = ore_data(ore_grad(x));
        const double *expected = ore_data(ore_grad(wide));
        assert_non_null(expected);
        for (int c = 0; c < 4; c++)
            assert_float_equal(got[c], expected[c], 1e-6);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(attention_of_far_scores_has_gradients, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(deviations_keep_their_range, begin_scope, end_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
