/* test_learn_parts.c: what training of tokenizers consists of, each part against the plain way to
 * do the same: counts of pieces, suffix arrays, merges, sums over all ways to cut a text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ore/ore.h>

#include "base/memory.h"
#include "text/learn/lattice.h"
#include "text/learn/learn_merges.h"
#include "text/learn/piece_counts.h"
#include "text/learn/scan_merges.h"
#include "text/learn/seed_pieces.h"
#include "text/learn/suffix_array.h"

static uint64_t seed_state = 1;

/* 0 .. limit - 1 (Knuth's linear congruential generator). */
static uint32_t draw(uint32_t limit) {
    seed_state = seed_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((seed_state >> 33) % limit);
}

/* ---- counts ---- */

static void test_pieces_are_counted(void **state) {
    (void)state;
    enum { WORDS = 20000, TIMES = 100000 };
    static int64_t expected[WORDS];
    ore_piece_counts one = {0}, other = {0};
    for (int i = 0; i < TIMES; i += 2) {
        char texts[2][16];
        ore_piece_text batch[2];
        for (int k = 0; k < 2; k++) {
            uint32_t word = draw(draw(WORDS) + 1);
            expected[word]++;
            batch[k] = (ore_piece_text){texts[k], (size_t)sprintf(texts[k], "w%u", word)};
        }
        ore_piece_counts_add_all(i % 3 ? &one : &other, batch, 2);
    }
    assert_int_equal(ore_piece_counts_join(&one, &other), ORE_OK);
    assert_int_equal(one.total, TIMES);
    assert_int_equal(other.count, 0);
    const ore_piece **sorted = ore_piece_counts_sorted(&one);
    int64_t seen = 0;
    for (int64_t i = 0; i < one.count; i++) {
        assert_true(i == 0 || sorted[i]->count <= sorted[i - 1]->count);
        char text[16] = {0};
        memcpy(text, sorted[i]->text, sorted[i]->bytes);
        assert_int_equal(expected[atoi(text + 1)], sorted[i]->count);
        seen += sorted[i]->count;
    }
    assert_int_equal(seen, TIMES);
    ore_release(sorted);
    ore_piece_counts_release(&one);
}

/* Longer than a block of the table, and as long as one, and empty. */
static void test_long_pieces_are_counted(void **state) {
    (void)state;
    enum { MOST = (1 << 20) + 100 };
    static const size_t sizes[] = {0, 1, 8, (1 << 20) - 32, (1 << 20) - 24, 1 << 20, MOST};
    enum { SIZES = sizeof sizes / sizeof *sizes };
    ore_piece_counts counts = {0};
    char *text = malloc(MOST);
    memset(text, 'x', MOST);
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < SIZES; i++)
            assert_int_equal(ore_piece_counts_add(&counts, text, sizes[i], i + 1), ORE_OK);
    assert_int_equal(counts.count, SIZES);
    const ore_piece **sorted = ore_piece_counts_sorted(&counts);
    for (int i = 0; i < SIZES; i++) {
        assert_int_equal(sorted[i]->bytes, sizes[SIZES - 1 - i]);
        assert_int_equal(sorted[i]->count, 3 * (SIZES - i));
        assert_true(sorted[i]->bytes == 0 || sorted[i]->text[sorted[i]->bytes - 1] == 'x');
    }
    ore_release(sorted);
    ore_piece_counts_release(&counts);
    free(text);
}

/* ---- suffix arrays ---- */

static const int32_t *compared;

static int by_suffix(const void *a, const void *b) {
    const int32_t *x = compared + *(const int32_t *)a, *y = compared + *(const int32_t *)b;
    if (x == y)
        return 0;
    while (*x == *y) {
        x++;
        y++;
    }
    return *x < *y ? -1 : 1;
}

