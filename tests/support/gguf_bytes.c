#include <string.h>

#include "support/gguf_bytes.h"

enum { TYPE_U32 = 4, TYPE_TEXT = 8 };

void gguf_put(gguf_bytes *g, const void *bytes, size_t size) {
    memcpy(g->bytes + g->size, bytes, size);
    g->size += size;
}

static void put_u32(gguf_bytes *g, uint32_t number) {
    gguf_put(g, &number, sizeof number);
}

static void put_u64(gguf_bytes *g, uint64_t number) {
    gguf_put(g, &number, sizeof number);
}

gguf_bytes gguf_begin(uint32_t version, uint64_t tensors, uint64_t values) {
    gguf_bytes g = {.size = 0};
    gguf_put(&g, "GGUF", 4);
    put_u32(&g, version);
    put_u64(&g, tensors);
    put_u64(&g, values);
    return g;
}

void gguf_put_text(gguf_bytes *g, const char *text) {
    put_u64(g, strlen(text));
    gguf_put(g, text, strlen(text));
}

void gguf_text_value(gguf_bytes *g, const char *key, const char *text) {
    gguf_put_text(g, key);
    put_u32(g, TYPE_TEXT);
    gguf_put_text(g, text);
}

void gguf_u32_value(gguf_bytes *g, const char *key, uint32_t value) {
    gguf_put_text(g, key);
    put_u32(g, TYPE_U32);
    put_u32(g, value);
}

void gguf_tensor(gguf_bytes *g, const char *name, uint32_t dims, const uint64_t *shape,
                 uint32_t type, uint64_t offset) {
    gguf_put_text(g, name);
    put_u32(g, dims);
    gguf_put(g, shape, dims * sizeof *shape);
    put_u32(g, type);
    put_u64(g, offset);
}

void gguf_pad(gguf_bytes *g, size_t alignment) {
    while (g->size % alignment != 0)
        g->bytes[g->size++] = 0;
}
