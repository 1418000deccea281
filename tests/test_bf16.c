/* test_bf16.c: products of bfloat16 by the instructions that are made for them. vdpbf16ps is
 * compared with what bf16/pair_product.h says that it does, where this processor has it; whole
 * products of every level that has them, and of both such levels over instructions in plain C, with
 * the same sums in plain loops, bit by bit. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ore.h>

#include "backend/cpu/bf16/pair_product.h"
#include "backend/cpu/cpu.h"
#include "base/cpuid.h"
#include "support/layouts.h"
#include "support/levels.h"

extern const ore_kernels pairs_emulated_kernels, amx_emulated_kernels;

/* ---- numbers ---- */

static uint64_t state_of_numbers = 0x9e3779b97f4a7c15u;

static uint32_t next_word(void) {
    state_of_numbers = state_of_numbers * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state_of_numbers >> 32);
}

static int64_t below(int64_t n) {
    return next_word() % n;
}

/* What a matrix holds: numbers around 1; numbers whose products are near the smallest normal one;
 * any bits; zeros, subnormals, ties, infinities and NaN. */
typedef enum kind { USUAL, SMALL, ANY, SPECIAL, KINDS } kind;

static uint16_t next_half(kind of) {
    static const uint16_t special[] = {0,      0x8000, 1,      0x8001, 0x7f,   0x80,   0x8080,
                                       0x7f80, 0xff80, 0x7fc0, 0xffc1, 0x7f81, 0x3f80, 0xbf80,
                                       0x7f7f, 0xff7f, 0x100,  0x2000, 0x1fff, 0x3f81};
    uint32_t word = next_word(), sign_and_fraction = word & 0x807f;
    if (of == USUAL)
        return (uint16_t)(sign_and_fraction | (119 + (word >> 16) % 16) << 7);
    if (of == SMALL)
        return (uint16_t)(sign_and_fraction | (60 + (word >> 16) % 8) << 7);
    if (of == ANY || (word >> 16) % 3 == 0)
        return (uint16_t)word;
    return special[(word >> 16) / 3 % (sizeof special / sizeof *special)];
}

static uint32_t next_float_bits(kind of) {
    uint32_t word = next_word(), sign_and_fraction = word & 0x807fffffu;
    if (of == USUAL)
        return sign_and_fraction | (115 + below(24)) << 23;
    if (of == SMALL)
        return sign_and_fraction | below(4) << 23;
    return of == ANY ? word : (uint32_t)next_half(SPECIAL) << 16;
}

static bool same_number(float a, float b) {
    return ore_float_bits(a) == ore_float_bits(b) || (isnan(a) && isnan(b));
}

/* ---- the instruction ---- */

#if defined(__x86_64__) && defined(ORE_KNOWS_AVX512_BF16)
#include <immintrin.h>

__attribute__((target("avx512f,avx512bf16"))) static void
by_instruction(float *sum, const bf16_pair *a, const bf16_pair *b) {
    __m512 x;
    __m512i left, right;
    memcpy(&x, sum, sizeof x);
    memcpy(&left, a, sizeof left);
    memcpy(&right, b, sizeof right);
    x = _mm512_dpbf16_ps(x, (__m512bh)left, (__m512bh)right);
    memcpy(sum, &x, sizeof x);
}
#else
static void by_instruction(float *sum, const bf16_pair *a, const bf16_pair *b) {
    (void)sum, (void)a, (void)b;
}
#endif

