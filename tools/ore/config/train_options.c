/* train_options.c: reading and resolving the config of `ore train`. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <ore/io.h>

#include "config/family.h"
#include "run/rundir.h"
#include "cli/suggest.h"
#include "run/train_data.h"
#include "config/train_options.h"
#include "config/train_presets.h"

#define SAVED     OPTION_SAVED
#define UNSAVED   OPTION_UNSAVED
#define FLAG_ONLY (OPTION_UNSAVED | OPTION_FLAG_ONLY)
#define ROW(type, group, key, fallback, domain, kind, help)                                        \
    {group, #key, type, offsetof(train_config, key), fallback, domain, kind, help},
#define INT(...)    ROW(OPTION_INT, __VA_ARGS__)
#define FLOAT(...)  ROW(OPTION_FLOAT, __VA_ARGS__)
#define SWITCH(...) ROW(OPTION_BOOL, __VA_ARGS__)
#define TEXT(...)   ROW(OPTION_TEXT, __VA_ARGS__)
#define CHOICE(...) ROW(OPTION_CHOICE, __VA_ARGS__)
static const option all_rows[] = {
#include "config/train_options.def"
};
#undef INT
#undef FLOAT
#undef SWITCH
#undef TEXT
#undef CHOICE

enum { ROWS = sizeof all_rows / sizeof all_rows[0] };
_Static_assert((int)ROWS <= (int)OPTION_ROWS_MAX, "more keys than an options struct holds");

/* ---- the rows of a family ---- */

typedef struct row_table {
    const model_family *family; /* NULL: the table of all rows */
    int count;
    option rows[ROWS];
} row_table;

/* Changes a row into what the family has; false if the key is none of its own. */
static bool suit_row(option *row, const model_family *f) {
    const family_key *own = family_key_of(f, row->key);
    if (!own && strcmp(row->group, "Model") == 0)
        return false;
    if (strcmp(row->key, "model") == 0)
        row->fallback = f->name;
    if (own && own->fallback)
        row->fallback = own->fallback;
    if (own && own->domain)
        row->domain = own->domain;
    if (own && own->help)
        row->help = own->help;
    return true;
}

static void fill_table(row_table *table, const model_family *f) {
    table->family = f;
    for (int i = 0; i < ROWS; i++) {
        option row = all_rows[i];
        if (strcmp(row.key, "model") == 0)
            row.domain = family_names();
        if (!f || suit_row(&row, f))
            table->rows[table->count++] = row;
    }
}

const option *train_option_rows(const model_family *f, int *count) {
    enum { TABLES_MAX = 32 };
    static row_table tables[TABLES_MAX];
    row_table *table = tables;
    while (table->count > 0 && table->family != f)
        table++;
    if (table->count == 0)
        fill_table(table, f);
    *count = table->count;
    return table->rows;
}

/* "gpt and transformer": those that have the key. */
static const char *families_with(const char *key, char *text, size_t bytes) {
    const char *names[32];
    int count = 0;
    size_t used = 0;
    for (int i = 0; i < family_count(); i++)
        if (family_key_of(family_at(i), key))
            names[count++] = family_at(i)->name;
    text[0] = '\0';
    for (int i = 0; i < count && used < bytes; i++)
        used += (size_t)snprintf(text + used, bytes - used, "%s%s",
                                 i == 0           ? ""
                                 : i + 1 == count ? " and "
                                                  : ", ",
                                 names[i]);
    return text;
}

static bool refuse_key(const options *o, const char *key, const char *label) {
    options all = {.rows = all_rows, .count = ROWS};
    const option *row = options_find(&all, key);
    char text[256];
    if (!row || options_find(o, key))
        return false;
    ore_fail(ORE_INVALID, "%s: the model %s has no such option; it is one of %s", label,
             ((const train_config *)o->values)->model, families_with(row->key, text, sizeof text));
    return true;
}

ore_status train_options_init(train_options *t, const model_family *f) {
    int count;
    const option *rows = train_option_rows(f, &count);
    *t = (train_options){0};
    options_init(&t->options, rows, count, &t->config);
    if (!f)
        return ore_error_status();
    t->options.refuse = refuse_key;
    if (f->context > 0)
        t->config.block_size = f->context;
    return ore_error_status();
}

