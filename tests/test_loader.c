/* test_loader.c: token parts and loaders over them. Orders marked torch come from
 * golden/loader_golden.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <ore/random.h>
#include <ore/text.h>

#include "support/loaders.h"
#include "support/scratch.h"
#include "support/shared.h"

/* ---- parts ---- */

static void expect_parts(int64_t n, double val, double test, const int64_t *want) {
    ore_tokens *tokens = ore_tokens_of_memory("ids", numbers, n, -1);
    ore_token_parts_options o = ore_token_parts_defaults();
    o.val_fraction = val;
    o.test_fraction = test;
    ore_token_parts *d = ore_token_parts_new(tokens, NULL, &o);
    for (int p = 0; p < ORE_PART_COUNT; p++)
        assert_int_equal(ore_token_parts_tokens(d, (ore_part)p), want[p]);
    ore_token_parts_free(d);
    ore_tokens_close(tokens);
}

static void test_fractions(void **state) {
    (void)state;
    expect_parts(1000, 0.1, 0, IDS(900, 100, 0));
    expect_parts(19, 0.1, 0, IDS(17, 2, 0)); /* int(19 * 0.9) */
    expect_parts(1000, 0.1, 0.1, IDS(800, 100, 100));
    expect_parts(1000, 0.05, 0.05, IDS(900, 50, 50)); /* 1 - 0.05 - 0.05 is less than 0.9 */
    expect_parts(10, 0, 0, IDS(10, 0, 0));
    expect_parts(3, 0.5, 0.25, IDS(0, 2, 1));
}

static void expect_bad_fractions(double val, double test, const char *message) {
    ore_tokens *tokens = ore_tokens_of_memory("ids", numbers, 10, -1);
    ore_token_parts_options o = ore_token_parts_defaults();
    o.val_fraction = val;
    o.test_fraction = test;
    assert_null(ore_token_parts_new(tokens, NULL, &o));
    assert_error(ORE_INVALID, message);
    ore_tokens_close(tokens);
}

static void test_bad_options(void **state) {
    (void)state;
    expect_bad_fractions(1, 0, "val_fraction 1, expected 0 to less than 1");
    expect_bad_fractions(-0.1, 0, "val_fraction -0.1");
    expect_bad_fractions(0, 1.5, "test_fraction 1.5");
    expect_bad_fractions(0.5, 0.5, "val_fraction 0.5 and test_fraction 0.5 leave nothing to train");
    ore_tokens *tokens = ore_tokens_of_memory("ids", numbers, 10, -1);
    ore_token_parts_options o = ore_token_parts_defaults();
    o.documents = true;
    assert_null(ore_token_parts_new(tokens, NULL, &o));
    assert_error(ORE_INVALID, "ids: documents need a tokenizer with a separator");
    ore_tokens_close(tokens);
    tokens = ore_tokens_of_memory("ids", (int64_t[]){0, 0, 0}, 3, 0);
    assert_null(ore_token_parts_new(tokens, NULL, &o));
    assert_error(ORE_DATA, "ids: has no document");
    ore_tokens_close(tokens);
}

static void test_validation_of_its_own(void **state) {
    (void)state;
    ore_tokens *tokens = ore_tokens_of_memory("ids", numbers, 100, -1);
    ore_tokens *val = ore_tokens_of_memory("val", numbers + 500, 30, -1);
    ore_token_parts_options o = ore_token_parts_defaults();
    o.test_fraction = 0.25;
    ore_token_parts *d = ore_token_parts_new(tokens, val, &o);
    assert_int_equal(ore_token_parts_tokens(d, ORE_PART_TRAIN), 75);
    assert_int_equal(ore_token_parts_tokens(d, ORE_PART_VAL), 30);
    assert_int_equal(ore_token_parts_tokens(d, ORE_PART_TEST), 25);
    ore_token_loader_options lo = ore_token_loader_defaults();
    lo.part = ORE_PART_VAL;
    lo.block_size = 29;
    ore_loader *loader = ore_window_loader_new(d, &lo);
    ore_batch b = ore_loader_next(loader);
    assert_ids(b.x, ORE_SHAPE(1, 29), numbers + 500);
    assert_ids(b.y, ORE_SHAPE(1, 29), numbers + 501);
    ore_loader_free(loader);
    lo.part = ORE_PART_VAL;
    lo.block_size = 30;
    assert_null(ore_random_loader_new(d, &lo));
    assert_error(ORE_DATA,
                 "val: the validation part has 30 tokens, block_size 30 needs at least one "
                 "more than that");
    ore_token_parts_free(d);
    ore_tokens_close(val);
    ore_tokens_close(tokens);
}

