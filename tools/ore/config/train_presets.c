/* train_presets.c: named recipes: what differs from the defaults. */
#include <string.h>

#include "config/train_presets.h"

static const setting names[] = {
    {"documents", "lines"}, {"n_layer", "2"},         {"n_head", "4"},   {"n_embd", "64"},
    {"block_size", "16"},   {"batch_size", "64"},     {"steps", "3500"}, {"dropout", "0.1"},
    {"lr", "0.004"},        {"eval_interval", "500"}, {NULL, NULL},
};

static const setting shakespeare_char_cpu[] = {
    {"n_layer", "4"},        {"n_head", "4"},    {"n_embd", "128"},    {"block_size", "64"},
    {"batch_size", "12"},    {"steps", "2000"},  {"dropout", "0"},     {"bias", "true"},
    {"optimizer", "adamw"},  {"lr", "0.001"},    {"min_lr", "0.0001"}, {"schedule", "cosine"},
    {"warmup_steps", "100"}, {"beta1", "0.9"},   {"beta2", "0.99"},    {"weight_decay", "0.1"},
    {"decay", "matrices"},   {"grad_clip", "1"}, {NULL, NULL},
};

static const setting shakespeare_char[] = {
    {"n_layer", "6"},        {"n_head", "6"},         {"n_embd", "384"},
    {"block_size", "256"},   {"batch_size", "64"},    {"steps", "5000"},
    {"dropout", "0.2"},      {"bias", "false"},       {"lr", "0.001"},
    {"min_lr", "0.0001"},    {"warmup_steps", "100"}, {"beta2", "0.99"},
    {"weight_decay", "0.1"}, {"grad_clip", "1"},      {NULL, NULL},
};

static const setting notes[] = {
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

static const preset presets[] = {
    {"gpt", "names", "a small transformer on names, one a line; chosen where no data is given",
     names},
    {"gpt", "shakespeare-char-cpu", "characters of a text, small enough for minutes on a CPU",
     shakespeare_char_cpu},
    {"gpt", "shakespeare-char", "characters of a text, 10.7 million weights", shakespeare_char},
    {"gpt", "notes",
     "a course's classic post-norm script: 8 layers, constant learning rate, convergence "
     "report",
     notes},
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
