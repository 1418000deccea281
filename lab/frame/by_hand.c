/* by_hand.c: training with the gradients of the backpropagation lecture. */
#include <math.h>

#include "lab/frame/by_hand.h"

enum { N = NAMES_BATCH, BLOCK = BY_HAND_BLOCK, DIM = BY_HAND_DIM };

/* ---- the network ---- */

static ore_tensor *draw(ore_shape shape, double scale, ore_generator *g) {
    return ore_mul_scalar_(ore_randn(shape, ORE_FLOAT32, g), scale);
}

static void add(by_hand_net *m, const char *name, ore_tensor **slot, ore_tensor *value) {
    *slot = value;
    ore_module_register_parameter(&m->module, name, slot);
}

/* (B, 3) -> (B, H) */
static ore_tensor *before_norm(const by_hand_net *m, ore_tensor *x) {
    ore_tensor *embcat = ore_flatten(ore_f_embedding(x, m->C, -1), 1, 2); /* (B, 30) */
    return ore_add(ore_matmul(embcat, m->W1), m->b1);
}

/* (B, 3) -> (B, 27), in evaluation: with the statistics of all examples */
static ore_tensor *forward(const ore_module *module, ore_tensor *x) {
    const by_hand_net *m = (const by_hand_net *)module;
    ore_tensor *h = ore_sub(before_norm(m, x), m->running_mean);
    h = ore_div(h, ore_sqrt(ore_add_scalar(m->running_var, 1e-5)));
    h = ore_tanh(ore_add(ore_mul(m->bngain, h), m->bnbias));
    return ore_add(ore_matmul(h, m->W2), m->b2);
}

void by_hand_init(by_hand_net *m, int64_t hidden, ore_generator *g) {
    *m = (by_hand_net){.C = NULL};
    ore_module_init(&m->module, NULL, NULL);
    m->module.forward = forward;
    ore_manual_seed(1337);
    ore_scope_begin();
    add(m, "C", &m->C, draw(ORE_SHAPE(NAMES_LETTERS, DIM), 1, g));
    add(m, "W1", &m->W1, draw(ORE_SHAPE(BLOCK * DIM, hidden), 5.0 / 3 / sqrt(BLOCK * DIM), g));
    add(m, "b1", &m->b1, draw(ORE_SHAPE(hidden), 0.1, g));
    add(m, "W2", &m->W2, draw(ORE_SHAPE(hidden, NAMES_LETTERS), 0.1, g));
    add(m, "b2", &m->b2, draw(ORE_SHAPE(NAMES_LETTERS), 0.1, g));
    add(m, "bngain", &m->bngain, ore_add_scalar_(draw(ORE_SHAPE(1, hidden), 0.1, NULL), 1));
    add(m, "bnbias", &m->bnbias, draw(ORE_SHAPE(1, hidden), 0.1, NULL));
    m->running_mean = ore_zeros(ORE_SHAPE(1, hidden), ORE_FLOAT32);
    m->running_var = ore_ones(ORE_SHAPE(1, hidden), ORE_FLOAT32);
    ore_module_register_buffer(&m->module, "running_mean", &m->running_mean, true);
    ore_module_register_buffer(&m->module, "running_var", &m->running_var, true);
    ore_scope_end();
}

/* ---- backward passes ---- */

ore_tensor *by_hand_sum0(ore_tensor *x) {
    return ore_sum(x, ORE_DIMS(0), true);
}

ore_tensor *by_hand_embedding_backward(ore_tensor *demb, ore_tensor *x, ore_tensor *C) {
    return ore_index_add(ore_zeros_like(C), 0, ore_reshape(x, ORE_SHAPE(N * BLOCK)),
                         ore_reshape(demb, ORE_SHAPE(N * BLOCK, DIM)));
}

ore_tensor *by_hand_cross_entropy_backward(ore_tensor *logits, ore_tensor *y) {
    ore_tensor *one_hot = ore_to(ore_one_hot(y, NAMES_LETTERS), ORE_FLOAT32);
    return ore_mul_scalar(ore_sub(ore_softmax(logits, 1), one_hot), 1.0 / N);
}

