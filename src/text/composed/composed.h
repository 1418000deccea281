/* composed.h: tokenizers that consist of stages, as published ones do. Every format of files is a
 * reader that makes one of these (formats.def); the terms and the order of the stages are those of
 * Hugging Face's tokenizers:
 *
 *   text -> added tokens -> normalizer -> pre-tokenizer -> model -> ids   (-> post-processor)
 *   ids -> decoder -> text
 *
 * A stage is a constant table of functions in a file of its own and a row in stages.def, by which
 * tokenizer.json finds it. Its struct begins with ore_stage.
 *
 * Texts and broken UTF-8: stages see valid UTF-8 only. Bytes that are not are replaced by U+FFFD,
 * as Python's errors="replace" does, where the tokenizer is not byte-level. Where it is, each run
 * of such bytes is a section and a split of its own, which goes straight to the model, and the text
 * on either side is split as if it stood alone; so all bytes survive. */
#ifndef ORE_TEXT_COMPOSED_H
#define ORE_TEXT_COMPOSED_H

#include <pthread.h>

#include "text/composed/flow.h"
#include "text/composed/vocab.h"
#include "text/tokenizer.h"

typedef struct ore_composed ore_composed;

/* ---- stages ---- */

typedef struct ore_stage ore_stage;

/* What all stages share. */
typedef struct ore_stage_kind {
    const char *name; /* the "type" in tokenizer.json */
    /* Makes a stage from its object in tokenizer.json; `path` is the file's, for messages, which
     * ore_json's getters begin with too. NULL with an error: ORE_UNSUPPORTED that names what is
     * asked for and lacking, ORE_DATA for what cannot be. The composed tokenizer has its `vocab`,
     * `byte_level` and `added` set before any stage but the model is made. */
    ore_stage *(*load)(ore_composed *composed, ore_json *json, const char *path);
    /* Writes what `load` reads, but for the type. NULL: nothing. */
    void (*save)(const ore_stage *stage, const ore_composed *composed, ore_json *json);
    /* Releases what the struct points to. NULL: nothing. */
    void (*release)(ore_stage *stage);
} ore_stage_kind;

struct ore_stage {
    const ore_stage_kind *kind;
};

/* A stage in struct_bytes of memory, all zero but for its kind. */
void *ore_stage_new(const ore_stage_kind *kind, size_t struct_bytes);
/* NULL is allowed. */
void ore_stage_free(ore_stage *stage);

typedef struct ore_normalizer_kind {
    ore_stage_kind stage;
    /* Changes a text, a section or, where text->begins is false, what follows a cut.
     * Sequences call the ones they consist of one after the other. */
    ore_status (*apply)(const ore_stage *stage, ore_aligned *text);
    /* Whether a section can be cut before byte `at` of its text, 0 < at <= size, where a character
     * begins: the parts normalized one by one are the whole normalized, whatever follows the text.
     * At `size` the answer may only be true if no character that follows could change it. NULL: at
     * any character that is there. A normalizer that changes a section's start looks at
     * text->begins in `apply`; one that changes its end never allows a cut. */
    bool (*may_cut)(const ore_stage *stage, const char *text, size_t size, size_t at);
} ore_normalizer_kind;

typedef struct ore_pre_tokenizer_kind {
    ore_stage_kind stage;
    /* Replaces the flow's splits by finer ones, and its text where need be. Splits with an id >= 0
     * stay. Where flow->open, see there; only the last split can be affected. */
    ore_status (*apply)(const ore_stage *stage, ore_flow *flow);
    /* Whether the splits on both sides of byte `at` of any text, 0 < at < size, where a character
     * begins, are surely those of the two sides alone: what threads divide a text by. May say no
     * whenever that is not plain from the characters on the two sides. NULL: never plain. */
    bool (*may_cut)(const ore_stage *stage, const char *text, size_t size, size_t at);
    /* Whether this stage's may_cut says no whatever the text. NULL: it does not. */
    bool (*never_cuts)(const ore_stage *stage);
} ore_pre_tokenizer_kind;

/* Whether there are texts that a pre-tokenizer's may_cut parts. */
bool ore_pre_tokenizer_cuts(const ore_stage *stage);

/* Memory that encoding uses, one for each thread that encodes at a time: the flow and what a model
 * keeps from call to call, such as words it has met. */
