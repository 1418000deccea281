/* test_norms.c: RMS, group and instance norm: values, running values, layers, errors. Their golden
 * cases are in golden/ops.json, their gradients in test_gradcheck.c. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <ore/nn.h>

#include "support/modules.h"
#include "support/refusals.h"

static void assert_numbers(const ore_tensor *t, const float *want) {
    assert_non_null(t);
    const float *got = ore_data(t);
    for (int64_t i = 0; i < ore_numel(t); i++)
        if (!(fabsf(got[i] - want[i]) <= 1e-6f + 1e-6f * fabsf(want[i])))
            fail_msg("element %lld is %.9g, expected %.9g", (long long)i, (double)got[i],
                     (double)want[i]);
}

/* ---- RMS norm ---- */

static void rms_norm_has_pytorchs_default_eps(void **state) {
    (void)state;
    ore_tensor *tiny = ore_full(ORE_SHAPE(4), 1e-4, ORE_FLOAT32); /* its square is 1e-8 */
    float y = 1e-4f / sqrtf(1e-8f + 0x1p-23f), z = 1e-4f / sqrtf(1e-8f + 1e-5f);
    assert_numbers(ore_f_rms_norm(tiny, ORE_SHAPE(4), NULL, NAN), (float[]){y, y, y, y});
    assert_numbers(ore_f_rms_norm(tiny, ORE_SHAPE(4), NULL, 1e-5), (float[]){z, z, z, z});
    ore_tensor *two = ore_to(tiny, ORE_FLOAT64);
    double w = ore_item(ore_select(ore_f_rms_norm(two, ORE_SHAPE(4), NULL, NAN), 0, 0));
    assert_true(fabs(w - 1 / sqrt(1 + 0x1p-52 / 1e-8)) < 1e-6);
}

static void rms_norm_is_a_layer(void **state) {
    (void)state;
    ore_module root;
    ore_rms_norm norm, plain;
    ore_rms_norm_options o = ore_rms_norm_defaults();
    ore_module_init(&root, NULL, NULL);
    ore_rms_norm_init(&norm, &root, "norm", ORE_SHAPE(2), NULL);
    o.weight = false;
    o.eps = 1;
    ore_rms_norm_init(&plain, &root, "plain", ORE_SHAPE(2, 2), &o);
    assert_names(ore_module_state(&root), NAMES("norm.weight"));
    ore_tensor *x = ore_from_data((float[]){3, 4, 5, -12}, ORE_SHAPE(2, 2), ORE_FLOAT32);
    ore_fill_(ore_detach(norm.weight), 2);
    float a = 2 / sqrtf(12.5f), b = 2 / sqrtf(84.5f), c = 1 / sqrtf(48.5f + 1);
    assert_numbers(ore_module_forward(&norm.module, x), (float[]){3 * a, 4 * a, 5 * b, -12 * b});
    assert_numbers(ore_rms_norm_forward(&plain, x), (float[]){3 * c, 4 * c, 5 * c, -12 * c});
    ore_module_free(&root);
}

/* ---- group and instance norm ---- */

static void an_instance_is_a_group_of_one_channel(void **state) {
    (void)state;
    ore_generator *g = ore_generator_new(1);
    ore_tensor *x = ore_randn(ORE_SHAPE(3, 4, 2, 5), ORE_FLOAT32, g);
    ore_tensor *weight = ore_randn(ORE_SHAPE(4), ORE_FLOAT32, g);
    ore_tensor *bias = ore_randn(ORE_SHAPE(4), ORE_FLOAT32, g);
    assert_numbers(ore_f_instance_norm(x, NULL, NULL, weight, bias, true, 0.1, 1e-5),
                   ore_data(ore_f_group_norm(x, 4, weight, bias, 1e-5)));
    ore_tensor *whole_rows = ore_f_layer_norm(x, ORE_SHAPE(4, 2, 5), NULL, NULL, 1e-5);
    assert_numbers(ore_f_group_norm(x, 1, NULL, NULL, 1e-5), ore_data(whole_rows));
    ore_generator_free(g);
}

