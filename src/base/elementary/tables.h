/* tables.h: tables and coefficients (lowest power first) of the elementary functions; tables.c says
 * what each holds, and tools/fit_elementary.py makes it. */
#ifndef ORE_BASE_ELEMENTARY_TABLES_H
#define ORE_BASE_ELEMENTARY_TABLES_H

#include <stdint.h>

extern const double ore_exp2_table[32][2];
extern const double ore_log_table[128][3];
extern const double ore_sine_table[110][4];
extern const double ore_expm1_tail[5];
extern const double ore_expm1_near[11];
extern const double ore_log_tail[8];
extern const double ore_tanh_near[10];
extern const double ore_erf_near[15];
extern const double ore_erfcx_table[7][17];
extern const double ore_erfc_tail[16];
extern const uint32_t ore_two_over_pi[44];

#endif
