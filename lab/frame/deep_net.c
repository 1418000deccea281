/* deep_net.c: trains six linear layers with batch norm after each for 1001 steps, and shows the
 * distributions of activations, gradients and updates, which tell whether a network learns well. */
#include <math.h>
#include <stdio.h>

#include "lab/frame/deep_net.h"
#include "lab/frame/layers.h"
#include "lab/frame/pictures.h"

enum { BLOCK = 3, DIM = 10, HIDDEN = 100, TANHS = 5, STEPS = 1001 };
static const uint64_t SEED = 2147483647;

/* Builds the network (B, 3) -> (B, 27). The gain of the last batch norm starts small, so that all
 * letters are about equally likely at first. */
static void deep_init(stack *s, ore_generator *g) {
    stack_init(s);
    stack_embedding(s, NAMES_LETTERS, DIM, g); /* (B, 3, 10) */
    stack_join(s, BLOCK);                      /* (B, 30) */
    for (int i = 0; i < TANHS; i++) {
        stack_linear(s, i == 0 ? BLOCK * DIM : HIDDEN, HIDDEN, false, g);
        stack_norm(s, HIDDEN);
        stack_tanh(s); /* (B, 100) */
    }
    stack_linear(s, HIDDEN, NAMES_LETTERS, false, g);
    lecture_norm *last = stack_norm(s, NAMES_LETTERS);
    ore_no_grad_begin();
    if (last)
        ore_mul_scalar_(last->gamma, 0.1);
    ore_no_grad_end();
}

/* ---- what the lecture prints ---- */

/* The lecture's number of a tanh layer: it does not count the embedding and the concatenation. */
static int lecture_number(int tanh_index) {
    return 3 * tanh_index + 2;
}

static void report_activations(lab *l, ore_tensor *const *outs) {
    for (int i = 0; i < TANHS; i++) {
        ore_distribution d;
        char id[32], text[128];
        ore_distribution_of(outs[i], &d);
        snprintf(id, sizeof id, "p3.deep.act%d", i);
        snprintf(text, sizeof text, "layer %d (%10s): mean %+.2f, std %.2f, saturated: %.2f%%",
                 lecture_number(i), "Tanh", d.mean, d.std, 100 * d.saturated);
        lab_text(l, id, text);
        ore_distribution_of(ore_grad(outs[i]), &d);
        snprintf(id, sizeof id, "p3.deep.grad%d", i);
        snprintf(text, sizeof text, "layer %d (%10s): mean %+f, std %e", lecture_number(i), "Tanh",
                 d.mean, d.std);
        lab_text(l, id, text);
    }
}

/* Reports the gradients of the matrices, beside the values of the matrices. */
static void report_weights(lab *l, const ore_tensor_list *parameters) {
    int k = 0;
    for (int64_t i = 0; i < parameters->count; i++) {
        ore_tensor *p = parameters->items[i].tensor;
        ore_distribution data, gradient;
        char id[32], text[128 + ORE_SHAPE_TEXT], shape[ORE_SHAPE_TEXT];
        if (ore_ndim(p) != 2)
            continue;
        ore_distribution_of(p, &data);
        ore_distribution_of(ore_grad(p), &gradient);
        snprintf(id, sizeof id, "p3.deep.wgrad%d", k++);
        snprintf(text, sizeof text, "weight %10s | mean %+f | std %e | grad:data ratio %e",
                 ore_shape_text(ore_shape_of(p), shape), gradient.mean, gradient.std,
                 gradient.std / data.std);
        lab_text(l, id, text);
    }
}

/* ---- pictures ---- */

static void draw_layers(lab *l, ore_tensor *const *outs, bool gradients) {
    ore_figure *f = gradients ? picture_new("Gradients of the tanh outputs", "gradient", "density")
                              : picture_new("Outputs of the tanh layers", "activation", "density");
    for (int i = 0; i < TANHS; i++) {
        char label[32];
        snprintf(label, sizeof label, "layer %d", lecture_number(i));
        if (gradients)
            picture_distribution(f, ore_grad(outs[i]), -0.01, 0.01, 40, label);
        else
            picture_distribution(f, outs[i], -1, 1, 25, label);
    }
    lab_picture(l, f, gradients ? "gradients" : "activations",
                gradients
                    ? "All layers get gradients of about the same size: none vanishes on its "
                      "way to the first layer."
                    : "All layers use the whole range of tanh, with few outputs at its ends.");
}

