/* layer.c: what the init functions of all layers do alike. */
#include "nn/layer.h"

#include <ore/ops.h>

bool ore_layer_begin(ore_module *module, ore_module *parent, const char *name, const char *kind,
                     ore_module_function forward) {
    if (ore_module_init(module, parent, name) != ORE_OK)
        return false;
    module->kind = kind;
    module->forward = forward;
    return true;
}

bool ore_layer_width_fits(const char *kind, const char *what, int64_t width) {
    if (width > INT32_MAX)
        ore_fail(ORE_INVALID, "%s: %s %lld, expected at most %d", kind, what, (long long)width,
                 INT32_MAX);
    return ore_ok();
}

ore_status ore_layer_end(const ore_module *module) {
    ore_module_result(module, NULL);
    return ore_error_status();
}

void ore_layer_parameter(ore_module *module, const char *name, ore_tensor **field,
                         ore_device device) {
    if (*field && device != ORE_CPU)
        *field = ore_to_device(*field, device);
    ore_module_register_parameter(module, name, field);
}

void ore_layer_buffer(ore_module *module, const char *name, ore_tensor **field, ore_device device) {
    if (*field && device != ORE_CPU)
        *field = ore_to_device(*field, device);
    ore_module_register_buffer(module, name, field, true);
}
