/* test_plot.c: pictures: what the files contain, the same bytes twice, and every error. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <ore/plot.h>

#include "support/scratch.h"

static const double ramp[] = {3, 2.5, NAN, 2, 1.75, INFINITY, 1.5};
enum { RAMP = sizeof ramp / sizeof *ramp };

static bool have_gnuplot(void) {
    return system("gnuplot --version >/dev/null 2>&1") == 0;
}

static void need_gnuplot(void) {
    if (have_gnuplot())
        return;
    print_message("skipped: gnuplot is not installed\n");
    skip();
}

/* The file's bytes, ended by a zero, for the caller to free. */
static char *contents(const char *path, size_t *bytes) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    *bytes = (size_t)ftell(file);
    rewind(file);
    char *text = calloc(1, *bytes + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, *bytes, file), *bytes);
    fclose(file);
    return text;
}

/* What must be refused, with this status and a one-line message that holds `message`. */
static void refused(ore_status got, ore_status status, const char *message) {
    assert_int_equal(got, status);
    assert_null(strchr(ore_error_message(), '\n'));
    assert_error(status, message);
}

static void assert_holds(const char *text, const char *part) {
    if (!strstr(text, part))
        fail_msg("the picture does not contain: %s", part);
}

/* Saves as both formats and checks their form; returns the SVG's text for the caller to free. */
static char *save_both(const ore_figure *figure, const char *stem) {
    char name[64];
    size_t bytes;
    snprintf(name, sizeof name, "%s.png", stem);
    ore_figure_save(figure, scratch_path(name));
    assert_string_equal(ore_error_message(), "");
    char *png = contents(scratch_path(name), &bytes);
    assert_true(bytes > 2000);
    assert_memory_equal(png, "\x89PNG\r\n\x1a\n", 8);
    assert_memory_equal(png + bytes - 8, "IEND", 4);
    free(png);
    snprintf(name, sizeof name, "%s.svg", stem);
    assert_int_equal(ore_figure_save(figure, scratch_path(name)), ORE_OK);
    char *svg = contents(scratch_path(name), &bytes);
    assert_true(bytes > 2000);
    assert_memory_equal(svg, "<?xml", 5);
    assert_holds(svg, "</svg>");
    assert_null(strstr(svg, "patchlevel"));
    return svg;
}

/* ---- pictures ---- */

static void curves_have_titles_labels_and_gaps(void **state) {
    (void)state;
    need_gnuplot();
    ore_figure *f = ore_figure_new(NULL);
    ore_plot_title(f, "Loss_of {a} model^2");
    ore_plot_labels(f, "step <n> & 'more'", "loss \"nats\" \\n");
    ore_plot_line(f, NULL, ramp, RAMP, "train @x `echo no` $HOME ~", NULL);
    ore_plot_style style = ore_plot_style_defaults();
    style.color = "#12ab34";
    style.marker = ORE_MARKER_DISC;
    ore_plot_line(f, NULL, ramp, 2, "Zoë\xff", &style);
    ore_plot_hline(f, 2, "floor", NULL);
    ore_plot_vline(f, 1, "warm-up", NULL);
    ore_plot_text(f, 3, 2.8, "first\nsecond", ORE_ALIGN_CENTER);
    ore_plot_arrow(f, 3, 2.5, 2, 2, "gap");
    char *svg = save_both(f, "curves");
    assert_holds(svg, "width=\"1000\" height=\"640\"");
    assert_holds(svg, "Loss_of {a} model^2");
    assert_holds(svg, "step &lt;n> &amp; 'more'");
    assert_holds(svg, "loss \"nats\" \\n");
    assert_holds(svg, "train @x `echo no` $HOME ~");
    assert_holds(svg, "Zoë\xEF\xBF\xBD");
    assert_holds(svg, "rgb( 18, 171,  52)");
    assert_holds(svg, ">first<");
    assert_holds(svg, ">second<");
    assert_holds(svg, ">gap<");
    assert_holds(svg, ">floor<");
    assert_holds(svg, ">warm-up<");
    free(svg);
    ore_figure_free(f);
}

