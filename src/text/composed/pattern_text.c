/* pattern_text.c: patterns of Oniguruma, written anew for PCRE2. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/composed/pattern_text.h"

/* Sets as the inside of brackets. PCRE2's own \s takes U+180E, and its \w lacks marks. White_Space
 * and its complement; then Alphabetic, marks, decimal numbers and connectors, which are a word's
 * characters (Unicode Technical Standard 18, annex C, but for the joiners); outside of brackets,
 * Oniguruma's \w has the other numbers of Latin-1 too. */
#define SPACES                                                                                     \
    "\\t-\\r\\x20\\x{85}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}"   \
    "\\x{3000}"
#define NO_SPACES                                                                                  \
    "\\x00-\\x08\\x0E-\\x1F\\x21-\\x{84}\\x{86}-\\x{9F}\\x{A1}-\\x{167F}\\x{1681}-\\x{1FFF}"       \
    "\\x{200B}-\\x{2027}\\x{202A}-\\x{202E}\\x{2030}-\\x{205E}\\x{2060}-\\x{2FFF}"                 \
    "\\x{3001}-\\x{10FFFF}"
#define LETTERS                                                                                    \
    "\\p{L}\\p{M}\\p{Nd}\\p{Nl}\\p{Pc}\\x{24B6}-\\x{24E9}\\x{1F130}-\\x{1F149}\\x{1F150}-"         \
    "\\x{1F169}\\x{1F170}-\\x{1F189}"
#define WORD LETTERS "\\x{B2}\\x{B3}\\x{B9}\\x{BC}-\\x{BE}"

enum { DEPTH_MAX = 64 }; /* of groups: hostile patterns are deeper */

typedef struct translation {
    const char *at;
    const char *where;
    bool anchored;
    char *out;
    int64_t used, capacity;
    int64_t atom; /* where in `out` the last thing that a quantifier can follow begins */
    int64_t groups[DEPTH_MAX];
    int depth;
} translation;

static void put(translation *t, const char *bytes, size_t count) {
    void *out = t->out;
    if (!ore_ok() || ore_grow(&out, &t->capacity, t->used + (int64_t)count + 1, 1) != ORE_OK)
        return;
    t->out = out;
    memcpy(t->out + t->used, bytes, count);
    t->used += (int64_t)count;
    t->out[t->used] = '\0';
}

static void put_text(translation *t, const char *text) {
    put(t, text, strlen(text));
}

static void copy(translation *t, size_t count) {
    size_t left = strlen(t->at);
    count = count < left ? count : left;
    put(t, t->at, count);
    t->at += count;
}

static void fail(const translation *t, const char *what) {
    ore_fail(ORE_UNSUPPORTED, "%.300s: pattern: %s, which Ore's patterns lack, at \"%.32s\"",
             t->where, what, t->at);
}

/* ---- escapes ---- */

/* A set, as it is inside of brackets or with brackets of its own. */
static void put_set(translation *t, bool inside, const char *set) {
    if (!inside)
        put_text(t, "[");
    put_text(t, set);
    if (!inside)
        put_text(t, "]");
}

/* The complement of a word's characters, which has no name inside of brackets. */
static void put_no_letters(translation *t, bool inside) {
    if (inside)
        fail(t, "\\W inside of brackets");
    else
        put_text(t, "[^" WORD "]");
}

static void put_boundary(translation *t, bool is_boundary) {
    put_text(t, is_boundary ? "(?:(?<=[" WORD "])(?![" WORD "])|(?<![" WORD "])(?=[" WORD "]))"
                            : "(?:(?<=[" WORD "])(?=[" WORD "])|(?<![" WORD "])(?![" WORD "]))");
}

/* Whether PCRE2 knows a property; `kind` is "sc:" for a script's, "" for any. */
static bool is_property(const char *kind, const char *name, int bytes) {
    char pattern[64];
    int n = snprintf(pattern, sizeof pattern, "\\p{%s%.*s}", kind, bytes, name), error;
    size_t offset;
    if (n >= (int)sizeof pattern)
        return false;
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF, &error, &offset, NULL);
    pcre2_code_free(code);
    return code != NULL;
}

