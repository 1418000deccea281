/* json.c: JSON objects and arrays, kept by jansson; messages name the path of what is missing or
 * has the wrong type. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "io/json.h"

/* Bytes of a document's name and of a key that a message shows: the rest of the message still fits
 * the error buffer. */
enum { NAME_SHOWN_BYTES = 500, KEY_SHOWN_BYTES = 100 };

/* ---- memory ---- */

/* Jansson returns the same NULL for text that is not UTF-8 and for memory that ran out. To tell
 * them apart, a call that failed is made again while an allocator of ours notes whether malloc
 * failed. Jansson has one allocator for the whole program, so ours is set for that call alone, and
 * forwards to the one that was set before. */
static struct watch {
    pthread_mutex_t lock;
    json_malloc_t allocate;
    json_free_t release;
} watch = {.lock = PTHREAD_MUTEX_INITIALIZER};
static _Thread_local bool ran_out; /* an allocation of the watched call failed */

static void *allocate_watched(size_t bytes) {
    void *memory = watch.allocate(bytes);
    ran_out = ran_out || !memory;
    return memory;
}

static void watch_begin(void) {
    pthread_mutex_lock(&watch.lock);
    json_get_alloc_funcs(&watch.allocate, &watch.release);
    json_set_alloc_funcs(allocate_watched, watch.release);
    ran_out = false;
}

/* Ends the watch. Sets the error ORE_MEMORY, and returns true, if an allocation failed. */
static bool watch_end(void) {
    json_set_alloc_funcs(watch.allocate, watch.release);
    pthread_mutex_unlock(&watch.lock);
    if (ran_out)
        ore_fail(ORE_MEMORY, "json: out of memory");
    return ran_out;
}

static json_t *string_of(const char *text, size_t bytes) {
    json_t *value = json_stringn(text, bytes);
    if (!value) {
        watch_begin();
        value = json_stringn(text, bytes);
        watch_end();
    }
    return value;
}

json_t *ore_json_string(const char *text) {
    return string_of(text, strlen(text));
}

/* ---- handles ---- */

/* A handle for `value`, whose reference it takes over. A NULL value, which jansson returns when its
 * memory runs out, gives NULL with ORE_MEMORY. */
static ore_json *handle_new(json_t *value, ore_json *parent) {
    if (!value) {
        ore_fail(ORE_MEMORY, "json: out of memory");
        return NULL;
    }
    ore_json *json = ore_alloc_zero(sizeof *json);
    if (!json) {
        json_decref(value);
        return NULL;
    }
    json->value = value;
    json->parent = parent;
    json->root = parent ? parent->root : json;
    if (parent) {
        json->next = json->root->next;
        json->root->next = json;
    }
    return json;
}

ore_json *ore_json_object_new(void) {
    return ore_ok() ? handle_new(json_object(), NULL) : NULL;
}

ore_json *ore_json_array_new(void) {
    return ore_ok() ? handle_new(json_array(), NULL) : NULL;
}

void ore_json_free(ore_json *json) {
    while (json) {
        ore_json *next = json->next;
        json_decref(json->value);
        ore_release(json->name);
        ore_release(json);
        json = next;
    }
}

/* *code becomes that of a failure. */
static ore_json *parse(const char *text, size_t bytes, const char *name, size_t flags,
                       enum json_error_code *code) {
    *code = json_error_unknown;
    if (!ore_ok())
        return NULL;
    const char *colon = name && *name ? ": " : "";
    name = name ? name : "";
    if (bytes == 0) {
        ore_fail(ORE_DATA, "%.*s%sempty, expected JSON", NAME_SHOWN_BYTES, name, colon);
        return NULL;
    }
    json_error_t error;
    json_t *value = json_loadb(text, bytes, flags, &error);
    if (!value) {
        watch_begin();
        value = json_loadb(text, bytes, flags, &error);
        watch_end();
    }
    if (!value) {
        *code = json_error_code(&error);
        bool zero = *code == json_error_null_character || *code == json_error_null_byte_in_key;
        ore_fail(ORE_DATA, "%.*s%sline %d, column %d: %s", NAME_SHOWN_BYTES, name, colon,
                 error.line, error.column,
                 zero ? "a text with U+0000, which Ore lacks" : error.text);
        return NULL;
    }
    ore_json *json = handle_new(value, NULL);
    if (!json)
        return NULL;
    json->name = ore_copy_text(name);
    if (!json->name) {
        ore_json_free(json);
        return NULL;
    }
    return json;
}

