/* interrupt.h: Ctrl-C. At first SIGINT, SIGTERM and SIGHUP end the program with EXIT_BROKEN at
 * once; a command with work to save defers them, and asks between steps. A second signal ends at
 * once. A file that outgrows its limit is an error of its write, not a signal. */
#ifndef ORE_TOOL_INTERRUPT_H
#define ORE_TOOL_INTERRUPT_H

#include <stdbool.h>

void interrupt_install(void);
/* From now on a signal only marks the request, and so does an output that nobody reads any more. */
void interrupt_defer(void);
bool interrupt_requested(void);
/* Commands that are started from here on stop, as at a signal, once this process has ended, be it
 * by one that nobody can handle. */
void interrupt_bind_children(void);

#endif
