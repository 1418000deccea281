/* sweep_results.c: the results of a sweep in sweep.json, in sweep.tsv, and printed. */
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

/* For qsort: results that are done first, by their losses, and equal ones by name, so that there is
 * only one order. */
static int compare(const void *a, const void *b) {
    const sweep_result *x = *(const sweep_result *const *)a, *y = *(const sweep_result *const *)b;
    bool x_done = x->state == SWEEP_DONE, y_done = y->state == SWEEP_DONE;
    if (x_done != y_done)
        return x_done ? -1 : 1;
    if (x_done && x->val_loss != y->val_loss)
        return x->val_loss < y->val_loss ? -1 : 1;
    return strcmp(x->trial.name, y->trial.name);
}

/* The results in that order, in an array that the caller releases; NULL with ORE_MEMORY. */
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

/* Sets the message of a run that failed. It may have been cut within a character, or name a file
 * whose name is not UTF-8: then it is left out. */
static void set_message(ore_json *o, const char *message) {
    if (ore_ok() && ore_json_set_string(o, "message", message) == ORE_DATA)
        ore_error_clear();
}

static void add_result_json(const sweep *s, const sweep_result *r, ore_json *runs) {
    ore_json *o = ore_json_add_object(runs);
    ore_json_set_string(o, "run", r->trial.name);
    ore_json *values = ore_json_set_object(o, "values");
    for (int i = 0; i < s->space.count; i++)
        ore_json_set_string(values, s->space.axes[i].row->field.key, r->trial.values[i]);
    ore_json_set_string(o, "state", state_names[r->state]);
    ore_json_set_double(o, "seconds", r->seconds);
    if (r->state == SWEEP_DONE) {
        ore_json_set_double(o, "validation_loss", r->val_loss);
        ore_json_set_double(o, "train_loss", r->train_loss);
        ore_json_set_int(o, "best_step", r->best_step);
        ore_json_set_int(o, "steps", r->steps);
        ore_json_set_int(o, "parameters", r->parameters);
    } else if (r->state != SWEEP_WAITING) {
        set_message(o, r->message);
    }
}

static void add_test_json(const sweep *s, ore_json *file) {
    ore_json *o = ore_json_set_object(file, "test");
    ore_json_set_string(o, "run", s->test_name);
    ore_json_set_double(o, "loss", s->test.loss);
    ore_json_set_double(o, "perplexity", s->test.perplexity);
    ore_json_set_double(o, "bits_per_byte", s->test.bits_per_byte);
}

/* Writes the config that all runs share: the saved keys that do not vary. */
static void fill_shared_config(const sweep *s, ore_json *config) {
    options_to_json(&s->base.options, config);
    for (int i = 0; i < s->space.count && ore_ok(); i++)
        ore_json_remove(config, s->space.axes[i].row->field.key);
}

static ore_json *sweep_json(const sweep *s, const sweep_result *const *order) {
    const sweep_result *best = sweep_best(s);
    ore_json *o = ore_json_object_new(), *keys = ore_json_set_array(o, "keys");
    for (int i = 0; i < s->space.count; i++)
        ore_json_add_string(keys, s->space.axes[i].row->field.key);
    fill_shared_config(s, ore_json_set_object(o, "config"));
    if (best)
        ore_json_set_string(o, "best", best->trial.name);
    else
        ore_json_set_null(o, "best");
    if (*s->test_name)
        add_test_json(s, o);
    else
        ore_json_set_null(o, "test");
    ore_json *runs = ore_json_set_array(o, "runs");
    for (int i = 0; i < s->count; i++)
        add_result_json(s, order[i], runs);
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
        fprintf(out, "%s\t", s->space.axes[k].row->field.key);
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
    ore_json *o = sweep_json(s, order);
    char *text = ore_json_text(o, true);
    write_text(s, "sweep.json", text);
    FILE *stream = open_memstream(&table, &bytes);
    if (stream) {
        print_tsv(s, order, stream);
        fclose(stream);
    }
    write_text(s, "sweep.tsv", table);
    free(table);
    ore_string_free(text);
    ore_json_free(o);
    free(order);
    return ore_error_status();
}

/* ---- reading ---- */

static ore_status fail_file(const char *path, const char *what) {
    return ore_fail(ORE_DATA, "%s: %s: not as a sweep writes it", path, what);
}

static ore_status check_keys(const sweep *s, ore_json *file, const char *path) {
    char theirs[512] = "";
    if (ore_json_kind_of(file, "keys") != ORE_JSON_ARRAY)
        return fail_file(path, "keys");
    ore_json *keys = ore_json_get_array(file, "keys");
    bool same = ore_json_count(keys) == s->space.count;
    for (int64_t i = 0; i < ore_json_count(keys); i++) {
        bool named = ore_json_kind_at(keys, i) == ORE_JSON_STRING, found = false;
        const char *key = named ? ore_json_at_string(keys, i) : "?";
        size_t used = strlen(theirs);
        snprintf(theirs + used, sizeof theirs - used, "%s%s", i ? ", " : "", key);
        for (int k = 0; k < s->space.count; k++)
            found = found || strcmp(s->space.axes[k].row->field.key, key) == 0;
        same = same && found;
    }
    if (same)
        return ORE_OK;
    return ore_fail(ORE_DATA, "%s: holds a sweep over %s; choose another --out", s->dir, theirs);
}

static const char *value_text(const ore_json *config, const char *key, char *text, size_t bytes) {
    if (!config_scalar_text(config, key, text, bytes))
        snprintf(text, bytes, "nothing");
    return text;
}