static void axes_can_be_logarithmic(void **state) {
    (void)state;
    need_gnuplot();
    double x[40], y[40];
    for (int i = 0; i < 40; i++) {
        x[i] = i;
        y[i] = pow(10, -i / 10.0);
    }
    ore_figure *f = ore_figure_new(NULL);
    ore_plot_log_axes(f, true, true);
    ore_plot_line(f, x, y, 40, NULL, NULL);
    char *svg = save_both(f, "log");
    assert_holds(svg, ">10⁻³<");
    assert_holds(svg, ">20<");
    free(svg);
    ore_figure_free(f);
}

/* Labels of five digits every 5000 steps fit a whole figure, not a third of one. */
static void labels_of_narrow_panels_stand_apart(void **state) {
    (void)state;
    need_gnuplot();
    const double x[] = {0, 40000}, y[] = {0, 1};
    for (int cols = 1; cols <= 3; cols += 2) {
        ore_figure_options options = ore_figure_defaults();
        options.cols = cols;
        ore_figure *f = ore_figure_new(&options);
        for (int c = 0; c < cols; c++) {
            ore_figure_panel(f, 0, c);
            ore_plot_line(f, x, y, 2, NULL, NULL);
        }
        char *svg = save_both(f, cols == 1 ? "wide" : "narrow");
        assert_holds(svg, ">40000<");
        assert_holds(svg, ">20000<");
        assert_true((strstr(svg, ">15000<") != NULL) == (cols == 1));
        free(svg);
        ore_figure_free(f);
    }
}

static void scatter_points_have_texts(void **state) {
    (void)state;
    need_gnuplot();
    double x[] = {0, 1, 2, 9}, y[] = {1, 0, 2, 9};
    const char *const texts[] = {"king", NULL, "queen", "unseen"};
    ore_figure *f = ore_figure_new(NULL);
    ore_plot_style style = {.text_inside = true, .marker_size = 20};
    ore_plot_x_range(f, -1, 3);
    ore_plot_y_range(f, NAN, 3);
    ore_plot_legend(f, ORE_LEGEND_OUTSIDE);
    ore_plot_scatter(f, x, y, 4, texts, "words", &style);
    char *svg = save_both(f, "scatter");
    assert_holds(svg, ">king<");
    assert_holds(svg, ">queen<");
    assert_holds(svg, ">words<");
    assert_null(strstr(svg, ">unseen<"));
    free(svg);
    ore_figure_free(f);
}

static void histograms_overlay_in_a_grid(void **state) {
    (void)state;
    need_gnuplot();
    double values[1000];
    for (int i = 0; i < 1000; i++)
        values[i] = sin(i) * (i % 7);
    values[3] = NAN;
    ore_figure_options options = ore_figure_defaults();
    options.rows = options.cols = 2;
    options.title = "By layer";
    ore_figure *f = ore_figure_new(&options);
    for (int k = 0; k < 3; k++) {
        char title[16];
        snprintf(title, sizeof title, "layer %d", k);
        ore_figure_panel(f, k / 2, k % 2);
        ore_plot_title(f, title);
        ore_histogram_options bars = ore_histogram_defaults();
        bars.density = bars.curve = k == 1;
        ore_plot_log_axes(f, false, k == 2);
        ore_plot_histogram(f, values, 1000, &bars, "all", NULL);
        ore_plot_histogram(f, values, 500, &bars, "half", NULL);
    }
    char *svg = save_both(f, "grid");
    assert_holds(svg, ">By layer<");
    assert_holds(svg, ">layer 0<");
    assert_holds(svg, ">layer 2<");
    assert_holds(svg, ">half<");
    free(svg);
    ore_figure_free(f);
}

