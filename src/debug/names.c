/* names.c: texts, each kept once. */
#include "debug/names.h"

#include <string.h>

#include "base/memory.h"

enum { FIRST_SLOTS = 64 };

/* FNV-1a, 64 bits (Fowler, Noll, Vo). */
static uint64_t hash_of(const char *text) {
    uint64_t h = UINT64_C(14695981039346656037);
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return h;
}

/* Where `text` is, or would go. */
static int32_t *place_of(const debug_names *names, const char *text) {
    uint64_t mask = (uint64_t)names->slots - 1, i = hash_of(text) & mask;
    while (names->slot[i] && strcmp(names->text[names->slot[i] - 1], text) != 0)
        i = (i + 1) & mask;
    return &names->slot[i];
}

/* Keeps at least half of the slots empty. */
static bool make_room(debug_names *names) {
    if (2 * (names->count + 1) <= names->slots)
        return true;
    int64_t slots = names->slots ? 2 * names->slots : FIRST_SLOTS;
    int32_t *slot = ore_alloc_zero((size_t)slots * sizeof *slot);
    if (!slot)
        return false;
    ore_release(names->slot);
    names->slot = slot;
    names->slots = slots;
    for (int64_t i = 0; i < names->count; i++)
        *place_of(names, names->text[i]) = (int32_t)i + 1;
    return true;
}

int32_t debug_name(debug_names *names, const char *text) {
    if (!make_room(names))
        return -1;
    int32_t *place = place_of(names, text);
    if (*place)
        return *place - 1;
    if (ore_grow((void **)&names->text, &names->capacity, names->count + 1, sizeof *names->text) !=
        ORE_OK)
        return -1;
    char *copy = ore_copy_text(text);
    if (!copy)
        return -1;
    names->text[names->count++] = copy;
    *place = (int32_t)names->count;
    return *place - 1;
}

void debug_names_free(debug_names *names) {
    for (int64_t i = 0; i < names->count; i++)
        ore_release(names->text[i]);
    ore_release(names->text);
    ore_release(names->slot);
    *names = (debug_names){.text = NULL};
}