/* Properties of Unicode's that PCRE2 knows by another name alone. */
static const char *const properties[][2] = {
    {"alpha", "Alphabetic"},
    {"casedletter", "L&"},
    {"closepunctuation", "Pe"},
    {"cntrl", "Cc"},
    {"combiningmark", "M"},
    {"connectorpunctuation", "Pc"},
    {"control", "Cc"},
    {"currencysymbol", "Sc"},
    {"dashpunctuation", "Pd"},
    {"decimalnumber", "Nd"},
    {"digit", "Nd"},
    {"enclosingmark", "Me"},
    {"finalpunctuation", "Pf"},
    {"format", "Cf"},
    {"initialpunctuation", "Pi"},
    {"lc", "L&"},
    {"letter", "L"},
    {"letternumber", "Nl"},
    {"lineseparator", "Zl"},
    {"lower", "Lowercase"},
    {"lowercaseletter", "Ll"},
    {"mark", "M"},
    {"mathsymbol", "Sm"},
    {"modifierletter", "Lm"},
    {"modifiersymbol", "Sk"},
    {"nonspacingmark", "Mn"},
    {"number", "N"},
    {"openpunctuation", "Ps"},
    {"other", "C"},
    {"otherletter", "Lo"},
    {"othernumber", "No"},
    {"otherpunctuation", "Po"},
    {"othersymbol", "So"},
    {"paragraphseparator", "Zp"},
    {"privateuse", "Co"},
    {"punct", "P"},
    {"punctuation", "P"},
    {"separator", "Z"},
    {"space", "White_Space"},
    {"spaceseparator", "Zs"},
    {"spacingmark", "Mc"},
    {"surrogate", "Cs"},
    {"symbol", "S"},
    {"titlecaseletter", "Lt"},
    {"unassigned", "Cn"},
    {"upper", "Uppercase"},
    {"uppercaseletter", "Lu"},
};

/* What PCRE2 calls a property; NULL where it may know it by this name. Case, spaces, dashes and
 * underscores do not count. */
static const char *known_property(const char *name, int bytes) {
    char plain[32];
    size_t used = 0;
    for (int i = 0; i < bytes && used < sizeof plain - 1; i++)
        if (!strchr(" -_", name[i]))
            plain[used++] = (char)tolower((unsigned char)name[i]);
    plain[used] = '\0';
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
        if (strcmp(plain, properties[i][0]) == 0)
            return properties[i][1];
    return NULL;
}

/* \p{Name}, \p{^Name}, \pL: of a script, PCRE2's means script extensions, which the others do
 * not. */
static void put_property(translation *t) {
    const char *begin = t->at, *open = begin + 2, *close = *open == '{' ? strchr(open, '}') : NULL;
    bool inverse = close && open[1] == '^', negated = inverse != (begin[1] == 'P');
    const char *name = close ? open + 1 + inverse : open;
    int bytes = close ? (int)(close - name) : *open != '\0';
    const char *known = known_property(name, bytes);
    t->at = name + bytes + (close != NULL);
    if (!known && !is_property("", name, bytes)) {
        ore_fail(ORE_DATA,
                 "%.300s: pattern: \\p{%.*s}: unknown property; expected a general category, such "
                 "as Lu or P, or a script, such as Greek",
                 t->where, bytes < 32 ? bytes : 32, name);
        return;
    }
    put_text(t, negated ? "\\P{" : "\\p{");
    if (known)
        put_text(t, known);
    else if (bytes > 2 && is_property("sc:", name, bytes))
        put_text(t, "sc:");
    if (!known)
        put(t, name, (size_t)bytes);
    put_text(t, "}");
}

static void put_escape(translation *t, bool inside) {
    const char letter = t->at[1];
    if (letter == 'p' || letter == 'P') {
        put_property(t);
        return;
    }
    if (letter == 'u' && t->at[2] != '{') {
        put_text(t, "\\x{");
        t->at += 2;
        copy(t, 4);
        put_text(t, "}");
        return;
    }
    t->anchored |= !inside && (letter == 'A' || letter == 'G' || letter == 'K');
    switch (letter) {
    case 's':
        put_set(t, inside, SPACES);
        break;
    case 'S':
        put_set(t, inside, NO_SPACES);
        break;
    case 'w':
        put_set(t, inside, inside ? LETTERS : WORD);
        break;
    case 'W':
        put_no_letters(t, inside);
        break;
    case 'd':
        put_text(t, "\\p{Nd}");
        break;
    case 'D':
        put_text(t, "\\P{Nd}");
        break;
    case 'u':
        put_text(t, "\\x");
        break;
    case 'h':
        put_set(t, inside, "0-9A-Fa-f");
        break;
    case 'b':
    case 'B':
        if (!inside) {
            put_boundary(t, letter == 'b');
            break;
        } /* fall through */
    default:
        copy(t, 2);
        return;
    }
    t->at += 2;
}

