/* backprop.c: the fourth lecture: the gradient of every intermediate value by hand.
 *
 * The network is that of the batch-norm lecture, written in the smallest steps. Its backward pass
 * takes them in reverse: of each step y = f(a, b) it needs dL/dy and gives dL/da and dL/db. Where
 * forward broadcasts, backward sums; where forward sums, backward broadcasts; where a value is used
 * twice, its two gradients add. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lab/frame/by_hand.h"
#include "lab/frame/pictures.h"

enum { BLOCK = BY_HAND_BLOCK, DIM = BY_HAND_DIM, N = NAMES_BATCH };
static const uint64_t SEED = 2147483647;

/* ---- forward in small steps ---- */

/* The 26 tensors whose gradients are computed, in the lecture's order, from the loss back to C. */
#define VALUES(V)                                                                                  \
    V(logprobs)                                                                                    \
    V(probs)                                                                                       \
    V(counts_sum_inv)                                                                              \
    V(counts_sum)                                                                                  \
    V(counts)                                                                                      \
    V(norm_logits)                                                                                 \
    V(logit_maxes)                                                                                 \
    V(logits)                                                                                      \
    V(h)                                                                                           \
    V(W2)                                                                                          \
    V(b2) V(hpreact) V(bngain) V(bnbias) V(bnraw) V(bnvar_inv) V(bnvar) V(bndiff2) V(bndiff)       \
        V(bnmeani) V(hprebn) V(embcat) V(W1) V(b1) V(emb) V(C)
#define FIELD(name) ore_tensor *name;
typedef struct values {
    VALUES(FIELD)
} values;

static ore_tensor *forward(const by_hand_net *m, ore_tensor *x, ore_tensor *y, values *v) {
    v->C = m->C, v->W1 = m->W1, v->b1 = m->b1, v->W2 = m->W2, v->b2 = m->b2;
    v->bngain = m->bngain, v->bnbias = m->bnbias;
    v->emb = ore_f_embedding(x, v->C, -1);                                       /* (N, 3, 10) */
    v->embcat = ore_view(v->emb, ORE_SHAPE(N, BLOCK * DIM));                     /* (N, 30) */
    v->hprebn = ore_add(ore_matmul(v->embcat, v->W1), v->b1);                    /* (N, H) */
    v->bnmeani = ore_mul_scalar(ore_sum(v->hprebn, ORE_DIMS(0), true), 1.0 / N); /* (1, H) */
    v->bndiff = ore_sub(v->hprebn, v->bnmeani);
    v->bndiff2 = ore_square(v->bndiff);
    v->bnvar = ore_mul_scalar(ore_sum(v->bndiff2, ORE_DIMS(0), true), 1.0 / (N - 1)); /* (1, H) */
    v->bnvar_inv = ore_pow_scalar(ore_add_scalar(v->bnvar, 1e-5), -0.5);
    v->bnraw = ore_mul(v->bndiff, v->bnvar_inv);
    v->hpreact = ore_add(ore_mul(v->bngain, v->bnraw), v->bnbias);
    v->h = ore_tanh(v->hpreact);                            /* (N, H) */
    v->logits = ore_add(ore_matmul(v->h, v->W2), v->b2);    /* (N, 27) */
    v->logit_maxes = ore_max_dim(v->logits, 1, true, NULL); /* (N, 1) */
    v->norm_logits = ore_sub(v->logits, v->logit_maxes);
    v->counts = ore_exp(v->norm_logits);
    v->counts_sum = ore_sum(v->counts, ORE_DIMS(1), true); /* (N, 1) */
    v->counts_sum_inv = ore_pow_scalar(v->counts_sum, -1);
    v->probs = ore_mul(v->counts, v->counts_sum_inv);
    v->logprobs = ore_log(v->probs);
    ore_tensor *picked = ore_gather(v->logprobs, 1, ore_unsqueeze(y, 1)); /* (N, 1) */
    return ore_neg(ore_mean(picked, ORE_ALL, false));
}

