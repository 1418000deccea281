/* test_recurrent.c: the rows of recurrent layers of every level against scalar; what must not
 * change a bit: threads, steps taken one by one, layouts, other sequences of a packed batch; and
 * layers over one another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ore.h>

#include "backend/cpu/cpu.h"
#include "support/errors.h"
#include "support/levels.h"
#include "support/numbers.h"

/* ---- the rows of one problem ---- */

typedef struct problem {
    ore_cell cell;
    int64_t steps, B, H, P;
    bool reverse, projected, unequal, batch_first, zeros;
} problem;

enum { STEPS_MAX = 8 };
enum {
    W_HH,
    B_HH,
    W_HR,
    H_0,
    C_0,
    X_SHARE,
    DY,
    DH_N,
    DC_N,
    GIVEN,
    GATES = GIVEN,
    CANDIDATE,
    C,
    Y,
    H_N,
    C_N,
    DGATES,
    DCANDIDATE,
    H_BEFORE,
    DH,
    HIDDEN,
    DH_0,
    DC_0,
    ARRAYS
};
static const char *const names[ARRAYS] = {
    "w_hh",       "b_hh",     "w_hr",      "h0",     "c0",  "x",   "dy",  "dh_n",
    "dc_n",       "gates",    "candidate", "c",      "y",   "h_n", "c_n", "dgates",
    "dcandidate", "h_before", "dh",        "hidden", "dh0", "dc0"};

typedef struct run {
    problem p;
    int64_t sizes[STEPS_MAX], starts[STEPS_MAX], N;
    int64_t elements[ARRAYS];
    float *array[ARRAYS];
    ore_recurrent_args args;
} run;

static void place(run *r) {
    const problem *p = &r->p;
    for (int64_t t = 0; t < p->steps; t++) {
        int64_t fewer = p->unequal ? t * p->B / (p->steps + 1) : 0;
        r->sizes[t] = p->B - fewer;
        r->starts[t] = p->batch_first ? t : r->N;
        r->N += r->sizes[t];
    }
}

static void measure(run *r) {
    const problem *p = &r->p;
    int64_t H = p->H, P = p->P, rows = ore_cell_gates(p->cell) * H, N = r->N, B = p->B;
    bool lstm = p->cell == ORE_CELL_LSTM, gru = p->cell == ORE_CELL_GRU;
    int64_t n[ARRAYS] = {[W_HH] = rows * P,
                         [B_HH] = rows,
                         [W_HR] = p->projected * P * H,
                         [H_0] = B * P,
                         [C_0] = lstm * B * H,
                         [X_SHARE] = N * rows,
                         [DY] = N * (P + 1),
                         [DH_N] = B * P,
                         [DC_N] = lstm * B * H,
                         [GATES] = N * rows,
                         [CANDIDATE] = gru * N * H,
                         [C] = lstm * N * H,
                         [Y] = N * (P + 1),
                         [H_N] = B * P,
                         [C_N] = lstm * B * H,
                         [DGATES] = N * rows,
                         [DCANDIDATE] = gru * N * H,
                         [H_BEFORE] = N * P,
                         [DH] = p->projected * N * P,
                         [HIDDEN] = p->projected * N * H,
                         [DH_0] = B * P,
                         [DC_0] = lstm * B * H};
    memcpy(r->elements, n, sizeof n);
}

static void *given(const run *r, int array) {
    return r->elements[array] ? r->array[array] : NULL;
}

static run run_new(problem p, const run *same) {
    run r = {.p = p};
    place(&r);
    measure(&r);
    for (int i = 0; i < ARRAYS; i++) {
        r.array[i] = calloc((size_t)r.elements[i] + 1, sizeof(float));
        for (int64_t k = 0; k < r.elements[i] && i < GIVEN; k++)
            r.array[i][k] = same ? same->array[i][k] : (float)(2 * next_number() - 1);
    }
    memcpy(r.array[GATES], r.array[X_SHARE], (size_t)r.elements[GATES] * sizeof(float));
    return r;
}

