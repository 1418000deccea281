/* test_mixture.c: orders by a cipher, and the loader that goes through sources by them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/permutation.h"
#include "support/errors.h"

/* ---- orders ---- */

static void test_permutations(void **state) {
    (void)state;
    static bool seen[3000];
    for (int64_t n = 1; n <= 3000; n += 1 + n / 7)
        for (uint64_t key = 0; key < 3; key++) {
            memset(seen, 0, sizeof seen);
            for (int64_t i = 0; i < n; i++) {
                int64_t place = ore_permuted(key, n, i);
                assert_true(place >= 0 && place < n && !seen[place]);
                seen[place] = true;
            }
        }
    int64_t large = INT64_C(1) << 40, a = ore_permuted(7, large, 12345);
    assert_true(a >= 0 && a < large && a != ore_permuted(8, large, 12345));
}

/* Where item i of n stands, over many keys: as evenly as random orders would have it, by chi
 * squared; and so for how far apart neighbours stand. */
static void test_permutations_are_random(void **state) {
    (void)state;
    enum { KEYS = 20000, N = 13 };
    for (int64_t i = 0; i < N; i += 3) {
        int64_t at[N] = {0}, apart[N] = {0};
        double chi_at = 0, chi_apart = 0, even = (double)KEYS / N, other = (double)KEYS / (N - 1);
        for (uint64_t key = 0; key < KEYS; key++) {
            int64_t place = ore_permuted(ore_mix(3, key), N, i);
            int64_t next = ore_permuted(ore_mix(3, key), N, (i + 1) % N);
            at[place]++;
            apart[(next - place + N) % N]++;
        }
        assert_int_equal(apart[0], 0);
        for (int64_t p = 0; p < N; p++) {
            chi_at += ((double)at[p] - even) * ((double)at[p] - even) / even;
            chi_apart += p ? ((double)apart[p] - other) * ((double)apart[p] - other) / other : 0;
        }
        assert_true(chi_at < 40 && chi_apart < 40); /* 12 and 11 degrees: one in 10,000 */
    }
}

/* ---- sources ---- */

/* Ids first, first + 1, ..; documents of lengths 1, 2, .. `longest`, 1, .. each of which ends with
 * the separator 0, if there is one. */
typedef struct counting {
    ore_tokens base;
    int64_t first, ends[400];
} counting;

static ore_status counting_read(const ore_tokens *tokens, int64_t start, int64_t count,
                                int64_t *ids) {
    const counting *self = (const counting *)tokens;
    assert_true(start >= 0 && start + count <= tokens->length);
    for (int64_t i = 0; i < count; i++)
        ids[i] = self->first + start + i;
    for (int64_t d = 0; tokens->separator >= 0 && d < tokens->documents; d++)
        if (self->ends[d] > start && self->ends[d] <= start + count)
            ids[self->ends[d] - 1 - start] = tokens->separator;
    return ORE_OK;
}

static ore_status counting_document(const ore_tokens *tokens, int64_t i, int64_t *start,
                                    int64_t *end) {
    const counting *self = (const counting *)tokens;
    *start = i ? self->ends[i - 1] : 0;
    *end = self->ends[i];
    return ORE_OK;
}

static void make_source(counting *c, int64_t first, int64_t documents, int64_t longest,
                        int64_t separator) {
    *c = (counting){.base = {.name = "counting",
                             .separator = separator,
                             .read = counting_read,
                             .documents = documents,
                             .document = counting_document},
                    .first = first};
    for (int64_t d = 0; d < documents; d++)
        c->ends[d] = c->base.length += 1 + d % longest + (separator >= 0);
}

static ore_loader *open_loader(const counting *c, int64_t B, int64_t T, ore_mixture_unit unit,
                               bool separate) {
    ore_mixture_options o = ore_mixture_defaults();
    o.batch_size = B;
    o.block_size = T;
    o.unit = unit;
    o.separate = separate;
    ore_loader *loader = ore_mixture_loader_new(&(ore_mixture_source){&c->base, 1}, 1, &o);
    assert_non_null(loader);
    return loader;
}

/* ---- one source ---- */

