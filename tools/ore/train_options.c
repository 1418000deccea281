/* train_options.c: reading and resolving the config of `ore train`. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "suggest.h"
#include "train_options.h"
#include "train_presets.h"

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
static const option rows[] = {
#include "train_options.def"
};
#undef INT
#undef FLOAT
#undef SWITCH
#undef TEXT
#undef CHOICE

enum { ROWS = sizeof rows / sizeof rows[0] };
_Static_assert((int)ROWS <= (int)OPTION_ROWS_MAX, "more keys than an options struct holds");

const option *train_option_rows(int *count) {
    *count = ROWS;
    return rows;
}

/* ---- reading ------------------------------------------------------------------------------------
 */

/* The first word of the command line; a config file or --model may name it instead. */
static ore_status read_model(train_options *t, const char *name) {
    if (name) {
        char label[OPTION_LABEL_BYTES];
        snprintf(label, sizeof label, "%s: unknown model", name);
        return options_set(&t->options, options_find(&t->options, "model"), name, ORIGIN_FLAG,
                           label);
    }
    if (options_origin(&t->options, "model") == ORIGIN_DEFAULT)
        return ore_fail(ORE_INVALID, "which model? Expected: ore train gpt [--KEY VALUE ...]");
    return ORE_OK;
}

/* Relative paths would point elsewhere once the run is read from another folder. A file that is
 * not there stays as it was written, for the message that says so. */
static ore_status make_absolute(train_options *t, const char *key, char **path) {
    char *absolute = **path ? realpath(*path, NULL) : NULL;
    ore_status status = absolute ? options_replace(&t->options, key, absolute) : ORE_OK;
    free(absolute);
    return status;
}

static const char *preset_name(int i, const void *user) {
    (void)user;
    return preset_at(i)->name;
}

static ore_status fail_preset(const char *name) {
    char list[256] = "";
    for (int i = 0; i < preset_count(); i++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s",
                 i == 0                   ? ""
                 : i + 1 < preset_count() ? ", "
                                          : " or ",
                 preset_at(i)->name);
    }
    return ore_fail(ORE_INVALID, "--preset %s: unknown preset, expected %s", name, list);
}

static ore_status apply_preset(train_options *t) {
    const char *name = t->config.preset;
    const preset *chosen = preset_find(name);
    if (!chosen) {
        const char *near = suggest_nearest(name, preset_name, preset_count(), NULL);
        return near ? ore_fail(ORE_INVALID, "--preset %s: unknown preset; did you mean %s?", name,
                               near)
                    : fail_preset(name);
    }
    for (const setting *s = chosen->settings; s->key; s++) {
        const option *row = options_find(&t->options, s->key);
        if (options_set(&t->options, row, s->text, ORIGIN_PRESET, s->key) != ORE_OK)
            return ore_error_status();
    }
    return ORE_OK;
}

static bool wants_names(const train_config *c) {
    return !*c->preset && !*c->data && !c->resume;
}

ore_status train_options_read(train_options *t, int argc, char **argv) {
    const char *positional[1] = {NULL};
    int positionals;
    train_config *c = &t->config;
    *t = (train_options){0};
    if (options_init(&t->options, rows, ROWS, c) != ORE_OK ||
        options_parse_flags(&t->options, argc, argv, positional, 1, &positionals) != ORE_OK)
        return ore_error_status();
    if (c->resume && c->force)
        return ore_fail(ORE_INVALID, "--force: cannot go with --resume; one replaces a run, the "
                                     "other goes on with it");
    if (*c->config && options_read_file(&t->options, c->config) != ORE_OK)
        return ore_error_status();
    if (read_model(t, positional[0]) != ORE_OK ||
        (wants_names(c) && options_replace(&t->options, "preset", "names") != ORE_OK) ||
        (*c->preset && apply_preset(t) != ORE_OK))
        return ore_error_status();
    if (make_absolute(t, "data", &c->data) != ORE_OK ||
        make_absolute(t, "val_data", &c->val_data) != ORE_OK)
        return ore_error_status();
    return make_absolute(t, "vocab", &c->vocab);
}

void train_options_free(train_options *t) {
    options_free(&t->options);
}

/* ---- resolving ----------------------------------------------------------------------------------
 */

/* A key for several places counts where it was set later than the place's own key. */
static bool follows(const train_options *t, const char *key, const char *general) {
    return options_origin(&t->options, general) > options_origin(&t->options, key);
}

static void follow_float(const train_options *t, const char *key, double *value,
                         const char *general, double other) {
    if (isnan(*value) || follows(t, key, general))
        *value = other;
}

static void follow_switch(const train_options *t, const char *key, int *value, const char *general,
                          int other) {
    if (*value == OPTION_AUTO_BOOL || follows(t, key, general))
        *value = other;
}

