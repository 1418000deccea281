/* test_names.c: the form of the embedded name list, data/names.txt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void names_are_sorted_distinct_and_plain(void **state) {
    (void)state;
    FILE *file = fopen(ORE_SOURCE_DIR "/data/names.txt", "r");
    assert_non_null(file);
    char line[64];
    char last[64] = "";
    int count = 0;
    while (fgets(line, sizeof line, file)) {
        size_t length = strcspn(line, "\n");
        assert_int_equal(line[length], '\n');
        line[length] = '\0';
        assert_in_range(length, 2, 14);
        assert_int_equal(strspn(line, "abcdefghijklmnopqrstuvwxyz"), length);
        assert_true(strcmp(last, line) < 0);
        memcpy(last, line, length + 1);
        count++;
    }
    fclose(file);
    assert_true(count >= 2000);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(names_are_sorted_distinct_and_plain)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
