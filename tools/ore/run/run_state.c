/* run_state.c: what the command has in state.json. */
#include "run/rundir.h"
#include "run/run_state.h"

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

ore_status run_state_add(const run_state *s, ore_json *o) {
    ore_json_set_int(o, "train_tokens", s->data.train_tokens);
    ore_json_set_int(o, "val_tokens", s->data.val_tokens);
    if (s->data.digested) {
        set_digest(o, "data_digest", s->data.digest);
        set_digest(o, "val_data_digest", s->data.val_digest);
    }
    if (s->tokenizer_digested)
        set_digest(o, "tokenizer_digest", s->tokenizer);
    return ore_error_status();
}

ore_status run_state_read(run_state *s, ore_json *o, const char *path) {
    *s = (run_state){0};
    ore_run_read_place(o, path, &s->fit);
    get_count(o, "train_tokens", &s->data.train_tokens, path);
    get_count(o, "val_tokens", &s->data.val_tokens, path);
    s->data.digested = ore_json_kind_of(o, "data_digest") != ORE_JSON_MISSING;
    if (s->data.digested) {
        get_digest(o, "data_digest", &s->data.digest, path);
        get_digest(o, "val_data_digest", &s->data.val_digest, path);
    }
    s->tokenizer_digested = ore_json_kind_of(o, "tokenizer_digest") != ORE_JSON_MISSING;
    if (s->tokenizer_digested)
        get_digest(o, "tokenizer_digest", &s->tokenizer, path);
    return ore_error_status();
}

ore_status run_state_load(run_state *s, const char *path) {
    ore_json *o = ore_json_load(path);
    if (o)
        run_state_read(s, o, path);
    ore_json_free(o);
    return ore_error_status();
}

bool run_state_peek(run_state *s, const char *dir) {
    char path[RUNDIR_PATH_BYTES];
    bool there = ore_ok() && rundir_path(dir, "state.json", path) == ORE_OK &&
                 ore_path_kind_of(path) == ORE_PATH_FILE && run_state_load(s, path) == ORE_OK;
    if (!there)
        ore_error_clear();
    return there;
}

/* ---- the tokenizer ---- */

static ore_status digest_of_file(const char *path, ore_digest *digest) {
    size_t bytes;
    char *text = ore_file_read(path, &bytes);
    if (text)
        *digest = ore_digest_of(text, bytes);
    ore_string_free(text);
    return ore_error_status();
}

ore_status run_state_keep_tokenizer(run_state *s, const char *dir) {
    char path[RUNDIR_PATH_BYTES];
    if (rundir_path(dir, "tokenizer.json", path) == ORE_OK)
        digest_of_file(path, &s->tokenizer);
    s->tokenizer_digested = ore_ok();
    return ore_error_status();
}

ore_status run_state_check_tokenizer(const run_state *s, const char *dir) {
    char path[RUNDIR_PATH_BYTES];
    ore_digest now;
    if (!s->tokenizer_digested || rundir_path(dir, "tokenizer.json", path) != ORE_OK ||
        digest_of_file(path, &now) != ORE_OK || ore_digest_equal(now, s->tokenizer))
        return ore_error_status();
    return ore_fail(ORE_DATA,
                    "%s: damaged: it is not the tokenizer of the run's checkpoint, whose digest "
                    "state.json has",
                    path);
}
