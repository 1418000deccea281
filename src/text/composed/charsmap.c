/* charsmap.c: the table of replacements of SentencePiece's models, and base64, in which
 * tokenizer.json holds it. */
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "text/composed/charsmap.h"

ore_status ore_charsmap_init(ore_charsmap *map, const char *blob, size_t bytes, const char *where) {
    uint32_t trie_bytes = 0;
    *map = (ore_charsmap){0};
    if (bytes > sizeof trie_bytes)
        memcpy(&trie_bytes, blob, sizeof trie_bytes);
    if (trie_bytes == 0 || trie_bytes % sizeof(uint32_t) != 0 ||
        trie_bytes >= bytes - sizeof trie_bytes)
        return ore_fail(ORE_DATA, "%s: precompiled_charsmap: a trie of %u bytes in %zu", where,
                        (unsigned)trie_bytes, bytes);
    map->blob = ore_alloc(bytes);
    map->units = ore_alloc(trie_bytes);
    if (!map->blob || !map->units) {
        ore_charsmap_release(map);
        return ore_error_status();
    }
    memcpy(map->blob, blob, bytes);
    memcpy(map->units, blob + sizeof trie_bytes, trie_bytes);
    map->blob_bytes = bytes;
    map->unit_count = trie_bytes / sizeof *map->units;
    map->texts = map->blob + sizeof trie_bytes + trie_bytes;
    map->texts_bytes = bytes - sizeof trie_bytes - trie_bytes;
    const uint8_t *at = (const uint8_t *)map->texts, *end = at + map->texts_bytes;
    for (int n = 1; at < end && n > 0; at += n) {
        uint32_t code_point;
        n = ore_utf8_decode(at, end, &code_point);
    }
    if (at == end)
        return ORE_OK;
    ore_charsmap_release(map);
    return ore_fail(ORE_DATA, "%s: precompiled_charsmap: its texts are no UTF-8", where);
}

void ore_charsmap_release(ore_charsmap *map) {
    ore_release(map->blob);
    ore_release(map->units);
    *map = (ore_charsmap){0};
}

/* ---- units of the trie ---- */

/* Bits 0 .. 7 and 31: the label, which is the byte that leads here; 8: a leaf hangs here; 9: the
 * offset is in units of 256; 10 .. 31: the offset to the children. A leaf holds its value in bits
 * 0 .. 30. */

static uint32_t offset_of(uint32_t unit) {
    return (unit >> 10) << ((unit & (1u << 9)) >> 6);
}

static uint32_t label_of(uint32_t unit) {
    return unit & ((1u << 31) | 0xFF);
}

static bool has_leaf(uint32_t unit) {
    return (unit >> 8) & 1;
}

const char *ore_charsmap_find(const ore_charsmap *map, const char *text, size_t size, bool longest,
                              size_t *taken, size_t *count) {
    const char *found = NULL;
    if (map->unit_count == 0)
        return NULL;
    size_t at = offset_of(map->units[0]);
    for (size_t i = 0; i < size && text[i] != '\0'; i++) {
        at ^= (unsigned char)text[i];
        if (at >= map->unit_count || label_of(map->units[at]) != (unsigned char)text[i])
            break;
        uint32_t unit = map->units[at];
        at ^= offset_of(unit);
        if (!has_leaf(unit) || at >= map->unit_count)
            continue;
        uint32_t place = map->units[at] & ((1u << 31) - 1);
        if (place >= map->texts_bytes || ((uint8_t)map->texts[place] & 0xC0) == 0x80)
            continue; /* of a damaged file: behind the texts, or within a character */
        found = map->texts + place;
        *taken = i + 1;
        if (!longest)
            break;
    }
    if (found)
        *count = strnlen(found, map->texts_bytes - (size_t)(found - map->texts));
    return found;
}

bool ore_charsmap_reaches(const ore_charsmap *map, const char *text, size_t size) {
    size_t at = map->unit_count > 0 ? offset_of(map->units[0]) : 0;
    for (size_t i = 0; i < size; i++) {
        at ^= (unsigned char)text[i];
        if (at >= map->unit_count || label_of(map->units[at]) != (unsigned char)text[i])
            return false;
        at ^= offset_of(map->units[at]);
    }
    return true;
}

/* ---- base64 ---- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *ore_base64_read(const char *text, size_t size, size_t *count, const char *where) {
    signed char values[256];
    memset(values, -1, sizeof values);
    for (int i = 0; digits[i]; i++)
        values[(unsigned char)digits[i]] = (signed char)i;
    char *bytes = ore_alloc(size / 4 * 3 + 3);
    if (!bytes)
        return NULL;
    size_t padding = 0, used = 0;
    while (padding < 2 && padding < size && text[size - 1 - padding] == '=')
        padding++;
    uint32_t held = 0;
    bool wrong = size % 4 != 0;
    for (size_t i = 0; i < size - padding && !wrong; i++) {
        int value = values[(unsigned char)text[i]];
        wrong = value < 0;
        held = held << 6 | (uint32_t)(value & 63);
        if (i % 4 != 0)
            bytes[used++] = (char)(held >> (6 - 2 * (i % 4)));
    }
    if (wrong) {
        ore_fail(ORE_DATA, "%s: no base64", where);
        ore_release(bytes);
        return NULL;
    }
    *count = used;
    return bytes;
}

char *ore_base64_write(const char *bytes, size_t count) {
    char *text = ore_alloc((count + 2) / 3 * 4 + 1), *to = text;
    if (!text)
        return NULL;
    for (size_t i = 0; i < count; i += 3) {
        uint32_t held = 0;
        size_t n = count - i < 3 ? count - i : 3;
        for (size_t k = 0; k < 3; k++)
            held = held << 8 | (k < n ? (unsigned char)bytes[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            *to++ = k <= n ? digits[held >> (18 - 6 * k) & 63] : '=';
    }
    *to = '\0';
    return text;
}
