/* piece_counts.c: an open-addressed hash table over pieces that lie in blocks. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "text/learn/piece_counts.h"

/* A slot has the piece's hash, which says where it belongs and sorts out nearly all others, and its
 * place: the block in the high bits, the offset in units of 8 bytes in the low ones. */
typedef struct piece_slot {
    uint32_t hash;
    uint32_t place; /* 0: free */
} piece_slot;

enum {
    UNIT_BYTES = 8,
    OFFSET_BITS = 17, /* 1 MiB of units */
    BLOCK_BYTES = UNIT_BYTES << OFFSET_BITS,
    BLOCKS_MAX = 1 << (32 - OFFSET_BITS), /* 32 GiB */
    FIRST_SLOTS = 1 << 12,
};

/* ---- hashing ---- */

static uint64_t load(const char *at, size_t bytes) {
    uint64_t word = 0;
    memcpy(&word, at, bytes);
    return word;
}

/* Multiplication by an odd constant (2^64 over the golden ratio) carries each bit upward, and the
 * shift brings the high ones back down. */
static uint64_t mix(uint64_t h) {
    h *= 0x9E3779B97F4A7C15u;
    return h ^ h >> 32;
}

static uint32_t hash_of(const char *text, size_t bytes) {
    uint64_t h = bytes;
    for (; bytes > 8; bytes -= 8, text += 8)
        h = mix(h ^ load(text, 8));
    h = mix(h ^ load(text, bytes));
    return (uint32_t)(mix(h) >> 16);
}

/* ---- places ---- */

static ore_piece *piece_at(const ore_piece_counts *counts, uint32_t place) {
    char *block = counts->blocks[place >> OFFSET_BITS];
    return (ore_piece *)(block + (size_t)(place & ((1u << OFFSET_BITS) - 1)) * UNIT_BYTES);
}

static ore_status add_block(ore_piece_counts *counts, size_t bytes) {
    void *blocks = counts->blocks;
    if (counts->block_count == BLOCKS_MAX)
        return ore_fail(ORE_MEMORY, "tokenizer: more than 32 GiB of different pieces");
    if (ore_grow(&blocks, &counts->block_capacity, counts->block_count + 1,
                 sizeof *counts->blocks) != ORE_OK)
        return ore_error_status();
    counts->blocks = blocks;
    char *block = ore_alloc(bytes);
    if (!block)
        return ore_error_status();
    counts->blocks[counts->block_count++] = block;
    counts->room = bytes;
    counts->used = counts->block_count == 1 ? UNIT_BYTES : 0; /* place 0 is no piece's */
    return ORE_OK;
}

/* A new piece's place, or 0 on failure. One that is longer than a block has a block of its own. */
static uint32_t place_piece(ore_piece_counts *counts, const char *text, size_t bytes) {
    size_t needed = (sizeof(ore_piece) + bytes + UNIT_BYTES - 1) / UNIT_BYTES * UNIT_BYTES;
    size_t block = needed + UNIT_BYTES > BLOCK_BYTES ? needed + UNIT_BYTES : BLOCK_BYTES;
    if (counts->room - counts->used < needed && add_block(counts, block) != ORE_OK)
        return 0;
    uint32_t place =
        (uint32_t)(counts->block_count - 1) << OFFSET_BITS | (uint32_t)(counts->used / UNIT_BYTES);
    ore_piece *piece = piece_at(counts, place);
    piece->count = 0;
    piece->bytes = bytes;
    memcpy(piece->text, text, bytes);
    counts->used = block > BLOCK_BYTES ? counts->room : counts->used + needed;
    return place;
}

/* ---- slots ---- */

/* Makes slots for so many pieces in all, two thirds of them taken at most. */
static ore_status reserve(ore_piece_counts *counts, int64_t pieces) {
    int64_t count = counts->slot_count ? counts->slot_count : FIRST_SLOTS;
    while (3 * pieces > 2 * count)
        count *= 2;
    if (count == counts->slot_count)
        return ORE_OK;
    size_t bytes;
    if (ore_bytes_of(count, sizeof(piece_slot), &bytes) != ORE_OK)
        return ore_error_status();
    piece_slot *slots = ore_alloc_zero(bytes);
    if (!slots)
        return ore_error_status();
    for (int64_t i = 0; i < counts->slot_count; i++) {
        piece_slot old = counts->slots[i];
        if (!old.place)
            continue;
        int64_t slot = old.hash & (count - 1);
        while (slots[slot].place)
            slot = (slot + 1) & (count - 1);
        slots[slot] = old;
    }
    ore_release(counts->slots);
    counts->slots = slots;
    counts->slot_count = count;
    return ORE_OK;
}

static bool is_piece(const ore_piece *piece, const char *text, size_t bytes) {
    return piece->bytes == bytes && memcmp(piece->text, text, bytes) == 0;
}

/* The piece in the table, a new one with count 0 where it was not there; NULL on failure. There is
 * a free slot. */
static ore_piece *find_or_place(ore_piece_counts *counts, uint32_t hash, const char *text,
                                size_t bytes) {
    int64_t mask = counts->slot_count - 1, slot = hash & mask;
    for (; counts->slots[slot].place; slot = (slot + 1) & mask)
        if (counts->slots[slot].hash == hash) {
            ore_piece *piece = piece_at(counts, counts->slots[slot].place);
            if (is_piece(piece, text, bytes))
                return piece;
        }
    uint32_t place = place_piece(counts, text, bytes);
    if (!place)
        return NULL;
    counts->slots[slot] = (piece_slot){hash, place};
    counts->count++;
    return piece_at(counts, place);
}

