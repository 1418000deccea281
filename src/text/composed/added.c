/* added.c: added tokens, found in texts. None of the formats that are read so far has any. */
#include "text/composed/composed.h"

ore_added_finder *ore_added_finder_new(const ore_composed *composed, bool normalized) {
    (void)composed, (void)normalized;
    return NULL;
}

void ore_added_finder_free(ore_added_finder *finder) {
    (void)finder;
}

int ore_added_find(const ore_added_finder *finder, const char *text, size_t size, size_t from,
                   bool open, ore_added_match *match) {
    (void)finder, (void)text, (void)size, (void)from, (void)open, (void)match;
    return 0;
}
