/* suggest.c: edit distance with swaps of neighbours (optimal string alignment). */
#include <stdbool.h>
#include <string.h>

#include "cli/suggest.h"

enum { WORD_MAX = 64 }; /* letters; a longer word has no suggestion */

static int fold(char c) {
    return c == '-' ? '_' : c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static int smaller(int a, int b) {
    return a < b ? a : b;
}

/* Dynamic programming: d[i][j] is the distance between the first i letters of a and the first j of
 * b. A row depends on the two before it, so three rows suffice. */
static int edit_distance(const char *a, const char *b) {
    int rows[3][WORD_MAX + 1];
    int n = (int)strlen(a), m = (int)strlen(b);
    if (n > WORD_MAX || m > WORD_MAX)
        return WORD_MAX;
    for (int j = 0; j <= m; j++)
        rows[0][j] = j;
    for (int i = 1; i <= n; i++) {
        int *now = rows[i % 3], *before = rows[(i + 2) % 3], *two_before = rows[(i + 1) % 3];
        now[0] = i;
        for (int j = 1; j <= m; j++) {
            int cost = fold(a[i - 1]) != fold(b[j - 1]);
            now[j] = smaller(smaller(before[j] + 1, now[j - 1] + 1), before[j - 1] + cost);
            if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
                fold(a[i - 2]) == fold(b[j - 1]))
                now[j] = smaller(now[j], two_before[j - 2] + 1);
        }
    }
    return rows[n % 3][m];
}

/* Whether `word` is the beginning of a name, as "drop" of "dropout", and has at least three
 * letters. */
static bool begins(const char *name, const char *word) {
    size_t i = 0;
    while (word[i] && fold(word[i]) == fold(name[i]))
        i++;
    return !word[i] && i >= 3;
}

/* Whether two short words differ in a letter, as "test" and "best": such words are different words,
 * not one with a slip. */
static bool is_other_word(const char *a, const char *b) {
    enum { SHORT = 4 }; /* letters */
    int differ = 0, i = 0;
    for (; a[i] && b[i]; i++)
        differ += fold(a[i]) != fold(b[i]);
    return !a[i] && !b[i] && i <= SHORT && differ == 1;
}

const char *suggest_nearest(const char *word, const char *(*name)(const void *user, int i), int n,
                            const void *user) {
    enum { LETTERS_AN_EDIT = 3 }; /* with more than an edit per 3 letters it is another word */
    const char *nearest = NULL;
    int letters = (int)strlen(word);
    int distance = letters < 2 ? 0 : letters < LETTERS_AN_EDIT ? 2 : letters / LETTERS_AN_EDIT + 1;
    for (int i = 0; i < n; i++) {
        int d = edit_distance(word, name(user, i));
        if (d < distance && !is_other_word(word, name(user, i))) {
            distance = d;
            nearest = name(user, i);
        }
    }
    for (int i = 0; i < n && !nearest; i++)
        if (begins(name(user, i), word))
            nearest = name(user, i);
    return nearest;
}