/* The left and right edge of the first filled shape after `from`, whose path begins M x,y L x,y. */
static const char *next_box(const char *from, double *left, double *right) {
    const char *path = strstr(from, "<polygon fill = 'rgb(");
    path = path ? strstr(path, "points = '") : NULL;
    if (!path)
        return NULL;
    double x, y;
    int used;
    path += strlen("points = '");
    *left = INFINITY;
    *right = -INFINITY;
    for (; sscanf(path, "%lf,%lf%n", &x, &y, &used) == 2; path += used) {
        *left = fmin(*left, x);
        *right = fmax(*right, x);
    }
    return path;
}

static void bars_stand_side_by_side_under_their_names(void **state) {
    (void)state;
    need_gnuplot();
    static const double train[] = {2.5, 2, NAN}, val[] = {2.6, -1, 3};
    const char *const names[] = {"bi_gram", "one\nhead", "four"}, *const texts[] = {"2.50", NULL,
                                                                                    "x"};
    ore_bars_options options = ore_bars_defaults();
    ore_figure *f = ore_figure_new(NULL);
    ore_plot_style style = {.color = "#12ab34"};
    assert_int_equal(ore_plot_bars(f, val, 3, &options, "validation", &style), ORE_OK);
    options.names = names;
    options.texts = texts;
    assert_int_equal(ore_plot_bars(f, train, 3, &options, "train", NULL), ORE_OK);
    char *svg = save_both(f, "bars");
    assert_holds(svg, ">bi_gram<");
    assert_holds(svg, ">head<");
    assert_holds(svg, ">2.50<");
    assert_holds(svg, ">validation<");
    assert_null(strstr(svg, ">x<")); /* its bar is not there */
    double left[5], right[5];
    const char *at = strstr(svg, "id=\"gnuplot_plot_2\"");
    for (int i = 0; i < 5; i++) {
        at = at ? next_box(at, &left[i], &right[i]) : NULL;
        assert_non_null(at);
        assert_true(left[i] < right[i]);
    }
    for (int i = 0; i < 2; i++) /* series 0 left of series 1, and that left of the next place */
        assert_true(right[i] < left[3 + i] && right[3 + i] < left[i + 1]);
    free(svg);
    ore_figure_free(f);
}

static void heatmaps_have_names_and_texts(void **state) {
    (void)state;
    need_gnuplot();
    static const double values[] = {0, 1, 2, NAN, 4, 5};
    const char *const texts[] = {"ab\n12", "b", NULL, "d", "e_1", "f"};
    const char *const rows[] = {"row<0>", "row1"}, *const cols[] = {"x", NULL, "z"};
    ore_heatmap_options options = ore_heatmap_defaults();
    options.cell_text = texts;
    options.row_names = rows;
    options.col_names = cols;
    ore_figure_options two = ore_figure_defaults();
    two.cols = 2;
    ore_figure *f = ore_figure_new(&two);
    ore_plot_heatmap(f, values, 2, 3, &options);
    ore_figure_panel(f, 0, 1);
    ore_plot_heatmap(f, values, 1, 1, NULL);
    char *svg = save_both(f, "heatmap");
    assert_holds(svg, ">ab<");
    assert_holds(svg, ">12<");
    assert_holds(svg, ">e_1<");
    assert_holds(svg, ">row&lt;0><");
    free(svg);
    ore_figure_free(f);
}

static void the_same_figure_gives_the_same_bytes(void **state) {
    (void)state;
    need_gnuplot();
    ore_figure *f = ore_figure_new(NULL);
    ore_plot_line(f, NULL, ramp, RAMP, "a", NULL);
    const char *const ending[] = {"svg", "png"};
    for (int k = 0; k < 2; k++) {
        size_t first_bytes, second_bytes;
        char name[2][16];
        for (int i = 0; i < 2; i++) {
            snprintf(name[i], sizeof name[i], "same%d.%s", i, ending[k]);
            assert_int_equal(ore_figure_save(f, scratch_path(name[i])), ORE_OK);
        }
        char *first = contents(scratch_path(name[0]), &first_bytes);
        char *second = contents(scratch_path(name[1]), &second_bytes);
        assert_int_equal(first_bytes, second_bytes);
        assert_memory_equal(first, second, first_bytes);
        free(first);
        free(second);
    }
    ore_figure_free(f);
}

