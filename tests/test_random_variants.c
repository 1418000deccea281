/* What a generator's variant changes, against published outputs of other builds of torch: dropout
 * masks and the names that the bigram lecture samples. The AVX2 variant is in test_random.c. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ops.h>

#include "support/shared.h"

/* The next word's low 31 bits. */
static int64_t next_word(ore_generator *g) {
    return ore_item_int(ore_random_(ore_empty(ORE_SCALAR, ORE_INT32), 0, 0, g));
}

/* torch.manual_seed(123), dropout(0.5) of ones (6, 6), in builds with MKL. */
static const char published_mask[] = "111111"
                                     "010000"
                                     "001010"
                                     "110001"
                                     "100001"
                                     "010000";

static void assert_published(ore_tensor *t, float kept) {
    ore_tensor *dense = ore_to(ore_contiguous(t), ORE_FLOAT32);
    if (!dense)
        fail_msg("%s", ore_error_message());
    const float *x = ore_data(dense);
    for (int i = 0; i < 36; i++)
        assert_true(x[i] == (published_mask[i] == '1' ? kept : 0));
}

static void test_mkl_masks(void **state) {
    (void)state;
    ore_scope_begin();
    ore_generator *g = ore_generator_new(123);
    next_word(g);
    int64_t second = next_word(g);
    ore_generator_set_variant(g, ORE_RANDOM_MKL_BERNOULLI);
    for (int way = 0; way < 5; way++) {
        ore_shape shape = ORE_SHAPE(6, 6);
        ore_generator_seed(g, 123);
        if (way < 2)
            assert_published(
                ore_bernoulli_(ore_empty(shape, way ? ORE_FLOAT64 : ORE_FLOAT32), 0.5, g), 1);
        else if (way == 2)
            assert_published(ore_f_dropout(ore_ones(shape, ORE_FLOAT32), 0.5, true, g), 2);
        else if (way == 3) /* by index, not as it lies in memory */
            assert_published(
                ore_bernoulli_(ore_transpose(ore_empty(shape, ORE_FLOAT32), 0, 1), 0.5, g), 1);
        else
            assert_published(
                ore_f_dropout(ore_transpose(ore_ones(shape, ORE_FLOAT32), 0, 1), 0.5, true, g), 2);
        assert_int_equal(next_word(g), second);
    }
    ore_generator_free(g);
    ore_scope_end();
    assert_true(ore_ok());
}

/* The stream as L'Ecuyer's paper defines it, and a last byte that is not full. */
static void test_mkl_stream(void **state) {
    (void)state;
    ore_scope_begin();
    ore_generator *g = ore_generator_new(99);
    uint64_t second = (uint64_t)ore_item_int(
        ore_randint(0, INT64_C(1) << 32, ORE_SHAPE(1), ORE_INT64, g)); /* of two words */
    ore_generator_set_variant(g, ORE_RANDOM_MKL_EXPONENTIAL | ORE_RANDOM_MKL_BERNOULLI);
    for (int wide = 0; wide < 2; wide++) {
        ore_generator_seed(g, 99);
        if (!wide)
            next_word(g);
        ore_tensor *t =
            ore_exponential_(ore_empty(ORE_SHAPE(50), wide ? ORE_FLOAT64 : ORE_FLOAT32), 2.5, g);
        const double *got = ore_data(ore_to(t, ORE_FLOAT64));
        uint64_t x = second % 2147483647u;
        for (int i = 0; i < 50; i++) {
            double want = -log((double)x / 2147483647.0) / 2.5;
            assert_true(got[i] == (wide ? want : (double)(float)want));
            x = x * 1132489760u % 2147483647u;
        }
    }
    ore_generator_seed(g, 4);
    ore_tensor *longer = ore_f_dropout(ore_ones(ORE_SHAPE(1003), ORE_FLOAT32), 0.3, true, g);
    ore_generator_seed(g, 4);
    ore_tensor *mask = ore_bernoulli_(ore_empty(ORE_SHAPE(1003), ORE_FLOAT32), 0.7, g);
    assert_true(ore_allclose(longer, ore_div_scalar(mask, 0.7), 1e-6, 0, false));
    ore_generator_free(g);
    ore_scope_end();
    assert_true(ore_ok());
}

