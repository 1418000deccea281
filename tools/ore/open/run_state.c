/* run_state.c: the command's members of state.json. */
#include <stdio.h>
#include <string.h>

#include "open/run_state.h"

static void set_digest(ore_json *o, const char *key, ore_digest digest) {
    char text[ORE_DIGEST_TEXT_BYTES];
    ore_digest_text(digest, text);
    ore_json_set_string(o, key, text);
}

static void get_digest(ore_json *o, const char *key, ore_digest *digest, const char *path) {
    const char *text = ore_json_get_string(o, key);
    if (text && !ore_digest_from_text(text, digest))
        ore_fail(ORE_DATA, "%s: %s: '%.60s', expected xxh3-128: and 32 hexadecimal digits", path,
                 key, text);
}

static void get_count(ore_json *o, const char *key, int64_t *value, const char *path) {
    if (ore_json_get_int(o, key, value) == ORE_OK && *value < 0)
        ore_fail(ORE_DATA, "%s: %s: %lld, expected at least 0", path, key, (long long)*value);
}

/* ---- state.json ---- */

static const char *const source_keys[SOURCES] = {"data_digest", "val_data_digest"};

enum { KEY_BYTES = 64 };

/* "tokenizer_digest" of "tokenizer.json", into text of KEY_BYTES. */
static const char *file_key(const char *file, char *text) {
    snprintf(text, KEY_BYTES, "%.*s_digest", (int)strcspn(file, "."), file);
    return text;
}

ore_status run_state_add(const run_state *s, ore_json *o) {
    char key[KEY_BYTES];
    ore_json_set_int(o, "train_tokens", s->data.train_items);
    ore_json_set_int(o, "val_tokens", s->data.val_items);
    for (int i = 0; i < SOURCES && s->data.digested; i++)
        set_digest(o, source_keys[i], s->data.digest[i]);
    for (int i = 0; i < TASK_FILES_MAX; i++)
        if (s->has_file[i])
            set_digest(o, file_key(s->task->files[i], key), s->file[i]);
    return ore_error_status();
}

ore_status run_state_read(run_state *s, const run_task *task, ore_json *o, const char *path) {
    char key[KEY_BYTES];
    *s = (run_state){.task = task};
    ore_run_read_place(o, path, &s->fit);
    get_count(o, "train_tokens", &s->data.train_items, path);
    get_count(o, "val_tokens", &s->data.val_items, path);
    s->data.digested = ore_json_kind_of(o, source_keys[SOURCE_DATA]) != ORE_JSON_MISSING;
    for (int i = 0; i < SOURCES && s->data.digested; i++)
        get_digest(o, source_keys[i], &s->data.digest[i], path);
    for (int i = 0; task->files[i]; i++) {
        s->has_file[i] = ore_json_kind_of(o, file_key(task->files[i], key)) != ORE_JSON_MISSING;
        if (s->has_file[i])
            get_digest(o, key, &s->file[i], path);
    }
    return ore_error_status();
}

ore_status run_state_load(run_state *s, const run_task *task, const char *path) {
    ore_json *o = ore_json_load(path);
    if (o)
        run_state_read(s, task, o, path);
    ore_json_free(o);
    return ore_error_status();
}

bool run_state_peek(run_state *s, const run_task *task, const char *dir) {
    char path[RUNDIR_PATH_BYTES];
    bool there = ore_ok() && rundir_path(dir, "state.json", path) == ORE_OK &&
                 ore_path_kind_of(path) == ORE_PATH_FILE && run_state_load(s, task, path) == ORE_OK;
    if (!there)
        ore_error_clear();
    return there;
}

/* ---- the files of the task ---- */

static ore_status digest_of_file(const char *path, ore_digest *digest) {
    size_t bytes;
    char *text = ore_file_read(path, &bytes);
    if (text)
        *digest = ore_digest_of(text, bytes);
    ore_string_free(text);
    return ore_error_status();
}

ore_status run_state_keep_files(run_state *s, const run_task *task, const char *dir) {
    char path[RUNDIR_PATH_BYTES];
    s->task = task;
    for (int i = 0; task->files[i]; i++) {
        if (rundir_path(dir, task->files[i], path) == ORE_OK)
            digest_of_file(path, &s->file[i]);
        s->has_file[i] = ore_ok();
    }
    return ore_error_status();
}

ore_status run_state_check_files(const run_state *s, const char *dir) {
    char path[RUNDIR_PATH_BYTES];
    ore_digest now;
    for (int i = 0; s->task->files[i] && ore_ok(); i++) {
        const char *name = s->task->files[i];
        if (!s->has_file[i] || rundir_path(dir, name, path) != ORE_OK ||
            digest_of_file(path, &now) != ORE_OK || ore_digest_equal(now, s->file[i]))
            continue;
        ore_fail(ORE_DATA,
                 "%s: damaged: it is not the %.*s of the run's checkpoint, whose digest "
                 "state.json has",
                 path, (int)strcspn(name, "."), name);
    }
    return ore_error_status();
}
