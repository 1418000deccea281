/* test_tensor_loader.c: loaders over tensors, and the saved states of every loader. What is marked
 * torch comes from golden/loader_golden.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include <ore/data.h>
#include <ore/random.h>

#include "support/loaders.h"
#include "support/scratch.h"

typedef struct torch_order {
    int64_t batch_size;
    bool drop_last, own;
    int batches;
    int64_t rows[20]; /* of two passes */
    int64_t after;
} torch_order;

static const torch_order orders[] = {
    {4, false, false, 3, {8, 0, 9, 1, 4, 5, 6, 3, 2, 7, 4, 6, 9, 3, 7, 5, 2, 0, 1, 8}, 950},
    {4, false, true, 3, {6, 5, 4, 0, 8, 9, 2, 1, 3, 7, 3, 6, 5, 8, 9, 4, 2, 0, 7, 1}, 186},
    {4, true, false, 2, {8, 0, 9, 1, 4, 5, 6, 3, 4, 6, 9, 3, 7, 5, 2, 0}, 950},
    {4, true, true, 2, {6, 5, 4, 0, 8, 9, 2, 1, 3, 6, 5, 8, 9, 4, 2, 0}, 186},
    {5, false, false, 2, {8, 0, 9, 1, 4, 5, 6, 3, 2, 7, 4, 6, 9, 3, 7, 5, 2, 0, 1, 8}, 950},
    {5, true, true, 2, {6, 5, 4, 0, 8, 9, 2, 1, 3, 7, 3, 6, 5, 8, 9, 4, 2, 0, 7, 1}, 186},
};

static void check_order(const torch_order *want, ore_tensor *x, ore_tensor *y) {
    ore_manual_seed(42);
    ore_generator *g = ore_generator_new(42);
    ore_loader_options o = {.batch_size = want->batch_size,
                            .shuffle = true,
                            .drop_last = want->drop_last,
                            .generator = want->own ? g : NULL};
    ore_loader *loader = ore_tensor_loader_new(x, y, &o);
    assert_int_equal(ore_loader_batches(loader), want->batches);
    const int64_t *row = want->rows;
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < want->batches; i++) {
            ore_batch b = ore_loader_next(loader);
            const float *got = ore_data(b.x); /* (b.tokens, 3) */
            assert_ids(b.y, ORE_SHAPE(b.tokens), row);
            for (int64_t r = 0; r < b.tokens; r++, row++)
                for (int k = 0; k < 3; k++)
                    assert_float_equal(got[r * 3 + k], (float)(*row * 3 + k), 0);
        }
        assert_end(loader);
    }
    ore_generator *after = want->own ? g : NULL;
    assert_int_equal(ore_item_int(ore_randint(0, 1000, ORE_SHAPE(1), ORE_INT64, after)),
                     want->after);
    ore_loader_free(loader);
    ore_generator_free(g);
}

static void test_tensor_orders_are_torch_s(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = ore_empty(ORE_SHAPE(10, 3), ORE_FLOAT32);
    ore_tensor *y = ore_from_data(numbers, ORE_SHAPE(10), ORE_INT64);
    float *values = ore_data_mut(x);
    for (int i = 0; i < 30; i++)
        values[i] = (float)i;
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        check_order(&orders[i], x, y);
    ore_scope_end();
}

static void test_draws_between_tensor_batches(void **state) {
    (void)state;
    static const int64_t draws[2][4] = {{14, 210, 73, 111}, {14, 210, 73}}; /* torch */
    ore_scope_begin();
    ore_tensor *x = ore_from_data(numbers, ORE_SHAPE(10), ORE_INT64);
    for (int c = 0; c < 2; c++) {
        ore_generator *g = ore_generator_new(42);
        ore_loader_options o = {
            .batch_size = 4 + c, .shuffle = true, .drop_last = false, .generator = g};
        ore_loader *loader = ore_tensor_loader_new(x, NULL, &o);
        for (int i = 0; i < 4 - c; i++) {
            assert_null(ore_loader_next(loader).y);
            ore_tensor *draw = ore_randint(0, 1000, ORE_SHAPE(1), ORE_INT64, g);
            assert_int_equal(ore_item_int(draw), draws[c][i]);
        }
        ore_loader_free(loader);
        ore_generator_free(g);
    }
    ore_scope_end();
}

static void test_tensors_in_order(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = ore_from_data(numbers, ORE_SHAPE(10), ORE_INT64);
    ore_manual_seed(42);
    ore_loader_options o = ore_loader_defaults();
    o.batch_size = 4;
    ore_loader *loader = ore_tensor_loader_new(x, x, &o);
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < 3; i++) {
            ore_batch b = ore_loader_next(loader);
            assert_ids(b.x, ORE_SHAPE(i < 2 ? 4 : 2), numbers + i * 4L);
            assert_ids(b.y, ORE_SHAPE(i < 2 ? 4 : 2), numbers + i * 4L);
        }
        assert_end(loader);
    }
    assert_int_equal(ore_item_int(ore_randint(0, 1000, ORE_SHAPE(1), ORE_INT64, NULL)), 26);
    ore_loader_free(loader);
    ore_scope_end();
}

