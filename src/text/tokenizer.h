/* tokenizer.h: a tokenizer's inside. */
#ifndef ORE_TEXT_TOKENIZER_H
#define ORE_TEXT_TOKENIZER_H

#include <ore/text.h>

struct ore_tokenizer {
    int64_t size;
    int64_t separator;     /* id or -1 */
    uint32_t *code_points; /* (size) by id */
    int32_t *ids;          /* (ids_length) by code point; -1: none */
    int64_t ids_length;
};

/* The characters by id, exactly so; copies them. ORE_INVALID: none, no such code point, a double.
 */
ore_tokenizer *ore_tokenizer_of_vocab(const uint32_t *code_points, int64_t count,
                                      int64_t separator);

#endif
