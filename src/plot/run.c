/* run.c: gnuplot as a child process, which gets its script and gives its picture through pipes. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/system.h"
#include "plot/script.h"

enum { FEED, PICTURE, ERRORS, STREAMS };

/* Moves both ends above the descriptors 0, 1 and 2. The child copies its ends to these, which would
 * overwrite an end that is one of them already. */
static bool lift(int end[2]) {
    for (int i = 0; i < 2; i++) {
        int lifted = fcntl(end[i], F_DUPFD_CLOEXEC, 3);
        if (lifted < 0)
            return false;
        close(end[i]);
        end[i] = lifted;
    }
    return true;
}

/* Opens the three streams: end[k][0] is ours, end[k][1] the child's. The feed is a socket, because
 * a write to a socket, unlike one to a pipe, can be made not to raise SIGPIPE. */
static bool open_streams(int end[STREAMS][2]) {
    for (int k = 0; k < STREAMS; k++)
        end[k][0] = end[k][1] = -1;
    return ore_system_stream(end[FEED]) && ore_system_pipe(end[PICTURE]) &&
           ore_system_pipe(end[ERRORS]) && lift(end[FEED]) && lift(end[PICTURE]) &&
           lift(end[ERRORS]);
}

static void close_end(int *end) {
    if (*end >= 0)
        close(*end);
    *end = -1;
}

/* Starts gnuplot in a process group of its own, so that Ctrl-C at the terminal does not reach it: a
 * run that is interrupted still writes its picture. */
static int spawn(int end[STREAMS][2], pid_t *child) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    for (int k = 0; k < STREAMS; k++)
        posix_spawn_file_actions_adddup2(&files, end[k][1], k);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    char program[] = "gnuplot", no_user_settings[] = "-d";
    char *arguments[] = {program, no_user_settings, NULL};
    int problem =
        posix_spawnp(child, program, &files, &attributes, arguments, ore_system_environment());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return problem;
}

static void feed(const plot_script *script, int64_t *fed, int *end) {
    ssize_t sent = ore_system_send(*end, script->data + *fed, (size_t)(script->length - *fed));
    if (sent > 0)
        *fed += sent;
    bool over = *fed == script->length || (sent < 0 && errno != EAGAIN && errno != EINTR);
    if (over)
        close_end(end);
}

static void drain(plot_script *into, int *end) {
    char block[16384];
    ssize_t got = read(*end, block, sizeof block);
    if (got > 0)
        plot_add_bytes(into, block, got);
    else if (got == 0 || errno != EINTR)
        close_end(end);
}

/* ---- waiting ---- */

/* Milliseconds between two looks at the clock and at whether the caller wants to stop: short enough
 * to feel immediate. */
enum { LOOK_MS = 50, NS_PER_MS = 1000000 };

/* How long gnuplot has been waited for, and, once it is given up, why. */
typedef struct waiting {
    const plot_patience *patience;
    double began_s;
    const char *given_up;
} waiting;

/* Whether to go on waiting. Called at least every LOOK_MS, and after each signal. */
static bool wait_on(waiting *w) {
    const plot_patience *p = w->patience;
    if (!w->given_up && p->stop && p->stop(p->user))
        w->given_up = "was stopped";
    if (!w->given_up && ore_clock_s() - w->began_s > p->limit_s)
        w->given_up = "did not end";
    return !w->given_up;
}

static void exchange(const plot_script *script, plot_script *output[STREAMS], int end[STREAMS][2],
                     waiting *w) {
    int64_t fed = 0;
    while ((end[PICTURE][0] >= 0 || end[ERRORS][0] >= 0) && wait_on(w)) {
        struct pollfd wait_for[STREAMS];
        for (int k = 0; k < STREAMS; k++)
            wait_for[k] = (struct pollfd){.fd = end[k][0], .events = k == FEED ? POLLOUT : POLLIN};
        if (poll(wait_for, STREAMS, LOOK_MS) <= 0)
            continue;
        if (wait_for[FEED].revents)
            feed(script, &fed, &end[FEED][0]);
        for (int k = PICTURE; k < STREAMS; k++)
            if (wait_for[k].revents)
                drain(output[k], &end[k][0]);
    }
}

