/* Any bytes as a compressed stream, and as packed blocks: what comes of them, or one line of what
 * is damaged. */
#include <stdlib.h>
#include <string.h>

#include "io/stream.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    enum { BYTES_MAX = 1 << 22, BLOCK = 1 << 12 };
    static uint8_t block[BLOCK];
    ore_error_clear();
    ore_stream *s = ore_stream_open("fuzz", -1, data, (int64_t)size);
    check(s != NULL);
    int64_t got = 1;
    for (int64_t all = 0; got > 0 && all < BYTES_MAX; all += got)
        got = ore_stream_read(s, block, all % 3 ? BLOCK : 7);
    check(got >= 0 || (ore_error_status() == ORE_DATA && !strchr(ore_error_message(), '\n')));
    check(got >= 0 || ore_stream_packing(s));
    ore_error_clear();
    ore_stream_close(s);
    for (int packing = ORE_PACKING_NONE; packing <= ORE_PACKING_ZSTD; packing++)
        for (size_t n = 0; n < 300; n += 1 + n / 2) {
            uint8_t *to = malloc(n + 1); /* of the exact size, for the sanitizers */
            check(to != NULL);
            ore_unpack((ore_packing)packing, data, size, to, n);
            free(to);
        }
    return 0;
}
