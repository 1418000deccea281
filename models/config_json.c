/* config_json.c: configs in JSON files. */
#include <stdio.h>
#include <string.h>

#include "models/config.h"

/* ---- reading ---- */

bool config_scalar_text(const ore_json *object, const char *key, char *text, size_t bytes) {
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

static bool is_number(const config_field *f) {
    return f->type == CONFIG_INT || f->type == CONFIG_FLOAT;
}

const char *config_kind_text(const config_field *f) {
    return is_number(f) ? "a number" : f->type == CONFIG_SWITCH ? "true or false" : "a text";
}

bool config_member_text(const config_field *f, const ore_json *object, const char *key, char *text,
                        size_t bytes) {
    ore_json_kind kind = ore_json_kind_of(object, key);
    if (!config_scalar_text(object, key, text, bytes))
        return false;
    if (kind == ORE_JSON_BOOL)
        return f->type == CONFIG_SWITCH;
    if (kind == ORE_JSON_INT || kind == ORE_JSON_DOUBLE)
        return is_number(f) || f->type == CONFIG_SWITCH;
    return !is_number(f) || strcmp(text, "auto") == 0;
}

ore_status config_blame_file(void) {
    ore_error error;
    if (ore_error_status() == ORE_INVALID) {
        ore_error_take(&error);
        ore_fail(ORE_DATA, "%s", error.message);
    }
    return ore_error_status();
}

ore_status config_read(const config_field *fields, void *config, const ore_json *object) {
    char text[4096], label[CONFIG_LABEL_BYTES];
    for (const config_field *f = fields; f->key && ore_ok(); f++) {
        if (!config_member_text(f, object, f->key, text, sizeof text))
            return ore_fail(
                ORE_DATA, "%s: %sexpected %s", f->key,
                ore_json_kind_of(object, f->key) == ORE_JSON_MISSING ? "missing, " : "",
                config_kind_text(f));
        snprintf(label, sizeof label, "%s %.200s", f->key, text);
        if (config_set(f, config, text, label) != ORE_OK)
            return config_blame_file();
    }
    return ore_error_status();
}

/* ---- writing ---- */

ore_status config_write_field(const config_field *f, const void *config, ore_json *o) {
    const void *value = (const char *)config + f->offset;
    char word[64];
    if (config_is_auto(f, config) || f->type == CONFIG_CHOICE)
        return ore_json_set_string(o, f->key, config_text(f, config, word, sizeof word));
    if (f->type == CONFIG_INT)
        return ore_json_set_int(o, f->key, *(const int64_t *)value);
    if (f->type == CONFIG_FLOAT)
        return ore_json_set_double(o, f->key, *(const double *)value);
    if (f->type == CONFIG_SWITCH)
        return ore_json_set_bool(o, f->key, *(const int *)value != 0);
    return ore_json_set_string(o, f->key, *(char *const *)value);
}

ore_status config_write(const config_field *fields, const void *config, ore_json *object) {
    for (const config_field *f = fields; f->key && ore_ok(); f++)
        config_write_field(f, config, object);
    return ore_error_status();
}
