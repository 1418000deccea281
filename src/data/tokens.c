/* tokens.c: tokens whose ids are in memory. */
#include <string.h>

#include <ore/data.h>

#include "base/memory.h"

typedef struct memory_tokens {
    ore_tokens base; /* first: an ore_tokens of this kind is one of these */
    const int64_t *ids;
} memory_tokens;

static ore_status memory_read(const ore_tokens *tokens, int64_t start, int64_t count,
                              int64_t *ids) {
    const memory_tokens *self = (const memory_tokens *)tokens;
    memcpy(ids, self->ids + start, (size_t)count * sizeof *ids);
    return ORE_OK;
}

static void memory_close(ore_tokens *tokens) {
    ore_release((char *)tokens->name);
    ore_release(tokens);
}

ore_tokens *ore_tokens_of_memory(const char *name, const int64_t *ids, int64_t count,
                                 int64_t separator) {
    if (!ore_ok())
        return NULL;
    if (count < 0) {
        ore_fail(ORE_INVALID, "%s: %lld tokens", name, (long long)count);
        return NULL;
    }
    memory_tokens *self = ore_alloc(sizeof *self);
    char *copy = ore_copy_text(name);
    if (!self || !copy) {
        ore_release(copy);
        ore_release(self);
        return NULL;
    }
    *self = (memory_tokens){.base = {.name = copy,
                                     .length = count,
                                     .separator = separator,
                                     .read = memory_read,
                                     .bytes = NULL,
                                     .close = memory_close},
                            .ids = ids};
    return &self->base;
}

void ore_tokens_close(ore_tokens *tokens) {
    if (tokens)
        tokens->close(tokens);
}
