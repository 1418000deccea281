/* module_walk.c: what is done to all parameters and buffers of a tree. */
#include <fnmatch.h>
#include <string.h>

#include <ore/ops.h>

#include "base/memory.h"
#include "core/tensor.h"
#include "nn/module.h"

/* ---- lists ---- */

bool ore_list_new(ore_tensor_list *list, int64_t capacity) {
    size_t bytes;
    *list = (ore_tensor_list){0, NULL};
    if (ore_bytes_of(capacity, sizeof *list->items, &bytes) != ORE_OK)
        return false;
    list->items = ore_alloc(bytes);
    return list->items != NULL;
}

bool ore_list_add(ore_tensor_list *list, char *name, ore_tensor *tensor) {
    if (!name)
        return false;
    list->items[list->count++] = (ore_named_tensor){.name = name, .tensor = tensor};
    return true;
}

void ore_tensor_list_free(ore_tensor_list *list) {
    for (int64_t i = 0; i < list->count; i++)
        ore_release((char *)list->items[i].name);
    ore_release(list->items);
    *list = (ore_tensor_list){0, NULL};
}

ore_tensor *ore_tensor_list_find(const ore_tensor_list *list, const char *name) {
    for (int64_t i = 0; i < list->count; i++)
        if (!strcmp(list->items[i].name, name))
            return list->items[i].tensor;
    return NULL;
}

/* ---- sets of tensors ---- */

bool ore_slot_in(const ore_module_slot *slot, ore_slot_set set) {
    switch (set) {
    case ORE_SLOTS_PARAMETERS:
        return slot->parameter;
    case ORE_SLOTS_BUFFERS:
        return !slot->parameter;
    case ORE_SLOTS_STATE:
        return slot->persistent;
    }
    return false;
}

static int64_t slots_in(const ore_module *top, ore_slot_set set) {
    int64_t count = 0;
    ore_slot_walk walk = ore_slots_of(top);
    for (ore_module_slot *slot; (slot = ore_next_slot(&walk));)
        count += ore_slot_in(slot, set);
    return count;
}

static bool among(ore_tensor *const *tensors, int64_t count, const ore_tensor *t) {
    for (int64_t i = 0; i < count; i++)
        if (tensors[i] == t)
            return true;
    return false;
}

int64_t ore_distinct_tensors(const ore_module *top, ore_slot_set set, ore_tensor ***tensors) {
    ore_tensor **found = ore_alloc((size_t)slots_in(top, set) * sizeof *found);
    *tensors = found;
    if (!found)
        return -1;
    int64_t count = 0;
    ore_slot_walk walk = ore_slots_of(top);
    for (ore_module_slot *slot; (slot = ore_next_slot(&walk));)
        if (ore_slot_in(slot, set) && !among(found, count, *slot->field))
            found[count++] = *slot->field;
    return count;
}

static char *slot_path(const ore_slot_walk *walk, const ore_module_slot *slot) {
    size_t length = ore_path_between(walk->top, walk->module, slot->name, NULL, 0);
    char *path = ore_alloc(length + 1);
    if (path)
        ore_path_between(walk->top, walk->module, slot->name, path, length + 1);
    return path;
}

static bool listed(const ore_tensor_list *list, const ore_tensor *t) {
    for (int64_t i = 0; i < list->count; i++)
        if (list->items[i].tensor == t)
            return true;
    return false;
}

static ore_tensor_list list_of(const ore_module *top, ore_slot_set set) {
    ore_tensor_list list = {0, NULL};
    if (!ore_ok() || !ore_list_new(&list, slots_in(top, set)))
        return list;
    ore_slot_walk walk = ore_slots_of(top);
    for (ore_module_slot *slot; (slot = ore_next_slot(&walk));) {
        if (!ore_slot_in(slot, set) || listed(&list, *slot->field))
            continue;
        if (!ore_list_add(&list, slot_path(&walk, slot), *slot->field)) {
            ore_tensor_list_free(&list);
            break;
        }
    }
    return list;
}

ore_tensor_list ore_module_parameters(const ore_module *module) {
    return list_of(module, ORE_SLOTS_PARAMETERS);
}

ore_tensor_list ore_module_buffers(const ore_module *module) {
    return list_of(module, ORE_SLOTS_BUFFERS);
}

ore_tensor_list ore_module_state(const ore_module *module) {
    return list_of(module, ORE_SLOTS_STATE);
}

int64_t ore_module_parameter_count(const ore_module *module, bool trainable_only) {
    ore_tensor **tensors;
    int64_t count = ore_distinct_tensors(module, ORE_SLOTS_PARAMETERS, &tensors), numbers = 0;
    for (int64_t i = 0; i < count; i++)
        if (!trainable_only || ore_requires_grad(tensors[i]))
            numbers += ore_numel(tensors[i]);
    ore_release(tensors);
    return numbers;
}

/* ---- loading ---- */

