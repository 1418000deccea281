/* test_dataset_loader.c: loaders over data sets: samplers, padding, and batches that threads make
 * ahead. Orders and draws are compared with torch by torch_compare_data.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include <ore/ore.h>

#include "support/errors.h"
#include "support/loaders.h"

enum { SAMPLES = 23, NONE = -1 };

/* ---- a data set of sequences ---- */

/* Sample i: x (1 + i * i % 7) with numbers from i on, y (the same) or a class, and what the seed
 * gives. */
typedef struct sequences {
    ore_dataset base;
    _Atomic int64_t bad; /* the sample that cannot be got */
    _Atomic int gets;
    bool slow;
} sequences;

static int64_t length_of(int64_t i) {
    return 1 + i * i % 7;
}

static ore_status sequence_get(const ore_dataset *dataset, int64_t i, ore_sample *sample) {
    sequences *self = (sequences *)dataset;
    int64_t n = length_of(i), x[8], class = i % 3;
    atomic_fetch_add(&self->gets, 1);
    if (self->slow && i % 4 == 0)
        nanosleep(&(struct timespec){0, 200000}, NULL);
    if (i == self->bad)
        return ore_fail(ORE_DATA, "sequences.txt: line %lld: bad", (long long)i + 1);
    for (int64_t k = 0; k < n; k++)
        x[k] = i + k;
    ore_generator *g = ore_generator_new(sample->seed);
    sample->fields[0] = ore_from_data(x, ORE_SHAPE(n), ORE_INT64);
    sample->fields[1] = ore_from_data(&class, ORE_SCALAR, ORE_INT64);
    sample->fields[2] = ore_rand(ORE_SHAPE(2), ORE_FLOAT32, g);
    ore_generator_free(g);
    return ore_error_status();
}

static sequences new_sequences(void) {
    return (sequences){
        .base = {.name = "sequences", .length = SAMPLES, .fields = 3, .get = sequence_get},
        .bad = NONE};
}

/* ---- what a loader gives ---- */

static void test_padding(void **state) {
    (void)state;
    sequences data = new_sequences();
    ore_loader_options o = ore_loader_defaults();
    o.batch_size = 3;
    o.pad = true;
    o.padding[0] = -7;
    ore_loader *loader = ore_loader_new(&data.base, &o);
    assert_int_equal(ore_loader_batches(loader), 8);
    ore_batch b = ore_loader_next(loader);
    const int64_t x[] = {0, -7, -7, -7, -7, 1, 2, -7, -7, -7, 2, 3, 4, 5, 6};
    assert_ids(b.x, ORE_SHAPE(3, 5), x);
    assert_ids(b.x_lengths, ORE_SHAPE(3), (int64_t[]){1, 2, 5});
    assert_ids(b.y, ORE_SHAPE(3), (int64_t[]){0, 1, 2});
    assert_null(b.y_lengths);
    assert_int_equal(ore_ndim(b.more[0]), 2);
    assert_ids(b.more_lengths[0], ORE_SHAPE(3), (int64_t[]){2, 2, 2});
    assert_null(b.more[1]);
    assert_int_equal(b.tokens, 3);
    ore_loader_free(loader);
}

static void test_unequal_samples_need_padding(void **state) {
    (void)state;
    sequences data = new_sequences();
    ore_loader_options o = ore_loader_defaults();
    o.batch_size = 3;
    ore_loader *loader = ore_loader_new(&data.base, &o);
    assert_null(ore_loader_next(loader).x);
    assert_error_is(ORE_INVALID, "collate: field 0: int64 (2,) of sample 1 of the batch, expected "
                                 "int64 (1,) as of the first");
    ore_loader_free(loader);
    ore_sample two[2] = {{.fields = {ore_zeros(ORE_SHAPE(2), ORE_INT64)}},
                         {.fields = {ore_zeros(ORE_SHAPE(2), ORE_FLOAT32)}}};
    ore_batch batch = {0};
    ore_collate(two, 2, 1, (double[]){0}, &batch);
    assert_error(ORE_INVALID, "float32 (2,) of sample 1 of the batch, expected int64 (2,)");
    ore_collate(two, 0, 1, NULL, &batch);
    assert_error_is(ORE_INVALID, "collate: 0 samples of 1 fields, expected at least 1, and 1 to 4");
    assert_int_equal(ore_collate(two, 1, 1, NULL, &batch), ORE_OK);
    assert_ids(batch.x, ORE_SHAPE(1, 2), (int64_t[]){0, 0});
    assert_null(batch.x_lengths);
}