static void test_suffix_arrays(void **state) {
    (void)state;
    enum { MOST = 400 };
    for (int round = 0; round < 400; round++) {
        int32_t text[MOST], suffixes[MOST], sorted[MOST];
        int32_t size = 1 + (int32_t)draw(MOST), symbols = 2 + (int32_t)draw(round % 2 ? 3 : 40);
        int32_t period = 1 + (int32_t)draw(8);
        for (int32_t i = 0; i < size - 1; i++) /* every fourth text repeats itself */
            text[i] = round % 4 == 0 && i >= period ? text[i - period]
                                                    : 1 + (int32_t)draw((uint32_t)symbols - 1);
        text[size - 1] = 0;
        assert_int_equal(ore_suffix_array(text, size, symbols, suffixes), ORE_OK);
        for (int32_t i = 0; i < size; i++)
            sorted[i] = i;
        compared = text;
        qsort(sorted, (size_t)size, sizeof *sorted, by_suffix);
        assert_memory_equal(suffixes, sorted, (size_t)size * sizeof *sorted);
    }
}

/* ---- merges ---- */

enum { PIECES = 60, PIECE_MOST = 12, LETTERS = 4, VOCAB = 90 };

/* Pieces as ids, and how often each occurs. */
typedef struct sample {
    uint32_t ids[PIECES][PIECE_MOST];
    int sizes[PIECES];
    int64_t counts[PIECES];
} sample;

static void draw_sample(sample *s) {
    int64_t count = 1 + draw(1000);
    for (int p = 0; p < PIECES; p++) {
        s->sizes[p] = 1 + (int)draw(PIECE_MOST);
        for (int i = 0; i < s->sizes[p]; i++)
            s->ids[p][i] = draw(LETTERS);
        s->counts[p] = count;
        count -= count > 1 ? draw((uint32_t)(count / 8 + 2)) : 0;
    }
}

/* The most frequent pair, by counting all of them. */
static bool plain_best(const sample *s, int64_t tokens, int64_t least, uint32_t *a, uint32_t *b) {
    static int64_t counts[VOCAB][VOCAB];
    int64_t best = least - 1;
    memset(counts, 0, sizeof counts);
    for (int p = 0; p < PIECES; p++)
        for (int i = 0; i + 1 < s->sizes[p]; i++)
            counts[s->ids[p][i]][s->ids[p][i + 1]] += s->counts[p];
    for (uint32_t x = 0; x < tokens; x++)
        for (uint32_t y = 0; y < tokens; y++)
            if (counts[x][y] > best && counts[x][y] > 0) {
                best = counts[x][y];
                *a = x;
                *b = y;
            }
    return best >= least && best > 0;
}

static int64_t plain_join(sample *s, uint32_t a, uint32_t b, uint32_t made) {
    int64_t merged = 0;
    for (int p = 0; p < PIECES; p++) {
        int size = 0;
        for (int i = 0; i < s->sizes[p]; i++) {
            bool pair = i + 1 < s->sizes[p] && s->ids[p][i] == a && s->ids[p][i + 1] == b;
            s->ids[p][size++] = pair ? made : s->ids[p][i];
            i += pair;
            merged += pair ? s->counts[p] : 0;
        }
        s->sizes[p] = size;
    }
    return merged;
}

/* Ids are below `ids`, which says how wide the slots are. */
static void lay_out(const sample *s, int64_t ids, ore_merge_input *in) {
    memset(in, 0, sizeof *in);
    assert_int_equal(ore_merge_slots_init(&in->slots, PIECES * (PIECE_MOST + 1) + 1, ids), ORE_OK);
    assert_int_equal(in->slots.narrow != NULL, ids < 65535);
    ore_merge_slots_add(&in->slots, ORE_MERGE_BREAK);
    for (int p = 0; p < PIECES; p++) {
        for (int i = 0; i < s->sizes[p]; i++)
            ore_merge_slots_add(&in->slots, s->ids[p][i]);
        ore_merge_slots_add(&in->slots, ORE_MERGE_BREAK);
        ore_run_index_add(&in->runs, in->slots.size, s->counts[p]);
    }
    ore_run_index_finish(&in->runs);
}

