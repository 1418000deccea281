/* transformer.h: multi-head attention as a module, and the layers and stacks of transformers
 * (Vaswani et al. 2017, arXiv:1706.03762). nn.h says what holds for all layers.
 *
 * Names, defaults, state and initial draws are those of torch.nn. Shapes below are written with
 * batch_first; without it, PyTorch's default, the first two dims of every input and output change
 * places: (T, B, E). The batch dim may be absent everywhere: (T, E). B is the batch, L the queries,
 * S the keys, E the width, H the heads, D = E / H. */
#ifndef ORE_TRANSFORMER_H
#define ORE_TRANSFORMER_H

#include <ore/nn.h>

ORE_BEGIN_DECLS

/* ---- what a query may see ---- */

/* A key is hidden from a query where any of these hides it; all may be left out. A query from which
 * every key is hidden gets zeros from the attention, and passes no gradient on. */
typedef struct ore_multihead_mask {
    ore_tensor *attn_mask; /* (L, S) or (B H, L, S): bool, true hides (as in torch's module, unlike
                              F.scaled_dot_product_attention); or of q's dtype, to be added */
    ore_tensor *key_padding_mask; /* (B, S), or (S) without a batch: the same of each key */
    ore_tensor *key_lengths;      /* (B), or (1) without a batch, int64: keys from there on */
    bool causal;                  /* query t sees keys 0 .. t + S - L; needs no attn_mask */
} ore_multihead_mask;

/* torch's generate_square_subsequent_mask: (size, size), -inf above the diagonal, else 0. */
ORE_API ore_tensor *ore_square_subsequent_mask(int64_t size, ore_dtype dtype);

/* ---- multi-head attention ---- */

/* H times softmax(q k^T / sqrt(D)) v, over D channels of linear maps of query, key and value; what
 * comes out is joined and mapped by out_proj. torch: nn.MultiheadAttention. With fewer heads of
 * keys and values than of queries (num_kv_heads K), each serves H / K heads of queries in turn:
 * grouped-query attention (Ainslie et al. 2023, arXiv:2305.13245), and with one, multi-query
 * attention (Shazeer 2019, arXiv:1911.02150). */
typedef struct ore_multihead_attention {
    ore_module module;
    /* (E + 2 K D, E), rows for queries, keys and values in turn; or, where kdim or vdim is not
     * embed_dim, NULL, and instead (E, E), (K D, kdim) and (K D, vdim). */
    ore_tensor *in_proj_weight, *q_proj_weight, *k_proj_weight, *v_proj_weight;
    ore_tensor *in_proj_bias;    /* (E + 2 K D), zeros; or NULL */
    ore_tensor *bias_k, *bias_v; /* (1, 1, K D): one more key and value for all; or NULL */
    ore_linear out_proj;         /* its weight is drawn as a linear layer's, its bias is 0 */
    int64_t embed_dim, num_heads, num_kv_heads, kdim, vdim;
    bool add_zero_attn, batch_first;
    double dropout;
    ore_generator *dropout_generator; /* NULL: the default one; may be set at any time */
} ore_multihead_attention;
typedef struct ore_multihead_attention_options {
    double dropout;       /* of the weights, while the module trains; 0 */
    bool bias;            /* true */
    bool add_bias_kv;     /* false: bias_k and bias_v */
    bool add_zero_attn;   /* false: one more key and value of zeros */
    bool batch_first;     /* false */
    int64_t kdim, vdim;   /* widths of key and value; 0: embed_dim */
    int64_t num_kv_heads; /* divides num_heads; 0: as many, as in torch */
    ore_dtype dtype;
    ore_device device;
    ore_generator *generator;
    ore_generator *dropout_generator;
} ore_multihead_attention_options;
ORE_API ore_multihead_attention_options ore_multihead_attention_defaults(void);
/* ORE_INVALID unless num_heads divides embed_dim. */
ORE_API ore_status ore_multihead_attention_init(ore_multihead_attention *m, ore_module *parent,
                                                const char *name, int64_t embed_dim,
                                                int64_t num_heads,
                                                const ore_multihead_attention_options *options);
/* query (B, L, E), key (B, S, kdim), value (B, S, vdim) -> (B, L, E). mask NULL: all is seen. The
 * same tensor as query, key and value is self-attention, as key and value cross-attention; the maps
 * of one tensor are then one product. torch: forward with need_weights=False. */
ORE_API ore_tensor *ore_multihead_attention_forward(const ore_multihead_attention *m,
                                                    ore_tensor *query, ore_tensor *key,
                                                    ore_tensor *value,
                                                    const ore_multihead_mask *mask);
