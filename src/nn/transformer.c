/* transformer.c: the layers and stacks of transformers, Vaswani et al. 2017, arXiv:1706.03762,
 * figure 1, and in the order "norm first" of Xiong et al. 2020, arXiv:2002.04745. */
#include <ore/init.h>
#include <ore/ops.h>

#include "nn/layer.h"
#include "nn/multihead.h"

ore_transformer_options ore_transformer_defaults(void) {
    return (ore_transformer_options){.dim_feedforward = 2048,
                                     .dropout = 0.1,
                                     .activation = ore_relu,
                                     .layer_norm_eps = 1e-5,
                                     .bias = true,
                                     .dtype = ORE_FLOAT32,
                                     .device = ORE_CPU};
}

/* ---- parts of the layers ---- */

static void add_attention(ore_multihead_attention *m, ore_module *parent, const char *name,
                          int64_t d_model, int64_t nhead, const ore_transformer_options *o) {
    ore_multihead_attention_options attention = ore_multihead_attention_defaults();
    attention.dropout = o->dropout;
    attention.bias = o->bias;
    attention.batch_first = o->batch_first;
    attention.num_kv_heads = o->num_kv_heads;
    attention.dtype = o->dtype;
    attention.device = o->device;
    attention.generator = o->generator;
    attention.dropout_generator = o->dropout_generator;
    ore_multihead_attention_init(m, parent, name, d_model, nhead, &attention);
}

static void add_linear(ore_linear *l, ore_module *parent, const char *name, int64_t in, int64_t out,
                       const ore_transformer_options *o) {
    ore_linear_options linear = {o->bias, o->dtype, o->device, o->generator};
    ore_linear_init(l, parent, name, in, out, &linear);
}

static void add_norm(ore_layer_norm *n, ore_module *parent, const char *name, int64_t d_model,
                     const ore_transformer_options *o) {
    ore_layer_norm_options norm = {o->layer_norm_eps, true, o->bias, o->dtype, o->device};
    ore_layer_norm_init(n, parent, name, ORE_SHAPE(d_model), &norm);
}

static void add_dropout(ore_dropout *d, ore_module *parent, const char *name,
                        const ore_transformer_options *o) {
    ore_dropout_init(d, parent, name, o->dropout);
    d->generator = o->dropout_generator;
}

static bool layer_fits(const ore_transformer_options *o) {
    if (!o->activation)
        ore_fail(ORE_INVALID, "transformer: the activation is NULL");
    return ore_ok();
}

static bool drops(const ore_dropout *d) {
    return d->module.training && d->p > 0;
}

/* stream + dropout(attention(query, memory, memory)), (B, L, E) */
static ore_tensor *add_attended(const ore_multihead_attention *m, const ore_dropout *drop,
                                ore_tensor *query, ore_tensor *memory, const ore_mask_parts *parts,
                                ore_tensor *stream) {
    if (!drops(drop))
        return ore_multihead_run(m, query, memory, memory, parts, stream, NULL);
    ore_tensor *y = ore_multihead_run(m, query, memory, memory, parts, NULL, NULL);
    return ore_add(stream, ore_dropout_forward(drop, y));
}

/* stream + dropout(linear2(dropout(activation(linear1(x))))) */
static ore_tensor *add_fed_forward(const ore_linear *linear1, const ore_dropout *inner,
                                   const ore_linear *linear2, const ore_dropout *outer,
                                   ore_tensor_function activation, ore_tensor *x,
                                   ore_tensor *stream) {
    ore_tensor *h = ore_linear_forward_activated(linear1, x, activation);
    if (drops(inner))
        h = ore_dropout_forward(inner, h);
    if (!drops(outer))
        return ore_linear_forward_add(linear2, h, stream);
    return ore_add(stream, ore_dropout_forward(outer, ore_linear_forward(linear2, h)));
}

static bool sequence_fits(const char *what, const ore_tensor *x, int64_t d_model) {
    char text[ORE_SHAPE_TEXT];
    if (!ore_ok())
        return false;
    if (!x)
        ore_fail(ORE_INVALID, "transformer: %s is NULL", what);
    else if ((ore_ndim(x) != 2 && ore_ndim(x) != 3) || ore_size(x, -1) != d_model)
        ore_fail(ORE_INVALID, "transformer: %s %s, expected two or three dims, the last of %lld",
                 what, ore_shape_text(ore_shape_of(x), text), (long long)d_model);
    return ore_ok();
}

