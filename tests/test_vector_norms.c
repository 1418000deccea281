/* test_vector_norms.c: layer norm, softmax, cross entropy and embedding of every vector level
 * against scalar, from one column to fifty thousand; threads change no bit. */
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

static const int64_t shapes[][2] = {{1, 1},     {3, 7},    {5, 16},    {2, 17},    {9, 65},
                                    {40, 1000}, {700, 64}, {600, 385}, {3, 50257}, {1, 0}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* Whether a run has x's gradient, weights, biases, the parameters' gradients,
 * and adds to what x's gradient holds. */
enum {
    WITH_DX = 1,
    WITH_WEIGHT = 2,
    WITH_BIAS = 4,
    WITH_DWEIGHT = 8,
    WITH_DBIAS = 16,
    WITH_SUM = 32
};

static void compare_norm(const ore_kernels *table, ore_dtype dtype, const int64_t *shape,
                         int with) {
    enum { Y, MEAN, RSTD, DX, DWEIGHT, DBIAS, OUTPUTS };
    int64_t rows_cols = shape[0] * shape[1];
    int64_t sizes_of[OUTPUTS] = {rows_cols, shape[0], shape[0], rows_cols, shape[1], shape[1]};
    const ore_dtype dtypes[OUTPUTS] = {dtype, ORE_FLOAT64, ORE_FLOAT64, dtype, dtype, dtype};
    void *x = new_numbers(rows_cols, dtype, false), *dy = new_numbers(rows_cols, dtype, false);
    void *weight = new_numbers(shape[1], dtype, false), *out[3][OUTPUTS];
    for (int run = 0; run < 3; run++) {
        const ore_kernels *own = run ? table : &scalar_kernels;
        ore_context ctx = level_context(own);
        for (int i = 0; i < OUTPUTS; i++)
            out[run][i] = i == DX && with & WITH_SUM ? copy_of(dy, rows_cols, dtype)
                                                     : new_bytes(sizes_of[i], dtypes[i]);
        ore_layer_norm_args args = {.rows = shape[0],
                                    .cols = shape[1],
                                    .eps = 1e-5,
                                    .x = x,
                                    .weight = with & WITH_WEIGHT ? weight : NULL,
                                    .bias = with & WITH_BIAS ? weight : NULL,
                                    .y = out[run][Y],
                                    .mean = out[run][MEAN],
                                    .rstd = out[run][RSTD],
                                    .dy = dy,
                                    .dx = with & WITH_DX ? out[run][DX] : NULL,
                                    .accumulate = with & WITH_SUM,
                                    .dweight = with & WITH_DWEIGHT ? out[run][DWEIGHT] : NULL,
                                    .dbias = with & WITH_DBIAS ? out[run][DBIAS] : NULL};
        ore_set_num_threads(run == 2 ? 2 : 1);
        assert_int_equal(own->layer_norm[dtype](&ctx, &args), ORE_OK);
        assert_int_equal(own->layer_norm_backward[dtype](&ctx, &args), ORE_OK);
    }
    for (int i = 0; i < OUTPUTS; i++) {
        double scale = i >= DWEIGHT ? (double)shape[0] : 8; /* sums of that many rows */
        double units = 16 + (double)shape[1] / 256;
        assert_close("layer_norm", sizes_of[i], dtypes[i], out[1][i], out[0][i],
                     units * unit_of(dtype),
                     shape[1] == 1 ? 1e3 : scale); /* one column: rstd is 316 */
        assert_memory_equal(out[1][i], out[2][i], (size_t)sizes_of[i] * ore_dtype_size(dtypes[i]));
        for (int run = 0; run < 3; run++)
            free(out[run][i]);
    }
    free(x);
    free(dy);
    free(weight);
}

static void test_layer_norm(void **state) {
    (void)state;
    const level_tables *levels = levels_to_test();
    const int withs[] = {
        31, 63, WITH_DX | WITH_SUM, WITH_DX, WITH_WEIGHT | WITH_DWEIGHT, WITH_DBIAS | WITH_BIAS};
    for (int l = 0; l < levels->count; l++)
        for (int s = 0; s < SHAPES; s++)
            for (size_t w = 0; w < sizeof withs / sizeof *withs; w++) {
                compare_norm(&levels->tables[l], ORE_FLOAT32, shapes[s], withs[w]);
                compare_norm(&levels->tables[l], ORE_FLOAT64, shapes[s], withs[w]);
            }
}

enum { SOFTMAX, SOFTMAX_BACKWARD, LOG_SOFTMAX, LOG_SOFTMAX_BACKWARD, SOFTMAX_ROWS };

static void run_softmax(const ore_kernels *table, int which, const int64_t *shape, const float *x,
                        const float *y, float *out) {
    ore_context ctx = level_context(table);
    if (which == SOFTMAX)
        table->softmax[ORE_FLOAT32](&ctx, shape[0], shape[1], x, out);
    else if (which == LOG_SOFTMAX)
        table->log_softmax[ORE_FLOAT32](&ctx, shape[0], shape[1], x, out);
    else if (which == SOFTMAX_BACKWARD)
        table->softmax_backward[ORE_FLOAT32](&ctx, shape[0], shape[1], x, y, out);
    else
        table->log_softmax_backward[ORE_FLOAT32](&ctx, shape[0], shape[1], x, y, out);
}

static void test_softmax(void **state) {
    (void)state;
    const level_tables *levels = levels_to_test();
    for (int l = 0; l < levels->count; l++)
        for (int s = 0; s < SHAPES; s++)
            for (int which = 0; which < SOFTMAX_ROWS; which++) {
                const ore_kernels *table = &levels->tables[l];
                bool backward = which == SOFTMAX_BACKWARD || which == LOG_SOFTMAX_BACKWARD;
                int64_t n = shapes[s][0] * shapes[s][1];
                float *x = new_numbers(n, ORE_FLOAT32, false), *y = copy_of(x, n, ORE_FLOAT32);
                run_softmax(&scalar_kernels, which == SOFTMAX_BACKWARD ? SOFTMAX : LOG_SOFTMAX,
                            shapes[s], x, NULL, y);
                for (int64_t i = 2; !backward && i < n; i += 400)
                    x[i] = i % 3 == 0 ? -INFINITY : i % 3 == 1 ? NAN : 200;
                float *out[3];
                for (int run = 0; run < 3; run++) {
                    out[run] = new_bytes(n, ORE_FLOAT32);
                    ore_set_num_threads(run == 2 ? 2 : 1);
                    run_softmax(run ? table : &scalar_kernels, which, shapes[s], x, y, out[run]);
                }
                double scale = which == SOFTMAX ? 0.1 : 8; /* sums of dy reach some hundreds */
                assert_close("softmax", n, ORE_FLOAT32, out[1], out[0], 0x1p-20, scale);
                assert_memory_equal(out[1], out[2], (size_t)n * sizeof(float));
                for (int run = 0; run < 3; run++)
                    free(out[run]);
                free(x);
                free(y);
            }
}

typedef struct loss_case {
    ore_reduction reduction;
    double smoothing;
    bool weighted, ignores;
} loss_case;

static void compare_cross_entropy(const ore_kernels *table, const int64_t *shape,
                                  const loss_case *how) {
    enum { LOSS, REDUCED, ROWS, TOTAL, DX, OUTPUTS };
    int64_t rows = shape[0], cols = shape[1], n = rows * cols, *labels;
    int64_t sizes_of[OUTPUTS] = {rows, 1, 2 * rows, 1, n};
    const ore_dtype dtypes[OUTPUTS] = {[ROWS] = ORE_FLOAT64, [TOTAL] = ORE_FLOAT64};
    float *x = new_numbers(n, ORE_FLOAT32, false), *w = new_numbers(cols, ORE_FLOAT32, false);
    float *dy = new_numbers(rows, ORE_FLOAT32, false);
    void *out[3][OUTPUTS];
    labels = new_bytes(rows, ORE_INT64);
    for (int64_t r = 0; r < rows; r++) {
        labels[r] = how->ignores && r % 3 == 1 ? -100 : (int64_t)(next_number() * (double)cols);
        if (r % 2 == 0 && labels[r] >= 0)
            x[r * cols + labels[r]] = 30; /* a model that is sure and right */
    }
    for (int64_t c = 0; c < cols; c++)
        w[c] = fabsf(w[c]);
    for (int run = 0; run < 3; run++) {
        const ore_kernels *own = run ? table : &scalar_kernels;
        ore_context ctx = level_context(own);
        for (int i = 0; i < OUTPUTS; i++)
            out[run][i] = new_bytes(sizes_of[i], dtypes[i]);
        ore_cross_entropy_args args = {.rows = rows,
                                       .cols = cols,
                                       .x = x,
                                       .labels = labels,
                                       .ignore_index = -100,
                                       .smoothing = how->smoothing,
                                       .class_weight = how->weighted ? w : NULL,
                                       .mean = how->reduction == ORE_MEAN,
                                       .each_row = how->reduction == ORE_NONE,
                                       .loss = out[run][LOSS],
                                       .reduced =
                                           how->reduction == ORE_NONE ? NULL : out[run][REDUCED],
                                       .top_and_sum = out[run][ROWS],
                                       .total = out[run][TOTAL],
                                       .dy = dy,
                                       .dx = out[run][DX]};
        ore_set_num_threads(run == 2 ? 2 : 1);
        assert_int_equal(own->cross_entropy[ORE_FLOAT32](&ctx, &args), ORE_OK);
        assert_int_equal(own->cross_entropy_backward[ORE_FLOAT32](&ctx, &args), ORE_OK);
    }
    for (int i = 0; i < OUTPUTS; i++) { /* dx: dy up to 4 by a sum of float32, 2^-24 of it */
        assert_close("cross_entropy", sizes_of[i], dtypes[i], out[1][i], out[0][i], 0x1p-19,
                     i == DX ? 0.125 : 1);
        assert_memory_equal(out[1][i], out[2][i], (size_t)sizes_of[i] * ore_dtype_size(dtypes[i]));
        for (int run = 0; run < 3; run++)
            free(out[run][i]);
    }
    free(x);
    free(w);
    free(dy);
    free(labels);
}

static void test_cross_entropy(void **state) {
    (void)state;
    const level_tables *levels = levels_to_test();
    const loss_case cases[] = {{ORE_MEAN, 0, false, false},
                               {ORE_SUM, 0, true, true},
                               {ORE_NONE, 0.1, false, true},
                               {ORE_MEAN, 0.2, true, false}};
    for (int l = 0; l < levels->count; l++)
        for (int s = 0; s < SHAPES; s++)
            for (int c = 0; c < 4 && shapes[s][1] > 0; c++)
                compare_cross_entropy(&levels->tables[l], shapes[s], &cases[c]);
}

/* ---- embedding ---- */

static void compare_embedding(const ore_kernels *table, int64_t n, int64_t V, int64_t C) {
    int64_t *indices = new_bytes(n, ORE_INT64);
    float *weight = new_numbers(V * C, ORE_FLOAT32, false);
    float *dy = new_numbers(n * C, ORE_FLOAT32, false), *y[3], *dw[3];
    for (int64_t i = 0; i < n; i++)
        indices[i] = (int64_t)(next_number() * (double)V);
    for (int run = 0; run < 3; run++) {
        const ore_kernels *own = run ? table : &scalar_kernels;
        ore_context ctx = level_context(own);
        y[run] = new_bytes(n * C, ORE_FLOAT32);
        dw[run] = copy_of(weight, V * C, ORE_FLOAT32);
        ore_set_num_threads(run == 2 ? 2 : 1);
        own->embedding[ORE_FLOAT32](&ctx, weight, indices, y[run], n, V, C);
        own->embedding_backward[ORE_FLOAT32](&ctx, dy, indices, dw[run], n, V, C, V / 2);
    }
    for (int run = 1; run < 3; run++) { /* the same additions in the same order */
        assert_memory_equal(y[run], y[0], (size_t)(n * C) * sizeof(float));
        assert_memory_equal(dw[run], dw[0], (size_t)(V * C) * sizeof(float));
    }
    for (int run = 0; run < 3; run++) {
        free(y[run]);
        free(dw[run]);
    }
    indices[n - 1] = V;
    ore_context ctx = level_context(table);
    assert_int_equal(table->embedding[ORE_FLOAT32](&ctx, weight, indices, dy, n, V, C),
                     ORE_INVALID);
    assert_non_null(strstr(ore_error_message(), "out of range"));
    ore_error_clear();
    free(indices);
    free(weight);
    free(dy);
}

static void test_embedding(void **state) {
    (void)state;
    const level_tables *levels = levels_to_test();
    for (int l = 0; l < levels->count; l++) {
        compare_embedding(&levels->tables[l], 1, 1, 1);
        compare_embedding(&levels->tables[l], 50, 9, 65);
        compare_embedding(&levels->tables[l], 700, 65, 384);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layer_norm),
        cmocka_unit_test(test_softmax),
        cmocka_unit_test(test_cross_entropy),
        cmocka_unit_test(test_embedding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