static void the_instruction_does_what_c_says(void **state) {
    (void)state;
    enum { LANES = 16, ROUNDS = 100000 };
    if (!strstr(ore_cpu_levels_text(), "avx512_bf16"))
        skip();
    for (int round = 0; round < ROUNDS; round++) {
        kind of = round % KINDS;
        bf16_pair a[LANES], b[LANES];
        float sum[LANES], got[LANES];
        for (int i = 0; i < LANES; i++) {
            a[i] = next_half(of) | (bf16_pair)next_half(of) << 16;
            b[i] = next_half(of) | (bf16_pair)next_half(of) << 16;
            got[i] = sum[i] = ore_float_of_bits(next_float_bits(of));
        }
        by_instruction(got, a, b);
        for (int i = 0; i < LANES; i++) {
            float want = add_pair_product(sum[i], a[i], b[i]);
            if (!same_number(got[i], want))
                fail_msg("%08x + %08x %08x is %08x, expected %08x", ore_float_bits(sum[i]), a[i],
                         b[i], ore_float_bits(got[i]), ore_float_bits(want));
        }
    }
}

/* Results at the border of the subnormal numbers, by hand. */
static void small_results_become_zero(void **state) {
    (void)state;
    const float least = 0x1p-126f, odd = 1 + 0x1p-7f;
    assert_true(same_number(fma_without_subnormals(least, 1, 0), least));
    assert_true(same_number(fma_without_subnormals(0x1p-63f, -0x1p-64f, 0), -0.0f));
    assert_true(same_number(fma_without_subnormals(0x1p-127f, 2, 1), 1));
    assert_true(same_number(fma_without_subnormals(1, 1, -0x1p-140f), 1));
    /* 2^-126 - 2^-150 is rounded to 2^-126 with the digits of a subnormal, not with 24 */
    assert_true(same_number(fma_without_subnormals(0x1p-75f, -0x1p-75f, least), 0));
    assert_true(same_number(fma_without_subnormals(0x1p-76f, -0x1p-76f, least), least));
    assert_true(same_number(fma_without_subnormals(odd, odd, -1), odd * odd - 1));
    assert_true(same_number(fma_without_subnormals(0x1p100f, 0x1p20f, -0x1p120f), 0));
    assert_true(same_number(fma_without_subnormals(0x1p100f, 0x1p100f, -INFINITY), -INFINITY));
}

/* ---- products in plain loops ---- */

typedef float (*add_block)(float sum, const uint16_t *x, const uint16_t *y, int64_t n);

/* A chain of pairs, the last one filled up with zeros. */
static float add_by_pairs(float sum, const uint16_t *x, const uint16_t *y, int64_t n) {
    for (int64_t l = 0; l < n; l += 2) {
        bf16_pair a = x[l], b = y[l];
        if (l + 1 < n)
            a |= (bf16_pair)x[l + 1] << 16, b |= (bf16_pair)y[l + 1] << 16;
        sum = add_pair_product(sum, a, b);
    }
    return sum;
}

/* For 32 elements, zeros where they end: the even ones' sum, the odd ones', both added. */
static float add_by_tiles(float sum, const uint16_t *x, const uint16_t *y, int64_t n) {
    enum { STEP = 32 };
    for (int64_t l = 0; l < n; l += STEP) {
        float part[2] = {0, 0};
        for (int64_t i = l; i < l + STEP; i++) {
            float a = i < n ? ore_bf16_to_float((ore_bf16){x[i]}) : 0;
            float b = i < n ? ore_bf16_to_float((ore_bf16){y[i]}) : 0;
            part[i % 2] = fma_without_subnormals(a, b, part[i % 2]);
        }
        sum = fma_without_subnormals(1, sum, fma_without_subnormals(1, part[0], part[1]));
    }
    return sum;
}

/* The sum over k: blocks as cpu/bf16/gemm.c makes them. */
static float sum_of(add_block add, const uint16_t *x, const uint16_t *y, int64_t k) {
    int64_t blocks = (k + 1023) / 1024, step = k;
    if (blocks > 1)
        step = ((k + blocks - 1) / blocks + 31) / 32 * 32;
    float total = add(0, x, y, step);
    for (int64_t l = step; l < k; l += step)
        total += add(0, x + l, y + l, k - l < step ? k - l : step);
    return total;
}

typedef struct matrix {
    char *data;
    int64_t row, col, batch, count;
    bool wide;
} matrix;