static void group_norm_is_a_layer(void **state) {
    (void)state;
    ore_module root;
    ore_group_norm norm;
    ore_module_init(&root, NULL, NULL);
    ore_group_norm_init(&norm, &root, "gn", 1, 2, NULL);
    assert_names(ore_module_state(&root), NAMES("gn.weight", "gn.bias"));
    ore_tensor *x = ore_from_data((float[]){1, 3, -2, 2}, ORE_SHAPE(2, 2, 1), ORE_FLOAT32);
    ore_copy_in(ore_detach(norm.weight), (float[]){2, 3}, 8);
    ore_copy_in(ore_detach(norm.bias), (float[]){10, 20}, 8);
    float a = 1 / sqrtf(1 + 1e-5f), b = 2 / sqrtf(4 + 1e-5f);
    assert_numbers(ore_module_forward(&norm.module, x),
                   (float[]){10 - 2 * a, 20 + 3 * a, 10 - 2 * b, 20 + 3 * b});
    ore_module_free(&root);
}

/* Two examples of one channel: 1, 3 (mean 2, variance 1, unbiased 2) and 4, 10 (7, 9, 18). */
static ore_tensor *two_examples(void) {
    return ore_from_data((float[]){1, 3, 4, 10}, ORE_SHAPE(2, 1, 2), ORE_FLOAT32);
}

static void instance_norm_tracks_the_average_example(void **state) {
    (void)state;
    ore_module root;
    ore_instance_norm norm;
    ore_instance_norm_options o = ore_instance_norm_defaults();
    o.affine = o.track_running_stats = true;
    ore_module_init(&root, NULL, NULL);
    ore_instance_norm1d_init(&norm, &root, "in", 1, &o);
    assert_names(ore_module_state(&root), NAMES("in.weight", "in.bias", "in.running_mean",
                                                "in.running_var", "in.num_batches_tracked"));
    float a = 1 / sqrtf(1 + 1e-5f), b = 3 / sqrtf(9 + 1e-5f);
    assert_numbers(ore_module_forward(&norm.module, two_examples()), (float[]){-a, a, -b, b});
    assert_numbers(norm.running_mean, (float[]){0.45f});
    assert_numbers(norm.running_var, (float[]){0.9f + 1.0f});
    assert_int_equal(ore_item_int(norm.num_batches_tracked), 0); /* PyTorch never counts */

    ore_module_eval(&root);
    float s = sqrtf(1.9f + 1e-5f);
    assert_numbers(ore_instance_norm1d_forward(&norm, two_examples()),
                   (float[]){0.55f / s, 2.55f / s, 3.55f / s, 9.55f / s});
    assert_numbers(norm.running_mean, (float[]){0.45f});
    ore_module_free(&root);
}

static void instance_norm_takes_one_example_alone(void **state) {
    (void)state;
    ore_module root;
    ore_instance_norm norm;
    ore_module_init(&root, NULL, NULL);
    ore_instance_norm2d_init(&norm, &root, "in", 2, NULL);
    assert_names(ore_module_state(&root), NAMES(NULL));
    ore_tensor *x = ore_from_data((float[]){1, 3, 4, 10}, ORE_SHAPE(2, 1, 2), ORE_FLOAT32);
    float a = 1 / sqrtf(1 + 1e-5f), b = 3 / sqrtf(9 + 1e-5f);
    for (int training = 0; training < 2; training++) {
        ore_module_train(&root, training);
        ore_tensor *y = ore_instance_norm2d_forward(&norm, x);
        assert_true(ore_shape_equal(ore_shape_of(y), ORE_SHAPE(2, 1, 2)));
        assert_numbers(y, (float[]){-a, a, -b, b});
        assert_numbers(ore_module_forward(&norm.module, ore_unsqueeze(x, 0)), ore_data(y));
    }
    ore_module_free(&root);
}

/* ---- float32 parameters beside halves ---- */

typedef ore_tensor *(*norm_of)(ore_tensor *x, ore_tensor *weight, ore_tensor *bias,
                               ore_tensor *running);

static ore_tensor *layer(ore_tensor *x, ore_tensor *weight, ore_tensor *bias, ore_tensor *running) {
    (void)running;
    return ore_f_layer_norm(x, ORE_SHAPE(6), weight, bias, 1e-5);
}

static ore_tensor *rms(ore_tensor *x, ore_tensor *weight, ore_tensor *bias, ore_tensor *running) {
    (void)running, (void)bias;
    return ore_f_rms_norm(x, ORE_SHAPE(6), weight, 1e-5);
}

static ore_tensor *group(ore_tensor *x, ore_tensor *weight, ore_tensor *bias, ore_tensor *running) {
    (void)running;
    return ore_f_group_norm(x, 3, weight, bias, 1e-5);
}