/* ---- the encoder's layer ---- */

static ore_tensor *encoder_layer_function(const ore_module *module, ore_tensor *x) {
    return ore_transformer_encoder_layer_forward((const ore_transformer_encoder_layer *)module, x,
                                                 NULL);
}

ore_status ore_transformer_encoder_layer_init(ore_transformer_encoder_layer *l, ore_module *parent,
                                              const char *name, int64_t d_model, int64_t nhead,
                                              const ore_transformer_options *options) {
    ore_transformer_options o = options ? *options : ore_transformer_defaults();
    *l = (ore_transformer_encoder_layer){.activation = o.activation, .norm_first = o.norm_first};
    ore_module *m = &l->module;
    if (!ore_layer_begin(m, parent, name, "transformer_encoder_layer", encoder_layer_function))
        return ore_error_status();
    if (!layer_fits(&o))
        return ore_layer_end(m);
    add_attention(&l->self_attn, m, "self_attn", d_model, nhead, &o);
    add_linear(&l->linear1, m, "linear1", d_model, o.dim_feedforward, &o);
    add_dropout(&l->dropout, m, "dropout", &o);
    add_linear(&l->linear2, m, "linear2", o.dim_feedforward, d_model, &o);
    add_norm(&l->norm1, m, "norm1", d_model, &o);
    add_norm(&l->norm2, m, "norm2", d_model, &o);
    add_dropout(&l->dropout1, m, "dropout1", &o);
    add_dropout(&l->dropout2, m, "dropout2", &o);
    return ore_error_status();
}

/* x (B, T, E) */
static ore_tensor *encode(const ore_transformer_encoder_layer *l, ore_tensor *x,
                          const ore_mask_parts *parts) {
    if (!ore_module_begin(&l->module))
        return NULL;
    if (l->norm_first) {
        ore_tensor *h = ore_layer_norm_forward(&l->norm1, x);
        x = add_attended(&l->self_attn, &l->dropout1, h, h, parts, x);
        h = ore_layer_norm_forward(&l->norm2, x);
        x = add_fed_forward(&l->linear1, &l->dropout, &l->linear2, &l->dropout2, l->activation, h,
                            x);
    } else {
        x = add_attended(&l->self_attn, &l->dropout1, x, x, parts, x);
        x = ore_layer_norm_forward(&l->norm1, x);
        x = add_fed_forward(&l->linear1, &l->dropout, &l->linear2, &l->dropout2, l->activation, x,
                            x);
        x = ore_layer_norm_forward(&l->norm2, x);
    }
    return ore_module_result(&l->module, x);
}

/* Layers one after the other over x (T, E), (T, B, E) or (B, T, E), and the norm unless NULL. */
static ore_tensor *encode_all(const ore_module *module, const ore_transformer_encoder_layer *layers,
                              int64_t count, const ore_layer_norm *norm, ore_tensor *x,
                              const ore_multihead_mask *mask) {
    const ore_multihead_attention *first = &layers[0].self_attn;
    if (!sequence_fits("src", x, first->embed_dim))
        return ore_module_result(module, NULL);
    bool batched = ore_ndim(x) == 3, batch_first = first->batch_first;
    x = ore_batch_first(x, batched, batch_first);
    ore_attention_sizes n = {ore_size(x, 0), first->num_heads, ore_size(x, 1), ore_size(x, 1)};
    ore_mask_parts parts;
    if (!ore_mask_take_apart(mask, &n, batched, x, &parts))
        return ore_module_result(module, NULL);
    for (int64_t i = 0; i < count; i++) {
        ore_scope_begin(); /* a layer's temporaries go as soon as the graph allows */
        x = ore_keep(encode(&layers[i], x, &parts));
        ore_scope_end();
    }
    if (norm)
        x = ore_layer_norm_forward(norm, x);
    return ore_batch_as_given(x, batched, batch_first);
}

ore_tensor *ore_transformer_encoder_layer_forward(const ore_transformer_encoder_layer *l,
                                                  ore_tensor *src, const ore_multihead_mask *mask) {
    return ore_ok() ? encode_all(&l->module, l, 1, NULL, src, mask) : NULL;
}

/* ---- the decoder's layer ---- */

