/* positions.c: the tables of rotary positions of a forward. */
#include <ore/ops.h>

#include "models/gpt/parts.h"

/* The config's options for a sequence of `length` tokens. */
static ore_rotary_options rotary_options(const gpt_config *c, int64_t length) {
    ore_rotary_options o = ore_rotary_defaults();
    o.theta = c->rope_theta;
    o.scaling = c->rope_scaling;
    o.factor = c->rope_factor;
    o.max_positions = c->rope_max > 0 ? c->rope_max : c->block_size;
    o.original_max_positions = c->rope_original;
    o.length = length;
    o.attention_factor = c->rope_attention_factor;
    o.beta_fast = c->rope_beta_fast;
    o.beta_slow = c->rope_beta_slow;
    o.low_freq_factor = c->rope_low_freq;
    o.high_freq_factor = c->rope_high_freq;
    return o;
}

void gpt_factors_init(gpt_factors *f, ore_module *parent, const char *name, int64_t count) {
    ore_module_init(&f->module, parent, name);
    f->weight = ore_ones(ORE_SHAPE(count), ORE_FLOAT32);
    ore_module_register_buffer(&f->module, "weight", &f->weight, true);
}

/* The numbers of factors, until the scope ends. */
static const double *numbers_of(const gpt_factors *f) {
    return ore_data(ore_to_device(ore_to(f->weight, ORE_FLOAT64), ORE_CPU));
}

static ore_status fill(const gpt *model, gpt_turn *turn, ore_tensor *places,
                       const ore_rotary_options *o) {
    ore_rotary_tables(places, model->config.rotary_dim, o, gpt_stream_dtype(model), &turn->cos,
                      &turn->sin);
    return ore_error_status();
}

bool gpt_keys_last(const gpt *model, int64_t held, int64_t length) {
    const gpt_config *c = &model->config;
    return c->rope_scaling != ORE_ROTARY_LONGROPE || held == 0 ||
           (held > c->rope_original) == (length > c->rope_original);
}

ore_status gpt_turns(const gpt *model, gpt_flow *f, int64_t start, int64_t T) {
    const gpt_config *c = &model->config;
    ore_tensor *places; /* (T), or (B, 1, T): the heads of a token stand at one place */
    if (f->documents)
        places = ore_unsqueeze(ore_document_positions(f->documents), 1);
    else
        places = ore_to_device(ore_arange((double)start, (double)(start + T), 1, ORE_INT64),
                               ore_tensor_device(model->wte.weight));
    ore_rotary_options o = rotary_options(c, start + T);
    if (c->rope_scaling == ORE_ROTARY_LONGROPE) {
        o.short_factors = numbers_of(&model->rope_short);
        o.long_factors = numbers_of(&model->rope_long);
    }
    if (fill(model, &f->turn, places, &o) != ORE_OK)
        return ore_error_status();
    f->local_turn = f->turn;
    if (c->window == 0 || c->rope_local_theta == 0)
        return ORE_OK;
    o = ore_rotary_defaults();
    o.theta = c->rope_local_theta;
    return fill(model, &f->local_turn, places, &o);
}
