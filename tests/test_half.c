/* test_half.c: bfloat16 and float16 compute by way of float32: conversions bit for bit on every
 * level, PyTorch's own results, reductions larger than a block, mixed products, optimizers. What
 * every op gives in half precision is in test_cases.c. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ore.h>

#include "backend/cpu/cpu.h"
#include "base/half.h"
#include "support/errors.h"
#include "support/levels.h"
#include "support/numbers.h"

static const ore_dtype halves[] = {ORE_BFLOAT16, ORE_FLOAT16};

/* ---- conversions ---- */

enum { PATTERNS = 1 << 16, FLOATS = 1 << 18 };

/* Floats of all exponents, those around the borders of both types among them. */
static float *new_floats(void) {
    static const uint32_t borders[] = {0,          0x80000000, 0x33000000, 0x33000001, 0x33800000,
                                       0x387fc000, 0x387fe000, 0x38800000, 0x477fefff, 0x477ff000,
                                       0x7f7f7fff, 0x7f7f8000, 0x7f7fffff, 0x7f800000, 0x7f800001,
                                       0xffc00001, 0xff800000, 1,          0x00008000, 0x00018000};
    float *x = malloc(FLOATS * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < FLOATS; i++)
        x[i] = ore_float_of_bits(
            i < sizeof borders / sizeof *borders ? borders[i] : (uint32_t)(next_number() * 0x1p32));
    return x;
}

static void levels_convert_as_scalar_does(void **state) {
    (void)state;
    static uint16_t half[PATTERNS], got[FLOATS], want[FLOATS];
    static float wide[PATTERNS], wide_scalar[PATTERNS];
    float *floats = new_floats();
    const level_tables *levels = levels_to_test();
    for (int i = 0; i < PATTERNS; i++)
        half[i] = (uint16_t)i;
    for (int l = 0; l < levels->count; l++)
        for (int h = 0; h < 2; h++) {
            const ore_kernels *rows = &levels->tables[l];
            for (int64_t n = 0; n < 70; n++) {
                memset(got, 0x55, sizeof got), memset(want, 0x55, sizeof want);
                rows->narrow[halves[h]](NULL, floats, got, n);
                scalar_kernels.narrow[halves[h]](NULL, floats, want, n);
                assert_memory_equal(got, want, sizeof got);
            }
            rows->widen[halves[h]](NULL, half, wide, PATTERNS - 5);
            scalar_kernels.widen[halves[h]](NULL, half, wide_scalar, PATTERNS - 5);
            assert_memory_equal(wide, wide_scalar, sizeof wide);
            rows->narrow[halves[h]](NULL, floats, got, FLOATS - 5);
            scalar_kernels.narrow[halves[h]](NULL, floats, want, FLOATS - 5);
            assert_memory_equal(got, want, sizeof got);
        }
    free(floats);
}

/* ---- PyTorch's results ---- */

enum { GOLDEN_MAX = 64 };

static int64_t bits_of(const char *text, uint16_t *bits) {
    int64_t n = 0;
    for (char *end; n < GOLDEN_MAX; text = end + 1, n++) {
        bits[n] = (uint16_t)strtoul(text, &end, 16);
        if (*end != ',')
            return n + 1;
    }
    return n;
}

