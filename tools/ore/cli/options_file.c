/* options_file.c: options read from, and written to, JSON. */
#include <errno.h>
#include <string.h>

#include "cli/options.h"

static ore_status set_from_json(options *o, const char *key, const ore_json *object,
                                const char *where, option_origin origin) {
    const option *row = options_find(o, key);
    char text[4096], label[CONFIG_LABEL_BYTES], hint[OPTION_HINT_BYTES];
    snprintf(label, sizeof label, "%.200s: %.200s", where, key);
    if (!row && o->refuse && o->refuse(o, key, label))
        return ore_error_status();
    if (!row)
        return ore_fail(ORE_INVALID, "%s: %s: unknown key%s", where, key,
                        options_hint(o, key, false, hint, sizeof hint));
    if (row->kind & OPTION_FLAG_ONLY)
        return ore_fail(ORE_INVALID, "%s: %s: can only be given on the command line", where, key);
    if (!config_member_text(&row->field, object, key, text, sizeof text))
        return ore_fail(ORE_INVALID, "%s: %s: expected %s", where, key,
                        config_kind_text(&row->field));
    snprintf(label, sizeof label, "%.200s: %s %.200s", where, row->field.key,
             *text ? text : "\"\"");
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
    ore_path_kind kind = ore_path_kind_of(path);
    if (kind == ORE_PATH_MISSING || kind == ORE_PATH_FOLDER)
        ore_fail(ORE_IO, "%s: cannot be read: %s", path,
                 strerror(kind == ORE_PATH_MISSING ? ENOENT : EISDIR));
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

ore_status options_to_json(const options *o, ore_json *object) {
    for (int i = 0; i < o->count && ore_ok(); i++)
        if (o->rows[i].kind == OPTION_SAVED)
            config_write_field(&o->rows[i].field, options_part(o, &o->rows[i]), object);
    return ore_error_status();
}
