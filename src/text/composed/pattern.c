/* pattern.c: regular expressions as tokenizers write them, matched by PCRE2. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <pthread.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/composed/pattern_text.h"

/* What one match may take before it counts as one without an end. Steps: the published patterns
 * need fewer than a hundred for a word; a pattern that backtracks without end is stopped within a
 * second. Memory: of the machine code's stack, and of the interpreter, which takes over where that
 * stack does not do. */
enum {
    STEPS_MAX = 10 * 1000 * 1000,
    STACK_BYTES = 1 << 15,
    STACK_BYTES_MAX = 1 << 22,
    HEAP_KIB_MAX = 1 << 18
};

struct ore_pattern {
    pcre2_code *code;
    char *where;   /* begins messages */
    bool compiled; /* to machine code */
    bool streams;  /* matches depend on nothing that stands before them */
    bool may_be_empty;
};

struct ore_matcher {
    const ore_pattern *pattern;
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
};

static char version[64];

static void read_version(void) {
    if (pcre2_config(PCRE2_CONFIG_VERSION, NULL) < (int)sizeof version)
        pcre2_config(PCRE2_CONFIG_VERSION, version);
    version[strcspn(version, " ")] = '\0'; /* the release's date follows */
}

const char *ore_tokenizer_pcre2_version(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_version);
    return version;
}

/* ---- compiling ---- */

/* The fault lies at byte `offset` of `translated`, which PCRE2 was given for `pattern`. */
static void fail_compile(const char *where, const char *pattern, const char *translated, int error,
                         size_t offset) {
    enum { SHOWN_BYTES = 32 };
    PCRE2_UCHAR text[128] = {0};
    pcre2_get_error_message(error, text, sizeof text);
    bool ends = offset >= strlen(translated);
    const char *at = translated + offset;
    if (ends) {
        size_t size = strlen(pattern), shown = size < SHOWN_BYTES ? size : SHOWN_BYTES;
        for (at = pattern + size - shown; (*at & 0xC0) == 0x80;)
            at++;
    }
    ore_fail(ORE_DATA, "%.300s: pattern: %.100s, at %s\"%.*s\"", where, (const char *)text,
             ends ? "the end of " : "", SHOWN_BYTES, at);
}

static pcre2_code *compile(const char *pattern, const char *translated, const char *where) {
    const uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C;
    int error;
    size_t offset;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (!context) {
        ore_fail(ORE_MEMORY, "%.300s: pattern: no memory", where);
        return NULL;
    }
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    pcre2_set_parens_nest_limit(context, 100);
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)translated, strlen(translated), options, &error,
                                     &offset, context);
    if (!code)
        fail_compile(where, pattern, translated, error, offset);
    pcre2_compile_context_free(context);
    return code;
}

ore_pattern *ore_pattern_new(const char *pattern, const char *where) {
    if (!ore_ok())
        return NULL;
    bool anchored = false;
    uint32_t behind = 0, empty = 0;
    ore_pattern *self = ore_alloc_zero(sizeof *self);
    char *text = self ? ore_pattern_translate(pattern, where, &anchored) : NULL;
    if (text && (self->where = ore_copy_text(where)) != NULL)
        self->code = compile(pattern, text, where);
    if (self && self->code) {
        pcre2_pattern_info(self->code, PCRE2_INFO_MAXLOOKBEHIND, &behind);
        pcre2_pattern_info(self->code, PCRE2_INFO_MATCHEMPTY, &empty);
        self->may_be_empty = empty != 0;
        self->streams = behind == 0 && !anchored && !self->may_be_empty;
        self->compiled =
            pcre2_jit_compile(self->code, PCRE2_JIT_COMPLETE | PCRE2_JIT_PARTIAL_HARD) == 0;
    }
    ore_release(text);
    if (ore_ok())
        return self;
    ore_pattern_free(self);
    return NULL;
}

void ore_pattern_free(ore_pattern *pattern) {
    if (!pattern)
        return;
    pcre2_code_free(pattern->code);
    ore_release(pattern->where);
    ore_release(pattern);
}