/* ---- reading ---- */

/* The name of the model that a config file is for, the caller's, or NULL. */
static char *model_of_file(const char *path) {
    ore_json *file = options_load_json(path);
    bool named = ore_json_kind_of(file, "model") == ORE_JSON_STRING;
    char *copy = named ? strdup(ore_json_get_string(file, "model")) : NULL;
    ore_json_free(file);
    return copy;
}

/* Checks the name as the value of the key "model"; `label` starts the message of a failure. */
static const model_family *named_family(train_options *t, const char *name, const char *label) {
    ore_status status =
        options_set(&t->options, options_find(&t->options, "model"), name, ORIGIN_FLAG, label);
    return status == ORE_OK ? family_find(name) : NULL;
}

/* The file that may say which model is meant: --config's, or that of the run to go on with; "" if
 * none is named, or it is not there. */
static const char *file_asked(const train_config *c, char *path) {
    path[0] = '\0';
    if (*c->config)
        snprintf(path, RUNDIR_PATH_BYTES, "%s", c->config);
    else if (c->resume && *c->out && rundir_check(c->out, true, false) == ORE_OK)
        rundir_path(c->out, "config.json", path);
    return path;
}

/* Of the first word, which --model may only repeat. */
static const model_family *family_of_word(train_options *t, const char *word) {
    char label[OPTION_LABEL_BYTES], asked[64] = "";
    if (options_origin(&t->options, "model") != ORIGIN_DEFAULT)
        snprintf(asked, sizeof asked, "%s", t->config.model);
    snprintf(label, sizeof label, "%s: unknown model", word);
    const model_family *f = named_family(t, word, label);
    if (!f || !*asked || strcmp(asked, f->name) == 0)
        return f;
    ore_fail(ORE_INVALID, "--model %s: the first word is %s; expected one of them", asked, f->name);
    return NULL;
}

/* Of the table of all keys, read only for the model's name: the first word of the command line,
 * --model, or the "model" of a file. What else is wrong shows when the rest is read by the family's
 * own rows. */
static const model_family *family_asked(train_options *t, int argc, char **argv) {
    const char *word = NULL;
    char label[OPTION_LABEL_BYTES], path[RUNDIR_PATH_BYTES], *name = NULL;
    const model_family *f = NULL;
    int words;
    if (options_parse_flags(&t->options, argc, argv, &word, 1, &words) != ORE_OK && !word &&
        options_origin(&t->options, "model") == ORIGIN_DEFAULT)
        return NULL;
    ore_error_clear();
    if (word)
        return family_of_word(t, word);
    if (options_origin(&t->options, "model") != ORIGIN_DEFAULT)
        return family_find(t->config.model);
    if (*file_asked(&t->config, path))
        name = model_of_file(path);
    snprintf(label, sizeof label, "%.200s: model %.200s", path, name ? name : "");
    if (name)
        f = named_family(t, name, label);
    else if (ore_ok())
        ore_fail(ORE_INVALID, "which model? Expected %s as the first word", family_names());
    free(name);
    return f;
}

static const model_family *find_family(int argc, char **argv) {
    train_options all;
    const model_family *f = NULL;
    if (train_options_init(&all, NULL) == ORE_OK)
        f = family_asked(&all, argc, argv);
    train_options_free(&all);
    return f;
}

/* Relative paths would point elsewhere once the run is read from another folder. A file that is
 * not there stays as it was written, for the message that says so. */
static ore_status make_absolute(train_options *t, const char *key, char **path) {
    bool file = **path && strcmp(*path, DATA_STANDARD_INPUT) != 0;
    char *absolute = file ? realpath(*path, NULL) : NULL;
    ore_status status = absolute ? options_replace(&t->options, key, absolute) : ORE_OK;
    free(absolute);
    return status;
}

/* ---- presets ---- */

static const char *preset_name(const void *user, int i) {
    (void)user;
    return preset_at(i)->name;
}

