/* text.c: tensors as text, in PyTorch's print layout. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "core/check.h"
#include "core/primitive.h"

/* torch.set_printoptions' defaults: digits after the point; elements shown at each end of a dim, of
 * a tensor with more elements than the threshold; characters of a line. */
enum { DIGITS = 4, EDGE_ITEMS = 3, THRESHOLD = 1000, LINE_WIDTH = 80 };
/* Bytes of an element's text: values with an absolute value above 1e8 are shown with an exponent,
 * so int64 numbers are the longest. */
enum { ITEM_BYTES = 64 };

typedef struct printer {
    char *text;
    int64_t length, capacity;
    /* the elements that are shown, row-major, and the shape that they have together */
    ore_dtype dtype;
    ore_shape shape;
    bool cut[ORE_MAX_DIMS]; /* of this dim only the ends are shown */
    const double *real;     /* the elements of a floating dtype; else NULL */
    const int64_t *whole;   /* those of another dtype; else NULL */
    /* how elements are written */
    bool as_whole, scientific;
    int width;
} printer;

/* ---- text ---- */

static void put(printer *p, const char *text) {
    int64_t n = (int64_t)strlen(text);
    if (ore_grow((void **)&p->text, &p->capacity, p->length + n + 1, 1) != ORE_OK)
        return;
    memcpy(p->text + p->length, text, (size_t)n + 1);
    p->length += n;
}

static void put_spaces(printer *p, int n) {
    while (n-- > 0)
        put(p, " ");
}

/* ---- elements ---- */

static void format_real(const printer *p, double value, char *item) {
    if (isnan(value))
        snprintf(item, ITEM_BYTES, "nan");
    else if (isinf(value))
        snprintf(item, ITEM_BYTES, value < 0 ? "-inf" : "inf");
    else if (p->scientific)
        snprintf(item, ITEM_BYTES, "%.*e", DIGITS, value);
    else if (p->as_whole)
        snprintf(item, ITEM_BYTES, "%.0f.", value);
    else
        snprintf(item, ITEM_BYTES, "%.*f", DIGITS, value);
}

static void format_item(const printer *p, int64_t place, char *item) {
    if (p->real)
        format_real(p, p->real[place], item);
    else if (p->dtype == ORE_BOOL)
        snprintf(item, ITEM_BYTES, p->whole[place] ? "True" : "False");
    else
        snprintf(item, ITEM_BYTES, "%lld", (long long)p->whole[place]);
}

/* Whether an element has a say in how all are written. */
static bool sets_the_style(const printer *p, int64_t place) {
    return !p->real || (isfinite(p->real[place]) && p->real[place] != 0);
}

/* Chooses how elements are written, as PyTorch does: without digits where all are whole numbers,
 * with exponents where their sizes differ by more than 1000 or are very large or small. Zeros and
 * numbers that are not finite do not count. */
static void choose_style(printer *p, int64_t n) {
    double min = INFINITY, max = 0;
    bool any = false;
    p->as_whole = true;
    p->width = 1;
    for (int64_t i = 0; p->real && i < n; i++)
        if (sets_the_style(p, i)) {
            double size = fabs(p->real[i]);
            min = size < min ? size : min;
            max = size > max ? size : max;
            p->as_whole = p->as_whole && p->real[i] == ceil(p->real[i]);
            any = true;
        }
    p->scientific = any && (max / min > 1000 || max > 1e8 || min < 1e-4);
    char item[ITEM_BYTES];
    for (int64_t i = 0; i < n; i++)
        if (sets_the_style(p, i)) {
            format_item(p, i, item);
            int width = (int)strlen(item);
            p->width = width > p->width ? width : p->width;
        }
}

static void put_item(printer *p, int64_t place) {
    char item[ITEM_BYTES];
    format_item(p, place, item);
    put_spaces(p, p->width - (int)strlen(item));
    put(p, item);
}

/* ---- brackets ---- */

/* Writes the elements along the last dim, from element `place` on. */
static void put_vector(printer *p, int64_t place, int indent) {
    int d = p->shape.ndim - 1, on_line = 0;
    int64_t n = p->shape.dim[d];
    int each_line = (LINE_WIDTH - indent) / (p->width + 2);
    put(p, "[");
    for (int64_t i = 0; i < n; i++) {
        bool gap = p->cut[d] && i == EDGE_ITEMS;
        for (int pass = gap ? 0 : 1; pass < 2; pass++) {
            if (i > 0 && on_line >= each_line) {
                put(p, ",\n");
                put_spaces(p, indent + 1);
                on_line = 0;
            } else if (i > 0) {
                put(p, ", ");
            }
            if (pass == 0)
                put(p, " ...");
            else
                put_item(p, place + i);
            on_line++;
        }
    }
    put(p, "]");
}

static void put_separator(printer *p, int blank_lines, int indent) {
    put(p, ",");
    for (int i = 0; i < blank_lines; i++)
        put(p, "\n");
    put_spaces(p, indent);
}

/* Writes what dims d and later hold of the elements from `place` on. */
static void put_block(printer *p, int d, int64_t place, int indent) {
    int last = p->shape.ndim - 1;
    if (d == last) {
        put_vector(p, place, indent);
        return;
    }
    int64_t step = 1;
    for (int i = d + 1; i <= last; i++)
        step *= p->shape.dim[i];
    put(p, "[");
    for (int64_t i = 0; i < p->shape.dim[d]; i++) {
        if (i > 0)
            put_separator(p, last - d, indent + 1);
        if (p->cut[d] && i == EDGE_ITEMS) {
            put(p, "...");
            put_separator(p, last - d, indent + 1);
        }
        put_block(p, d + 1, place + i * step, indent + 1);
    }
    put(p, "]");
}