ore_status ore_transformer_decoder_layer_init(ore_transformer_decoder_layer *l, ore_module *parent,
                                              const char *name, int64_t d_model, int64_t nhead,
                                              const ore_transformer_options *options) {
    ore_transformer_options o = options ? *options : ore_transformer_defaults();
    *l = (ore_transformer_decoder_layer){.activation = o.activation, .norm_first = o.norm_first};
    ore_module *m = &l->module;
    if (!ore_layer_begin(m, parent, name, "transformer_decoder_layer", NULL))
        return ore_error_status();
    if (!layer_fits(&o))
        return ore_layer_end(m);
    add_attention(&l->self_attn, m, "self_attn", d_model, nhead, &o);
    add_attention(&l->multihead_attn, m, "multihead_attn", d_model, nhead, &o);
    add_linear(&l->linear1, m, "linear1", d_model, o.dim_feedforward, &o);
    add_dropout(&l->dropout, m, "dropout", &o);
    add_linear(&l->linear2, m, "linear2", o.dim_feedforward, d_model, &o);
    add_norm(&l->norm1, m, "norm1", d_model, &o);
    add_norm(&l->norm2, m, "norm2", d_model, &o);
    add_norm(&l->norm3, m, "norm3", d_model, &o);
    add_dropout(&l->dropout1, m, "dropout1", &o);
    add_dropout(&l->dropout2, m, "dropout2", &o);
    add_dropout(&l->dropout3, m, "dropout3", &o);
    return ore_error_status();
}

/* The three parts, each over what is given, added to x (B, L, E). */
static ore_tensor *attend_to_itself(const ore_transformer_decoder_layer *l, ore_tensor *h,
                                    const ore_mask_parts *parts, ore_tensor *x) {
    return add_attended(&l->self_attn, &l->dropout1, h, h, parts, x);
}

static ore_tensor *attend_to_memory(const ore_transformer_decoder_layer *l, ore_tensor *h,
                                    ore_tensor *memory, const ore_mask_parts *parts,
                                    ore_tensor *x) {
    return add_attended(&l->multihead_attn, &l->dropout2, h, memory, parts, x);
}

static ore_tensor *decoder_feed_forward(const ore_transformer_decoder_layer *l, ore_tensor *h,
                                        ore_tensor *x) {
    return add_fed_forward(&l->linear1, &l->dropout, &l->linear2, &l->dropout3, l->activation, h,
                           x);
}

static ore_tensor *decode(const ore_transformer_decoder_layer *l, ore_tensor *x, ore_tensor *memory,
                          const ore_mask_parts *parts, const ore_mask_parts *memory_parts) {
    if (!ore_module_begin(&l->module))
        return NULL;
    if (l->norm_first) {
        x = attend_to_itself(l, ore_layer_norm_forward(&l->norm1, x), parts, x);
        x = attend_to_memory(l, ore_layer_norm_forward(&l->norm2, x), memory, memory_parts, x);
        x = decoder_feed_forward(l, ore_layer_norm_forward(&l->norm3, x), x);
    } else {
        x = ore_layer_norm_forward(&l->norm1, attend_to_itself(l, x, parts, x));
        x = ore_layer_norm_forward(&l->norm2, attend_to_memory(l, x, memory, memory_parts, x));
        x = ore_layer_norm_forward(&l->norm3, decoder_feed_forward(l, x, x));
    }
    return ore_module_result(&l->module, x);
}

static bool memory_fits(const ore_tensor *x, const ore_tensor *memory, bool batched) {
    char text[ORE_SHAPE_TEXT], other[ORE_SHAPE_TEXT];
    bool fits = ore_ndim(memory) == (batched ? 3 : 2);
    if (!fits)
        ore_fail(ORE_INVALID, "transformer: tgt %s, memory %s, expected both with a batch or none",
                 ore_shape_text(ore_shape_of(x), text),
                 ore_shape_text(ore_shape_of(memory), other));
    return fits;
}

