/* shakespeare.c: a play as data for a language model: characters as numbers, random chunks as
 * batches, many examples in one chunk; and the simplest model of it, a table of bigrams. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/frame/play.h"
#include "lab/frame/text.h"

enum { T = 8 }; /* characters of context */

/* ---- the text as tokens ---- */

/* The text of ids (n) between quotes, newlines as \n, to be freed. */
static char *quoted(const lab_play *p, const int64_t *ids, int64_t n) {
    int64_t bytes = ore_tokenizer_decode(p->tokenizer, ids, n, NULL, 0);
    char *text = bytes >= 0 ? lab_allocate((size_t)bytes + 1) : NULL;
    if (text)
        ore_tokenizer_decode(p->tokenizer, ids, n, text, (size_t)bytes);
    char *result = text ? lab_quote(text) : NULL;
    free(text);
    return result;
}

static void tokens(lab *l, const lab_play *p) {
    int64_t *ids = lab_allocate((size_t)p->V * sizeof *ids);
    for (int64_t i = 0; ids && i < p->V; i++)
        ids[i] = i;
    char *alphabet = ids ? quoted(p, ids, p->V) : NULL;
    int64_t length = p->tokens->length, train = ore_token_parts_tokens(p->data, ORE_PART_TRAIN);
    lab_heading(l, "Characters as tokens");
    lab_say(l,
            "The text has %lld characters, %lld different ones. Sorted, each has its place as "
            "its number:",
            (long long)length, (long long)p->V);
    lab_show(l, alphabet ? alphabet : "");
    lab_say(l, "The first 90 %% are for training. The rest is kept back: the loss on it shows "
               "what was learnt beyond the text itself.");
    lab_values(l, "ng.shakespeare",
               (double[]){(double)length, (double)p->V, (double)train,
                          (double)ore_token_parts_tokens(p->data, ORE_PART_VAL)},
               4);
    free(alphabet);
    free(ids);
}

/* ---- batches ---- */

/* Draws four random chunks as the lecture does, with their targets, the same chunks one character
 * later. */
static ore_batch four_chunks(const lab_play *p) {
    ore_token_loader_options o = ore_token_loader_defaults();
    o.batch_size = 4;
    o.block_size = T;
    ore_manual_seed(1337);
    ore_loader *loader = ore_random_loader_new(p->data, &o);
    ore_batch batch = ore_loader_next(loader);
    ore_loader_free(loader);
    return batch;
}

static void examples(lab *l, const lab_play *p, const ore_batch *batch) {
    char text[T * 128];
    size_t n = 0;
    const int64_t *x = ore_data(batch->x), *y = ore_data(batch->y);
    for (int t = 0; x && y && t < T; t++) {
        char *context = quoted(p, x, t + 1), *target = quoted(p, y + t, 1);
        n += (size_t)snprintf(text + n, sizeof text - n, "%safter %-*.40s comes %.8s",
                              t > 0 ? "\n" : "", T + 4, context ? context : "",
                              target ? target : "");
        free(target);
        free(context);
    }
    lab_heading(l, "Batches");
    lab_say(l, "A model is shown chunks from random places, several at a time: x (B, T), and as "
               "targets y the same chunks one character further on.");
    lab_show_tensor(l, "x", batch->x);
    lab_show_tensor(l, "y", batch->y);
    lab_tensor(l, "gl.batch", batch->x);
    lab_say(l,
            "A chunk of %d characters holds %d examples, one for each length of context, and "
            "all are learnt from at once. So the model gets used to short contexts as well "
            "as to long ones. Those of the first row:",
            T, T);
    lab_show(l, x && y ? text : "");
}

/* ---- the bigram model ---- */

/* How often each character follows each in the train part, (V, V), float32. */
static ore_tensor *pairs(const lab_play *p) {
    int64_t V = p->V, n = ore_token_parts_tokens(p->data, ORE_PART_TRAIN);
    int64_t *ids = lab_allocate((size_t)n * sizeof *ids);
    if (ids)
        p->tokens->read(p->tokens, 0, n, ids);
    ore_tensor *x = ids ? ore_from_data(ids, ORE_SHAPE(n), ORE_INT64) : NULL;
    ore_tensor *place = ore_add(ore_mul_scalar(ore_narrow(x, 0, 0, n - 1), (double)V),
                                ore_narrow(x, 0, 1, n - 1)); /* row V + column */
    ore_tensor *N = ore_view(ore_bincount(place, NULL, V * V), ORE_SHAPE(V, V));
    free(ids);
    return ore_to(N, ORE_FLOAT32);
}

