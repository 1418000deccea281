/* test_lab.c: the frame of the lecture ladder: rows and rungs, when a result agrees, what a rung
 * leaves; and `ore lab` from outside, its page in a browser included. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lab/frame/matrix.h"
#include "lab/frame/record.h"
#include "lab/frame/run.h"
#include "lab/rungs.h"
#include "support/child.h"
#include "support/shared.h"

static child_result result;

/* ---- rows and rungs ---- */

static bool pattern_matches_a_row(const lab_published_table *table, const char *pattern,
                                  const char *among) {
    for (int64_t i = 0; i < table->count; i++)
        if (lab_matches(pattern, table->rows[i].id) && lab_matches(among, table->rows[i].id))
            return true;
    return false;
}

static void assert_patterns(const lab_published_table *table, const char *patterns,
                            const char *among) {
    char pattern[64];
    for (const char *p = patterns; *p; p += strspn(p, " ")) {
        size_t length = strcspn(p, " ");
        snprintf(pattern, sizeof pattern, "%.*s", (int)length, p);
        if (!pattern_matches_a_row(table, pattern, among))
            fail_msg("%s stands for no row", pattern);
        p += length;
    }
}

static void test_every_row_has_one_rung(void **state) {
    (void)state;
    lab_published_table *table = lab_published_new();
    assert_non_null(table);
    assert_true(table->count > 100);
    for (int64_t i = 0; i < table->count; i++) {
        int owners = 0;
        for (int r = 0; r < lab_rung_count(); r++)
            owners += lab_matches(lab_rung_at(r)->rows, table->rows[i].id);
        if (owners != 1)
            fail_msg("%s belongs to %d rungs", table->rows[i].id, owners);
    }
    for (int r = 0; r < lab_rung_count(); r++) {
        const lab_rung *rung = lab_rung_at(r);
        assert_patterns(table, rung->rows, "*");
        assert_patterns(table, rung->data_rows, rung->rows);
    }
    lab_published_free(table);
}

static void test_patterns(void **state) {
    (void)state;
    assert_true(lab_matches("p1.n p1.nn.*", "p1.n"));
    assert_true(lab_matches("p1.n p1.nn.*", "p1.nn.loss"));
    assert_false(lab_matches("p1.n p1.nn.*", "p1.names"));
    assert_false(lab_matches("p1.n p1.nn.*", "p1"));
    assert_false(lab_matches("", "p1"));
}

/* ---- when a result agrees ---- */

static lab_row row_of(const char *id, const char *expected, const char *tolerance) {
    return (lab_row){id, "", "", "", "", expected, tolerance, ""};
}

static bool agrees(const char *expected, const char *tolerance, int count, ...) {
    lab_row row = row_of("", expected, tolerance);
    double values[8];
    va_list arguments;
    va_start(arguments, count);
    for (int i = 0; i < count; i++)
        values[i] = va_arg(arguments, double);
    va_end(arguments);
    return lab_compare_values(&row, values, count).agrees;
}

static void test_values(void **state) {
    (void)state;
    assert_true(agrees("32033", "exact", 1, 32033.0));
    assert_false(agrees("32033", "exact", 1, 32034.0));
    assert_false(agrees("32033", "exact", 2, 32033.0, 1.0));
    assert_false(agrees("1 2", "exact", 1, 1.0));
    assert_false(agrees("1", "exact", 1, (double)NAN));
    assert_true(agrees("0.0000 0.1377", "5e-5 (printed digits)", 2, 0.00004, 0.13768));
    assert_false(agrees("0.0000 0.1377", "5e-5 (printed digits)", 2, 0.00006, 0.1377));
    assert_true(
        agrees("-559891.75 nll/n=2.454094", "2e-6 (2.45 in double)", 2, -559891.75, 2.454095));
    assert_true(agrees("2.0705 / 2.1098", "0.01", 2, 2.075, 2.105));
    assert_true(agrees("200.0", "2e-7 relative", 1, 200.00015));
    assert_false(agrees("200.0", "2e-7 relative", 1, 200.00025));
    assert_false(agrees("200.0", "1e-15 relative", 1, 200.00015));
}