static void test_part_names(void **state) {
    (void)state;
    assert_string_equal(ore_part_name(ORE_PART_TRAIN), "train");
    assert_string_equal(ore_part_name(ORE_PART_VAL), "validation");
    assert_string_equal(ore_part_name(ORE_PART_TEST), "test");
}

/* ---- random chunks ---- */

static void test_random_chunks(void **state) {
    (void)state;
    ore_tokens *tokens = ore_tokens_of_memory("ids", numbers, 1000, -1);
    ore_token_parts *d = ore_token_parts_new(tokens, NULL, NULL);
    ore_generator *g = ore_generator_new(1337), *same = ore_generator_new(1337);
    ore_token_loader_options o = {ORE_PART_TRAIN, 5, 7, false, g};
    ore_loader *loader = ore_random_loader_new(d, &o);
    assert_int_equal(ore_loader_batches(loader), -1);
    for (int step = 0; step < 200; step++) {
        ore_scope_begin();
        const int64_t *starts =
            ore_data(ore_randint(0, 900 - 7, ORE_SHAPE(5), ORE_INT64, same)); /* (5) */
        ore_batch b = ore_loader_next(loader);
        assert_int_equal(b.tokens, 35);
        const int64_t *x = ore_data(b.x), *y = ore_data(b.y); /* (5, 7) */
        for (int i = 0; i < 35; i++) {
            assert_int_equal(x[i], starts[i / 7] + i % 7);
            assert_int_equal(y[i], x[i] + 1);
            assert_true(y[i] < 900);
        }
        ore_scope_end();
    }
    ore_loader_free(loader);
    ore_generator_free(same);
    ore_generator_free(g);
    ore_token_parts_free(d);
    ore_tokens_close(tokens);
}

/* The first batch that a published lecture prints: torch.manual_seed(1337), 4 chunks of 8. */
static void test_tinyshakespeare(void **state) {
    (void)state;
    corpus c;
    corpus_on(&c, ore_text_open(shared_file("data/text/tinyshakespeare.txt"), NULL), NULL);
    assert_int_equal(ore_token_parts_tokens(c.parts, ORE_PART_TRAIN), 1003854);
    assert_int_equal(ore_token_parts_tokens(c.parts, ORE_PART_VAL), 111540);
    ore_manual_seed(1337);
    ore_token_loader_options o = {ORE_PART_TRAIN, 4, 8, false, NULL};
    ore_loader *loader = ore_random_loader_new(c.parts, &o);
    ore_batch b = ore_loader_next(loader);
    assert_ids(b.x, ORE_SHAPE(4, 8),
               IDS(24, 43, 58, 5, 57, 1, 46, 43, 44, 53, 56, 1, 58, 46, 39, 58, 52, 58, 1, 58, 46,
                   39, 58, 1, 25, 17, 27, 10, 0, 21, 1, 54));
    assert_ids(b.y, ORE_SHAPE(4, 8),
               IDS(43, 58, 5, 57, 1, 46, 43, 39, 53, 56, 1, 58, 46, 39, 58, 1, 58, 1, 58, 46, 39,
                   58, 1, 46, 17, 27, 10, 0, 21, 1, 54, 39));
    ore_loader_free(loader);
    corpus_free(&c);
}

