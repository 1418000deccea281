/* drawing.c: a graph of scalar values as an SVG picture. Text is in a monospaced font, whose width
 * is known without the font: every character is 0.602 of the font's size wide. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <ore/files.h>

#include "base/memory.h"
#include "scalar/layout.h"
#include "plot/script.h"

enum { MAX_VALUES = 1000 }; /* values of a graph: of more, a picture shows nothing any more */

/* Pixels: the font's size and a character's width (0.602 of it, rounded up); the height of a box's
 * rows and of its header; and the space around the text in a box. */
static const double FONT = 12, CHARACTER = 7.25, ROW = 17, HEADER = 21, PADDING = 8;
/* Pixels: the space around the picture; the height of its title; between two columns; the arrow
 * from an operator's circle to its box; and the circle's smallest radius. */
static const double MARGIN = 16, TITLE = 34, COLUMN_GAP = 46, ARROW = 22, CIRCLE = 14;

typedef struct colours {
    const char *fill, *header, *line;
} colours;

static const colours leaf_colours = {"#f3f8fd", "#d6e6f5", "#4f81ad"};
static const colours inner_colours = {"#fafafa", "#e6e6e6", "#808080"};
static const colours root_colours = {"#fef8ec", "#f8e3b5", "#b9801c"};

/* ---- texts ---- */

enum { NUMBER_TEXT = 32 }; /* bytes of a number or an operator as text */

/* Writes a number with four decimal places, as in the lectures, or with an exponent where that
 * shows too few digits. The decimal point is a point in every locale. */
static void number_text(double x, char *text) {
    double size = fabs(x);
    bool plain = size == 0 || (size >= 1e-4 && size < 1e6);
    if (!isfinite(x))
        snprintf(text, NUMBER_TEXT, "%s", isnan(x) ? "nan" : x > 0 ? "inf" : "-inf");
    else
        snprintf(text, NUMBER_TEXT, plain ? "%.4f" : "%.3e", x);
    text[strcspn(text, ",")] = text[strcspn(text, ",")] ? '.' : 0;
}

static void operator_text(const ore_value *v, char *text) {
    static const char *const names[] = {"",    "+",   "\xC3\x97", "neg", "",
                                        "exp", "log", "tanh",     "relu"};
    snprintf(text, NUMBER_TEXT, "%s", names[v->kind]);
    if (v->kind == ORE_VALUE_POW)
        snprintf(text, NUMBER_TEXT, "**%.4g", v->d_right);
    text[strcspn(text, ",")] = text[strcspn(text, ",")] ? '.' : 0;
}

/* The width of a text in pixels: of its characters, not bytes. */
static double text_width(const char *text) {
    int64_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return (double)n * CHARACTER;
}

/* Half the width of the circle around an operator, which becomes an oval for a longer name. */
static double half_circle(const ore_value *v) {
    char text[NUMBER_TEXT];
    operator_text(v, text);
    double half = text_width(text) / 2 + 6;
    return half > CIRCLE ? half : CIRCLE;
}

/* ---- sizes ---- */

/* The x coordinates of a column, in pixels. */
typedef struct column_box {
    double x;          /* left end, where lines come in */
    double centre;     /* of the operators' circles */
    double box, width; /* the boxes' left end and width */
} column_box;

typedef struct drawing {
    plot_script *svg;
    const graph_layout *graph;
    const ore_value_draw_options *options;
    const ore_value *root;
    const column_box *columns;
    double top; /* y of the graph's upper end */
} drawing;

static double box_height(const ore_value *v, bool gradients) {
    return (*ore_value_label(v) ? HEADER : 0) + (gradients ? 2 : 1) * ROW + PADDING;
}

static double box_width(const ore_value *v, bool gradients) {
    char data[NUMBER_TEXT], grad[NUMBER_TEXT];
    number_text(v->data, data);
    number_text(v->grad, grad);
    double value = fmax(text_width(data), gradients ? text_width(grad) : 0);
    return fmax(value + text_width("data "), text_width(ore_value_label(v))) + 2 * PADDING;
}

/* Places the columns from the leftmost, which is the last, to the root's. Returns the picture's
 * width. */
static double place_columns(const graph_layout *g, bool gradients, column_box *columns) {
    double x = MARGIN;
    for (int64_t c = g->columns - 1; c >= 0; c--) {
        double half = 0, width = 0;
        for (int64_t i = g->first[c]; i < g->first[c + 1]; i++) {
            const graph_spot *s = &g->spots[g->order[i]];
            if (s->bend)
                continue;
            width = fmax(width, box_width(s->value, gradients));
            if (s->value->left)
                half = fmax(half, half_circle(s->value));
        }
        double zone = half > 0 ? 2 * half + ARROW : 0;
        columns[c] = (column_box){x, x + half, x + zone, width};
        x += zone + width + (c > 0 ? COLUMN_GAP : MARGIN);
    }
    return x;
}

