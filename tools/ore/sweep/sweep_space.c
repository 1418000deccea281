/* sweep_space.c: reads the axes of a sweep, and makes the trials. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ore/ops.h>
#include <ore/run.h>

#include "sweep/sweep_space.h"

/* ---- axes ---- */

static const char *flag_of(bool drawn) {
    return drawn ? "--random" : "--grid";
}

/* A value of an axis, checked by its row, as config.json would have it; owned by the caller. NULL
 * with an error. */
static char *checked_value(const option *row, const char *text, bool drawn) {
    char label[CONFIG_LABEL_BYTES], value[4096], *copy = NULL;
    snprintf(label, sizeof label, "%s %s=%.300s", flag_of(drawn), row->field.key, text);
    if (config_normalise(&row->field, text, label, value, sizeof value) == ORE_OK) {
        copy = strdup(value);
        if (!copy)
            ore_fail(ORE_MEMORY, "sweep: out of memory");
    }
    return copy;
}

static ore_status add_value(sweep_axis *a, const char *text) {
    char *value = checked_value(a->row, text, a->drawn);
    if (!value)
        return ore_error_status();
    for (int i = 0; i < a->count; i++)
        if (strcmp(a->values[i], value) == 0)
            ore_fail(ORE_INVALID, "%s %s=%s: given twice", flag_of(a->drawn), a->row->field.key,
                     value);
    char **values = realloc(a->values, (size_t)(a->count + 1) * sizeof *values);
    if (values)
        a->values = values;
    else
        ore_fail(ORE_MEMORY, "sweep: out of memory");
    if (!ore_ok()) {
        free(value);
        return ore_error_status();
    }
    a->values[a->count++] = value;
    return ORE_OK;
}

/* Reads "A,B,..". A word may be empty only if the row takes an empty text. */
static ore_status read_list(sweep_axis *a, const char *list) {
    char *copy = strdup(list), *rest = copy;
    if (!copy)
        return ore_fail(ORE_MEMORY, "sweep: out of memory");
    for (char *word = strsep(&rest, ","); word && ore_ok(); word = strsep(&rest, ","))
        add_value(a, word);
    free(copy);
    return ore_error_status();
}

static bool is_number(const option *row) {
    return row->field.type == CONFIG_INT || row->field.type == CONFIG_FLOAT;
}

/* Reads one end of a range, which must be a value that the row takes. */
static double read_end(const sweep_axis *a, const char *text) {
    char *value = checked_value(a->row, text, true);
    double number = value ? strtod(value, NULL) : NAN;
    if (value && strcmp(value, "auto") == 0)
        ore_fail(ORE_INVALID, "--random %s: auto is no end of a range", a->row->field.key);
    free(value);
    return number;
}

/* Reads "LOW..HIGH" or "LOW..HIGH:log". */
static ore_status read_range(sweep_axis *a, const char *text) {
    char low[64], high[64];
    const char *dots = strstr(text, ".."), *colon = strchr(text, ':');
    size_t end = colon ? (size_t)(colon - text) : strlen(text);
    snprintf(low, sizeof low, "%.*s", (int)(dots - text), text);
    snprintf(high, sizeof high, "%.*s", (int)(text + end - dots - 2), dots + 2);
    if (colon && strcmp(colon, ":log") != 0)
        return ore_fail(ORE_INVALID, "--random %s=%.100s: %.20s: expected :log or nothing",
                        a->row->field.key, text, colon);
    a->log = colon != NULL;
    a->low = read_end(a, low);
    a->high = ore_ok() ? read_end(a, high) : NAN;
    if (ore_ok() && !(a->low < a->high))
        return ore_fail(ORE_INVALID, "--random %s=%.100s: expected a lower end first",
                        a->row->field.key, text);
    if (ore_ok() && a->log && a->low <= 0)
        return ore_fail(ORE_INVALID, "--random %s=%.100s: a logarithmic scale begins above 0",
                        a->row->field.key, text);
    return ore_error_status();
}

