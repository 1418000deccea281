/* child.c: fork, exec, read both pipes to their ends. */
#include <ftw.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

void child_run(child_result *result, const char *const *argv) {
    int out[2], err[2], status;
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
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    close(out[1]);
    close(err[1]);
    read_both(result, out[0], err[0]);
    close(out[0]);
    close(err[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    result->status = WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

void ore_run(child_result *result, const char *words) {
    const char *argv[64] = {ORE_BINARY};
    char *copy = strdup(words), *rest = copy;
    int n = 1;
    assert_non_null(copy);
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        assert_true(n < 63);
        argv[n++] = word;
    }
    child_run(result, argv);
    free(copy);
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
