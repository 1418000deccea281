/* words.c: text cut into words by what its characters are, and words numbered by their hashes. */
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "text/words.h"

const char *const ore_word_kinds[] = {"<url>", "<user>", "<number>"};
const char ore_word_unknown[] = "<unk>", ore_word_padding[] = "<pad>";

/* ---- characters ---- */

typedef enum character_kind { SPACE, LETTER, DIGIT, MARK } character_kind;

static bool between(uint32_t c, uint32_t low, uint32_t high) {
    return c >= low && c <= high;
}

/* Ideographs stand for words of their own. */
static bool is_ideograph(uint32_t c) {
    return between(c, 0x3400, 0x4DBF) || between(c, 0x4E00, 0x9FFF) || between(c, 0xF900, 0xFAFF) ||
           between(c, 0x20000, 0x323AF);
}

/* A line feed is a word, not a space. All that is neither a space nor a mark is a letter. */
static character_kind kind_of(uint32_t c) {
    if (c < 0x80) {
        if (between(c, '0', '9'))
            return DIGIT;
        if (between(c | 0x20, 'a', 'z') || c == '_')
            return LETTER;
        return c == '\n' || between(c, 0x21, 0x7E) ? MARK : SPACE;
    }
    bool space = between(c, 0x80, 0xA0) || c == 0x1680 || between(c, 0x2000, 0x200A) ||
                 c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000 ||
                 c == 0xFEFF;
    if (space)
        return SPACE;
    bool letter = c == 0xAA || c == 0xB5 || c == 0xBA; /* among the marks of Latin-1 */
    bool mark = between(c, 0xA1, 0xBF) || c == 0xD7 || c == 0xF7 || between(c, 0x2010, 0x206F) ||
                between(c, 0x20A0, 0x20CF) || between(c, 0x2190, 0x2BFF) ||
                between(c, 0x3001, 0x3003) || between(c, 0x3008, 0x3020) ||
                between(c, 0xFF01, 0xFF0F) || between(c, 0xFF1A, 0xFF20);
    return !letter && (mark || is_ideograph(c)) ? MARK : LETTER;
}

/* Of the alphabets whose capitals lie evenly before their small letters. */
static uint32_t lower(uint32_t c) {
    if (between(c, 'A', 'Z') || (between(c, 0xC0, 0xDE) && c != 0xD7) ||
        (between(c, 0x391, 0x3A9) && c != 0x3A2) || between(c, 0x410, 0x42F))
        return c + 0x20;
    return between(c, 0x400, 0x40F) ? c + 0x50 : c;
}

/* ---- words ---- */

/* The character at `at`: its kind, and its bytes; 0 bytes where none begins, or at the end. */
typedef struct character {
    uint32_t code_point;
    int bytes;
    character_kind kind;
} character;

static character character_at(const char *at, const char *end) {
    character c = {.kind = SPACE};
    const uint8_t *byte = (const uint8_t *)at;
    if (at < end && *byte < 0x80) {
        c.code_point = *byte;
        c.bytes = 1;
    } else
        c.bytes = ore_utf8_decode(byte, (const uint8_t *)end, &c.code_point);
    if (c.bytes)
        c.kind = kind_of(c.code_point);
    return c;
}

static bool is_word_part(character c) {
    return c.bytes && (c.kind == LETTER || c.kind == DIGIT);
}

/* An apostrophe or hyphen between two letters belongs to the word; a point or comma between two
 * digits to the number. */
static bool joins(character before, character c, character after) {
    if (c.code_point == '\'' || c.code_point == 0x2019 || c.code_point == '-')
        return is_word_part(after);
    return (c.code_point == '.' || c.code_point == ',') && before.kind == DIGIT && after.bytes &&
           after.kind == DIGIT;
}