static int64_t element_bytes(const matrix *x) {
    return x->wide ? sizeof(float) : sizeof(uint16_t);
}

static matrix new_matrix(int64_t batches, int64_t rows, int64_t cols, layout l, bool wide,
                         kind of) {
    layout_steps steps = steps_of(l, rows, cols);
    matrix x = {.row = steps.row, .col = steps.col, .batch = steps.batch, .wide = wide};
    /* no byte more than what is used: AddressSanitizer watches the ends */
    x.count =
        rows && cols ? (batches - 1) * x.batch + (rows - 1) * x.row + (cols - 1) * x.col + 1 : 0;
    x.data = malloc((size_t)(x.count * element_bytes(&x)));
    for (int64_t i = 0; i < x.count; i++) {
        uint16_t half = next_half(of);
        uint32_t word = next_float_bits(of);
        memcpy(x.data + i * element_bytes(&x), wide ? (void *)&word : &half,
               (size_t)element_bytes(&x));
    }
    return x;
}

static float number_at(const matrix *x, int64_t i) {
    float number;
    if (x->wide)
        memcpy(&number, x->data + i * 4, sizeof number);
    else
        number = ore_bf16_to_float(((const ore_bf16 *)(const void *)x->data)[i]);
    return number;
}

static void put_number(matrix *x, int64_t i, float number) {
    if (x->wide)
        memcpy(x->data + i * 4, &number, sizeof number);
    else
        ((ore_bf16 *)(void *)x->data)[i] = ore_bf16_from_float(number);
}

static matrix copy_matrix(const matrix *x) {
    matrix y = *x;
    size_t bytes = (size_t)(x->count * element_bytes(x));
    y.data = malloc(bytes);
    memcpy(y.data, x->data, bytes);
    return y;
}

typedef struct test_case {
    int64_t batches, m, n, k;
    layout a_layout, b_layout, c_layout;
    kind of;
    bool bias, accumulate, addend, wide;
} test_case;

typedef struct operands {
    matrix a, b, c, bias, addend;
} operands;

static void multiply_plainly(const test_case *t, const operands *o, matrix *c, add_block add) {
    uint16_t x[4096], y[4096];
    for (int64_t batch = 0; batch < t->batches; batch++)
        for (int64_t i = 0; i < t->m; i++)
            for (int64_t j = 0; j < t->n; j++) {
                const uint16_t *a = (const void *)o->a.data, *b = (const void *)o->b.data;
                for (int64_t l = 0; l < t->k; l++) {
                    x[l] = a[batch * o->a.batch + i * o->a.row + l * o->a.col];
                    y[l] = b[batch * o->b.batch + l * o->b.row + j * o->b.col];
                }
                int64_t at = batch * c->batch + i * c->row + j * c->col;
                float sum = sum_of(add, x, y, t->k);
                if (t->bias)
                    sum += number_at(&o->bias, j);
                if (t->accumulate || t->addend)
                    sum += number_at(t->addend ? &o->addend : &o->c, at);
                put_number(c, at, sum);
            }
}

static void multiply_by(const ore_kernels *rows, const test_case *t, const operands *o, matrix *c) {
    ore_kernels table;
    assert_int_equal(ore_cpu_kernels_of("scalar", &table), ORE_OK);
    ore_kernels_overlay(&table, rows);
    ore_context ctx = level_context(&table);
    ore_gemm g = {.m = t->m,
                  .n = t->n,
                  .k = t->k,
                  .a = o->a.data,
                  .a_row = o->a.row,
                  .a_col = o->a.col,
                  .b = o->b.data,
                  .b_row = o->b.row,
                  .b_col = o->b.col,
                  .c = c->data,
                  .c_row = c->row,
                  .c_col = c->col,
                  .bias = t->bias ? o->bias.data : NULL,
                  .addend = t->addend ? o->addend.data : NULL,
                  .accumulate = t->accumulate,
                  .c_wide = t->wide,
                  .batch_ndim = 1};
    g.batch_shape[0] = t->batches;
    g.a_batch[0] = o->a.batch, g.b_batch[0] = o->b.batch, g.c_batch[0] = c->batch;
    assert_int_equal(table.gemm[ORE_BFLOAT16](&ctx, &g), ORE_OK);
}

