/* Any bytes as a GGUF file, of which the tokenizer is read: refused with one line, or a tokenizer
 * that encodes texts without harm, whose ranges lie in the text. */
#include <stdlib.h>
#include <string.h>

#include "text/composed/composed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds) {
    if (!holds)
        abort();
}

static void check_text(const ore_tokenizer *t, const char *text, size_t bytes) {
    static int64_t ids[4096];
    static ore_token_range ranges[4096];
    static char back[1 << 16];
    int64_t count = ore_tokenizer_encode_with(t, NULL, text, bytes, ids, ranges, 4096);
    check((count < 0) == !ore_ok());
    for (int64_t i = 0; i < count && i < 4096; i++)
        check(ranges[i].start >= 0 && ranges[i].end <= (int64_t)bytes);
    if (count >= 0 && count <= 4096)
        ore_tokenizer_decode(t, ids, count, back, sizeof back);
    ore_error_clear();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const ore_tokenizer_options options = ore_tokenizer_defaults();
    const ore_tokenizer_file file = {"fuzz", (const char *)data, size, NULL, &options};
    ore_error_clear();
    ore_gguf_format.matches(&file);
    check(ore_ok());
    ore_tokenizer *t = ore_gguf_format.read(&file);
    check((t != NULL) == ore_ok());
    check(t || !strchr(ore_error_message(), '\n'));
    ore_error_clear();
    if (t) {
        check_text(t, " It'll  12 \n <s>x\xC3\xA9\xFF\xE4\xB8 e\xCC\x81\xEF\xAC\x81", 27);
        check_text(t, (const char *)data, size < 200 ? size : 200);
    }
    ore_tokenizer_free(t);
    ore_error_clear();
    return 0;
}