static ore_tensor *golden_op(const char *name, ore_tensor *a, ore_tensor *b) {
    ore_shape cols = ORE_SHAPE(24);
    ore_tensor *weight = ore_select(b, 0, 0), *bias = ore_select(a, 0, 1);
    if (!strcmp(name, "randn")) {
        ore_generator *g = ore_generator_new(3);
        ore_tensor *y = ore_randn(ORE_SHAPE(40), ore_tensor_dtype(a), g);
        ore_generator_free(g);
        return y;
    }
    return !strcmp(name, "add")           ? ore_add(a, b)
           : !strcmp(name, "mul_number")  ? ore_mul_scalar(a, 0.1)
           : !strcmp(name, "div")         ? ore_div(a, b)
           : !strcmp(name, "exp")         ? ore_exp(a)
           : !strcmp(name, "log")         ? ore_log(b)
           : !strcmp(name, "tanh")        ? ore_tanh(a)
           : !strcmp(name, "sigmoid")     ? ore_sigmoid(a)
           : !strcmp(name, "gelu")        ? ore_gelu(a)
           : !strcmp(name, "silu")        ? ore_silu(a)
           : !strcmp(name, "softmax")     ? ore_softmax(a, -1)
           : !strcmp(name, "log_softmax") ? ore_log_softmax(a, -1)
           : !strcmp(name, "layer_norm")  ? ore_f_layer_norm(a, cols, weight, bias, 1e-5)
           : !strcmp(name, "rms_norm")    ? ore_f_rms_norm(a, cols, weight, 1e-5)
           : !strcmp(name, "sum")         ? ore_sum(a, ORE_DIMS(-1), false)
           : !strcmp(name, "mean")        ? ore_mean(ore_mul_scalar(a, 300), ORE_ALL, false)
           : !strcmp(name, "matmul")      ? ore_matmul(a, ore_transpose(b, 0, 1))
           : !strcmp(name, "cumsum")      ? ore_cumsum(a, -1)
                                          : NULL;
}

/* How many representable numbers lie between two halves. */
static int ulps_between(uint16_t a, uint16_t b) {
    int x = a & 0x8000 ? -(a & 0x7fff) : a, y = b & 0x8000 ? -(b & 0x7fff) : b;
    return abs(x - y);
}

/* tests/golden/half.tsv, within one unit in the last place. */
static void results_are_those_of_torch(void **state) {
    (void)state;
    char line[4096], name[32], dtype_name[32], text[3][1024];
    FILE *f = fopen(ORE_TEST_DIR "/golden/half.tsv", "r");
    int compared = 0, wrong = 0;
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        uint16_t a[GOLDEN_MAX], b[GOLDEN_MAX], want[GOLDEN_MAX], got[GOLDEN_MAX];
        ore_dtype dtype;
        if (sscanf(line, "%31s %31s %1023s %1023s %1023s", name, dtype_name, text[0], text[1],
                   text[2]) != 5 ||
            *name == '#')
            continue;
        ore_scope_begin();
        assert_true(ore_dtype_from_name(dtype_name, &dtype));
        assert_int_equal(bits_of(text[0], a), 48);
        assert_int_equal(bits_of(text[1], b), 48);
        int64_t n = bits_of(text[2], want);
        ore_tensor *y = golden_op(name, ore_from_data(a, ORE_SHAPE(2, 24), dtype),
                                  ore_from_data(b, ORE_SHAPE(2, 24), dtype));
        assert_non_null(y);
        assert_int_equal(ore_tensor_dtype(y), dtype);
        assert_int_equal(ore_numel(y), n);
        assert_int_equal(ore_copy_out(y, got, (size_t)n * sizeof *got), ORE_OK);
        for (int64_t i = 0; i < n; i++, compared++)
            if (ulps_between(got[i], want[i]) > 1) {
                print_error("%s of %s: element %d is %04x, torch has %04x\n", name, dtype_name,
                            (int)i, got[i], want[i]);
                wrong++;
            }
        ore_scope_end();
    }
    fclose(f);
    print_message("%d numbers compared with torch's\n", compared);
    assert_true(compared > 1000);
    assert_int_equal(wrong, 0);
}

/* ---- reductions that take several boxes ---- */

static const double *doubles_of(ore_tensor *t) {
    return ore_data(ore_contiguous(ore_to(t, ORE_FLOAT64)));
}

/* |got - want| is at most one unit in the last place of the half type, and what float32 sums may be
 * off. */
