/* container.c: modules that hold others, and lists of parameters. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "nn/layer.h"
#include "nn/module.h"

static ore_tensor *sequential_function(const ore_module *module, ore_tensor *x) {
    for (const ore_module *child = module->first_child; child && x; child = child->next_sibling)
        x = ore_module_forward(child, x);
    return x;
}

ore_status ore_sequential_init(ore_sequential *s, ore_module *parent, const char *name) {
    ore_layer_begin(&s->module, parent, name, "sequential", sequential_function);
    return ore_error_status();
}

ore_tensor *ore_sequential_forward(const ore_sequential *s, ore_tensor *x) {
    return ore_module_forward(&s->module, x);
}

ore_status ore_module_list_init(ore_module_list *list, ore_module *parent, const char *name) {
    ore_layer_begin(&list->module, parent, name, "module_list", NULL);
    return ore_error_status();
}

/* ---- by key ---- */

ore_status ore_module_dict_init(ore_module_dict *dict, ore_module *parent, const char *name) {
    ore_layer_begin(&dict->module, parent, name, "module_dict", NULL);
    return ore_error_status();
}

static ore_module *child_named(const ore_module *module, const char *key) {
    for (ore_module *child = module->first_child; child; child = child->next_sibling)
        if (strcmp(child->name, key) == 0)
            return child;
    return NULL;
}

bool ore_module_dict_has(const ore_module_dict *dict, const char *key) {
    return key && child_named(&dict->module, key) != NULL;
}

ore_module *ore_module_dict_get(const ore_module_dict *dict, const char *key) {
    if (!ore_ok())
        return NULL;
    ore_module *child = key ? child_named(&dict->module, key) : NULL;
    if (!child) {
        ore_fail(ORE_INVALID, "module_dict: no member \"%s\"", key ? key : "NULL");
        ore_module_result(&dict->module, NULL);
    }
    return child;
}

/* ---- parameters in order ---- */

ore_status ore_parameter_list_init(ore_parameter_list *list, ore_module *parent, const char *name) {
    ore_layer_begin(&list->module, parent, name, "parameter_list", NULL);
    return ore_error_status();
}

ore_status ore_parameter_list_append(ore_parameter_list *list, ore_tensor *t) {
    char number[32];
    if (!ore_ok())
        return ore_error_status();
    if (!t) {
        ore_fail(ORE_INVALID, "parameter_list: the parameter is NULL");
        return ore_layer_end(&list->module);
    }
    snprintf(number, sizeof number, "%lld", (long long)list->module.slot_count);
    ore_module_adopt_parameter(&list->module, number, t);
    return ore_layer_end(&list->module);
}

int64_t ore_parameter_list_count(const ore_parameter_list *list) {
    return list->module.slot_count;
}

ore_tensor *ore_parameter_list_get(const ore_parameter_list *list, int64_t i) {
    if (!ore_ok())
        return NULL;
    if (i >= 0 && i < list->module.slot_count)
        return *list->module.slots[i].field;
    ore_fail(ORE_INVALID, "parameter_list: %lld is out of range for %lld parameter%s", (long long)i,
             (long long)list->module.slot_count, ore_plural(list->module.slot_count));
    return ore_module_result(&list->module, NULL);
}
