/* merge_loop.c: merges one after the other. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/learn/merge_loop.h"

/* The id of two tokens as one: a new one, or one that has these bytes already. -1, and nothing is
 * made, where that token consists of other parts ("##" and "a" are not the token "##a"), where it
 * would be longer than tokens may be, and with ORE_MEMORY. */
static int64_t join(const ore_joiner *joiner, uint32_t left, uint32_t right) {
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

ore_status ore_merge_all(const ore_merge_way *way, void *self, const ore_merge_options *options,
                         const ore_joiner *joiner, ore_learned_merge **merges, int64_t *count) {
    int64_t capacity = 0;
    void *all = NULL;
    ore_pair_merge m;
    *count = 0;
    while (ore_ok() && joiner->vocab->count < options->vocab_size &&
           way->next(self, &m.left, &m.right)) {
        if (options->stop && options->stop(options->user, joiner->vocab->count)) {
            ore_fail(ORE_STATE, "tokenizer: stopped after %lld merges", (long long)*count);
            break;
        }
        int64_t known = joiner->vocab->count, made = join(joiner, m.left, m.right), merged = 0;
        if (made < 0) {
            way->refuse(self, m.left, m.right);
            continue;
        }
        m.made = (uint32_t)made;
        if (way->merge(self, &m, made == known, &merged) != ORE_OK ||
            ore_grow(&all, &capacity, *count + 1, sizeof **merges) != ORE_OK)
            break;
        ((ore_learned_merge *)all)[(*count)++] =
            (ore_learned_merge){m.left, m.right, m.made, merged};
    }
    *merges = all;
    return ore_error_status();
}
