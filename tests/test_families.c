/* test_families.c: what holds for every named model of models/models.def: its fields and defaults,
 * what the command makes of them, and that a model of its defaults can be built and asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ops.h>

#include "models/family.h"
#include "support/refusals.h"
#include "support/run.h"

enum { V = 11 };

/* The defaults of a named model's own fields in a config of its family; the caller's. */
static void *config_of(const named_model *m) {
    void *config = calloc(1, m->family->config_bytes);
    assert_non_null(config);
    assert_int_equal(config_defaults(m->family->fields, config), ORE_OK);
    for (const config_setting *s = m->defaults; s && s->key; s++) {
        const config_field *f = config_find(m->family->fields, s->key);
        if (f)
            assert_int_equal(config_set(f, config, s->text, m->name), ORE_OK);
    }
    char size[8];
    snprintf(size, sizeof size, "%d", V);
    for (const config_field *f = m->family->fields; f->key; f++)
        if (!f->general && config_is_auto(f, config)) /* what data would tell */
            assert_int_equal(config_set(f, config, size, m->name), ORE_OK);
    return config;
}

static void test_fields(void **state) {
    (void)state;
    for (int i = 0; i < model_count(); i++) {
        const named_model *m = model_at(i);
        const model_family *f = m->family;
        assert_ptr_equal(model_find(m->name), m);
        if (family_task(f) == &task_language) {
            assert_non_null(config_find(f->fields, "vocab_size"));
            assert_true((f->context > 0) == !config_find(f->fields, "block_size"));
        }
        for (const config_field *field = f->fields; field->key; field++) {
            assert_true(field->offset < f->config_bytes);
            assert_true(*field->help && field->help[strlen(field->help) - 1] != '.');
            assert_true(!field->general || config_find(f->fields, field->general));
            assert_ptr_equal(config_find(f->fields, field->key), field);
            for (int k = 0; k < i; k++) {
                const config_field *other = config_find(model_at(k)->family->fields, field->key);
                assert_true(!other || other->type == field->type);
            }
        }
    }
    assert_null(model_find("no such model"));
}

/* A key of a task is one of no family, and of one type. */
static void test_tasks(void **state) {
    (void)state;
    for (int i = 0; i < model_count(); i++) {
        const model_task *task = family_task(model_at(i)->family);
        int measures = 0;
        while (task->measures && task->measures[measures])
            measures++;
        assert_true(measures <= ORE_MEASURES_MAX && (measures == 0) == !task->measure);
        for (const config_field *field = task->fields; field->key; field++) {
            assert_true(field->offset < task->config_bytes);
            assert_true(*field->help && field->help[strlen(field->help) - 1] != '.');
            for (int k = 0; k < model_count(); k++) {
                const model_family *f = model_at(k)->family;
                const config_field *other = config_find(family_task(f)->fields, field->key);
                assert_null(config_find(f->fields, field->key));
                assert_true(!other || other->type == field->type);
            }
        }
    }
}

static ore_tensor *last_logits(const model_family *f, void *net, ore_tensor *ids) {
    return f->last ? f->last(net, ids) : ore_module_forward(net, ids);
}

/* A model that takes steps gives the same bits by them as reading all of ids (1, T). */
static void expect_same_steps(const model_family *f, void *net, ore_tensor *ids) {
    int64_t T = ore_size(ids, 1) < 20 ? ore_size(ids, 1) : 20;
    assert_true(!f->step == !f->memory_new);
    assert_true(!f->step == !f->memory_free);
    assert_true(!f->step == !f->memory_keep);
    if (!f->step)
        return;
    void *memory = f->memory_new(net, 1);
    ore_no_grad_begin();
    for (int64_t t = 0; t < T; t++) {
        ore_tensor *by_step = f->step(net, memory, ore_narrow(ids, 1, t, 1));
        ore_tensor *whole = last_logits(f, net, ore_narrow(ids, 1, 0, t + 1));
        assert_true(ore_allclose(by_step, whole, 0, 0, false));
    }
    /* and again from what is left of a part of them */
    int64_t kept = f->memory_keep(net, memory, T / 2, T);
    assert_in_range(kept, 0, T / 2);
    ore_tensor *rest = f->step(net, memory, ore_narrow(ids, 1, kept, T - kept));
    assert_true(ore_allclose(rest, last_logits(f, net, ore_narrow(ids, 1, 0, T)), 0, 0, false));
    ore_no_grad_end();
    f->memory_free(memory);
}

