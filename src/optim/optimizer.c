/* optimizer.c: groups, parameters and the step that every kind of optimizer shares. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <ore/ops.h>

#include "base/error.h"
#include "base/memory.h"
#include "core/plan.h"
#include "core/scope.h"
#include "optim/optimizer.h"

/* ---- making ---- */

static ore_status add_trainable(ore_optimizer *o, const ore_module *root) {
    ore_tensor_list all = ore_module_parameters(root);
    int group = ore_optimizer_add_group(o, NULL);
    for (int64_t i = 0; i < all.count && ore_ok(); i++)
        if (ore_requires_grad(all.items[i].tensor))
            ore_optimizer_add(o, group, all.items[i].tensor, all.items[i].name);
    ore_tensor_list_free(&all);
    if (ore_ok() && !o->parameter_count)
        return ore_fail(ORE_INVALID, "%s: no parameter of the module requires a gradient",
                        o->kind->name);
    return ore_error_status();
}

static bool valid(const ore_optim_kind *kind, const ore_group_options *options) {
    const char *fault = kind->fault(options);
    if (!fault && !(options->lr >= 0 && isfinite(options->lr)))
        fault = "lr is negative or not finite";
    if (!fault && !(options->weight_decay >= 0))
        fault = "weight_decay is negative";
    if (fault)
        ore_fail(ORE_INVALID, "%s: %s", kind->name, fault);
    return !fault;
}

ore_optimizer *ore_optimizer_new(const ore_optim_kind *kind, const ore_module *root,
                                 const ore_group_options *options) {
    if (!ore_ok() || !valid(kind, options))
        return NULL;
    ore_optimizer *o = ore_alloc_zero(sizeof *o);
    if (!o)
        return NULL;
    o->kind = kind;
    o->defaults = *options;
    o->defaults.lr_scale = 1;
    if (root && add_trainable(o, root) != ORE_OK) {
        ore_optimizer_free(o);
        return NULL;
    }
    return o;
}

void ore_optimizer_free(ore_optimizer *optimizer) {
    if (!optimizer)
        return;
    for (int64_t i = 0; i < optimizer->parameter_count; i++) {
        ore_optimizer_drop_state(&optimizer->parameters[i]);
        ore_release(optimizer->parameters[i].name);
    }
    if (optimizer->kind->free_own)
        optimizer->kind->free_own(optimizer);
    ore_release(optimizer->parameters);
    ore_release(optimizer->groups);
    ore_release(optimizer);
}

/* ---- groups ---- */

ore_group_options ore_optimizer_defaults(const ore_optimizer *optimizer) {
    return optimizer ? optimizer->defaults : (ore_group_options){.lr = NAN};
}

int ore_optimizer_add_group(ore_optimizer *optimizer, const ore_group_options *options) {
    if (!ore_ok() || !optimizer)
        return -1;
    if (!options)
        options = &optimizer->defaults;
    if (!valid(optimizer->kind, options) ||
        ore_grow((void **)&optimizer->groups, &optimizer->group_capacity,
                 optimizer->group_count + 1, sizeof *optimizer->groups) != ORE_OK)
        return -1;
    optimizer->groups[optimizer->group_count] = *options;
    return (int)optimizer->group_count++;
}

static bool has_group(const ore_optimizer *o, int group) {
    if (group >= 0 && group < o->group_count)
        return true;
    ore_fail(ORE_INVALID, "%s: group %d is out of range for %lld group%s", o->kind->name, group,
             (long long)o->group_count, ore_plural(o->group_count));
    return false;
}

