/* test_encoder.c: the encoder: state, shapes, padding, both poolings, what it learns that counting
 * tokens cannot tell, and faults. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ops.h>
#include <ore/optim.h>

#include "models/encoder/encoder.h"
#include "models/tasks/classes.h"
#include "support/numbers.h"
#include "support/refusals.h"

enum { V = 11, CLASSES = 3, B = 4, T = 6 };

static ore_generator *generator;

static int before(void **state) {
    generator = ore_generator_new(42);
    return begin_scope(state);
}

static int after(void **state) {
    ore_generator_free(generator);
    return end_scope(state);
}

static encoder_config small(encoder_pooling pooling) {
    encoder_config c = encoder_defaults();
    c.n_embd = 8;
    c.n_head = 2;
    c.n_hidden = 16;
    c.block_size = T + 2;
    c.vocab_size = V;
    c.n_classes = CLASSES;
    c.pooling = pooling;
    return c;
}

static void start(encoder *model, encoder_pooling pooling) {
    encoder_config c = small(pooling);
    assert_int_equal(encoder_init(model, &c, generator), ORE_OK);
    ore_module_eval(&model->module);
}

static ore_tensor *ids(int64_t rows, int64_t length) {
    return ore_randint(0, V, ORE_SHAPE(rows, length), ORE_INT64, generator);
}

/* ---- state ---- */

static void test_state(void **state) {
    (void)state;
    for (int pooling = ENCODER_MEAN; pooling <= ENCODER_FIRST; pooling++) {
        encoder model;
        start(&model, (encoder_pooling)pooling);
        assert_non_null(ore_module_tensor(&model.module, "tokens.weight"));
        assert_non_null(ore_module_tensor(&model.module, "positions.weight"));
        assert_non_null(
            ore_module_tensor(&model.module, "encoder.layers.1.self_attn.in_proj_weight"));
        assert_non_null(ore_module_tensor(&model.module, "encoder.norm.bias"));
        assert_true((pooling == ENCODER_FIRST) == (model.first != NULL));
        int64_t C = 8, H = 16, layer = 4 * C * C + 4 * C + 2 * C * H + H + C + 4 * C;
        int64_t want = (V + T + 2) * C + 2 * layer + 2 * C + (C + 1) * CLASSES +
                       (pooling == ENCODER_FIRST ? C : 0);
        assert_int_equal(ore_module_parameter_count(&model.module, false), want);
        encoder_free(&model);
        encoder_free(&model); /* again: nothing happens */
    }
}

/* ---- padding ---- */

/* Rows of other lengths give what each gives alone, whatever stands behind them. */
static void test_padding_changes_nothing(void **state) {
    (void)state;
    static const int64_t lengths[B] = {T, 1, 3, 5};
    for (int pooling = ENCODER_MEAN; pooling <= ENCODER_FIRST; pooling++) {
        encoder model;
        start(&model, (encoder_pooling)pooling);
        ore_tensor *x = ids(B, T), *n = whole(ORE_SHAPE(B), lengths);
        ore_tensor *together = encoder_forward(&model, x, n); /* (B, CLASSES) */
        assert_int_equal(ore_size(together, 0), B);
        assert_int_equal(ore_size(together, 1), CLASSES);
        for (int64_t b = 0; b < B; b++) {
            ore_tensor *row = ore_narrow(ore_narrow(x, 0, b, 1), 1, 0, lengths[b]);
            ore_tensor *alone = encoder_forward(&model, row, NULL);
            assert_true(ore_allclose(ore_narrow(together, 0, b, 1), alone, 1e-5, 1e-5, false));
        }
        encoder_free(&model);
    }
}

