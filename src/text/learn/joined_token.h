/* joined_token.h: the token that two tokens make. */
#ifndef ORE_TEXT_JOINED_TOKEN_H
#define ORE_TEXT_JOINED_TOKEN_H

#include "text/composed/vocab.h"

typedef struct ore_joiner {
    ore_vocab *vocab;
    const char *inner_mark; /* "##", which is left out of the right token's text; or NULL */
    uint32_t *parts; /* (vocab_size + 1) first tokens that a token consists of; 0: unknown yet */
} ore_joiner;

/* The id of `left` and `right` as one token: a new one, or one that has these bytes already. -1,
 * and nothing is made, where that token consists of other parts ("##" and "a" are not the token
 * "##a"), where it would be longer than tokens may be, and with ORE_MEMORY. */
int64_t ore_join_tokens(const ore_joiner *joiner, uint32_t left, uint32_t right);

#endif
