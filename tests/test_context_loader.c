/* test_context_loader.c: contexts of one length with the token that follows, against the lists that
 * the makemore lectures build by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ore/random.h>
#include <ore/text.h>

#include "support/loaders.h"
#include "support/scratch.h"

/* ---- documents ---- */

/* Lines as documents, of which the share `val` are validation data. */
static void lines_of(corpus *c, const char *s, double val) {
    ore_token_parts_options o = ore_token_parts_defaults();
    o.documents = true;
    o.val_fraction = val;
    corpus_of(c, s, &o);
}

/* "emma" gives ... -> e, ..e -> m, .em -> m, emm -> a, mma -> . */
static void test_the_contexts_of_a_word(void **state) {
    (void)state;
    corpus l;
    lines_of(&l, "emma\n", 0); /* ids: . 0, a 1, e 2, m 3 */
    ore_token_loader_options o = {ORE_PART_TRAIN, 2, 3, false, NULL};
    ore_loader *loader = ore_context_loader_new(l.parts, &o);
    assert_int_equal(ore_loader_batches(loader), 3);
    for (int pass = 0; pass < 2; pass++) {
        ore_batch b = ore_loader_next(loader);
        assert_ids(b.x, ORE_SHAPE(2, 3), IDS(0, 0, 0, 0, 0, 2));
        assert_ids(b.y, ORE_SHAPE(2), IDS(2, 3));
        assert_int_equal(b.tokens, 2);
        assert_int_equal(b.bytes, 2);
        b = ore_loader_next(loader);
        assert_ids(b.x, ORE_SHAPE(2, 3), IDS(0, 2, 3, 2, 3, 3));
        assert_ids(b.y, ORE_SHAPE(2), IDS(3, 1));
        b = ore_loader_next(loader);
        assert_ids(b.x, ORE_SHAPE(1, 3), IDS(3, 3, 1));
        assert_ids(b.y, ORE_SHAPE(1), IDS(0));
        assert_end(loader);
    }
    ore_loader_free(loader);
    corpus_free(&l);
}

static void test_every_target_of_every_document(void **state) {
    (void)state;
    corpus l;
    lines_of(&l, "ab\nc\nabcabc\nbb", 0);
    for (int64_t T = 1; T < 9; T++) {
        ore_token_loader_options o = {ORE_PART_TRAIN, 4, T, false, NULL};
        ore_loader *loader = ore_context_loader_new(l.parts, &o);
        int64_t targets = 0, ends = 0;
        ore_scope_begin();
        for (ore_batch b = ore_loader_next(loader); b.x; b = ore_loader_next(loader)) {
            const int64_t *x = ore_data(b.x), *y = ore_data(b.y);
            for (int64_t i = 0; i < b.tokens; i++, x += T) {
                ends += y[i] == 0;
                targets++;
                for (int64_t t = 1; t < T; t++) /* separators stand in front only */
                    assert_true(x[t] != 0 || x[t - 1] == 0);
            }
        }
        ore_scope_end();
        assert_int_equal(targets, ore_token_parts_tokens(l.parts, ORE_PART_TRAIN));
        assert_int_equal(ends, 4);
        ore_loader_free(loader);
    }
    corpus_free(&l);
}

/* The rows of the random loader are those of the ordered one that the same draws name. */
static void test_random_contexts(void **state) {
    (void)state;
    corpus l;
    lines_of(&l, "ab\nc\nabcabc\nbb", 0);
    int64_t n = ore_token_parts_tokens(l.parts, ORE_PART_TRAIN);
    ore_token_loader_options all = {ORE_PART_TRAIN, n, 3, false, NULL};
    ore_loader *ordered = ore_context_loader_new(l.parts, &all);
    ore_batch whole = ore_loader_next(ordered);
    const int64_t *xs = ore_data(whole.x), *ys = ore_data(whole.y); /* (n, 3), (n) */
    ore_generator *g = ore_generator_new(5), *same = ore_generator_new(5);
    ore_token_loader_options o = {ORE_PART_TRAIN, 6, 3, false, g};
    ore_loader *loader = ore_random_context_loader_new(l.parts, &o);
    assert_int_equal(ore_loader_batches(loader), -1);
    for (int step = 0; step < 40; step++) {
        ore_scope_begin();
        const int64_t *drawn = ore_data(ore_randint(0, n, ORE_SHAPE(6), ORE_INT64, same));
        ore_batch b = ore_loader_next(loader);
        const int64_t *x = ore_data(b.x), *y = ore_data(b.y);
        for (int i = 0; i < 6; i++) {
            assert_memory_equal(x + 3 * i, xs + 3 * drawn[i], 3 * sizeof *x);
            assert_int_equal(y[i], ys[drawn[i]]);
        }
        ore_scope_end();
    }
    ore_loader_free(loader);
    ore_generator_free(same);
    ore_generator_free(g);
    ore_loader_free(ordered);
    corpus_free(&l);
}

/* ---- streams ---- */

