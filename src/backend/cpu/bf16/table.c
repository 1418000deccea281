/* table.c: the rows that this level has. */
#include "backend/cpu/vector/vector.h"

const ore_kernels LEVEL(kernels) = {.gemm = {[ORE_BFLOAT16] = LEVEL(gemm_bf16)}};
