/* task.c: language models as a task. */
#include <stdlib.h>
#include <string.h>

#include <ore/text.h>

#include "models/task.h"

/* ---- tokenizers ---- */

static bool is_simple(const char *tokenizer) {
    return strcmp(tokenizer, "char") == 0 || strcmp(tokenizer, "word") == 0;
}

/* The model of "bpe:N" and the like, and where its N begins; NULL for another text. */
static const char *learned_size(const char *tokenizer, ore_vocab_model *model) {
    static const char *const names[] = {[ORE_VOCAB_BPE] = "bpe:",
                                        [ORE_VOCAB_WORDPIECE] = "wordpiece:",
                                        [ORE_VOCAB_UNIGRAM] = "unigram:"};
    for (int i = 0; i < (int)(sizeof names / sizeof *names); i++)
        if (strncmp(tokenizer, names[i], strlen(names[i])) == 0) {
            *model = (ore_vocab_model)i;
            return tokenizer + strlen(names[i]);
        }
    return NULL;
}

bool task_learns_tokenizer(const char *tokenizer, ore_vocab_model *model, int64_t *size) {
    const char *digits = learned_size(tokenizer, model);
    if (digits)
        *size = strtoll(digits, NULL, 10);
    return digits != NULL;
}

bool task_reads_tokenizer(const char *tokenizer) {
    ore_vocab_model model;
    return !is_simple(tokenizer) && !learned_size(tokenizer, &model);
}

ore_status task_check_tokenizer(const char *tokenizer) {
    enum { DIGITS_MAX = 9 };
    ore_vocab_model model;
    const char *digits = learned_size(tokenizer, &model);
    if (digits) {
        size_t length = strspn(digits, "0123456789");
        if (length > 0 && length <= DIGITS_MAX && digits[length] == '\0')
            return ORE_OK;
        return ore_fail(ORE_INVALID, "--tokenizer %s: expected a number of tokens behind the colon",
                        tokenizer);
    }
    if (is_simple(tokenizer) || strpbrk(tokenizer, "./")) /* a path has one of these */
        return ORE_OK;
    return ore_fail(ORE_INVALID,
                    "--tokenizer %s: expected char, word, bpe:N, wordpiece:N, unigram:N, or the "
                    "path of a file",
                    tokenizer);
}

const char *task_frequency_idle(const char *tokenizer) {
    if (task_reads_tokenizer(tokenizer))
        return "with a tokenizer that is read from a file";
    if (!is_simple(tokenizer))
        return "with a tokenizer of N tokens";
    return strcmp(tokenizer, "char") == 0 ? "with --tokenizer char" : NULL;
}

/* ---- language models ---- */

static const config_choice documents[] = {
    {"none", DOCUMENTS_NONE}, {"lines", DOCUMENTS_LINES}, {NULL, 0}};
static const config_choice packings[] = {{"windows", PACKING_WINDOWS},
                                         {"documents", PACKING_DOCUMENTS},
                                         {"separate", PACKING_SEPARATE},
                                         {NULL, 0}};
static const config_choice invalid_utf8[] = {
    {"error", ORE_UTF8_ERROR}, {"ignore", ORE_UTF8_IGNORE}, {NULL, 0}};

static const config_field fields[] = {
    CONFIG_FIELD_TEXT(language_config, tokenizer, "char", TASK_TOKENIZERS, TASK_TOKENIZERS_HELP),
    CONFIG_FIELD_INT(language_config, min_frequency, "1", "[1, 1000000000]",
                     "how often a word must occur to have a token; the others are <unk>"),
    CONFIG_FIELD_TEXT(language_config, vocab, "", "FILE",
                      "make the tokenizer from this text; none: from the training text"),
    CONFIG_FIELD_CHOICE(language_config, documents, "auto", documents,
                        "lines: each line is one sequence, as names are; none: one running text; "
                        "auto: lines for the embedded names, none for a file"),
    CONFIG_FIELD_CHOICE(
        language_config, packing, "windows", packings,
        "rows of shards: stretches of tokens; whole documents one behind the other; "
        "or with attention inside each alone"),
    CONFIG_FIELD_CHOICE(language_config, invalid_utf8, "error", invalid_utf8,
                        "bytes that are no UTF-8: stop, or drop them"),
    CONFIG_FIELD_SWITCH(language_config, strip_cr, "false", NULL, "drop carriage returns"),
    CONFIG_FIELDS_END,
};

static ore_status settle_tokenizer(language_config *c) {
    if (task_check_tokenizer(c->tokenizer) != ORE_OK || is_simple(c->tokenizer))
        return ore_error_status();
    if (c->documents == DOCUMENTS_LINES)
        return ore_fail(ORE_INVALID, "--documents lines: only with --tokenizer char or word, which "
                                     "have a token for the end of a line alone");
    c->documents = DOCUMENTS_NONE;
    return ORE_OK;
}

static ore_status settle(void *config, bool embedded) {
    language_config *c = config;
    if (settle_tokenizer(c) != ORE_OK)
        return ore_error_status();
    if (c->documents == CONFIG_AUTO)
        c->documents = embedded ? DOCUMENTS_LINES : DOCUMENTS_NONE;
    if (strcmp(c->vocab, "-") == 0)
        return ore_fail(ORE_INVALID, "--vocab -: only --data reads standard input");
    return ORE_OK;
}

static const char *idle(const void *config, const char *key, bool embedded) {
    const language_config *c = config;
    if (strcmp(key, "min_frequency") == 0)
        return task_frequency_idle(c->tokenizer);
    if (strcmp(key, "vocab") == 0 && task_reads_tokenizer(c->tokenizer))
        return "with a tokenizer that is read from a file";
    bool of_files = strcmp(key, "strip_cr") == 0 || strcmp(key, "invalid_utf8") == 0;
    return of_files && embedded && !*c->vocab ? "with the embedded list of names" : NULL;
}

const model_task task_language = {
    .name = "language",
    .item = "token",
    .embedded = "names",
    .data_domain = "FILE",
    .data_help =
        "text to train on, or shards: a folder of ore data prepare, a .bin file of token "
        "ids, or a .json file that mixes several; -: from standard input, of which the run "
        "keeps a copy; none: the embedded list of names",
    .val_data_help = "text or shards to validate on; none: the end of the training text, or the "
                     "shards' own validation part",
    .fields = fields,
    .config_bytes = sizeof(language_config),
    .settle = settle,
    .idle = idle};
