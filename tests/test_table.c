/* test_table.c: lines, CSV, TSV and JSON lines as table, and what their messages name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ore/io.h>
#include <ore/table.h>

#include "io/json_scan.h"
#include "support/scratch.h"

static ore_table *open_text(const char *name, const char *text, const ore_table_options *options) {
    return ore_table_open_memory(name, text, strlen(text), options);
}

/* The next row's fields are these. */
static void assert_row(ore_table *table, int64_t line, const char *const *want) {
    const ore_row *row = ore_table_next(table);
    if (!row)
        print_message("%s\n", ore_error_message());
    assert_non_null(row);
    assert_int_equal(ore_row_line(row), line);
    for (int64_t i = 0; i < ore_table_field_count(table); i++) {
        size_t bytes;
        assert_string_equal(ore_row_text(row, i, &bytes), want[i]);
        assert_int_equal(bytes, strlen(want[i]));
    }
}

static void assert_no_more(ore_table *table) {
    assert_null(ore_table_next(table));
    assert_true(ore_ok());
    assert_null(ore_table_next(table));
    assert_true(ore_ok());
    ore_table_close(table);
}

/* ---- what is read ---- */

static void test_lines(void **state) {
    (void)state;
    ore_table *r = open_text("a.txt", "\xEF\xBB\xBFone\r\n\n tw\ro \nlast", NULL);
    assert_string_equal(ore_table_name(r), "a.txt");
    assert_int_equal(ore_table_field_count(r), 1);
    assert_string_equal(ore_table_field_name(r, 0), "text");
    assert_row(r, 1, (const char *[]){"one"});
    assert_row(r, 2, (const char *[]){""});
    assert_row(r, 3, (const char *[]){" tw\ro "});
    assert_row(r, 4, (const char *[]){"last"});
    assert_no_more(r);
    assert_no_more(open_text("empty", "", NULL));
}

static void test_csv(void **state) {
    (void)state;
    ore_table *r = open_text("a.CSV",
                             "text,label\r\n"
                             "plain,1\r\n"
                             "\"a, \"\"b\"\"\nc\", 2\n"
                             "\n"
                             "\"\",\"\"\n"
                             ",\n"
                             "\xC3\xA4,x",
                             NULL);
    assert_int_equal(ore_table_field(r, "label"), 1);
    assert_int_equal(ore_table_field(r, "none"), -1);
    assert_row(r, 2, (const char *[]){"plain", "1"});
    assert_row(r, 3, (const char *[]){"a, \"b\"\nc", " 2"});
    assert_row(r, 6, (const char *[]){"", ""});
    assert_row(r, 7, (const char *[]){"", ""});
    assert_row(r, 8, (const char *[]){"\xC3\xA4", "x"});
    assert_no_more(r);
}

static void test_chosen_fields(void **state) {
    (void)state;
    const char *const fields[] = {"c", "a"};
    ore_table_options o = ore_table_defaults();
    o.fields = fields;
    o.field_count = 2;
    ore_table *r = open_text("a.csv", "a,b,c\n1,2,3\n", &o);
    assert_row(r, 2, (const char *[]){"3", "1"});
    assert_no_more(r);
    assert_null(open_text("a.csv", "a,b\n1,2\n", &o));
    assert_error_is(ORE_DATA, "a.csv: line 1: the header has no field 'c', only 'a', 'b'");
    assert_null(ore_table_open(NULL, &o));
    assert_error_is(ORE_INVALID, "table: its name is NULL");
    assert_null(ore_table_open("", &o));
    assert_error_is(ORE_IO, "\"\": cannot open: No such file or directory");
    o.header = false;
    o.delimiter = ';';
    r = open_text("a.csv", "1;2;3\n4;5;6\n", &o);
    assert_row(r, 1, (const char *[]){"1", "2"});
    assert_row(r, 2, (const char *[]){"4", "5"});
    assert_no_more(r);
    o.fields = NULL;
    r = open_text("a.csv", "1;2;3\n", &o);
    assert_int_equal(ore_table_field(r, "3"), 2);
    assert_row(r, 1, (const char *[]){"1", "2", "3"});
    assert_no_more(r);
}

