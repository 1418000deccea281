/* test_debug.c: the audit, the anomaly mode, summaries and layouts, each at a planted fault or at a
 * model whose numbers are known; and that looking changes nothing. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <ore/debug.h>
#include <ore/rnn.h>

#include "cases/cases.h"
#include "core/tracer.h"
#include "models/gpt/gpt.h"
#include "support/errors.h"

/* ---- a model: two blocks, in the second of which a log can be planted ---- */

typedef struct block {
    ore_module module, branch;
    ore_linear up, down;
    bool takes_log;
} block;

typedef struct net {
    ore_module module;
    ore_module_list blocks;
    block block[2];
    ore_linear head, unused;
} net;

static ore_tensor *branch_forward(const block *b, ore_tensor *x) {
    if (!ore_module_begin(&b->branch))
        return NULL;
    ore_tensor *h = ore_relu(ore_linear_forward(&b->up, x));
    if (b->takes_log)
        h = ore_log(h);
    return ore_module_result(&b->branch, h);
}

static ore_tensor *block_forward(const block *b, ore_tensor *x) {
    if (!ore_module_begin(&b->module))
        return NULL;
    ore_tensor *y = ore_linear_forward(&b->down, branch_forward(b, x));
    return ore_module_result(&b->module, ore_add(x, y));
}

static ore_tensor *net_function(const ore_module *module, ore_tensor *x) {
    const net *n = (const net *)module;
    for (int i = 0; i < 2; i++)
        x = block_forward(&n->block[i], x);
    return ore_linear_forward(&n->head, x);
}

static void net_init(net *n) {
    ore_module_init(&n->module, NULL, NULL);
    n->module.forward = net_function;
    ore_module_list_init(&n->blocks, &n->module, "blocks");
    for (int i = 0; i < 2; i++) {
        block *b = &n->block[i];
        ore_module_init(&b->module, &n->blocks.module, NULL);
        ore_module_init(&b->branch, &b->module, "branch");
        ore_linear_init(&b->up, &b->branch, "up", 4, 8, NULL);
        ore_linear_init(&b->down, &b->module, "down", 8, 4, NULL);
        b->takes_log = false;
    }
    ore_linear_init(&n->head, &n->module, "head", 4, 3, NULL);
    ore_linear_init(&n->unused, &n->module, "unused", 4, 2, NULL);
    assert_true(ore_ok());
}

static ore_tensor *some_input(void) {
    ore_manual_seed(3);
    return ore_randn(ORE_SHAPE(5, 4), ORE_FLOAT32, NULL);
}

static ore_tensor *loss_of(const net *n, ore_tensor *x) {
    return ore_mean(ore_square(net_function(&n->module, x)), ORE_ALL, false);
}

static void assert_text(char *text, const char *wanted) {
    assert_true(ore_ok());
    assert_non_null(text);
    assert_string_equal(text, wanted);
    ore_string_free(text);
}

/* ---- audit ---- */

static void the_audit_names_parameters_without_a_gradient(void **state) {
    (void)state;
    net n;
    net_init(&n);
    ore_tensor_list list = ore_audit(&n.module);
    assert_int_equal(list.count, 12); /* no backward yet */
    ore_tensor_list_free(&list);
    ore_backward(loss_of(&n, some_input()));
    list = ore_audit(&n.module);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[0].name, "unused.weight");
    assert_ptr_equal(list.items[1].tensor, n.unused.bias);
    ore_tensor_list_free(&list);
    assert_text(ore_audit_text(&n.module), "2 of 12 parameters have no gradient:\n"
                                           "  unused.weight (2, 4)\n"
                                           "  unused.bias (2,)\n");
    ore_module_set_requires_grad(&n.module, "unused.*", false);
    assert_text(ore_audit_text(&n.module), "");
    ore_set_grad(n.head.bias, ore_zeros(ORE_SHAPE(3), ORE_FLOAT32));
    assert_text(ore_audit_text(&n.module), "1 of 12 parameters has a gradient of zeros alone:\n"
                                           "  head.bias (3,)\n");
    ore_module_free(&n.module);
}

