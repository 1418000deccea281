/* sweeps.c: reading and comparing the folders of sweeps. */
#include "support/sweeps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "support/run.h"

json_t *sweep_json(const char *dir) {
    char path[600];
    snprintf(path, sizeof path, "%s/sweep.json", dir);
    json_t *o = json_load_file(path, 0, NULL);
    assert_non_null(o);
    return o;
}

const json_t *runs_of(const json_t *sweep) {
    return json_object_get(sweep, "runs");
}

const char *text_of(const json_t *run, const char *key) {
    const char *text = json_string_value(json_object_get(run, key));
    assert_non_null(text);
    return text;
}

double loss_of(const json_t *run) {
    return json_number_value(json_object_get(run, "validation_loss"));
}

bool exists(const char *folder, const char *name) {
    char path[700];
    struct stat s;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return stat(path, &s) == 0;
}

void assert_same_sweeps(const char *a, const char *b) {
    json_t *one = sweep_json(a), *two = sweep_json(b);
    assert_int_equal(json_array_size(runs_of(one)), json_array_size(runs_of(two)));
    for (size_t i = 0; i < json_array_size(runs_of(one)); i++) {
        const json_t *x = json_array_get(runs_of(one), i), *y = json_array_get(runs_of(two), i);
        char paths[2][700];
        assert_string_equal(text_of(x, "run"), text_of(y, "run"));
        assert_string_equal(text_of(x, "state"), "done");
        assert_string_equal(text_of(y, "state"), "done");
        assert_true(loss_of(x) == loss_of(y));
        snprintf(paths[0], sizeof paths[0], "%s/%s", a, text_of(x, "run"));
        snprintf(paths[1], sizeof paths[1], "%s/%s", b, text_of(y, "run"));
        assert_same_run(paths[0], paths[1]);
    }
    json_decref(two);
    json_decref(one);
}
