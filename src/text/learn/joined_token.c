/* joined_token.c: the token that two tokens make. */
#include <string.h>

#include "text/learn/joined_token.h"

int64_t ore_join_tokens(const ore_joiner *joiner, uint32_t left, uint32_t right) {
    char text[ORE_TOKEN_BYTES];
    const char *mark = joiner->inner_mark ? joiner->inner_mark : "";
    size_t a_bytes, b_bytes, skip = strlen(mark);
    const char *a = ore_vocab_at(joiner->vocab, left, &a_bytes);
    const char *b = ore_vocab_at(joiner->vocab, right, &b_bytes);
    if (b_bytes < skip || memcmp(b, mark, skip) != 0)
        skip = 0;
    size_t bytes = a_bytes + b_bytes - skip;
    if (bytes > sizeof text)
        return -1;
    memcpy(text, a, a_bytes);
    memcpy(text + a_bytes, b + skip, b_bytes - skip);
    int64_t id = ore_vocab_find(joiner->vocab, text, bytes);
    uint32_t parts = joiner->parts[left] + joiner->parts[right];
    if (id >= 0 && joiner->parts[id] != 0 && joiner->parts[id] != parts)
        return -1;
    if (id < 0) {
        id = joiner->vocab->count;
        if (ore_vocab_put(joiner->vocab, id, text, bytes) != ORE_OK)
            return -1;
    }
    joiner->parts[id] = parts;
    return id;
}
