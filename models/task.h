/* task.h: what the models of a family are for: a form of data, the options that say how it is read,
 * and what is measured on it. Families of one task take the same data, and whoever trains or asks a
 * model looks at its task, never at its name. How data of a task is opened and what a trained model
 * of it does, the command says in tools/ore/tasks/. */
#ifndef ORE_MODELS_TASK_H
#define ORE_MODELS_TASK_H

#include <ore/tokenizer_trainer.h>
#include <ore/train.h>

#include "models/config.h"

typedef struct model_family model_family;

typedef struct model_task {
    const char *name;     /* "language" */
    const char *item;     /* what a loss is the mean over, one of them: "token" */
    const char *embedded; /* the data of a run without --data: "names" */
    /* What --data and --val-data name, and their lines of help, without a full stop. */
    const char *data_domain, *data_help, *val_data_help;
    /* Options that say how the data is read, beside those of all tasks: a table of a struct of
     * config_bytes. A key is a field of no family; one that several tasks have is of one type. */
    const config_field *fields;
    size_t config_bytes;
    /* Replaces what is "auto" in such a struct, then checks it: ORE_INVALID names the flag.
     * `embedded`: the run has no --data. NULL: there is nothing to do. */
    ore_status (*settle)(void *config, bool embedded);
    /* Why a key of the fields changes nothing, "with --..", or NULL where it does. `embedded`: the
     * run has neither --data nor --val-data. NULL: each has its effect. */
    const char *(*idle)(const void *config, const char *key, bool embedded);
    ore_loss_function loss; /* of a model's output and a batch's y; NULL: cross entropy */
    /* What a whole evaluation measures beside the loss: names, at most ORE_MEASURES_MAX, that a
     * NULL ends, and their sums over the targets of a batch. NULL: nothing. */
    const char *const *measures;
    void (*measure)(const model_family *f, void *net, ore_tensor *output, const ore_batch *batch,
                    double *sums);
} model_task;

/* ---- tokenizers ---- */

/* What the key "tokenizer" of any task is: "char", "word"; "bpe:8192" and the like, which is
 * learned from the texts and has so many tokens; or the path of a file or of a run's folder, from
 * which the tokenizer is read. */
#define TASK_TOKENIZERS "char|word|bpe:N|wordpiece:N|unigram:N|FILE"
#define TASK_TOKENIZERS_HELP                                                                       \
    "what a token is: a character, a word or mark, one of N parts of words that are learned from " \
    "the texts, or what a file says: tokenizer.json, vocab.json or merges.txt, a tiktoken rank "   \
    "file, SentencePiece's .model, a .gguf, or the folder of a run"

bool task_reads_tokenizer(const char *tokenizer);
/* Whether it is one that is learned; then *model and *size are what it says. */
bool task_learns_tokenizer(const char *tokenizer, ore_vocab_model *model, int64_t *size);
/* ORE_INVALID for a word that is none of these. */
ore_status task_check_tokenizer(const char *tokenizer);
/* Why the key min_frequency changes nothing with a tokenizer; NULL where it counts. */
const char *task_frequency_idle(const char *tokenizer);

/* ---- language models ---- */

/* A text whose next token is predicted. */
extern const model_task task_language;

enum { DOCUMENTS_NONE, DOCUMENTS_LINES };
enum { PACKING_WINDOWS, PACKING_DOCUMENTS, PACKING_SEPARATE };

typedef struct language_config {
    char *tokenizer;       /* "char", "word", or the path of a file or of a run's folder */
    int64_t min_frequency; /* of a word that is to have a token */
    char *vocab;           /* a path, or "" */
    int documents;         /* DOCUMENTS_.. */
    int packing;           /* PACKING_..: of shards */
    int invalid_utf8;      /* an ore_invalid_utf8 */
    int strip_cr;
} language_config;

#endif
