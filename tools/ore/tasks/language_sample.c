/* language_sample.c: what a language model writes: `ore sample`, and a sample after training. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/words.h"
#include "models/token_ids.h"
#include "tasks/generate.h"
#include "tasks/run_tokenizer.h"

#define ROW(type, ...)                                                                             \
    { "Sampling", CONFIG_FIELD_##type(language_sample_config, __VA_ARGS__), OPTION_UNSAVED, 1 }
const option language_sample_rows[LANGUAGE_SAMPLE_ROWS] = {
    ROW(TEXT, prompt, "", "TEXT", "text to go on from; none: the start of a line"),
    ROW(INT, tokens, "500", "[1, 1000000000]", "maximum number of tokens in each sample"),
    ROW(INT, num, "auto", "[1, 1000000000]",
        "samples; auto: 10 lines of a model trained on lines, else 1 text"),
    ROW(FLOAT, temperature, "1", "[0, 1000]", NULL,
        "logits are divided by it: less is tamer; 0 takes the likeliest token"),
    ROW(INT, top_k, "0", "[0, 1000000000]", "only the k likeliest tokens; 0: all"),
    ROW(FLOAT, top_p, "1", "(0, 1]", NULL,
        "only the likeliest tokens whose probabilities add up to p; 1: all"),
    ROW(INT, seed, "1", "[0, 9223372036854775807]", "the same seed gives the same text"),
    ROW(SWITCH, unseen, "false", NULL,
        "leave out lines that the run's data holds (models trained on lines)"),
};
#undef ROW

/* The separator of the documents that a run was trained on, lines or those of shards; -1 for one of
 * running text, whatever its tokenizer has. */
static int64_t separator_of(const train_config *c, const ore_tokenizer *tokenizer) {
    const language_config *config = c->task;
    bool documents = config->documents == DOCUMENTS_LINES || language_is_shards(c->data);
    return tokenizer && documents ? ore_tokenizer_separator(tokenizer) : -1;
}

/* ---- ore sample ---- */

/* The ids of the prompt, or those that are used without one; owned by the caller. `marks`: with
 * those that the tokenizer adds itself. */
static int64_t *prompt_ids(const language_sample_config *c, const ore_tokenizer *tokenizer,
                           int64_t separator, bool marks, int64_t *count) {
    int64_t *ids = token_ids(tokenizer, c->prompt, strlen(c->prompt), marks, count);
    ore_error_locate("--prompt");
    if (ids && *count == 0 && separator < 0) {
        ids[0] = generation_first(tokenizer, separator);
        *count = 1;
    }
    return ids;
}

static ore_status write_samples(generation *g, const language_sample_config *c, const int64_t *ids,
                                int64_t count) {
    bool documents = g->separator >= 0;
    int64_t samples = c->num != CONFIG_AUTO_INT ? c->num : documents ? 10 : 1;
    for (int64_t i = 0; i < samples && ore_ok(); i++) {
        if (documents) {
            generate_document(g, ids, count, c->tokens);
            continue;
        }
        if (i > 0)
            fputs("---------------\n", g->out);
        fputs(c->prompt, g->out);
        generate_stream(g, ids, count, c->tokens);
        fputc('\n', g->out);
    }
    return ore_error_status();
}

static ore_status write_unseen(generation *g, const trained_model *m,
                               const language_sample_config *c, const int64_t *ids, int64_t count) {
    char text[COUNT_BYTES];
    int64_t samples = c->num != CONFIG_AUTO_INT ? c->num : 10;
    if (g->separator < 0)
        return ore_fail(ORE_DATA, "--unseen: only for models trained on lines (--documents lines)");
    const train_data *data = m->data(m->user);
    if (!data)
        return ore_error_status();
    int64_t written = generate_unseen(g, language_of(data), ids, count, c->tokens, samples);
    if (ore_ok() && written < samples)
        ore_fail(ORE_DATA,
                 "--unseen: %lld of %s found; the others were in the data, empty or "
                 "longer than --tokens",
                 (long long)written, counted_text(samples, "sample", text));
    return ore_error_status();
}

