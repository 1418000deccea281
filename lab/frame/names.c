/* names.c: what the rungs on names share. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lab/frame/names.h"

enum { MIN_WORDS = 100 }; /* with fewer, a tenth of them would not fill a few batches */

/* ---- examples ---- */

char names_letter(int64_t id) {
    return id == 0 ? '.' : (char)('a' + id - 1);
}

const char *const *names_labels(void) {
    static const char *const labels[NAMES_LETTERS] = {".", "a", "b", "c", "d", "e", "f", "g", "h",
                                                      "i", "j", "k", "l", "m", "n", "o", "p", "q",
                                                      "r", "s", "t", "u", "v", "w", "x", "y", "z"};
    return labels;
}

int64_t names_letter_id(char letter) {
    return letter == '.' || letter == 0 ? 0 : letter - 'a' + 1;
}

/* Makes the examples of the words order[from] .. order[to - 1]: one for each letter, and one for
 * the end of each word. */
static void fill_part(names_part *part, int64_t block, const char *const *words,
                      const int64_t *order, int64_t from, int64_t to) {
    part->count = 0;
    for (int64_t i = from; i < to; i++)
        part->count += (int64_t)strlen(words[order[i]]) + 1;
    ore_scope_begin();
    part->x = ore_own(ore_empty(ORE_SHAPE(part->count, block), ORE_INT64));
    part->y = ore_own(ore_empty(ORE_SHAPE(part->count), ORE_INT64));
    ore_scope_end();
    int64_t *x = part->x ? ore_data_mut(part->x) : NULL;
    int64_t *y = part->y ? ore_data_mut(part->y) : NULL;
    for (int64_t i = from; i < to && x && y; i++) {
        const char *word = words[order[i]];
        int64_t context[NAMES_MAX_BLOCK] = {0}, length = (int64_t)strlen(word);
        for (int64_t j = 0; j <= length; j++, x += block) {
            memcpy(x, context, (size_t)block * sizeof *x);
            *y++ = names_letter_id(word[j]);
            memmove(context, context + 1, (size_t)(block - 1) * sizeof *context);
            context[block - 1] = names_letter_id(word[j]);
        }
    }
}

/* The numbers 0 .. n - 1 in the order into which Python's random.seed(42); random.shuffle(..)
 * brings them, done `times` times in a row; to be freed. */
static int64_t *shuffled(int64_t n, int times) {
    int64_t *order = malloc((size_t)n * sizeof *order);
    ore_python_random *random = ore_python_random_new(42);
    if (!order)
        ore_fail(ORE_MEMORY, "names: out of memory");
    for (int64_t i = 0; order && i < n; i++)
        order[i] = i;
    for (int i = 0; order && i < times; i++) {
        ore_python_random_seed(random, 42);
        ore_python_random_shuffle(random, order, n, sizeof *order);
    }
    ore_python_random_free(random);
    return order;
}

ore_status names_load(lab *l, names_data *data, int64_t block, int shuffles) {
    int64_t n;
    const char *const *words = lab_words(l, &n);
    *data = (names_data){.block = block};
    if (!words)
        return ore_error_status();
    if (block < 1 || block > NAMES_MAX_BLOCK)
        return ore_fail(ORE_INVALID, "names: block %lld, expected 1 to %d", (long long)block,
                        NAMES_MAX_BLOCK);
    if (n < MIN_WORDS)
        return ore_fail(ORE_DATA, "%lld word%s, expected at least %d", (long long)n,
                        n == 1 ? "" : "s", MIN_WORDS);
    int64_t *order = shuffled(n, shuffles);
    if (!order)
        return ore_error_status();
    int64_t n1 = (int64_t)(0.8 * (double)n), n2 = (int64_t)(0.9 * (double)n);
    fill_part(&data->train, block, words, order, 0, n1);
    fill_part(&data->dev, block, words, order, n1, n2);
    fill_part(&data->test, block, words, order, n2, n);
    free(order);
    return ore_error_status();
}

void names_free(names_data *data) {
    names_part *parts[] = {&data->train, &data->dev, &data->test};
    for (int i = 0; i < 3; i++) {
        ore_free(parts[i]->x);
        ore_free(parts[i]->y);
    }
    *data = (names_data){0};
}

void names_examples(const names_part *part, int64_t first, int64_t count, char *text,
                    size_t bytes) {
    int64_t block = ore_size(part->x, 1);
    const int64_t *x = ore_data(part->x), *y = ore_data(part->y);
    size_t used = 0;
    text[0] = 0;
    for (int64_t i = first; i < first + count && x && y; i++) {
        char context[NAMES_MAX_BLOCK + 1] = "";
        for (int64_t j = 0; j < block; j++)
            context[j] = names_letter(x[i * block + j]);
        used += (size_t)snprintf(text + used, bytes - used, "%s%s>%c", i > first ? " " : "",
                                 context, names_letter(y[i]));
    }
}

