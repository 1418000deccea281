/* words.c: numbers as people read them. */
#include <stdio.h>

#include "models/words.h"

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
