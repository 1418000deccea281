/* attention.h: what kinds of attention share: what the fused one and its composition ask of their
 * arguments, and the softmax of compositions. */
#ifndef ORE_OPS_ATTENTION_H
#define ORE_OPS_ATTENTION_H

#include "ops/op.h"

/* What the caller chose, or the defaults for NULL. */
ore_attention_options ore_attention_choice(const ore_attention_options *options);
/* Whether q, k and, where n is 3, v fit each other and the options; an error naming `op`
 * otherwise. */
bool ore_attention_fits(const char *op, int n, ore_tensor *const *in,
                        const ore_attention_options *o);
double ore_attention_scale(const ore_attention_options *o, const ore_tensor *q);

/* The softmax of scores along their last dim among the elements where `seen` is true; zeros
 * elsewhere and in a row that sees nothing, which passes zeros on. `seen` is bool and broadcasts to
 * the scores; NULL: all are seen. */
ore_tensor *ore_softmax_among(ore_tensor *scores, ore_tensor *seen);

/* documents (.., T) -> int64 (.., T): the number of each token's run of equal numbers, from 1 on;
 * NULL on failure. Records nothing. */
ore_tensor *ore_document_runs(ore_tensor *documents);

#endif