static void test_smallest_stream(void **state) {
    (void)state;
    ore_token_parts_options o = ore_token_parts_defaults();
    o.val_fraction = 0;
    corpus c;
    corpus_of(&c, "abcd", &o);
    ore_token_loader_options lo = {ORE_PART_TRAIN, 2, 3, false, NULL};
    ore_loader *loader = ore_random_loader_new(c.parts, &lo);
    ore_batch b = ore_loader_next(loader);
    assert_ids(b.x, ORE_SHAPE(2, 3), IDS(0, 1, 2, 0, 1, 2));
    assert_ids(b.y, ORE_SHAPE(2, 3), IDS(1, 2, 3, 1, 2, 3));
    ore_loader_free(loader);
    corpus_free(&c);
}

static void expect_no_loader(const corpus *c, ore_token_loader_options o, ore_status status,
                             const char *random, const char *window) {
    if (random) {
        assert_null(ore_random_loader_new(c->parts, &o));
        assert_error(status, random);
    }
    if (window) {
        assert_null(ore_window_loader_new(c->parts, &o));
        assert_error(status, window);
    }
}

static void test_streams_too_short(void **state) {
    (void)state;
    corpus c;
    corpus_of(&c, "abcdefghij", NULL); /* 9 and 1 */
    ore_token_loader_options o = {ORE_PART_TRAIN, 2, 9, false, NULL};
    expect_no_loader(&c, o, ORE_DATA,
                     "corpus.txt: the train part has 9 tokens, block_size 9 needs at least one "
                     "more than that",
                     NULL);
    o.block_size = INT64_MAX;
    expect_no_loader(&c, o, ORE_DATA, "the train part has 9 tokens", NULL);
    o.part = ORE_PART_VAL;
    o.block_size = 4;
    expect_no_loader(&c, o, ORE_DATA,
                     "the validation part has 1 token, block_size 4 needs at least one more than "
                     "that",
                     "the validation part has 1 token, expected at least 2");
    o.part = ORE_PART_TEST;
    expect_no_loader(&c, o, ORE_DATA,
                     "the test part has 0 tokens, block_size 4 needs at least one more",
                     "the test part has 0 tokens, expected at least 2");
    o = (ore_token_loader_options){ORE_PART_TRAIN, 0, 4, false, NULL};
    expect_no_loader(&c, o, ORE_INVALID, "random loader: batch_size 0, expected at least 1",
                     "window loader: batch_size 0, expected at least 1");
    o = (ore_token_loader_options){ORE_PART_TRAIN, 4, 0, false, NULL};
    expect_no_loader(&c, o, ORE_INVALID, "random loader: part 0, block_size 0, expected",
                     "window loader: part 0, block_size 0, expected");
    corpus_free(&c);
}

/* ---- documents ---- */

static const char seven_lines[] = "a\nbb\n\nccc\ndddd\ne\n\n\nff\nggg"; /* no line end at the end */

static ore_token_parts_options documents_options(double val, double test) {
    ore_token_parts_options o = ore_token_parts_defaults();
    o.documents = true;
    o.val_fraction = val;
    o.test_fraction = test;
    return o;
}

static void test_documents_in_seeded_order(void **state) {
    (void)state;
    ore_token_parts_options o = documents_options(0, 0);
    corpus c;
    corpus_of(&c, seven_lines, &o);
    assert_true(ore_token_parts_has_documents(c.parts));
    assert_int_equal(ore_token_parts_documents(c.parts, ORE_PART_TRAIN), 7);
    assert_int_equal(ore_token_parts_tokens(c.parts, ORE_PART_TRAIN), 16 + 7);
    assert_int_equal(ore_token_parts_longest(c.parts, ORE_PART_TRAIN), 4);
    ore_token_loader_options lo = {ORE_PART_TRAIN, 1, 8, false, NULL};
    ore_loader *loader = ore_window_loader_new(c.parts, &lo);
    static const int64_t order[] = {1, 6, 3, 5, 4, 0, 2}; /* torch: randperm(7), seed 42 */
    static const int64_t lengths[] = {1, 2, 3, 4, 1, 2, 3};
    for (int i = 0; i < 7; i++) {
        ore_batch b = ore_loader_next(loader);
        int64_t n = lengths[order[i]], x[5] = {0}, y[5] = {0};
        for (int64_t t = 0; t < n; t++)
            x[t + 1] = y[t] = order[i] + 1;
        assert_ids(b.x, ORE_SHAPE(1, n + 1), x);
        assert_ids(b.y, ORE_SHAPE(1, n + 1), y);
        assert_int_equal(b.tokens, n + 1);
        assert_int_equal(b.bytes, n + 1);
    }
    assert_end(loader);
    ore_loader_free(loader);
    corpus_free(&c);
}

