/* tokenizer_trainer.h: tokenizers learned from texts: byte-level BPE, WordPiece and unigram. */
#ifndef ORE_TOKENIZER_TRAINER_H
#define ORE_TOKENIZER_TRAINER_H

#include <ore/text.h>

ORE_BEGIN_DECLS

/* What learns. All three first split texts into pieces (words, roughly) and count them; a token is
 * never more than a piece. Results depend on the counts of pieces alone, not on the number of
 * threads nor on the order of texts. */
typedef enum ore_vocab_model {
    /* Byte-level byte-pair encoding (R. Sennrich and others, 2016; GPT-2): begins with the 256
     * bytes, so any text round-trips, and joins the most frequent pair of neighbouring tokens until
     * the vocabulary is full. Of equally frequent pairs the one comes first whose left token has
     * the lower id, then the one whose right token has; bytes have the order of GPT-2's vocabulary.
     * Hugging Face's tokenizers learns the same merges from the same pieces. */
    ORE_VOCAB_BPE,
    /* WordPiece as Hugging Face's tokenizers learns it: the same over characters, of which those
     * that do not begin a word are written with "##" before them, on texts that are normalized and
     * split as for BERT. */
    ORE_VOCAB_WORDPIECE,
    /* Unigram (T. Kudo, "Subword regularization", 2018): begins with frequent substrings, fits
     * their probabilities by expectation maximisation, and drops those whose loss costs least until
     * the vocabulary's size is reached. A space is part of the word behind it, and a line feed is a
     * token by itself; a character that the texts do not have is "<unk>". */
    ORE_VOCAB_UNIGRAM,
} ore_vocab_model;

typedef struct ore_tokenizer_trainer_options {
    ore_vocab_model model; /* ORE_VOCAB_BPE */
    int64_t vocab_size; /* 8192: max number of tokens, special ones included; BPE: 256 at least */
    int64_t min_frequency; /* 2: pairs that occur less often are not joined; unigram: no meaning */
    /* 0: all; else how many characters the alphabet of WordPiece and unigram has, the frequent
     * ones; others are unknown to it. BPE: 0. */
    int64_t alphabet_size;
    /* "gpt2". BPE: what splits texts, "gpt2", "cl100k", "o200k", "none" (a text is one piece, which
     * needs memory for all of it), or a regular expression that matches pieces. */
    const char *pattern;
    bool lowercase; /* false; true (WordPiece): lower case without accents, as BERT's uncased */
    /* NULL, 0: tokens with the first ids, in this order. In texts they are themselves, and never
     * part of a piece. The unknown token of WordPiece, "[UNK]", and of unigram, "<unk>", goes first
     * where it is not among them. */
    const char *const *special_tokens;
    int64_t special_count;
    /* NULL. Asked now and then while the tokenizer is learned, with the number of tokens so far
     * (unigram: still left); true gives up with ORE_STATE. */
    bool (*stop)(void *user, int64_t tokens);
    void *user; /* for stop */
} ore_tokenizer_trainer_options;
ORE_API ore_tokenizer_trainer_options ore_tokenizer_trainer_defaults(void);

typedef struct ore_tokenizer_trainer ore_tokenizer_trainer;

/* options NULL: the defaults. ORE_INVALID: options that cannot be. ORE_DATA: a pattern that is no
 * regular expression. */
ORE_API ore_tokenizer_trainer *
ore_tokenizer_trainer_new(const ore_tokenizer_trainer_options *options);
/* Counts the pieces of a text. Memory is what the different pieces take, whatever the texts' size.
 * ORE_DATA: the text's file has changed. */
ORE_API ore_status ore_tokenizer_trainer_add(ore_tokenizer_trainer *trainer, const ore_text *text);
/* The same of bytes in memory. */
ORE_API ore_status ore_tokenizer_trainer_add_memory(ore_tokenizer_trainer *trainer,
                                                    const char *text, size_t bytes);
/* Learns a tokenizer from all that was added. It is saved as a tokenizer.json that Hugging Face's
 * tokenizers opens too. It may have fewer tokens than vocab_size where the texts have no more pairs
 * that are frequent enough. ORE_DATA: nothing was added; more characters than tokens. ORE_STATE: it
 * was stopped. */
ORE_API ore_tokenizer *ore_tokenizer_trainer_finish(ore_tokenizer_trainer *trainer);
/* NULL is allowed. */
ORE_API void ore_tokenizer_trainer_free(ore_tokenizer_trainer *trainer);

typedef struct ore_tokenizer_trainer_facts {
    int64_t bytes;            /* of all texts */
    int64_t pieces;           /* in them, */
    int64_t different_pieces; /* and how many of these differ */
    /* After ore_tokenizer_trainer_finish of BPE and WordPiece, else 0: tokens that the texts have
     * with the first vocabulary, and with the whole one. */
    int64_t first_tokens, tokens;
    double counting_s, learning_s; /* seconds */
} ore_tokenizer_trainer_facts;
ORE_API ore_tokenizer_trainer_facts
ore_tokenizer_trainer_facts_of(const ore_tokenizer_trainer *trainer);
/* How many tokens all texts have with the first `vocab_size` tokens of the vocabulary that was
 * learned last: what a smaller vocabulary would have given, since merges do not depend on how many
 * follow. -1, without an error, for a size it does not have, and for unigram. */
ORE_API int64_t ore_tokenizer_trainer_tokens(const ore_tokenizer_trainer *trainer,
                                             int64_t vocab_size);
/* The tokenizer of the first `vocab_size` tokens of `learned`, the one that was learned last: what
 * a smaller vocabulary would have been, for other texts than those that were learned from. NULL
 * with ORE_INVALID for a size it does not have, and for unigram. */
ORE_API ore_tokenizer *ore_tokenizer_trainer_smaller(const ore_tokenizer_trainer *trainer,
                                                     const ore_tokenizer *learned,
                                                     int64_t vocab_size);

ORE_END_DECLS

#endif
