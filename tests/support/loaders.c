/* loaders.c: data for tests of loaders, and what batches must hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/loaders.h"
#include "support/scratch.h"

int64_t numbers[MANY];

int numbers_setup(void **state) {
    for (int i = 0; i < MANY; i++)
        numbers[i] = i;
    return scratch_setup(state);
}

void corpus_on(corpus *c, ore_text *text, const ore_token_parts_options *o) {
    c->text = text;
    c->tokenizer = ore_tokenizer_new_char(text, o && o->documents);
    c->tokens = ore_tokens_of_text(text, c->tokenizer);
    c->parts = ore_token_parts_new(c->tokens, NULL, o);
    if (!c->parts)
        fail_msg("%s", ore_error_message());
}

void corpus_of(corpus *c, const char *s, const ore_token_parts_options *o) {
    corpus_on(c, ore_text_open_memory("corpus.txt", s, strlen(s), NULL), o);
}

void corpus_free(corpus *c) {
    ore_token_parts_free(c->parts);
    ore_tokens_close(c->tokens);
    ore_tokenizer_free(c->tokenizer);
    ore_text_close(c->text);
}

void assert_ids(const ore_tensor *t, ore_shape shape, const int64_t *want) {
    assert_non_null(t);
    assert_int_equal(ore_tensor_dtype(t), ORE_INT64);
    assert_true(ore_shape_equal(ore_shape_of(t), shape));
    const int64_t *got = ore_data(t);
    for (int64_t i = 0; i < ore_numel(t); i++)
        assert_int_equal(got[i], want[i]);
}

void assert_end(ore_loader *loader) {
    ore_batch end = ore_loader_next(loader);
    assert_true(ore_ok());
    assert_null(end.x);
    assert_null(end.y);
}
