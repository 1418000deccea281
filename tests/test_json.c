/* JSON: order, numbers that read back the same, and messages with place and path. */
#include <float.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include <ore/io.h>

#include "io/json.h"
#include "support/scratch.h"

static void assert_text(const ore_json *json, bool indented, const char *expected) {
    char *text = ore_json_text(json, indented);
    assert_non_null(text);
    assert_string_equal(text, expected);
    ore_string_free(text);
}

static ore_json *parse(const char *text) {
    ore_json *json = ore_json_parse(text, strlen(text), "config.json");
    if (!json)
        fail_msg("%s", ore_error_message());
    return json;
}

static ore_json *build(void) {
    ore_json *json = ore_json_object_new();
    assert_int_equal(ore_json_set_string(json, "z", "a\"b\\c\n\t\x01 \xc3\xa4"), ORE_OK);
    assert_int_equal(ore_json_set_int(json, "a", INT64_MIN), ORE_OK);
    assert_int_equal(ore_json_set_double(json, "m", 1.0), ORE_OK);
    assert_int_equal(ore_json_set_bool(json, "yes", true), ORE_OK);
    assert_int_equal(ore_json_set_null(json, "none"), ORE_OK);
    ore_json *inner = ore_json_set_object(json, "inner");
    ore_json *list = ore_json_set_array(inner, "list");
    assert_int_equal(ore_json_add_int(list, 1), ORE_OK);
    assert_int_equal(ore_json_add_double(list, 0.1), ORE_OK);
    assert_int_equal(ore_json_add_string(list, "x"), ORE_OK);
    ore_json *rows = ore_json_set_array(json, "rows");
    assert_int_equal(ore_json_set_int(ore_json_add_object(rows), "k", 2), ORE_OK);
    assert_non_null(ore_json_add_array(rows));
    assert_non_null(ore_json_set_object(json, "empty"));
    return json;
}

static void test_order_and_text(void **state) {
    (void)state;
    ore_json *json = build();
    assert_text(json, false,
                "{\"z\": \"a\\\"b\\\\c\\n\\t\\u0001 \xc3\xa4\", \"a\": -9223372036854775808, "
                "\"m\": 1.0, \"yes\": true, \"none\": null, \"inner\": {\"list\": [1, 0.1, "
                "\"x\"]}, \"rows\": [{\"k\": 2}, []], \"empty\": {}}");
    ore_json_set_int(json, "a", 7); /* keeps its place */
    assert_text(json, true,
                "{\n  \"z\": \"a\\\"b\\\\c\\n\\t\\u0001 \xc3\xa4\",\n  \"a\": 7,\n  \"m\": 1.0,\n"
                "  \"yes\": true,\n  \"none\": null,\n  \"inner\": {\n    \"list\": [1, 0.1, \"x\"]"
                "\n  },\n  \"rows\": [\n    {\n      \"k\": 2\n    },\n    []\n  ],\n"
                "  \"empty\": {}\n}\n");
    static const char *const keys[] = {"z", "a", "m", "yes", "none", "inner", "rows", "empty"};
    assert_int_equal(ore_json_count(json), 8);
    for (int i = 0; i < 8; i++)
        assert_string_equal(ore_json_key(json, i), keys[i]);
    assert_string_equal(ore_json_key(json, 2), "m");
    assert_null(ore_json_key(json, 8));
    assert_error(ORE_INVALID, "key 8 of an object of 8 members");
    ore_json_free(json);
}