static void run_free(run *r) {
    for (int i = 0; i < ARRAYS; i++)
        free(r->array[i]);
}

static ore_recurrent_args args_of(const run *r) {
    const problem *p = &r->p;
    return (ore_recurrent_args){.cell = p->cell,
                                .reverse = p->reverse,
                                .steps = p->steps,
                                .B = p->B,
                                .N = r->N,
                                .H = p->H,
                                .P = p->P,
                                .sizes = r->sizes,
                                .starts = r->starts,
                                .row_step = p->batch_first ? p->steps : 1,
                                .w_hh = given(r, W_HH),
                                .b_hh = p->zeros ? NULL : given(r, B_HH),
                                .w_hr = given(r, W_HR),
                                .h0 = p->zeros ? NULL : given(r, H_0),
                                .c0 = p->zeros ? NULL : given(r, C_0),
                                .gates = given(r, GATES),
                                .candidate = given(r, CANDIDATE),
                                .c = given(r, C),
                                .y = given(r, Y),
                                .y_row = p->P + 1,
                                .h_n = given(r, H_N),
                                .c_n = given(r, C_N),
                                .dy = given(r, DY),
                                .dh_n = p->zeros ? NULL : given(r, DH_N),
                                .dc_n = p->zeros ? NULL : given(r, DC_N),
                                .dgates = given(r, DGATES),
                                .dcandidate = given(r, DCANDIDATE),
                                .h_before = given(r, H_BEFORE),
                                .dh = given(r, DH),
                                .hidden = given(r, HIDDEN),
                                .dh0 = given(r, DH_0),
                                .dc0 = given(r, DC_0)};
}

static void compute(run *r, const ore_kernels *table) {
    ore_context ctx = level_context(table);
    ore_recurrent_args a = args_of(r);
    assert_int_equal(ORE_CALL(&ctx, recurrent, ORE_FLOAT32, &a, 1), ORE_OK);
    assert_int_equal(ORE_CALL(&ctx, recurrent_backward, ORE_FLOAT32, &a, 1), ORE_OK);
}

static int faults(const run *got, const run *want, double allowed, const char *who) {
    int count = 0;
    for (int i = GIVEN; i < ARRAYS; i++) {
        double largest = 1, worst = 0;
        for (int64_t k = 0; k < got->elements[i]; k++) {
            double w = (double)want->array[i][k], d = (double)got->array[i][k] - w;
            largest = w > largest ? w : -w > largest ? -w : largest;
            worst = d > worst ? d : -d > worst ? -d : d == d ? worst : 1e30;
        }
        if (worst > allowed * largest && ++count)
            print_error("%s: %s off by %g of %g (cell %d, B %d, H %d, P %d)\n", who, names[i],
                        worst, largest, (int)got->p.cell, (int)got->p.B, (int)got->p.H,
                        (int)got->p.P);
    }
    return count;
}

/* Sizes around vectors, panels (48) and chunks (32 sequences). */
static const problem problems[] = {
    {ORE_CELL_TANH, 3, 5, 7, 7, .unequal = true},
    {ORE_CELL_TANH, 2, 33, 50, 50, .reverse = true},
    {ORE_CELL_RELU, 4, 1, 16, 16, .zeros = true},
    {ORE_CELL_RELU, 3, 70, 17, 17, .reverse = true, .unequal = true},
    {ORE_CELL_LSTM, 5, 9, 48, 48, .reverse = false},
    {ORE_CELL_LSTM, 4, 40, 65, 65, .reverse = true, .unequal = true},
    {ORE_CELL_LSTM, 3, 2, 1, 1, .batch_first = true},
    {ORE_CELL_LSTM, 1, 12, 100, 100, .zeros = true},
    {ORE_CELL_LSTM, 4, 6, 49, 13, .projected = true, .unequal = true},
    {ORE_CELL_LSTM, 3, 65, 20, 19, .projected = true, .reverse = true, .zeros = true},
    {ORE_CELL_GRU, 4, 7, 33, 33, .batch_first = true, .reverse = true},
    {ORE_CELL_GRU, 5, 34, 47, 47, .unequal = true},
    {ORE_CELL_GRU, 2, 3, 64, 64, .zeros = true, .unequal = true, .reverse = true},
};
enum { PROBLEMS = sizeof problems / sizeof *problems };

