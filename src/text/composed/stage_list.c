/* stage_list.c: what the kinds named "Sequence" in tokenizer.json share. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/composed/stage_list.h"
#include "text/composed/tokenizer_json.h"

static ore_stage_list *new_list(const ore_stage_kind *kind, int64_t count) {
    ore_stage_list *list = ore_no_error() ? ore_stage_new(kind, sizeof *list) : NULL;
    if (!list)
        return NULL;
    list->stages = ore_alloc_zero((size_t)count * sizeof *list->stages);
    if (list->stages) {
        list->count = count;
        return list;
    }
    ore_stage_free(&list->base);
    return NULL;
}

ore_stage *ore_stage_list_new(const ore_stage_kind *kind, ore_stage **stages, int64_t count) {
    ore_stage_list *list = new_list(kind, count);
    if (list) {
        memcpy(list->stages, stages, (size_t)count * sizeof *stages);
        return &list->base;
    }
    for (int64_t i = 0; i < count; i++)
        ore_stage_free(stages[i]);
    return NULL;
}

ore_stage *ore_stage_list_load(const ore_stage_kind *kind, ore_stage_role role,
                               ore_composed *composed, ore_json *json, const char *key,
                               const char *path) {
    ore_json *array = ore_json_get_array(json, key);
    ore_stage_list *list = array ? new_list(kind, ore_json_count(array)) : NULL;
    for (int64_t i = 0; list && ore_no_error() && i < list->count; i++)
        list->stages[i] = ore_stage_load(composed, role, ore_json_at_object(array, i), path);
    if (list && ore_no_error())
        return &list->base;
    ore_stage_free(list ? &list->base : NULL);
    return NULL;
}

void ore_stage_list_save(const ore_stage *stage, const ore_composed *composed, ore_json *json,
                         const char *key) {
    const ore_stage_list *list = (const ore_stage_list *)stage;
    ore_json *array = ore_json_set_array(json, key);
    for (int64_t i = 0; i < list->count; i++)
        ore_stage_save(list->stages[i], composed, ore_json_add_object(array));
}

void ore_stage_list_release(ore_stage *stage) {
    ore_stage_list *list = (ore_stage_list *)stage;
    for (int64_t i = 0; i < list->count; i++)
        ore_stage_free(list->stages[i]);
    ore_release(list->stages);
}