/* Mean pooling by its definition. */
static void test_mean_of_a_row(void **state) {
    (void)state;
    encoder model;
    start(&model, ENCODER_MEAN);
    ore_tensor *x = ids(1, T), *n = whole(ORE_SHAPE(1), (const int64_t[]){4});
    ore_tensor *hidden = ore_narrow(encoder_hidden(&model, x, n), 1, 0, 4);
    ore_tensor *want = ore_linear_forward(&model.head, ore_mean(hidden, ORE_DIMS(1), false));
    assert_true(ore_allclose(encoder_forward(&model, x, n), want, 1e-5, 1e-6, false));
    encoder_free(&model);
}

/* ---- learning ---- */

/* x (rows, 5) of ids 1 and 2 and one 3, y: whether 1 stands directly before the 3. As many 1 as 2
 * are around it, so that counts tell nothing. */
static void draw_orders(int64_t rows, ore_tensor **x, ore_tensor **y) {
    int64_t tokens[64][5], labels[64];
    assert_true(rows <= 64);
    for (int64_t i = 0; i < rows; i++) {
        bool one = next_number() < 0.5;
        int place = next_number() < 0.5 ? 1 : 3;
        for (int k = 0; k < 5; k++)
            tokens[i][k] = 0;
        tokens[i][place] = 3;
        tokens[i][place - 1] = one ? 1 : 2;
        tokens[i][place + 1] = one ? 2 : 1;
        labels[i] = one;
    }
    *x = ore_from_data(tokens, ORE_SHAPE(rows, 5), ORE_INT64);
    *y = ore_from_data(labels, ORE_SHAPE(rows), ORE_INT64);
}

static void test_it_learns_orders(void **state) {
    (void)state;
    encoder model;
    start(&model, ENCODER_MEAN);
    ore_module_train(&model.module, true);
    ore_adamw_options o = ore_adamw_defaults();
    o.lr = 5e-3;
    ore_optimizer *optimizer = ore_adamw_new(&model.module, &o);
    ore_tensor *x, *y;
    for (int step = 0; step < 300 && ore_ok(); step++) {
        ore_scope_begin();
        draw_orders(64, &x, &y);
        ore_optimizer_zero_grad(optimizer);
        ore_backward(ore_cross_entropy(encoder_forward(&model, x, NULL), y, NULL));
        ore_optimizer_step(optimizer);
        ore_scope_end();
    }
    ore_module_eval(&model.module);
    draw_orders(64, &x, &y);
    double right[ORE_MEASURES_MAX] = {0};
    const ore_batch batch = {.x = x, .y = y};
    ore_tensor *logits = encoder_family.forward(&model, &batch);
    classes_measure(&encoder_family, &model, logits, &batch, right);
    assert_true(right[0] == 64);
    ore_optimizer_free(optimizer);
    encoder_free(&model);
}

/* ---- faults ---- */

static void test_faults(void **state) {
    (void)state;
    encoder model;
    encoder_config c = small(ENCODER_MEAN);
    c.n_head = 3;
    assert_int_equal(encoder_init(&model, &c, generator), ORE_INVALID);
    invalid(NULL, "encoder: n_head 3 does not divide n_embd 8; every head takes an equal share of "
                  "the channels");
    c = small(ENCODER_MEAN);
    c.n_classes = CONFIG_AUTO_INT;
    assert_int_equal(encoder_init(&model, &c, generator), ORE_INVALID);
    invalid(NULL, "encoder: n_classes auto, expected 1 <= n_classes <= 1048576");
    start(&model, ENCODER_FIRST);
    invalid(encoder_forward(&model, ids(2, T + 3), NULL),
            "encoder: ids (2, 9), expected (B, T) with 1 <= T <= block_size 8");
    invalid(encoder_forward(&model, ore_select(ids(2, T), 0, 0), NULL),
            "encoder: ids (6,), expected (B, T) with 1 <= T <= block_size 8");
    encoder_free(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_state, before, after),
        cmocka_unit_test_setup_teardown(test_padding_changes_nothing, before, after),
        cmocka_unit_test_setup_teardown(test_mean_of_a_row, before, after),
        cmocka_unit_test_setup_teardown(test_it_learns_orders, before, after),
        cmocka_unit_test_setup_teardown(test_faults, before, after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