static void rows_of_every_level_agree_with_scalar(void **state) {
    (void)state;
    const level_tables *levels = levels_to_test();
    for (int i = 0; i < PROBLEMS; i++) {
        run want = run_new(problems[i], NULL);
        compute(&want, &scalar_kernels);
        for (int l = 0; l < levels->count; l++) {
            run got = run_new(problems[i], &want);
            compute(&got, &levels->tables[l]);
            assert_int_equal(faults(&got, &want, 2e-5, levels->names[l]), 0);
            run_free(&got);
        }
        run_free(&want);
    }
}

static void a_wrong_result_is_found(void **state) {
    (void)state;
    run want = run_new(problems[4], NULL), got = run_new(problems[4], &want);
    compute(&want, &scalar_kernels);
    compute(&got, &scalar_kernels);
    got.array[DH_0][3] += 1e-3f;
    print_message("what follows is meant to differ:\n");
    assert_int_equal(faults(&got, &want, 2e-5, "scalar"), 1);
    run_free(&got);
    run_free(&want);
}

static void threads_change_no_bit(void **state) {
    (void)state;
    const level_tables *levels = levels_to_test();
    int threads = ore_num_threads();
    for (int i = 0; i < PROBLEMS; i++)
        for (int l = 0; l < levels->count; l++) {
            run one = run_new(problems[i], NULL), three = run_new(problems[i], &one);
            ore_set_num_threads(1);
            compute(&one, &levels->tables[l]);
            ore_set_num_threads(3);
            compute(&three, &levels->tables[l]);
            for (int k = GIVEN; k < ARRAYS; k++)
                assert_memory_equal(one.array[k], three.array[k],
                                    (size_t)one.elements[k] * sizeof(float));
            run_free(&three);
            run_free(&one);
        }
    ore_set_num_threads(threads);
}

/* ---- layers ---- */

typedef ore_status (*make_layer)(ore_recurrent *, ore_module *, const char *, int64_t, int64_t,
                                 const ore_rnn_options *);
static const make_layer makers[] = {ore_rnn_init, ore_lstm_init, ore_gru_init};

static void same_bits(ore_tensor *a, ore_tensor *b) {
    assert_true(ore_ok());
    assert_true(ore_shape_equal(ore_shape_of(a), ore_shape_of(b)));
    size_t bytes = (size_t)ore_numel(a) * sizeof(float);
    float *x = malloc(bytes), *y = malloc(bytes);
    ore_copy_out(a, x, bytes);
    ore_copy_out(b, y, bytes);
    assert_memory_equal(x, y, bytes);
    free(x);
    free(y);
}

static ore_tensor *random_x(ore_shape shape) {
    ore_generator *g = ore_generator_new(3);
    ore_tensor *x = ore_randn(shape, ORE_FLOAT32, g);
    ore_generator_free(g);
    return x;
}

static void steps_one_by_one_give_the_bits_of_all(void **state) {
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        ore_module root;
        ore_recurrent net;
        ore_rnn_options o = ore_rnn_defaults();
        o.num_layers = 2;
        ore_module_init(&root, NULL, NULL);
        makers[kind](&net, &root, "net", 5, 20, &o);
        ore_tensor *x = random_x(ORE_SHAPE(4, 3, 5)), *steps[4];
        ore_recurrent_state end, at = {NULL, NULL};
        ore_tensor *y = ore_recurrent_forward(&net, x, NULL, &end);
        for (int t = 0; t < 4; t++)
            steps[t] = ore_recurrent_forward(&net, ore_narrow(x, 0, t, 1), t ? &at : NULL, &at);
        same_bits(y, ore_cat(steps, 4, 0));
        same_bits(end.h, at.h);
        ore_module_free(&root);
    }
}

