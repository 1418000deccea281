/* test_device_training.c: models train on a device whose memory the host cannot touch, to the bits
 * of the CPU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ore.h>

#include "models/gpt/gpt.h"
#include "models/rnn/rnn.h"
#include "support/child.h"
#include "support/errors.h"
#include "support/fit_net.h"
#include "support/guarded.h"

enum { STEPS = 5, B = 4, T = 8, VOCAB = 11, NUMBERS_MAX = 1 << 14 };

/* What a training leaves: the losses, and all weights one after the other. */
typedef struct trained {
    float losses[STEPS], norms[STEPS];
    float weights[NUMBERS_MAX];
    int64_t count;
    char *text; /* of the first weight */
} trained;

static void keep_weights(trained *into, const ore_module *root) {
    ore_tensor_list state = ore_module_state(root);
    into->count = 0;
    for (int64_t i = 0; i < state.count; i++) {
        const ore_tensor *t = state.items[i].tensor;
        int64_t n = ore_numel(t);
        assert_true(into->count + n <= NUMBERS_MAX);
        assert_int_equal(ore_copy_out(t, into->weights + into->count, (size_t)n * sizeof(float)),
                         ORE_OK);
        into->count += n;
    }
    assert_true(into->count > 0);
    into->text = ore_tensor_text(state.items[0].tensor);
    ore_tensor_list_free(&state);
}

static void assert_same_training(const trained *a, const trained *b) {
    assert_memory_equal(a->losses, b->losses, sizeof a->losses);
    assert_memory_equal(a->norms, b->norms, sizeof a->norms);
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->weights, b->weights, (size_t)a->count * sizeof *a->weights);
    assert_true(a->losses[STEPS - 1] < a->losses[0]);
    assert_string_equal(a->text, b->text);
}

/* ---- language models, step by step ---- */

/* A model by its family: a GPT, or one of the recurrent ones. */
typedef struct language_model {
    const model_family *family;
    union {
        ore_module module;
        gpt gpt;
        rnn rnn;
    } of;
} language_model;

/* All parts that a GPT can have, small. */
static gpt_config small_gpt(void) {
    gpt_config c = gpt_defaults();
    c.n_layer = 2;
    c.n_head = 2;
    c.n_embd = 16;
    c.block_size = T;
    c.vocab_size = VOCAB;
    c.attn_dropout = 0.1;
    c.resid_dropout = 0.2;
    c.mlp_dropout = 0.1;
    return c;
}

static rnn_config small_rnn(void) {
    return (rnn_config){.n_layer = 2,
                        .n_embd = 6,
                        .n_hidden = 9,
                        .block_size = T,
                        .vocab_size = VOCAB,
                        .dropout = 0.2};
}

static void model_start(language_model *m, ore_device device) {
    gpt_config config = small_gpt();
    rnn_config recurrent = small_rnn();
    ore_manual_seed(1);
    if (m->family == &gpt_family)
        assert_int_equal(gpt_init(&m->of.gpt, &config, NULL), ORE_OK);
    else
        assert_int_equal(rnn_init(&m->of.rnn, m->family, &recurrent, NULL), ORE_OK);
    assert_int_equal(ore_module_to_device(&m->of.module, device), ORE_OK);
}

static void model_end(language_model *m) {
    if (m->family == &gpt_family)
        gpt_free(&m->of.gpt);
    else
        rnn_free(&m->of.rnn);
}

