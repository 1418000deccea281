/* bigram.c: the simplest language model there is: how often does each letter follow each other?
 * Counts become probabilities, probabilities make up names, and one number says how good they are:
 * the mean of -log p over what really came. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/frame/bigrams.h"
#include "lab/frame/lab.h"

enum { V = NAMES_LETTERS, SEED = 2147483647 };

/* ---- counting ---- */

typedef struct bigram {
    int from, to;
    int64_t count, seen; /* seen: the position of its first occurrence */
} bigram;

/* For qsort: largest count first; of equal counts the one that was seen first, as Python's stable
 * sort has them. */
static int by_count(const void *a, const void *b) {
    const bigram *p = a, *q = b;
    if (p->count != q->count)
        return p->count < q->count ? 1 : -1;
    return p->seen < q->seen ? -1 : p->seen > q->seen;
}

static void look_at_words(lab *l) {
    int64_t count;
    const char *const *words = lab_words(l, &count);
    size_t shortest = count > 0 ? strlen(words[0]) : 0, longest = 0;
    for (int64_t w = 0; w < count; w++) {
        size_t length = strlen(words[w]);
        shortest = length < shortest ? length : shortest;
        longest = length > longest ? length : longest;
    }
    lab_heading(l, "Words");
    lab_say(l,
            "The data are %lld words of %zu to %zu letters. Each is a small pile of examples: "
            "`emma` says that e may come first, that m may follow e, that m may follow m, that "
            "a may follow m, and that a word may end after a. With a dot at both ends a word of "
            "n letters has n + 1 pairs: its bigrams.",
            (long long)count, shortest, longest);
    lab_value(l, "p1.words", (double)count);
    lab_value(l, "p1.minlen", (double)shortest);
    lab_value(l, "p1.maxlen", (double)longest);
}

/* Counts the pairs one after the other, as one would by hand: N[from][to]. */
static ore_tensor *count_pairs(lab *l) {
    static const char start = '^', end = '$'; /* not '.', as in the lecture's first try */
    bigram table[V * V] = {0};
    int64_t words, seen = 0, distinct = 0;
    const char *const *list = lab_words(l, &words);
    for (int64_t w = 0; w < words; w++)
        for (size_t c = 0, length = strlen(list[w]); c <= length; c++) {
            int from = c > 0 ? (int)names_letter_id(list[w][c - 1]) : 0;
            int to = (int)names_letter_id(list[w][c]);
            bigram *b = &table[from * V + to];
            if (b->count++ == 0)
                *b = (bigram){from, to, 1, seen++};
        }
    ore_tensor *N = ore_zeros(ORE_SHAPE(V, V), ORE_INT64);
    int64_t *n = ore_data_mut(N);
    for (int i = 0; n && i < V * V; i++) {
        n[i] = table[i].count;
        distinct += n[i] > 0;
    }
    char top[40 * 24] = "";
    size_t used = 0;
    qsort(table, V * V, sizeof *table, by_count);
    for (int i = 0; i < 40 && i < distinct; i++)
        used += (size_t)snprintf(top + used, sizeof top - used, "%s%c%c:%lld", i ? " " : "",
                                 table[i].from ? names_letter(table[i].from) : start,
                                 table[i].to ? names_letter(table[i].to) : end,
                                 (long long)table[i].count);
    lab_heading(l, "Counting");
    lab_say(l,
            "Of the %d pairs that there could be, %lld occur. The forty most frequent ones, ^ "
            "being the start and $ the end:",
            V * V, (long long)distinct);
    lab_show_words(l, top);
    lab_value(l, "p1.bigrams.distinct", (double)distinct);
    lab_text(l, "p1.bigrams.top40", top);
    return N;
}