/* Whether the optimizer can take the parameter; the error names it. */
static bool may_join(const ore_optimizer *o, const ore_tensor *parameter, const char *name) {
    ore_dtype dtype = ore_tensor_dtype(parameter);
    const char *fault = NULL;
    if (!ore_dtype_is_floating(dtype))
        fault = "is not of a floating dtype";
    else if (!ore_is_leaf(parameter))
        fault = "is not a leaf";
    else if (o->kind->refuses)
        fault = o->kind->refuses(o, parameter);
    for (int64_t i = 0; i < o->parameter_count && !fault; i++) {
        if (o->parameters[i].tensor == parameter)
            fault = "is in the optimizer already";
        else if (!strcmp(o->parameters[i].name, name))
            fault = "has a name that is taken";
    }
    if (fault)
        ore_fail(ORE_INVALID, "%s: parameter \"%s\" %s", o->kind->name, name, fault);
    return !fault;
}

ore_status ore_optimizer_add(ore_optimizer *optimizer, int group, ore_tensor *parameter,
                             const char *name) {
    if (!optimizer || !parameter)
        ore_fail(ORE_INVALID, "optimizer_add: the optimizer or the parameter is NULL");
    if (!ore_ok() || !has_group(optimizer, group))
        return ore_error_status();
    char number[32];
    if (!name) {
        snprintf(number, sizeof number, "%lld", (long long)optimizer->parameter_count);
        name = number;
    }
    if (!may_join(optimizer, parameter, name) ||
        ore_grow((void **)&optimizer->parameters, &optimizer->parameter_capacity,
                 optimizer->parameter_count + 1, sizeof *optimizer->parameters) != ORE_OK)
        return ore_error_status();
    char *copy = ore_copy_text(name);
    if (!copy)
        return ore_error_status();
    optimizer->parameters[optimizer->parameter_count++] =
        (ore_optim_parameter){.tensor = parameter, .name = copy, .group = group};
    return ORE_OK;
}

int ore_optimizer_group_count(const ore_optimizer *optimizer) {
    return optimizer ? (int)optimizer->group_count : 0;
}

int64_t ore_optimizer_parameter_count(const ore_optimizer *optimizer) {
    return optimizer ? optimizer->parameter_count : 0;
}

double ore_optimizer_lr(const ore_optimizer *optimizer, int group) {
    if (!ore_ok() || !optimizer || !has_group(optimizer, group))
        return NAN;
    return optimizer->groups[group].lr;
}

ore_status ore_optimizer_set_lr(ore_optimizer *optimizer, int group, double lr) {
    if (!ore_ok() || !optimizer || !has_group(optimizer, group))
        return ore_error_status();
    ore_group_options changed = optimizer->groups[group];
    changed.lr = lr;
    if (!valid(optimizer->kind, &changed))
        return ore_error_status();
    optimizer->groups[group] = changed;
    return ORE_OK;
}

/* ---- gradients ---- */

void ore_optimizer_zero_grad(ore_optimizer *optimizer) {
    for (int64_t i = 0; i < ore_optimizer_parameter_count(optimizer); i++)
        if (ore_grad(optimizer->parameters[i].tensor))
            ore_set_grad(optimizer->parameters[i].tensor, NULL);
}

void ore_optimizer_zero_grad_to_zeros(ore_optimizer *optimizer) {
    for (int64_t i = 0; i < ore_optimizer_parameter_count(optimizer); i++) {
        ore_tensor *gradient = ore_grad(optimizer->parameters[i].tensor);
        if (gradient)
            ore_zero_(gradient);
    }
}

/* ---- stepping ---- */

void ore_optimizer_drop_state(ore_optim_parameter *parameter) {
    for (int k = 0; k < ORE_OPTIM_BUFFERS; k++) {
        ore_free(parameter->buffers[k]);
        parameter->buffers[k] = NULL;
    }
    parameter->step = 0;
}

static bool same_kind(const ore_tensor *a, const ore_tensor *b) {
    return a->dtype == b->dtype && ore_tensor_device(a) == ore_tensor_device(b);
}

