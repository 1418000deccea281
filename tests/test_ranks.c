/* test_ranks.c: the shares of a batch that the loaders of several ranks give are the batch that one
 * process gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <ore/data.h>
#include <ore/ops.h>

#include "support/refusals.h"

enum { TOKENS = 157, ROWS = 23, RANKS_MAX = 5, KINDS = 8, BATCHES = 40 };

typedef struct corpus {
    int64_t ids[TOKENS];
    ore_tokens *tokens;
    ore_token_parts *stream, *documents;
    ore_tensor *x, *y; /* (ROWS, 3), (ROWS, 2) */
} corpus;

static int64_t two_bytes(const ore_tokens *tokens, const int64_t *ids, int64_t count) {
    (void)tokens, (void)ids;
    return 2 * count;
}

static void corpus_init(corpus *c) {
    for (int i = 0; i < TOKENS; i++)
        c->ids[i] = i * i % 13;
    ore_token_parts_options o = ore_token_parts_defaults();
    c->tokens = ore_tokens_of_memory("ids", c->ids, TOKENS, 0);
    c->tokens->bytes = two_bytes;
    c->stream = ore_token_parts_new(c->tokens, NULL, &o);
    o.documents = true;
    c->documents = ore_token_parts_new(c->tokens, NULL, &o);
    c->x = ore_own(ore_randn(ORE_SHAPE(ROWS, 3), ORE_FLOAT32, NULL));
    c->y = ore_own(ore_randint(0, 4, ORE_SHAPE(ROWS, 2), ORE_INT64, NULL));
    int64_t *y = ore_data_mut(c->y);
    for (int i = 0; i < 2 * ROWS; i++)
        y[i] = i % 5 == 2 ? ORE_IGNORE_INDEX : y[i];
    assert_true(ore_ok());
}

static void corpus_free(corpus *c) {
    ore_free(c->y);
    ore_free(c->x);
    ore_token_parts_free(c->documents);
    ore_token_parts_free(c->stream);
    ore_tokens_close(c->tokens);
}

static ore_loader *make_loader(const corpus *c, int kind, ore_generator *g) {
    ore_token_loader_options o = {ORE_PART_TRAIN, 5, 7, true, g};
    ore_loader_options t = {
        .batch_size = 5, .shuffle = kind != 6, .drop_last = false, .generator = g};
    const ore_token_parts *data = kind % 2 == 0 ? c->stream : c->documents;
    ore_loader *loader = kind < 2   ? ore_random_loader_new(data, &o)
                         : kind < 4 ? ore_window_loader_new(data, &o)
                         : kind < 5 ? ore_random_context_loader_new(data, &o)
                         : kind < 6 ? ore_context_loader_new(data, &o)
                                    : ore_tensor_loader_new(c->x, c->y, &t);
    assert_non_null(loader);
    return loader;
}

/* Loaders of every rank, each with a generator of its own. */
typedef struct ranks {
    int world;
    ore_loader *loader[RANKS_MAX];
    ore_generator *generator[RANKS_MAX];
} ranks;

static ranks ranks_start(const corpus *c, int kind, int world, uint64_t seed) {
    ranks r = {.world = world};
    for (int i = 0; i < world; i++) {
        r.generator[i] = ore_generator_new(seed);
        r.loader[i] = make_loader(c, kind, r.generator[i]);
        assert_int_equal(ore_loader_share(r.loader[i], i, world), ORE_OK);
    }
    return r;
}

static void ranks_end(ranks *r) {
    for (int i = 0; i < r->world; i++) {
        ore_loader_free(r->loader[i]);
        ore_generator_free(r->generator[i]);
    }
}

static void assert_same_bytes(ore_tensor *a, ore_tensor *b) {
    assert_true(ore_shape_equal(ore_shape_of(a), ore_shape_of(b)));
    assert_int_equal(ore_tensor_dtype(a), ore_tensor_dtype(b));
    size_t bytes = (size_t)ore_numel(a) * ore_dtype_size(ore_tensor_dtype(a));
    assert_memory_equal(ore_data(a), ore_data(b), bytes);
}

/* The ranks' next shares are the next batch of `one`. */
static void assert_next(ore_loader *one, const ranks *r) {
    ore_batch whole = ore_loader_next(one), sum = {0};
    ore_tensor *x[RANKS_MAX], *y[RANKS_MAX];
    int64_t most = 0, least = ROWS;
    for (int i = 0; i < r->world; i++) {
        ore_batch share = ore_loader_next(r->loader[i]);
        assert_true(ore_ok());
        assert_int_equal(share.x == NULL, whole.x == NULL);
        if (!share.x)
            continue;
        assert_int_equal(share.global_tokens, whole.tokens);
        x[i] = share.x, y[i] = share.y;
        sum.tokens += share.tokens, sum.bytes += share.bytes;
        int64_t rows = ore_size(share.x, 0);
        most = rows > most ? rows : most, least = rows < least ? rows : least;
        assert_true(most - least <= 1);
    }
    if (!whole.x)
        return;
    assert_int_equal(whole.global_tokens, whole.tokens);
    assert_int_equal(sum.tokens, whole.tokens);
    assert_int_equal(sum.bytes, whole.bytes);
    assert_same_bytes(ore_cat(x, r->world, 0), whole.x);
    assert_same_bytes(ore_cat(y, r->world, 0), whole.y);
}

