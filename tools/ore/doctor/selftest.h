/* selftest.h: checks that this build computes correctly on this machine. */
#ifndef ORE_TOOL_SELFTEST_H
#define ORE_TOOL_SELFTEST_H

#include <ore/base.h>

typedef struct selftest_result {
    int checks;     /* the number of different checks */
    int64_t rounds; /* how often all of them were run */
    double took_s;
} selftest_result;

/* Runs all checks again and again for about `seconds`, at least once. The error of a failure names
 * the check. */
ore_status selftest_run(double seconds, selftest_result *result);

#endif
