/* vocab.c: tokens as bytes, by id and by their bytes. */
#include <string.h>
#include <xxhash.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "text/composed/vocab.h"

void ore_vocab_release(ore_vocab *vocab) {
    ore_release(vocab->bytes);
    ore_release(vocab->entries);
    ore_release(vocab->slots);
    *vocab = (ore_vocab){0};
}

/* ---- by their bytes: open addressing, at most half full ---- */

/* The slot of a token that is plain or not, or the free one where it would go. */
static int64_t slot_of(const ore_vocab *vocab, const char *bytes, size_t size, bool plain,
                       uint32_t *tag) {
    uint64_t hash = XXH3_64bits(bytes, size);
    int64_t mask = vocab->slot_count - 1, slot = (int64_t)hash & mask;
    *tag = (uint32_t)(hash >> 32);
    for (; vocab->slots[slot].id >= 0; slot = (slot + 1) & mask) {
        size_t n;
        if (vocab->slots[slot].tag != *tag)
            continue;
        const char *at = ore_vocab_at(vocab, vocab->slots[slot].id, &n);
        if (n == size && memcmp(at, bytes, size) == 0 &&
            vocab->entries[vocab->slots[slot].id].plain == plain)
            break;
    }
    return slot;
}

static int64_t find(const ore_vocab *vocab, const char *bytes, size_t size, bool plain) {
    uint32_t tag;
    return vocab->slot_count ? vocab->slots[slot_of(vocab, bytes, size, plain, &tag)].id : -1;
}

int64_t ore_vocab_find(const ore_vocab *vocab, const char *bytes, size_t size) {
    int64_t id = find(vocab, bytes, size, false);
    return id >= 0 ? id : find(vocab, bytes, size, true);
}

int64_t ore_vocab_find_own(const ore_vocab *vocab, const char *bytes, size_t size) {
    int64_t id = find(vocab, bytes, size, false);
    return id >= 0 && vocab->entries[id].added ? -1 : id;
}

static void put_slot(ore_vocab *vocab, int64_t id) {
    size_t size;
    uint32_t tag;
    const char *bytes = ore_vocab_at(vocab, id, &size);
    int64_t slot = slot_of(vocab, bytes, size, vocab->entries[id].plain, &tag);
    if (vocab->slots[slot].id < 0)
        vocab->slots[slot] = (ore_vocab_slot){(int32_t)id, tag};
}

static ore_status widen_slots(ore_vocab *vocab) {
    enum { FEWEST = 1 << 10 };
    if (2 * (vocab->there + 1) <= vocab->slot_count)
        return ORE_OK;
    int64_t count = vocab->slot_count ? 2 * vocab->slot_count : FEWEST;
    ore_vocab_slot *slots = ore_alloc((size_t)count * sizeof *slots);
    if (!slots)
        return ORE_MEMORY;
    memset(slots, 0xFF, (size_t)count * sizeof *slots);
    ore_vocab_slot *old = vocab->slots;
    int64_t old_count = vocab->slot_count;
    vocab->slots = slots;
    vocab->slot_count = count;
    for (int64_t i = 0; i < old_count; i++)
        if (old[i].id >= 0)
            put_slot(vocab, old[i].id);
    ore_release(old);
    return ORE_OK;
}

/* ---- by id ---- */

static ore_status widen_entries(ore_vocab *vocab, int64_t id) {
    void *entries = vocab->entries;
    if (id < vocab->count)
        return ORE_OK;
    if (ore_grow(&entries, &vocab->capacity, id + 1, sizeof *vocab->entries) != ORE_OK)
        return ORE_MEMORY;
    vocab->entries = entries;
    memset(vocab->entries + vocab->count, 0,
           (size_t)(id + 1 - vocab->count) * sizeof *vocab->entries);
    vocab->count = id + 1;
    return ORE_OK;
}

