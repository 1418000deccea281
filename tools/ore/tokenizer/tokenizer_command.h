/* tokenizer_command.h: the actions of `ore tokenizer` and what they are told. */
#ifndef ORE_TOOL_TOKENIZER_COMMAND_H
#define ORE_TOOL_TOKENIZER_COMMAND_H

#include <ore/text.h>

typedef enum show_colors { SHOW_COLORS, SHOW_BRACKETS } show_colors;

typedef struct tokenizer_config {
    char *tokenizer, *pattern;
    int add_special;
    char *text, *output;
    int colors; /* show_colors or auto */
    int ids;
    double seconds;
    int64_t threads;
    /* train */
    int model; /* ore_vocab_model */
    int64_t vocab_size, min_frequency, alphabet_size;
    int lowercase;
    char *special, *out, *plot, *held_out;
} tokenizer_config;

typedef struct tokenizer_action {
    const char *name, *about;
    const char *input; /* what it reads beside the tokenizer, for the end of a message */
    /* What cannot be, before the tokenizer is opened; may be NULL. */
    ore_status (*check)(const tokenizer_config *config);
    ore_status (*run)(const ore_tokenizer *tokenizer, const tokenizer_config *config);
    /* Instead of `run`, for an action that makes a tokenizer: `files` are the words behind its
     * name, ended by NULL. */
    ore_status (*make)(const tokenizer_config *config, const char *const *files);
} tokenizer_action;

/* The input of actions that are about a text. */
#define TOKENIZER_TEXT_INPUT ", and the text on standard input or by --text FILE"

/* actions.def: ACTION(NAME) stands for the `const tokenizer_action action_NAME`. */
#define ACTION(name) extern const tokenizer_action action_##name;
#include "tokenizer/actions.def"
#undef ACTION

/* The text that an action is about: that of --text, else standard input. To be freed with
 * ore_string_free. */
char *tokenizer_text(const tokenizer_config *config, size_t *bytes);

/* A text with its ids and what each stands for; all of it in memory. */
typedef struct encoded_text {
    const ore_tokenizer *tokenizer;
    char *text;
    size_t bytes;
    int64_t *ids;            /* (count) */
    ore_token_range *ranges; /* (count) where they were asked for */
    int64_t count;
} encoded_text;

/* Encodes the text of the command line. To be released with encoded_text_free, also after a
 * failure. */
ore_status encoded_text_read(encoded_text *e, const ore_tokenizer *tokenizer,
                             const tokenizer_config *config, bool ranges);
void encoded_text_free(encoded_text *e);
/* What token i stands for in the text; of one that stands for none of it, its own text. */
const char *encoded_token(const encoded_text *e, int64_t i, size_t *bytes);
/* ORE_INVALID for a path that ends in neither .html nor .svg. */
ore_status show_page_check(const tokenizer_config *config);
/* Writes a text's tokens as a page (.html) or a picture (.svg), by the ending of the path. */
ore_status show_page(const encoded_text *e, const tokenizer_config *config);

#endif
