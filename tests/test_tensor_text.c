/* test_tensor_text.c: texts of tensors against PyTorch's, in golden/print.txt. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ops.h>

enum { TEXT_BYTES = 1 << 16, VALUES = 2048 };

typedef struct print_case {
    ore_dtype dtype;
    ore_shape shape;
    bool grad;
    int n;
    double values[VALUES];
} print_case;

/* "# float32 2 3 : grad 1.0 2.5" */
static void parse_header(char *line, print_case *c) {
    char *rest, *word = strtok_r(line, " \n", &rest); /* "#" */
    word = strtok_r(NULL, " \n", &rest);
    assert_true(ore_dtype_from_name(word, &c->dtype));
    c->shape = ORE_SCALAR;
    while (strcmp(word = strtok_r(NULL, " \n", &rest), ":") != 0)
        c->shape.dim[c->shape.ndim++] = atoll(word);
    c->grad = false;
    c->n = 0;
    while ((word = strtok_r(NULL, " \n", &rest)) && c->n < VALUES)
        if (strcmp(word, "grad") == 0)
            c->grad = true;
        else
            c->values[c->n++] = strtod(word, NULL);
}

static ore_tensor *tensor_of(const print_case *c) {
    int64_t n = ore_shape_numel(c->shape);
    double *data = malloc((size_t)(n + 1) * sizeof *data);
    for (int64_t i = 0; i < n; i++)
        data[i] = c->values[i % c->n];
    ore_tensor *t = ore_to(ore_from_data(data, c->shape, ORE_FLOAT64), c->dtype);
    free(data);
    return c->grad ? ore_set_requires_grad(t, true) : t;
}

static void texts_are_pytorchs(void **state) {
    (void)state;
    FILE *file = fopen(ORE_TEST_DIR "/golden/print.txt", "r");
    assert_non_null(file);
    static char want[TEXT_BYTES];
    static print_case c;
    char *line = NULL;
    size_t capacity = 0;
    int cases = 0, failed = 0;
    while (getline(&line, &capacity, file) > 0) {
        if (strncmp(line, "# ", 2) == 0) {
            parse_header(line, &c);
            *want = 0;
        } else if (strcmp(line, "#\n") != 0) {
            strncat(want, line, sizeof want - strlen(want) - 1);
        } else {
            want[strlen(want) - 1] = 0; /* the last newline is print's */
            ore_scope_begin();
            char *got = ore_tensor_text(tensor_of(&c));
            assert_non_null(got);
            if (strcmp(got, want) != 0) {
                print_error("got\n%s\nexpected\n%s\n", got, want);
                failed++;
            }
            ore_string_free(got);
            ore_scope_end();
            cases++;
        }
    }
    free(line);
    fclose(file);
    print_message("%d texts compared\n", cases);
    assert_true(cases > 40);
    assert_int_equal(failed, 0);
}

static void views_are_read_by_their_strides(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *t = ore_reshape(ore_arange(0, 6, 1, ORE_INT64), ORE_SHAPE(2, 3));
    char *text = ore_tensor_text(ore_t(t));
    assert_string_equal(text, "tensor([[0, 3],\n        [1, 4],\n        [2, 5]])");
    ore_string_free(text);
    text = ore_tensor_text(ore_expand(ore_scalar(2, ORE_FLOAT32), ORE_SHAPE(3)));
    assert_string_equal(text, "tensor([2., 2., 2.])");
    ore_string_free(text);
    ore_scope_end();
}

static void a_missing_tensor_has_no_text(void **state) {
    (void)state;
    assert_null(ore_tensor_text(NULL));
    assert_string_equal(ore_error_message(), "tensor_text: argument 1 is NULL");
    ore_error_clear();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_pytorchs),
        cmocka_unit_test(views_are_read_by_their_strides),
        cmocka_unit_test(a_missing_tensor_has_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
