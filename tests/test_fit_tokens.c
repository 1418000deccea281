/* test_fit_tokens.c: accumulation and evaluation over token loaders. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ops.h>
#include <ore/train.h>

#include "support/fit_net.h"
#include "support/numbers.h"
#include "support/scratch.h"

/* ---- accumulation: documents of many lengths, padded ---- */

enum { VOCAB = 5 };

typedef struct table {
    ore_module root;
    ore_embedding wte;
    ore_linear head;
} table;

static ore_tensor *table_forward(const ore_module *module, ore_tensor *x) {
    const table *t = (const table *)module;
    return ore_linear_forward(&t->head, ore_tanh(ore_embedding_forward(&t->wte, x)));
}

static void table_start(table *t, ore_dtype dtype) {
    ore_manual_seed(3);
    ore_module_init(&t->root, NULL, NULL);
    t->root.forward = table_forward;
    ore_embedding_options eo = ore_embedding_defaults();
    ore_linear_options lo = ore_linear_defaults();
    eo.dtype = lo.dtype = dtype;
    ore_embedding_init(&t->wte, &t->root, "wte", VOCAB, 3, &eo);
    ore_linear_init(&t->head, &t->root, "head", 3, VOCAB, &lo);
}

/* Two bytes a token. */
static int64_t two_bytes(const ore_tokens *tokens, const int64_t *ids, int64_t count) {
    (void)tokens, (void)ids;
    return 2 * count;
}

static const int64_t text[] = {1, 2, 3, 0, 4, 0, 1, 1, 2, 2, 3, 0, 2, 0, 3, 4,
                               0, 1, 4, 1, 4, 1, 4, 0, 2, 2, 0, 3, 3, 3, 0, 1};
enum { TEXT = sizeof text / sizeof text[0] };

typedef struct corpus {
    ore_tokens *tokens;
    ore_token_parts *parts;
} corpus;

static corpus open_corpus(bool documents) {
    corpus c = {.tokens = ore_tokens_of_memory("text", text, TEXT, 0)};
    c.tokens->bytes = two_bytes;
    ore_token_parts_options o = ore_token_parts_defaults();
    o.val_fraction = documents ? 0 : 0.3;
    o.documents = documents;
    c.parts = ore_token_parts_new(c.tokens, NULL, &o);
    return c;
}

static void close_corpus(corpus *c) {
    ore_token_parts_free(c->parts);
    ore_tokens_close(c->tokens);
}

static void step_in_parts(corpus *c, int64_t batch_size, int64_t accumulate, table *t,
                          ore_fit_result *r) {
    table_start(t, ORE_FLOAT64);
    ore_token_loader_options lo = ore_token_loader_defaults();
    lo.batch_size = batch_size;
    ore_sgd_options so = ore_sgd_defaults();
    so.lr = 1;
    ore_fit_options o = ore_fit_defaults();
    o.module = &t->root;
    o.loader = ore_window_loader_new(c->parts, &lo);
    o.optimizer = ore_sgd_new(&t->root, &so);
    o.steps = 1;
    o.accumulate = accumulate;
    assert_int_equal(ore_fit(&o, NULL, r), ORE_OK);
    ore_optimizer_free(o.optimizer);
    ore_loader_free(o.loader);
}

static void test_accumulation(void **state) {
    (void)state;
    corpus c = open_corpus(true);
    assert_int_equal(ore_token_parts_documents(c.parts, ORE_PART_TRAIN), 9);
    table whole, parts;
    ore_fit_result r, p;
    step_in_parts(&c, 9, 1, &whole, &r);
    step_in_parts(&c, 3, 3, &parts, &p);
    assert_int_equal(r.state.tokens, p.state.tokens);
    assert_int_equal(r.state.tokens, ore_token_parts_tokens(c.parts, ORE_PART_TRAIN));
    assert_int_equal(p.loss_count, 1);
    assert_near(p.losses[0], r.losses[0], 1e-12);
    const double *a = ore_data(whole.wte.weight), *b = ore_data(parts.wte.weight);
    for (int i = 0; i < 3 * VOCAB; i++)
        assert_near(b[i], a[i], 1e-12);
    a = ore_data(whole.head.weight), b = ore_data(parts.head.weight);
    for (int i = 0; i < 3 * VOCAB; i++)
        assert_near(b[i], a[i], 1e-12);
    ore_fit_result_free(&r);
    ore_fit_result_free(&p);
    ore_module_free(&whole.root);
    ore_module_free(&parts.root);
    close_corpus(&c);
}

/* ---- ore_evaluate_loader ---- */

static void test_evaluate(void **state) {
    (void)state;
    ore_scope_begin();
    corpus c = open_corpus(false);
    table t;
    table_start(&t, ORE_FLOAT64);
    int64_t train = ore_token_parts_tokens(c.parts, ORE_PART_TRAIN), val = TEXT - train;
    ore_tensor *x = ore_from_data(text + train, ORE_SHAPE(val - 1), ORE_INT64);
    ore_tensor *y = ore_from_data(text + train + 1, ORE_SHAPE(val - 1), ORE_INT64);
    double want = ore_item(ore_cross_entropy(ore_module_forward(&t.root, x), y, NULL));
    ore_token_loader_options lo = ore_token_loader_defaults();
    lo.part = ORE_PART_VAL;
    lo.batch_size = 2;
    lo.block_size = 2;
    ore_loader *loader = ore_window_loader_new(c.parts, &lo);
    ore_evaluation e;
    ore_loader_next(loader); /* evaluation starts at the beginning all the same */
    for (int pass = 0; pass < 2; pass++) {
        assert_int_equal(ore_evaluate_loader(&t.root, NULL, NULL, NULL, loader, 0, &e), ORE_OK);
        assert_true(e.tokens == val - 1 && e.bytes == 2 * e.tokens);
        assert_near(e.loss, want, 1e-14);
        assert_near(e.perplexity, exp(want), 1e-12);
        assert_near(e.bits_per_byte, want / log(2) / 2, 1e-14);
        assert_true(t.root.training && ore_grad_enabled());
    }
    ore_evaluate_loader(&t.root, NULL, NULL, NULL, loader, 2, &e);
    assert_int_equal(e.tokens, 8);
    ore_evaluate_loader(&t.root, NULL, NULL, NULL, loader, 1000, &e);
    assert_int_equal(e.tokens, val - 1);
    ore_loader_free(loader);
    lo.generator = ore_generator_new(5);
    loader = ore_random_loader_new(c.parts, &lo);
    assert_int_equal(ore_evaluate_loader(&t.root, NULL, NULL, NULL, loader, 3, &e), ORE_OK);
    assert_int_equal(e.tokens, 12);
    ore_evaluate_loader(&t.root, NULL, NULL, NULL, loader, 0, &e);
    assert_error(ORE_INVALID, "evaluate: a loader without end needs a limit of batches");
    ore_evaluate_loader(NULL, NULL, NULL, NULL, loader, 1, &e);
    assert_error(ORE_INVALID, "evaluate: needs a module or a forward, a loader, and a limit");
    ore_no_grad_begin();
    ore_fill_(t.head.bias, NAN);
    ore_no_grad_end();
    ore_evaluate_loader(&t.root, NULL, NULL, NULL, loader, 1, &e);
    assert_true(isnan(e.loss));
    assert_error(ORE_DATA, "evaluate: loss is nan in batch 0");
    ore_loader_free(loader);
    ore_generator_free(lo.generator);
    ore_module_free(&t.root);
    close_corpus(&c);
    ore_scope_end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accumulation),
        cmocka_unit_test(test_evaluate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
