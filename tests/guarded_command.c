/* guarded_command.c: linked with the objects of the command `ore`, this gives it a second device:
 * guarded memory, which --device cuda asks for. */
#include "support/guarded.h"

__attribute__((constructor)) static void register_device(void) {
    ore_backend_register(ORE_CUDA, &guarded_backend);
}