static void test_tsv(void **state) {
    (void)state;
    const char *const fields[] = {"source", "target"};
    ore_table_options o = ore_table_defaults();
    o.header = false;
    o.fields = fields;
    o.field_count = 2;
    ore_table *r = open_text("pairs.tsv", "a \"b\tc\nd\t\ne\n", &o);
    assert_row(r, 1, (const char *[]){"a \"b", "c"});
    assert_row(r, 2, (const char *[]){"d", ""});
    assert_null(ore_table_next(r));
    assert_error_is(ORE_DATA, "pairs.tsv: line 3, field 'target': missing: the line has 1 field, "
                              "expected 2 separated by a tab");
    assert_no_more(r);
    assert_null(open_text("pairs.tsv", "\na\n", &o));
    assert_error_is(ORE_DATA, "pairs.tsv: line 2, field 'target': missing: the line has 1 field, "
                              "expected at least 2");
}

static void test_json_lines(void **state) {
    (void)state;
    ore_table *r = open_text("a.jsonl",
                             "{\"text\": \"a \\\"b\\\"\\n\\u00e4\", \"n\": 12, \"x\": 0.5}\n"
                             "\n"
                             "{\"x\": null, \"more\": 1, \"n\": true, \"text\": [1, {\"a\": 2}]}",
                             NULL);
    assert_int_equal(ore_table_field_count(r), 3);
    assert_row(r, 1, (const char *[]){"a \"b\"\n\xC3\xA4", "12", "0.5"});
    assert_row(r, 3, (const char *[]){"[1, {\"a\": 2}]", "true", ""});
    assert_no_more(r);
    const char *const fields[] = {"n"};
    ore_table_options o = ore_table_defaults();
    o.fields = fields;
    o.field_count = 1;
    r = open_text("a.ndjson", "{\"n\": 1}\n{\"m\": 2}\n[3]\n{\"n\": }\n{\"n\": 5}\n", &o);
    assert_row(r, 1, (const char *[]){"1"});
    assert_null(ore_table_next(r));
    assert_error_is(ORE_DATA, "a.ndjson: line 2, field 'n': missing");
    assert_null(ore_table_next(r));
    assert_error_is(ORE_DATA, "a.ndjson: line 3: an array, expected an object");
    assert_null(ore_table_next(r));
    assert_error(ORE_DATA, "a.ndjson: line 4: column 7: ");
    assert_row(r, 5, (const char *[]){"5"});
    assert_no_more(r);
}

static void test_numbers(void **state) {
    (void)state;
    ore_table_options o = ore_table_defaults();
    o.header = false;
    ore_table *r = open_text("n.csv", "-12, 0.25 ,1e3,x,99999999999999999999,1e999,,nan\n", &o);
    const ore_row *row = ore_table_next(r);
    int64_t n = 0;
    double x = 0;
    bool comma = setlocale(LC_NUMERIC, "de_DE.UTF-8") != NULL;
    assert_int_equal(ore_row_int(row, 0, &n), ORE_OK);
    assert_int_equal(n, -12);
    assert_int_equal(ore_row_double(row, 1, &x), ORE_OK);
    assert_true(x == 0.25);
    assert_int_equal(ore_row_double(row, 2, &x), ORE_OK);
    assert_true(x == 1000);
    assert_int_equal(ore_row_int(row, 3, &n), ORE_DATA);
    assert_error_is(ORE_DATA, "n.csv: line 1, field '4': \"x\", expected an integer");
    ore_row_int(row, 4, &n);
    assert_error(ORE_DATA, "field '5': \"99999999999999999999\", expected an integer");
    for (int64_t i = 5; i < 8; i++) {
        ore_row_double(row, i, &x);
        assert_error(ORE_DATA, "expected a number");
    }
    assert_true(n == -12 && x == 1000);
    assert_null(ore_row_text(row, 8, NULL));
    assert_error_is(ORE_INVALID, "n.csv: field number 8, expected 0 to 7");
    ore_row_fail(row, 3, "label \"%s\" was never seen", "x");
    assert_error_is(ORE_DATA, "n.csv: line 1, field '4': label \"x\" was never seen");
    if (comma)
        setlocale(LC_NUMERIC, "C");
    ore_table_close(r);
}

/* ---- what is wrong ---- */

static void expect_csv(const char *text, const char *message) {
    ore_table *r = open_text("bad.csv", text, NULL);
    while (ore_table_next(r))
        ;
    assert_error_is(ORE_DATA, message);
    ore_table_close(r);
}

