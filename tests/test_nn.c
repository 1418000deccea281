/* test_nn.c: module trees, layers and their default values (golden/rng_scalar.tsv: PyTorch's). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/nn.h>
#include <ore/init.h>
#include <ore/ops.h>
#include <ore/optim.h>
#include <ore/transformer.h>

#include "support/errors.h"
#include "support/modules.h"

/* ---- a small model ---- */

enum { BLOCKS = 2, WIDTH = 4, VOCABULARY = 5 };

typedef struct block {
    ore_module module;
    ore_layer_norm ln;
    ore_linear up, down;
    ore_activation act;
} block;

typedef struct model {
    ore_module root;
    ore_embedding wte;
    ore_module_list list;
    block blocks[BLOCKS];
    ore_linear head;
    ore_tensor *steps; /* a buffer */
    ore_tensor *mask;  /* a buffer that is not saved */
} model;

static ore_tensor *block_forward(const ore_module *module, ore_tensor *x) {
    const block *b = (const block *)module;
    ore_tensor *h = ore_linear_forward(&b->up, ore_layer_norm_forward(&b->ln, x));
    return ore_add(x, ore_linear_forward(&b->down, ore_activation_forward(&b->act, h)));
}

static void block_init(block *b, ore_module *parent) {
    ore_module_init(&b->module, parent, NULL);
    b->module.forward = block_forward;
    ore_layer_norm_init(&b->ln, &b->module, "ln", ORE_SHAPE(WIDTH), NULL);
    ore_linear_init(&b->up, &b->module, "up", WIDTH, 2 * WIDTH, NULL);
    ore_activation_init(&b->act, &b->module, "act", ore_relu);
    ore_linear_init(&b->down, &b->module, "down", 2 * WIDTH, WIDTH, NULL);
}

static void model_init(model *m, bool tied) {
    ore_module_init(&m->root, NULL, NULL);
    ore_embedding_init(&m->wte, &m->root, "wte", VOCABULARY, WIDTH, NULL);
    ore_module_list_init(&m->list, &m->root, "blocks");
    for (int i = 0; i < BLOCKS; i++)
        block_init(&m->blocks[i], &m->list.module);
    ore_linear_options bare = ore_linear_defaults();
    bare.bias = false;
    ore_linear_init(&m->head, &m->root, "head", WIDTH, VOCABULARY, &bare);
    if (tied)
        ore_module_set_tensor(&m->head.module, "weight", m->wte.weight);
    m->steps = ore_zeros(ORE_SCALAR, ORE_INT64);
    ore_module_register_buffer(&m->root, "steps", &m->steps, true);
    m->mask = ore_tril(ore_ones(ORE_SHAPE(3, 3), ORE_FLOAT32), 0);
    ore_module_register_buffer(&m->root, "mask", &m->mask, false);
    assert_true(ore_ok());
}

static ore_tensor *model_forward(const model *m, ore_tensor *indices) {
    ore_tensor *x = ore_embedding_forward(&m->wte, indices);
    for (int64_t i = 0; i < m->list.module.child_count; i++)
        x = ore_module_forward(ore_module_child(&m->list.module, i), x);
    return ore_linear_forward(&m->head, x);
}

/* ---- the tree ---- */

static void parameters_have_path_names(void **state) {
    (void)state;
    model m;
    model_init(&m, false);
    assert_names(ore_module_parameters(&m.root),
                 NAMES("wte.weight", "blocks.0.ln.weight", "blocks.0.ln.bias", "blocks.0.up.weight",
                       "blocks.0.up.bias", "blocks.0.down.weight", "blocks.0.down.bias",
                       "blocks.1.ln.weight", "blocks.1.ln.bias", "blocks.1.up.weight",
                       "blocks.1.up.bias", "blocks.1.down.weight", "blocks.1.down.bias",
                       "head.weight"));
    assert_names(ore_module_parameters(&m.blocks[1].up.module), NAMES("weight", "bias"));
    assert_names(ore_module_buffers(&m.root), NAMES("steps", "mask"));
    assert_int_equal(ore_module_parameter_count(&m.root, false), 20 + 20 + 2 * (8 + 40 + 36));
    assert_ptr_equal(ore_module_find(&m.root, "blocks.1.down"), &m.blocks[1].down);
    assert_ptr_equal(ore_module_find(&m.root, ""), &m.root);
    assert_ptr_equal(ore_module_tensor(&m.root, "blocks.1.down.bias"), m.blocks[1].down.bias);
    assert_ptr_equal(ore_module_child(&m.list.module, 1), &m.blocks[1]);
    char path[64], cut[8];
    assert_string_equal(ore_module_path(&m.blocks[1].ln.module, path, sizeof path), "blocks.1.ln");
    assert_string_equal(ore_module_path(&m.blocks[1].ln.module, cut, sizeof cut), "blocks.");
    assert_string_equal(ore_module_path(&m.root, path, sizeof path), "");
    ore_module_free(&m.root);
    assert_null(m.wte.weight);
    assert_true(ore_ok());
}

