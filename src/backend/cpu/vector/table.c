/* table.c: the rows that this level has in vector form. */
#include "backend/cpu/vector/vector.h"

#define FLOATS(name) .name = {[ORE_FLOAT32] = LEVEL(name##_f32), [ORE_FLOAT64] = LEVEL(name##_f64)}

const ore_kernels LEVEL(kernels) = {
    FLOATS(gemm),
    FLOATS(attention),
    FLOATS(attention_backward),
    FLOATS(dropout_apply),
    .dropout_mask = {[ORE_UINT8] = LEVEL(dropout_mask_u8)},
    FLOATS(sgd_step),
    FLOATS(adam_step),
    FLOATS(sum_squares),
};
