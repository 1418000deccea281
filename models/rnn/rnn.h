/* rnn.h: recurrent language models: a table of token vectors, recurrent layers that read a sequence
 * token by token (Elman 1990; LSTM, GRU: equations in src/ops/recurrent.c), a linear head.
 *
 * Names: wte.weight (V, E)   rnn.weight_ih_l0, .. as torch names them   lm_head.{weight (V, H),
 * bias} */
#ifndef ORE_MODELS_RNN_H
#define ORE_MODELS_RNN_H

#include <ore/rnn.h>

#include "models/family.h"

typedef struct rnn_config {
    int64_t n_layer, n_embd, n_hidden, block_size, vocab_size;
    double dropout; /* of the outputs of each layer */
} rnn_config;

typedef struct rnn {
    ore_module module; /* the root; forward takes (B, T) ids, gives (B, T, V) logits */
    ore_embedding wte;
    ore_recurrent rnn;
    ore_dropout drop;
    ore_linear lm_head;
    rnn_config config;
} rnn;

/* Builds the model of a family, one of those below, and draws its weights from g (NULL: the default
 * generator) as torch's layers do. ORE_INVALID for values that the fields do not take. */
ore_status rnn_init(rnn *model, const model_family *family, const rnn_config *config,
                    ore_generator *g);
void rnn_free(rnn *model);

/* (B, T) int64 ids -> (B, T, V) logits. */
ore_tensor *rnn_forward(const rnn *model, ore_tensor *ids);
/* (B, T) -> (B, V): the logits after the last token of each row only. */
ore_tensor *rnn_forward_last(const rnn *model, ore_tensor *ids);

/* What the tokens so far left: the state of the layers. */
typedef struct rnn_memory {
    ore_recurrent_state state; /* owned; NULLs before the first token */
    int64_t length;            /* how many tokens it has read */
} rnn_memory;

/* For any number of sequences, of tokens that follow each other; a NULL with ORE_MEMORY. */
rnn_memory *rnn_memory_new(void);
void rnn_memory_free(rnn_memory *memory);
/* Forgets the tokens behind the first `tokens`, at once with these where a state cannot be taken
 * back to them. Returns how many it still knows. */
int64_t rnn_memory_keep(rnn_memory *memory, int64_t tokens);
/* Reads ids (B, T), which follow what the memory has read -> (B, V): the logits after the last of
 * them, bitwise those of rnn_forward_last over all tokens. */
ore_tensor *rnn_step(const rnn *model, rnn_memory *memory, ore_tensor *ids);

/* The fields are those of the config (models/config.h), with ranges, defaults and help. */
extern const model_family rnn_family, lstm_family, gru_family;

#endif
