/* test_hooks.c: a leaf's hook runs once in each backward, when the leaf's gradient is complete. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ops.h>

#include "core/autograd.h"
#include "core/leaves.h"
#include "models/gpt/gpt.h"
#include "support/refusals.h"

enum { MOST = 64, BYTES_MAX = 1 << 14 };

/* What a leaf's hook saw: how often it ran, and the gradient of the last time. */
typedef struct sighting {
    int calls;
    int64_t order; /* of the last call among all */
    char gradient[BYTES_MAX];
} sighting;

static int64_t call_count;

static size_t bytes_of(const ore_tensor *t) {
    return (size_t)ore_numel(t) * ore_dtype_size(ore_tensor_dtype(t));
}

static void see(void *user, ore_tensor *leaf) {
    sighting *s = user;
    s->calls++;
    s->order = call_count++;
    assert_true(bytes_of(leaf) <= sizeof s->gradient);
    assert_int_equal(ore_copy_out(ore_grad(leaf), s->gradient, bytes_of(leaf)), ORE_OK);
}

static void watch(ore_tensor *leaf, sighting *s) {
    *s = (sighting){0};
    assert_int_equal(ore_set_grad_hook(leaf, see, s), ORE_OK);
}

/* The hook ran `calls` times, and the last time the gradient was as it is now. */
static void assert_seen(ore_tensor *leaf, const sighting *s, int calls) {
    static char now[BYTES_MAX];
    assert_true(ore_ok());
    assert_int_equal(s->calls, calls);
    assert_int_equal(ore_copy_out(ore_grad(leaf), now, bytes_of(leaf)), ORE_OK);
    assert_memory_equal(now, s->gradient, bytes_of(leaf));
}

static ore_tensor *leaf(ore_shape shape) {
    return ore_set_requires_grad(ore_randn(shape, ORE_FLOAT64, NULL), true);
}

static ore_tensor *total(ore_tensor *x) {
    return ore_sum(x, ORE_ALL, false);
}

/* x is used by products, by itself twice in one, through a view, parts, and a sum that its gradient
 * is added to in place. */
static ore_tensor *many_uses(ore_tensor *x, ore_tensor *w) {
    ore_tensor *y = ore_mul(x, x);
    y = ore_add(y, ore_matmul(x, w));
    y = ore_add(y, ore_matmul(ore_tanh(y), x));
    ore_tensor *row = ore_select(x, 0, 1);
    ore_tensor *halves[2];
    ore_split(x, 2, 1, halves, 2);
    y = ore_add(y, ore_reshape(ore_cat(halves, 2, 0), ORE_SHAPE(4, 4)));
    y = ore_add(ore_add(y, row), ore_reshape(ore_transpose(x, 0, 1), ORE_SHAPE(4, 4)));
    return total(ore_add(y, x));
}

static void a_leaf_used_at_several_places(void **state) {
    (void)state;
    static sighting seen_x, seen_w;
    ore_tensor *x = leaf(ORE_SHAPE(4, 4)), *w = leaf(ORE_SHAPE(4, 4));
    watch(x, &seen_x);
    watch(w, &seen_w);
    ore_backward(many_uses(x, w));
    assert_seen(x, &seen_x, 1);
    assert_seen(w, &seen_w, 1);
    ore_backward(many_uses(x, w)); /* onto the gradient of before */
    assert_seen(x, &seen_x, 2);
    assert_seen(w, &seen_w, 2);
    ore_set_grad_hook(w, NULL, NULL);
    ore_backward(many_uses(x, w));
    assert_seen(x, &seen_x, 3);
    assert_int_equal(seen_w.calls, 2);
}

/* The gradients are the same bits with hooks and without. */
static void hooks_change_no_gradient(void **state) {
    (void)state;
    static sighting seen;
    static char plain[BYTES_MAX];
    ore_tensor *x = leaf(ORE_SHAPE(4, 4)), *w = leaf(ORE_SHAPE(4, 4));
    ore_backward(many_uses(x, w));
    ore_copy_out(ore_grad(x), plain, bytes_of(x));
    ore_set_grad(x, NULL);
    watch(x, &seen);
    ore_backward(many_uses(x, w));
    assert_seen(x, &seen, 1);
    assert_memory_equal(plain, seen.gradient, bytes_of(x));
}

static void once_for_each_backward_through_a_kept_graph(void **state) {
    (void)state;
    static sighting seen;
    ore_tensor *x = leaf(ORE_SHAPE(4, 4)), *w = leaf(ORE_SHAPE(4, 4));
    ore_tensor *y = many_uses(x, w);
    watch(x, &seen);
    for (int i = 1; i <= 3; i++) {
        ore_backward_from(y, NULL, i < 3);
        assert_seen(x, &seen, i);
    }
}

static void a_root_that_is_a_leaf(void **state) {
    (void)state;
    static sighting seen;
    ore_tensor *x = leaf(ORE_SHAPE(1));
    watch(x, &seen);
    ore_backward(x);
    assert_seen(x, &seen, 1);
}

/* The later layer's weight is complete before the earlier one's, and both before backward ends. */
static void hooks_run_while_backward_does(void **state) {
    (void)state;
    static sighting early, late, input;
    ore_tensor *x = leaf(ORE_SHAPE(4, 4)), *a = leaf(ORE_SHAPE(4, 4)), *b = leaf(ORE_SHAPE(4, 4));
    watch(x, &input);
    watch(a, &early);
    watch(b, &late);
    ore_tensor *loss = total(ore_matmul(ore_tanh(ore_matmul(ore_exp(x), a)), b));
    ore_backward(loss);
    assert_true(late.order < early.order && early.order < input.order);
}

/* ---- paths that no gradient takes ---- */

