/* interrupt.c: the signal handler. */
#include <signal.h>
#include <unistd.h>

#include "command.h"
#include "interrupt.h"

static volatile sig_atomic_t deferred, requested;

static void on_signal(int signal_number) {
    (void)signal_number;
    if (!deferred || requested)
        _exit(EXIT_BROKEN);
    requested = 1;
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
    deferred = 1;
}

bool interrupt_requested(void) {
    return requested != 0;
}
