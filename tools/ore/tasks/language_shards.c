/* language_shards.c: opens shards as the data of a run, and goes through them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <ore/io.h>

#include "cli/words.h"
#include "tasks/language.h"
#include "tasks/language_shards.h"

static ore_status fail_memory(void) {
    return ore_fail(ORE_MEMORY, "shards: out of memory");
}

/* ---- which files ---- */

/* A file of sources: NULL without an error for anything else. */
static ore_json *load_mixture(const char *path) {
    enum { LARGEST = 1 << 20 }; /* bytes; what is larger is a text */
    size_t length = strlen(path);
    struct stat file;
    if (length < 5 || strcmp(path + length - 5, ".json") != 0 || stat(path, &file) != 0 ||
        !S_ISREG(file.st_mode) || file.st_size > LARGEST)
        return NULL;
    ore_json *root = ore_json_load(path);
    if (root && ore_json_kind_of(root, "sources") == ORE_JSON_ARRAY)
        return root;
    ore_json_free(root);
    ore_error_clear(); /* a text that is JSON, or ends like it */
    return NULL;
}

bool language_is_shards(const char *path) {
    ore_json *mixture = *path ? load_mixture(path) : NULL;
    bool is = mixture || ore_is_shards(path);
    ore_json_free(mixture);
    return is;
}

static ore_status add_path(language_shards *s, ore_part part, char *path) {
    int64_t count = s->path_count[part];
    char **paths = realloc(s->paths[part], (size_t)(count + 1) * sizeof *paths);
    if (paths)
        s->paths[part] = paths;
    if (!paths || !path)
        return fail_memory();
    paths[count] = path;
    s->path_count[part]++;
    return ORE_OK;
}

static ore_status add_source(language_shards *s, const char *path, double weight) {
    ore_shards_facts facts = {0};
    bool folder = ore_path_kind_of(path) == ORE_PATH_FOLDER;
    if (!ore_ok() || (folder && ore_shards_read(path, &facts) != ORE_OK))
        return ore_error_status();
    if (!folder)
        add_path(s, ORE_PART_TRAIN, ore_path_join("", path));
    for (int part = 0; part < ORE_PART_COUNT; part++)
        for (int64_t i = 0; i < facts.shards[part] && ore_ok(); i++)
            add_path(s, (ore_part)part, ore_shard_path(path, (ore_part)part, i));
    if (folder && ore_ok() && facts.shards[ORE_PART_TRAIN] == 0)
        ore_fail(ORE_DATA, "%s: the train part has no document", path);
    s->names[s->count] = ore_ok() ? ore_path_join("", path) : NULL;
    s->weights[s->count] = weight;
    s->ends[s->count] = s->path_count[ORE_PART_TRAIN];
    s->count += ore_ok();
    return ore_error_status();
}

/* "FOLDER OF FILE/name" */
static char *beside(const char *file, const char *name) {
    const char *slash = strrchr(file, '/');
    char folder[RUNDIR_PATH_BYTES];
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - file) : 0, file);
    return ore_path_join(slash == file ? "/" : folder, name);
}

static ore_status add_member(language_shards *s, ore_json *source, const char *file) {
    double weight = 1;
    const char *name = ore_json_get_string(source, "path");
    if (name && ore_json_kind_of(source, "weight") != ORE_JSON_MISSING)
        ore_json_get_double(source, "weight", &weight);
    if (ore_ok() && !(weight > 0 && weight < 1e300))
        ore_fail(ORE_DATA, "%s: %s: a weight of %g, expected more than 0", file, name, weight);
    char *path = ore_ok() ? beside(file, name) : NULL;
    if (path)
        add_source(s, path, weight);
    ore_string_free(path);
    return ore_error_status();
}