static void assert_within(ore_tensor *got, ore_tensor *want, double of_terms) {
    double rounding = ore_tensor_dtype(got) == ORE_BFLOAT16 ? 0x1p-7 : 0x1p-10;
    assert_true(ore_ok());
    assert_true(ore_shape_equal(ore_shape_of(got), ore_shape_of(want)));
    const double *a = doubles_of(got), *b = doubles_of(ore_to(want, ore_tensor_dtype(got)));
    for (int64_t i = 0; i < ore_numel(got); i++)
        if (a[i] != b[i] && !(fabs(a[i] - b[i]) <= rounding * fabs(b[i]) + of_terms) &&
            !(isnan(a[i]) && isnan(b[i])))
            fail_msg("element %d: %g, expected %g", (int)i, a[i], b[i]);
}

static void assert_equal_elements(ore_tensor *got, ore_tensor *want) {
    assert_within(ore_to(got, ORE_FLOAT16), ore_to(want, ORE_FLOAT16), 0);
    assert_true(ore_item(ore_all(ore_eq(ore_to(got, ORE_FLOAT64), ore_to(want, ORE_FLOAT64)),
                                 ORE_ALL, false)) != 0);
}

static void compare_reductions(ore_tensor *x, ore_dims dims) {
    ore_tensor *wide = ore_to(x, ORE_FLOAT64), *places, *wide_places;
    double n = (double)ore_numel(x);
    assert_within(ore_sum(x, dims, false), ore_sum(wide, dims, false), n * 0x1p-20);
    assert_within(ore_mean(x, dims, true), ore_mean(wide, dims, true), 0x1p-20);
    assert_within(ore_var(x, dims, 1, false), ore_var(wide, dims, 1, false), 0x1p-20);
    assert_within(ore_norm(x, 2, dims, false), ore_norm(wide, 2, dims, false), 0x1p-20);
    assert_equal_elements(ore_amax(x, dims, false), ore_amax(wide, dims, false));
    assert_equal_elements(ore_amin(x, dims, false), ore_amin(wide, dims, false));
    if (dims.n != 1)
        return;
    assert_equal_elements(ore_max_dim(x, dims.dim[0], false, &places),
                          ore_max_dim(wide, dims.dim[0], false, &wide_places));
    assert_true(ore_item(ore_all(ore_eq(places, wide_places), ORE_ALL, false)) != 0);
    assert_true(ore_item(ore_all(
                    ore_eq(ore_argmin(x, dims.dim[0], false), ore_argmin(wide, dims.dim[0], false)),
                    ORE_ALL, false)) != 0);
}

static void large_reductions_agree(void **state) {
    (void)state;
    const ore_dims folds[] = {ORE_DIMS(0),    ORE_DIMS(1),    ORE_DIMS(2), ORE_DIMS(0, 2),
                              ORE_DIMS(0, 1), ORE_DIMS(1, 2), ORE_ALL};
    for (int h = 0; h < 2; h++)
        for (size_t f = 0; f < sizeof folds / sizeof *folds; f++) {
            ore_scope_begin();
            ore_generator *g = ore_generator_new(5);
            ore_tensor *x = ore_rand(ORE_SHAPE(37, 130, 61), halves[h], g);
            ore_tensor *wide = ore_rand(ORE_SHAPE(9, 3000), halves[h], g);
            ore_generator_free(g);
            compare_reductions(x, folds[f]);
            compare_reductions(ore_permute(x, ORE_DIMS(2, 0, 1)), folds[f]);
            compare_reductions(ore_unsqueeze(wide, 1), folds[f]);
            compare_reductions(ore_expand(ore_narrow(x, 1, 3, 1), ORE_SHAPE(37, 500, 61)),
                               folds[f]);
            ore_scope_end();
        }
}

static void means_of_sums_that_overflow(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = ore_full(ORE_SHAPE(300, 100), 60000, ORE_FLOAT16);
    assert_true(isinf(ore_item(ore_sum(x, ORE_ALL, false))));
    assert_float_equal(ore_item(ore_mean(x, ORE_ALL, false)), 60000, 0);
    assert_float_equal(ore_item(ore_sum(ore_zeros(ORE_SHAPE(0, 3), ORE_FLOAT16), ORE_ALL, false)),
                       0, 0);
    ore_scope_end();
}