/* The label of the k-th matrix: the embedding, or a linear layer with the lecture's number. */
static const char *matrix_label(ore_tensor *p, int k, char *text, size_t bytes) {
    char shape[ORE_SHAPE_TEXT];
    ore_shape_text(ore_shape_of(p), shape);
    if (k == 0)
        snprintf(text, bytes, "embedding %s", shape);
    else
        snprintf(text, bytes, "layer %d %s", 3 * (k - 1), shape);
    return text;
}

static void draw_weight_gradients(lab *l, const ore_tensor_list *parameters) {
    ore_figure *f = picture_new("Gradients of the weight matrices", "gradient", "density");
    int k = 0;
    for (int64_t i = 0; i < parameters->count; i++) {
        ore_tensor *p = parameters->items[i].tensor;
        char label[64 + ORE_SHAPE_TEXT];
        if (ore_ndim(p) == 2)
            picture_distribution(f, ore_grad(p), -0.03, 0.03, 60,
                                 matrix_label(p, k++, label, sizeof label));
    }
    lab_picture(l, f, "weight-gradients",
                "The inner layers get gradients of one size. The embedding and the last layer, "
                "(100, 27), have many near zero (letters that are rare) and the longest tails.");
}

static void draw_updates(lab *l, const ore_watch *watch) {
    ore_figure *f = picture_new("Size of the updates against the weights they change", "step",
                                "log10 of std(update) / std(weights)");
    int k = 0;
    for (int64_t i = 0; i < watch->parameter_count; i++) {
        const ore_watched_parameter *p = &watch->parameters[i];
        char label[64 + ORE_SHAPE_TEXT];
        if (ore_ndim(p->tensor) == 2)
            ore_plot_line(f, NULL, p->log_ratios, watch->record_count,
                          matrix_label(p->tensor, k++, label, sizeof label),
                          &(ore_plot_style){.width = 1});
    }
    ore_plot_hline(f, -3, "a good pace", &(ore_plot_style){.color = "#000000", .width = 1.5});
    ore_plot_legend(f, ORE_LEGEND_OUTSIDE);
    lab_picture(l, f, "updates",
                "About a thousandth of a weight's deviation per step is a good pace. Far below it "
                "the rate is too small; here it is somewhat high.");
}

/* ---- training ---- */

/* Returns the logits; outs becomes the outputs of the tanh layers, whose gradients are retained. */
static ore_tensor *forward_keeping(const stack *s, ore_tensor *x, ore_tensor **outs) {
    int k = 0;
    for (const ore_module *m = s->module.first_child; m && x; m = m->next_sibling) {
        x = ore_module_forward(m, x);
        if (x && m->forward && m == &s->layers[4 + 3 * k].module && k < TANHS)
            outs[k++] = ore_retain_grad(x);
    }
    return x;
}

static void train(lab *l, stack *s, const names_data *data, ore_generator *g) {
    ore_sgd_options o = ore_sgd_defaults();
    o.lr = 0.1;
    ore_optimizer *sgd = ore_sgd_new(&s->module, &o);
    ore_watch *watch = ore_watch_new(&s->module, 1);
    for (int64_t i = 0; i < STEPS && ore_ok(); i++) {
        ore_tensor *outs[TANHS] = {0};
        ore_scope_begin();
        ore_tensor *ix = ore_randint(0, data->train.count, ORE_SHAPE(32), ORE_INT64, g);
        ore_tensor *x = ore_index_select(data->train.x, 0, ix); /* (32, 3) */
        ore_tensor *y = ore_index_select(data->train.y, 0, ix); /* (32) */
        ore_watch_begin(watch, i + 1);
        ore_tensor *loss = ore_cross_entropy(forward_keeping(s, x, outs), y, NULL);
        ore_optimizer_zero_grad(sgd);
        ore_backward(loss);
        ore_watch_gradients(watch);
        ore_optimizer_step(sgd);
        ore_watch_end(watch);
        if (i == 0)
            lab_value(l, "p3.deep.loss0", ore_item(loss));
        if (i == STEPS - 1) {
            ore_tensor_list parameters = ore_module_parameters(&s->module);
            report_activations(l, outs);
            report_weights(l, &parameters);
            draw_layers(l, outs, false);
            draw_layers(l, outs, true);
            draw_weight_gradients(l, &parameters);
            ore_tensor_list_free(&parameters);
        }
        ore_scope_end();
    }
    if (ore_ok())
        draw_updates(l, watch);
    ore_watch_free(watch);
    ore_optimizer_free(sgd);
}