static void test_documents_cut_into_parts(void **state) {
    (void)state;
    ore_token_parts_options o = documents_options(0.3, 0.2);
    corpus c;
    corpus_of(&c, seven_lines, &o);
    assert_int_equal(ore_token_parts_documents(c.parts, ORE_PART_TRAIN), 3); /* 3.5, 5.6 */
    assert_int_equal(ore_token_parts_documents(c.parts, ORE_PART_VAL), 2);
    assert_int_equal(ore_token_parts_documents(c.parts, ORE_PART_TEST), 2);
    ore_token_loader_options lo = {ORE_PART_VAL, 4, 8, false, NULL};
    ore_loader *loader = ore_window_loader_new(c.parts, &lo);
    assert_int_equal(ore_loader_batches(loader), 1);
    ore_batch b = ore_loader_next(loader); /* documents 5 and 4 of the seeded order */
    assert_ids(b.x, ORE_SHAPE(2, 3), IDS(0, 6, 6, 0, 5, 0));
    assert_ids(b.y, ORE_SHAPE(2, 3), IDS(6, 6, 0, 5, 0, -100));
    assert_int_equal(b.tokens, 5);
    ore_loader_free(loader);
    ore_token_parts *same = ore_token_parts_new(c.tokens, c.tokens, &o);
    assert_int_equal(ore_token_parts_documents(same, ORE_PART_TRAIN), 5);
    assert_int_equal(ore_token_parts_documents(same, ORE_PART_VAL), 7);
    loader = ore_window_loader_new(same, &lo); /* in the file's order */
    b = ore_loader_next(loader);
    assert_ids(b.x, ORE_SHAPE(4, 5),
               IDS(0, 1, 0, 0, 0, 0, 2, 2, 0, 0, 0, 3, 3, 3, 0, 0, 4, 4, 4, 4));
    ore_loader_free(loader);
    ore_token_parts_free(same);
    corpus_free(&c);
}

static void test_random_documents(void **state) {
    (void)state;
    ore_token_parts_options o = documents_options(0, 0);
    corpus c;
    corpus_of(&c, seven_lines, &o);
    ore_generator *g = ore_generator_new(5), *same = ore_generator_new(5);
    ore_token_loader_options lo = {ORE_PART_TRAIN, 3, 5, false, g};
    ore_loader *loader = ore_random_loader_new(c.parts, &lo);
    static const int64_t order[] = {1, 6, 3, 5, 4, 0, 2}, lengths[] = {1, 2, 3, 4, 1, 2, 3};
    for (int step = 0; step < 50; step++) {
        ore_scope_begin();
        const int64_t *which = ore_data(ore_randint(0, 7, ORE_SHAPE(3), ORE_INT64, same));
        ore_batch b = ore_loader_next(loader);
        int64_t T = ore_size(b.x, 1), longest = 0, tokens = 0;
        const int64_t *x = ore_data(b.x), *y = ore_data(b.y); /* (3, T) */
        for (int row = 0; row < 3; row++, x += T, y += T) {
            int64_t letter = order[which[row]] + 1, n = lengths[letter - 1];
            for (int64_t t = 0; t < T; t++) {
                assert_int_equal(x[t], t == 0 || t > n ? 0 : letter);
                assert_int_equal(y[t], t < n ? letter : t == n ? 0 : ORE_IGNORE_INDEX);
            }
            longest = n > longest ? n : longest;
            tokens += n + 1;
        }
        assert_int_equal(T, longest + 1);
        assert_int_equal(b.tokens, tokens);
        ore_scope_end();
    }
    ore_loader_free(loader);
    ore_generator_free(same);
    ore_generator_free(g);
    corpus_free(&c);
}

