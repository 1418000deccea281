/* document.c: a document as a hierarchy: words make sentences, sentences the document (Yang et al.
 * 2016), and five ways to make one vector of its sentences: their mean, soft, hard, global and
 * local attention. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/frame/lab.h"
#include "lab/frame/reviews.h"

enum {
    TRAINING = 4000,
    HELD_OUT = 1000,
    QUICK = 128, /* reviews of both kinds in a quick run */
    BATCH = 50,
    EPOCHS = 8,
    FEW = 300, /* reviews of the first comparison, read FEW_EPOCHS times */
    FEW_EPOCHS = 40,
    BAG_EPOCHS = 20,
    WIDTH = 16,  /* of words */
    HIDDEN = 16, /* of each direction of the recurrent layers */
    SPACE = 16,  /* in which words and sentences are compared with what is sought */
    SEED = 42
};

/* Rows `index` (n) of the set. */
static review_set rows_of(const review_set *s, ore_tensor *index) {
    return (review_set){.count = ore_numel(index),
                        .words = ore_index_select(s->words, 0, index),
                        .sentences = ore_index_select(s->sentences, 0, index),
                        .lengths = ore_index_select(s->lengths, 0, index),
                        .labels = ore_index_select(s->labels, 0, index),
                        .deciding = ore_index_select(s->deciding, 0, index)};
}

static double share(ore_tensor *a, ore_tensor *b) {
    return ore_item(ore_mean(ore_to(ore_eq(a, b), ORE_FLOAT32), ORE_ALL, false));
}

/* ---- the readers ---- */

/* How one vector is made of the sentences. */
typedef enum choice_kind { MEAN, SOFT, HARD, GLOBAL, LOCAL, KINDS } choice_kind;
static const char *const kind_names[KINDS] = {"mean, no attention", "soft", "hard, sampled",
                                              "global (general)", "local (local-p)"};

typedef struct reader {
    ore_module root;
    choice_kind kind;
    ore_embedding words;
    ore_hierarchical_attention document;
    ore_luong_attention choose; /* of GLOBAL and LOCAL */
    ore_linear head;
} reader;

static void new_reader(reader *r, choice_kind kind) {
    ore_attend_options o = ore_attend_defaults();
    memset(r, 0, sizeof *r);
    r->kind = kind;
    ore_manual_seed(SEED);
    ore_module_init(&r->root, NULL, NULL);
    ore_embedding_init(&r->words, &r->root, "words", REVIEW_VOCABULARY, WIDTH, NULL);
    ore_hierarchical_attention_init(&r->document, &r->root, "document", WIDTH, HIDDEN, SPACE, NULL);
    o.place = kind == LOCAL ? ORE_ATTEND_LOCAL_P : ORE_ATTEND_GLOBAL;
    o.window = 1;
    if (kind == GLOBAL || kind == LOCAL)
        ore_luong_attention_init(&r->choose, &r->root, "choose", 2 * HIDDEN, 2 * HIDDEN, &o);
    ore_linear_init(&r->head, &r->root, "head", 2 * HIDDEN, 2, NULL);
}

/* What a forward gives: of each review. */
typedef struct reading {
    ore_tensor *logits;    /* (N, 2) */
    ore_tensor *words;     /* (N, sentences, words): weights */
    ore_tensor *sentences; /* (N, sentences): weights */
    ore_tensor *log_prob;  /* (N, 1) of a hard choice, or NULL */
} reading;

/* The last sentence's state (N, 2 H): what GLOBAL and LOCAL ask with. */
static ore_tensor *last_of(ore_tensor *states, ore_tensor *sentences) {
    ore_tensor *index = ore_reshape(ore_sub_scalar(sentences, 1), ORE_SHAPE(-1, 1, 1));
    index = ore_expand(index, ORE_SHAPE(-1, -1, ore_size(states, 2)));
    return ore_squeeze(ore_gather(states, 1, index), 1);
}

