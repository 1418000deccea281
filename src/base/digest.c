/* digest.c: digests of data by XXH3 of 128 bits, from the library xxHash. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/digest.h"

static const char algorithm[] = "xxh3-128:";
enum { HEX_DIGITS = 16, PREFIX_BYTES = sizeof algorithm - 1 };

static ore_digest digest_from(XXH128_hash_t hash) {
    return (ore_digest){.high = hash.high64, .low = hash.low64};
}

ore_digest ore_digest_of(const void *data, size_t bytes) {
    return digest_from(XXH3_128bits(data, data ? bytes : 0));
}

bool ore_digest_equal(ore_digest a, ore_digest b) {
    return a.high == b.high && a.low == b.low;
}

void ore_digest_text(ore_digest digest, char text[ORE_DIGEST_TEXT_BYTES]) {
    snprintf(text, ORE_DIGEST_TEXT_BYTES, "%s%016" PRIx64 "%016" PRIx64, algorithm, digest.high,
             digest.low);
}

/* HEX_DIGITS lower-case digits at text. */
static bool parse_half(const char *text, uint64_t *value) {
    static const char digits[] = "0123456789abcdef";
    *value = 0;
    for (int i = 0; i < HEX_DIGITS; i++) {
        const char *digit = text[i] ? strchr(digits, text[i]) : NULL;
        if (!digit)
            return false;
        *value = *value << 4 | (uint64_t)(digit - digits);
    }
    return true;
}

bool ore_digest_from_text(const char *text, ore_digest *digest) {
    ore_digest read;
    if (!text || strncmp(text, algorithm, PREFIX_BYTES) != 0 ||
        !parse_half(text + PREFIX_BYTES, &read.high) ||
        !parse_half(text + PREFIX_BYTES + HEX_DIGITS, &read.low) ||
        text[PREFIX_BYTES + 2 * HEX_DIGITS] != 0)
        return false;
    *digest = read;
    return true;
}

/* ---- in pieces ---- */

ore_status ore_digest_begin(ore_digest_stream *stream) {
    *stream = (ore_digest_stream){.state = XXH3_createState()};
    if (!stream->state)
        return ore_fail(ORE_MEMORY, "digest: out of memory");
    XXH3_128bits_reset(stream->state);
    return ORE_OK;
}

void ore_digest_put(ore_digest_stream *stream, const void *data, size_t bytes) {
    if (stream->state)
        XXH3_128bits_update(stream->state, data, data ? bytes : 0);
}

ore_digest ore_digest_end(ore_digest_stream *stream) {
    ore_digest digest = {0};
    if (stream->state)
        digest = digest_from(XXH3_128bits_digest(stream->state));
    XXH3_freeState(stream->state);
    *stream = (ore_digest_stream){0};
    return digest;
}
