/* words.c: quoting for a shell, and what paths end in. */
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

bool path_ends_in(const char *path, const char *ending) {
    size_t bytes = strlen(path), of_ending = strlen(ending);
    return bytes > of_ending && strcmp(path + bytes - of_ending, ending) == 0;
}
