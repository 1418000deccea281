/* words.c: words as vectors. Words that stand in the same places have like vectors; a bag of words
 * against an encoder on reviews whose negations and ironies it has to place; who looks at whom in
 * it; and what a sentence makes of a word that means two things. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/frame/matrix.h"
#include "lab/frame/pictures.h"
#include "lab/frame/opinion_set.h"

enum { SEED = 7, HELD_OUT_SEED = 8, OTHERS_SEED = 9, TOKENIZED = 8000 };

/* What the parts of the rung share. */
typedef struct words_lab {
    lab *l;
    ore_tokenizer *tokenizer;
    int64_t V;
    opinion_set train, held_out;
    ore_generator *generator;
    encoder encoder;
    bool *bag_right, *encoder_right; /* (held_out.count) */
} words_lab;

static int64_t id_of(const words_lab *w, const char *word) {
    return ore_tokenizer_id(w->tokenizer, word, strlen(word));
}

static const char *word_of(const words_lab *w, int64_t id, char *text, size_t bytes) {
    size_t n = 0;
    const char *word = ore_tokenizer_bytes(w->tokenizer, id, &n);
    size_t space = n > 0 && *word == ' '; /* that decoding puts before it */
    snprintf(text, bytes, "%.*s", (int)(n - space), n > 0 ? word + space : "");
    return text;
}

/* ---- words, and what is none ---- */

static void show_tokens(const words_lab *w, const char *text) {
    int64_t ids[OPINION_TOKENS_MAX], n = opinion_encode(w->tokenizer, text, ids);
    char line[1024], word[64];
    size_t used = (size_t)snprintf(line, sizeof line, "%s\n ->", text);
    for (int64_t i = 0; i < n && used < sizeof line; i++)
        used += (size_t)snprintf(line + used, sizeof line - used, " %s",
                                 word_of(w, ids[i], word, sizeof word));
    lab_show(w->l, line);
}

static bool same_ids(const words_lab *w, const char *a, const char *b) {
    int64_t x[OPINION_TOKENS_MAX], y[OPINION_TOKENS_MAX];
    int64_t n = opinion_encode(w->tokenizer, a, x), m = opinion_encode(w->tokenizer, b, y);
    return n == m && n > 0 && memcmp(x, y, (size_t)n * sizeof *x) == 0;
}

static void tokens(words_lab *w) {
    static const char *const known = "@user17 : the soup was great . see https://reviews.example/5";
    static const char *const other = "@user9 : the soup was great . see https://reviews.example/77";
    static const char *const unknown = "the zorgle was great";
    lab_heading(w->l, "Words, and what is none");
    lab_say(w->l,
            "The text is reviews that a program writes by rule. A word tokenizer has read %d of "
            "them and knows %lld words. What no table of words can hold, it puts into classes by "
            "rule: a user's name, an address, a number are one token each, whichever they are; a "
            "word that it has not met twice is the unknown word.",
            TOKENIZED, (long long)w->V);
    show_tokens(w, known);
    show_tokens(w, other);
    show_tokens(w, unknown);
    lab_expect(w->l, same_ids(w, known, other), "another name and another address: the same ids");
    lab_expect(w->l, same_ids(w, unknown, "the blorf was great"),
               "one unknown word is as good as another");
    lab_expect(w->l, !same_ids(w, unknown, "the soup was great"), "a known word is itself");
}

/* ---- vectors from neighbours ---- */

enum { AROUND = 4, WIDTH = 16, NEAREST = 4 };

/* The words around each word of the training reviews, two on each side: x (n, AROUND), y (n). */
static int64_t contexts(const words_lab *w, ore_tensor **x, ore_tensor **y) {
    const int64_t *ids = ore_data(w->train.ids), *lengths = ore_data(w->train.lengths);
    int64_t count = 0, max = w->train.count * OPINION_TOKENS_MAX;
    int64_t *around = calloc((size_t)max * AROUND, sizeof *around);
    int64_t *middle = calloc((size_t)max, sizeof *middle);
    for (int64_t r = 0; around && middle && ids && r < w->train.count; r++) {
        const int64_t *row = ids + r * OPINION_TOKENS_MAX;
        for (int64_t t = 2; t + 2 < lengths[r]; t++, count++) {
            const int64_t near[AROUND] = {row[t - 2], row[t - 1], row[t + 1], row[t + 2]};
            memcpy(around + count * AROUND, near, sizeof near);
            middle[count] = row[t];
        }
    }
    if (around && middle) {
        *x = ore_from_data(around, ORE_SHAPE(count, AROUND), ORE_INT64);
        *y = ore_from_data(middle, ORE_SHAPE(count), ORE_INT64);
    } else {
        ore_fail(ORE_MEMORY, "out of memory: contexts");
    }
    free(middle);
    free(around);
    return count;
}

