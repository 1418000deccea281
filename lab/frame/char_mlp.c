/* char_mlp.c: the network of the second and the third lecture. */
#include "lab/frame/char_mlp.h"
#include "lab/frame/names.h"

ore_tensor *char_mlp_hidden(const char_mlp *m, ore_tensor *x) {
    ore_tensor *emb = ore_f_embedding(x, m->C, -1);     /* (B, 3, dim) */
    emb = ore_view(emb, ORE_SHAPE(ore_size(x, 0), -1)); /* (B, 3 dim) */
    ore_tensor *h = ore_matmul(emb, m->W1);             /* (B, hidden) */
    return m->b1 ? ore_add(h, m->b1) : h;
}

/* Batch norm: each unit's values over the batch are shifted and scaled to mean 0 and standard
 * deviation 1, then multiplied by gain and shifted by bias, which are learned. In evaluation the
 * running mean and deviation take the place of the batch's. */
static ore_tensor *normalise(const char_mlp *m, ore_tensor *h) {
    ore_tensor *mean = m->running_mean, *std = m->running_std;
    if (m->module.training) {
        mean = ore_mean(h, ORE_DIMS(0), true);  /* (1, hidden) */
        std = ore_std(h, ORE_DIMS(0), 1, true); /* (1, hidden) */
        ore_no_grad_begin();
        ore_add_(ore_mul_scalar_(m->running_mean, 0.999), ore_mul_scalar(mean, 0.001));
        ore_add_(ore_mul_scalar_(m->running_std, 0.999), ore_mul_scalar(std, 0.001));
        ore_no_grad_end();
    }
    return ore_add(ore_div(ore_mul(m->gain, ore_sub(h, mean)), std), m->bias);
}

/* (B, 3) contexts -> (B, 27) logits */
static ore_tensor *forward(const ore_module *module, ore_tensor *x) {
    const char_mlp *m = (const char_mlp *)module;
    ore_tensor *h = char_mlp_hidden(m, x);
    h = ore_tanh(m->gain ? normalise(m, h) : h); /* (B, hidden) */
    return ore_add(ore_matmul(h, m->W2), m->b2);
}

static void add_normal(char_mlp *m, const char *name, ore_tensor **slot, ore_shape shape,
                       double scale, ore_generator *g) {
    *slot = ore_randn(shape, ORE_FLOAT32, g);
    *slot = scale == 1 ? *slot : ore_mul_scalar_(*slot, scale);
    ore_module_register_parameter(&m->module, name, slot);
}

void char_mlp_init(char_mlp *m, int64_t dim, int64_t hidden, char_mlp_scales scales, bool norm,
                   ore_generator *g) {
    *m = (char_mlp){.C = NULL};
    ore_module_init(&m->module, NULL, NULL);
    m->module.forward = forward;
    ore_scope_begin();
    add_normal(m, "C", &m->C, ORE_SHAPE(NAMES_LETTERS, dim), 1, g);
    add_normal(m, "W1", &m->W1, ORE_SHAPE(CHAR_MLP_BLOCK * dim, hidden), scales.W1, g);
    if (scales.b1 > 0)
        add_normal(m, "b1", &m->b1, ORE_SHAPE(hidden), scales.b1, g);
    add_normal(m, "W2", &m->W2, ORE_SHAPE(hidden, NAMES_LETTERS), scales.W2, g);
    add_normal(m, "b2", &m->b2, ORE_SHAPE(NAMES_LETTERS), scales.b2, g);
    if (norm) {
        m->gain = ore_ones(ORE_SHAPE(1, hidden), ORE_FLOAT32);
        m->bias = ore_zeros(ORE_SHAPE(1, hidden), ORE_FLOAT32);
        m->running_mean = ore_zeros(ORE_SHAPE(1, hidden), ORE_FLOAT32);
        m->running_std = ore_ones(ORE_SHAPE(1, hidden), ORE_FLOAT32);
        ore_module_register_parameter(&m->module, "gain", &m->gain);
        ore_module_register_parameter(&m->module, "bias", &m->bias);
        ore_module_register_buffer(&m->module, "running_mean", &m->running_mean, true);
        ore_module_register_buffer(&m->module, "running_std", &m->running_std, true);
    }
    ore_scope_end();
}
