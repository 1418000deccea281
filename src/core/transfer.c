/* transfer.c: elements between devices, and between tensors and memory of the host. Nothing else in
 * core reads or writes elements but through kernels. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "core/check.h"
#include "core/plan.h"
#include "core/primitive.h"

static size_t bytes_of(const ore_tensor *t) {
    return (size_t)ore_numel(t) * ore_dtype_size(t->dtype);
}

/* ---- between a tensor and a row-major block of its dtype in host memory ---- */

static ore_status copy_row(const ore_tensor *to, const ore_tensor *from) {
    ore_plan plan;
    ore_plan_of(&plan, to, 1, (ore_tensor *[]){(ore_tensor *)from});
    return ORE_CALL(ore_context_for(to), copy, to->dtype, &plan);
}

static ore_status copy_here(const ore_tensor *t, void *memory, bool out) {
    ore_tensor dense = {.dtype = t->dtype, .shape = t->shape};
    ore_storage block = {.device = ORE_CPU, .data = memory};
    dense.storage = &block;
    ore_strides_of(dense.shape, dense.strides);
    return out ? copy_row(&dense, t) : copy_row(t, &dense);
}

/* A tensor of another device, which the device itself lays row-major where it is not. */
static ore_status copy_elsewhere(const ore_tensor *t, void *memory, bool out) {
    const ore_context *ctx = ore_context_for(t);
    bool dense = ore_is_contiguous(t);
    ore_tensor *block = dense ? NULL : ore_tensor_new(t->shape, t->dtype, ctx->device);
    void *address = ore_tensor_address(dense ? t : block);
    ore_status status = dense || block ? ORE_OK : ore_error_status();
    if (status == ORE_OK && out && block)
        status = copy_row(block, t);
    if (status == ORE_OK)
        status = out ? ctx->backend->copy_out(ctx, memory, address, bytes_of(t))
                     : ctx->backend->copy_in(ctx, address, memory, bytes_of(t));
    if (status == ORE_OK && !out && block)
        status = copy_row(t, block);
    ore_free(block);
    return status;
}

static ore_status copy_elements(const ore_tensor *t, void *memory, bool out) {
    return t->storage->device == ORE_CPU ? copy_here(t, memory, out)
                                         : copy_elsewhere(t, memory, out);
}

ore_status ore_transfer_out(const ore_tensor *t, void *memory) {
    return copy_elements(t, memory, true);
}

ore_status ore_transfer_in(const ore_tensor *t, const void *memory) {
    union {
        const void *in;
        void *out;
    } source = {.in = memory}; /* only read from */
    return copy_elements(t, source.out, false);
}

static bool right_bytes(const char *op, const ore_tensor *t, const void *memory, size_t bytes) {
    char text[ORE_SHAPE_TEXT];
    if (bytes != bytes_of(t))
        ore_fail(ORE_INVALID, "%s: %zu byte%s for %s of shape %s, expected %zu", op, bytes,
                 ore_plural((int64_t)bytes), ore_dtype_name(t->dtype),
                 ore_shape_text(t->shape, text), bytes_of(t));
    else if (bytes && !memory)
        ore_fail(ORE_INVALID, "%s: the memory is NULL", op);
    return ore_no_error();
}

ore_status ore_copy_out(const ore_tensor *t, void *destination, size_t bytes) {
    if (!ore_readable("copy_out", t) || !right_bytes("copy_out", t, destination, bytes))
        return ore_error_status();
    return ore_transfer_out(t, destination);
}

ore_status ore_copy_in(ore_tensor *t, const void *source, size_t bytes) {
    if (!ore_usable1("copy_in", t) || !right_bytes("copy_in", t, source, bytes) ||
        !ore_may_overwrite("copy_in", t))
        return ore_error_status();
    ore_status status = ore_transfer_in(t, source);
    ore_tensor_changed(t);
    return status;
}

ore_tensor *ore_from_data(const void *data, ore_shape shape, ore_dtype dtype) {
    ore_tensor *t = ore_empty(shape, dtype);
    if (t && ore_numel(t) > 0) {
        if (!data) {
            ore_fail(ORE_INVALID, "from_data: data is NULL");
            return NULL;
        }
        memcpy(ore_tensor_address(t), data, bytes_of(t));
    }
    return t;
}

/* ---- between devices ---- */

ore_tensor *ore_tensor_moved(const ore_tensor *x, ore_device device) {
    ore_tensor *y = ore_tensor_new(x->shape, x->dtype, device), *block = NULL;
    if (!y)
        return NULL;
    ore_status status;
    if (device == ORE_CPU) {
        status = ore_transfer_out(x, ore_tensor_address(y));
    } else {
        bool plain = x->storage->device == ORE_CPU && ore_is_contiguous(x);
        block = plain ? NULL : ore_tensor_moved(x, ORE_CPU);
        status = plain || block ? ore_transfer_in(y, ore_tensor_address(plain ? x : block))
                                : ore_error_status();
    }
    ore_free(block);
    return status == ORE_OK ? y : NULL;
}

/* ---- one element ---- */

/* The only element of t, cast to `dtype` by the CPU whatever t's device. */
static bool read_one(const char *op, const ore_tensor *t, ore_dtype dtype, void *value) {
    if (!ore_readable(op, t))
        return false;
    char text[ORE_SHAPE_TEXT];
    if (ore_numel(t) != 1) {
        ore_fail(ORE_INVALID, "%s: shape %s, expected one element", op,
                 ore_shape_text(t->shape, text));
        return false;
    }
    _Alignas(8) char element[8]; /* of any dtype */
    const ore_context *ctx = ore_context_for(t), *cpu = ore_context_of(ORE_CPU);
    ore_plan plan = {.ndim = 1, .operands = 2, .size = 1, .shape = {1}, .data = {value, element}};
    return ctx && cpu &&
           ctx->backend->copy_out(ctx, element, ore_tensor_address(t), ore_dtype_size(t->dtype)) ==
               ORE_OK &&
           ORE_CALL(cpu, cast, t->dtype, &plan, dtype) == ORE_OK;
}

double ore_item(const ore_tensor *t) {
    double value = NAN;
    read_one("item", t, ORE_FLOAT64, &value);
    return value;
}

int64_t ore_item_int(const ore_tensor *t) {
    int64_t value = 0;
    read_one("item_int", t, ORE_INT64, &value);
    return value;
}

/* ---- elements in place ---- */

static bool plainly_readable(const char *op, const ore_tensor *t) {
    if (!ore_readable(op, t))
        return false;
    if (t->storage->device != ORE_CPU)
        ore_fail(ORE_INVALID, "%s: the tensor is not on the CPU; use ore_to_device", op);
    else if (!ore_is_contiguous(t))
        ore_fail(ORE_INVALID, "%s: the tensor is not contiguous on the CPU; use ore_contiguous",
                 op);
    return ore_no_error();
}

const void *ore_data(const ore_tensor *t) {
    return plainly_readable("data", t) ? ore_tensor_address(t) : NULL;
}

void *ore_data_mut(ore_tensor *t) {
    if (!ore_usable1("data_mut", t) || !plainly_readable("data_mut", t) ||
        !ore_may_overwrite("data_mut", t))
        return NULL;
    ore_tensor_changed(t);
    return ore_tensor_address(t);
}
