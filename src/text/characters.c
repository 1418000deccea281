/* characters.c: properties of characters, from utf8proc's tables. */
#include <utf8proc.h>

#include "text/characters.h"

static utf8proc_category_t category_of(uint32_t code_point) {
    return utf8proc_category((utf8proc_int32_t)code_point);
}

bool ore_is_space(uint32_t c) {
    if (c < 0x80)
        return c == ' ' || (c >= '\t' && c <= '\r');
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
           c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool ore_is_number(uint32_t c) {
    if (c < 0x80)
        return c >= '0' && c <= '9';
    utf8proc_category_t category = category_of(c);
    return category == UTF8PROC_CATEGORY_ND || category == UTF8PROC_CATEGORY_NL ||
           category == UTF8PROC_CATEGORY_NO;
}

/* The punctuation that is younger than Unicode 8. */
static bool is_young_punctuation(uint32_t c) {
    static const uint32_t ranges[][2] = {
        {0x61D, 0x61D},     {0x9FD, 0x9FD},     {0xA76, 0xA76},     {0xC77, 0xC77},
        {0xC84, 0xC84},     {0x1B7D, 0x1B7E},   {0x2E43, 0x2E4F},   {0x2E52, 0x2E5D},
        {0x10EAD, 0x10EAD}, {0x10F55, 0x10F59}, {0x10F86, 0x10F89}, {0x1144B, 0x1144F},
        {0x1145A, 0x1145B}, {0x1145D, 0x1145D}, {0x11660, 0x1166C}, {0x116B9, 0x116B9},
        {0x1183B, 0x1183B}, {0x11944, 0x11946}, {0x119E2, 0x119E2}, {0x11A3F, 0x11A46},
        {0x11A9A, 0x11A9C}, {0x11A9E, 0x11AA2}, {0x11B00, 0x11B09}, {0x11C41, 0x11C45},
        {0x11C70, 0x11C71}, {0x11EF7, 0x11EF8}, {0x11F43, 0x11F4F}, {0x11FFF, 0x11FFF},
        {0x12FF1, 0x12FF2}, {0x16E97, 0x16E9A}, {0x16FE2, 0x16FE2}, {0x1E95E, 0x1E95F}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (c >= ranges[i][0] && c <= ranges[i][1])
            return true;
    return false;
}

bool ore_is_punctuation(uint32_t c) {
    if (c < 0x80)
        return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
               (c >= '{' && c <= '~');
    utf8proc_category_t category = category_of(c);
    if (category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO)
        return !is_young_punctuation(c);
    return c == 0x166D || c == 0x111C9; /* were punctuation then */
}

bool ore_is_mark(uint32_t c) {
    utf8proc_category_t category = c < 0x300 ? UTF8PROC_CATEGORY_CN : category_of(c);
    return category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
}

bool ore_is_nonspacing_mark(uint32_t c) {
    if (c == 0x1885 || c == 0x1886 || c == 0xA9BD)
        return false; /* became one after Unicode 8 */
    return c == 0x1734 || (c >= 0x300 && category_of(c) == UTF8PROC_CATEGORY_MN);
}

bool ore_is_control(uint32_t c) {
    if (c < 0x80)
        return c < ' ' || c == 0x7F;
    utf8proc_category_t category = category_of(c);
    return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF ||
           category == UTF8PROC_CATEGORY_CS || category == UTF8PROC_CATEGORY_CO;
}

bool ore_is_word(uint32_t c) {
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    utf8proc_category_t category = category_of(c);
    switch (category) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
        return true;
    default: /* Join_Control; and the symbols that are Alphabetic: circled and squared letters */
        return c == 0x200C || c == 0x200D || (c >= 0x24B6 && c <= 0x24E9) ||
               (c >= 0x1F130 && c <= 0x1F149) || (c >= 0x1F150 && c <= 0x1F169) ||
               (c >= 0x1F170 && c <= 0x1F189);
    }
}

int ore_lower(uint32_t c, uint32_t *lower) {
    if (c == 0x130) { /* the one character whose lower case is two */
        lower[0] = 'i';
        lower[1] = 0x307;
        return 2;
    }
    if (c < 0x80)
        lower[0] = c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
    else
        lower[0] = (uint32_t)utf8proc_tolower((utf8proc_int32_t)c);
    return 1;
}

int ore_combining_class(uint32_t c) {
    return c < 0x300 ? 0 : (int)utf8proc_get_property((utf8proc_int32_t)c)->combining_class;
}

int ore_decompose(uint32_t c, bool compatible, uint32_t *decomposed) {
    decomposed[0] = c;
    if (c < 0xA0)
        return 1;
    utf8proc_int32_t parts[ORE_DECOMPOSED_MAX];
    utf8proc_option_t options = UTF8PROC_DECOMPOSE | (compatible ? UTF8PROC_COMPAT : 0);
    utf8proc_ssize_t count =
        utf8proc_decompose_char((utf8proc_int32_t)c, parts, ORE_DECOMPOSED_MAX, options, NULL);
    if (count < 1 || count > ORE_DECOMPOSED_MAX)
        return 1;
    for (int i = 0; i < count; i++)
        decomposed[i] = (uint32_t)parts[i];
    return (int)count;
}

uint32_t ore_compose(uint32_t starter, uint32_t c) {
    if (c < 0x300)
        return 0;
    utf8proc_int32_t pair[2] = {(utf8proc_int32_t)starter, (utf8proc_int32_t)c};
    utf8proc_ssize_t count = utf8proc_normalize_utf32(pair, 2, UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    return count == 1 ? (uint32_t)pair[0] : 0;
}

bool ore_is_normalization_boundary(uint32_t c) {
    if (c < 0x300)
        return true;
    if (c >= 0x1160 && c <= 0x11FF) /* vowels and final consonants of Hangul syllables */
        return false;
    uint32_t parts[ORE_DECOMPOSED_MAX];
    ore_decompose(c, true, parts);
    return !ore_is_mark(c) && !ore_is_mark(parts[0]) && ore_combining_class(parts[0]) == 0 &&
           !(parts[0] >= 0x1160 && parts[0] <= 0x11FF);
}

bool ore_grapheme_break(uint32_t before, uint32_t behind, int *state) {
    utf8proc_int32_t kept = *state;
    bool broken =
        utf8proc_grapheme_break_stateful((utf8proc_int32_t)before, (utf8proc_int32_t)behind, &kept);
    *state = kept;
    return broken;
}
