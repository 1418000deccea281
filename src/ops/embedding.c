/* embedding.c: y[s] = W[index[s]]; dW[v] = the sum of dy[s] over all s with index[s] = v, added in
 * the order of s. The padding row gets no gradient. */
#include <string.h>

#include "ops/op.h"

static void embedding_backward(ore_node *node, ore_tensor *dy) {
    int64_t padding;
    memcpy(&padding, ore_node_attributes(node), sizeof padding);
    ore_tensor *indices = ore_node_saved(node, 0);
    ore_shape shape = ore_input_shape(node, 1);
    ore_tensor *sum = ore_pass_sum(node, 1, dy); /* of tied weights: no table of zeros */
    ore_tensor *dw = sum ? sum : ore_new_zeros(dy, shape, dy->dtype);
    dy = ore_contiguous(dy);
    if (!indices || !dw || !dy ||
        ORE_CALL(ore_context_for(dy), embedding_backward, dy->dtype, ore_tensor_address(dy),
                 (const int64_t *)ore_tensor_address(indices), ore_tensor_address(dw),
                 ore_numel(indices), shape.dim[0], shape.dim[1], padding) != ORE_OK)
        return;
    if (sum)
        ore_pass_added(node, 1);
    else
        ore_pass(node, 1, dw);
}

static const ore_op embedding_op = {"embedding", embedding_backward};

static bool embedding_fits(ore_tensor *indices, ore_tensor *weight, int64_t padding_idx) {
    char text[ORE_SHAPE_TEXT];
    if (!ore_usable2("embedding", indices, weight))
        return false;
    if (weight->shape.ndim != 2)
        ore_fail(ORE_INVALID, "embedding: weight %s, expected (num_embeddings, embedding_dim)",
                 ore_shape_text(weight->shape, text));
    else if (indices->dtype != ORE_INT64 && indices->dtype != ORE_INT32)
        ore_fail(ORE_INVALID, "embedding: indices of %s, expected int64 or int32",
                 ore_dtype_name(indices->dtype));
    else if (indices->shape.ndim == ORE_MAX_DIMS)
        ore_fail(ORE_INVALID, "embedding: indices of %d dims, expected fewer", ORE_MAX_DIMS);
    else if (padding_idx < -1 || padding_idx >= weight->shape.dim[0])
        ore_fail(ORE_INVALID, "embedding: padding_idx %lld, expected -1 .. %lld",
                 (long long)padding_idx, (long long)weight->shape.dim[0] - 1);
    return ore_ok();
}

ore_tensor *ore_f_embedding(ore_tensor *indices, ore_tensor *weight, int64_t padding_idx) {
    if (!ore_ok() || !embedding_fits(indices, weight, padding_idx))
        return NULL;
    ore_tensor *dense = ore_contiguous(ore_to(indices, ORE_INT64));
    ore_no_grad_begin();
    ore_tensor *table = ore_contiguous(weight);
    ore_no_grad_end();
    if (!dense || !table)
        return ore_named("embedding", NULL);
    ore_shape shape = indices->shape;
    shape.dim[shape.ndim++] = weight->shape.dim[1];
    ore_tensor *y = ore_tensor_new(shape, weight->dtype, ore_tensor_device(weight));
    if (!y || ORE_CALL(ore_context_for(y), embedding, y->dtype, ore_tensor_address(table),
                       (const int64_t *)ore_tensor_address(dense), ore_tensor_address(y),
                       ore_numel(dense), weight->shape.dim[0], weight->shape.dim[1]) != ORE_OK)
        return ore_named("embedding", NULL);
    ore_node *node =
        ore_record(&embedding_op, y, 2, (ore_tensor *[]){indices, weight}, 1, sizeof padding_idx);
    if (node) {
        ore_node_save(node, 0, dense);
        memcpy(ore_node_attributes(node), &padding_idx, sizeof padding_idx);
    }
    return ore_made(y);
}