/* The same, and *weights becomes the weights of keys that the result was made with, after dropout:
 * (B, L, S), averaged over the heads, or (B, H, L, S). bias_k and add_zero_attn each add one to S.
 * torch: need_weights=True, average_attn_weights. NULL and *weights NULL on failure. */
ORE_API ore_tensor *ore_multihead_attention_weights(const ore_multihead_attention *m,
                                                    ore_tensor *query, ore_tensor *key,
                                                    ore_tensor *value,
                                                    const ore_multihead_mask *mask, bool average,
                                                    ore_tensor **weights);

/* Under the names of its kinds: x attends to itself, or to memory. */
ORE_API ore_tensor *ore_self_attention_forward(const ore_multihead_attention *m, ore_tensor *x,
                                               const ore_multihead_mask *mask);
ORE_API ore_tensor *ore_cross_attention_forward(const ore_multihead_attention *m, ore_tensor *x,
                                                ore_tensor *memory, const ore_multihead_mask *mask);
/* One head of keys and values for each group of num_heads / num_kv_heads heads; one for all. */
ORE_API ore_status ore_grouped_query_attention_init(ore_multihead_attention *m, ore_module *parent,
                                                    const char *name, int64_t embed_dim,
                                                    int64_t num_heads, int64_t num_kv_heads,
                                                    const ore_multihead_attention_options *options);
ORE_API ore_status ore_multi_query_attention_init(ore_multihead_attention *m, ore_module *parent,
                                                  const char *name, int64_t embed_dim,
                                                  int64_t num_heads,
                                                  const ore_multihead_attention_options *options);

/* The parts of the forward, for callers that keep keys and values (infer.h), turn them by their
 * positions (position.h), or attend in another way. Inputs are (B, T, ..) whatever batch_first is.
 * queries gives (B, H, L, D); keys_values sets *k and *v, (B, K, S, D), of memory (B, S, E), which
 * is key and value; join maps heads (B, H, L, D) to (B, L, E). None has dropout, bias_k or
 * add_zero_attn. ORE_INVALID where kdim or vdim is not embed_dim. */
ORE_API ore_tensor *ore_multihead_attention_queries(const ore_multihead_attention *m,
                                                    ore_tensor *x);
ORE_API ore_status ore_multihead_attention_keys_values(const ore_multihead_attention *m,
                                                       ore_tensor *memory, ore_tensor **k,
                                                       ore_tensor **v);
ORE_API ore_tensor *ore_multihead_attention_join(const ore_multihead_attention *m,
                                                 ore_tensor *heads);

/* ---- layers ---- */

/* Options of the layers and stacks of this header. */
typedef struct ore_transformer_options {
    int64_t dim_feedforward;        /* 2048: the width between linear1 and linear2 */
    double dropout;                 /* 0.1: at every place that has one, attention weights too */
    ore_tensor_function activation; /* ore_relu; ore_gelu, or another */
    double layer_norm_eps;          /* 1e-5 */
    bool batch_first;               /* false */
    bool norm_first;                /* false: post-norm, norm(x + f(x)); true: x + f(norm(x)) */
    bool bias;                      /* true: in attention, linear layers and norms */
    int64_t num_kv_heads;           /* 0: as many as heads */
    ore_dtype dtype;
    ore_device device;
    ore_generator *generator;
    ore_generator *dropout_generator; /* NULL: the default one */
} ore_transformer_options;
ORE_API ore_transformer_options ore_transformer_defaults(void);

/* Self-attention, then a feed-forward part linear2(activation(linear1(x))), each added to what came
 * in and normalised. torch: nn.TransformerEncoderLayer. */
typedef struct ore_transformer_encoder_layer {
    ore_module module;
    ore_multihead_attention self_attn;
    ore_linear linear1, linear2;
    ore_layer_norm norm1, norm2;
    ore_dropout dropout, dropout1, dropout2; /* after the activation, the attention, linear2 */
    ore_tensor_function activation;
    bool norm_first;
} ore_transformer_encoder_layer;
ORE_API ore_status ore_transformer_encoder_layer_init(ore_transformer_encoder_layer *l,
                                                      ore_module *parent, const char *name,
                                                      int64_t d_model, int64_t nhead,
                                                      const ore_transformer_options *options);
/* (B, T, E) -> (B, T, E) */
ORE_API ore_tensor *ore_transformer_encoder_layer_forward(const ore_transformer_encoder_layer *l,
                                                          ore_tensor *src,
                                                          const ore_multihead_mask *mask);