/* Sums of the sequences, as x. */
static ore_status sums(void *user, const ore_sample *samples, int64_t count, ore_batch *batch) {
    int64_t *calls = user, totals[SAMPLES];
    for (int64_t i = 0; i < count; i++)
        totals[i] = ore_item_int(ore_sum(samples[i].fields[0], ORE_ALL, false));
    (*calls)++;
    batch->x = ore_from_data(totals, ORE_SHAPE(count), ORE_INT64);
    return ore_error_status();
}

static ore_status nothing(void *user, const ore_sample *samples, int64_t count, ore_batch *batch) {
    (void)user, (void)samples, (void)count, (void)batch;
    return ORE_OK;
}

static void test_a_collate_of_one_s_own(void **state) {
    (void)state;
    sequences data = new_sequences();
    int64_t calls = 0;
    ore_loader_options o = ore_loader_defaults();
    o.batch_size = 3;
    o.collate = sums;
    o.user = &calls;
    ore_loader *loader = ore_loader_new(&data.base, &o);
    ore_batch b = ore_loader_next(loader);
    assert_ids(b.x, ORE_SHAPE(3), (int64_t[]){0, 3, 20});
    assert_null(b.y);
    assert_int_equal(calls, 1);
    assert_int_equal(b.tokens, 3);
    ore_loader_free(loader);
    o.collate = nothing;
    loader = ore_loader_new(&data.base, &o);
    assert_null(ore_loader_next(loader).x);
    assert_error_is(ORE_INVALID, "loader: collate gave no x");
    ore_loader_free(loader);
}

static void refuse(const ore_loader_options *o, const char *message) {
    sequences data = new_sequences();
    assert_null(ore_loader_new(&data.base, o));
    assert_error_is(ORE_INVALID, message);
}

static void test_options_that_cannot_be(void **state) {
    (void)state;
    ore_sampler *order = ore_sequential_sampler_new(SAMPLES),
                *batches = ore_batch_sampler_new(order, 4, false);
    ore_loader_options o = ore_loader_defaults();
    o.sampler = order;
    o.shuffle = true;
    refuse(&o, "loader: a sampler and shuffle, expected one of them");
    o.shuffle = false;
    o.sampler = batches;
    o.batch_size = 2;
    refuse(&o, "loader: batch sampler makes the batches, so that batch_size stays 1 and drop_last "
               "false");
    o = ore_loader_defaults();
    o.num_workers = 1;
    o.prefetch_factor = 0;
    refuse(&o, "loader: num_workers 1 and prefetch_factor 0, expected 0 to 256 and at least 1");
    o = ore_loader_defaults();
    o.batch_size = 0;
    refuse(&o, "loader: batch_size 0, expected at least 1");
    assert_null(ore_batch_sampler_new(batches, 2, false));
    assert_error_is(ORE_INVALID, "batch sampler: batch sampler has batches already");
    assert_null(ore_batch_sampler_new(order, SAMPLES + 1, true));
    assert_error_is(ORE_INVALID, "batch sampler: 23 samples make no batch of 24");
    ore_sampler_close(batches);
    ore_sampler_close(order);
    ore_sampler_close(NULL);
}

