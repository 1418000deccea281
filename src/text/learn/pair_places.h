/* pair_places.h: where two bytes stand side by side in an array. */
#ifndef ORE_TEXT_PAIR_PLACES_H
#define ORE_TEXT_PAIR_PLACES_H

#include <ore/base.h>

enum { ORE_PAIR_PLACES_MAX = 4096 };

/* Writes the places among bytes (count + 1), count <= ORE_PAIR_PLACES_MAX, of `left` with `right`
 * behind it to `places`, in rising order; returns how many there are. */
typedef int (*ore_pair_places)(const uint8_t *bytes, int count, uint8_t left, uint8_t right,
                               uint16_t *places);

/* In plain C. */
int ore_pair_places_plain(const uint8_t *bytes, int count, uint8_t left, uint8_t right,
                          uint16_t *places);
/* By this processor's vectors; NULL where there is no such code for it. */
ore_pair_places ore_pair_places_by_vectors(void);

#endif