/* ---- products with one matrix in float32 ---- */

static void mixed_products_agree(void **state) {
    (void)state;
    enum { M = 5, N = 19, K = 33 };
    for (int flags = 0; flags < 16; flags++)
        for (int h = 0; h < 2; h++) {
            ore_scope_begin();
            const ore_context *ctx = ore_context_of(ORE_CPU);
            ore_generator *generator = ore_generator_new(7);
            ore_dtype half = halves[h], c_type = flags & 4 ? ORE_FLOAT32 : half;
            ore_tensor *a = ore_rand(ORE_SHAPE(M, K), flags & 1 ? ORE_FLOAT32 : half, generator);
            ore_tensor *b = ore_rand(ORE_SHAPE(N, K), flags & 2 ? ORE_FLOAT32 : half, generator);
            ore_tensor *c = ore_rand(ORE_SHAPE(M, N), c_type, generator);
            ore_tensor *bias = ore_rand(ORE_SHAPE(N), half, generator);
            ore_generator_free(generator);
            ore_tensor *want = ore_add(
                ore_matmul(ore_to(a, ORE_FLOAT64), ore_transpose(ore_to(b, ORE_FLOAT64), 0, 1)),
                ore_to(bias, ORE_FLOAT64));
            if (flags & 8)
                want = ore_add(want, ore_to(c, ORE_FLOAT64));
            ore_gemm g = {.m = M,
                          .n = N,
                          .k = K,
                          .a_row = K,
                          .a_col = 1,
                          .b_row = 1,
                          .b_col = K,
                          .c_row = N,
                          .c_col = 1,
                          .accumulate = (flags & 8) != 0,
                          .a_wide = flags & 1,
                          .b_wide = (flags & 2) != 0,
                          .c_wide = (flags & 4) != 0};
            g.a = ore_data(a), g.b = ore_data(b), g.bias = ore_data(bias), g.c = ore_data_mut(c);
            assert_int_equal(ORE_CALL(ctx, gemm, half, &g), ORE_OK);
            assert_within(c, want, 0x1p-16);
            ore_scope_end();
        }
}

/* On every level and for every layout of B, a product with a B of halves has the bits of float32's
 * of the same numbers. */
static void compare_products(const ore_kernels *table, ore_dtype half, int64_t m, int64_t n,
                             int64_t k, bool by_columns) {
    ore_context ctx = level_context(table);
    ore_scope_begin();
    ore_generator *g = ore_generator_new(13);
    ore_tensor *a = ore_rand(ORE_SHAPE(m, k), ORE_FLOAT32, g);
    ore_tensor *b = ore_rand(ORE_SHAPE(k, n), half, g), *wide = ore_to(b, ORE_FLOAT32);
    ore_generator_free(g);
    ore_tensor *got = ore_zeros(ORE_SHAPE(m, n), ORE_FLOAT32), *want = ore_zeros_like(got);
    ore_gemm product = {.m = m,
                        .n = n,
                        .k = k,
                        .a_row = k,
                        .a_col = 1,
                        .c_row = n,
                        .c_col = 1,
                        .b_row = by_columns ? 1 : n,
                        .b_col = by_columns ? k : 1,
                        .a_wide = true,
                        .c_wide = true};
    product.a = ore_data(a), product.b = ore_data(b), product.c = ore_data_mut(got);
    assert_int_equal(table->gemm[half](&ctx, &product), ORE_OK);
    product.b = ore_data(wide), product.c = ore_data_mut(want);
    assert_int_equal(table->gemm[ORE_FLOAT32](&ctx, &product), ORE_OK);
    assert_memory_equal(ore_data(got), ore_data(want), (size_t)(m * n) * sizeof(float));
    ore_scope_end();
}

static void products_have_the_bits_of_float32(void **state) {
    (void)state;
    static const int64_t ms[] = {1, 5, 17, 200}, ns[] = {3, 48, 130, 900}, ks[] = {1, 19, 810};
    const level_tables *levels = levels_to_test();
    for (int l = 0; l < levels->count; l++)
        for (int i = 0; i < 4 * 4 * 3 * 4; i++)
            compare_products(&levels->tables[l], halves[i % 2], ms[i / 4 % 4], ns[i / 16 % 4],
                             ks[i / 64], i / 2 % 2);
}

