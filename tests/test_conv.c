/* test_conv.c: convolutions of every vector level against scalar, one bit the same for any number
 * of threads; the layers of convolution, pooling and BatchNorm2d; windows with NaN, or with no
 * element. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/cpu/cpu.h"
#include "support/levels.h"
#include "support/numbers.h"
#include "support/refusals.h"

/* ---- rows of the levels ---- */

#define DIM(in, out, kernel, stride, dilation, before)                                             \
    { in, out, kernel, stride, dilation, before }
#define LINE DIM(1, 1, 1, 1, 1, 0)

/* N, groups, C, O of a group; height, width */
static const ore_conv_args sizes[] = {
    {2, 1, 3, 5, DIM(7, 5, 3, 1, 1, 0), DIM(9, 7, 3, 1, 1, 0), .x = NULL},
    {3, 1, 16, 32, DIM(28, 28, 3, 1, 1, 1), DIM(28, 28, 3, 1, 1, 1), .x = NULL},
    {1, 1, 7, 33, DIM(9, 5, 3, 2, 1, 1), DIM(17, 9, 3, 2, 1, 1), .x = NULL},
    {2, 2, 4, 6, DIM(8, 6, 2, 1, 2, 0), DIM(11, 4, 3, 3, 2, 2), .x = NULL},
    {2, 1, 20, 17, DIM(6, 6, 1, 1, 1, 0), DIM(7, 7, 1, 1, 1, 0), .x = NULL},
    {2, 1, 5, 4, DIM(6, 3, 1, 2, 1, 0), DIM(7, 4, 1, 2, 1, 0), .x = NULL},
    {2, 12, 1, 1, DIM(9, 9, 3, 1, 1, 1), DIM(37, 37, 3, 1, 1, 1), .x = NULL},
    {2, 5, 1, 2, DIM(9, 5, 3, 2, 1, 1), DIM(37, 19, 5, 2, 1, 2), .x = NULL},
    {1, 3, 2, 1, DIM(5, 5, 2, 1, 2, 1), DIM(40, 14, 4, 3, 2, 3), .x = NULL},
    {1, 1, 1, 1, DIM(4, 8, 3, 1, 1, 3), DIM(3, 9, 2, 1, 1, 4), .x = NULL},
    {3, 1, 24, 40, LINE, DIM(100, 100, 2, 1, 8, 8), .x = NULL},
    {2, 1, 3, 8, LINE, DIM(1000, 499, 4, 2, 1, 0), .x = NULL},
    {2, 64, 1, 1, LINE, DIM(130, 130, 4, 1, 1, 3), .x = NULL},
    {1, 1, 200, 70, LINE, DIM(60, 58, 3, 1, 1, 0), .x = NULL},
    {0, 1, 3, 2, LINE, DIM(6, 5, 2, 1, 1, 0), .x = NULL},
    {1, 1, 2, 3, LINE, DIM(2, 6, 2, 1, 1, 3), .x = NULL},
    /* 3 x 3 over many channels: tiles at edges, paddings, groups, blocks of tiles and channels */
    {2, 1, 12, 13, DIM(5, 5, 3, 1, 1, 1), DIM(6, 6, 3, 1, 1, 1), .x = NULL},
    {3, 2, 17, 70, DIM(9, 7, 3, 1, 1, 0), DIM(7, 9, 3, 1, 1, 2), .x = NULL},
    {2, 1, 130, 20, DIM(2, 4, 3, 1, 1, 2), DIM(2, 2, 3, 1, 1, 1), .x = NULL},
    {1, 1, 12, 12, DIM(4, 8, 3, 1, 1, 3), DIM(400, 403, 3, 1, 1, 2), .x = NULL},
    {40, 1, 33, 65, DIM(4, 4, 3, 1, 1, 1), DIM(4, 4, 3, 1, 1, 1), .x = NULL},
    /* planes of few places */
    {7, 1, 16, 20, DIM(5, 3, 3, 2, 1, 1), DIM(4, 2, 3, 2, 1, 1), .x = NULL},
    {30, 2, 20, 16, DIM(3, 3, 1, 1, 1, 0), DIM(5, 5, 1, 1, 1, 0), .x = NULL},
    {9, 1, 256, 40, DIM(2, 1, 1, 2, 1, 0), DIM(3, 2, 1, 2, 1, 0), .x = NULL},
};
enum { SIZES = sizeof sizes / sizeof *sizes };

