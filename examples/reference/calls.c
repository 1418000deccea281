/* calls.c: a line for each function that no other example calls, for the pages of functions. */
#include <stdio.h>

#include <ore/ore.h>

static ore_tensor *twice(void *user, ore_tensor **inputs, int n) {
    (void)user, (void)n;
    return ore_mul_scalar(inputs[0], 2);
}

static void functions(ore_tensor *x, ore_tensor *w) { /* (2, 3) each */
    ore_minimum(x, w);
    ore_maximum(x, w);
    ore_ne(x, w);
    ore_le(x, w);
    ore_sin(x);
    ore_cos(x);
    ore_erf(x);
    ore_log1p(x);
    ore_expm1(x);
    ore_log2(x);
    ore_log10(x);
    ore_rsqrt(x);
    ore_reciprocal(x);
    ore_sign(x);
    ore_floor(x);
    ore_ceil(x);
    ore_trunc(x);
    ore_round(x);
    ore_round_decimals(x, 2);
    ore_fmod(x, w);
    ore_remainder(x, w);
    ore_clamp_min(x, 0);
    ore_clamp_max(x, 1);
    ore_selu(x);
    ore_relu6(x);
    ore_hardsigmoid(x);
    ore_hardswish(x);
    ore_mish(x);
    ore_silu(x);
    ore_softsign(x);
    ore_softplus(x, 1, 20);
    ore_softmax(x, -1);
    ore_log_softmax(x, -1);
    ore_f_layer_norm(x, ORE_SHAPE(3), NULL, NULL, 1e-5);
    ore_cumsum(x, 0);
    ore_sort(x, -1, false, NULL);
    ore_topk(x, 2, -1, true, NULL);
}

static void products(ore_tensor *x, ore_tensor *w) {
    ore_tensor *row = ore_select(x, 0, 0), *batch = ore_unsqueeze(x, 0);
    ore_tensordot(x, w, ORE_DIMS(0, 1), ORE_DIMS(0, 1));
    ore_dot(row, row);
    ore_mv(x, row);
    ore_outer(row, row);
    ore_bmm(batch, ore_transpose(batch, 1, 2));
    ore_addmm(ore_zeros(ORE_SHAPE(2, 2), ORE_FLOAT32), x, ore_t(w), 1, 1);
    ore_f_linear_activated(x, w, NULL, ore_gelu);
    ore_tensor *q = ore_randn(ORE_SHAPE(1, 2, 4, 8), ORE_FLOAT32, NULL);
    ore_attention_plain(q, q, q, NULL);
    ore_attention_weights(q, q, NULL);
}

/* Two documents in a row of 6 tokens, each ended by a 0: 0 0 0 1 1 1 and 0 1 2 0 1 2. */
static void rows_of_documents(void) {
    ore_tensor *ids = ore_from_data((int64_t[]){5, 8, 0, 3, 4, 0}, ORE_SHAPE(1, 6), ORE_INT64);
    ore_tensor *documents = ore_document_numbers(ids, 0);
    ore_document_positions(documents);
}

static void losses(ore_tensor *x, ore_tensor *w) {
    ore_tensor *p = ore_sigmoid(x), *q = ore_sigmoid(w), *sides = ore_sign(w);
    ore_l2_penalty((ore_tensor *[]){x, w}, 2);
    ore_binary_cross_entropy(p, q, NULL, ORE_MEAN);
    ore_binary_cross_entropy_with_logits(x, q, NULL, NULL, ORE_MEAN);
    ore_kl_div(ore_log_softmax(x, -1), ore_softmax(w, -1), ORE_BATCHMEAN, false);
    ore_hinge_loss(x, sides, ORE_MEAN);
    ore_hinge_embedding_loss(x, sides, 1, ORE_MEAN);
    ore_mse_loss(x, w, ORE_MEAN);
    ore_l1_loss(x, w, ORE_SUM);
    ore_smooth_l1_loss(x, w, ORE_MEAN, 1);
    ore_huber_loss(x, w, ORE_MEAN, 1);
}

static void choices(ore_tensor *x) {
    ore_tensor *index = ore_from_data((int64_t[]){1, 0}, ORE_SHAPE(2), ORE_INT64); /* (2) */
    ore_tensor *column = ore_unsqueeze(index, 1);                                  /* (2, 1) */
    ore_gather(x, 1, column);
    ore_index_select(x, 0, index);
    ore_index(x, (ore_tensor *[]){index, index}, 2);
    ore_index_add(x, 0, index, ore_ones(ORE_SHAPE(2, 3), ORE_FLOAT32));
    ore_scatter_value(x, 1, column, 9);
    ore_scatter_add(x, 1, column, ore_ones(ORE_SHAPE(2, 1), ORE_FLOAT32));
    ore_masked_select(x, ore_gt(x, ore_scalar(0, ORE_FLOAT32)));
    ore_squeeze_all(ore_unsqueeze(x, 0));
    ore_repeat(x, ORE_SHAPE(2, 1));
    ore_repeat_interleave(x, 2, 0);
    ore_repeat_interleave_each(x, index, 0);
    ore_tril_indices(3, 3, 0);
    ore_triu_indices(3, 3, 1);
    ore_roll(x, (int64_t[]){1}, ORE_DIMS(0));
    ore_pad(x, (int64_t[]){1, 1}, 2, ORE_PAD_CONSTANT, 0);
    ore_diagonal(x, 0, 0, 1);
}