static void train_step(ore_module *root, ore_optimizer *optimizer, ore_device device, trained *out,
                       int step) {
    ore_scope_begin();
    int64_t text[B * (T + 1)];
    for (int64_t i = 0; i < B * (T + 1); i++)
        text[i] = (i * i + 3 * i) % VOCAB;
    ore_tensor *ids = ore_from_data(text, ORE_SHAPE(B, T + 1), ORE_INT64);
    ids = ore_to_device(ids, device);
    ore_tensor *logits = ore_module_forward(root, ore_narrow(ids, 1, 0, T));
    ore_tensor *loss =
        ore_cross_entropy(ore_reshape(logits, ORE_SHAPE(B * T, VOCAB)),
                          ore_reshape(ore_narrow(ids, 1, 1, T), ORE_SHAPE(B * T)), NULL);
    assert_int_equal(ore_tensor_device(loss), device);
    ore_optimizer_zero_grad(optimizer);
    assert_int_equal(ore_backward(loss), ORE_OK);
    out->norms[step] = (float)ore_clip_grad_norm(root, 1);
    assert_int_equal(ore_optimizer_step(optimizer), ORE_OK);
    out->losses[step] = (float)ore_item(loss);
    ore_scope_end();
}

/* Training on a device. Where `folder` is given, weights and the optimizer's state go to files
 * half-way, are ruined, and come back. */
static void train_model(const model_family *family, ore_device device, const char *folder,
                        trained *out) {
    language_model m = {.family = family};
    ore_module *root = &m.of.module;
    model_start(&m, device);
    ore_tensor *wte = family == &gpt_family ? m.of.gpt.wte.weight : m.of.rnn.wte.weight;
    ore_adamw_options o = ore_adamw_defaults();
    o.lr = 1e-2;
    o.weight_decay = 0.1;
    ore_optimizer *optimizer = ore_adamw_new(root, &o);
    ore_averaged_model *ema = ore_ema_new(root, 0.9);
    for (int step = 0; step < STEPS; step++) {
        if (folder && step == STEPS / 2) {
            char weights[320], state[320];
            snprintf(weights, sizeof weights, "%s/weights", folder);
            snprintf(state, sizeof state, "%s/state", folder);
            assert_int_equal(ore_module_save(root, weights), ORE_OK);
            assert_int_equal(ore_optimizer_save(optimizer, state), ORE_OK);
            ore_no_grad_begin();
            ore_zero_(wte);
            ore_no_grad_end();
            ore_optimizer_free(optimizer);
            optimizer = ore_adamw_new(root, &o);
            assert_int_equal(ore_module_load(root, weights), ORE_OK);
            assert_int_equal(ore_optimizer_load(optimizer, state), ORE_OK);
        }
        train_step(root, optimizer, device, out, step);
        assert_int_equal(ore_averaged_model_update(ema), ORE_OK);
    }
    assert_int_equal(ore_averaged_model_swap(ema), ORE_OK);
    ore_averaged_model_free(ema);
    ore_optimizer_free(optimizer);
    keep_weights(out, root);
    model_end(&m);
}

static void trains_to_the_bits_of_the_cpu(const model_family *family, int calls_of_step) {
    static trained here, there, resumed;
    char folder[256];
    temporary_folder(folder);
    ore_memory_stats before, after;
    ore_device_memory_read(GUARDED, &before);
    train_model(family, ORE_CPU, NULL, &here);
    long calls = guarded_calls();
    ore_scope_begin();
    train_model(family, GUARDED, NULL, &there);
    assert_true(guarded_calls() - calls > STEPS * calls_of_step); /* it was not the CPU */
    train_model(family, GUARDED, folder, &resumed);
    ore_scope_end();
    assert_same_training(&here, &there);
    assert_same_training(&here, &resumed);
    ore_string_free(here.text);
    ore_string_free(there.text);
    ore_string_free(resumed.text);
    ore_device_memory_read(GUARDED, &after);
    assert_int_equal(after.in_use_bytes, before.in_use_bytes);
    remove_folder(folder);
}

static void a_gpt_trains_to_the_bits_of_the_cpu(void **state) {
    (void)state;
    trains_to_the_bits_of_the_cpu(&gpt_family, 100);
}

static void recurrent_nets_train_to_the_bits_of_the_cpu(void **state) {
    (void)state;
    trains_to_the_bits_of_the_cpu(&rnn_family, 30);
    trains_to_the_bits_of_the_cpu(&lstm_family, 30);
    trains_to_the_bits_of_the_cpu(&gru_family, 30);
}

