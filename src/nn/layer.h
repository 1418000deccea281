/* layer.h: what the init functions of all layers share. */
#ifndef ORE_NN_LAYER_H
#define ORE_NN_LAYER_H

#include <ore/nn.h>

/* Starts a layer's module node; false with the error pending. */
bool ore_layer_begin(ore_module *module, ore_module *parent, const char *name, const char *kind,
                     ore_module_function forward);
/* The status for a layer's init to return, with the layer's path in an error. */
ore_status ore_layer_end(const ore_module *module);
/* Whether a width, which `what` names, can be multiplied by small numbers: ORE_INVALID above
 * INT32_MAX, of which no memory holds a square matrix. */
bool ore_layer_width_fits(const char *kind, const char *what, int64_t width);
/* Moves a new parameter or persistent buffer to its device and registers it. */
void ore_layer_parameter(ore_module *module, const char *name, ore_tensor **field,
                         ore_device device);
void ore_layer_buffer(ore_module *module, const char *name, ore_tensor **field, ore_device device);

#endif
