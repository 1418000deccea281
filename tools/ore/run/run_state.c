/* run_state.c: state.json. Bytes stand as hexadecimal digits, numbers that are infinite as null. */
#include <math.h>
#include <string.h>

#include <ore/io.h>

#include "run/rundir.h"
#include "run/run_state.h"

enum { HEX_BYTES_MAX = ORE_LOADER_STATE_BYTES, FORMAT = 1 };

static void set_bytes(ore_json *o, const char *key, const uint8_t *data, int count) {
    static const char digits[] = "0123456789abcdef";
    char text[2 * HEX_BYTES_MAX + 1];
    for (int i = 0; i < count; i++) {
        text[2 * i] = digits[data[i] >> 4];
        text[2 * i + 1] = digits[data[i] & 15];
    }
    text[2 * count] = '\0';
    ore_json_set_string(o, key, text);
}

/* 0 .. 15, or -1. */
static int digit_of(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void get_bytes(ore_json *o, const char *key, uint8_t *data, int count, const char *path) {
    const char *text = ore_json_get_string(o, key);
    bool fits = text && strlen(text) == 2 * (size_t)count;
    for (int i = 0; fits && i < count; i++) {
        int high = digit_of(text[2 * i]), low = digit_of(text[2 * i + 1]);
        fits = high >= 0 && low >= 0;
        if (fits)
            data[i] = (uint8_t)(high << 4 | low);
    }
    if (text && !fits)
        ore_fail(ORE_DATA, "%s: %s: expected %d bytes as hexadecimal digits", path, key, count);
}

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

/* Counts and steps are not negative, but for the two that may be -1. */
static void get_count(ore_json *o, const char *key, int64_t least, int64_t *value,
                      const char *path) {
    if (ore_json_get_int(o, key, value) == ORE_OK && *value < least)
        ore_fail(ORE_DATA, "%s: %s: %lld, expected at least %lld", path, key, (long long)*value,
                 (long long)least);
}

static void get_double_or(ore_json *o, const char *key, double other, double *value) {
    if (ore_json_kind_of(o, key) == ORE_JSON_NULL)
        *value = other;
    else
        ore_json_get_double(o, key, value);
}

ore_status run_state_save(const run_state *s, const char *path) {
    ore_json *o = ore_json_object_new();
    ore_json_set_int(o, "format", FORMAT);
    ore_json_set_int(o, "step", s->fit.step);
    ore_json_set_int(o, "tokens", s->fit.tokens);
    ore_json_set_double(o, "best_val", s->fit.best_val);
    ore_json_set_int(o, "best_step", s->fit.best_step);
    ore_json_set_int(o, "bad_evals", s->fit.bad_evals);
    ore_json_set_double(o, "least_train", s->fit.least_train);
    ore_json_set_int(o, "converged_step", s->fit.converged_step);
    ore_json_set_bool(o, "unevaluated", s->fit.unevaluated);
    ore_json_set_int(o, "metrics_bytes", s->metrics_bytes);
    ore_json_set_int(o, "train_tokens", s->data.train_tokens);
    ore_json_set_int(o, "val_tokens", s->data.val_tokens);
    if (s->data.digested) {
        set_digest(o, "data_digest", s->data.digest);
        set_digest(o, "val_data_digest", s->data.val_digest);
    }
    if (s->tokenizer_digested)
        set_digest(o, "tokenizer_digest", s->tokenizer);
    set_bytes(o, "loader", s->loader, sizeof s->loader);
    set_bytes(o, "dropout", s->dropout, sizeof s->dropout);
    ore_json_write(o, path);
    ore_json_free(o);
    return ore_error_status();
}

ore_status run_state_load(run_state *s, const char *path) {
    int64_t format = 0;
    ore_json *o = ore_json_load(path);
    *s = (run_state){.fit = ore_fit_state_start()};
    if (!o)
        return ore_error_status();
    if (ore_json_get_int(o, "format", &format) == ORE_OK && format != FORMAT)
        ore_fail(ORE_DATA, "%s: format: %lld, expected %d", path, (long long)format, FORMAT);
    get_count(o, "step", 0, &s->fit.step, path);
    get_count(o, "tokens", 0, &s->fit.tokens, path);
    get_double_or(o, "best_val", INFINITY, &s->fit.best_val);
    get_count(o, "best_step", -1, &s->fit.best_step, path);
    get_count(o, "bad_evals", 0, &s->fit.bad_evals, path);
    get_double_or(o, "least_train", INFINITY, &s->fit.least_train);
    get_count(o, "converged_step", -1, &s->fit.converged_step, path);
    if (ore_json_kind_of(o, "unevaluated") != ORE_JSON_MISSING)
        ore_json_get_bool(o, "unevaluated", &s->fit.unevaluated);
    get_count(o, "metrics_bytes", 0, &s->metrics_bytes, path);
    get_count(o, "train_tokens", 0, &s->data.train_tokens, path);
    get_count(o, "val_tokens", 0, &s->data.val_tokens, path);
    s->data.digested = ore_json_kind_of(o, "data_digest") != ORE_JSON_MISSING;
    if (s->data.digested) {
        get_digest(o, "data_digest", &s->data.digest, path);
        get_digest(o, "val_data_digest", &s->data.val_digest, path);
    }
    s->tokenizer_digested = ore_json_kind_of(o, "tokenizer_digest") != ORE_JSON_MISSING;
    if (s->tokenizer_digested)
        get_digest(o, "tokenizer_digest", &s->tokenizer, path);
    get_bytes(o, "loader", s->loader, sizeof s->loader, path);
    get_bytes(o, "dropout", s->dropout, sizeof s->dropout, path);
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