ore_status language_shards_find(language_shards *s, const char *path) {
    ore_json *mixture = load_mixture(path);
    ore_json *list = mixture ? ore_json_get_array(mixture, "sources") : NULL;
    int64_t count = list ? ore_json_count(list) : 1;
    size_t room = (size_t)(count + 1);
    *s = (language_shards){.names = calloc(room, sizeof *s->names),
                           .weights = calloc(room, sizeof *s->weights),
                           .ends = calloc(room, sizeof *s->ends),
                           .sources = calloc(room, sizeof *s->sources)};
    if (!s->names || !s->weights || !s->ends || !s->sources)
        fail_memory();
    else if (list && count == 0)
        ore_fail(ORE_DATA, "%s: no sources", path);
    else if (!list)
        add_source(s, path, 1);
    for (int64_t i = 0; list && i < count && ore_ok(); i++)
        add_member(s, ore_json_at_object(list, i), path);
    ore_json_free(mixture);
    return ore_ok() ? language_shards_digest(path, &s->digest) : ore_error_status();
}

/* Of a mixture: the digests of its sources, and its own bytes. */
ore_status language_shards_digest(const char *path, ore_digest *digest) {
    ore_json *mixture = load_mixture(path);
    ore_json *list = mixture ? ore_json_get_array(mixture, "sources") : NULL;
    if (!list)
        return ore_shards_digest(path, digest);
    int64_t count = ore_json_count(list);
    ore_digest *of = calloc((size_t)count + 1, sizeof *of);
    if (!of)
        fail_memory();
    if (of && ore_ok())
        train_data_digest_file(path, &of[count]);
    for (int64_t i = 0; of && i < count && ore_ok(); i++) {
        const char *name = ore_json_get_string(ore_json_at_object(list, i), "path");
        char *source = name ? beside(path, name) : NULL;
        if (source)
            ore_shards_digest(source, &of[i]);
        ore_string_free(source);
    }
    if (of)
        *digest = ore_digest_of(of, ((size_t)count + 1) * sizeof *of);
    free(of);
    ore_json_free(mixture);
    return ore_error_status();
}

/* ---- as tokens ---- */

ore_tokenizer *language_shards_tokenizer(const language_shards *s) {
    if (!ore_ok())
        return NULL;
    const char *first = s->names[0];
    char *path = ore_path_kind_of(first) == ORE_PATH_FOLDER ? ore_path_join(first, "tokenizer.json")
                                                            : beside(first, "tokenizer.json");
    if (path && ore_path_kind_of(path) == ORE_PATH_MISSING)
        ore_fail(ORE_DATA,
                 "%s: there is no %s, the tokenizer that its ids are of; --tokenizer names another",
                 first, path);
    ore_tokenizer *tokenizer = ore_ok() ? ore_tokenizer_load(path) : NULL;
    ore_string_free(path);
    return tokenizer;
}

/* How many bytes of text each token stands for; freed by the caller. */
static uint16_t *token_bytes(const ore_tokenizer *tokenizer) {
    int64_t size = ore_tokenizer_size(tokenizer);
    uint16_t *bytes = calloc((size_t)size, sizeof *bytes);
    if (!bytes)
        fail_memory();
    for (int64_t id = 0; bytes && id < size; id++) {
        size_t count;
        ore_tokenizer_bytes(tokenizer, id, &count);
        bytes[id] = (uint16_t)(count < UINT16_MAX ? count : UINT16_MAX);
    }
    return bytes;
}

/* The end of a line is a byte of a text. A longer separator, such as <|endoftext|>, is the name of
 * a token, which stands for no text. */
static void separator_bytes(uint16_t *bytes, int64_t separator) {
    if (separator >= 0 && bytes[separator] > 1)
        bytes[separator] = 0;
}

/* Whether the folders among the sources were made with the tokenizer, whose tokens have these
 * bytes; sets those of the folders' separators. */
static ore_status check_tokenizer(const language_shards *s, const ore_tokenizer *tokenizer,
                                  uint16_t *bytes) {
    ore_digest digest = ore_tokenizer_digest(tokenizer);
    for (int64_t i = 0; i < s->count && ore_ok(); i++) {
        ore_shards_facts facts;
        if (ore_path_kind_of(s->names[i]) != ORE_PATH_FOLDER ||
            ore_shards_read(s->names[i], &facts) != ORE_OK)
            continue;
        if (!ore_digest_equal(facts.tokenizer, digest))
            ore_fail(ORE_DATA, "%s: the shards were made with another tokenizer than the run's",
                     s->names[i]);
        else if (facts.separator < ore_tokenizer_size(tokenizer))
            separator_bytes(bytes, facts.separator);
    }
    return ore_error_status();
}