typedef struct ore_workspace {
    struct ore_workspace *next; /* in the tokenizer's list of idle ones */
    ore_flow flow;
    void *model; /* of the model's `workspace_new`; NULL: it needs none */
} ore_workspace;

typedef struct ore_model_kind {
    ore_stage_kind stage;
    /* NULL where the model needs no memory of its own. */
    void *(*workspace_new)(const ore_stage *stage);
    void (*workspace_free)(void *workspace);
    /* Appends the ids of the splits first .. first + count - 1 of the workspace's flow, none of
     * which has an id, by ore_token_list_add, and where out->ranged their ranges in bytes of the
     * flow's text (the composed tokenizer maps these to the original). ORE_DATA for a character
     * that has no token. */
    ore_status (*encode)(const ore_stage *stage, const ore_composed *composed,
                         ore_workspace *workspace, int64_t first, int64_t count,
                         ore_token_list *out);
    /* The largest place `at`, 0 < at < size, in a split such that the ids of text[0 .. at) and of
     * what follows are those of the whole, whatever follows the text: no token of the vocabulary
     * spans it. 0: none. What a tokenizer without a pre-tokenizer cuts long texts by. NULL: never
     * any. */
    size_t (*cut)(const ore_stage *stage, const ore_composed *composed, const char *text,
                  size_t size);
    /* Puts what ids depend on beside the vocabulary into a digest. NULL: what `save` writes. */
    void (*digest)(const ore_stage *stage, ore_digest_stream *stream);
} ore_model_kind;

typedef struct ore_post_processor_kind {
    ore_stage_kind stage;
    /* Appends the ids that go before and behind a single text; no ranges. */
    ore_status (*frame)(const ore_stage *stage, const ore_composed *composed,
                        ore_token_list *before, ore_token_list *behind);
    /* Narrows the range of a token, the `first` of its text or not, as "trim_offsets" does.
     * NULL: as it is. */
    ore_token_range (*trim)(const ore_stage *stage, const ore_composed *composed, const char *text,
                            int64_t id, bool first, ore_token_range range);
} ore_post_processor_kind;

/* A token's bytes while decoders change them. */
typedef struct ore_token_text {
    char *bytes; /* of the memory pool: ore_grow, ore_release */
    int64_t size, capacity;
    bool whole; /* bytes that need not be characters (byte fallback): later decoders leave them */
} ore_token_text;

typedef enum ore_token_role {
    ORE_TOKEN_WITHIN, /* decoded as within a text, */
    ORE_TOKEN_BEGINS, /* as the one that begins it, */
    ORE_TOKEN_GONE,   /* or to nothing */
} ore_token_role;

typedef struct ore_decoder_kind {
    ore_stage_kind stage;
    /* Replaces a token's bytes, as the decoder before has left them, by the text that it stands
     * for; `first`: it begins the text. Called for each token when the tokenizer is made, not for
     * each text; a decoder that needs more than its token and the one before it cannot be one of
     * these, and its `load` says so. */
    ore_status (*apply)(const ore_stage *stage, const ore_composed *composed, bool first,
                        ore_token_text *text);
    /* What a token is behind the token `before`. NULL: always one within a text. A decoder that
     * has it is no part of a "Sequence". */
    ore_token_role (*role)(const ore_stage *stage, const ore_composed *composed, int64_t before,
                           int64_t id);
} ore_decoder_kind;

/* ---- added tokens ---- */

typedef struct ore_added_token {
    char *content; /* its text, UTF-8, without the mapping of byte-level vocabularies */
    size_t size;   /* in bytes */
    int32_t id;
    bool special, normalized, single_word, lstrip, rstrip; /* as in tokenizer.json */
} ore_added_token;

/* Finds added tokens in texts: those that are normalized in the normalized text, the others before.
 * Opaque; added.c. */
typedef struct ore_added_finder ore_added_finder;

typedef struct ore_added_match {
    size_t start, end; /* with the spaces that lstrip and rstrip take in */
    /* Behind the token itself: the next one may begin among the spaces that rstrip takes in. It
     * then starts before `end`, and the text goes on behind it, as in Hugging Face's tokenizers. */
    size_t next;
    size_t spaces; /* where the spaces end that were looked at last */
    int32_t id;
} ore_added_match;

/* For the tokens of composed->added that are, or are not, normalized; content of normalized ones is
 * put through the normalizer first. NULL, without an error, where there are none. */