/* Where the run of letters and digits from `at` on ends. */
static const char *run_end(const char *at, const char *limit) {
    character before = {0};
    while (at < limit) {
        character c = character_at(at, limit);
        if (!is_word_part(c) && (before.bytes == 0 || c.bytes == 0 ||
                                 !joins(before, c, character_at(at + c.bytes, limit))))
            break;
        at += c.bytes;
        before = c;
    }
    return at;
}

static bool starts_with(const char *at, const char *limit, const char *text) {
    size_t n = strlen(text);
    return (size_t)(limit - at) >= n && memcmp(at, text, n) == 0;
}

/* An address goes to the next space or bracket, but for the marks at its end. */
static const char *url_end(const char *at, const char *limit) {
    const char *start = at;
    for (character c; (c = character_at(at, limit)).bytes > 0; at += c.bytes)
        if (c.kind == SPACE || c.code_point == '\n' || c.code_point == '<' || c.code_point == '>' ||
            c.code_point == '"')
            break;
    while (at > start && strchr(".,;:!?)]}'%", at[-1]))
        at--;
    return at;
}

static bool is_url(const char *at, const char *limit) {
    size_t scheme = starts_with(at, limit, "http://")    ? 7
                    : starts_with(at, limit, "https://") ? 8
                    : starts_with(at, limit, "www.")     ? 4
                                                         : 0;
    return scheme && is_word_part(character_at(at + scheme, limit));
}

/* "<unk>" and the like, which a text may have already; its bytes, or 0. */
static size_t special_bytes(const char *at, const char *limit) {
    const char *const specials[] = {ore_word_unknown, ore_word_padding, ore_word_kinds[0],
                                    ore_word_kinds[1], ore_word_kinds[2]};
    for (size_t i = 0; i < sizeof specials / sizeof *specials; i++)
        if (starts_with(at, limit, specials[i]))
            return strlen(specials[i]);
    return 0;
}

/* A number has digits, and no letters. */
static bool is_number(const char *at, const char *end) {
    bool number = at < end && between((uint32_t)*at, '0', '9');
    for (; at < end; at++)
        number = number && (between((uint32_t)*at, '0', '9') || *at == '.' || *at == ',');
    return number;
}

/* The end of the word at `at`, and the kind it is of (a bit), or 0. */
static const char *word_end(const char *at, const char *limit, unsigned *kind) {
    *kind = 0;
    if (is_url(at, limit)) {
        *kind = ORE_WORD_URLS;
        return url_end(at, limit);
    }
    if (*at == '@' && is_word_part(character_at(at + 1, limit))) {
        *kind = ORE_WORD_USERS;
        return run_end(at + 1, limit);
    }
    const char *end = run_end(at, limit);
    if (end > at)
        *kind = is_number(at, end) ? ORE_WORD_NUMBERS : 0;
    else
        end = at + (special_bytes(at, limit) ? (int)special_bytes(at, limit)
                                             : character_at(at, limit).bytes);
    return end;
}

static void write_word(const ore_word_options *o, const char *at, const char *end, unsigned kind,
                       ore_word *word) {
    for (int k = 0; k < ORE_WORD_KINDS; k++)
        if (kind & (unsigned)o->rules & 1u << k) {
            word->bytes = strlen(ore_word_kinds[k]);
            memcpy(word->text, ore_word_kinds[k], word->bytes);
            return;
        }
    word->bytes = 0;
    while (at < end) {
        character c = character_at(at, end);
        uint32_t code_point = o->lowercase ? lower(c.code_point) : c.code_point;
        word->bytes += (size_t)ore_utf8_encode(code_point, word->text + word->bytes);
        at += c.bytes;
    }
}

static int64_t count_characters(const char *at, const char *end) {
    int64_t count = 0;
    for (; at < end; at++)
        count += (*at & 0xC0) != 0x80;
    return count;
}

