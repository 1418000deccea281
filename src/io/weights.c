/* weights.c: a module's weights and an optimizer's state as safetensors files. */
#include <string.h>

#include <ore/io.h>
#include <ore/weights.h>

#include "base/files.h"
#include "base/memory.h"
#include "core/tensor.h"
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

ore_status ore_module_save_as(const ore_module *module, const char *path, ore_dtype dtype) {
    if (ore_ok() && !ore_dtype_is_floating(dtype))
        return ore_fail(ORE_INVALID, "module_save_as: dtype %s, expected a floating one",
                        ore_dtype_name(dtype));
    ore_tensor_list state = ore_module_state(module);
    ore_scope_begin();
    ore_no_grad_begin();
    for (int64_t i = 0; i < state.count && ore_ok(); i++)
        if (ore_dtype_is_floating(ore_tensor_dtype(state.items[i].tensor)))
            state.items[i].tensor = ore_to(state.items[i].tensor, dtype);
    if (ore_ok())
        write_list(&state, path);
    ore_no_grad_end();
    ore_scope_end();
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

/* Gives a floating tensor memory of the file's floating dtype. */
static ore_status take_dtype(const ore_safetensors *file, const char *name, ore_tensor *t) {
    const ore_safetensors_entry *entry = ore_safetensors_find(file, name);
    if (!entry || entry->dtype == ore_tensor_dtype(t) || !ore_dtype_is_floating(entry->dtype) ||
        !ore_dtype_is_floating(ore_tensor_dtype(t)))
        return ORE_OK;
    ore_scope_begin();
    ore_tensor *room = ore_tensor_new(t->shape, entry->dtype, ore_tensor_device(t));
    if (room) {
        ore_set_grad(t, NULL);
        ore_tensor_replace_value(t, room);
    }
    ore_scope_end();
    return ore_error_status();
}

static ore_status load_tensors(const ore_safetensors *file, const ore_tensor_list *state,
                               bool assign, const char *path) {
    ore_no_grad_begin();
    for (int64_t i = 0; i < state->count && ore_ok(); i++) {
        const ore_named_tensor *item = &state->items[i];
        if (!assign || take_dtype(file, item->name, item->tensor) == ORE_OK)
            ore_safetensors_load(file, item->name, item->tensor);
    }
    ore_no_grad_end();
    for (int64_t i = 0; i < ore_safetensors_count(file) && ore_ok(); i++) {
        const char *name = ore_safetensors_at(file, i)->name;
        if (!ore_tensor_list_find(state, name))
            ore_fail(ORE_DATA, "%s: %.200s: the module has no such tensor", path, name);
    }
    return ore_error_status();
}

static ore_status load_module(ore_module *module, const char *path, bool assign) {
    ore_safetensors *file = open_file(path);
    ore_tensor_list state = ore_module_state(module);
    if (file && ore_ok())
        load_tensors(file, &state, assign, path);
    ore_tensor_list_free(&state);
    ore_safetensors_close(file);
    return ore_error_status();
}

ore_status ore_module_load(ore_module *module, const char *path) {
    return load_module(module, path, false);
}

ore_status ore_module_load_assign(ore_module *module, const char *path) {
    return load_module(module, path, true);
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