/* ---- sets, groups, quantifiers ---- */

/* [:alpha:] and the like, inside of brackets, where PCRE2's own have other characters. */
static void put_named_set(translation *t) {
    static const struct {
        const char *name, *set;
    } sets[] = {
        {"[:alpha:]", "\\p{Alphabetic}"},
        {"[:^alpha:]", "\\P{Alphabetic}"},
        {"[:alnum:]", "\\p{Alphabetic}\\p{Nd}"},
        {"[:upper:]", "\\p{Uppercase}"},
        {"[:^upper:]", "\\P{Uppercase}"},
        {"[:lower:]", "\\p{Lowercase}"},
        {"[:^lower:]", "\\P{Lowercase}"},
        {"[:punct:]", "\\p{P}\\p{S}"},
        {"[:word:]", LETTERS},
        {"[:space:]", SPACES},
        {"[:^space:]", NO_SPACES},
        {"[:blank:]", "\\t\\p{Zs}"},
        {"[:digit:]", "\\p{Nd}"},
        {"[:^digit:]", "\\P{Nd}"},
        {"[:xdigit:]", "0-9A-Fa-f"},
        {"[:cntrl:]", "\\p{Cc}"},
        {"[:^cntrl:]", "\\P{Cc}"},
    };
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        size_t size = strlen(sets[i].name);
        if (strncmp(t->at, sets[i].name, size) == 0) {
            put_text(t, sets[i].set);
            t->at += size;
            return;
        }
    }
    fail(t, "this named set");
}

static void put_brackets(translation *t) {
    copy(t, t->at[1] == '^' ? 2 : 1);
    for (bool first = true; ore_ok() && *t->at && (first || *t->at != ']'); first = false) {
        if (*t->at == '\\')
            put_escape(t, true);
        else if (*t->at == '[' && t->at[1] == ':' && strstr(t->at, ":]"))
            put_named_set(t);
        else if (*t->at == '[')
            fail(t, "a set inside of a set");
        else if (strncmp(t->at, "&&", 2) == 0)
            fail(t, "an intersection of sets");
        else
            copy(t, 1);
    }
    copy(t, 1);
}

static void put_group(translation *t) {
    if (t->depth == DEPTH_MAX) {
        fail(t, "groups more than 64 deep");
        return;
    }
    t->groups[t->depth++] = t->used;
    if (t->at[1] == '?') {
        const char *flags = t->at + 2;
        if (flags[strspn(flags, "imx-")] && memchr(flags, 'm', strspn(flags, "imx-")))
            fail(t, "the option m");
    }
    copy(t, t->at[1] == '?' ? 3 : 1);
}

/* {n,m}: where a + follows, it repeats, and {,m} is {0,m}. */
static void put_interval(translation *t) {
    size_t count = strspn(t->at + 1, "0123456789,");
    if (count == 0 || t->at[1 + count] != '}') {
        copy(t, 1);
        return;
    }
    int64_t atom = t->atom;
    put_text(t, "{");
    t->at++;
    if (*t->at == ',')
        put_text(t, "0");
    copy(t, count + 1);
    if (*t->at != '+')
        return;
    char *repeated = ore_copy_text(t->out + atom);
    if (!repeated)
        return;
    t->used = atom;
    put_text(t, "(?:");
    put_text(t, repeated);
    put_text(t, ")");
    ore_release(repeated);
    t->atom = atom;
}

static void put_next(translation *t) {
    const char *at = t->at;
    bool quantifier = strchr("*+?{|)", *at) != NULL;
    if (!quantifier)
        t->atom = t->used;
    if (*at == '\\' && at[1]) {
        put_escape(t, false);
    } else if (*at == '[') {
        put_brackets(t);
    } else if (*at == '(') {
        put_group(t);
    } else if (*at == ')') {
        t->atom = t->depth > 0 ? t->groups[--t->depth] : t->used;
        copy(t, 1);
    } else if (*at == '{') {
        put_interval(t);
    } else {
        t->anchored |= *at == '^';
        copy(t, 1);
    }
}

char *ore_pattern_translate(const char *pattern, const char *where, bool *anchored) {
    translation t = {.at = pattern, .where = where};
    put_text(&t, "");
    while (ore_ok() && *t.at)
        put_next(&t);
    *anchored = t.anchored;
    if (ore_ok())
        return t.out;
    ore_release(t.out);
    return NULL;
}