static void draw_counts(lab *l, ore_tensor *N) {
    ore_figure *figure = ore_figure_new(
        &(ore_figure_options){.width_px = 1000, .height_px = 1000, .rows = 1, .cols = 1});
    lab_bigram_heatmap(figure, N, "how often the second letter follows the first", "%.0f");
    lab_picture(l, figure, "counts",
                "The whole model: 27 rows of counts. The dot is the start of "
                "a word as a row and its end as a column.");
}

/* ---- probabilities and names ---- */

static void draw_from_row(lab *l, ore_tensor *P) {
    ore_tensor *first = ore_select(P, 0, 0); /* (27): which letter comes first? */
    ore_generator *g = ore_generator_new(SEED);
    ore_tensor *drawn = ore_multinomial(first, 1, true, g);
    char letter[2] = {drawn ? names_letter(ore_item_int(drawn)) : '?', '\0'};
    lab_heading(l, "Probabilities, and drawing from them");
    lab_say(l,
            "A row divided by its sum is a probability for each next letter. `multinomial` "
            "draws from it; with the lecture's generator the first letter is `%s`.",
            letter);
    lab_tensor(l, "p1.row0.p", first);
    lab_text(l, "p1.draw1", letter);

    ore_generator_seed(g, SEED);
    ore_tensor *p = ore_rand(ORE_SHAPE(3), ORE_FLOAT32, g);
    p = ore_div(p, ore_sum(p, ORE_ALL, false));
    ore_tensor *hundred = ore_multinomial(p, 100, true, g);
    ore_tensor *shares = ore_div_scalar(ore_to(ore_bincount(hundred, NULL, 3), ORE_FLOAT32), 100);
    lab_say(l, "A hundred draws from three probabilities come out near them:");
    lab_show_tensor(l, "p", p);
    lab_show_tensor(l, "shares of 100 draws", shares);
    lab_tensor(l, "p1.rand3", p);
    lab_tensor(l, "p1.multinomial100", hundred);
    ore_generator_free(g);
}

static void make_up_names(lab *l, ore_tensor *P) {
    static const struct {
        const char *id, *versions;
        unsigned variant;
    } builds[] = {
        {"p1.names", "torch 1.13 and older, and Ore", ORE_RANDOM_DEFAULT},
        {"p1.names.torch2", "torch 2 now", ORE_RANDOM_TORCH2},
        {"p1.names.mkl", "torch 2.0 to about 2.4 on Intel's library",
         ORE_RANDOM_TORCH2 | ORE_RANDOM_MKL_EXPONENTIAL},
    };
    lab_heading(l, "Names");
    lab_say(l, "Start at the dot, draw a letter from its row, go to that letter's row, until the "
               "dot comes again. The same seed gives the same names, but which names depends on "
               "the build of PyTorch: up to 1.13 `multinomial` looks one uniform number up in "
               "running sums; torch 2 divides each weight by an exponential number and takes the "
               "largest; and for some versions these exponentials came from Intel's MKL.");
    for (int b = 0; b < 3; b++) {
        ore_generator *g = ore_generator_new(SEED);
        ore_generator_set_variant(g, builds[b].variant);
        char *names = lab_bigram_names(P, 5, g);
        lab_say(l, "%s:", builds[b].versions);
        lab_show_words(l, names ? names : "");
        lab_text(l, builds[b].id, names ? names : "");
        free(names);
        ore_generator_free(g);
    }
}

