/* autocast.h: mixed precision: which operations of a forward pass compute in bfloat16 or float16.
 *
 *     ore_autocast_begin(ORE_BFLOAT16);
 *     ore_tensor *loss = ore_cross_entropy(model_forward(&net, x), y, NULL);
 *     ore_autocast_end();
 *     ore_backward(loss);
 *
 * Parameters stay float32, and so do their gradients and the optimizer's state. Between the two
 * calls these operations cast their float32 operands, as torch.autocast("cpu") does:
 *
 * - to the half type: matmul, bmm, addmm, einsum, linear layers, convolutions, attention, recurrent
 *   layers, prelu;
 * - to float32, operands that are halves: losses, prod, quantile, padding by reflection and
 *   replication.
 *
 * float64 operands are left alone. Every other operation computes in the dtype of its operands; of
 * halves beside float32, that is float32. Backward computes in the dtypes of the forward pass and
 * needs no autocast. float16 has few exponents: its losses are multiplied before backward by an
 * ore_grad_scaler (grad_scaler.h). */
#ifndef ORE_AUTOCAST_H
#define ORE_AUTOCAST_H

#include <ore/tensor.h>

ORE_BEGIN_DECLS

/* Begins a region of the calling thread that casts to `dtype`, bfloat16 or float16; float32 begins
 * one inside another that casts nothing. Regions nest. A parameter that several operations use is
 * cast once: its half copy lives until the outermost region ends. ORE_INVALID for another dtype;
 * the region has begun then, too, and casts nothing. */
ORE_API ore_status ore_autocast_begin(ore_dtype dtype);
/* Ends the innermost region, also while an error is pending. ORE_STATE where none has begun. */
ORE_API ore_status ore_autocast_end(void);
/* What the calling thread's innermost region casts to; ORE_FLOAT32 where nothing is cast. */
ORE_API ore_dtype ore_autocast_dtype(void);

ORE_END_DECLS

#endif
