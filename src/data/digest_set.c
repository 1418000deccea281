/* digest_set.c: digests by open addressing, in many small tables that grow one at a time. */
#include <string.h>

#include "base/memory.h"
#include "data/digest_set.h"

enum { TABLE_BITS = 12, TABLES = 1 << TABLE_BITS, FIRST_SLOTS = 20, WORDS = 3 };

/* Zeros are a free slot: a digest whose 96 bits are zeros, one of 2^96, is kept as 1. */
typedef struct slot {
    uint32_t word[WORDS];
} slot;

typedef struct table {
    slot *slots; /* (capacity) */
    int64_t count, capacity;
} table;

struct ore_digest_set {
    table tables[TABLES];
    int64_t count;
};

ore_digest_set *ore_digest_set_new(void) {
    return ore_alloc_zero(sizeof(ore_digest_set));
}

void ore_digest_set_free(ore_digest_set *set) {
    for (int i = 0; set && i < TABLES; i++)
        ore_release(set->tables[i].slots);
    ore_release(set);
}

int64_t ore_digest_set_count(const ore_digest_set *set) {
    return set->count;
}

int64_t ore_digest_set_bytes(const ore_digest_set *set) {
    int64_t bytes = 0;
    for (int i = 0; i < TABLES; i++)
        bytes += set->tables[i].capacity * (int64_t)sizeof(slot);
    return bytes;
}

static bool is_free(const slot *s) {
    return !(s->word[0] | s->word[1] | s->word[2]);
}

/* Where the slot is, or the free one where it belongs. The last 32 bits say where to begin: as a
 * fraction of the table, so that growing keeps the order. */
static slot *find(const table *t, const slot *wanted) {
    int64_t at = (int64_t)((uint64_t)wanted->word[2] * (uint64_t)t->capacity >> 32);
    while (!is_free(&t->slots[at]) && memcmp(&t->slots[at], wanted, sizeof *wanted) != 0)
        at = at + 1 < t->capacity ? at + 1 : 0;
    return &t->slots[at];
}

static ore_status grow(table *t) {
    int64_t capacity = t->capacity + t->capacity / 5;
    table larger = {.count = t->count, .capacity = capacity > FIRST_SLOTS ? capacity : FIRST_SLOTS};
    size_t bytes;
    if (ore_bytes_of(larger.capacity, sizeof(slot), &bytes) == ORE_OK)
        larger.slots = ore_alloc_zero(bytes);
    if (!larger.slots)
        return ore_error_status();
    for (int64_t i = 0; i < t->capacity; i++)
        if (!is_free(&t->slots[i]))
            *find(&larger, &t->slots[i]) = t->slots[i];
    ore_release(t->slots);
    *t = larger;
    return ORE_OK;
}

ore_status ore_digest_set_add(ore_digest_set *set, ore_digest digest, bool *added) {
    table *t = &set->tables[digest.high >> (64 - TABLE_BITS)];
    slot wanted = {{(uint32_t)digest.high, (uint32_t)digest.low, (uint32_t)(digest.low >> 32)}};
    *added = false;
    wanted.word[0] |= is_free(&wanted);
    if (10 * (t->count + 1) > 9 * t->capacity && grow(t) != ORE_OK)
        return ore_error_status();
    slot *place = find(t, &wanted);
    *added = is_free(place);
    if (*added) {
        *place = wanted;
        t->count++;
        set->count++;
    }
    return ORE_OK;
}
