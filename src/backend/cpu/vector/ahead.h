/* ahead.h: how far the packing of matrix products prefetches. */
#ifndef ORE_BACKEND_AHEAD_H
#define ORE_BACKEND_AHEAD_H

enum {
    AHEAD = 16,        /* rows that packing prefetches, since they lie pages apart */
    AHEAD_IN_ROW = 32, /* elements; packing prefetches so far along each row that it transposes,
                        * being more than the processor follows; 96 is slower (AMD EPYC, decoding:
                        * docs/performance.md) */
    AHEAD_HALVES = 64, /* as many bytes of halves */
    LINE_BYTES = 64,   /* of a cache line, and */
    LINE_HALVES = LINE_BYTES / 2,
};

#endif
