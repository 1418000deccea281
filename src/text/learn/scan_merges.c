/* scan_merges.c: byte-pair merges of small vocabularies.
 *
 * Each slot has the id of its token, and a code of one byte that says nearly as much: a merge goes
 * through the codes, of which a vector has many, and looks at the ids only where both codes are
 * those of its pair. */
#include "base/memory.h"
#include "base/prefetch.h"
#include "text/learn/merge_loop.h"
#include "text/learn/pair_places.h"
#include "text/learn/scan_merges.h"

/* The most frequent pair with this left token, or, where `count` is not its count any more, a bound
 * that none of them exceeds. */
typedef struct row_best {
    int64_t count;
    uint32_t right;
} row_best;

enum { IDS = ORE_SCAN_MERGES_VOCAB_MAX + 1 };

typedef struct scanner {
    ore_merge_input *in;
    const ore_merge_options *options;
    ore_vocab *vocab;
    ore_pair_places places_of;
    int64_t side;        /* vocab_size, and one for the breaks */
    int64_t *counts;     /* (side, side) by left and right token */
    row_best best[IDS];  /* by left token */
    uint32_t parts[IDS]; /* by token: an ore_joiner's */
    int64_t slots[IDS];  /* by token: how many it covers */
    int64_t gaps;        /* slots that are not the first of a token */
    uint8_t code[IDS];   /* by token: its code, which up to two others have too */
    uint8_t *codes;      /* (slots + 1) of the tokens in the slots */
} scanner;

/* One gap in so many slots: fewer passes that close them, longer scans. Of 2 to 8, 3 took the least
 * time (tinyshakespeare, 512 tokens, AMD EPYC with AVX2). */
enum { GAPS = 3 };

/* Of a pair that cannot become a token: it never comes up to a count that is merged. */
#define NEVER (INT64_MIN / 2)

static int64_t *count_of(const scanner *s, int64_t left, int64_t right) {
    return s->counts + left * s->side + right;
}

/* Counts all pairs, those with breaks too, which get the largest id. */
static void count_pairs(scanner *s) {
    const int64_t side = s->side, end_id = side - 1;
    uint16_t *ids = s->in->slots.narrow;
    int64_t *counts = s->counts, before = end_id, i = 0;
    for (int64_t k = 0; k < s->in->runs.run_count; k++) {
        const ore_run *run = s->in->runs.runs + k;
        for (; i < run->end; i++) {
            if (ids[i] == (uint16_t)ORE_MERGE_BREAK)
                ids[i] = (uint16_t)end_id;
            counts[before * side + ids[i]] += run->count;
            before = ids[i];
        }
    }
}

static bool occurs(const scanner *s, int64_t id) {
    for (int64_t right = 0; right < s->side; right++)
        if (*count_of(s, id, right) > 0)
            return true;
    return false;
}

/* Gives tokens codes, those that occur and new ones first, and the slots those of their tokens. */
static void set_codes(scanner *s) {
    const uint16_t *ids = s->in->slots.narrow;
    uint8_t *codes = s->codes;
    int count = 0;
    for (int64_t id = 0; id < s->side; id++)
        if (occurs(s, id)) {
            s->parts[id] = 1;
            s->code[id] = (uint8_t)count++;
        }
    for (int64_t id = s->side - 1; id >= 0; id--) {
        s->slots[id] = 1;
        if (s->parts[id] == 0)
            s->code[id] = (uint8_t)count++;
    }
    for (int64_t i = 0; i < s->in->slots.size; i++)
        codes[i] = s->code[ids[i]];
    codes[s->in->slots.size] = 0;
}

/* ---- the most frequent pair ---- */

static bool may_join(const scanner *s, int64_t left, int64_t right) {
    return s->parts[left] + s->parts[right] <= s->options->max_parts;
}

static void find_best_of_row(scanner *s, int64_t left) {
    const int64_t *row = count_of(s, left, 0);
    row_best best = {0};
    for (int64_t right = 0; right < s->vocab->count; right++)
        if (row[right] > best.count && may_join(s, left, right))
            best = (row_best){row[right], (uint32_t)right};
    s->best[left] = best;
}

/* The left token of the most frequent pair, whose count and right token are then in s->best. */
static int64_t find_best(scanner *s) {
    for (;;) {
        int64_t left = 0;
        for (int64_t row = 1; row < s->vocab->count; row++)
            if (s->best[row].count > s->best[left].count)
                left = row;
        const row_best *best = s->best + left;
        if (best->count == 0 || best->count == *count_of(s, left, best->right))
            return left;
        find_best_of_row(s, left);
    }
}

/* After a merge only pairs with the new token occur more often than before. */
static void raise_best(scanner *s, int64_t made) {
    for (int64_t left = 0; left < s->vocab->count; left++) {
        row_best *best = s->best + left;
        int64_t count = *count_of(s, left, made);
        bool first = count > best->count || (count == best->count && made < best->right);
        if (first && count > 0 && may_join(s, left, made))
            *best = (row_best){count, (uint32_t)made};
    }
    find_best_of_row(s, made);
}

/* ---- one merge ---- */

/* A token that was merged covers several slots until the next pass that closes the gaps: the first
 * one has its id, the last one its id with LAST, and those between have LAST too. So what is behind
 * a token stands in the next slot, as it does where each token has one. */
#define LAST ((uint16_t)0x8000)

