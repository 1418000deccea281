/* matrix.h: products of matrices that lie in tensors, which several ops make (matmul.c). */
#ifndef ORE_OPS_MATRIX_H
#define ORE_OPS_MATRIX_H

#include "ops/op.h"

/* ore_matmul whatever autocast wants. */
ore_tensor *ore_matmul_as_they_are(ore_tensor *a, ore_tensor *b);

/* A matrix somewhere in a tensor: steps in elements. */
typedef struct ore_matrix {
    void *data;
    int64_t rows, cols, row_step, col_step;
} ore_matrix;

/* Of a tensor of two dims. */
ore_matrix ore_matrix_of(const ore_tensor *t);
/* The transpose. */
ore_matrix ore_matrix_flipped(ore_matrix m);
/* y = a b for a dense y, whose last size is b's columns; to be completed and run. */
ore_gemm ore_matrix_product(ore_tensor *y, ore_matrix a, ore_matrix b);
ore_status ore_run_product(const ore_tensor *y, const ore_gemm *g);
/* Adds a b to the gradient of an input. */
void ore_pass_product(ore_node *node, int input, ore_matrix a, ore_matrix b, const ore_tensor *dy);

#endif
