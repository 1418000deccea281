/* command.c: exit statuses. */
#include "cli/command.h"

int usage_failure(void) {
    return ore_error_status() == ORE_INVALID ? EXIT_USAGE : EXIT_RUN;
}
