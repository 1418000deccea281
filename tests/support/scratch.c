#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <ore/io.h>

#include "support/scratch.h"

static char folder[64];

int scratch_setup(void **state) {
    (void)state;
    ore_error_clear();
    strcpy(folder, "scratch-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

int scratch_teardown(void **state) {
    (void)state;
    ore_error_clear();
    return ore_tree_remove(folder) == ORE_OK ? 0 : -1;
}

const char *scratch_path(const char *name) {
    static char paths[16][512];
    static int next;
    char *path = paths[next++ % 16];
    snprintf(path, sizeof paths[0], "%s%s%s", folder, *name ? "/" : "", name);
    return path;
}

const char *scratch_file(const char *name, const void *data, size_t bytes) {
    const char *path = scratch_path(name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
    return path;
}

int scratch_entries(const char *path) {
    char command[600];
    snprintf(command, sizeof command, "ls -A '%s' | wc -l", path);
    FILE *pipe = popen(command, "r");
    int count = -1;
    assert_int_equal(fscanf(pipe, "%d", &count), 1);
    pclose(pipe);
    return count;
}
