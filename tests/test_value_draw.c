/* Drawings of scalar values: well-formed SVG that holds every number, boxes that keep apart. */
#include <ctype.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/value.h>

#include "base/memory.h"
#include "scalar/layout.h"
#include "support/child.h"
#include "support/errors.h"

/* ---- SVG ---- */

/* A reader of the XML that needs no more than tags, quoted attributes and numbered characters. */
static void assert_well_formed(const char *text) {
    static char open[64][32];
    int depth = 0, elements = 0;
    for (const char *at = text; *at;) {
        if (*at == '&') {
            int code, used = 0;
            assert_int_equal(sscanf(at, "&#%d;%n", &code, &used), 1);
            assert_true(used > 0);
            at += used;
        } else if (*at != '<') {
            assert_true(*at != '>');
            at++;
        } else {
            bool closes = at[1] == '/';
            size_t length = strcspn(at + 1 + closes, " >/\n");
            char name[32];
            assert_true(length > 0 && length < sizeof name);
            memcpy(name, at + 1 + closes, length);
            name[length] = 0;
            for (at += 1 + closes + length; *at != '>'; at++) {
                assert_true(*at && *at != '<' && *at != '&');
                if (*at == '"')
                    assert_non_null(at = strchr(at + 1, '"'));
            }
            if (closes)
                assert_string_equal(open[--depth], name);
            else if (at[-1] != '/')
                strcpy(open[depth++], name);
            assert_true(depth >= 0 && depth < 64);
            elements++;
            at++;
        }
    }
    assert_int_equal(depth, 0);
    assert_true(elements > 10);
}

static int count_of(const char *text, const char *part) {
    int n = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        n++;
    return n;
}

/* The drawing's text, to be freed. */
static char *drawn(const ore_value *root, const ore_value_draw_options *o) {
    char folder[256], path[300];
    temporary_folder(folder);
    snprintf(path, sizeof path, "%s/graph.svg", folder);
    if (ore_value_draw(root, path, o) != ORE_OK)
        fail_msg("%s", ore_error_message());
    char *text = read_file(path, NULL);
    remove_folder(folder);
    return text;
}

static void test_svg(void **state) {
    (void)state;
    ore_value_tape *t = ore_value_tape_new();
    ore_value *a = ore_value_set_label(ore_value_new(t, 2), "a < b & \"c\"");
    ore_value *b = ore_value_set_label(ore_value_new(t, -3e-7), "\xCE\xB1\xFF\n");
    ore_value *y = ore_value_tanh(ore_value_add(ore_value_mul(a, b), ore_value_pow(a, 0.5)));
    y = ore_value_mul(y, ore_value_new(t, INFINITY));
    ore_value_backward(y);
    ore_value_draw_options o = ore_value_draw_defaults();
    o.title = "<title>";
    char *text = drawn(y, &o), *again = drawn(y, &o);
    assert_string_equal(text, again);
    assert_well_formed(text);
    assert_non_null(strstr(text, ">a &#60; b &#38; &#34;c&#34;<"));
    assert_non_null(strstr(text, ">\xCE\xB1\xEF\xBF\xBD <"));
    assert_non_null(strstr(text, ">&#60;title&#62;<"));
    assert_non_null(strstr(text, ">-3.000e-07<"));
    assert_non_null(strstr(text, ">inf<"));
    assert_non_null(strstr(text, ">**0.5<"));
    assert_int_equal(count_of(text, ">data<"), 8);
    assert_int_equal(count_of(text, ">grad<"), 8);
    o.gradients = false;
    char *bare = drawn(y, &o);
    assert_well_formed(bare);
    assert_int_equal(count_of(bare, ">data<"), 8);
    assert_int_equal(count_of(bare, ">grad<"), 0);
    free(bare);
    free(again);
    free(text);
    ore_value_tape_free(t);
}

static void test_single_leaf(void **state) {
    (void)state;
    ore_value_tape *t = ore_value_tape_new();
    char *text = drawn(ore_value_new(t, 1), NULL);
    assert_well_formed(text);
    assert_int_equal(count_of(text, ">data<"), 1);
    free(text);
    ore_value_tape_free(t);
}

/* ---- layout ---- */

static void lay_out(graph_layout *g, const ore_value *root) {
    static double heights[1000];
    int64_t count;
    const ore_value **values = ore_value_reached(root, 1000, &count);
    assert_non_null(values);
    for (int64_t i = 0; i < count; i++)
        heights[i] = 40 + (double)(i % 3) * 10;
    assert_int_equal(graph_lay_out(g, values, count, heights), ORE_OK);
    ore_release(values);
}

static int64_t crossings(const graph_layout *g) {
    int64_t n = 0;
    for (int64_t i = 0; i < g->count; i++)
        for (int64_t j = 0; j < g->count; j++)
            for (int side = 0; side < 4; side++) {
                const graph_spot *a = &g->spots[i], *b = &g->spots[j];
                int64_t x = a->from[side / 2], y = b->from[side % 2];
                if (a->column == b->column && x >= 0 && y >= 0)
                    n += a->y < b->y && g->spots[x].y > g->spots[y].y;
            }
    return n;
}