/* The letters, and so many tokens that no text has. */
static void start_vocab(ore_vocab *vocab, int unused) {
    for (int i = 0; i < LETTERS; i++) {
        char letter = (char)('a' + i);
        assert_int_equal(ore_vocab_put(vocab, i, &letter, 1), ORE_OK);
    }
    for (int i = 0; i < unused; i++) {
        char text[16];
        int bytes = snprintf(text, sizeof text, "<%d>", i);
        assert_int_equal(ore_vocab_put(vocab, LETTERS + i, text, (size_t)bytes), ORE_OK);
    }
}

typedef ore_status learn_function(ore_merge_input *in, const ore_merge_options *options,
                                  ore_vocab *vocab, ore_learned_merge **merges, int64_t *count);
/* Short texts have lists of places. */
static learn_function *const ways[] = {ore_learn_merges, ore_scan_merges};

/* Few letters make long runs and pairs that overlap, and equal counts. */
static void test_merges_are_those_of_the_plain_way(void **state) {
    (void)state;
    for (int round = 0; round < 600; round++) {
        const bool scan = round % 4 == 1;
        const int unused = round % 3 || scan ? 0 : 1000; /* pairs are found another way */
        sample s;
        ore_merge_input in;
        ore_vocab vocab = {0};
        ore_learned_merge *merges;
        int64_t count, done = 0;
        draw_sample(&s);
        lay_out(&s, round % 2 ? VOCAB + unused : ORE_VOCAB_MAX, &in);
        start_vocab(&vocab, unused);
        const ore_merge_options options = {
            .vocab_size = VOCAB + unused, .min_frequency = round % 5, .max_parts = 100};
        assert_int_equal(ways[scan](&in, &options, &vocab, &merges, &count), ORE_OK);
        uint32_t a = 0, b = 0;
        while (LETTERS + done < VOCAB &&
               plain_best(&s, LETTERS + done, options.min_frequency, &a, &b)) {
            assert_true(done < count);
            assert_int_equal(merges[done].left, a < LETTERS ? a : a + (uint32_t)unused);
            assert_int_equal(merges[done].right, b < LETTERS ? b : b + (uint32_t)unused);
            assert_int_equal(merges[done].made, LETTERS + unused + done);
            assert_int_equal(plain_join(&s, a, b, (uint32_t)(LETTERS + done)), merges[done].count);
            done++;
        }
        assert_int_equal(done, count);
        assert_int_equal(vocab.count, LETTERS + unused + count);
        ore_merge_slots_release(&in.slots);
        ore_run_index_release(&in.runs);
        ore_vocab_release(&vocab);
        ore_release(merges);
    }
}

/* No token has more parts than it may, and a token that is there already keeps its id. */
static void check_bounds_of_merges(learn_function *learn) {
    sample s;
    ore_merge_input in;
    ore_vocab vocab = {0};
    ore_learned_merge *merges;
    int64_t count;
    draw_sample(&s);
    s.sizes[0] = 2; /* "ab", by itself */
    s.ids[0][0] = 0;
    s.ids[0][1] = 1;
    lay_out(&s, VOCAB, &in);
    start_vocab(&vocab, 0);
    assert_int_equal(ore_vocab_put(&vocab, LETTERS, "ab", 2), ORE_OK);
    const ore_merge_options options = {.vocab_size = VOCAB, .max_parts = 3};
    assert_int_equal(learn(&in, &options, &vocab, &merges, &count), ORE_OK);
    bool found = false;
    for (int64_t i = 0; i < count; i++) {
        size_t size;
        ore_vocab_at(&vocab, merges[i].made, &size);
        assert_true(size <= 3);
        found = found || merges[i].made == LETTERS;
    }
    assert_true(found);
    assert_int_equal(vocab.count, LETTERS + count); /* one of them made no new token */
    ore_merge_slots_release(&in.slots);
    ore_run_index_release(&in.runs);
    ore_vocab_release(&vocab);
    ore_release(merges);
}

