/* position.h: what tells a transformer where a token stands: tables of learned or sinusoidal
 * vectors that are added, rotations of queries and keys, slopes over distances.
 *
 * Learned positions are an ore_embedding of nn.h over places 0 .. T - 1. Slopes go to the option
 * `slopes` of ore_attention. ops.h says what holds for all operations. */
#ifndef ORE_POSITION_H
#define ORE_POSITION_H

#include <ore/tensor.h>

ORE_BEGIN_DECLS

/* (T, C): row t is sin(t / 10000^(2i/C)) at 2i and the cosine of the same at 2i + 1 (Vaswani et al.
 * 2017, arXiv:1706.03762, section 3.5). dtype is a floating one. */
ORE_API ore_tensor *ore_sinusoidal_positions(int64_t T, int64_t C, ore_dtype dtype);

/* (heads): 2^(-8 (h + 1) / heads) for heads a power of two; else those of the next smaller power n,
 * and then every second one of 2 n heads, from the first on (Press et al. 2022, arXiv:2108.12409,
 * and its published code). A score loses slope times distance. */
ORE_API ore_tensor *ore_alibi_slopes(int64_t heads, ore_dtype dtype);

/* ---- rotary positions (Su et al. 2021, arXiv:2104.09864) ---- */

/* Which two numbers of x (.., R) are turned by angle i of R/2: neighbours 2i and 2i + 1, as the
 * paper and Llama's own checkpoints have them, or i and i + R/2, as Hugging Face's. */
typedef enum ore_rotary_layout { ORE_ROTARY_PAIRS, ORE_ROTARY_HALVES } ore_rotary_layout;

/* How frequencies theta^(-2i/R) become those of longer sequences than a model was trained on. */
typedef enum ore_rotary_scaling {
    ORE_ROTARY_PLAIN,
    ORE_ROTARY_LINEAR,  /* divided by factor (Chen et al. 2023, arXiv:2306.15595) */
    ORE_ROTARY_DYNAMIC, /* a larger theta, as far as the length goes beyond max_positions ("NTK") */
    ORE_ROTARY_YARN,    /* Peng et al. 2023, arXiv:2309.00071: low ones divided, high ones kept */
    ORE_ROTARY_LLAMA3,  /* Llama 3.1: likewise, between two wavelengths */
    ORE_ROTARY_LONGROPE /* each divided by its own (Ding et al. 2024, arXiv:2402.13753) */
} ore_rotary_scaling;

/* Names are those of Hugging Face's rope_parameters. */
typedef struct ore_rotary_options {
    double theta;                   /* 10000 */
    ore_rotary_scaling scaling;     /* ORE_ROTARY_PLAIN; what is below is for one of the others */
    double factor;                  /* 1; YARN, LONGROPE 0: max_ over original_max_positions */
    int64_t max_positions;          /* 0; DYNAMIC: what the model was trained on; see factor */
    int64_t original_max_positions; /* 0; YARN, LLAMA3, LONGROPE: what it was trained on at first */
    int64_t length;                 /* 0; DYNAMIC, LONGROPE: of the sequence; 0: up to max_ and
                                         original_max_positions */
    double attention_factor;        /* 0: by the papers; YARN, LONGROPE: cos and sin times it */
    double beta_fast, beta_slow;    /* 32, 1; YARN: turns within the original length */
    double mscale, mscale_all_dim;  /* 0, 0; YARN: where both are set, another attention_factor */
    bool truncate;                  /* true; YARN: whole bounds of its ramp */
    double low_freq_factor, high_freq_factor;   /* 1, 4; LLAMA3 */
    const double *short_factors, *long_factors; /* NULL; LONGROPE: R/2 each, for a length up to
                                                   original_max_positions, and beyond */
} ore_rotary_options;
ORE_API ore_rotary_options ore_rotary_defaults(void);

/* (R/2) frequencies of R channels, float64, and cos and sin's factor into *attention_factor (1 but
 * for YARN and LONGROPE; NULL: not asked for). ORE_INVALID unless R is even and above 0, and for
 * options out of range. */
ORE_API ore_tensor *ore_rotary_frequencies(int64_t R, const ore_rotary_options *options,
                                           double *attention_factor);
/* cos and sin, (S, R/2), of positions of any shape S, times the attention factor, of dtype. Without
 * a gradient. On failure both are NULL. */
ORE_API ore_status ore_rotary_tables(ore_tensor *positions, int64_t R,
                                     const ore_rotary_options *options, ore_dtype dtype,
                                     ore_tensor **cos, ore_tensor **sin);
/* x (.., T, D) with the first R <= D channels of each token turned: two numbers a, b become
 * a cos - b sin, b cos + a sin. cos and sin (T, R/2), or what broadcasts to (.., T, R/2), of x's
 * dtype. */
ORE_API ore_tensor *ore_rotary(ore_tensor *x, ore_tensor *cos, ore_tensor *sin,
                               ore_rotary_layout layout);

ORE_END_DECLS

#endif