ore_optim_buffer ore_buffer_like(const ore_optim_parameter *parameter, bool used) {
    return (ore_optim_buffer){.used = used,
                              .shape = ore_shape_of(parameter->tensor),
                              .dtype = ore_wide_dtype(ore_tensor_dtype(parameter->tensor))};
}

/* Whether parameters of the group may have a buffer in this place (and so in the places before it).
 * */
static bool has_place(const ore_optim_kind *kind, const ore_group_options *group, int place) {
    return kind->buffers ? place < kind->buffers(group) : kind->buffer_names[place] != NULL;
}

ore_optim_buffer ore_optimizer_buffer(const ore_optimizer *o, const ore_optim_parameter *parameter,
                                      int place) {
    const ore_group_options *group = &o->groups[parameter->group];
    if (o->kind->buffer)
        return o->kind->buffer(parameter, group, place);
    return ore_buffer_like(parameter, has_place(o->kind, group, place));
}

static ore_tensor *new_buffer(const ore_optim_buffer *wanted, ore_device device) {
    ore_tensor *buffer = ore_full(wanted->shape, wanted->initial, wanted->dtype);
    return buffer ? ore_own(ore_to_device(buffer, device)) : NULL;
}

ore_status ore_optimizer_prepare(const ore_optimizer *o, ore_optim_parameter *parameter) {
    ore_device device = ore_tensor_device(parameter->tensor);
    const ore_group_options *group = &o->groups[parameter->group];
    for (int k = 0; k < ORE_OPTIM_BUFFERS && has_place(o->kind, group, k) && ore_ok(); k++) {
        ore_optim_buffer wanted = ore_optimizer_buffer(o, parameter, k);
        if (!wanted.used)
            continue;
        ore_tensor *buffer = parameter->buffers[k];
        if (!buffer)
            buffer = parameter->buffers[k] = new_buffer(&wanted, device);
        if (!buffer || (buffer->dtype == wanted.dtype && ore_tensor_device(buffer) == device))
            continue;
        ore_tensor *moved = ore_to_device(ore_to(buffer, wanted.dtype), device);
        if (moved && moved != buffer)
            ore_tensor_replace_value(buffer, moved);
    }
    return ore_error_status();
}

/* Appends the update of one parameter to the parts. A parameter that is not contiguous is updated
 * through a copy, copies[..], which is written back afterwards. */
static void add_part(ore_optimizer *o, ore_optim_parameter *parameter, double grad_scale,
                     void *part, ore_tensor **copy) {
    ore_tensor *gradient = ore_contiguous(ore_grad(parameter->tensor));
    ore_tensor *dense = ore_contiguous(parameter->tensor);
    if (!gradient || !dense || ore_optimizer_prepare(o, parameter) != ORE_OK)
        return;
    *copy = dense == parameter->tensor ? NULL : dense;
    ore_optim_parameter target = *parameter;
    target.tensor = dense;
    target.step++;
    target.grad_scale = grad_scale;
    o->kind->fill(part, &target, &o->groups[parameter->group], gradient, parameter->step == 0);
}

/* The work of one kernel call: parameters that share a device and dtype. */
typedef struct step_batch {
    char *parts;
    ore_optim_parameter **members;
    ore_tensor **copies;
    int64_t count;
} step_batch;

static void run_batch(ore_optimizer *o, step_batch *batch) {
    if (!batch->count || !ore_ok())
        return;
    const ore_tensor *sample = batch->members[0]->tensor;
    if (o->kind->run(ore_context_for(sample), sample->dtype, batch->parts, batch->count) != ORE_OK)
        return;
    for (int64_t i = 0; i < batch->count; i++) {
        batch->members[i]->step++;
        if (batch->copies[i])
            ore_copy_(batch->members[i]->tensor, batch->copies[i]);
        else
            ore_tensor_changed(batch->members[i]->tensor);
    }
    batch->count = 0;
}

/* Where all parameters share a device and dtype, everything that can fail comes before the kernel,
 * so that a failed step has changed nothing. */