static void wrong_names_and_places_are_named(void **state) {
    (void)state;
    model m;
    model_init(&m, false);
    ore_linear extra;
    ore_linear_init(&extra, &m.list.module, "1", 2, 2, NULL);
    assert_error(ORE_INVALID, "module: name \"1\" is taken below \"blocks\"");
    ore_linear_init(&extra, &m.root, "a.b", 2, 2, NULL);
    assert_error(ORE_INVALID, "module: name \"a.b\" below \"\" is empty or holds a dot");
    ore_linear_init(&extra, &m.root, "extra", 0, 2, NULL);
    assert_error(ORE_INVALID, "extra: linear: in_features 0, out_features 2, expected at least 1");
    ore_embedding lookup;
    ore_embedding_init(&lookup, &m.root, "lookup", 3, 2,
                       &(ore_embedding_options){.padding_idx = 3});
    assert_error(ORE_INVALID, "lookup: embedding: count 3, dim 2, padding_idx 3");
    ore_dropout drop;
    ore_dropout_init(&drop, &m.root, "drop", 1.5);
    assert_error(ORE_INVALID, "drop: dropout: p 1.5, expected 0 .. 1");
    assert_null(ore_module_child(&m.list.module, 2));
    assert_error(ORE_INVALID, "module_child: 2 is out of range for 2 children");
    assert_null(ore_module_find(&m.root, "blocks.7"));
    assert_error(ORE_INVALID, "there is no module \"blocks.7\"");
    assert_null(ore_module_tensor(&m.root, "head.bias"));
    assert_error(ORE_INVALID, "there is no parameter or buffer \"head.bias\"");
    ore_module_forward(&m.list.module, m.mask);
    assert_error(ORE_INVALID, "blocks: module_forward: a module_list has no forward");
    ore_module_to(&m.root, ORE_INT64);
    assert_error(ORE_INVALID, "module_to: dtype int64, expected a floating one");
    ore_module_free(&m.root);
    assert_true(ore_ok());
}

static void a_failed_layer_says_where(void **state) {
    (void)state;
    model m;
    model_init(&m, false);
    ore_scope_begin();
    ore_tensor *x = ore_zeros(ORE_SHAPE(64, 3), ORE_FLOAT32);
    assert_null(ore_linear_forward(&m.blocks[1].up, x));
    assert_error(ORE_INVALID, "blocks.1.up: linear: x (64, 3) does not end in in_features of "
                              "weight (8, 4)");
    /* An error from elsewhere passes through layers as it is. */
    ore_fail(ORE_DATA, "loader: no more data");
    assert_null(ore_module_forward(&m.blocks[0].module, NULL));
    assert_string_equal(ore_error_message(), "loader: no more data");
    ore_linear late; /* and leaves a module that may be freed */
    assert_int_equal(ore_linear_init(&late, &m.root, "late", 2, 2, NULL), ORE_DATA);
    ore_module_free(&late.module);
    ore_error_clear();
    assert_null(late.weight);
    ore_scope_end();
    ore_module_free(&m.root);
}