/* Notes options that change nothing, on standard error: standard output gets the text alone. */
static void tell_idle(const language_sample_config *c, bool lines, int64_t vocab_size) {
    bool likeliest = c->temperature == 0;
    const char *greedy = "with --temperature 0, which takes the likeliest token";
    char text[OPTION_REASON_BYTES];
    snprintf(text, sizeof text, "with a vocabulary of %lld", (long long)vocab_size);
    if (c->top_k > 0 && likeliest)
        option_print_idle(stderr, "top_k", greedy);
    else if (c->top_k >= vocab_size)
        option_print_idle(stderr, "top_k", text);
    if (c->top_p < 1 && likeliest)
        option_print_idle(stderr, "top_p", greedy);
    if (likeliest && c->seed != 1)
        option_print_idle(stderr, "seed", greedy);
    if (likeliest && !c->unseen && (c->num == CONFIG_AUTO_INT ? lines : c->num > 1))
        fputs("note        the samples are all the same with --temperature 0\n", stderr);
}

ore_status language_sample(const trained_model *m, const void *config) {
    const language_sample_config *c = config;
    generation g = {0};
    char number[COUNT_BYTES];
    int64_t count = 0, *ids = NULL, vocab_size = train_vocab_size(m->config);
    ore_tokenizer *tokenizer = run_tokenizer_read(m->dir);
    int64_t separator = separator_of(m->config, tokenizer);
    ore_generator *generator = ore_generator_new((uint64_t)c->seed);
    if (ore_ok() && ore_tokenizer_size(tokenizer) > vocab_size)
        ore_fail(ORE_DATA, "%s: %s in the tokenizer, but the model has %lld", m->dir,
                 counted_text(ore_tokenizer_size(tokenizer), "token", number),
                 (long long)vocab_size);
    if (ore_ok())
        ids = prompt_ids(c, tokenizer, separator, m->published, &count);
    if (generation_init(&g, m->model, tokenizer, separator, generator, stdout) == ORE_OK) {
        tell_idle(c, separator >= 0, vocab_size);
        g.ends = m->ends;
        g.end_count = m->end_count;
        g.sampler.temperature = c->temperature;
        g.sampler.top_k = c->top_k;
        g.sampler.top_p = c->top_p;
        if (c->unseen)
            write_unseen(&g, m, c, ids, count);
        else
            write_samples(&g, c, ids, count);
    }
    generation_free(&g);
    free(ids);
    ore_generator_free(generator);
    ore_tokenizer_free(tokenizer);
    return ore_error_status();
}

/* ---- after training ---- */

static void show_samples(generation *g, const language_data *data) {
    enum { DOCUMENTS = 10, TOKENS = 200, SHORT = 100 };
    bool documents = data->shards.count == 0 && ore_token_parts_has_documents(data->parts);
    printf("\n%s\n", documents ? "new lines, none of them in the data:" : "a sample:");
    if (documents) {
        int64_t block_size = g->model->block_size, max = block_size < 125 ? 4 * block_size : 500;
        if (g->model->family->contexts && max < SHORT) /* the context tells nothing of lengths */
            max = SHORT;
        generate_unseen(g, data, NULL, 0, max, DOCUMENTS);
    } else {
        int64_t first = generation_first(data->tokenizer, g->separator);
        generate_stream(g, &first, 1, TOKENS);
        putchar('\n');
    }
}

ore_status language_show(const trained_model *m, ore_generator *generator) {
    const language_data *data = language_of(m->data(m->user));
    generation g;
    int64_t separator = separator_of(m->config, data->tokenizer);
    if (generation_init(&g, m->model, data->tokenizer, separator, generator, stdout) == ORE_OK) {
        g.stop = m->stop;
        show_samples(&g, data);
    }
    generation_free(&g);
    return ore_error_status();
}
