/* cmd_tokenizer.c: `ore tokenizer`. */
#include <stdlib.h>
#include <string.h>

#include <ore/tokenizer_trainer.h>

#include "cli/command.h"
#include "cli/suggest.h"
#include "tasks/run_tokenizer.h"
#include "tokenizer/tokenizer_command.h"

static const config_choice color_choices[] = {
    {"always", SHOW_COLORS}, {"never", SHOW_BRACKETS}, {NULL, 0}};

static const config_choice model_choices[] = {{"bpe", ORE_VOCAB_BPE},
                                              {"wordpiece", ORE_VOCAB_WORDPIECE},
                                              {"unigram", ORE_VOCAB_UNIGRAM},
                                              {NULL, 0}};

#define ROW(group, type, ...)                                                                      \
    { group, CONFIG_FIELD_##type(tokenizer_config, __VA_ARGS__), OPTION_UNSAVED, 0 }
static const option rows[] = {
    ROW("Tokenizer", TEXT, tokenizer, "", "FILE|DIR",
        "tokenizer.json, vocab.json or merges.txt, a tiktoken rank file, SentencePiece's .model, a "
        ".gguf; or the folder of a run or of shards"),
    ROW("Tokenizer", TEXT, pattern, "", "NAME|REGEX",
        "what splits a text, for a rank file that is not known, a GGUF file that does not say it, "
        "and for train (none: gpt2): gpt2, cl100k, o200k, or a regular expression"),
    ROW("Text", TEXT, text, "", "FILE",
        "the text to encode, show or time, or the ids to decode; none: standard input"),
    ROW("Text", SWITCH, add_special, "false", NULL,
        "with the tokens that the tokenizer puts before and behind a text"),
    ROW("Show", CHOICE, colors, "auto", color_choices,
        "tokens in colors, or in brackets; auto: colors in a terminal"),
    ROW("Show", SWITCH, ids, "false", NULL, "the id behind each token"),
    ROW("Show", TEXT, output, "", "FILE", "a page (.html) or picture (.svg) to write"),
    ROW("Measure", FLOAT, seconds, "2", "(0, 3600]", NULL, "how long bench encodes and decodes"),
    ROW("Measure", INT, threads, "auto", "[1, 256]",
        "threads; ids do not depend on it; auto: all cores"),
    ROW("Train", CHOICE, model, "bpe", model_choices, "how the vocabulary is learned"),
    ROW("Train", INT, vocab_size, "8192", "[1, 16777216]", "tokens, special ones included"),
    ROW("Train", INT, min_frequency, "2", "[0, 1000000000]",
        "bpe, wordpiece: pairs that occur less often are not joined"),
    ROW("Train", INT, alphabet_size, "0", "[0, 1114112]",
        "wordpiece, unigram: characters to know, the frequent ones; 0: all"),
    ROW("Train", SWITCH, lowercase, "false", NULL, "wordpiece: lower case, without accents"),
    ROW("Train", TEXT, special, "auto", "auto|none|LIST",
        "special tokens with commas between them; auto: those of GPT-2, BERT or Llama"),
    ROW("Train", TEXT, out, "", "FILE", "the tokenizer.json to write"),
    ROW("Train", TEXT, plot, "", "FILE",
        "draw bytes per token against the vocabulary's size into this .svg or .png"),
    ROW("Train", TEXT, held_out, "", "FILE",
        "a text that is not learned from, to say, and to draw, how many bytes its tokens have"),
};
#undef ROW
enum { ROWS = sizeof rows / sizeof rows[0], FILES_MAX = 1024 }; /* files of one command line */

static const option *tokenizer_rows(int *count) {
    *count = ROWS;
    return rows;
}

static const tokenizer_action *const actions[] = {
#define ACTION(name) &action_##name,
#include "tokenizer/actions.def"
#undef ACTION
};
enum { ACTIONS = sizeof actions / sizeof actions[0] };

/* ---- options of some actions, and of some models, alone ---- */

static const option_users users[] = {
    {"tokenizer", "encode, decode, show, info or bench"},
    {"text", "encode, decode, show or bench"},
    {"add_special", "encode, show or bench"},
    {"colors", "show"},
    {"ids", "show"},
    {"output", "show"},
    {"seconds", "bench"},
    {"model", "train"},
    {"vocab_size", "train"},
    {"min_frequency", "train"},
    {"alphabet_size", "train"},
    {"lowercase", "train"},
    {"special", "train"},
    {"out", "train"},
    {"plot", "train"},
    {"held_out", "train"},
};
enum { USERS = sizeof users / sizeof users[0] };

/* ORE_INVALID for an option of training that the chosen model has no use for. */
static ore_status check_model_options(const options *o, const tokenizer_config *c) {
    static const struct {
        const char *key;
        unsigned models; /* bits by ore_vocab_model */
        const char *expected;
    } own[] = {
        {"pattern", 1u << ORE_VOCAB_BPE, "bpe"},
        {"min_frequency", 1u << ORE_VOCAB_BPE | 1u << ORE_VOCAB_WORDPIECE, "bpe or wordpiece"},
        {"alphabet_size", 1u << ORE_VOCAB_WORDPIECE | 1u << ORE_VOCAB_UNIGRAM,
         "wordpiece or unigram"},
        {"lowercase", 1u << ORE_VOCAB_WORDPIECE, "wordpiece"},
    };
    char flag[32];
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (options_origin(o, own[i].key) == ORIGIN_FLAG && !(own[i].models >> c->model & 1))
            return ore_fail(ORE_INVALID, "%s: expected --model %s, not %s",
                            option_flag_text(own[i].key, flag, sizeof flag), own[i].expected,
                            config_word(model_choices, c->model));
    return ORE_OK;
}

/* ---- texts ---- */

char *tokenizer_text(const tokenizer_config *config, size_t *bytes) {
    return ore_file_read(*config->text ? config->text : "/dev/stdin", bytes);
}

ore_status encoded_text_read(encoded_text *e, const ore_tokenizer *tokenizer,
                             const tokenizer_config *config, bool ranges) {
    const ore_encode_options o = {.add_special = config->add_special != 0};
    *e = (encoded_text){.tokenizer = tokenizer};
    e->text = tokenizer_text(config, &e->bytes);
    if (!e->text)
        return ore_error_status();
    /* Few tokens have less than 2 bytes, so one call nearly always does. */
    for (int64_t capacity = (int64_t)e->bytes / 2 + 64; ore_ok();) {
        free(e->ids);
        free(e->ranges);
        e->ids = malloc((size_t)capacity * sizeof *e->ids);
        e->ranges = ranges ? malloc((size_t)capacity * sizeof *e->ranges) : NULL;
        if (!e->ids || (ranges && !e->ranges))
            return ore_fail(ORE_MEMORY, "tokenizer: out of memory");
        e->count = ore_tokenizer_encode_with(tokenizer, &o, e->text, e->bytes, e->ids, e->ranges,
                                             capacity);
        if (e->count <= capacity)
            break;
        capacity = e->count;
    }
    return ore_error_status();
}

void encoded_text_free(encoded_text *e) {
    ore_string_free(e->text);
    free(e->ids);
    free(e->ranges);
    *e = (encoded_text){0};
}

const char *encoded_token(const encoded_text *e, int64_t i, size_t *bytes) {
    const ore_token_range range = e->ranges[i];
    *bytes = (size_t)(range.end - range.start);
    return *bytes ? e->text + range.start : ore_tokenizer_bytes(e->tokenizer, e->ids[i], bytes);
}

/* ---- the command ---- */

static const char *action_name(const void *user, int i) {
    (void)user;
    return actions[i]->name;
}

static const tokenizer_action *find_action(const char *name) {
    char list[256] = "";
    size_t at = 0;
    for (int i = 0; i < ACTIONS; i++) {
        if (name && strcmp(actions[i]->name, name) == 0)
            return actions[i];
        if (at < sizeof list)
            at += (size_t)snprintf(list + at, sizeof list - at, "%s%s",
                                   i == 0 ? "" : (i == ACTIONS - 1 ? " or " : ", "),
                                   actions[i]->name);
    }
    const char *near = name ? suggest_nearest(name, action_name, ACTIONS, NULL) : NULL;
    if (near)
        ore_fail(ORE_INVALID, "%s: unknown action; did you mean %s?", name, near);
    else if (name)
        ore_fail(ORE_INVALID, "%s: unknown action; expected %s", name, list);
    else
        ore_fail(ORE_INVALID, "do what with a tokenizer? Expected %s", list);
    return NULL;
}

static ore_tokenizer *open_tokenizer(const tokenizer_config *c) {
    const ore_tokenizer_options o = {.pattern = *c->pattern ? c->pattern : NULL};
    if (!*c->tokenizer) {
        ore_fail(ORE_INVALID, "which tokenizer? Expected --tokenizer FILE, or the folder of a run");
        return NULL;
    }
    return ore_path_kind_of(c->tokenizer) == ORE_PATH_FOLDER
               ? run_tokenizer_read(c->tokenizer)
               : ore_tokenizer_load_with(c->tokenizer, &o);
}

static int work(const tokenizer_action *action, const tokenizer_config *c,
                const char *const *files) {
    if (c->threads != CONFIG_AUTO_INT && ore_set_num_threads((int)c->threads) != ORE_OK)
        return EXIT_USAGE;
    if (action->make) {
        ore_status status = action->make(c, files);
        return status == ORE_OK ? EXIT_OK : status == ORE_INVALID ? EXIT_USAGE : EXIT_RUN;
    }
    ore_tokenizer *tokenizer =
        action->check && action->check(c) != ORE_OK ? NULL : open_tokenizer(c);
    int status = !tokenizer ? usage_failure() : EXIT_OK;
    if (tokenizer && action->run(tokenizer, c) != ORE_OK)
        status = EXIT_RUN;
    ore_tokenizer_free(tokenizer);
    return status;
}

static int run(const arguments *a) {
    tokenizer_config c = {0};
    options o;
    const char *words[1 + FILES_MAX + 1] = {NULL};
    const tokenizer_action *action = NULL;
    if (options_init(&o, rows, ROWS, (option_structs){{&c}}) == ORE_OK &&
        options_take(&o, a, words, 1 + FILES_MAX) == ORE_OK)
        action = find_action(words[0]);
    if (action && options_check_action(&o, users, USERS, action->name) != ORE_OK)
        action = NULL;
    if (action && action->make)
        check_model_options(&o, &c);
    else if (action && words[1])
        ore_fail(ORE_INVALID, "%s: one argument too many; expected --tokenizer FILE%s", words[1],
                 action->input);
    int status = action && ore_ok() ? work(action, &c, words + 1) : usage_failure();
    options_free(&o);
    return status;
}

static void print_actions(FILE *out, bool markdown) {
    fputs(markdown ? "\nActions\n\n| name | what |\n|---|---|\n" : "\nActions\n", out);
    for (int i = 0; i < ACTIONS; i++)
        if (markdown)
            fprintf(out, "| `%s` | %s |\n", actions[i]->name, actions[i]->about);
        else
            fprintf(out, "  %-11s %s\n", actions[i]->name, actions[i]->about);
}

const command command_tokenizer = {
    .name = "tokenizer",
    .summary = "Train tokenizers; encode, decode and look at texts with any of them",
    .usage = "ore tokenizer ACTION [FILE ..] [--tokenizer FILE|DIR] ...",
    .about = "Works with the tokenizers of runs, with published files, and with those that train\n"
             "makes. Text is read from standard input as it is, bytes that are no UTF-8 included;\n"
             "ids are written on one line with spaces between them, and decode reads them so.",
    .run = run,
    .rows = tokenizer_rows,
    .more_help = print_actions,
};
