/* learn_merges.h: learns which tokens to join, as byte-pair encoding does (R. Sennrich, B. Haddow,
 * A. Birch, "Neural machine translation of rare words with subword units", 2016): again and again
 * the pair of neighbouring tokens that occurs most often in all pieces becomes a token of its own.
 *
 * Of equally frequent pairs the one whose left token has the lower id comes first, then the one
 * whose right token has. Counts and ids are all that the merges depend on, not the order of pieces.
 * Both are so in Hugging Face's tokenizers, whose merges these are. */
#ifndef ORE_TEXT_LEARN_MERGES_H
#define ORE_TEXT_LEARN_MERGES_H

#include "base/prefetch.h"
#include "text/composed/vocab.h"
#include "text/learn/run_index.h"

typedef struct ore_learned_merge {
    uint32_t left, right, made; /* ids: made = left + right */
    int64_t count;              /* occurrences of the pair when it was merged */
} ore_learned_merge;

#define ORE_MERGE_BREAK UINT32_MAX

/* An array of ids, of 2 bytes each where the vocabulary has so few: the merges go through it out of
 * order, and half of it is half as much to wait for. */
typedef struct ore_merge_slots {
    uint16_t *narrow; /* (size), in which the two largest numbers stand for those of 4 bytes */
    uint32_t *wide;   /* (size) where there is no `narrow` */
    int64_t size;
} ore_merge_slots;

enum { ORE_MERGE_NARROW_MAX = UINT16_MAX - 1 }; /* ids that are below it are narrow */

/* Room for so many ids below `ids`; none is there yet. */
ore_status ore_merge_slots_init(ore_merge_slots *slots, int64_t room, int64_t ids);
void ore_merge_slots_release(ore_merge_slots *slots);

static inline uint32_t ore_merge_slot(const ore_merge_slots *slots, int64_t place) {
    if (!slots->narrow)
        return slots->wide[place];
    uint32_t id = slots->narrow[place];
    return id < ORE_MERGE_NARROW_MAX ? id : id | ~(uint32_t)UINT16_MAX;
}

static inline void ore_merge_slot_prefetch(const ore_merge_slots *slots, int64_t place) {
    ore_prefetch(slots->narrow ? (const void *)(slots->narrow + place) : slots->wide + place);
}

static inline void ore_merge_slot_set(ore_merge_slots *slots, int64_t place, uint32_t id) {
    if (slots->narrow)
        slots->narrow[place] = (uint16_t)id;
    else
        slots->wide[place] = id;
}

static inline void ore_merge_slots_add(ore_merge_slots *slots, uint32_t id) {
    ore_merge_slot_set(slots, slots->size++, id);
}

/* What comes in: the pieces as ids of the first tokens. */
typedef struct ore_merge_input {
    /* The pieces one after the other, the frequent ones first, with ORE_MERGE_BREAK before each and
     * behind the last; the merges overwrite it. */
    ore_merge_slots slots;
    ore_run_index runs; /* how often the piece at each place occurs */
} ore_merge_input;

typedef struct ore_merge_options {
    int64_t vocab_size;     /* tokens in all, with those that are there already */
    int64_t min_frequency;  /* pairs that occur less often are not merged */
    int64_t max_parts;      /* first tokens that a token may consist of */
    const char *inner_mark; /* "##", which begins the text of tokens that begin no piece; or NULL */
    /* Asked before each merge; true gives up with ORE_STATE. NULL: never. */
    bool (*stop)(void *user, int64_t tokens);
    void *user;
} ore_merge_options;

/* Learns merges until the vocabulary is full or no pair is frequent enough. `vocab` has the bytes
 * of each token by its id and gets those of the new ones; one that is there already (a special
 * token) keeps its id. *merges becomes an array of *count, to be released with ore_release. */
ore_status ore_learn_merges(ore_merge_input *input, const ore_merge_options *options,
                            ore_vocab *vocab, ore_learned_merge **merges, int64_t *count);

#endif