bool ore_word_next(const ore_word_options *options, const char *at, const char *end,
                   ore_word *word) {
    character c = character_at(at, end);
    word->bytes = 0;
    word->taken = (size_t)c.bytes;
    word->characters = 1;
    if (c.bytes == 0 || c.kind == SPACE)
        return c.bytes > 0;
    const char *limit = end - at > ORE_WORD_BYTES ? at + ORE_WORD_BYTES : end;
    while (limit < end && (*limit & 0xC0) == 0x80) /* whole characters */
        limit--;
    unsigned kind;
    const char *stop = word_end(at, limit, &kind);
    write_word(options, at, stop, kind, word);
    word->taken = (size_t)(stop - at);
    word->characters = count_characters(at, stop);
    return true;
}

/* ---- words with numbers ---- */

const char *ore_word_table_at(const ore_word_table *table, int64_t number, size_t *bytes) {
    int64_t begin = number ? table->ends[number - 1] : 0;
    *bytes = (size_t)(table->ends[number] - begin);
    return table->text + begin;
}

/* The slot of that word, or the free one where it would go. There is a free slot. */
static int64_t slot_of(const ore_word_table *table, const char *text, size_t bytes) {
    uint64_t hash = ore_digest_of(text, bytes).low;
    int64_t slot = (int64_t)(hash & (uint64_t)(table->slot_count - 1));
    for (; table->slots[slot] >= 0; slot = (slot + 1) & (table->slot_count - 1)) {
        size_t n;
        const char *at = ore_word_table_at(table, table->slots[slot], &n);
        if (n == bytes + 1 && memcmp(at + 1, text, bytes) == 0)
            break;
    }
    return slot;
}

int64_t ore_word_table_find(const ore_word_table *table, const char *text, size_t bytes) {
    return table->slot_count ? table->slots[slot_of(table, text, bytes)] : -1;
}

/* Twice as many slots, at least half of them free. */
static ore_status grow_slots(ore_word_table *table) {
    int64_t count = table->slot_count ? 2 * table->slot_count : 1024;
    size_t bytes;
    if (ore_bytes_of(count, sizeof *table->slots, &bytes) != ORE_OK)
        return ore_error_status();
    int32_t *slots = ore_alloc(bytes);
    if (!slots)
        return ore_error_status();
    memset(slots, 0xFF, bytes);
    ore_release(table->slots);
    table->slots = slots;
    table->slot_count = count;
    for (int64_t i = 0; i < table->count; i++) {
        size_t n;
        const char *at = ore_word_table_at(table, i, &n);
        slots[slot_of(table, at + 1, n - 1)] = (int32_t)i;
    }
    return ORE_OK;
}

int64_t ore_word_table_add(ore_word_table *table, const char *text, size_t bytes) {
    int64_t found = ore_word_table_find(table, text, bytes);
    if (found >= 0)
        return found;
    if (table->count == ORE_WORDS_MAX) {
        ore_fail(ORE_DATA, "words: more than %d different ones", ORE_WORDS_MAX);
        return -1;
    }
    void *all = table->text, *ends = table->ends;
    if (2 * (table->count + 1) > table->slot_count)
        grow_slots(table);
    if (ore_ok())
        ore_grow(&all, &table->text_capacity, table->text_bytes + (int64_t)bytes + 1, 1);
    table->text = all;
    if (ore_ok())
        ore_grow(&ends, &table->capacity, table->count + 1, sizeof *table->ends);
    table->ends = ends;
    if (!ore_ok())
        return -1;
    char *at = table->text + table->text_bytes;
    *at = ' ';
    memcpy(at + 1, text, bytes);
    table->slots[slot_of(table, text, bytes)] = (int32_t)table->count;
    table->text_bytes += (int64_t)bytes + 1;
    table->ends[table->count] = table->text_bytes;
    return table->count++;
}

void ore_word_table_release(ore_word_table *table) {
    ore_release(table->text);
    ore_release(table->ends);
    ore_release(table->slots);
    *table = (ore_word_table){0};
}