/* Both directions, a projection, states in and out, and lengths of a packed sequence. */
static void run_packed_lstm(ore_device device, float *numbers, int count) {
    const int64_t lengths[3] = {2, 4, 1};
    ore_module root;
    ore_lstm lstm;
    ore_rnn_options o = ore_rnn_defaults();
    ore_pack_options how = {.batch_first = true, .enforce_sorted = false};
    ore_packed_sequence packed, y;
    o.num_layers = 2;
    o.bidirectional = true;
    o.proj_size = 3;
    ore_manual_seed(7);
    ore_module_init(&root, NULL, NULL);
    ore_lstm_init(&lstm, &root, "lstm", 2, 5, &o);
    ore_tensor *x = ore_randn(ORE_SHAPE(3, 4, 2), ORE_FLOAT32, NULL);
    ore_recurrent_state at = {ore_randn(ORE_SHAPE(4, 3, 3), ORE_FLOAT32, NULL),
                              ore_randn(ORE_SHAPE(4, 3, 5), ORE_FLOAT32, NULL)};
    ore_module_to_device(&root, device);
    x = ore_set_requires_grad(ore_to_device(x, device), true);
    at.h = ore_set_requires_grad(ore_to_device(at.h, device), true);
    at.c = ore_set_requires_grad(ore_to_device(at.c, device), true);
    ore_tensor *w = ore_module_tensor(&root, "lstm.weight_ih_l0");
    ore_tensor *projection = ore_module_tensor(&root, "lstm.weight_hr_l1_reverse");
    ore_tensor *grads[] = {x, at.h, at.c, w, projection};
    ore_pack_padded_sequence(x, ore_from_data(lengths, ORE_SHAPE(3), ORE_INT64), &how, &packed);
    ore_recurrent_forward_packed(&lstm, &packed, &at, &y, &at);
    assert_int_equal(ore_tensor_device(y.data), device);
    ore_tensor *sum =
        ore_add(ore_sum(ore_tanh(y.data), ORE_ALL, false),
                ore_sum(ore_mul(ore_sum(at.c, ORE_DIMS(2), true), at.h), ORE_ALL, false));
    ore_backward(sum);
    assert_string_equal(ore_error_message(), "");
    int64_t used = 0;
    for (int i = 0; i < 5; i++) {
        ore_tensor *g = ore_grad(grads[i]);
        assert_true(used + ore_numel(g) <= count);
        ore_copy_out(g, numbers + used, (size_t)ore_numel(g) * sizeof *numbers);
        used += ore_numel(g);
    }
    numbers[used] = (float)ore_item(sum);
    ore_module_free(&root);
}

static void a_packed_lstm_has_the_bits_of_the_cpu(void **state) {
    (void)state;
    float here[512] = {0}, there[512] = {0};
    run_packed_lstm(ORE_CPU, here, 511);
    run_packed_lstm(GUARDED, there, 511);
    assert_memory_equal(here, there, sizeof here);
    assert_true(here[0] != 0);
}

/* ---- a step with kept keys and values, and sampling ---- */

static void sample(ore_device device, int64_t *ids, int count) {
    gpt model;
    gpt_config config = small_gpt();
    ore_manual_seed(5);
    assert_int_equal(gpt_init(&model, &config, NULL), ORE_OK);
    assert_int_equal(ore_module_to_device(&model.module, device), ORE_OK);
    ore_module_eval(&model.module);
    ore_no_grad_begin();
    ore_sampler_options o = ore_sampler_defaults();
    int64_t last = 3;
    for (int i = 0; i < count && ore_ok(); i++) {
        ore_scope_begin();
        ore_tensor *x = ore_from_data(&last, ORE_SHAPE(1, 1), ORE_INT64);
        ore_tensor *logits = gpt_forward_last(&model, ore_to_device(x, device)); /* (1, V) */
        last = ids[i] = ore_sample_token(ore_select(logits, 0, 0), &o, NULL);
        ore_scope_end();
    }
    ore_no_grad_end();
    gpt_free(&model);
    assert_true(ore_ok());
}