/* Without recording, linear takes a float32 x with weights of halves. */
static void linear_takes_weights_of_halves(void **state) {
    (void)state;
    for (int h = 0; h < 2; h++) {
        ore_scope_begin();
        ore_generator *g = ore_generator_new(3);
        ore_tensor *x = ore_rand(ORE_SHAPE(2, 3, 40), ORE_FLOAT32, g);
        ore_tensor *w = ore_rand(ORE_SHAPE(21, 40), halves[h], g), *wide = ore_to(w, ORE_FLOAT32);
        ore_tensor *b = ore_rand(ORE_SHAPE(21), halves[h], g), *wide_b = ore_to(b, ORE_FLOAT32);
        ore_tensor *residual = ore_rand(ORE_SHAPE(2, 3, 21), ORE_FLOAT32, g);
        ore_generator_free(g);
        assert_null(ore_f_linear(x, w, b));
        assert_error_is(ORE_INVALID,
                        h ? "linear: x of float32, weight of float16: expected one dtype"
                          : "linear: x of float32, weight of bfloat16: expected one dtype");
        ore_no_grad_begin();
        assert_within(ore_f_linear(x, w, b), ore_f_linear(x, wide, wide_b), 0);
        assert_within(ore_f_linear_add(x, w, NULL, residual),
                      ore_f_linear_add(x, wide, NULL, residual), 0);
        assert_within(ore_f_linear_activated(x, w, b, ore_gelu),
                      ore_f_linear_activated(x, wide, wide_b, ore_gelu), 0);
        assert_null(ore_f_linear(x, w, wide_b));
        assert_error_is(ORE_INVALID,
                        h ? "linear: weight of float16, bias of float32: expected one dtype"
                          : "linear: weight of bfloat16, bias of float32: expected one dtype");
        ore_no_grad_end();
        ore_scope_end();
    }
}

/* ---- attention ---- */

/* Attention of halves is that of float32, rounded once, and so are its gradients. */
static void attention_is_that_of_float32(void **state) {
    (void)state;
    for (int h = 0; h < 2; h++) {
        ore_scope_begin();
        ore_generator *g = ore_generator_new(19);
        ore_tensor *q = ore_rand(ORE_SHAPE(3, 20, 4, 16), halves[h], g);
        ore_tensor *k = ore_rand(ORE_SHAPE(3, 2, 37, 16), halves[h], g);
        ore_tensor *v = ore_rand(ORE_SHAPE(3, 2, 37, 9), halves[h], g);
        ore_tensor *mask = ore_rand(ORE_SHAPE(3, 1, 20, 37), halves[h], g);
        ore_tensor *slopes = ore_rand(ORE_SHAPE(3, 4), halves[h], g);
        ore_generator_free(g);
        ore_tensor *low[] = {q, k, v, mask, slopes}, *full[5];
        for (int i = 0; i < 5; i++) {
            full[i] = ore_set_requires_grad(ore_to(low[i], ORE_FLOAT32), true);
            ore_set_requires_grad(low[i], true);
        }
        ore_attention_options o = ore_attention_defaults(), wide = o;
        o.causal = wide.causal = true;
        o.mask = low[3], o.slopes = low[4], wide.mask = full[3], wide.slopes = full[4];
        ore_tensor *got = ore_attention(ore_transpose(q, 1, 2), k, v, &o);
        ore_tensor *want = ore_attention(ore_transpose(full[0], 1, 2), full[1], full[2], &wide);
        assert_within(ore_detach(got), ore_detach(want), 0);
        ore_backward(ore_sum(got, ORE_ALL, false));
        ore_backward(ore_sum(want, ORE_ALL, false));
        for (int i = 0; i < 5; i++) /* distances magnify in slopes what rounding does to y */
            assert_within(ore_grad(low[i]), ore_grad(full[i]), i == 4 ? 0x1p-3 : 0x1p-6);
        ore_scope_end();
    }
}

