/* shared.c: files that only some machines have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/shared.h"

enum { PATHS = 4, PATH_BYTES = 1024 };

const char *shared_file(const char *name) {
    static char paths[PATHS][PATH_BYTES];
    static int next;
    const char *folder = getenv("ORE_SHARED");
    char *path = paths[next++ % PATHS];
    snprintf(path, PATH_BYTES, "%s/%s", folder ? folder : ORE_SOURCE_DIR "/../shared", name);
    if (access(path, R_OK) != 0) {
        print_message("skipped: there is no %s\n", path);
        skip();
    }
    return path;
}
