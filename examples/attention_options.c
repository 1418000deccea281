/* attention_options.c: what each option of attention does to the weights: they are printed in
 * percent and, where a folder is named, drawn there. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>

#include <ore/ore.h>

enum { T = 8, D = 8, ACROSS = 3, CELL = 4 /* characters of a number */ };

/* ---- showing weights ---- */

typedef struct matrix {
    const char *title;
    ore_tensor *weights; /* (rows, T) */
} matrix;

/* Of entry b alone: (heads times queries, T). */
static ore_tensor *weights_of(ore_tensor *q, ore_tensor *k, int64_t b, ore_attention_options o) {
    ore_tensor *weights = ore_narrow(ore_attention_weights(q, k, &o), 0, b, 1);
    return ore_contiguous(ore_reshape(weights, ORE_SHAPE(-1, T)));
}

static void print(const matrix *m) {
    for (int i = 0; i < ACROSS; i++)
        printf("%-*s", (T + 1) * CELL, m[i].title);
    printf("\n");
    for (int64_t r = 0; r < ore_size(m->weights, 0); r++) {
        for (int i = 0; i < ACROSS; i++) {
            const float *row = (const float *)ore_data(m[i].weights) + r * T;
            for (int c = 0; c < T; c++)
                if (row[c] > 0)
                    printf("%*.0f", CELL, 100 * (double)row[c]);
                else
                    printf("%*s", CELL, ".");
            printf("%*s", CELL, "");
        }
        printf("\n");
    }
    printf("\n");
}

static void draw_matrix(ore_figure *f, const matrix *m, const char *rows_are) {
    double values[T * T];
    char texts[T * T][8];
    const char *cells[T * T];
    const float *weights = ore_data(m->weights);
    int64_t rows = ore_size(m->weights, 0);
    for (int64_t i = 0; i < rows * T; i++) {
        values[i] = (double)weights[i];
        snprintf(texts[i], sizeof texts[i], "%.0f", 100 * values[i]);
        cells[i] = values[i] > 0 ? texts[i] : NULL;
    }
    ore_heatmap_options o = ore_heatmap_defaults();
    o.cell_text = cells;
    o.colorbar = false;
    o.low = 0;
    o.high = 1;
    ore_plot_title(f, m->title);
    ore_plot_labels(f, "key", rows_are);
    ore_plot_heatmap(f, values, rows, T, &o);
}

/* Prints ACROSS matrices, and draws them as attention-NAME.svg of the folder unless it is NULL. */
static void show(const char *folder, const char *name, const char *rows_are, const matrix *m) {
    char path[512];
    if (!ore_ok())
        return;
    print(m);
    if (!folder)
        return;
    ore_figure_options o = ore_figure_defaults();
    o.cols = ACROSS;
    o.height_px = ore_size(m->weights, 0) == T ? 370 : 230;
    ore_figure *f = ore_figure_new(&o);
    for (int i = 0; i < ACROSS; i++) {
        ore_figure_panel(f, 0, i);
        draw_matrix(f, &m[i], rows_are);
    }
    snprintf(path, sizeof path, "%s/attention-%s.svg", folder, name);
    ore_figure_save(f, path);
    ore_figure_free(f);
}

/* ---- which keys are seen ---- */

static ore_tensor *integers(const int64_t *values, ore_shape shape) {
    return ore_from_data(values, shape, ORE_INT64);
}

static void show_places(const char *folder, ore_tensor *q) {
    ore_attention_options causal = ore_attention_defaults(), window = causal, both = causal;
    causal.causal = true;
    window.window = 3;
    both.causal = true;
    both.window = 3;
    matrix m[ACROSS] = {{"causal", weights_of(q, q, 0, causal)},
                        {"window 3", weights_of(q, q, 0, window)},
                        {"causal, window 3", weights_of(q, q, 0, both)}};
    show(folder, "places", "query", m);
}

static void show_rows(const char *folder, ore_tensor *q) {
    ore_attention_options padded = ore_attention_defaults(), joined = padded, text = padded;
    padded.lengths = integers((int64_t[]){5}, ORE_SHAPE(1));
    joined.documents = integers((int64_t[]){0, 0, 0, 1, 1, 2, 2, 2}, ORE_SHAPE(1, T));
    text.documents = joined.documents;
    text.causal = true;
    matrix m[ACROSS] = {{"length 5", weights_of(q, q, 0, padded)},
                        {"documents 0 0 0 1 1 2 2 2", weights_of(q, q, 0, joined)},
                        {"the same, causal", weights_of(q, q, 0, text)}};
    show(folder, "rows", "query", m);
}