/* The mean of -log p over all pairs, p being the fraction of the pair in its row: the min that any
 * table of bigrams can reach. */
static double min_loss(ore_tensor *N) {
    ore_tensor *P = ore_div(N, ore_clamp_min(ore_sum(N, ORE_DIMS(1), true), 1));
    ore_tensor *log_p = ore_log(ore_clamp_min(P, 1e-30)); /* where P is 0, so is N */
    ore_tensor *total = ore_sum(ore_to(ore_mul(N, log_p), ORE_FLOAT64), ORE_ALL, false);
    return -ore_item(total) / ore_item(ore_sum(ore_to(N, ORE_FLOAT64), ORE_ALL, false));
}

/* Trains on 10,000 batches of 32 chunks and returns the loss of the last one. */
static double train(lab *l, const lab_play *p, ore_module *table) {
    ore_token_loader_options lo = ore_token_loader_defaults();
    lo.batch_size = 32;
    lo.block_size = T;
    ore_fit_options o = ore_fit_defaults();
    o.module = table;
    o.loader = ore_random_loader_new(p->data, &lo);
    o.optimizer = ore_adamw_new(table, NULL); /* lr 1e-3 */
    o.steps = lab_quick(l) ? 200 : 10000;
    ore_fit_result r;
    double loss = ore_fit(&o, NULL, &r) == ORE_OK ? r.losses[r.loss_count - 1] : NAN;
    ore_fit_result_free(&r);
    ore_optimizer_free(o.optimizer);
    ore_loader_free(o.loader);
    return loss;
}

static void bigram(lab *l, const lab_play *p, const ore_batch *batch) {
    ore_embedding table; /* (V, V): row c has the logits of what follows c */
    char line[256];
    ore_manual_seed(1337);
    ore_embedding_init(&table, NULL, NULL, p->V, p->V, NULL);
    ore_tensor *logits = ore_embedding_forward(&table, batch->x); /* (B, T, V) */
    ore_tensor *loss =
        ore_cross_entropy(ore_flatten(logits, 0, 1), ore_flatten(batch->y, 0, 1), NULL);
    double even = log((double)p->V);
    lab_heading(l, "A table of bigrams");
    lab_say(l,
            "The simplest model looks at the last character alone: a table with a row of logits "
            "for each. Drawn at random it does worse (%.2f) than one that holds all %lld "
            "characters alike, log %lld = %.2f; and writes noise:",
            ore_item(loss), (long long)p->V, (long long)p->V, even);
    lab_value(l, "gl.bigram.loss", ore_item(loss));
    char *noise = lab_play_write(p, &table.module, 1, 100);
    lab_show(l, noise ? noise : "");
    lab_text(l, "gl.bigram.text", noise ? noise : "");

    double trained = train(l, p, &table.module), min = min_loss(pairs(p));
    char *text = lab_play_write(p, &table.module, 1, 500), first[61] = "";
    lab_say(l,
            "After %s batches of 32 chunks the last one has the loss %.4f. Counting all pairs of "
            "the train part gives %.4f at once, and no table of bigrams does better over them; "
            "single batches scatter around it. Words do not come of it, but their look does:",
            lab_quick(l) ? "200" : "10,000", trained, min);
    lab_show(l, text ? text : "");
    if (!lab_quick(l) && text) {
        snprintf(first, sizeof first, "%s", text); /* as many as the lecture prints */
        char *quotes = lab_quote(first);
        snprintf(line, sizeof line, "%.9g %s", trained, quotes ? quotes : "");
        lab_text(l, "gl.bigram.trained", line);
        free(quotes);
    }
    lab_note(l, "least loss of any table of bigrams, train part", min);
    lab_expect(l, trained < ore_item(loss) && min < even,
               "training lowers the loss, from %.4f to %.4f, and counting beats even guessing",
               ore_item(loss), trained);
    free(text);
    free(noise);
    ore_module_free(&table.module);
}

ore_status lecture_shakespeare(lab *l) {
    lab_play p;
    lab_play_open(&p, l);
    if (ore_ok()) {
        ore_batch batch = four_chunks(&p);
        tokens(l, &p);
        examples(l, &p, &batch);
        bigram(l, &p, &batch);
    }
    lab_play_close(&p);
    return ore_error_status();
}
