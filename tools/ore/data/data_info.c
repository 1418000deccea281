/* data_info.c: `ore data info`: what is in a folder of shards, or in a file of tokens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ore/shards.h>

#include "cli/words.h"
#include "data/data.h"

static void print_part(const char *name, int64_t documents, int64_t tokens, int64_t bytes) {
    char text[COUNT_BYTES], other[COUNT_BYTES];
    printf("%-11s %s, %s", name, counted_text(documents, "document", text),
           counted_text(tokens, "token", other));
    if (bytes > 0)
        printf(" of %.1f MB of text: %.2f bytes each", (double)bytes / 1e6,
               tokens > 0 ? (double)bytes / (double)tokens : 0);
    printf("\n");
}

/* Every shard of a folder with its digests. */
static ore_status verify(const char *folder, const ore_shards_facts *facts) {
    for (int part = 0; part < ORE_PART_COUNT; part++)
        for (int64_t i = 0; i < facts->shards[part] && ore_ok(); i++) {
            char *path = ore_shard_path(folder, (ore_part)part, i);
            if (path)
                ore_shard_verify(path);
            ore_string_free(path);
        }
    return ore_error_status();
}

static ore_status show_folder(const data_config *c, const char *folder) {
    ore_shards_facts f;
    char text[ORE_DIGEST_TEXT_BYTES], number[COUNT_BYTES];
    if (ore_shards_read(folder, &f) != ORE_OK || (c->verify && verify(folder, &f) != ORE_OK))
        return ore_error_status();
    printf("shards      %s%s\n", folder, c->verify ? ", as their digests have them" : "");
    for (int i = 0; i < ORE_PART_COUNT; i++)
        if (f.shards[i] > 0)
            print_part(ore_part_name((ore_part)i), f.documents[i], f.tokens[i], f.bytes[i]);
    ore_digest_text(f.tokenizer, text);
    printf("vocabulary  %s, tokenizer %s\n", counted_text(f.vocabulary, "token", number), text);
    if (f.separator >= 0)
        printf("separator   %lld ends each document\n", (long long)f.separator);
    return ORE_OK;
}

/* What one file says, even of another program's: any vocabulary will do to count its ids. */
static ore_status show_file(const data_config *c, const char *path) {
    ore_shards_options o = ore_shards_defaults();
    ore_tokens *tokens = ore_tokens_of_shards(&path, 1, &o);
    bool foreign = !tokens && ore_error_status() == ORE_INVALID;
    if (foreign) {
        ore_error_clear();
        o.vocabulary = INT32_MAX;
        tokens = ore_tokens_of_shards(&path, 1, &o);
    }
    if (!tokens || (c->verify && !foreign && ore_shard_verify(path) != ORE_OK)) {
        ore_tokens_close(tokens);
        return ore_error_status();
    }
    printf("file        %s%s\n", path, foreign ? ": ids without a word of their tokenizer" : "");
    if (tokens->document)
        print_part("tokens", tokens->documents, tokens->length, 0);
    else
        printf("tokens      %lld\n", (long long)tokens->length);
    if (tokens->separator >= 0)
        printf("separator   %lld\n", (long long)tokens->separator);
    ore_tokens_close(tokens);
    return ORE_OK;
}

int data_info(const data_config *c, const char *const *words, int count) {
    if (count < 1) {
        ore_fail(ORE_INVALID, "info: expected folders of shards, or files of tokens");
        return EXIT_USAGE;
    }
    for (int i = 0; i < count && ore_ok(); i++) {
        if (i > 0)
            printf("\n");
        if (ore_path_kind_of(words[i]) == ORE_PATH_FOLDER)
            show_folder(c, words[i]);
        else if (ore_ok())
            show_file(c, words[i]);
    }
    return ore_ok() ? EXIT_OK : EXIT_RUN;
}