ore_json *ore_json_parse(const char *text, size_t bytes, const char *name) {
    enum json_error_code code;
    return parse(text, bytes, name, JSON_REJECT_DUPLICATES, &code);
}

ore_json *ore_json_parse_inexact(const char *text, size_t bytes, const char *name, bool *inexact) {
    enum json_error_code code;
    ore_json *json = parse(text, bytes, name, JSON_REJECT_DUPLICATES, &code);
    *inexact = code == json_error_numeric_overflow;
    if (!*inexact)
        return json;
    ore_error_clear();
    return parse(text, bytes, name, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &code);
}

/* Jansson keeps keys with U+0000 but reads none: the text is read with other characters there. */
ore_json *ore_json_parse_zeros(const char *text, size_t bytes, const char *name) {
    enum json_error_code code;
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL;
    ore_json *json = parse(text, bytes, name, flags, &code);
    if (code != json_error_null_byte_in_key)
        return json;
    ore_error_clear();
    size_t hidden_bytes = 0;
    char *hidden = ore_json_hide_zeros(text, bytes, &hidden_bytes);
    json = hidden ? parse(hidden, hidden_bytes, name, flags, &code) : NULL;
    ore_release(hidden);
    if (!json || ore_json_show_zeros(json) == ORE_OK)
        return json;
    ore_json_free(json);
    return NULL;
}

ore_json *ore_json_load(const char *path) {
    size_t bytes = 0;
    char *text = ore_file_read(path, &bytes);
    if (!text)
        return NULL;
    ore_json *json = NULL;
    if (bytes == 0)
        ore_fail(ORE_DATA, "%.*s: the file is empty", NAME_SHOWN_BYTES, path);
    else
        json = ore_json_parse(text, bytes, path);
    ore_release(text);
    return json;
}

/* ---- messages ---- */

/* The place of a value: under `key` in an object, or, with a NULL key, at `index` in an array. */
typedef struct place {
    const ore_json *container;
    const char *key;
    int64_t index;
} place;

/* Appends a place as messages show it, "config.json: model.layers[2]". */
static void put_place(ore_text *text, place at) {
    const ore_json *container = at.container;
    bool top = !container->parent;
    if (!top)
        put_place(text, (place){container->parent, container->key, container->index});
    else if (container->name && *container->name) {
        ore_text_put(text, container->name, strnlen(container->name, NAME_SHOWN_BYTES));
        ore_text_put(text, ": ", 2);
    }
    if (at.key) {
        ore_text_put(text, ".", top ? 0 : 1);
        ore_text_put(text, at.key, strnlen(at.key, KEY_SHOWN_BYTES));
    } else {
        ore_text_format(text, "[%lld]", (long long)at.index);
    }
}

static ore_json_kind kind_of(const json_t *value) {
    if (!value)
        return ORE_JSON_MISSING;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return ORE_JSON_OBJECT;
    case JSON_ARRAY:
        return ORE_JSON_ARRAY;
    case JSON_STRING:
        return ORE_JSON_STRING;
    case JSON_INTEGER:
        return ORE_JSON_INT;
    case JSON_REAL:
        return ORE_JSON_DOUBLE;
    case JSON_TRUE:
    case JSON_FALSE:
        return ORE_JSON_BOOL;
    case JSON_NULL:
        break;
    }
    return ORE_JSON_NULL;
}