/* ---- device, dtype and the like, after the elements ---- */

typedef struct suffixes {
    char text[3][ORE_SHAPE_TEXT + 16];
    int n;
} suffixes;

static void add_suffix(suffixes *s, const char *name, const char *prefix, const char *value) {
    snprintf(s->text[s->n++], sizeof s->text[0], "%s=%s%s", name, prefix, value);
}

static suffixes suffixes_of(const ore_tensor *t) {
    suffixes s = {.n = 0};
    char shape[ORE_SHAPE_TEXT];
    bool empty = ore_numel(t) == 0;
    if (empty && t->shape.ndim != 1)
        add_suffix(&s, "size", "", ore_shape_text(t->shape, shape));
    bool usual = !empty && (t->dtype == ORE_INT64 || t->dtype == ORE_BOOL);
    if (t->dtype != ORE_FLOAT32 && !usual)
        add_suffix(&s, "dtype", "torch.", ore_dtype_name(t->dtype));
    if (ore_requires_grad(t) && ore_is_leaf(t))
        add_suffix(&s, "requires_grad", "", "True");
    return s;
}

static void put_suffixes(printer *p, const suffixes *s, int indent) {
    const char *line = p->text ? strrchr(p->text, '\n') : NULL;
    int64_t used = line ? p->length - (line - p->text) + 1 : p->length + 2;
    for (int i = 0; i < s->n; i++) {
        int64_t n = (int64_t)strlen(s->text[i]);
        bool wrap = used + n + 2 > LINE_WIDTH;
        put(p, wrap ? ",\n" : ", ");
        put_spaces(p, wrap ? indent : 0);
        put(p, s->text[i]);
        used = wrap ? indent + n : used + n + 2;
    }
    put(p, ")");
}

/* ---- a tensor ---- */

/* The view of x along dim d from `start` on, EDGE_ITEMS long. */
static ore_tensor *end_of(const ore_tensor *x, int d, int64_t start) {
    ore_shape shape = x->shape;
    shape.dim[d] = EDGE_ITEMS;
    return ore_tensor_alias_as(x, shape, x->strides, x->offset + start * x->strides[d]);
}

/* Copies x into y, which is smaller: of dims d and later that are cut, only the two ends. */
static void copy_shown(const printer *p, ore_tensor *y, const ore_tensor *x, int d) {
    while (d < x->shape.ndim && !p->cut[d])
        d++;
    if (d == x->shape.ndim) {
        ore_copy_elements(y, x);
        return;
    }
    int64_t n = x->shape.dim[d];
    for (int end = 0; end < 2; end++) {
        ore_tensor *part = end_of(y, d, end ? EDGE_ITEMS : 0);
        ore_tensor *from = end_of(x, d, end ? n - EDGE_ITEMS : 0);
        if (part && from)
            copy_shown(p, part, from, d + 1);
    }
}

/* The part of t that is shown, as float64 or int64; sets p->cut. */
static ore_tensor *shown_of(printer *p, const ore_tensor *t, ore_dtype dtype) {
    ore_shape shape = t->shape;
    for (int d = 0; d < shape.ndim; d++) {
        p->cut[d] = ore_numel(t) > THRESHOLD && shape.dim[d] > 2 * EDGE_ITEMS;
        if (p->cut[d])
            shape.dim[d] = 2 * EDGE_ITEMS;
    }
    ore_tensor *y = ore_tensor_new(shape, dtype, ore_tensor_device(t));
    if (y)
        copy_shown(p, y, t, 0);
    return y;
}

static void put_elements(printer *p, const ore_tensor *t, int indent) {
    bool floating = ore_dtype_is_floating(t->dtype);
    ore_tensor *x = shown_of(p, t, floating ? ORE_FLOAT64 : ORE_INT64);
    size_t bytes = x ? (size_t)ore_numel(x) * ore_dtype_size(x->dtype) : 0;
    void *elements = x ? ore_alloc(bytes) : NULL;
    if (elements && ore_copy_out(x, elements, bytes) == ORE_OK) {
        p->dtype = t->dtype;
        p->shape = x->shape;
        p->real = floating ? elements : NULL;
        p->whole = floating ? NULL : elements;
        choose_style(p, ore_numel(x));
        if (x->shape.ndim == 0)
            put_item(p, 0);
        else
            put_block(p, 0, 0, indent);
    }
    ore_release(elements);
}

char *ore_tensor_text(const ore_tensor *t) {
    static const char prefix[] = "tensor(";
    printer p = {.text = NULL};
    int indent = (int)strlen(prefix);
    if (!ore_readable("tensor_text", t))
        return NULL;
    ore_scope_begin();
    ore_no_grad_begin();
    put(&p, prefix);
    if (ore_numel(t) == 0)
        put(&p, "[]");
    else
        put_elements(&p, t, indent);
    suffixes s = suffixes_of(t);
    put_suffixes(&p, &s, indent);
    ore_no_grad_end();
    ore_scope_end();
    if (ore_ok())
        return p.text;
    ore_release(p.text);
    return NULL;
}
