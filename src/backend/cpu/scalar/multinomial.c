/* multinomial.c: draws of indices by weight, in the two ways that torch has. */
#include <math.h>

#include "backend/cpu/cpu.h"
#include "base/generator.h"
#include "base/memory.h"

/* ---- the k largest in falling order ---- */

typedef struct race {
    double value;
    int64_t index;
} race;

/* The smaller index wins among equals. */
static bool is_ahead(race a, race b) {
    return a.value > b.value || (a.value == b.value && a.index < b.index);
}

/* Lets the entry at `place` sink until no child is ahead of it. */
static void sink(race *heap, int64_t n, int64_t place) {
    race moving = heap[place];
    for (;;) {
        int64_t child = 2 * place + 1;
        if (child >= n)
            break;
        if (child + 1 < n && is_ahead(heap[child + 1], heap[child]))
            child++;
        if (!is_ahead(heap[child], moving))
            break;
        heap[place] = heap[child];
        place = child;
    }
    heap[place] = moving;
}

static void take_largest(race *heap, int64_t n, int64_t *indices, int64_t k) {
    for (int64_t i = n / 2 - 1; i >= 0; i--)
        sink(heap, n, i);
    for (int64_t i = 0; i < k; i++) {
        indices[i] = heap[0].index;
        heap[0] = heap[--n];
        if (n > 1)
            sink(heap, n, 0);
    }
}

/* ---- the draws ---- */

#define T          float
#define NAME(name) name##_f32
#include "backend/cpu/scalar/multinomial_any.inc"
#undef T
#undef NAME

#define T          double
#define NAME(name) name##_f64
#include "backend/cpu/scalar/multinomial_any.inc"
#undef T
#undef NAME
