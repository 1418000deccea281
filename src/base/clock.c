/* clock.c: time that passes, whatever the system does to the date. */
#include <time.h>

#include <ore/base.h>

double ore_clock_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
