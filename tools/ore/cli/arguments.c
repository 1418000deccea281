/* arguments.c: taking a command line apart. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/arguments.h"

bool argument_negated(const char *key) {
    return strncmp(key, "no-", ARGUMENT_NO_BYTES) == 0 ||
           strncmp(key, "no_", ARGUMENT_NO_BYTES) == 0;
}

ore_status arguments_add(arguments *a, argument item) {
    argument *items = realloc(a->items, (size_t)(a->count + 1) * sizeof *items);
    if (!items)
        return ore_fail(ORE_MEMORY, "command line: out of memory");
    a->items = items;
    a->items[a->count++] = item;
    return ORE_OK;
}

argument argument_of(const char *key, const char *value) {
    argument item = {.word = value, .value = value};
    snprintf(item.key, sizeof item.key, "%s", key);
    return item;
}

void arguments_free(arguments *a) {
    free(a->items);
    *a = (arguments){0};
}

static bool is_flag(const char *word) {
    return strncmp(word, "--", 2) == 0;
}

/* Whether a flag that has no "=" takes the next word as its value. */
static bool takes(const config_field *field, bool negates_switch, const char *next) {
    if (negates_switch || !next)
        return false;
    if (!field || field->type != CONFIG_SWITCH)
        return !is_flag(next);
    return config_truth(next) >= 0 || (config_takes_auto(field) && strcmp(next, "auto") == 0);
}

/* Reads "--key=value", or "--key" and perhaps the word after it. */
static argument read_flag(const char *word, const char *next, argument_field field_of,
                          const void *user) {
    argument item = {.word = word};
    const char *name = word + 2, *equals = strchr(name, '=');
    snprintf(item.key, sizeof item.key, "%.*s", equals ? (int)(equals - name) : (int)strlen(name),
             name);
    if (equals) {
        item.value = equals + 1;
        return item;
    }
    const config_field *field = field_of(user, item.key), *positive = NULL;
    if (!field && argument_negated(item.key))
        positive = field_of(user, item.key + ARGUMENT_NO_BYTES);
    if (takes(field, positive && positive->type == CONFIG_SWITCH, next))
        item.value = next;
    else
        item.next = next;
    return item;
}

ore_status arguments_read(arguments *a, int argc, char **argv, argument_field field,
                          const void *user) {
    bool ended = false;
    *a = (arguments){0};
    for (int i = 0; i < argc && ore_ok(); i++) {
        const char *word = argv[i];
        if (!ended && strcmp(word, "--") == 0) {
            ended = true;
        } else if (!ended && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)) {
            a->help = true;
        } else if (ended || !is_flag(word)) {
            arguments_add(a, (argument){.word = word, .plain = ended});
        } else {
            argument item = read_flag(word, i + 1 < argc ? argv[i + 1] : NULL, field, user);
            i += item.value && !strchr(word, '=');
            arguments_add(a, item);
        }
    }
    return ore_error_status();
}

const argument *arguments_word(const arguments *a, int i) {
    for (int k = 0; k < a->count; k++)
        if (!*a->items[k].key && i-- == 0)
            return &a->items[k];
    return NULL;
}

ore_status argument_check_word(const argument *word) {
    if (word->plain || word->word[0] != '-' || !word->word[1])
        return ORE_OK;
    return ore_fail(ORE_INVALID, "%s: unknown option; options begin with two dashes", word->word);
}

const argument *arguments_find(const arguments *a, const char *key) {
    for (int i = a->count - 1; i >= 0; i--)
        if (config_same_key(a->items[i].key, key))
            return &a->items[i];
    return NULL;
}
