/* words.c: quoting for a shell. */
#include <stdio.h>
#include <string.h>

#include "cli/words.h"

const char *shell_path(const char *path, char *text, size_t bytes) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "_@%+=:,./-"; /* characters without a meaning to a shell */
    const char *dash = *path == '-' ? "./" : "";
    if (4 * strlen(path) + sizeof "./''" > bytes) /* at most: each byte is a quote, written '\'' */
        return path;
    if (*path && !path[strspn(path, plain)]) {
        snprintf(text, bytes, "%s%s", dash, path);
        return text;
    }
    size_t used = (size_t)snprintf(text, bytes, "'%s", dash);
    for (; *path; path++)
        used += (size_t)snprintf(text + used, bytes - used, *path == '\'' ? "'\\''" : "%c", *path);
    snprintf(text + used, bytes - used, "'");
    return text;
}