/* Self-attention, attention to memory (multihead_attn), then the feed-forward part. torch:
 * nn.TransformerDecoderLayer. */
typedef struct ore_transformer_decoder_layer {
    ore_module module;
    ore_multihead_attention self_attn, multihead_attn;
    ore_linear linear1, linear2;
    ore_layer_norm norm1, norm2, norm3;
    ore_dropout dropout, dropout1, dropout2, dropout3; /* after the activation, both, linear2 */
    ore_tensor_function activation;
    bool norm_first;
} ore_transformer_decoder_layer;
ORE_API ore_status ore_transformer_decoder_layer_init(ore_transformer_decoder_layer *l,
                                                      ore_module *parent, const char *name,
                                                      int64_t d_model, int64_t nhead,
                                                      const ore_transformer_options *options);
/* tgt (B, L, E), memory (B, S, E) -> (B, L, E). `mask` is of tgt upon itself, `memory_mask` of tgt
 * upon memory. */
ORE_API ore_tensor *ore_transformer_decoder_layer_forward(const ore_transformer_decoder_layer *l,
                                                          ore_tensor *tgt, ore_tensor *memory,
                                                          const ore_multihead_mask *mask,
                                                          const ore_multihead_mask *memory_mask);

/* ---- stacks ---- */

/* Layers one after the other ("layers.0", ..), and with `norm` a last layer norm ("norm"). As
 * torch's, which copies one layer, all begin with the same values, and the generator gives those of
 * one layer. `layers` is the caller's array of num_layers structs, which the stack fills. torch:
 * nn.TransformerEncoder, nn.TransformerDecoder. */
typedef struct ore_transformer_encoder {
    ore_module module;
    ore_module_list list; /* "layers" */
    ore_transformer_encoder_layer *layers;
    int64_t num_layers;
    ore_layer_norm norm;
    bool has_norm;
} ore_transformer_encoder;
ORE_API ore_status ore_transformer_encoder_init(ore_transformer_encoder *e, ore_module *parent,
                                                const char *name,
                                                ore_transformer_encoder_layer *layers,
                                                int64_t num_layers, int64_t d_model, int64_t nhead,
                                                bool norm, const ore_transformer_options *options);
ORE_API ore_tensor *ore_transformer_encoder_forward(const ore_transformer_encoder *e,
                                                    ore_tensor *src,
                                                    const ore_multihead_mask *mask);

typedef struct ore_transformer_decoder {
    ore_module module;
    ore_module_list list; /* "layers" */
    ore_transformer_decoder_layer *layers;
    int64_t num_layers;
    ore_layer_norm norm;
    bool has_norm;
} ore_transformer_decoder;
ORE_API ore_status ore_transformer_decoder_init(ore_transformer_decoder *d, ore_module *parent,
                                                const char *name,
                                                ore_transformer_decoder_layer *layers,
                                                int64_t num_layers, int64_t d_model, int64_t nhead,
                                                bool norm, const ore_transformer_options *options);
ORE_API ore_tensor *ore_transformer_decoder_forward(const ore_transformer_decoder *d,
                                                    ore_tensor *tgt, ore_tensor *memory,
                                                    const ore_multihead_mask *mask,
                                                    const ore_multihead_mask *memory_mask);

/* Both, "encoder" and "decoder", each with a last norm; every matrix is drawn anew by
 * ore_init_xavier_uniform. torch: nn.Transformer, whose defaults are d_model 512, nhead 8 and 6
 * layers each. */
typedef struct ore_transformer {
    ore_module module;
    ore_transformer_encoder encoder;
    ore_transformer_decoder decoder;
} ore_transformer;
ORE_API ore_status ore_transformer_init(ore_transformer *t, ore_module *parent, const char *name,
                                        ore_transformer_encoder_layer *encoder_layers,
                                        int64_t num_encoder_layers,
                                        ore_transformer_decoder_layer *decoder_layers,
                                        int64_t num_decoder_layers, int64_t d_model, int64_t nhead,
                                        const ore_transformer_options *options);
/* Masks of src upon itself, tgt upon itself, and tgt upon the encoded src. */
typedef struct ore_transformer_masks {
    ore_multihead_mask src, tgt, memory;
} ore_transformer_masks;
/* src (B, S, E), tgt (B, L, E) -> (B, L, E); masks NULL: all is seen. */
ORE_API ore_tensor *ore_transformer_forward(const ore_transformer *t, ore_tensor *src,
                                            ore_tensor *tgt, const ore_transformer_masks *masks);

ORE_END_DECLS

#endif