static ore_status check_key(const sweep_space *s, const train_options *base, const option *row,
                            bool drawn) {
    const char *flag = flag_of(drawn);
    char name[64];
    if (strcmp(row->field.key, "model") == 0)
        return ore_fail(ORE_INVALID, "%s model: a sweep is over one model", flag);
    if (strcmp(row->field.key, "preset") == 0 || row->kind != OPTION_SAVED)
        return ore_fail(ORE_INVALID, "%s %s: expected a key that makes a run what it is", flag,
                        row->field.key);
    if (options_origin(&base->options, row->field.key) == ORIGIN_FLAG)
        return ore_fail(ORE_INVALID, "%s %s: also given as %s", flag, row->field.key,
                        option_flag_text(row->field.key, name, sizeof name));
    for (int i = 0; i < s->count; i++)
        if (s->axes[i].row == row)
            return ore_fail(ORE_INVALID, "%s %s: given twice", flag, row->field.key);
    if (s->count == SWEEP_AXES_MAX)
        return ore_fail(ORE_INVALID, "%s %s: a sweep varies at most %d keys", flag, row->field.key,
                        SWEEP_AXES_MAX);
    return ORE_OK;
}

static void free_axis(sweep_axis *a) {
    for (int i = 0; i < a->count; i++)
        free(a->values[i]);
    free(a->values);
    *a = (sweep_axis){0};
}

ore_status sweep_space_add(sweep_space *s, const train_options *base, const char *text,
                           bool drawn) {
    char key[64];
    const char *equals = strchr(text, '=');
    if (!equals || equals == text || !equals[1])
        return ore_fail(ORE_INVALID, "%s %.100s: expected KEY=%s", flag_of(drawn), text,
                        drawn ? "LOW..HIGH, KEY=LOW..HIGH:log or KEY=A,B,.." : "A,B,..");
    snprintf(key, sizeof key, "%.*s", (int)(equals - text), text);
    const option *row = options_find(&base->options, key);
    if (!row)
        return options_fail_unknown(&base->options, key);
    sweep_axis a = {.row = row, .drawn = drawn};
    if (check_key(s, base, row, drawn) != ORE_OK)
        return ore_error_status();
    if (drawn && is_number(row) && strstr(equals + 1, ".."))
        read_range(&a, equals + 1);
    else
        read_list(&a, equals + 1);
    if (!ore_ok()) {
        free_axis(&a);
        return ore_error_status();
    }
    int at = s->count;
    while (at > 0 && s->axes[at - 1].row > row)
        at--;
    memmove(&s->axes[at + 1], &s->axes[at], (size_t)(s->count - at) * sizeof a);
    s->axes[at] = a;
    s->count++;
    return ORE_OK;
}

void sweep_space_free(sweep_space *s) {
    for (int i = 0; i < s->count; i++)
        free_axis(&s->axes[i]);
    *s = (sweep_space){0};
}

/* ---- trials ---- */

/* 64 random bits of a seed, a trial and a key, which is hashed by FNV-1a. */
static uint64_t draw_bits(uint64_t seed, int64_t trial, const char *key) {
    enum { stream = ORE_STREAM_COUNT }; /* the first stream that no run uses */
    uint64_t hash = 14695981039346656037u;
    for (; *key; key++)
        hash = (hash ^ (uint8_t)*key) * 1099511628211u;
    return ore_stream_seed(seed, stream, (int64_t)hash, trial);
}

/* A random number, uniform in [0, 1). */
static double draw(uint64_t seed, int64_t trial, const char *key) {
    return ldexp((double)(draw_bits(seed, trial, key) >> 11), -53);
}

/* Applies a function of the library to a number: its bits do not depend on the C library. */
static double applied(ore_tensor *(*function)(ore_tensor *), double x) {
    ore_scope_begin();
    double y = ore_item(function(ore_scalar(x, ORE_FLOAT64)));
    ore_scope_end();
    return y;
}

