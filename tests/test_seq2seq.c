/* test_seq2seq.c: encoder-decoders: names, causality, padding, steps, what they learn. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ore/ore.h>

#include "models/seq2seq/seq2seq.h"
#include "support/errors.h"

enum { V = 9, B = 3, S = 6, L = 4, KINDS = SEQ2SEQ_LUONG + 1 };

static seq2seq_config small(int kind) {
    seq2seq_config c = seq2seq_defaults();
    c.kind = (seq2seq_kind)kind;
    c.n_layer = 2;
    c.n_head = 2;
    c.n_embd = 8;
    c.n_hidden = 16;
    c.block_size = 12;
    c.vocab_size = V;
    return c;
}

static void new_model(seq2seq *m, int kind) {
    ore_generator *g = ore_generator_new(3);
    const seq2seq_config c = small(kind);
    assert_int_equal(seq2seq_init(m, &c, g), ORE_OK);
    m->drop.generator = NULL;
    ore_generator_free(g);
    ore_module_eval(&m->module);
}

static ore_tensor *ids(int64_t rows, int64_t tokens) {
    return ore_randint(0, V, ORE_SHAPE(rows, tokens), ORE_INT64, NULL);
}

static ore_tensor *lengths(void) {
    return ore_from_data((int64_t[]){S, 2, 4}, ORE_SHAPE(B), ORE_INT64);
}

/* A logit depends on what was read and on tokens before its own, and on no padding. */
static void a_logit_sees_what_it_may(void **state) {
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        seq2seq m;
        new_model(&m, kind);
        ore_tensor *x = ids(B, S), *y = ids(B, L), *n = lengths();
        ore_tensor *logits = seq2seq_forward(&m, x, n, y);
        assert_true(ore_shape_equal(ore_shape_of(logits), ORE_SHAPE(B, L, V)));
        ore_tensor *other = ore_clone(y);
        ore_fill_(ore_narrow(other, 1, 2, 2), ORE_IGNORE_INDEX);
        ore_tensor *same = seq2seq_forward(&m, x, n, other);
        assert_true(ore_allclose(ore_narrow(logits, 1, 0, 3), ore_narrow(same, 1, 0, 3), 1e-5, 1e-6,
                                 false));
        assert_false(
            ore_allclose(ore_select(logits, 1, 3), ore_select(same, 1, 3), 1e-5, 1e-6, false));
        ore_tensor *changed = ore_clone(x);
        ore_fill_(ore_narrow(ore_narrow(changed, 0, 1, 1), 1, 2, S - 2), 0);
        assert_true(ore_allclose(logits, seq2seq_forward(&m, changed, n, y), 1e-5, 1e-6, false));
        ore_tensor *cut = ore_narrow(ore_narrow(x, 0, 1, 1), 1, 0, 2); /* alone, without padding */
        ore_tensor *alone = seq2seq_forward(&m, cut, NULL, ore_narrow(y, 0, 1, 1));
        assert_true(ore_allclose(ore_narrow(logits, 0, 1, 1), alone, 1e-5, 1e-6, false));
        seq2seq_free(&m);
    }
}

/* However the tokens are shared out among steps, and after rows were chosen, the logits are those
 * of the forward; weights of what was read add up to 1 over what counts. */
static void steps_give_the_logits_of_the_forward(void **state) {
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        seq2seq m;
        seq2seq_state s;
        new_model(&m, kind);
        ore_no_grad_begin();
        ore_tensor *x = ids(B, S), *y = ids(B, L), *n = lengths();
        ore_tensor *logits = seq2seq_forward(&m, x, n, y);
        ore_tensor *start = ore_full(ORE_SHAPE(B, 1), V, ORE_INT64);
        assert_int_equal(seq2seq_start(&m), V);
        assert_int_equal(seq2seq_state_init(&s, &m, x, n), ORE_OK);
        ore_tensor *first = seq2seq_step(&s, start);
        assert_true(ore_allclose(first, ore_select(logits, 1, 0), 1e-5, 1e-6, false));
        ore_tensor *rows = ore_from_data((int64_t[]){2, 0, 0, 1}, ORE_SHAPE(4), ORE_INT64);
        assert_int_equal(seq2seq_reorder(&s, rows), ORE_OK);
        s.keep_weights = true;
        ore_tensor *chosen = ore_index_select(y, 0, rows);
        ore_tensor *third = seq2seq_step(&s, ore_narrow(chosen, 1, 0, 2));
        ore_tensor *want = ore_index_select(ore_select(logits, 1, 2), 0, rows);
        assert_true(ore_allclose(third, want, 1e-5, 1e-6, false));
        assert_true(ore_shape_equal(ore_shape_of(s.weights), ORE_SHAPE(4, 2, S)));
        ore_tensor *sums = ore_sum(s.weights, ORE_DIMS(-1), false);
        assert_true(ore_allclose(sums, ore_ones_like(sums), 1e-5, 0, false));
        ore_tensor *behind = ore_narrow(ore_select(s.weights, 0, 3), 1, 2, S - 2);
        assert_true(ore_allclose(behind, ore_zeros_like(behind), 0, 0, false));
        assert_null(seq2seq_step(&s, ids(4, 10)));
        assert_error(ORE_INVALID, "seq2seq: 13 tokens, expected at most block_size 12");
        seq2seq_state_free(&s);
        ore_no_grad_end();
        seq2seq_free(&m);
    }
}

