/* tokenizer_train.c: `ore tokenizer train`: a tokenizer learned from texts. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <ore/plot.h>
#include <ore/tokenizer_trainer.h>

#include "cli/picture.h"
#include "cli/words.h"
#include "tokenizer/tokenizer_command.h"

/* "auto": the special tokens of GPT-2, BERT and Llama. */
static const char *const usual_specials[] = {[ORE_VOCAB_BPE] = "<|endoftext|>",
                                             [ORE_VOCAB_WORDPIECE] =
                                                 "[PAD],[UNK],[CLS],[SEP],[MASK]",
                                             [ORE_VOCAB_UNIGRAM] = "<unk>,<s>,</s>"};

/* Special tokens, in the memory of a copy of their list. */
typedef struct special_list {
    char *text;
    const char **tokens; /* (count) */
    int64_t count;
} special_list;

static void special_list_free(special_list *list) {
    free(list->text);
    free(list->tokens);
}

/* Those of --special. To be released with special_list_free, also after a failure. */
static ore_status read_specials(special_list *list, const tokenizer_config *c) {
    *list = (special_list){0};
    if (strcmp(c->special, "none") == 0)
        return ORE_OK;
    const char *given = strcmp(c->special, "auto") == 0 ? usual_specials[c->model] : c->special;
    int64_t commas = 0;
    for (const char *at = given; *at; at++)
        commas += *at == ',';
    list->text = strdup(given);
    list->tokens = malloc((size_t)(commas + 1) * sizeof *list->tokens);
    if (!list->text || !list->tokens)
        return ore_fail(ORE_MEMORY, "tokenizer: out of memory");
    for (char *token = list->text, *comma; token; token = comma ? comma + 1 : NULL) {
        comma = strchr(token, ',');
        if (comma)
            *comma = '\0';
        if (!*token)
            return ore_fail(ORE_INVALID,
                            "--special \"%s\": an empty token; expected auto, none, or tokens with "
                            "commas between them",
                            given);
        list->tokens[list->count++] = token;
    }
    return ORE_OK;
}

static ore_tokenizer_trainer *make_trainer(const tokenizer_config *c) {
    special_list specials;
    ore_tokenizer_trainer *trainer = NULL;
    ore_tokenizer_trainer_options o = ore_tokenizer_trainer_defaults();
    o.model = (ore_vocab_model)c->model;
    o.vocab_size = c->vocab_size;
    o.min_frequency = c->min_frequency;
    o.alphabet_size = c->alphabet_size;
    o.pattern = *c->pattern ? c->pattern : o.pattern;
    o.lowercase = c->lowercase != 0;
    if (read_specials(&specials, c) == ORE_OK) {
        o.special_tokens = specials.tokens;
        o.special_count = specials.count;
        trainer = ore_tokenizer_trainer_new(&o);
    }
    special_list_free(&specials);
    return trainer;
}

static ore_status add_files(ore_tokenizer_trainer *trainer, const char *const *files) {
    for (; *files && ore_ok(); files++) {
        ore_text *text = ore_text_open(*files, NULL);
        ore_tokenizer_trainer_add(trainer, text);
        ore_text_close(text);
    }
    return ore_error_status();
}

/* ---- the picture ---- */

/* A text that is not learned from, and how many tokens it has. */
typedef struct held_out {
    char *text; /* NULL: there is none */
    size_t bytes;
    int64_t tokens;
} held_out;

static double bytes_per_token(size_t bytes, int64_t tokens) {
    return tokens > 0 ? (double)bytes / (double)tokens : NAN;
}

/* NAN, without an error, where the vocabulary has no such size. */
static double held_out_at(const ore_tokenizer_trainer *trainer, const ore_tokenizer *learned,
                          const held_out *h, int64_t size) {
    ore_tokenizer *smaller = ore_tokenizer_trainer_smaller(trainer, learned, size);
    int64_t tokens = smaller ? ore_tokenizer_encode(smaller, h->text, h->bytes, NULL, 0) : 0;
    ore_tokenizer_free(smaller);
    return bytes_per_token(h->bytes, tokens);
}