/* Everything in memory, the gaps of a padded result too, which must stay as they were. */
static void expect_same(const char *level, const test_case *t, const matrix *got,
                        const matrix *want) {
    for (int64_t i = 0; i < got->count; i++)
        if (!same_number(number_at(got, i), number_at(want, i)))
            fail_msg("%s: %d x (%d, %d, %d), layouts %d %d %d, numbers %d, bias %d, added %d %d, "
                     "float32 %d: element %d is %.9g, expected %.9g",
                     level, (int)t->batches, (int)t->m, (int)t->n, (int)t->k, t->a_layout,
                     t->b_layout, t->c_layout, t->of, t->bias, t->accumulate, t->addend, t->wide,
                     (int)i, number_at(got, i), number_at(want, i));
}

/* The levels with such products that can run here. */
typedef struct level {
    const char *name;
    const ore_kernels *rows;
    add_block add;
} level;

static int levels_here(level levels[4]) {
    static ore_kernels real[2];
    static const char *const names[] = {"avx512_bf16", "amx"};
    const add_block adds[] = {add_by_pairs, add_by_tiles};
    int count = 2;
    levels[0] = (level){"pairs_emulated", &pairs_emulated_kernels, add_by_pairs};
    levels[1] = (level){"amx_emulated", &amx_emulated_kernels, add_by_tiles};
    for (int i = 0; i < 2; i++)
        if (strstr(ore_cpu_levels_text(), names[i])) {
            assert_int_equal(ore_cpu_kernels_of(names[i], &real[i]), ORE_OK);
            levels[count++] = (level){names[i], &real[i], adds[i]};
        }
    return count;
}

static void check(const test_case *t) {
    level levels[4];
    operands o = {.a = new_matrix(t->batches, t->m, t->k, t->a_layout, false, t->of),
                  .b = new_matrix(t->batches, t->k, t->n, t->b_layout, false, t->of),
                  .c = new_matrix(t->batches, t->m, t->n, t->c_layout, t->wide, t->of),
                  .bias = new_matrix(1, 1, t->n, DENSE_ROWS, false, t->of),
                  .addend = new_matrix(t->batches, t->m, t->n, t->c_layout, t->wide, t->of)};
    matrix want[2] = {copy_matrix(&o.c), copy_matrix(&o.c)};
    multiply_plainly(t, &o, &want[0], add_by_pairs);
    multiply_plainly(t, &o, &want[1], add_by_tiles);
    int count = levels_here(levels);
    for (int i = 0; i < count; i++) {
        matrix got = copy_matrix(&o.c);
        multiply_by(levels[i].rows, t, &o, &got);
        expect_same(levels[i].name, t, &got, &want[levels[i].add == add_by_tiles]);
        free(got.data);
    }
    free(o.a.data), free(o.b.data), free(o.c.data), free(o.bias.data), free(o.addend.data);
    free(want[0].data), free(want[1].data);
}

static void products_are_those_of_plain_loops(void **state) {
    (void)state;
    static const int64_t ms[] = {0, 1, 2, 7, 8, 9, 16, 17, 31, 32, 33, 50};
    static const int64_t ns[] = {0, 1, 8, 15, 16, 17, 32, 33, 47, 48, 49, 70};
    static const int64_t ks[] = {0, 1, 2, 3, 16, 31, 32, 33, 63, 64, 65, 97};
    for (int i = 0; i < 1500; i++) {
        test_case t = {.batches = 1 + below(4) / 3,
                       .m = ms[below(12)],
                       .n = ns[below(12)],
                       .k = ks[below(12)],
                       .a_layout = (layout)below(LAYOUTS),
                       .b_layout = (layout)below(LAYOUTS),
                       .c_layout = (layout)below(LAYOUTS),
                       .of = (kind)below(KINDS),
                       .bias = below(2),
                       .wide = below(4) == 0};
        t.accumulate = below(3) == 0;
        t.addend = !t.accumulate && below(2);
        check(&t);
    }
}

