/* weights.c: a module's weights and an optimizer's state as safetensors files. */
#include <string.h>

#include <ore/io.h>
#include <ore/weights.h>

#include "base/files.h"
#include "base/memory.h"
#include "io/checkpoint_digests.h"

/* ---- writing ---- */

static ore_status write_list(const ore_tensor_list *list, const char *path) {
    ore_safetensors_item *items = ore_alloc_zero((size_t)(list->count + 1) * sizeof *items);
    for (int64_t i = 0; items && i < list->count; i++)
        items[i] = (ore_safetensors_item){list->items[i].name, list->items[i].tensor};
    if (items)
        ore_safetensors_write(path, items, list->count, NULL);
    ore_release(items);
    return ore_error_status();
}

ore_status ore_module_save(const ore_module *module, const char *path) {
    ore_tensor_list state = ore_module_state(module);
    if (ore_ok())
        write_list(&state, path);
    ore_tensor_list_free(&state);
    return ore_error_status();
}

ore_status ore_optimizer_save(const ore_optimizer *optimizer, const char *path) {
    ore_scope_begin();
    ore_tensor_list state = ore_optimizer_state(optimizer);
    if (ore_ok())
        write_list(&state, path);
    ore_tensor_list_free(&state);
    ore_scope_end();
    return ore_error_status();
}

/* ---- reading ---- */

/* Opens a safetensors file. Where the folder that it lies in has a digests.json that lists it, its
 * data are compared with that as they are used. */
static ore_safetensors *open_file(const char *path) {
    const char *slash = strrchr(path, '/'), *name = ore_path_name(path);
    char *folder = ore_ok() ? ore_copy_text(slash ? path : "") : NULL;
    if (!folder)
        return NULL;
    if (slash)
        folder[slash == path ? 1 : slash - path] = '\0';
    ore_safetensors *file = ore_chunk_digests_listed(folder, name)
                                ? ore_checkpoint_open_weights(folder, name)
                                : ore_safetensors_open(path);
    ore_release(folder);
    return file;
}

static ore_status load_tensors(const ore_safetensors *file, const ore_tensor_list *state,
                               const char *path) {
    ore_no_grad_begin();
    for (int64_t i = 0; i < state->count && ore_ok(); i++)
        ore_safetensors_load(file, state->items[i].name, state->items[i].tensor);
    ore_no_grad_end();
    for (int64_t i = 0; i < ore_safetensors_count(file) && ore_ok(); i++) {
        const char *name = ore_safetensors_at(file, i)->name;
        if (!ore_tensor_list_find(state, name))
            ore_fail(ORE_DATA, "%s: %.200s: the module has no such tensor", path, name);
    }
    return ore_error_status();
}

ore_status ore_module_load(ore_module *module, const char *path) {
    ore_safetensors *file = open_file(path);
    ore_tensor_list state = ore_module_state(module);
    if (file && ore_ok())
        load_tensors(file, &state, path);
    ore_tensor_list_free(&state);
    ore_safetensors_close(file);
    return ore_error_status();
}

/* Reads every tensor of a file into items[], which has one element for each. */
static ore_status read_all(const ore_safetensors *file, ore_named_tensor *items) {
    for (int64_t i = 0; i < ore_safetensors_count(file) && ore_ok(); i++) {
        items[i].name = ore_safetensors_at(file, i)->name;
        items[i].tensor = ore_safetensors_tensor(file, items[i].name);
    }
    return ore_error_status();
}

ore_status ore_optimizer_load(ore_optimizer *optimizer, const char *path) {
    ore_safetensors *file = open_file(path);
    int64_t count = file ? ore_safetensors_count(file) : 0;
    ore_named_tensor *items = file ? ore_alloc_zero((size_t)(count + 1) * sizeof *items) : NULL;
    ore_scope_begin();
    if (items && read_all(file, items) == ORE_OK) {
        ore_tensor_list state = {.count = count, .items = items};
        ore_optimizer_load_state(optimizer, &state);
        ore_error_locate(path);
    }
    ore_scope_end();
    ore_release(items);
    ore_safetensors_close(file);
    return ore_error_status();
}
