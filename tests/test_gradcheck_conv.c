/* test_gradcheck_conv.c: gradients of convolution and pooling against central differences. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <ore/conv.h>

#include "support/gradients.h"

#define FUNCTION(name, result)                                                                     \
    static ore_tensor *name(void *user, ore_tensor **in, int n) {                                  \
        (void)n, (void)user;                                                                       \
        return result;                                                                             \
    }
#define O1(...) (&(ore_f_conv1d_options){__VA_ARGS__})
#define O2(...) (&(ore_f_conv2d_options){__VA_ARGS__})
#define T1(...) (&(ore_f_conv_transpose1d_options){__VA_ARGS__})
#define T2(...) (&(ore_f_conv_transpose2d_options){__VA_ARGS__})

FUNCTION(conv1d, ore_f_conv1d(in[0], in[1], in[2], NULL))
FUNCTION(conv1d_plain, ore_f_conv1d(in[0], in[1], NULL, NULL))
FUNCTION(conv1d_options, ore_f_conv1d(in[0], in[1], in[2], O1(2, 3, 2, 1, ORE_PADDING_GIVEN)))
FUNCTION(conv1d_groups, ore_f_conv1d(in[0], in[1], in[2], O1(1, 1, 1, 2, ORE_PADDING_GIVEN)))
FUNCTION(conv1d_causal, ore_f_conv1d(in[0], in[1], in[2], O1(1, 0, 2, 1, ORE_PADDING_CAUSAL)))
FUNCTION(conv1d_depthwise, ore_f_conv1d(in[0], in[1], in[2], O1(1, 0, 1, 3, ORE_PADDING_CAUSAL)))
FUNCTION(conv1d_same, ore_f_conv1d(in[0], in[1], in[2], O1(1, 0, 1, 1, ORE_PADDING_SAME)))
FUNCTION(conv1d_strided, ore_f_conv1d(ore_transpose(in[0], 1, 2), in[1], in[2], NULL))
FUNCTION(conv2d, ore_f_conv2d(in[0], in[1], in[2], NULL))
FUNCTION(conv2d_options,
         ore_f_conv2d(in[0], in[1], in[2], O2({2, 1}, {1, 2}, {1, 2}, 1, ORE_PADDING_GIVEN)))
FUNCTION(conv2d_depthwise,
         ore_f_conv2d(in[0], in[1], in[2], O2({2, 2}, {1, 1}, {1, 1}, 2, ORE_PADDING_GIVEN)))
FUNCTION(conv2d_same,
         ore_f_conv2d(in[0], in[1], in[2], O2({1, 1}, {0, 0}, {2, 1}, 1, ORE_PADDING_SAME)))
FUNCTION(transpose1d, ore_f_conv_transpose1d(in[0], in[1], in[2], NULL))
FUNCTION(transpose1d_options, ore_f_conv_transpose1d(in[0], in[1], in[2], T1(3, 1, 2, 2, 2)))
FUNCTION(transpose2d, ore_f_conv_transpose2d(in[0], in[1], in[2], NULL))
FUNCTION(transpose2d_options,
         ore_f_conv_transpose2d(in[0], in[1], in[2], T2({2, 3}, {1, 0}, {1, 2}, {1, 2}, 2)))

FUNCTION(unfold, ore_f_unfold(in[0], (ore_pair){2, 3}, NULL))
FUNCTION(unfold_options,
         ore_f_unfold(in[0], (ore_pair){2, 3}, (&(ore_f_unfold_options){{2, 1}, {1, 2}, {1, 2}})))
FUNCTION(fold, ore_f_fold(in[0], (ore_pair){3, 4}, (ore_pair){2, 3}, NULL))
FUNCTION(fold_options, ore_f_fold(in[0], (ore_pair){5, 4}, (ore_pair){2, 3},
                                  (&(ore_f_unfold_options){{2, 1}, {1, 2}, {1, 2}})))

#define MAX1(...) (&(ore_max_pool1d_options){__VA_ARGS__})
#define MAX2(...) (&(ore_max_pool2d_options){__VA_ARGS__})
#define AVG1(...) (&(ore_avg_pool1d_options){__VA_ARGS__})
#define AVG2(...) (&(ore_avg_pool2d_options){__VA_ARGS__})

FUNCTION(max1d, ore_f_max_pool1d(in[0], 2, NULL, NULL))
FUNCTION(max1d_options, ore_f_max_pool1d(in[0], 3, MAX1(1, 1, 2, true), NULL))
FUNCTION(max2d, ore_f_max_pool2d(in[0], ore_both(3), MAX2({2, 2}, {1, 1}, {1, 1}, false), NULL))
FUNCTION(max2d_options,
         ore_f_max_pool2d(in[0], (ore_pair){2, 3}, MAX2({1, 2}, {1, 0}, {2, 1}, true), NULL))
FUNCTION(avg1d, ore_f_avg_pool1d(in[0], 2, NULL))
FUNCTION(avg1d_options, ore_f_avg_pool1d(in[0], 3, AVG1(2, 1, true, false)))
FUNCTION(avg2d, ore_f_avg_pool2d(ore_transpose(in[0], 1, 2), ore_both(2), NULL))
FUNCTION(avg2d_options,
         ore_f_avg_pool2d(in[0], (ore_pair){2, 3}, AVG2({1, 2}, {1, 1}, true, false, 0)))
FUNCTION(avg2d_padding, ore_f_avg_pool2d(in[0], ore_both(3), AVG2({2, 2}, {1, 1}, true, true, 0)))
FUNCTION(avg2d_divisor, ore_f_avg_pool2d(in[0], ore_both(2), AVG2({1, 1}, {0, 0}, false, true, 3)))
FUNCTION(adaptive_avg1d, ore_f_adaptive_avg_pool1d(in[0], 3))
FUNCTION(adaptive_avg2d, ore_f_adaptive_avg_pool2d(in[0], (ore_pair){3, -1}))
FUNCTION(adaptive_max1d, ore_f_adaptive_max_pool1d(in[0], 3, NULL))
FUNCTION(adaptive_max2d, ore_f_adaptive_max_pool2d(in[0], (ore_pair){2, 4}, NULL))

#define S(...) ORE_SHAPE(__VA_ARGS__)
#define CONV(x, w, b)                                                                              \
    3, {                                                                                           \
        x, w, b                                                                                    \
    }
#define PLAIN(x, w)                                                                                \
    2, {                                                                                           \
        x, w                                                                                       \
    }
#define ONE(...)                                                                                   \
    1, {                                                                                           \
        S(__VA_ARGS__)                                                                             \
    }

static const gradient_case cases[] = {
    {"conv1d", conv1d, -1, 1, CONV(S(2, 3, 6), S(2, 3, 3), S(2))},
    {"conv1d, one sequence", conv1d_plain, -1, 1, PLAIN(S(2, 5), S(3, 2, 2))},
    {"conv1d, options", conv1d_options, -1, 1, CONV(S(2, 2, 5), S(3, 2, 3), S(3))},
    {"conv1d, groups", conv1d_groups, -1, 1, CONV(S(2, 4, 4), S(6, 2, 3), S(6))},
    {"conv1d, causal", conv1d_causal, -1, 1, CONV(S(2, 2, 5), S(3, 2, 3), S(3))},
    {"conv1d, depthwise", conv1d_depthwise, -1, 1, CONV(S(2, 3, 5), S(3, 1, 2), S(3))},
    {"conv1d, same", conv1d_same, -1, 1, CONV(S(1, 2, 5), S(2, 2, 4), S(2))},
    {"conv1d, strided x", conv1d_strided, -1, 1, CONV(S(2, 6, 3), S(2, 3, 3), S(2))},
    {"conv1d, no images", conv1d, -1, 1, CONV(S(0, 3, 6), S(2, 3, 3), S(2))},
    {"conv2d", conv2d, -1, 1, CONV(S(2, 2, 4, 5), S(3, 2, 2, 3), S(3))},
    {"conv2d, one image", conv2d, -1, 1, CONV(S(2, 4, 5), S(3, 2, 1, 1), S(3))},
    {"conv2d, options", conv2d_options, -1, 1, CONV(S(2, 2, 5, 4), S(3, 2, 3, 2), S(3))},
    {"conv2d, depthwise", conv2d_depthwise, -1, 1, CONV(S(2, 2, 5, 4), S(4, 1, 3, 3), S(4))},
    {"conv2d, same", conv2d_same, -1, 1, CONV(S(1, 2, 5, 4), S(3, 2, 2, 4), S(3))},
    {"conv_transpose1d", transpose1d, -1, 1, CONV(S(2, 3, 4), S(3, 2, 3), S(2))},
    {"conv_transpose1d, options", transpose1d_options, -1, 1, CONV(S(2, 4, 3), S(4, 2, 3), S(4))},
    {"conv_transpose2d", transpose2d, -1, 1, CONV(S(2, 2, 3, 2), S(2, 3, 2, 3), S(3))},
    {"conv_transpose2d, options", transpose2d_options, -1, 1,
     CONV(S(2, 4, 2, 3), S(4, 2, 3, 2), S(4))},
    {"unfold", unfold, -1, 1, ONE(2, 2, 3, 4)},
    {"unfold, options", unfold_options, -1, 1, ONE(2, 5, 4)},
    {"fold", fold, -1, 1, ONE(12, 4)},
    {"fold, options", fold_options, -1, 1, ONE(2, 12, 12)},
    {"max_pool1d", max1d, -2, 2, ONE(2, 3, 5)},
    {"max_pool1d, options", max1d_options, -2, 2, ONE(2, 7)},
    {"max_pool2d", max2d, -2, 2, ONE(2, 2, 5, 4)},
    {"max_pool2d, options", max2d_options, -2, 2, ONE(2, 2, 5, 6)},
    {"avg_pool1d", avg1d, -2, 2, ONE(2, 3, 5)},
    {"avg_pool1d, options", avg1d_options, -2, 2, ONE(2, 2, 6)},
    {"avg_pool2d, strided x", avg2d, -2, 2, ONE(2, 4, 3, 5)},
    {"avg_pool2d, options", avg2d_options, -2, 2, ONE(2, 2, 5, 4)},
    {"avg_pool2d, padding counts", avg2d_padding, -2, 2, ONE(2, 2, 5, 4)},
    {"avg_pool2d, divisor", avg2d_divisor, -2, 2, ONE(2, 3, 4)},
    {"adaptive_avg_pool1d", adaptive_avg1d, -2, 2, ONE(2, 3, 7)},
    {"adaptive_avg_pool2d", adaptive_avg2d, -2, 2, ONE(2, 2, 5, 4)},
    {"adaptive_max_pool1d", adaptive_max1d, -2, 2, ONE(2, 3, 7)},
    {"adaptive_max_pool2d", adaptive_max2d, -2, 2, ONE(2, 2, 5, 6)},
};

static void every_gradient_agrees(void **state) {
    (void)state;
    assert_int_equal(gradients_that_fail(cases, sizeof cases / sizeof *cases), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_gradient_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