static void test_bad_csv(void **state) {
    (void)state;
    expect_csv("", "bad.csv: is empty, expected a header");
    expect_csv("a,a\n", "bad.csv: line 1: two fields are named 'a'");
    expect_csv("a,b\n1,2\n3\n", "bad.csv: line 3, field 'b': missing: the line has 1 field, "
                                "expected 2 separated by the delimiter");
    expect_csv("a,b\n1,2,3\n", "bad.csv: line 2: 3 fields, expected 2");
    expect_csv("a,b\n1,\"2\n\n3,4\n", "bad.csv: line 2, field 'b': its quote is never closed");
    expect_csv("a,b\n1,x\"2\"\n", "bad.csv: line 2, field 'b': a quote inside a field that does "
                                  "not begin with one; it is written \"\" in a field between "
                                  "quotes");
    expect_csv("a,b\n\"1\"x,2\n", "bad.csv: line 2, field 'a': text follows its closing quote; a "
                                  "quote inside is written \"\"");
    expect_csv("a\n\n\xC3\xA4\xFF\n", "bad.csv: line 3: byte 3 (0xFF) is not valid UTF-8");
    ore_table *r = ore_table_open_memory("nul.txt", "a\0b", 3, NULL);
    assert_null(ore_table_next(r));
    assert_error_is(ORE_DATA, "nul.txt: line 1: byte 2 is a NUL, which no text has");
    ore_table_close(r);
    assert_null(ore_table_open_memory("w.csv",
                                      "\xFF\xFE"
                                      "a\0",
                                      4, NULL));
    assert_error_is(ORE_DATA, "w.csv: is UTF-16 or UTF-32, expected UTF-8");
}

static void test_bad_options(void **state) {
    (void)state;
    ore_table_options o = ore_table_defaults();
    o.delimiter = '"';
    assert_null(open_text("a.csv", "a\n", &o));
    assert_error(ORE_INVALID, "table: delimiter 34");
    o = ore_table_defaults();
    o.row_bytes_max = 0;
    assert_null(open_text("a.csv", "a\n", &o));
    assert_error(ORE_INVALID, "row_bytes_max 0, expected at least 1");
    o = ore_table_defaults();
    o.field_count = -1;
    assert_null(open_text("a.csv", "a\n", &o));
    assert_error(ORE_INVALID, "table: -1 fields, expected at least 1");
    o.format = (ore_table_format)17;
    assert_null(open_text("a.csv", "a\n", &o));
    assert_error(ORE_INVALID, "table: format 17");
    assert_null(ore_table_open(scratch_path("missing.csv"), NULL));
    assert_error(ORE_IO, "missing.csv: cannot open");
    assert_null(ore_table_open(scratch_path(""), NULL));
    assert_error(ORE_IO, "cannot read");
}

static void test_rows_that_are_too_long(void **state) {
    (void)state;
    ore_table_options o = ore_table_defaults();
    o.row_bytes_max = 8;
    ore_table *r = open_text("a.txt", "12345678901\n1234567\n", &o);
    assert_null(ore_table_next(r));
    assert_error_is(ORE_DATA, "a.txt: line 1: longer than 8 bytes");
    assert_row(r, 2, (const char *[]){"1234567"});
    assert_no_more(r);
    static char large[1 << 18];
    memset(large, 'x', sizeof large);
    memcpy(large, "a\n\"", 3);
    o.row_bytes_max = 1 << 10;
    r = ore_table_open_memory("a.csv", large, sizeof large, &o);
    assert_null(ore_table_next(r));
    assert_error_is(ORE_DATA, "a.csv: line 2: longer than 1024 bytes, or a quote is never closed");
    assert_no_more(r);
    /* one that is longer than the reader's window is passed over, too, with quoted line ends */
    memset(large + 3, '\n', 100);
    memcpy(large + sizeof large - 5, "\"\nb\n", 4);
    r = ore_table_open_memory("a.csv", large, sizeof large - 1, &o);
    assert_null(ore_table_next(r));
    assert_error(ORE_DATA, "a.csv: line 2: longer than 1024 bytes");
    assert_row(r, 103, (const char *[]){"b"});
    assert_no_more(r);
}

/* ---- JSON without a tree ---- */

static uint32_t random_state = 1;

static uint32_t draw(uint32_t below) {
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % below;
}

