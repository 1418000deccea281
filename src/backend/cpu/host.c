/* host.c: the CPU as a device: its memory is the pool's, and every call has ended at its return. */
#include <string.h>

#include "backend/cpu/cpu.h"
#include "base/memory.h"

static void *allocate(const ore_context *ctx, size_t bytes) {
    (void)ctx;
    return ore_alloc(bytes);
}

static void release(const ore_context *ctx, void *memory, size_t bytes) {
    (void)ctx;
    (void)bytes;
    ore_release(memory);
}

static ore_status copy(const ore_context *ctx, void *to, const void *from, size_t bytes) {
    (void)ctx;
    if (bytes > 0)
        memcpy(to, from, bytes);
    return ORE_OK;
}

static ore_status synchronize(const ore_context *ctx) {
    (void)ctx;
    return ORE_OK;
}

const ore_backend ore_cpu_backend = {.name = "CPU",
                                     .kernels = ore_cpu_kernels,
                                     .allocate = allocate,
                                     .release = release,
                                     .copy_in = copy,
                                     .copy_out = copy,
                                     .copy = copy,
                                     .synchronize = synchronize};