typedef ore_status (*conv_row)(const ore_context *ctx, const ore_conv_args *args);
enum { Y, X, WEIGHT, ROWS };

static conv_row row_of(const ore_kernels *table, int row, ore_dtype dtype) {
    return row == Y   ? table->conv[dtype]
           : row == X ? table->conv_transpose[dtype]
                      : table->conv_weight[dtype];
}

static void compare(const ore_kernels *table, ore_dtype dtype, ore_conv_args args, int row,
                    bool with_bias) {
    const int64_t in = args.h.in * args.w.in, out = args.h.out * args.w.out;
    const int64_t taps = args.h.kernel * args.w.kernel;
    const int64_t count[ROWS] = {args.N * args.groups * args.O * out,
                                 args.N * args.groups * args.C * in,
                                 args.groups * args.O * args.C * taps};
    const int64_t terms[ROWS] = {args.C * taps, args.O * taps, args.N * out};
    void *operands[ROWS], *results[3];
    for (int i = 0; i < ROWS; i++)
        operands[i] = new_numbers(count[i], dtype, false);
    void *bias = new_numbers(args.groups * (args.C + args.O), dtype, false);
    args.y = operands[Y], args.x = operands[X], args.weight = operands[WEIGHT];
    args.bias = with_bias ? bias : NULL;
    for (int run = 0; run < 3; run++) {
        const ore_kernels *own = run ? table : &scalar_kernels;
        ore_context ctx = level_context(own);
        ore_set_num_threads(run == 2 ? 3 : 1);
        args.result = results[run] = new_numbers(count[row], dtype, false);
        assert_int_equal(row_of(own, row, dtype)(&ctx, &args), ORE_OK);
    }
    assert_close(row == Y   ? "conv"
                 : row == X ? "conv_transpose"
                            : "conv_weight",
                 count[row], dtype, results[1], results[0], 8 * unit_of(dtype),
                 16 + 4 * (double)terms[row]);
    assert_memory_equal(results[1], results[2], (size_t)count[row] * ore_dtype_size(dtype));
    for (int i = 0; i < 3; i++) {
        free(operands[i]);
        free(results[i]);
    }
    free(bias);
}

static void levels_agree_with_scalar(void **state) {
    (void)state;
    const level_tables *levels = levels_to_test();
    for (int l = 0; l < levels->count; l++)
        for (int s = 0; s < SIZES; s++)
            for (int row = Y; row < ROWS; row++) {
                compare(&levels->tables[l], ORE_FLOAT32, sizes[s], row, row < WEIGHT && s % 2);
                compare(&levels->tables[l], ORE_FLOAT64, sizes[s], row, row < WEIGHT && s % 2 == 0);
            }
}

/* ---- what gets lost at a border ---- */

/* Infinite weights and elements stay with the places that they meet. */
static void infinities_stay_where_they_are(void **state) {
    (void)state;
    for (int64_t groups = 1; groups <= 4; groups += 3) {
        ore_tensor *w = ore_full(ORE_SHAPE(4, 4 / groups, 3), INFINITY, ORE_FLOAT32);
        ore_tensor *x = ore_ones(ORE_SHAPE(1, 4, 37), ORE_FLOAT32);
        ore_f_conv1d_options o = ore_f_conv1d_defaults();
        o.groups = groups;
        o.padding = 1;
        ore_set_requires_grad(x, true);
        ore_tensor *y = ore_f_conv1d(x, w, NULL, &o);
        ore_backward(ore_sum(y, ORE_ALL, false));
        assert_true(ore_item(ore_sum(ore_isnan(ore_grad(x)), ORE_ALL, false)) == 0);
    }
}

static void assert_values(const ore_tensor *t, const double *want) {
    ore_tensor *doubles = ore_contiguous(ore_to((ore_tensor *)t, ORE_FLOAT64));
    const double *got = ore_data(doubles);
    for (int64_t i = 0; i < ore_numel(t); i++)
        if (!(fabs(got[i] - want[i]) <= 1e-6) && !(isnan(got[i]) && isnan(want[i])) &&
            got[i] != want[i])
            fail_msg("element %lld is %g, expected %g", (long long)i, got[i], want[i]);
}

