/* Any bytes as a Hugging Face tokenizer.json: refused with one line, or a tokenizer that encodes
 * texts without harm, whose ranges lie in the text, and that is read back as it was written. */
#include <stdlib.h>
#include <string.h>

#include "text/composed/tokenizer_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds) {
    if (!holds)
        abort();
}

static void check_text(const ore_tokenizer *t, const char *text, size_t bytes) {
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

/* What it writes makes the same tokenizer. */
static void check_again(const ore_tokenizer *t) {
    ore_json *root = ore_json_object_new();
    ore_composed_to_json((const ore_composed *)t, root);
    ore_tokenizer *again = ore_ok() ? ore_composed_of_json(root, "again") : NULL;
    check(!ore_ok() || ore_tokenizer_equal(t, again));
    ore_tokenizer_free(again);
    ore_json_free(root);
    ore_error_clear();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ore_error_clear();
    ore_json *root = ore_json_parse((const char *)data, size, "fuzz");
    ore_tokenizer *t = root ? ore_composed_of_json(root, "fuzz") : NULL;
    check((t != NULL) == ore_ok());
    check(t || !strchr(ore_error_message(), '\n'));
    ore_error_clear();
    if (t) {
        check_text(t, " It'll  12 \n <s>x\xC3\xA9\xFF\xE4\xB8 e\xCC\x81\xEF\xAC\x81", 27);
        check_text(t, (const char *)data, size < 200 ? size : 200);
        check_again(t);
    }
    ore_tokenizer_free(t);
    ore_json_free(root);
    ore_error_clear();
    return 0;
}