/* ---- writing ---- */

/* Appends SVG: `format` has a %s for each of up to eight numbers, which are rounded to tenths of a
 * pixel. */
static void put(plot_script *svg, const char *format, int count, const double *numbers) {
    for (int i = 0; i < count; i++) {
        const char *hole = strstr(format, "%s");
        plot_add_bytes(svg, format, hole - format);
        plot_add_number(svg, round(numbers[i] * 10) / 10);
        format = hole + 2;
    }
    plot_add_bytes(svg, format, (int64_t)strlen(format));
}

#define PUT(svg, format, ...)                                                                      \
    put(svg, format, (int)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)),                      \
        (double[]){__VA_ARGS__})

static void put_text(plot_script *svg, double x, double y, const char *style, const char *text) {
    PUT(svg, "<text x=\"%s\" y=\"%s\" ", x, y);
    plot_add(svg, "%s>", style);
    plot_add_xml(svg, text);
    plot_add(svg, "</text>\n");
}

/* A curve that is level at both ends. */
static void put_curve(plot_script *svg, double x1, double y1, double x2, double y2) {
    double bow = fmax((x2 - x1) / 2, 12);
    PUT(svg, "C%s %s %s %s %s %s ", x1 + bow, y1, x2 - bow, y2, x2, y2);
}

/* The line from an operand to spot s: from a box or a bend, to the circle of a box or to a bend. */
static void put_line(const drawing *d, const graph_spot *s, int side) {
    const graph_spot *from = &d->graph->spots[s->from[side]];
    const column_box *here = &d->columns[s->column], *there = &d->columns[from->column];
    double x1 = there->box + there->width, y1 = d->top + from->y, x2 = here->x;
    double y2 = d->top + s->y;
    if (!s->bend) {
        /* two lines end at different heights, the one that comes from above at the upper one */
        bool two = s->from[1] >= 0;
        double other = two ? d->graph->spots[s->from[!side]].y : 0;
        double shift = !two ? 0 : from->y < other || (from->y == other && side == 0) ? -5 : 5;
        double half = half_circle(s->value);
        y2 += shift;
        x2 = here->centre - (half - CIRCLE) - sqrt(CIRCLE * CIRCLE - shift * shift) - 1;
    }
    PUT(d->svg, "<path d=\"M%s %s ", x1, y1);
    put_curve(d->svg, x1, y1, fmin(here->x, x2), y2);
    if (s->bend)
        PUT(d->svg, "H%s", here->box + here->width);
    else
        PUT(d->svg, "H%s", x2);
    plot_add(d->svg, "\"%s/>\n", s->bend ? "" : " marker-end=\"url(#arrow)\"");
}

static void put_circle(const drawing *d, const graph_spot *s) {
    const column_box *c = &d->columns[s->column];
    double half = half_circle(s->value), y = d->top + s->y;
    char text[NUMBER_TEXT];
    operator_text(s->value, text);
    PUT(d->svg, "<path d=\"M%s %s H%s\" marker-end=\"url(#arrow)\"/>\n", c->centre + half, y,
        c->box - 1);
    PUT(d->svg, "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" rx=\"%s\" ", c->centre - half,
        y - CIRCLE, 2 * half, 2 * CIRCLE, CIRCLE);
    plot_add(d->svg, "fill=\"#ffffff\"/>\n");
    put_text(d->svg, c->centre, y + 4.3, "class=\"m\"", text);
}

static void put_number(const drawing *d, double left, double right, double y, const char *name,
                       double number) {
    char text[NUMBER_TEXT];
    number_text(number, text);
    put_text(d->svg, left, y, "class=\"n\"", name);
    put_text(d->svg, right, y, "class=\"r\"", text);
}

static void put_box(const drawing *d, const graph_spot *s) {
    const column_box *c = &d->columns[s->column];
    const ore_value *v = s->value;
    const colours *look = v == d->root ? &root_colours : v->left ? &inner_colours : &leaf_colours;
    const char *label = ore_value_label(v);
    double y = d->top + s->y - s->height / 2, x = c->box, right = x + c->width;
    PUT(d->svg, "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" rx=\"4\" ", x, y, c->width,
        s->height);
    plot_add(d->svg, "fill=\"%s\" stroke=\"%s\"/>\n", look->fill, look->line);
    if (*label) {
        PUT(d->svg, "<path d=\"M%s %s v%s a4 4 0 0 1 4 -4 h%s a4 4 0 0 1 4 4 v%s z\" ", x,
            y + HEADER, 4 - HEADER, c->width - 8, HEADER - 4);
        plot_add(d->svg, "fill=\"%s\" stroke=\"%s\"/>\n", look->header, look->line);
        put_text(d->svg, (x + right) / 2, y + 15, "class=\"b\"", label);
        y += HEADER;
    }
    y += PADDING / 2 + 12.5;
    put_number(d, x + PADDING, right - PADDING, y, "data", v->data);
    if (d->options->gradients)
        put_number(d, x + PADDING, right - PADDING, y + ROW, "grad", v->grad);
}

