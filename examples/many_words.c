/* many_words.c: how a vocabulary of words stays small: rare words are unknown, and words of which
 * there is no end are replaced by what they are; and what characters cost instead. */
#include <stdio.h>

#include <ore/ore.h>

enum { WORDS = 8000, TRAIN = 30000, HELD_OUT = 3000, TEXT_BYTES = 24 };

/* ---- a text as people write it: few words often, many words once ---- */

/* `count` words by Zipf's law, the word of rank k being drawn in proportion to 1 / k; between them
 * addresses, names and numbers that never come twice. Returns the bytes written. */
static size_t write_text(char *text, int count, int first) {
    double weights[WORDS];
    size_t used = 0;
    for (int k = 0; k < WORDS; k++)
        weights[k] = 1.0 / (k + 1);
    ore_scope_begin();
    ore_tensor *zipf = ore_from_data(weights, ORE_SHAPE(WORDS), ORE_FLOAT64);
    const int64_t *ranks = ore_data(ore_multinomial(zipf, count, true, NULL)); /* (count) */
    for (int i = 0; ranks && i < count; i++) {
        static const char *const forms[] = {"http://a.org/%d ", "@user%d ", "%d "};
        used += (size_t)snprintf(text + used, TEXT_BYTES, "w%lld ", (long long)ranks[i]);
        if (i % 10 < 3)
            used += (size_t)snprintf(text + used, TEXT_BYTES, forms[i % 10], first + i);
    }
    ore_scope_end();
    return used;
}

/* ---- vocabularies ---- */

/* Says what a tokenizer makes of new text, and frees it. */
static void report(const char *name, ore_tokenizer *t, const char *held_out, size_t bytes) {
    static int64_t ids[HELD_OUT * 2 * TEXT_BYTES];
    int64_t unknown = 0, n = ore_tokenizer_encode(t, held_out, bytes, ids, sizeof ids / 8);
    for (int64_t i = 0; i < n; i++)
        unknown += ids[i] == ore_tokenizer_special(t, "unk");
    printf("%-24s %6lld in the vocabulary; new text: %5lld tokens, %4.1f%% unknown\n", name,
           (long long)ore_tokenizer_size(t), (long long)n, 100.0 * (double)unknown / (double)n);
    ore_tokenizer_free(t);
}

static ore_tokenizer *words_of(const char *train, size_t bytes, const ore_word_options *o) {
    ore_word_counts *counts = ore_word_counts_new(o);
    ore_word_counts_add(counts, train, bytes);
    ore_tokenizer *t = ore_tokenizer_new_words(counts);
    ore_word_counts_free(counts);
    return t;
}

static ore_tokenizer *characters_of(const char *train, size_t bytes) {
    ore_text *text = ore_text_open_memory("train", train, bytes, NULL);
    ore_tokenizer *t = ore_tokenizer_new_char(text, false);
    ore_text_close(text);
    return t;
}

int main(void) {
    static char train[TRAIN * 2 * TEXT_BYTES], held_out[HELD_OUT * 2 * TEXT_BYTES];
    ore_manual_seed(1);
    size_t n = write_text(train, TRAIN, 0), m = write_text(held_out, HELD_OUT, TRAIN);

    ore_word_options o = ore_word_defaults();
    report("every word", words_of(train, n, &o), held_out, m);
    o.rules = ORE_WORD_URLS | ORE_WORD_USERS | ORE_WORD_NUMBERS;
    report("with rules", words_of(train, n, &o), held_out, m);
    o.min_frequency = 2;
    report("and at least twice", words_of(train, n, &o), held_out, m);
    o.min_frequency = 5;
    report("and at least 5 times", words_of(train, n, &o), held_out, m);
    o.max_size = 500;
    report("and 500 tokens at most", words_of(train, n, &o), held_out, m);
    report("characters", characters_of(train, n), held_out, m);
    return ore_ok() ? 0 : 1;
}
