/* train_presets.c: named presets: the values that differ from the defaults. */
#include <string.h>

#include "cli/suggest.h"
#include "config/train_presets.h"

static const config_setting names[] = {
    {"documents", "lines"}, {"n_layer", "2"},         {"n_head", "4"},   {"n_embd", "64"},
    {"block_size", "16"},   {"batch_size", "64"},     {"steps", "3500"}, {"dropout", "0.1"},
    {"lr", "0.004"},        {"eval_interval", "500"}, {NULL, NULL},
};

static const config_setting shakespeare_char_cpu[] = {
    {"n_layer", "4"},        {"n_head", "4"},    {"n_embd", "128"},    {"block_size", "64"},
    {"batch_size", "12"},    {"steps", "2000"},  {"dropout", "0"},     {"bias", "true"},
    {"optimizer", "adamw"},  {"lr", "0.001"},    {"min_lr", "0.0001"}, {"schedule", "cosine"},
    {"warmup_steps", "100"}, {"beta1", "0.9"},   {"beta2", "0.99"},    {"weight_decay", "0.1"},
    {"decay", "matrices"},   {"grad_clip", "1"}, {NULL, NULL},
};

static const config_setting shakespeare_char[] = {
    {"n_layer", "6"},        {"n_head", "6"},         {"n_embd", "384"},
    {"block_size", "256"},   {"batch_size", "64"},    {"steps", "5000"},
    {"dropout", "0.2"},      {"bias", "false"},       {"lr", "0.001"},
    {"min_lr", "0.0001"},    {"warmup_steps", "100"}, {"beta2", "0.99"},
    {"weight_decay", "0.1"}, {"grad_clip", "1"},      {NULL, NULL},
};

static const config_setting notes[] = {
    {"norm", "post"},
    {"final_norm", "true"},
    {"activation", "relu"},
    {"tie_weights", "false"},
    {"bias", "true"},
    {"bias_qkv", "false"},
    {"bias_head", "true"},
    {"n_layer", "8"},
    {"n_head", "8"},
    {"n_embd", "512"},
    {"block_size", "128"},
    {"batch_size", "64"},
    {"dropout", "0.14"},
    {"steps", "12000"},
    {"optimizer", "adamw"},
    {"lr", "3e-06"},
    {"schedule", "constant"},
    {"warmup_steps", "0"},
    {"beta1", "0.9"},
    {"beta2", "0.999"},
    {"eps", "1e-08"},
    {"weight_decay", "0.01"},
    {"decay", "all"},
    {"grad_clip", "0"},
    {"invalid_utf8", "ignore"},
    {"strip_cr", "true"},
    {"eval_interval", "100"},
    {"eval_batches", "100"},
    {"convergence", "true"},
    {NULL, NULL},
};

/* GPT-2's smallest, trained as nanoGPT's config/train_gpt2.py does: 491,520 tokens a step. */
static const config_setting gpt2_124m[] = {
    {"n_layer", "12"},
    {"n_head", "12"},
    {"n_embd", "768"},
    {"block_size", "1024"},
    {"activation", "gelu_tanh"},
    {"batch_size", "12"},
    {"accumulate", "40"},
    {"steps", "600000"},
    {"lr", "0.0006"},
    {"min_lr", "6e-05"},
    {"warmup_steps", "2000"},
    {"beta2", "0.95"},
    {"weight_decay", "0.1"},
    {"grad_clip", "1"},
    {NULL, NULL},
};

/* The largest of github.com/karpathy/llama2.c, trained as its train.py does: Llama's form, with the
 * head tied. With 32,000 tokens it has 110 million weights. */
static const config_setting llama_110m[] = {
    {"n_layer", "12"},       {"n_head", "12"},         {"n_embd", "768"},
    {"n_inner", "2048"},     {"block_size", "1024"},   {"norm_kind", "rms"},
    {"positions", "rotary"}, {"mlp", "gated"},         {"activation", "silu"},
    {"fused_qkv", "false"},  {"bias", "false"},        {"batch_size", "128"},
    {"accumulate", "4"},     {"steps", "100000"},      {"lr", "0.0005"},
    {"min_lr", "0"},         {"warmup_steps", "1000"}, {"beta2", "0.95"},
    {"weight_decay", "0.1"}, {"grad_clip", "1"},       {NULL, NULL},
};

