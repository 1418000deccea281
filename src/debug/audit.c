/* audit.c: parameters that backward gave no gradient. */
#include <ore/debug.h>

#include "base/error.h"
#include "base/memory.h"
#include "debug/numbers.h"
#include "debug/text.h"
#include "nn/module.h"

static bool lacks_gradient(const ore_tensor *t) {
    return ore_requires_grad(t) && !ore_grad(t);
}

ore_tensor_list ore_audit(const ore_module *module) {
    ore_tensor_list all = ore_module_parameters(module), lacking;
    if (!ore_ok() || !ore_list_new(&lacking, all.count))
        lacking = (ore_tensor_list){.count = 0};
    for (int64_t i = 0; i < all.count && ore_ok(); i++)
        if (lacks_gradient(all.items[i].tensor))
            ore_list_add(&lacking, ore_copy_text(all.items[i].name), all.items[i].tensor);
    ore_tensor_list_free(&all);
    if (!ore_ok())
        ore_tensor_list_free(&lacking);
    return lacking;
}

/* ---- as text ---- */

static bool only_zeros(const ore_tensor *gradient) {
    debug_numbers s;
    return debug_numbers_of(&s, gradient) && s.zeros == ore_numel(gradient);
}

static void put_line(debug_text *t, const ore_named_tensor *item) {
    char shape[ORE_SHAPE_TEXT];
    debug_put(t, "  %s %s\n", item->name, ore_shape_text(ore_shape_of(item->tensor), shape));
}

static bool is_told(const ore_tensor *t, bool zeros) {
    return zeros ? ore_grad(t) && only_zeros(ore_grad(t)) : lacks_gradient(t);
}

/* "2 of 26 parameters WHAT:" and a line for each; nothing where there are none. */
static void put_part(debug_text *t, const ore_tensor_list *all, bool zeros) {
    int64_t count = 0;
    for (int64_t i = 0; i < all->count; i++)
        count += is_told(all->items[i].tensor, zeros);
    if (count == 0)
        return;
    debug_put(t, "%lld of %lld parameter%s %s %s\n", (long long)count, (long long)all->count,
              ore_plural(all->count), count == 1 ? "has" : "have",
              zeros ? "a gradient of zeros alone:" : "no gradient:");
    for (int64_t i = 0; i < all->count; i++)
        if (is_told(all->items[i].tensor, zeros))
            put_line(t, &all->items[i]);
}

char *ore_audit_text(const ore_module *module) {
    debug_text t = {.text = NULL};
    if (!ore_ok())
        return NULL;
    ore_tensor_list all = ore_module_parameters(module);
    put_part(&t, &all, false);
    put_part(&t, &all, true);
    ore_tensor_list_free(&all);
    return debug_text_result(&t);
}