static ore_status put(ore_vocab *vocab, int64_t id, const char *bytes, size_t size, bool plain) {
    void *all = vocab->bytes;
    if (!ore_ok())
        return ore_error_status();
    if (id < 0 || id >= ORE_VOCAB_MAX)
        return ore_fail(ORE_DATA, "token \"%.*s\": id %lld, expected 0 to %d",
                        (int)(size < 64 ? size : 64), bytes, (long long)id, ORE_VOCAB_MAX - 1);
    if (size > ORE_TOKEN_BYTES)
        return ore_fail(ORE_DATA, "token %lld has %zu bytes, expected at most %d", (long long)id,
                        size, ORE_TOKEN_BYTES);
    if (id < vocab->count && vocab->entries[id].there)
        return ore_fail(ORE_DATA, "two tokens have the id %lld", (long long)id);
    if (ore_grow(&all, &vocab->bytes_capacity, vocab->bytes_used + (int64_t)size + 1, 1) != ORE_OK)
        return ORE_MEMORY;
    vocab->bytes = all;
    if (widen_entries(vocab, id) != ORE_OK || widen_slots(vocab) != ORE_OK)
        return ORE_MEMORY;
    if (size > 0)
        memcpy(vocab->bytes + vocab->bytes_used, bytes, size);
    vocab->entries[id] = (ore_vocab_entry){.start = (uint32_t)vocab->bytes_used,
                                           .size = (uint32_t)size & 0x1FFFFFFF,
                                           .there = 1,
                                           .plain = plain};
    vocab->bytes_used += (int64_t)size;
    vocab->there++;
    put_slot(vocab, id);
    return ORE_OK;
}

ore_status ore_vocab_put(ore_vocab *vocab, int64_t id, const char *bytes, size_t size) {
    return put(vocab, id, bytes, size, false);
}

/* ---- the letters of byte-level vocabularies ---- */

/* The printable characters of Latin-1 stand for themselves. */
static bool stands_for_itself(uint32_t byte) {
    return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

/* The others, 0x00 .. 0x20, 0x7F .. 0xA0 and 0xAD, are U+0100 and the characters behind it. */
enum { OTHERS_FIRST = 0x100, LOW = 0x21, MIDDLE = 0xA1 - 0x7F, OTHERS = LOW + MIDDLE + 1 };

static uint32_t letter_of(uint32_t byte) {
    if (stands_for_itself(byte))
        return byte;
    return OTHERS_FIRST + (byte < LOW ? byte : byte <= 0xA0 ? byte - 0x7F + LOW : LOW + MIDDLE);
}

static int byte_of(uint32_t letter) {
    if (letter < OTHERS_FIRST)
        return stands_for_itself(letter) ? (int)letter : -1;
    uint32_t other = letter - OTHERS_FIRST;
    if (other >= OTHERS)
        return -1;
    return (int)(other < LOW ? other : other < LOW + MIDDLE ? other - LOW + 0x7F : 0xAD);
}

int64_t ore_byte_level_read(const char *text, size_t size, char *bytes) {
    const uint8_t *at = (const uint8_t *)text, *end = at + size;
    int64_t count = 0;
    while (at < end) {
        uint32_t letter;
        int n = ore_utf8_decode(at, end, &letter), byte = n ? byte_of(letter) : -1;
        if (byte < 0)
            return -1;
        bytes[count++] = (char)byte;
        at += n;
    }
    return count;
}

size_t ore_byte_level_write(const char *bytes, size_t size, char *text) {
    size_t used = 0;
    for (size_t i = 0; i < size; i++)
        used += (size_t)ore_utf8_encode(letter_of((uint8_t)bytes[i]), text + used);
    return used;
}

ore_status ore_vocab_put_text(ore_vocab *vocab, int64_t id, const char *text, size_t size,
                              bool byte_level) {
    char bytes[2 * ORE_TOKEN_BYTES];
    int64_t count = -1;
    if (byte_level && size <= sizeof bytes)
        count = ore_byte_level_read(text, size, bytes);
    if (count >= 0)
        return put(vocab, id, bytes, (size_t)count, false);
    return put(vocab, id, text, size, byte_level);
}

int64_t ore_vocab_find_text(const ore_vocab *vocab, const char *text, size_t size,
                            bool byte_level) {
    char bytes[2 * ORE_TOKEN_BYTES];
    if (!byte_level)
        return ore_vocab_find(vocab, text, size);
    if (size > sizeof bytes)
        return -1;
    int64_t count = ore_byte_level_read(text, size, bytes);
    return count >= 0 ? ore_vocab_find(vocab, bytes, (size_t)count) : find(vocab, text, size, true);
}

char *ore_vocab_text(const ore_vocab *vocab, int64_t id, bool byte_level, size_t *size) {
    const char *bytes = ore_vocab_at(vocab, id, size);
    char *text = ore_alloc(2 * *size + 1);
    if (!text)
        return NULL;
    if (byte_level && !vocab->entries[id].plain) {
        *size = ore_byte_level_write(bytes, *size, text);
    } else if (*size > 0) {
        memcpy(text, bytes, *size);
    }
    text[*size] = '\0';
    return text;
}
