/* average.c: averages of weights, evenly (SWA) or exponentially (EMA). */
#include <string.h>

#include <ore/ops.h>

#include "base/error.h"
#include "base/memory.h"
#include "core/scope.h"
#include "core/tensor.h"
#include "nn/module.h"
#include "optim/optimizer.h"

struct ore_averaged_model {
    ore_tensor_list parameters; /* the module's */
    ore_tensor **averages;      /* owned: one per parameter; after a swap, the parameters' values */
    double decay;               /* of an EMA; negative: SWA, the mean of all updates */
    int64_t updates;
    bool swapped;
};

static ore_averaged_model *averaged_model_new(const ore_module *root, double decay) {
    if (!ore_ok())
        return NULL;
    ore_averaged_model *a = ore_alloc_zero(sizeof *a);
    if (!a)
        return NULL;
    a->decay = decay;
    a->parameters = ore_module_parameters(root);
    a->averages = ore_alloc_zero((size_t)(a->parameters.count + 1) * sizeof *a->averages);
    for (int64_t i = 0; a->averages && ore_ok() && i < a->parameters.count; i++)
        a->averages[i] = ore_own(ore_clone(ore_detach(a->parameters.items[i].tensor)));
    if (ore_ok())
        return a;
    ore_averaged_model_free(a);
    return NULL;
}

ore_averaged_model *ore_swa_new(const ore_module *root) {
    return averaged_model_new(root, -1);
}

ore_averaged_model *ore_ema_new(const ore_module *root, double decay) {
    if (!(decay >= 0 && decay <= 1)) {
        ore_fail(ORE_INVALID, "ema_new: decay %g, expected 0 to 1", decay);
        return NULL;
    }
    return averaged_model_new(root, decay);
}

void ore_averaged_model_free(ore_averaged_model *a) {
    if (!a)
        return;
    for (int64_t i = 0; a->averages && i < a->parameters.count; i++)
        ore_free(a->averages[i]);
    ore_release(a->averages);
    ore_tensor_list_free(&a->parameters);
    ore_release(a);
}

/* Moves each average to the device of its parameter: the module may have been moved since. */
static void follow_module(ore_averaged_model *a) {
    for (int64_t i = 0; i < a->parameters.count && ore_ok(); i++) {
        ore_device device = ore_tensor_device(a->parameters.items[i].tensor);
        ore_tensor *moved = ore_to_device(a->averages[i], device);
        if (moved && moved != a->averages[i])
            ore_tensor_replace_value(a->averages[i], moved);
    }
}

ore_status ore_averaged_model_update(ore_averaged_model *a) {
    if (ore_ok() && a->swapped)
        ore_fail(ORE_STATE, "averaged_model_update: the averages are swapped in");
    if (!ore_ok())
        return ore_error_status();
    double fresh = a->decay < 0 ? 1 / (double)(a->updates + 1) : 1 - a->decay;
    ore_scope scope;
    ore_scope_enter(&scope);
    ore_no_grad_begin();
    follow_module(a);
    for (int64_t i = 0; i < a->parameters.count && ore_ok(); i++) {
        ore_tensor *average = a->averages[i], *p = a->parameters.items[i].tensor;
        if (a->updates == 0)
            ore_copy_(average, p);
        else
            ore_add_(average, ore_mul_scalar(ore_sub(p, average), fresh));
    }
    ore_no_grad_end();
    ore_scope_leave(&scope);
    a->updates += ore_ok();
    return ore_error_status();
}

ore_status ore_averaged_model_swap(ore_averaged_model *a) {
    if (!ore_ok())
        return ore_error_status();
    ore_scope scope;
    ore_scope_enter(&scope);
    ore_no_grad_begin();
    follow_module(a);
    for (int64_t i = 0; i < a->parameters.count && ore_ok(); i++) {
        ore_tensor *p = a->parameters.items[i].tensor, *held = ore_clone(p);
        ore_copy_(p, a->averages[i]);
        ore_copy_(a->averages[i], held);
    }
    ore_no_grad_end();
    ore_scope_leave(&scope);
    a->swapped = a->swapped != ore_ok();
    return ore_error_status();
}

static const char updates_name[] = "n_averaged";

ore_tensor_list ore_averaged_model_state(const ore_averaged_model *a) {
    ore_tensor_list list = {0, NULL};
    if (ore_ok() && a->swapped)
        ore_fail(ORE_STATE, "averaged_model_state: the averages are swapped in");
    if (!ore_ok() || !ore_list_new(&list, a->parameters.count + 1))
        return list;
    ore_tensor *updates = ore_scalar((double)a->updates, ORE_INT64);
    bool added = updates && ore_list_add(&list, ore_copy_text(updates_name), updates);
    for (int64_t i = 0; i < a->parameters.count && added; i++)
        added = ore_list_add(&list, ore_copy_text(a->parameters.items[i].name), a->averages[i]);
    if (!added)
        ore_tensor_list_free(&list);
    return list;
}

/* The tensor of a saved state with this name and shape; NULL with ORE_DATA where there is none. */
static ore_tensor *find(const ore_tensor_list *state, const char *name, ore_shape wanted) {
    ore_tensor *t = ore_tensor_list_find(state, name);
    char text[2][ORE_SHAPE_TEXT];
    if (!t)
        ore_fail(ORE_DATA, "averaged_model_load_state: \"%s\" is missing", name);
    else if (!ore_shape_equal(ore_shape_of(t), wanted))
        ore_fail(ORE_DATA, "averaged_model_load_state: \"%s\" has shape %s, expected %s", name,
                 ore_shape_text(ore_shape_of(t), text[0]), ore_shape_text(wanted, text[1]));
    return ore_ok() ? t : NULL;
}

ore_status ore_averaged_model_load_state(ore_averaged_model *a, const ore_tensor_list *state) {
    if (ore_ok() && a->swapped)
        ore_fail(ORE_STATE, "averaged_model_load_state: the averages are swapped in");
    if (ore_ok() && state->count != a->parameters.count + 1)
        ore_fail(ORE_DATA, "averaged_model_load_state: %lld tensor%s, expected %lld",
                 (long long)state->count, ore_plural(state->count),
                 (long long)a->parameters.count + 1);
    ore_tensor *updates = ore_ok() ? find(state, updates_name, ORE_SCALAR) : NULL;
    for (int64_t i = 0; i < a->parameters.count && ore_ok(); i++)
        find(state, a->parameters.items[i].name, ore_shape_of(a->averages[i]));
    for (int64_t i = 0; i < a->parameters.count && ore_ok(); i++)
        ore_copy_(a->averages[i], ore_tensor_list_find(state, a->parameters.items[i].name));
    if (ore_ok())
        a->updates = ore_item_int(updates);
    return ore_error_status();
}