/* Taps and places 2^31 apart: a padded copy of x would have 2^64 elements. */
static void places_may_lie_far_apart(void **state) {
    (void)state;
    const int64_t far = INT64_C(1) << 31;
    for (int64_t channels = 1; channels <= 4; channels += 3) {
        ore_f_conv2d_options o = ore_f_conv2d_defaults();
        o.stride = o.padding = ore_both(far);
        o.dilation = ore_both(far - 1);
        ore_tensor *x = ore_ones(ORE_SHAPE(1, channels, 1, 1), ORE_FLOAT32);
        ore_tensor *w = ore_ones(ORE_SHAPE(1, channels, 2, 2), ORE_FLOAT32);
        w = ore_repeat(w, ORE_SHAPE(channels, 1, 1, 1));
        ore_set_requires_grad(x, true);
        ore_set_requires_grad(w, true);
        ore_tensor *y = ore_select(ore_f_conv2d(x, w, NULL, &o), 1, 0);
        ore_backward(ore_sum(y, ORE_ALL, false));
        assert_values(ore_select(ore_select(ore_grad(w), 0, 0), 0, 0), (double[]){1, 0, 0, 0});
        assert_values(ore_grad(x), (double[]){1, 1, 1, 1});
    }
    ore_tensor *none = ore_ones(ORE_SHAPE(0, 8, 1 << 20, 2 * far), ORE_FLOAT32);
    ore_tensor *y = ore_f_conv2d(none, ore_ones(ORE_SHAPE(8, 8, 1, 1), ORE_FLOAT32), NULL, NULL);
    assert_int_equal(ore_size(y, 3), 2 * far);
    assert_true(ore_ok());
}

static void pools_meet_nan_and_nothing(void **state) {
    (void)state;
    ore_tensor *places;
    ore_tensor *x = ore_from_data((float[]){1, NAN, 3, NAN, 2, 2, -INFINITY, -INFINITY},
                                  ORE_SHAPE(1, 8), ORE_FLOAT32);
    ore_tensor *y = ore_f_max_pool1d(x, 4, NULL, &places);
    assert_values(y, (double[]){NAN, 2});
    assert_values(places, (double[]){3, 4}); /* the last NaN, the first of equals */
    y = ore_f_max_pool1d(ore_narrow(x, 1, 6, 2), 2, NULL, &places);
    assert_values(y, (double[]){-INFINITY});
    assert_values(places, (double[]){0});
    /* one element, with padding 1 and dilation 2: the window steps over it */
    ore_max_pool1d_options o = {1, 1, 2, false};
    ore_tensor *one = ore_set_requires_grad(ore_ones(ORE_SHAPE(1, 1), ORE_FLOAT32), true);
    y = ore_f_max_pool1d(one, 2, &o, &places);
    assert_values(y, (double[]){-INFINITY});
    assert_values(places, (double[]){-1});
    ore_backward(ore_sum(y, ORE_ALL, false));
    assert_values(ore_grad(one), (double[]){0});
    assert_int_equal(ore_numel(ore_f_adaptive_avg_pool1d(x, 0)), 0);
    assert_int_equal(ore_size(ore_f_adaptive_max_pool1d(x, -1, NULL), 1), 8);
}

/* ---- layers ---- */

static bool same(ore_tensor *a, ore_tensor *b) {
    return ore_shape_equal(ore_shape_of(a), ore_shape_of(b)) &&
           ore_allclose(a, b, 1e-6, 1e-6, false);
}

