/* options_suggest.c: hints at what may have been meant by an unknown key. */
#include <string.h>

#include "cli/options.h"
#include "cli/suggest.h"

/* Keys of nanoGPT's train.py and sample.py that have another name in Ore. `note` is what to say
 * where there is no such key. */
static const struct {
    const char *name, *key, *note;
} nanogpt[] = {
    {"max_iters", "steps", NULL},
    {"learning_rate", "lr", NULL},
    {"warmup_iters", "warmup_steps", NULL},
    {"lr_decay_iters", "steps", NULL},
    {"decay_lr", "schedule", NULL},
    {"eval_iters", "eval_batches", NULL},
    {"gradient_accumulation_steps", "accumulate", NULL},
    {"dataset", "data", NULL},
    {"always_save_checkpoint", "checkpoint_interval", NULL},
    {"max_new_tokens", "tokens", NULL},
    {"num_samples", "num", NULL},
    {"start", "prompt", NULL},
    {"out_dir", "out", "a run is named by its folder, the first word after the command"},
    {"init_from", "resume", "a run is named by its folder, the first word after the command"},
    {"eval_only", NULL, "ore eval DIR measures a run"},
    {"wandb_log", NULL, "a run keeps its curves in metrics.jsonl and loss.svg"},
    {"wandb_project", NULL, "a run keeps its curves in metrics.jsonl and loss.svg"},
    {"wandb_run_name", NULL, "a run keeps its curves in metrics.jsonl and loss.svg"},
    {"compile", NULL, "Ore's kernels are compiled already"},
    {"backend", NULL, "Ore trains in one process"},
};

static const char *row_key(const void *user, int i) {
    return ((const options *)user)->rows[i].field.key;
}

/* A key as the user writes it: "--warmup-steps" as a flag, "warmup_steps" in a file. */
static const char *as_written(const char *key, bool flag, char *text, size_t bytes) {
    if (flag)
        return option_flag_text(key, text, bytes);
    snprintf(text, bytes, "%s", key);
    return text;
}

/* The hint for a key of nanoGPT; false if it is none, or this command has nothing for it. */
static bool hint_nanogpt(const options *o, const char *name, bool flag, char *text, size_t bytes) {
    char key[64];
    for (size_t i = 0; i < sizeof nanogpt / sizeof nanogpt[0]; i++) {
        if (!config_same_key(nanogpt[i].name, name))
            continue;
        bool has = nanogpt[i].key && options_find(o, nanogpt[i].key);
        if (has)
            snprintf(text, bytes, "; nanoGPT's %s is %s here", nanogpt[i].name,
                     as_written(nanogpt[i].key, flag, key, sizeof key));
        else if (nanogpt[i].note)
            snprintf(text, bytes, "; %s", nanogpt[i].note);
        return has || nanogpt[i].note;
    }
    return false;
}

const char *options_hint(const options *o, const char *name, bool flag, char *text, size_t bytes) {
    char key[64];
    text[0] = '\0';
    if (hint_nanogpt(o, name, flag, text, bytes))
        return text;
    const char *near = suggest_nearest(name, row_key, o->count, o);
    if (!near && argument_negated(name)) /* --no-steps */
        near = suggest_nearest(name + ARGUMENT_NO_BYTES, row_key, o->count, o);
    if (near)
        snprintf(text, bytes, "; did you mean %s?", as_written(near, flag, key, sizeof key));
    return text;
}
