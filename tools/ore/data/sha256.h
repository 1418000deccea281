/* sha256.h: SHA-256 (FIPS 180-4), the digest that servers and lists of files give. */
#ifndef ORE_TOOL_SHA256_H
#define ORE_TOOL_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include <ore/base.h>

enum { SHA256_TEXT_BYTES = 65 }; /* 64 hexadecimal digits and a NUL */

typedef struct sha256_stream {
    uint32_t state[8];
    uint8_t block[64];
    uint64_t bytes; /* so far */
} sha256_stream;

void sha256_begin(sha256_stream *s);
void sha256_put(sha256_stream *s, const void *data, size_t bytes);
/* In lower case, into text (SHA256_TEXT_BYTES), which it returns. */
const char *sha256_end(sha256_stream *s, char *text);

/* Of a file's bytes; returns the status. */
ore_status sha256_file(const char *path, char *text);

#endif