/* ---- anomalies ---- */

static void a_log_of_zero_is_named(void **state) {
    (void)state;
    net n;
    net_init(&n);
    n.block[1].takes_log = true;
    ore_tensor *x = some_input();
    assert_true(isinf(ore_item(loss_of(&n, x))) || isnan(ore_item(loss_of(&n, x))));
    assert_false(ore_detect_anomaly());
    ore_set_detect_anomaly(true);
    assert_true(ore_detect_anomaly());
    assert_null(loss_of(&n, x));
    const char *message = ore_error_message();
    assert_non_null(strstr(message, "blocks.1.branch: log: its result (5, 8) has "));
    assert_non_null(strstr(message, " -inf; input 0 (5, 8): 0 .. "));
    assert_non_null(strstr(message, " zeros"));
    assert_int_equal(ore_error_status(), ORE_DATA);
    ore_error_clear();
    n.block[1].takes_log = false; /* the same thread goes on */
    ore_backward(loss_of(&n, x));
    assert_true(ore_ok());
    ore_set_detect_anomaly(false);
    ore_module_free(&n.module);
}

/* The square root of 0 is 0, its derivative inf. */
static void backward_names_the_op_and_the_module_that_recorded_it(void **state) {
    (void)state;
    net n;
    net_init(&n);
    ore_set_detect_anomaly(true);
    ore_tensor *x = some_input();
    ore_module_begin(&n.block[0].branch);
    ore_tensor *root = ore_sqrt(ore_relu(ore_linear_forward(&n.block[0].up, x)));
    ore_module_end(&n.block[0].branch);
    ore_tensor *y = ore_linear_forward(&n.block[0].down, root);
    assert_int_equal(ore_backward(ore_sum(y, ORE_ALL, false)), ORE_DATA);
    const char *message = ore_error_message();
    assert_non_null(strstr(message, "blocks.0.branch: sqrt: its backward made "));
    assert_non_null(strstr(message, " for input 0; dy (5, 8): "));
    assert_non_null(strstr(message, "; saved value 0 (5, 8): 0 .. "));
    ore_error_clear();
    ore_set_detect_anomaly(false);
    ore_module_free(&n.module);
}

static void nan_of_the_data_and_of_masks(void **state) {
    (void)state;
    ore_set_detect_anomaly(true);
    float numbers[] = {1, NAN, 3, 4};
    ore_tensor *x = ore_from_data(numbers, ORE_SHAPE(2, 2), ORE_FLOAT32);
    assert_null(ore_mul_scalar(x, 2));
    assert_error(ORE_DATA, "its result (2, 2) has 1 NaN, which came with its inputs; input 0 (2, "
                           "2): 1 .. 4, mean 2.667, 1 NaN");
    /* a mask's -inf is meant; what becomes NaN of it is not */
    ore_tensor *mask = ore_full(ORE_SHAPE(2, 2), -INFINITY, ORE_FLOAT32);
    ore_tensor *masked = ore_add(mask, ore_ones(ORE_SHAPE(2, 2), ORE_FLOAT32));
    assert_true(ore_ok());
    assert_null(ore_softmax(masked, 1));
    assert_error(ORE_DATA, "softmax: its result (2, 2) has 4 NaN; input 0 (2, 2): no finite "
                           "number, 4 -inf");
    assert_null(ore_exp(ore_full(ORE_SHAPE(3), 1e5, ORE_FLOAT64))); /* outside of modules */
    assert_error_is(ORE_DATA, "exp: its result (3,) has 3 inf; input 0 (3,): 1e+05 .. 1e+05, mean "
                              "1e+05");
    ore_no_grad_begin();
    assert_null(ore_div_scalar(ore_zeros(ORE_SHAPE(1), ORE_FLOAT32), 0));
    assert_error(ORE_DATA, "has 1 NaN");
    ore_no_grad_end();
    ore_set_detect_anomaly(false);
    assert_true(isnan(ore_item(ore_div_scalar(ore_zeros(ORE_SHAPE(1), ORE_FLOAT32), 0))));
}

