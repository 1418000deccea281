/* bert_outputs.c: DIR IN.safetensors OUT.safetensors COPY: what the BERT of a folder makes of a
 * batch, ids, types and lengths of IN: hidden.N, pooled, words and next as far as it has them; and
 * the same model written to the folder COPY. For tests/bert_compare.py. */
#include <stdio.h>
#include <stdlib.h>

#include <ore/ore.h>

#include "models/bert/bert.h"

typedef struct outputs {
    ore_safetensors_item *items;
    int64_t count;
} outputs;

static void add(outputs *o, const char *name, ore_tensor *t) {
    o->items[o->count++] = (ore_safetensors_item){name, t};
}

static void compute(const bert *model, const char *in, const char *out) {
    int64_t layers = model->config.num_hidden_layers;
    ore_safetensors *file = ore_safetensors_open(in);
    ore_tensor **hidden = calloc((size_t)layers + 1, sizeof *hidden);
    char(*names)[32] = calloc((size_t)layers + 1, sizeof *names);
    outputs o = {calloc((size_t)layers + 8, sizeof *o.items), 0};
    ore_tensor *y = bert_forward(model, ore_safetensors_tensor(file, "ids"),
                                 ore_safetensors_tensor(file, "types"),
                                 ore_safetensors_tensor(file, "lengths"), hidden);
    for (int64_t i = 0; i <= layers && ore_ok(); i++) {
        snprintf(names[i], sizeof names[i], "hidden.%lld", (long long)i);
        add(&o, names[i], hidden[i]);
    }
    if (model->config.parts.pooler)
        add(&o, "pooled", bert_pool(model, y));
    if (model->config.parts.words)
        add(&o, "words", bert_word_logits(model, y));
    if (model->config.parts.next_sentence)
        add(&o, "next", bert_next_sentence(model, y));
    if (ore_ok())
        ore_safetensors_write(out, o.items, o.count, NULL);
    free(o.items);
    free(names);
    free(hidden);
    ore_safetensors_close(file);
}

int main(int argc, char **argv) {
    bert model;
    if (argc != 5)
        return 2;
    ore_no_grad_begin();
    if (bert_load(&model, argv[1]) == ORE_OK) {
        compute(&model, argv[2], argv[3]);
        bert_save(&model, argv[4], 0);
    }
    ore_no_grad_end();
    if (!ore_ok())
        fprintf(stderr, "%s\n", ore_error_message());
    bert_free(&model);
    return ore_ok() ? 0 : 1;
}