static void show_later_queries(const char *folder, ore_tensor *k) {
    ore_tensor *q = ore_zeros(ORE_SHAPE(2, 1, 3, D), ORE_FLOAT32);
    k = ore_expand(k, ORE_SHAPE(2, 1, T, D));
    ore_attention_options step = ore_attention_defaults(), apart = step;
    step.causal = true;
    apart.causal = true;
    apart.starts = integers((int64_t[]){4, 1}, ORE_SHAPE(2));
    matrix m[ACROSS] = {{"3 queries, 8 keys, causal", weights_of(q, k, 0, step)},
                        {"starts 4", weights_of(q, k, 0, apart)},
                        {"starts 1", weights_of(q, k, 1, apart)}};
    show(folder, "starts", "query", m);
}

static void show_masks(const char *folder, ore_tensor *q) {
    uint8_t seen[T][T];
    float added[T];
    for (int t = 0; t < T; t++) {
        for (int s = 0; s < T; s++)
            seen[t][s] = s == 0 || (t - s) % 3 == 0;
        added[t] = t < 2 ? -INFINITY : logf((float)t);
    }
    ore_attention_options stride = ore_attention_defaults(), bias = stride, both = stride;
    stride.mask = ore_from_data(seen, ORE_SHAPE(T, T), ORE_BOOL);
    bias.mask = ore_from_data(added, ORE_SHAPE(T), ORE_FLOAT32);
    both.mask = stride.mask;
    both.causal = true;
    matrix m[ACROSS] = {{"a bool mask", weights_of(q, q, 0, stride)},
                        {"an added mask (T)", weights_of(q, q, 0, bias)},
                        {"the bool mask, causal", weights_of(q, q, 0, both)}};
    show(folder, "masks", "query", m);
}

/* ---- what happens to scores ---- */

static void show_scores(const char *folder, ore_tensor *q) {
    ore_tensor *x = ore_reshape(ore_eye(T, T, ORE_FLOAT32), ORE_SHAPE(1, 1, T, D));
    ore_attention_options alibi = ore_attention_defaults(), sharp = alibi, capped = alibi;
    alibi.causal = true;
    alibi.slopes = ore_full(ORE_SHAPE(1), 0.5, ORE_FLOAT32);
    sharp.scale = 8; /* scores are 8 for a query's own key, and 0 for the others */
    capped.scale = 8;
    capped.soft_cap = 2;
    matrix m[ACROSS] = {{"slopes 0.5, causal", weights_of(q, q, 0, alibi)},
                        {"scores 8 and 0", weights_of(x, x, 0, sharp)},
                        {"the same, soft cap 2", weights_of(x, x, 0, capped)}};
    show(folder, "scores", "query", m);
}

/* One query of 4 heads; head h of the keys has its largest score at key 2 h + 1. */
static void show_heads(const char *folder) {
    ore_tensor *q = ore_ones(ORE_SHAPE(1, 4, 1, 1), ORE_FLOAT32);
    ore_tensor *place = ore_arange(0, T, 1, ORE_INT64);
    ore_tensor *best = ore_reshape(ore_arange(1, T, 2, ORE_INT64), ORE_SHAPE(4, 1));
    ore_tensor *k = ore_mul_scalar(ore_to(ore_eq(place, best), ORE_FLOAT32), 3); /* (4, T) */
    k = ore_reshape(k, ORE_SHAPE(1, 4, T, 1));
    ore_attention_options o = ore_attention_defaults();
    matrix m[ACROSS] = {{"4 heads, 4 of keys", weights_of(q, k, 0, o)},
                        {"4 heads, 2 of keys", weights_of(q, ore_narrow(k, 1, 0, 2), 0, o)},
                        {"4 heads, 1 of keys", weights_of(q, ore_narrow(k, 1, 0, 1), 0, o)}};
    show(folder, "heads", "query head", m);
}

int main(int argc, char **argv) {
    const char *folder = argc > 1 ? argv[1] : NULL;
    ore_scope_begin();
    /* Scores of 0: every key that a query sees has the same weight. */
    ore_tensor *q = ore_zeros(ORE_SHAPE(1, 1, T, D), ORE_FLOAT32);
    show_places(folder, q);
    show_rows(folder, q);
    show_later_queries(folder, q);
    show_masks(folder, q);
    show_scores(folder, q);
    show_heads(folder);
    ore_scope_end();
    if (!ore_ok())
        fprintf(stderr, "%s\n", ore_error_message());
    return ore_ok() ? 0 : 1;
}
