/* config.c: checking, storing and showing values of fields. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/config.h"

/* ---- fields ---- */

bool config_same_key(const char *a, const char *b) {
    for (; *a && *b; a++, b++)
        if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')))
            return false;
    return *a == *b;
}

const config_field *config_find(const config_field *fields, const char *key) {
    for (const config_field *f = fields; f->key; f++)
        if (config_same_key(f->key, key))
            return f;
    return NULL;
}

static void *value_of(const config_field *f, void *config) {
    return (char *)config + f->offset;
}

static const void *const_value_of(const config_field *f, const void *config) {
    return (const char *)config + f->offset;
}

bool config_takes_auto(const config_field *f) {
    return strcmp(f->fallback, "auto") == 0;
}

static const char *or_auto(const config_field *f) {
    return config_takes_auto(f) ? " or auto" : "";
}

/* ---- ranges ---- */

typedef struct range {
    bool low_open, high_open;
    char low[32], high[32]; /* the bounds as text; "" where there is none */
} range;

/* Reads the range of a field: "[0, 1)". */
static range range_of(const config_field *f) {
    range r = {.low_open = f->domain[0] == '('};
    char last = 0;
    int read = sscanf(f->domain + 1, " %31[^, ] , %31[^])]%c", r.low, r.high, &last);
    if (read < 2) {
        r.high[0] = '\0';
        last = f->domain[strlen(f->domain) - 1];
    }
    r.high_open = last == ')';
    return r;
}

static bool in_range(const config_field *f, double value) {
    range r = range_of(f);
    double low = strtod(r.low, NULL), high = *r.high ? strtod(r.high, NULL) : INFINITY;
    bool above = r.low_open ? value > low : value >= low;
    bool below = !*r.high || (r.high_open ? value < high : value <= high);
    return above && below;
}

static void words_text(const config_choice *choices, const char *between, char *text) {
    size_t used = 0;
    text[0] = '\0';
    for (const config_choice *c = choices; c->word && used < CONFIG_DOMAIN_BYTES; c++)
        used += (size_t)snprintf(text + used, CONFIG_DOMAIN_BYTES - used, "%s%s",
                                 c == choices ? "" : between, c->word);
}

const char *config_domain_text(const config_field *f, char *text) {
    text[0] = '\0';
    if (f->type == CONFIG_INT || f->type == CONFIG_FLOAT) {
        range r = range_of(f);
        snprintf(text, CONFIG_DOMAIN_BYTES, "%s%s%s%s%s", r.low,
                 r.low_open ? " < " : " <= ", f->key,
                 !*r.high      ? ""
                 : r.high_open ? " < "
                               : " <= ",
                 r.high);
    } else if (f->type == CONFIG_CHOICE) {
        words_text(f->choices, "|", text);
    } else {
        snprintf(text, CONFIG_DOMAIN_BYTES, "%s",
                 f->type == CONFIG_SWITCH ? "true|false" : f->domain);
    }
    return text;
}

static ore_status fail_range(const config_field *f, const char *label) {
    char text[CONFIG_DOMAIN_BYTES];
    return ore_fail(ORE_INVALID, "%s: out of range, expected %s", label,
                    config_domain_text(f, text));
}

/* ---- storing ---- */

static ore_status set_int(const config_field *f, int64_t *value, const char *text,
                          const char *label) {
    char *end;
    errno = 0;
    long long parsed = strtoll(text, &end, 10);
    if (end == text || *end)
        return ore_fail(ORE_INVALID, "%s: expected an integer%s", label, or_auto(f));
    if (errno == ERANGE || !in_range(f, (double)parsed))
        return fail_range(f, label);
    *value = parsed;
    return ORE_OK;
}

static ore_status set_float(const config_field *f, double *value, const char *text,
                            const char *label) {
    char *end;
    double parsed = strtod(text, &end);
    if (end == text || *end || isnan(parsed))
        return ore_fail(ORE_INVALID, "%s: expected a number%s", label, or_auto(f));
    if (!isfinite(parsed) || !in_range(f, parsed))
        return fail_range(f, label);
    *value = parsed;
    return ORE_OK;
}