static const char head[] =
    "<style>text{font-family:'DejaVu Sans Mono',Menlo,Consolas,monospace;font-size:12px;"
    "fill:#222222;stroke:none}.b{font-weight:bold;text-anchor:middle}.m{text-anchor:middle}.n{fill:"
    "#6a6a6a}"
    ".r{text-anchor:end}.t{font-size:15px;font-weight:bold}</style>\n"
    "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7.5\" refY=\"4\" markerWidth=\"7\" "
    "markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0.6 L8 4 L0 7.4 z\" fill=\"#555555\" "
    "stroke=\"none\"/></marker></defs>\n"
    "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n";

static void put_graph(const drawing *d, double width) {
    const graph_layout *g = d->graph;
    const char *title = d->options->title;
    double height = d->top + g->height + MARGIN;
    width = fmax(width, title ? text_width(title) * 15 / FONT + 2 * MARGIN : 0);
    PUT(d->svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%s\" height=\"%s\" ",
        ceil(width), ceil(height));
    PUT(d->svg, "viewBox=\"0 0 %s %s\">\n", ceil(width), ceil(height));
    plot_add_bytes(d->svg, head, sizeof head - 1);
    if (title)
        put_text(d->svg, MARGIN, MARGIN + 12, "class=\"t\"", title);
    plot_add(d->svg, "<g fill=\"none\" stroke=\"#777777\" stroke-width=\"1.3\">\n");
    for (int64_t s = 0; s < g->count; s++)
        for (int side = 0; side < GRAPH_OPERANDS; side++)
            if (g->spots[s].from[side] >= 0)
                put_line(d, &g->spots[s], side);
    plot_add(d->svg, "</g>\n<g stroke=\"#777777\" stroke-width=\"1.3\">\n");
    for (int64_t s = 0; s < g->count; s++)
        if (!g->spots[s].bend && g->spots[s].value->left)
            put_circle(d, &g->spots[s]);
    plot_add(d->svg, "</g>\n<g>\n");
    for (int64_t s = 0; s < g->count; s++)
        if (!g->spots[s].bend)
            put_box(d, &g->spots[s]);
    plot_add(d->svg, "</g>\n</svg>\n");
}

/* ---- public functions ---- */

ore_value_draw_options ore_value_draw_defaults(void) {
    return (ore_value_draw_options){.title = NULL, .gradients = true};
}

static ore_status draw_values(const ore_value *const *values, int64_t count,
                              const ore_value_draw_options *o, plot_script *svg) {
    graph_layout g = {0};
    column_box *columns = NULL;
    double *heights = ore_alloc((size_t)count * sizeof *heights);
    for (int64_t i = 0; heights && i < count; i++)
        heights[i] = box_height(values[i], o->gradients);
    if (heights && graph_lay_out(&g, values, count, heights) == ORE_OK)
        columns = ore_alloc((size_t)g.columns * sizeof *columns);
    if (columns) {
        double width = place_columns(&g, o->gradients, columns);
        drawing d = {svg, &g, o, values[0], columns, o->title ? TITLE + MARGIN / 2 : MARGIN};
        put_graph(&d, width);
    }
    ore_release(columns);
    graph_release(&g);
    ore_release(heights);
    return ore_error_status();
}

ore_status ore_value_draw(const ore_value *root, const char *path,
                          const ore_value_draw_options *options) {
    ore_value_draw_options o = options ? *options : ore_value_draw_defaults();
    size_t length = path ? strlen(path) : 0;
    if (!ore_ok())
        return ore_error_status();
    if (!root)
        return ore_fail(ORE_INVALID, "value_draw: a value is NULL");
    if (length < 5 || strcmp(path + length - 4, ".svg") != 0)
        return ore_fail(ORE_INVALID, "value_draw: %s does not end in .svg", path ? path : "NULL");
    int64_t count;
    plot_script svg = {0};
    const ore_value **values = ore_value_reached(root, MAX_VALUES, &count);
    if (values && draw_values(values, count, &o, &svg) == ORE_OK)
        ore_file_write(path, svg.data, (size_t)svg.length);
    plot_script_release(&svg);
    ore_release(values);
    if (!ore_ok())
        ore_error_locate("value_draw");
    return ore_error_status();
}
