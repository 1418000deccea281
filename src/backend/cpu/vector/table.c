/* table.c: the rows that this level has in vector form. */
#include "backend/cpu/vector/vector.h"

#define FLOAT(name)  .name = {[ORE_FLOAT32] = LEVEL(name##_f32)}
#define FLOATS(name) .name = {[ORE_FLOAT32] = LEVEL(name##_f32), [ORE_FLOAT64] = LEVEL(name##_f64)}

#define ENTRY(name, dtype, suffix, args) [dtype] = LEVEL(name##_##suffix),

/* One row a line. */
/* clang-format off */
const ore_kernels LEVEL(kernels) = {
    .copy = {ORE_EVERY(ENTRY, copy, ())},
    .cast = {ORE_FLOATS(ENTRY, cast, ())[ORE_BFLOAT16] = LEVEL(cast_bf16),
             [ORE_INT64] = LEVEL(cast_i64), [ORE_BOOL] = LEVEL(cast_b8)},
    FLOATS(fill),
    FLOATS(add),
    FLOATS(sub),
    FLOATS(mul),
    FLOATS(div),
    FLOATS(maximum),
    FLOATS(minimum),
    FLOATS(neg),
    FLOATS(abs),
    FLOATS(sqrt),
    FLOATS(clamp),
    FLOATS(clamp_backward),
    FLOATS(eq),
    FLOATS(ne),
    FLOATS(lt),
    FLOATS(le),
    FLOATS(where),
    FLOAT(exp),
    FLOAT(log),
    FLOAT(tanh),
    FLOATS(tanh_backward),
    FLOAT(sigmoid),
    FLOATS(sigmoid_backward),
    FLOATS(relu),
    FLOATS(relu_backward),
    FLOAT(gelu),
    FLOAT(gelu_backward),
    FLOAT(gelu_tanh),
    FLOAT(gelu_tanh_backward),
    FLOATS(sum),
    FLOAT(softmax),
    FLOAT(softmax_backward),
    FLOAT(log_softmax),
    FLOAT(log_softmax_backward),
    FLOAT(cross_entropy),
    FLOAT(cross_entropy_backward),
    FLOATS(layer_norm),
    FLOATS(layer_norm_backward),
    FLOATS(gemm),
    .embedding = {ORE_ALL_FLOATS(ENTRY, embedding, ())},
    FLOATS(embedding_backward),
    FLOATS(attention),
    FLOATS(attention_backward),
    FLOATS(dropout_apply),
    .dropout_mask = {[ORE_UINT8] = LEVEL(dropout_mask_u8)},
    FLOATS(sgd_step),
    FLOATS(adam_step),
    FLOATS(sum_squares),
};
/* clang-format on */