static const char *kind_text(const json_t *value) {
    static const char *const texts[] = {
        [ORE_JSON_OBJECT] = "an object", [ORE_JSON_ARRAY] = "an array",
        [ORE_JSON_STRING] = "a string",  [ORE_JSON_INT] = "an integer",
        [ORE_JSON_DOUBLE] = "a number",  [ORE_JSON_BOOL] = "a boolean",
        [ORE_JSON_NULL] = "null"};
    return texts[kind_of(value)];
}

static ore_status fail_at(place at, const char *came, const char *expected) {
    ore_text text = {0};
    put_place(&text, at);
    ore_status status =
        ore_fail(ORE_DATA, "%s: %s, expected %s", text.data ? text.data : "json", came, expected);
    ore_release(text.data);
    return status;
}

/* ---- reading ---- */

static bool usable(const ore_json *json) {
    if (ore_ok() && json)
        return true;
    ore_fail(ORE_INVALID, "json: a NULL object or array");
    return false;
}

/* The value at a place, borrowed. NULL with an error where it is missing, or where the container is
 * no object (with a key) or no array (without one). */
static json_t *value_at(place at, const char *expected) {
    if (!usable(at.container))
        return NULL;
    json_t *container = at.container->value;
    json_t *value = NULL;
    if (at.key && json_is_object(container))
        value = json_object_get(container, at.key);
    else if (!at.key && json_is_array(container) && at.index >= 0)
        value = json_array_get(container, (size_t)at.index);
    if (!value)
        fail_at(at, "missing", expected);
    return value;
}

static const char *bytes_at(place at, size_t *bytes) {
    json_t *value = value_at(at, "a string");
    *bytes = 0;
    if (!value)
        return NULL;
    if (!json_is_string(value))
        fail_at(at, kind_text(value), "a string");
    *bytes = json_string_length(value);
    return json_string_value(value);
}

static const char *string_at(place at) {
    size_t bytes;
    const char *text = bytes_at(at, &bytes);
    if (text && strlen(text) != bytes) {
        fail_at(at, "a text with U+0000", "one without");
        return NULL;
    }
    return text;
}

static ore_status int_at(place at, int64_t *result) {
    json_t *value = value_at(at, "an integer");
    if (!value)
        return ore_error_status();
    if (!json_is_integer(value))
        return fail_at(at, kind_text(value), "an integer");
    *result = json_integer_value(value);
    return ORE_OK;
}

static ore_status double_at(place at, double *result) {
    json_t *value = value_at(at, "a number");
    if (!value)
        return ore_error_status();
    if (!json_is_number(value))
        return fail_at(at, kind_text(value), "a number");
    *result = json_number_value(value);
    return ORE_OK;
}

static ore_json *container_at(place at, bool object, ore_json *parent) {
    const char *expected = object ? "an object" : "an array";
    json_t *value = value_at(at, expected);
    if (!value)
        return NULL;
    if (object ? !json_is_object(value) : !json_is_array(value)) {
        fail_at(at, kind_text(value), expected);
        return NULL;
    }
    ore_json *json = handle_new(json_incref(value), parent);
    if (!json)
        return NULL;
    json->index = at.index;
    /* The caller's key may not live as long as the handle; jansson's copy of it does. */
    if (at.key)
        json->key = json_object_iter_key(json_object_iter_at(parent->value, at.key));
    return json;
}

int64_t ore_json_count(const ore_json *json) {
    if (!json)
        return 0;
    return (int64_t)(json_is_object(json->value) ? json_object_size(json->value)
                                                 : json_array_size(json->value));
}

static const char *key_at(ore_json *object, int64_t i) {
    if (!usable(object))
        return NULL;
    if (!json_is_object(object->value) || i < 0 || i >= ore_json_count(object)) {
        ore_fail(ORE_INVALID, "json: key %lld of %s of %lld member%s", (long long)i,
                 kind_text(object->value), (long long)ore_json_count(object),
                 ore_plural(ore_json_count(object)));
        return NULL;
    }
    if (!object->iterator || object->place > i) {
        object->iterator = json_object_iter(object->value);
        object->place = 0;
    }
    for (; object->place < i; object->place++)
        object->iterator = json_object_iter_next(object->value, object->iterator);
    return json_object_iter_key(object->iterator);
}

