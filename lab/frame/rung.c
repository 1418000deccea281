/* rung.c: which published rows belong to a rung. */
#include <string.h>

#include "lab/frame/rung.h"

bool lab_matches(const char *patterns, const char *id) {
    for (const char *p = patterns; *p;) {
        size_t length = strcspn(p, " ");
        bool open = p[length - 1] == '*';
        if (strncmp(p, id, length - open) == 0 && (open || id[length] == '\0'))
            return true;
        p += length + strspn(p + length, " ");
    }
    return false;
}
