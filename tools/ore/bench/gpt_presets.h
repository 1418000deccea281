/* gpt_presets.h: the GPTs that `ore bench` measures. */
#ifndef ORE_TOOL_GPT_PRESETS_H
#define ORE_TOOL_GPT_PRESETS_H

#include "models/gpt/gpt.h"

typedef struct gpt_preset {
    const char *name;
    int64_t vocab_size, n_layer, n_head, n_embd, block_size, batch_size, seq;
    bool post_norm; /* the model then has relu, an untied head and no last norm */
    double lr;
} gpt_preset;

/* The preset of this name; the first one for ""; NULL with ORE_INVALID for any other name. */
const gpt_preset *gpt_preset_find(const char *name);
gpt_config gpt_preset_config(const gpt_preset *p);

#endif
