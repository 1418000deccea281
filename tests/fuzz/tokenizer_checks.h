/* tokenizer_checks.h: what the targets that read tokenizers out of any bytes share. */
#ifndef ORE_FUZZ_TOKENIZER_CHECKS_H
#define ORE_FUZZ_TOKENIZER_CHECKS_H

#include "check.h"
#include "text/composed/composed.h"

/* A text is encoded and decoded without harm, and the ranges of its tokens lie in it. */
static inline void check_text(const ore_tokenizer *t, const char *text, size_t bytes) {
    static int64_t ids[4096];
    static ore_token_range ranges[4096];
    static char back[1 << 16];
    const ore_encode_options special = {.add_special = true};
    int64_t count = ore_tokenizer_encode_with(t, &special, text, bytes, ids, ranges, 4096);
    check((count < 0) == !ore_ok());
    for (int64_t i = 0; i < count && i < 4096; i++)
        check(ranges[i].start >= 0 && ranges[i].end <= (int64_t)bytes);
    if (count >= 0 && count <= 4096)
        ore_tokenizer_decode(t, ids, count, back, sizeof back);
    ore_error_clear();
}

/* What has been read of `data`, NULL with an error of one line, encodes texts. */
static inline void check_read(const ore_tokenizer *t, const uint8_t *data, size_t size) {
    check((t != NULL) == ore_ok());
    check(t || !strchr(ore_error_message(), '\n'));
    ore_error_clear();
    if (!t)
        return;
    check_text(t, " It'll  12 \n <s>x\xC3\xA9\xFF\xE4\xB8 e\xCC\x81\xEF\xAC\x81", 27);
    check_text(t, (const char *)data, size < 200 ? size : 200);
}

/* The bytes as a file of one format. */
static inline void check_format(const ore_tokenizer_format *format, const uint8_t *data,
                                size_t size) {
    const ore_tokenizer_options options = ore_tokenizer_defaults();
    const ore_tokenizer_file file = {"fuzz", (const char *)data, size, NULL, &options};
    ore_error_clear();
    format->matches(&file);
    check(ore_ok());
    ore_tokenizer *t = format->read(&file);
    check_read(t, data, size);
    ore_tokenizer_free(t);
    ore_error_clear();
}

#endif
