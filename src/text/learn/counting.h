/* counting.h: a model for composed tokenizers that counts the pieces of texts instead of giving
 * them ids: what training sees of a text is what encoding sees of it. */
#ifndef ORE_TEXT_LEARN_COUNTING_H
#define ORE_TEXT_LEARN_COUNTING_H

#include "text/composed/composed.h"
#include "text/learn/piece_counts.h"

ore_stage *ore_counting_new(void);
/* The pieces of all texts so far. No thread may be encoding. NULL with ORE_MEMORY. */
ore_piece_counts *ore_counting_counts(ore_stage *model);

#endif
