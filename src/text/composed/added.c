/* added.c: added tokens, found in texts: of those that begin first the longest. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/aligned.h"
#include "text/characters.h"
#include "text/composed/normalize.h"
#include "text/composed/trie.h"

struct ore_added_finder {
    ore_trie trie; /* from what is looked for to the token's place in `tokens` */
    const ore_added_token *tokens;
    bool lstrip; /* some token takes in the spaces before it */
};

/* ---- making ---- */

char *ore_added_text(const ore_composed *composed, const ore_added_token *token, size_t *size) {
    ore_aligned text = {0};
    char *copy = NULL;
    if (ore_aligned_set(&text, token->content, token->size, 0, false) == ORE_OK &&
        (!token->normalized || !composed->normalizer ||
         ore_normalizer_apply(composed->normalizer, &text) == ORE_OK))
        copy = ore_alloc((size_t)text.size + 1);
    if (copy) {
        *size = (size_t)text.size;
        memcpy(copy, text.bytes, *size);
    }
    ore_aligned_release(&text);
    return copy;
}

ore_added_finder *ore_added_finder_new(const ore_composed *composed, bool normalized) {
    int64_t count = 0;
    ore_added_finder *self = ore_alloc_zero(sizeof *self);
    ore_trie_key *keys = ore_alloc((size_t)composed->added_count * sizeof *keys + 1);
    for (int64_t i = 0; self && keys && i < composed->added_count && ore_no_error(); i++) {
        const ore_added_token *token = &composed->added[i];
        if (token->normalized != normalized)
            continue;
        self->lstrip |= token->lstrip;
        keys[count] = (ore_trie_key){.id = (int32_t)i};
        keys[count].bytes = ore_added_text(composed, token, &keys[count].size);
        count += keys[count].bytes != NULL;
    }
    if (self && keys && count > 0 && ore_no_error())
        ore_trie_init(&self->trie, keys, count);
    for (int64_t i = 0; keys && i < count; i++)
        ore_release((void *)keys[i].bytes);
    ore_release(keys);
    if (self && self->trie.count > 1) {
        self->tokens = composed->added;
        return self;
    }
    ore_added_finder_free(self);
    return NULL;
}

void ore_added_finder_free(ore_added_finder *self) {
    if (self)
        ore_trie_release(&self->trie);
    ore_release(self);
}

/* ---- finding ---- */

enum { NONE, FOUND, OPEN };

static bool is_word_behind(const char *text, size_t size, size_t at) {
    int bytes;
    return at < size && ore_is_word(ore_character_at(text, (int64_t)size, (int64_t)at, &bytes));
}

static bool is_word_before(const char *text, size_t at) {
    return at > 0 && is_word_behind(text, at, (size_t)ore_character_before(text, (int64_t)at));
}

/* Where the white space before byte `at` begins, not before `from`. */
size_t ore_spaces_before(const char *text, size_t from, size_t at) {
    while (at > from) {
        int bytes;
        int64_t before = ore_character_before(text, (int64_t)at);
        if (!ore_is_space(ore_character_at(text, (int64_t)at, before, &bytes)))
            break;
        at = (size_t)before;
    }
    return at;
}

size_t ore_spaces_behind(const char *text, size_t size, size_t at) {
    while (at < size) {
        int bytes;
        if (!ore_is_space(ore_character_at(text, (int64_t)size, (int64_t)at, &bytes)))
            break;
        at += (size_t)bytes;
    }
    return at;
}

/* The longest token that begins at `at`: FOUND with its place in *token and its end; OPEN where a
 * longer one may go on behind the text. */
static int match_at(const ore_added_finder *self, const char *text, size_t size, size_t at,
                    bool open, int32_t *token, size_t *end) {
    int32_t node = 0;
    *token = -1;
    for (size_t i = at; i < size; i++) {
        node = ore_trie_step(&self->trie, node, (uint8_t)text[i]);
        if (node < 0)
            return *token >= 0 ? FOUND : NONE;
        if (self->trie.nodes[node].id >= 0) {
            *token = self->trie.nodes[node].id;
            *end = i + 1;
        }
    }
    if (open && self->trie.nodes[node].count > 0)
        return OPEN;
    return *token >= 0 ? FOUND : NONE;
}

/* Answers that the rest from `at` on waits for more, with the spaces that may belong to it. */
static int wait_from(const ore_added_finder *self, const char *text, size_t at,
                     ore_added_match *match) {
    match->start = self->lstrip ? ore_spaces_before(text, match->end, at) : at;
    return OPEN;
}

/* Whether what follows an open text may make a token that begins among the spaces text[from ..
 * stop). */
static bool may_begin(const ore_added_finder *self, const char *text, size_t size, size_t from,
                      size_t stop) {
    for (size_t at = from, end; at < stop; at++) {
        int32_t token;
        int found = match_at(self, text, size, at, true, &token, &end);
        if (found == OPEN || (found == FOUND && end == size))
            return true;
    }
    return false;
}

int ore_added_find(const ore_added_finder *self, const char *text, size_t size, bool open,
                   ore_added_match *match) {
    const size_t done = match->end;
    for (size_t at = match->next, end = 0; at < size; at++) {
        int32_t i;
        if (self->trie.roots[(uint8_t)text[at]] < 0)
            continue;
        int found = match_at(self, text, size, at, open, &i, &end);
        if (found == OPEN)
            return wait_from(self, text, at, match);
        if (found == NONE)
            continue;
        const ore_added_token *token = &self->tokens[i];
        if (open && end == size && (token->single_word || token->rstrip))
            return wait_from(self, text, at, match);
        if (token->single_word && (is_word_before(text, at) || is_word_behind(text, size, end))) {
            at = end - 1;
            continue;
        }
        size_t spaces = match->spaces; /* a token among these has been looked at with them */
        if (token->rstrip && end > spaces) {
            spaces = ore_spaces_behind(text, size, end);
            if (open && (spaces == size || may_begin(self, text, size, end, spaces)))
                return wait_from(self, text, at, match);
        }
        size_t start = token->lstrip && at < done ? done
                       : token->lstrip            ? ore_spaces_before(text, done, at)
                                                  : at;
        size_t stop = token->rstrip ? spaces : end;
        if (stop <= start) { /* all of it belongs to the one before */
            at = end - 1;
            continue;
        }
        *match = (ore_added_match){start, stop, end, spaces, token->id};
        return FOUND;
    }
    size_t spaces = open && self->lstrip ? ore_spaces_before(text, done, size) : size;
    match->start = spaces;
    return spaces < size ? OPEN : NONE;
}