ore_tensor *by_hand_batch_norm_backward(ore_tensor *dy, ore_tensor *gain, ore_tensor *raw,
                                        ore_tensor *var_inv) {
    ore_tensor *scale = ore_mul_scalar(ore_mul(gain, var_inv), 1.0 / N); /* (1, H) */
    ore_tensor *along = ore_mul_scalar(raw, (double)N / (N - 1));
    along = ore_mul(along, by_hand_sum0(ore_mul(dy, raw))); /* (N, H) */
    ore_tensor *centred = ore_sub(ore_mul_scalar(dy, N), by_hand_sum0(dy));
    return ore_mul(scale, ore_sub(centred, along));
}

/* ---- training ---- */

/* Makes one step and returns the loss before it. */
static double step(by_hand_net *m, names_batch b, double lr) {
    ore_tensor *emb = ore_f_embedding(b.x, m->C, -1);               /* (N, 3, 10) */
    ore_tensor *embcat = ore_view(emb, ORE_SHAPE(N, BLOCK * DIM));  /* (N, 30) */
    ore_tensor *hprebn = ore_add(ore_matmul(embcat, m->W1), m->b1); /* (N, H) */
    ore_tensor *mean = ore_mean(hprebn, ORE_DIMS(0), true);         /* (1, H) */
    ore_tensor *var = ore_var(hprebn, ORE_DIMS(0), 1, true);        /* (1, H) */
    ore_tensor *var_inv = ore_rsqrt(ore_add_scalar(var, 1e-5));     /* (1, H) */
    ore_tensor *raw = ore_mul(ore_sub(hprebn, mean), var_inv);      /* (N, H) */
    ore_tensor *h = ore_tanh(ore_add(ore_mul(m->bngain, raw), m->bnbias));
    ore_tensor *logits = ore_add(ore_matmul(h, m->W2), m->b2); /* (N, 27) */
    double loss = ore_item(ore_cross_entropy(logits, b.y, NULL));

    ore_tensor *dlogits = by_hand_cross_entropy_backward(logits, b.y);
    ore_tensor *dW2 = ore_matmul(ore_t(h), dlogits);
    ore_tensor *db2 = ore_sum(dlogits, ORE_DIMS(0), false);
    ore_tensor *dh = ore_matmul(dlogits, ore_t(m->W2));
    ore_tensor *dhpreact = ore_mul(ore_rsub_scalar(ore_square(h), 1), dh);
    ore_tensor *dbngain = by_hand_sum0(ore_mul(raw, dhpreact));
    ore_tensor *dbnbias = by_hand_sum0(dhpreact);
    ore_tensor *dhprebn = by_hand_batch_norm_backward(dhpreact, m->bngain, raw, var_inv);
    ore_tensor *dW1 = ore_matmul(ore_t(embcat), dhprebn);
    ore_tensor *db1 = ore_sum(dhprebn, ORE_DIMS(0), false);
    ore_tensor *dembcat = ore_matmul(dhprebn, ore_t(m->W1));
    ore_tensor *demb = ore_view(dembcat, ore_shape_of(emb));
    ore_tensor *dC = by_hand_embedding_backward(demb, b.x, m->C);

    ore_tensor *parameters[] = {m->C, m->W1, m->b1, m->W2, m->b2, m->bngain, m->bnbias};
    ore_tensor *gradients[] = {dC, dW1, db1, dW2, db2, dbngain, dbnbias};
    for (int i = 0; i < 7; i++)
        ore_sub_(parameters[i], ore_mul_scalar(gradients[i], lr));
    return loss;
}

ore_status by_hand_train(lab *l, by_hand_net *m, const names_part *part, int64_t steps,
                         ore_generator *g, double checkpoints[20]) {
    ore_no_grad_begin();
    for (int64_t i = 0; i < steps && ore_ok(); i++) {
        ore_scope_begin();
        double loss = step(m, names_draw(part, g), i < steps / 2 ? 0.1 : 0.01);
        if (i % (steps / 20) == 0)
            checkpoints[i / (steps / 20)] = loss;
        if ((i + 1) % 1000 == 0)
            lab_progress(l, "by hand", i + 1, steps, loss);
        ore_scope_end();
    }
    ore_scope_begin();
    ore_tensor *h = before_norm(m, part->x); /* (count, H) */
    ore_copy_(m->running_mean, ore_mean(h, ORE_DIMS(0), true));
    ore_copy_(m->running_var, ore_var(h, ORE_DIMS(0), 1, true));
    ore_scope_end();
    ore_no_grad_end();
    return ore_error_status();
}