static ore_tokens *open_paths(const language_shards *s, ore_part part, int64_t from, int64_t to,
                              const ore_shards_options *o) {
    return ore_tokens_of_shards((const char *const *)s->paths[part] + from, to - from, o);
}

ore_status language_shards_open(language_shards *s, const ore_tokenizer *tokenizer) {
    ore_shards_options o = ore_shards_defaults();
    ore_token_parts_options all = ore_token_parts_defaults();
    uint16_t *bytes = ore_ok() ? token_bytes(tokenizer) : NULL;
    if (!bytes || check_tokenizer(s, tokenizer, bytes) != ORE_OK) {
        free(bytes);
        return ore_error_status();
    }
    o.vocabulary = ore_tokenizer_size(tokenizer);
    o.separator = ore_tokenizer_separator(tokenizer);
    separator_bytes(bytes, o.separator);
    o.token_bytes = bytes;
    all.val_fraction = 0;
    for (int part = 0; part < ORE_PART_COUNT && ore_ok(); part++)
        if (s->path_count[part] > 0) {
            s->tokens[part] = open_paths(s, (ore_part)part, 0, s->path_count[part], &o);
            s->parts[part] = ore_token_parts_new(s->tokens[part], NULL, &all);
        }
    for (int64_t i = 0; i < s->count && ore_ok(); i++) {
        int64_t from = i ? s->ends[i - 1] : 0;
        s->sources[i].weight = s->weights[i];
        s->sources[i].tokens = s->count == 1 ? s->tokens[ORE_PART_TRAIN]
                                             : open_paths(s, ORE_PART_TRAIN, from, s->ends[i], &o);
    }
    free(bytes);
    return ore_error_status();
}

void language_shards_close(language_shards *s) {
    for (int64_t i = 0; i < s->count && s->count > 1; i++)
        ore_tokens_close((ore_tokens *)(uintptr_t)s->sources[i].tokens);
    for (int part = 0; part < ORE_PART_COUNT; part++) {
        ore_token_parts_free(s->parts[part]);
        ore_tokens_close(s->tokens[part]);
        for (int64_t i = 0; i < s->path_count[part]; i++)
            ore_string_free(s->paths[part][i]);
        free(s->paths[part]);
    }
    for (int64_t i = 0; i < s->count; i++)
        ore_string_free(s->names[i]);
    free(s->names);
    free(s->weights);
    free(s->ends);
    free(s->sources);
    *s = (language_shards){0};
}

/* ---- batches and words ---- */

ore_loader *language_shards_loader(const language_shards *s, const train_config *c) {
    const language_config *config = c->task;
    ore_mixture_options o = ore_mixture_defaults();
    o.batch_size = c->batch_size;
    o.block_size = train_block_size(c);
    o.unit = config->packing == PACKING_WINDOWS ? ORE_MIX_WINDOWS : ORE_MIX_DOCUMENTS;
    o.separate = config->packing == PACKING_SEPARATE;
    o.seed = (uint64_t)c->seed;
    if (o.separate && !family_of(c)->separates) {
        ore_fail(ORE_INVALID, "--packing separate: %s reads across documents, expected gpt",
                 train_model_of(c)->name);
        return NULL;
    }
    return ore_mixture_loader_new(s->sources, s->count, &o);
}

const char *language_shards_text(const train_data *d, const language_shards *s, char *text,
                                 size_t bytes) {
    char parts[160], count[COUNT_BYTES];
    train_data_parts_text(d, language_items, parts, sizeof parts);
    snprintf(text, bytes, "%s: %s; tokens: %s", train_data_short_name(d, SOURCE_DATA),
             s->count > 1 ? counted_text(s->count, "source", count) : "shards", parts);
    return text;
}
