/* state.c: an optimizer's state as names and tensors, for exact resume. */
#include <stdio.h>
#include <string.h>

#include <ore/ops.h>

#include "base/memory.h"
#include "nn/module.h"
#include "optim/optimizer.h"

/* "PARAMETER.suffix" in pool memory. */
static char *state_name(const ore_optim_parameter *parameter, const char *suffix) {
    size_t bytes = strlen(parameter->name) + strlen(suffix) + 2;
    char *name = ore_alloc(bytes);
    if (name)
        snprintf(name, bytes, "%s.%s", parameter->name, suffix);
    return name;
}

static bool add_state(ore_tensor_list *list, const ore_optimizer *o,
                      const ore_optim_parameter *parameter) {
    if (parameter->step == 0)
        return true;
    if (o->kind->counts_steps) {
        ore_tensor *step = ore_scalar((double)parameter->step, ORE_INT64);
        if (!step || !ore_list_add(list, state_name(parameter, "step"), step))
            return false;
    }
    for (int k = 0; k < ORE_OPTIM_BUFFERS; k++)
        if (parameter->buffers[k] &&
            !ore_list_add(list, state_name(parameter, o->kind->buffer_names[k]),
                          parameter->buffers[k]))
            return false;
    return true;
}

ore_tensor_list ore_optimizer_state(const ore_optimizer *optimizer) {
    ore_tensor_list list = {0, NULL};
    if (!ore_ok() || !optimizer ||
        !ore_list_new(&list, optimizer->parameter_count * (ORE_OPTIM_BUFFERS + 1) + ORE_OPTIM_OWN))
        return list;
    for (int64_t i = 0; i < optimizer->parameter_count; i++)
        if (!add_state(&list, optimizer, &optimizer->parameters[i])) {
            ore_tensor_list_free(&list);
            break;
        }
    if (ore_ok() && optimizer->kind->own_state &&
        optimizer->kind->own_state(optimizer, &list) != ORE_OK)
        ore_tensor_list_free(&list);
    return list;
}

/* ---- loading ---- */

bool ore_optimizer_check_state(const char *name, ore_tensor *t, bool squares) {
    if (!ore_dtype_is_floating(ore_tensor_dtype(t)))
        ore_fail(ORE_DATA, "optimizer_load_state: \"%s\" is of %s, expected a floating dtype", name,
                 ore_dtype_name(ore_tensor_dtype(t)));
    ore_tensor *finite = ore_ok() ? ore_all(ore_isfinite(t), ORE_ALL, false) : NULL;
    if (finite && ore_item(finite) == 0)
        ore_fail(ORE_DATA, "optimizer_load_state: \"%s\" has a value that is not finite", name);
    if (ore_ok() && squares && ore_numel(t) > 0 && ore_item(ore_amin(t, ORE_ALL, false)) < 0)
        ore_fail(ORE_DATA,
                 "optimizer_load_state: \"%s\" has a value below 0, which squares never give",
                 name);
    return ore_ok();
}

/* The tensor "PARAMETER.suffix" of a state, of the wanted shape; NULL if absent, or with an error
 * for another shape, and for values that no run could have left. */
static ore_tensor *find_state(const ore_tensor_list *state, const ore_optim_parameter *parameter,
                              const char *suffix, ore_shape wanted, bool squares) {
    char *name = state_name(parameter, suffix);
    ore_tensor *t = name ? ore_tensor_list_find(state, name) : NULL;
    if (t && !ore_shape_equal(ore_shape_of(t), wanted)) {
        char text[2][ORE_SHAPE_TEXT];
        ore_fail(ORE_DATA, "optimizer_load_state: \"%s\" has shape %s, expected %s", name,
                 ore_shape_text(ore_shape_of(t), text[0]), ore_shape_text(wanted, text[1]));
        t = NULL;
    }
    if (t && strcmp(suffix, "step") != 0 && !ore_optimizer_check_state(name, t, squares))
        t = NULL;
    ore_release(name);
    return t;
}