/* Shows N / N.sum(1) without keepdim: (27, 27) / (27) divides columns, not rows, by the sums. */
static void forget_keepdim(lab *l, ore_tensor *N) {
    ore_tensor *n = ore_to(N, ORE_FLOAT32);
    ore_tensor *sums = ore_sum(n, ORE_DIMS(1), false); /* (27) */
    ore_tensor *wrong = ore_div(n, ore_clamp_min(sums, 1));
    ore_tensor *rows = ore_sum(wrong, ORE_DIMS(1), false);    /* (27) */
    ore_tensor *columns = ore_sum(wrong, ORE_DIMS(0), false); /* (27) */
    lab_heading(l, "A mistake that runs");
    lab_say(l, "`N / N.sum(1, keepdim=True)` divides (27, 27) by (27, 1): each row by its own sum. "
               "Without keepdim the sums are (27), broadcasting adds the missing dim in front, "
               "(1, 27), and each column is divided by a row's sum. Nothing complains. Here every "
               "letter is left as often as it is entered, so that the columns even add up to one; "
               "the rows, from which names are drawn, do not:");
    lab_show_tensor(l, "sums of rows", rows);
    lab_show_tensor(l, "sums of columns", columns);
    lab_expect(l, !ore_allclose(rows, ore_ones_like(rows), 0, 1e-3, false),
               "without keepdim the rows do not add up to one");
    lab_expect(l, ore_allclose(columns, ore_clamp_max(sums, 1), 0, 1e-5, false),
               "without keepdim the columns of letters that come add up to one");
}

/* ---- how good is it? ---- */

/* The loss computed in double, which shows what rounding does to a sum of 228146 terms. */
static double nll_in_double(ore_tensor *P, ore_tensor *x, ore_tensor *y) {
    ore_tensor *picked = ore_to(ore_index(P, (ore_tensor *[]){x, y}, 2), ORE_FLOAT64);
    return -ore_item(ore_mean(ore_log(picked), ORE_ALL, false));
}

static void draw_loss(lab *l, double nll) {
    enum { POINTS = 200 };
    double p[POINTS], loss[POINTS];
    const double at[] = {1.0 / 27, exp(-nll), exp(-1)};
    const double losses[] = {log(27), nll, 1};
    const char *const names[] = {"1/27: knows nothing, 3.30", "the bigram model",
                                 "1/e: a loss of 1"};
    for (int i = 0; i < POINTS; i++) {
        p[i] = (i + 1.0) / POINTS;
        loss[i] = -log(p[i]);
    }
    ore_figure *figure = ore_figure_new(NULL);
    ore_plot_title(figure, "What a prediction costs");
    ore_plot_labels(figure, "p, the probability of what came", "loss, -log p (nats)");
    ore_plot_line(figure, p, loss, POINTS, "-log p", NULL);
    ore_plot_scatter(figure, at, losses, 3, names, "models, by their mean loss", NULL);
    lab_picture(l, figure, "minus-log",
                "The loss is 0 for certainty and grows without bound as p "
                "falls to 0. A mean loss of 1 is as good as giving 1/e = "
                "0.37 to every letter that comes.");
}

static double measure(lab *l, ore_tensor *N, ore_tensor *x, ore_tensor *y) {
    ore_tensor *P = lab_rows_normalised(N), *smooth = lab_rows_normalised(ore_add_scalar(N, 1));
    ore_tensor *uniform = ore_full(ORE_SHAPE(V, V), 1.0 / V, ORE_FLOAT32);
    double sum, nll = lab_bigram_nll(P, x, y, &sum), smoothed = lab_bigram_nll(smooth, x, y, NULL);
    double knows_nothing = nll_in_double(uniform, x, y);
    lab_heading(l, "One number");
    lab_say(l,
            "The likelihood of the data is the product of the probabilities that the model gives "
            "to each pair; its log is a sum, %.2f here. Divided by the number of pairs and with "
            "its sign turned it is a loss: %.4f nats a letter. Probabilities of 1/27 everywhere "
            "cost log 27 = %.4f; the counts are the best that a table of pairs can do.",
            sum, nll, knows_nothing);
    lab_values(l, "p1.nll.counts", (double[]){sum, nll}, 2);
    lab_values(l, "p1.nll.smoothed", (double[]){smoothed, nll_in_double(smooth, x, y)}, 2);
    lab_note(l, "negative log likelihood of the uniform matrix", knows_nothing);
    lab_expect(l, fabs(knows_nothing - log(V)) < 1e-6, "the uniform matrix costs log 27: %.7f",
               knows_nothing);
    lab_expect(l, nll < knows_nothing, "counting beats the uniform matrix: %.4f against %.4f", nll,
               knows_nothing);
    lab_say(l,
            "Read backwards: e^-%.4f = %.3f, the probability that an even-handed model would "
            "have to give to every letter that comes. A loss of 1 stands for 1/e = 0.368.",
            nll, exp(-nll));
    draw_loss(l, nll);
    return nll;
}

