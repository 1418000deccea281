/* clip.c: gradient clipping. */
#include <math.h>

#include <ore/ops.h>

#include "base/memory.h"
#include "core/plan.h"
#include "core/tensor.h"
#include "nn/module.h"
#include "optim/optimizer.h"

/* The sum of squares of the gradients from `start` on that share a device and dtype; *next becomes
 * the index of the first one that does not. */
static double squares_of_run(ore_tensor *const *gradients, int64_t count, int64_t start,
                             ore_dense_part *parts, int64_t *next) {
    const ore_tensor *sample = gradients[start];
    int64_t end = start;
    while (end < count && gradients[end]->dtype == sample->dtype &&
           ore_tensor_device(gradients[end]) == ore_tensor_device(sample)) {
        const ore_tensor *dense = ore_contiguous(gradients[end]);
        if (!dense)
            return NAN;
        parts[end - start] =
            (ore_dense_part){.x = ore_tensor_address(dense), .n = ore_numel(dense)};
        end++;
    }
    double sum = 0;
    *next = end;
    if (ORE_CALL(ore_context_for(sample), sum_squares, sample->dtype, parts, end - start, &sum) !=
        ORE_OK)
        return NAN;
    return sum;
}

static double norm_of(ore_tensor *const *gradients, int64_t count, ore_dense_part *parts) {
    double squares = 0;
    for (int64_t i = 0; i < count && ore_ok();)
        squares += squares_of_run(gradients, count, i, parts, &i);
    return ore_ok() ? sqrt(squares) : NAN;
}

static void scale_all(ore_tensor *const *gradients, int64_t count, double scale) {
    for (int64_t i = 0; i < count && scale != 1 && ore_ok(); i++)
        ore_mul_scalar_(gradients[i], scale);
}

double ore_clip_scale(double norm, double max_norm) {
    double scale = max_norm / (norm + 1e-6);
    return scale >= 1 ? 1 : scale; /* NaN stays */
}

/* The gradients that exist, each once, in a block that the caller releases; -1 on failure. */
static int64_t gradients_of(ore_tensor *const *parameters, int64_t count, ore_tensor ***gradients) {
    *gradients = ore_alloc((size_t)count * sizeof(ore_tensor *));
    if (!*gradients)
        return -1;
    int64_t found = 0;
    for (int64_t i = 0; i < count; i++) {
        ore_tensor *gradient = ore_grad(parameters[i]);
        bool seen = false;
        for (int64_t k = 0; k < found && !seen; k++)
            seen = (*gradients)[k] == gradient;
        if (gradient && !seen)
            (*gradients)[found++] = gradient;
    }
    return found;
}

/* Scales the gradients so that their norm is at most max_norm; returns the norm before. */
static double clip(ore_tensor *const *parameters, int64_t count, double max_norm) {
    ore_tensor **gradients;
    int64_t found = gradients_of(parameters, count, &gradients);
    ore_dense_part *parts = found < 0 ? NULL : ore_alloc((size_t)found * sizeof *parts);
    double norm = NAN;
    if (parts) {
        ore_scope_begin();
        ore_no_grad_begin();
        norm = norm_of(gradients, found, parts);
        if (max_norm < INFINITY)
            scale_all(gradients, found, ore_clip_scale(norm, max_norm));
        ore_no_grad_end();
        ore_scope_end();
    }
    ore_release(parts);
    ore_release(gradients);
    return ore_ok() ? norm : NAN;
}

double ore_grad_norm_of(ore_tensor *const *parameters, int64_t count) {
    return ore_ok() ? clip(parameters, count, INFINITY) : NAN;
}

double ore_clip_grad_norm_of(ore_tensor *const *parameters, int64_t count, double max_norm) {
    if (!ore_ok())
        return NAN;
    if (max_norm >= 0)
        return clip(parameters, count, max_norm);
    ore_fail(ORE_INVALID, "clip_grad_norm: max_norm %g, expected at least 0", max_norm);
    return NAN;
}

ore_status ore_clip_grad_value_of(ore_tensor *const *parameters, int64_t count, double value) {
    if (!ore_ok())
        return ore_error_status();
    if (!(value >= 0))
        return ore_fail(ORE_INVALID, "clip_grad_value: value %g, expected at least 0", value);
    ore_no_grad_begin();
    for (int64_t i = 0; i < count && ore_ok(); i++) {
        ore_tensor *gradient = ore_grad(parameters[i]);
        if (!gradient)
            continue;
        ore_scope_begin();
        ore_copy_(gradient, ore_clamp(gradient, -value, value));
        ore_scope_end();
    }
    ore_no_grad_end();
    return ore_error_status();
}

double ore_clip_grad_norm(const ore_module *root, double max_norm) {
    if (!ore_ok())
        return NAN;
    ore_tensor **parameters;
    int64_t count = ore_distinct_tensors(root, ORE_SLOTS_PARAMETERS, &parameters);
    double norm = count < 0 ? NAN : ore_clip_grad_norm_of(parameters, count, max_norm);
    ore_release(parameters);
    return norm;
}

ore_status ore_clip_grad_value(const ore_module *root, double value) {
    if (!ore_ok())
        return ore_error_status();
    ore_tensor **parameters;
    int64_t count = ore_distinct_tensors(root, ORE_SLOTS_PARAMETERS, &parameters);
    if (count >= 0)
        ore_clip_grad_value_of(parameters, count, value);
    ore_release(parameters);
    return ore_error_status();
}

double ore_optimizer_clip_grad_norm(ore_optimizer *optimizer, double max_norm) {
    if (!ore_ok() || !optimizer)
        return NAN;
    int64_t count = optimizer->parameter_count;
    ore_tensor **parameters = ore_alloc((size_t)count * sizeof(ore_tensor *));
    if (!parameters)
        return NAN;
    for (int64_t i = 0; i < count; i++)
        parameters[i] = optimizer->parameters[i].tensor;
    double norm = ore_clip_grad_norm_of(parameters, count, max_norm);
    ore_release(parameters);
    return norm;
}