/* torch 2: one sample with replacement by exponentials, several still by the running sum. */
static void test_torch2_multinomial(void **state) {
    (void)state;
    static const int one[10] = {1, 1, 9, 3, 9, 2, 6, 0, 1, 8}; /* torch 2.15 */
    ore_scope_begin();
    float w[10];
    for (int i = 0; i < 10; i++)
        w[i] = (float)((i * 37 + 11) % 53 + 1);
    ore_tensor *weights = ore_from_data(w, ORE_SHAPE(10), ORE_FLOAT32);
    ore_generator *g = ore_generator_new(123), *plain = ore_generator_new(7);
    ore_generator_set_variant(g, ORE_RANDOM_TORCH2);
    for (int i = 0; i < 10; i++)
        assert_int_equal(ore_item_int(ore_multinomial(weights, 1, true, g)), one[i]);
    ore_generator_seed(g, 7);
    ore_tensor *several = ore_multinomial(weights, 9, true, g);
    assert_true(ore_allclose(several, ore_multinomial(weights, 9, true, plain), 0, 0, false));
    ore_generator_free(g);
    ore_generator_free(plain);
    ore_scope_end();
    assert_true(ore_ok());
}

/* From a range of 2^28 on two words a number, as torch 2.15 draws; below it one. */
static void test_wide_integers(void **state) {
    (void)state;
    static const struct {
        int64_t high, numbers[2], after;
    } torch[] = {
        {(1 << 28) - 1, {266460267, 199900607}, 1935803228},
        {1 << 28, {199900595, 250975502}, 996406378},
        {1 << 30, {199900595, 787846414}, 996406378},
    };
    ore_scope_begin();
    ore_generator *g = ore_generator_new(0);
    ore_generator_set_variant(g, ORE_RANDOM_WIDE_INTEGERS);
    for (int i = 0; i < 3; i++) {
        ore_generator_seed(g, 42);
        ore_tensor *t = ore_randint(0, torch[i].high, ORE_SHAPE(2), ORE_INT64, g);
        const int64_t *numbers = ore_data(t);
        assert_int_equal(numbers[0], torch[i].numbers[0]);
        assert_int_equal(numbers[1], torch[i].numbers[1]);
        assert_int_equal(next_word(g), torch[i].after);
    }
    ore_generator_free(g);
    ore_scope_end();
}

/* torch.normal(means, 0.7) is a standard normal times 0.7, plus the means, each step rounded; the
 * first three of twenty in torch 2.15. */
static void test_normal_of_means(void **state) {
    (void)state;
    static const float torch[] = {1.34884071f, 2.04109883f, 2.63050199f};
    ore_scope_begin();
    ore_generator *g = ore_generator_new(42);
    ore_generator_set_variant(g, ORE_RANDOM_AVX2);
    ore_tensor *z = ore_mul_scalar(ore_randn(ORE_SHAPE(20), ORE_FLOAT32, g), 0.7);
    const float *x = ore_data(ore_add(z, ore_arange(0, 20, 1, ORE_FLOAT32)));
    for (int i = 0; i < 3; i++)
        assert_true(x[i] == torch[i]);
    ore_generator_free(g);
    ore_scope_end();
}

/* ---- the lecture's names ---- */

enum { LETTERS = 27 };

/* Rows of P = counts of bigrams, normalised; 0 is the end of a name. */
static ore_tensor *bigram_rows(const char *path) {
    static float counts[LETTERS][LETTERS];
    memset(counts, 0, sizeof counts);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    int before = 0;
    for (int c = fgetc(f); c != EOF; c = fgetc(f)) {
        int here = c == '\n' ? 0 : c - 'a' + 1;
        counts[before][here] += 1;
        before = here;
    }
    if (before)
        counts[before][0] += 1;
    fclose(f);
    ore_tensor *n = ore_from_data(counts, ORE_SHAPE(LETTERS, LETTERS), ORE_FLOAT32);
    return ore_div(n, ore_sum(n, ORE_DIMS(1), true));
}