static void other_paddings_are_those_of_pad(void **state) {
    (void)state;
    ore_conv1d line;
    ore_conv2d image;
    ore_conv1d_options o = ore_conv1d_defaults();
    ore_tensor *x = ore_randn(ORE_SHAPE(2, 3, 9), ORE_FLOAT32, NULL);
    o.dilation = 2;
    o.padding_mode = ORE_PAD_REFLECT;
    o.padding_kind = ORE_PADDING_SAME;
    ore_conv1d_init(&line, NULL, NULL, 3, 4, 4, &o);
    ore_f_conv1d_options plain = ore_f_conv1d_defaults();
    plain.dilation = 2;
    ore_tensor *padded = ore_pad(x, (int64_t[]){3, 3}, 2, ORE_PAD_REFLECT, 0);
    assert_true(
        same(ore_conv1d_forward(&line, x), ore_f_conv1d(padded, line.weight, line.bias, &plain)));
    ore_module_free(&line.module);

    ore_conv2d_options p = ore_conv2d_defaults();
    p.padding = (ore_pair){2, 1};
    p.padding_mode = ORE_PAD_CIRCULAR;
    p.bias = false;
    ore_conv2d_init(&image, NULL, NULL, 3, 4, ore_both(2), &p);
    assert_null(image.bias);
    x = ore_randn(ORE_SHAPE(2, 3, 4, 5), ORE_FLOAT32, NULL);
    padded = ore_pad(x, (int64_t[]){1, 1, 2, 2}, 4, ORE_PAD_CIRCULAR, 0);
    assert_true(
        same(ore_module_forward(&image.module, x), ore_f_conv2d(padded, image.weight, NULL, NULL)));
    ore_module_free(&image.module);
}

/* Causal: what comes later changes nothing; the size stays. */
static void causal_layers_see_the_past(void **state) {
    (void)state;
    ore_conv1d c;
    ore_conv1d_options o = ore_conv1d_defaults();
    o.padding_kind = ORE_PADDING_CAUSAL;
    o.dilation = 3;
    ore_conv1d_init(&c, NULL, NULL, 2, 3, 3, &o);
    ore_tensor *x = ore_randn(ORE_SHAPE(1, 2, 12), ORE_FLOAT32, NULL), *later = ore_clone(x);
    ore_fill_(ore_narrow(later, 2, 7, 5), 9);
    ore_tensor *y = ore_conv1d_forward(&c, x), *changed = ore_conv1d_forward(&c, later);
    assert_int_equal(ore_size(y, 2), 12);
    assert_true(same(ore_narrow(y, 2, 0, 7), ore_narrow(changed, 2, 0, 7)));
    assert_false(same(y, changed));
    ore_module_free(&c.module);
}

/* A transposed convolution undoes the sizes of a convolution with the same options, and a layer
 * gives what the function gives. */
static void transposed_layers_undo_sizes(void **state) {
    (void)state;
    ore_module root;
    ore_conv_transpose1d line;
    ore_conv_transpose2d image;
    ore_module_init(&root, NULL, NULL);
    ore_conv_transpose1d_options o = ore_conv_transpose1d_defaults();
    o.stride = 2;
    o.groups = 2;
    ore_conv_transpose1d_init(&line, &root, "line", 4, 6, 3, &o);
    assert_int_equal(ore_size(line.weight, 1), 3);
    ore_tensor *x = ore_randn(ORE_SHAPE(2, 4, 5), ORE_FLOAT32, NULL);
    ore_f_conv_transpose1d_options f = {2, 0, 0, 1, 2};
    assert_true(same(ore_module_forward(&line.module, x),
                     ore_f_conv_transpose1d(x, line.weight, line.bias, &f)));
    ore_conv_transpose2d_options p = ore_conv_transpose2d_defaults();
    p.stride = (ore_pair){2, 3};
    p.output_padding = ore_both(1);
    p.bias = false;
    ore_conv_transpose2d_init(&image, &root, "image", 3, 2, (ore_pair){2, 4}, &p);
    x = ore_module_forward(&image.module, ore_randn(ORE_SHAPE(3, 4, 5), ORE_FLOAT32, NULL));
    assert_true(ore_shape_equal(ore_shape_of(x), ORE_SHAPE(2, 9, 17)));
    ore_module_free(&root);
}

