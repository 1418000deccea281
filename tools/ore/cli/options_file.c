/* options_file.c: the options of a JSON file, and as one. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "cli/options.h"

bool options_json_scalar(const ore_json *object, const char *key, char *text, size_t bytes) {
    char number[ORE_NUMBER_TEXT_BYTES];
    int64_t integer = 0;
    double real = 0;
    bool truth = false;
    switch (ore_json_kind_of(object, key)) {
    case ORE_JSON_STRING:
        snprintf(text, bytes, "%s", ore_json_get_string(object, key));
        return true;
    case ORE_JSON_INT:
        ore_json_get_int(object, key, &integer);
        snprintf(text, bytes, "%lld", (long long)integer);
        return true;
    case ORE_JSON_DOUBLE:
        ore_json_get_double(object, key, &real);
        snprintf(text, bytes, "%s", ore_number_text(real, number));
        return true;
    case ORE_JSON_BOOL:
        ore_json_get_bool(object, key, &truth);
        snprintf(text, bytes, "%s", truth ? "true" : "false");
        return true;
    case ORE_JSON_NULL:
    case ORE_JSON_ARRAY:
    case ORE_JSON_OBJECT:
    case ORE_JSON_MISSING:
        break;
    }
    return false;
}

/* Can a row of that type hold a member of that kind? */
static bool fits(const option *row, ore_json_kind kind, const char *text) {
    bool number = row->type == OPTION_INT || row->type == OPTION_FLOAT;
    if (kind == ORE_JSON_BOOL)
        return row->type == OPTION_BOOL;
    if (kind == ORE_JSON_INT || kind == ORE_JSON_DOUBLE)
        return number || row->type == OPTION_BOOL;
    return !number || strcmp(text, "auto") == 0;
}

static ore_status set_from_json(options *o, const char *key, const ore_json *object,
                                const char *where, option_origin origin) {
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
    if (!options_json_scalar(object, key, text, sizeof text) ||
        !fits(row, ore_json_kind_of(object, key), text))
        return ore_fail(ORE_INVALID, "%s: %s: expected %s", where, key,
                        row->type == OPTION_INT || row->type == OPTION_FLOAT ? "a number"
                        : row->type == OPTION_BOOL                           ? "true or false"
                                                                             : "a text");
    snprintf(label, sizeof label, "%.200s: %s %.200s", where, row->key, *text ? text : "\"\"");
    return options_set(o, row, text, origin, label);
}

ore_status options_parse_json(options *o, ore_json *object, const char *where,
                              option_origin origin) {
    if (!ore_json_is_object(object))
        return ore_fail(ORE_DATA, "%s: expected a JSON object of keys and values", where);
    for (int64_t i = 0; i < ore_json_count(object); i++)
        if (set_from_json(o, ore_json_key(object, i), object, where, origin) != ORE_OK)
            return ore_error_status();
    return ORE_OK;
}

ore_json *options_load_json(const char *path) {
    size_t bytes = 0;
    if (ore_path_kind_of(path) == ORE_PATH_MISSING)
        ore_fail(ORE_IO, "%s: cannot be read: %s", path, strerror(ENOENT));
    char *text = ore_file_read(path, &bytes);
    ore_json *object = text ? ore_json_parse(text, bytes, "") : NULL;
    if (text && !object && ore_error_status() == ORE_DATA) {
        ore_error error;
        ore_error_take(&error);
        ore_fail(ORE_DATA, "%s: not valid JSON: %.500s", path, error.message);
    }
    ore_string_free(text);
    return object;
}

ore_status options_read_file(options *o, const char *path) {
    ore_json *object = options_load_json(path);
    if (object)
        options_parse_json(o, object, path, ORIGIN_FILE);
    ore_json_free(object);
    return ore_error_status();
}

static ore_status add_value(const options *o, const option *row, ore_json *object) {
    const char *value = (const char *)o->values + row->offset;
    const int64_t integer = row->type == OPTION_INT ? *(const int64_t *)value : 0;
    const double real = row->type == OPTION_FLOAT ? *(const double *)value : 0;
    const int truth = row->type == OPTION_BOOL ? *(const int *)value : 0;
    if (integer == OPTION_AUTO_INT || isnan(real) || truth == OPTION_AUTO_BOOL)
        return ore_json_set_string(object, row->key, "auto");
    switch (row->type) {
    case OPTION_INT:
        return ore_json_set_int(object, row->key, integer);
    case OPTION_FLOAT:
        return ore_json_set_double(object, row->key, real);
    case OPTION_BOOL:
        return ore_json_set_bool(object, row->key, truth);
    case OPTION_TEXT:
    case OPTION_CHOICE:
        return ore_json_set_string(object, row->key, *(char *const *)value);
    }
    return ORE_OK;
}

ore_status options_to_json(const options *o, ore_json *object) {
    for (int i = 0; i < o->count && ore_ok(); i++)
        if (o->rows[i].kind == OPTION_SAVED)
            add_value(o, &o->rows[i], object);
    return ore_error_status();
}