/* ---- matching ---- */

ore_matcher *ore_matcher_begin(const ore_pattern *pattern) {
    ore_matcher *self = ore_alloc_zero(sizeof *self);
    if (!self)
        return NULL;
    self->pattern = pattern;
    self->data = pcre2_match_data_create(1, NULL);
    self->context = pcre2_match_context_create(NULL);
    self->stack = pcre2_jit_stack_create(STACK_BYTES, STACK_BYTES_MAX, NULL);
    if (!self->data || !self->context || !self->stack) {
        ore_matcher_end(self);
        ore_fail(ORE_MEMORY, "%.300s: pattern: no memory", pattern->where);
        return NULL;
    }
    pcre2_set_match_limit(self->context, STEPS_MAX);
    pcre2_set_heap_limit(self->context, HEAP_KIB_MAX);
    pcre2_jit_stack_assign(self->context, NULL, self->stack);
    return self;
}

void ore_matcher_end(ore_matcher *matcher) {
    if (!matcher)
        return;
    pcre2_jit_stack_free(matcher->stack);
    pcre2_match_context_free(matcher->context);
    pcre2_match_data_free(matcher->data);
    ore_release(matcher);
}

static int match(ore_matcher *m, const char *text, size_t size, size_t from, uint32_t options) {
    PCRE2_SPTR subject = (PCRE2_SPTR)text;
    int rc = PCRE2_ERROR_JIT_STACKLIMIT;
    if (m->pattern->compiled)
        rc = pcre2_jit_match(m->pattern->code, subject, size, from, options, m->data, m->context);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
        rc = pcre2_match(m->pattern->code, subject, size, from,
                         options | PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, m->data, m->context);
    return rc;
}

static int fail_match(const ore_matcher *m, int rc) {
    PCRE2_UCHAR text[128] = {0};
    pcre2_get_error_message(rc, text, sizeof text);
    ore_fail(rc == PCRE2_ERROR_NOMEMORY ? ORE_MEMORY : ORE_DATA,
             "%.300s: pattern: %.100s: it backtracks too much on this text", m->pattern->where,
             (const char *)text);
    return ORE_MATCH_FAILED;
}

/* As ore_matcher_find, which looks on behind a match; at a text's start an empty match counts. */
static int find(ore_matcher *m, const char *text, size_t size, size_t from, bool open, bool behind,
                size_t *start, size_t *end) {
    *start = from;
    if (open && !m->pattern->streams)
        return ORE_MATCH_OPEN;
    const uint32_t options = open ? PCRE2_PARTIAL_HARD : 0;
    const size_t *places = pcre2_get_ovector_pointer(m->data);
    int rc = match(m, text, size, from, options);
    if (rc >= 0 && behind && places[0] == from && places[1] == from) {
        if (from == size)
            return ORE_MATCH_NONE;
        do
            from++;
        while (from < size && ((unsigned char)text[from] & 0xC0) == 0x80);
        rc = match(m, text, size, from, options);
    }
    if (rc == PCRE2_ERROR_NOMATCH)
        return ORE_MATCH_NONE;
    if (rc < 0 && rc != PCRE2_ERROR_PARTIAL)
        return fail_match(m, rc);
    *start = places[0];
    *end = places[1];
    return rc == PCRE2_ERROR_PARTIAL ? ORE_MATCH_OPEN : ORE_MATCH_FOUND;
}

int ore_matcher_find_first(ore_matcher *m, const char *text, size_t size, size_t *start,
                           size_t *end) {
    return find(m, text, size, 0, false, false, start, end);
}

int ore_matcher_find(ore_matcher *m, const char *text, size_t size, size_t from, bool open,
                     size_t *start, size_t *end) {
    return find(m, text, size, from, open, true, start, end);
}

bool ore_pattern_may_be_empty(const ore_pattern *pattern) {
    return pattern->may_be_empty;
}