static ore_status check_pairs(const train_config *c) {
    char a[64], b[64];
    if (c->n_embd % c->n_head != 0)
        return ore_fail(ORE_INVALID,
                        "--n-head %lld: does not divide --n-embd %lld; every head takes an equal "
                        "share of the channels",
                        (long long)c->n_head, (long long)c->n_embd);
    if (c->min_lr > c->lr && strcmp(c->schedule, "constant") != 0)
        return ore_fail(ORE_INVALID, "--min-lr %s: expected at most --lr %s",
                        option_number_text(c->min_lr, a, sizeof a),
                        option_number_text(c->lr, b, sizeof b));
    if (c->val_fraction + c->test_fraction >= 1)
        return ore_fail(ORE_INVALID,
                        "--val-fraction %s: with --test-fraction %s nothing is left to train on",
                        option_number_text(c->val_fraction, a, sizeof a),
                        option_number_text(c->test_fraction, b, sizeof b));
    if (c->nesterov && c->momentum <= 0)
        return ore_fail(ORE_INVALID, "--nesterov: expected a --momentum above 0");
    if (strcmp(c->positions, "sinusoidal") == 0 && c->n_embd % 2 != 0)
        return ore_fail(ORE_INVALID, "--n-embd %lld: sinusoidal positions need an even number",
                        (long long)c->n_embd);
    return ORE_OK;
}

ore_status train_options_resolve(train_options *t) {
    train_config *c = &t->config;
    follow_float(t, "attn_dropout", &c->attn_dropout, "dropout", c->dropout);
    follow_float(t, "resid_dropout", &c->resid_dropout, "dropout", c->dropout);
    follow_float(t, "mlp_dropout", &c->mlp_dropout, "dropout", c->dropout);
    follow_switch(t, "bias_qkv", &c->bias_qkv, "bias", c->bias);
    follow_switch(t, "bias_linear", &c->bias_linear, "bias", c->bias);
    follow_switch(t, "bias_norm", &c->bias_norm, "bias", c->bias);
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
    const char *slash = strrchr(c->data, '/');
    const char *stem = slash ? slash + 1 : c->data;
    const char *dot = strrchr(stem, '.');
    int length = dot && dot > stem ? (int)(dot - stem) : (int)strlen(stem);
    if (length == 0)
        snprintf(text, bytes, "runs/names");
    else
        snprintf(text, bytes, "runs/%.*s", length, stem);
    return text;
}

/* ---- going on with a run ------------------------------------------------------------------------
 */

static ore_status adopt_row(train_options *t, const train_options *run, const option *row,
                            const char *where) {
    char mine[4096], theirs[4096], flag[64];
    option_value_text(&t->options, row, mine, sizeof mine);
    option_value_text(&run->options, row, theirs, sizeof theirs);
    bool asked = options_origin(&t->options, row->key) >= ORIGIN_FILE && strcmp(mine, "auto") != 0;
    if (asked && strcmp(mine, theirs) != 0)
        return ore_fail(ORE_DATA, "%s %s: the run in %s has %s; a run keeps its config on --resume",
                        option_flag_text(row->key, flag, sizeof flag), *mine ? mine : "\"\"", where,
                        *theirs ? theirs : "none");
    return options_replace(&t->options, row->key, theirs);
}

ore_status train_options_adopt(train_options *t, const json_t *saved, const char *where) {
    train_options run = {0};
    char file[4096];
    snprintf(file, sizeof file, "%s/config.json", where);
    if (options_init(&run.options, rows, ROWS, &run.config) == ORE_OK)
        options_parse_json(&run.options, saved, file, ORIGIN_FILE);
    for (int i = 0; i < ROWS && ore_ok(); i++)
        if (rows[i].kind == OPTION_SAVED && adopt_row(t, &run, &rows[i], where) == ORE_OK)
            t->options.origin[i] = ORIGIN_FILE;
    options_free(&run.options);
    return ore_error_status();
}

/* ---- presets as documentation -------------------------------------------------------------------
 */

static void print_settings(const preset *p, FILE *out) {
    for (const setting *s = p->settings; s->key; s++)
        fprintf(out, "%s%s %s", s == p->settings ? "" : ", ", s->key, s->text);
}

void train_print_presets(FILE *out, bool markdown) {
    fputs("\nPresets\n", out);
    if (markdown)
        fputs("\n| name | what for | sets |\n|---|---|---|\n", out);
    for (int i = 0; i < preset_count(); i++) {
        const preset *p = preset_at(i);
        if (markdown) {
            fprintf(out, "| `%s` | %s | ", p->name, p->about);
            print_settings(p, out);
            fputs(" |\n", out);
        } else {
            char left[64];
            snprintf(left, sizeof left, "  %s", p->name);
            help_print_pair(out, left, p->about);
        }
    }
}