static void test_a_stream(void **state) {
    (void)state;
    ore_tokens *tokens = ore_tokens_of_memory("ids", numbers, 100, -1);
    ore_token_parts *d = ore_token_parts_new(tokens, NULL, NULL);
    ore_token_loader_options o = {ORE_PART_VAL, 4, 3, false, NULL};
    ore_loader *loader = ore_context_loader_new(d, &o);
    assert_int_equal(ore_loader_batches(loader), 2); /* 10 tokens, 7 contexts */
    ore_batch b = ore_loader_next(loader);
    assert_ids(b.x, ORE_SHAPE(4, 3), IDS(90, 91, 92, 91, 92, 93, 92, 93, 94, 93, 94, 95));
    assert_ids(b.y, ORE_SHAPE(4), IDS(93, 94, 95, 96));
    b = ore_loader_next(loader);
    assert_ids(b.y, ORE_SHAPE(3), IDS(97, 98, 99));
    assert_end(loader);
    ore_loader_free(loader);
    ore_generator *g = ore_generator_new(3), *same = ore_generator_new(3);
    ore_token_loader_options ro = {ORE_PART_TRAIN, 5, 7, false, g};
    loader = ore_random_context_loader_new(d, &ro);
    for (int step = 0; step < 50; step++) {
        ore_scope_begin();
        const int64_t *drawn = ore_data(ore_randint(0, 90 - 7, ORE_SHAPE(5), ORE_INT64, same));
        b = ore_loader_next(loader);
        for (int i = 0; i < 5; i++) {
            for (int t = 0; t < 7; t++)
                assert_int_equal(((const int64_t *)ore_data(b.x))[7 * i + t], drawn[i] + t);
            assert_int_equal(((const int64_t *)ore_data(b.y))[i], drawn[i] + 7);
        }
        ore_scope_end();
    }
    ore_loader_free(loader);
    ore_generator_free(same);
    ore_generator_free(g);
    ore_token_parts_free(d);
    ore_tokens_close(tokens);
}

/* ---- states and faults ---- */

static void check_resume(const ore_token_parts *d,
                         ore_loader *(*make)(const ore_token_parts *,
                                             const ore_token_loader_options *)) {
    uint8_t saved[ORE_LOADER_STATE_BYTES];
    ore_generator *g = ore_generator_new(9), *other = ore_generator_new(1);
    ore_token_loader_options o = {ORE_PART_TRAIN, 4, 2, false, g},
                             oo = {ORE_PART_TRAIN, 4, 2, false, other};
    ore_loader *a = make(d, &o), *b = make(d, &oo);
    ore_loader_next(a);
    ore_loader_get_state(a, saved);
    assert_int_equal(ore_loader_set_state(b, saved, sizeof saved), ORE_OK);
    for (int step = 0; step < 5; step++) {
        ore_batch one = ore_loader_next(a), two = ore_loader_next(b);
        assert_int_equal(!one.x, !two.x);
        if (one.x)
            assert_ids(two.x, ore_shape_of(one.x), ore_data(one.x));
        if (one.x)
            assert_ids(two.y, ore_shape_of(one.y), ore_data(one.y));
    }
    saved[16] = 0xff; /* a place far outside */
    saved[20] = 0xff;
    assert_int_equal(ore_loader_set_state(b, saved, sizeof saved), ORE_DATA);
    ore_error_clear();
    ore_loader_free(b);
    ore_loader_free(a);
    ore_generator_free(other);
    ore_generator_free(g);
}

static void test_states(void **state) {
    (void)state;
    corpus l;
    lines_of(&l, "ab\nc\nabcabc\nbb", 0);
    ore_scope_begin();
    check_resume(l.parts, ore_context_loader_new);
    check_resume(l.parts, ore_random_context_loader_new);
    ore_scope_end();
    corpus_free(&l);
}

static void test_faults(void **state) {
    (void)state;
    ore_tokens *tokens = ore_tokens_of_memory("ids", numbers, 100, -1);
    ore_token_parts *d = ore_token_parts_new(tokens, NULL, NULL);
    ore_token_loader_options o = {ORE_PART_VAL, 4, 10, false, NULL};
    assert_null(ore_context_loader_new(d, &o));
    assert_error(ORE_DATA, "ids: the validation part has 10 tokens, block_size 10 needs at least "
                           "one more than that");
    o.block_size = 0;
    assert_null(ore_random_context_loader_new(d, &o));
    assert_error(ORE_INVALID, "random context loader: part 1, block_size 0, expected a part and at "
                              "least 1");
    o.block_size = 3;
    o.batch_size = 0;
    assert_null(ore_context_loader_new(d, &o));
    assert_error(ORE_INVALID, "context loader: batch_size 0, expected at least 1");
    ore_token_parts_free(d);
    ore_tokens_close(tokens);
    corpus l;
    lines_of(&l, "ab\nc", 0);
    ore_token_loader_options lo = {ORE_PART_VAL, 4, 10, false, NULL};
    assert_null(ore_context_loader_new(l.parts, &lo));
    assert_error(ORE_DATA, "corpus.txt: the validation part has no document");
    corpus_free(&l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_contexts_of_a_word),
        cmocka_unit_test(test_every_target_of_every_document),
        cmocka_unit_test(test_random_contexts),
        cmocka_unit_test(test_a_stream),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_faults),
    };
    return cmocka_run_group_tests(tests, numbers_setup, scratch_teardown);
}
