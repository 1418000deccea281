/* bert_tune.c: DIR IN.safetensors: trains the BERT of a folder on as a sentence encoder, as
 * sentence-transformers does with pairs: anchors and positives of IN, ids (steps, B, T), are pooled
 * by their mean and normalised, and each anchor must find its positive among those of its batch.
 * Prints each step's loss. For tests/bert_compare.py. */
#include <stdio.h>

#include <ore/ore.h>

#include "models/bert/bert.h"

enum { SCALE = 20 }; /* of cosines, sentence-transformers' */

static ore_tensor *vectors(const bert *model, ore_tensor *ids) {
    ore_tensor *mean = ore_mean(bert_forward(model, ids, NULL, NULL, NULL), ORE_DIMS(1), false);
    return ore_div(mean, ore_sqrt(ore_sum(ore_square(mean), ORE_DIMS(1), true)));
}

static void tune(bert *model, const char *in) {
    ore_safetensors *file = ore_safetensors_open(in);
    ore_tensor *anchors = ore_safetensors_tensor(file, "anchors");
    ore_tensor *positives = ore_safetensors_tensor(file, "positives");
    ore_adamw_options options = ore_adamw_defaults();
    options.lr = 1e-4;
    ore_optimizer *optimizer = ore_ok() ? ore_adamw_new(&model->module, &options) : NULL;
    for (int64_t step = 0; ore_ok() && step < ore_size(anchors, 0); step++) {
        ore_scope_begin();
        ore_tensor *a = vectors(model, ore_select(anchors, 0, step));
        ore_tensor *b = vectors(model, ore_select(positives, 0, step));
        ore_tensor *scores = ore_mul_scalar(ore_matmul(a, ore_transpose(b, 0, 1)), SCALE);
        ore_tensor *labels = ore_arange(0, (double)ore_size(anchors, 1), 1, ORE_INT64);
        ore_tensor *loss = ore_cross_entropy(scores, labels, NULL);
        ore_optimizer_zero_grad(optimizer);
        ore_backward(loss);
        ore_optimizer_step(optimizer);
        printf("%.9g\n", ore_item(loss));
        ore_scope_end();
    }
    ore_optimizer_free(optimizer);
    ore_safetensors_close(file);
}

int main(int argc, char **argv) {
    bert model;
    if (argc != 3)
        return 2;
    if (bert_load(&model, argv[1]) == ORE_OK)
        tune(&model, argv[2]);
    if (!ore_ok())
        fprintf(stderr, "%s\n", ore_error_message());
    bert_free(&model);
    return ore_ok() ? 0 : 1;
}
