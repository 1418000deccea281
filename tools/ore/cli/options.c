/* options.c: checking and storing values, and reading flags. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"

/* ---- names ---- */

bool options_same_key(const char *a, const char *b) {
    for (; *a && *b; a++, b++)
        if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')))
            return false;
    return *a == *b;
}

bool option_negated(const char *name) {
    return strncmp(name, "no-", OPTION_NO_BYTES) == 0 || strncmp(name, "no_", OPTION_NO_BYTES) == 0;
}

const option *options_find(const options *o, const char *key) {
    for (int i = 0; i < o->count; i++)
        if (options_same_key(o->rows[i].key, key))
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

static void *value_of(const options *o, const option *row) {
    return (char *)o->values + row->offset;
}

static bool takes_auto(const option *row) {
    return strcmp(row->fallback, "auto") == 0;
}

/* ---- ranges ---- */

typedef struct range {
    bool low_open, high_open;
    char low[32], high[32]; /* "" where a side has no bound */
} range;

/* From "[0, 1)". */
static range range_of(const option *row) {
    range r = {.low_open = row->domain[0] == '('};
    char last = 0;
    int read = sscanf(row->domain + 1, " %31[^, ] , %31[^])]%c", r.low, r.high, &last);
    if (read < 2) {
        r.high[0] = '\0';
        last = row->domain[strlen(row->domain) - 1];
    }
    r.high_open = last == ')';
    return r;
}

const char *option_range_text(const option *row, char *text, size_t bytes) {
    range r = range_of(row);
    snprintf(text, bytes, "%s%s%s%s%s", r.low, r.low_open ? " < " : " <= ", row->key,
             !*r.high      ? ""
             : r.high_open ? " < "
                           : " <= ",
             r.high);
    return text;
}

static bool in_range(const option *row, double value) {
    range r = range_of(row);
    double low = strtod(r.low, NULL), high = *r.high ? strtod(r.high, NULL) : INFINITY;
    bool above = r.low_open ? value > low : value >= low;
    bool below = !*r.high || (r.high_open ? value < high : value <= high);
    return above && below;
}

static ore_status fail_range(const option *row, const char *label) {
    char text[128];
    return ore_fail(ORE_INVALID, "%s: out of range, expected %s", label,
                    option_range_text(row, text, sizeof text));
}

/* ---- values ---- */

static ore_status store_int(const option *row, int64_t *value, const char *text,
                            const char *label) {
    char *end;
    errno = 0;
    long long parsed = strtoll(text, &end, 10);
    if (end == text || *end)
        return ore_fail(ORE_INVALID, "%s: expected an integer%s", label,
                        takes_auto(row) ? " or auto" : "");
    if (errno == ERANGE || !in_range(row, (double)parsed))
        return fail_range(row, label);
    *value = parsed;
    return ORE_OK;
}

static ore_status store_float(const option *row, double *value, const char *text,
                              const char *label) {
    char *end;
    double parsed = strtod(text, &end);
    if (end == text || *end || isnan(parsed))
        return ore_fail(ORE_INVALID, "%s: expected a number%s", label,
                        takes_auto(row) ? " or auto" : "");
    if (!isfinite(parsed) || !in_range(row, parsed))
        return fail_range(row, label);
    *value = parsed;
    return ORE_OK;
}

/* 1, 0, or -1 where text is neither. */
static int truth_of(const char *text) {
    static const char *const yes[] = {"true", "1", "yes", "on"};
    static const char *const no[] = {"false", "0", "no", "off"};
    for (int i = 0; i < 4; i++) {
        if (strcmp(text, yes[i]) == 0)
            return 1;
        if (strcmp(text, no[i]) == 0)
            return 0;
    }
    return -1;
}

static ore_status store_bool(const option *row, int *value, const char *text, const char *label) {
    int truth = truth_of(text);
    if (truth < 0)
        return ore_fail(ORE_INVALID, "%s: expected true or false%s", label,
                        takes_auto(row) ? " or auto" : "");
    *value = truth;
    return ORE_OK;
}

static ore_status store_text(char **value, const char *text) {
    char *copy = strdup(text);
    if (!copy)
        return ore_fail(ORE_MEMORY, "options: no memory");
    free(*value);
    *value = copy;
    return ORE_OK;
}

/* What config.json is to hold must be what JSON can. */
static ore_status store_saved_text(const option *row, char **value, const char *text,
                                   const char *label) {
    ore_json *json = row->kind == OPTION_SAVED ? ore_json_object_new() : NULL;
    if (json && ore_json_set_string(json, "", text) == ORE_DATA) {
        ore_error_clear();
        ore_fail(ORE_INVALID, "%s: expected UTF-8, as config.json keeps it", label);
    }
    ore_json_free(json);
    return ore_ok() ? store_text(value, text) : ore_error_status();
}

/* The i-th word of "a|b|c" into word; false past the last. */
static bool choice_word(const char *domain, int i, char *word, size_t bytes) {
    for (; i > 0; i--) {
        domain = strchr(domain, '|');
        if (!domain)
            return false;
        domain++;
    }
    snprintf(word, bytes, "%.*s", (int)strcspn(domain, "|"), domain);
    return true;
}

static ore_status store_choice(const option *row, char **value, const char *text,
                               const char *label) {
    char word[32], list[256] = "";
    for (int i = 0; choice_word(row->domain, i, word, sizeof word); i++)
        if (strcmp(word, text) == 0)
            return store_text(value, text);
    for (const char *c = row->domain; *c; c++) {
        size_t used = strlen(list);
        if (*c != '|')
            snprintf(list + used, sizeof list - used, "%c", *c);
        else
            snprintf(list + used, sizeof list - used, "%s", strchr(c + 1, '|') ? ", " : " or ");
    }
    return ore_fail(ORE_INVALID, "%s: expected %s%s", label, list,
                    takes_auto(row) ? " (or auto)" : "");
}

static ore_status store_auto(const option *row, void *value) {
    switch (row->type) {
    case OPTION_INT:
        *(int64_t *)value = OPTION_AUTO_INT;
        return ORE_OK;
    case OPTION_FLOAT:
        *(double *)value = NAN;
        return ORE_OK;
    case OPTION_BOOL:
        *(int *)value = OPTION_AUTO_BOOL;
        return ORE_OK;
    case OPTION_TEXT:
    case OPTION_CHOICE:
        return store_text((char **)value, "auto");
    }
    return ORE_OK;
}

static ore_status store(const option *row, void *value, const char *text, const char *label) {
    if (takes_auto(row) && strcmp(text, "auto") == 0)
        return store_auto(row, value);
    switch (row->type) {
    case OPTION_INT:
        return store_int(row, value, text, label);
    case OPTION_FLOAT:
        return store_float(row, value, text, label);
    case OPTION_BOOL:
        return store_bool(row, value, text, label);
    case OPTION_TEXT:
        return store_saved_text(row, (char **)value, text, label);
    case OPTION_CHOICE:
        return store_choice(row, (char **)value, text, label);
    }
    return ORE_OK;
}

static bool holds_text(const option *row) {
    return row->type == OPTION_TEXT || row->type == OPTION_CHOICE;
}

ore_status options_set(options *o, const option *row, const char *text, option_origin origin,
                       const char *label) {
    option_origin *now = &o->origin[row - o->rows];
    union {
        int64_t i;
        double f;
        int b;
        char *text;
    } checked = {0};
    bool kept = origin < *now;
    ore_status status = store(row, kept ? (void *)&checked : value_of(o, row), text, label);
    if (kept && holds_text(row))
        free(checked.text);
    if (status == ORE_OK && !kept)
        *now = origin;
    return status;
}

ore_status options_replace(options *o, const char *key, const char *text) {
    const option *row = options_find(o, key);
    return store(row, value_of(o, row), text, key);
}

ore_status options_init(options *o, const option *rows, int count, void *values) {
    *o = (options){.rows = rows, .count = count, .values = values};
    for (int i = 0; i < count; i++)
        if (holds_text(&rows[i]))
            *(char **)value_of(o, &rows[i]) = NULL;
    for (int i = 0; i < count; i++)
        if (store(&rows[i], value_of(o, &rows[i]), rows[i].fallback, rows[i].key) != ORE_OK)
            return ore_error_status();
    return ORE_OK;
}

void options_free(options *o) {
    for (int i = 0; i < o->count; i++)
        if (holds_text(&o->rows[i])) {
            char **text = value_of(o, &o->rows[i]);
            free(*text);
            *text = NULL;
        }
}

const char *option_number_text(double value, char text[ORE_NUMBER_TEXT_BYTES]) {
    if (isnan(value))
        return strcpy(text, "auto");
    return ore_number_text(value, text);
}

const char *option_value_text(const options *o, const option *row, char *text, size_t bytes) {
    const void *value = value_of(o, row);
    char number[ORE_NUMBER_TEXT_BYTES];
    switch (row->type) {
    case OPTION_INT:
        if (*(const int64_t *)value == OPTION_AUTO_INT)
            snprintf(text, bytes, "auto");
        else
            snprintf(text, bytes, "%lld", (long long)*(const int64_t *)value);
        break;
    case OPTION_FLOAT:
        snprintf(text, bytes, "%s", option_number_text(*(const double *)value, number));
        break;
    case OPTION_BOOL: {
        int truth = *(const int *)value;
        snprintf(text, bytes, "%s", truth < 0 ? "auto" : truth ? "true" : "false");
        break;
    }
    case OPTION_TEXT:
    case OPTION_CHOICE:
        snprintf(text, bytes, "%s", *(char *const *)value);
        break;
    }
    return text;
}

/* ---- flags ---- */

ore_status options_fail_unknown(const options *o, const char *name) {
    char label[OPTION_LABEL_BYTES], hint[OPTION_HINT_BYTES];
    snprintf(label, sizeof label, "--%.300s", name);
    if (o->refuse && (o->refuse(o, name, label) ||
                      (option_negated(name) && o->refuse(o, name + OPTION_NO_BYTES, label))))
        return ore_error_status();
    return ore_fail(ORE_INVALID, "--%s: unknown option%s", name,
                    options_hint(o, name, true, hint, sizeof hint));
}

static ore_status set_flag(options *o, const option *row, const char *text) {
    char flag[64], label[OPTION_LABEL_BYTES];
    option_flag_text(row->key, flag, sizeof flag);
    snprintf(label, sizeof label, "%s %.300s", flag, *text ? text : "\"\"");
    /* As of a variable of the shell that is not set: the default would not be what was meant. */
    if (row->type == OPTION_TEXT && !*text && strcmp(row->domain, "TEXT") != 0)
        return ore_fail(ORE_INVALID, "%s: expected a %s", label, row->domain);
    return options_set(o, row, text, ORIGIN_FLAG, label);
}

/* A switch: its value may follow, but need not. Returns how many arguments it took after itself,
 * -1 on failure. */
static int parse_bool_flag(options *o, const option *row, const char *next) {
    bool given = next && (truth_of(next) >= 0 || (takes_auto(row) && strcmp(next, "auto") == 0));
    return set_flag(o, row, given ? next : "true") == ORE_OK ? given : -1;
}

/* One flag without its dashes. Returns how many arguments it took after itself, -1 on failure. */
static int parse_flag(options *o, const char *name, const char *next) {
    char key[128];
    const char *equals = strchr(name, '=');
    snprintf(key, sizeof key, "%.*s", equals ? (int)(equals - name) : (int)strlen(name), name);
    const option *row = options_find(o, key);
    if (!row && !equals && option_negated(key)) {
        row = options_find(o, key + OPTION_NO_BYTES);
        if (row && row->type == OPTION_BOOL)
            return set_flag(o, row, "false") == ORE_OK ? 0 : -1;
        row = NULL;
    }
    if (!row) {
        options_fail_unknown(o, key);
        return -1;
    }
    if (equals)
        return set_flag(o, row, equals + 1) == ORE_OK ? 0 : -1;
    if (row->type == OPTION_BOOL)
        return parse_bool_flag(o, row, next);
    if (!next || strncmp(next, "--", 2) == 0) {
        char flag[64];
        option_flag_text(row->key, flag, sizeof flag);
        ore_fail(ORE_INVALID, "%s: a value is missing%s%s%s", flag, next ? "; for " : "",
                 next ? next : "", next ? " itself join them with =" : "");
        return -1;
    }
    return set_flag(o, row, next) == ORE_OK ? 1 : -1;
}

static ore_status take_positional(const char *text, const char **positionals, int capacity,
                                  int *n) {
    if (*n == capacity)
        return ore_fail(ORE_INVALID, "%s: one argument too many", text);
    positionals[(*n)++] = text;
    return ORE_OK;
}

ore_status options_parse_flags(options *o, int argc, char **argv, const char **positionals,
                               int capacity, int *n) {
    bool flags_ended = false;
    *n = 0;
    for (int i = 0; i < argc; i++) {
        if (!flags_ended && strcmp(argv[i], "--") == 0) {
            flags_ended = true;
        } else if (!flags_ended && strncmp(argv[i], "--", 2) == 0) {
            int taken = parse_flag(o, argv[i] + 2, i + 1 < argc ? argv[i + 1] : NULL);
            if (taken < 0)
                return ore_error_status();
            i += taken;
        } else if (!flags_ended && argv[i][0] == '-' && argv[i][1]) {
            return ore_fail(ORE_INVALID, "%s: unknown option; options begin with two dashes",
                            argv[i]);
        } else if (take_positional(argv[i], positionals, capacity, n) != ORE_OK) {
            return ore_error_status();
        }
    }
    return ORE_OK;
}
