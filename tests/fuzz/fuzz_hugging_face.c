/* Any bytes as a Hugging Face tokenizer.json: refused with one line, or a tokenizer that encodes
 * texts without harm, and that is read back as it was written. */
#include "io/json.h"
#include "text/composed/tokenizer_json.h"
#include "tokenizer_checks.h"

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
    ore_json *root = ore_json_parse_zeros((const char *)data, size, "fuzz");
    ore_tokenizer *t = root ? ore_composed_of_json(root, "fuzz") : NULL;
    check_read(t, data, size);
    if (t)
        check_again(t);
    ore_tokenizer_free(t);
    ore_json_free(root);
    ore_error_clear();
    return 0;
}
