/* words.c: numbers as people read them, and words as a shell does. */
#include <stdio.h>
#include <string.h>

#include "cli/words.h"

const char *grouped_text(int64_t value, char *text) {
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%lld", (long long)value), used = 0;
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0 && digits[i - 1] != '-')
            text[used++] = ',';
        text[used++] = digits[i];
    }
    text[used] = '\0';
    return text;
}

const char *counted_text(int64_t count, const char *noun, char *text) {
    char number[COUNT_BYTES];
    snprintf(text, COUNT_BYTES, "%.32s %.30s%s", grouped_text(count, number), noun,
             count == 1 ? "" : "s");
    return text;
}

const char *shell_path(const char *path, char *text, size_t bytes) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "_@%+=:,./-"; /* marks that no shell takes for its own */
    const char *dash = *path == '-' ? "./" : "";
    if (4 * strlen(path) + sizeof "./''" > bytes) /* each byte a quote: '\'' */
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
