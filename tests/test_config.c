/* test_config.c: a config as a table of fields: values, what they refuse, "auto", JSON. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "models/config.h"
#include "support/refusals.h"

enum { RED = 3, BLUE = 7 };

typedef struct things {
    int64_t count, limit;
    double share, other_share;
    int on, other_on;
    int colour;
    char *name, *place;
} things;

static const config_choice colours[] = {{"red", RED}, {"blue", BLUE}, {NULL, 0}};

static const config_field fields[] = {
    CONFIG_FIELD_INT(things, count, "4", "[1, 10]", "how many"),
    CONFIG_FIELD_INT(things, limit, "auto", "[0, 100]", "at most so many"),
    CONFIG_FIELD_FLOAT(things, share, "0.25", "[0, 1)", NULL, "a share"),
    CONFIG_FIELD_FLOAT(things, other_share, "auto", "(0, 1000]", "share", "another share"),
    CONFIG_FIELD_SWITCH(things, on, "true", NULL, "whether"),
    CONFIG_FIELD_SWITCH(things, other_on, "auto", "on", "whether that too"),
    CONFIG_FIELD_CHOICE(things, colour, "blue", colours, "which"),
    CONFIG_FIELD_TEXT(things, name, "", "NAME", "what it is called"),
    CONFIG_FIELD_TEXT(things, place, "auto", "FILE", "where it is"),
    CONFIG_FIELDS_END,
};

static ore_status set(things *t, const char *key, const char *text) {
    char label[CONFIG_LABEL_BYTES];
    snprintf(label, sizeof label, "--%s %s", key, text);
    return config_set(config_find(fields, key), t, text, label);
}

static void assert_value(const things *t, const char *key, const char *expected) {
    char text[64];
    assert_string_equal(config_text(config_find(fields, key), t, text, sizeof text), expected);
}

static void test_defaults(void **state) {
    (void)state;
    things t;
    memset(&t, 0x5a, sizeof t);
    assert_int_equal(config_defaults(fields, &t), ORE_OK);
    for (const config_field *f = fields; f->key; f++)
        assert_value(&t, f->key, f->fallback);
    assert_int_equal(t.count, 4);
    assert_int_equal(t.limit, CONFIG_AUTO_INT);
    assert_true(t.share == 0.25 && isnan(t.other_share));
    assert_true(t.on == 1 && t.other_on == CONFIG_AUTO && t.colour == BLUE);
    assert_string_equal(t.name, "");
    config_free(fields, &t);
    assert_null(t.name);
}

static void test_values(void **state) {
    (void)state;
    things t;
    config_defaults(fields, &t);
    const char *const written[][3] = {
        {"count", "10", "10"},
        {"limit", "0", "0"},
        {"limit", "auto", "auto"},
        {"share", "1e-3", "0.001"},
        {"share", "0", "0"},
        {"other_share", "1000", "1000"},
        {"on", "off", "false"},
        {"on", "1", "true"},
        {"other-on", "yes", "true"},
        {"colour", "red", "red"},
        {"name", "some one", "some one"},
        {"other_share", "auto", "auto"},
    };
    for (size_t i = 0; i < sizeof written / sizeof written[0]; i++) {
        char text[64];
        assert_int_equal(set(&t, written[i][0], written[i][1]), ORE_OK);
        assert_value(&t, written[i][0], written[i][2]);
        assert_int_equal(config_normalise(config_find(fields, written[i][0]), written[i][1], "x",
                                          text, sizeof text),
                         ORE_OK);
        assert_string_equal(text, written[i][2]);
    }
    assert_int_equal(t.colour, RED);
    config_free(fields, &t);
}

static void test_refusals(void **state) {
    (void)state;
    things t;
    config_defaults(fields, &t);
    const char *const wrong[][3] = {
        {"count", "0", "--count 0: out of range, expected 1 <= count <= 10"},
        {"count", "11", "--count 11: out of range, expected 1 <= count <= 10"},
        {"count", "3.5", "--count 3.5: expected an integer"},
        {"count", "auto", "--count auto: expected an integer"},
        {"limit", "x", "--limit x: expected an integer or auto"},
        {"share", "1", "--share 1: out of range, expected 0 <= share < 1"},
        {"share", "nan", "--share nan: expected a number"},
        {"other_share", "0", "--other_share 0: out of range, expected 0 < other_share <= 1000"},
        {"on", "maybe", "--on maybe: expected true or false"},
        {"other_on", "2", "--other_on 2: expected true or false or auto"},
        {"colour", "green", "--colour green: expected red or blue"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(set(&t, wrong[i][0], wrong[i][1]), ORE_INVALID);
        invalid(NULL, wrong[i][2]);
        assert_value(&t, wrong[i][0], config_find(fields, wrong[i][0])->fallback);
    }
    config_free(fields, &t);
}

static void test_general_fields(void **state) {
    (void)state;
    things t;
    config_defaults(fields, &t);
    set(&t, "other_on", "true");
    set(&t, "on", "false");
    config_settle(fields, &t);
    assert_value(&t, "other_share", "0.25"); /* auto: as share */
    assert_value(&t, "other_on", "true");    /* set itself */
    assert_value(&t, "limit", "auto");       /* follows nothing */
    config_free(fields, &t);
}