static void test_bad_tensors(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = ore_zeros(ORE_SHAPE(4, 2), ORE_FLOAT32),
               *y = ore_zeros(ORE_SHAPE(3), ORE_INT64);
    assert_null(ore_tensor_loader_new(x, y, NULL));
    assert_error(ORE_INVALID, "tensor data set: tensor 1 (3,), expected 4 rows as the first has");
    assert_null(ore_tensor_loader_new(ore_zeros(ORE_SCALAR, ORE_INT64), NULL, NULL));
    assert_error(ORE_INVALID, "tensor data set: tensor 0 () has no rows");
    ore_loader_options o = {
        .batch_size = 0, .shuffle = false, .drop_last = false, .generator = NULL};
    assert_null(ore_tensor_loader_new(x, NULL, &o));
    assert_error(ORE_INVALID, "loader: batch_size 0, expected at least 1");
    ore_scope_end();
}

/* ---- states ---- */

/* Makes a loader of one kind on the same data each time. */
typedef struct bench {
    ore_tokens *tokens;
    ore_token_parts *stream, *documents;
    ore_tensor *x;
} bench;

enum { KINDS = 7 };

static ore_loader *make_loader(const bench *b, int kind, ore_generator *g) {
    ore_token_loader_options o = {ORE_PART_TRAIN, 3, 8, false, g};
    ore_loader_options t = {
        .batch_size = 4, .shuffle = kind > 4, .drop_last = kind == 6, .generator = g};
    switch (kind) {
    case 0:
        return ore_random_loader_new(b->stream, &o);
    case 1:
        o.cut_documents = true;
        return ore_random_loader_new(b->documents, &o);
    case 2:
        return ore_window_loader_new(b->stream, &o);
    case 3:
        return ore_window_loader_new(b->documents, &o);
    default:
        return ore_tensor_loader_new(b->x, b->x, &t);
    }
}

static void bench_init(bench *b) {
    enum { COUNT = 1000 };
    static int64_t ids[COUNT];
    for (int i = 0; i < COUNT; i++)
        ids[i] = i * i % 13;
    ore_token_parts_options o = ore_token_parts_defaults();
    b->tokens = ore_tokens_of_memory("ids", ids, COUNT, 0);
    b->stream = ore_token_parts_new(b->tokens, NULL, &o);
    o.documents = true;
    b->documents = ore_token_parts_new(b->tokens, NULL, &o);
    b->x = ore_own(ore_arange(0, 35, 1, ORE_INT64));
    assert_true(ore_ok());
}

static void bench_free(bench *b) {
    ore_free(b->x);
    ore_token_parts_free(b->documents);
    ore_token_parts_free(b->stream);
    ore_tokens_close(b->tokens);
}

static void assert_same(ore_batch a, ore_batch b) {
    assert_int_equal(a.x == NULL, b.x == NULL);
    assert_int_equal(a.tokens, b.tokens);
    if (!a.x)
        return;
    assert_ids(a.x, ore_shape_of(b.x), ore_data(b.x));
    assert_ids(a.y, ore_shape_of(b.y), ore_data(b.y));
}

/* Stops after `steps` batches and goes on in a new loader with a new generator (NULL: the default
 * one, set to other numbers meanwhile): both go the same way. */
static void check_resume(const bench *b, int kind, int steps, bool own) {
    static uint8_t state[ORE_LOADER_STATE_BYTES];
    ore_generator *g = own ? ore_generator_new(9) : NULL,
                  *other = own ? ore_generator_new(1) : NULL;
    ore_batch whole[12];
    ore_manual_seed(7);
    ore_loader *loader = make_loader(b, kind, g);
    for (int i = 0; i < steps; i++)
        ore_loader_next(loader);
    ore_loader_get_state(loader, state);
    for (int i = 0; i < 12; i++)
        whole[i] = ore_loader_next(loader);
    ore_loader_free(loader);
    ore_manual_seed(1000);
    loader = make_loader(b, kind, other);
    for (int i = 0; i < 5; i++)
        ore_loader_next(loader);
    assert_int_equal(ore_loader_set_state(loader, state, sizeof state), ORE_OK);
    for (int i = 0; i < 12; i++)
        assert_same(whole[i], ore_loader_next(loader));
    assert_true(ore_ok());
    ore_loader_free(loader);
    ore_generator_free(other);
    ore_generator_free(g);
}

