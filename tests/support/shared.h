/* shared.h: files that only some machines have. */
#ifndef ORE_TESTS_SHARED_H
#define ORE_TESTS_SHARED_H

/* Path of a file below the folder that ORE_SHARED names (default: ../shared beside the repository);
 * skips the running test, saying so, where it is missing. The last 4 answers stay valid. */
const char *shared_file(const char *name);

#endif