static ore_tensor *mean_of(ore_tensor *states, ore_tensor *sentences, ore_tensor **weights) {
    ore_tensor *places = ore_arange(0, REVIEW_SENTENCES, 1, ORE_INT64);
    ore_tensor *there = ore_lt(places, ore_unsqueeze(sentences, 1)); /* (N, sentences) */
    ore_tensor *none = ore_zeros(ORE_SHAPE(ore_size(states, 0), REVIEW_SENTENCES), ORE_FLOAT32);
    *weights = ore_masked_softmax(none, there);
    return ore_squeeze(ore_soft_attention(ore_unsqueeze(*weights, 1), states), 1);
}

static reading read_reviews(const reader *r, const review_set *s) {
    reading y = {NULL, NULL, NULL, NULL};
    ore_attend_memory memory;
    ore_hard_choice choice;
    ore_tensor *document = NULL; /* (N, 2 H) */
    ore_tensor *x = ore_embedding_forward(&r->words, s->words);
    ore_tensor *states = /* (N, sentences, 2 H) */
        ore_hierarchical_attention_states(&r->document, x, s->sentences, s->lengths, &y.words);
    if (!states)
        return y;
    const ore_attention_pool *pool = &r->document.sentence_attention;
    if (r->kind == MEAN) {
        document = mean_of(states, s->sentences, &y.sentences);
    } else if (r->kind == SOFT) {
        document = ore_attention_pool_forward(pool, states, s->sentences, &y.sentences);
    } else if (r->kind == HARD) {
        ore_attention_pool_forward(pool, states, s->sentences, &y.sentences);
        ore_tensor *weights = ore_unsqueeze(y.sentences, 1);
        document =
            ore_squeeze(ore_hard_attention(weights, states, r->root.training, NULL, &choice), 1);
        y.log_prob = choice.log_prob;
    } else {
        ore_tensor *query = last_of(states, s->sentences);
        ore_attend_prepare(&r->choose, states, s->sentences, &memory);
        document = ore_attend_forward(&r->choose, query, &memory, 0, &y.sentences);
    }
    y.logits = ore_linear_forward(&r->head, document);
    return y;
}

/* ---- learning ---- */

typedef struct outcome {
    double few;             /* share right after learning from few reviews */
    double accuracy, found; /* shares of the held-out reviews: right, and largest weight where the
                               deciding sentence stands */
    double seconds;         /* of training */
} outcome;

/* The mean loss; a hard choice's with a gradient for its odds. *usual follows the losses. */
static ore_tensor *loss_of(const reading *y, ore_tensor *labels, double *usual) {
    ore_cross_entropy_options each = ore_cross_entropy_defaults();
    each.reduction = ORE_NONE;
    ore_tensor *losses = ore_cross_entropy(y->logits, labels, &each); /* (N) */
    if (y->log_prob) {
        double mean = losses ? ore_item(ore_mean(losses, ORE_ALL, false)) : 0;
        losses = ore_reinforce(losses, y->log_prob, ore_scalar(*usual, ORE_FLOAT32));
        *usual += 0.1 * (mean - *usual);
    }
    return ore_mean(losses, ORE_ALL, false);
}

static outcome examine(reader *r, const review_set *s) {
    outcome o = {0};
    ore_module_eval(&r->root);
    ore_no_grad_begin();
    ore_scope_begin();
    reading y = read_reviews(r, s);
    o.accuracy = share(ore_argmax(y.logits, 1, false), s->labels);
    o.found = share(ore_argmax(y.sentences, 1, false), s->deciding);
    ore_scope_end();
    ore_no_grad_end();
    ore_module_train(&r->root, true);
    return o;
}