static void test_resume_at_every_batch(void **state) {
    (void)state;
    bench b;
    bench_init(&b);
    for (int kind = 0; kind < KINDS; kind++)
        for (int steps = 0; steps < 25; steps++)
            for (int own = 0; own < 2; own++) {
                ore_scope_begin();
                check_resume(&b, kind, steps, own);
                ore_scope_end();
            }
    bench_free(&b);
}

static void expect_bad_state(ore_loader *loader, size_t at, uint8_t value, const char *message) {
    static uint8_t state[ORE_LOADER_STATE_BYTES];
    ore_loader_get_state(loader, state);
    state[at] = value;
    assert_int_equal(ore_loader_set_state(loader, state, sizeof state), ORE_DATA);
    assert_error(ORE_DATA, message);
}

static void test_bad_states(void **state) {
    (void)state;
    static uint8_t bytes[ORE_LOADER_STATE_BYTES];
    bench b;
    bench_init(&b);
    ore_loader *loader = make_loader(&b, 2, NULL), *random = make_loader(&b, 0, NULL);
    expect_bad_state(loader, 0, 'x', "window loader: the state is not that of a loader");
    expect_bad_state(loader, 9, 2, "the state is not that of a loader");
    expect_bad_state(loader, 19, 1, "window loader: the state's place is outside the data");
    expect_bad_state(loader, 31, 0x80, "the state's place is outside the data");
    expect_bad_state(loader, 32, 4, "the state is for batch_size 4 and block_size 8, not 3 and 8");
    ore_loader_get_state(random, bytes);
    assert_int_equal(ore_loader_set_state(loader, bytes, sizeof bytes), ORE_DATA);
    assert_error(ORE_DATA, "window loader: the state is that of another kind of loader");
    assert_int_equal(ore_loader_set_state(random, bytes, sizeof bytes - 1), ORE_DATA);
    assert_error(ORE_DATA, "random loader: the state is not that of a loader");
    ore_loader_free(random);
    ore_loader_free(loader);
    bench_free(&b);
}

static void test_reset(void **state) {
    (void)state;
    bench b;
    bench_init(&b);
    ore_scope_begin();
    ore_loader *loader = make_loader(&b, 3, NULL);
    ore_batch first = ore_loader_next(loader);
    ore_loader_next(loader);
    ore_loader_reset(loader);
    assert_same(first, ore_loader_next(loader));
    ore_loader_free(loader);
    ore_scope_end();
    bench_free(&b);
}

/* ---- memory ---- */

static uint64_t system_calls(void) {
    ore_memory_stats stats;
    ore_memory_read(&stats);
    return stats.system_calls;
}

/* Under AddressSanitizer the pool keeps no block back. */
static bool pool_keeps_blocks(void) {
    uint64_t calls = 0;
    for (int i = 0; i < 2; i++) {
        calls = system_calls();
        ore_free(ore_zeros(ORE_SHAPE(64), ORE_FLOAT32));
    }
    return system_calls() == calls;
}

static void test_batches_take_nothing_from_the_system(void **state) {
    (void)state;
    if (!pool_keeps_blocks()) {
        print_message("skipped: this build's pool keeps no block back\n");
        skip();
    }
    bench b;
    bench_init(&b);
    for (int kind = 0; kind < KINDS; kind++) {
        ore_loader *loader = make_loader(&b, kind, NULL);
        uint64_t before = 0;
        for (int i = 0; i < 400; i++) {
            ore_scope_begin();
            ore_loader_next(loader);
            ore_scope_end();
            if (i == 199)
                before = system_calls();
        }
        assert_int_equal(system_calls(), before);
        ore_loader_free(loader);
    }
    bench_free(&b);
}

static void test_pending_error_refuses(void **state) {
    (void)state;
    bench b;
    bench_init(&b);
    ore_loader *loader = make_loader(&b, 0, NULL);
    ore_fail(ORE_STATE, "before");
    assert_null(ore_loader_next(loader).x);
    assert_null(make_loader(&b, 0, NULL));
    assert_null(make_loader(&b, 6, NULL));
    assert_null(ore_token_parts_new(b.tokens, NULL, NULL));
    assert_error(ORE_STATE, "before");
    assert_non_null(ore_loader_next(loader).x);
    ore_loader_free(loader);
    bench_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tensor_orders_are_torch_s),
        cmocka_unit_test(test_draws_between_tensor_batches),
        cmocka_unit_test(test_tensors_in_order),
        cmocka_unit_test(test_bad_tensors),
        cmocka_unit_test(test_resume_at_every_batch),
        cmocka_unit_test(test_bad_states),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_batches_take_nothing_from_the_system),
        cmocka_unit_test(test_pending_error_refuses),
    };
    return cmocka_run_group_tests(tests, numbers_setup, scratch_teardown);
}