static void test_kinds_and_removal(void **state) {
    (void)state;
    ore_json *json = parse("{\"a\": 1, \"list\": [1, 2.5, \"x\", null, true, {}, []], \"b\": 2}");
    ore_json *list = ore_json_get_array(json, "list");
    static const ore_json_kind kinds[] = {ORE_JSON_INT,  ORE_JSON_DOUBLE, ORE_JSON_STRING,
                                          ORE_JSON_NULL, ORE_JSON_BOOL,   ORE_JSON_OBJECT,
                                          ORE_JSON_ARRAY};
    for (int i = 0; i < 7; i++)
        assert_int_equal(ore_json_kind_at(list, i), kinds[i]);
    assert_int_equal(ore_json_kind_at(list, 7), ORE_JSON_MISSING);
    assert_int_equal(ore_json_kind_at(list, -1), ORE_JSON_MISSING);
    assert_int_equal(ore_json_kind_at(NULL, 0), ORE_JSON_MISSING);
    assert_true(ore_json_is_object(json) && !ore_json_is_object(list) && !ore_json_is_object(NULL));
    assert_string_equal(ore_json_key(json, 1), "list");
    assert_int_equal(ore_json_remove(json, "a"), ORE_OK);
    assert_int_equal(ore_json_remove(json, "a"), ORE_OK);
    assert_string_equal(ore_json_key(json, 1), "b");
    assert_int_equal(ore_json_remove(list, "a"), ORE_INVALID);
    assert_error(ORE_INVALID, "json: an array has no members to remove");
    assert_int_equal(ore_json_remove(NULL, "a"), ORE_INVALID);
    assert_error(ORE_INVALID, "json: a NULL object or array");
    ore_json_free(json);
    assert_true(atoi(ore_json_jansson_version()) >= 2);
}

static void test_write_and_load(void **state) {
    (void)state;
    ore_json *json = build();
    const char *path = scratch_path("config.json");
    assert_int_equal(ore_json_write(json, path), ORE_OK);
    ore_json *back = ore_json_load(path);
    char *text = ore_json_text(json, true);
    assert_text(back, true, text);
    ore_string_free(text);
    int64_t integer = 0;
    double number = 0;
    bool flag = false;
    assert_string_equal(ore_json_get_string(back, "z"), "a\"b\\c\n\t\x01 \xc3\xa4");
    assert_int_equal(ore_json_get_int(back, "a", &integer), ORE_OK);
    assert_true(integer == INT64_MIN);
    assert_int_equal(ore_json_get_double(back, "m", &number), ORE_OK);
    assert_true(number == 1.0);
    assert_int_equal(ore_json_get_bool(back, "yes", &flag), ORE_OK);
    assert_true(flag);
    ore_json *list = ore_json_get_array(ore_json_get_object(back, "inner"), "list");
    assert_int_equal(ore_json_count(list), 3);
    assert_int_equal(ore_json_at_int(list, 0, &integer), ORE_OK);
    assert_int_equal(integer, 1);
    assert_int_equal(ore_json_at_double(list, 0, &number), ORE_OK);
    assert_true(number == 1.0);
    assert_int_equal(ore_json_at_double(list, 1, &number), ORE_OK);
    assert_true(number == 0.1);
    assert_string_equal(ore_json_at_string(list, 2), "x");
    ore_json *rows = ore_json_get_array(back, "rows");
    assert_int_equal(ore_json_get_int(ore_json_at_object(rows, 0), "k", &integer), ORE_OK);
    assert_int_equal(integer, 2);
    assert_int_equal(ore_json_count(ore_json_at_array(rows, 1)), 0);
    assert_int_equal(ore_json_kind_of(back, "rows"), ORE_JSON_ARRAY);
    assert_int_equal(ore_json_kind_of(back, "a"), ORE_JSON_INT);
    assert_int_equal(ore_json_kind_of(back, "m"), ORE_JSON_DOUBLE);
    assert_int_equal(ore_json_kind_of(back, "none"), ORE_JSON_NULL);
    assert_int_equal(ore_json_kind_of(back, "nothing"), ORE_JSON_MISSING);
    assert_true(ore_ok());
    ore_json_free(back);
    ore_json_free(json);
}

static void test_append(void **state) {
    (void)state;
    const char *path = scratch_path("metrics.jsonl");
    for (int i = 0; i < 2; i++) {
        ore_json *line = ore_json_object_new();
        ore_json_set_int(line, "step", i);
        ore_json_set_double(line, "loss", i ? NAN : 1.5);
        assert_int_equal(ore_json_append(line, path), ORE_OK);
        ore_json_free(line);
    }
    char *text = ore_file_read(path, NULL);
    assert_string_equal(text, "{\"step\": 0, \"loss\": 1.5}\n{\"step\": 1, \"loss\": null}\n");
    ore_string_free(text);
}