static void batch_first_changes_the_layout_alone(void **state) {
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        ore_module root;
        ore_recurrent net;
        ore_rnn_options o = ore_rnn_defaults();
        o.num_layers = 3;
        o.bidirectional = true;
        o.dropout = 0.5;
        ore_module_init(&root, NULL, NULL);
        makers[kind](&net, &root, "net", 5, 6, &o);
        ore_tensor *x = random_x(ORE_SHAPE(4, 3, 5));
        ore_manual_seed(5);
        ore_tensor *y = ore_recurrent_forward(&net, x, NULL, NULL);
        ore_manual_seed(5);
        net.batch_first = true;
        ore_tensor *z = ore_recurrent_forward(&net, ore_transpose(x, 0, 1), NULL, NULL);
        same_bits(y, ore_contiguous(ore_transpose(z, 0, 1)));
        ore_module_eval(&root);
        z = ore_recurrent_forward(&net, ore_transpose(x, 0, 1), NULL, NULL);
        net.batch_first = false;
        same_bits(ore_recurrent_forward(&net, x, NULL, NULL),
                  ore_contiguous(ore_transpose(z, 0, 1)));
        ore_module_free(&root);
    }
}

/* A packed sequence has the outputs and last states that it has alone. */
static void packed_sequences_do_not_see_each_other(void **state) {
    (void)state;
    enum { B = 4, T = 5 };
    const int64_t lengths[B] = {2, 5, 1, 4};
    for (int kind = 0; kind < 3; kind++) {
        ore_module root;
        ore_recurrent net;
        ore_rnn_options o = ore_rnn_defaults();
        ore_pack_options how = {.batch_first = true, .enforce_sorted = false};
        ore_pad_packed_options back = {.batch_first = true};
        ore_packed_sequence packed, y;
        ore_recurrent_state end, own;
        o.num_layers = 2;
        o.bidirectional = o.batch_first = true;
        ore_module_init(&root, NULL, NULL);
        makers[kind](&net, &root, "net", 3, 9, &o);
        ore_tensor *x = random_x(ORE_SHAPE(B, T, 3));
        ore_pack_padded_sequence(x, ore_from_data(lengths, ORE_SHAPE(B), ORE_INT64), &how, &packed);
        ore_recurrent_forward_packed(&net, &packed, NULL, &y, &end);
        ore_tensor *all = ore_pad_packed_sequence(&y, &back, NULL);
        for (int b = 0; b < B; b++) {
            ore_tensor *alone = ore_narrow(ore_narrow(x, 0, b, 1), 1, 0, lengths[b]);
            ore_tensor *z = ore_recurrent_forward(&net, alone, NULL, &own);
            same_bits(ore_narrow(ore_narrow(all, 0, b, 1), 1, 0, lengths[b]), z);
            same_bits(ore_narrow(end.h, 1, b, 1), own.h);
        }
        ore_module_free(&root);
    }
}

static void a_layer_is_a_module(void **state) {
    (void)state;
    ore_sequential net;
    ore_lstm lstm;
    ore_linear head;
    ore_rnn_options o = ore_rnn_defaults();
    o.bidirectional = true;
    o.proj_size = 3;
    ore_sequential_init(&net, NULL, NULL);
    ore_lstm_init(&lstm, &net.module, "lstm", 5, 8, &o);
    ore_linear_init(&head, &net.module, "head", 6, 2, NULL);
    ore_tensor_list list = ore_module_parameters(&net.module);
    static const char *const wanted[] = {"lstm.weight_ih_l0",         "lstm.weight_hh_l0",
                                         "lstm.bias_ih_l0",           "lstm.bias_hh_l0",
                                         "lstm.weight_hr_l0",         "lstm.weight_ih_l0_reverse",
                                         "lstm.weight_hh_l0_reverse", "lstm.bias_ih_l0_reverse",
                                         "lstm.bias_hh_l0_reverse",   "lstm.weight_hr_l0_reverse"};
    for (int i = 0; i < 10; i++)
        assert_string_equal(list.items[i].name, wanted[i]);
    ore_tensor_list_free(&list);
    ore_tensor *y = ore_sequential_forward(&net, random_x(ORE_SHAPE(4, 3, 5)));
    assert_true(ore_shape_equal(ore_shape_of(y), ORE_SHAPE(4, 3, 2)));
    ore_backward(ore_sum(y, ORE_DIMS(), false));
    assert_non_null(ore_grad(ore_module_tensor(&net.module, "lstm.weight_hr_l0_reverse")));
    ore_module_free(&net.module);
}

