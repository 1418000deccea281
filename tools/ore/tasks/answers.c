/* answers.c: how a model answers the lines of standard input, and answers that are classes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ore/ops.h>

#include "cli/words.h"
#include "tasks/answers.h"

ore_status answer_lines(void *user,
                        ore_status (*answer)(void *user, const char *line, size_t bytes)) {
    char *line = NULL, place[64];
    size_t capacity = 0;
    ssize_t length;
    for (int64_t number = 1; ore_ok() && (length = getline(&line, &capacity, stdin)) >= 0;
         number++) {
        while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
            line[--length] = 0;
        if (memchr(line, 0, (size_t)length))
            ore_fail(ORE_DATA, "byte %zu is a NUL, which no text has", strlen(line));
        else if (answer(user, line, (size_t)length) == ORE_OK)
            continue;
        snprintf(place, sizeof place, "standard input: line %lld", (long long)number);
        ore_error_locate(place);
    }
    if (ore_ok() && ferror(stdin))
        ore_fail(ORE_IO, "standard input: cannot be read: %s", strerror(errno));
    free(line);
    return ore_error_status();
}

ore_status answer_flush(void) {
    if (ore_ok() && fflush(stdout) != 0)
        ore_fail(ORE_IO, "the output cannot be written");
    return ore_error_status();
}

/* ---- classes ---- */

ore_status classify(const trained_model *m, ore_tensor *x, int64_t class_count, ranked_classes *r) {
    ore_tensor *order;
    *r = (ranked_classes){.count = 0};
    ore_no_grad_begin();
    ore_batch batch = {.x = ore_to_device(x, m->model->device), .tokens = 1};
    ore_tensor *logits = model_forward((void *)(uintptr_t)m->model, &batch);
    ore_tensor *row = ore_narrow(ore_select(logits, 0, 0), 0, 0, class_count); /* (class_count) */
    ore_tensor *shares = ore_to_device(ore_softmax(ore_to(row, ORE_FLOAT64), 0), ORE_CPU);
    ore_tensor *sorted = ore_sort(shares, 0, true, &order);
    ore_no_grad_end();
    if (ore_ok())
        *r = (ranked_classes){ore_data(sorted), ore_data(order), class_count};
    return ore_error_status();
}

void print_ranked(const ranked_classes *r, char *const *names, int64_t top) {
    for (int64_t i = 0; i < top && i < r->count; i++)
        printf("%s\t%.4f\t", names[r->order[i]], r->shares[i]);
}

void print_classes(FILE *out, char *const *names, int64_t count) {
    enum { SHOWN = 8 };
    char number[COUNT_BYTES];
    fprintf(out, "%s:", counted_text(count, "label", number));
    for (int64_t i = 0; i < count && i < SHOWN; i++)
        fprintf(out, "%s %s", i > 0 ? "," : "", names[i]);
    fputs(count > SHOWN ? ", ..\n" : "\n", out);
}