const char *ore_json_key_bytes(ore_json *object, int64_t i, size_t *bytes) {
    const char *key = key_at(object, i);
    *bytes = key ? json_object_iter_key_len(object->iterator) : 0;
    return key;
}

const char *ore_json_key(ore_json *object, int64_t i) {
    size_t bytes;
    const char *key = ore_json_key_bytes(object, i, &bytes);
    if (key && strlen(key) != bytes) {
        fail_at((place){object, key, 0}, "a key with U+0000", "one without");
        return NULL;
    }
    return key;
}

ore_status ore_json_member_int(ore_json *object, int64_t i, int64_t *result) {
    const char *key = key_at(object, i);
    json_t *value = key ? json_object_iter_value(object->iterator) : NULL;
    if (value && !json_is_integer(value))
        return fail_at((place){object, key, 0}, kind_text(value), "an integer");
    *result = value ? json_integer_value(value) : 0;
    return ore_error_status();
}

ore_json_kind ore_json_kind_of(const ore_json *object, const char *key) {
    return kind_of(object ? json_object_get(object->value, key) : NULL);
}

ore_json_kind ore_json_kind_at(const ore_json *array, int64_t i) {
    return kind_of(array && i >= 0 ? json_array_get(array->value, (size_t)i) : NULL);
}

bool ore_json_is_object(const ore_json *json) {
    return json && json_is_object(json->value);
}

const char *ore_json_get_string(const ore_json *object, const char *key) {
    return string_at((place){object, key, 0});
}

const char *ore_json_get_bytes(const ore_json *object, const char *key, size_t *bytes) {
    return bytes_at((place){object, key, 0}, bytes);
}

ore_status ore_json_get_int(const ore_json *object, const char *key, int64_t *value) {
    return int_at((place){object, key, 0}, value);
}

ore_status ore_json_get_double(const ore_json *object, const char *key, double *value) {
    return double_at((place){object, key, 0}, value);
}

ore_status ore_json_get_bool(const ore_json *object, const char *key, bool *result) {
    place at = {object, key, 0};
    json_t *value = value_at(at, "a boolean");
    if (!value)
        return ore_error_status();
    if (!json_is_boolean(value))
        return fail_at(at, kind_text(value), "a boolean");
    *result = json_is_true(value);
    return ORE_OK;
}

ore_json *ore_json_get_object(ore_json *object, const char *key) {
    return container_at((place){object, key, 0}, true, object);
}

ore_json *ore_json_get_array(ore_json *object, const char *key) {
    return container_at((place){object, key, 0}, false, object);
}

const char *ore_json_at_string(const ore_json *array, int64_t i) {
    return string_at((place){array, NULL, i});
}

const char *ore_json_at_bytes(const ore_json *array, int64_t i, size_t *bytes) {
    return bytes_at((place){array, NULL, i}, bytes);
}

ore_status ore_json_at_int(const ore_json *array, int64_t i, int64_t *value) {
    return int_at((place){array, NULL, i}, value);
}

ore_status ore_json_at_double(const ore_json *array, int64_t i, double *value) {
    return double_at((place){array, NULL, i}, value);
}

ore_json *ore_json_at_object(ore_json *array, int64_t i) {
    return container_at((place){array, NULL, i}, true, array);
}

ore_json *ore_json_at_array(ore_json *array, int64_t i) {
    return container_at((place){array, NULL, i}, false, array);
}

/* ---- building ---- */

static bool store(json_t *container, const char *key, size_t key_bytes, json_t *value) {
    return (key ? json_object_setn(container, key, key_bytes, value)
                : json_array_append(container, value)) == 0;
}

/* Puts `value` under `key` into an object or, with a NULL key, at the end of an array. Takes over
 * the reference to value, also on failure. A NULL value gives ORE_MEMORY. */