/* Every double comes back to the bit, and short ones are written short. */
static void test_doubles(void **state) {
    (void)state;
    static const double values[] = {0.0,    -0.0,  1.0,  0.1,  1.0 / 3,     DBL_MAX, DBL_MIN,
                                    5e-324, 1e300, 1e22, 1e16, 123456789.0, 3e-4,    0.3 - 0.1};
    for (size_t i = 0; i < sizeof values / sizeof values[0] + 2000; i++) {
        double value = values[i % 14];
        if (i >= 14) {
            uint64_t bits = (i * 0x9e3779b97f4a7c15u) ^ (i << 50);
            memcpy(&value, &bits, sizeof value);
        }
        if (!isfinite(value))
            continue;
        ore_json *json = ore_json_array_new();
        ore_json_add_double(json, value);
        char *text = ore_json_text(json, false);
        ore_json *back = parse(text);
        double again = 0;
        assert_int_equal(ore_json_at_double(back, 0, &again), ORE_OK);
        assert_memory_equal(&again, &value, sizeof value);
        char *twice = ore_json_text(back, false);
        assert_string_equal(twice, text); /* still a double, not an integer */
        ore_string_free(twice);
        ore_string_free(text);
        ore_json_free(back);
        ore_json_free(json);
    }
    ore_json *json = ore_json_array_new();
    ore_json_add_double(json, 3e-4);
    ore_json_add_double(json, 1e22);
    ore_json_add_double(json, -2);
    assert_text(json, false, "[0.0003, 1e+22, -2.0]");
    ore_json_free(json);
}

/* One function for every file: no text of fewer digits reads back the same. */
static void test_number_texts(void **state) {
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0.14, "0.14"},
                 {0.1 + 0.2, "0.30000000000000004"},
                 {3e-4 / 10, "2.9999999999999997e-05"},
                 {5e-324, "5e-324"},
                 {1e-310, "1e-310"},
                 {-2, "-2"},
                 {-0.0, "-0"},
                 {1e22, "1e+22"},
                 {123456789, "123456789"},
                 {INFINITY, "inf"},
                 {-INFINITY, "-inf"},
                 {NAN, "nan"}};
    char text[ORE_NUMBER_TEXT_BYTES];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(ore_number_text(cases[i].value, text), cases[i].text);
}

static void test_locale(void **state) {
    (void)state;
    if (!setlocale(LC_NUMERIC, "de_DE.UTF-8")) {
        print_message("[  SKIPPED ] decimal comma: no such locale here\n");
        return;
    }
    ore_json *json = ore_json_array_new();
    ore_json_add_double(json, 0.5);
    char *text = ore_json_text(json, false);
    setlocale(LC_NUMERIC, "C");
    assert_string_equal(text, "[0.5]");
    ore_string_free(text);
    ore_json_free(json);
}

static void test_syntax_errors(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"{\"a\": 1,\n  \"b\": }", "config.json: line 2, column 8: unexpected token near '}'"},
        {"{\"a\": 1", "config.json: line 1, column 7: '}' expected near end of file"},
        {"{\"a\": 1, \"a\": 2}", "duplicate object key"},
        {"{\"a\": 123456789012345678901}", "too big"},
        {"{\"a\": \"\xff\"}", "config.json: line 1, column 7: unable to decode byte 0xff"},
        {"{\"a\": \"x\ny\"}", "config.json: line 1, column 8: unexpected newline"},
        {"{} x", "end of file expected"},
        {"12", "config.json: line 1, column 2: '[' or '{' expected near '12'"},
        {"", "config.json: empty, expected JSON"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_null(ore_json_parse(cases[i][0], strlen(cases[i][0]), "config.json"));
        assert_error(ORE_DATA, cases[i][1]);
    }
    assert_null(ore_json_load(scratch_file("empty.json", "", 0)));
    assert_error(ORE_DATA, "empty.json: the file is empty");
    assert_null(ore_json_load(scratch_path("none.json")));
    assert_error(ORE_IO, "none.json: cannot open: No such file or directory");
    /* Deep nesting is refused, not a stack overflow. */
    static char deep[200000];
    memset(deep, '[', sizeof deep);
    assert_null(ore_json_parse(deep, sizeof deep, "deep"));
    assert_error(ORE_DATA, "deep: line 1");
}

