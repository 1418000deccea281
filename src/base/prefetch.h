/* prefetch.h: asks for memory before it is needed. */
#ifndef ORE_BASE_PREFETCH_H
#define ORE_BASE_PREFETCH_H

/* Brings the cache line of an address, which need not be one that may be read, towards the
 * processor. */
static inline void ore_prefetch(const void *address) {
    __builtin_prefetch(address);
}

#endif