/* Each learns to write what it has read backwards, and beam search finds it. */
static void all_kinds_learn(void **state) {
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        seq2seq m;
        ore_generator *g = ore_generator_new(11);
        seq2seq_config c = small(kind);
        c.n_embd = 16;
        seq2seq_init(&m, &c, g);
        ore_adamw_options o = ore_adamw_defaults();
        o.lr = 0.01;
        ore_optimizer *optimizer = ore_adamw_new(&m.module, &o);
        double loss = 9;
        for (int i = 0; i < 400 && loss > 0.01 && ore_ok(); i++) {
            ore_scope_begin();
            ore_tensor *x = ore_randint(1, V, ORE_SHAPE(32, 3), ORE_INT64, g);
            ore_tensor *end = ore_zeros(ORE_SHAPE(32, 1), ORE_INT64);
            ore_tensor *y = ore_cat((ore_tensor *[]){ore_flip(x, ORE_DIMS(1)), end}, 2, 1);
            ore_tensor *l = ore_cross_entropy(ore_flatten(seq2seq_forward(&m, x, NULL, y), 0, 1),
                                              ore_flatten(y, 0, 1), NULL);
            loss = ore_item(l);
            ore_optimizer_zero_grad(optimizer);
            ore_backward(l);
            ore_optimizer_step(optimizer);
            ore_scope_end();
        }
        assert_true(loss < 0.1);
        ore_module_eval(&m.module);
        seq2seq_state s;
        ore_tensor *x = ore_from_data((int64_t[]){5, 2, 7, 1, 1, 3}, ORE_SHAPE(2, 3), ORE_INT64);
        assert_int_equal(seq2seq_state_init(&s, &m, x, NULL), ORE_OK);
        ore_stepper stepper = {&s, seq2seq_step, seq2seq_reorder};
        ore_beam_options beam = ore_beam_defaults();
        beam.max_tokens = 8;
        beam.end_id = 0;
        ore_tensor *start = ore_full(ORE_SHAPE(2, 1), V, ORE_INT64);
        ore_written w = ore_beam_search(&stepper, start, &beam);
        ore_tensor *want =
            ore_from_data((int64_t[]){7, 2, 5, 0, 3, 1, 1, 0}, ORE_SHAPE(2, 1, 4), ORE_INT64);
        assert_true(ore_allclose(w.ids, want, 0, 0, false));
        seq2seq_state_free(&s);
        ore_optimizer_free(optimizer);
        ore_generator_free(g);
        seq2seq_free(&m);
    }
}

static void configs_that_do_not_fit_are_named(void **state) {
    (void)state;
    seq2seq m;
    seq2seq_config c = small(SEQ2SEQ_TRANSFORMER);
    c.n_head = 3;
    assert_int_equal(seq2seq_init(&m, &c, NULL), ORE_INVALID);
    assert_error(ORE_INVALID, "n_head 3 does not divide n_embd 8");
    seq2seq_free(&m);
    c = small(SEQ2SEQ_LUONG);
    c.n_embd = 7;
    assert_int_equal(seq2seq_init(&m, &c, NULL), ORE_INVALID);
    assert_error(ORE_INVALID, "n_embd 7, expected an even number");
    new_model(&m, SEQ2SEQ_TRANSFORMER);
    assert_null(seq2seq_forward(&m, ids(B, 13), NULL, ids(B, L)));
    assert_error(ORE_INVALID, "seq2seq: x (3, 13), expected (B, T) with 1 <= T <= block_size 12");
    assert_null(seq2seq_forward(&m, ids(B, S), NULL, NULL));
    assert_error(ORE_INVALID, "seq2seq: y NULL, expected (B, T)");
    seq2seq_free(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_logit_sees_what_it_may, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(steps_give_the_logits_of_the_forward, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(all_kinds_learn, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(configs_that_do_not_fit_are_named, begin_scope, end_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
