/* published.c: tokenizers that others published, and the ids that others say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <glob.h>

#include "base/files.h"
#include "support/published.h"

const char *published_file(const char *name) {
    static char path[1024];
    glob_t found;
    const char *folder = getenv("ORE_MODELS");
    snprintf(path, sizeof path, "%s/%s", folder ? folder : "", name);
    if (!folder || glob(path, 0, NULL, &found) != 0) {
        printf("skipped: %s is not there: set ORE_MODELS to the folder that has it\n", name);
        skip();
    }
    snprintf(path, sizeof path, "%s", found.gl_pathv[0]);
    globfree(&found);
    return path;
}

/* The ids of a text, which the line at `line` must have; returns its end. */
static char *expect_line(const ore_tokenizer *t, const char *text, size_t size, char *line) {
    enum { IDS = 1 << 14 };
    static int64_t ids[IDS];
    int64_t count = ore_tokenizer_encode(t, text, size, ids, IDS);
    assert_in_range(count, 0, IDS);
    for (int64_t i = 0; i < count; i++)
        if (strtoll(line, &line, 10) != ids[i])
            fail_msg("%.*s: id %lld is %lld", (int)size, text, (long long)i, (long long)ids[i]);
    line += strspn(line, " ");
    if (*line != '\n' && *line != '\0')
        fail_msg("%.*s: more ids than %lld", (int)size, text, (long long)count);
    return line + (*line == '\n');
}

int expect_published_ids(const ore_tokenizer *tokenizer, const char *inputs, const char *outputs) {
    static const char between[] = "\n__ggml_vocab_test__\n";
    size_t input_bytes, output_bytes;
    char *input = ore_file_read(inputs, &input_bytes);
    char *output = ore_file_read(outputs, &output_bytes), *line = output;
    int cases = 0;
    assert_non_null(input);
    assert_non_null(output);
    for (char *at = input, *end; at; at = end ? end + strlen(between) : NULL, cases++) {
        end = memmem(at, (size_t)(input + input_bytes - at), between, strlen(between));
        line = expect_line(tokenizer, at, (size_t)((end ? end : input + input_bytes) - at), line);
    }
    ore_string_free(input);
    ore_string_free(output);
    return cases;
}
