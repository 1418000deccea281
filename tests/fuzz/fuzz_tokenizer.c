/* Any bytes as tokenizer.json: refused with one line and ORE_DATA, or every token is found by its
 * bytes, special tokens are tokens, and a text of all tokens comes back. */
#include <string.h>

#include "text/tokenizer.h"
#include "check.h"

static void check_tokenizer(const ore_tokenizer *t) {
    int64_t size = ore_tokenizer_size(t), ids[64], back[64];
    int64_t count = size < 64 ? size : 64;
    char text[64 * ORE_TOKEN_BYTES];
    check(size > 0 && ore_tokenizer_separator(t) < size);
    for (int64_t id = 0; id < count; id++) {
        size_t bytes;
        const char *token = ore_tokenizer_bytes(t, id, &bytes);
        check(token && bytes <= ORE_TOKEN_BYTES && ore_tokenizer_id(t, token, bytes) == id);
        ids[id] = id;
    }
    int64_t bytes = ore_tokenizer_decode(t, ids, count, text, sizeof text);
    check(bytes > 0 && bytes <= (int64_t)sizeof text);
    check(ore_tokenizer_encode(t, text, (size_t)bytes, back, 64) == count);
    check(memcmp(ids, back, (size_t)count * sizeof *ids) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ore_error_clear();
    ore_json *root = ore_json_parse((const char *)data, size, "fuzz");
    ore_tokenizer *t = root ? ore_tokenizer_of_json(root, "fuzz") : NULL;
    check((t != NULL) == ore_ok());
    if (t)
        check_tokenizer(t);
    else
        check(ore_error_status() == ORE_DATA && !strchr(ore_error_message(), '\n'));
    ore_tokenizer_free(t);
    ore_json_free(root);
    ore_error_clear();
    return 0;
}
