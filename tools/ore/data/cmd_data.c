/* cmd_data.c: `ore data`: data for training, before there is a run. */
#include <stdlib.h>
#include <string.h>

#include <ore/prepare.h>

#include "data/data.h"

static const config_choice formats[] = {{"auto", ORE_TABLE_AUTO},
                                        {"text", ORE_TABLE_LINES},
                                        {"csv", ORE_TABLE_CSV},
                                        {"tsv", ORE_TABLE_TSV},
                                        {"jsonl", ORE_TABLE_JSONL},
                                        {"parquet", ORE_TABLE_PARQUET},
                                        {NULL, 0}};
static const config_choice units[] = {
    {"files", ORE_UNIT_FILE}, {"lines", ORE_UNIT_LINE}, {NULL, 0}};

#define ROW(group, type, ...)                                                                      \
    { group, CONFIG_FIELD_##type(data_config, __VA_ARGS__), OPTION_UNSAVED, 0 }
#define PREPARE(type, ...) ROW("Prepare", type, __VA_ARGS__)

static const option rows[] = {
    PREPARE(TEXT, out, "", "FOLDER",
            "where the shards go; needed. Of get: where files go; none: here"),
    PREPARE(TEXT, tokenizer, "", "FILE",
            "a tokenizer's file, or the folder of a run or of shards; needed"),
    PREPARE(CHOICE, format, "auto", formats, "of the files; auto: by how their names end"),
    PREPARE(CHOICE, documents, "files", units, "what is a document in files of text"),
    PREPARE(TEXT, field, "text", "NAME", "the field with the text, of tables"),
    PREPARE(TEXT, separator, "auto", "TOKEN",
            "the token that ends each document; auto: the tokenizer's own; none"),
    PREPARE(INT, min_bytes, "0", "[0, 1099511627776]", "leaves out shorter documents"),
    PREPARE(INT, max_bytes, "0", "[0, 1099511627776]", "leaves out longer ones; 0: none"),
    PREPARE(SWITCH, distinct, "false", NULL,
            "of equal documents keeps the first; 16 bytes of memory for each different one"),
    PREPARE(FLOAT, val_fraction, "0", "[0, 1)", NULL,
            "share of the documents to validate on, chosen by a digest of their text"),
    PREPARE(FLOAT, test_fraction, "0", "[0, 1)", NULL, "likewise, to test on"),
    PREPARE(INT, shard_tokens, "100000000", "[1, 1099511627776]", "a shard is full with so many"),
    PREPARE(INT, document_bytes, "16777216", "[1024, 1073741824]",
            "what a document may have; longer files of text become several"),
    PREPARE(SWITCH, skip_bad, "false", NULL,
            "leaves out, and counts, documents that cannot be read instead of stopping there"),
    PREPARE(SWITCH, force, "false", NULL,
            "begins anew where the folder has shards already. Of get: fetches a file anew"),
    PREPARE(INT, threads, "auto", "[1, 256]", "results do not depend on it; auto: all cores"),
    ROW("Get", TEXT, sha256, "", "DIGITS", "what the file must have, or else it is refused"),
    ROW("Info", SWITCH, verify, "false", NULL, "reads all of the shards and checks their digests"),
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static const option *data_rows(int *count) {
    *count = ROWS;
    return rows;
}

typedef struct verb {
    const char *name;
    int (*run)(const data_config *c, const char *const *words, int count);
} verb;

static const verb verbs[] = {{"get", data_get}, {"prepare", data_prepare}, {"info", data_info}};
enum { VERBS = sizeof verbs / sizeof verbs[0] };

static const option_users users[] = {
    {"out", "get or prepare"},   {"force", "get or prepare"},
    {"tokenizer", "prepare"},    {"format", "prepare"},
    {"documents", "prepare"},    {"field", "prepare"},
    {"separator", "prepare"},    {"min_bytes", "prepare"},
    {"max_bytes", "prepare"},    {"distinct", "prepare"},
    {"val_fraction", "prepare"}, {"test_fraction", "prepare"},
    {"shard_tokens", "prepare"}, {"document_bytes", "prepare"},
    {"skip_bad", "prepare"},     {"sha256", "get"},
    {"verify", "info"},
};
enum { USERS = sizeof users / sizeof users[0] };

static const verb *find_verb(const char *name) {
    for (int i = 0; name && i < VERBS; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    ore_fail(ORE_INVALID,
             name ? "%s: no such word, expected get, prepare or info"
                  : "expected get, prepare or info; ore help data tells more",
             name);
    return NULL;
}

static int run(const arguments *a) {
    data_config c = {0};
    options o;
    int status = EXIT_OK, count = 0;
    const char **words = calloc((size_t)a->count + 1, sizeof *words);
    const verb *v = NULL;
    if (!words) {
        ore_fail(ORE_MEMORY, "out of memory");
        return EXIT_RUN;
    }
    if (options_init(&o, rows, ROWS, (option_structs){{&c}}) != ORE_OK ||
        options_take(&o, a, words, a->count) != ORE_OK || !(v = find_verb(words[0])) ||
        options_check_action(&o, users, USERS, v->name) != ORE_OK) {
        status = usage_failure();
        v = NULL;
    }
    while (words[count])
        count++;
    if (v && c.threads != CONFIG_AUTO_INT)
        ore_set_num_threads((int)c.threads);
    if (v)
        status = v->run(&c, words + 1, count - 1);
    options_free(&o);
    free(words);
    return status;
}

const command command_data = {
    .name = "data",
    .summary = "Fetch data, turn files of any size into shards of tokens, look at them",
    .usage = "ore data get NAME_OR_URL.. [--out FOLDER]\n"
             "    ore data prepare FILE_OR_FOLDER.. --out FOLDER --tokenizer FILE ...\n"
             "    ore data info FOLDER_OR_FILE.. [--verify]",
    .about =
        "get fetches names, tinyshakespeare and gpt2-tokenizer by their names, a URL,\n"
        "hf:OWNER/NAME[/FILE] (a model's repository on Hugging Face) or\n"
        "hf:datasets/OWNER/NAME[/FILE]; one that was broken off goes on where it was.\n"
        "HF_TOKEN and HF_ENDPOINT are read as Hugging Face's own tools do.\n\n"
        "prepare reads documents out of text, JSON lines, CSV, TSV and Parquet, compressed by\n"
        "gzip or Zstandard or not, and writes their tokens as shards. Its memory does not grow\n"
        "with the data, it uses all cores, and when it was stopped or killed the same command\n"
        "goes on where it was. info says what is in such a folder, or in a file of tokens.",
    .run = run,
    .rows = data_rows,
};