/* A table of vectors (V, WIDTH) trained so that the sum of a word's neighbours, by place, tells it:
 * Mikolov et al. 2013, arXiv:1301.3781. */
static ore_tensor *neighbour_vectors(words_lab *w) {
    ore_tensor *x = NULL, *y = NULL;
    int64_t n = contexts(w, &x, &y), steps = lab_quick(w->l) ? 20 : 1500;
    ore_module root;
    ore_embedding table;
    ore_linear out;
    ore_embedding_options eo = ore_embedding_defaults();
    ore_linear_options lo = ore_linear_defaults();
    eo.generator = lo.generator = w->generator;
    ore_module_init(&root, NULL, NULL);
    ore_embedding_init(&table, &root, "table", w->V, WIDTH, &eo);
    ore_linear_init(&out, &root, "out", AROUND * WIDTH, w->V, &lo);
    ore_adamw_options o = ore_adamw_defaults();
    o.lr = 0.01;
    ore_optimizer *optimizer = ore_adamw_new(&root, &o);
    for (int64_t step = 0; step < steps && ore_ok(); step++) {
        ore_scope_begin();
        ore_tensor *rows = ore_randint(0, n, ORE_SHAPE(256), ORE_INT64, w->generator);
        ore_tensor *near = ore_embedding_forward(&table, ore_index_select(x, 0, rows));
        ore_tensor *logits = ore_linear_forward(&out, ore_flatten(near, 1, 2)); /* (256, V) */
        ore_optimizer_zero_grad(optimizer);
        ore_backward(ore_cross_entropy(logits, ore_index_select(y, 0, rows), NULL));
        ore_optimizer_step(optimizer);
        ore_scope_end();
    }
    ore_tensor *vectors = ore_clone(ore_detach(table.weight));
    ore_optimizer_free(optimizer);
    ore_module_free(&root);
    return vectors;
}

/* Cosines (V, V) of the rows of a table. */
static ore_tensor *cosines(ore_tensor *vectors) {
    ore_tensor *norm = ore_sqrt(ore_sum(ore_square(vectors), ORE_DIMS(1), true)); /* (V, 1) */
    ore_tensor *unit = ore_div(vectors, norm);
    return ore_matmul(unit, ore_t(unit));
}

/* The words with the largest cosines to `id`, itself left out. */
static void nearest(const words_lab *w, ore_tensor *cosine, int64_t id, int64_t *best, int count) {
    const float *row = ore_data(cosine);
    for (int k = 0; row && k < count; k++) {
        best[k] = -1;
        for (int64_t i = 0; i < w->V; i++) {
            bool taken = i == id;
            for (int j = 0; j < k; j++)
                taken = taken || best[j] == i;
            if (!taken && (best[k] < 0 || row[id * w->V + i] > row[id * w->V + best[k]]))
                best[k] = i;
        }
    }
}

static void show_nearest(const words_lab *w, ore_tensor *cosine, const char *const *list) {
    char text[2048], word[64];
    size_t used = 0;
    const float *rows = ore_data(cosine);
    for (int i = 0; rows && list[i] && used < sizeof text; i++) {
        int64_t best[NEAREST], id = id_of(w, list[i]);
        nearest(w, cosine, id, best, NEAREST);
        used +=
            (size_t)snprintf(text + used, sizeof text - used, "%s%-10s", i ? "\n" : "", list[i]);
        for (int k = 0; k < NEAREST && used < sizeof text; k++)
            used += (size_t)snprintf(text + used, sizeof text - used, "  %s %.2f",
                                     word_of(w, best[k], word, sizeof word),
                                     (double)rows[id * w->V + best[k]]);
    }
    lab_show(w->l, text);
}