static void test_clauses(void **state) {
    (void)state;
    const char *first = "5e-5 at step 0; 2e-3 later", *parts = "1e-6 loss, 1e-5 relative norms";
    assert_true(agrees("3.3 2.0 2.5", first, 3, 3.30004, 2.001, 2.4985));
    assert_false(agrees("3.3 2.0 2.5", first, 3, 3.3001, 2.0, 2.5));
    assert_false(agrees("3.3 2.0 2.5", first, 3, 3.3, 2.0, 2.503));
    assert_true(agrees("loss 3.3 |W1.grad| 0.2 |C.grad| 0.1", parts, 3, 3.3, 0.200001, 0.1));
    assert_false(agrees("loss 3.3 |W1.grad| 0.2 |C.grad| 0.1", parts, 3, 3.300002, 0.2, 0.1));
    lab_row row = row_of("p3.first", "1 1 1 1 1 1 1",
                         "1e-5 up to step 10, 1e-4 at 100 and 1000, 1e-3 at 10000");
    double values[] = {1, 1, 1, 1, 1.00009, 1, 1.0009};
    assert_true(lab_compare_values(&row, values, 7).agrees);
    values[3] = 1.00009;
    assert_false(lab_compare_values(&row, values, 7).agrees);
}

static bool text_agrees(const char *expected, const char *tolerance, const char *text) {
    lab_row row = row_of("", expected, tolerance);
    return lab_compare_text(&row, text).agrees;
}

static void test_texts(void **state) {
    (void)state;
    assert_true(text_agrees("mor. axx.", "exact", "mor. axx."));
    assert_false(text_agrees("mor. axx.", "exact", "mor. axy."));
    assert_true(text_agrees("\"\\nSK\"", "exact", "\nSK"));
    const char *line = "layer 2 (  Tanh): mean -0.00, std 0.63, saturated: 2.78%";
    assert_true(text_agrees(line, "printed digits", line));
    assert_true(text_agrees(line, "printed digits",
                            "layer 2 (  Tanh): mean +0.00, std 0.63, saturated: 2.78%"));
    assert_false(text_agrees(line, "printed digits",
                             "layer 2 (  Tanh): mean -0.00, std 0.63, saturated: 2.79%"));
    const char *relative = "1e-5 relative on std and ratio; sign of a zero mean is noise";
    assert_true(text_agrees("weight (27, 10) | std 8.020534e-03", relative,
                            "weight (27, 10) | std 8.020540e-03"));
    assert_false(text_agrees("weight (27, 10) | std 8.020534e-03", relative,
                             "weight (27, 10) | std 8.020734e-03"));
    assert_false(text_agrees("weight (27, 10)", relative, "bias (27, 10)"));
    assert_false(text_agrees("weight (27, 10)", relative, "weight (27, 10) |"));
}

/* A text is published between quotes, its newlines written \n, and comes back as it was. */
static void test_quotes(void **state) {
    (void)state;
    char *quoted = lab_quote("\nROMEO:\n"), *text = lab_unquote(quoted);
    assert_string_equal(quoted, "\"\\nROMEO:\\n\"");
    assert_string_equal(text, "\nROMEO:\n");
    free(text);
    free(quoted);
}

/* Values are shown with the digits of the published ones. */
static void test_shown_values(void **state) {
    (void)state;
    lab_row row = row_of("", "3.3239 2e-05 7", "exact");
    char *text = lab_values_text(&row, (double[]){3.32386255, 2.4e-5, 7}, 3, false);
    assert_string_equal(text, "3.3239 2e-05 7");
    free(text);
    text = lab_values_text(&row, (double[]){3.25, 0.5, 7}, 3, true);
    assert_string_equal(text, "3.25 0.5 7");
    free(text);
}

static void assert_grouped(const char *text, const char *expected) {
    char *grouped = lab_grouped(text);
    assert_string_equal(grouped, expected);
    free(grouped);
}

static void test_long_numbers(void **state) {
    (void)state;
    assert_grouped("2003: 9999 of 32033", "2003: 9999 of 32,033");
    assert_grouped("-559891.75 nll/n=2.454094171524048", "-559,891.75 nll/n=2.454094171524048");
    assert_grouped("  3    19683   5813\n124337664", "  3   19,683   5813\n124,337,664");
    assert_grouped("seed `123456`, \"123456\", a123456, 123456e3, 1e123456",
                   "seed `123456`, \"123456\", a123456, 123456e3, 1e123456");
    assert_grouped("", "");
}

/* ---- pictures ---- */

static int count_of(const char *text, const char *word) {
    int n = 0;
    for (text = strstr(text, word); text; text = strstr(text + 1, word))
        n++;
    return n;
}

