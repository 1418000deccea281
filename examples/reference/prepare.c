/* prepare.c: documents out of a file become shards, and these are read as tokens. */
#include <stdio.h>

#include <ore/ore.h>

int main(void) {
    static const char lines[] = "{\"text\": \"a rose is\"}\n"
                                "{\"text\": \"a rose or\"}\n"
                                "{\"text\": \"a rose is\"}\n";
    ore_file_write("poems.jsonl", lines, sizeof lines - 1);
    ore_tokenizer *tokenizer = ore_tokenizer_new_alphabet(
        (const uint32_t[]){'\n', ' ', 'a', 'e', 'i', 'o', 'r', 's', 't', 'x', 'y', 'z'}, 12, true);

    const char *const paths[] = {"poems.jsonl"};
    ore_prepare_options o = ore_prepare_defaults();
    o.distinct = true; /* of equal documents the first alone */
    o.restart = true;  /* what an earlier preparation has left goes */
    ore_prepare_counts n;
    ore_prepare(paths, 1, "shards", tokenizer, &o, &n);
    printf("%lld documents read, %lld repeated, %lld tokens to train on\n", (long long)n.documents,
           (long long)n.repeated, (long long)n.part_tokens[ORE_PART_TRAIN]);

    ore_shards_facts facts;
    ore_shards_read("shards", &facts);
    printf("shards: %lld documents, vocabulary %lld\n", (long long)facts.documents[ORE_PART_TRAIN],
           (long long)facts.vocabulary);
    ore_tokens *tokens = ore_tokens_of_folder("shards", ORE_PART_TRAIN, NULL);
    for (int64_t d = 0; ore_ok() && d < tokens->documents; d++) {
        int64_t start, end, ids[64];
        char document[64];
        tokens->document(tokens, d, &start, &end);
        tokens->read(tokens, start, end - start - 1, ids); /* without its separator */
        int64_t bytes = ore_tokenizer_decode(tokenizer, ids, end - start - 1, document, 64);
        printf("document %lld: \"%.*s\"\n", (long long)d, (int)bytes, document);
    }

    ore_tokens_close(tokens);
    ore_tokenizer_free(tokenizer);
    return ore_ok() ? 0 : 1;
}