/* The names of a family's presets: "names, .. or notes"; "" where it has none. */
static const char *presets_of(const char *family, char *text, size_t bytes) {
    size_t used = 0;
    int left = 0;
    for (int i = 0; i < preset_count(); i++)
        left += strcmp(preset_at(i)->family, family) == 0;
    text[0] = '\0';
    for (int i = 0; i < preset_count() && used < bytes; i++)
        if (strcmp(preset_at(i)->family, family) == 0)
            used += (size_t)snprintf(text + used, bytes - used, "%s%s",
                                     used == 0     ? ""
                                     : left-- == 2 ? " or "
                                                   : ", ",
                                     preset_at(i)->name);
    return text;
}

static ore_status fail_preset(const char *name, const char *family) {
    char list[256];
    const preset *other = preset_find(name);
    presets_of(family, list, sizeof list);
    const char *near = suggest_nearest(name, preset_name, preset_count(), NULL);
    if (other)
        return ore_fail(ORE_INVALID, "--preset %s: a recipe of %s; %s has %s", name, other->family,
                        family, *list ? list : "none");
    if (!*list)
        return ore_fail(ORE_INVALID, "--preset %s: %s has no presets", name, family);
    if (near && strcmp(preset_find(near)->family, family) == 0)
        return ore_fail(ORE_INVALID, "--preset %s: unknown preset; did you mean %s?", name, near);
    return ore_fail(ORE_INVALID, "--preset %s: unknown preset, expected %s", name, list);
}

static ore_status apply_preset(train_options *t) {
    const preset *chosen = preset_find(t->config.preset);
    if (!chosen || strcmp(chosen->family, t->config.model) != 0)
        return fail_preset(t->config.preset, t->config.model);
    for (const setting *s = chosen->settings; s->key; s++) {
        const option *row = options_find(&t->options, s->key);
        if (options_set(&t->options, row, s->text, ORIGIN_PRESET, s->key) != ORE_OK)
            return ore_error_status();
    }
    return ORE_OK;
}

/* Without data a family that has a recipe for names takes it. */
static bool wants_names(const train_config *c) {
    return !*c->preset && !*c->data && !c->resume &&
           strcmp(preset_find("names")->family, c->model) == 0;
}

/* ---- the whole command line ---- */

static ore_status read_values(train_options *t, const model_family *f, int argc, char **argv) {
    const char *positional[1] = {NULL};
    int positionals;
    train_config *c = &t->config;
    if (options_parse_flags(&t->options, argc, argv, positional, 1, &positionals) != ORE_OK)
        return ore_error_status();
    if (c->resume && c->force)
        return ore_fail(ORE_INVALID, "--force: cannot go with --resume; one replaces a run, the "
                                     "other goes on with it");
    options_set(&t->options, options_find(&t->options, "model"), f->name, ORIGIN_FLAG, "model");
    if (*c->config && options_read_file(&t->options, c->config) != ORE_OK)
        return ore_error_status();
    if (wants_names(c))
        options_replace(&t->options, "preset", "names");
    return *c->preset ? apply_preset(t) : ore_error_status();
}

ore_status train_options_read(train_options *t, int argc, char **argv) {
    train_config *c = &t->config;
    *t = (train_options){0};
    const model_family *f = find_family(argc, argv);
    if (!f || train_options_init(t, f) != ORE_OK || read_values(t, f, argc, argv) != ORE_OK)
        return ore_error_status();
    if (make_absolute(t, "data", &c->data) != ORE_OK ||
        make_absolute(t, "val_data", &c->val_data) != ORE_OK)
        return ore_error_status();
    return make_absolute(t, "vocab", &c->vocab);
}

void train_options_free(train_options *t) {
    options_free(&t->options);
}

/* ---- resolving ---- */

static ore_status check_pairs(const train_config *c) {
    char a[ORE_NUMBER_TEXT_BYTES], b[ORE_NUMBER_TEXT_BYTES];
    if (strcmp(c->val_data, DATA_STANDARD_INPUT) == 0 || strcmp(c->vocab, DATA_STANDARD_INPUT) == 0)
        return ore_fail(ORE_INVALID, "--%s -: only --data reads standard input",
                        strcmp(c->vocab, DATA_STANDARD_INPUT) == 0 ? "vocab" : "val-data");
    if (c->min_lr > c->lr && strcmp(c->schedule, "constant") != 0)
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
    if (f->resolve && f->resolve(t) != ORE_OK)
        return ore_error_status();
    if (isnan(c->min_lr))
        c->min_lr = c->lr / 10;
    if (c->stop_when_converged)
        c->convergence = 1;
    if (strcmp(c->documents, "auto") == 0 &&
        options_replace(&t->options, "documents", *c->data ? "none" : "lines") != ORE_OK)
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
    bool gpt = family_of(c) == &family_gpt;
    snprintf(text, bytes, "runs/%s%s%.*s", gpt ? "" : c->model, gpt ? "" : "-",
             length ? length : (int)strlen("names"), length ? stem : "names");
    return text;
}

