/* system.c: calls that differ from system to system. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __APPLE__
#include <mach-o/dyld.h>
#include <sys/sysctl.h>
#endif

#include "cli/system.h"

/* ---- streams ---- */

void system_open_streams(void) {
    static const int modes[] = {O_WRONLY, O_RDONLY, O_WRONLY}; /* errors' own are lost */
    for (int i = 0; i < 3; i++)
        if (fcntl(i, F_GETFD) < 0 && open("/dev/null", modes[i]) != i)
            return;
}

/* ---- processes ---- */

static const char *program;

void system_set_program(const char *name) {
    program = name;
}

/* Starts this program's own file, which is found even if PATH or the working directory has changed
 * since the start. */
void system_exec_program(char *const *words) {
#if defined(ORE_LINUX)
    execv("/proc/self/exe", words);
#elif defined(__APPLE__)
    char path[PATH_MAX];
    uint32_t bytes = sizeof path;
    if (_NSGetExecutablePath(path, &bytes) == 0)
        execv(path, words);
    else
        errno = ENAMETOOLONG;
#else /* a name without a folder is searched for in PATH once more */
    execvp(program, words);
#endif
}

bool system_pipe(int end[2]) {
    return pipe(end) == 0 && fcntl(end[0], F_SETFD, FD_CLOEXEC) == 0 &&
           fcntl(end[1], F_SETFD, FD_CLOEXEC) == 0;
}

/* ---- memory ---- */

static int64_t pages(int64_t count) {
    return count < 0 ? -1 : count * (int64_t)sysconf(_SC_PAGESIZE);
}

int64_t system_memory_bytes(void) {
#ifdef _SC_PHYS_PAGES
    return pages(sysconf(_SC_PHYS_PAGES));
#else
    return -1;
#endif
}

int64_t system_free_memory_bytes(void) {
#if defined(ORE_LINUX)
    return pages(sysconf(_SC_AVPHYS_PAGES));
#elif defined(__APPLE__)
    uint32_t count = 0;
    size_t bytes = sizeof count;
    return pages(sysctlbyname("vm.page_free_count", &count, &bytes, NULL, 0) == 0 ? count : -1);
#else
    return -1;
#endif
}

int64_t system_peak_memory_bytes(void) {
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__ /* ru_maxrss is in bytes on macOS, in KiB elsewhere */
    return (int64_t)usage.ru_maxrss;
#else
    return (int64_t)usage.ru_maxrss * 1024;
#endif
}
