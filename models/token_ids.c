/* token_ids.c: a text's ids in one array. */
#include <stdlib.h>

#include "models/token_ids.h"

int64_t *token_ids(const ore_tokenizer *tokenizer, const char *text, size_t bytes, bool special,
                   int64_t *count) {
    const ore_encode_options o = {.add_special = special};
    int64_t *ids = NULL, capacity = 0;
    /* few tokens have less than 2 bytes, so one call nearly always does */
    *count = (int64_t)(bytes / 2) + 16;
    while (ore_ok() && *count > capacity) {
        capacity = *count;
        free(ids);
        ids = malloc(((size_t)capacity + 1) * sizeof *ids);
        if (ids)
            *count = ore_tokenizer_encode_with(tokenizer, &o, text, bytes, ids, NULL, capacity);
        else
            ore_fail(ORE_MEMORY, "a text of %zu bytes: out of memory", bytes);
    }
    if (!ore_ok()) {
        free(ids);
        *count = 0;
        return NULL;
    }
    int64_t *fitting = realloc(ids, ((size_t)*count + 1) * sizeof *ids);
    return fitting ? fitting : ids;
}