static void test_samplers_that_cannot_be(void **state) {
    (void)state;
    ore_random_sampler_options r = ore_random_sampler_defaults();
    ore_bucket_options b = ore_bucket_defaults();
    const double weights[] = {0, 1, -1, 2};
    r.num_samples = -1;
    assert_null(ore_sequential_sampler_new(0));
    assert_error_is(ORE_INVALID, "sequential sampler: length 0, expected at least 1");
    assert_null(ore_random_sampler_new(3, &r));
    assert_error_is(ORE_INVALID, "random sampler: num_samples -1, expected at least 1");
    assert_null(ore_subset_random_sampler_new(NULL, 0, NULL));
    assert_error_is(ORE_INVALID, "subset random sampler: count 0, expected at least 1");
    assert_null(ore_weighted_random_sampler_new(weights, 4, 1, true, NULL));
    assert_error_is(ORE_INVALID, "weighted sampler: weight 2 is -1, expected a finite number of at "
                                 "least 0");
    assert_null(ore_weighted_random_sampler_new(weights, 2, 2, false, NULL));
    assert_error_is(ORE_INVALID, "weighted sampler: 1 positive weights, expected at least 2");
    b.batch_size = 0;
    assert_null(ore_bucket_sampler_new((int64_t[]){1}, 1, &b));
    assert_error(ORE_INVALID, "bucket sampler: length 1, batch_size 0, pool_batches 100");
}

/* ---- samplers of one's own ---- */

static ore_status draw_bad(const ore_sampler *sampler, ore_generator *generator, int64_t *order,
                           int64_t *ends) {
    (void)generator;
    for (int64_t i = 0; i < sampler->length; i++)
        order[i] = ends ? i : i == 2 ? SAMPLES : i;
    for (int64_t b = 0; ends && b < sampler->batches; b++)
        ends[b] = 3;
    return ORE_OK;
}

static ore_status draw_nothing(const ore_sampler *sampler, ore_generator *generator, int64_t *order,
                               int64_t *ends) {
    (void)sampler, (void)generator, (void)order, (void)ends;
    return ORE_DATA;
}

static ore_status collate_nothing(void *user, const ore_sample *samples, int64_t count,
                                  ore_batch *batch) {
    (void)user, (void)count;
    batch->x = samples->fields[0];
    return ORE_DATA;
}

/* The loader's next batch is this error. */
static void expect_refusal(const ore_dataset *data, const ore_loader_options *o,
                           const char *message) {
    ore_loader *loader = ore_loader_new(data, o);
    assert_null(ore_loader_next(loader).x);
    assert_error_is(ORE_INVALID, message);
    ore_loader_free(loader);
}

/* Callbacks that return a status and set no message. */
static void test_callbacks_that_fail_in_silence(void **state) {
    (void)state;
    sequences data = new_sequences();
    ore_sampler silent = {.name = "mine", .length = 4, .draw = draw_nothing};
    ore_loader_options o = ore_loader_defaults();
    o.sampler = &silent;
    expect_refusal(&data.base, &o, "loader: mine failed without an error");
    o = ore_loader_defaults();
    o.collate = collate_nothing;
    expect_refusal(&data.base, &o, "loader: collate failed without an error");
}

static void test_orders_that_cannot_be(void **state) {
    (void)state;
    sequences data = new_sequences();
    ore_sampler bad = {.name = "mine", .length = 4, .draw = draw_bad};
    ore_loader_options o = ore_loader_defaults();
    o.sampler = &bad;
    expect_refusal(&data.base, &o, "loader: mine gave sample 23, expected 0 to 22");
    bad.batches = 2;
    bad.batch_size = 3;
    expect_refusal(&data.base, &o,
                   "loader: mine: batch 1 ends at 3, expected 1 to 3 samples from 3 on");
}

/* ---- buckets ---- */

typedef struct padding_count {
    int64_t padded, real;
} padding_count;