static void the_same_tokens_are_sampled(void **state) {
    (void)state;
    int64_t here[6], there[6];
    sample(ORE_CPU, here, 6);
    sample(GUARDED, there, 6);
    assert_memory_equal(here, there, sizeof here);
}

/* ---- the trainer ---- */

static void train_by_fit(ore_device device, trained *out) {
    net n;
    net_start(&n, 0.2);
    assert_int_equal(ore_module_to_device(&n.root.module, device), ORE_OK);
    ore_fit_options o = net_fit_options(&n, STEPS);
    ore_fit_result r;
    assert_int_equal(ore_fit(&o, NULL, &r), ORE_OK);
    for (int i = 0; i < STEPS; i++) {
        out->losses[i] = (float)r.losses[i];
        out->norms[i] = 0;
    }
    ore_fit_result_free(&r);
    assert_int_equal(ore_tensor_device(n.up.weight), device);
    assert_int_equal(ore_module_to_device(&n.root.module, ORE_CPU), ORE_OK);
    keep_weights(out, &n.root.module);
    net_end(&n);
}

static void the_trainer_moves_batches(void **state) {
    (void)state;
    static trained here, there;
    train_by_fit(ORE_CPU, &here);
    train_by_fit(GUARDED, &there);
    assert_same_training(&here, &there);
    ore_string_free(here.text);
    ore_string_free(there.text);
}

/* ---- evaluation ---- */

/* A whole pass of several batches, and the first two of them. */
static void evaluate_on(ore_device device, ore_evaluation *pass, ore_evaluation *two) {
    net n;
    net_start(&n, 0.2);
    assert_int_equal(ore_module_to_device(&n.root.module, device), ORE_OK);
    assert_true(ore_loader_batches(n.loader) > 2);
    ore_evaluate_loader(&n.root.module, NULL, NULL, NULL, n.loader, 0, pass);
    ore_evaluate_loader(&n.root.module, NULL, NULL, NULL, n.loader, 2, two);
    assert_string_equal(ore_error_message(), "");
    net_end(&n);
}

static void evaluation_moves_batches(void **state) {
    (void)state;
    ore_evaluation here[2], there[2];
    evaluate_on(ORE_CPU, &here[0], &here[1]);
    evaluate_on(GUARDED, &there[0], &there[1]);
    for (int i = 0; i < 2; i++) {
        assert_memory_equal(&here[i].loss, &there[i].loss, sizeof here[i].loss);
        assert_int_equal(here[i].tokens, there[i].tokens);
    }
    assert_true(here[0].tokens > here[1].tokens);
}

/* ---- modules ---- */

/* Parameters, gradients and buffers go and come back; handles and graphs stay. */
static void a_module_goes_and_comes_back(void **state) {
    (void)state;
    ore_linear l;
    ore_linear_init(&l, NULL, NULL, 3, 2, NULL);
    ore_tensor *weight = l.weight, *x = ore_ones(ORE_SHAPE(1, 3), ORE_FLOAT32);
    ore_backward(ore_sum(ore_linear_forward(&l, x), ORE_ALL, false));
    float before[6], after[6];
    ore_copy_out(l.weight, before, sizeof before);
    assert_int_equal(ore_module_to_device(&l.module, GUARDED), ORE_OK);
    assert_ptr_equal(l.weight, weight);
    assert_int_equal(ore_tensor_device(weight), GUARDED);
    assert_int_equal(ore_tensor_device(ore_grad(weight)), GUARDED);
    ore_tensor *y = ore_linear_forward(&l, ore_to_device(x, GUARDED));
    assert_int_equal(ore_backward(ore_sum(y, ORE_ALL, false)), ORE_OK);
    assert_int_equal(ore_module_to_device(&l.module, ORE_CPU), ORE_OK);
    ore_copy_out(l.weight, after, sizeof after);
    assert_memory_equal(before, after, sizeof before);
    assert_float_equal(ore_item(ore_sum(ore_grad(weight), ORE_ALL, false)), 12, 0);
    ore_module_free(&l.module);

    /* layers made there, with values that are drawn here */
    ore_linear_options there = ore_linear_defaults();
    ore_linear a, b;
    ore_manual_seed(3);
    ore_linear_init(&a, NULL, NULL, 3, 2, NULL);
    there.device = GUARDED;
    ore_manual_seed(3);
    ore_linear_init(&b, NULL, NULL, 3, 2, &there);
    assert_int_equal(ore_tensor_device(b.weight), GUARDED);
    ore_copy_out(a.weight, before, sizeof before);
    ore_copy_out(b.weight, after, sizeof after);
    assert_memory_equal(before, after, sizeof before);
    ore_module_free(&a.module);
    ore_module_free(&b.module);
}

