/* bigrams.c: what the rungs about pairs of letters share. */
#include <stdlib.h>
#include <string.h>

#include "lab/frame/bigrams.h"
#include "lab/frame/text.h"

enum { V = NAMES_LETTERS, LONGEST = 200 }; /* letters of a drawn word, at which it is cut */

ore_tensor *lab_bigram_pairs(lab *l, int64_t words, ore_tensor **next) {
    int64_t count, n = 0;
    const char *const *list = lab_words(l, &count);
    count = words >= 0 && words < count ? words : count;
    for (int64_t w = 0; w < count; w++)
        n += (int64_t)strlen(list[w]) + 1;
    ore_tensor *first = ore_empty(ORE_SHAPE(n), ORE_INT64);
    *next = ore_empty(ORE_SHAPE(n), ORE_INT64);
    int64_t *x = ore_data_mut(first), *y = ore_data_mut(*next);
    if (!x || !y)
        return NULL;
    for (int64_t w = 0, i = 0; w < count; w++)
        for (int64_t c = 0, before = 0; c == 0 || before; c++, i++) {
            x[i] = before;
            before = names_letter_id(list[w][c]);
            y[i] = before;
        }
    return first;
}

ore_tensor *lab_bigram_counts(ore_tensor *first, ore_tensor *next) {
    ore_tensor *pair = ore_add(ore_mul_scalar(first, V), next); /* (n) */
    ore_tensor *counts = ore_bincount(pair, NULL, V * V);
    return ore_view(counts, ORE_SHAPE(V, V));
}

ore_tensor *lab_rows_normalised(ore_tensor *counts) {
    ore_tensor *n = ore_to(counts, ORE_FLOAT32);
    ore_tensor *sums = ore_sum(n, ORE_DIMS(1), true);
    return ore_div(n, ore_clamp_min(sums, 1e-30)); /* no 0 / 0 where a letter has no pairs */
}

void lab_bigram_heatmap(ore_figure *figure, ore_tensor *t, const char *title, const char *format) {
    static char texts[V * V][24];
    const char *cells[V * V];
    ore_tensor *wide = ore_to(ore_contiguous(t), ORE_FLOAT64);
    const double *values = wide ? ore_data(wide) : NULL;
    ore_heatmap_options o = ore_heatmap_defaults();
    for (int i = 0; values && i < V * V; i++) {
        char number[20];
        snprintf(number, sizeof number, format, values[i]);
        snprintf(texts[i], sizeof texts[i], "%c%c\n%s", names_letter(i / V), names_letter(i % V),
                 number);
        cells[i] = texts[i];
    }
    o.cell_text = cells;
    o.row_names = o.col_names = names_labels();
    o.colorbar = false;
    ore_plot_title(figure, title);
    ore_plot_labels(figure, "second letter", "first letter");
    if (values)
        ore_plot_heatmap(figure, values, V, V, &o);
}

/* Draws the id that follows `id`, by its row of P. */
static int64_t draw_next(ore_tensor *P, int64_t id, ore_generator *g) {
    ore_scope_begin();
    ore_tensor *drawn = ore_multinomial(ore_select(P, 0, id), 1, true, g);
    int64_t next = drawn ? ore_item_int(drawn) : 0;
    ore_scope_end();
    return next;
}

char *lab_bigram_names(ore_tensor *P, int count, ore_generator *g) {
    char *names = lab_allocate((size_t)count * (LONGEST + 2));
    size_t used = 0;
    for (int i = 0; names && i < count; i++) {
        int64_t id = 0;
        if (i > 0)
            names[used++] = ' ';
        for (int length = 0; length < LONGEST && (length == 0 || id != 0); length++) {
            id = draw_next(P, id, g);
            names[used++] = names_letter(id);
        }
    }
    return names;
}

double lab_bigram_nll(ore_tensor *P, ore_tensor *x, ore_tensor *y, double *sum) {
    ore_scope_begin();
    ore_tensor *picked = ore_index(P, (ore_tensor *[]){x, y}, 2); /* (n) */
    ore_tensor *logs = ore_log(picked);
    const float *log_p = logs ? ore_data(logs) : NULL;
    float total = 0;
    int64_t n = logs ? ore_numel(logs) : 1;
    for (int64_t i = 0; log_p && i < n; i++)
        total += log_p[i];
    ore_scope_end();
    if (sum)
        *sum = total;
    return -(double)(total / (float)n);
}

int64_t lab_distinct_runs(ore_tensor *x, ore_tensor *y, int length, int64_t *once) {
    const int64_t *from = ore_data(x), *to = ore_data(y);
    int64_t n = ore_numel(x), modulus = 1;
    ore_scope_begin();
    ore_tensor *codes = ore_zeros(ORE_SHAPE(n), ORE_INT64), *counts = NULL;
    int64_t *code = ore_data_mut(codes);
    for (int i = 1; i < length; i++)
        modulus *= V;
    for (int64_t i = 0, run = 0; from && code && i < n; i++) {
        run = from[i] == 0 ? to[i] : run % modulus * V + to[i]; /* 27^10 fits in 48 bits */
        code[i] = run;
    }
    ore_tensor *distinct = ore_unique(codes, NULL, &counts);
    int64_t number = distinct ? ore_numel(distinct) : 0;
    ore_tensor *ones = ore_eq(counts, ore_scalar(1, ORE_INT64));
    *once = ones ? ore_item_int(ore_sum(ones, ORE_ALL, false)) : 0;
    ore_scope_end();
    return number;
}