static padding_count count_padding(ore_loader *loader) {
    padding_count c = {0};
    for (ore_batch b; (b = ore_loader_next(loader)).x != NULL;) {
        int64_t real = ore_item_int(ore_sum(b.x_lengths, ORE_ALL, false));
        c.real += real;
        c.padded += ore_numel(b.x) - real;
        const int64_t *lengths = ore_data(b.x_lengths);
        for (int64_t i = 1; i < ore_numel(b.x_lengths); i++)
            assert_true(lengths[i] <= lengths[i - 1]);
    }
    assert_true(ore_ok());
    return c;
}

static void test_buckets_need_little_padding(void **state) {
    (void)state;
    sequences data = new_sequences();
    int64_t lengths[SAMPLES], total = 0;
    assert_int_equal(ore_dataset_lengths(&data.base, 0, lengths), ORE_OK);
    for (int i = 0; i < SAMPLES; i++)
        total += lengths[i];
    ore_bucket_options b = ore_bucket_defaults();
    b.batch_size = 4;
    ore_sampler *buckets = ore_bucket_sampler_new(lengths, SAMPLES, &b);
    ore_loader_options o = ore_loader_defaults();
    o.sampler = buckets;
    o.pad = true;
    ore_loader *loader = ore_loader_new(&data.base, &o);
    assert_int_equal(ore_loader_batches(loader), 6);
    for (int pass = 0; pass < 3; pass++) {
        padding_count c = count_padding(loader);
        assert_int_equal(c.real, total);
        assert_true(c.padded <=
                    6); /* one pool: each batch mixes two neighbouring lengths at most */
    }
    ore_loader_free(loader);
    ore_sampler_close(buckets);
}

/* ---- batches made ahead ---- */

enum { KINDS = 6 };

typedef struct bench {
    sequences data;
    ore_generator *generator;
    ore_sampler *inner, *sampler;
    ore_loader *loader;
} bench;

static void start_bench(bench *b, int kind, int workers, uint64_t seed) {
    int64_t lengths[SAMPLES], some[] = {3, 1, 4, 1, 5, 9, 2};
    double weights[SAMPLES];
    for (int64_t i = 0; i < SAMPLES; i++) {
        lengths[i] = length_of(i);
        weights[i] = (double)(i % 4);
    }
    *b = (bench){.data = new_sequences(), .generator = ore_generator_new(seed)};
    b->data.slow = workers > 0;
    ore_manual_seed(seed);
    ore_random_sampler_options r = {true, 50, b->generator};
    ore_bucket_options k = ore_bucket_defaults();
    k.batch_size = 4;
    k.pool_batches = 2;
    if (kind == 1)
        b->sampler = ore_random_sampler_new(SAMPLES, &r);
    if (kind == 2)
        b->sampler = ore_subset_random_sampler_new(some, 7, b->generator);
    if (kind == 3)
        b->sampler = ore_weighted_random_sampler_new(weights, SAMPLES, 30, true, NULL);
    if (kind == 4)
        b->sampler = ore_bucket_sampler_new(lengths, SAMPLES, &k);
    if (kind == 5) {
        r.replacement = false;
        r.num_samples = 0;
        b->inner = ore_random_sampler_new(SAMPLES, &r);
        b->sampler = ore_batch_sampler_new(b->inner, 4, false);
    }
    ore_loader_options o = ore_loader_defaults();
    o.shuffle = kind == 0;
    o.generator = kind == 0 ? b->generator : NULL;
    o.sampler = b->sampler;
    o.batch_size = b->sampler && b->sampler->batches ? 1 : 4;
    o.pad = true;
    o.num_workers = workers;
    b->loader = ore_loader_new(&b->data.base, &o);
    assert_non_null(b->loader);
}

static void end_bench(bench *b) {
    ore_loader_free(b->loader);
    ore_sampler_close(b->sampler);
    ore_sampler_close(b->inner);
    ore_generator_free(b->generator);
}