static void pictures(void) {
    ore_tensor *x = ore_randn(ORE_SHAPE(1, 2, 4, 4), ORE_FLOAT32, NULL);
    ore_tensor *line = ore_select(x, 2, 0); /* (1, 2, 4) */
    ore_tensor *w = ore_randn(ORE_SHAPE(2, 3, 2, 2), ORE_FLOAT32, NULL);
    ore_f_conv_transpose1d_options o1 = ore_f_conv_transpose1d_defaults();
    ore_f_conv_transpose2d_options o2 = ore_f_conv_transpose2d_defaults();
    ore_f_conv_transpose1d(line, ore_select(w, 2, 0), NULL, &o1);
    ore_f_conv_transpose2d(x, w, NULL, &o2);
    ore_tensor *patches = ore_f_unfold(x, ore_both(2), NULL);
    ore_f_fold(patches, ore_both(4), ore_both(2), NULL);
    ore_upsample_nearest(x, ORE_SHAPE(8, 6));
    ore_upsample_nearest_by(x, 2);
    ore_max_pool2d_options o3 = ore_max_pool2d_defaults();
    ore_f_max_pool2d(x, ore_both(2), &o3, NULL);
    ore_f_avg_pool1d(line, 2, NULL);
}

static void layers(ore_tensor *line, ore_tensor *picture) { /* (1, 2, 4), (1, 2, 4, 4) */
    ore_module root;
    ore_upsample larger;
    ore_group_norm group_norm;
    ore_batch_norm2d batch_norm;
    ore_instance_norm instance_norm;
    ore_conv_transpose1d up1;
    ore_conv_transpose2d up2;
    ore_max_pool1d max1;
    ore_max_pool2d max2;
    ore_avg_pool1d avg1;
    ore_linear linear;
    ore_module_init(&root, NULL, NULL);
    ore_group_norm_init(&group_norm, &root, "group_norm", 1, 2, NULL);
    ore_batch_norm2d_init(&batch_norm, &root, "batch_norm", 2, NULL);
    ore_instance_norm1d_init(&instance_norm, &root, "instance_norm", 2, NULL);
    ore_conv_transpose1d_init(&up1, &root, "up1", 2, 3, 2, NULL);
    ore_conv_transpose2d_init(&up2, &root, "up2", 2, 3, ore_both(2), NULL);
    ore_max_pool1d_init(&max1, &root, "max1", 2, NULL);
    ore_max_pool2d_init(&max2, &root, "max2", ore_both(2), NULL);
    ore_avg_pool1d_init(&avg1, &root, "avg1", 2, NULL);
    ore_linear_init(&linear, &root, "linear", 4, 4, NULL);
    ore_group_norm_forward(&group_norm, line);
    ore_batch_norm2d_forward(&batch_norm, picture);
    ore_instance_norm1d_forward(&instance_norm, line);
    ore_conv_transpose1d_forward(&up1, line);
    ore_conv_transpose2d_forward(&up2, picture);
    ore_max_pool1d_forward(&max1, line);
    ore_max_pool2d_forward(&max2, picture);
    ore_avg_pool1d_forward(&avg1, line);
    ore_linear_forward_activated(&linear, line, ore_relu);
    ore_upsample_init(&larger, &root, "larger", ORE_SHAPE(8, 8), 0);
    ore_upsample_forward(&larger, picture);
    ore_module_free(&root);
}

int main(void) {
    char text[ORE_SHAPE_TEXT];
    ore_tensor *x = ore_rand(ORE_SHAPE(2, 3), ORE_FLOAT32, NULL);
    ore_tensor *w = ore_rand(ORE_SHAPE(2, 3), ORE_FLOAT32, NULL);
    functions(x, w);
    products(x, w);
    rows_of_documents();
    losses(x, w);
    choices(x);
    pictures();
    layers(ore_rand(ORE_SHAPE(1, 2, 4), ORE_FLOAT32, NULL),
           ore_rand(ORE_SHAPE(1, 2, 4, 4), ORE_FLOAT32, NULL));
    ore_tensor *leaf = ore_set_requires_grad(ore_to(x, ORE_FLOAT64), true);
    bool right = ore_gradcheck(twice, NULL, (ore_tensor *[]){leaf}, 1, NULL) == ORE_OK;
    printf("%s %s\n", ore_shape_text(ore_shape_of(x), text), right ? "right" : ore_error_message());
    return ore_ok() ? 0 : 1;
}