static ore_status put_at(ore_json *json, const char *key, size_t key_bytes, json_t *value) {
    if (!usable(json)) {
        json_decref(value);
        return ore_error_status();
    }
    place at = {json, key, ore_json_count(json)};
    if (!value)
        return ore_fail(ORE_MEMORY, "json: out of memory");
    if (key ? !json_is_object(json->value) : !json_is_array(json->value)) {
        json_decref(value);
        return ore_fail(ORE_INVALID, "json: %s cannot take %s", kind_text(json->value),
                        key ? "a member" : "an element");
    }
    bool stored = store(json->value, key, key_bytes, value);
    if (!stored) {
        watch_begin();
        stored = store(json->value, key, key_bytes, value);
        watch_end();
    }
    json_decref(value);
    return stored ? ORE_OK : fail_at(at, "a key that is not UTF-8", "UTF-8");
}

static ore_status put(ore_json *json, const char *key, json_t *value) {
    return put_at(json, key, key ? strlen(key) : 0, value);
}

static ore_status put_bytes(ore_json *json, const char *key, const char *text, size_t bytes) {
    json_t *value = string_of(text, bytes);
    if (!value && usable(json))
        return fail_at((place){json, key, ore_json_count(json)}, "text that is not UTF-8", "UTF-8");
    return put(json, key, value);
}

static json_t *number_or_null(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

ore_status ore_json_set_string(ore_json *object, const char *key, const char *value) {
    return put_bytes(object, key, value, strlen(value));
}

ore_status ore_json_set_bytes(ore_json *object, const char *key, const char *text, size_t bytes) {
    return put_bytes(object, key, text, bytes);
}

ore_status ore_json_add_bytes(ore_json *array, const char *text, size_t bytes) {
    return put_bytes(array, NULL, text, bytes);
}

ore_status ore_json_set_int_at(ore_json *object, const char *key, size_t key_bytes, int64_t value) {
    return put_at(object, key, key_bytes, json_integer(value));
}

ore_status ore_json_set_int(ore_json *object, const char *key, int64_t value) {
    return put(object, key, json_integer(value));
}

ore_status ore_json_set_double(ore_json *object, const char *key, double value) {
    return put(object, key, number_or_null(value));
}

ore_status ore_json_set_bool(ore_json *object, const char *key, bool value) {
    return put(object, key, json_boolean(value));
}

ore_status ore_json_set_null(ore_json *object, const char *key) {
    return put(object, key, json_null());
}

ore_status ore_json_remove(ore_json *object, const char *key) {
    if (!usable(object))
        return ore_error_status();
    if (!json_is_object(object->value))
        return ore_fail(ORE_INVALID, "json: %s has no members to remove", kind_text(object->value));
    object->iterator = NULL;
    json_object_del(object->value, key);
    return ORE_OK;
}

ore_json *ore_json_set_object(ore_json *object, const char *key) {
    if (put(object, key, json_object()) != ORE_OK)
        return NULL;
    return ore_json_get_object(object, key);
}

ore_json *ore_json_set_array(ore_json *object, const char *key) {
    if (put(object, key, json_array()) != ORE_OK)
        return NULL;
    return ore_json_get_array(object, key);
}

ore_status ore_json_add_string(ore_json *array, const char *value) {
    return put_bytes(array, NULL, value, strlen(value));
}

ore_status ore_json_add_int(ore_json *array, int64_t value) {
    return put(array, NULL, json_integer(value));
}

ore_status ore_json_add_double(ore_json *array, double value) {
    return put(array, NULL, number_or_null(value));
}

ore_json *ore_json_add_object(ore_json *array) {
    if (put(array, NULL, json_object()) != ORE_OK)
        return NULL;
    return ore_json_at_object(array, ore_json_count(array) - 1);
}

ore_json *ore_json_add_array(ore_json *array) {
    if (put(array, NULL, json_array()) != ORE_OK)
        return NULL;
    return ore_json_at_array(array, ore_json_count(array) - 1);
}

const char *ore_json_jansson_version(void) {
    return jansson_version_str();
}