static void test_long_documents(void **state) {
    (void)state;
    ore_token_parts_options o = documents_options(0, 0);
    corpus c;
    corpus_of(&c, seven_lines, &o);
    ore_token_loader_options lo = {ORE_PART_TRAIN, 40, 4, false, NULL};
    expect_no_loader(&c, lo, ORE_DATA,
                     "corpus.txt: line 5 has 4 tokens, which with its separator is more than "
                     "block_size 4",
                     NULL);
    lo.block_size = 2;
    lo.cut_documents = true;
    ore_loader *loader = ore_random_loader_new(c.parts, &lo);
    ore_batch b = ore_loader_next(loader);
    assert_int_equal(ore_size(b.x, 1), 2);
    const int64_t *x = ore_data(b.x), *y = ore_data(b.y); /* (40, 2) */
    for (int row = 0; row < 40; row++, x += 2, y += 2) {
        bool short_one = y[0] == 1 || y[0] == 5; /* the letters of one-letter lines */
        assert_int_equal(x[0], 0);
        assert_int_equal(x[1], y[0]);
        assert_int_equal(y[1], short_one ? 0 : y[0]);
    }
    ore_loader_free(loader);
    corpus_free(&c);
}

static void test_parts_without_documents(void **state) {
    (void)state;
    ore_token_parts_options o = documents_options(0.1, 0);
    corpus c;
    corpus_of(&c, "abc\nde", &o);
    ore_token_loader_options lo = {ORE_PART_TEST, 2, 8, false, NULL};
    expect_no_loader(&c, lo, ORE_DATA, "the test part has no document",
                     "corpus.txt: the test part has no document");
    corpus_free(&c);
}

static void test_names(void **state) {
    (void)state;
    ore_token_parts_options o = documents_options(0.1, 0.1);
    corpus c;
    corpus_on(&c, ore_text_open(shared_file("data/text/names.txt"), NULL), &o);
    assert_int_equal(ore_token_parts_documents(c.parts, ORE_PART_TRAIN), 25626);
    assert_int_equal(ore_token_parts_documents(c.parts, ORE_PART_VAL), 3203);
    assert_int_equal(ore_token_parts_documents(c.parts, ORE_PART_TEST), 3204);
    int64_t targets = 0, bytes = 0;
    for (int p = 0; p < ORE_PART_COUNT; p++) {
        ore_token_loader_options lo = {(ore_part)p, 64, 6, false, NULL};
        ore_loader *loader = ore_window_loader_new(c.parts, &lo);
        int64_t batches = 0;
        for (;; batches++) {
            ore_scope_begin();
            ore_batch b = ore_loader_next(loader);
            targets += b.tokens;
            bytes += b.bytes;
            ore_scope_end();
            if (!b.x)
                break;
        }
        assert_int_equal(batches, ore_loader_batches(loader));
        ore_loader_free(loader);
    }
    assert_int_equal(targets, 228146); /* the examples that lectures count */
    assert_int_equal(bytes, 228146);
    corpus_free(&c);
}

/* ---- windows ---- */

static void check_windows(int64_t n, int64_t B, int64_t T) {
    ore_tokens *tokens = ore_tokens_of_memory("ids", numbers, n, -1);
    ore_token_parts_options o = ore_token_parts_defaults();
    o.val_fraction = 0;
    ore_token_parts *d = ore_token_parts_new(tokens, NULL, &o);
    ore_token_loader_options lo = {ORE_PART_TRAIN, B, T, false, NULL};
    ore_loader *loader = ore_window_loader_new(d, &lo);
    for (int pass = 0; pass < 2; pass++) {
        int64_t at = 0, batches = 0, whole = (n - 1) / T * T;
        for (ore_batch b; (b = ore_loader_next(loader)).x; batches++) {
            int64_t rows = ore_size(b.x, 0), columns = ore_size(b.x, 1), count = ore_numel(b.x);
            assert_int_equal(columns, at < whole ? T : n - 1 - whole);
            assert_true(rows == B || at + count == whole || at == whole);
            assert_ids(b.x, ORE_SHAPE(rows, columns), numbers + at);
            assert_ids(b.y, ORE_SHAPE(rows, columns), numbers + at + 1);
            assert_int_equal(b.tokens, count);
            assert_int_equal(b.bytes, 0);
            at += count;
        }
        assert_true(ore_ok());
        assert_int_equal(at, n - 1);
        assert_int_equal(batches, ore_loader_batches(loader));
    }
    ore_loader_free(loader);
    ore_token_parts_free(d);
    ore_tokens_close(tokens);
}