static void close_gaps(scanner *s) {
    uint16_t *ids = s->in->slots.narrow;
    uint8_t *codes = s->codes;
    int64_t from = 0, to = 0;
    for (int64_t k = 0; k < s->in->runs.run_count; k++) {
        ore_run *run = s->in->runs.runs + k;
        const int64_t end = run->end;
        for (; from < end; from++) {
            uint16_t id = ids[from];
            ids[to] = id;
            codes[to] = codes[from];
            to += (id & LAST) == 0;
        }
        run->end = to;
    }
    s->in->slots.size = to;
    s->gaps = 0;
    for (int64_t id = 0; id < s->side; id++)
        s->slots[id] = 1;
}

/* Merges the pair at those of the places of `ids` where it is; returns how many these are. */
static int64_t merge_places(scanner *s, const ore_pair_merge *m, uint16_t *ids, uint8_t *codes,
                            const uint16_t *places, int count, int64_t weight) {
    const int64_t side = s->side, left_slots = s->slots[m->left], right_slots = s->slots[m->right];
    int64_t *counts = s->counts, *of_right = count_of(s, m->right, 0);
    int64_t *of_made = count_of(s, m->made, 0), merged = 0;
    const uint16_t left = (uint16_t)m->left, right = (uint16_t)m->right, made = (uint16_t)m->made;
    const uint16_t left_last = left | (left_slots > 1 ? LAST : 0);
    const uint8_t code = s->code[made];
    for (int i = 0; i < count; i++)
        ore_prefetch(ids + places[i]);
    for (int i = 0; i < count; i++) {
        int64_t at = places[i], first = at + 1 - left_slots, last = at + right_slots;
        if (ids[at] != left_last || ids[at + 1] != right)
            continue;
        int64_t *of_before = counts + (ids[first - 1] & ~LAST) * side;
        of_before[left] -= weight;
        of_before[made] += weight;
        of_right[ids[last + 1]] -= weight;
        of_made[ids[last + 1]] += weight;
        ids[at] = ids[at + 1] = LAST; /* unless they are the first and the last one */
        ids[first] = made;
        ids[last] = made | LAST;
        codes[first] = codes[last] = code;
        merged++;
    }
    return merged;
}

/* Merges the pair in the slots of a run of pieces; returns at how many places it was. */
static int64_t merge_run(scanner *s, const ore_pair_merge *m, int64_t start, int64_t end,
                         int64_t weight) {
    uint16_t places[ORE_PAIR_PLACES_MAX];
    int64_t merged = 0;
    for (; start < end; start += ORE_PAIR_PLACES_MAX) {
        uint8_t *codes = s->codes + start;
        int count = (int)(end - start < ORE_PAIR_PLACES_MAX ? end - start : ORE_PAIR_PLACES_MAX);
        count = s->places_of(codes, count, s->code[m->left], s->code[m->right], places);
        merged += merge_places(s, m, s->in->slots.narrow + start, codes, places, count, weight);
    }
    return merged;
}

/* ---- all merges ---- */

static bool next(void *self, uint32_t *left, uint32_t *right) {
    scanner *s = self;
    int64_t row = find_best(s);
    *left = (uint32_t)row;
    *right = s->best[row].right;
    return s->best[row].count > 0 && s->best[row].count >= s->options->min_frequency;
}

static void refuse(void *self, uint32_t left, uint32_t right) {
    *count_of(self, left, right) = NEVER;
}

static ore_status merge(void *self, const ore_pair_merge *m, bool is_new, int64_t *merged) {
    scanner *s = self;
    int64_t from = 0;
    for (int64_t k = 0; k < s->in->runs.run_count; k++) {
        const ore_run *run = s->in->runs.runs + k;
        int64_t places = merge_run(s, m, from, run->end, run->count);
        s->gaps += places;
        *merged += places * run->count;
        from = run->end;
    }
    *count_of(s, m->left, m->right) = 0;
    s->slots[m->made] = s->slots[m->left] + s->slots[m->right];
    /* A token that was there before covers one slot in some places and now several in others. */
    if (!is_new || s->gaps > s->in->slots.size / GAPS)
        close_gaps(s);
    raise_best(s, m->made);
    return ORE_OK;
}

static const ore_merge_way by_scans = {next, refuse, merge};

ore_status ore_scan_merges(ore_merge_input *input, const ore_merge_options *options,
                           ore_vocab *vocab, ore_learned_merge **merges, int64_t *count) {
    const int64_t side = options->vocab_size + 1;
    const ore_pair_places by_vectors = ore_pair_places_by_vectors();
    scanner s = {.in = input,
                 .options = options,
                 .vocab = vocab,
                 .places_of = by_vectors ? by_vectors : ore_pair_places_plain,
                 .codes = ore_alloc((size_t)input->slots.size + 1),
                 .side = side,
                 .counts = ore_alloc_zero((size_t)(side * side) * sizeof *s.counts)};
    const ore_joiner joiner = {vocab, options->inner_mark, s.parts};
    *merges = NULL;
    *count = 0;
    if (s.counts && s.codes) {
        count_pairs(&s);
        set_codes(&s);
        for (int64_t left = 0; left < vocab->count; left++)
            find_best_of_row(&s, left);
        ore_merge_all(&by_scans, &s, options, &joiner, merges, count);
    }
    ore_release(s.codes);
    ore_release(s.counts);
    return ore_error_status();
}