/* Behind the first few inputs of a long list too, and in a module over packed sequences. */
static void a_recurrent_weight_with_a_nan_is_told_of(void **state) {
    (void)state;
    ore_module root;
    ore_gru gru;
    ore_module_init(&root, NULL, NULL);
    ore_gru_init(&gru, &root, "gru", 3, 2, NULL);
    ore_no_grad_begin();
    ore_fill_(ore_select(ore_module_tensor(&root, "gru.weight_hh_l0"), 0, 0), NAN);
    ore_no_grad_end();
    ore_tensor *x[] = {ore_ones(ORE_SHAPE(4, 3), ORE_FLOAT32)};
    ore_packed_sequence packed, y;
    ore_pack_sequence(x, 1, true, &packed);
    ore_set_detect_anomaly(true);
    ore_recurrent_forward_packed(&gru, &packed, NULL, &y, NULL);
    assert_non_null(strstr(ore_error_message(), "which came with its inputs"));
    assert_non_null(strstr(ore_error_message(), "; input 4 (6, 2): "));
    assert_error(ORE_DATA, "gru: gru: its result (4, 2) has ");
    ore_set_detect_anomaly(false);
    ore_module_free(&root);
}

/* ---- what is seen of each op is what it made ---- */

enum { SEEN_MAX = 64 };

typedef struct seen_results {
    ore_tensor *y[SEEN_MAX], *copy[SEEN_MAX];
    uint64_t version[SEEN_MAX];
    const char *name[SEEN_MAX];
    int count;
} seen_results;

static void see(void *user, const char *name, ore_tensor *y, int n, ore_tensor *const *inputs) {
    seen_results *s = user;
    if (!y || s->count == SEEN_MAX || !strcmp(name, "clone")) /* which index_put writes to */
        return;
    for (int i = 0; i < n; i++)
        if (inputs[i] && ore_shares_storage(inputs[i], y))
            return;
    s->y[s->count] = ore_tensor_alias_unscoped(y); /* y may go before the op ends */
    s->version[s->count] = ore_tensor_version(y);
    s->name[s->count] = name;
    int64_t bytes = ore_numel(y) * (int64_t)ore_dtype_size(ore_tensor_dtype(y));
    s->copy[s->count] = ore_own(ore_empty(ORE_SHAPE(bytes), ORE_UINT8));
    ore_copy_out(y, ore_data_mut(s->copy[s->count++]), (size_t)bytes);
}

static void ignore_recorded(void *user, uint64_t sequence) {
    (void)user, (void)sequence;
}

/* Were an op seen before its kernel has run, what was seen would be what memory held. */
static void every_op_is_seen_with_its_result(void **state) {
    (void)state;
    int64_t all = 0;
    for (int c = 0; c < op_case_count(); c++) {
        const op_case *row = op_case_at(c);
        op_input inputs[OP_CASE_INPUTS];
        ore_tensor *in[OP_CASE_INPUTS];
        ore_scope_begin();
        ore_generator *g = ore_generator_new(1);
        int n = op_inputs_of(row->inputs, inputs);
        for (int i = 0; i < n; i++)
            in[i] = op_input_new(&inputs[i], ORE_FLOAT32, row->low, row->high, g);
        seen_results seen = {.count = 0};
        ore_tracer tracer = {.user = &seen, .op = see, .recorded = ignore_recorded};
        ore_trace_by(&tracer);
        row->function(NULL, in, n);
        ore_trace_by(NULL);
        ore_error_clear(); /* float32 is not for every case */
        for (int i = 0; i < seen.count; i++) {
            int64_t bytes = ore_numel(seen.copy[i]);
            ore_tensor *now = ore_empty(ORE_SHAPE(bytes), ORE_UINT8);
            ore_copy_out(seen.y[i], ore_data_mut(now), (size_t)bytes);
            bool changed = ore_tensor_version(seen.y[i]) != seen.version[i]; /* in place */
            if (!changed && memcmp(ore_data(now), ore_data(seen.copy[i]), (size_t)bytes))
                fail_msg("%s: the result of %s was seen before it was made", row->id, seen.name[i]);
            ore_free(seen.y[i]);
            ore_free(seen.copy[i]);
        }
        all += seen.count;
        ore_generator_free(g);
        ore_scope_end();
    }
    assert_true(all > op_case_count() / 2);
}