static ore_tensor *batch(ore_tensor *x, ore_tensor *weight, ore_tensor *bias, ore_tensor *running) {
    return ore_batch_norm(x, running, running, weight, bias, true, 0.1, 1e-5);
}

/* An x of (40, 6, 6), so that sums over its rows are of several blocks. */
static void check_beside_halves(norm_of norm, ore_dtype half) {
    ore_generator *g = ore_generator_new(4);
    ore_tensor *p[3], *q[3];
    p[0] = ore_to(ore_randn(ORE_SHAPE(40, 6, 6), ORE_FLOAT32, g), half);
    p[1] = ore_randn(ORE_SHAPE(6), ORE_FLOAT32, g);
    p[2] = ore_randn(ORE_SHAPE(6), ORE_FLOAT32, g);
    ore_tensor *running = ore_ones(ORE_SHAPE(6), ORE_FLOAT32);
    ore_tensor *other = ore_ones(ORE_SHAPE(6), ORE_FLOAT32);
    ore_tensor *dy = ore_to(ore_randn(ORE_SHAPE(40, 6, 6), ORE_FLOAT32, g), half);
    for (int i = 0; i < 3; i++) {
        q[i] = ore_clone(ore_to(p[i], ORE_FLOAT32));
        ore_set_requires_grad(p[i], true);
        ore_set_requires_grad(q[i], true);
    }
    ore_tensor *y = norm(p[0], p[1], p[2], running), *z = norm(q[0], q[1], q[2], other);
    assert_non_null(y);
    assert_int_equal(ore_tensor_dtype(y), half);
    assert_true(ore_item(ore_all(ore_eq(y, ore_to(z, half)), ORE_ALL, false)) != 0);
    assert_true(ore_item(ore_all(ore_eq(running, other), ORE_ALL, false)) != 0);
    ore_backward_from(y, dy, false);
    ore_backward_from(z, ore_to(dy, ORE_FLOAT32), false);
    for (int i = 0; i < (norm == rms ? 2 : 3); i++)
        assert_int_equal(ore_tensor_dtype(ore_grad(p[i])), i == 0 ? half : ORE_FLOAT32);
    ore_tensor *dx = ore_to(ore_grad(q[0]), half);
    assert_true(ore_item(ore_all(ore_eq(ore_grad(p[0]), dx), ORE_ALL, false)) != 0);
    for (int i = 1; i < (norm == rms ? 2 : 3); i++) /* added up in another order */
        assert_true(ore_item(ore_amax(ore_abs(ore_sub(ore_grad(p[i]), ore_grad(q[i]))), ORE_ALL,
                                      false)) < 1e-4);
    ore_generator_free(g);
}

/* As in float32 but for one rounding of the result, and of the gradient of x. */
static void parameters_may_be_float32_beside_halves(void **state) {
    static const norm_of norms[] = {layer, rms, group, batch};
    (void)state;
    for (int i = 0; i < 4; i++) {
        check_beside_halves(norms[i], ORE_BFLOAT16);
        check_beside_halves(norms[i], ORE_FLOAT16);
    }
}

static void parameters_are_of_one_dtype(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(2, 4)), *c = ones(ORE_SHAPE(4));
    ore_tensor *h = ore_to(x, ORE_BFLOAT16), *d = ore_to(c, ORE_BFLOAT16);
    invalid(ore_f_layer_norm(x, ORE_SHAPE(4), d, NULL, 1e-5),
            "layer_norm: weight (4,) of bfloat16, expected (4,) of float32");
    invalid(ore_f_layer_norm(h, ORE_SHAPE(4), ore_to(c, ORE_FLOAT64), NULL, 1e-5),
            "layer_norm: weight (4,) of float64, expected (4,) of bfloat16");
    invalid(ore_f_layer_norm(h, ORE_SHAPE(4), c, d, 1e-5),
            "layer_norm: bias (4,) of bfloat16, expected (4,) of float32");
    invalid(ore_f_group_norm(h, 2, d, c, 1e-5),
            "group_norm: bias (4,) of float32, expected (4,) of bfloat16");
    invalid(ore_batch_norm(h, c, c, d, NULL, true, 0.1, 1e-5),
            "batch_norm: running_mean (4,) of float32, expected (4,) of bfloat16");
}

/* ---- errors ---- */