/* U+0000 in texts and keys, for those who ask for it. */
static void test_zeros(void **state) {
    (void)state;
    static const char text[] = "{\"a\\u0000\": 1, \"a\": [\"\\u0000\", \"\\\\u0000\"], "
                               "\"\\uDBFF\\udffd\": {\"\xF4\x8F\xBF\xBD"
                               "0\": \"\"}}";
    ore_json *json = ore_json_parse_zeros(text, sizeof text - 1, "zeros");
    assert_text(json, false,
                "{\"a\\u0000\": 1, \"a\": [\"\\u0000\", \"\\\\u0000\"], \"\xF4\x8F\xBF\xBD\": "
                "{\"\xF4\x8F\xBF\xBD"
                "0\": \"\"}}");
    size_t bytes;
    int64_t value = 0;
    assert_memory_equal(ore_json_key_bytes(json, 0, &bytes), "a", 2);
    assert_int_equal(bytes, 2);
    assert_int_equal(ore_json_member_int(json, 0, &value), ORE_OK);
    assert_int_equal(value, 1);
    ore_json *list = ore_json_get_array(json, "a");
    ore_json_at_bytes(list, 0, &bytes);
    assert_int_equal(bytes, 1);
    assert_null(ore_json_at_string(list, 0));
    assert_error(ORE_DATA, "zeros: a[0]: a text with U+0000, expected one without");
    assert_null(ore_json_key(json, 0));
    assert_error(ORE_DATA, "zeros: a: a key with U+0000, expected one without");
    assert_int_equal(ore_json_member_int(json, 1, &value), ORE_DATA);
    assert_error(ORE_DATA, "zeros: a: an array, expected an integer");
    ore_json_free(json);
    assert_null(ore_json_parse_zeros("{\"\\u0000\": 1, \"\\u0000\": 2}", 26, "zeros"));
    assert_error(ORE_DATA, "duplicate object key");
    assert_null(ore_json_parse("{\"\\u0000\": 1}", 13, "zeros"));
    assert_error(ORE_DATA, "zeros: line 1, column 9: a text with U+0000, which Ore lacks");
}

static void test_getter_errors(void **state) {
    (void)state;
    ore_json *json =
        parse("{\"n_head\": \"4\", \"lr\": true, \"model\": {\"layers\": [1, {}, 2.5]},"
              " \"nothing\": null}");
    int64_t integer = 42;
    double number = 42;
    bool flag = false;
    assert_int_equal(ore_json_get_int(json, "n_head", &integer), ORE_DATA);
    assert_error(ORE_DATA, "config.json: n_head: a string, expected an integer");
    assert_int_equal(ore_json_get_int(json, "n_layer", &integer), ORE_DATA);
    assert_error(ORE_DATA, "config.json: n_layer: missing, expected an integer");
    assert_int_equal(ore_json_get_double(json, "lr", &number), ORE_DATA);
    assert_error(ORE_DATA, "config.json: lr: a boolean, expected a number");
    assert_int_equal(ore_json_get_bool(json, "model", &flag), ORE_DATA);
    assert_error(ORE_DATA, "config.json: model: an object, expected a boolean");
    assert_null(ore_json_get_string(json, "nothing"));
    assert_error(ORE_DATA, "config.json: nothing: null, expected a string");
    assert_null(ore_json_get_array(json, "model"));
    assert_error(ORE_DATA, "config.json: model: an object, expected an array");
    ore_json *layers = ore_json_get_array(ore_json_get_object(json, "model"), "layers");
    assert_int_equal(ore_json_at_int(layers, 2, &integer), ORE_DATA);
    assert_error(ORE_DATA, "config.json: model.layers[2]: a number, expected an integer");
    assert_null(ore_json_at_object(layers, 3));
    assert_error(ORE_DATA, "config.json: model.layers[3]: missing, expected an object");
    assert_null(ore_json_get_string(ore_json_at_object(layers, 1), "name"));
    assert_error(ORE_DATA, "config.json: model.layers[1].name: missing, expected a string");
    assert_null(ore_json_at_string(json, 0));
    assert_error(ORE_DATA, "config.json: [0]: missing, expected a string");
    assert_int_equal(integer, 42);
    assert_true(number == 42);
    ore_json_free(json);
}