/* ---- backward in small steps ---- */

static ore_tensor *sum1(ore_tensor *x) {
    return ore_sum(x, ORE_DIMS(1), true);
}

/* d->NAME becomes dL/dNAME. */
static void backward(const values *v, ore_tensor *x, ore_tensor *y, values *d) {
    ore_tensor *one_hot = ore_to(ore_one_hot(y, NAMES_LETTERS), ORE_FLOAT32); /* (N, 27) */
    d->logprobs = ore_mul_scalar(one_hot, -1.0 / N);
    d->probs = ore_div(d->logprobs, v->probs);              /* log' p = 1 / p */
    d->counts_sum_inv = sum1(ore_mul(v->counts, d->probs)); /* (N, 1) was broadcast */
    d->counts_sum =                                         /* (1 / s)' = -1 / s / s */
        ore_neg(ore_div(ore_div(d->counts_sum_inv, v->counts_sum), v->counts_sum));
    d->counts = ore_add(ore_mul(v->counts_sum_inv, d->probs),                /* by way of probs, */
                        ore_expand(d->counts_sum, ore_shape_of(v->counts))); /* and of the sum */
    d->norm_logits = ore_mul(v->counts, d->counts);                          /* exp' = exp */
    d->logit_maxes = ore_neg(sum1(d->norm_logits)); /* nearly 0: any shift gives the same loss */
    ore_tensor *largest =
        ore_to(ore_one_hot(ore_argmax(v->logits, 1, false), NAMES_LETTERS), ORE_FLOAT32);
    d->logits = ore_add(d->norm_logits, ore_mul(largest, d->logit_maxes));
    d->h = ore_matmul(d->logits, ore_t(v->W2));
    d->W2 = ore_matmul(ore_t(v->h), d->logits);
    d->b2 = ore_sum(d->logits, ORE_DIMS(0), false);
    d->hpreact = ore_mul(ore_rsub_scalar(ore_square(v->h), 1), d->h); /* tanh' = 1 - tanh^2 */
    d->bngain = by_hand_sum0(ore_mul(v->bnraw, d->hpreact));
    d->bnbias = by_hand_sum0(d->hpreact);
    d->bnraw = ore_mul(v->bngain, d->hpreact);
    d->bnvar_inv = by_hand_sum0(ore_mul(v->bndiff, d->bnraw));
    d->bnvar = ore_mul(ore_mul_scalar(ore_pow_scalar(ore_add_scalar(v->bnvar, 1e-5), -1.5), -0.5),
                       d->bnvar_inv);
    d->bndiff2 = ore_mul(ore_full(ore_shape_of(v->bndiff2), 1.0 / (N - 1), ORE_FLOAT32), d->bnvar);
    d->bndiff =
        ore_add(ore_mul(v->bnvar_inv, d->bnraw), ore_mul(ore_mul_scalar(v->bndiff, 2), d->bndiff2));
    d->bnmeani = ore_neg(by_hand_sum0(d->bndiff));
    d->hprebn = ore_add(d->bndiff, ore_mul_scalar(d->bnmeani, 1.0 / N));
    d->embcat = ore_matmul(d->hprebn, ore_t(v->W1));
    d->W1 = ore_matmul(ore_t(v->embcat), d->hprebn);
    d->b1 = ore_sum(d->hprebn, ORE_DIMS(0), false);
    d->emb = ore_view(d->embcat, ore_shape_of(v->emb));
    d->C = by_hand_embedding_backward(d->emb, x, v->C);
}

/* ---- compared with autograd ---- */

static double largest_difference(ore_tensor *a, ore_tensor *b) {
    return ore_item(ore_amax(ore_abs(ore_sub(ore_detach(a), ore_detach(b))), ORE_ALL, false));
}

static double norm_of(ore_tensor *t) {
    return ore_item(ore_norm(t, 2, ORE_ALL, false));
}

