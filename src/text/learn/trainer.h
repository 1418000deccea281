/* trainer.h: what the three ways to learn a vocabulary share: the trainer, and the stages around
 * the model. */
#ifndef ORE_TEXT_LEARN_TRAINER_H
#define ORE_TEXT_LEARN_TRAINER_H

#include <ore/tokenizer_trainer.h>

#include "text/composed/composed.h"
#include "text/learn/learn_merges.h"
#include "text/learn/piece_counts.h"

struct ore_tokenizer_trainer {
    ore_tokenizer_trainer_options options; /* texts are the trainer's own */
    char **specials;                       /* (options.special_count) */
    ore_composed *reader;                  /* the stages before the model, and a counting one */
    ore_learned_merge *merges;             /* (merge_count) of the last tokenizer; or NULL */
    int64_t merge_count;
    int64_t first_size; /* tokens before the first merge */
    ore_tokenizer_trainer_facts facts;
};

/* What a way to learn consists of. */
typedef struct ore_trainer_kind {
    const char *unknown; /* its unknown token; NULL: it has none */
    /* Makes the stages before the model. */
    ore_status (*add_stages)(const ore_tokenizer_trainer *trainer, ore_composed *composed);
    /* Learns tokens from the pieces, the frequent ones first, into a vocabulary that has the
     * special tokens, and makes the model and the stages behind it. Frees `counts` as early as it
     * can. */
    ore_status (*learn)(ore_tokenizer_trainer *trainer, ore_composed *composed,
                        ore_piece_counts *counts);
    /* Makes the model of the vocabulary's tokens and the trainer's first merges, and the stages
     * behind it. NULL: there are no merges. */
    ore_status (*add_model)(const ore_tokenizer_trainer *trainer, ore_composed *composed,
                            int64_t merge_count);
} ore_trainer_kind;

extern const ore_trainer_kind ore_bpe_trainer, ore_wordpiece_trainer, ore_unigram_trainer;

/* Runs ore_learn_merges on the vocabulary of `composed`, for BPE and WordPiece; tokens_of adds
 * the first tokens of a piece. */
typedef void (*ore_first_tokens)(const void *user, const ore_piece *piece, ore_merge_slots *to);
ore_status ore_trainer_merge(ore_tokenizer_trainer *trainer, ore_composed *composed,
                             ore_piece_counts *counts, ore_first_tokens tokens_of, const void *user,
                             const char *inner_mark);
/* Stages as tokenizer.json would describe them. */
ore_stage *ore_trainer_stage(ore_composed *composed, ore_stage_role role, const char *json);

#endif
