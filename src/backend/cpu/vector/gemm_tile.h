/* gemm_tile.h: sizes of the tiles that products are made of, for gemm.c and for rows that multiply
 * on their way; the tiles are in gemm_tile.inc. */
#ifndef ORE_BACKEND_GEMM_TILE_H
#define ORE_BACKEND_GEMM_TILE_H

#include "backend/cpu/vector/ahead.h"
#include "backend/cpu/vector/squares.h"

/* A tile has TILE_ROWS rows and TILE_VECS vectors of columns: its sums, TILE_VECS vectors of B and
 * one of A fill the vector registers, 16 with AVX2 and 32 with AVX-512. */
#ifdef ORE_LEVEL_avx2
enum { TILE_ROWS = 6, TILE_VECS = 2, FEW_ROWS = 4 };
#else
enum { TILE_ROWS = 8, TILE_VECS = 3, FEW_ROWS = 8 };
#endif

#endif
