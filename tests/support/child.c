/* child.c: fork, exec, read both pipes to their ends. */
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/child.h"

#ifndef ORE_BINARY
#define ORE_BINARY "ore"
#endif

/* Reads what is there; false at the end. */
static bool drain(int fd, char *text, size_t *used) {
    char more[4096];
    ssize_t n = read(fd, more, sizeof more);
    size_t room = CHILD_OUTPUT_BYTES - 1 - *used;
    if (n <= 0)
        return false;
    size_t taken = (size_t)n < room ? (size_t)n : room;
    memcpy(text + *used, more, taken);
    *used += taken;
    text[*used] = '\0';
    return true;
}

static void read_both(child_result *result, int out, int err) {
    struct pollfd fds[2] = {{.fd = out, .events = POLLIN}, {.fd = err, .events = POLLIN}};
    char *text[2] = {result->out, result->err};
    size_t used[2] = {0, 0};
    result->out[0] = result->err[0] = '\0';
    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        poll(fds, 2, -1);
        for (int i = 0; i < 2; i++)
            if (fds[i].fd >= 0 && fds[i].revents && !drain(fds[i].fd, text[i], &used[i]))
                fds[i].fd = -1;
    }
}

static int status_of(pid_t pid) {
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

/* A limit of the child; resource -1 is none. */
typedef struct child_limit {
    int resource;
    size_t bytes;
} child_limit;

static void set_limit(child_limit limit) {
    struct rlimit value = {limit.bytes, limit.bytes};
    if (limit.resource < 0)
        return;
    if (limit.resource == RLIMIT_FSIZE)
        signal(SIGXFSZ, SIG_IGN);
    setrlimit(limit.resource, &value);
}

static void run_child(child_result *result, const char *const *argv, child_limit limit) {
    int out[2], err[2];
    assert_int_equal(pipe(out), 0);
    assert_int_equal(pipe(err), 0);
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(out[1], STDOUT_FILENO);
        dup2(err[1], STDERR_FILENO);
        close(out[0]);
        close(err[0]);
        set_limit(limit);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    close(out[1]);
    close(err[1]);
    read_both(result, out[0], err[0]);
    close(out[0]);
    close(err[0]);
    result->status = status_of(pid);
}

void child_run(child_result *result, const char *const *argv) {
    run_child(result, argv, (child_limit){-1, 0});
}

enum { WORDS_MAX = 64 };

/* Splits at spaces into argv[], which ends with NULL; the words' memory, to be freed. */
static char *split(const char *words, const char **argv) {
    char *copy = strdup(words), *rest = copy;
    int n = 1;
    assert_non_null(copy);
    argv[0] = ORE_BINARY;
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        assert_true(n < WORDS_MAX - 1);
        argv[n++] = word;
    }
    argv[n] = NULL;
    return copy;
}

void run_ore(child_result *result, const char *words) {
    run_ore_limited(result, words, -1, 0);
}

void run_ore_limited(child_result *result, const char *words, int resource, size_t limit) {
    const char *argv[WORDS_MAX];
    char *copy = split(words, argv);
    run_child(result, argv, (child_limit){resource, limit});
    free(copy);
}

/* A file without a name, for what started children say on standard error. */
static int errors_file(void) {
    static int file = -1;
    char path[] = "/tmp/ore-errors-XXXXXX";
    if (file < 0) {
        file = mkstemp(path);
        unlink(path);
        fcntl(file, F_SETFD, FD_CLOEXEC);
    }
    assert_true(file >= 0);
    return file;
}

const char *ore_start_errors(void) {
    static char text[CHILD_OUTPUT_BYTES];
    ssize_t n = pread(errors_file(), text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

pid_t ore_start(const char *words, int *output_fd) {
    const char *argv[WORDS_MAX];
    char *copy = split(words, argv);
    int out[2] = {-1, -1};
    if (output_fd)
        assert_int_equal(pipe(out), 0);
    fflush(NULL);
    int errors = errors_file();
    assert_int_equal(ftruncate(errors, 0), 0);
    lseek(errors, 0, SEEK_SET);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        dup2(output_fd ? out[1] : nowhere, STDOUT_FILENO);
        dup2(errors, STDERR_FILENO);
        if (output_fd)
            close(out[0]);
        execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    free(copy);
    if (output_fd) {
        close(out[1]);
        *output_fd = out[0];
    }
    return pid;
}

int ore_wait(pid_t pid) {
    return status_of(pid);
}

void temporary_folder(char *path) {
    const char *base = getenv("TMPDIR");
    snprintf(path, 256, "%s/ore-test-XXXXXX", base ? base : "/tmp");
    assert_non_null(mkdtemp(path));
}

static int remove_entry(const char *path, const struct stat *s, int type, struct FTW *ftw) {
    (void)s;
    (void)type;
    (void)ftw;
    return remove(path);
}

void remove_folder(const char *path) {
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

void write_text_file(const char *path, const char *text) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

void write_file(const char *path, const void *data, size_t bytes) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    fclose(file);
}

char *read_file(const char *path, size_t *bytes) {
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s is not there", path);
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *data = malloc(size + 1);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, size, file), size);
    data[size] = '\0';
    fclose(file);
    if (bytes)
        *bytes = size;
    return data;
}