static bool is_in(const char *word, const char *const *list) {
    while (*list && strcmp(word, *list) != 0)
        list++;
    return *list != NULL;
}

/* Of the words of a list, the share whose nearest word is in one of two lists. */
static double share_near(const words_lab *w, ore_tensor *cosine, const char *const *list,
                         const char *const *a, const char *const *b) {
    int count = 0, inside = 0;
    char word[64];
    for (; list[count]; count++) {
        int64_t best;
        nearest(w, cosine, id_of(w, list[count]), &best, 1);
        word_of(w, best, word, sizeof word);
        inside += is_in(word, a) || is_in(word, b);
    }
    return (double)inside / count;
}

static void vectors(words_lab *w) {
    static const char *const shown[] = {"great", "awful", "soup", "not", "very", "was", NULL};
    ore_tensor *cosine = cosines(neighbour_vectors(w));
    lab_heading(w->l, "You shall know a word by the company it keeps");
    lab_say(w->l,
            "A table gives each word a vector of %d numbers, and is trained so that the vectors of "
            "the two words before a place and the two behind it tell the word in between. Nobody "
            "says what a word means; words that stand in the same places get like vectors. The "
            "nearest words by the cosine of the angle between two vectors:",
            WIDTH);
    show_nearest(w, cosine, shown);
    lab_say(w->l, "`great` and `awful` are neighbours here: where the one stands the other may, "
                  "too. Vectors from company tell what kind of word a word is, not which side it "
                  "is on.");
    double good = share_near(w, cosine, opinion_good, opinion_good, opinion_bad);
    double bad = share_near(w, cosine, opinion_bad, opinion_good, opinion_bad);
    if (!lab_quick(w->l))
        lab_expect(w->l, (good + bad) / 2 >= 0.8,
                   "the nearest word of %.0f%% of the plain adjectives is a plain adjective",
                   50 * (good + bad));
}

/* ---- the bag and the encoder ---- */

static double share_of(const opinion_set *s, const bool *right, bool (*kind)(const opinion *r),
                       int64_t *count) {
    int64_t sum = 0;
    *count = 0;
    for (int64_t i = 0; i < s->count; i++)
        if (kind(&s->reviews[i])) {
            ++*count;
            sum += right[i];
        }
    return *count > 0 ? (double)sum / (double)*count : NAN;
}

static bool is_plain(const opinion *r) {
    return r->negations == 0 && r->ironies == 0 && r->ambiguous == 0;
}

static bool has_negation(const opinion *r) {
    return r->negations > 0;
}

static bool has_irony(const opinion *r) {
    return r->ironies > 0;
}

static bool has_both(const opinion *r) {
    return r->ironies > 0 && r->negations > 0;
}

static bool has_ambiguity(const opinion *r) {
    return r->ambiguous > 0;
}

static bool is_any(const opinion *r) {
    return r != NULL;
}

static void show_kinds(const words_lab *w) {
    static const struct {
        const char *name;
        bool (*kind)(const opinion *r);
    } kinds[] = {{"plain words only", is_plain},    {"with a negation", has_negation},
                 {"with irony", has_irony},         {"with both", has_both},
                 {"cold, long, ..", has_ambiguity}, {"all", is_any}};
    char text[1024];
    size_t used =
        (size_t)snprintf(text, sizeof text, "%-20s reviews   bag of words   encoder", "held out");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        int64_t count;
        double bag = share_of(&w->held_out, w->bag_right, kinds[i].kind, &count);
        double read = share_of(&w->held_out, w->encoder_right, kinds[i].kind, &count);
        used +=
            (size_t)snprintf(text + used, sizeof text - used, "\n%-20s %7lld   %11.1f%%  %7.1f%%",
                             kinds[i].name, (long long)count, 100 * bag, 100 * read);
    }
    lab_show(w->l, text);
}

static double train_bag(words_lab *w) {
    opinion_bag bag;
    const opinion_training t = {"bag of words", lab_quick(w->l) ? 20 : 1500, 256, 0.02};
    opinion_bag_init(&bag, w->V, w->generator);
    opinion_train(w->l, &bag.linear.module, opinion_bag_read, &w->train, &t, w->generator);
    double accuracy =
        opinion_accuracy(&bag.linear.module, opinion_bag_read, &w->held_out, w->bag_right);
    ore_module_free(&bag.linear.module);
    return accuracy;
}