static void pass_nothing(ore_node *node, ore_tensor *dy) {
    (void)node, (void)dy;
}

static const ore_op blind = {"blind", pass_nothing};

/* x as a constant, though the graph has an edge to it. */
static ore_tensor *blind_to(ore_tensor *x) {
    ore_tensor *y = ore_clone(ore_detach(x));
    ore_record(&blind, y, 1, &x, 0, 0);
    return y;
}

static void paths_without_gradient(void **state) {
    (void)state;
    static sighting seen_x, seen_w;
    ore_tensor *x = leaf(ORE_SHAPE(4, 4)), *w = leaf(ORE_SHAPE(4, 4));
    watch(x, &seen_x);
    watch(w, &seen_w);
    /* exp and tanh are never reached, so the count of x's uses does not fall to none */
    ore_backward(total(ore_add(blind_to(ore_exp(ore_tanh(x))), ore_mul(x, x))));
    assert_seen(x, &seen_x, 1);
    ore_backward(total(ore_add(blind_to(ore_mul(w, w)), x)));
    assert_seen(x, &seen_x, 2);
    assert_int_equal(seen_w.calls, 0);
    assert_null(ore_grad(w));
}

/* ---- backward within backward ---- */

typedef struct nested {
    sighting *seen;
    ore_tensor *other;
} nested;

static void go_backward(void *user, ore_tensor *leaf) {
    nested *n = user;
    ore_tensor *other = n->other;
    n->other = NULL;
    see(n->seen, leaf);
    if (other)
        ore_backward(other);
}

/* The hook of w goes backward through another graph, which uses x too: x completes there, and then
 * in the outer graph, whose uses are not mixed up with it. */
static void each_backward_counts_for_itself(void **state) {
    (void)state;
    static sighting seen_x, seen_w;
    ore_tensor *x = leaf(ORE_SHAPE(4, 4)), *w = leaf(ORE_SHAPE(4, 4));
    watch(x, &seen_x);
    seen_w = (sighting){0};
    nested n = {&seen_w, many_uses(x, w)};
    ore_set_grad_hook(w, go_backward, &n);
    ore_tensor *y = ore_add(ore_mul(x, x), ore_exp(x));
    ore_backward(total(ore_matmul(y, w)));
    assert_seen(x, &seen_x, 2);
    assert_int_equal(seen_w.calls, 2);
}

static void fail_once(void *user, ore_tensor *leaf) {
    (void)leaf;
    if (++*(int *)user == 1)
        ore_fail(ORE_STATE, "hook: no");
}

/* After a backward that failed, the next one counts anew. */
static void a_failed_backward_leaves_no_count(void **state) {
    (void)state;
    static sighting seen;
    int calls = 0;
    ore_tensor *x = leaf(ORE_SHAPE(4, 4)), *w = leaf(ORE_SHAPE(4, 4));
    watch(x, &seen);
    ore_set_grad_hook(w, fail_once, &calls);
    ore_tensor *y = ore_matmul(ore_mul(x, x), w);
    assert_int_equal(ore_backward(total(y)), ORE_STATE);
    refused(NULL, ORE_STATE, "hook: no");
    assert_int_equal(seen.calls, 0);
    ore_backward(many_uses(x, w));
    assert_seen(x, &seen, 1);
    assert_int_equal(calls, 2);
}

/* ---- models, and an observer ---- */

typedef struct sightings {
    ore_tensor_list parameters;
    sighting *seen; /* (parameters.count) */
} sightings;

static void see_parameter(void *user, ore_tensor *leaf) {
    sightings *s = user;
    for (int64_t i = 0; i < s->parameters.count; i++)
        if (s->parameters.items[i].tensor == leaf)
            see(&s->seen[i], leaf);
}

/* Each parameter of a GPT with tied weights completes once: by its own hook, or for an observer,
 * who hears of one backward and of none that is not on his thread's behalf. */
static void tied_weights_of_a_gpt(void **state) {
    (void)state;
    static sighting seen[MOST];
    gpt_config config = gpt_defaults();
    config.n_layer = 2, config.n_head = 2, config.n_embd = 8, config.block_size = 6;
    config.vocab_size = 11;
    gpt model;
    assert_int_equal(gpt_init(&model, &config, NULL), ORE_OK);
    sightings s = {ore_module_parameters(&model.module), seen};
    assert_in_range(s.parameters.count, 1, MOST);
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t i = 0; i < s.parameters.count; i++) {
            seen[i] = (sighting){0};
            ore_set_grad_hook(s.parameters.items[i].tensor, pass == 0 ? see : NULL, &seen[i]);
        }
        if (pass == 1)
            ore_leaves_observe(see_parameter, &s);
        ore_tensor *ids = ore_randint(0, 11, ORE_SHAPE(3, 6), ORE_INT64, NULL);
        ore_tensor *logits = ore_reshape(gpt_forward(&model, ids), ORE_SHAPE(18, 11));
        ore_backward(ore_cross_entropy(logits, ore_reshape(ids, ORE_SHAPE(18)), NULL));
        ore_leaves_observe(NULL, NULL);
        for (int64_t i = 0; i < s.parameters.count; i++)
            assert_seen(s.parameters.items[i].tensor, &seen[i], 1);
    }
    ore_tensor_list_free(&s.parameters);
    gpt_free(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_leaf_used_at_several_places, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(hooks_change_no_gradient, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(once_for_each_backward_through_a_kept_graph, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(a_root_that_is_a_leaf, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(hooks_run_while_backward_does, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(paths_without_gradient, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(each_backward_counts_for_itself, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(a_failed_backward_leaves_no_count, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(tied_weights_of_a_gpt, begin_scope, end_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
