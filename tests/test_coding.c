/* test_coding.c: names and sizes of codings, decoding and encoding of all of them. Values are
 * compared with the package gguf by gguf_compare.py. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/coding.h>

#include "support/errors.h"

enum { N = 256 * 300 }; /* elements: several chunks, the last one not full */

static void test_names(void **state) {
    (void)state;
    for (int i = 0; i < ORE_CODING_COUNT; i++) {
        ore_coding found;
        assert_true(ore_coding_from_name(ore_coding_name((ore_coding)i), &found));
        assert_int_equal(found, i);
        if (i < (int)ORE_DTYPE_COUNT) {
            assert_int_equal(ore_coding_dtype((ore_coding)i), i);
            assert_string_equal(ore_coding_name((ore_coding)i), ore_dtype_name((ore_dtype)i));
            assert_int_equal(ore_coding_bytes((ore_coding)i), ore_dtype_size((ore_dtype)i));
        }
    }
    ore_coding found = ORE_CODING_Q5_K;
    assert_true(ore_coding_from_name("Q4_K", &found));
    assert_int_equal(found, ORE_CODING_Q4_K);
    assert_true(ore_coding_from_name("BF16", &found));
    assert_int_equal(found, ORE_CODING_BFLOAT16);
    assert_false(ore_coding_from_name("q4", &found));
    assert_false(ore_coding_from_name("q4_kk", &found));
    assert_false(ore_coding_from_name(NULL, &found));
    assert_int_equal(found, ORE_CODING_BFLOAT16);
    assert_string_equal(ore_coding_name((ore_coding)99), "unknown coding");
    assert_int_equal(ore_coding_elements(ORE_CODING_Q2_K), 256);
}

static void test_fitting(void **state) {
    (void)state;
    assert_int_equal(ore_coding_fitting(ORE_CODING_Q4_K, ORE_SHAPE(3, 512)), ORE_CODING_Q4_K);
    assert_int_equal(ore_coding_fitting(ORE_CODING_Q4_K, ORE_SHAPE(3, 96)), ORE_CODING_Q8_0);
    assert_int_equal(ore_coding_fitting(ORE_CODING_Q4_0, ORE_SHAPE(3, 40)), ORE_CODING_FLOAT16);
    assert_int_equal(ore_coding_fitting(ORE_CODING_Q4_0, ORE_SHAPE(64)), ORE_CODING_FLOAT32);
    assert_int_equal(ore_coding_fitting(ORE_CODING_FLOAT16, ORE_SHAPE(64)), ORE_CODING_FLOAT16);
}

static void test_integers(void **state) {
    (void)state;
    static const int8_t bytes[] = {-128, 127, 0};
    static const uint16_t shorts[] = {65535, 0, 1};
    static const uint32_t ints[] = {4294967295u, 0, 1};
    static const uint64_t longs[] = {9223372036854775807u, 0, 1}, large[] = {1, 1ull << 63};
    int32_t narrow[3];
    int64_t wide[3];
    assert_int_equal(ore_coding_decode(ORE_CODING_INT8, bytes, 3, narrow), ORE_OK);
    assert_true(narrow[0] == -128 && narrow[1] == 127);
    assert_int_equal(ore_coding_decode(ORE_CODING_UINT16, shorts, 3, narrow), ORE_OK);
    assert_int_equal(narrow[0], 65535);
    assert_int_equal(ore_coding_decode(ORE_CODING_INT16, shorts, 3, narrow), ORE_OK);
    assert_int_equal(narrow[0], -1);
    assert_int_equal(ore_coding_decode(ORE_CODING_UINT32, ints, 3, wide), ORE_OK);
    assert_true(wide[0] == 4294967295);
    assert_int_equal(ore_coding_decode(ORE_CODING_UINT64, longs, 3, wide), ORE_OK);
    assert_true(wide[0] == INT64_MAX);
    assert_int_equal(ore_coding_decode(ORE_CODING_UINT64, large, 2, wide), ORE_DATA);
    assert_error(ORE_DATA, "decode: a uint64 above the largest int64");
}

/* Any number of threads gives the same bytes, and these decode to nearly what was encoded. */
static void test_round_trip(void **state) {
    (void)state;
    float *values = malloc(N * sizeof *values), *decoded = malloc(N * sizeof *decoded);
    uint8_t *bytes[2] = {malloc(N * 4), malloc(N * 4)};
    for (int i = 0; i < N; i++)
        values[i] = sinf((float)i * 1.7f) * (float)(1 + i % 7);
    for (int c = 0; c < ORE_CODING_COUNT; c++) {
        ore_coding coding = (ore_coding)c;
        if (!ore_coding_is_written(coding))
            continue;
        size_t size = N / (size_t)ore_coding_elements(coding) * ore_coding_bytes(coding);
        for (int t = 0; t < 2; t++) {
            ore_set_num_threads(t ? 3 : 1);
            assert_int_equal(ore_coding_encode(coding, values, N, bytes[t]), ORE_OK);
        }
        assert_memory_equal(bytes[0], bytes[1], size);
        if (ore_coding_dtype(coding) != ORE_FLOAT32)
            continue; /* decoded to itself */
        assert_int_equal(ore_coding_decode(coding, bytes[0], N, decoded), ORE_OK);
        for (int i = 0; i < N; i++) /* a step of four bits between -7 and 7 is 0.93 */
            assert_true(fabsf(decoded[i] - values[i]) <= 0.95f);
    }
    free(values);
    free(decoded);
    free(bytes[0]);
    free(bytes[1]);
}

/* NaN and infinity do no harm, and do not vanish. */
static void test_not_finite(void **state) {
    (void)state;
    static const float bad[] = {NAN, INFINITY, -INFINITY, -NAN};
    for (int c = ORE_CODING_Q4_0; c < ORE_CODING_COUNT; c++)
        for (int place = 0; place < 256 && ore_coding_is_written((ore_coding)c); place += 85) {
            float values[256], decoded[256];
            uint8_t block[1024];
            for (int i = 0; i < 256; i++)
                values[i] = (float)i;
            values[place] = bad[place / 85];
            assert_int_equal(ore_coding_encode((ore_coding)c, values, 256, block), ORE_OK);
            assert_int_equal(ore_coding_decode((ore_coding)c, block, 256, decoded), ORE_OK);
            assert_false(isfinite(decoded[place]));
        }
}

static void test_faults(void **state) {
    (void)state;
    float values[256] = {0};
    uint8_t block[512] = {0};
    assert_int_equal(ore_coding_decode(ORE_CODING_Q4_0, block, 33, values), ORE_INVALID);
    assert_error(ORE_INVALID, "decode: 33 elements, expected blocks of 32 of q4_0");
    assert_int_equal(ore_coding_encode(ORE_CODING_Q6_K, values, -256, block), ORE_INVALID);
    assert_error(ORE_INVALID, "encode: -256 elements, expected blocks of 256 of q6_k");
    assert_int_equal(ore_coding_encode(ORE_CODING_Q3_K, values, 256, block), ORE_INVALID);
    assert_error(ORE_INVALID, "encode: Ore does not write q3_k");
    assert_int_equal(ore_coding_decode((ore_coding)77, block, 1, values), ORE_INVALID);
    assert_error(ORE_INVALID, "decode: coding 77, expected one of ore_coding");
    assert_int_equal(ore_coding_decode(ORE_CODING_Q4_0, NULL, 0, NULL), ORE_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),      cmocka_unit_test(test_fitting),
        cmocka_unit_test(test_integers),   cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_not_finite), cmocka_unit_test(test_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
