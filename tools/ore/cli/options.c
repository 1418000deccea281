/* options.c: the values of options and where they came from, and reading flags. */
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"

/* ---- names ---- */

const option *options_find(const options *o, const char *key) {
    for (int i = 0; i < o->count; i++)
        if (config_same_key(o->rows[i].field.key, key))
            return &o->rows[i];
    return NULL;
}

option_origin options_origin(const options *o, const char *key) {
    return o->origin[options_find(o, key) - o->rows];
}

const char *option_flag_text(const char *key, char *text, size_t bytes) {
    snprintf(text, bytes, "--%s", key);
    for (char *c = text; *c; c++)
        if (*c == '_')
            *c = '-';
    return text;
}

/* ---- values ---- */

void *options_part(const options *o, const option *row) {
    return o->structs.of_part[row->part];
}

/* ORE_INVALID for a text that is not UTF-8: config.json could not hold it. */
static ore_status check_utf8(const option *row, const char *text, const char *label) {
    if (row->field.type != CONFIG_TEXT || row->kind != OPTION_SAVED)
        return ORE_OK;
    ore_json *json = ore_json_object_new();
    if (json && ore_json_set_string(json, "", text) == ORE_DATA) {
        ore_error_clear();
        ore_fail(ORE_INVALID, "%s: expected UTF-8, as config.json keeps it", label);
    }
    ore_json_free(json);
    return ore_error_status();
}

ore_status options_set(options *o, const option *row, const char *text, option_origin origin,
                       const char *label) {
    option_origin *now = &o->origin[row - o->rows];
    char unused[1];
    if (check_utf8(row, text, label) != ORE_OK)
        return ore_error_status();
    if (origin < *now) /* a lower origin does not replace the value, which is only checked */
        return config_normalise(&row->field, text, label, unused, sizeof unused);
    ore_status status = config_set(&row->field, options_part(o, row), text, label);
    if (status == ORE_OK)
        *now = origin;
    return status;
}

ore_status options_replace(options *o, const char *key, const char *text) {
    const option *row = options_find(o, key);
    return config_set(&row->field, options_part(o, row), text, key);
}

ore_status options_settle(options *o) {
    for (int i = 0; i < o->count && ore_ok(); i++) {
        const config_field *f = &o->rows[i].field;
        const option *general = f->general ? options_find(o, f->general) : NULL;
        void *config = options_part(o, &o->rows[i]);
        if (general && (config_is_auto(f, config) || o->origin[general - o->rows] > o->origin[i]))
            config_copy(f, &general->field, config);
    }
    return ore_error_status();
}

static bool holds_text(const option *row) {
    return row->field.type == CONFIG_TEXT;
}

static char **text_of(const options *o, const option *row) {
    return (char **)(void *)((char *)options_part(o, row) + row->field.offset);
}

ore_status options_init(options *o, const option *rows, int count, option_structs structs) {
    *o = (options){.rows = rows, .count = count, .structs = structs};
    for (int i = 0; i < count; i++)
        if (holds_text(&rows[i]))
            *text_of(o, &rows[i]) = NULL;
    for (int i = 0; i < count; i++)
        if (config_set(&rows[i].field, options_part(o, &rows[i]), rows[i].field.fallback,
                       rows[i].field.key) != ORE_OK)
            return ore_error_status();
    return ORE_OK;
}

void options_free(options *o) {
    for (int i = 0; i < o->count; i++)
        if (holds_text(&o->rows[i])) {
            free(*text_of(o, &o->rows[i]));
            *text_of(o, &o->rows[i]) = NULL;
        }
}

const char *option_value_text(const options *o, const option *row, char *text, size_t bytes) {
    return config_text(&row->field, options_part(o, row), text, bytes);
}

/* ---- flags ---- */

ore_status options_fail_unknown(const options *o, const char *name) {
    char label[CONFIG_LABEL_BYTES], hint[OPTION_HINT_BYTES];
    snprintf(label, sizeof label, "--%.300s", name);
    if (o->refuse && (o->refuse(o, name, label) ||
                      (argument_negated(name) && o->refuse(o, name + ARGUMENT_NO_BYTES, label))))
        return ore_error_status();
    return ore_fail(ORE_INVALID, "--%s: unknown option%s", name,
                    options_hint(o, name, true, hint, sizeof hint));
}

