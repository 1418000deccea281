/* primitive.h: what core itself does to elements, and what ops stand on: each is a kernel row or
 * two, and nothing is recorded.
 *
 * Tensors are usable (check.h) and on one device. Functions that return a tensor return NULL, the
 * others a status, when memory runs out or the device lacks the row. */
#ifndef ORE_CORE_PRIMITIVE_H
#define ORE_CORE_PRIMITIVE_H

#include "core/tensor.h"

/* Every element of t becomes value. One in-place change. */
ore_status ore_fill_elements(ore_tensor *t, double value);
/* t = x, which broadcasts to t's shape and is cast to its dtype. One in-place change. */
ore_status ore_copy_elements(ore_tensor *t, const ore_tensor *x);
/* t = t + x, where x has t's shape and shares no memory with it. Computes in the promoted dtype of
 * both. One in-place change. */
ore_status ore_add_elements(ore_tensor *t, ore_tensor *x);

/* a + b, which have one shape and dtype. */
ore_tensor *ore_sum_of(ore_tensor *a, ore_tensor *b);
/* x, row-major in memory of its own. */
ore_tensor *ore_dense_copy(const ore_tensor *x);
/* x itself where it has that dtype, else a row-major copy that has it. */
ore_tensor *ore_cast(ore_tensor *x, ore_dtype dtype);
/* x summed over the marked dims, which stay with size 1. `dtype` is x's, or float32 where x is of
 * halves. */
ore_tensor *ore_sum_marked(const ore_tensor *x, const bool *fold, ore_dtype dtype);
/* x summed to a shape that broadcasts to x's: the derivative of broadcasting. Sums of halves are
 * float32. x itself where it has that shape. */
ore_tensor *ore_sum_to(ore_tensor *x, ore_shape shape);

/* ---- what an op needs beside its arguments ---- */

/* New tensors on the device of x, as ore_new_empty of ore/op.h; NULL where x is NULL, an expression
 * that failed. */
ore_tensor *ore_new_full(const ore_tensor *x, ore_shape shape, double value, ore_dtype dtype);
ore_tensor *ore_new_zeros(const ore_tensor *x, ore_shape shape, ore_dtype dtype);
ore_tensor *ore_new_scalar(const ore_tensor *x, double value, ore_dtype dtype);

/* ---- between devices, and between a device and the host ---- */

/* A row-major copy of x on a device, which may be its own. */
ore_tensor *ore_tensor_moved(const ore_tensor *x, ore_device device);
/* Copies all elements of t, row-major in its dtype, to or from host memory. */
ore_status ore_transfer_out(const ore_tensor *t, void *memory);
ore_status ore_transfer_in(const ore_tensor *t, const void *memory);

#endif
