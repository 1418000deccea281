/* prepare_state.c: what a preparation notes, so that it can go on after a kill, and what it leaves
 * when it is complete. */
#include <string.h>

#include <ore/io.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/prepare.h"

ore_digest ore_prepare_options_digest(const ore_prepare_options *o, const ore_token_source *s) {
    const double fractions[] = {o->val_fraction, o->test_fraction};
    const int64_t numbers[] = {o->format,
                               o->unit,
                               o->min_bytes,
                               o->max_bytes,
                               o->distinct,
                               o->shard_tokens,
                               o->document_bytes,
                               s->vocabulary,
                               s->separator,
                               (int64_t)s->tokenizer.low,
                               (int64_t)s->tokenizer.high};
    ore_digest_stream stream;
    if (ore_digest_begin(&stream) != ORE_OK)
        return (ore_digest){0};
    ore_digest_put(&stream, fractions, sizeof fractions);
    ore_digest_put(&stream, numbers, sizeof numbers);
    ore_digest_put(&stream, o->field, strlen(o->field));
    return ore_digest_end(&stream);
}

/* ---- the names of numbers ---- */

/* A number of a struct and its key in a file. */
typedef struct number {
    const char *key;
    size_t offset;
} number;

static const number of_counts[] = {
    {"files", offsetof(ore_prepare_counts, files)},
    {"documents", offsetof(ore_prepare_counts, documents)},
    {"bytes", offsetof(ore_prepare_counts, bytes)},
    {"empty", offsetof(ore_prepare_counts, empty)},
    {"repeated", offsetof(ore_prepare_counts, repeated)},
    {"too_short", offsetof(ore_prepare_counts, too_short)},
    {"too_long", offsetof(ore_prepare_counts, too_long)},
    {"bad", offsetof(ore_prepare_counts, bad)},
};
static const number of_progress[] = {
    {"shards", offsetof(ore_shard_progress, shards)},
    {"tokens", offsetof(ore_shard_progress, tokens)},
    {"documents", offsetof(ore_shard_progress, documents)},
    {"bytes", offsetof(ore_shard_progress, bytes)},
    {"now_tokens", offsetof(ore_shard_progress, now_tokens)},
    {"now_documents", offsetof(ore_shard_progress, now_documents)},
    {"now_bytes", offsetof(ore_shard_progress, now_bytes)},
};
static const number of_state[] = {
    {"file", offsetof(ore_prepare_state, place.file)},
    {"row", offsetof(ore_prepare_state, place.row)},
    {"seen", offsetof(ore_prepare_state, seen)},
};
enum {
    COUNTS = sizeof of_counts / sizeof *of_counts,
    PROGRESS = sizeof of_progress / sizeof *of_progress,
    FINAL_PROGRESS = 4, /* those of a part that is complete stand first */
    STATE = sizeof of_state / sizeof *of_state,
};

static void write_numbers(ore_json *object, const number *numbers, int count, const void *from) {
    for (int i = 0; object && i < count; i++) {
        int64_t value;
        memcpy(&value, (const char *)from + numbers[i].offset, sizeof value);
        ore_json_set_int(object, numbers[i].key, value);
    }
}

/* None of them may be negative. */
static ore_status read_numbers(const ore_json *object, const number *numbers, int count, void *to) {
    for (int i = 0; object && i < count && ore_ok(); i++) {
        int64_t value = 0;
        if (ore_json_get_int(object, numbers[i].key, &value) == ORE_OK && value < 0)
            ore_fail(ORE_DATA, "%s: %s is %lld, expected at least 0", ORE_PREPARE_STATE_FILE,
                     numbers[i].key, (long long)value);
        memcpy((char *)to + numbers[i].offset, &value, sizeof value);
    }
    return ore_error_status();
}

/* ---- the state ---- */

static ore_status check_digest(const ore_json *root, const char *path, const char *key,
                               ore_digest expected, const char *what) {
    ore_digest digest;
    const char *text = ore_json_get_string(root, key);
    if (!text)
        return ore_error_status();
    if (ore_digest_from_text(text, &digest) && ore_digest_equal(digest, expected))
        return ORE_OK;
    return ore_fail(ORE_STATE,
                    "%.*s: was begun with other %s; begin anew, or go on with those it had",
                    ORE_PATH_SHOWN_BYTES, path, what);
}