static void tied_parameters_are_one(void **state) {
    (void)state;
    model m;
    model_init(&m, true);
    assert_ptr_equal(m.head.weight, m.wte.weight);
    ore_tensor_list list = ore_module_parameters(&m.root);
    assert_int_equal(list.count, 13);
    assert_null(ore_tensor_list_find(&list, "head.weight"));
    assert_ptr_equal(ore_tensor_list_find(&list, "wte.weight"), m.head.weight);
    ore_tensor_list_free(&list);
    assert_int_equal(ore_module_parameter_count(&m.root, false), 20 + 2 * (8 + 40 + 36));
    assert_int_equal(ore_module_set_requires_grad(&m.root, "head.*", false), 1);
    assert_false(ore_requires_grad(m.wte.weight));
    assert_int_equal(ore_module_to(&m.root, ORE_FLOAT64), ORE_OK);
    assert_ptr_equal(m.head.weight, m.wte.weight);
    /* Freeing one place leaves the tensor to the other. */
    ore_module_free(&m.head.module);
    assert_int_equal(ore_numel(m.wte.weight), 20);
    /* A new tensor takes the place of an old one. */
    ore_module_set_tensor(&m.wte.module, "weight", ore_zeros(ORE_SHAPE(6, 4), ORE_FLOAT64));
    assert_int_equal(ore_size(m.wte.weight, 0), 6);
    assert_false(ore_requires_grad(m.wte.weight));
    ore_module_free(&m.root);
    assert_true(ore_ok());
}

static void freezing_goes_by_pattern(void **state) {
    (void)state;
    model m;
    model_init(&m, false);
    assert_int_equal(ore_module_set_requires_grad(&m.root, "blocks.*", false), 12);
    assert_int_equal(ore_module_set_requires_grad(&m.root, "*.up.weight", true), 2);
    assert_int_equal(ore_module_set_requires_grad(&m.root, "nothing", true), 0);
    assert_int_equal(ore_module_parameter_count(&m.root, true), 20 + 20 + 2 * 32);
    ore_optimizer *optimizer = ore_adamw_new(&m.root, NULL);
    assert_int_equal(ore_optimizer_parameter_count(optimizer), 4);
    ore_optimizer_free(optimizer);
    assert_int_equal(ore_module_set_requires_grad(&m.root, NULL, true), 14);
    ore_module_free(&m.root);
    assert_true(ore_ok());
}

static void note_name(void *user, ore_module *module) {
    strcat(strcat(user, module->name), " ");
}

static void walks_reach_every_module(void **state) {
    (void)state;
    model m;
    model_init(&m, false);
    char names[256] = "";
    ore_module_apply(&m.root, note_name, names);
    assert_string_equal(names, "wte ln up act down 0 ln up act down 1 blocks head  ");
    ore_module_eval(&m.root);
    assert_false(m.root.training || m.blocks[1].act.module.training);
    ore_module_train(&m.list.module, true);
    assert_true(m.blocks[1].act.module.training && !m.head.module.training);
    ore_module_free(&m.root);
}

/* ---- state ---- */

static void state_goes_from_model_to_model(void **state) {
    (void)state;
    model a, b;
    model_init(&a, true);
    model_init(&b, true);
    ore_tensor_list saved = ore_module_state(&a.root);
    assert_int_equal(saved.count, 14);
    assert_string_equal(saved.items[0].name, "steps");
    assert_null(ore_tensor_list_find(&saved, "mask"));
    assert_int_equal(ore_module_load_state(&b.root, &saved, true), ORE_OK);
    assert_memory_equal(ore_data(a.blocks[1].up.weight), ore_data(b.blocks[1].up.weight),
                        32 * sizeof(float));
    assert_true(ore_requires_grad(b.head.weight));

    /* Any name of a tied tensor will do. */
    ore_named_tensor first = saved.items[1];
    assert_string_equal(first.name, "wte.weight");
    saved.items[1].name = "head.weight";
    assert_int_equal(ore_module_load_state(&b.root, &saved, true), ORE_OK);
    saved.items[1].name = "tail.weight";
    ore_module_load_state(&b.root, &saved, true);
    assert_error(ORE_DATA, "\"tail.weight\" is no parameter or persistent buffer");
    saved.items[1] = (ore_named_tensor){first.name, a.blocks[0].up.bias};
    ore_module_load_state(&b.root, &saved, true);
    assert_error(ORE_DATA, "load_state: \"wte.weight\" has shape (8,), expected (5, 4)");
    saved.items[1] = first;
    saved.count--;
    ore_module_load_state(&b.root, &saved, true);
    assert_error(ORE_DATA, "load_state: \"blocks.1.down.bias\" is missing");
    assert_int_equal(ore_module_load_state(&b.root, &saved, false), ORE_OK);
    saved.count++;
    ore_tensor_list_free(&saved);
    ore_module_free(&a.root);
    ore_module_free(&b.root);
    assert_true(ore_ok());
}

