/* digest.h: the digests of ore/files.h, of data that comes in pieces. */
#ifndef ORE_BASE_DIGEST_H
#define ORE_BASE_DIGEST_H

#include <ore/files.h>

typedef struct ore_digest_stream {
    struct XXH3_state_s *state; /* NULL: not begun, or no memory */
} ore_digest_stream;

/* ORE_MEMORY; then put does nothing and end gives zeros. */
ore_status ore_digest_begin(ore_digest_stream *stream);
void ore_digest_put(ore_digest_stream *stream, const void *data, size_t bytes);
/* That of all bytes put, equal to ore_digest_of of them side by side. Frees the stream. */
ore_digest ore_digest_end(ore_digest_stream *stream);

#endif
