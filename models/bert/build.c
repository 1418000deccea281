/* build.c: BERT's modules, named as in Hugging Face's checkpoints, and their first weights. */
#include <stdlib.h>

#include <ore/init.h>

#include "models/bert/bert_json.h"

/* ---- parts ---- */

static void add_linear(ore_linear *l, ore_module *parent, const char *name, int64_t in, int64_t out,
                       const bert *model) {
    ore_linear_options o = ore_linear_defaults();
    o.generator = model->generator;
    ore_linear_init(l, parent, name, in, out, &o);
    if (ore_ok()) {
        ore_init_normal(l->weight, 0, model->config.initializer_range, o.generator);
        ore_init_zeros(l->bias);
    }
}

static void add_norm(ore_layer_norm *n, ore_module *parent, const bert *model) {
    ore_layer_norm_options o = ore_layer_norm_defaults();
    o.eps = model->config.layer_norm_eps;
    ore_layer_norm_init(n, parent, "LayerNorm", ORE_SHAPE(model->config.hidden_size), &o);
}

static void add_dropout(ore_dropout *d, ore_module *parent, const bert *model) {
    ore_dropout_init(d, parent, "dropout", model->config.hidden_dropout_prob);
    d->generator = model->generator;
}

static void add_table(ore_embedding *e, bert *model, const char *name, int64_t rows, int64_t pad) {
    ore_embedding_options o = ore_embedding_defaults();
    o.generator = model->generator;
    o.padding_idx = pad;
    ore_embedding_init(e, &model->embeddings, name, rows, model->config.hidden_size, &o);
    if (!ore_ok())
        return;
    ore_init_normal(e->weight, 0, model->config.initializer_range, o.generator);
    if (pad >= 0) {
        ore_no_grad_begin();
        ore_fill_(ore_select(e->weight, 0, pad), 0);
        ore_no_grad_end();
    }
}

static void add_embeddings(bert *model, ore_module *body) {
    const bert_config *c = &model->config;
    ore_module_init(&model->embeddings, body, "embeddings");
    add_table(&model->words, model, "word_embeddings", c->vocab_size, c->pad_token_id);
    add_table(&model->positions, model, "position_embeddings", c->max_position_embeddings, -1);
    add_table(&model->types, model, "token_type_embeddings", c->type_vocab_size, -1);
    add_norm(&model->embedding_norm, &model->embeddings, model);
    add_dropout(&model->embedding_drop, &model->embeddings, model);
}

static void add_layer(bert_layer *l, bert *model) {
    int64_t C = model->config.hidden_size, I = model->config.intermediate_size;
    l->model = model;
    ore_module_init(&l->module, &model->layers.module, NULL);
    ore_module_init(&l->attention, &l->module, "attention");
    ore_module_init(&l->self, &l->attention, "self");
    add_linear(&l->query, &l->self, "query", C, C, model);
    add_linear(&l->key, &l->self, "key", C, C, model);
    add_linear(&l->value, &l->self, "value", C, C, model);
    ore_module_init(&l->attention_output, &l->attention, "output");
    add_linear(&l->attention_dense, &l->attention_output, "dense", C, C, model);
    add_norm(&l->attention_norm, &l->attention_output, model);
    add_dropout(&l->attention_drop, &l->attention_output, model);
    ore_module_init(&l->intermediate, &l->module, "intermediate");
    add_linear(&l->up, &l->intermediate, "dense", C, I, model);
    ore_module_init(&l->output, &l->module, "output");
    add_linear(&l->down, &l->output, "dense", I, C, model);
    add_norm(&l->norm, &l->output, model);
    add_dropout(&l->drop, &l->output, model);
}

/* ---- heads ---- */

static void add_word_head(bert *model) {
    const bert_config *c = &model->config;
    int64_t C = c->hidden_size;
    ore_linear_options o = ore_linear_defaults();
    o.bias = c->parts.decoder_bias;
    o.generator = model->generator;
    ore_module_init(&model->predictions, &model->cls, "predictions");
    model->word_bias = ore_zeros(ORE_SHAPE(c->vocab_size), ORE_FLOAT32);
    ore_module_register_parameter(&model->predictions, "bias", &model->word_bias);
    ore_module_init(&model->transform, &model->predictions, "transform");
    add_linear(&model->transform_dense, &model->transform, "dense", C, C, model);
    add_norm(&model->transform_norm, &model->transform, model);
    ore_linear_init(&model->decoder, &model->predictions, "decoder", C, c->vocab_size, &o);
    if (!ore_ok())
        return;
    if (c->tie_word_embeddings)
        ore_module_set_tensor(&model->decoder.module, "weight", model->words.weight);
    else
        ore_init_normal(model->decoder.weight, 0, c->initializer_range, o.generator);
    if (o.bias)
        ore_init_zeros(model->decoder.bias);
}

static void add_heads(bert *model, ore_module *body) {
    const bert_config *c = &model->config;
    if (c->parts.pooler) {
        ore_module_init(&model->pooler, body, "pooler");
        add_linear(&model->pooler_dense, &model->pooler, "dense", c->hidden_size, c->hidden_size,
                   model);
    }
    if (c->parts.words || c->parts.next_sentence)
        ore_module_init(&model->cls, &model->module, "cls");
    if (c->parts.words)
        add_word_head(model);
    if (c->parts.next_sentence)
        add_linear(&model->next_sentence, &model->cls, "seq_relationship", c->hidden_size, 2,
                   model);
}

/* ---- the whole ---- */

static void build(bert *model) {
    ore_module *body = &model->module;
    ore_module_init(&model->module, NULL, NULL);
    if (model->config.parts.prefixed) {
        body = &model->body;
        ore_module_init(body, &model->module, "bert");
    }
    add_embeddings(model, body);
    ore_module_init(&model->encoder, body, "encoder");
    ore_module_list_init(&model->layers, &model->encoder, "layer");
    for (int64_t i = 0; i < model->config.num_hidden_layers && ore_ok(); i++)
        add_layer(&model->layer[i], model);
    add_heads(model, body);
}

ore_status bert_init(bert *model, const bert_config *config, ore_generator *g) {
    *model = (bert){.config = *config, .file_dtype = ORE_FLOAT32, .generator = g};
    if (!ore_ok())
        return ore_error_status();
    if (bert_config_check(config) != ORE_OK) {
        ore_error_locate("bert");
        return ore_error_status();
    }
    if (config->parts.words || config->parts.next_sentence)
        model->config.parts.prefixed = true;
    model->layer = calloc((size_t)config->num_hidden_layers, sizeof *model->layer);
    if (!model->layer)
        return ore_fail(ORE_MEMORY, "bert: out of memory: %lld layers",
                        (long long)config->num_hidden_layers);
    ore_scope_begin();
    build(model);
    ore_scope_end();
    if (!ore_ok())
        bert_free(model);
    return ore_error_status();
}

void bert_free(bert *model) {
    if (!model->layer)
        return;
    ore_module_free(&model->module);
    ore_tensor_file_close(model->file);
    free(model->layer);
    model->layer = NULL;
    model->file = NULL;
}