/* What the quick reader takes, the whole one takes too, and has the same strings. */
static bool expect_same_strings(const char *json) {
    static char *const names[] = {"text", "b"};
    ore_json_span spans[2];
    char text[256];
    if (!ore_json_find_strings(json, (int64_t)strlen(json), names, 2, spans))
        return false;
    ore_json *whole = ore_json_parse(json, strlen(json), "");
    if (!whole)
        fail_msg("%s: %s", json, ore_error_message());
    for (int i = 0; i < 2; i++) {
        ore_json_kind kind = ore_json_kind_of(whole, names[i]);
        assert_int_equal(spans[i].found, kind != ORE_JSON_MISSING);
        assert_int_equal(spans[i].start != NULL, kind == ORE_JSON_STRING);
        if (!spans[i].start)
            continue;
        int64_t bytes = ore_json_unescape(&spans[i], text);
        assert_true(bytes <= spans[i].bytes);
        const char *want = ore_json_get_string(whole, names[i]);
        assert_int_equal(bytes, strlen(want));
        assert_memory_equal(text, want, (size_t)bytes);
    }
    ore_json_free(whole);
    return true;
}

static void test_json_scan(void **state) {
    (void)state;
    static const char *const samples[] = {
        "{}",
        " { \"text\" : \"a\\n\\u00e4\\ud83d\\ude00\\\\ \\/\" , \"b\":null}\r",
        "{\"id\":[1,-2.5e-3,{\"text\":\"no\",\"c\":[]}],\"b\":\"\xC3\xA4\",\"text\":\"\"}",
        "{\"a\":true,\"n\":{\"x\":{\"y\":false}},\"text\":\"a longer text \\\" with a quote\"}",
    };
    static const char *const left[] = {
        "{\"text\":\"a\",\"text\":\"b\"}",
        "{\"text\":\"\\ud800\"}",
        "{\"text\":\"\\u0000\"}",
        "{\"text\":\"a\tb\"}",
        "{\"text\":\"a\"} x",
        "{\"b\":1}",
        "{\"a\":01}",
        "{\"a\":12345678901234567890}",
        "{\"a\":1e999}",
        "[1]",
        "{\"te\\u0078t\":\"a\"}",
        "{\"a\":{\"b\":1,\"b\":2}}",
        "{\"text\":\"a\",}",
        "{\"text\":\"a",
    };
    char json[256];
    int taken = 0;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        assert_true(expect_same_strings(samples[i]));
        for (int round = 0; round < 50000; round++) {
            static const char common[] = "\"\\{}[]:,.0e-u \nntrue";
            strcpy(json, samples[i]);
            for (uint32_t changes = 1 + draw(3); changes > 0; changes--) {
                char *at = &json[draw((uint32_t)strlen(json))];
                *at = *at & 0x80 ? *at : common[draw(sizeof common - 1)]; /* it stays UTF-8 */
            }
            taken += expect_same_strings(json);
        }
    }
    assert_in_range(taken, 10000, 190000);
    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        assert_false(expect_same_strings(left[i]));
}

/* A number that is too large for 64 bits does not hide the strings beside it. */
static void test_json_numbers(void **state) {
    (void)state;
    static const char *const names[] = {"text", "n"};
    ore_table_options o = ore_table_defaults();
    o.fields = names;
    o.field_count = 1;
    const char *json = "{\"text\":\"a\",\"n\":5,\"id\":123456789012345678901}\n";
    ore_table *r = open_text("a.jsonl", json, &o);
    assert_row(r, 1, (const char *[]){"a"});
    assert_no_more(r);
    o.field_count = 2;
    r = open_text("a.jsonl", json, &o);
    assert_null(ore_table_next(r));
    assert_error_is(ORE_DATA, "a.jsonl: line 1, field 'n': a number, in an object with one of more "
                              "than 64 bits");
    ore_table_close(r);
}

/* ---- any table ---- */

enum { COLUMNS = 3, ROWS = 400, CELL = 40 };

static size_t write_cell(char *at, const char *text) {
    char *start = at;
    *at++ = '"';
    for (; *text; text++) {
        if (*text == '"')
            *at++ = '"';
        *at++ = *text;
    }
    *at++ = '"';
    return (size_t)(at - start);
}