/* A pair that never occurs: jq, or, in other data, the next such pair after it. */
static int never_seen(const int64_t *n) {
    int start = 10 * V + 17;
    for (int i = 0; i < V * V; i++)
        if (n[(start + i) % (V * V)] == 0 && (start + i) % V != 0)
            return (start + i) % (V * V);
    return 0;
}

static void smooth(lab *l, ore_tensor *N) {
    const int64_t *n = ore_data(N);
    int pair = n ? never_seen(n) : 0;
    double losses[2];
    for (int one = 0; one < 2; one++) {
        ore_tensor *P = lab_rows_normalised(ore_add_scalar(N, one));
        const float *p = ore_data(P);
        losses[one] = p ? -log((double)p[pair]) : 0;
    }
    lab_heading(l, "What never came");
    lab_say(l,
            "%c%c does not occur. Its probability is 0, log 0 is minus infinity, and one such "
            "pair in a word makes the whole word's loss infinite: %g. Adding 1 to every count "
            "makes it merely unlikely: %.2f. The more is added, the more even the rows become; "
            "this is called smoothing.",
            names_letter(pair / V), names_letter(pair % V), losses[0], losses[1]);
    lab_expect(l, isinf(losses[0]) && losses[0] > 0 && isfinite(losses[1]),
               "a pair never seen costs %g without smoothing and %.3f with", losses[0], losses[1]);
}

/* ---- more context? ---- */

static void lengthen(lab *l, ore_tensor *x, ore_tensor *y) {
    enum { LONGEST = 10 };
    char table[1024], *at = table;
    at += sprintf(at, "letters                cells      seen    once\n");
    for (int k = 2; k <= LONGEST; k++) {
        int64_t once, found = lab_distinct_runs(x, y, k, &once);
        at += sprintf(at, "%7d  %19.0f  %8lld  %5.1f%%\n", k, pow(V, k), (long long)found,
                      100 * (double)once / (double)(found > 0 ? found : 1));
    }
    lab_heading(l, "Why not count longer runs?");
    lab_say(l, "One letter is little context. A table of runs of ten letters would know more, but "
               "it has 27^10 cells, and the data fill only a handful, most of them once: the table "
               "learns the words by heart and has nothing to say about any other. A network shares "
               "what it learns between contexts that are alike; that is the way on.");
    lab_show(l, table);
}

ore_status lecture_bigram(lab *l) {
    ore_tensor *y, *x = lab_bigram_pairs(l, -1, &y); /* (n) each */
    look_at_words(l);
    ore_tensor *N = count_pairs(l); /* (27, 27) */
    draw_counts(l, N);
    lab_expect(l, ore_allclose(N, lab_bigram_counts(x, y), 0, 0, false),
               "counting by a loop and by bincount give the same table");
    draw_from_row(l, lab_rows_normalised(N));
    make_up_names(l, lab_rows_normalised(ore_add_scalar(N, 1)));
    forget_keepdim(l, N);
    measure(l, N, x, y);
    smooth(l, N);
    lengthen(l, x, y);

    /* the step to networks: a one-hot vector selects the row of its letter */
    ore_tensor *P = lab_rows_normalised(N);
    ore_tensor *picked = ore_matmul(ore_to(ore_one_hot(ore_narrow(x, 0, 0, 5), V), ORE_FLOAT32), P);
    lab_expect(l, ore_allclose(picked, ore_f_embedding(ore_narrow(x, 0, 0, 5), P, -1), 0, 0, false),
               "one_hot(x) @ P is the rows of P at x");
    return ore_error_status();
}