/* ---- optimizers ---- */

/* What an optimizer remembers of a bfloat16 parameter is float32: averages of small squares would
 * stand still in 8 bits. */
static void optimizers_remember_in_float32(void **state) {
    (void)state;
    ore_scope_begin();
    ore_optimizer *adam = ore_adam_new(NULL, NULL);
    ore_tensor *p = ore_ones(ORE_SHAPE(5000), ORE_BFLOAT16);
    ore_set_requires_grad(p, true);
    ore_optimizer_add_group(adam, NULL);
    assert_int_equal(ore_optimizer_add(adam, 0, p, "p"), ORE_OK);
    for (int step = 0; step < 40; step++) {
        ore_set_grad(p, ore_full(ORE_SHAPE(5000), 0.5, ORE_BFLOAT16));
        assert_int_equal(ore_optimizer_step(adam), ORE_OK);
    }
    ore_tensor_list list = ore_optimizer_state(adam);
    ore_tensor *v = ore_tensor_list_find(&list, "p.exp_avg_sq");
    assert_non_null(v);
    assert_int_equal(ore_tensor_dtype(v), ORE_FLOAT32);
    double want = 0.25 * (1 - pow(0.999, 40));
    assert_float_equal(ore_item(ore_amax(v, ORE_ALL, false)), want, 1e-6);
    assert_float_equal(ore_item(ore_amin(v, ORE_ALL, false)), want, 1e-6);
    assert_int_equal(ore_tensor_dtype(p), ORE_BFLOAT16);
    ore_tensor_list_free(&list);
    ore_optimizer_free(adam);
    ore_scope_end();
}

/* ---- threads ---- */

static uint64_t digest_of(ore_tensor *t) {
    uint64_t digest = 0;
    const uint16_t *x = ore_data(ore_contiguous(t));
    for (int64_t i = 0; i < ore_numel(t); i++)
        digest = digest * 0x100000001b3u + x[i];
    return digest;
}

static uint64_t digest_with(int threads) {
    uint64_t digest = 0;
    assert_int_equal(ore_set_num_threads(threads), ORE_OK);
    ore_scope_begin();
    ore_generator *g = ore_generator_new(11);
    ore_tensor *x = ore_rand(ORE_SHAPE(300, 257), ORE_BFLOAT16, g);
    ore_tensor *w = ore_rand(ORE_SHAPE(257), ORE_BFLOAT16, g);
    ore_generator_free(g);
    ore_set_requires_grad(x, true), ore_set_requires_grad(w, true);
    ore_tensor *y = ore_softmax(ore_gelu(ore_f_layer_norm(x, ORE_SHAPE(257), w, w, 1e-5)), -1);
    digest = digest_of(ore_detach(y));
    ore_backward(ore_mean(ore_mul(y, y), ORE_ALL, false));
    digest ^= digest_of(ore_grad(x)) ^ digest_of(ore_grad(w)) ^
              digest_of(ore_sum(ore_detach(x), ORE_DIMS(0), false));
    ore_scope_end();
    return digest;
}

static void threads_change_no_bit(void **state) {
    (void)state;
    int usual = ore_num_threads();
    uint64_t one = digest_with(1), three = digest_with(3);
    ore_set_num_threads(usual);
    assert_true(one == three);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_convert_as_scalar_does),
        cmocka_unit_test(results_are_those_of_torch),
        cmocka_unit_test(large_reductions_agree),
        cmocka_unit_test(means_of_sums_that_overflow),
        cmocka_unit_test(mixed_products_agree),
        cmocka_unit_test(products_have_the_bits_of_float32),
        cmocka_unit_test(linear_takes_weights_of_halves),
        cmocka_unit_test(attention_is_that_of_float32),
        cmocka_unit_test(optimizers_remember_in_float32),
        cmocka_unit_test(threads_change_no_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