/* Averages made before a module is moved are updated, exchanged and saved on its new device. */
static void averages_go_with_their_module(void **state) {
    (void)state;
    ore_linear l;
    ore_linear_init(&l, NULL, NULL, 3, 2, NULL);
    ore_no_grad_begin();
    ore_fill_(l.weight, 1);
    ore_averaged_model *swa = ore_swa_new(&l.module), *ema = ore_ema_new(&l.module, 0.75);
    ore_averaged_model_update(swa);
    ore_averaged_model_update(ema);
    assert_int_equal(ore_module_to_device(&l.module, GUARDED), ORE_OK);
    ore_fill_(l.weight, 5);
    assert_int_equal(ore_averaged_model_update(swa), ORE_OK);
    assert_int_equal(ore_averaged_model_update(ema), ORE_OK);
    ore_tensor_list saved = ore_averaged_model_state(ema);
    ore_tensor *average = ore_tensor_list_find(&saved, "weight");
    assert_int_equal(ore_tensor_device(average), GUARDED);
    assert_float_equal(ore_item(ore_sum(average, ORE_ALL, false)), 6 * 2, 0);
    ore_tensor_list_free(&saved);
    assert_int_equal(ore_module_to_device(&l.module, ORE_CPU), ORE_OK);
    assert_int_equal(ore_averaged_model_swap(swa), ORE_OK);
    assert_int_equal(ore_tensor_device(l.weight), ORE_CPU);
    assert_float_equal(ore_item(ore_sum(l.weight, ORE_ALL, false)), 6 * 3, 0);
    ore_averaged_model_free(swa);
    ore_averaged_model_free(ema);
    ore_no_grad_end();
    ore_module_free(&l.module);
}

/* ---- gradients by differences, all on the device ---- */

static ore_tensor *of_two(void *user, ore_tensor **x, int n) {
    (void)user;
    (void)n;
    ore_tensor *h = ore_softmax(ore_matmul(ore_gelu(x[0]), x[1]), -1);
    return ore_mul(ore_transpose(h, 0, 1), ore_amax(ore_tanh(x[1]), ORE_ALL, false));
}

static void gradients_are_checked_there(void **state) {
    (void)state;
    ore_manual_seed(2);
    ore_tensor *x[2];
    for (int i = 0; i < 2; i++) {
        x[i] = ore_to_device(ore_randn(ORE_SHAPE(3, 3), ORE_FLOAT64, NULL), GUARDED);
        ore_set_requires_grad(x[i], true);
    }
    ore_gradcheck(of_two, NULL, x, 2, NULL);
    assert_string_equal(ore_error_message(), "");
}

static int set_up(void **state) {
    (void)state;
    guarded_register();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_gpt_trains_to_the_bits_of_the_cpu, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(recurrent_nets_train_to_the_bits_of_the_cpu, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(a_packed_lstm_has_the_bits_of_the_cpu, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(the_same_tokens_are_sampled, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(the_trainer_moves_batches, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(evaluation_moves_batches, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(a_module_goes_and_comes_back, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(averages_go_with_their_module, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(gradients_are_checked_there, begin_scope, end_scope),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