/* As encode_all. */
static ore_tensor *decode_all(const ore_module *module, const ore_transformer_decoder_layer *layers,
                              int64_t count, const ore_layer_norm *norm, ore_tensor *x,
                              ore_tensor *memory, const ore_multihead_mask *mask,
                              const ore_multihead_mask *memory_mask) {
    const ore_multihead_attention *first = &layers[0].self_attn;
    if (!sequence_fits("tgt", x, first->embed_dim) ||
        !sequence_fits("memory", memory, first->embed_dim))
        return ore_module_result(module, NULL);
    bool batched = ore_ndim(x) == 3, batch_first = first->batch_first;
    if (!memory_fits(x, memory, batched))
        return ore_module_result(module, NULL);
    x = ore_batch_first(x, batched, batch_first);
    memory = ore_batch_first(memory, batched, batch_first);
    ore_attention_sizes n = {ore_size(x, 0), first->num_heads, ore_size(x, 1), ore_size(x, 1)};
    ore_mask_parts parts, memory_parts;
    if (ore_size(memory, 0) != n.B)
        ore_fail(ORE_INVALID, "transformer: memory of %lld sequences, expected %lld, as of tgt",
                 (long long)ore_size(memory, 0), (long long)n.B);
    bool fits = ore_mask_take_apart(mask, &n, batched, x, &parts);
    n.S = ore_size(memory, 1);
    if (!fits || !ore_mask_take_apart(memory_mask, &n, batched, x, &memory_parts))
        return ore_module_result(module, NULL);
    for (int64_t i = 0; i < count; i++) {
        ore_scope_begin();
        x = ore_keep(decode(&layers[i], x, memory, &parts, &memory_parts));
        ore_scope_end();
    }
    if (norm)
        x = ore_layer_norm_forward(norm, x);
    return ore_batch_as_given(x, batched, batch_first);
}

ore_tensor *ore_transformer_decoder_layer_forward(const ore_transformer_decoder_layer *l,
                                                  ore_tensor *tgt, ore_tensor *memory,
                                                  const ore_multihead_mask *mask,
                                                  const ore_multihead_mask *memory_mask) {
    return ore_ok() ? decode_all(&l->module, l, 1, NULL, tgt, memory, mask, memory_mask) : NULL;
}

/* ---- stacks ---- */

/* Adds a layer by its number; NULL where a stack has none. */
typedef void (*layer_adder)(void *layers, int64_t i, ore_module *list, int64_t d_model,
                            int64_t nhead, const ore_transformer_options *o);

static void add_encoder_layer(void *layers, int64_t i, ore_module *list, int64_t d_model,
                              int64_t nhead, const ore_transformer_options *o) {
    ore_transformer_encoder_layer_init((ore_transformer_encoder_layer *)layers + i, list, NULL,
                                       d_model, nhead, o);
}

static void add_decoder_layer(void *layers, int64_t i, ore_module *list, int64_t d_model,
                              int64_t nhead, const ore_transformer_options *o) {
    ore_transformer_decoder_layer_init((ore_transformer_decoder_layer *)layers + i, list, NULL,
                                       d_model, nhead, o);
}

/* Every layer draws from where the generator stood at first, so that all get the same values. */
static void add_layers(ore_module *list, layer_adder add, void *layers, int64_t count,
                       int64_t d_model, int64_t nhead, const ore_transformer_options *o) {
    ore_generator *g = o->generator ? o->generator : ore_default_generator();
    uint8_t start[ORE_GENERATOR_STATE_BYTES];
    ore_generator_get_state(g, start);
    for (int64_t i = 0; i < count && ore_ok(); i++) {
        ore_generator_set_state(g, start, sizeof start);
        add(layers, i, list, d_model, nhead, o);
    }
}

static bool count_fits(const void *layers, int64_t count) {
    if (!layers || count < 1)
        ore_fail(ORE_INVALID, "transformer: num_layers %lld%s, expected at least 1",
                 (long long)count, layers ? "" : " without room for them");
    return ore_ok();
}

static ore_tensor *encoder_function(const ore_module *module, ore_tensor *x) {
    return ore_transformer_encoder_forward((const ore_transformer_encoder *)module, x, NULL);
}

ore_status ore_transformer_encoder_init(ore_transformer_encoder *e, ore_module *parent,
                                        const char *name, ore_transformer_encoder_layer *layers,
                                        int64_t num_layers, int64_t d_model, int64_t nhead,
                                        bool norm, const ore_transformer_options *options) {
    ore_transformer_options o = options ? *options : ore_transformer_defaults();
    *e = (ore_transformer_encoder){.layers = layers, .num_layers = num_layers, .has_norm = norm};
    if (!ore_layer_begin(&e->module, parent, name, "transformer_encoder", encoder_function))
        return ore_error_status();
    if (!count_fits(layers, num_layers))
        return ore_layer_end(&e->module);
    ore_module_list_init(&e->list, &e->module, "layers");
    add_layers(&e->list.module, add_encoder_layer, layers, num_layers, d_model, nhead, &o);
    if (norm)
        add_norm(&e->norm, &e->module, "norm", d_model, &o);
    return ore_error_status();
}