static double train_encoder(words_lab *w) {
    encoder_config c = encoder_defaults();
    const opinion_training t = {"encoder", lab_quick(w->l) ? 20 : 4000, 32, 0.002};
    c.vocab_size = w->V;
    c.n_classes = 2;
    c.block_size = OPINION_TOKENS_MAX;
    c.dropout = 0;
    encoder_init(&w->encoder, &c, w->generator);
    opinion_train(w->l, &w->encoder.module, opinion_encoder_read, &w->train, &t, w->generator);
    return opinion_accuracy(&w->encoder.module, opinion_encoder_read, &w->held_out,
                            w->encoder_right);
}

static void sentiment(words_lab *w) {
    lab_heading(w->l, "Good or bad: a bag of words and an encoder");
    lab_say(w->l,
            "Each review says of something that it is good or bad. `not` turns an adjective "
            "around, and so does `oh sure` in front of the clause, which says the opposite of what "
            "is meant; both together leave it as it is. `cold` is good of beer and bad of soup. "
            "What stands behind `but` decides. Three of %lld:",
            (long long)w->train.count);
    char text[3 * (OPINION_BYTES + 16)] = "";
    for (int i = 0, shown = 0; i < w->train.count && shown < 3; i++) {
        const opinion *r = &w->train.reviews[i];
        if ((shown == 0) != is_plain(r) || (shown == 2) != has_irony(r))
            continue;
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s: %s", shown++ ? "\n" : "",
                 opinion_label(r), r->text);
    }
    lab_show(w->l, text);
    double bag = train_bag(w), read = train_encoder(w);
    lab_say(w->l,
            "A bag of words adds up one weight for each word. That the text holds `not` tells it "
            "nothing: not what? An encoder of %lld layers and %lld heads lets every word look at "
            "all others, before and behind it, then takes the mean over the words. Right on %lld "
            "reviews that neither has seen:",
            (long long)w->encoder.config.n_layer, (long long)w->encoder.config.n_head,
            (long long)w->held_out.count);
    show_kinds(w);
    lab_expect(w->l, bag < 0.85, "the bag of words stays below 85%%: %.1f%%", 100 * bag);
    if (!lab_quick(w->l))
        lab_expect(w->l, read >= 0.95, "the encoder reaches 95%%: %.1f%%", 100 * read);
}

/* The same reviews with other names and addresses, and with unknown things in the place of known
 * ones, get the same answers. */
static void strangers(words_lab *w) {
    static const char *const pairs[][2] = {
        {"@user3 : the room was not great", "@user999999 : the room was not great"},
        {"the room was not great", "the zorgle was not great"},
        {"oh sure the staff is wonderful", "oh sure the blorf is wonderful"},
        {"the view seemed far from awful", "the quux seemed far from awful"}};
    enum { PAIRS = sizeof pairs / sizeof pairs[0] };
    const char *texts[2 * PAIRS];
    opinion_set s;
    for (int i = 0; i < 2 * PAIRS; i++)
        texts[i] = pairs[i / 2][i % 2];
    ore_no_grad_begin();
    int same = 0;
    if (opinion_set_of(&s, w->tokenizer, texts, 2 * PAIRS) == ORE_OK) {
        ore_tensor *rows = ore_arange(0, 2 * PAIRS, 1, ORE_INT64);
        ore_tensor *best = ore_argmax(opinion_encoder_read(&w->encoder, &s, rows), 1, false);
        const int64_t *class = best ? ore_data(best) : NULL;
        for (int i = 0; class && i < PAIRS; i++)
            same += class[2 * i] == class[2 * i + 1];
    }
    opinion_set_free(&s);
    ore_no_grad_end();
    if (!lab_quick(w->l))
        lab_expect(
            w->l, same == PAIRS,
            "%d of %d reviews with a stranger's name or an unknown thing in them are read as "
            "those with known ones",
            same, PAIRS);
}

/* ---- who looks at whom ---- */

