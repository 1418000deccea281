/* Any bytes as a token file: refused with one line and ORE_DATA, or every id is in the vocabulary.
 * A header's own digest would stop nearly all of them, so each input is also tried with digests
 * that are right. */
#include <stdlib.h>
#include <string.h>

#include "data/token_file.h"
#include "check.h"

static void try_bytes(const uint8_t *data, size_t size) {
    ore_token_file f;
    ore_error_clear();
    if (ore_token_file_open_bytes(&f, "fuzz", data, size) != ORE_OK) {
        check_error();
        return;
    }
    int64_t after = (int64_t)size - ORE_TOKEN_HEADER_BYTES;
    if (f.documents < 0)
        check(f.count * f.id_bytes == after);
    else
        check(ore_token_padded_bytes(f.count, f.id_bytes) + 8 * f.documents + 16 == after);
    for (int64_t i = 0, end = 0; i < f.documents; end = f.ends[i++])
        check(f.ends[i] >= end && f.ends[i] <= f.count);
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
    enum {
        VERSION_AT = 8,
        ID_BYTES_AT = 12,
        COUNT_AT = 16,
        IDS_DIGEST_AT = 88,
        HEADER_DIGEST_AT = 104
    };
    uint64_t *words = calloc(1, size + 8); /* aligned, as a mapping is */
    uint8_t *copy = (uint8_t *)words;
    check(copy != NULL);
    if (size)
        memcpy(copy, data, size);
    try_bytes(copy, size);
    if (size >= ORE_TOKEN_HEADER_BYTES) {
        int64_t count, after = (int64_t)size - ORE_TOKEN_HEADER_BYTES, ids = after;
        memcpy(&count, copy + COUNT_AT, sizeof count);
        int id_bytes = copy[ID_BYTES_AT] == 2 ? 2 : 4;
        bool index = copy[VERSION_AT] == ORE_SHARD_VERSION && count >= 0 &&
                     count <= after / id_bytes &&
                     ore_token_padded_bytes(count, id_bytes) <= after - 16;
        if (index) {
            int64_t at = ore_token_padded_bytes(count, id_bytes);
            ids = count * id_bytes;
            put_digest(copy + size - 16, ore_digest_of(copy + ORE_TOKEN_HEADER_BYTES + at,
                                                       (size_t)(after - at - 16)));
        }
        put_digest(copy + IDS_DIGEST_AT, ore_digest_of(copy + ORE_TOKEN_HEADER_BYTES, (size_t)ids));
        put_digest(copy + HEADER_DIGEST_AT, ore_digest_of(copy, HEADER_DIGEST_AT));
        try_bytes(copy, size);
    }
    free(words);
    return 0;
}
