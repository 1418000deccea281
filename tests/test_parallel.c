/* test_parallel.c: containers, and members of a list at the same time: what comes out equals, bit
 * for bit, a loop over them. Worth a run under ThreadSanitizer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/nn.h>

#include "support/refusals.h"

enum { MEMBERS = 7, ROWS = 33, WIDTH = 24 };

/* Members of falling sizes, so that later ones end first, which share a weight; without training
 * nothing is drawn, and nobody waits. */
typedef struct branch {
    ore_module module;
    ore_linear up;
    ore_dropout drop;
    ore_tensor *shared; /* (WIDTH, WIDTH) */
} branch;

static ore_tensor *branch_forward(const ore_module *module, ore_tensor *x) {
    const branch *b = (const branch *)module;
    if (!ore_module_begin(module))
        return NULL;
    ore_tensor *h = ore_gelu(ore_linear_forward(&b->up, ore_matmul(x, b->shared)));
    h = ore_dropout_forward(&b->drop, h);
    return ore_module_result(module, ore_linear_forward_add(&b->up, x, h)); /* x late, too */
}

typedef struct net {
    ore_module root;
    ore_module_list list;
    branch branches[MEMBERS];
} net;

static void make_net(net *n) {
    ore_tensor *shared = ore_randn(ORE_SHAPE(WIDTH, WIDTH), ORE_FLOAT32, NULL);
    ore_module_init(&n->root, NULL, NULL);
    ore_module_list_init(&n->list, &n->root, "list");
    for (int i = 0; i < MEMBERS; i++) {
        branch *b = &n->branches[i];
        ore_module_init(&b->module, &n->list.module, NULL);
        b->module.forward = branch_forward;
        ore_linear_init(&b->up, &b->module, "up", WIDTH, 8 << (MEMBERS - i), NULL);
        ore_dropout_init(&b->drop, &b->module, "drop", 0.25);
        b->shared = shared;
        ore_module_register_parameter(&b->module, "shared", &b->shared);
    }
}

static ore_status in_a_loop(const ore_module *list, ore_tensor *const *x, ore_tensor **y) {
    int64_t i = 0;
    for (const ore_module *m = list->first_child; m; m = m->next_sibling, i++)
        y[i] = ore_module_forward(m, x[i]);
    return ore_error_status();
}

/* Runs the net forward and backward, and copies results and gradients out. */
static float *run(net *n, ore_tensor *input, bool parallel, size_t *bytes) {
    ore_tensor *x[MEMBERS], *y[MEMBERS], *total = NULL;
    ore_scope_begin();
    ore_manual_seed(3);
    ore_module_zero_grad(&n->root);
    ore_set_grad(input, NULL);
    for (int i = 0; i < MEMBERS; i++)
        x[i] = input;
    assert_int_equal((parallel ? ore_parallel : in_a_loop)(&n->list.module, x, y), ORE_OK);
    ore_tensor *parts[2 * MEMBERS + MEMBERS + 2];
    int count = 0;
    for (int i = 0; i < MEMBERS; i++) {
        parts[count++] = ore_detach(y[i]);
        ore_tensor *sum = ore_sum(ore_square(y[i]), ORE_ALL, false);
        total = total ? ore_add(total, sum) : sum;
    }
    for (int i = 0; i < count; i++)
        parts[i] = ore_reshape(ore_clone(parts[i]), ORE_SHAPE(-1));
    assert_int_equal(ore_backward(total), ORE_OK);
    parts[count++] = ore_reshape(ore_grad(input), ORE_SHAPE(-1));
    parts[count++] = ore_reshape(ore_grad(n->branches[0].shared), ORE_SHAPE(-1));
    for (int i = 0; i < MEMBERS; i++)
        parts[count++] = ore_reshape(ore_grad(n->branches[i].up.weight), ORE_SHAPE(-1));
    ore_tensor *all = ore_cat(parts, count, 0);
    *bytes = (size_t)ore_numel(all) * sizeof(float);
    float *copy = malloc(*bytes);
    assert_int_equal(ore_copy_out(all, copy, *bytes), ORE_OK);
    ore_scope_end();
    return copy;
}

static void results_and_gradients_equal_a_loop(void **state) {
    (void)state;
    static net n;
    make_net(&n);
    ore_tensor *x = ore_randn(ORE_SHAPE(ROWS, WIDTH), ORE_FLOAT32, NULL);
    ore_set_requires_grad(x, true);
    for (int how = 0; how < 2; how++) {
        size_t bytes, same;
        ore_module_train(&n.root, how);
        float *want = run(&n, x, false, &bytes);
        for (int round = 0; round < 20; round++) {
            ore_set_num_threads(1 + round % 4);
            float *got = run(&n, x, true, &same);
            assert_int_equal(same, bytes);
            assert_memory_equal(got, want, bytes);
            free(got);
        }
        free(want);
    }
    ore_module_free(&n.root);
}

static ore_tensor *same(const ore_module *module, ore_tensor *x) {
    (void)module;
    return x;
}

static ore_tensor *doubled(const ore_module *module, ore_tensor *x) {
    return ore_module_result(module, ore_mul_scalar(x, 2));
}

/* Adds up what its own list of two members makes of x. */
static ore_tensor *nested(const ore_module *module, ore_tensor *x) {
    ore_tensor *y[2];
    if (ore_parallel(module, (ore_tensor *[]){x, x}, y) != ORE_OK)
        return ore_module_result(module, NULL);
    return ore_module_result(module, ore_add(y[0], y[1]));
}