/* Attention (H, T, T) of layer `which` to x (1, T, C), which becomes what the layer makes of it. */
static ore_tensor *layer_weights(const encoder *model, int64_t which, ore_tensor **x) {
    const ore_transformer_encoder_layer *layer = &model->layers[which];
    ore_tensor *normed = ore_layer_norm_forward(&layer->norm1, *x), *weights = NULL;
    ore_multihead_attention_weights(&layer->self_attn, normed, normed, normed, NULL, false,
                                    &weights);
    *x = ore_transformer_encoder_layer_forward(layer, *x, NULL);
    return ore_select(weights, 0, 0);
}

static void attention_maps(words_lab *w, const char *text, const char *name) {
    int64_t ids[OPINION_TOKENS_MAX], n = opinion_encode(w->tokenizer, text, ids);
    static char texts[OPINION_TOKENS_MAX][64];
    const char *names[OPINION_TOKENS_MAX];
    int64_t layers = w->encoder.config.n_layer, heads = w->encoder.config.n_head;
    char title[64], caption[512];
    if (n < 1)
        return;
    for (int64_t i = 0; i < n; i++)
        names[i] = word_of(w, ids[i], texts[i], sizeof texts[i]);
    ore_figure *figure = ore_figure_new(&(ore_figure_options){
        .width_px = 1500, .height_px = 800, .rows = (int)layers, .cols = (int)heads});
    ore_no_grad_begin();
    ore_tensor *x = encoder_embed(&w->encoder, ore_from_data(ids, ORE_SHAPE(1, n), ORE_INT64));
    for (int64_t i = 0; i < layers; i++) {
        ore_tensor *weights = layer_weights(&w->encoder, i, &x); /* (H, T, T) */
        for (int64_t h = 0; h < heads && ore_ok(); h++) {
            snprintf(title, sizeof title, "layer %lld, head %lld", (long long)i + 1,
                     (long long)h + 1);
            lab_draw_attention(figure, (int)i, (int)h, title,
                               ore_contiguous(ore_select(weights, 0, h)), names);
        }
    }
    ore_no_grad_end();
    snprintf(caption, sizeof caption,
             "Who looks at whom in \"%s\": each row shows how one word's attention is shared out "
             "over all words, before it and behind it.",
             text);
    lab_picture(w->l, figure, name, caption);
}

/* ---- one word, two meanings ---- */

/* The vectors of the word at place `which` of a text: as it goes in, after the first layer and
 * after the last: (3, C). */
static ore_tensor *vectors_of(words_lab *w, const char *text, int64_t which) {
    int64_t ids[OPINION_TOKENS_MAX], n = opinion_encode(w->tokenizer, text, ids);
    if (n < 1)
        return NULL;
    ore_tensor *in = ore_from_data(ids, ORE_SHAPE(1, n), ORE_INT64);
    ore_tensor *before = encoder_embed(&w->encoder, in); /* (1, T, C) */
    ore_tensor *first = ore_transformer_encoder_layer_forward(&w->encoder.layers[0], before, NULL);
    ore_tensor *last = encoder_hidden(&w->encoder, in, NULL);
    ore_tensor *both[] = {ore_select(before, 1, which), ore_select(first, 1, which),
                          ore_select(last, 1, which)};
    return ore_cat(both, 3, 0);
}

static double cosine_of(ore_tensor *a, ore_tensor *b, int64_t row) {
    ore_tensor *x = ore_select(a, 0, row), *y = ore_select(b, 0, row);
    double dot = ore_item(ore_sum(ore_mul(x, y), ORE_ALL, false));
    double xx = ore_item(ore_sum(ore_square(x), ORE_ALL, false));
    double yy = ore_item(ore_sum(ore_square(y), ORE_ALL, false));
    return ore_ok() ? dot / sqrt(xx * yy) : NAN;
}

enum { PLACE = 3 }; /* of the adjective in "the beer was cold" */