/* On one scale for all rows the last of a plain mean, 1/8 in each cell, would be nearly white. */
static void test_rows_of_attention(void **state) {
    (void)state;
    enum { T = 8 };
    const char *darkest = "fill = 'rgb( 11,  63, 125)'";
    float shares[T][T] = {{0}};
    for (int t = 0; t < T; t++)
        for (int s = 0; s <= t; s++)
            shares[t][s] = 1 / (float)(t + 1);
    shares[T - 1][0] += 0.05F;
    ore_figure *figure = ore_figure_new(NULL);
    ore_scope_begin();
    ore_tensor *weights = ore_from_data(shares, ORE_SHAPE(T, T), ORE_FLOAT32);
    lab_draw_attention(figure, 0, 0, "a mean", weights, NULL);
    ore_scope_end();
    assert_true(ore_ok());
    ore_status status = ore_figure_save(figure, "attention.svg");
    ore_figure_free(figure);
    if (status != ORE_OK) {
        print_message("skipped: %s\n", ore_error_message());
        ore_error_clear();
        skip();
    }
    char *svg = read_file("attention.svg", NULL);
    assert_int_equal(count_of(svg, darkest), T * (T - 1) / 2 + 1);
    assert_int_equal(count_of(svg, "0.12<"), T - 1); /* numbers are the shares themselves */
    free(svg);
}

/* 600 steps on 2,000 examples: the loss of other words is flat, and wavers. */
static void test_nothing_overfits_in_a_quick_run(void **state) {
    (void)state;
    run_ore(&result, "lab curves --quick --out curves");
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.out, "has not turned"));
    if (access("curves/curves-overfitting.svg", R_OK) != 0)
        skip(); /* no gnuplot */
    char *svg = read_file("curves/curves-overfitting.svg", NULL);
    assert_non_null(strstr(svg, "words held out"));
    assert_null(strstr(svg, "stop here"));
    free(svg);
}

static void test_seven_models_of_names(void **state) {
    (void)state;
    static const char *const rows[] = {
        "\n    bigram              729 ", "\n    bag              12,827 ",
        "\n    mlp              45,755 ", "\n    rnn              30,043 ",
        "\n    lstm            104,539 ", "\n    gru              79,707 ",
        "\n    transformer     202,816 "};
    run_ore(&result, "lab makemore --quick --out makemore");
    assert_int_equal(result.status, 0);
    for (int i = 0; i < 7; i++)
        if (!strstr(result.out, rows[i]))
            fail_msg("no '%s' in:\n%s", rows[i], result.out);
    if (access("makemore/makemore-losses.svg", R_OK) != 0)
        skip(); /* no gnuplot */
    char *svg = read_file("makemore/makemore-losses.svg", NULL);
    assert_non_null(strstr(svg, "transformer"));
    free(svg);
}

/* ---- what a rung leaves ---- */

/* mg1.c2 agrees, mg1.c5 differs, mg1.c7 is left out, as are all others. */
static ore_status tell(lab *l) {
    lab_heading(l, "A <heading>");
    lab_say(l, "one & `two`");
    lab_value(l, "mg1.c2", 20);
    lab_value(l, "mg1.c5", 5);
    lab_note(l, "a note", 0.5);
    lab_expect(l, true, "one is %d", 1);
    lab_expect(l, false, "two is %d", 1);
    return ore_error_status();
}

static lab *present; /* of the last rung: its record shows rows of it */

static int free_lab(void **state) {
    (void)state;
    lab_free(present);
    present = NULL;
    return 0;
}

static lab_record *run_rung(ore_status (*run)(lab *l), bool quick, lab_data data) {
    static lab_rung rung;
    free_lab(NULL);
    rung = (lab_rung){"test", "A test", data, "mg1.c2 mg1.c5 mg1.c7 mg2.mlp", "mg1.c5", run};
    lab_options o = lab_defaults();
    o.quick = quick;
    o.words = ORE_TEST_DIR "/../data/names.txt"; /* not the published ones */
    present = lab_new(&o);
    lab_record *record = lab_run(present, &rung);
    assert_non_null(record);
    assert_true(ore_ok());
    return record;
}

static lab_verdict verdict_of(const lab_record *record, const char *id) {
    for (int64_t i = 0; i < record->result_count; i++)
        if (record->results[i].row && strcmp(record->results[i].row->id, id) == 0)
            return record->results[i].verdict;
    fail_msg("no %s", id);
    return LAB_NOTE;
}

static void test_a_record(void **state) {
    (void)state;
    char text[128];
    lab_record *record = run_rung(tell, false, LAB_DATA_NONE);
    assert_int_equal(verdict_of(record, "mg1.c2"), LAB_AGREES);
    assert_int_equal(verdict_of(record, "mg1.c5"), LAB_DIFFERS);
    assert_int_equal(verdict_of(record, "mg1.c7"), LAB_MISSING);
    assert_int_equal(verdict_of(record, "mg2.mlp"), LAB_NOT_COMPARED);
    lab_counts c = lab_count(record);
    assert_int_equal(c.agree, 2);
    assert_int_equal(c.differ, 3);
    assert_int_equal(c.apart, 1);
    assert_string_equal(lab_differences_text(record, text, sizeof text),
                        "test: mg1.c5, mg1.c7, 1 check");
    lab_record_free(record);
}

