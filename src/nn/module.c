/* module.c: the tree of modules: names, registration, paths, release. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "core/tracer.h"
#include "nn/module.h"

/* ---- walking ---- */

const ore_module *ore_next_module(const ore_module *at, const ore_module *top) {
    if (at->first_child)
        return at->first_child;
    while (at != top && !at->next_sibling)
        at = at->parent;
    return at == top ? NULL : at->next_sibling;
}

ore_slot_walk ore_slots_of(const ore_module *top) {
    return (ore_slot_walk){.top = top, .module = top, .next = 0};
}

ore_module_slot *ore_next_slot(ore_slot_walk *walk) {
    while (walk->module) {
        while (walk->next < walk->module->slot_count) {
            ore_module_slot *slot = &walk->module->slots[walk->next++];
            if (*slot->field)
                return slot;
        }
        walk->module = ore_next_module(walk->module, walk->top);
        walk->next = 0;
    }
    return NULL;
}

int64_t ore_registrations(const ore_module *top, const ore_tensor *t) {
    int64_t count = 0;
    ore_slot_walk walk = ore_slots_of(top);
    for (ore_module_slot *slot; (slot = ore_next_slot(&walk));)
        count += *slot->field == t;
    return count;
}

static ore_module *root_of(ore_module *module) {
    while (module->parent)
        module = module->parent;
    return module;
}

/* ---- paths ---- */

static size_t append(char *text, size_t bytes, size_t used, const char *part) {
    size_t at = used < bytes ? used : bytes;
    int length = snprintf(bytes ? text + at : NULL, bytes - at, "%s%s", used ? "." : "", part);
    return used + (size_t)length;
}

size_t ore_path_between(const ore_module *top, const ore_module *module, const char *last,
                        char *text, size_t bytes) {
    size_t used = 0;
    if (module != top && module->parent)
        used = ore_path_between(top, module->parent, module->name, text, bytes);
    if (bytes && !used)
        text[0] = '\0';
    return last ? append(text, bytes, used, last) : used;
}

const char *ore_module_path(const ore_module *module, char *text, size_t bytes) {
    ore_path_between(NULL, module, NULL, text, bytes);
    return text;
}

static _Thread_local ore_module_observer observer;
static _Thread_local void *observer_user;

void ore_module_observe(ore_module_observer function, void *user) {
    observer = function;
    observer_user = user;
}

bool ore_module_observed(void) {
    return observer != NULL;
}

void ore_module_observer_in_force(ore_module_observer *function, void **user) {
    *function = observer;
    *user = observer_user;
}

bool ore_module_begin(const ore_module *module) {
    const ore_tracer *w = ore_tracer_in_force;
    if (w && ore_no_error()) {
        char path[ORE_MESSAGE_BYTES / 4];
        w->module_begin(w->user, ore_module_path(module, path, sizeof path));
    }
    return ore_no_error();
}

void ore_module_end(const ore_module *module) {
    const ore_tracer *w = ore_tracer_in_force;
    if (w) {
        char path[ORE_MESSAGE_BYTES / 4];
        w->module_end(w->user, ore_module_path(module, path, sizeof path));
    }
}

ore_tensor *ore_module_result(const ore_module *module, ore_tensor *y) {
    if (!y && !ore_ok()) {
        char path[ORE_MESSAGE_BYTES / 4];
        ore_error_locate(ore_module_path(module, path, sizeof path));
    }
    if (y && observer)
        observer(observer_user, module, y);
    if (ore_tracer_in_force)
        ore_module_end(module);
    return y;
}

/* The child whose name is the first `length` bytes of `name`. */
static ore_module *child_named(const ore_module *module, const char *name, size_t length) {
    for (ore_module *child = module->first_child; child; child = child->next_sibling)
        if (strlen(child->name) == length && !memcmp(child->name, name, length))
            return child;
    return NULL;
}

static ore_module_slot *slot_named(const ore_module *module, const char *name) {
    for (int64_t i = 0; i < module->slot_count; i++)
        if (!strcmp(module->slots[i].name, name))
            return &module->slots[i];
    return NULL;
}