static void casts_keep_handles_and_gradients(void **state) {
    (void)state;
    model m;
    model_init(&m, false);
    ore_scope_begin();
    ore_optimizer *optimizer = ore_adamw_new(&m.root, NULL);
    ore_tensor *indices = ore_from_data((int64_t[]){1, 4, 0}, ORE_SHAPE(3), ORE_INT64);
    ore_tensor *weight = m.blocks[0].up.weight;
    for (int pass = 0; pass < 2; pass++) {
        ore_backward(ore_sum(ore_square(model_forward(&m, indices)), ORE_ALL, false));
        assert_int_equal(ore_optimizer_step(optimizer), ORE_OK);
        assert_int_equal(ore_module_to(&m.root, ORE_FLOAT64), ORE_OK);
        assert_ptr_equal(weight, m.blocks[0].up.weight);
        assert_int_equal(ore_tensor_dtype(weight), ORE_FLOAT64);
        assert_int_equal(ore_tensor_dtype(ore_grad(weight)), ORE_FLOAT64);
        assert_int_equal(ore_tensor_dtype(m.steps), ORE_INT64);
    }
    ore_module_zero_grad(&m.root);
    assert_null(ore_grad(weight));
    ore_optimizer_free(optimizer);
    ore_scope_end();
    ore_module_free(&m.root);
    assert_true(ore_ok());
}

/* ---- layers ---- */

static void layers_compute(void **state) {
    (void)state;
    ore_module root;
    ore_sequential s;
    ore_flatten_layer flatten;
    ore_linear linear;
    ore_dropout dropout;
    ore_layer_norm norm;
    ore_scope_begin();
    ore_module_init(&root, NULL, "");
    ore_sequential_init(&s, &root, NULL);
    ore_flatten_layer_init(&flatten, &s.module, NULL, 1, -1);
    ore_linear_init(&linear, &s.module, NULL, 6, 2, NULL);
    ore_dropout_init(&dropout, &s.module, NULL, 1);
    ore_layer_norm_init(&norm, &root, "norm", ORE_SHAPE(2), NULL);
    assert_names(ore_module_parameters(&root),
                 NAMES("0.1.weight", "0.1.bias", "norm.weight", "norm.bias"));

    ore_tensor *x = ore_view(ore_arange(0, 12, 1, ORE_FLOAT32), ORE_SHAPE(2, 2, 3));
    ore_tensor *dropped = ore_sequential_forward(&s, x);
    assert_true(ore_item(ore_sum(ore_abs(dropped), ORE_ALL, false)) == 0);
    ore_module_eval(&root);
    ore_tensor *y = ore_module_forward(&s.module, x);
    assert_true(ore_shape_equal(ore_shape_of(y), ORE_SHAPE(2, 2)));
    const float *w = ore_data(linear.weight), *b = ore_data(linear.bias), *got = ore_data(y);
    double want = (double)b[1];
    for (int i = 0; i < 6; i++)
        want += (double)w[6 + i] * (6 + i);
    assert_true(fabs(want - (double)got[3]) < 1e-5);
    /* (a, b) normalised over two values is +-(a - b) / 2 over its own deviation */
    const float *normed = ore_data(ore_layer_norm_forward(&norm, y));
    double half = ((double)got[0] - (double)got[1]) / 2;
    assert_true(fabs((double)normed[0] - half / sqrt(half * half + 1e-5)) < 1e-5);
    ore_module_free(&root);
    ore_scope_end();
    assert_true(ore_ok());
}

static void options_shape_layers(void **state) {
    (void)state;
    ore_module root;
    ore_linear linear;
    ore_embedding lookup;
    ore_layer_norm norm;
    ore_module_init(&root, NULL, NULL);
    ore_generator *g = ore_generator_new(1337);
    ore_linear_init(&linear, &root, "linear", 3, 2,
                    &(ore_linear_options){.dtype = ORE_FLOAT64, .generator = g});
    assert_null(linear.bias);
    assert_int_equal(ore_tensor_dtype(linear.weight), ORE_FLOAT64);
    ore_embedding_options padded = ore_embedding_defaults();
    padded.padding_idx = 1;
    ore_embedding_init(&lookup, &root, "lookup", 3, 2, &padded);
    const float *rows = ore_data(lookup.weight);
    assert_true(rows[0] != 0 && rows[2] == 0 && rows[3] == 0 && rows[4] != 0);
    ore_layer_norm_options plain = ore_layer_norm_defaults();
    plain.bias = false;
    ore_layer_norm_init(&norm, &root, "norm", ORE_SHAPE(2), &plain);
    assert_names(ore_module_parameters(&root),
                 NAMES("linear.weight", "lookup.weight", "norm.weight"));
    ore_generator_free(g);
    ore_module_free(&root);
    assert_true(ore_ok());
}

