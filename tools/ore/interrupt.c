/* interrupt.c: the signal handler. */
#include <signal.h>
#include <unistd.h>

#include "command.h"
#include "interrupt.h"

static volatile sig_atomic_t deferred, requested, unheard;

static void on_signal(int signal_number) {
    (void)signal_number;
    if (!deferred || requested)
        _exit(EXIT_BROKEN);
    requested = 1;
}

/* Never the end by itself: in a pipe it comes beside the Ctrl-C that ended the reader. */
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
    if (hang_up.sa_handler != SIG_IGN) /* nohup */
        sigaction(SIGHUP, &action, NULL);
    signal(SIGXFSZ, SIG_IGN);
}

void interrupt_defer(void) {
    struct sigaction action = {.sa_handler = on_broken_pipe, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGPIPE, &action, NULL);
    deferred = 1;
}

bool interrupt_requested(void) {
    return requested || unheard;
}
