/* splitters.c: the patterns of GPT-2, cl100k and o200k, matched by code written for each. All of
 * them match at every character, so that a text is its matches side by side. tests/test_split.c
 * compares them with PCRE2. */
#include <string.h>

#include "text/composed/splitters.h"
#include "text/composed/classes.h"

enum {
    LETTER = ORE_CLASS_LETTER,
    NUMBER = ORE_CLASS_NUMBER,
    SPACE = ORE_CLASS_SPACE,
    NEWLINE = ORE_CLASS_NEWLINE,
    UPPER = ORE_CLASS_UPPER,
    LOWER = ORE_CLASS_LOWER,
    WORD = LETTER | NUMBER, /* [\p{L}\p{N}] */
};

/* A text being matched. A look beyond its end is noted: what follows could change the match. */
typedef struct scan {
    const ore_classes *classes;
    const uint8_t *end;
    bool met_end;
} scan;

static inline bool at_end(scan *s, const uint8_t *at) {
    if (at < s->end)
        return false;
    s->met_end = true;
    return true;
}

/* Behind the characters from `at` on that have a bit of `wanted`. */
static inline const uint8_t *skip(scan *s, const uint8_t *at, unsigned wanted) {
    int n;
    while (!at_end(s, at) && (ore_class_at(s->classes, at, &n) & wanted))
        at += n;
    return at;
}

/* Behind [^\s\p{L}\p{N}]* . */
static inline const uint8_t *skip_others(scan *s, const uint8_t *at) {
    int n;
    while (!at_end(s, at) && !(ore_class_at(s->classes, at, &n) & (WORD | SPACE)))
        at += n;
    return at;
}

/* Whether a character with a bit of `wanted` is at `at`. */
static inline bool is_at(scan *s, const uint8_t *at, unsigned wanted) {
    int n;
    return !at_end(s, at) && (ore_class_at(s->classes, at, &n) & wanted);
}

/* \s+(?!\S)|\s+ where at least one space is at `at`: all of them at the text's end; otherwise all
 * but the last, which the next match may begin with, or the only one. */
static const uint8_t *match_spaces(scan *s, const uint8_t *at) {
    const uint8_t *last = at;
    int n;
    const uint8_t *here = at;
    while (!at_end(s, here) && (ore_class_at(s->classes, here, &n) & SPACE)) {
        last = here;
        here += n;
    }
    return here == s->end || last == at ? here : last;
}

/* \s*[\r\n]+|\s+(?!\S)|\s+ : the same, but up to the last line end among the spaces. */
static const uint8_t *match_lines_or_spaces(scan *s, const uint8_t *at) {
    const uint8_t *last = at, *line = NULL, *here = at;
    int n;
    while (!at_end(s, here)) {
        unsigned c = ore_class_at(s->classes, here, &n);
        if (!(c & SPACE))
            break;
        last = here;
        here += n;
        if (c & NEWLINE)
            line = here;
    }
    return line ? line : here == s->end || last == at ? here : last;
}

/* ---- contractions ---- */

static inline uint8_t lower(uint8_t byte) {
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 32) : byte;
}

/* Behind the contraction at `at`, where an apostrophe is; NULL where there is none. With
 * `any_case`, capitals are letters like any, and so is the long s, U+017F. */
static const uint8_t *match_contraction(scan *s, const uint8_t *at, bool any_case) {
    if (at_end(s, at + 1))
        return NULL;
    uint8_t a = any_case ? lower(at[1]) : at[1];
    if (a == 's' || a == 't' || a == 'm' || a == 'd')
        return at + 2;
    if (a != 'r' && a != 'v' && a != 'l') /* valid UTF-8: the second byte of U+017F is there */
        return any_case && a == 0xC5 && at[2] == 0xBF ? at + 3 : NULL;
    if (at_end(s, at + 2))
        return NULL;
    uint8_t b = any_case ? lower(at[2]) : at[2];
    return b == (a == 'l' ? 'l' : 'e') ? at + 3 : NULL;
}

/* ---- GPT-2 ---- */

/* 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */

static inline const uint8_t *match_gpt2(scan *s, const uint8_t *at) {
    int n;
    if (*at == '\'') {
        const uint8_t *behind = match_contraction(s, at, false);
        return behind ? behind : skip_others(s, at + 1);
    }
    const uint8_t *here = at + (*at == ' ');
    if (here > at && at_end(s, here))
        return here;
    unsigned c = ore_class_at(s->classes, here, &n);
    if (c & LETTER)
        return skip(s, here + n, LETTER);
    if (c & NUMBER)
        return skip(s, here + n, NUMBER);
    return c & SPACE ? match_spaces(s, at) : skip_others(s, here + n);
}

