/* gguf_tensors.h: how the types of GGUF's tensors are numbered. */
#ifndef ORE_IO_GGUF_TENSORS_H
#define ORE_IO_GGUF_TENSORS_H

#include <ore/coding.h>

enum {
    ORE_GGUF_MAX_DIMS = 4,
    ORE_GGUF_ALIGNMENT = 32, /* bytes, where ORE_GGUF_ALIGNMENT_KEY says no other */
    ORE_GGUF_LARGEST_ALIGNMENT = 1 << 20,
};
#define ORE_GGUF_ALIGNMENT_KEY "general.alignment"

/* The multiple of the alignment that `bytes` fill. */
static inline size_t ore_gguf_padded(size_t bytes, size_t alignment) {
    return bytes + (alignment - bytes % alignment) % alignment;
}

/* False for types that Ore does not read. */
bool ore_gguf_coding_of(uint32_t type, ore_coding *coding);
/* -1 for codings that GGUF does not have. */
int ore_gguf_type_of(ore_coding coding);

#endif
