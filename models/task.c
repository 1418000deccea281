/* task.c: language models as a task. */
#include <string.h>

#include <ore/text.h>

#include "models/task.h"

const config_choice task_tokenizers[] = {
    {"char", TOKENIZER_CHAR}, {"word", TOKENIZER_WORD}, {NULL, 0}};
static const config_choice documents[] = {
    {"none", DOCUMENTS_NONE}, {"lines", DOCUMENTS_LINES}, {NULL, 0}};
static const config_choice invalid_utf8[] = {
    {"error", ORE_UTF8_ERROR}, {"ignore", ORE_UTF8_IGNORE}, {NULL, 0}};

static const config_field fields[] = {
    CONFIG_FIELD_CHOICE(language_config, tokenizer, "char", task_tokenizers,
                        "what a token is: a character, or a word or mark"),
    CONFIG_FIELD_INT(language_config, min_frequency, "1", "[1, 1000000000]",
                     "how often a word must occur to have a token; the others are <unk>"),
    CONFIG_FIELD_TEXT(language_config, vocab, "", "FILE",
                      "make the tokenizer from this text; none: from the training text"),
    CONFIG_FIELD_CHOICE(language_config, documents, "auto", documents,
                        "lines: each line is one sequence, as names are; none: one running text; "
                        "auto: lines for the embedded names, none for a file"),
    CONFIG_FIELD_CHOICE(language_config, invalid_utf8, "error", invalid_utf8,
                        "bytes that are no UTF-8: stop, or drop them"),
    CONFIG_FIELD_SWITCH(language_config, strip_cr, "false", NULL, "drop carriage returns"),
    CONFIG_FIELDS_END,
};

static ore_status settle(void *config, bool embedded) {
    language_config *c = config;
    if (c->documents == CONFIG_AUTO)
        c->documents = embedded ? DOCUMENTS_LINES : DOCUMENTS_NONE;
    if (strcmp(c->vocab, "-") == 0)
        return ore_fail(ORE_INVALID, "--vocab -: only --data reads standard input");
    return ORE_OK;
}

static const char *idle(const void *config, const char *key, bool embedded) {
    const language_config *c = config;
    if (strcmp(key, "min_frequency") == 0 && c->tokenizer != TOKENIZER_WORD)
        return "with --tokenizer char";
    bool of_files = strcmp(key, "strip_cr") == 0 || strcmp(key, "invalid_utf8") == 0;
    return of_files && embedded && !*c->vocab ? "with the embedded list of names" : NULL;
}

const model_task task_language = {
    .name = "language",
    .item = "token",
    .embedded = "names",
    .data_domain = "FILE",
    .data_help = "text to train on; -: from standard input, of which the run keeps a copy; none: "
                 "the embedded list of names",
    .val_data_help = "text to validate on; none: the end of the training text",
    .fields = fields,
    .config_bytes = sizeof(language_config),
    .settle = settle,
    .idle = idle};