/* Appends a line of the lecture's table. Returns the largest difference so far. */
static double compare(const char *name, ore_tensor *by_hand, ore_tensor *value, double largest,
                      char *table, size_t bytes) {
    ore_tensor *g = ore_grad(value);
    double difference = largest_difference(by_hand, g);
    size_t used = strlen(table);
    snprintf(table + used, bytes - used,
             "%-15s | exact: %-5s | approximate: %-5s | maxdiff: %.3g\n", name,
             difference == 0 ? "True" : "False",
             ore_allclose(by_hand, g, 1e-5, 1e-8, false) ? "True" : "False", difference);
    return difference > largest ? difference : largest;
}

static void compare_all(lab *l, const values *v, const values *d) {
    char table[4096] = "";
    double largest = 0;
    ore_no_grad_begin();
#define COMPARE(name) largest = compare(#name, d->name, v->name, largest, table, sizeof table);
    VALUES(COMPARE)
    ore_no_grad_end();
    lab_heading(l, "Gradient by gradient");
    lab_say(l,
            "The network of the lecture before, taken apart into 26 values from the loss back to "
            "the table C. Each gradient is derived by hand and stands beside autograd's: equal "
            "to the last bit, equal but for rounding, and by how much they differ at most.");
    lab_show(l, table);
    lab_value(l, "p4.cmp", largest);
}

/* ---- in one step ---- */

static void draw_dlogits(lab *l, ore_tensor *dlogits) {
    ore_figure *f = picture_new("dL/dlogits of 32 examples: pull up blue, push down red", "letter",
                                "example of the batch");
    ore_heatmap_options o = ore_heatmap_defaults();
    o.colormap = ORE_COLORMAP_DIVERGING;
    o.col_names = names_labels();
    o.low = -0.25 / N; /* the gradient at the right letter, about -1 / N, is below: darkest */
    o.high = 0.25 / N;
    picture_matrix(f, dlogits, o);
    lab_picture(l, f, "dlogits",
                "A step goes against the gradient: in each row the right letter is pulled up "
                "(blue, off the scale) "
                "with the force with which all the others together are pushed down (red), each by "
                "its probability. The row sums to zero.");
}

static void show_fast(lab *l, const values *v, const values *d, names_batch b, double loss) {
    lab_heading(l, "In one step");
    lab_say(l, "On paper nearly everything cancels: the gradient of cross entropy is softmax minus "
               "one-hot, divided by the batch, and that of batch norm one line. The variance "
               "divides by N - 1 (Bessel): deviations from the sample's own mean are too small, "
               "and N - 1 makes up for it.");
    ore_no_grad_begin();
    double fast = ore_item(ore_cross_entropy(v->logits, b.y, NULL));
    lab_value(l, "p4.fast.ce", fabs(fast - loss));
    ore_tensor *dlogits = by_hand_cross_entropy_backward(v->logits, b.y);
    lab_value(l, "p4.fast.dlogits", largest_difference(dlogits, ore_grad(v->logits)));
    ore_tensor *mean = ore_mean(v->hprebn, ORE_DIMS(0), true);
    ore_tensor *std =
        ore_sqrt(ore_add_scalar(ore_var(v->hprebn, ORE_DIMS(0), 1, true), 1e-5)); /* (1, H) */
    ore_tensor *hpreact =
        ore_add(ore_div(ore_mul(v->bngain, ore_sub(v->hprebn, mean)), std), v->bnbias);
    lab_value(l, "p4.fast.bn", largest_difference(hpreact, v->hpreact));
    ore_tensor *dhprebn =
        by_hand_batch_norm_backward(d->hpreact, v->bngain, v->bnraw, v->bnvar_inv);
    lab_value(l, "p4.fast.dbn", largest_difference(dhprebn, ore_grad(v->hprebn)));
    double sums = ore_item(ore_amax(ore_abs(sum1(dlogits)), ORE_ALL, false));
    lab_expect(l, sums < 1e-8, "each row of dlogits sums to zero (at most %.1e)", sums);
    draw_dlogits(l, dlogits);
    ore_no_grad_end();
}