/* ---- looking changes no bit ---- */

static void run_gpt(float *loss, float *gradient) {
    gpt model;
    gpt_config c = gpt_defaults();
    c.n_layer = 2;
    c.vocab_size = 11;
    c.dropout = 0.1;
    ore_generator *g = ore_generator_new(4);
    assert_int_equal(gpt_init(&model, &c, g), ORE_OK);
    ore_scope_begin();
    ore_tensor *ids = ore_randint(0, 11, ORE_SHAPE(3, 9), ORE_INT64, g);
    ore_tensor *y = ore_cross_entropy(ore_flatten(gpt_forward(&model, ids), 0, 1),
                                      ore_flatten(ids, 0, 1), NULL);
    assert_int_equal(ore_backward(y), ORE_OK);
    *loss = (float)ore_item(y);
    ore_copy_out(ore_grad(model.wte.weight), gradient, 11 * 64 * sizeof *gradient);
    ore_scope_end();
    gpt_free(&model);
    ore_generator_free(g);
}

static void looking_changes_no_bit(void **state) {
    (void)state;
    static float loss[2], gradient[2][11 * 64];
    run_gpt(&loss[0], gradient[0]);
    ore_profile *p = ore_profile_new();
    ore_profile_begin(p);
    ore_set_detect_anomaly(true);
    run_gpt(&loss[1], gradient[1]);
    ore_set_detect_anomaly(false);
    ore_profile_end(p);
    ore_profile_free(p);
    assert_true(ore_ok());
    assert_memory_equal(&loss[0], &loss[1], sizeof loss[0]);
    assert_memory_equal(gradient[0], gradient[1], sizeof gradient[0]);
}

/* ---- summaries ---- */

static void a_summary_has_layers_shapes_numbers_and_bytes(void **state) {
    (void)state;
    net n;
    net_init(&n);
    n.block[1].down.module.training = false; /* comes back as it was */
    const char *wanted =                     /* */
        "layer                  output   parameters       memory\n"
        "(model): module        (5, 3)            0         60 B\n"
        "  blocks: module_list  -                 0          0 B\n"
        "    0: module          (5, 4)            0         80 B\n"
        "      branch: module   (5, 8)            0        160 B\n"
        "        up: linear     (5, 8)           40        320 B\n"
        "      down: linear     (5, 4)           36        224 B\n"
        "    1: module          (5, 4)            0         80 B\n"
        "      branch: module   (5, 8)            0        160 B\n"
        "        up: linear     (5, 8)           40        320 B\n"
        "      down: linear     (5, 4)           36        224 B\n"
        "  head: linear         (5, 3)           15        120 B\n"
        "  unused: linear       -                10         40 B\n"
        "177 parameters, 708 B; outputs, 1.1 KiB\n";
    assert_text(ore_summary_text(&n.module, some_input()), wanted);
    assert_true(n.module.training && n.block[0].down.module.training);
    assert_false(n.block[1].down.module.training);
    char *text = ore_summary_text(&n.module, NULL);
    assert_non_null(strstr(text, "  head: linear         -                15         60 B\n"));
    ore_string_free(text);
    assert_null(ore_summary_text(&n.head.module, ore_zeros(ORE_SHAPE(5, 3), ORE_FLOAT32)));
    assert_error(ORE_INVALID, "head: linear: ");
    assert_null(ore_summary_text(NULL, NULL));
    assert_error_is(ORE_INVALID, "summary: expected a module, got NULL");
    ore_module_free(&n.module);
}