static void test_quick_and_other_data(void **state) {
    (void)state;
    lab_record *record = run_rung(tell, true, LAB_DATA_WORDS);
    assert_int_equal(verdict_of(record, "mg1.c2"), LAB_AGREES);
    assert_int_equal(verdict_of(record, "mg1.c5"), LAB_OTHER_DATA);
    assert_int_equal(verdict_of(record, "mg1.c7"), LAB_NOT_RUN);
    assert_int_equal(lab_count(record).differ, 1); /* the check */
    lab_record_free(record);
}

static ore_status tell_twice(lab *l) {
    lab_value(l, "mg1.c2", 20);
    lab_value(l, "mg1.c2", 20);
    return ore_error_status();
}

static ore_status tell_of_others(lab *l) {
    lab_value(l, "p1.n", 1);
    return ore_error_status();
}

static void test_mistakes_of_a_rung(void **state) {
    (void)state;
    lab_record *record = run_rung(tell_twice, false, LAB_DATA_NONE);
    assert_string_equal(lab_error_of(record), "lab: mg1.c2 is reported twice");
    assert_true(lab_count(record).differ > 0);
    lab_record_free(record);
    record = run_rung(tell_of_others, false, LAB_DATA_NONE);
    assert_string_equal(lab_error_of(record), "lab: p1.n is no row of the rung test");
    lab_record_free(record);
}

/* ---- the command ---- */

static char folder[256];
static const char *shared; /* what ORE_SHARED was */

static int setup(void **state) {
    (void)state;
    temporary_folder(folder);
    return chdir(folder);
}

static int teardown(void **state) {
    (void)state;
    remove_folder(folder);
    return chdir("/");
}

static void expect_error(int status, const char *words, const char *line) {
    run_ore(&result, words);
    assert_int_equal(result.status, status);
    assert_string_equal(result.err, line);
}

static void test_errors(void **state) {
    (void)state;
    setenv("ORE_SHARED", "nowhere", 1);
    expect_error(2, "lab", "ore lab: which rung? Expected a name, all, or --list\n");
    expect_error(2, "lab term", "ore lab: term: unknown rung; did you mean terms?\n");
    expect_error(2, "lab xyzzy", "ore lab: xyzzy: unknown rung; ore lab --list shows them\n");
    write_text_file("words.txt", "anna\n\nBob\n");
    expect_error(1, "lab terms --data words.txt",
                 "ore lab: words.txt: line 3: \"Bob\": expected letters "
                 "a to z\n");
    write_text_file("words.txt", "\n\n");
    expect_error(1, "lab terms --data words.txt", "ore lab: words.txt: has no words\n");
    write_text_file("words.txt", "anna\nbob\n");
    expect_error(1, "lab wavenet --data words.txt",
                 "ore lab: 1 differs: wavenet: stopped: 2 words, expected at least 100\n");
    expect_error(1, "lab terms --data none.txt",
                 "ore lab: none.txt: cannot open: No such file or directory\n");
    expect_error(1, "lab terms --text none.txt",
                 "ore lab: none.txt: cannot open: No such file or directory\n");
}

static void test_list(void **state) {
    (void)state;
    run_ore(&result, "lab --list");
    assert_int_equal(result.status, 0);
    for (int i = 0; i < lab_rung_count(); i++)
        assert_non_null(strstr(result.out, lab_rung_at(i)->title));
}

/* Without the published words only what holds on any words is compared. */
static void test_own_words(void **state) {
    (void)state;
    setenv("ORE_SHARED", "nowhere", 1);
    run_ore(&result, "lab all --quick --check --report page");
    if (result.status != 0)
        print_message("%s%s", result.out, result.err);
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.out, "other data"));
    assert_null(strstr(result.out, "differs\n"));
}

/* Letters that no word has leave empty rows and columns, not 0 / 0. */
static void test_words_without_some_letters(void **state) {
    (void)state;
    setenv("ORE_SHARED", "nowhere", 1);
    write_text_file("words.txt", "anna\nbob\ncarla\n");
    run_ore(&result, "lab bigram --check --data words.txt");
    if (result.status != 0)
        print_message("%s%s", result.out, result.err);
    assert_int_equal(result.status, 0);
    assert_null(strstr(result.out, "nan"));
}

