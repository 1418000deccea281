/* selftest.h: does this build compute rightly on this machine? */
#ifndef ORE_TOOL_SELFTEST_H
#define ORE_TOOL_SELFTEST_H

#include <ore/base.h>

typedef struct selftest_result {
    int checks;     /* different ones */
    int64_t rounds; /* of all checks */
    double took_s;
} selftest_result;

/* Repeats every check for about `seconds`, at least once. A failure is a pending error that names
 * the check. */
ore_status selftest_run(double seconds, selftest_result *result);

#endif