static int one_word(words_lab *w, const opinion_ambiguity *a, char *text, size_t bytes) {
    char good[96], bad[96];
    /* nouns of one word, so that the adjective is at PLACE */
    const char *of_good = strchr(a->good_of[0], ' ') ? a->good_of[1] : a->good_of[0];
    const char *of_bad = strchr(a->bad_of[0], ' ') ? a->bad_of[1] : a->bad_of[0];
    snprintf(good, sizeof good, "the %s was %s", of_good, a->word);
    snprintf(bad, sizeof bad, "the %s was %s", of_bad, a->word);
    ore_tensor *x = vectors_of(w, good, PLACE), *y = vectors_of(w, bad, PLACE);
    snprintf(good, sizeof good, "the %s was great", of_good);
    snprintf(bad, sizeof bad, "the %s was awful", of_bad);
    ore_tensor *great = vectors_of(w, good, PLACE), *awful = vectors_of(w, bad, PLACE);
    double to_great = cosine_of(x, great, 2), to_awful = cosine_of(x, awful, 2);
    double other_great = cosine_of(y, great, 2), other_awful = cosine_of(y, awful, 2);
    snprintf(text, bytes, "%-6s %-9s %-9s %8.3f %8.3f %8.3f     %6.2f %6.2f     %6.2f %6.2f\n",
             a->word, of_good, of_bad, cosine_of(x, y, 0), cosine_of(x, y, 1), cosine_of(x, y, 2),
             to_great, to_awful, other_great, other_awful);
    return to_great > to_awful && other_awful > other_great && cosine_of(x, y, 0) > 0.999 &&
           cosine_of(x, y, 2) < 0.5;
}

static void ambiguity(words_lab *w) {
    char text[2048];
    int apart = 0;
    size_t used = (size_t)snprintf(text, sizeof text, "%-6s %-9s %-9s %8s %8s %8s     %s     %s\n",
                                   "word", "good of", "bad of", "before", "layer 1", "after",
                                   "good: great awful", "bad: great awful");
    lab_heading(w->l, "One word, two meanings");
    lab_say(w->l, "Before attention a word has one vector, whatever is said of what. Afterwards it "
                  "holds what the word has seen. The cosine between the two vectors of one word in "
                  "`the beer was cold` and `the soup was cold`, before, after the first layer and "
                  "after the last; and how near each comes to `great` and `awful` in its place:");
    ore_no_grad_begin();
    for (int i = 0; i < OPINION_AMBIGUITIES && used < sizeof text && ore_ok(); i++) {
        apart += one_word(w, &opinion_ambiguities[i], text + used, sizeof text - used);
        used = strlen(text);
    }
    ore_no_grad_end();
    lab_show(w->l, text);
    if (!lab_quick(w->l))
        lab_expect(
            w->l, apart >= OPINION_AMBIGUITIES - 1,
            "%d of %d words have one vector before attention and two after it, one near great "
            "and one near awful",
            apart, OPINION_AMBIGUITIES);
}

/* ---- the whole ---- */

static ore_status start(words_lab *w) {
    int64_t count = lab_quick(w->l) ? 500 : 40000, held_out = lab_quick(w->l) ? 200 : 2000;
    w->generator = ore_generator_new(1);
    w->tokenizer = opinion_tokenizer(TOKENIZED, OTHERS_SEED);
    w->V = ore_ok() ? ore_tokenizer_size(w->tokenizer) : 0;
    opinion_set_make(&w->train, w->tokenizer, count, true, SEED);
    opinion_set_make(&w->held_out, w->tokenizer, held_out, true, HELD_OUT_SEED);
    w->bag_right = calloc((size_t)held_out, sizeof *w->bag_right);
    w->encoder_right = calloc((size_t)held_out, sizeof *w->encoder_right);
    if (!w->bag_right || !w->encoder_right)
        ore_fail(ORE_MEMORY, "out of memory");
    return ore_error_status();
}

static void end(words_lab *w) {
    encoder_free(&w->encoder);
    free(w->encoder_right);
    free(w->bag_right);
    opinion_set_free(&w->held_out);
    opinion_set_free(&w->train);
    ore_tokenizer_free(w->tokenizer);
    ore_generator_free(w->generator);
}

ore_status lecture_words(lab *l) {
    words_lab w = {.l = l};
    if (start(&w) == ORE_OK) {
        tokens(&w);
        vectors(&w);
        sentiment(&w);
        strangers(&w);
        attention_maps(&w, "oh sure the soup was not cold", "attention");
        ambiguity(&w);
    }
    end(&w);
    return ore_error_status();
}