static outcome learn(lab *l, reader *r, const review_set *train, int64_t epochs,
                     const review_set *held_out) {
    ore_adamw_options o = ore_adamw_defaults();
    ore_generator *g = ore_generator_new(SEED);
    o.lr = 0.005;
    ore_optimizer *optimizer = ore_adamw_new(&r->root, &o);
    int64_t batches = train->count / BATCH, steps = batches * (lab_quick(l) ? 1 : epochs);
    ore_schedule rate = ore_one_cycle_lr(o.lr, steps);
    double began = ore_clock_s(), usual = log(2);
    for (int64_t step = 0; step < steps && ore_ok();) {
        ore_scope_begin();
        ore_tensor *order = ore_randperm(train->count, g);
        for (int64_t i = 0; i < batches && ore_ok(); i++) {
            ore_scope_begin();
            review_set batch = rows_of(train, ore_narrow(order, 0, i * BATCH, BATCH));
            reading y = read_reviews(r, &batch);
            ore_tensor *loss = loss_of(&y, batch.labels, &usual);
            ore_optimizer_schedule(optimizer, &rate, step);
            ore_optimizer_zero_grad(optimizer);
            ore_backward(loss);
            ore_optimizer_step(optimizer);
            step++;
            lab_progress(l, kind_names[r->kind], step, steps, loss ? ore_item(loss) : 0);
            ore_scope_end();
        }
        ore_scope_end();
    }
    double seconds = ore_clock_s() - began;
    ore_optimizer_free(optimizer);
    ore_generator_free(g);
    outcome found = examine(r, held_out);
    found.seconds = seconds;
    return found;
}

/* ---- a bag of words ---- */

/* How often each word occurs: (N, vocabulary) */
static ore_tensor *bags_of(const review_set *s) {
    ore_tensor *words = ore_flatten(s->words, 1, 2);
    ore_tensor *one_hot = ore_to(ore_one_hot(words, REVIEW_VOCABULARY), ORE_FLOAT32);
    return ore_sum(one_hot, ORE_DIMS(1), false);
}

/* Its share of the held-out reviews. */
static double bag_of_words(lab *l, const review_set *train, const review_set *held_out) {
    ore_linear linear;
    ore_adamw_options o = ore_adamw_defaults();
    ore_manual_seed(SEED);
    ore_linear_init(&linear, NULL, NULL, REVIEW_VOCABULARY, 2, NULL);
    o.lr = 0.02;
    ore_optimizer *optimizer = ore_adamw_new(&linear.module, &o);
    ore_tensor *bags = bags_of(train);
    int64_t batches = train->count / BATCH, steps = batches * (lab_quick(l) ? 1 : BAG_EPOCHS);
    ore_schedule rate = ore_one_cycle_lr(o.lr, steps);
    for (int64_t step = 0; step < steps && ore_ok(); step++) {
        ore_scope_begin();
        int64_t start = step % batches * BATCH;
        ore_tensor *x = ore_narrow(bags, 0, start, BATCH);
        ore_tensor *y = ore_narrow(train->labels, 0, start, BATCH);
        ore_tensor *loss = ore_cross_entropy(ore_linear_forward(&linear, x), y, NULL);
        ore_optimizer_schedule(optimizer, &rate, step);
        ore_optimizer_zero_grad(optimizer);
        ore_backward(loss);
        ore_optimizer_step(optimizer);
        ore_scope_end();
    }
    ore_no_grad_begin();
    ore_tensor *logits = ore_linear_forward(&linear, bags_of(held_out));
    double accuracy = share(ore_argmax(logits, 1, false), held_out->labels);
    ore_no_grad_end();
    ore_optimizer_free(optimizer);
    ore_module_free(&linear.module);
    return accuracy;
}

/* ---- what is shown ---- */