/* Each window of an epoch comes once, and in another order in the next epoch. */
static void test_windows(void **state) {
    (void)state;
    enum { T = 5 };
    counting c;
    make_source(&c, 1000, 40, 9, -1);
    int64_t windows = (c.base.length - 1) / T, orders[2][100];
    ore_loader *loader = open_loader(&c, 1, T, ORE_MIX_WINDOWS, false);
    assert_int_equal(ore_loader_batches(loader), -1);
    for (int64_t epoch = 0; epoch < 2; epoch++) {
        bool seen[100] = {0};
        int64_t shift = -1;
        for (int64_t w = 0; w < windows; w++) {
            ore_scope_begin();
            ore_batch b = ore_loader_next(loader);
            const int64_t *x = ore_data(b.x), *y = ore_data(b.y);
            for (int t = 0; t < T; t++)
                assert_int_equal(y[t], x[0] + t + 1);
            int64_t start = x[0] - 1000;
            shift = shift < 0 ? start % T : shift;
            assert_int_equal(start % T, shift);
            assert_false(seen[start / T]);
            seen[start / T] = true;
            orders[epoch][w] = start / T;
            assert_int_equal(b.tokens, T);
            ore_scope_end();
        }
        assert_true(ore_mixture_epochs(loader, 0) == (double)epoch + 1);
    }
    assert_memory_not_equal(orders[0], orders[1], (size_t)windows * sizeof(int64_t));
    ore_loader_free(loader);
}

/* The documents of an epoch, whole and each once, make the stream that rows cut. */
static void test_documents(void **state) {
    (void)state;
    enum { B = 3, T = 7, EPOCHS = 4 };
    counting c;
    make_source(&c, 1000, 50, 11, 0);
    int64_t length = c.base.length, total = EPOCHS * length, got = 0;
    int64_t *stream = malloc((size_t)(total + B * T + 1) * sizeof *stream);
    ore_loader *loader = open_loader(&c, B, T, ORE_MIX_DOCUMENTS, false);
    while (got < total) {
        ore_scope_begin();
        ore_batch b = ore_loader_next(loader);
        const int64_t *x = ore_data(b.x), *y = ore_data(b.y);
        if (got > 0) /* what was predicted last comes first */
            assert_int_equal(x[0], stream[got]);
        for (int row = 0; row < B; row++, x += T, y += T) {
            memcpy(stream + got, x, T * sizeof *x);
            stream[got + T] = y[T - 1];
            assert_memory_equal(x + 1, y, (T - 1) * sizeof *x);
            got += T;
        }
        ore_scope_end();
    }
    for (int64_t epoch = 0, at = 0; epoch < EPOCHS; epoch++) {
        bool seen[50] = {0};
        for (int64_t d = 0; d < 50; d++) { /* a document is known by its first id */
            int64_t number = 0, start, end;
            do
                assert_int_equal(counting_document(&c.base, number++, &start, &end), ORE_OK);
            while (stream[at] - 1000 != start);
            assert_false(seen[number - 1]);
            seen[number - 1] = true;
            for (int64_t i = start; i < end; i++)
                assert_int_equal(stream[at++], i == end - 1 ? 0 : 1000 + i);
        }
        assert_int_equal(at, (epoch + 1) * length);
    }
    free(stream);
    ore_loader_free(loader);
}

/* Numbers of documents, and the targets that nothing predicts. */
static void test_separate(void **state) {
    (void)state;
    counting c;
    ore_mixture_options o = ore_mixture_defaults();
    o.batch_size = 1;
    o.block_size = 8;
    o.shuffle = false;
    o.separate = true;
    for (int unit = 0; unit < 2; unit++) {
        o.unit = (ore_mixture_unit)unit;
        make_source(&c, 10, 5, 3, 0); /* 10 0 | 12 13 0 | 15 16 17 0 | 19 0 | .. */
        ore_loader *loader = ore_mixture_loader_new(&(ore_mixture_source){&c.base, 1}, 1, &o);
        ore_scope_begin();
        ore_batch b = ore_loader_next(loader);
        const int64_t with[] = {0, 1, 1, 1, 2, 2, 2, 2}, ys[] = {0, 12, 13, 0, 15, 16, 17, 0};
        assert_memory_equal(ore_data(b.more[0]), with, sizeof with);
        assert_memory_equal(ore_data(b.y), ys, sizeof ys);
        assert_int_equal(b.tokens, 8);
        ore_scope_end();
        ore_loader_free(loader);
        make_source(&c, 10, 8, 3, -1); /* 10 | 11 12 | 13 14 15 | 16 | 17 18 | .. */
        loader = ore_mixture_loader_new(&(ore_mixture_source){&c.base, 1}, 1, &o);
        ore_scope_begin();
        b = ore_loader_next(loader);
        const int64_t none[] = {0, 1, 1, 2, 2, 2, 3, 4};
        const int64_t ignored[] = {-100, 12, -100, 14, 15, -100, -100, 18};
        assert_memory_equal(ore_data(b.more[0]), none, sizeof none);
        assert_memory_equal(ore_data(b.y), ignored, sizeof ignored);
        assert_int_equal(b.tokens, 4);
        assert_int_equal(b.global_tokens, 4);
        ore_scope_end();
        ore_loader_free(loader);
    }
}

