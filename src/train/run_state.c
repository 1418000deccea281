/* run_state.c: state.json, in which bytes are written as hexadecimal digits and infinite numbers as
 * null. */
#include <math.h>
#include <string.h>

#include "train/run.h"

/* The version of state.json; the longest array of bytes in it. */
enum { FORMAT = 1, BYTES_MAX = ORE_LOADER_STATE_BYTES };
_Static_assert((int)ORE_GENERATOR_STATE_BYTES <= (int)BYTES_MAX, "a loader holds a generator");

/* ---- writing ---- */

static void set_bytes(ore_json *o, const char *key, const uint8_t *data, int count) {
    static const char digits[] = "0123456789abcdef";
    char text[2 * BYTES_MAX + 1];
    for (int i = 0; i < count; i++) {
        text[2 * i] = digits[data[i] >> 4];
        text[2 * i + 1] = digits[data[i] & 15];
    }
    text[2 * count] = '\0';
    ore_json_set_string(o, key, text);
}

ore_json *ore_run_state_to_json(const ore_run *run) {
    const ore_run_options *options = &run->options;
    const ore_run_place *place = &run->place;
    const ore_fit_state *fit = &place->fit;
    ore_json *o = ore_json_object_new();
    ore_json_set_int(o, "format", FORMAT);
    ore_json_set_int(o, "step", fit->step);
    ore_json_set_int(o, "tokens", fit->tokens);
    ore_json_set_double(o, "best_val", fit->best_val);
    ore_json_set_int(o, "best_step", fit->best_step);
    ore_json_set_int(o, "bad_evals", fit->bad_evals);
    ore_json_set_double(o, "least_train", fit->min_train);
    ore_json_set_int(o, "converged_step", fit->converged_step);
    ore_json_set_bool(o, "unevaluated", fit->unevaluated);
    if (fit->loss_scale > 0) {
        ore_json_set_double(o, "loss_scale", fit->loss_scale);
        ore_json_set_int(o, "loss_scale_steps", fit->loss_scale_steps);
        ore_json_set_int(o, "skipped_steps", fit->skipped_steps);
    }
    ore_json_set_int(o, "metrics_bytes", place->metrics_bytes);
    if (options->write_state && ore_ok())
        options->write_state(options->fit.user, o);
    set_bytes(o, "loader", place->loader, sizeof place->loader);
    for (int64_t i = 0; i < options->generator_count; i++) {
        const char *name = run->generators[i].name;
        if (ore_json_kind_of(o, name) != ORE_JSON_MISSING)
            ore_fail(ORE_INVALID, "run: generator %.100s: state.json has a member of that name",
                     name);
        set_bytes(o, name, place->generators[i], sizeof place->generators[i]);
    }
    return o;
}

/* ---- reading ---- */

/* The value of a hexadecimal digit, or -1. */
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

/* Reads a count or a step: at least `min`, which is 0, or -1 for the two that may be -1 (none). */
static void get_count(ore_json *o, const char *key, int64_t min, int64_t *value, const char *path) {
    if (ore_json_get_int(o, key, value) == ORE_OK && *value < min)
        ore_fail(ORE_DATA, "%s: %s: %lld, expected at least %lld", path, key, (long long)*value,
                 (long long)min);
}

static void get_double_or(ore_json *o, const char *key, double other, double *value) {
    if (ore_json_kind_of(o, key) == ORE_JSON_NULL)
        *value = other;
    else
        ore_json_get_double(o, key, value);
}

ore_status ore_run_read_place(ore_json *o, const char *path, ore_fit_state *fit) {
    int64_t format = 0;
    *fit = ore_fit_state_start();
    if (ore_json_get_int(o, "format", &format) == ORE_OK && format != FORMAT)
        ore_fail(ORE_DATA, "%s: format: %lld, expected %d", path, (long long)format, FORMAT);
    get_count(o, "step", 0, &fit->step, path);
    get_count(o, "tokens", 0, &fit->tokens, path);
    get_double_or(o, "best_val", INFINITY, &fit->best_val);
    get_count(o, "best_step", -1, &fit->best_step, path);
    get_count(o, "bad_evals", 0, &fit->bad_evals, path);
    get_double_or(o, "least_train", INFINITY, &fit->min_train);
    get_count(o, "converged_step", -1, &fit->converged_step, path);
    if (ore_json_kind_of(o, "unevaluated") != ORE_JSON_MISSING) /* not in the oldest files */
        ore_json_get_bool(o, "unevaluated", &fit->unevaluated);
    if (ore_json_kind_of(o, "loss_scale") != ORE_JSON_MISSING) { /* in runs of float16 alone */
        ore_json_get_double(o, "loss_scale", &fit->loss_scale);
        get_count(o, "loss_scale_steps", 0, &fit->loss_scale_steps, path);
        get_count(o, "skipped_steps", 0, &fit->skipped_steps, path);
        if (ore_ok() && !(fit->loss_scale > 0))
            ore_fail(ORE_DATA, "%s: loss_scale: %g, expected above 0", path, fit->loss_scale);
    }
    return ore_error_status();
}

ore_status ore_run_state_from_json(ore_run *run, ore_json *o, const char *path) {
    const ore_run_options *options = &run->options;
    ore_run_place *place = &run->place;
    ore_run_read_place(o, path, &place->fit);
    get_count(o, "metrics_bytes", 0, &place->metrics_bytes, path);
    if (options->read_state && ore_ok())
        options->read_state(options->fit.user, o, path);
    get_bytes(o, "loader", place->loader, sizeof place->loader, path);
    for (int64_t i = 0; i < options->generator_count; i++)
        get_bytes(o, run->generators[i].name, place->generators[i], sizeof place->generators[i],
                  path);
    return ore_error_status();
}