static void test_published_words(void **state) {
    (void)state;
    char path[1024];
#ifdef __SANITIZE_ADDRESS__ /* minutes, over the same code as with the words above */
    print_message("skipped: under the sanitizers the ladder runs once\n");
    skip();
#endif
    if (shared)
        setenv("ORE_SHARED", shared, 1);
    else
        unsetenv("ORE_SHARED");
    snprintf(path, sizeof path, "%s", shared_file("data/text/names.txt"));
    *strstr(path, "/data/text/names.txt") = '\0';
    setenv("ORE_SHARED", path, 1);
    run_ore(&result, "lab all --quick --check --report page");
    if (result.status != 0)
        print_message("%s%s", result.out, result.err);
    assert_int_equal(result.status, 0);
    assert_null(strstr(result.out, "other data"));
}

/* ---- the page ---- */

/* Of micrograd's drawings the one of tanh in parts is wider than a page. */
static void test_wide_drawings_scroll(void **state) {
    (void)state;
    run_ore(&result, "lab micrograd --quick --report page");
    assert_int_equal(result.status, 0);
    char *page = read_file("page/index.html", NULL);
    assert_int_equal(count_of(page, "<figure class=\"wide\"><img style=\"width: "), 1);
    assert_true(count_of(page, "<figure><img alt=") >= 2);
    free(page);
}

/* Nothing on the page leads out of it, and no script runs. */
static void test_page_stands_alone(void **state) {
    (void)state;
    setenv("ORE_SHARED", "nowhere", 1);
    run_ore(&result, "lab terms --quick --report page");
    assert_int_equal(result.status, 0);
    char *page = read_file("page/index.html", NULL);
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "<link"));
    assert_null(strstr(page, "http"));
    assert_null(strstr(page, "url("));
    assert_int_equal(count_of(page, "src=\""), count_of(page, "src=\"data:image/svg+xml;base64,"));
    assert_non_null(strstr(page, "<code>one_hot(3) @ M</code>"));
    assert_non_null(strstr(page, "<section id=\"terms\">"));
    free(page);
}

static const char *browser(void) {
    static const char *const paths[] = {"/usr/bin/chromium", "/usr/bin/chromium-browser",
                                        "/usr/bin/google-chrome"};
    for (int i = 0; i < 3; i++)
        if (access(paths[i], X_OK) == 0)
            return paths[i];
    print_message("skipped: no Chromium here\n");
    skip();
    return NULL;
}

/* Opens the report in a browser that can reach nothing. */
static void browse(const char *action) {
    char address[400], home[300];
    snprintf(address, sizeof address, "file://%s/page/index.html", folder);
    snprintf(home, sizeof home, "--user-data-dir=%s/browser", folder);
    child_run(&result, (const char *const[]){browser(), "--headless", "--no-sandbox",
                                             "--disable-gpu", home, "--window-size=1000,1400",
                                             "--host-resolver-rules=MAP * ~NOTFOUND", action,
                                             address, NULL});
    assert_int_equal(result.status, 0);
}

static void test_page_in_a_browser(void **state) {
    (void)state;
    setenv("ORE_SHARED", "nowhere", 1);
    run_ore(&result, "lab terms --quick --report page");
    assert_int_equal(result.status, 0);
    browse("--dump-dom");
    assert_non_null(strstr(result.out, "Words a newcomer meets"));
    assert_non_null(strstr(result.out, "<td class=\"v agrees\">"));
    assert_non_null(strstr(result.out, "</html>"));
    browse("--screenshot=page.png");
    size_t bytes;
    free(read_file("page.png", &bytes));
    assert_true(bytes > 20000); /* an empty page has some 5000 */
}

int main(void) {
    const char *given = getenv("ORE_SHARED");
    shared = given ? strdup(given) : NULL; /* tests set it */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_has_one_rung),
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_clauses),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_shown_values),
        cmocka_unit_test(test_long_numbers),
        cmocka_unit_test_setup_teardown(test_rows_of_attention, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_overfits_in_a_quick_run, setup, teardown),
        cmocka_unit_test_setup_teardown(test_seven_models_of_names, setup, teardown),
        cmocka_unit_test_teardown(test_a_record, free_lab),
        cmocka_unit_test_teardown(test_quick_and_other_data, free_lab),
        cmocka_unit_test_teardown(test_mistakes_of_a_rung, free_lab),
        cmocka_unit_test(test_list),
        cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_own_words, setup, teardown),
        cmocka_unit_test_setup_teardown(test_words_without_some_letters, setup, teardown),
        cmocka_unit_test_setup_teardown(test_published_words, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wide_drawings_scroll, setup, teardown),
        cmocka_unit_test_setup_teardown(test_page_stands_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_page_in_a_browser, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
