/* token_parts.h: the inside of ore_token_parts, for loaders. */
#ifndef ORE_DATA_TOKEN_PARTS_H
#define ORE_DATA_TOKEN_PARTS_H

#include <ore/data.h>
#include <ore/random.h>

/* A run of tokens between separators. */
typedef struct ore_document {
    int64_t start, length;
} ore_document;

/* A part: of a stream, its tokens first .. first + count - 1; or `count` documents. */
typedef struct ore_part_range {
    const ore_tokens *tokens;
    int64_t first, count;
    const ore_document *documents; /* NULL for a stream */
    int64_t targets;               /* of documents: their tokens, and a separator after each */
    int64_t longest;
} ore_part_range;

struct ore_token_parts {
    ore_token_parts_options options;
    ore_part_range ranges[ORE_PART_COUNT];
    ore_document *documents, *val_documents;
};

/* The line of the text, counted from 1, on which a document starts. */
int64_t ore_document_line(const ore_tokens *tokens, const ore_document *document);

#endif