static void sample_names(ore_tensor *p, unsigned variant, char *text) {
    ore_generator *g = ore_generator_new(2147483647);
    ore_generator_set_variant(g, variant);
    for (int name = 0; name < 5; name++) {
        int64_t here = 0;
        do {
            here = ore_item_int(ore_multinomial(ore_select(p, 0, here), 1, true, g));
            *text++ = here ? (char)('a' + here - 1) : '.';
        } while (here);
        *text++ = name < 4 ? ' ' : 0;
    }
    ore_generator_free(g);
}

static void test_names_of_three_builds(void **state) {
    (void)state;
    static const struct {
        unsigned variant;
        const char *names;
    } builds[] = {
        {ORE_RANDOM_DEFAULT, "mor. axx. minaymoryles. kondlaisah. anchshizarie."},
        {ORE_RANDOM_TORCH2, "cexze. momasurailezitynn. konimittain. llayn. ka."},
        {ORE_RANDOM_TORCH2 | ORE_RANDOM_MKL_EXPONENTIAL, "junide. janasah. p. cony. a."},
    };
    ore_scope_begin();
    ore_tensor *p = bigram_rows(shared_file("data/text/names.txt"));
    for (int b = 0; b < 3; b++) {
        char names[512];
        sample_names(p, builds[b].variant, names);
        assert_string_equal(names, builds[b].names);
    }
    ore_scope_end();
}

/* ---- the setting ---- */

static void test_variant_travels(void **state) {
    (void)state;
    uint8_t saved[ORE_GENERATOR_STATE_BYTES];
    ore_scope_begin();
    ore_generator *g = ore_generator_new(5), *other = ore_generator_new(6);
    assert_int_equal(ore_generator_variant(g), ORE_RANDOM_DEFAULT);
    assert_int_equal(ore_generator_set_variant(g, ORE_RANDOM_AVX2 | ORE_RANDOM_TORCH2), ORE_OK);
    ore_generator_seed(g, 8);
    ore_randn(ORE_SHAPE(1), ORE_FLOAT32, g); /* its pair waits */
    assert_int_equal(ore_generator_variant(g), ORE_RANDOM_AVX2 | ORE_RANDOM_TORCH2);
    ore_generator_get_state(g, saved);
    assert_int_equal(ore_generator_set_state(other, saved, sizeof saved), ORE_OK);
    assert_int_equal(ore_generator_variant(other), ORE_RANDOM_AVX2 | ORE_RANDOM_TORCH2);
    ore_tensor *a = ore_randn(ORE_SHAPE(3), ORE_FLOAT64, g);
    assert_true(ore_allclose(a, ore_randn(ORE_SHAPE(3), ORE_FLOAT64, other), 0, 0, false));
    ore_generator_set_variant(NULL, ORE_RANDOM_TORCH2);
    assert_int_equal(ore_generator_variant(ore_default_generator()), ORE_RANDOM_TORCH2);
    ore_generator_set_variant(NULL, ORE_RANDOM_DEFAULT);
    ore_generator_free(g);
    ore_generator_free(other);
    ore_scope_end();
}

static void test_unknown_variants(void **state) {
    (void)state;
    enum { VARIANT_AT = 8 + 4 * 624 + 5 };
    uint8_t saved[ORE_GENERATOR_STATE_BYTES];
    ore_generator *g = ore_generator_new(5);
    ore_generator_set_variant(g, ORE_RANDOM_AVX2);
    assert_int_equal(ore_generator_set_variant(g, 32), ORE_INVALID);
    assert_string_equal(ore_error_message(),
                        "generator: variant 0x20, expected flags of ore_random_variant");
    ore_error_clear();
    assert_int_equal(ore_generator_variant(g), ORE_RANDOM_AVX2);
    ore_generator_get_state(g, saved);
    saved[VARIANT_AT] = 0x40;
    assert_int_equal(ore_generator_set_state(g, saved, sizeof saved), ORE_DATA);
    assert_string_equal(ore_error_message(),
                        "generator state: variant 0x40 is none of this version's");
    ore_error_clear();
    ore_generator_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mkl_masks),          cmocka_unit_test(test_mkl_stream),
        cmocka_unit_test(test_torch2_multinomial), cmocka_unit_test(test_wide_integers),
        cmocka_unit_test(test_normal_of_means),    cmocka_unit_test(test_names_of_three_builds),
        cmocka_unit_test(test_variant_travels),    cmocka_unit_test(test_unknown_variants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