/* Tables of awkward text come back from a file as they were, whatever the window cuts. */
static void test_any_table_comes_back(void **state) {
    (void)state;
    static const char letters[] = "ab,\"\n\r ;\t'\\";
    static char cells[ROWS][COLUMNS][CELL], text[ROWS * COLUMNS * 2 * CELL + ROWS * 2];
    for (int round = 0; round < 20; round++) {
        size_t used = 0;
        for (int row = 0; row < ROWS; row++)
            for (int c = 0; c < COLUMNS; c++) {
                uint32_t n = draw(CELL);
                for (uint32_t i = 0; i < n; i++)
                    cells[row][c][i] = letters[draw(sizeof letters - 1)];
                cells[row][c][n] = '\0';
                used += write_cell(text + used, cells[row][c]);
                const char *end = c + 1 < COLUMNS ? "," : draw(2) ? "\r\n" : "\n";
                used += (size_t)sprintf(text + used, "%s", end);
            }
        ore_table_options o = ore_table_defaults();
        o.header = false;
        ore_table *r = ore_table_open(scratch_file("any.csv", text, used), &o);
        assert_non_null(r);
        for (int i = 0; i < ROWS; i++) {
            const ore_row *row = ore_table_next(r);
            assert_non_null(row);
            for (int c = 0; c < COLUMNS; c++)
                assert_string_equal(ore_row_text(row, c, NULL), cells[i][c]);
        }
        assert_no_more(r);
    }
}

/* ---- memory, pipes, files that change ---- */

static size_t in_use(void) {
    ore_memory_stats stats;
    ore_memory_read(&stats);
    return stats.in_use_bytes;
}

static void test_memory_does_not_grow(void **state) {
    (void)state;
    enum { LINES = 200000 }; /* 3 MB */
    const char *path = scratch_path("long.csv");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "text,n\n");
    for (int i = 0; i < LINES; i++)
        fprintf(file, "\"%08d\",%d\n", i, i % 10);
    fclose(file);
    size_t before = in_use();
    ore_table *r = ore_table_open(path, NULL);
    int64_t count = 0;
    for (const ore_row *row; (row = ore_table_next(r)) != NULL; count++) {
        assert_int_equal(ore_row_line(row), count + 2);
        assert_true(in_use() - before < 100000); /* a window of 64 KiB, and one row */
    }
    assert_int_equal(count, LINES);
    assert_no_more(r);
    assert_int_equal(in_use(), before);
}

static void *write_slowly(void *path) {
    int descriptor = open(path, O_WRONLY);
    const char *text = "a,b\n1,\"2\n3\"\n4,5";
    for (size_t i = 0; i < strlen(text); i++)
        if (write(descriptor, text + i, 1) != 1)
            break;
    close(descriptor);
    return NULL;
}

static void test_a_pipe(void **state) {
    (void)state;
    pthread_t writer;
    const char *path = scratch_path("pipe.csv");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(pthread_create(&writer, NULL, write_slowly, (void *)path), 0);
    ore_table *r = ore_table_open(path, NULL);
    assert_row(r, 2, (const char *[]){"1", "2\n3"});
    assert_row(r, 4, (const char *[]){"4", "5"});
    assert_no_more(r);
    pthread_join(writer, NULL);
}

static void test_a_file_that_changes(void **state) {
    (void)state;
    const char *path = scratch_file("change.txt", "one\ntwo\n", 8);
    ore_table *r = ore_table_open(path, NULL);
    assert_row(r, 1, (const char *[]){"one"});
    FILE *file = fopen(path, "a");
    fprintf(file, "three\n");
    fclose(file);
    while (ore_table_next(r))
        ;
    assert_error(ORE_DATA, "change.txt: was changed while in use");
    ore_table_close(r);
}

static void test_pending_error_refuses(void **state) {
    (void)state;
    ore_table *r = open_text("a.txt", "one\n", NULL);
    ore_fail(ORE_STATE, "before");
    assert_null(ore_table_next(r));
    assert_null(open_text("a.txt", "one\n", NULL));
    assert_error(ORE_STATE, "before");
    assert_row(r, 1, (const char *[]){"one"});
    ore_table_close(r);
    ore_table_close(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_chosen_fields),
        cmocka_unit_test(test_tsv),
        cmocka_unit_test(test_json_lines),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_bad_csv),
        cmocka_unit_test(test_bad_options),
        cmocka_unit_test(test_rows_that_are_too_long),
        cmocka_unit_test(test_json_scan),
        cmocka_unit_test(test_json_numbers),
        cmocka_unit_test(test_any_table_comes_back),
        cmocka_unit_test(test_memory_does_not_grow),
        cmocka_unit_test(test_a_pipe),
        cmocka_unit_test(test_a_file_that_changes),
        cmocka_unit_test(test_pending_error_refuses),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
