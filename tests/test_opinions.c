/* test_opinions.c: the reviews of lab/frame/opinions.c say what their labels say, by a reading of
 * their words that shares nothing with their making but the lists of adjectives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/table.h>

#include "lab/frame/opinions.h"

static bool has(const char *text, const char *words) {
    size_t n = strlen(words);
    for (const char *p = text; (p = strstr(p, words)) != NULL; p++)
        if ((p == text || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
            return true;
    return false;
}

static bool has_any(const char *text, const char *const *list) {
    bool found = false;
    for (; *list; list++)
        found = found || has(text, *list);
    return found;
}

/* +1 or -1, what the adjective of a clause says of its thing; 0 where there is none. */
static int sign_of_adjective(const char *clause) {
    if (has_any(clause, opinion_good))
        return 1;
    if (has_any(clause, opinion_bad))
        return -1;
    for (int i = 0; i < OPINION_AMBIGUITIES; i++) {
        const opinion_ambiguity *a = &opinion_ambiguities[i];
        if (has(clause, a->word))
            return has_any(clause, a->good_of) ? 1 : has_any(clause, a->bad_of) ? -1 : 0;
    }
    return 0;
}

/* What a review says: the part behind "but" where there is one, without remarks between ";". */
static bool reads_as_positive(const char *text) {
    static const char *const turns[] = {"not", "never", "hardly", "far from", "anything but", NULL};
    static const char *const ironies[] = {"oh sure", "yeah right", "of course", "as if", NULL};
    char copy[OPINION_BYTES], *rest = copy, *clause = NULL, *part;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *p = copy; (p = strstr(p, "anything but")) != NULL; p++)
        memcpy(p, "anything-but", 12); /* this "but" joins nothing */
    while ((part = strsep(&rest, ";")) != NULL)
        if (sign_of_adjective(part) != 0)
            clause = part;
    assert_non_null(clause);
    char *but = strstr(clause, " but ");
    clause = but ? but + 5 : clause;
    int sign = sign_of_adjective(clause);
    assert_int_not_equal(sign, 0);
    sign *= has_any(clause, turns) || strstr(clause, "anything-but") ? -1 : 1;
    return sign * (has_any(clause, ironies) ? -1 : 1) > 0;
}

static void test_labels(void **state) {
    (void)state;
    enum { REVIEWS = 3000 };
    int positive = 0, negated = 0, ironic = 0, ambiguous = 0;
    ore_python_random *random = ore_python_random_new(1);
    for (int i = 0; i < REVIEWS; i++) {
        opinion r;
        opinion_draw(&r, i % 2, random);
        assert_true(strlen(r.text) < OPINION_BYTES - 1);
        assert_null(strpbrk(r.text, ",\"\n"));
        if (reads_as_positive(r.text) != r.positive)
            fail_msg("'%s' is not %s", r.text, opinion_label(&r));
        positive += r.positive;
        negated += r.negations > 0;
        ironic += r.ironies > 0;
        ambiguous += r.ambiguous > 0;
    }
    assert_true(positive > REVIEWS * 0.45 && positive < REVIEWS * 0.55);
    assert_true(negated > REVIEWS / 4 && ironic > REVIEWS / 6 && ambiguous > REVIEWS / 6);
    ore_python_random_free(random);
}

static void test_embedded(void **state) {
    (void)state;
    size_t bytes, again;
    char *text = opinions_csv(&bytes), *same = opinions_csv(&again);
    assert_int_equal(bytes, again);
    assert_memory_equal(text, same, bytes);
    ore_table *table = ore_table_open_memory("reviews.csv", text, bytes, NULL);
    int64_t rows = 0;
    for (const ore_row *row; (row = ore_table_next(table)) != NULL; rows++)
        assert_true(reads_as_positive(ore_row_text(row, 0, NULL)) ==
                    (strcmp(ore_row_text(row, 1, NULL), "positive") == 0));
    assert_int_equal(rows, 4000);
    ore_table_close(table);
    free(same);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_embedded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