static void test_windows_of_a_stream(void **state) {
    (void)state;
    static const int64_t sizes[] = {2, 3, 8, 9, 10, 16, 17, 18, 100, 129};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        ore_scope_begin();
        check_windows(sizes[i], 1, 1);
        check_windows(sizes[i], 3, 8);
        check_windows(sizes[i], 1, 8);
        check_windows(sizes[i], 5, 200);
        check_windows(sizes[i], 2, INT64_MAX);
        ore_scope_end();
    }
}

static void test_windows_count_bytes(void **state) {
    (void)state;
    ore_token_parts_options o = ore_token_parts_defaults();
    o.val_fraction = 0;
    corpus c;
    corpus_of(&c, "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80x\xC3\xA9", &o);
    ore_token_loader_options lo = {ORE_PART_TRAIN, 1, 3, false, NULL};
    ore_loader *loader = ore_window_loader_new(c.parts, &lo);
    assert_int_equal(ore_loader_next(loader).bytes, 3 + 4 + 1); /* the first is not predicted */
    assert_int_equal(ore_loader_next(loader).bytes, 2);
    assert_end(loader);
    ore_loader_free(loader);
    corpus_free(&c);
}

static void test_windows_of_a_long_document(void **state) {
    (void)state;
    ore_token_parts_options o = documents_options(0, 0);
    corpus c;
    corpus_of(&c, "abcde\n", &o);
    ore_token_loader_options lo = {ORE_PART_TRAIN, 2, 2, false, NULL};
    ore_loader *loader = ore_window_loader_new(c.parts, &lo);
    assert_int_equal(ore_loader_batches(loader), 2);
    ore_batch b = ore_loader_next(loader);
    assert_ids(b.x, ORE_SHAPE(2, 2), IDS(0, 1, 2, 3));
    assert_ids(b.y, ORE_SHAPE(2, 2), IDS(1, 2, 3, 4));
    b = ore_loader_next(loader);
    assert_ids(b.x, ORE_SHAPE(1, 2), IDS(4, 5));
    assert_ids(b.y, ORE_SHAPE(1, 2), IDS(5, 0));
    assert_end(loader);
    ore_loader_free(loader);
    lo.block_size = 5; /* the separator alone is left for the second window */
    loader = ore_window_loader_new(c.parts, &lo);
    b = ore_loader_next(loader);
    assert_ids(b.x, ORE_SHAPE(2, 5), IDS(0, 1, 2, 3, 4, 5, 0, 0, 0, 0));
    assert_ids(b.y, ORE_SHAPE(2, 5), IDS(1, 2, 3, 4, 5, 0, -100, -100, -100, -100));
    assert_int_equal(b.tokens, 6);
    ore_loader_free(loader);
    corpus_free(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fractions),
        cmocka_unit_test(test_bad_options),
        cmocka_unit_test(test_validation_of_its_own),
        cmocka_unit_test(test_part_names),
        cmocka_unit_test(test_random_chunks),
        cmocka_unit_test(test_tinyshakespeare),
        cmocka_unit_test(test_smallest_stream),
        cmocka_unit_test(test_streams_too_short),
        cmocka_unit_test(test_documents_in_seeded_order),
        cmocka_unit_test(test_documents_cut_into_parts),
        cmocka_unit_test(test_random_documents),
        cmocka_unit_test(test_long_documents),
        cmocka_unit_test(test_parts_without_documents),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_windows_of_a_stream),
        cmocka_unit_test(test_windows_count_bytes),
        cmocka_unit_test(test_windows_of_a_long_document),
    };
    return cmocka_run_group_tests(tests, numbers_setup, scratch_teardown);
}
