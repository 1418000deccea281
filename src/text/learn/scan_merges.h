/* scan_merges.h: learns which tokens to join (learn_merges.h) by going through all pieces once for
 * each merge, many tokens at a time, with the counts of all pairs in a square.
 *
 * This is the way for small vocabularies of long texts on processors with vectors for it: going
 * through the pieces is then cheaper than keeping lists of the places where each pair occurs, and
 * takes no memory for them. */
#ifndef ORE_TEXT_SCAN_MERGES_H
#define ORE_TEXT_SCAN_MERGES_H

#include "text/learn/learn_merges.h"

enum { ORE_SCAN_MERGES_VOCAB_MAX = 512 }; /* a square of 2 MiB */

/* As ore_learn_merges does, which calls it: for narrow slots and a vocab_size up to
 * ORE_SCAN_MERGES_VOCAB_MAX. */
ore_status ore_scan_merges(ore_merge_input *input, const ore_merge_options *options,
                           ore_vocab *vocab, ore_learned_merge **merges, int64_t *count);

#endif
