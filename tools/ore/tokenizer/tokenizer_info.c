/* tokenizer_info.c: `ore tokenizer info`: what a tokenizer is. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/words.h"
#include "tokenizer/tokenizer_command.h"

/* Sizes of tokens, in bytes. */
typedef struct sizes {
    int64_t longest, of_longest, all, tokens, single;
} sizes;

static ore_status measure(const ore_tokenizer *tokenizer, sizes *s) {
    *s = (sizes){.of_longest = -1};
    for (int64_t id = 0; id < ore_tokenizer_size(tokenizer) && ore_ok(); id++) {
        size_t bytes;
        ore_tokenizer_bytes(tokenizer, id, &bytes);
        s->tokens += bytes > 0;
        s->single += bytes == 1;
        s->all += (int64_t)bytes;
        if ((int64_t)bytes > s->longest) {
            s->longest = (int64_t)bytes;
            s->of_longest = id;
        }
    }
    return ore_error_status();
}

static ore_status info(const ore_tokenizer *tokenizer, const tokenizer_config *config) {
    sizes s;
    char digest[ORE_DIGEST_TEXT_BYTES], count[COUNT_BYTES], stages[1024];
    if (measure(tokenizer, &s) != ORE_OK)
        return ore_error_status();
    ore_digest_text(ore_tokenizer_digest(tokenizer), digest);
    printf("tokenizer    %s\n", config->tokenizer);
    printf("kind         %s\n", ore_tokenizer_type(tokenizer));
    if (*ore_tokenizer_stages(tokenizer, stages, sizeof stages))
        printf("stages       %s\n", stages);
    printf("ids          0 to %lld\n", (long long)ore_tokenizer_size(tokenizer) - 1);
    printf("tokens       %s, of %.2f bytes on average\n", counted_text(s.tokens, "token", count),
           s.tokens ? (double)s.all / (double)s.tokens : 0.0);
    printf("one byte     %s\n", counted_text(s.single, "token", count));
    printf("longest      %s, id %lld\n", counted_text(s.longest, "byte", count),
           (long long)s.of_longest);
    if (ore_tokenizer_separator(tokenizer) >= 0)
        printf("separator    id %lld\n", (long long)ore_tokenizer_separator(tokenizer));
    printf("digest       %s\n", digest);
    return ore_error_status();
}

const tokenizer_action action_info = {.name = "info",
                                      .about = "what the tokenizer is, and how long its tokens are",
                                      .input = "",
                                      .run = info};