/* What options say when nobody has changed them is what NULL says. */
static void defaults_are_what_no_options_mean(void **state) {
    (void)state;
    ore_pack_options pack = ore_pack_defaults();
    ore_pad_options pad = ore_pad_defaults();
    ore_tensor *x = random_x(ORE_SHAPE(3, 2, 4)), *both[] = {x, x};
    ore_tensor *lengths = ore_from_data((const int64_t[]){3, 1}, ORE_SHAPE(2), ORE_INT64);
    ore_packed_sequence a, b;
    ore_pack_padded_sequence(x, lengths, NULL, &a);
    ore_pack_padded_sequence(x, lengths, &pack, &b);
    same_bits(a.data, b.data);
    same_bits(ore_pad_sequence(both, 2, NULL), ore_pad_sequence(both, 2, &pad));
}

/* A cell is one step of a layer that has the cell's weights. */
static void cells_are_steps_of_layers(void **state) {
    (void)state;
    static const char *const parameters[] = {"weight_ih", "weight_hh", "bias_ih", "bias_hh"};
    typedef ore_status (*make_cell)(ore_recurrent_cell *, ore_module *, const char *, int64_t,
                                    int64_t, const ore_rnn_cell_options *);
    const make_cell cells[] = {ore_rnn_cell_init, ore_lstm_cell_init, ore_gru_cell_init};
    for (int kind = 0; kind < 3; kind++) {
        ore_recurrent_cell cell;
        ore_recurrent net;
        ore_recurrent_state end, last;
        ore_rnn_cell_options o = ore_rnn_cell_defaults();
        cells[kind](&cell, NULL, NULL, 3, 4, &o);
        makers[kind](&net, NULL, NULL, 3, 4, NULL);
        ore_no_grad_begin();
        for (int i = 0; i < 4; i++) {
            char name[32];
            snprintf(name, sizeof name, "%s_l0", parameters[i]);
            ore_copy_(ore_module_tensor(&net.module, name),
                      ore_module_tensor(&cell.module, parameters[i]));
        }
        ore_no_grad_end();
        ore_tensor *x = random_x(ORE_SHAPE(2, 3));
        ore_tensor *h = ore_recurrent_cell_forward(&cell, x, NULL, &end);
        ore_tensor *y = ore_recurrent_forward(&net, ore_unsqueeze(x, 0), NULL, &last);
        same_bits(ore_unsqueeze(h, 0), y);
        same_bits(end.h, h);
        if (kind == 1)
            same_bits(ore_unsqueeze(end.c, 0), last.c);
        ore_module_free(&cell.module);
        ore_module_free(&net.module);
    }
}

/* The gradient of the last cells alone reaches the weights. */
static void last_states_have_gradients(void **state) {
    (void)state;
    ore_lstm_cell cell;
    ore_recurrent_state end;
    ore_lstm_cell_init(&cell, NULL, NULL, 3, 4, NULL);
    ore_recurrent_cell_forward(&cell, random_x(ORE_SHAPE(2, 3)), NULL, &end);
    ore_backward(ore_sum(end.c, ORE_DIMS(), false));
    assert_non_null(ore_grad(cell.weights.ih));
    ore_module_free(&cell.module);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_every_level_agree_with_scalar),
        cmocka_unit_test(a_wrong_result_is_found),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test_setup_teardown(steps_one_by_one_give_the_bits_of_all, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(batch_first_changes_the_layout_alone, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(packed_sequences_do_not_see_each_other, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(a_layer_is_a_module, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(defaults_are_what_no_options_mean, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(cells_are_steps_of_layers, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(last_states_have_gradients, begin_scope, end_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