ore_added_finder *ore_added_finder_new(const ore_composed *composed, bool normalized);
void ore_added_finder_free(ore_added_finder *finder);
/* The next match in text[0 .. size), leftmost and longest; *match is the one before it, at first
 * all zeros. 1: it is *match now; 0: there is none; 2, only where `open`: what follows the text may
 * change the answer, and nothing before match->start can be part of a match. */
int ore_added_find(const ore_added_finder *finder, const char *text, size_t size, bool open,
                   ore_added_match *match);
/* What is looked for: the content of a token, normalized as texts are where it is to be. In memory
 * of the pool; NULL with an error. */
char *ore_added_text(const ore_composed *composed, const ore_added_token *token, size_t *size);

/* Where the white space before byte `at` begins, not before `from`, */
size_t ore_spaces_before(const char *text, size_t from, size_t at);
/* and where that at byte `at` ends. */
size_t ore_spaces_behind(const char *text, size_t size, size_t at);

/* ---- the tokenizer ---- */

struct ore_composed {
    ore_tokenizer base; /* first: an ore_tokenizer of this kind is one of these */
    ore_vocab vocab;    /* the model's tokens and the added ones */
    bool byte_level;    /* the vocabulary's tokens are bytes, and any byte has one */

    ore_added_token *added;
    int64_t added_count, added_capacity;
    ore_added_finder *finders[2]; /* [normalized]; NULL: there are none */

    /* Each NULL where the tokenizer has none, but for the model. */
    ore_stage *normalizer; /* kind: an ore_normalizer_kind, and so on */
    ore_stage *pre_tokenizer;
    ore_stage *model;
    ore_stage *post_processor;
    ore_stage *decoder;

    /* The text of each token, where it is not the vocabulary's bytes: made by ore_composed_finish
     * from the decoder. [0]: within a text; [1]: at its start. */
    ore_vocab_entry *decoded[2]; /* (size); NULL: the vocabulary's own bytes */
    char *decoded_bytes;

    pthread_mutex_t lock; /* of `idle` */
    ore_workspace *idle;  /* workspaces that no thread uses */
};

extern const ore_tokenizer_kind ore_composed_tokenizer_kind; /* "composed" */

/* A composed tokenizer without anything. A reader fills in what it has read, then calls
 * ore_composed_finish; on failure ore_tokenizer_free takes it as it is. */
ore_composed *ore_composed_new(void);
/* Copies the token. Its content goes into the vocabulary, where it is not yet there under its
 * id. */
ore_status ore_composed_add(ore_composed *composed, const ore_added_token *token);
/* Derives what is derived: the size, finders, the text of tokens. Special tokens by name, such as
 * "separator" for one that ends texts, are the reader's to add after it. Returns the tokenizer, or
 * NULL, having freed it, where an error is pending. */
ore_tokenizer *ore_composed_finish(ore_composed *composed);

/* ---- files ---- */

/* A file that may be a tokenizer's, mapped. `json` is its root where it holds a JSON object. */
typedef struct ore_tokenizer_file {
    const char *path;
    const char *bytes;
    size_t size;
    ore_json *json; /* NULL: the file does not begin with '{' */
    const ore_tokenizer_options *options;
} ore_tokenizer_file;

typedef struct ore_tokenizer_format {
    const char *name;   /* for messages: "a tiktoken rank file" */
    bool takes_pattern; /* it does not say how texts are split: options->pattern does */
    bool (*matches)(const ore_tokenizer_file *file); /* by its content; raises nothing */
    ore_tokenizer *(*read)(const ore_tokenizer_file *file);
} ore_tokenizer_format;

/* All formats, in the order in which they are asked: FORMAT(NAME) in formats.def stands for
 * ore_NAME_format in format_NAME.c. */
#define FORMAT(name) extern const ore_tokenizer_format ore_##name##_format;
#include "text/composed/formats.def"
#undef FORMAT

/* ---- all stages ---- */

/* "normalizer NFC, model BPE": a tokenizer kind's `stages`. */
void ore_composed_stages(const ore_tokenizer *tokenizer, char *text, size_t bytes);

typedef enum ore_stage_role {
    ORE_NORMALIZER,
    ORE_PRE_TOKENIZER,
    ORE_MODEL,
    ORE_POST_PROCESSOR,
    ORE_DECODER,
} ore_stage_role;

/* By its name in tokenizer.json; the list is stages.def. NULL, without an error, for a name that is
 * none. */
const ore_stage_kind *ore_stage_kind_of(ore_stage_role role, const char *name);

#endif