static ore_tensor *of_ids(void *user) {
    return gpt_forward(user, ore_zeros(ORE_SHAPE(2, 5), ORE_INT64));
}

static void a_tied_parameter_counts_once(void **state) {
    (void)state;
    gpt model;
    gpt_config c = gpt_defaults();
    c.n_layer = 1;
    c.vocab_size = 11;
    assert_int_equal(gpt_init(&model, &c, NULL), ORE_OK);
    char *text = ore_summary_text_of(&model.module, of_ids, &model), end[64];
    int64_t numbers = ore_module_parameter_count(&model.module, false);
    snprintf(end, sizeof end, "%lld parameters, ", (long long)numbers);
    assert_non_null(strstr(text, end));
    assert_non_null(strstr(text, "  lm_head: linear"));
    assert_non_null(strstr(text, "(2, 5, 11)"));
    ore_string_free(text);
    gpt_free(&model);
}

/* ---- layouts ---- */

static void tensors_stand_beside_and_above_one_another(void **state) {
    (void)state;
    ore_tensor *w = ore_reshape(ore_arange(0, 6, 1, ORE_FLOAT32), ORE_SHAPE(3, 2));
    ore_tensor *b = ore_arange(0, 2, 1, ORE_INT64);
    ore_text_item items[] = {{.name = "W", .tensor = w}, {.name = "∂b", .tensor = b}};
    const char *beside = "W (3, 2)            ∂b (2,)\n"
                         "tensor([[0., 1.],   tensor([0, 1])\n"
                         "        [2., 3.],\n"
                         "        [4., 5.]])\n";
    char *text = ore_text_h(2, items, false);
    assert_true(ore_ok());
    assert_string_equal(text, beside);
    assert_text(ore_text_v(2, items, false), "W (3, 2)\n"
                                             "tensor([[0., 1.],\n"
                                             "        [2., 3.],\n"
                                             "        [4., 5.]])\n"
                                             "\n"
                                             "∂b (2,)\n"
                                             "tensor([0, 1])\n");
    assert_text(ore_text_h(2, items, true), "W (3, 2) float32  ∂b (2,) int64\n");
    assert_text(ore_text_v(2, items, true), "W (3, 2) float32\n∂b (2,) int64\n");
    ore_text_item nested[] = {{.name = "both", .text = text}, {.tensor = b}};
    assert_text(ore_text_h(2, nested, false), "both                                (2,)\n"
                                              "W (3, 2)            ∂b (2,)         tensor([0, 1])\n"
                                              "tensor([[0., 1.],   tensor([0, 1])\n"
                                              "        [2., 3.],\n"
                                              "        [4., 5.]])\n");
    ore_string_free(text);
    assert_text(ore_text_h(0, NULL, false), "");
    assert_null(ore_text_v(1, &(ore_text_item){.name = "x"}, false));
    assert_error_is(ORE_INVALID, "text: item 0 has neither a tensor nor a text, expected a tensor "
                                 "or a text");
    assert_null(ore_text_h(-1, items, false));
    assert_error_is(ORE_INVALID, "text: -1 items, expected a list of 0 or more");
}

#define SCOPED(test) cmocka_unit_test_setup_teardown(test, begin_scope, end_scope)

int main(void) {
    const struct CMUnitTest tests[] = {
        SCOPED(the_audit_names_parameters_without_a_gradient),
        SCOPED(a_log_of_zero_is_named),
        SCOPED(backward_names_the_op_and_the_module_that_recorded_it),
        SCOPED(nan_of_the_data_and_of_masks),
        SCOPED(a_recurrent_weight_with_a_nan_is_told_of),
        SCOPED(every_op_is_seen_with_its_result),
        SCOPED(looking_changes_no_bit),
        SCOPED(a_summary_has_layers_shapes_numbers_and_bytes),
        SCOPED(a_tied_parameter_counts_once),
        SCOPED(tensors_stand_beside_and_above_one_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
