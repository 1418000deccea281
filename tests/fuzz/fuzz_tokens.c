/* Any bytes as a token file: refused with one line and ORE_DATA, or every id is in the vocabulary.
 * A header's own digest would stop nearly all of them, so each input is also tried with digests
 * that are right. */
#include <stdlib.h>
#include <string.h>

#include "data/token_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds) {
    if (!holds)
        abort();
}

static void try_bytes(const uint8_t *data, size_t size) {
    ore_token_file f;
    ore_error_clear();
    if (ore_token_file_open_bytes(&f, "fuzz", data, size) != ORE_OK) {
        check(ore_error_status() == ORE_DATA && !strchr(ore_error_message(), '\n'));
        ore_error_clear();
        return;
    }
    check(f.count * f.id_bytes + ORE_TOKEN_HEADER_BYTES == (int64_t)size);
    check(f.source.separator >= -1 && f.source.separator < f.source.vocabulary);
    for (int64_t i = 0; i < f.count; i++) {
        int64_t id;
        ore_token_unpack((const uint8_t *)f.ids + i * f.id_bytes, 1, f.id_bytes, &id);
        check(id >= 0 && id < f.source.vocabulary);
    }
    ore_token_file_close(&f);
}

static void put_digest(uint8_t *at, ore_digest digest) {
    memcpy(at, &digest.low, 8);
    memcpy(at + 8, &digest.high, 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    enum { IDS_DIGEST_AT = 88, HEADER_DIGEST_AT = 104 };
    uint32_t *words = calloc(1, size + 4); /* aligned, as a mapping is */
    uint8_t *copy = (uint8_t *)words;
    check(copy != NULL);
    if (size)
        memcpy(copy, data, size);
    try_bytes(copy, size);
    if (size >= ORE_TOKEN_HEADER_BYTES) {
        put_digest(copy + IDS_DIGEST_AT,
                   ore_digest_of(copy + ORE_TOKEN_HEADER_BYTES, size - ORE_TOKEN_HEADER_BYTES));
        put_digest(copy + HEADER_DIGEST_AT, ore_digest_of(copy, HEADER_DIGEST_AT));
        try_bytes(copy, size);
    }
    free(words);
    return 0;
}
