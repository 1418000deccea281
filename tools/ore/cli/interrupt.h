/* interrupt.h: Ctrl-C. SIGINT, SIGTERM and SIGHUP end the program at once, with EXIT_BROKEN. A
 * command that has work to save calls interrupt_defer: a first signal is then only noted, the
 * command asks for it between steps, and a second one ends the program at once. SIGXFSZ is ignored,
 * so that a file above its size limit is an error of the write. */
#ifndef ORE_TOOL_INTERRUPT_H
#define ORE_TOOL_INTERRUPT_H

#include <stdbool.h>

/* Sets the signal handlers; main calls it once. */
void interrupt_install(void);
/* From now on a first signal is only noted, and so is an output whose reader has gone (SIGPIPE). */
void interrupt_defer(void);
/* Whether a signal has been noted. */
bool interrupt_requested(void);
/* `ore` commands that this process starts from now on stop, as after a signal, once this process
 * has ended, even if SIGKILL ended it. */
void interrupt_bind_children(void);

#endif