/* ---- cl100k ---- */

/* (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*
 * |\s*[\r\n]+|\s+(?!\S)|\s+
 * tiktoken's own has \s++$ before the spaces: those at the text's end stay together. */

/* \p{N}{1,3} behind its first digit. */
static const uint8_t *match_digits(scan *s, const uint8_t *at) {
    int n;
    for (int more = 0; more < 2; more++, at += n)
        if (at_end(s, at) || !(ore_class_at(s->classes, at, &n) & NUMBER))
            break;
    return at;
}

static inline const uint8_t *match_cl100k_but_spaces(scan *s, const uint8_t *at) {
    int n;
    unsigned c = ore_class_at(s->classes, at, &n);
    if (c & LETTER)
        return skip(s, at + n, LETTER);
    if (c & NUMBER)
        return match_digits(s, at + n);
    const uint8_t *behind = *at == '\'' ? match_contraction(s, at, true) : NULL;
    if (behind)
        return behind;
    if (!(c & NEWLINE) && is_at(s, at + n, LETTER))
        return skip(s, at + n, LETTER);
    if (!(c & SPACE))
        return skip(s, skip_others(s, at + n), NEWLINE);
    if (*at == ' ' && !at_end(s, at + 1)) {
        behind = skip_others(s, at + 1);
        if (behind > at + 1)
            return skip(s, behind, NEWLINE);
    }
    return NULL;
}

static inline const uint8_t *match_cl100k(scan *s, const uint8_t *at) {
    const uint8_t *behind = match_cl100k_but_spaces(s, at);
    if (behind)
        return behind;
    behind = skip(s, at, SPACE);
    return behind == s->end ? behind : match_lines_or_spaces(s, at);
}

static inline const uint8_t *match_cl100k_lines(scan *s, const uint8_t *at) {
    const uint8_t *behind = match_cl100k_but_spaces(s, at);
    return behind ? behind : match_lines_or_spaces(s, at);
}

/* ---- o200k ---- */

/* With U = [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}], L = [\p{Ll}\p{Lm}\p{Lo}\p{M}]:
 * [^\r\n\p{L}\p{N}]?U*L+(?i:'s|..)?|[^\r\n\p{L}\p{N}]?U+L*(?i:'s|..)?|\p{N}{1,3}
 * | ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+ */

/* Behind U*L+ at `at`; NULL where it does not match. U* takes what it can, and gives back no more
 * than L+ needs. */
static const uint8_t *match_lower_word(scan *s, const uint8_t *at) {
    const uint8_t *both = NULL, *here = at; /* both: behind the last character of U and L */
    int n;
    while (!at_end(s, here)) {
        unsigned c = ore_class_at(s->classes, here, &n);
        if (!(c & UPPER))
            break;
        here += n;
        if (c & LOWER)
            both = here;
    }
    const uint8_t *behind = skip(s, here, LOWER);
    return behind > here ? behind : both;
}

/* Behind U+L* at `at`, where U*L+ does not match; NULL where this does not either. */
static const uint8_t *match_upper_word(scan *s, const uint8_t *at) {
    const uint8_t *behind = skip(s, at, UPPER);
    return behind > at ? behind : NULL;
}

static const uint8_t *match_o200k_word(scan *s, const uint8_t *at, unsigned c, int n) {
    bool prefix = !(c & (WORD | NEWLINE)), word = c & (UPPER | LOWER);
    const uint8_t *behind = prefix ? match_lower_word(s, at + n) : NULL;
    if (!behind && word)
        behind = match_lower_word(s, at);
    if (!behind && prefix)
        behind = match_upper_word(s, at + n);
    if (!behind && word)
        behind = match_upper_word(s, at);
    if (!behind || at_end(s, behind) || *behind != '\'')
        return behind;
    const uint8_t *contraction = match_contraction(s, behind, true);
    return contraction ? contraction : behind;
}

static inline const uint8_t *skip_lines_and_slashes(scan *s, const uint8_t *at) {
    while (!at_end(s, at) && (*at == '\n' || *at == '\r' || *at == '/'))
        at++;
    return at;
}

static inline const uint8_t *match_o200k(scan *s, const uint8_t *at) {
    int n;
    unsigned c = ore_class_at(s->classes, at, &n);
    const uint8_t *behind = match_o200k_word(s, at, c, n);
    if (behind)
        return behind;
    if (c & NUMBER)
        return match_digits(s, at + n);
    if (!(c & SPACE))
        return skip_lines_and_slashes(s, skip_others(s, at + n));
    if (*at == ' ' && !at_end(s, at + 1)) {
        behind = skip_others(s, at + 1);
        if (behind > at + 1)
            return skip_lines_and_slashes(s, behind);
    }
    return match_lines_or_spaces(s, at);
}

