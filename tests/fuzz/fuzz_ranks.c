/* Any bytes as a file of a tokenizer's, whatever its format: refused with one line, or a tokenizer
 * that gives a text back byte by byte where all bytes have tokens. The first byte chooses among
 * patterns, of which the last is the rest of the first line. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ore/text.h>

#include "check.h"

static void check_text(const ore_tokenizer *t, const char *text, size_t bytes) {
    int64_t ids[512];
    ore_token_range ranges[512];
    char back[8192];
    int64_t count = ore_tokenizer_encode_with(t, NULL, text, bytes, ids, ranges, 512);
    check(count <= (int64_t)bytes && (count < 0) == !ore_ok());
    ore_error_clear();
    int64_t size = count < 0 ? -1 : ore_tokenizer_decode(t, ids, count, back, sizeof back);
    check(count < 0 || (size == (int64_t)bytes && memcmp(back, text, bytes) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char path[64];
    static const char *const patterns[] = {"gpt2", "cl100k", "o200k", NULL};
    ore_tokenizer_options o = ore_tokenizer_defaults();
    char pattern[257] = "";
    if (!*path)
        snprintf(path, sizeof path, "/tmp/ore-fuzz-ranks-%ld", (long)getpid());
    const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
    o.pattern = size ? patterns[*data % 4] : NULL;
    if (line && *data % 8 == 3 && line - data < 256) {
        memcpy(pattern, data, (size_t)(line - data));
        o.pattern = pattern;
        size -= (size_t)(line + 1 - data);
        data = line + 1;
    }
    FILE *f = fopen(path, "wb");
    check(f && fwrite(data, 1, size, f) == size && fclose(f) == 0);
    ore_error_clear();
    ore_tokenizer *t = ore_tokenizer_load_with(path, &o);
    unlink(path);
    check((t != NULL) == ore_ok());
    check(t || !strchr(ore_error_message(), '\n'));
    ore_error_clear();
    if (t) {
        check_text(t, "It'll 12345  \n x\xC3\xA9\xFF\xE4\xB8", 21);
        check_text(t, (const char *)data, size < 400 ? size : 400);
    }
    ore_tokenizer_free(t);
    ore_error_clear();
    return 0;
}
