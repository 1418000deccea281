/* gemm.c: matrix products as a plain triple loop, the oracle of every faster one. */
#include "backend/cpu/cpu.h"
#include "backend/cpu/gemm_batch.h"
#include "base/threads.h"

#define T     float
#define CHUNK row_f32
#define ROW   scalar_gemm_f32
#include "backend/cpu/scalar/gemm_any.inc"
#undef T
#undef CHUNK
#undef ROW

#define T     double
#define CHUNK row_f64
#define ROW   scalar_gemm_f64
#include "backend/cpu/scalar/gemm_any.inc"
#undef T
#undef CHUNK
#undef ROW
