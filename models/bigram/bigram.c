/* bigram.c: the table of pairs. */
#include <ore/ops.h>

#include "models/bigram/bigram.h"

ore_tensor *bigram_forward(const bigram *model, ore_tensor *ids) {
    char text[ORE_SHAPE_TEXT];
    if (ore_ok() && (ore_ndim(ids) != 2 || ore_size(ids, 1) < 1))
        ore_fail(ORE_INVALID, "bigram: ids %s, expected (N, T) with T >= 1",
                 ore_shape_text(ore_shape_of(ids), text));
    return ore_f_embedding(ore_select(ids, 1, -1), model->logits, -1);
}

static ore_tensor *forward(const ore_module *module, ore_tensor *ids) {
    return bigram_forward((const bigram *)module, ids);
}

ore_status bigram_init(bigram *model, const bigram_config *config) {
    bigram_config c = *config;
    *model = (bigram){0};
    if (family_prepare(&bigram_family, &c) != ORE_OK)
        return ore_error_status();
    ore_scope_begin();
    ore_module_init(&model->module, NULL, NULL);
    model->module.forward = forward;
    model->logits = ore_zeros(ORE_SHAPE(c.vocab_size, c.vocab_size), ORE_FLOAT32);
    ore_module_register_parameter(&model->module, "logits", &model->logits);
    ore_scope_end();
    if (!ore_ok())
        bigram_free(model);
    return ore_error_status();
}

void bigram_free(bigram *model) {
    if (!model->module.forward)
        return;
    ore_module_free(&model->module);
    *model = (bigram){0};
}
