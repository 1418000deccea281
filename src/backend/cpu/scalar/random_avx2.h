/* random_avx2.h: blocks of normal numbers as torch 1.13.1's AVX2 kernels round them. */
#ifndef ORE_BACKEND_CPU_SCALAR_RANDOM_AVX2_H
#define ORE_BACKEND_CPU_SCALAR_RANDOM_AVX2_H

enum { ORE_NORMAL_BLOCK = 16 };

/* Turn 16 uniform numbers into normal ones: places j and j + 8 make a pair. */
void ore_normal_block_avx2_f32(float *x, float mean, float std);
void ore_normal_block_avx2_f64(double *x, double mean, double std);

#endif
