/* cmd_sample.c: `ore sample`. */
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "sample/generate.h"
#include "run/run_open.h"
#include "cli/words.h"

typedef struct sample_config {
    char *prompt;
    int64_t tokens, num;
    double temperature;
    int64_t top_k;
    double top_p;
    int64_t seed;
    int best, unseen;
    int64_t threads;
} sample_config;

#define ROW(type, ...)                                                                             \
    { "Sampling", CONFIG_FIELD_##type(sample_config, __VA_ARGS__), OPTION_UNSAVED, 0 }
static const option rows[] = {
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
    ROW(SWITCH, best, "false", NULL,
        "the weights of the lowest validation loss, not the last ones"),
    ROW(SWITCH, unseen, "false", NULL,
        "leave out lines that the run's data holds (models trained on lines)"),
    ROW(INT, threads, "auto", "[1, 256]", "threads; results do not depend on it; auto: all cores"),
};
#undef ROW
enum { ROWS = sizeof rows / sizeof rows[0] };

static const option *sample_rows(int *count) {
    *count = ROWS;
    return rows;
}

/* The ids of the prompt, or those that are used without one; owned by the caller. */
static int64_t *prompt_ids(const sample_config *c, const ore_tokenizer *tokenizer, int64_t *count) {
    size_t bytes = strlen(c->prompt);
    bool documents = ore_tokenizer_separator(tokenizer) >= 0;
    *count = ore_tokenizer_encode(tokenizer, c->prompt, bytes, NULL, 0);
    ore_error_locate("--prompt");
    int64_t *ids = ore_ok() ? calloc((size_t)*count + 1, sizeof *ids) : NULL;
    if (!ids) {
        ore_fail(ORE_MEMORY, "--prompt: out of memory");
        return NULL;
    }
    ore_tokenizer_encode(tokenizer, c->prompt, bytes, ids, *count);
    if (*count == 0 && !documents) {
        ids[0] = generation_first(tokenizer);
        *count = 1;
    }
    return ids;
}

static ore_status write_samples(generation *g, const sample_config *c, const int64_t *ids,
                                int64_t count) {
    bool documents = ore_tokenizer_separator(g->tokenizer) >= 0;
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

static ore_status write_unseen(generation *g, opened_run *run, const sample_config *c,
                               const int64_t *ids, int64_t count) {
    train_data data = {0};
    char text[COUNT_BYTES];
    int64_t samples = c->num != CONFIG_AUTO_INT ? c->num : 10;
    if (ore_tokenizer_separator(g->tokenizer) < 0)
        return ore_fail(ORE_DATA, "--unseen: only for models trained on lines (--documents lines)");
    if (opened_run_open_data(run, &data) == ORE_OK) {
        int64_t written = generate_unseen(g, &data, ids, count, c->tokens, samples);
        if (ore_ok() && written < samples)
            ore_fail(ORE_DATA,
                     "--unseen: %lld of %s found; the others were in the data, empty or "
                     "longer than --tokens",
                     (long long)written, counted_text(samples, "sample", text));
    }
    train_data_close(&data);
    return ore_error_status();
}

/* Notes options that change nothing, on standard error: standard output gets the text alone. */
static void tell_idle(const sample_config *c, const ore_tokenizer *tokenizer, int64_t vocab_size) {
    bool likeliest = c->temperature == 0, lines = ore_tokenizer_separator(tokenizer) >= 0;
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

static ore_status sample(opened_run *run, const void *config) {
    const sample_config *c = config;
    generation g = {0};
    char number[COUNT_BYTES];
    int64_t count = 0, *ids = NULL;
    ore_tokenizer *tokenizer = ore_tokenizer_load(run->tokenizer_path);
    ore_generator *generator = ore_generator_new((uint64_t)c->seed);
    int64_t vocab_size = train_vocab_size(&run->options.config);
    if (ore_ok() && ore_tokenizer_size(tokenizer) > vocab_size)
        ore_fail(ORE_DATA, "%s: %s, but the model has %lld", run->tokenizer_path,
                 counted_text(ore_tokenizer_size(tokenizer), "token", number),
                 (long long)vocab_size);
    if (ore_ok())
        ids = prompt_ids(c, tokenizer, &count);
    if (generation_init(&g, &run->model, tokenizer, generator, stdout) == ORE_OK) {
        tell_idle(c, tokenizer, vocab_size);
        g.sampler.temperature = c->temperature;
        g.sampler.top_k = c->top_k;
        g.sampler.top_p = c->top_p;
        if (c->unseen)
            write_unseen(&g, run, c, ids, count);
        else
            write_samples(&g, c, ids, count);
    }
    generation_free(&g);
    free(ids);
    ore_generator_free(generator);
    ore_tokenizer_free(tokenizer);
    return ore_error_status();
}

static int run(const arguments *a) {
    sample_config c = {0};
    const run_reader reader = {
        rows, ROWS, &c, &c.best, &c.threads, "ore sample DIR [--prompt TEXT] ...", sample};
    return run_reader_run(&reader, a);
}

const command command_sample = {
    .name = "sample",
    .summary = "Write text with a trained model",
    .usage = "ore sample DIR [--prompt TEXT] [--tokens N] [--num N] [--temperature T] ...",
    .about =
        "Writes text as the model draws it. A model trained on lines writes whole lines, each\n"
        "a sample; any other goes on from the prompt.",
    .run = run,
    .rows = sample_rows,
};