ore_status ore_piece_counts_add(ore_piece_counts *counts, const char *text, size_t bytes,
                                int64_t count) {
    if (reserve(counts, counts->count + 1) != ORE_OK)
        return ore_error_status();
    ore_piece *piece = find_or_place(counts, hash_of(text, bytes), text, bytes);
    if (!piece)
        return ore_error_status();
    piece->count += count;
    counts->total += count;
    return ORE_OK;
}

/* Three passes, of which the first two only load: so the processor waits for the slots of all
 * pieces together, and then for the pieces, and not for one after the other. */
static ore_status add_batch(ore_piece_counts *counts, const ore_piece_text *texts, int64_t count) {
    uint32_t hashes[ORE_PIECE_BATCH];
    ore_piece *likely[ORE_PIECE_BATCH];
    size_t bytes[ORE_PIECE_BATCH];
    if (reserve(counts, counts->count + count) != ORE_OK)
        return ore_error_status();
    for (int64_t i = 0; i < count; i++) {
        hashes[i] = hash_of(texts[i].text, texts[i].bytes);
        piece_slot slot = counts->slots[hashes[i] & (counts->slot_count - 1)];
        bool same = slot.place && slot.hash == hashes[i];
        likely[i] = same ? piece_at(counts, slot.place) : NULL;
    }
    for (int64_t i = 0; i < count; i++)
        bytes[i] = likely[i] ? likely[i]->bytes : 0;
    for (int64_t i = 0; i < count; i++) {
        const ore_piece_text *t = texts + i;
        ore_piece *piece = likely[i];
        if (!piece || bytes[i] != t->bytes || memcmp(piece->text, t->text, t->bytes) != 0)
            piece = find_or_place(counts, hashes[i], t->text, t->bytes);
        if (!piece)
            return ore_error_status();
        piece->count++;
    }
    counts->total += count;
    return ORE_OK;
}

ore_status ore_piece_counts_add_all(ore_piece_counts *counts, const ore_piece_text *texts,
                                    int64_t count) {
    for (int64_t i = 0; i < count; i += ORE_PIECE_BATCH) {
        int64_t n = count - i < ORE_PIECE_BATCH ? count - i : ORE_PIECE_BATCH;
        if (add_batch(counts, texts + i, n) != ORE_OK)
            return ore_error_status();
    }
    return ORE_OK;
}

/* ---- whole tables ---- */

ore_status ore_piece_counts_join(ore_piece_counts *counts, ore_piece_counts *other) {
    if (counts->count == 0) {
        ore_piece_counts_release(counts);
        *counts = *other;
        *other = (ore_piece_counts){0};
        return ORE_OK;
    }
    /* For all from the start: pieces come in the order of their slots, which would crowd into the
     * first ones of a table that grows meanwhile. */
    if (reserve(counts, counts->count + other->count) != ORE_OK)
        return ore_error_status();
    for (int64_t i = 0; i < other->slot_count; i++)
        if (other->slots[i].place) {
            const ore_piece *piece = piece_at(other, other->slots[i].place);
            if (ore_piece_counts_add(counts, piece->text, piece->bytes, piece->count) != ORE_OK)
                return ore_error_status();
        }
    ore_piece_counts_release(other);
    return ORE_OK;
}

/* Adds a piece as pieces of at most `longest` bytes. */
static ore_status add_cut(ore_piece_counts *counts, const ore_piece *piece, size_t longest) {
    const char *at = piece->text;
    for (size_t left = piece->bytes, n; left > 0 && ore_ok(); left -= n, at += n) {
        n = left;
        if (n > longest)
            for (n = longest; n > 1 && ((unsigned char)at[n] & 0xC0) == 0x80;)
                n--;
        ore_piece_counts_add(counts, at, n, piece->count);
    }
    return ore_error_status();
}

ore_status ore_piece_counts_cut(ore_piece_counts *counts, size_t longest) {
    ore_piece_counts cut = {0};
    bool any = false;
    for (int64_t i = 0; i < counts->slot_count && !any; i++)
        any = counts->slots[i].place && piece_at(counts, counts->slots[i].place)->bytes > longest;
    if (!any)
        return ore_error_status();
    reserve(&cut, counts->count);
    for (int64_t i = 0; i < counts->slot_count && ore_ok(); i++)
        if (counts->slots[i].place)
            add_cut(&cut, piece_at(counts, counts->slots[i].place), longest);
    ore_piece_counts_release(counts);
    *counts = cut;
    return ore_error_status();
}

typedef struct ranked {
    int64_t count;
    const ore_piece *piece;
} ranked;

static int by_falling_count(const void *a, const void *b) {
    int64_t x = ((const ranked *)a)->count, y = ((const ranked *)b)->count;
    return (x < y) - (x > y);
}

const ore_piece **ore_piece_counts_sorted(const ore_piece_counts *counts) {
    size_t bytes;
    if (ore_bytes_of(counts->count, sizeof(ranked), &bytes) != ORE_OK)
        return NULL;
    ranked *pieces = ore_alloc(bytes);
    const ore_piece **sorted = pieces ? ore_alloc(bytes / 2) : NULL;
    int64_t n = 0;
    for (int64_t i = 0; sorted && i < counts->slot_count; i++)
        if (counts->slots[i].place) {
            const ore_piece *piece = piece_at(counts, counts->slots[i].place);
            pieces[n++] = (ranked){piece->count, piece};
        }
    if (n > 0)
        qsort(pieces, (size_t)n, sizeof *pieces, by_falling_count);
    for (int64_t i = 0; i < n; i++)
        sorted[i] = pieces[i].piece;
    ore_release(pieces);
    return sorted;
}

void ore_piece_counts_release(ore_piece_counts *counts) {
    for (int64_t i = 0; i < counts->block_count; i++)
        ore_release(counts->blocks[i]);
    ore_release(counts->blocks);
    ore_release(counts->slots);
    *counts = (ore_piece_counts){0};
}