static void run_all(ore_optimizer *o, double grad_scale, step_batch *batch) {
    for (int64_t i = 0; i < o->parameter_count && ore_ok(); i++) {
        ore_optim_parameter *parameter = &o->parameters[i];
        if (!ore_grad(parameter->tensor))
            continue;
        if (batch->count && !same_kind(batch->members[0]->tensor, parameter->tensor))
            run_batch(o, batch);
        add_part(o, parameter, grad_scale,
                 batch->parts + (size_t)batch->count * o->kind->part_bytes,
                 &batch->copies[batch->count]);
        batch->members[batch->count++] = parameter;
    }
    run_batch(o, batch);
}

/* Updates by a kind that composes them of operations. */
static void update_all(ore_optimizer *o) {
    for (int64_t i = 0; i < o->parameter_count && ore_ok(); i++) {
        ore_optim_parameter *parameter = &o->parameters[i];
        ore_tensor *gradient = ore_grad(parameter->tensor);
        if (!gradient || ore_optimizer_prepare(o, parameter) != ORE_OK)
            continue;
        const ore_group_options *group = &o->groups[parameter->group];
        parameter->step++;
        gradient = group->maximize ? ore_neg(gradient) : gradient;
        if (!gradient || o->kind->update(parameter, group, gradient) != ORE_OK)
            parameter->step--;
    }
}

static ore_status step_all(ore_optimizer *optimizer, double grad_scale) {
    if (optimizer->kind->step_closure)
        return ore_fail(ORE_INVALID, "%s: step without a closure, expected step_closure",
                        optimizer->kind->name);
    if (optimizer->kind->update) {
        ore_scope scope;
        ore_scope_enter(&scope);
        ore_no_grad_begin();
        update_all(optimizer);
        ore_no_grad_end();
        ore_scope_leave(&scope);
        return ore_error_status();
    }
    size_t count = (size_t)optimizer->parameter_count;
    step_batch batch = {.parts = ore_alloc_zero(count * optimizer->kind->part_bytes),
                        .members = ore_alloc(count * sizeof(ore_optim_parameter *)),
                        .copies = ore_alloc(count * sizeof(ore_tensor *))};
    if (batch.parts && batch.members && batch.copies) {
        ore_scope scope;
        ore_scope_enter(&scope);
        ore_no_grad_begin();
        run_all(optimizer, grad_scale, &batch);
        ore_no_grad_end();
        ore_scope_leave(&scope);
    }
    ore_release(batch.copies);
    ore_release(batch.members);
    ore_release(batch.parts);
    return ore_error_status();
}

ore_status ore_optimizer_step(ore_optimizer *optimizer) {
    return ore_ok() && optimizer ? step_all(optimizer, 1) : ore_error_status();
}

ore_status ore_optimizer_step_scaled(ore_optimizer *optimizer, double grad_scale) {
    if (!ore_ok() || !optimizer)
        return ore_error_status();
    if (optimizer->kind->scales_gradients)
        return step_all(optimizer, grad_scale);
    ore_no_grad_begin();
    for (int64_t i = 0; i < optimizer->parameter_count && ore_ok(); i++) {
        ore_tensor *gradient = ore_grad(optimizer->parameters[i].tensor);
        if (gradient && grad_scale != 1)
            ore_mul_scalar_(gradient, grad_scale);
    }
    ore_no_grad_end();
    return ore_ok() ? step_all(optimizer, 1) : ore_error_status();
}

ore_tensor *ore_optimizer_step_closure(ore_optimizer *optimizer, ore_closure closure, void *user) {
    if (!ore_ok() || !optimizer)
        return NULL;
    if (optimizer->kind->step_closure)
        return optimizer->kind->step_closure(optimizer, closure, user);
    ore_tensor *loss = closure(user);
    return loss && ore_optimizer_step(optimizer) == ORE_OK ? loss : NULL;
}
