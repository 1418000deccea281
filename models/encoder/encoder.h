/* encoder.h: a transformer encoder that puts texts into classes: every token sees all tokens of its
 * text. Vaswani et al. 2017, arXiv:1706.03762; with pooling "first", Devlin et al. 2018,
 * arXiv:1810.04805 (BERT): a vector that belongs to no token stands in front of each text.
 *
 * Parameters, linear weights (out, in):
 *   tokens.weight (V, C)   positions.weight (block, C)   first (C; with that pooling)
 *   encoder.layers.N.{self_attn,linear1,linear2,norm1,norm2}.. and encoder.norm, as in torch's
 *   nn.TransformerEncoder   head.{weight (classes, C),bias} */
#ifndef ORE_MODELS_ENCODER_H
#define ORE_MODELS_ENCODER_H

#include <ore/transformer.h>

#include "models/activation.h"
#include "models/family.h"

typedef enum encoder_pooling { ENCODER_MEAN, ENCODER_FIRST } encoder_pooling;
typedef enum encoder_norm { ENCODER_PRE_NORM, ENCODER_POST_NORM } encoder_norm;

typedef struct encoder_config {
    int64_t n_layer, n_head, n_embd;
    int64_t n_hidden;   /* of the feed-forward layers */
    int64_t block_size; /* tokens of a text at most */
    int64_t vocab_size, n_classes;
    double dropout;
    encoder_pooling pooling;
    encoder_norm norm;
    model_activation activation; /* relu or gelu */
} encoder_config;

/* 2 layers, 4 heads, 64 channels, 256 hidden units, 256 tokens, dropout 0.1, mean pooling,
 * pre-norm, gelu; vocab_size and n_classes auto, to be set. */
encoder_config encoder_defaults(void);

typedef struct encoder {
    ore_module module;
    ore_embedding tokens, positions;
    ore_tensor *first; /* (C), or NULL */
    ore_dropout drop;
    ore_transformer_encoder_layer *layers; /* n_layer */
    ore_transformer_encoder stack;         /* "encoder" */
    ore_linear head;
    encoder_config config; /* without auto */
} encoder;

/* Builds the model and draws its weights from g (NULL: the default generator) as torch's layers do.
 * ORE_INVALID as family_prepare says. */
ore_status encoder_init(encoder *model, const encoder_config *config, ore_generator *g);
void encoder_free(encoder *model);

/* ids (B, T) int64 and how many of each row count, lengths (B) on the CPU, each 1 .. T, or NULL for
 * all -> logits (B, n_classes). What stands behind a row's length changes nothing. */
ore_tensor *encoder_forward(encoder *model, ore_tensor *ids, ore_tensor *lengths);
/* What goes into the first layer, (B, T, C), or (B, 1 + T, C) with pooling "first"; and what comes
 * out of the last one, before the pooling, for whoever looks inside. */
ore_tensor *encoder_embed(encoder *model, ore_tensor *ids);
ore_tensor *encoder_hidden(encoder *model, ore_tensor *ids, ore_tensor *lengths);

extern const model_family encoder_family;

#endif
