/* pair.h: vectors of pairs of bfloat16, and the instruction for them. */
#ifndef ORE_BACKEND_BF16_PAIR_H
#define ORE_BACKEND_BF16_PAIR_H

#include "backend/cpu/bf16/pair_product.h"
#include "backend/cpu/vector/bfloat16.h"

/* add_pair_product in every lane, by vdpbf16ps where this file is compiled for it. */
VEC_INLINE vf add_pair_products(vf sum, vu a, vu b) {
#ifdef __AVX512BF16__
    return (vf)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
#else
    for (int i = 0; i < VF_LANES; i++)
        sum[i] = add_pair_product(sum[i], a[i], b[i]);
    return sum;
#endif
}

VEC_INLINE vu pairs_load(const bf16_pair *from) {
    vu v;
    memcpy(&v, from, sizeof v);
    return v;
}
VEC_INLINE void pairs_store(bf16_pair *to, vu v) {
    memcpy(to, &v, sizeof v);
}

#endif
