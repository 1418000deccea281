/* test_optim_kernels.c: the optimizers' rows of every CPU level against scalar. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/cpu/cpu.h"
#include "support/levels.h"

enum { SIZES = 8, ARRAYS = 5, MOST = 20000 };
static const int64_t sizes[SIZES] = {1, 7, 16, 17, 65, 0, 8193, MOST};

/* p, g and three buffers of state for each size, in one dtype. */
typedef struct arena {
    void *array[SIZES][ARRAYS];
} arena;

static size_t bytes_of(ore_dtype dtype, int64_t n) {
    return (size_t)n * ore_dtype_size(dtype);
}

static void put(void *array, ore_dtype dtype, int64_t i, double value) {
    if (dtype == ORE_FLOAT32)
        ((float *)array)[i] = (float)value;
    else
        ((double *)array)[i] = value;
}

static double get(const void *array, ore_dtype dtype, int64_t i) {
    return dtype == ORE_FLOAT32 ? (double)((const float *)array)[i] : ((const double *)array)[i];
}

static arena arena_new(ore_dtype dtype) {
    arena a;
    for (int s = 0; s < SIZES; s++)
        for (int k = 0; k < ARRAYS; k++) {
            a.array[s][k] = malloc(bytes_of(dtype, sizes[s]) + 1);
            assert_non_null(a.array[s][k]);
            for (int64_t i = 0; i < sizes[s]; i++) {
                double value = sin((double)(i * 7 + k * 13 + s));
                put(a.array[s][k], dtype, i, k >= 3 ? value * value : value);
            }
        }
    return a;
}

static void arena_free(arena *a) {
    for (int s = 0; s < SIZES; s++)
        for (int k = 0; k < ARRAYS; k++)
            free(a->array[s][k]);
}

static void assert_close(const arena *a, const arena *b, ore_dtype dtype) {
    double tolerance = dtype == ORE_FLOAT32 ? 1e-6 : 1e-14;
    for (int s = 0; s < SIZES; s++)
        for (int k = 0; k < ARRAYS; k++)
            for (int64_t i = 0; i < sizes[s]; i++) {
                double want = get(a->array[s][k], dtype, i), got = get(b->array[s][k], dtype, i);
                if (!(fabs(want - got) <= tolerance * fmax(1, fabs(want))))
                    fail_msg("size %lld, array %d, element %lld: %.17g, expected %.17g",
                             (long long)sizes[s], k, (long long)i, got, want);
            }
}

static void run_sgd(const ore_kernels *table, ore_dtype dtype, const arena *a, int variant) {
    ore_context ctx = {.device = ORE_CPU, .backend = &ore_cpu_backend, .kernels = table};
    ore_sgd_part parts[SIZES];
    for (int s = 0; s < SIZES; s++)
        parts[s] = (ore_sgd_part){.p = a->array[s][0],
                                  .g = a->array[s][1],
                                  .buffer = variant & 1 ? a->array[s][2] : NULL,
                                  .n = sizes[s],
                                  .lr = 0.1,
                                  .momentum = 0.9,
                                  .dampening = variant & 2 ? 0.5 : 0,
                                  .weight_decay = variant & 4 ? 0.2 : 0,
                                  .grad_scale = variant & 16 ? 0.3 : 1,
                                  .nesterov = (variant & 8) != 0,
                                  .maximize = (variant & 2) != 0,
                                  .first = (variant & 16) != 0};
    assert_int_equal(table->sgd_step[dtype](&ctx, parts, SIZES), ORE_OK);
}

static void run_adam(const ore_kernels *table, ore_dtype dtype, const arena *a, int variant) {
    ore_context ctx = {.device = ORE_CPU, .backend = &ore_cpu_backend, .kernels = table};
    ore_adam_part parts[SIZES];
    for (int s = 0; s < SIZES; s++)
        parts[s] = (ore_adam_part){.p = a->array[s][0],
                                   .g = a->array[s][1],
                                   .m = a->array[s][2],
                                   .v = a->array[s][3],
                                   .v_max = variant & 1 ? a->array[s][4] : NULL,
                                   .n = sizes[s],
                                   .step_size = 0.03,
                                   .bias2_sqrt = 0.2,
                                   .beta1 = 0.9,
                                   .beta2 = 0.99,
                                   .eps = 1e-3,
                                   .weight_decay = variant & 4 ? 0.2 : 0,
                                   .shrink = variant & 8 ? 0.97 : 1,
                                   .grad_scale = variant & 16 ? 0.3 : 1,
                                   .maximize = (variant & 2) != 0};
    assert_int_equal(table->adam_step[dtype](&ctx, parts, SIZES), ORE_OK);
}