static void show_reviews(lab *l, const review_set *s) {
    enum { SHOWN = 2 };
    char text[2048];
    size_t used = 0;
    const int64_t *words = ore_data(s->words), *sentences = ore_data(s->sentences);
    const int64_t *labels = ore_data(s->labels);
    if (!words || !sentences || !labels)
        return;
    for (int64_t i = 0; i < SHOWN; i++) {
        used +=
            (size_t)snprintf(text + used, sizeof text - used, "%s:", labels[i] ? "good" : "bad");
        for (int64_t k = 0; k < REVIEW_SENTENCES * REVIEW_WORDS; k++) {
            int64_t word = words[i * REVIEW_SENTENCES * REVIEW_WORDS + k];
            bool starts = k % REVIEW_WORDS == 0 && word;
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s%s",
                                     starts ? "\n   " : "", word ? " " : "", review_words[word]);
        }
        used += (size_t)snprintf(text + used, sizeof text - used, "%s", i < SHOWN - 1 ? "\n" : "");
    }
    lab_heading(l, "Reviews of which one sentence decides");
    lab_say(l, "The lab writes reviews of 4 to 8 sentences. Most have an opinion, and only one "
               "counts: the one that opens with `overall`, `altogether`, `ultimately` or "
               "`all-in-all`; `not` turns it round. Two of them:");
    lab_show(l, text);
}

/* One review as a grid: a row for each sentence, words in their cells, as dark as the share of the
 * document that the word has: its weight times its sentence's. */
static void draw_review(ore_figure *f, int row, const review_set *s, const reading *y,
                        const char *title) {
    enum { CELLS = REVIEW_SENTENCES * REVIEW_WORDS };
    double shares[CELLS];
    const char *texts[CELLS], *names[REVIEW_SENTENCES];
    char names_text[REVIEW_SENTENCES][16];
    const int64_t *words = ore_data(s->words);
    int64_t count = ore_item_int(ore_select(s->sentences, 0, 0));
    const float *of_words = ore_data(y->words), *of_sentences = ore_data(y->sentences);
    if (!words || !of_words || !of_sentences)
        return;
    for (int64_t i = 0; i < count; i++) {
        snprintf(names_text[i], sizeof names_text[i], "%.2f", (double)of_sentences[i]);
        names[i] = names_text[i];
        for (int64_t k = i * REVIEW_WORDS; k < (i + 1) * REVIEW_WORDS; k++) {
            shares[k] = words[k] ? (double)of_words[k] * (double)of_sentences[i] : NAN;
            texts[k] = words[k] ? review_words[words[k]] : NULL;
        }
    }
    ore_heatmap_options o = ore_heatmap_defaults();
    static const char *const columns[REVIEW_WORDS] = {"1", "2", "3", "4", "5", "6"};
    o.low = 0, o.high = 1;
    o.cell_text = texts;
    o.row_names = names;
    o.col_names = columns;
    o.stretch = true;
    ore_figure_panel(f, row, 0);
    ore_plot_title(f, title);
    ore_plot_labels(f, "word", "weight of the sentence");
    ore_plot_heatmap(f, shares, count, REVIEW_WORDS, &o);
}

/* The first bad review of the set, read by one reader of each kind. */
static void draw_attention(lab *l, reader *readers, const review_set *held_out) {
    static const choice_kind shown[] = {SOFT, HARD, LOCAL};
    enum { SHOWN = sizeof shown / sizeof *shown };
    ore_figure *f = ore_figure_new(
        &(ore_figure_options){.width_px = 900, .height_px = 1100, .rows = SHOWN, .cols = 1});
    ore_no_grad_begin();
    ore_tensor *first = ore_argmin(held_out->labels, 0, true);
    review_set one = rows_of(held_out, first);
    for (int i = 0; i < SHOWN; i++) {
        ore_module_eval(&readers[shown[i]].root);
        reading y = read_reviews(&readers[shown[i]], &one);
        draw_review(f, i, &one, &y, kind_names[shown[i]]);
    }
    ore_no_grad_end();
    lab_picture(l, f, "attention",
                "One held-out review, read by three readers: the weight of each sentence at its "
                "left, and each word as dark as its share of the document.");
}

