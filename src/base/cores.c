/* cores.c: how many cores this process may use: its affinity mask and the quota of its control
 * group. */
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/threads.h"

#ifdef ORE_LINUX
static int affinity_count(void) {
    enum { CPUS_MAX = 8192 };
    cpu_set_t *set = CPU_ALLOC(CPUS_MAX);
    size_t bytes = CPU_ALLOC_SIZE(CPUS_MAX);
    int count = 0;
    if (set && sched_getaffinity(0, bytes, set) == 0)
        count = CPU_COUNT_S(bytes, set);
    CPU_FREE(set);
    return count;
}

void ore_pin_thread(int index) {
    enum { CPUS_MAX = 8192 };
    cpu_set_t *allowed = CPU_ALLOC(CPUS_MAX), *one = CPU_ALLOC(CPUS_MAX);
    size_t bytes = CPU_ALLOC_SIZE(CPUS_MAX);
    if (allowed && one && sched_getaffinity(0, bytes, allowed) == 0) {
        int skip = index % CPU_COUNT_S(bytes, allowed);
        size_t core = 0;
        while (!CPU_ISSET_S(core, bytes, allowed) || skip-- > 0)
            core++;
        CPU_ZERO_S(bytes, one);
        CPU_SET_S(core, bytes, one);
        /* where it is refused, the system goes on choosing the core */
        sched_setaffinity(0, bytes, one);
    }
    CPU_FREE(one);
    CPU_FREE(allowed);
}

/* Reads the first two numbers of a file; false where they are missing ("max" is no number). */
static bool read_numbers(const char *path, int wanted, long long *first, long long *second) {
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    bool found = fscanf(file, "%lld %lld", first, second) >= wanted;
    fclose(file);
    return found;
}

/* How many cores a quota of CPU time per period amounts to, rounded up; INT_MAX without a quota. */
static int quota_cores(const char *folder, bool version2) {
    char path[PATH_MAX + 64];
    long long quota = 0, period = 0, unused = 0;
    if (version2) {
        snprintf(path, sizeof path, "%s/cpu.max", folder);
        if (!read_numbers(path, 2, &quota, &period))
            return INT_MAX;
    } else {
        snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder);
        if (!read_numbers(path, 1, &quota, &unused))
            return INT_MAX;
        snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
        if (!read_numbers(path, 1, &period, &unused))
            return INT_MAX;
    }
    if (quota <= 0 || period <= 0)
        return INT_MAX;
    long long cores = (quota + period - 1) / period;
    return cores < INT_MAX ? (int)cores : INT_MAX;
}

/* The smallest quota of a control group and the groups around it; shortens the path `group`. */
static int group_cores(const char *mount, char *group, bool version2) {
    char folder[PATH_MAX + 32];
    int min = INT_MAX;
    for (;;) {
        snprintf(folder, sizeof folder, "%s%.*s", mount, PATH_MAX, group);
        int cores = quota_cores(folder, version2);
        min = cores < min ? cores : min;
        char *slash = strrchr(group, '/');
        if (!slash)
            return min;
        *slash = 0;
    }
}

static int cgroup_count(void) {
    FILE *file = fopen("/proc/self/cgroup", "r");
    if (!file)
        return INT_MAX;
    char line[PATH_MAX];
    int min = INT_MAX;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        char *controllers = strchr(line, ':');
        char *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group)
            continue;
        *controllers++ = 0;
        *group++ = 0;
        int cores = INT_MAX;
        if (!*controllers)
            cores = group_cores("/sys/fs/cgroup", group, true);
        else if (strncmp(controllers, "cpu", 3) == 0 && strncmp(controllers, "cpuset", 6) != 0)
            cores = group_cores("/sys/fs/cgroup/cpu", group, false);
        min = cores < min ? cores : min;
    }
    fclose(file);
    return min;
}
#else /* macOS has no call that keeps a thread on a core, and no quotas */
static int affinity_count(void) {
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
}
static int cgroup_count(void) {
    return INT_MAX;
}
void ore_pin_thread(int index) {
    (void)index;
}
#endif

int ore_usable_cores(void) {
    int cores = affinity_count(), quota = cgroup_count();
    cores = quota < cores ? quota : cores;
    cores = cores < 1 ? 1 : cores;
    return cores < ORE_MAX_THREADS ? cores : ORE_MAX_THREADS;
}