static const preset presets[] = {
    {"gpt", "names", "a small transformer on names, one a line; chosen where no data is given",
     names, true},
    {"gpt", "shakespeare-char-cpu", "characters of a text, small enough for minutes on a CPU",
     shakespeare_char_cpu, false},
    {"gpt", "shakespeare-char", "characters of a text, 10.7 million weights", shakespeare_char,
     false},
    {"gpt", "notes",
     "a course's classic post-norm script: 8 layers, constant learning rate, convergence "
     "report",
     notes, false},
    {"gpt", "gpt2-124m", "GPT-2's smallest, trained as nanoGPT does it; for --tokenizer FILE",
     gpt2_124m, false},
    {"gpt", "llama-110m", "Llama's form at that size, trained as llama2.c does it", llama_110m,
     false},
};

enum { PRESETS = sizeof presets / sizeof presets[0] };

int preset_count(void) {
    return PRESETS;
}

const preset *preset_at(int i) {
    return &presets[i];
}

const preset *preset_find(const char *name) {
    for (int i = 0; i < PRESETS; i++)
        if (strcmp(presets[i].name, name) == 0)
            return &presets[i];
    return NULL;
}

/* ---- applying ---- */

static const char *preset_name(const void *user, int i) {
    (void)user;
    return preset_at(i)->name;
}

/* The names of a model's presets: "names, .. or notes"; "" where it has none. */
static const char *presets_of(const char *model, char *text, size_t bytes) {
    size_t used = 0;
    int left = 0;
    for (int i = 0; i < preset_count(); i++)
        left += strcmp(preset_at(i)->model, model) == 0;
    text[0] = '\0';
    for (int i = 0; i < preset_count() && used < bytes; i++)
        if (strcmp(preset_at(i)->model, model) == 0)
            used += (size_t)snprintf(text + used, bytes - used, "%s%s",
                                     used == 0     ? ""
                                     : left-- == 2 ? " or "
                                                   : ", ",
                                     preset_at(i)->name);
    return text;
}

static ore_status fail_preset(const char *name, const char *model) {
    char list[256];
    const preset *other = preset_find(name);
    presets_of(model, list, sizeof list);
    const char *near = suggest_nearest(name, preset_name, preset_count(), NULL);
    if (other)
        return ore_fail(ORE_INVALID, "--preset %s: a recipe of %s; %s has %s", name, other->model,
                        model, *list ? list : "none");
    if (!*list)
        return ore_fail(ORE_INVALID, "--preset %s: %s has no presets", name, model);
    if (near && strcmp(preset_find(near)->model, model) == 0)
        return ore_fail(ORE_INVALID, "--preset %s: unknown preset; did you mean %s?", name, near);
    return ore_fail(ORE_INVALID, "--preset %s: unknown preset, expected %s", name, list);
}

/* The preset for a run of a model without data; NULL where it has none. */
static const preset *preset_without_data(const char *model) {
    for (int i = 0; i < PRESETS; i++)
        if (presets[i].without_data && strcmp(presets[i].model, model) == 0)
            return &presets[i];
    return NULL;
}

ore_status train_preset_apply(train_options *t) {
    const char *model = train_model_of(&t->config)->name;
    const train_config *c = &t->config;
    const preset *usual = preset_without_data(model);
    if (usual && !*c->preset && !*c->data && !c->resume)
        options_replace(&t->options, "preset", usual->name);
    if (!*c->preset || !ore_ok())
        return ore_error_status();
    const preset *chosen = preset_find(c->preset);
    if (!chosen || strcmp(chosen->model, model) != 0)
        return fail_preset(c->preset, model);
    for (const config_setting *s = chosen->settings; s->key; s++) {
        const option *row = options_find(&t->options, s->key);
        if (options_set(&t->options, row, s->text, ORIGIN_PRESET, s->key) != ORE_OK)
            return ore_error_status();
    }
    return ORE_OK;
}