/* The tensor that an item of a state goes into; NULL with an error if none fits. */
static ore_tensor *target_of(const ore_module *module, const ore_named_tensor *item) {
    ore_module_slot *slot = ore_find_slot(module, item->name);
    if (!slot || !*slot->field || !slot->persistent || !item->tensor) {
        ore_fail(ORE_DATA, "load_state: \"%s\" is no parameter or persistent buffer of the module",
                 item->name);
        return NULL;
    }
    ore_shape came = ore_shape_of(item->tensor), expected = ore_shape_of(*slot->field);
    if (!ore_shape_equal(came, expected)) {
        char text[2][ORE_SHAPE_TEXT];
        ore_fail(ORE_DATA, "load_state: \"%s\" has shape %s, expected %s", item->name,
                 ore_shape_text(came, text[0]), ore_shape_text(expected, text[1]));
        return NULL;
    }
    return *slot->field;
}

/* Fails for the first tensor of the state that is not among the targets. */
static ore_status all_present(const ore_module *module, ore_tensor *const *targets, int64_t count) {
    ore_tensor_list own = ore_module_state(module);
    for (int64_t i = 0; i < own.count; i++)
        if (!among(targets, count, own.items[i].tensor)) {
            ore_fail(ORE_DATA, "load_state: \"%s\" is missing", own.items[i].name);
            break;
        }
    ore_tensor_list_free(&own);
    return ore_error_status();
}

ore_status ore_module_load_state(ore_module *module, const ore_tensor_list *state, bool strict) {
    if (!ore_ok())
        return ore_error_status();
    ore_tensor **targets = ore_alloc((size_t)state->count * sizeof(ore_tensor *));
    if (!targets)
        return ore_error_status();
    for (int64_t i = 0; i < state->count && ore_ok(); i++)
        targets[i] = target_of(module, &state->items[i]);
    if (ore_ok() && strict)
        all_present(module, targets, state->count);
    ore_no_grad_begin();
    for (int64_t i = 0; i < state->count && ore_ok(); i++)
        ore_copy_(targets[i], state->items[i].tensor);
    ore_no_grad_end();
    ore_release(targets);
    return ore_error_status();
}

/* ---- gradients ---- */

static bool path_matches(const ore_slot_walk *walk, const ore_module_slot *slot,
                         const char *pattern) {
    char *path = slot_path(walk, slot);
    bool matches = path && fnmatch(pattern, path, 0) == 0;
    ore_release(path);
    return matches;
}

int64_t ore_module_set_requires_grad(ore_module *module, const char *pattern, bool requires_grad) {
    if (!ore_ok())
        return 0;
    ore_tensor **matched =
        ore_alloc((size_t)slots_in(module, ORE_SLOTS_PARAMETERS) * sizeof(ore_tensor *));
    if (!matched)
        return 0;
    int64_t count = 0;
    ore_slot_walk walk = ore_slots_of(module);
    for (ore_module_slot *slot; (slot = ore_next_slot(&walk));) {
        ore_tensor *t = *slot->field;
        if (!slot->parameter || among(matched, count, t) ||
            (pattern && !path_matches(&walk, slot, pattern)))
            continue;
        ore_set_requires_grad(t, requires_grad);
        matched[count++] = t;
    }
    ore_release(matched);
    return count;
}

void ore_module_zero_grad(ore_module *module) {
    ore_slot_walk walk = ore_slots_of(module);
    for (ore_module_slot *slot; (slot = ore_next_slot(&walk));)
        if (slot->parameter && ore_grad(*slot->field))
            ore_set_grad(*slot->field, NULL);
}

/* ---- casts ---- */

/* Where tensors go: `dtype` for floating ones, or `device` for all. */
typedef struct destination {
    bool moves;
    ore_dtype dtype;
    ore_device device;
} destination;

static void convert(ore_tensor *t, destination to) {
    if (!t || (!to.moves && !ore_dtype_is_floating(ore_tensor_dtype(t))))
        return;
    ore_tensor *from = ore_detach(t);
    ore_tensor *value = to.moves ? ore_to_device(from, to.device) : ore_to(from, to.dtype);
    if (value && value != from)
        ore_tensor_replace_value(t, value);
}

static ore_status convert_all(ore_module *module, destination to) {
    if (!ore_ok())
        return ore_error_status();
    ore_scope_begin();
    ore_no_grad_begin();
    ore_slot_walk walk = ore_slots_of(module);
    for (ore_module_slot *slot; (slot = ore_next_slot(&walk)) && ore_ok();) {
        convert(*slot->field, to);
        convert(ore_grad(*slot->field), to);
    }
    ore_no_grad_end();
    ore_scope_end();
    return ore_error_status();
}

ore_status ore_module_to(ore_module *module, ore_dtype dtype) {
    if (ore_ok() && !ore_dtype_is_floating(dtype))
        return ore_fail(ORE_INVALID, "module_to: dtype %s, expected a floating one",
                        ore_dtype_name(dtype));
    return convert_all(module, (destination){.moves = false, .dtype = dtype});
}

ore_status ore_module_to_device(ore_module *module, ore_device device) {
    return convert_all(module, (destination){.moves = true, .device = device});
}
