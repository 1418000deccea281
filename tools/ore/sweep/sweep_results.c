/* sweep_results.c: sweep.json, sweep.tsv, and the table. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ore/io.h>

#include "run/rundir.h"
#include "sweep/sweep.h"
#include "cli/words.h"

static const char *const state_names[] = {[SWEEP_WAITING] = "waiting",
                                          [SWEEP_DONE] = "done",
                                          [SWEEP_DIVERGED] = "diverged",
                                          [SWEEP_FAILED] = "failed"};
enum { STATES = sizeof state_names / sizeof state_names[0] };

/* ---- order ---- */

/* Done ones by their losses, then the others; equal ones by name, so that the order is one. */
static int compare(const void *a, const void *b) {
    const sweep_result *x = *(const sweep_result *const *)a, *y = *(const sweep_result *const *)b;
    bool x_done = x->state == SWEEP_DONE, y_done = y->state == SWEEP_DONE;
    if (x_done != y_done)
        return x_done ? -1 : 1;
    if (x_done && x->val_loss != y->val_loss)
        return x->val_loss < y->val_loss ? -1 : 1;
    return strcmp(x->trial.name, y->trial.name);
}

/* The results in order, the caller's; NULL with ORE_MEMORY. */
static const sweep_result **in_order(const sweep *s) {
    const sweep_result **order = calloc((size_t)s->count + 1, sizeof *order);
    for (int i = 0; order && i < s->count; i++)
        order[i] = &s->results[i];
    if (order)
        qsort(order, (size_t)s->count, sizeof *order, compare);
    else
        ore_fail(ORE_MEMORY, "sweep: out of memory");
    return order;
}

const sweep_result *sweep_best(const sweep *s) {
    const sweep_result *best = NULL;
    for (int i = 0; i < s->count; i++) {
        const sweep_result *r = &s->results[i];
        if (r->state == SWEEP_DONE && (!best || compare(&r, &best) < 0))
            best = r;
    }
    return best;
}

ore_status sweep_run_path(const sweep *s, const sweep_result *r, char *path) {
    return rundir_path(s->dir, r->trial.name, path);
}

/* ---- writing ---- */