static void ask_language_model(const model_family *f, const void *config, void *net,
                               ore_generator *g) {
    int64_t T = family_block_size(f, config);
    assert_int_equal(family_vocab_size(f, config), V);
    ore_tensor *logits = last_logits(f, net, ore_zeros(ORE_SHAPE(1, T), ORE_INT64));
    assert_int_equal(ore_size(logits, 0), 1);
    assert_int_equal(ore_size(logits, -1), V);
    expect_same_steps(f, net, ore_randint(0, V, ORE_SHAPE(1, T), ORE_INT64, g));
}

static void test_models_are_built_and_asked(void **state) {
    (void)state;
    for (int i = 0; i < model_count(); i++) {
        const model_family *f = model_at(i)->family;
        char text[256] = "";
        void *config = config_of(model_at(i)), *net = calloc(1, f->net_bytes);
        ore_generator *g = ore_generator_new(1);
        ore_scope_begin();
        assert_int_equal(family_prepare(f, config), ORE_OK);
        int64_t layers = 0;
        assert_int_equal(f->init(net, config, g), ORE_OK);
        ore_module_eval(net);
        if (family_task(f) == &task_language)
            ask_language_model(f, config, net, g);
        if (f->activation)
            assert_non_null(*f->activation(net, &layers));
        f->describe(config, text, sizeof text);
        assert_true(strlen(text) > 0);
        double count = (double)ore_module_parameter_count(net, false);
        assert_true(f->parameters(config) > count / 2 && f->parameters(config) < 2 * count);
        ore_scope_end();
        f->free(net);
        ore_generator_free(g);
        free(net);
        free(config);
    }
}

/* What a model's defaults say is what a run of it has, whether the key is the family's or one of
 * all models. */
static void test_defaults_are_those_of_a_run(void **state) {
    (void)state;
    if (getenv("ORE_EMULATED")) {
        print_message("skipped: an emulator cannot start a program of the other processor\n");
        skip();
    }
    static child_result result;
    for (int i = 0; i < model_count(); i++) {
        const named_model *m = model_at(i);
        run_well(&result, "train %s --data %s --print-config", m->name, text_file());
        ore_json *config = ore_json_parse(result.out, strlen(result.out), m->name);
        assert_string_equal(ore_json_get_string(config, "model"), m->name);
        for (const config_setting *s = m->defaults; s && s->key; s++) {
            char text[64];
            assert_true(config_scalar_text(config, s->key, text, sizeof text));
            assert_string_equal(text, s->text);
        }
        for (const config_field *f = m->family->fields; f->key; f++)
            assert_true(ore_json_kind_of(config, f->key) != ORE_JSON_MISSING);
        ore_json_free(config);
    }
}

static void test_prepare_names_the_family(void **state) {
    (void)state;
    const model_family *f = model_find("gpt")->family;
    void *config = calloc(1, f->config_bytes);
    config_defaults(f->fields, config);
    assert_int_equal(family_prepare(f, config), ORE_INVALID);
    invalid(NULL, "gpt: vocab_size auto, expected 1 <= vocab_size <= 16777216");
    free(config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_tasks),
        cmocka_unit_test(test_models_are_built_and_asked),
        cmocka_unit_test(test_defaults_are_those_of_a_run),
        cmocka_unit_test(test_prepare_names_the_family),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}