/* ---- splitting ---- */

/* The loop stands in each splitter apart, so that its match is compiled into it. */
static inline ore_status split_by(ore_flow *flow, size_t start, size_t end, bool open,
                                  const uint8_t *(*match)(scan *, const uint8_t *)) {
    const uint8_t *text = (const uint8_t *)flow->text, *at = text + start;
    scan s = {ore_classes_get(), text + end, false};
    while (at < s.end) {
        const uint8_t *behind = match(&s, at);
        if (open && s.met_end)
            break;
        if (ore_flow_split(flow, (size_t)(at - text), (size_t)(behind - text), -1) != ORE_OK)
            return ore_error_status();
        at = behind;
    }
    return ORE_OK;
}

static ore_status split_gpt2(ore_flow *flow, size_t start, size_t end, bool open) {
    return split_by(flow, start, end, open, match_gpt2);
}

static ore_status split_cl100k(ore_flow *flow, size_t start, size_t end, bool open) {
    return split_by(flow, start, end, open, match_cl100k);
}

static ore_status split_cl100k_lines(ore_flow *flow, size_t start, size_t end, bool open) {
    return split_by(flow, start, end, open, match_cl100k_lines);
}

static ore_status split_o200k(ore_flow *flow, size_t start, size_t end, bool open) {
    return split_by(flow, start, end, open, match_o200k);
}

ore_status ore_flow_split_published(ore_flow *flow, const ore_published_pattern *pattern) {
    ore_status status = ORE_OK;
    for (int64_t i = 0; i < flow->split_count && status == ORE_OK; i++) {
        const ore_segment s = flow->splits[i];
        bool open = flow->open && i == flow->split_count - 1;
        status = s.id >= 0 ? ore_flow_split(flow, s.start, s.end, s.id)
                           : pattern->split(flow, s.start, s.end, open);
    }
    ore_flow_splits_turn(flow);
    flow->open = false;
    return status;
}

/* No pattern has a match in which a space (U+0020) stands behind a character that is no space, and
 * none looks behind itself. */
bool ore_published_may_cut(const char *text, size_t size, size_t at) {
    if (at >= size || text[at] != ' ')
        return false;
    const uint8_t *begin = (const uint8_t *)text, *before = begin + at - 1;
    while (before > begin && (*before & 0xC0) == 0x80)
        before--;
    int n;
    return !(ore_class_at(ore_classes_get(), before, &n) & SPACE);
}

/* ---- the published patterns ---- */

#define CONTRACTION "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define UPPERS      "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define LOWERS      "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"

static const ore_published_pattern published[] = {
    {"gpt2",
     (const char *const[]){
         "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
         "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+", NULL},
     "'(?:[sdmt]|ll|ve|re)| ?\\p{L}++| ?\\p{N}++| ?[^\\s\\p{L}\\p{N}]++|\\s++$|\\s+(?!\\S)|\\s",
     split_gpt2},
    {"cl100k",
     (const char *const[]){
         "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}"
         "| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++\\z|\\s*[\\r\\n]|\\s+(?!\\S)|\\s",
         NULL},
     "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+"
     "| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s",
     split_cl100k},
    {"cl100k-lines",
     (const char *const[]){CONTRACTION
                           "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
                           "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
                           NULL},
     NULL, split_cl100k_lines},
    {"o200k",
     (const char *const[]){"[^\\r\\n\\p{L}\\p{N}]?" UPPERS "*" LOWERS "+" CONTRACTION
                           "?|[^\\r\\n\\p{L}\\p{N}]?" UPPERS "+" LOWERS "*" CONTRACTION
                           "?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*"
                           "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
                           NULL},
     NULL, split_o200k},
};
enum { PUBLISHED = sizeof published / sizeof *published };

const ore_published_pattern *ore_published_by_name(const char *name) {
    for (int i = 0; i < PUBLISHED; i++)
        if (strcmp(name, published[i].name) == 0 ||
            (published[i].tiktoken && strcmp(name, published[i].tiktoken) == 0))
            return &published[i];
    return NULL;
}

const ore_published_pattern *ore_published_by_text(const char *text) {
    for (int i = 0; i < PUBLISHED; i++)
        for (int k = 0; published[i].texts[k]; k++)
            if (strcmp(text, published[i].texts[k]) == 0)
                return &published[i];
    return NULL;
}