/* ---- default values: PyTorch's ---- */

/* Compares parameters in order with the values of a row, printed with nine digits. */
static void assert_values(const ore_module *root, char *values) {
    ore_tensor_list list = ore_module_parameters(root);
    char *rest = values;
    for (int64_t k = 0; k < list.count; k++) {
        const float *data = ore_data(list.items[k].tensor);
        for (int64_t i = 0; i < ore_numel(list.items[k].tensor); i++) {
            float want = strtof(rest, &rest);
            if (fabsf(data[i] - want) > 1e-6f * fabsf(want))
                fail_msg("%s[%lld] is %.9g, expected %.9g", list.items[k].name, (long long)i,
                         (double)data[i], (double)want);
        }
    }
    assert_int_equal(strspn(rest, " \r\n"), strlen(rest));
    ore_tensor_list_free(&list);
}

/* Builds what a row of the table names; false for rows of other modules. */
static bool check_row(const char *call, uint64_t seed, char *values) {
    ore_module root;
    ore_linear first, second;
    ore_embedding lookup;
    ore_multihead_attention attention;
    ore_linear_options bare = ore_linear_defaults();
    bare.bias = false;
    ore_module_init(&root, NULL, NULL);
    ore_manual_seed(seed);
    if (!strcmp(call, "Linear")) {
        ore_linear_init(&first, &root, NULL, 5, 3, NULL);
    } else if (!strcmp(call, "Linear2")) {
        ore_linear_init(&first, &root, "0", 4, 6, NULL);
        ore_linear_init(&second, &root, "2", 6, 2, &bare);
    } else if (!strcmp(call, "Embedding")) {
        ore_embedding_init(&lookup, &root, NULL, 7, 3, NULL);
    } else if (!strcmp(call, "MultiheadAttention")) {
        ore_multihead_attention_init(&attention, &root, NULL, 8, 2, NULL);
    } else {
        return false;
    }
    assert_values(&root, values);
    ore_module_free(&root);
    return true;
}

static void default_values_are_pytorchs(void **state) {
    (void)state;
    FILE *file = fopen(ORE_TEST_DIR "/golden/rng_scalar.tsv", "r");
    assert_non_null(file);
    char *line = NULL;
    size_t room = 0;
    int rows = 0;
    while (getline(&line, &room, file) > 0) {
        char *fields[6], *at = line; /* call, seed, n, args, after, values */
        int count = 0;
        for (char *field; count < 6 && (field = strsep(&at, "\t"));)
            fields[count++] = field;
        if (line[0] != '#' && count == 6)
            rows += check_row(fields[0], strtoull(fields[1], NULL, 10), fields[5]);
    }
    assert_int_equal(rows, 20);
    free(line);
    fclose(file);
    assert_true(ore_ok());
}

/* ---- linear with an activation ---- */

static void assert_same_bits(ore_tensor *a, ore_tensor *b) {
    assert_true(a && b);
    assert_int_equal(ore_numel(a), ore_numel(b));
    assert_memory_equal(ore_data(a), ore_data(b), (size_t)ore_numel(a) * sizeof(float));
}

/* activated: y of ore_f_linear_activated; else of the two functions. Then the gradients. */
static void run_linear(bool activated, ore_tensor_function f, ore_tensor *const *in,
                       ore_tensor **out) {
    ore_tensor *leaves[3];
    for (int i = 0; i < 3; i++)
        leaves[i] = ore_set_requires_grad(ore_clone(in[i]), true);
    ore_tensor *y = activated ? ore_f_linear_activated(leaves[0], leaves[1], leaves[2], f)
                              : f(ore_f_linear(leaves[0], leaves[1], leaves[2]));
    out[0] = ore_detach(ore_clone(y)); /* backward lets y's value go */
    ore_backward(ore_sum(ore_square(y), ORE_ALL, false));
    for (int i = 0; i < 3; i++)
        out[i + 1] = ore_grad(leaves[i]);
}