ore_tensor *ore_transformer_encoder_forward(const ore_transformer_encoder *e, ore_tensor *src,
                                            const ore_multihead_mask *mask) {
    if (!ore_module_begin(&e->module))
        return NULL;
    const ore_layer_norm *norm = e->has_norm ? &e->norm : NULL;
    ore_tensor *y = encode_all(&e->module, e->layers, e->num_layers, norm, src, mask);
    return ore_module_result(&e->module, y);
}

ore_status ore_transformer_decoder_init(ore_transformer_decoder *d, ore_module *parent,
                                        const char *name, ore_transformer_decoder_layer *layers,
                                        int64_t num_layers, int64_t d_model, int64_t nhead,
                                        bool norm, const ore_transformer_options *options) {
    ore_transformer_options o = options ? *options : ore_transformer_defaults();
    *d = (ore_transformer_decoder){.layers = layers, .num_layers = num_layers, .has_norm = norm};
    if (!ore_layer_begin(&d->module, parent, name, "transformer_decoder", NULL))
        return ore_error_status();
    if (!count_fits(layers, num_layers))
        return ore_layer_end(&d->module);
    ore_module_list_init(&d->list, &d->module, "layers");
    add_layers(&d->list.module, add_decoder_layer, layers, num_layers, d_model, nhead, &o);
    if (norm)
        add_norm(&d->norm, &d->module, "norm", d_model, &o);
    return ore_error_status();
}

ore_tensor *ore_transformer_decoder_forward(const ore_transformer_decoder *d, ore_tensor *tgt,
                                            ore_tensor *memory, const ore_multihead_mask *mask,
                                            const ore_multihead_mask *memory_mask) {
    if (!ore_module_begin(&d->module))
        return NULL;
    const ore_layer_norm *norm = d->has_norm ? &d->norm : NULL;
    ore_tensor *y =
        decode_all(&d->module, d->layers, d->num_layers, norm, tgt, memory, mask, memory_mask);
    return ore_module_result(&d->module, y);
}

/* ---- the whole ---- */

/* Every parameter of two dims or more, in order. */
static void draw_matrices(const ore_module *module, ore_generator *g) {
    ore_tensor_list list = ore_module_parameters(module);
    for (int64_t i = 0; i < list.count; i++)
        if (ore_ndim(list.items[i].tensor) > 1)
            ore_init_xavier_uniform(list.items[i].tensor, 1, g);
    ore_tensor_list_free(&list);
}

ore_status ore_transformer_init(ore_transformer *t, ore_module *parent, const char *name,
                                ore_transformer_encoder_layer *encoder_layers,
                                int64_t num_encoder_layers,
                                ore_transformer_decoder_layer *decoder_layers,
                                int64_t num_decoder_layers, int64_t d_model, int64_t nhead,
                                const ore_transformer_options *options) {
    if (!ore_layer_begin(&t->module, parent, name, "transformer", NULL))
        return ore_error_status();
    ore_transformer_encoder_init(&t->encoder, &t->module, "encoder", encoder_layers,
                                 num_encoder_layers, d_model, nhead, true, options);
    if (ore_ok())
        ore_transformer_decoder_init(&t->decoder, &t->module, "decoder", decoder_layers,
                                     num_decoder_layers, d_model, nhead, true, options);
    if (ore_ok())
        draw_matrices(&t->module, options ? options->generator : NULL);
    return ore_error_status();
}

ore_tensor *ore_transformer_forward(const ore_transformer *t, ore_tensor *src, ore_tensor *tgt,
                                    const ore_transformer_masks *masks) {
    if (!ore_module_begin(&t->module))
        return NULL;
    ore_transformer_masks none = {{0}, {0}, {0}};
    const ore_transformer_masks *m = masks ? masks : &none;
    ore_tensor *memory = ore_transformer_encoder_forward(&t->encoder, src, &m->src);
    ore_tensor *y = ore_transformer_decoder_forward(&t->decoder, tgt, memory, &m->tgt, &m->memory);
    return ore_module_result(&t->module, y);
}