static void ops_name_what_does_not_fit(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(2, 4)), *y = ones(ORE_SHAPE(2, 4, 3)), *c = ones(ORE_SHAPE(4));
    ore_tensor *i = ore_to(y, ORE_INT64);
    invalid(ore_f_rms_norm(x, ORE_SHAPE(2), NULL, 1e-5),
            "rms_norm: x (2, 4) does not end in the normalized shape (2,)");
    invalid(ore_f_rms_norm(x, ORE_SHAPE(4), ones(ORE_SHAPE(2)), 1e-5),
            "rms_norm: weight (2,) of float32, expected (4,) of float32");
    invalid(ore_f_rms_norm(i, ORE_SHAPE(3), NULL, 1e-5),
            "rms_norm: dtype int64, expected a floating one");
    invalid(ore_f_group_norm(c, 2, NULL, NULL, 1e-5),
            "group_norm: x (4,), expected (N, C) or (N, C, ..)");
    invalid(ore_f_group_norm(i, 2, NULL, NULL, 1e-5),
            "group_norm: dtype int64, expected a floating one");
    invalid(ore_f_group_norm(x, 3, NULL, NULL, 1e-5),
            "group_norm: 3 groups of the 4 channels of x (2, 4), expected a divisor");
    invalid(ore_f_group_norm(ones(ORE_SHAPE(1, 4)), 4, NULL, NULL, 1e-5),
            "group_norm: x (1, 4) has 1 value in each of 4 groups, expected more than 1");
    invalid(ore_f_group_norm(x, 2, NULL, x, 1e-5),
            "group_norm: bias (2, 4) of float32, expected (4,) of float32");
    invalid(ore_f_instance_norm(x, NULL, NULL, NULL, NULL, true, 0.1, 1e-5),
            "instance_norm: x (2, 4), expected (N, C, ..) of three dims or more");
    invalid(ore_f_instance_norm(i, NULL, NULL, NULL, NULL, true, 0.1, 1e-5),
            "instance_norm: dtype int64, expected a floating one");
    invalid(ore_f_instance_norm(ones(ORE_SHAPE(5, 4, 1)), NULL, NULL, NULL, NULL, true, 0.1, 1e-5),
            "instance_norm: x (5, 4, 1) has 1 value a channel, expected more than 1 where "
            "use_input_stats is true");
    invalid(ore_f_instance_norm(y, c, NULL, NULL, NULL, false, 0.1, 1e-5),
            "instance_norm: no running_mean and running_var, expected both where use_input_stats "
            "is false");
    invalid(ore_f_instance_norm(y, c, x, NULL, NULL, true, 0.1, 1e-5),
            "instance_norm: running_var (2, 4) of float32, expected (4,) of float32");
}

static void layers_say_where(void **state) {
    (void)state;
    ore_module root;
    ore_rms_norm rms;
    ore_group_norm group, uneven;
    ore_instance_norm instance, none;
    ore_rms_norm_options o = ore_rms_norm_defaults();
    o.eps = -1;
    ore_module_init(&root, NULL, NULL);
    ore_rms_norm_init(&rms, &root, "rms", ORE_SHAPE(2), &o);
    invalid(NULL, "rms: rms_norm: 1 dims, eps -1, expected at least 1 and 0");
    ore_group_norm_init(&uneven, &root, "uneven", 2, 3, NULL);
    invalid(NULL, "uneven: group_norm: num_groups 2, num_channels 3, eps 1e-05, expected groups "
                  "that divide the channels and an eps of at least 0");
    ore_group_norm_init(&group, &root, "group", 2, 4, NULL);
    invalid(ore_group_norm_forward(&group, ones(ORE_SHAPE(2, 2))),
            "group: group_norm: x (2, 2), expected (N, 4) or (N, 4, ..)");
    ore_instance_norm1d_init(&none, &root, "none", 0, NULL);
    invalid(NULL, "none: instance_norm1d: num_features 0, eps 1e-05, expected at least 1 and 0");
    ore_instance_norm2d_init(&instance, &root, "instance", 3, NULL);
    invalid(ore_instance_norm2d_forward(&instance, ones(ORE_SHAPE(2, 4, 3))),
            "instance: instance_norm2d: x (2, 4, 3), expected (N, C, H, W) or (C, H, W), C = 3");
    ore_module_free(&root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rms_norm_has_pytorchs_default_eps, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(rms_norm_is_a_layer, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(an_instance_is_a_group_of_one_channel, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(group_norm_is_a_layer, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(instance_norm_tracks_the_average_example, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(instance_norm_takes_one_example_alone, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(parameters_may_be_float32_beside_halves, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(parameters_are_of_one_dtype, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(ops_name_what_does_not_fit, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(layers_say_where, begin_scope, end_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