static void show_table(lab *l, const outcome *outcomes, double bag) {
    char text[1024];
    size_t used = (size_t)snprintf(text, sizeof text, "%-24s %11s %11s %15s %8s\n", "", "from few",
                                   "from all", "sentence found", "seconds");
    used += (size_t)snprintf(text + used, sizeof text - used, "%-24s %11s %10.1f%%\n",
                             "bag of words", "", 100 * bag);
    for (int k = 0; k < KINDS; k++) {
        char found[16] = "";
        const outcome *o = &outcomes[k];
        if (k != MEAN)
            snprintf(found, sizeof found, "%.1f%%", 100 * o->found);
        used += (size_t)snprintf(
            text + used, sizeof text - used, "%-24s %10.1f%% %10.1f%% %15s %8.1f%s", kind_names[k],
            100 * o->few, 100 * o->accuracy, found, o->seconds, k < KINDS - 1 ? "\n" : "");
    }
    lab_show(l, text);
}

static void check(lab *l, const outcome *outcomes, double bag) {
    lab_expect(l, bag < 0.85, "a bag of words stays below 85%% (%.1f%%)", 100 * bag);
    for (int k = SOFT; k < KINDS; k++)
        lab_expect(l, outcomes[k].accuracy >= 0.95, "%s reaches 95%% of held-out reviews (%.1f%%)",
                   kind_names[k], 100 * outcomes[k].accuracy);
    lab_expect(l, outcomes[SOFT].found >= 0.95,
               "soft attention is largest at the deciding sentence in 95%% (%.1f%%)",
               100 * outcomes[SOFT].found);
}

ore_status lecture_document(lab *l) {
    reader readers[KINDS];
    int made = 0;
    review_set train = {0}, held_out = {0};
    outcome outcomes[KINDS] = {{0}};
    ore_scope_begin();
    ore_generator *g = ore_generator_new(SEED);
    review_set_write(&train, lab_quick(l) ? QUICK : TRAINING, g);
    review_set_write(&held_out, lab_quick(l) ? QUICK : HELD_OUT, g);
    ore_generator_free(g);
    int64_t enough = lab_quick(l) ? BATCH : FEW;
    review_set few = rows_of(&train, ore_arange(0, (double)enough, 1, ORE_INT64));
    show_reviews(l, &held_out);
    double bag = bag_of_words(l, &train, &held_out);
    lab_heading(l, "Words make sentences, sentences the document");
    lab_say(l,
            "A bidirectional GRU reads the words of a sentence, and a learned query weighs its "
            "states: one vector for each sentence. A second GRU reads these vectors. Five readers "
            "differ in what they make of its states: their mean; soft attention, by a second "
            "learned query; hard attention, which draws one sentence with these weights and "
            "learns by REINFORCE; and Luong's attention, whose query is the last sentence's "
            "state, over all sentences (global) or over those within 1 of a place that the query "
            "predicts (local). They learn from %lld reviews and, anew, from %lld; %lld others are "
            "held out. `Sentence found` is how often the largest weight is that of the sentence "
            "that decides:",
            (long long)few.count, (long long)train.count, (long long)held_out.count);
    for (; made < KINDS && ore_ok(); made++) {
        reader *r = &readers[made];
        new_reader(r, (choice_kind)made);
        double right = learn(l, r, &few, FEW_EPOCHS, &held_out).accuracy;
        ore_module_free(&r->root);
        new_reader(r, (choice_kind)made);
        outcomes[made] = learn(l, r, &train, EPOCHS, &held_out);
        outcomes[made].few = right;
    }
    if (ore_ok()) {
        show_table(l, outcomes, bag);
        draw_attention(l, readers, &held_out);
    }
    if (!lab_quick(l))
        check(l, outcomes, bag);
    while (made > 0)
        ore_module_free(&readers[--made].root);
    ore_scope_end();
    return ore_error_status();
}
