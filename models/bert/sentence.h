/* sentence.h: sentences as vectors: a BERT, its tokenizer, and what makes one vector of a text's
 * tokens, as the folders of sentence-transformers hold them (Reimers and Gurevych 2019,
 * arXiv:1908.10084). */
#ifndef ORE_MODELS_BERT_SENTENCE_H
#define ORE_MODELS_BERT_SENTENCE_H

#include <ore/text.h>

#include "models/bert/bert.h"

typedef enum sentence_pooling {
    SENTENCE_MEAN, /* the mean of all tokens' vectors, those of [CLS] and [SEP] among them */
    SENTENCE_FIRST /* the first token's, [CLS] */
} sentence_pooling;

typedef struct sentence_model {
    bert bert;
    ore_tokenizer *tokenizer;
    sentence_pooling pooling;
    int normalize;      /* vectors have length 1 */
    int64_t max_tokens; /* of a text, with the marks around it; what is behind is cut off */
} sentence_model;

/* Opens a folder with config.json, model.safetensors and tokenizer.json. Pooling and normalisation
 * are those of modules.json and the folder that it names for the pooling, where there are such
 * files, else the mean, normalised. max_tokens is max_seq_length of sentence_bert_config.json, else
 * tokenizer_config.json's model_max_length, and at most what the model has positions for.
 * ORE_UNSUPPORTED, naming the file and the key, for what Ore lacks. A failure leaves nothing to
 * free. */
ore_status sentence_model_open(sentence_model *m, const char *folder);
void sentence_model_close(sentence_model *m);

/* The ids of a text, marks included, cut to max_tokens: what a tokenizer that truncates keeps is
 * the text's beginning and the marks behind it. */
typedef struct sentence_ids {
    int64_t *ids; /* (count), owned */
    int64_t count;
    int64_t whole; /* how many there were before the cut */
} sentence_ids;
/* To be released, also after a failure, with sentence_ids_free. */
ore_status sentence_encode(const sentence_model *m, const char *text, size_t bytes,
                           sentence_ids *ids);
void sentence_ids_free(sentence_ids *ids);

/* Fills out (count, hidden_size) with the vectors of `count` texts, which go through the model in
 * the order of their lengths, `batch` at a time. None is padded, and a text's vector is bitwise the
 * same in any company. */
ore_status sentence_embed(const sentence_model *m, const sentence_ids *texts, int64_t count,
                          int64_t batch, float *out);

#endif