int config_truth(const char *text) {
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

static ore_status set_switch(const config_field *f, int *value, const char *text,
                             const char *label) {
    int truth = config_truth(text);
    if (truth < 0)
        return ore_fail(ORE_INVALID, "%s: expected true or false%s", label, or_auto(f));
    *value = truth;
    return ORE_OK;
}

static ore_status set_text(char **value, const char *text) {
    char *copy = strdup(text);
    if (!copy)
        return ore_fail(ORE_MEMORY, "config: out of memory");
    free(*value);
    *value = copy;
    return ORE_OK;
}

/* Writes the words of a choice as a list: "adam, sgd or lion". */
static void alternatives_text(const config_choice *choices, char *text, size_t bytes) {
    size_t used = 0;
    text[0] = '\0';
    for (const config_choice *c = choices; c->word && used < bytes; c++)
        used += (size_t)snprintf(text + used, bytes - used, "%s%s",
                                 c == choices ? ""
                                 : c[1].word  ? ", "
                                              : " or ",
                                 c->word);
}

static ore_status set_choice(const config_field *f, int *value, const char *text,
                             const char *label) {
    char list[CONFIG_DOMAIN_BYTES];
    for (const config_choice *c = f->choices; c->word; c++)
        if (strcmp(c->word, text) == 0) {
            *value = c->value;
            return ORE_OK;
        }
    alternatives_text(f->choices, list, sizeof list);
    return ore_fail(ORE_INVALID, "%s: expected %s%s", label, list,
                    config_takes_auto(f) ? " (or auto)" : "");
}

static ore_status set_auto(const config_field *f, void *value) {
    switch (f->type) {
    case CONFIG_INT:
        *(int64_t *)value = CONFIG_AUTO_INT;
        return ORE_OK;
    case CONFIG_FLOAT:
        *(double *)value = NAN;
        return ORE_OK;
    case CONFIG_SWITCH:
    case CONFIG_CHOICE:
        *(int *)value = CONFIG_AUTO;
        return ORE_OK;
    case CONFIG_TEXT:
        return set_text(value, "auto");
    }
    return ORE_OK;
}

ore_status config_set(const config_field *f, void *config, const char *text, const char *label) {
    void *value = value_of(f, config);
    if (config_takes_auto(f) && strcmp(text, "auto") == 0)
        return set_auto(f, value);
    switch (f->type) {
    case CONFIG_INT:
        return set_int(f, value, text, label);
    case CONFIG_FLOAT:
        return set_float(f, value, text, label);
    case CONFIG_SWITCH:
        return set_switch(f, value, text, label);
    case CONFIG_CHOICE:
        return set_choice(f, value, text, label);
    case CONFIG_TEXT:
        return set_text(value, text);
    }
    return ORE_OK;
}

ore_status config_normalise(const config_field *f, const char *text, const char *label, char *out,
                            size_t bytes) {
    union {
        int64_t i;
        double d;
        int choice;
        char *text;
    } value = {0};
    config_field alone = *f;
    alone.offset = 0;
    ore_status status = config_set(&alone, &value, text, label);
    if (status == ORE_OK)
        config_text(&alone, &value, out, bytes);
    if (f->type == CONFIG_TEXT)
        free(value.text);
    return status;
}

ore_status config_copy(const config_field *to, const config_field *from, void *config) {
    switch (to->type) {
    case CONFIG_INT:
        *(int64_t *)value_of(to, config) = *(const int64_t *)const_value_of(from, config);
        return ORE_OK;
    case CONFIG_FLOAT:
        *(double *)value_of(to, config) = *(const double *)const_value_of(from, config);
        return ORE_OK;
    case CONFIG_SWITCH:
    case CONFIG_CHOICE:
        *(int *)value_of(to, config) = *(const int *)const_value_of(from, config);
        return ORE_OK;
    case CONFIG_TEXT:
        return set_text(value_of(to, config), *(char *const *)const_value_of(from, config));
    }
    return ORE_OK;
}

/* ---- showing ---- */

bool config_is_auto(const config_field *f, const void *config) {
    const void *value = const_value_of(f, config);
    switch (f->type) {
    case CONFIG_INT:
        return *(const int64_t *)value == CONFIG_AUTO_INT;
    case CONFIG_FLOAT:
        return isnan(*(const double *)value);
    case CONFIG_SWITCH:
    case CONFIG_CHOICE:
        return *(const int *)value == CONFIG_AUTO;
    case CONFIG_TEXT:
        return config_takes_auto(f) && strcmp(*(char *const *)value, "auto") == 0;
    }
    return false;
}

const char *config_word(const config_choice *choices, int value) {
    for (const config_choice *c = choices; c->word; c++)
        if (c->value == value)
            return c->word;
    return NULL;
}

const char *config_text(const config_field *f, const void *config, char *text, size_t bytes) {
    const void *value = const_value_of(f, config);
    char number[ORE_NUMBER_TEXT_BYTES];
    const char *shown = number;
    if (config_is_auto(f, config))
        shown = "auto";
    else if (f->type == CONFIG_INT)
        snprintf(number, sizeof number, "%lld", (long long)*(const int64_t *)value);
    else if (f->type == CONFIG_FLOAT)
        ore_number_text(*(const double *)value, number);
    else if (f->type == CONFIG_TEXT)
        shown = *(char *const *)value;
    else if (f->type == CONFIG_SWITCH && (*(const int *)value == 0 || *(const int *)value == 1))
        shown = *(const int *)value ? "true" : "false";
    else if (f->type == CONFIG_CHOICE && config_word(f->choices, *(const int *)value))
        shown = config_word(f->choices, *(const int *)value);
    else
        snprintf(number, sizeof number, "%d", *(const int *)value);
    snprintf(text, bytes, "%s", shown);
    return text;
}

/* ---- a whole config ---- */

ore_status config_defaults(const config_field *fields, void *config) {
    ore_status status = ORE_OK;
    for (const config_field *f = fields; f->key; f++)
        if (f->type == CONFIG_TEXT)
            *(char **)value_of(f, config) = NULL;
    for (const config_field *f = fields; f->key && status == ORE_OK; f++)
        status = config_set(f, config, f->fallback, f->key);
    return status;
}

void config_free(const config_field *fields, void *config) {
    for (const config_field *f = fields; f->key; f++)
        if (f->type == CONFIG_TEXT) {
            char **text = value_of(f, config);
            free(*text);
            *text = NULL;
        }
}

void config_settle(const config_field *fields, void *config) {
    for (const config_field *f = fields; f->key; f++)
        if (f->general && config_is_auto(f, config))
            config_copy(f, config_find(fields, f->general), config);
}

static bool fits(const config_field *f, const void *config) {
    const void *value = const_value_of(f, config);
    switch (f->type) {
    case CONFIG_INT:
        return in_range(f, (double)*(const int64_t *)value);
    case CONFIG_FLOAT:
        return in_range(f, *(const double *)value);
    case CONFIG_SWITCH:
        return *(const int *)value == 0 || *(const int *)value == 1;
    case CONFIG_CHOICE:
        return config_word(f->choices, *(const int *)value) != NULL;
    case CONFIG_TEXT:
        return true;
    }
    return true;
}

ore_status config_check(const config_field *fields, const void *config) {
    char value[128], domain[CONFIG_DOMAIN_BYTES];
    for (const config_field *f = fields; f->key && ore_ok(); f++)
        if (config_is_auto(f, config) || !fits(f, config))
            ore_fail(ORE_INVALID, "%s %s, expected %s", f->key,
                     config_text(f, config, value, sizeof value), config_domain_text(f, domain));
    return ore_error_status();
}