static void test_check(void **state) {
    (void)state;
    things t;
    config_defaults(fields, &t);
    assert_int_equal(config_check(fields, &t), ORE_INVALID);
    invalid(NULL, "limit auto, expected 0 <= limit <= 100");
    t.limit = 5;
    config_settle(fields, &t);
    set(&t, "place", "here");
    assert_int_equal(config_check(fields, &t), ORE_OK);
    t.share = 1;
    assert_int_equal(config_check(fields, &t), ORE_INVALID);
    invalid(NULL, "share 1, expected 0 <= share < 1");
    t.share = 0;
    t.on = 2;
    assert_int_equal(config_check(fields, &t), ORE_INVALID);
    invalid(NULL, "on 2, expected true|false");
    t.on = 0;
    t.colour = 4;
    assert_int_equal(config_check(fields, &t), ORE_INVALID);
    invalid(NULL, "colour 4, expected red|blue");
    config_free(fields, &t);
}

static void test_json(void **state) {
    (void)state;
    things t, back;
    config_defaults(fields, &t);
    config_defaults(fields, &back);
    set(&t, "count", "9");
    set(&t, "share", "0.1");
    set(&t, "colour", "red");
    set(&t, "name", "one");
    ore_json *o = ore_json_object_new();
    assert_int_equal(config_write(fields, &t, o), ORE_OK);
    char *text = ore_json_text(o, false);
    assert_string_equal(text,
                        "{\"count\": 9, \"limit\": \"auto\", \"share\": 0.1, \"other_share\": "
                        "\"auto\", \"on\": true, \"other_on\": \"auto\", \"colour\": \"red\", "
                        "\"name\": \"one\", \"place\": \"auto\"}");
    ore_string_free(text);
    assert_int_equal(config_read(fields, &back, o), ORE_OK);
    for (const config_field *f = fields; f->key; f++) {
        char value[64];
        assert_value(&back, f->key, config_text(f, &t, value, sizeof value));
    }
    ore_json_set_int(o, "share", 2);
    assert_int_equal(config_read(fields, &back, o), ORE_DATA);
    refused(NULL, ORE_DATA, "share 2: out of range, expected 0 <= share < 1");
    ore_json_set_string(o, "share", "much");
    assert_int_equal(config_read(fields, &back, o), ORE_DATA);
    refused(NULL, ORE_DATA, "share: expected a number");
    ore_json_free(o);
    o = ore_json_object_new();
    assert_int_equal(config_read(fields, &back, o), ORE_DATA);
    refused(NULL, ORE_DATA, "count: missing, expected a number");
    ore_json_free(o);
    config_free(fields, &t);
    config_free(fields, &back);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_values),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_general_fields),
        cmocka_unit_test(test_check),    cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