static void show_bessel(lab *l) {
    ore_generator *g = ore_generator_new(SEED);
    ore_tensor *x = ore_randn(ORE_SHAPE(100000, 4), ORE_FLOAT32, g);
    double biased = ore_item(ore_mean(ore_var(x, ORE_DIMS(1), 0, false), ORE_ALL, false));
    double unbiased = ore_item(ore_mean(ore_var(x, ORE_DIMS(1), 1, false), ORE_ALL, false));
    lab_expect(
        l, fabs(biased - 0.75) < 0.01 && fabs(unbiased - 1) < 0.01,
        "the variance of 4 numbers from N(0, 1), on average: %.3f divided by 4, %.3f divided "
        "by 3",
        biased, unbiased);
    ore_generator_free(g);
}

/* ---- training without autograd ---- */

static void train(lab *l, const names_data *data) {
    by_hand_net m;
    double checkpoints[20];
    ore_generator *g = ore_generator_new(SEED);
    lab_heading(l, "Training with gradients by hand");
    by_hand_init(&m, 200, g);
    lab_value(l, "p4.params200", (double)ore_module_parameter_count(&m.module, false));
    int64_t steps = lab_quick(l) ? 1000 : 200000;
    double start = names_clock_us();
    by_hand_train(l, &m, &data->train, steps, g, checkpoints);
    double us = names_clock_us() - start;
    double both[] = {names_rough_loss(l, &m.module, &data->train),
                     names_rough_loss(l, &m.module, &data->dev)};
    lab_say(l,
            "Loss %.4f on the training words, %.4f on those held back, without autograd; %.0f "
            "microseconds a step.",
            both[0], both[1], us / (double)steps);
    if (!lab_quick(l)) {
        char text[512];
        ore_generator_seed(g, SEED + 10);
        names_sample(&m.module, BLOCK, 20, g, text, sizeof text);
        lab_values(l, "p4.ckpt", checkpoints, 20);
        lab_values(l, "p4.train", both, 2);
        lab_text(l, "p4.names", text);
    }
    ore_module_free(&m.module);
    ore_generator_free(g);
}

/* ---- the lecture ---- */

static void derive(lab *l, const names_data *data) {
    by_hand_net m;
    values v, d;
    ore_generator *g = ore_generator_new(SEED);
    by_hand_init(&m, 64, g);
    lab_value(l, "p4.params", (double)ore_module_parameter_count(&m.module, false));
    names_batch b = names_draw(&data->train, g);
    lab_tensor(l, "p4.batch", b.indices);
    ore_tensor *loss = forward(&m, b.x, b.y, &v);
#define RETAIN(name) ore_retain_grad(v.name);
    VALUES(RETAIN)
    ore_backward(loss);
    ore_no_grad_begin();
    backward(&v, b.x, b.y, &d);
    ore_no_grad_end();
    lab_value(l, "p4.loss", ore_item(loss));
    double seeded[] = {ore_item(loss), norm_of(ore_grad(m.W1)), norm_of(ore_grad(m.C)),
                       norm_of(ore_grad(m.bngain))};
    lab_values(l, "p4.loss.seeded", seeded, 4);
    compare_all(l, &v, &d);
    show_fast(l, &v, &d, b, ore_item(loss));
    ore_module_free(&m.module);
    ore_generator_free(g);
}

ore_status lecture_backprop(lab *l) {
    names_data data;
    ore_scope_begin();
    if (names_load(l, &data, BLOCK, 1) == ORE_OK) {
        derive(l, &data);
        show_bessel(l);
        train(l, &data);
    }
    names_free(&data);
    ore_scope_end();
    return ore_error_status();
}
