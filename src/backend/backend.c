/* backend.c: which device has which kernels. */
#include "backend/backend.h"
#include "backend/cpu/cpu.h"

static const char *const device_names[] = {[ORE_CPU] = "CPU", [ORE_CUDA] = "CUDA"};

ore_status ore_no_kernel(const ore_context *ctx, const char *name, ore_dtype dtype) {
    return ore_fail(ORE_UNSUPPORTED, "%s: no %s kernel for %s", name, ctx->name,
                    ore_dtype_name(dtype));
}

const ore_context *ore_context_of(ore_device device) {
    static _Thread_local ore_context cpu = {ORE_CPU, "CPU", NULL, NULL};
    if (device == ORE_CPU) {
        if (!cpu.kernels)
            cpu.kernels = ore_cpu_kernels();
        return cpu.kernels ? &cpu : NULL;
    }
    ore_fail(ORE_UNSUPPORTED, "device: %s is not in this build",
             (unsigned)device < 2 ? device_names[device] : "unknown");
    return NULL;
}
