/* gguf_bytes.h: GGUF files byte by byte, true or not. */
#ifndef ORE_TESTS_GGUF_BYTES_H
#define ORE_TESTS_GGUF_BYTES_H

#include <stddef.h>
#include <stdint.h>

typedef struct gguf_bytes {
    uint8_t bytes[8192];
    size_t size;
} gguf_bytes;

/* The header of a file that says to have so many tensors and values. */
gguf_bytes gguf_begin(uint32_t version, uint64_t tensors, uint64_t values);
void gguf_put(gguf_bytes *g, const void *bytes, size_t size);
void gguf_put_text(gguf_bytes *g, const char *text);
void gguf_text_value(gguf_bytes *g, const char *key, const char *text);
void gguf_u32_value(gguf_bytes *g, const char *key, uint32_t value);
/* The description of a tensor; shape as the file has it, the fastest dim first. */
void gguf_tensor(gguf_bytes *g, const char *name, uint32_t dims, const uint64_t *shape,
                 uint32_t type, uint64_t offset);
/* Zeros up to a multiple of `alignment`. */
void gguf_pad(gguf_bytes *g, size_t alignment);

#endif