static void test_bounds_of_merges(void **state) {
    (void)state;
    for (int way = 0; way < 2; way++)
        check_bounds_of_merges(ways[way]);
}

/* ---- seeds ---- */

static void put(ore_piece_counts *counts, const char *text, int64_t count) {
    ore_piece_counts_add(counts, text, strlen(text), count);
}

/* The weight of a substring among seeds, or -1. */
static double weight_of(const ore_part_list *list, const char *text) {
    for (int64_t i = 0; i < list->count; i++)
        if (list->parts[i].bytes == strlen(text) &&
            memcmp(list->text + list->parts[i].start, text, strlen(text)) == 0)
            return list->parts[i].score;
    return -1;
}

static void test_seeds_are_frequent_substrings(void **state) {
    (void)state;
    ore_piece_counts counts = {0};
    put(&counts, "singing", 5);
    put(&counts, "ringing", 3);
    put(&counts, "r\xC3\xA9sum\xC3\xA9", 2);
    const ore_piece **pieces = ore_piece_counts_sorted(&counts);
    ore_alphabet alphabet;
    ore_part_list seeds = {0};
    assert_int_equal(ore_alphabet_of(pieces, counts.count, 0, &alphabet), ORE_OK);
    assert_int_equal(alphabet.count, 8);
    assert_int_equal(alphabet.code_points[0], 'g'); /* as often as i and n */
    assert_int_equal(alphabet.counts[0], 16);
    assert_int_equal(ore_seed_pieces(pieces, counts.count, &alphabet, 16, 100, &seeds), ORE_OK);
    assert_true(weight_of(&seeds, "ing") == 16 * 3);
    assert_true(weight_of(&seeds, "inging") == 8 * 6); /* always at the end of a piece */
    assert_true(weight_of(&seeds, "g") == 16);
    assert_true(weight_of(&seeds, "\xC3\xA9") == 4);
    assert_true(weight_of(&seeds, "singing") == 5 * 7); /* in one piece alone */
    assert_true(weight_of(&seeds, "gi") == -1);         /* always part of "ging" */
    ore_part_list_release(&seeds);
    assert_int_equal(ore_seed_pieces(pieces, counts.count, &alphabet, 3, 1, &seeds), ORE_OK);
    assert_int_equal(seeds.count, 8 + 1);
    assert_true(weight_of(&seeds, "ing") == 16 * 3);
    ore_part_list_release(&seeds);
    ore_alphabet_release(&alphabet);
    ore_release(pieces);
    ore_piece_counts_release(&counts);
}

/* ---- lattices ---- */

typedef struct expected {
    double shares[64], all, best;
} expected;

/* All ways to write the rest of a text, one after the other. */
static void walk(const ore_unigram_pieces *p, const char *text, double score, int *way, int length,
                 expected *e) {
    if (*text == '\0') {
        e->all += exp(score);
        e->best = score > e->best ? score : e->best;
        for (int i = 0; i < length; i++)
            if (way[i] >= 0)
                e->shares[way[i]] += exp(score);
        return;
    }
    bool known = false;
    for (int i = 0; i < p->list.count; i++) {
        const ore_part_score *part = p->list.parts + i;
        if (strncmp(text, p->list.text + part->start, part->bytes) != 0)
            continue;
        known = known || part->bytes == 1;
        way[length] = i;
        walk(p, text + part->bytes, score + part->score, way, length + 1, e);
    }
    if (!known) {
        way[length] = -1;
        walk(p, text + 1, score + p->unknown, way, length + 1, e);
    }
}

static double found_shares[64];

static void take_share(void *user, int32_t piece, double share) {
    (void)user;
    found_shares[piece] += share;
}