static void members_may_pass_x_on_and_nest(void **state) {
    (void)state;
    ore_module root, members[3], inner[2];
    ore_module_init(&root, NULL, NULL);
    for (int i = 0; i < 3; i++)
        ore_module_init(&members[i], &root, NULL);
    for (int i = 0; i < 2; i++) {
        ore_module_init(&inner[i], &members[2], NULL);
        inner[i].forward = doubled;
    }
    members[0].forward = same;
    members[1].forward = doubled;
    members[2].forward = nested;
    ore_set_num_threads(3);
    ore_tensor *x = ore_set_requires_grad(ones(ORE_SHAPE(2)), true), *y[3];
    for (int recorded = 0; recorded < 2; recorded++) {
        if (!recorded)
            ore_no_grad_begin();
        ore_scope_begin();
        assert_int_equal(ore_parallel(&root, (ore_tensor *[]){x, x, x}, y), ORE_OK);
        assert_ptr_equal(y[0], x);
        assert_true(ore_item(ore_select(y[1], 0, 1)) == 2);
        assert_true(ore_item(ore_select(y[2], 0, 1)) == 4);
        assert_int_equal(ore_requires_grad(y[1]), recorded);
        assert_int_equal(ore_requires_grad(y[2]), recorded);
        ore_scope_end();
        if (!recorded)
            ore_no_grad_end();
    }
    assert_true(ore_item(ore_select(x, 0, 0)) == 1);
    ore_module_free(&root);
}

static void the_first_members_error_stays(void **state) {
    (void)state;
    static net n;
    make_net(&n);
    ore_tensor *x = ones(ORE_SHAPE(2, WIDTH)), *wrong = ones(ORE_SHAPE(2, 5));
    ore_tensor *in[MEMBERS] = {x, x, wrong, x, NULL, x, wrong}, *y[MEMBERS];
    for (int round = 0; round < 20; round++) {
        ore_set_num_threads(1 + round % 4);
        assert_int_equal(ore_parallel(&n.list.module, in, y), ORE_INVALID);
        invalid(y[0], "list.2: matmul: shapes (2, 5) and (24, 24): the last size of one is not the "
                      "first of the other's matrix");
        for (int i = 0; i < MEMBERS; i++)
            assert_null(y[i]);
    }
    ore_module empty;
    ore_module_init(&empty, NULL, NULL);
    assert_int_equal(ore_parallel(&empty, NULL, NULL), ORE_OK);
    ore_module_free(&n.root);
}

/* ---- containers ---- */

static void a_dict_finds_its_members(void **state) {
    (void)state;
    ore_module root;
    ore_module_dict dict;
    ore_linear a, b;
    ore_module_init(&root, NULL, NULL);
    ore_module_dict_init(&dict, &root, "heads");
    ore_linear_init(&a, &dict.module, "actor", 2, 3, NULL);
    ore_linear_init(&b, &dict.module, "critic", 2, 1, NULL);
    assert_ptr_equal(ore_module_dict_get(&dict, "critic"), &b.module);
    assert_true(ore_module_dict_has(&dict, "actor"));
    assert_false(ore_module_dict_has(&dict, "other"));
    assert_int_equal(dict.module.child_count, 2);
    const char *names[] = {"actor", "critic"};
    int i = 0;
    for (ore_module *m = dict.module.first_child; m; m = m->next_sibling)
        assert_string_equal(m->name, names[i++]);
    assert_non_null(ore_module_tensor(&root, "heads.critic.weight"));
    invalid(ore_module_dict_get(&dict, "other"), "heads: module_dict: no member \"other\"");
    ore_module_free(&root);
}

static void a_list_holds_parameters(void **state) {
    (void)state;
    ore_module root;
    ore_parameter_list list;
    ore_module_init(&root, NULL, NULL);
    ore_parameter_list_init(&list, &root, "weights");
    for (int i = 0; i < 20; i++) {
        ore_scope_begin();
        assert_int_equal(ore_parameter_list_append(&list, ones(ORE_SHAPE(i + 1))), ORE_OK);
        ore_scope_end();
    }
    assert_int_equal(ore_parameter_list_count(&list), 20);
    for (int i = 0; i < 20; i++)
        assert_int_equal(ore_numel(ore_parameter_list_get(&list, i)), i + 1);
    assert_true(ore_requires_grad(ore_parameter_list_get(&list, 7)));
    assert_ptr_equal(ore_module_tensor(&root, "weights.7"), ore_parameter_list_get(&list, 7));
    assert_int_equal(ore_module_parameter_count(&root, true), 210);
    ore_module_to(&root, ORE_FLOAT64);
    assert_int_equal(ore_tensor_dtype(ore_parameter_list_get(&list, 7)), ORE_FLOAT64);
    invalid(ore_parameter_list_get(&list, 20),
            "weights: parameter_list: 20 is out of range for 20 parameters");
    ore_parameter_list_append(&list, NULL);
    invalid(NULL, "weights: parameter_list: the parameter is NULL");
    ore_parameter_list_append(&list, whole(ORE_SHAPE(1), (int64_t[]){1}));
    invalid(NULL, "weights: set_requires_grad: dtype int64, expected a floating one");
    assert_int_equal(ore_parameter_list_count(&list), 20);
    ore_module_free(&root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(results_and_gradients_equal_a_loop, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(members_may_pass_x_on_and_nest, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(the_first_members_error_stays, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(a_dict_finds_its_members, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(a_list_holds_parameters, begin_scope, end_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