static void assert_same_tensor(const ore_tensor *a, const ore_tensor *b) {
    assert_int_equal(a == NULL, b == NULL);
    if (!a)
        return;
    assert_true(ore_shape_equal(ore_shape_of(a), ore_shape_of(b)));
    size_t bytes = (size_t)ore_numel(a) * ore_dtype_size(ore_tensor_dtype(a));
    assert_memory_equal(ore_data(a), ore_data(b), bytes);
}

static void assert_same(const ore_batch *a, const ore_batch *b) {
    assert_same_tensor(a->x, b->x);
    assert_same_tensor(a->y, b->y);
    assert_same_tensor(a->x_lengths, b->x_lengths);
    assert_same_tensor(a->more[0], b->more[0]); /* what the samples' seeds give */
    assert_int_equal(a->tokens, b->tokens);
    assert_int_equal(a->global_tokens, b->global_tokens);
}

static void test_workers_change_no_batch(void **state) {
    (void)state;
    for (int kind = 0; kind < KINDS; kind++)
        for (int workers = 1; workers <= 4; workers += 3) {
            bench one, many;
            static uint8_t left[ORE_LOADER_STATE_BYTES], right[ORE_LOADER_STATE_BYTES];
            start_bench(&one, kind, 0, 11);
            start_bench(&many, kind, workers, 11);
            for (int i = 0; i < 30; i++) {
                ore_manual_seed((uint64_t)i); /* one default generator for two loaders */
                ore_scope_begin();
                ore_batch a = ore_loader_next(one.loader);
                ore_manual_seed((uint64_t)i);
                ore_batch b = ore_loader_next(many.loader);
                assert_same(&a, &b);
                ore_scope_end();
                ore_loader_get_state(one.loader, left);
                ore_loader_get_state(many.loader, right);
                assert_memory_equal(left, right, sizeof left);
            }
            end_bench(&many);
            end_bench(&one);
        }
}

static void test_resume_at_every_batch(void **state) {
    (void)state;
    static uint8_t saved[ORE_LOADER_STATE_BYTES];
    for (int kind = 0; kind < KINDS; kind++)
        for (int steps = 0; steps < 16; steps++) {
            bench first, later;
            start_bench(&first, kind, 3, 5);
            ore_manual_seed(1);
            for (int i = 0; i < steps; i++)
                ore_loader_next(first.loader);
            ore_loader_get_state(first.loader, saved);
            ore_batch want[10];
            for (int i = 0; i < 10; i++)
                want[i] = ore_loader_next(first.loader);
            start_bench(&later, kind, 2, 77);
            ore_loader_next(later.loader);
            assert_int_equal(ore_loader_set_state(later.loader, saved, sizeof saved), ORE_OK);
            for (int i = 0; i < 10; i++) {
                ore_batch got = ore_loader_next(later.loader);
                assert_same(&want[i], &got);
            }
            end_bench(&later);
            end_bench(&first);
        }
}

/* An error comes with its batch, after the batches before it; the batch behind it comes next. */
static void test_an_error_of_a_worker(void **state) {
    (void)state;
    for (int workers = 0; workers <= 3; workers++) {
        sequences data = new_sequences();
        data.bad = 9;
        data.slow = true;
        ore_loader_options o = ore_loader_defaults();
        o.batch_size = 4;
        o.pad = true;
        o.num_workers = workers;
        ore_loader *loader = ore_loader_new(&data.base, &o);
        for (int i = 0; i < 2; i++)
            assert_non_null(ore_loader_next(loader).x);
        assert_null(ore_loader_next(loader).x);
        assert_error_is(ORE_DATA, "sequences.txt: line 10: bad");
        for (int i = 3; i < 6; i++) {
            ore_batch b = ore_loader_next(loader);
            assert_int_equal(((const int64_t *)ore_data(b.x))[0], 4 * i);
        }
        assert_end(loader);
        ore_loader_free(loader);
    }
}