/* The value whose logarithm lies at u, 0 .. 1, between those of low and high. */
static double between_logs(double low, double high, double u) {
    double start = applied(ore_log, low), end = applied(ore_log, high);
    return applied(ore_exp, start + u * (end - start));
}

/* A drawn value as text, with four digits: more make no difference to a search, and the names of
 * folders stay readable. */
static char *drawn_value(const sweep_axis *a, double u) {
    char text[64];
    if (a->values)
        return strdup(a->values[(int)(u * a->count)]);
    bool whole = a->row->field.type == CONFIG_INT;
    double low = a->low, high = a->high + whole; /* so that each whole number is equally likely */
    double x = a->log ? between_logs(low, high, u) : low + u * (high - low);
    snprintf(text, sizeof text, whole ? "%.0f" : "%.4g", whole ? floor(x) : x);
    double rounded = strtod(text, NULL);
    if (rounded < a->low || rounded > a->high) /* rounding may have crossed an end */
        ore_number_text(rounded < a->low ? a->low : a->high, text);
    return strdup(text);
}

/* Names the trial's folder after its values; slashes in them become underscores. */
static ore_status name_trial(const sweep_space *s, sweep_trial *t) {
    size_t used = 0;
    for (int i = 0; i < s->count && used < sizeof t->name; i++)
        used += (size_t)snprintf(t->name + used, sizeof t->name - used, "%s%s=%s", i ? "," : "",
                                 s->axes[i].row->field.key, t->values[i]);
    if (used >= sizeof t->name)
        return ore_fail(ORE_INVALID, "%.60s..: the values make too long a name for a folder",
                        t->name);
    for (char *c = t->name; *c; c++)
        if (*c == '/')
            *c = '_';
    return ORE_OK;
}

static ore_status fill_trial(const sweep_space *s, int64_t point, int64_t number, uint64_t seed,
                             sweep_trial *t) {
    for (int i = s->count - 1; i >= 0; i--) { /* the last axis varies fastest */
        const sweep_axis *a = &s->axes[i];
        if (a->drawn) {
            t->values[i] = drawn_value(a, draw(seed, number, a->row->field.key));
        } else {
            t->values[i] = strdup(a->values[point % a->count]);
            point /= a->count;
        }
        if (!t->values[i])
            return ore_fail(ORE_MEMORY, "sweep: out of memory");
    }
    return name_trial(s, t);
}

static void free_trial(sweep_trial *t) {
    for (int i = 0; i < SWEEP_AXES_MAX; i++)
        free(t->values[i]);
    *t = (sweep_trial){0};
}

static bool is_repeated(const sweep_trial *trials, int n) {
    for (int i = 0; i < n; i++)
        if (strcmp(trials[i].name, trials[n].name) == 0)
            return true;
    return false;
}

ore_status sweep_space_trials(const sweep_space *s, int64_t draws, uint64_t seed,
                              sweep_trial **trials, int *count) {
    int64_t points = 1, n = 0;
    *trials = NULL;
    *count = 0;
    for (int i = 0; i < s->count; i++)
        if (!s->axes[i].drawn && points <= SWEEP_TRIALS_MAX)
            points *= s->axes[i].count;
    if (points > SWEEP_TRIALS_MAX / draws)
        return ore_fail(ORE_INVALID, "sweep: more than %d runs; thin the grid out",
                        SWEEP_TRIALS_MAX);
    *trials = calloc((size_t)(points * draws), sizeof **trials);
    if (!*trials)
        return ore_fail(ORE_MEMORY, "sweep: out of memory");
    for (int64_t i = 0; i < points * draws && ore_ok(); i++) {
        sweep_trial *t = &(*trials)[n];
        if (fill_trial(s, i / draws, i % draws, seed, t) == ORE_OK && !is_repeated(*trials, (int)n))
            n++;
        else
            free_trial(t);
    }
    *count = (int)n;
    return ore_error_status();
}

void sweep_trials_free(sweep_trial *trials, int count) {
    for (int i = 0; i < count; i++)
        free_trial(&trials[i]);
    free(trials);
}