ore_module_slot *ore_find_slot(const ore_module *module, const char *path) {
    for (const char *dot; module && (dot = strchr(path, '.')); path = dot + 1)
        module = child_named(module, path, (size_t)(dot - path));
    return module ? slot_named(module, path) : NULL;
}

ore_module *ore_module_find(const ore_module *module, const char *path) {
    if (!ore_ok())
        return NULL;
    const ore_module *at = module;
    const char *rest = path;
    while (at && *rest) {
        size_t length = strcspn(rest, ".");
        at = child_named(at, rest, length);
        rest += length + (rest[length] == '.');
    }
    if (!at)
        ore_fail(ORE_INVALID, "module_find: there is no module \"%s\"", path);
    return (ore_module *)at;
}

ore_tensor *ore_module_tensor(const ore_module *module, const char *path) {
    if (!ore_ok())
        return NULL;
    ore_module_slot *slot = ore_find_slot(module, path);
    if (!slot || !*slot->field) {
        ore_fail(ORE_INVALID, "module_tensor: there is no parameter or buffer \"%s\"", path);
        return NULL;
    }
    return *slot->field;
}

ore_module *ore_module_child(const ore_module *module, int64_t i) {
    if (!ore_ok())
        return NULL;
    ore_module *child = i < 0 ? NULL : module->first_child;
    for (int64_t k = 0; child && k < i; k++)
        child = child->next_sibling;
    if (!child)
        ore_fail(ORE_INVALID, "module_child: %lld is out of range for %lld children", (long long)i,
                 (long long)module->child_count);
    return child;
}

/* ---- making and releasing ---- */

/* Whether `name` may be given to a child or slot of module. */
static bool name_is_free(const ore_module *module, const char *name) {
    if (*name && !strchr(name, '.') && !child_named(module, name, strlen(name)) &&
        !slot_named(module, name))
        return true;
    char path[ORE_MESSAGE_BYTES / 4];
    ore_module_path(module, path, sizeof path);
    if (!*name || strchr(name, '.'))
        ore_fail(ORE_INVALID, "module: name \"%s\" below \"%s\" is empty or holds a dot", name,
                 path);
    else
        ore_fail(ORE_INVALID, "module: name \"%s\" is taken below \"%s\"", name, path);
    return false;
}

static void link_child(ore_module *parent, ore_module *module) {
    module->parent = parent;
    module->training = parent->training;
    if (parent->last_child)
        parent->last_child->next_sibling = module;
    else
        parent->first_child = module;
    parent->last_child = module;
    parent->child_count++;
}

ore_status ore_module_init(ore_module *module, ore_module *parent, const char *name) {
    static char root_name[] = "";
    *module = (ore_module){.name = root_name, .kind = "module", .training = true};
    if (!ore_ok())
        return ore_error_status();
    if (!parent)
        return ORE_OK;
    char number[32];
    if (!name) {
        snprintf(number, sizeof number, "%lld", (long long)parent->child_count);
        name = number;
    }
    if (!name_is_free(parent, name))
        return ore_error_status();
    char *copy = ore_copy_text(name);
    if (!copy)
        return ore_error_status();
    module->name = copy;
    link_child(parent, module);
    return ORE_OK;
}

static void unlink_child(ore_module *module) {
    ore_module *parent = module->parent;
    if (!parent)
        return;
    ore_module *before = NULL;
    for (ore_module *at = parent->first_child; at != module; at = at->next_sibling)
        before = at;
    if (before)
        before->next_sibling = module->next_sibling;
    else
        parent->first_child = module->next_sibling;
    if (parent->last_child == module)
        parent->last_child = before;
    parent->child_count--;
    module->parent = module->next_sibling = NULL;
}

/* Sets every field that shows t to NULL. */
static void clear_fields(const ore_module *top, const ore_tensor *t) {
    ore_slot_walk walk = ore_slots_of(top);
    for (ore_module_slot *slot; (slot = ore_next_slot(&walk));)
        if (*slot->field == t)
            *slot->field = NULL;
}

static void release_slot(ore_module_slot *slot) {
    ore_release(slot->name);
    if (slot->owned)
        ore_release(slot->field);
}