/* Lines join neighbouring columns, and nothing overlaps in a column. */
static void assert_tidy(const graph_layout *g) {
    for (int64_t s = 0; s < g->count; s++)
        for (int side = 0; side < 2; side++)
            if (g->spots[s].from[side] >= 0)
                assert_int_equal(g->spots[g->spots[s].from[side]].column, g->spots[s].column + 1);
    for (int64_t c = 0; c < g->columns; c++)
        for (int64_t i = g->first[c] + 1; i < g->first[c + 1]; i++) {
            const graph_spot *above = &g->spots[g->order[i - 1]], *here = &g->spots[g->order[i]];
            assert_true(here->y - above->y >= (here->height + above->height) / 2 + 1);
        }
    for (int64_t s = 0; s < g->count; s++)
        assert_true(g->spots[s].y - g->spots[s].height / 2 > -1e-6 &&
                    g->spots[s].y + g->spots[s].height / 2 < g->height + 1e-6);
}

/* A tree is drawn without a crossing, whatever the order its leaves were made in. */
static void test_tree_does_not_cross(void **state) {
    (void)state;
    ore_value_tape *t = ore_value_tape_new();
    ore_value *leaf[16], *sum[16];
    graph_layout g;
    for (int i = 0; i < 16; i++)
        leaf[i] = ore_value_new(t, i);
    for (int i = 0; i < 16; i++)
        sum[i] = leaf[i * 7 % 16];
    for (int n = 16; n > 1; n /= 2)
        for (int i = 0; i < n / 2; i++)
            sum[i] = ore_value_add(sum[2 * i], sum[2 * i + 1]);
    lay_out(&g, sum[0]);
    assert_int_equal(g.count, 31);
    assert_int_equal(g.columns, 5);
    assert_tidy(&g);
    assert_int_equal(crossings(&g), 0);
    graph_release(&g);
    ore_value_tape_free(t);
}

/* A value that is needed far away has one line, bent at each column between. */
static void test_network_is_tidy(void **state) {
    (void)state;
    ore_value_tape *t = ore_value_tape_new();
    ore_python_random *r = ore_python_random_new(2);
    ore_value_mlp *m = ore_value_mlp_new(t, 3, (int64_t[]){4, 4, 1}, 3, NULL, r);
    ore_value *x[] = {ore_value_new(t, 2), ore_value_new(t, 3), ore_value_new(t, -1)};
    ore_value *y = ore_value_mlp_forward(m, x)[0];
    graph_layout g;
    lay_out(&g, y);
    assert_tidy(&g);
    int64_t boxes = 0;
    for (int64_t s = 0; s < g.count; s++)
        boxes += !g.spots[s].bend;
    assert_int_equal(boxes, 41 + 3 + 2 * 32 + 8); /* parameters, inputs, products and sums, relus */
    graph_release(&g);
    char *text = drawn(y, NULL);
    assert_well_formed(text);
    free(text);
    ore_python_random_free(r);
    ore_value_tape_free(t);
}

/* ---- errors ---- */

static void test_errors(void **state) {
    (void)state;
    ore_value_tape *t = ore_value_tape_new();
    ore_value *a = ore_value_new(t, 1), *wide = a, *far;
    ore_value_draw(NULL, "x.svg", NULL);
    assert_error_is(ORE_INVALID, "value_draw: a value is NULL");
    ore_value_draw(a, "x.png", NULL);
    assert_error_is(ORE_INVALID, "value_draw: x.png does not end in .svg");
    ore_value_draw(a, NULL, NULL);
    assert_error_is(ORE_INVALID, "value_draw: NULL does not end in .svg");
    for (int i = 0; i < 1000; i++)
        wide = ore_value_neg(wide);
    ore_value_draw(wide, "x.svg", NULL);
    assert_error_is(ORE_INVALID, "value_draw: more than 1000 values");
    ore_value *kept[60]; /* each needed at both ends of a long chain */
    for (int i = 0; i < 60; i++)
        kept[i] = ore_value_new(t, i);
    far = ore_value_sum(kept, 60);
    for (int i = 0; i < 600; i++)
        far = ore_value_neg(far);
    for (int i = 0; i < 60; i++)
        far = ore_value_add(far, kept[i]);
    ore_value_draw(far, "x.svg", NULL);
    assert_error_is(ORE_INVALID, "value_draw: lines across too many columns");
    assert_int_equal(ore_value_draw(a, "no/such/folder/x.svg", NULL), ORE_IO);
    ore_error_clear();
    ore_value_tape_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_svg),
        cmocka_unit_test(test_single_leaf),
        cmocka_unit_test(test_tree_does_not_cross),
        cmocka_unit_test(test_network_is_tidy),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
