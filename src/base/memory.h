/* memory.h: the caching pool. The only place in the library that calls the system allocator. */
#ifndef ORE_BASE_MEMORY_H
#define ORE_BASE_MEMORY_H

#include <ore/base.h>

/* `bytes` of uninitialised memory aligned to 64 bytes, for any thread to release. NULL raises
 * ORE_MEMORY. Zero bytes give a valid block. */
void *ore_alloc(size_t bytes);
void *ore_alloc_zero(size_t bytes);
/* Returns memory to the pool; NULL is allowed. */
void ore_release(void *block);
/* Makes room for `count` elements in a growing array and keeps its contents; *items and *capacity
 * change together, or not at all with ORE_MEMORY. */
ore_status ore_grow(void **items, int64_t *capacity, int64_t count, size_t element_bytes);
/* A copy of text in pool memory. */
char *ore_copy_text(const char *text);
/* The same of `bytes` bytes, with a NUL behind them; text may be NULL where there are none. */
char *ore_copy_bytes(const char *text, size_t bytes);
/* a * b, or ORE_MEMORY when the product overflows. */
ore_status ore_bytes_of(int64_t count, size_t element_bytes, size_t *bytes);

#endif
