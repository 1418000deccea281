/* fault.c: a library to preload (LD_PRELOAD) that makes the n-th file operation of a program fail,
 * or kills the program there. tests/shim/drive.py runs `ore` under it at every position.
 *
 *   ORE_FAULT_UNDER   only operations on paths that begin so count
 *   ORE_FAULT_CALLS   names of functions with commas between, or "all"
 *   ORE_FAULT_AT      which of them, from 1; 0: none, they are only counted
 *   ORE_FAULT_ERRNO   the number of the error that it gives; or "kill"
 *   ORE_FAULT_IN      "first": the program that was started; "children": those it starts
 *   ORE_FAULT_LOG     a file that gets "fired FUNCTION PATH" when it happens and "counted N" at the
 *                     end of a process
 *
 * What the C library does inside its own functions (the stat of realpath, the open of fopen) goes
 * past a preloaded library, so the outer function counts. Own work here is done by bare system
 * calls. Little care is taken of other systems than Linux. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *under, *calls, *log_path;
static long at;
static int error_number; /* 0: kill */
static bool active;
static atomic_long count;

static void log_line(const char *line) {
    long file = log_path ? syscall(SYS_openat, AT_FDCWD, log_path,
                                   O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)
                         : -1;
    if (file < 0)
        return;
    syscall(SYS_write, file, line, strlen(line));
    syscall(SYS_close, file);
}

__attribute__((constructor)) static void start(void) {
    const char *error = getenv("ORE_FAULT_ERRNO"), *place = getenv("ORE_FAULT_IN");
    const char *number = getenv("ORE_FAULT_AT");
    bool first = getenv("ORE_FAULT_STARTED") == NULL;
    under = getenv("ORE_FAULT_UNDER");
    calls = getenv("ORE_FAULT_CALLS");
    log_path = getenv("ORE_FAULT_LOG");
    at = number ? atol(number) : 0;
    error_number = error && strcmp(error, "kill") != 0 ? atoi(error) : 0;
    active = under && calls && first == !(place && strcmp(place, "children") == 0);
    setenv("ORE_FAULT_STARTED", "1", 1);
}

__attribute__((destructor)) static void stop(void) {
    char line[64];
    snprintf(line, sizeof line, "counted %ld\n", atomic_load(&count));
    if (active)
        log_line(line);
}

static bool is_chosen(const char *function) {
    size_t length = strlen(function);
    if (strcmp(calls, "all") == 0)
        return true;
    for (const char *name = strstr(calls, function); name; name = strstr(name + 1, function))
        if ((name == calls || name[-1] == ',') && (name[length] == ',' || !name[length]))
            return true;
    return false;
}

/* True where this call must fail; errno is set. */
static bool fails(const char *function, const char *path) {
    char line[PATH_MAX + 64];
    if (!active || !path || strncmp(path, under, strlen(under)) != 0 || !is_chosen(function) ||
        atomic_fetch_add(&count, 1) + 1 != at)
        return false;
    snprintf(line, sizeof line, "fired %s %s\n", function, path);
    log_line(line);
    if (error_number == 0)
        syscall(SYS_kill, getpid(), SIGKILL);
    errno = error_number;
    return true;
}

/* The same of an open file, by the name that the system knows it under. */
static bool fails_open(const char *function, int file) {
    char link[64], path[PATH_MAX];
    if (!active || file < 0)
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    long bytes = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    path[bytes > 0 ? bytes : 0] = '\0';
    return fails(function, path);
}

/* ---- wrappers ---- */

/* The C library's own function of that name and type. */
#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

#define BY_PATH(result, name, failed, path, parameters, arguments)                                 \
    result name parameters {                                                                       \
        return fails(#name, path) ? failed : REAL(name) arguments;                                 \
    }
#define BY_FILE(result, name, failed, file, parameters, arguments)                                 \
    result name parameters {                                                                       \
        return fails_open(#name, file) ? failed : REAL(name) arguments;                            \
    }

BY_PATH(int, stat, -1, p, (const char *p, struct stat *s), (p, s))
BY_PATH(int, lstat, -1, p, (const char *p, struct stat *s), (p, s))
BY_PATH(int, access, -1, p, (const char *p, int mode), (p, mode))
BY_PATH(ssize_t, readlink, -1, p, (const char *p, char *text, size_t bytes), (p, text, bytes))
BY_PATH(char *, realpath, NULL, p, (const char *p, char *whole), (p, whole))
BY_PATH(DIR *, opendir, NULL, p, (const char *p), (p))
BY_PATH(FILE *, fopen, NULL, p, (const char *p, const char *mode), (p, mode))
BY_PATH(int, mkdir, -1, p, (const char *p, mode_t mode), (p, mode))
BY_PATH(int, rmdir, -1, p, (const char *p), (p))
BY_PATH(int, unlink, -1, p, (const char *p), (p))
BY_PATH(int, remove, -1, p, (const char *p), (p))
BY_PATH(int, rename, -1, p, (const char *p, const char *q), (p, q))
BY_PATH(int, link, -1, p, (const char *p, const char *q), (p, q))
BY_PATH(int, linkat, -1, p, (int f, const char *p, int g, const char *q, int flags),
        (f, p, g, q, flags))
BY_PATH(int, symlink, -1, q, (const char *p, const char *q), (p, q))
BY_PATH(int, truncate, -1, p, (const char *p, off_t bytes), (p, bytes))
BY_FILE(int, fstat, -1, f, (int f, struct stat *s), (f, s))
BY_FILE(int, fsync, -1, f, (int f), (f))
BY_FILE(int, ftruncate, -1, f, (int f, off_t bytes), (f, bytes))
BY_FILE(int, flock, -1, f, (int f, int operation), (f, operation))
BY_FILE(ssize_t, read, -1, f, (int f, void *data, size_t bytes), (f, data, bytes))
BY_FILE(ssize_t, write, -1, f, (int f, const void *data, size_t bytes), (f, data, bytes))
BY_FILE(void *, mmap, MAP_FAILED, f,
        (void *where, size_t bytes, int protection, int flags, int f, off_t offset),
        (where, bytes, protection, flags, f, offset))
BY_FILE(struct dirent *, readdir, NULL, dirfd(d), (DIR * d), (d))

int open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    int mode = flags & O_CREAT ? va_arg(arguments, int) : 0;
    va_end(arguments);
    return fails("open", path) ? -1 : REAL(open)(path, flags, mode);
}
