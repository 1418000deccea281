/* suffix_array.h: the suffixes of a text in their order. */
#ifndef ORE_TEXT_LEARN_SUFFIX_ARRAY_H
#define ORE_TEXT_LEARN_SUFFIX_ARRAY_H

#include <ore/base.h>

/* Writes the starts of the suffixes of text (size) in rising order to suffixes (size). Symbols are
 * 0 .. symbols - 1; the last one is 0, and no other is. In time and memory that are linear in the
 * size: G. Nong, S. Zhang, W. H. Chan, "Linear suffix array construction by almost pure
 * induced-sorting", 2009. */
ore_status ore_suffix_array(const int32_t *text, int32_t size, int32_t symbols, int32_t *suffixes);

#endif