static void test_setter_errors(void **state) {
    (void)state;
    ore_json *json = ore_json_object_new();
    assert_int_equal(ore_json_set_string(json, "text", "\xff"), ORE_DATA);
    assert_error(ORE_DATA, "text: text that is not UTF-8, expected UTF-8");
    assert_int_equal(ore_json_add_int(json, 1), ORE_INVALID);
    assert_error(ORE_INVALID, "json: an object cannot take an element");
    assert_int_equal(ore_json_set_int(NULL, "a", 1), ORE_INVALID);
    assert_error(ORE_INVALID, "json: a NULL object or array");
    ore_fail(ORE_STATE, "pending");
    assert_int_equal(ore_json_set_int(json, "a", 1), ORE_STATE);
    assert_int_equal(ore_json_write(json, scratch_path("f")), ORE_STATE);
    assert_error(ORE_STATE, "pending");
    assert_int_equal(ore_json_count(json), 0);
    ore_json_free(json);
    ore_json_free(NULL);
}

/* ---- memory that runs out inside jansson ---- */

static int64_t allocations, fail_from, fail_to; /* those between the two get none */

static void *failing_malloc(size_t bytes) {
    allocations++;
    return allocations >= fail_from && allocations < fail_to ? NULL : malloc(bytes);
}

static const char SAMPLE[] = "{\"name\": \"a\\u00e4 b\", \"list\": [1, -2.5e3, true, null, "
                             "{\"k\": \"v\"}], \"more\": {\"x\": [[], {}]}}";

/* Whether all went well; parses, builds and writes. */
static bool use_json(void) {
    static const char value[] = "x";
    ore_json *read = ore_json_parse(SAMPLE, sizeof SAMPLE - 1, "config.json");
    ore_json *made = ore_json_object_new();
    ore_json_set_string(made, "text", "a long text of its own");
    ore_json_set_int(made, "whole", 3);
    ore_json_set_double(made, "part", 0.5);
    ore_json *list = ore_json_set_array(made, "list");
    for (int i = 0; i < 12; i++)
        ore_json_add_string(list, "element");
    ore_json_add_object(list);
    ore_json_add_array(list);
    char *text = ore_json_text(made, true);
    ore_safetensors_entry entry = {
        .name = "w", .dtype = ORE_UINT8, .shape = ORE_SHAPE(1), .data = value, .bytes = 1};
    if (ore_ok())
        ore_safetensors_write_entries(scratch_path("memory.safetensors"), &entry, 1, NULL);
    ore_string_free(text);
    ore_json_free(made);
    ore_json_free(read);
    return ore_ok();
}

static void test_memory_that_runs_out_is_told(void **state) {
    (void)state;
    json_malloc_t plain;
    json_free_t release;
    json_get_alloc_funcs(&plain, &release);
    json_set_alloc_funcs(failing_malloc, free);
    bool whole = false;
    int64_t tried = 0, failures = 0;
    for (int lasting = 0; lasting < 2; lasting++, whole = false)
        for (int64_t n = 1; !whole; n++) {
            allocations = 0;
            fail_from = n;
            fail_to = lasting ? INT64_MAX : n + 2; /* two: it also fails where it is tried again */
            whole = use_json() && allocations < n;
            if (!ore_ok() &&
                (ore_error_status() != ORE_MEMORY || !strstr(ore_error_message(), "out of memory")))
                fail_msg("allocation %lld: %s", (long long)n, ore_error_message());
            tried++;
            failures += !ore_ok();
            ore_error_clear();
        }
    json_set_alloc_funcs(plain, release);
    assert_true(tried > 100 && failures > 50);
    assert_null(ore_json_parse("{\"a\": }", 8, "config.json"));
    assert_error(ORE_DATA, "config.json: line 1, column 7: unexpected token near '}'");
}

int main(void) {
#define TEST(function) cmocka_unit_test_setup_teardown(function, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_order_and_text), TEST(test_kinds_and_removal),
        TEST(test_write_and_load), TEST(test_append),
        TEST(test_doubles),        TEST(test_number_texts),
        TEST(test_locale),         TEST(test_syntax_errors),
        TEST(test_zeros),          TEST(test_getter_errors),
        TEST(test_setter_errors),  TEST(test_memory_that_runs_out_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
