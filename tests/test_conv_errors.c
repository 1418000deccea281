/* test_conv_errors.c: what convolution and pooling say about arguments that cannot be, word for
 * word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <ore/conv.h>
#include <ore/nn.h>

#include "support/refusals.h"

static ore_f_conv1d_options with(int64_t stride, int64_t padding, int64_t dilation,
                                 int64_t groups) {
    return (ore_f_conv1d_options){stride, padding, dilation, groups, ORE_PADDING_GIVEN};
}

static void operands_of_convolutions(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(2, 4, 5)), *w = ones(ORE_SHAPE(6, 4, 3));
    ore_tensor *image = ones(ORE_SHAPE(2, 4, 5, 5)), *filter = ones(ORE_SHAPE(6, 4, 3, 3));
    invalid(ore_f_conv1d(NULL, w, NULL, NULL), "conv1d: argument 1 is NULL");
    invalid(ore_f_conv1d(image, w, NULL, NULL),
            "conv1d: x (2, 4, 5, 5), expected (N, C, L) or (C, L)");
    invalid(ore_f_conv2d(ones(ORE_SHAPE(4, 5)), filter, NULL, NULL),
            "conv2d: x (4, 5), expected (N, C, H, W) or (C, H, W)");
    invalid(ore_f_conv1d(x, filter, NULL, NULL),
            "conv1d: weight (6, 4, 3, 3), expected (out, in / groups, K)");
    invalid(ore_f_conv2d(image, w, NULL, NULL),
            "conv2d: weight (6, 4, 3), expected (out, in / groups, KH, KW)");
    invalid(ore_f_conv_transpose1d(x, filter, NULL, NULL),
            "conv_transpose1d: weight (6, 4, 3, 3), expected (in, out / groups, K)");
    invalid(ore_f_conv_transpose2d(image, w, NULL, NULL),
            "conv_transpose2d: weight (6, 4, 3), expected (in, out / groups, KH, KW)");
    invalid(ore_f_conv1d(ones(ORE_SHAPE(2, 3, 5)), w, NULL, NULL),
            "conv1d: x (2, 3, 5) has 3 channels, expected 4 for weight (6, 4, 3) in 1 group");
    invalid(ore_f_conv_transpose1d(x, w, NULL, NULL),
            "conv_transpose1d: x (2, 4, 5) has 4 channels, expected 6 for weight (6, 4, 3) in 1 "
            "group");
    invalid(ore_f_conv1d(x, w, ones(ORE_SHAPE(4)), NULL), "conv1d: bias (4,), expected (6,)");
    invalid(ore_f_conv1d(x, ore_to(w, ORE_FLOAT64), NULL, NULL),
            "conv1d: x of float32, weight of float64, expected one dtype");
    invalid(ore_f_conv1d(x, w, ore_zeros(ORE_SHAPE(6), ORE_FLOAT64), NULL),
            "conv1d: x of float32, bias of float64, expected one dtype");
    ore_tensor *whole_x = ore_ones(ORE_SHAPE(2, 4, 5), ORE_INT64);
    invalid(ore_f_conv1d(whole_x, w, NULL, NULL), "conv1d: dtype int64, expected a floating one");
}

static void options_of_convolutions(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(2, 4, 5)), *w = ones(ORE_SHAPE(6, 4, 3));
    ore_f_conv1d_options o = with(0, 0, 1, 1);
    invalid(ore_f_conv1d(x, w, NULL, &o),
            "conv1d: stride 0, padding 0, dilation 1, expected at least 1, 0 and 1");
    o = with(1, -1, 1, 1);
    invalid(ore_f_conv1d(x, w, NULL, &o),
            "conv1d: stride 1, padding -1, dilation 1, expected at least 1, 0 and 1");
    o = with(1, 0, 0, 1);
    invalid(ore_f_conv1d(x, w, NULL, &o),
            "conv1d: stride 1, padding 0, dilation 0, expected at least 1, 0 and 1");
    o = with(1, 0, 1, 0);
    invalid(ore_f_conv1d(x, w, NULL, &o),
            "conv1d: groups 0 do not divide the first size of weight (6, 4, 3)");
    o = with(1, 0, 1, 4);
    invalid(ore_f_conv1d(x, w, NULL, &o),
            "conv1d: groups 4 do not divide the first size of weight (6, 4, 3)");
    o = with(1, 0, 1, 2);
    invalid(ore_f_conv1d(x, w, NULL, &o),
            "conv1d: x (2, 4, 5) has 4 channels, expected 8 for weight (6, 4, 3) in 2 groups");
    o = with(1, 1, 4, 1);
    invalid(ore_f_conv1d(x, w, NULL, &o),
            "conv1d: a kernel of 3, 9 with dilation, along dim -1 of 7 with padding, expected 1 "
            "to that size");
    invalid(ore_f_conv2d(ones(ORE_SHAPE(1, 2, 9)), ones(ORE_SHAPE(1, 1, 3, 3)), NULL, NULL),
            "conv2d: a kernel of 3, 3 with dilation, along dim -2 of 2 with padding, expected 1 "
            "to that size");
    invalid(ore_f_conv1d(x, ones(ORE_SHAPE(6, 4, 0)), NULL, NULL),
            "conv1d: a kernel of 0, 0 with dilation, along dim -1 of 5 with padding, expected 1 "
            "to that size");
    o = with(2, 0, 1, 1);
    o.padding_kind = ORE_PADDING_SAME;
    invalid(ore_f_conv1d(x, w, NULL, &o), "conv1d: stride 2 with ORE_PADDING_SAME, expected 1");
    o = with(1, 2, 1, 1);
    o.padding_kind = ORE_PADDING_CAUSAL;
    invalid(ore_f_conv1d(x, w, NULL, &o), "conv1d: padding 2 beside a padding_kind, expected 0");
    o.padding_kind = (ore_padding_kind)7;
    o.padding = 0;
    invalid(ore_f_conv1d(x, w, NULL, &o), "conv1d: padding_kind 7 is none");
    ore_f_conv_transpose1d_options t = {2, 0, 2, 1, 1};
    ore_tensor *wt = ones(ORE_SHAPE(4, 6, 3));
    invalid(ore_f_conv_transpose1d(x, wt, NULL, &t),
            "conv_transpose1d: output_padding 2, expected less than stride 2 or dilation 1");
    t = (ore_f_conv_transpose1d_options){1, 4, 0, 1, 1};
    invalid(ore_f_conv_transpose1d(x, wt, NULL, &t),
            "conv_transpose1d: -1 positions along dim -1, expected at least 1");
    t.padding = 0;
    invalid(ore_f_conv_transpose1d(ones(ORE_SHAPE(2, 4, 0)), wt, NULL, &t),
            "conv_transpose1d: a kernel of 3 along dim -1 of 0, expected at least 1 of both");
    invalid(ore_f_conv_transpose1d(x, ones(ORE_SHAPE(4, 6, 0)), NULL, &t),
            "conv_transpose1d: a kernel of 0 along dim -1 of 5, expected at least 1 of both");
    t.stride = INT64_C(1) << 31;
    invalid(ore_f_conv_transpose1d(ones(ORE_SHAPE(0, 4, INT64_C(1) << 40)), wt, NULL, &t),
            "conv_transpose1d: 2.36118e+21 places along dim -1, expected no more than 2^60");
    t.stride = 1;
    t.output_padding = -1;
    invalid(ore_f_conv_transpose1d(x, wt, NULL, &t),
            "conv_transpose1d: output_padding -1, expected 0 or more");
}

static void pooling(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(2, 3, 5)), *image = ones(ORE_SHAPE(3, 4, 5)), *places = x;
    ore_max_pool1d_options o = ore_max_pool1d_defaults();
    invalid(ore_f_max_pool1d(ones(ORE_SHAPE(5)), 2, NULL, &places),
            "max_pool1d: x (5,), expected (N, C, L) or (C, L)");
    assert_null(places);
    invalid(ore_f_max_pool2d(ones(ORE_SHAPE(2, 2)), ore_both(2), NULL, NULL),
            "max_pool2d: x (2, 2), expected (N, C, H, W) or (C, H, W)");
    invalid(ore_f_max_pool1d(x, 0, NULL, NULL),
            "max_pool1d: kernel 0, stride 1, dilation 1, expected at least 1");
    o.stride = -1;
    invalid(ore_f_max_pool1d(x, 2, &o, NULL),
            "max_pool1d: kernel 2, stride -1, dilation 1, expected at least 1");
    o = ore_max_pool1d_defaults();
    o.dilation = 0;
    invalid(ore_f_max_pool1d(x, 2, &o, NULL),
            "max_pool1d: kernel 2, stride 2, dilation 0, expected at least 1");
    o = ore_max_pool1d_defaults();
    o.padding = 2;
    invalid(ore_f_max_pool1d(x, 3, &o, NULL),
            "max_pool1d: padding 2, expected 0 .. 1, half of the kernel");
    o.padding = -1;
    invalid(ore_f_max_pool1d(x, 3, &o, NULL),
            "max_pool1d: padding -1, expected 0 .. 1, half of the kernel");
    invalid(ore_f_max_pool1d(x, 6, NULL, NULL),
            "max_pool1d: a window of 6 along dim -1 of 5 with padding");
    invalid(ore_f_avg_pool2d(image, (ore_pair){5, 2}, NULL),
            "avg_pool2d: a window of 5 along dim -2 of 4 with padding");
    invalid(ore_f_avg_pool1d(ones(ORE_SHAPE(2, 3, 0)), 1, NULL),
            "avg_pool1d: x (2, 3, 0) has no elements along dim -1");
    ore_avg_pool2d_options a = ore_avg_pool2d_defaults();
    a.divisor_override = -2;
    invalid(ore_f_avg_pool2d(image, ore_both(2), &a),
            "avg_pool2d: divisor_override -2, expected 1 or more, or 0 for none");
    invalid(ore_f_adaptive_avg_pool1d(x, -2),
            "adaptive_avg_pool1d: output -2, expected 0 or more, or -1");
    invalid(ore_f_adaptive_max_pool2d(image, (ore_pair){2, -3}, NULL),
            "adaptive_max_pool2d: output -3, expected 0 or more, or -1");
    invalid(ore_f_adaptive_avg_pool2d(ore_ones(ORE_SHAPE(1, 2, 2), ORE_INT32), ore_both(1)),
            "adaptive_avg_pool2d: dtype int32, expected a floating one");
}

static void layers(void **state) {
    (void)state;
    ore_module root;
    ore_conv2d unfit, conv;
    ore_conv_transpose1d transposed;
    ore_max_pool2d pool;
    ore_module_init(&root, NULL, NULL);
    ore_conv2d_options o = ore_conv2d_defaults();
    o.groups = 2;
    assert_int_equal(ore_conv2d_init(&unfit, &root, "a", 4, 3, ore_both(3), &o), ORE_INVALID);
    invalid(NULL, "a: conv2d: in_channels 4, out_channels 3, groups 2, expected at least 1 and "
                  "groups that divide both");
    ore_conv_transpose1d_init(&transposed, &root, "b", 4, 3, 0, NULL);
    invalid(NULL, "b: conv_transpose1d: kernel 0, expected at least 1");
    ore_conv2d_init(&conv, &root, "c", 4, 3, ore_both(3), NULL);
    invalid(ore_conv2d_forward(&conv, ones(ORE_SHAPE(1, 3, 9, 9))),
            "c: conv2d: x (1, 3, 9, 9) has 3 channels, expected 4 for weight (3, 4, 3, 3) in 1 "
            "group");
    ore_max_pool2d_init(&pool, &root, "d", ore_both(0), NULL);
    invalid(ore_max_pool2d_forward(&pool, ones(ORE_SHAPE(1, 3, 9, 9))),
            "d: max_pool2d: kernel 0, stride 1, dilation 1, expected at least 1");
    ore_batch_norm2d norm;
    ore_batch_norm2d_init(&norm, &root, "e", 3, NULL);
    invalid(ore_batch_norm2d_forward(&norm, ones(ORE_SHAPE(2, 3))),
            "e: batch_norm2d: x (2, 3), expected (N, 3, H, W)");
    ore_module_free(&root);
}

static void patches(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(2, 3, 4, 5)), *columns = ones(ORE_SHAPE(2, 12, 6));
    ore_f_unfold_options o = ore_f_unfold_defaults();
    invalid(ore_f_unfold(ones(ORE_SHAPE(4, 5)), ore_both(2), NULL),
            "unfold: x (4, 5), expected (N, C, H, W) or (C, H, W)");
    invalid(ore_f_unfold(ore_ones(ORE_SHAPE(3, 4, 5), ORE_INT64), ore_both(2), NULL),
            "unfold: dtype int64, expected a floating one");
    invalid(ore_f_unfold(x, ore_both(5), NULL),
            "unfold: patches of (5, 5) with dilation in (4, 5) with padding, expected no more than "
            "that size");
    o.stride.w = 0;
    invalid(ore_f_unfold(x, ore_both(2), &o),
            "unfold: kernel (2, 2), stride (1, 0), padding (0, 0), dilation (1, 1), expected at "
            "least 1, 1, 0 and 1");
    invalid(ore_f_fold(x, ore_both(3), ore_both(2), NULL),
            "fold: x (2, 3, 4, 5), expected (N, C KH KW, L) or (C KH KW, L)");
    invalid(ore_f_fold(columns, (ore_pair){3, 3}, ore_both(2), NULL),
            "fold: x (2, 12, 6), expected a multiple of 4 rows and 4 columns");
    invalid(ore_f_fold(columns, (ore_pair){3, 4}, (ore_pair){1, 5}, NULL),
            "fold: patches of (1, 5) with dilation in (3, 4) with padding, expected no more than "
            "that size");
    invalid(ore_f_fold(columns, (ore_pair){-1, 4}, ore_both(2), NULL),
            "fold: an image of (-1, 4), expected 0 .. 2^31");
    refused(ore_f_fold(columns, ore_both(INT64_C(1) << 31), ore_both(1),
                       &(ore_f_unfold_options){ore_both(1), ore_both(1 << 30), ore_both(1)}),
            ORE_MEMORY, "fold: out of memory: (4294967296, 4294967296) with padding");
}

/* Layers that pad x themselves refuse what the functions refuse. */
static void layers_of_other_paddings(void **state) {
    (void)state;
    ore_module root;
    ore_conv2d conv;
    ore_conv1d causal, other;
    ore_module_init(&root, NULL, NULL);
    ore_conv2d_options o = ore_conv2d_defaults();
    o.padding_mode = ORE_PAD_REFLECT;
    o.padding_kind = ORE_PADDING_SAME;
    o.stride.w = 2;
    ore_conv2d_init(&conv, &root, "a", 4, 3, ore_both(3), &o);
    invalid(ore_conv2d_forward(&conv, ones(ORE_SHAPE(1, 4, 9, 9))),
            "a: conv2d: stride 2 with ORE_PADDING_SAME, expected 1");
    ore_conv1d_options o1 = ore_conv1d_defaults();
    o1.padding_mode = ORE_PAD_REPLICATE;
    o1.padding_kind = ORE_PADDING_CAUSAL;
    o1.padding = 1;
    ore_conv1d_init(&causal, &root, "b", 4, 3, 3, &o1);
    invalid(ore_conv1d_forward(&causal, ones(ORE_SHAPE(1, 4, 9))),
            "b: conv1d: padding 1 beside a padding_kind, expected 0");
    o1.padding = 0;
    o1.padding_kind = (ore_padding_kind)7;
    ore_conv1d_init(&other, &root, "c", 4, 3, 3, &o1);
    invalid(ore_conv1d_forward(&other, ones(ORE_SHAPE(1, 4, 9))),
            "c: conv1d: padding_kind 7 is none");
    ore_module_free(&root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(operands_of_convolutions, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(options_of_convolutions, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(patches, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(pooling, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(layers, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(layers_of_other_paddings, begin_scope, end_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
