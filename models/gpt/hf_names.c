/* hf_names.c: tensors of the GPT by the names of other checkpoints. */
#include <stdio.h>
#include <string.h>

#include "models/gpt/hf.h"

/* Whether a name's beginning matches a pattern, "#" standing for a number; *rest is what follows,
 * and number what the number was. */
static bool matches(const char *name, const char *pattern, char *number, const char **rest) {
    enum { DIGITS = 8 };
    number[0] = '\0';
    while (*pattern) {
        if (*pattern == '#') {
            size_t digits = strspn(name, "0123456789");
            if (digits == 0 || digits > DIGITS)
                return false;
            memcpy(number, name, digits);
            number[digits] = '\0';
            name += digits;
        } else if (*name++ != *pattern) {
            return false;
        }
        pattern++;
    }
    *rest = name;
    return *name == '.';
}

bool hf_name_of(const hf_name *names, const char *ours, char *text, hf_change *change) {
    char number[16];
    const char *rest = "";
    const hf_name *n = names;
    while (n->ours && !matches(ours, n->ours, number, &rest))
        n++;
    if (!n->ours)
        return false;
    const char *mark = strchr(n->theirs, '#');
    int before = mark ? (int)(mark - n->theirs) : (int)strlen(n->theirs);
    snprintf(text, HF_NAME_BYTES, "%.*s%s%s%s", before, n->theirs, number, mark ? mark + 1 : "",
             rest);
    *change = n->change == HF_TRANSPOSED && strcmp(rest, ".weight") != 0 ? HF_SAME : n->change;
    return true;
}