static void many_points_pass_through_the_pipes(void **state) {
    (void)state;
    need_gnuplot();
    enum { N = 200000 };
    double *y = malloc(N * sizeof *y);
    assert_non_null(y);
    for (int i = 0; i < N; i++)
        y[i] = sin(i * 0.001) + 0.1 * sin(i * 1.7);
    ore_figure *f = ore_figure_new(NULL);
    assert_int_equal(ore_plot_line(f, NULL, y, N, "long", NULL), ORE_OK);
    char *svg = save_both(f, "long");
    assert_true(strlen(svg) < 200000);
    free(svg);
    ore_figure_free(f);
    free(y);
}

/* ---- errors ---- */

static void bad_arguments_are_refused(void **state) {
    (void)state;
    ore_figure_options options = ore_figure_defaults();
    options.width_px = 10;
    assert_null(ore_figure_new(&options));
    refused(ORE_INVALID, ORE_INVALID, "figure_new: size 10 x 640 is not in 64 .. 16384");
    options = ore_figure_defaults();
    options.rows = 0;
    assert_null(ore_figure_new(&options));
    refused(ORE_INVALID, ORE_INVALID, "figure_new: 0 x 1 panels");
    ore_figure *f = ore_figure_new(NULL);
    double nothing[] = {NAN, INFINITY}, point = 1;
    ore_plot_style red = {.color = "red"}, faint = {.opacity = 2};
    ore_histogram_options none = ore_histogram_defaults();
    refused(ore_figure_panel(f, 1, 0), ORE_INVALID, "(1, 0) is not in a grid of 1 x 1");
    refused(ore_plot_line(f, NULL, &point, 0, NULL, NULL), ORE_INVALID,
            "plot_line: no data: n is 0");
    refused(ore_plot_line(f, NULL, nothing, 2, NULL, NULL), ORE_INVALID,
            "plot_line: no data: none of 2 points is finite");
    refused(ore_plot_line(f, NULL, &point, 1, NULL, &red), ORE_INVALID,
            "color \"red\" is not like \"#rrggbb\"");
    refused(ore_plot_line(f, NULL, &point, 1, NULL, &faint), ORE_INVALID, "opacity 2");
    refused(ore_plot_bars(f, nothing, 2, NULL, NULL, NULL), ORE_INVALID,
            "plot_bars: no data: none of 2 points is finite");
    refused(ore_plot_scatter(NULL, NULL, &point, 1, NULL, NULL, NULL), ORE_INVALID,
            "plot_scatter: figure is NULL");
    none.bins = 0;
    refused(ore_plot_histogram(f, &point, 1, &none, NULL, NULL), ORE_INVALID,
            "plot_histogram: 0 bins");
    none = ore_histogram_defaults();
    none.low = 5;
    none.high = 6;
    refused(ore_plot_histogram(f, &point, 1, &none, NULL, NULL), ORE_INVALID,
            "no value lies in 5 .. 6");
    refused(ore_plot_heatmap(f, &point, 0, 3, NULL), ORE_INVALID,
            "plot_heatmap: no data: a matrix of (0, 3)");
    refused(ore_plot_x_range(f, 2, 1), ORE_INVALID, "low 2 is not below high 1");
    refused(ore_plot_text(f, NAN, 0, "x", ORE_ALIGN_LEFT), ORE_INVALID, "not finite");
    assert_int_equal(ore_plot_heatmap(f, &point, 1, 1, NULL), ORE_OK);
    refused(ore_plot_heatmap(f, &point, 1, 1, NULL), ORE_INVALID, "has a heatmap already");
    ore_figure_free(f);
    ore_figure_free(NULL);
}