/* ---- several sources, several ranks, several processes ---- */

static ore_loader *open_mixture(const counting *c) {
    const ore_mixture_source sources[] = {{&c[0].base, 5}, {&c[1].base, 3}, {&c[2].base, 2}};
    ore_mixture_options o = ore_mixture_defaults();
    o.batch_size = 4;
    o.block_size = 6;
    o.unit = ORE_MIX_DOCUMENTS;
    o.separate = true;
    ore_loader *loader = ore_mixture_loader_new(sources, 3, &o);
    assert_non_null(loader);
    return loader;
}

static void make_sources(counting *c) {
    make_source(&c[0], 1000, 40, 9, 0);
    make_source(&c[1], 2000, 30, 5, 0);
    make_source(&c[2], 3000, 20, 13, -1);
}

static void test_weights(void **state) {
    (void)state;
    counting c[3];
    make_sources(c);
    ore_loader *loader = open_mixture(c);
    int64_t rows[4] = {0}, all = 0;
    for (int batch = 0; batch < 250; batch++) {
        ore_scope_begin();
        ore_batch b = ore_loader_next(loader);
        const int64_t *x = ore_data(b.x);
        for (int row = 0; row < 4; row++, x += 6) {
            rows[(x[0] ? x[0] : x[1]) / 1000]++;
            all++;
            const double shares[] = {0, 0.5, 0.3, 0.2};
            for (int s = 1; s < 4; s++) /* never more than a row away from its share */
                assert_true(fabs((double)rows[s] - shares[s] * (double)all) <= 1);
        }
        ore_scope_end();
    }
    assert_true(ore_mixture_epochs(loader, 0) > 1 && ore_mixture_epochs(loader, 3) == 0);
    ore_loader_free(loader);
}

static void expect_same_batch(ore_batch a, ore_batch b) {
    size_t bytes = (size_t)ore_numel(a.x) * sizeof(int64_t);
    assert_memory_equal(ore_data(a.x), ore_data(b.x), bytes);
    assert_memory_equal(ore_data(a.y), ore_data(b.y), bytes);
    assert_memory_equal(ore_data(a.more[0]), ore_data(b.more[0]), bytes);
    assert_int_equal(a.tokens, b.tokens);
}

static void test_resuming(void **state) {
    (void)state;
    static uint8_t saved[ORE_LOADER_STATE_BYTES];
    counting c[3];
    make_sources(c);
    ore_loader *one = open_mixture(c), *other = open_mixture(c);
    for (int batch = 0; batch < 60; batch++) {
        ore_scope_begin();
        if (batch % 7 == 0) {
            ore_loader_get_state(one, saved);
            assert_int_equal(ore_loader_set_state(other, saved, sizeof saved), ORE_OK);
        }
        expect_same_batch(ore_loader_next(one), ore_loader_next(other));
        ore_scope_end();
    }
    ore_loader_get_state(one, saved);
    ore_loader *single = open_loader(&c[0], 4, 6, ORE_MIX_DOCUMENTS, true);
    assert_int_equal(ore_loader_set_state(single, saved, sizeof saved), ORE_DATA);
    assert_error(ORE_DATA, "mixture loader: the state is of other sources, weights or options");
    saved[64 + 16] ^= 0x40; /* the first source's item */
    assert_int_equal(ore_loader_set_state(other, saved, sizeof saved), ORE_DATA);
    assert_error(ORE_DATA, "mixture loader: the state's place is outside the data");
    ore_loader_free(single);
    ore_loader_free(other);
    ore_loader_free(one);
}