static json_t *number_json(double x) {
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *result_json(const sweep *s, const sweep_result *r) {
    json_t *o = json_object(), *values = json_object();
    for (int i = 0; i < s->space.count; i++)
        json_object_set_new(values, s->space.axes[i].row->key, json_string(r->trial.values[i]));
    json_object_set_new(o, "run", json_string(r->trial.name));
    json_object_set_new(o, "values", values);
    json_object_set_new(o, "state", json_string(state_names[r->state]));
    json_object_set_new(o, "seconds", number_json(r->seconds));
    if (r->state == SWEEP_DONE) {
        json_object_set_new(o, "validation_loss", number_json(r->val_loss));
        json_object_set_new(o, "train_loss", number_json(r->train_loss));
        json_object_set_new(o, "best_step", json_integer(r->best_step));
        json_object_set_new(o, "steps", json_integer(r->steps));
        json_object_set_new(o, "parameters", json_integer(r->parameters));
    } else if (r->state != SWEEP_WAITING) {
        json_object_set_new(o, "message", json_string(r->message));
    }
    return o;
}

static json_t *test_json(const sweep *s) {
    json_t *o = json_object();
    json_object_set_new(o, "run", json_string(s->test_name));
    json_object_set_new(o, "loss", number_json(s->test.loss));
    json_object_set_new(o, "perplexity", number_json(s->test.perplexity));
    json_object_set_new(o, "bits_per_byte", number_json(s->test.bits_per_byte));
    return o;
}

/* The config that the runs share: the saved keys that do not vary. */
static json_t *shared_config(const sweep *s) {
    json_t *config = options_to_json(&s->base.options);
    for (int i = 0; config && i < s->space.count; i++)
        json_object_del(config, s->space.axes[i].row->key);
    return config;
}

static json_t *sweep_json(const sweep *s, const sweep_result *const *order) {
    json_t *o = json_object(), *keys = json_array(), *runs = json_array();
    const sweep_result *best = sweep_best(s);
    for (int i = 0; i < s->space.count; i++)
        json_array_append_new(keys, json_string(s->space.axes[i].row->key));
    for (int i = 0; i < s->count; i++)
        json_array_append_new(runs, result_json(s, order[i]));
    json_object_set_new(o, "keys", keys);
    json_object_set_new(o, "config", shared_config(s));
    json_object_set_new(o, "best", best ? json_string(best->trial.name) : json_null());
    json_object_set_new(o, "test", *s->test_name ? test_json(s) : json_null());
    json_object_set_new(o, "runs", runs);
    return o;
}

static ore_status write_text(const sweep *s, const char *name, const char *text) {
    char path[RUNDIR_PATH_BYTES];
    if (!text)
        return ore_fail(ORE_MEMORY, "%s/%s: out of memory", s->dir, name);
    return rundir_path(s->dir, name, path) == ORE_OK ? ore_file_write(path, text, strlen(text))
                                                     : ore_error_status();
}

static void print_tsv(const sweep *s, const sweep_result *const *order, FILE *out) {
    for (int k = 0; k < s->space.count; k++)
        fprintf(out, "%s\t", s->space.axes[k].row->key);
    fputs("validation_loss\ttrain_loss\tbest_step\tsteps\tseconds\tparameters\tstate\trun\n", out);
    for (int i = 0; i < s->count; i++) {
        const sweep_result *r = order[i];
        for (int k = 0; k < s->space.count; k++)
            fprintf(out, "%s\t", r->trial.values[k]);
        if (r->state == SWEEP_DONE)
            fprintf(out, "%.6f\t%.6f\t%lld\t%lld\t%.2f\t%lld\t", r->val_loss, r->train_loss,
                    (long long)r->best_step, (long long)r->steps, r->seconds,
                    (long long)r->parameters);
        else
            fprintf(out, "\t\t\t\t%.2f\t\t", r->seconds);
        fprintf(out, "%s\t%s\n", state_names[r->state], r->trial.name);
    }
}

ore_status sweep_results_write(const sweep *s) {
    const sweep_result **order = in_order(s);
    char *table = NULL;
    size_t bytes = 0;
    if (!order)
        return ore_error_status();
    json_t *o = sweep_json(s, order);
    char *text = options_json_text(o);
    write_text(s, "sweep.json", text);
    FILE *stream = open_memstream(&table, &bytes);
    if (stream) {
        print_tsv(s, order, stream);
        fclose(stream);
    }
    write_text(s, "sweep.tsv", table);
    free(table);
    ore_string_free(text);
    json_decref(o);
    free(order);
    return ore_error_status();
}

/* ---- reading ---- */

static ore_status fail_file(const char *path, const char *what) {
    return ore_fail(ORE_DATA, "%s: %s: not as a sweep writes it", path, what);
}

static ore_status check_keys(const sweep *s, const json_t *file, const char *path) {
    const json_t *keys = json_object_get(file, "keys");
    char theirs[512] = "";
    bool same = json_array_size(keys) == (size_t)s->space.count;
    for (size_t i = 0; i < json_array_size(keys); i++) {
        const char *key = json_string_value(json_array_get(keys, i));
        size_t used = strlen(theirs);
        snprintf(theirs + used, sizeof theirs - used, "%s%s", i ? ", " : "", key ? key : "?");
        bool found = false;
        for (int k = 0; key && k < s->space.count; k++)
            found = found || strcmp(s->space.axes[k].row->key, key) == 0;
        same = same && found;
    }
    if (!json_is_array(keys))
        return fail_file(path, "keys");
    if (same)
        return ORE_OK;
    return ore_fail(ORE_DATA, "%s: holds a sweep over %s; choose another --out", s->dir, theirs);
}

/* `bytes` is at least ORE_NUMBER_TEXT_BYTES. */
static const char *value_text(const json_t *value, char *text, size_t bytes) {
    if (json_is_string(value))
        return json_string_value(value);
    if (json_is_real(value))
        return ore_number_text(json_real_value(value), text);
    char *dumped = json_dumps(value, JSON_ENCODE_ANY);
    snprintf(text, bytes, "%s", dumped ? dumped : "nothing");
    free(dumped);
    return text;
}

/* Texts may have moved: sweep_check_data compares what they hold. */
static bool is_text_of_both(const char *key, const json_t *a, const json_t *b) {
    bool text = strcmp(key, "data") == 0 || strcmp(key, "val_data") == 0;
    return text && json_string_length(a) > 0 && json_string_length(b) > 0;
}

static ore_status check_config(const sweep *s, const json_t *file, const char *path) {
    const json_t *theirs = json_object_get(file, "config");
    json_t *mine = shared_config(s), *value;
    const char *key;
    if (mine && !json_is_object(theirs))
        fail_file(path, "config");
    json_object_foreach(mine, key, value) {
        const json_t *other = json_object_get(theirs, key);
        char a[128], b[128], flag[64];
        if (ore_ok() && other && !json_equal(value, other) && !is_text_of_both(key, value, other))
            ore_fail(ORE_DATA, "%s: its runs have %s %s, not %s; choose another --out", s->dir,
                     option_flag_text(key, flag, sizeof flag), value_text(other, a, sizeof a),
                     value_text(value, b, sizeof b));
    }
    json_decref(mine);
    return ore_error_status();
}

static double real_of(const json_t *o, const char *key) {
    const json_t *value = json_object_get(o, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static void read_result(sweep_result *r, const json_t *o) {
    const char *state = json_string_value(json_object_get(o, "state"));
    const char *message = json_string_value(json_object_get(o, "message"));
    for (int i = 0; state && i < STATES; i++)
        if (strcmp(state_names[i], state) == 0)
            r->state = (sweep_state)i;
    double seconds = real_of(o, "seconds");
    r->seconds = isfinite(seconds) ? seconds : 0;
    r->val_loss = real_of(o, "validation_loss");
    r->train_loss = real_of(o, "train_loss");
    r->best_step = json_integer_value(json_object_get(o, "best_step"));
    r->steps = json_integer_value(json_object_get(o, "steps"));
    r->parameters = json_integer_value(json_object_get(o, "parameters"));
    snprintf(r->message, sizeof r->message, "%s", message ? message : "");
    if (r->state == SWEEP_DONE && !isfinite(r->val_loss))
        r->state = SWEEP_WAITING;
}

static sweep_result *find_result(const sweep *s, const char *name) {
    for (int i = 0; i < s->count; i++)
        if (strcmp(s->results[i].trial.name, name) == 0)
            return &s->results[i];
    return NULL;
}

/* A run of an earlier command over other values. */
static sweep_result *add_result(sweep *s, const char *name, const json_t *values) {
    sweep_result *more = realloc(s->results, (size_t)(s->count + 1) * sizeof *more);
    if (!more) {
        ore_fail(ORE_MEMORY, "sweep: out of memory");
        return NULL;
    }
    s->results = more;
    sweep_result *r = &more[s->count++];
    *r = (sweep_result){0};
    snprintf(r->trial.name, sizeof r->trial.name, "%s", name);
    for (int i = 0; i < s->space.count; i++) {
        const char *value = json_string_value(json_object_get(values, s->space.axes[i].row->key));
        r->trial.values[i] = strdup(value ? value : "");
        if (!r->trial.values[i])
            ore_fail(ORE_MEMORY, "sweep: out of memory");
    }
    return r;
}

static void read_test(sweep *s, const json_t *test) {
    const char *name = json_string_value(json_object_get(test, "run"));
    if (!name)
        return;
    snprintf(s->test_name, sizeof s->test_name, "%s", name);
    s->test.loss = real_of(test, "loss");
    s->test.perplexity = real_of(test, "perplexity");
    s->test.bits_per_byte = real_of(test, "bits_per_byte");
}

static ore_status read_runs(sweep *s, const json_t *file, const char *path) {
    const json_t *runs = json_object_get(file, "runs");
    if (!json_is_array(runs))
        return fail_file(path, "runs");
    for (size_t i = 0; i < json_array_size(runs) && ore_ok(); i++) {
        const json_t *o = json_array_get(runs, i);
        const char *name = json_string_value(json_object_get(o, "run"));
        if (!name || strchr(name, '/'))
            return fail_file(path, "run");
        sweep_result *r = find_result(s, name);
        if (!r)
            r = add_result(s, name, json_object_get(o, "values"));
        if (r)
            read_result(r, o);
    }
    read_test(s, json_object_get(file, "test"));
    return ore_error_status();
}

ore_status sweep_results_read(sweep *s) {
    char path[RUNDIR_PATH_BYTES];
    if (rundir_path(s->dir, "sweep.json", path) != ORE_OK ||
        ore_path_kind_of(path) == ORE_PATH_MISSING)
        return ore_error_status();
    json_t *file = options_load_json(path);
    if (file && check_keys(s, file, path) == ORE_OK && check_config(s, file, path) == ORE_OK)
        read_runs(s, file, path);
    json_decref(file);
    return ore_error_status();
}

/* ---- the table ---- */

static int key_width(const sweep *s, int k) {
    size_t width = strlen(s->space.axes[k].row->key);
    for (int i = 0; i < s->count; i++)
        if (strlen(s->results[i].trial.values[k]) > width)
            width = strlen(s->results[i].trial.values[k]);
    return (int)width;
}

static void print_row(const sweep *s, const sweep_result *r) {
    char count[COUNT_BYTES];
    for (int k = 0; k < s->space.count; k++)
        printf("%-*s  ", key_width(s, k), r->trial.values[k]);
    if (r->state == SWEEP_DONE)
        printf("%15.4f  %10.4f  %9lld  %7.1f  %10s\n", r->val_loss, r->train_loss,
               (long long)r->best_step, r->seconds, grouped_text(r->parameters, count));
    else
        printf("%15s%s%s\n", state_names[r->state], *r->message ? ": " : "", r->message);
}

static void print_best(const sweep *s, const sweep_result *best) {
    char dir[RUNDIR_PATH_BYTES + sizeof best->trial.name + 1], text[4 * sizeof dir];
    snprintf(dir, sizeof dir, "%s/%s", s->dir, best->trial.name);
    printf("\nbest: %s, validation loss %.4f; ore sample %s --best\n", best->trial.name,
           best->val_loss, shell_path(dir, text, sizeof text));
}

void sweep_results_print(const sweep *s) {
    const sweep_result **order = in_order(s), *best = sweep_best(s);
    if (!order)
        return;
    putchar('\n');
    for (int k = 0; k < s->space.count; k++)
        printf("%-*s  ", key_width(s, k), s->space.axes[k].row->key);
    printf("%15s  %10s  %9s  %7s  %10s\n", "validation loss", "train loss", "best step", "seconds",
           "parameters");
    for (int i = 0; i < s->count; i++)
        print_row(s, order[i]);
    if (best)
        print_best(s, best);
    if (*s->test_name)
        printf("test split, used for %s alone: loss %.4f, perplexity %.4f\n", s->test_name,
               s->test.loss, s->test.perplexity);
    fflush(stdout);
    free(order);
}
