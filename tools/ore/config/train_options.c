/* train_options.c: the values of the config of `ore train`. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ore/optim.h>

#include "config/train_options.h"

/* ---- the model ---- */

const named_model *train_model_of(const train_config *c) {
    return model_at(c->model);
}

const model_family *family_of(const train_config *c) {
    return train_model_of(c)->family;
}

const model_task *task_of(const train_config *c) {
    return family_task(family_of(c));
}

int64_t train_vocab_size(const train_config *c) {
    return family_vocab_size(family_of(c), c->net);
}

int64_t train_block_size(const train_config *c) {
    return family_block_size(family_of(c), c->net);
}

/* ---- making ---- */

ore_status train_options_init(train_options *t, const named_model *m) {
    int count;
    const option *rows = train_option_rows(m, &count);
    *t = (train_options){0};
    t->config.net = calloc(1, m->family->config_bytes);
    t->config.task = calloc(1, family_task(m->family)->config_bytes);
    if (!t->config.net || !t->config.task)
        return ore_fail(ORE_MEMORY, "%s: out of memory", m->name);
    options_init(&t->options, rows, count,
                 (option_structs){{&t->config, t->config.net, t->config.task}});
    t->options.refuse = train_refuse_key;
    return ore_error_status();
}

void train_options_free(train_options *t) {
    options_free(&t->options);
    free(t->config.net);
    free(t->config.task);
    t->config.net = t->config.task = NULL;
}

/* The model of a saved config. A config without a model's name is from a version that had only the
 * first model. */
static const named_model *model_of_saved(ore_json *saved, const char *file) {
    ore_json_kind kind = ore_json_kind_of(saved, "model");
    const char *name = kind == ORE_JSON_MISSING  ? model_at(0)->name
                       : kind == ORE_JSON_STRING ? ore_json_get_string(saved, "model")
                                                 : NULL;
    const named_model *m = name ? model_find(name) : NULL;
    char names[CONFIG_DOMAIN_BYTES];
    if (!m)
        ore_fail(ORE_DATA, "%s: model %.100s: expected one of %s", file,
                 name ? name : "that is no text", train_model_names(names));
    return m;
}

ore_status train_options_load(train_options *t, ore_json *saved, const char *file) {
    *t = (train_options){0};
    const named_model *m = model_of_saved(saved, file);
    if (m && train_options_init(t, m) == ORE_OK)
        options_parse_json(&t->options, saved, file, ORIGIN_FILE);
    return ore_error_status();
}

/* ---- resolving ---- */

static ore_status check_pairs(const train_config *c) {
    char a[ORE_NUMBER_TEXT_BYTES], b[ORE_NUMBER_TEXT_BYTES];
    if (strcmp(c->val_data, DATA_STANDARD_INPUT) == 0)
        return ore_fail(ORE_INVALID, "--val-data -: only --data reads standard input");
    if (c->min_lr > c->lr && c->schedule != ORE_SCHEDULE_CONSTANT)
        return ore_fail(ORE_INVALID, "--min-lr %s: expected at most --lr %s",
                        ore_number_text(c->min_lr, a), ore_number_text(c->lr, b));
    if (c->val_fraction + c->test_fraction >= 1)
        return ore_fail(ORE_INVALID,
                        "--val-fraction %s: with --test-fraction %s nothing is left to train on",
                        ore_number_text(c->val_fraction, a), ore_number_text(c->test_fraction, b));
    if (c->nesterov && c->momentum <= 0)
        return ore_fail(ORE_INVALID, "--nesterov: expected a --momentum above 0");
    return ORE_OK;
}

ore_status train_options_resolve(train_options *t) {
    train_config *c = &t->config;
    const model_family *f = family_of(c);
    const model_task *task = task_of(c);
    if (options_settle(&t->options) != ORE_OK || (f->check && f->check(c->net) != ORE_OK))
        return ore_error_status();
    if (isnan(c->min_lr))
        c->min_lr = c->lr / 10;
    if (c->stop_when_converged)
        c->convergence = 1;
    if (task->settle && task->settle(c->task, !*c->data) != ORE_OK)
        return ore_error_status();
    return check_pairs(c);
}

const char *train_default_out(const train_config *c, char *text, size_t bytes) {
    if (*c->preset) {
        snprintf(text, bytes, "runs/%s", c->preset);
        return text;
    }
    const char *data = strcmp(c->data, DATA_STANDARD_INPUT) == 0 ? "stdin" : c->data;
    const char *slash = strrchr(data, '/');
    const char *stem = slash ? slash + 1 : data;
    const char *dot = strrchr(stem, '.');
    int length = dot && dot > stem ? (int)(dot - stem) : (int)strlen(stem);
    const char *model = c->model == 0 ? "" : train_model_of(c)->name;
    const char *embedded = task_of(c)->embedded;
    snprintf(text, bytes, "runs/%s%s%.*s", model, *model ? "-" : "",
             length ? length : (int)strlen(embedded), length ? stem : embedded);
    return text;
}