static void release_nodes(ore_module *module) {
    for (ore_module *child = module->first_child, *next; child; child = next) {
        next = child->next_sibling;
        release_nodes(child);
    }
    for (int64_t i = 0; i < module->slot_count; i++)
        release_slot(&module->slots[i]);
    ore_release(module->slots);
    if (*module->name)
        ore_release(module->name);
    memset(module, 0, sizeof *module);
}

void ore_module_free(ore_module *module) {
    if (!module || !module->name)
        return;
    ore_module *others = module->parent ? root_of(module) : NULL;
    unlink_child(module);
    ore_slot_walk walk = ore_slots_of(module);
    for (ore_module_slot *slot; (slot = ore_next_slot(&walk));) {
        ore_tensor *t = *slot->field;
        clear_fields(module, t);
        if (!others || !ore_registrations(others, t))
            ore_free(t);
    }
    release_nodes(module);
}

/* ---- parameters and buffers ---- */

static ore_status register_slot(ore_module *module, const char *name, ore_module_slot slot) {
    if (!ore_ok() || !name_is_free(module, name))
        goto fail;
    if (ore_grow((void **)&module->slots, &module->slot_capacity, module->slot_count + 1,
                 sizeof *module->slots) != ORE_OK)
        goto fail;
    if (slot.parameter && *slot.field && !ore_set_requires_grad(*slot.field, true))
        goto fail;
    slot.name = ore_copy_text(name);
    if (!slot.name)
        goto fail;
    ore_own(*slot.field);
    module->slots[module->slot_count++] = slot;
    return ORE_OK;
fail:
    *slot.field = NULL;
    return ore_error_status();
}

ore_status ore_module_register_parameter(ore_module *module, const char *name, ore_tensor **slot) {
    return register_slot(module, name,
                         (ore_module_slot){.field = slot, .parameter = true, .persistent = true});
}

ore_status ore_module_adopt_parameter(ore_module *module, const char *name, ore_tensor *t) {
    ore_tensor **field = ore_alloc(sizeof(ore_tensor *));
    if (!field)
        return ore_error_status();
    *field = t;
    ore_module_slot slot = {.field = field, .parameter = true, .persistent = true, .owned = true};
    if (register_slot(module, name, slot) != ORE_OK)
        ore_release(field);
    return ore_error_status();
}

ore_status ore_module_register_buffer(ore_module *module, const char *name, ore_tensor **slot,
                                      bool persistent) {
    return register_slot(module, name, (ore_module_slot){.field = slot, .persistent = persistent});
}

ore_status ore_module_set_tensor(ore_module *module, const char *name, ore_tensor *tensor) {
    if (!ore_ok())
        return ore_error_status();
    ore_module_slot *slot = slot_named(module, name);
    char path[ORE_MESSAGE_BYTES / 4];
    if (!slot)
        return ore_fail(ORE_INVALID, "module_set_tensor: \"%s\" has no parameter or buffer \"%s\"",
                        ore_module_path(module, path, sizeof path), name);
    ore_tensor *old = *slot->field;
    if (tensor == old)
        return ORE_OK;
    ore_module *root = root_of(module);
    bool wants = slot->parameter && (!old || ore_requires_grad(old));
    if (tensor && !ore_registrations(root, tensor) && ore_requires_grad(tensor) != wants &&
        !ore_set_requires_grad(tensor, wants))
        return ore_error_status();
    *slot->field = ore_own(tensor);
    if (old && !ore_registrations(root, old))
        ore_free(old);
    return ORE_OK;
}

/* ---- calls on modules ---- */

ore_tensor *ore_module_forward(const ore_module *module, ore_tensor *x) {
    if (!ore_ok())
        return NULL;
    if (module->forward)
        return module->forward(module, x);
    ore_fail(ORE_INVALID, "module_forward: a %s has no forward of one tensor", module->kind);
    return ore_module_result(module, NULL);
}

void ore_module_apply(ore_module *module, ore_module_visitor function, void *user) {
    for (ore_module *child = module->first_child; child; child = child->next_sibling)
        ore_module_apply(child, function, user);
    function(user, module);
}

static void set_training(void *user, ore_module *module) {
    module->training = *(const bool *)user;
}

void ore_module_train(ore_module *module, bool training) {
    ore_module_apply(module, set_training, &training);
}

void ore_module_eval(ore_module *module) {
    ore_module_train(module, false);
}
