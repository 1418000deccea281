/* train_read.c: reads the command line of `ore train`: first which model it is for, then the
 * values, by the rows of that model. */
#include <stdlib.h>
#include <string.h>

#include <ore/io.h>

#include "config/train_depth.h"
#include "config/train_options.h"
#include "config/train_presets.h"

/* ---- which model ---- */

/* The model of this name; NULL with an error whose message begins with `label`. */
static const named_model *named(const char *name, const char *label) {
    char word[64];
    if (config_normalise(train_field("model"), name, label, word, sizeof word) != ORE_OK)
        return NULL;
    return model_find(name);
}

/* The model that the first word names. If there is --model too, it must name the same. */
static const named_model *model_of_word(const argument *word, const argument *flag) {
    char label[CONFIG_LABEL_BYTES];
    if (argument_check_word(word) != ORE_OK)
        return NULL;
    snprintf(label, sizeof label, "%.300s: unknown model", word->word);
    const named_model *m = named(word->word, label);
    if (!m || !flag || !flag->value || strcmp(flag->value, m->name) == 0)
        return m;
    ore_fail(ORE_INVALID, "--model %s: the first word is %s; expected one of them", flag->value,
             m->name);
    return NULL;
}

static const named_model *model_of_flag(const argument *flag) {
    char label[CONFIG_LABEL_BYTES];
    if (!flag->value) {
        ore_fail(ORE_INVALID, "--model: a value is missing");
        return NULL;
    }
    snprintf(label, sizeof label, "--model %.300s", flag->value);
    return named(flag->value, label);
}

static const char *value_of(const arguments *a, const char *key) {
    const argument *item = arguments_find(a, key);
    return item && item->value ? item->value : "";
}

static bool is_on(const arguments *a, const char *key) {
    const argument *item = arguments_find(a, key);
    return item && (!item->value || config_truth(item->value) == 1);
}

/* The model that a config file names; NULL without an error where it names none. */
static const named_model *model_of_file(const ore_json *file, const char *path) {
    char label[CONFIG_LABEL_BYTES];
    if (ore_json_kind_of(file, "model") != ORE_JSON_STRING)
        return NULL;
    const char *name = ore_json_get_string(file, "model");
    snprintf(label, sizeof label, "%.200s: model %.200s", path, name);
    return named(name, label);
}

static const named_model *model_of_run(const char *dir, train_saved_config saved) {
    char path[4096];
    ore_json *config = saved(dir);
    snprintf(path, sizeof path, "%s/config.json", dir);
    const named_model *m = config ? model_of_file(config, path) : NULL;
    ore_json_free(config);
    return m;
}

/* Sets the error for a command line that names no model. If one of its keys is unknown to all
 * models, the error says that instead. */
static ore_status fail_no_model(const arguments *a) {
    char names[CONFIG_DOMAIN_BYTES];
    int count;
    const option *rows = train_option_rows(model_at(0), &count);
    const options any = {.rows = rows, .count = count};
    for (int i = 0; i < a->count && ore_ok(); i++) {
        const char *key = a->items[i].key;
        bool known =
            train_field(key) || (argument_negated(key) && train_field(key + ARGUMENT_NO_BYTES));
        if (*key && !known)
            return options_fail_unknown(&any, key);
    }
    return ore_fail(ORE_INVALID, "which model? Expected %s as the first word",
                    train_model_names(names));
}

/* The model of the command line: that of the first word, of --model, of the file of --config, or of
 * the run to resume. *file becomes the contents of --config's file, owned by the caller, if it was
 * read; else NULL. */
static const named_model *model_asked(const arguments *a, train_saved_config saved,
                                      ore_json **file) {
    const argument *word = arguments_word(a, 0), *flag = arguments_find(a, "model");
    const char *config = value_of(a, "config");
    const named_model *m = NULL;
    if (word)
        return model_of_word(word, flag);
    if (flag)
        return model_of_flag(flag);
    if (*config) {
        *file = options_load_json(config);
        m = *file ? model_of_file(*file, config) : NULL;
    } else if (saved && is_on(a, "resume") && *value_of(a, "out")) {
        m = model_of_run(value_of(a, "out"), saved);
    }
    if (!m && ore_ok())
        fail_no_model(a);
    return m;
}

/* ---- its values ---- */

/* Makes a path absolute, since config.json may be read from another working directory. The path of
 * a file that does not exist is left as the user wrote it, for the error message. */
static ore_status make_absolute(train_options *t, const option *row) {
    char path[4096];
    option_value_text(&t->options, row, path, sizeof path);
    bool file = *path && strcmp(path, DATA_STANDARD_INPUT) != 0;
    char *absolute = file ? realpath(path, NULL) : NULL;
    ore_status status = absolute ? options_replace(&t->options, row->field.key, absolute) : ORE_OK;
    free(absolute);
    return status;
}

static ore_status make_all_absolute(train_options *t) {
    for (int i = 0; i < t->options.count && ore_ok(); i++)
        if (train_row_is_path(&t->options.rows[i]))
            make_absolute(t, &t->options.rows[i]);
    return ore_error_status();
}

/* Sets all values. `file` has the contents of --config's file, if it has been read already; else
 * NULL. */
static ore_status read_values(train_options *t, const arguments *a, ore_json *file) {
    const char *word;
    train_config *c = &t->config;
    if (options_take(&t->options, a, &word, 1) != ORE_OK)
        return ore_error_status();
    if (c->resume && c->force)
        return ore_fail(ORE_INVALID, "--force: cannot go with --resume; one replaces a run, the "
                                     "other goes on with it");
    t->options.origin[options_find(&t->options, "model") - t->options.rows] = ORIGIN_FLAG;
    if (file)
        options_parse_json(&t->options, file, c->config, ORIGIN_FILE);
    else if (*c->config)
        options_read_file(&t->options, c->config);
    return ore_ok() && train_preset_apply(t) == ORE_OK ? train_depth_apply(t) : ore_error_status();
}

ore_status train_options_read(train_options *t, const arguments *a, train_saved_config saved) {
    ore_json *file = NULL;
    *t = (train_options){0};
    const named_model *m = model_asked(a, saved, &file);
    if (m && train_options_init(t, m) == ORE_OK && read_values(t, a, file) == ORE_OK)
        make_all_absolute(t);
    ore_json_free(file);
    return ore_error_status();
}
