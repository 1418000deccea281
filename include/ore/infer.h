/* infer.h: drawing tokens from a model's logits. */
#ifndef ORE_INFER_H
#define ORE_INFER_H

#include <ore/generator.h>
#include <ore/tensor.h>

ORE_BEGIN_DECLS

typedef struct ore_sampler_options {
    double temperature; /* 1: logits are divided by it; 0 takes the largest */
    int64_t top_k;      /* 0: all; else only the k largest logits and those equal to the k-th */
    double top_p;       /* 1: all; else the fewest most likely tokens whose probabilities add up to
                           top_p or more (Holtzman et al. 2020, arXiv:1904.09751), after top_k */
} ore_sampler_options;
ORE_API ore_sampler_options ore_sampler_defaults(void);

/* A token id drawn from softmax(logits / temperature) over what top_k and top_p leave; logits (V),
 * floating. One multinomial draw without replacement over all V, as torch.multinomial(probs, 1)
 * makes it; with temperature 0 nothing is drawn and the first largest wins. -1 on failure:
 * ORE_INVALID for options out of range, ORE_DATA for logits that are NaN or all -inf. */
ORE_API int64_t ore_sample_token(ore_tensor *logits, const ore_sampler_options *options,
                                 ore_generator *g);

ORE_END_DECLS

#endif
