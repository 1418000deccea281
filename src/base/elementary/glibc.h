/* glibc.h: the functions whose last bit belongs to a published stream of random numbers: each gives
 * the bits of glibc 2.36 on an x86-64 processor with FMA (versions from 2.28 on agree), on which
 * torch 1.13.1's numbers in tests/golden were made. These differ from the nearest number more often
 * than those of elementary.h; nothing but random draws and what must repeat them is to use them. */
#ifndef ORE_BASE_ELEMENTARY_GLIBC_H
#define ORE_BASE_ELEMENTARY_GLIBC_H

/* log x for a normal x > 0. */
float ore_glibc_logf(float x);
/* e^x for |x| <= 87. */
float ore_glibc_expf(float x);
/* For |x| < 120. */
float ore_glibc_sinf(float x);
float ore_glibc_cosf(float x);
float ore_glibc_erff(float x);
/* For |x| < 105414350. */
double ore_glibc_sin(double x);
double ore_glibc_cos(double x);

#endif
