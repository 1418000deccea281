/* trainer_unigram.c: unigram tokenizers over characters. */
#include <string.h>

#include "base/memory.h"
#include "text/composed/pieces.h"
#include "text/learn/learn_unigram.h"
#include "text/learn/trainer.h"

static const char unknown[] = "<unk>";

/* As SentencePiece has them. */
enum { SEEDS = 1000000, MAX_CHARACTERS = 16, STEPS = 2 };
/* SentencePiece leaves out longer sentences. Here their parts are learned from: what is summed over
 * one word lies in the caches, and threads share the parts, where a word is one thread's. */
enum { WORD_BYTES_MAX = 4192 };
static const double kept_share = 0.75;

/* A space begins the piece behind it, and a line feed is a piece: nothing of a text is lost. */
static ore_status add_stages(const ore_tokenizer_trainer *t, ore_composed *composed) {
    (void)t;
    composed->pre_tokenizer = ore_trainer_stage(
        composed, ORE_PRE_TOKENIZER,
        "{\"type\": \"Sequence\", \"pretokenizers\": ["
        "{\"type\": \"Split\", \"pattern\": {\"String\": \"\\n\"}, \"behavior\": \"Isolated\", "
        "\"invert\": false}, "
        "{\"type\": \"Metaspace\", \"replacement\": \"\xE2\x96\x81\", \"prepend_scheme\": "
        "\"never\","
        " \"split\": true}]}");
    return ore_error_status();
}

/* The learned pieces behind the special tokens, with their scores. */
static ore_status add_pieces(ore_composed *c, const ore_part_list *learned) {
    size_t room = (size_t)(c->vocab.count + learned->count);
    ore_pieces pieces = {.unknown = (int32_t)ore_vocab_find(&c->vocab, unknown, sizeof unknown - 1),
                         .scores = ore_alloc_zero(room * sizeof *pieces.scores)};
    for (int64_t i = 0; pieces.scores && ore_ok() && i < learned->count; i++) {
        const ore_part_score *part = learned->parts + i;
        const char *text = learned->text + part->start;
        if (ore_vocab_find(&c->vocab, text, part->bytes) >= 0) /* a special token */
            continue;
        pieces.scores[c->vocab.count] = part->score;
        ore_vocab_put(&c->vocab, c->vocab.count, text, part->bytes);
    }
    pieces.count = c->vocab.count;
    if (ore_ok())
        c->model = ore_unigram_new(c, &pieces);
    else
        ore_pieces_release(&pieces);
    return ore_error_status();
}

static ore_status learn(ore_tokenizer_trainer *t, ore_composed *c, ore_piece_counts *counts) {
    const ore_tokenizer_trainer_options *o = &t->options;
    const ore_unigram_training training = {.vocab_size = o->vocab_size - c->vocab.count,
                                           .alphabet_max = o->alphabet_size,
                                           .seed_count = SEEDS,
                                           .max_chars = MAX_CHARACTERS,
                                           .steps = STEPS,
                                           .keep_share = kept_share,
                                           .stop = o->stop,
                                           .user = o->user};
    ore_part_list learned = {0};
    const ore_piece **pieces = ore_piece_counts_cut(counts, WORD_BYTES_MAX) == ORE_OK
                                   ? ore_piece_counts_sorted(counts)
                                   : NULL;
    if (pieces && ore_learn_unigram(pieces, counts->count, &training, &learned) == ORE_OK)
        add_pieces(c, &learned);
    ore_release(pieces);
    ore_part_list_release(&learned);
    ore_piece_counts_release(counts);
    if (ore_ok())
        c->decoder = ore_trainer_stage(c, ORE_DECODER,
                                       "{\"type\": \"Metaspace\", \"replacement\": "
                                       "\"\xE2\x96\x81\", \"prepend_scheme\": \"never\", "
                                       "\"split\": true}");
    return ore_error_status();
}

const ore_trainer_kind ore_unigram_trainer = {
    .unknown = unknown, .add_stages = add_stages, .learn = learn};
