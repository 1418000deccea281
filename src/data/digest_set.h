/* digest_set.h: a set of digests, in 16 bytes of memory for each at most. */
#ifndef ORE_DATA_DIGEST_SET_H
#define ORE_DATA_DIGEST_SET_H

#include <ore/files.h>

/* 4096 tables of open addressing, of which a digest's first 12 bits choose one, and 96 further bits
 * are kept: of n digests some two are taken for one with a probability of n^2 / 2^109, 10^-13 for
 * ten billion. Each table grows by itself, by a fifth when it is nine tenths full, so that its
 * slots of 12 bytes take 13.3 to 16 bytes a digest; while one grows, it is there twice. */
typedef struct ore_digest_set ore_digest_set;

ore_digest_set *ore_digest_set_new(void);
/* NULL is allowed. */
void ore_digest_set_free(ore_digest_set *set);
/* Adds a digest; *added becomes whether it was not there. ORE_MEMORY. */
ore_status ore_digest_set_add(ore_digest_set *set, ore_digest digest, bool *added);
int64_t ore_digest_set_count(const ore_digest_set *set);
/* Bytes of all slots. */
int64_t ore_digest_set_bytes(const ore_digest_set *set);

#endif