static void a_figure_that_cannot_be_saved_says_why(void **state) {
    (void)state;
    ore_figure *f = ore_figure_new(NULL);
    refused(ore_figure_save(f, scratch_path("none.svg")), ORE_INVALID, "no panel has anything");
    ore_plot_line(f, NULL, ramp, RAMP, NULL, NULL);
    refused(ore_figure_save(f, scratch_path("x.jpg")), ORE_INVALID,
            "x.jpg ends in neither .svg nor .png");
    ore_fail(ORE_DATA, "an earlier error");
    refused(ore_figure_save(f, scratch_path("refused.svg")), ORE_DATA, "an earlier error");
    assert_int_not_equal(access(scratch_path("refused.svg"), F_OK), 0);
    if (have_gnuplot())
        refused(ore_figure_save(f, scratch_path("no/such/folder.svg")), ORE_IO,
                "no/such/folder.svg: cannot write: No such file or directory");
    ore_figure_free(f);
}

/* Saves with PATH leading only to a folder that holds at most a gnuplot of our own. */
static ore_status save_with(const char *script, const ore_figure *figure, const char *path) {
    char program[512], old[8192];
    snprintf(old, sizeof old, "%s", getenv("PATH"));
    snprintf(program, sizeof program, "%s", scratch_path("bin/gnuplot"));
    unlink(program);
    if (script) {
        FILE *file = fopen(program, "w");
        assert_non_null(file);
        fprintf(file, "#!/bin/sh\n%s\n", script);
        fclose(file);
        chmod(program, 0755);
    }
    setenv("PATH", scratch_path("bin"), 1);
    ore_status status = ore_figure_save(figure, path);
    setenv("PATH", old, 1);
    return status;
}

static void gnuplot_missing_or_failing_is_told(void **state) {
    (void)state;
    mkdir(scratch_path("bin"), 0755);
    ore_figure *f = ore_figure_new(NULL);
    ore_plot_line(f, NULL, ramp, RAMP, NULL, NULL);
    char target[512];
    snprintf(target, sizeof target, "%s", scratch_path("kept.svg"));
    FILE *file = fopen(target, "w");
    assert_non_null(file);
    fputs("old", file);
    fclose(file);
    if (!getenv("ORE_EMULATED")) /* whose posix_spawn does not tell of a missing program */
        refused(save_with(NULL, f, target), ORE_UNSUPPORTED, "package gnuplot-nox");
    refused(save_with("echo; echo 'line 1: warning: odd' >&2\n"
                      "echo '   line 7: undefined variable: x' >&2\nexit 1",
                      f, target),
            ORE_IO, "gnuplot failed: line 7: undefined variable: x");
    refused(save_with("exit 3", f, target), ORE_IO, "gnuplot failed: no message");
    refused(save_with("exit 0", f, target), ORE_IO, "gnuplot failed");
    size_t bytes;
    char *kept = contents(target, &bytes);
    assert_string_equal(kept, "old");
    free(kept);
    ore_figure_free(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(curves_have_titles_labels_and_gaps),
        cmocka_unit_test(axes_can_be_logarithmic),
        cmocka_unit_test(labels_of_narrow_panels_stand_apart),
        cmocka_unit_test(scatter_points_have_texts),
        cmocka_unit_test(histograms_overlay_in_a_grid),
        cmocka_unit_test(bars_stand_side_by_side_under_their_names),
        cmocka_unit_test(heatmaps_have_names_and_texts),
        cmocka_unit_test(the_same_figure_gives_the_same_bytes),
        cmocka_unit_test(many_points_pass_through_the_pipes),
        cmocka_unit_test(bad_arguments_are_refused),
        cmocka_unit_test(a_figure_that_cannot_be_saved_says_why),
        cmocka_unit_test(gnuplot_missing_or_failing_is_told),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