/* ---- going on with a run ---- */

/* A text that the run has may have moved; what comes from standard input is always compared. */
static bool may_have_moved(train_options *t, const option *row, const char *mine,
                           const char *theirs) {
    bool val = strcmp(row->key, "val_data") == 0;
    if ((!val && strcmp(row->key, "data") != 0) || !*mine || !*theirs)
        return false;
    snprintf(val ? t->asked_val_data : t->asked_data, sizeof t->asked_data, "%s", mine);
    return true;
}

static ore_status adopt_steps(train_options *t, const train_options *run, const char *where) {
    long long mine = t->config.steps, theirs = run->config.steps;
    if (mine < theirs)
        return ore_fail(
            ORE_DATA, "--steps %lld: the run in %s has %lld; --resume takes more steps, not fewer",
            mine, where, theirs);
    t->steps_before = mine > theirs ? theirs : 0;
    return ORE_OK;
}

static ore_status adopt_row(train_options *t, const train_options *run, const option *row,
                            const char *where) {
    char mine[4096], theirs[4096], flag[64];
    option_value_text(&t->options, row, mine, sizeof mine);
    option_value_text(&run->options, row, theirs, sizeof theirs);
    bool asked = options_origin(&t->options, row->key) >= ORIGIN_FILE && strcmp(mine, "auto") != 0;
    if (asked && strcmp(row->key, "steps") == 0)
        return adopt_steps(t, run, where);
    bool differs = strcmp(mine, theirs) != 0 || strcmp(mine, DATA_STANDARD_INPUT) == 0;
    if (asked && differs && !may_have_moved(t, row, mine, theirs))
        return ore_fail(ORE_DATA, "%s %s: the run in %s has %s; a run keeps its config on --resume",
                        option_flag_text(row->key, flag, sizeof flag), *mine ? mine : "\"\"", where,
                        *theirs ? theirs : "none");
    return options_replace(&t->options, row->key, theirs);
}

/* The family of a saved config; one without a model's name is older than the other models. */
static const model_family *family_of_saved(const ore_json *saved, const char *file) {
    ore_json_kind kind = ore_json_kind_of(saved, "model");
    const char *name = kind == ORE_JSON_MISSING  ? "gpt"
                       : kind == ORE_JSON_STRING ? ore_json_get_string(saved, "model")
                                                 : NULL;
    const model_family *f = name ? family_find(name) : NULL;
    if (!f)
        ore_fail(ORE_DATA, "%s: model %.100s: expected one of %s", file,
                 name ? name : "that is no text", family_names());
    return f;
}

ore_status train_options_load(train_options *t, ore_json *saved, const char *file) {
    *t = (train_options){0};
    const model_family *f = family_of_saved(saved, file);
    if (f && train_options_init(t, f) == ORE_OK)
        options_parse_json(&t->options, saved, file, ORIGIN_FILE);
    return ore_error_status();
}

ore_status train_options_adopt(train_options *t, ore_json *saved, const char *where) {
    train_options run;
    char file[4096];
    snprintf(file, sizeof file, "%s/config.json", where);
    if (train_options_load(&run, saved, file) == ORE_OK &&
        strcmp(run.config.model, t->config.model) != 0)
        ore_fail(ORE_DATA, "%s: the run in %s is one of %s; a run keeps its config on --resume",
                 t->config.model, where, run.config.model);
    for (int i = 0; i < t->options.count && ore_ok(); i++) {
        const option *row = &t->options.rows[i];
        if (row->kind == OPTION_SAVED && adopt_row(t, &run, row, where) == ORE_OK)
            t->options.origin[i] = ORIGIN_FILE;
    }
    train_options_free(&run);
    return ore_error_status();
}