/* Waits for the child to end, and returns its status; 0 where the caller ignores SIGCHLD, so that
 * there is none. A child may close its streams and still not end: it has what is left of the time,
 * and then its process group is killed. */
static int end_of(pid_t child, waiting *w) {
    int status = 0;
    pid_t ended;
    while ((ended = waitpid(child, &status, WNOHANG)) == 0 && wait_on(w))
        nanosleep(&(struct timespec){.tv_nsec = NS_PER_MS}, NULL);
    if (!w->given_up)
        return ended == child ? status : 0;
    kill(-child, SIGKILL);
    while (ended == 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

/* ---- what went wrong ---- */

/* Copies the next line of the text, from *at on, without blanks at its start and cut to fit `line`;
 * *at moves behind it. False at the end of the text. */
static bool next_line(const plot_script *text, int64_t *at, char *line, size_t line_bytes) {
    if (*at >= text->length)
        return false;
    while (*at < text->length && (text->data[*at] == ' ' || text->data[*at] == '\t'))
        ++*at;
    size_t length = 0;
    for (; *at < text->length && text->data[*at] != '\n'; ++*at)
        if (length + 1 < line_bytes)
            line[length++] = text->data[*at];
    line[length] = '\0';
    ++*at;
    return true;
}

/* Picks the line of gnuplot's errors that says what is wrong, for a message. gnuplot prints the
 * command that failed, a caret, and then "line N: .."; warnings may come before. Without such a
 * line it is the first one. */
static void first_error(const plot_script *errors, char *message, size_t message_bytes) {
    char line[400];
    int64_t at = 0;
    message[0] = '\0';
    while (next_line(errors, &at, line, sizeof line)) {
        bool says = strstr(line, "line ") && !strstr(line, "warning:");
        if (line[0] && (says || !message[0]))
            snprintf(message, message_bytes, "%s", line);
        if (says)
            return;
    }
    if (!message[0])
        snprintf(message, message_bytes, "no message");
}

static ore_status start_failed(int problem) {
    if (problem == ENOENT)
        return ore_fail(ORE_UNSUPPORTED, "figure_save: the program gnuplot was not found: pictures "
                                         "need it (package gnuplot-nox)");
    return ore_fail(ORE_IO, "figure_save: gnuplot could not be started: %s", strerror(problem));
}

/* Sets the error of a gnuplot that has given no picture. */
static void fail_ended(const waiting *w, const plot_script *errors) {
    char line[400];
    first_error(errors, line, sizeof line);
    if (w->given_up)
        ore_fail(ORE_IO, "figure_save: gnuplot %s: given up after %.1f s", w->given_up,
                 ore_clock_s() - w->began_s);
    else
        ore_fail(ORE_IO, "figure_save: gnuplot failed: %s", line);
}

/* Gives a running child its script, reads its picture, and waits for its end. */
static void converse(const plot_script *script, const plot_patience *patience, int end[STREAMS][2],
                     pid_t child, plot_script *picture) {
    plot_script errors = {0};
    plot_script *output[STREAMS] = {NULL, picture, &errors};
    waiting w = {.patience = patience, .began_s = ore_clock_s()};
    exchange(script, output, end, &w);
    for (int k = 0; k < STREAMS; k++)
        close_end(&end[k][0]);
    int status = end_of(child, &w);
    bool good = !w.given_up && WIFEXITED(status) && WEXITSTATUS(status) == 0 && picture->length > 0;
    if (!good && !picture->failed)
        fail_ended(&w, &errors);
    plot_script_release(&errors);
}

ore_status plot_run(const plot_script *script, const plot_patience *patience,
                    plot_script *picture) {
    int end[STREAMS][2];
    pid_t child = -1;
    int problem = open_streams(end) ? spawn(end, &child) : errno;
    for (int k = 0; k < STREAMS; k++)
        close_end(&end[k][1]);
    if (problem == 0)
        converse(script, patience, end, child, picture);
    for (int k = 0; k < STREAMS; k++)
        close_end(&end[k][0]);
    return problem ? start_failed(problem) : ore_error_status();
}