static void pools_and_norms_stand_in_a_sequence(void **state) {
    (void)state;
    ore_sequential net;
    ore_conv2d conv;
    ore_batch_norm2d norm;
    ore_max_pool2d largest;
    ore_avg_pool2d mean;
    ore_adaptive_pool adaptive[4];
    ore_max_pool1d largest1;
    ore_avg_pool1d mean1;
    ore_sequential_init(&net, NULL, NULL);
    ore_conv2d_init(&conv, &net.module, "conv", 3, 4, ore_both(3), NULL);
    ore_batch_norm2d_init(&norm, &net.module, "norm", 4, NULL);
    ore_max_pool2d_init(&largest, &net.module, "largest", ore_both(2), NULL);
    ore_avg_pool2d_init(&mean, &net.module, "mean", (ore_pair){1, 2}, NULL);
    ore_adaptive_avg_pool2d_init(&adaptive[0], &net.module, "even", ore_both(2));
    ore_adaptive_max_pool2d_init(&adaptive[1], &net.module, "most", ore_both(1));
    ore_tensor *x = ore_randn(ORE_SHAPE(2, 3, 12, 14), ORE_FLOAT32, NULL);
    ore_tensor *y = ore_sequential_forward(&net, x);
    assert_true(ore_shape_equal(ore_shape_of(y), ORE_SHAPE(2, 4, 1, 1)));
    assert_int_equal(ore_item_int(norm.num_batches_tracked), 1);
    ore_tensor *h = ore_conv2d_forward(&conv, x);
    ore_module_eval(&net.module);
    h = ore_batch_norm(h, norm.running_mean, norm.running_var, norm.weight, norm.bias, false, 0,
                       1e-5);
    h = ore_f_avg_pool2d(ore_f_max_pool2d(h, ore_both(2), NULL, NULL), (ore_pair){1, 2}, NULL);
    h = ore_f_adaptive_max_pool2d(ore_f_adaptive_avg_pool2d(h, ore_both(2)), ore_both(1), NULL);
    assert_true(same(ore_sequential_forward(&net, x), h));
    ore_module_free(&net.module);

    ore_upsample larger;
    ore_sequential_init(&net, NULL, NULL);
    ore_upsample_init(&larger, &net.module, NULL, ORE_SHAPE(4, 3), 0);
    x = ore_reshape(ore_arange(0, 4, 1, ORE_FLOAT32), ORE_SHAPE(1, 1, 2, 2));
    assert_values(ore_sequential_forward(&net, x), (double[]){0, 0, 1, 0, 0, 1, 2, 2, 3, 2, 2, 3});
    larger.size = (ore_shape){.ndim = 0};
    larger.scale_factor = 0.5;
    assert_values(ore_upsample_forward(&larger, x), (double[]){0});
    ore_upsample_nearest(x, ORE_SHAPE(2));
    assert_error_is(ORE_INVALID, "upsample_nearest: size (2,) for 2 spatial dims, expected 1 or "
                                 "more each");
    ore_upsample_nearest_by(x, 0.2);
    assert_error_is(ORE_INVALID, "upsample_nearest_by: scale_factor 0.2 makes 0 of 2 elements, "
                                 "expected 1 or more");
    ore_upsample_nearest_by(ore_select(x, 0, 0), NAN);
    assert_error(ORE_INVALID, "makes nan of 2 elements");
    ore_upsample_nearest(ore_flatten(x, 0, 1), ORE_SHAPE(2, 2));
    assert_error(ORE_INVALID, "size (2, 2) for 1 spatial dims");
    ore_module_free(&net.module);

    ore_sequential_init(&net, NULL, NULL);
    ore_max_pool1d_init(&largest1, &net.module, NULL, 2, NULL);
    ore_avg_pool1d_init(&mean1, &net.module, NULL, 3, NULL);
    ore_adaptive_max_pool1d_init(&adaptive[2], &net.module, NULL, 2);
    ore_adaptive_avg_pool1d_init(&adaptive[3], &net.module, NULL, 1);
    x = ore_reshape(ore_arange(0, 12, 1, ORE_FLOAT32), ORE_SHAPE(1, 1, 12));
    assert_values(ore_sequential_forward(&net, x), (double[]){6}); /* means 3, 9 of 1 3 5, 7 9 11 */
    assert_values(ore_adaptive_pool_forward(&adaptive[3], x), (double[]){5.5});
    ore_module_free(&net.module);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_agree_with_scalar),
        cmocka_unit_test_setup_teardown(infinities_stay_where_they_are, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(places_may_lie_far_apart, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(pools_meet_nan_and_nothing, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(other_paddings_are_those_of_pad, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(causal_layers_see_the_past, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(transposed_layers_undo_sizes, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(pools_and_norms_stand_in_a_sequence, begin_scope,
                                        end_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