static void test_workers_end_early(void **state) {
    (void)state;
    for (int steps = 0; steps < 5; steps++)
        for (int how = 0; how < 3; how++) {
            bench b, plain;
            start_bench(&b, 5, 3, 1);
            start_bench(&plain, 5, 0, 1);
            for (int i = 0; i < steps; i++) {
                ore_manual_seed((uint64_t)i);
                ore_loader_next(b.loader);
                ore_manual_seed((uint64_t)i);
                ore_loader_next(plain.loader);
            }
            if (how == 1) {
                ore_loader_reset(b.loader);
                ore_loader_reset(plain.loader);
            }
            if (how == 2) {
                assert_int_equal(ore_loader_share(b.loader, 1, 3), ORE_OK);
                assert_int_equal(ore_loader_share(plain.loader, 1, 3), ORE_OK);
            }
            for (int i = 0; how && i < 8; i++) {
                ore_manual_seed((uint64_t)i);
                ore_batch left = ore_loader_next(b.loader);
                ore_manual_seed((uint64_t)i);
                ore_batch right = ore_loader_next(plain.loader);
                assert_same(&left, &right);
            }
            end_bench(&plain);
            end_bench(&b);
        }
}

static void test_shares_are_the_padded_batch(void **state) {
    (void)state;
    bench whole, ranks[3];
    start_bench(&whole, 4, 0, 2);
    for (int r = 0; r < 3; r++) {
        start_bench(&ranks[r], 4, r, 2);
        assert_int_equal(ore_loader_share(ranks[r].loader, r, 3), ORE_OK);
    }
    for (int i = 0; i < 14; i++) {
        ore_tensor *x[3], *lengths[3];
        ore_manual_seed((uint64_t)i);
        ore_batch all = ore_loader_next(whole.loader);
        for (int r = 0; r < 3; r++) {
            ore_manual_seed((uint64_t)i);
            ore_batch b = ore_loader_next(ranks[r].loader);
            assert_int_equal(b.global_tokens, all.tokens);
            x[r] = b.x;
            lengths[r] = b.x_lengths;
        }
        if (!all.x)
            continue;
        assert_same_tensor(ore_cat(x, 3, 0), all.x);
        assert_same_tensor(ore_cat(lengths, 3, 0), all.x_lengths);
    }
    for (int r = 0; r < 3; r++)
        end_bench(&ranks[r]);
    end_bench(&whole);
}

/* ---- memory ---- */

static uint64_t system_calls(void) {
    ore_memory_stats stats;
    ore_memory_read(&stats);
    return stats.system_calls;
}

static void test_batches_take_nothing_from_the_system(void **state) {
    (void)state;
    uint64_t calls = 0;
    for (int i = 0; i < 2; i++) {
        calls = system_calls();
        ore_free(ore_zeros(ORE_SHAPE(64), ORE_FLOAT32));
    }
    if (system_calls() != calls) {
        print_message("skipped: this build's pool keeps no block back\n");
        skip();
    }
    for (int kind = 0; kind < KINDS; kind++) {
        bench b;
        start_bench(&b, kind, 0, 4);
        for (int i = 0; i < 120; i++) {
            ore_scope_begin();
            ore_loader_next(b.loader);
            ore_scope_end();
            if (i == 59)
                calls = system_calls();
        }
        assert_int_equal(system_calls(), calls);
        end_bench(&b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_padding, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(test_unequal_samples_need_padding, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(test_a_collate_of_one_s_own, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(test_options_that_cannot_be, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(test_samplers_that_cannot_be, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(test_callbacks_that_fail_in_silence, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(test_orders_that_cannot_be, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(test_buckets_need_little_padding, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(test_workers_change_no_batch, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(test_resume_at_every_batch, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(test_an_error_of_a_worker, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(test_workers_end_early, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(test_shares_are_the_padded_batch, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(test_batches_take_nothing_from_the_system, begin_scope,
                                        end_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
