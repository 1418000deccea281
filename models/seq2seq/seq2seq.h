/* seq2seq.h: encoder-decoders, which read one sequence and write another: a transformer (Vaswani et
 * al. 2017, arXiv:1706.03762), or recurrent networks with the attention of Bahdanau et al. 2015
 * (arXiv:1409.0473) or that of Luong et al. 2015 (arXiv:1508.04025, "general").
 *
 * Parameters, linear weights (out, in):
 *   source.weight (V, C)   target.weight (V + 1, C: the last row starts each written sequence)
 *   transformer: transformer.encoder.. and transformer.decoder.., as in torch's nn.Transformer
 *   recurrent: encoder.., a bidirectional GRU of C / 2 units each way, as torch's; bridge (C, C) to
 *     the decoder's first state; decoder.., a GRU, or a GRU cell that also reads the context;
 *     score (C, C), or query and key (C, C) and energy (1, C); combine (C, 2C)
 *   head.{weight (V, C),bias} */
#ifndef ORE_MODELS_SEQ2SEQ_H
#define ORE_MODELS_SEQ2SEQ_H

#include <ore/rnn.h>
#include <ore/transformer.h>

#include "models/family.h"

typedef enum seq2seq_kind { SEQ2SEQ_TRANSFORMER, SEQ2SEQ_BAHDANAU, SEQ2SEQ_LUONG } seq2seq_kind;

typedef struct seq2seq_config {
    seq2seq_kind kind;
    int64_t n_layer;    /* of the encoder; a transformer's decoder has as many, others one */
    int64_t n_head;     /* of a transformer; divides n_embd */
    int64_t n_embd;     /* C; even */
    int64_t n_hidden;   /* of a transformer's feed-forward layers */
    int64_t block_size; /* tokens of a sequence at most, on either side; the end token counts */
    int64_t vocab_size; /* V: of both sides */
    double dropout;
} seq2seq_config;
/* A transformer of 2 layers, 4 heads, 64 channels, 256 hidden units, 64 tokens, no dropout;
 * vocab_size auto, to be set. */
seq2seq_config seq2seq_defaults(void);

typedef struct seq2seq {
    ore_module module;
    ore_embedding source, target;
    ore_dropout drop;
    ore_linear head;
    seq2seq_config config;
    /* Of a transformer, norm first: sinusoids (block_size, C), a buffer; n_layer layers each. */
    ore_tensor *positions;
    ore_transformer_encoder_layer *encoder_layers;
    ore_transformer_decoder_layer *decoder_layers;
    ore_transformer transformer;
    /* Recurrent ones. */
    ore_gru encoder, decoder;
    ore_gru_cell cell;
    ore_linear bridge, score, query, key, energy, combine;
} seq2seq;

/* Builds the model and draws its weights from g (NULL: the default generator), from which dropout
 * goes on: tables from N(0, 1 / C), the rest as torch draws it. ORE_INVALID as family_prepare
 * says. */
ore_status seq2seq_init(seq2seq *model, const seq2seq_config *config, ore_generator *g);
void seq2seq_free(seq2seq *model);

/* The logits (B, L, V) of each token of y (B, L), from x (B, S) and the tokens of y before it;
 * x and y int64 ids. lengths (B), on the CPU, say how much of each row of x counts, NULL all;
 * behind its end a row of y may hold ORE_IGNORE_INDEX. */
ore_tensor *seq2seq_forward(const seq2seq *model, ore_tensor *x, ore_tensor *lengths,
                            ore_tensor *y);

/* ---- writing, token by token ---- */

/* What has been read and written of R sequences; the tensors are the state's. */
typedef struct seq2seq_state {
    const seq2seq *model;
    ore_tensor *lengths; /* (R), or NULL: of what was read */
    bool keep_weights;   /* false; may be set at any time */
    ore_tensor *weights; /* where it is: (R, T, S), how the last step of T tokens weighed what was
                            read (in the last layer, the mean of its heads); or NULL */
    /* Of a transformer: keys and values of what was read, (R, H, S, D) for each layer, and a cache
     * of those written. */
    ore_tensor **k, **v;
    ore_kv_cache *cache;
    /* Of others: what was read (R, S, C), its keys (R, S, C) with additive attention, and the
     * decoder's state (R, C). */
    ore_tensor *memory, *keys, *h;
    int64_t written;
} seq2seq_state;

/* Reads x, as above; nothing is recorded from here on. To be freed, also after a failure. */
ore_status seq2seq_state_init(seq2seq_state *s, const seq2seq *model, ore_tensor *x,
                              ore_tensor *lengths);
void seq2seq_state_free(seq2seq_state *s);
/* The id that each sequence starts with: V. */
int64_t seq2seq_start(const seq2seq *model);
/* As the functions of an ore_stepper, `user` being the state. ids (R, T) -> logits (R, V) after the
 * last. ORE_INVALID for more than block_size tokens in all. */
ore_tensor *seq2seq_step(void *user, ore_tensor *ids);
ore_status seq2seq_reorder(void *user, ore_tensor *rows);

/* As a family of the task of pairs. */
extern const model_family seq2seq_family;

#endif