/* Reads the number of updates from a tensor; 0 with the error pending where it holds none. */
static int64_t step_of(const char *parameter, ore_tensor *t) {
    /* beyond it a double cannot hold the step, which powers are computed from */
    const int64_t max = (int64_t)1 << 53;
    if (ore_tensor_dtype(t) != ORE_INT64) {
        ore_fail(ORE_DATA, "optimizer_load_state: \"%s.step\" is of %s, expected int64", parameter,
                 ore_dtype_name(ore_tensor_dtype(t)));
        return 0;
    }
    int64_t step = ore_item_int(t);
    if (step >= 1 && step <= max)
        return step;
    ore_fail(ORE_DATA, "optimizer_load_state: \"%s.step\" is %lld, expected 1 to 2^53", parameter,
             (long long)step);
    return 0;
}

/* Loads the state of one parameter and returns how many tensors that took. An incomplete state is
 * an error. */
static int64_t load_one(ore_optimizer *o, ore_optim_parameter *parameter,
                        const ore_tensor_list *state) {
    ore_tensor *found[ORE_OPTIM_BUFFERS] = {NULL}, *step = NULL;
    const char *missing = NULL;
    int64_t taken = 0;
    for (int k = 0; k < ORE_OPTIM_BUFFERS; k++) {
        ore_optim_buffer buffer = ore_optimizer_buffer(o, parameter, k);
        if (!buffer.used)
            continue;
        found[k] = find_state(state, parameter, o->kind->buffer_names[k], buffer.shape,
                              o->kind->squares[k]);
        taken += found[k] != NULL;
        if (!found[k])
            missing = o->kind->buffer_names[k];
    }
    if (o->kind->counts_steps) {
        step = find_state(state, parameter, "step", ORE_SCALAR, false);
        taken += step != NULL;
        if (!step)
            missing = "step";
    }
    if (!ore_ok() || !taken)
        return 0;
    if (missing) {
        ore_fail(ORE_DATA, "optimizer_load_state: \"%s.%s\" is missing", parameter->name, missing);
        return 0;
    }
    int64_t updates = step ? step_of(parameter->name, step) : 1;
    if (!updates || ore_optimizer_prepare(o, parameter) != ORE_OK)
        return 0;
    for (int k = 0; k < ORE_OPTIM_BUFFERS; k++)
        if (found[k])
            ore_copy_(parameter->buffers[k], found[k]);
    parameter->step = updates;
    return taken;
}

static bool has_place_for(const ore_optimizer *o, const ore_optim_parameter *parameter,
                          const char *name) {
    size_t length = strlen(parameter->name);
    if (strncmp(name, parameter->name, length) != 0 || name[length] != '.')
        return false;
    const char *suffix = name + length + 1;
    for (int k = 0; k < ORE_OPTIM_BUFFERS; k++)
        if (ore_optimizer_buffer(o, parameter, k).used && !strcmp(suffix, o->kind->buffer_names[k]))
            return true;
    return o->kind->counts_steps && !strcmp(suffix, "step");
}

/* Raises an error for the first tensor of a state that belongs to no parameter. */
static void name_unknown(const ore_optimizer *o, const ore_tensor_list *state) {
    for (int64_t i = 0; i < state->count; i++) {
        bool known = false;
        for (int64_t k = 0; k < o->parameter_count && !known; k++)
            known = has_place_for(o, &o->parameters[k], state->items[i].name);
        if (!known)
            ore_fail(ORE_DATA, "optimizer_load_state: \"%s\" belongs to no parameter of the %s",
                     state->items[i].name, o->kind->name);
    }
    ore_fail(ORE_DATA, "optimizer_load_state: a name comes twice");
}

ore_status ore_optimizer_load_state(ore_optimizer *optimizer, const ore_tensor_list *state) {
    if (!ore_ok() || !optimizer)
        return ore_error_status();
    if (optimizer->kind->load_own_state)
        return optimizer->kind->load_own_state(optimizer, state);
    for (int64_t i = 0; i < optimizer->parameter_count; i++)
        ore_optimizer_drop_state(&optimizer->parameters[i]);
    int64_t taken = 0;
    ore_scope_begin();
    ore_no_grad_begin();
    for (int64_t i = 0; i < optimizer->parameter_count && ore_ok(); i++)
        taken += load_one(optimizer, &optimizer->parameters[i], state);
    if (ore_ok() && taken != state->count)
        name_unknown(optimizer, state);
    ore_no_grad_end();
    ore_scope_end();
    if (!ore_ok())
        for (int64_t i = 0; i < optimizer->parameter_count; i++)
            ore_optimizer_drop_state(&optimizer->parameters[i]);
    return ore_error_status();
}