ore_status ore_prepare_state_read(ore_prepare_state *state, const char *folder, ore_digest inputs,
                                  ore_digest options, bool *found) {
    char *path = ore_path_join(folder, ORE_PREPARE_STATE_FILE);
    *state = (ore_prepare_state){0};
    *found = path && ore_path_kind_of(path) == ORE_PATH_FILE;
    ore_json *root = *found ? ore_json_load(path) : NULL;
    if (root && check_digest(root, path, "options", options, "options") == ORE_OK &&
        check_digest(root, path, "inputs", inputs, "files, or files that have changed") == ORE_OK &&
        read_numbers(root, of_state, STATE, state) == ORE_OK) {
        read_numbers(ore_json_get_object(root, "counts"), of_counts, COUNTS, &state->counts);
        for (int part = 0; part < ORE_PART_COUNT; part++)
            read_numbers(ore_json_get_object(root, ore_part_file((ore_part)part)), of_progress,
                         PROGRESS, &state->parts[part]);
    }
    ore_json_free(root);
    ore_release(path);
    return ore_error_status();
}

static ore_status write_json(ore_json *root, const char *folder, const char *name) {
    char *path = ore_ok() ? ore_path_join(folder, name) : NULL;
    if (path)
        ore_json_write(root, path);
    ore_release(path);
    return ore_error_status();
}

ore_status ore_prepare_state_write(const ore_prepare_state *state, const char *folder,
                                   ore_digest inputs, ore_digest options) {
    char text[ORE_DIGEST_TEXT_BYTES];
    ore_json *root = ore_json_object_new();
    ore_digest_text(options, text);
    ore_json_set_string(root, "options", text);
    ore_digest_text(inputs, text);
    ore_json_set_string(root, "inputs", text);
    write_numbers(root, of_state, STATE, state);
    write_numbers(ore_json_set_object(root, "counts"), of_counts, COUNTS, &state->counts);
    for (int part = 0; part < ORE_PART_COUNT; part++)
        write_numbers(ore_json_set_object(root, ore_part_file((ore_part)part)), of_progress,
                      PROGRESS, &state->parts[part]);
    write_json(root, folder, ORE_PREPARE_STATE_FILE);
    ore_json_free(root);
    return ore_error_status();
}

/* ---- the end ---- */

static void remove_file(const char *folder, const char *name) {
    char *path = ore_path_join(folder, name);
    if (path)
        ore_tree_remove(path);
    ore_release(path);
}

ore_status ore_prepare_finish(const ore_prepare_state *state, const char *folder,
                              const ore_prepare_options *o, const ore_token_source *source) {
    char text[ORE_DIGEST_TEXT_BYTES];
    ore_json *root = ore_json_object_new();
    ore_digest_text(source->tokenizer, text);
    ore_json_set_string(root, "tokenizer", text);
    ore_json_set_int(root, "vocabulary", source->vocabulary);
    ore_json_set_int(root, "separator", source->separator);
    ore_json *parts = ore_json_set_object(root, "parts");
    for (int part = 0; part < ORE_PART_COUNT; part++)
        if (state->parts[part].documents > 0)
            write_numbers(ore_json_set_object(parts, ore_part_file((ore_part)part)), of_progress,
                          FINAL_PROGRESS, &state->parts[part]);
    write_numbers(ore_json_set_object(root, "read"), of_counts, COUNTS, &state->counts);
    ore_json *options = ore_json_set_object(root, "options");
    ore_json_set_int(options, "min_bytes", o->min_bytes);
    ore_json_set_int(options, "max_bytes", o->max_bytes);
    ore_json_set_bool(options, "distinct", o->distinct);
    ore_json_set_double(options, "val_fraction", o->val_fraction);
    ore_json_set_double(options, "test_fraction", o->test_fraction);
    if (write_json(root, folder, ORE_SHARDS_FILE) == ORE_OK) {
        remove_file(folder, ORE_PREPARE_SEEN_FILE);
        remove_file(folder, ORE_PREPARE_STATE_FILE);
    }
    ore_json_free(root);
    return ore_error_status();
}

static bool ends_with(const char *name, const char *ending) {
    size_t length = strlen(name), n = strlen(ending);
    return length > n && strcmp(name + length - n, ending) == 0;
}

/* Shards of the three parts, whole or growing. */
static bool is_shard(const char *name) {
    for (int part = 0; part < ORE_PART_COUNT; part++) {
        const char *file = ore_part_file((ore_part)part);
        size_t n = strlen(file);
        if (strncmp(name, file, n) == 0 && name[n] == '-')
            return ends_with(name, ".tokens") || ends_with(name, ".part") ||
                   ends_with(name, ".ends");
    }
    return false;
}

static ore_status clear_shard(void *user, const char *folder, const char *name) {
    (void)user;
    if (is_shard(name))
        remove_file(folder, name);
    return ore_error_status();
}

ore_status ore_prepare_clear(const char *folder) {
    remove_file(folder, ORE_SHARDS_FILE); /* first: without it nobody takes the shards for whole */
    remove_file(folder, ORE_PREPARE_STATE_FILE);
    remove_file(folder, ORE_PREPARE_SEEN_FILE);
    return ore_ok() ? ore_folder_visit(folder, clear_shard, NULL) : ore_error_status();
}