/* ---- one linear layer, alone and with batch norm ---- */

static void report_std(lab *l, const char *id, ore_tensor *t) {
    lab_value(l, id, ore_item(ore_std(ore_detach(t), ORE_ALL, 1, false)));
}

static ore_tensor *leaf(ore_shape shape, ore_generator *g) {
    return ore_set_requires_grad(ore_randn(shape, ORE_FLOAT32, g), true);
}

static void show_linear(lab *l) {
    enum { N = 1000 };
    ore_generator *g = ore_generator_new(SEED);
    ore_tensor *a = leaf(ORE_SHAPE(N, 1), g), *b = leaf(ORE_SHAPE(N, N), g);
    ore_tensor *c = ore_retain_grad(ore_matmul(b, a)); /* (N, 1) */
    ore_backward(ore_sum(ore_matmul(ore_randn(ORE_SHAPE(N), ORE_FLOAT32, g), c), ORE_ALL, false));
    report_std(l, "p3.stat23.a_std", a);
    report_std(l, "p3.stat23.b_std", b);
    report_std(l, "p3.stat23.c_std", c);
    report_std(l, "p3.stat23.c_grad_std", ore_grad(c));
    report_std(l, "p3.stat23.a_grad_std", ore_grad(a));
    report_std(l, "p3.stat23.b_grad_std", ore_grad(b));
    lab_say(l, "A linear layer of 1000 inputs multiplies deviations by sqrt(1000) = 31.6, forward "
               "and, for its input, backward.");
    ore_generator_seed(g, SEED);
    ore_tensor *inp = leaf(ORE_SHAPE(N), g), *w = leaf(ORE_SHAPE(N, N), g);
    ore_tensor *x = ore_retain_grad(ore_matmul(w, inp)); /* (N) */
    ore_tensor *mean = ore_mean(x, ORE_ALL, false), *var = ore_var(x, ORE_ALL, 1, false);
    ore_tensor *out =
        ore_retain_grad(ore_div(ore_sub(x, mean), ore_sqrt(ore_add_scalar(var, 1e-5))));
    ore_backward(ore_matmul(out, ore_randn(ORE_SHAPE(N), ORE_FLOAT32, g)));
    report_std(l, "p3.stat24.inp_std", inp);
    report_std(l, "p3.stat24.w_std", w);
    report_std(l, "p3.stat24.x_std", x);
    report_std(l, "p3.stat24.out_std", out);
    report_std(l, "p3.stat24.out_grad_std", ore_grad(out));
    report_std(l, "p3.stat24.x_grad_std", ore_grad(x));
    report_std(l, "p3.stat24.w_grad_std", ore_grad(w));
    report_std(l, "p3.stat24.inp_grad_std", ore_grad(inp));
    lab_say(l,
            "With batch norm behind it the layer's scale does not matter: outputs have deviation "
            "1, and the gradient of the input is about as large as that of the output.");
    ore_generator_free(g);
}

/* ---- the second half of the lecture ---- */

void deep_net_show(lab *l, const names_data *data) {
    static stack s;
    char text[512];
    ore_generator *g = ore_generator_new(SEED);
    lab_heading(l, "Six layers, and how to see that they are well");
    lab_say(l, "Six layers of 100 tanh units with batch norm, after 1001 steps. Four things tell "
               "whether a network is well: what the layers give out, the gradients of that, the "
               "gradients of the weights, and how far a step moves each weight.");
    deep_init(&s, g);
    lab_value(l, "p3.deep.params", (double)ore_module_parameter_count(&s.module, false));
    train(l, &s, data, g);
    ore_module_eval(&s.module);
    lab_value(l, "p3.deep.train", names_loss(&s.module, &data->train));
    lab_value(l, "p3.deep.val", names_loss(&s.module, &data->dev));
    ore_generator_seed(g, SEED + 10);
    names_sample(&s.module, BLOCK, 20, g, text, sizeof text);
    lab_text(l, "p3.deep.names", text);
    ore_module_free(&s.module);
    ore_generator_free(g);
    lab_heading(l, "One layer's deviations, forward and backward");
    show_linear(l);
}