static void test_ranks(void **state) {
    (void)state;
    counting c[3];
    make_sources(c);
    ore_loader *all = open_mixture(c), *part[3];
    for (int rank = 0; rank < 3; rank++) {
        part[rank] = open_mixture(c);
        assert_int_equal(ore_loader_share(part[rank], rank, 3), ORE_OK);
    }
    for (int batch = 0; batch < 30; batch++) {
        ore_scope_begin();
        ore_batch whole = ore_loader_next(all);
        const int64_t *x = ore_data(whole.x);
        int64_t tokens = 0;
        for (int rank = 0; rank < 3; rank++) {
            ore_batch b = ore_loader_next(part[rank]);
            assert_memory_equal(ore_data(b.x), x, (size_t)ore_numel(b.x) * sizeof *x);
            x += ore_numel(b.x);
            tokens += b.tokens;
            assert_int_equal(b.global_tokens, whole.tokens);
        }
        assert_int_equal(tokens, whole.tokens);
        ore_scope_end();
    }
    for (int rank = 0; rank < 3; rank++)
        ore_loader_free(part[rank]);
    ore_loader_free(all);
}

static ore_status endless_read(const ore_tokens *tokens, int64_t start, int64_t count,
                               int64_t *ids) {
    assert_true(start >= 0 && start + count <= tokens->length);
    for (int64_t i = 0; i < count; i++)
        ids[i] = start + i;
    return ORE_OK;
}

/* A trillion tokens take the memory of ten. */
static void test_memory(void **state) {
    (void)state;
    ore_mixture_options o = ore_mixture_defaults();
    int64_t bytes[2];
    o.batch_size = 2;
    o.block_size = 4;
    for (int large = 0; large < 2; large++) {
        ore_memory_stats before, after;
        ore_tokens t = {.name = "endless",
                        .length = large ? INT64_C(1) << 40 : 10,
                        .separator = -1,
                        .read = endless_read};
        ore_memory_read(&before);
        ore_loader *loader = ore_mixture_loader_new(&(ore_mixture_source){&t, 1}, 1, &o);
        for (int i = 0; i < 100; i++) {
            ore_scope_begin();
            assert_int_equal(ore_loader_next(loader).tokens, 8);
            ore_scope_end();
        }
        ore_memory_read(&after);
        bytes[large] = (int64_t)after.in_use_bytes - (int64_t)before.in_use_bytes;
        ore_loader_free(loader);
    }
    assert_int_equal(bytes[0], bytes[1]);
}

static void test_refusals(void **state) {
    (void)state;
    counting c;
    int64_t ids[20] = {0};
    make_source(&c, 0, 5, 3, -1);
    ore_tokens *plain = ore_tokens_of_memory("plain", ids, 20, -1);
    ore_mixture_options o = ore_mixture_defaults();
    assert_null(ore_mixture_loader_new(&(ore_mixture_source){plain, 1}, 1, &o));
    assert_error_is(ORE_DATA, "plain: 20 tokens, block_size 64 needs at least one more than that");
    assert_null(ore_mixture_loader_new(&(ore_mixture_source){plain, -1}, 1, &o));
    assert_error(ORE_INVALID, "mixture loader: source 0: weight -1");
    o.unit = ORE_MIX_DOCUMENTS;
    assert_null(ore_mixture_loader_new(&(ore_mixture_source){plain, 1}, 1, &o));
    assert_error_is(ORE_INVALID, "plain: has no index of documents, expected shards");
    assert_null(ore_mixture_loader_new(NULL, 0, NULL));
    assert_error(ORE_INVALID, "mixture loader: 0 sources");
    ore_tokens_close(plain);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_permutations, clean_start),
        cmocka_unit_test_setup(test_permutations_are_random, clean_start),
        cmocka_unit_test_setup(test_windows, clean_start),
        cmocka_unit_test_setup(test_documents, clean_start),
        cmocka_unit_test_setup(test_separate, clean_start),
        cmocka_unit_test_setup(test_weights, clean_start),
        cmocka_unit_test_setup(test_resuming, clean_start),
        cmocka_unit_test_setup(test_ranks, clean_start),
        cmocka_unit_test_setup(test_memory, clean_start),
        cmocka_unit_test_setup(test_refusals, clean_start),
    };
    return cmocka_run_group_tests_name("mixture", tests, NULL, NULL);
}
