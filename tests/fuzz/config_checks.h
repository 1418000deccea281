/* config_checks.h: what must hold of any config of the GPT that was read from others' files. */
#ifndef ORE_FUZZ_CONFIG_CHECKS_H
#define ORE_FUZZ_CONFIG_CHECKS_H

#include <ore/init.h>
#include <ore/ops.h>

#include "check.h"
#include "models/gpt/gguf.h"
#include "models/gpt/parts.h"

/* What has been refused is damaged, or asks for what Ore lacks, and is told in one line. */
static inline void check_refusal(void) {
    check(ore_error_status() == ORE_DATA || ore_error_status() == ORE_UNSUPPORTED);
    check(*ore_error_message() && !strchr(ore_error_message(), '\n'));
    ore_error_clear();
}

/* A config that has been read says of each field what the field takes, and a model can be made of
 * it. Returns whether one was made, for those that are small enough to be made often. */
static inline bool check_config(const gpt_config *read, gpt *model) {
    const double most = 1e5; /* parameters */
    gpt_config c = gpt_config_settled(read);
    check(config_check(gpt_family.fields, &c) == ORE_OK && gpt_family.check(&c) == ORE_OK);
    if (gpt_family.parameters(&c) > most || c.n_layer > 8 || c.block_size > 1 << 16)
        return false;
    ore_skip_init_begin();
    ore_status status = gpt_init(model, &c, NULL);
    ore_skip_init_end();
    check(status == ORE_OK);
    return true;
}

/* The weights of a file are those of a model, which then answers, or are refused. */
static inline void check_weights(ore_tensor_file *file, gpt *model,
                                 ore_status (*read)(ore_tensor_file *file, gpt *model)) {
    if (read(file, model) != ORE_OK) {
        check_refusal();
        return;
    }
    ore_scope_begin();
    ore_no_grad_begin();
    ore_module_eval(&model->module);
    ore_module_to(&model->module, ORE_FLOAT32);
    check(gpt_forward(model, ore_zeros(ORE_SHAPE(1, 1), ORE_INT64)) != NULL);
    ore_no_grad_end();
    ore_scope_end();
}

#endif
