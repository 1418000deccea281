/* modules.c: what tests ask of modules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/modules.h"

void assert_names(ore_tensor_list list, const char *const *names) {
    int64_t count = 0;
    while (names[count])
        count++;
    assert_int_equal(list.count, count);
    for (int64_t i = 0; i < count; i++)
        assert_string_equal(list.items[i].name, names[i]);
    ore_tensor_list_free(&list);
}
