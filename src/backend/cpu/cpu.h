/* cpu.h: the CPU backend: one scalar table that has every row, and faster levels that override
 * some. cpu/scalar is the readable oracle. cpu/vector is one set of sources, compiled once per
 * level with ORE_LEVEL set to its name; see vector/vector.h. cpu/bf16 has the products of bfloat16
 * of two more levels, avx512_bf16 and amx, which stand over avx512. */
#ifndef ORE_BACKEND_CPU_H
#define ORE_BACKEND_CPU_H

#include "backend/backend.h"

/* The CPU as a device. Storages take their memory from the pool in one block with what they note of
 * it; allocate is for all others. */
extern const ore_backend ore_cpu_backend;

/* The table in force, chosen and composed at the first call: scalar, overlaid by the rows of each
 * level up to the chosen one. NULL with the error that ore_cpu_level documents. */
const ore_kernels *ore_cpu_kernels(void);

/* Writes the table of one level ("scalar", "neon" ...), composed as above, for tests that compare
 * levels; errors as ore_cpu_level. */
ore_status ore_cpu_kernels_of(const char *level, ore_kernels *table);
/* Puts the rows that `rows` has over those of `table`. */
void ore_kernels_overlay(ore_kernels *table, const ore_kernels *rows);

/* Every row of kernels.def as scalar_NAME_SUFFIX, so that a definition with other arguments does
 * not compile. */
#define DECLARE(name, dtype, suffix, args) ore_status scalar_##name##_##suffix args;
#define K(name, dtypes, args)              dtypes(DECLARE, name, args)
#include "backend/kernels.def"
#undef K
#undef DECLARE

extern const ore_kernels scalar_kernels;      /* all rows */
extern const ore_kernels neon_kernels;        /* NULL where scalar serves */
extern const ore_kernels avx2_kernels;        /* NULL where scalar serves */
extern const ore_kernels avx512_kernels;      /* NULL where avx2 serves */
extern const ore_kernels avx512_bf16_kernels; /* NULL where avx512 serves */
extern const ore_kernels amx_kernels;         /* NULL where avx512 serves */

#endif
