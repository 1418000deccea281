/* train_init.c: beginning with the weights of another model, a run's or a published one. */
#include <stdio.h>
#include <stdlib.h>

#include <ore/init.h>
#include <ore/io.h>
#include <ore/weights.h>

#include "open/published.h"
#include "run/rundir.h"
#include "train/train_init.h"

/* ---- options ---- */

/* The options of the model at a path. Needs train_options_free, also after a failure. */
static ore_status read_options(train_options *theirs, const char *path) {
    char type[PUBLISHED_TYPE_BYTES], config[RUNDIR_PATH_BYTES];
    *theirs = (train_options){0};
    if (published_type(path, type))
        return published_options(theirs, path, type);
    ore_json *json = ore_ok() ? rundir_read_config(path) : NULL;
    if (json && rundir_path(path, "config.json", config) == ORE_OK)
        train_options_load(theirs, json, config);
    ore_json_free(json);
    return ore_error_status();
}

/* Takes a value in place of a default or of a preset's. */
static void take(train_options *t, const char *key, const char *text) {
    const option *row = options_find(&t->options, key);
    if (row && ore_ok())
        options_set(&t->options, row, text, ORIGIN_FILE, "--init");
}

static ore_status take_config(train_options *t, const train_options *theirs) {
    const model_family *family = family_of(&t->config);
    char text[64];
    if (family_of(&theirs->config) != family)
        return ore_fail(ORE_DATA, "--init %s: a model of %s; this run is one of %s", t->config.init,
                        family_of(&theirs->config)->name, family->name);
    for (const config_field *f = family->fields; f->key && ore_ok(); f++)
        if (!config_is_auto(f, theirs->config.net))
            take(t, f->key, config_text(f, theirs->config.net, text, sizeof text));
    take(t, "tokenizer", t->config.init);
    return ore_error_status();
}

ore_status train_init_options(train_options *t) {
    train_options theirs;
    if (!*t->config.init || t->config.resume)
        return ore_error_status();
    if (t->config.depth > 0)
        return ore_fail(ORE_INVALID, "--depth %lld: the sizes are those of the model of --init",
                        (long long)t->config.depth);
    char *path = realpath(t->config.init, NULL); /* config.json is read from other folders */
    if (!path)
        return ore_fail(ORE_IO, "--init %s: there is no such run, folder or file", t->config.init);
    options_replace(&t->options, "init", path);
    free(path);
    if (read_options(&theirs, t->config.init) == ORE_OK)
        take_config(t, &theirs);
    train_options_free(&theirs);
    return ore_error_status();
}

/* ---- weights ---- */

static ore_status load(const char *path, model *m) {
    char type[PUBLISHED_TYPE_BYTES], weights[RUNDIR_PATH_BYTES];
    if (published_type(path, type))
        m->family->published_load(m->module, path);
    else if (rundir_path(path, "model.safetensors", weights) == ORE_OK)
        ore_module_load_assign(m->module, weights);
    return ore_ok() ? ore_module_to(m->module, ORE_FLOAT32) : ore_error_status();
}

/* Whether the run in `dir` begins with those weights: --init names a model, and there is no
 * checkpoint to go on from. */
static bool begins_with_them(const train_config *c, const char *dir) {
    char *checkpoint = *c->init && c->resume ? ore_checkpoint_current(dir) : NULL;
    bool saved = checkpoint != NULL;
    ore_string_free(checkpoint);
    return *c->init && !saved && ore_ok();
}

ore_status train_init_model(const train_config *c, const char *dir, model *m, ore_generator *g) {
    bool loads = begins_with_them(c, dir);
    if (loads)
        ore_skip_init_begin();
    model_init(m, c, g);
    if (loads)
        ore_skip_init_end();
    if (loads && ore_ok() && load(c->init, m) != ORE_OK)
        ore_error_locate("--init");
    return ore_error_status();
}