static void run_adaptive(const ore_kernels *table, ore_dtype dtype, const arena *a, int variant) {
    ore_context ctx = {.device = ORE_CPU, .backend = &ore_cpu_backend, .kernels = table};
    ore_adaptive_part parts[SIZES];
    float product[SIZES] = {0};
    ore_status (*const steps[])(const ore_context *, const ore_adaptive_part *, int64_t) = {
        table->adagrad_step[dtype], table->rmsprop_step[dtype], table->adadelta_step[dtype],
        table->adamax_step[dtype],  table->nadam_step[dtype],   table->radam_step[dtype],
        table->lion_step[dtype]};
    for (int s = 0; s < SIZES; s++)
        parts[s] = (ore_adaptive_part){.p = a->array[s][0],
                                       .g = a->array[s][1],
                                       .n = sizes[s],
                                       .lr = 0.03,
                                       .lr_gradient = 0.02,
                                       .beta1 = 0.9,
                                       .beta2 = 0.99,
                                       .eps = 1e-2,
                                       .momentum = 0.9,
                                       .bias2 = variant & 8 ? 0.5 : 0.25,
                                       .product = 0.4,
                                       .grad_scale = variant & 1 ? 0.6 : 1,
                                       .weight_decay = variant & 4 ? 0.2 : 0,
                                       .shrink = variant & 8 ? 0.97 : 1,
                                       .maximize = (variant & 2) != 0};
    for (int kind = 0; kind < 7; kind++) {
        for (int s = 0; s < SIZES; s++) { /* those that must not be negative come last */
            bool squares = kind < 3;
            parts[s].state[0] = a->array[s][squares ? 3 : 2];
            parts[s].state[1] = a->array[s][kind == 1 ? 2 : squares ? 4 : 3];
            parts[s].state[2] = kind == 4 ? (void *)&product[s] : NULL;
        }
        assert_int_equal(steps[kind](&ctx, parts, SIZES), ORE_OK);
    }
    for (int s = 0; s < SIZES; s++)
        assert_true(product[s] == 0.4f);
}

static void run_squares(const ore_kernels *table, ore_dtype dtype, const arena *a, int variant) {
    ore_context ctx = {.device = ORE_CPU, .backend = &ore_cpu_backend, .kernels = table};
    ore_dense_part parts[SIZES];
    double sum = 0;
    for (int s = 0; s < SIZES; s++)
        parts[s] = (ore_dense_part){.x = a->array[s][variant % ARRAYS], .n = sizes[s]};
    assert_int_equal(table->sum_squares[dtype](&ctx, parts, SIZES, &sum), ORE_OK);
    put(a->array[0][0], dtype, 0, sum / MOST);
}

typedef void (*runner)(const ore_kernels *table, ore_dtype dtype, const arena *a, int variant);

static void compare(runner run) {
    const level_tables *levels = levels_to_test();
    for (int l = 0; l < levels->count; l++) {
        for (int variant = 0; variant < 64; variant++) {
            ore_dtype dtype = variant & 32 ? ORE_FLOAT64 : ORE_FLOAT32;
            arena expected = arena_new(dtype), got = arena_new(dtype);
            run(&scalar_kernels, dtype, &expected, variant);
            run(&levels->tables[l], dtype, &got, variant);
            assert_close(&expected, &got, dtype);
            arena_free(&expected);
            arena_free(&got);
        }
    }
}

static void sgd_steps_agree(void **state) {
    (void)state;
    compare(run_sgd);
}

static void adam_steps_agree(void **state) {
    (void)state;
    compare(run_adam);
}

static void adaptive_steps_agree(void **state) {
    (void)state;
    compare(run_adaptive);
}

static void sums_of_squares_agree(void **state) {
    (void)state;
    compare(run_squares);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sgd_steps_agree),
        cmocka_unit_test(adam_steps_agree),
        cmocka_unit_test(adaptive_steps_agree),
        cmocka_unit_test(sums_of_squares_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