static void assert_same_state(const ore_loader *a, const ore_loader *b) {
    static uint8_t left[ORE_LOADER_STATE_BYTES], right[ORE_LOADER_STATE_BYTES];
    ore_loader_get_state(a, left);
    ore_loader_get_state(b, right);
    assert_memory_equal(left, right, sizeof left);
}

/* Over several passes; the state of any rank is that of one process. */
static void shares_are_the_batch(void **state) {
    (void)state;
    corpus c;
    corpus_init(&c);
    for (int kind = 0; kind < KINDS; kind++)
        for (int world = 1; world <= RANKS_MAX; world++) {
            ranks one = ranks_start(&c, kind, 1, 9), many = ranks_start(&c, kind, world, 9);
            for (int i = 0; i < BATCHES; i++) {
                ore_scope_begin();
                assert_next(one.loader[0], &many);
                ore_scope_end();
                assert_same_state(one.loader[0], many.loader[world - 1]);
            }
            assert_int_equal(ore_loader_batches(one.loader[0]), ore_loader_batches(many.loader[0]));
            ranks_end(&many);
            ranks_end(&one);
        }
    corpus_free(&c);
}

/* Stopped at any batch, other numbers of ranks go on with the same batches. */
static void another_number_of_ranks_goes_on(void **state) {
    (void)state;
    static uint8_t saved[ORE_LOADER_STATE_BYTES];
    corpus c;
    corpus_init(&c);
    for (int kind = 0; kind < KINDS; kind++)
        for (int steps = 0; steps < 8; steps++) {
            ranks one = ranks_start(&c, kind, 1, 3), three = ranks_start(&c, kind, 3, 3);
            ranks two = ranks_start(&c, kind, 2, 1000);
            ore_scope_begin();
            for (int i = 0; i < steps; i++)
                assert_next(one.loader[0], &three);
            ore_loader_get_state(three.loader[1], saved);
            for (int i = 0; i < 2; i++)
                assert_int_equal(ore_loader_set_state(two.loader[i], saved, sizeof saved), ORE_OK);
            for (int i = 0; i < 10; i++)
                assert_next(one.loader[0], &two);
            ore_scope_end();
            ranks_end(&two);
            ranks_end(&three);
            ranks_end(&one);
        }
    corpus_free(&c);
}

static void targets_of_tensors_are_those_not_ignored(void **state) {
    (void)state;
    corpus c;
    corpus_init(&c);
    ore_loader *loader = ore_tensor_loader_new(c.x, c.y, NULL);
    const int64_t want[] = {2, 1, 2, 1, 2}; /* elements 2, 7 .. of y are ignored */
    for (int i = 0; i < 4; i++)
        assert_int_equal(ore_loader_next(loader).tokens, want[i]);
    ore_loader_free(loader);
    loader = ore_tensor_loader_new(c.y, c.x, NULL);
    assert_int_equal(ore_loader_next(loader).tokens, 1);
    ore_loader_free(loader);
    corpus_free(&c);
}

static void refuse_share(ore_loader *loader, int64_t rank, int64_t world, const char *message) {
    assert_int_equal(ore_loader_share(loader, rank, world), ORE_INVALID);
    invalid(NULL, message);
}

static void ranks_that_cannot_be(void **state) {
    (void)state;
    corpus c;
    corpus_init(&c);
    ore_loader *loader = make_loader(&c, 0, NULL);
    refuse_share(loader, 2, 2, "random loader: rank 2 of 2, expected 0 to 1");
    refuse_share(loader, -1, 2, "random loader: rank -1 of 2, expected 0 to 1");
    refuse_share(loader, 0, 0, "random loader: rank 0 of 0, expected 0 to 0");
    refuse_share(loader, 0, 6, "random loader: batch_size 5 for 6 ranks, expected a row for each");
    assert_int_equal(ore_loader_share(loader, 4, 5), ORE_OK);
    ore_loader_free(loader);
    corpus_free(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(shares_are_the_batch, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(another_number_of_ranks_goes_on, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(targets_of_tensors_are_those_not_ignored, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(ranks_that_cannot_be, begin_scope, end_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