/* Bytes per token of the texts against the vocabulary's size, at 8 sizes in each doubling. */
static ore_status draw(const ore_tokenizer_trainer *trainer, const ore_tokenizer *learned,
                       const held_out *h, const char *path) {
    enum { POINTS_MAX = 256 };
    const double step = 1.0905077326652577; /* 2^(1/8) */
    double x[POINTS_MAX], y[POINTS_MAX], other[POINTS_MAX];
    int n = 0;
    const int64_t size = ore_tokenizer_size(learned);
    ore_tokenizer_trainer_facts f = ore_tokenizer_trainer_facts_of(trainer);
    for (double at = 256; n < POINTS_MAX; at *= step) {
        int64_t here = at < (double)size ? (int64_t)at : size;
        int64_t tokens = ore_tokenizer_trainer_tokens(trainer, here);
        if (tokens > 0) {
            x[n] = (double)here;
            other[n] = h->text ? held_out_at(trainer, learned, h, here) : NAN;
            y[n++] = bytes_per_token((size_t)f.bytes, tokens);
        }
        if (here == size)
            break;
    }
    ore_figure_options o = picture_options();
    ore_figure *figure = ore_figure_new(&o);
    ore_plot_title(figure, "How many bytes of a text a token stands for");
    ore_plot_labels(figure, "tokens in the vocabulary", "bytes per token");
    ore_plot_log_axes(figure, true, false);
    ore_plot_legend(figure, ORE_LEGEND_BOTTOM_RIGHT);
    ore_plot_line(figure, x, y, n, h->text ? "learned from" : NULL, NULL);
    if (h->text)
        ore_plot_line(figure, x, other, n, "held out", NULL);
    ore_figure_save(figure, path);
    ore_figure_free(figure);
    return ore_error_status();
}

/* ---- the command ---- */

static void report(const ore_tokenizer_trainer *trainer, const ore_tokenizer *tokenizer,
                   const held_out *h, const char *out) {
    char number[COUNT_BYTES], more[COUNT_BYTES];
    ore_tokenizer_trainer_facts f = ore_tokenizer_trainer_facts_of(trainer);
    printf("texts       %s\n", counted_text(f.bytes, "byte", number));
    printf("pieces      %s, of which %s differ\n", grouped_text(f.pieces, number),
           grouped_text(f.different_pieces, more));
    printf("vocabulary  %s\n", counted_text(ore_tokenizer_size(tokenizer), "token", number));
    if (f.tokens > 0)
        printf("texts are   %s, of %.3f bytes each\n", counted_text(f.tokens, "token", number),
               (double)f.bytes / (double)f.tokens);
    if (h->text)
        printf("held out    %s, of %.3f bytes each\n", counted_text(h->tokens, "token", number),
               bytes_per_token(h->bytes, h->tokens));
    printf("time        %.2f s to count, %.2f s to learn\n", f.counting_s, f.learning_s);
    printf("tokenizer   %s\n", out);
}

/* Whether two paths lead to one file that is there. */
static bool same_file(const char *a, const char *b) {
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

/* Nothing that is read may be written over. */
static ore_status check_outputs(const tokenizer_config *c, const char *const *files) {
    const char *const outputs[][2] = {{"--out", c->out}, {"--plot", c->plot}};
    for (int i = 0; i < 2; i++) {
        const char *path = outputs[i][1];
        if (*path && *c->held_out && same_file(path, c->held_out))
            return ore_fail(ORE_INVALID, "%s %s: that is the text of --held-out", outputs[i][0],
                            path);
        for (const char *const *file = files; *path && *file; file++)
            if (same_file(path, *file))
                return ore_fail(ORE_INVALID, "%s %s: that is one of the texts to learn from",
                                outputs[i][0], path);
    }
    return ORE_OK;
}

/* What a command line asks for that cannot be, before any text is read. */
static ore_status check(const tokenizer_config *c, const char *const *files) {
    if (!*files)
        return ore_fail(ORE_INVALID, "which texts? Expected ore tokenizer train FILE.. --out FILE");
    if (!*c->out)
        return ore_fail(ORE_INVALID, "where to? Expected --out FILE, such as tokenizer.json");
    if (*c->plot && c->model == ORE_VOCAB_UNIGRAM)
        return ore_fail(ORE_INVALID, "--plot: a unigram vocabulary does not grow token by token");
    return picture_check("--plot", c->plot) == ORE_OK ? check_outputs(c, files)
                                                      : ore_error_status();
}

static ore_status train(const tokenizer_config *c, const char *const *files) {
    if (check(c, files) != ORE_OK)
        return ore_error_status();
    held_out h = {0};
    if (*c->held_out && !(h.text = ore_file_read(c->held_out, &h.bytes)))
        return ore_error_status();
    ore_tokenizer_trainer *trainer = make_trainer(c);
    ore_tokenizer *tokenizer = NULL;
    if (trainer && add_files(trainer, files) == ORE_OK)
        tokenizer = ore_tokenizer_trainer_finish(trainer);
    if (tokenizer && h.text)
        h.tokens = ore_tokenizer_encode(tokenizer, h.text, h.bytes, NULL, 0);
    if (tokenizer && ore_ok() && ore_tokenizer_save(tokenizer, c->out) == ORE_OK) {
        report(trainer, tokenizer, &h, c->out);
        if (*c->plot)
            draw(trainer, tokenizer, &h, c->plot);
    }
    ore_string_free(h.text);
    ore_tokenizer_free(tokenizer);
    ore_tokenizer_trainer_free(trainer);
    return ore_error_status();
}

const tokenizer_action action_train = {
    .name = "train", .about = "learn a tokenizer from texts: FILE .. --out FILE", .make = train};