static ore_status check_value(const sweep *s, const ore_json *mine, const ore_json *theirs,
                              const char *key) {
    char a[4096], b[4096], flag[64];
    bool is_text = strcmp(key, "data") == 0 || strcmp(key, "val_data") == 0;
    value_text(theirs, key, a, sizeof a);
    value_text(mine, key, b, sizeof b);
    if (ore_json_kind_of(theirs, key) == ORE_JSON_MISSING || strcmp(a, b) == 0)
        return ORE_OK;
    if (is_text && *a && *b) /* paths may differ: sweep_prepare_data compares files */
        return ORE_OK;
    return ore_fail(ORE_DATA, "%s: its runs have %s %s, not %s; choose another --out", s->dir,
                    option_flag_text(key, flag, sizeof flag), a, b);
}

static ore_status check_config(const sweep *s, ore_json *file, const char *path) {
    if (ore_json_kind_of(file, "config") != ORE_JSON_OBJECT)
        return fail_file(path, "config");
    ore_json *mine = ore_json_object_new(), *theirs = ore_json_get_object(file, "config");
    fill_shared_config(s, mine);
    for (int64_t i = 0; i < ore_json_count(mine) && ore_ok(); i++)
        check_value(s, mine, theirs, ore_json_key(mine, i));
    ore_json_free(mine);
    return ore_error_status();
}

/* A member of a result; one that is missing or of another type counts as not known. */
static double real_of(const ore_json *o, const char *key) {
    ore_json_kind kind = ore_json_kind_of(o, key);
    double value = NAN;
    if (kind == ORE_JSON_DOUBLE || kind == ORE_JSON_INT)
        ore_json_get_double(o, key, &value);
    return value;
}

static int64_t int_of(const ore_json *o, const char *key) {
    int64_t value = 0;
    if (ore_json_kind_of(o, key) == ORE_JSON_INT)
        ore_json_get_int(o, key, &value);
    return value;
}

static const char *string_of(const ore_json *o, const char *key) {
    return ore_json_kind_of(o, key) == ORE_JSON_STRING ? ore_json_get_string(o, key) : NULL;
}

static ore_json *object_of(ore_json *o, const char *key) {
    return ore_json_kind_of(o, key) == ORE_JSON_OBJECT ? ore_json_get_object(o, key) : NULL;
}

static void read_result(sweep_result *r, const ore_json *o) {
    const char *state = string_of(o, "state"), *message = string_of(o, "message");
    for (int i = 0; state && i < STATES; i++)
        if (strcmp(state_names[i], state) == 0)
            r->state = (sweep_state)i;
    double seconds = real_of(o, "seconds");
    r->seconds = isfinite(seconds) ? seconds : 0;
    r->val_loss = real_of(o, "validation_loss");
    r->train_loss = real_of(o, "train_loss");
    r->best_step = int_of(o, "best_step");
    r->steps = int_of(o, "steps");
    r->parameters = int_of(o, "parameters");
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

/* Appends the result of a run that an earlier command made with other values. */
static sweep_result *add_result(sweep *s, const char *name, const ore_json *values) {
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
        const char *value = string_of(values, s->space.axes[i].row->field.key);
        r->trial.values[i] = strdup(value ? value : "");
        if (!r->trial.values[i])
            ore_fail(ORE_MEMORY, "sweep: out of memory");
    }
    return r;
}

static void read_test(sweep *s, const ore_json *test) {
    const char *name = string_of(test, "run");
    if (!name)
        return;
    snprintf(s->test_name, sizeof s->test_name, "%s", name);
    s->test.loss = real_of(test, "loss");
    s->test.perplexity = real_of(test, "perplexity");
    s->test.bits_per_byte = real_of(test, "bits_per_byte");
}

static ore_status read_runs(sweep *s, ore_json *file, const char *path) {
    if (ore_json_kind_of(file, "runs") != ORE_JSON_ARRAY)
        return fail_file(path, "runs");
    ore_json *runs = ore_json_get_array(file, "runs");
    for (int64_t i = 0; i < ore_json_count(runs) && ore_ok(); i++) {
        bool is_object = ore_json_kind_at(runs, i) == ORE_JSON_OBJECT;
        ore_json *o = is_object ? ore_json_at_object(runs, i) : NULL;
        const char *name = string_of(o, "run");
        if (!name || strchr(name, '/'))
            return fail_file(path, "run");
        sweep_result *r = find_result(s, name);
        if (!r)
            r = add_result(s, name, object_of(o, "values"));
        if (r)
            read_result(r, o);
    }
    read_test(s, object_of(file, "test"));
    return ore_error_status();
}

ore_status sweep_results_read(sweep *s) {
    char path[RUNDIR_PATH_BYTES];
    if (rundir_path(s->dir, "sweep.json", path) != ORE_OK ||
        ore_path_kind_of(path) == ORE_PATH_MISSING)
        return ore_error_status();
    ore_json *file = options_load_json(path);
    if (file && check_keys(s, file, path) == ORE_OK && check_config(s, file, path) == ORE_OK)
        read_runs(s, file, path);
    ore_json_free(file);
    return ore_error_status();
}

/* ---- the table ---- */

static int key_width(const sweep *s, int k) {
    size_t width = strlen(s->space.axes[k].row->field.key);
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
        printf("%-*s  ", key_width(s, k), s->space.axes[k].row->field.key);
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
