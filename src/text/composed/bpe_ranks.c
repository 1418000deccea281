/* bpe_ranks.c: the merges that a vocabulary of ranks implies.
 *
 * tiktoken merges the pair of neighbours whose bytes have the lowest rank, of equal ones the first,
 * until none has one. Whatever stands around a token's bytes, the merges inside of them come in the
 * same order as if they stood alone, as long as none crosses their borders; so a token is always
 * made of the same last pair, which merging its bytes alone finds. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/composed/bpe.h"

/* The parts of a token while it is being merged, by where they end. */
typedef struct making {
    const ore_vocab *vocab;
    const char *bytes;
    uint16_t ends[ORE_TOKEN_BYTES + 1]; /* (count + 1) from 0 */
    int64_t ranks[ORE_TOKEN_BYTES];     /* (count - 1) of each part with the next; -1: none */
    int count;
} making;

static int64_t rank_of(const making *m, int first, int last) {
    return ore_vocab_find_own(m->vocab, m->bytes + m->ends[first],
                              (size_t)(m->ends[last + 1] - m->ends[first]));
}

/* The first pair of the lowest rank; -1: none merges. */
static int best_pair(const making *m) {
    int best = -1;
    for (int i = 0; i + 1 < m->count; i++)
        if (m->ranks[i] >= 0 && (best < 0 || m->ranks[i] < m->ranks[best]))
            best = i;
    return best;
}

static void join(making *m, int at) {
    memmove(m->ends + at + 1, m->ends + at + 2, (size_t)(m->count - at - 1) * sizeof *m->ends);
    memmove(m->ranks + at, m->ranks + at + 1, (size_t)(m->count - at - 1) * sizeof *m->ranks);
    m->count--;
    if (at > 0)
        m->ranks[at - 1] = rank_of(m, at - 1, at);
    if (at + 1 < m->count)
        m->ranks[at] = rank_of(m, at, at + 1);
}

/* The last pair of a token; left -1 for a single byte and for a token that no merges make. */
static ore_merge last_pair(const ore_vocab *vocab, int64_t id) {
    size_t size;
    making m = {.vocab = vocab, .bytes = ore_vocab_at(vocab, id, &size), .count = (int)size};
    if (size < 2)
        return (ore_merge){-1, -1};
    for (size_t i = 0; i <= size; i++)
        m.ends[i] = (uint16_t)i;
    for (int i = 0; i + 1 < m.count; i++)
        m.ranks[i] = rank_of(&m, i, i + 1);
    while (m.count > 2) {
        int best = best_pair(&m);
        if (best < 0)
            return (ore_merge){-1, -1};
        join(&m, best);
    }
    return (ore_merge){(int32_t)rank_of(&m, 0, 0), (int32_t)rank_of(&m, 1, 1)};
}

/* ---- all of them, by several threads ---- */

enum { CHUNK = 1 << 11 }; /* ids of a chunk */

typedef struct job {
    const ore_vocab *vocab;
    ore_merge *pairs; /* (vocab->count) */
} job;

static void find_pairs(void *argument, int64_t chunk) {
    job *j = argument;
    int64_t end = (chunk + 1) * CHUNK < j->vocab->count ? (chunk + 1) * CHUNK : j->vocab->count;
    for (int64_t id = chunk * CHUNK; id < end; id++)
        j->pairs[id] = last_pair(j->vocab, id);
}

int64_t ore_bpe_merges_of_ranks(const ore_vocab *vocab, ore_merge **merges) {
    *merges = NULL;
    if (!ore_ok())
        return -1;
    ore_merge *pairs = ore_alloc((size_t)(vocab->count + 1) * sizeof *pairs);
    if (!pairs)
        return -1;
    job j = {vocab, pairs};
    ore_parallel_for((vocab->count + CHUNK - 1) / CHUNK, find_pairs, &j);
    int64_t count = 0;
    for (int64_t id = 0; id < vocab->count; id++)
        if (pairs[id].left >= 0 && pairs[id].right >= 0)
            pairs[count++] = pairs[id];
    *merges = pairs;
    return count;
}
