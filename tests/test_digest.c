/* Digests: known values, equality of pieces and wholes, their text, and what is no text of one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/digest.h"

/* What xxh128sum 0.8.1 prints for these texts. */
static const struct {
    const char *data;
    const char *text;
} known[] = {
    {"", "xxh3-128:99aa06d3014798d86001c324468d497f"},
    {"a", "xxh3-128:a96faf705af16834e6c632b61e964e1f"},
    {"the same bytes have the same digest, others have another one\n",
     "xxh3-128:3c7115fc2b7bb3feca29cac7b73a944f"},
};

static void known_values_and_their_text(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        char text[ORE_DIGEST_TEXT_BYTES];
        ore_digest digest = ore_digest_of(known[i].data, strlen(known[i].data));
        ore_digest read = {0};
        ore_digest_text(digest, text);
        assert_string_equal(text, known[i].text);
        assert_true(ore_digest_from_text(text, &read));
        assert_true(ore_digest_equal(digest, read));
    }
    assert_true(ore_digest_equal(ore_digest_of(NULL, 0), ore_digest_of("", 0)));
}

static void what_is_no_digest_changes_nothing(void **state) {
    (void)state;
    static const char *const wrong[] = {
        NULL, "", "xxh3-128:", "99aa06d3014798d86001c324468d497f",
        "xxh3-128:99aa06d3014798d86001c324468d497", "xxh3-128:99aa06d3014798d86001c324468d497f0",
        "xxh3-128:99AA06D3014798D86001C324468D497F", "xxh3-128:99aa06d3014798d86001c324468d497g",
        "sha-256:999aa06d3014798d86001c324468d497f"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ore_digest digest = {1, 2};
        assert_false(ore_digest_from_text(wrong[i], &digest));
        assert_true(ore_digest_equal(digest, (ore_digest){1, 2}));
    }
    assert_true(ore_ok());
}

/* Sizes around the inner blocks of XXH3 (240 bytes, 1024 bytes) and beyond. */
static void pieces_have_the_digest_of_the_whole(void **state) {
    (void)state;
    static uint8_t data[5000];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * i >> 3);
    static const size_t sizes[] = {0, 1, 16, 17, 240, 241, 1023, 1024, 1025, 5000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (size_t piece = 1; piece < 2000; piece += 333) {
            ore_digest_stream stream;
            assert_int_equal(ore_digest_begin(&stream), ORE_OK);
            for (size_t at = 0; at < sizes[i]; at += piece)
                ore_digest_put(&stream, data + at, at + piece > sizes[i] ? sizes[i] - at : piece);
            assert_true(ore_digest_equal(ore_digest_end(&stream), ore_digest_of(data, sizes[i])));
        }
}

static void every_changed_bit_changes_it(void **state) {
    (void)state;
    uint8_t data[300] = {0};
    ore_digest whole = ore_digest_of(data, sizeof data);
    for (size_t bit = 0; bit < 8 * sizeof data; bit++) {
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(ore_digest_equal(ore_digest_of(data, sizeof data), whole));
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_false(ore_digest_equal(ore_digest_of(data, sizeof data - 1), whole));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values_and_their_text),
        cmocka_unit_test(what_is_no_digest_changes_nothing),
        cmocka_unit_test(pieces_have_the_digest_of_the_whole),
        cmocka_unit_test(every_changed_bit_changes_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
