/* bert.h: BERT (Devlin et al. 2018, arXiv:1810.04805): an encoder in which every token sees all
 * tokens of its text, and the heads that it is trained with. Fields of the config, names of
 * parameters and orientations are those of Hugging Face's BertModel, linear weights (out, in),
 * C = hidden_size, I = intermediate_size:
 *
 *   embeddings.{word (V, C),position (P, C),token_type (K, C)}_embeddings.weight
 *   embeddings.LayerNorm.{weight,bias}
 *   encoder.layer.N.attention.self.{query,key,value}.{weight (C, C),bias}
 *                  .attention.output.{dense.{weight (C, C),bias},LayerNorm.{weight,bias}}
 *                  .intermediate.dense.{weight (I, C),bias}
 *                  .output.{dense.{weight (C, I),bias},LayerNorm.{weight,bias}}
 *   pooler.dense.{weight (C, C),bias}
 *
 * and of a model with heads, whose encoder's names begin with "bert.":
 *   cls.predictions.transform.{dense.{weight (C, C),bias},LayerNorm.{weight,bias}}
 *   cls.predictions.bias (V)   .decoder.{weight (V, C; absent when tied to the words' embeddings),
 *   bias (V; absent where cls.predictions.bias is used)}
 *   cls.seq_relationship.{weight (2, C),bias}
 */
#ifndef ORE_MODELS_BERT_H
#define ORE_MODELS_BERT_H

#include <ore/nn.h>
#include <ore/tensor_file.h>

#include "models/activation.h"
#include "models/config.h"

/* What a model has beside the encoder. */
typedef struct bert_parts {
    bool pooler;        /* tanh of a linear layer of the first token */
    bool words;         /* the masked-word head */
    bool decoder_bias;  /* of that head, apart from cls.predictions.bias, which is idle then */
    bool next_sentence; /* the head that tells whether the second text follows the first */
    bool prefixed;      /* the encoder's names begin with "bert."; so they do with a head */
} bert_parts;

typedef struct bert_config {
    int64_t vocab_size, hidden_size, num_hidden_layers, num_attention_heads, intermediate_size;
    model_activation hidden_act;
    double hidden_dropout_prob, attention_probs_dropout_prob;
    int64_t max_position_embeddings, type_vocab_size;
    double initializer_range, layer_norm_eps;
    int64_t pad_token_id; /* the row of the words' embeddings that has no gradient; -1: none */
    int tie_word_embeddings;
    bert_parts parts; /* no field */
} bert_config;

extern const config_field bert_fields[];
/* Hugging Face's defaults, which are BERT base's; no parts. */
bert_config bert_defaults(void);

typedef struct bert bert;

typedef struct bert_layer {
    ore_module module, attention, self, attention_output, intermediate, output;
    ore_linear query, key, value, attention_dense, up, down;
    ore_layer_norm attention_norm, norm;
    ore_dropout attention_drop, drop;
    const bert *model;
} bert_layer;

struct bert {
    ore_module module, body; /* body: "bert", of a model whose names have that prefix */
    ore_module embeddings, encoder, pooler, cls, predictions, transform;
    ore_embedding words, positions, types;
    ore_layer_norm embedding_norm;
    ore_dropout embedding_drop;
    ore_module_list layers;
    bert_layer *layer; /* (num_hidden_layers) */
    ore_linear pooler_dense, transform_dense;
    ore_layer_norm transform_norm;
    ore_linear decoder;    /* its weight is words.weight when tied */
    ore_tensor *word_bias; /* (V), "cls.predictions.bias" */
    ore_linear next_sentence;
    bert_config config;
    ore_tensor_file *file; /* that weights are mapped from; NULL unless loaded */
    ore_dtype file_dtype; /* the type that weights have in files: float32 unless loaded otherwise */
    ore_generator *generator; /* that dropout draws from; NULL: the default generator */
};

/* Builds the model and draws its weights from g (NULL: the default generator): weights N(0,
 * initializer_range), biases 0, norms 1 and 0. ORE_INVALID for values that the fields do not take
 * or that do not go together: "bert: num_attention_heads 5 does ..". */
ore_status bert_init(bert *model, const bert_config *config, ore_generator *g);
void bert_free(bert *model);

/* ids (B, T) int64 -> (B, T, C), the last layer's output. types (B, T): which of two texts a token
 * belongs to; NULL: all to the first, 0. lengths (B) on the CPU: how many tokens of each row count,
 * 1 .. T; NULL: all. What stands behind a row's length changes nothing before it. hidden, unless
 * NULL, has room for num_hidden_layers + 1 tensors (B, T, C): what goes into each layer and what
 * comes out of the last, transformers' hidden_states. */
ore_tensor *bert_forward(const bert *model, ore_tensor *ids, ore_tensor *types, ore_tensor *lengths,
                         ore_tensor **hidden);

/* So many texts of one length. */
typedef struct bert_run {
    int64_t texts, length;
} bert_run;
/* Texts of several lengths without padding, one after the other: ids (N) int64, which are those of
 * `count` runs in turn, all of type 0 -> (N, C). Each text's rows are bitwise what bert_forward
 * makes of it alone. */
ore_tensor *bert_forward_runs(const bert *model, ore_tensor *ids, const bert_run *runs,
                              int64_t count);

/* Heads, of x = the last layer's output (B, T, C). ORE_INVALID for a model without that part. */
ore_tensor *bert_pool(const bert *model, ore_tensor *x);          /* (B, C) */
ore_tensor *bert_word_logits(const bert *model, ore_tensor *x);   /* (.., C) -> (.., V) */
ore_tensor *bert_next_sentence(const bert *model, ore_tensor *x); /* (B, 2): 0 means it follows */

/* ids (1, T) -> the masked-word head's logits (1, T, V); NULL, without an error, for a model that
 * has none. *hidden, unless NULL, becomes transformers' hidden_states, (layers + 1, T, C). */
ore_tensor *bert_look(const bert *model, ore_tensor *ids, ore_tensor **hidden);

/* ---- Hugging Face's folders (folder.c) ---- */

/* Whether it reads those of this model_type. */
bool bert_reads(const char *type);

/* Builds the model that config.json and model.safetensors, in one or many shards, of a folder hold,
 * for inference (ore_module_train begins training). Weights of float32 are the mapped file's:
 * ore_tensor_file_check of `file` tells whether what was read was whole. Those of half precision
 * become float32. Names that older versions wrote are read: gamma and beta of norms, position_ids,
 * a tied decoder. ORE_UNSUPPORTED, naming the key or the tensor, for what Ore lacks; ORE_DATA for
 * what does not fit together. A failure leaves nothing to free. */
ore_status bert_load(bert *model, const char *folder);
/* Writes config.json and model.safetensors, or its shards of at most so many bytes (0: one file),
 * weights as file_dtype, under the names above. Makes the folder. */
ore_status bert_save(const bert *model, const char *folder, int64_t shard_bytes);

#endif
