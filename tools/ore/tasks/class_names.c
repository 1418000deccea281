/* class_names.c: the names of a run's classes. */
#include <stdlib.h>
#include <string.h>

#include "tasks/class_names.h"

static const char *const key = "labels";

ore_status class_names_add(char **names, int64_t *count, const char *from) {
    char *copy = strdup(from);
    if (!copy)
        return ore_fail(ORE_MEMORY, "out of memory: names of labels");
    names[(*count)++] = copy;
    return ORE_OK;
}

ore_status class_names_read(ore_json *object, char ***names, int64_t *count) {
    *names = NULL;
    *count = 0;
    ore_json *list = ore_json_get_array(object, key);
    int64_t n = list ? ore_json_count(list) : 0;
    *names = calloc((size_t)n + 1, sizeof **names);
    if (!*names)
        ore_fail(ORE_MEMORY, "out of memory: names of labels");
    for (int64_t i = 0; i < n && ore_ok(); i++) {
        const char *name = ore_json_at_string(list, i);
        if (name)
            class_names_add(*names, count, name);
    }
    return ore_error_status();
}

ore_status class_names_write(ore_json *object, char *const *names, int64_t count) {
    ore_json *list = ore_json_set_array(object, key);
    for (int64_t i = 0; i < count && list; i++)
        ore_json_add_string(list, names[i]);
    return ore_error_status();
}

void class_names_free(char **names, int64_t count) {
    for (int64_t i = 0; names && i < count; i++)
        free(names[i]);
    free(names);
}
