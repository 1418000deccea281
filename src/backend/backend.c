/* backend.c: which device has which backend, and how much of its memory is in use. */
#include <stdatomic.h>
#include <strings.h>

#include "backend/backend.h"
#include "backend/cpu/cpu.h"
#include "base/error.h"

/* ---- the list of devices ---- */

static const char *const device_names[] = {[ORE_CPU] = "CPU", [ORE_CUDA] = "CUDA"};
enum { NAMED_DEVICES = sizeof device_names / sizeof *device_names };

/* A backend that is part of the build stands here; others come by ore_backend_register. */
static const ore_backend *_Atomic backends[ORE_DEVICE_LIMIT] = {[ORE_CPU] = &ore_cpu_backend};

static const ore_backend *backend_of(ore_device device) {
    return (unsigned)device < ORE_DEVICE_LIMIT ? atomic_load(&backends[device]) : NULL;
}

static ore_status refuse(ore_device device) {
    if ((unsigned)device < NAMED_DEVICES)
        return ore_fail(ORE_UNSUPPORTED, "device: %s is not in this build", device_names[device]);
    return ore_fail(ORE_UNSUPPORTED, "device: %d is not in this build", (int)device);
}

ore_status ore_backend_register(ore_device device, const ore_backend *backend) {
    const ore_backend *none = NULL;
    if ((unsigned)device >= ORE_DEVICE_LIMIT)
        return ore_fail(ORE_INVALID, "backend %s: device %d, expected 0 .. %d", backend->name,
                        (int)device, ORE_DEVICE_LIMIT - 1);
    if (atomic_compare_exchange_strong(&backends[device], &none, backend) || none == backend)
        return ORE_OK;
    return ore_fail(ORE_STATE, "backend %s: device %d is that of %s", backend->name, (int)device,
                    none->name);
}

/* ---- contexts ---- */

static _Thread_local ore_context contexts[ORE_DEVICE_LIMIT];
static _Thread_local const ore_kernel_tracer *tracer;

/* The table in force while calls are watched. */
static const ore_kernels no_rows;

static __attribute__((noinline)) const ore_context *first_context_of(ore_device device) {
    const ore_backend *backend = backend_of(device);
    const ore_kernels *kernels = backend ? backend->kernels() : NULL;
    if (!backend)
        refuse(device);
    if (!kernels)
        return NULL;
    contexts[device] = (ore_context){device, backend, kernels, NULL};
    if (tracer)
        contexts[device].kernels = &no_rows;
    return &contexts[device];
}

const ore_context *ore_context_of(ore_device device) {
    if ((unsigned)device < ORE_DEVICE_LIMIT && contexts[device].kernels)
        return &contexts[device];
    return first_context_of(device);
}

ore_status ore_no_kernel(const ore_context *ctx, const char *name, ore_dtype dtype) {
    return ore_fail(ORE_UNSUPPORTED, "%s: no %s kernel for %s", name, ctx->backend->name,
                    ore_dtype_name(dtype));
}

/* ---- watched calls ---- */

const ore_kernels *ore_rows_of(const ore_context *ctx) {
    return ctx->kernels == &no_rows ? ctx->backend->kernels() : ctx->kernels;
}

void ore_trace_kernels(const ore_kernel_tracer *new_tracer) {
    tracer = new_tracer;
    for (int i = 0; i < ORE_DEVICE_LIMIT; i++)
        if (contexts[i].kernels)
            contexts[i].kernels = tracer ? &no_rows : ore_rows_of(&contexts[i]);
}

bool ore_traced_kernel_begin(const ore_context *ctx, const char *name, ore_dtype dtype) {
    if (ctx->kernels != &no_rows)
        return false;
    contexts[ctx->device].kernels = ore_rows_of(ctx);
    tracer->begin(tracer->user, name, dtype);
    return true;
}

bool ore_traced_call_begin(const ore_context *ctx, const char *row, size_t offset,
                           ore_dtype dtype) {
    const ore_kernels *rows = ore_rows_of(ctx);
    ore_status (*const *of_dtypes)(void) = (const void *)((const char *)rows + offset);
    return of_dtypes[dtype] && ore_traced_kernel_begin(ctx, row, dtype);
}

ore_status ore_traced_call_end(const ore_context *ctx, ore_status status) {
    if (tracer) { /* unless the kernel has ended it */
        contexts[ctx->device].kernels = &no_rows;
        tracer->end(tracer->user);
    }
    return status;
}

/* ---- memory ---- */

static struct {
    atomic_size_t in_use, peak;
    atomic_ullong calls;
} memory[ORE_DEVICE_LIMIT];

void *ore_device_allocate(const ore_context *ctx, size_t bytes) {
    void *block = ctx->backend->allocate(ctx, bytes);
    if (!block)
        return NULL;
    size_t now = atomic_fetch_add(&memory[ctx->device].in_use, bytes) + bytes;
    size_t before = atomic_load(&memory[ctx->device].peak);
    while (now > before && !atomic_compare_exchange_weak(&memory[ctx->device].peak, &before, now))
        ;
    atomic_fetch_add(&memory[ctx->device].calls, 1);
    return block;
}

void ore_device_release(const ore_context *ctx, void *block, size_t bytes) {
    ctx->backend->release(ctx, block, bytes);
    atomic_fetch_sub(&memory[ctx->device].in_use, bytes);
    atomic_fetch_add(&memory[ctx->device].calls, 1);
}

/* ---- the public functions ---- */

bool ore_device_from_name(const char *name, ore_device *device) {
    for (int i = 0; name && i < NAMED_DEVICES; i++)
        if (strcasecmp(name, device_names[i]) == 0) {
            *device = (ore_device)i;
            return true;
        }
    return false;
}

bool ore_device_is_available(ore_device device) {
    return backend_of(device) != NULL;
}

ore_status ore_device_synchronize(ore_device device) {
    const ore_context *ctx = ore_no_error() ? ore_context_of(device) : NULL;
    return ctx ? ctx->backend->synchronize(ctx) : ore_error_status();
}

void ore_device_memory_read(ore_device device, ore_memory_stats *stats) {
    *stats = (ore_memory_stats){.in_use_bytes = 0};
    if (device == ORE_CPU) {
        ore_memory_read(stats);
    } else if ((unsigned)device < ORE_DEVICE_LIMIT) {
        stats->in_use_bytes = stats->reserved_bytes = atomic_load(&memory[device].in_use);
        stats->peak_bytes = atomic_load(&memory[device].peak);
        stats->system_calls = atomic_load(&memory[device].calls);
    }
}

void ore_device_memory_reset_peak(ore_device device) {
    if (device == ORE_CPU)
        ore_memory_reset_peak();
    else if ((unsigned)device < ORE_DEVICE_LIMIT)
        atomic_store(&memory[device].peak, atomic_load(&memory[device].in_use));
}
