/* interrupt.c: the signal handler. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/interrupt.h"

static volatile sig_atomic_t deferred, requested, unheard;
static const char parent_variable[] = "ORE_PARENT";
static pid_t parent; /* the process whose end counts as a signal; 0: none */

static void on_signal(int signal_number) {
    (void)signal_number;
    if (!deferred || requested)
        _exit(EXIT_BROKEN);
    requested = 1;
}

/* SIGPIPE alone does not end the program: in a pipeline it may come just before the Ctrl-C that
 * ended the reader, and what was to be saved then still is. */
static void on_broken_pipe(int signal_number) {
    (void)signal_number;
    unheard = 1;
}

void interrupt_install(void) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, hang_up;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, NULL, &hang_up);
    if (hang_up.sa_handler != SIG_IGN) /* ignored under nohup, and stays so */
        sigaction(SIGHUP, &action, NULL);
    signal(SIGXFSZ, SIG_IGN);
}

void interrupt_defer(void) {
    struct sigaction action = {.sa_handler = on_broken_pipe, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGPIPE, &action, NULL);
    const char *named = getenv(parent_variable);
    parent = named ? (pid_t)atol(named) : 0;
    deferred = 1;
}

void interrupt_bind_children(void) {
    char own[32];
    snprintf(own, sizeof own, "%ld", (long)getpid());
    setenv(parent_variable, own, 1);
}

/* The end of the parent shows in getppid, which then returns another process. */
bool interrupt_requested(void) {
    if (parent > 0 && getppid() != parent)
        requested = 1;
    return requested || unheard;
}
