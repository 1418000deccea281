/* test_batch_norm.c: batch norm of every vector level against scalar, one bit the same for any
 * number of threads; the layer: its buffers, its modes, its averages; what is refused. */
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

/* N, C, L */
static const int64_t shapes[][3] = {{2, 1, 1},    {32, 200, 1}, {128, 128, 1}, {3, 7, 1},
                                    {600, 17, 1}, {5, 33, 1},   {2, 3, 2},     {4, 5, 17},
                                    {3, 2, 9000}, {1, 65, 8},   {0, 3, 1},     {1, 2, 4}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* Whether a run trains, has x's gradient, weights, and the parameters' gradients. */
enum { TRAINS = 1, WITH_DX = 2, WITH_WEIGHT = 4, WITH_GRADS = 8, WITH_RUNNING = 16 };

enum { Y, MEAN, RSTD, RUNNING_MEAN, RUNNING_VAR, DX, DWEIGHT, DBIAS, OUTPUTS };

/* Means and scales are of float64 whatever x is. */
static ore_dtype dtype_of(int output, ore_dtype dtype) {
    return output == MEAN || output == RSTD ? ORE_FLOAT64 : dtype;
}

static void run_rows(const ore_kernels *table, ore_dtype dtype, ore_batch_norm_args args, int with,
                     void **out) {
    ore_context ctx = level_context(table);
    args.eps = 1e-5;
    args.momentum = 0.25;
    args.training = with & TRAINS;
    args.y = out[Y];
    args.mean = out[MEAN];
    args.rstd = out[RSTD];
    args.running_mean = with & WITH_RUNNING ? out[RUNNING_MEAN] : NULL;
    args.running_var = with & WITH_RUNNING ? out[RUNNING_VAR] : NULL;
    args.dx = with & WITH_DX ? out[DX] : NULL;
    args.dweight = with & WITH_GRADS ? out[DWEIGHT] : NULL;
    args.dbias = with & WITH_GRADS ? out[DBIAS] : NULL;
    assert_int_equal(table->batch_norm[dtype](&ctx, &args), ORE_OK);
    assert_int_equal(table->batch_norm_backward[dtype](&ctx, &args), ORE_OK);
}

static void compare(const ore_kernels *table, ore_dtype dtype, const int64_t *shape, int with) {
    int64_t C = shape[1], count = shape[0] * shape[2], size = count * C;
    const int64_t sizes[OUTPUTS] = {size, C, C, C, C, size, C, C};
    void *x = new_numbers(size, dtype, false), *dy = new_numbers(size, dtype, false);
    void *weight = new_numbers(C, dtype, false), *out[3][OUTPUTS];
    ore_batch_norm_args args = {.N = shape[0], .C = C, .L = shape[2], .x = x, .dy = dy};
    args.weight = with & WITH_WEIGHT ? weight : NULL;
    args.bias = args.weight;
    void *positive = new_numbers(C, dtype, false);
    for (int64_t c = 0; c < C; c++)
        if (dtype == ORE_FLOAT32)
            ((float *)positive)[c] = fabsf(((float *)positive)[c]) + 0.5f;
        else
            ((double *)positive)[c] = fabs(((double *)positive)[c]) + 0.5;
    for (int run = 0; run < 3; run++) {
        for (int i = 0; i < OUTPUTS; i++)
            out[run][i] = i == RUNNING_MEAN || i == RUNNING_VAR
                              ? copy_of(positive, C, dtype)
                              : new_bytes(sizes[i], dtype_of(i, dtype));
        ore_set_num_threads(run == 2 ? 2 : 1);
        run_rows(run ? table : &scalar_kernels, dtype, args, with, out[run]);
    }
    for (int i = 0; i < OUTPUTS; i++) {
        double scale = i >= DWEIGHT ? 8 + (double)count : 8; /* sums of that many */
        assert_close("batch_norm", sizes[i], dtype_of(i, dtype), out[1][i], out[0][i],
                     32 * unit_of(dtype),
                     count <= 2 ? 1e3 : scale); /* two values may be near: rstd is up to 316 */
        assert_memory_equal(out[1][i], out[2][i],
                            (size_t)sizes[i] * ore_dtype_size(dtype_of(i, dtype)));
        for (int run = 0; run < 3; run++)
            free(out[run][i]);
    }
    free(x);
    free(dy);
    free(weight);
    free(positive);
}

static void levels_agree_with_scalar(void **state) {
    (void)state;
    const level_tables *levels = levels_to_test();
    const int withs[] = {31,
                         TRAINS | WITH_DX,
                         TRAINS | WITH_WEIGHT | WITH_GRADS,
                         WITH_RUNNING | WITH_DX | WITH_WEIGHT | WITH_GRADS,
                         WITH_RUNNING | WITH_DX,
                         WITH_RUNNING | WITH_GRADS};
    for (int l = 0; l < levels->count; l++)
        for (int s = 0; s < SHAPES; s++)
            for (int w = 0; w < 6; w++) {
                compare(&levels->tables[l], ORE_FLOAT32, shapes[s], withs[w]);
                compare(&levels->tables[l], ORE_FLOAT64, shapes[s], withs[w]);
            }
}

/* ---- the layer ---- */

static void assert_numbers(const ore_tensor *t, const float *want) {
    const float *got = ore_data(t);
    for (int64_t i = 0; i < ore_numel(t); i++)
        if (!(fabsf(got[i] - want[i]) <= 1e-6f + 1e-6f * fabsf(want[i])))
            fail_msg("element %lld is %.9g, expected %.9g", (long long)i, (double)got[i],
                     (double)want[i]);
}

/* Two channels: 1, 3 (mean 2, variance 1, unbiased 2) and 4, 10 (7, 9, 18). */
static ore_tensor *two_channels(void) {
    return ore_from_data((float[]){1, 4, 3, 10}, ORE_SHAPE(2, 2), ORE_FLOAT32);
}

static void running_values_follow_training(void **state) {
    (void)state;
    ore_module root;
    ore_batch_norm1d norm;
    ore_scope_begin();
    ore_module_init(&root, NULL, NULL);
    ore_batch_norm1d_init(&norm, &root, "bn", 2, NULL);
    ore_tensor_list all = ore_module_state(&root);
    const char *names[] = {"bn.weight", "bn.bias", "bn.running_mean", "bn.running_var",
                           "bn.num_batches_tracked"};
    assert_int_equal(all.count, 5);
    for (int i = 0; i < 5; i++)
        assert_string_equal(all.items[i].name, names[i]);
    ore_tensor_list_free(&all);
    assert_int_equal(ore_module_parameter_count(&root, true), 4);

    ore_tensor *y = ore_module_forward(&norm.module, two_channels());
    float a = 1 / sqrtf(1 + 1e-5f), b = 3 / sqrtf(9 + 1e-5f);
    assert_numbers(y, (float[]){-a, -b, a, b});
    assert_numbers(norm.running_mean, (float[]){0.2f, 0.7f});
    assert_numbers(norm.running_var, (float[]){0.9f + 0.2f, 0.9f + 1.8f});
    assert_int_equal(ore_item_int(norm.num_batches_tracked), 1);

    ore_module_eval(&root);
    y = ore_batch_norm1d_forward(&norm, two_channels());
    float s = sqrtf(1.1f + 1e-5f), t = sqrtf(2.7f + 1e-5f);
    assert_numbers(y, (float[]){0.8f / s, 3.3f / t, 2.8f / s, 9.3f / t});
    assert_numbers(norm.running_mean, (float[]){0.2f, 0.7f});
    assert_int_equal(ore_item_int(norm.num_batches_tracked), 1);
    assert_true(ore_shape_equal(
        ore_shape_of(ore_batch_norm1d_forward(&norm, ore_ones(ORE_SHAPE(1, 2, 3), ORE_FLOAT32))),
        ORE_SHAPE(1, 2, 3)));
    ore_module_free(&root);
    ore_scope_end();
    assert_true(ore_ok());
}

static void running_values_may_be_averages_or_none(void **state) {
    (void)state;
    ore_module root;
    ore_batch_norm1d average, none;
    ore_batch_norm1d_options o = ore_batch_norm1d_defaults();
    ore_scope_begin();
    ore_module_init(&root, NULL, NULL);
    o.momentum = NAN;
    ore_batch_norm1d_init(&average, &root, NULL, 2, &o);
    o.track_running_stats = o.affine = false;
    ore_batch_norm1d_init(&none, &root, NULL, 2, &o);
    ore_tensor *x = two_channels();
    ore_batch_norm1d_forward(&average, x);
    ore_batch_norm1d_forward(&average, ore_mul_scalar(x, 3));
    assert_numbers(average.running_mean, (float[]){4, 14});
    assert_numbers(average.running_var, (float[]){10, 90});
    ore_tensor *while_training = ore_batch_norm1d_forward(&none, x);
    ore_module_eval(&root);
    assert_numbers(ore_batch_norm1d_forward(&none, x), ore_data(while_training));
    ore_tensor_list all = ore_module_state(&root);
    assert_int_equal(all.count, 5);
    ore_tensor_list_free(&all);
    ore_module_free(&root);
    ore_scope_end();
    assert_true(ore_ok());
}

/* ---- errors ---- */

static void refused(const ore_tensor *y, ore_status status, const char *message) {
    assert_null(y);
    assert_int_equal(ore_error_status(), status);
    assert_string_equal(ore_error_message(), message);
    ore_error_clear();
}

static void wrong_operands_are_named(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = ore_ones(ORE_SHAPE(2, 3), ORE_FLOAT32), *c = ore_ones(ORE_SHAPE(3), 0);
    ore_tensor *d = ore_ones(ORE_SHAPE(2), ORE_FLOAT32);
    assert_int_equal(ore_tensor_dtype(c), ORE_FLOAT32);
    refused(ore_batch_norm(d, NULL, NULL, NULL, NULL, true, 0.1, 1e-5), ORE_INVALID,
            "batch_norm: x (2,), expected (N, C) or (N, C, ..)");
    refused(ore_batch_norm(ore_to(x, ORE_INT64), NULL, NULL, NULL, NULL, true, 0.1, 1e-5),
            ORE_INVALID, "batch_norm: dtype int64, expected a floating one");
    refused(ore_batch_norm(ore_narrow(x, 0, 0, 1), NULL, NULL, NULL, NULL, true, 0.1, 1e-5),
            ORE_INVALID,
            "batch_norm: x (1, 3) has 1 value a channel, expected more than 1 while training");
    refused(ore_batch_norm(x, c, NULL, NULL, NULL, false, 0.1, 1e-5), ORE_INVALID,
            "batch_norm: no running_mean and running_var, expected both where training is false");
    refused(ore_batch_norm(x, d, c, NULL, NULL, true, 0.1, 1e-5), ORE_INVALID,
            "batch_norm: running_mean (2,) of float32, expected (3,) of float32");
    refused(ore_batch_norm(x, c, ore_expand(ore_ones(ORE_SHAPE(1), ORE_FLOAT32), ORE_SHAPE(3)),
                           NULL, NULL, true, 0.1, 1e-5),
            ORE_INVALID, "batch_norm: running_var is not contiguous");
    refused(ore_batch_norm(x, c, c, NULL, ore_ones(ORE_SHAPE(3), ORE_FLOAT64), true, 0.1, 1e-5),
            ORE_INVALID, "batch_norm: bias (3,) of float64, expected (3,) of float32");
    ore_tensor *leaf = ore_set_requires_grad(ore_ones(ORE_SHAPE(3), ORE_FLOAT32), true);
    assert_null(ore_batch_norm(x, leaf, c, NULL, NULL, true, 0.1, 1e-5));
    assert_false(ore_ok());
    ore_error_clear();
    ore_scope_end();
}

static void the_layer_says_where(void **state) {
    (void)state;
    ore_module root;
    ore_batch_norm1d norm, wrong;
    ore_scope_begin();
    ore_module_init(&root, NULL, NULL);
    ore_batch_norm1d_init(&norm, &root, "bn", 3, NULL);
    ore_tensor *x = ore_ones(ORE_SHAPE(2, 4), ORE_FLOAT32);
    refused(ore_batch_norm1d_forward(&norm, x), ORE_INVALID,
            "bn: batch_norm1d: x (2, 4), expected (N, 3) or (N, 3, L)");
    ore_batch_norm1d_init(&wrong, &root, "none", 0, NULL);
    refused(NULL, ORE_INVALID,
            "none: batch_norm1d: num_features 0, eps 1e-05, expected at least 1 and 0");
    ore_module_free(&root);
    ore_scope_end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_agree_with_scalar),
        cmocka_unit_test(running_values_follow_training),
        cmocka_unit_test(running_values_may_be_averages_or_none),
        cmocka_unit_test(wrong_operands_are_named),
        cmocka_unit_test(the_layer_says_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
