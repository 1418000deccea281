/* gguf_patterns.h: names of pre-tokenizers in GGUF files, and the patterns that they stand for. */
#ifndef ORE_TEXT_GGUF_PATTERNS_H
#define ORE_TEXT_GGUF_PATTERNS_H

enum { ORE_GGUF_PRE_PATTERNS = 6 }; /* the most that one name stands for */

enum {
    ORE_GGUF_IGNORES_MERGES = 1, /* a split that is a token needs no merges */
    ORE_GGUF_BEGINS = 2,         /* a begin token is added unless the file says that it is not */
};

typedef struct ore_gguf_pre {
    const char *name; /* in "tokenizer.ggml.pre" */
    int flags;
    const char *patterns[ORE_GGUF_PRE_PATTERNS]; /* by each in turn, up to the first NULL */
} ore_gguf_pre;

extern const ore_gguf_pre ore_gguf_pres[]; /* (ore_gguf_pre_count) */
extern const int ore_gguf_pre_count;

#endif
