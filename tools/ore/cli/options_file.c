/* options_file.c: the options of a JSON file, and as one. */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"

/* A scalar as a user would write it on the command line; false for objects, arrays and null. */
static bool scalar_text(const json_t *value, char *text, size_t bytes) {
    char number[ORE_NUMBER_TEXT_BYTES];
    if (json_is_string(value))
        snprintf(text, bytes, "%s", json_string_value(value));
    else if (json_is_integer(value))
        snprintf(text, bytes, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        snprintf(text, bytes, "%s", ore_number_text(json_real_value(value), number));
    else if (json_is_boolean(value))
        snprintf(text, bytes, "%s", json_is_true(value) ? "true" : "false");
    else
        return false;
    return true;
}

static ore_status set_from_json(options *o, const char *key, const json_t *value, const char *where,
                                option_origin origin) {
    const option *row = options_find(o, key);
    char text[4096], label[OPTION_LABEL_BYTES], hint[OPTION_HINT_BYTES];
    snprintf(label, sizeof label, "%.200s: %.200s", where, key);
    if (!row && o->refuse && o->refuse(o, key, label))
        return ore_error_status();
    if (!row)
        return ore_fail(ORE_INVALID, "%s: %s: unknown key%s", where, key,
                        options_hint(o, key, false, hint, sizeof hint));
    if (row->kind & OPTION_FLAG_ONLY)
        return ore_fail(ORE_INVALID, "%s: %s: can only be given on the command line", where, key);
    bool number = row->type == OPTION_INT || row->type == OPTION_FLOAT;
    bool fits = scalar_text(value, text, sizeof text) &&
                !(json_is_boolean(value) && row->type != OPTION_BOOL) &&
                !(json_is_number(value) && !number && row->type != OPTION_BOOL) &&
                !(json_is_string(value) && number && strcmp(text, "auto") != 0);
    if (!fits)
        return ore_fail(ORE_INVALID, "%s: %s: expected %s", where, key,
                        number                     ? "a number"
                        : row->type == OPTION_BOOL ? "true or false"
                                                   : "a text");
    snprintf(label, sizeof label, "%.200s: %s %.200s", where, row->key, *text ? text : "\"\"");
    return options_set(o, row, text, origin, label);
}

ore_status options_parse_json(options *o, const json_t *object, const char *where,
                              option_origin origin) {
    if (!json_is_object(object))
        return ore_fail(ORE_DATA, "%s: expected a JSON object of keys and values", where);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value) {
        if (set_from_json(o, key, value, where, origin) != ORE_OK)
            return ore_error_status();
    }
    return ORE_OK;
}

json_t *options_load_json(const char *path) {
    json_error_t error;
    json_t *object = NULL;
    FILE *file = fopen(path, "rb");
    if (!file || (ungetc(fgetc(file), file) == EOF && ferror(file))) {
        ore_fail(ORE_IO, "%s: cannot be read: %s", path, strerror(errno));
    } else {
        object = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
        if (!object)
            ore_fail(ORE_DATA, "%s: not valid JSON: line %d: %s", path, error.line, error.text);
    }
    if (file)
        fclose(file);
    return object;
}

ore_status options_read_file(options *o, const char *path) {
    json_t *object = options_load_json(path);
    if (object)
        options_parse_json(o, object, path, ORIGIN_FILE);
    json_decref(object);
    return ore_error_status();
}

static json_t *value_json(const options *o, const option *row) {
    const char *value = (const char *)o->values + row->offset;
    switch (row->type) {
    case OPTION_INT:
        if (*(const int64_t *)value == OPTION_AUTO_INT)
            return json_string("auto");
        return json_integer(*(const int64_t *)value);
    case OPTION_FLOAT:
        if (isnan(*(const double *)value))
            return json_string("auto");
        return json_real(*(const double *)value);
    case OPTION_BOOL:
        if (*(const int *)value == OPTION_AUTO_BOOL)
            return json_string("auto");
        return json_boolean(*(const int *)value);
    case OPTION_TEXT:
    case OPTION_CHOICE:
        return json_string(*(char *const *)value);
    }
    return NULL;
}

json_t *options_to_json(const options *o) {
    json_t *object = json_object();
    bool whole = object != NULL;
    for (int i = 0; i < o->count && whole; i++)
        if (o->rows[i].kind == OPTION_SAVED)
            whole = json_object_set_new(object, o->rows[i].key, value_json(o, &o->rows[i])) == 0;
    if (whole)
        return object;
    json_decref(object);
    ore_fail(ORE_MEMORY, "options: a value is no UTF-8 text, or there is no memory");
    return NULL;
}

/* Jansson has one number of digits for all numbers: with those that lose none it is only a step on
 * the way to the library's text. */
char *options_json_text(const json_t *json) {
    char *exact = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(DBL_DECIMAL_DIG));
    if (!exact) {
        ore_fail(ORE_MEMORY, "json: out of memory");
        return NULL;
    }
    ore_json *copy = ore_json_parse(exact, strlen(exact), "");
    char *text = ore_json_text(copy, true);
    ore_json_free(copy);
    free(exact);
    return text;
}