static void fill_pieces(ore_unigram_pieces *p) {
    static const char *const texts[] = {"a", "ab", "abc", "b", "bc", "ca", "cab", "aa", "aaa"};
    enum { TEXTS = sizeof texts / sizeof *texts };
    *p = (ore_unigram_pieces){.unknown = -15};
    for (int i = 0; i < TEXTS; i++)
        ore_part_list_add(&p->list, texts[i], strlen(texts[i]), -1 - draw(50) / 10.0);
    ore_part_list_sort(&p->list);
    ore_trie_key keys[TEXTS];
    for (int i = 0; i < TEXTS; i++)
        keys[i] = (ore_trie_key){p->list.text + p->list.parts[i].start, p->list.parts[i].bytes, i};
    ore_trie_init(&p->trie, keys, TEXTS);
    p->probabilities = ore_alloc(TEXTS * sizeof *p->probabilities);
    for (int i = 0; i < TEXTS; i++)
        p->probabilities[i] = exp(p->list.parts[i].score);
}

static void free_pieces(ore_unigram_pieces *p) {
    ore_part_list_release(&p->list);
    ore_trie_release(&p->trie);
    ore_release(p->probabilities);
}

static void test_sums_over_all_ways(void **state) {
    (void)state;
    ore_lattice lattice = {0};
    for (int round = 0; round < 100; round++) {
        ore_unigram_pieces p;
        char text[16] = {0};
        int way[16];
        expected e = {.best = -HUGE_VAL};
        double best;
        fill_pieces(&p);
        for (int i = 0; i < 1 + (int)draw(12); i++)
            text[i] = "abcd"[draw(4)];
        walk(&p, text, 0, way, 0, &e);
        memset(found_shares, 0, sizeof found_shares);
        assert_int_equal(ore_lattice_fill(&lattice, &p, text, strlen(text)), ORE_OK);
        ore_lattice_shares(&lattice, &p, strlen(text), take_share, NULL);
        for (int i = 0; i < p.list.count; i++)
            assert_true(fabs(found_shares[i] - e.shares[i] / e.all) < 1e-12);
        assert_int_equal(ore_lattice_best(&lattice, &p, strlen(text), -1, &best), ORE_OK);
        assert_true(fabs(best - e.best) < 1e-9);
        free_pieces(&p);
    }
    ore_lattice_release(&lattice);
}

/* The probability of a long text is far below the smallest double. */
static void test_sums_of_long_texts(void **state) {
    (void)state;
    enum { TIMES = 20000 };
    static char text[3 * TIMES + 1];
    ore_unigram_pieces p;
    ore_lattice lattice = {0};
    double once[64];
    fill_pieces(&p);
    for (int i = 0; i < TIMES; i++)
        memcpy(text + 3 * i, "dab", 3); /* "d" is unknown, so all parts are alike */
    for (int times = 1; times <= TIMES; times += TIMES - 1) {
        memset(found_shares, 0, sizeof found_shares);
        assert_int_equal(ore_lattice_fill(&lattice, &p, text, 3 * (size_t)times), ORE_OK);
        ore_lattice_shares(&lattice, &p, 3 * (size_t)times, take_share, NULL);
        for (int i = 0; i < p.list.count; i++) {
            if (times == 1)
                once[i] = found_shares[i];
            assert_true(fabs(found_shares[i] - times * once[i]) <= 1e-9 * times);
        }
    }
    free_pieces(&p);
    ore_lattice_release(&lattice);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_are_counted),
        cmocka_unit_test(test_long_pieces_are_counted),
        cmocka_unit_test(test_suffix_arrays),
        cmocka_unit_test(test_merges_are_those_of_the_plain_way),
        cmocka_unit_test(test_bounds_of_merges),
        cmocka_unit_test(test_seeds_are_frequent_substrings),
        cmocka_unit_test(test_sums_over_all_ways),
        cmocka_unit_test(test_sums_of_long_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