static void an_activation_may_follow_at_once(void **state) {
    (void)state;
    static const int64_t sizes[][3] = {{1, 3, 4},     {4, 4, 4},      {1, 0, 3},     {33, 50, 70},
                                       {7, 300, 900}, {200, 900, 65}, {130, 64, 200}};
    const ore_tensor_function functions[] = {ore_gelu, ore_gelu_tanh, ore_relu,
                                             ore_tanh, ore_sigmoid,   ore_silu};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (size_t f = 0; f < sizeof functions / sizeof functions[0]; f++) {
            int64_t m = sizes[s][0], k = sizes[s][1], n = sizes[s][2];
            ore_scope_begin();
            ore_tensor *in[3] = {ore_randn(ORE_SHAPE(m, k), ORE_FLOAT32, NULL),
                                 ore_randn(ORE_SHAPE(n, k), ORE_FLOAT32, NULL),
                                 ore_randn(ORE_SHAPE(n), ORE_FLOAT32, NULL)};
            ore_tensor *one[4], *two[4];
            run_linear(true, functions[f], in, one);
            run_linear(false, functions[f], in, two);
            for (int i = 0; i < 4 && ore_ok(); i++)
                assert_same_bits(one[i], two[i]);
            assert_true(ore_ok());
            ore_scope_end();
        }
    ore_tensor *x = ore_ones(ORE_SHAPE(2, 3), ORE_FLOAT32);
    ore_linear layer;
    ore_linear_init(&layer, NULL, NULL, 3, 2, NULL);
    assert_same_bits(ore_linear_forward_activated(&layer, x, ore_gelu),
                     ore_gelu(ore_linear_forward(&layer, x)));
    ore_module_free(&layer.module);
    assert_null(ore_f_linear_activated(x, x, NULL, NULL));
    assert_error(ORE_INVALID, "linear: no activation");
    assert_null(ore_f_linear_activated(x, ore_ones(ORE_SHAPE(2, 4), ORE_FLOAT32), NULL, ore_relu));
    assert_error(ORE_INVALID, "in_features of weight (2, 4)");
}

/* Between the two calls initialisers draw nothing and change nothing. */
static void initialisers_can_be_skipped(void **state) {
    (void)state;
    ore_generator *g = ore_generator_new(1), *fresh = ore_generator_new(1);
    ore_scope_begin();
    ore_tensor *t = ore_full(ORE_SHAPE(3, 3), 5, ORE_FLOAT32);
    ore_skip_init_begin();
    ore_skip_init_begin();
    ore_skip_init_end();
    assert_ptr_equal(ore_init_normal(t, 0, 1, g), t);
    ore_init_zeros(t);
    ore_init_kaiming_uniform(t, 0, ORE_FAN_IN, ORE_GAIN_RELU, g);
    ore_skip_init_end();
    for (int i = 0; i < 9; i++)
        assert_true(((const float *)ore_data(t))[i] == 5);
    ore_tensor *a = ore_init_uniform(ore_zeros(ORE_SHAPE(1), ORE_FLOAT32), 0, 1, g);
    ore_tensor *b = ore_init_uniform(ore_zeros(ORE_SHAPE(1), ORE_FLOAT32), 0, 1, fresh);
    assert_true(ore_item(a) == ore_item(b));
    ore_skip_init_end(); /* one too many changes nothing */
    ore_init_ones(t);
    assert_true(((const float *)ore_data(t))[0] == 1);
    ore_scope_end();
    ore_generator_free(g);
    ore_generator_free(fresh);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_have_path_names),
        cmocka_unit_test(wrong_names_and_places_are_named),
        cmocka_unit_test(a_failed_layer_says_where),
        cmocka_unit_test(tied_parameters_are_one),
        cmocka_unit_test(freezing_goes_by_pattern),
        cmocka_unit_test(walks_reach_every_module),
        cmocka_unit_test(state_goes_from_model_to_model),
        cmocka_unit_test(casts_keep_handles_and_gradients),
        cmocka_unit_test(layers_compute),
        cmocka_unit_test(options_shape_layers),
        cmocka_unit_test(default_values_are_pytorchs),
        cmocka_unit_test(an_activation_may_follow_at_once),
        cmocka_unit_test(initialisers_can_be_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