names_batch names_draw(const names_part *part, ore_generator *g) {
    ore_tensor *ix = ore_randint(0, part->count, ORE_SHAPE(NAMES_BATCH), ORE_INT64, g);
    names_batch b = {.indices = ix};
    b.x = ore_index_select(part->x, 0, ix);
    b.y = ore_index_select(part->y, 0, ix);
    return b;
}

names_part names_first(const names_part *part, int64_t count) {
    count = count < part->count ? count : part->count;
    return (names_part){ore_narrow(part->x, 0, 0, count), ore_narrow(part->y, 0, 0, count), count};
}

void names_report_sizes(lab *l, const char *id, const names_data *data) {
    double sizes[] = {(double)data->train.count, (double)data->dev.count, (double)data->test.count};
    lab_values(l, id, sizes, 3);
}

/* ---- losses and samples ---- */

double names_loss(const ore_module *model, const names_part *part) {
    enum { CHUNK = 2048 }; /* examples at a time, which bounds the memory of activations */
    double sum = 0;
    ore_no_grad_begin();
    for (int64_t i = 0; i < part->count && ore_ok(); i += CHUNK) {
        int64_t n = part->count - i < CHUNK ? part->count - i : CHUNK;
        ore_scope_begin();
        ore_tensor *logits = ore_module_forward(model, ore_narrow(part->x, 0, i, n)); /* (n, 27) */
        sum += (double)n * ore_item(ore_cross_entropy(logits, ore_narrow(part->y, 0, i, n), NULL));
        ore_scope_end();
    }
    ore_no_grad_end();
    return sum / (double)part->count;
}

double names_rough_loss(const lab *l, const ore_module *model, const names_part *part) {
    ore_scope_begin();
    names_part some = names_first(part, lab_quick(l) ? 2000 : part->count);
    double loss = names_loss(model, &some);
    ore_scope_end();
    return loss;
}

void names_sample(const ore_module *model, int64_t block, int count, ore_generator *g, char *text,
                  size_t bytes) {
    int64_t context[NAMES_MAX_BLOCK] = {0};
    size_t used = 0;
    ore_no_grad_begin();
    while (count > 0 && used + 3 < bytes && ore_ok()) {
        ore_scope_begin();
        ore_tensor *x = ore_from_data(context, ORE_SHAPE(1, block), ORE_INT64);
        ore_tensor *p = ore_softmax(ore_module_forward(model, x), 1); /* (1, 27) */
        int64_t id = ore_item_int(ore_multinomial(p, 1, false, g));
        ore_scope_end();
        memmove(context, context + 1, (size_t)(block - 1) * sizeof *context);
        context[block - 1] = id;
        text[used++] = names_letter(id);
        if (id == 0 && --count > 0) {
            memset(context, 0, sizeof context);
            text[used++] = ' ';
        }
    }
    text[used] = 0;
    ore_no_grad_end();
}

/* ---- training ---- */

double names_clock_us(void) {
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    return 1e6 * (double)now.tv_sec + 1e-3 * (double)now.tv_nsec;
}

ore_tensor *names_batch_loss(void *run) {
    const names_run *r = run;
    names_batch batch = names_draw(r->part, r->generator);
    ore_tensor *logits = ore_module_forward(r->model, batch.x); /* (32, 27) */
    ore_tensor *loss = ore_cross_entropy(logits, batch.y, NULL);
    ore_module_zero_grad(r->model);
    ore_backward(loss);
    return loss;
}

ore_status names_train(lab *l, names_run *run) {
    ore_sgd_options o = ore_sgd_defaults();
    o.lr = 0.1;
    ore_optimizer *sgd = ore_sgd_new(run->model, &o);
    run->losses = malloc((size_t)run->steps * sizeof *run->losses + 1);
    if (!run->losses)
        ore_fail(ORE_MEMORY, "names: out of memory");
    double start = names_clock_us();
    for (int64_t i = 0; i < run->steps && ore_ok(); i++) {
        ore_scope_begin();
        ore_tensor *loss = names_batch_loss(run);
        if (i == run->drop_at)
            ore_optimizer_set_lr(sgd, 0, 0.01);
        ore_optimizer_step(sgd);
        run->losses[i] = ore_item(loss);
        if (run->what && ((i + 1) % 1000 == 0 || i + 1 == run->steps))
            lab_progress(l, run->what, i + 1, run->steps, run->losses[i]);
        ore_scope_end();
    }
    run->us = (names_clock_us() - start) / (double)(run->steps > 0 ? run->steps : 1);
    ore_optimizer_free(sgd);
    return ore_error_status();
}

void names_run_free(names_run *run) {
    free(run->losses);
    run->losses = NULL;
}