/* Several K blocks, chunks and threads; transposed operands, as in backward. */
static void large_products_are_too(void **state) {
    (void)state;
    const test_case cases[] = {
        {1, 400, 60, 100, DENSE_ROWS, DENSE_COLS, DENSE_ROWS, USUAL, true, false, false, false},
        {1, 60, 500, 100, DENSE_COLS, DENSE_ROWS, DENSE_ROWS, USUAL, false, true, false, false},
        {1, 20, 70, 1025, DENSE_ROWS, DENSE_COLS, DENSE_ROWS, USUAL, true, false, true, false},
        {1, 33, 50, 2100, DENSE_COLS, DENSE_ROWS, DENSE_ROWS, USUAL, true, true, false, true},
        {1, 9, 20, 3333, SPREAD, SPREAD, PADDED_ROWS, SMALL, false, false, false, false},
        {3, 50, 49, 1100, DENSE_COLS, DENSE_COLS, DENSE_COLS, USUAL, false, false, true, false}};
    int threads = ore_num_threads();
    for (int count = 1; count <= 3; count += 2) {
        assert_int_equal(ore_set_num_threads(count), ORE_OK);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
            check(&cases[i]);
    }
    ore_set_num_threads(threads);
}

/* ---- through the operations ---- */

/* An activation of parts of a product has the bits of one of the whole. */
static void activations_follow_products(void **state) {
    (void)state;
    ore_scope_begin();
    ore_generator *g = ore_generator_new(5);
    ore_tensor *x = ore_randn(ORE_SHAPE(500, 90), ORE_BFLOAT16, g);
    ore_tensor *w = ore_randn(ORE_SHAPE(130, 90), ORE_BFLOAT16, g);
    ore_tensor *b = ore_randn(ORE_SHAPE(130), ORE_BFLOAT16, g);
    ore_generator_free(g);
    const void *got = ore_data(ore_f_linear_activated(x, w, b, ore_gelu));
    const void *want = ore_data(ore_gelu(ore_f_linear(x, w, b)));
    assert_true(ore_ok());
    assert_memory_equal(got, want, 500 * 130 * sizeof(uint16_t));
    ore_scope_end();
}

/* A row of a product does not know of the others, so that a sequence gets the same numbers alone
 * and in a batch. */
static void rows_do_not_depend_on_their_number(void **state) {
    (void)state;
    ore_scope_begin();
    ore_generator *g = ore_generator_new(6);
    ore_tensor *x = ore_randn(ORE_SHAPE(300, 770), ORE_BFLOAT16, g);
    ore_tensor *w = ore_randn(ORE_SHAPE(200, 770), ORE_BFLOAT16, g);
    ore_generator_free(g);
    const uint16_t *all = ore_data(ore_f_linear(x, w, NULL));
    static const int64_t counts[] = {1, 2, 9, 40, 299};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        const void *some = ore_data(ore_f_linear(ore_narrow(x, 0, 1, counts[i]), w, NULL));
        assert_true(ore_ok());
        assert_memory_equal(some, all + 200, (size_t)counts[i] * 200 * sizeof *all);
    }
    ore_scope_end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_instruction_does_what_c_says),
        cmocka_unit_test(small_results_become_zero),
        cmocka_unit_test(products_are_those_of_plain_loops),
        cmocka_unit_test(large_products_are_too),
        cmocka_unit_test(activations_follow_products),
        cmocka_unit_test(rows_do_not_depend_on_their_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