/* ORE_INVALID for an empty value of a domain such as "FILE" or "auto|none|LIST". */
static ore_status fail_empty(const char *label, const char *domain) {
    char words[64];
    size_t at = 0;
    const char *bar = strchr(domain, '|');
    if (!bar)
        return ore_fail(ORE_INVALID, "%s: expected a %s", label, domain);
    for (; bar && at < sizeof words; bar = strchr(domain, '|')) {
        const char *behind = strchr(bar + 1, '|') ? ", " : " or ";
        at += (size_t)snprintf(words + at, sizeof words - at, "%.*s%s", (int)(bar - domain), domain,
                               behind);
        domain = bar + 1;
    }
    return ore_fail(ORE_INVALID, "%s: expected %s%s", label, words, domain);
}

static ore_status set_flag(options *o, const option *row, const char *text) {
    char flag[64], label[CONFIG_LABEL_BYTES];
    const config_field *f = &row->field;
    option_flag_text(f->key, flag, sizeof flag);
    snprintf(label, sizeof label, "%s %.300s", flag, *text ? text : "\"\"");
    /* An empty value mostly comes from a shell variable that is not set. The default would not be
     * what the user means. */
    if (f->type == CONFIG_TEXT && !*text && strcmp(f->domain, "TEXT") != 0)
        return fail_empty(label, f->domain);
    return options_set(o, row, text, ORIGIN_FLAG, label);
}

static ore_status fail_missing(const option *row, const char *next) {
    char flag[64];
    option_flag_text(row->field.key, flag, sizeof flag);
    return ore_fail(ORE_INVALID, "%s: a value is missing%s%s%s", flag, next ? "; for " : "",
                    next ? next : "", next ? " itself join them with =" : "");
}

static ore_status take_flag(options *o, const argument *a) {
    const option *row = options_find(o, a->key), *negated = NULL;
    if (!row && !a->value && argument_negated(a->key))
        negated = options_find(o, a->key + ARGUMENT_NO_BYTES);
    if (negated && negated->field.type == CONFIG_SWITCH)
        return set_flag(o, negated, "false");
    if (!row)
        return options_fail_unknown(o, a->key);
    if (!a->value && row->field.type != CONFIG_SWITCH)
        return fail_missing(row, a->next);
    return set_flag(o, row, a->value ? a->value : "true");
}

ore_status options_take(options *o, const arguments *a, const char **words, int capacity) {
    int n = 0;
    for (int i = 0; i < a->count; i++) {
        const argument *item = &a->items[i];
        if (*item->key) {
            if (take_flag(o, item) != ORE_OK)
                return ore_error_status();
        } else if (argument_check_word(item) != ORE_OK) {
            return ore_error_status();
        } else if (n == capacity) {
            return ore_fail(ORE_INVALID, "%s: one argument too many", item->word);
        } else {
            words[n++] = item->word;
        }
    }
    return ORE_OK;
}

/* ---- options of some actions alone ---- */

static bool has_word(const char *words, const char *word) {
    size_t length = strlen(word);
    for (const char *at = words; *at; at += strcspn(at, " ,")) {
        at += strspn(at, " ,");
        if (strcspn(at, " ,") == length && strncmp(at, word, length) == 0)
            return true;
    }
    return false;
}

ore_status options_check_action(const options *o, const option_users *users, int count,
                                const char *action) {
    char flag[64];
    for (int i = 0; i < count; i++)
        if (options_origin(o, users[i].key) == ORIGIN_FLAG && !has_word(users[i].actions, action))
            return ore_fail(ORE_INVALID, "%s: %s has no such option; it is one of %s",
                            option_flag_text(users[i].key, flag, sizeof flag), action,
                            users[i].actions);
    return ORE_OK;
}

/* ---- dtypes ---- */

const config_choice option_dtypes[] = {
    {"float32", ORE_FLOAT32}, {"f32", ORE_FLOAT32},     {"bfloat16", ORE_BFLOAT16},
    {"bf16", ORE_BFLOAT16},   {"float16", ORE_FLOAT16}, {"f16", ORE_FLOAT16},
    {NULL, 0}};
