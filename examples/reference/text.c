/* text.c: a text, its alphabet, ids and back. */
#include <stdio.h>
#include <string.h>

#include <ore/ore.h>

int main(void) {
    const char *words = "na\xc3\xafve anna"; /* naive, with a diaeresis: two bytes, one token */
    ore_text *text = ore_text_open_memory("words", words, strlen(words), NULL);
    ore_tokenizer *tokenizer = ore_tokenizer_new_char(text, false);
    printf("%lld characters, %lld different\n", (long long)ore_text_length(text),
           (long long)ore_tokenizer_size(tokenizer));

    int64_t ids[16];
    int64_t n = ore_tokenizer_encode(tokenizer, "vienna", 6, ids, 16);
    if (n < 0) {
        printf("%s\n", ore_error_message());
        ore_error_clear();
    }
    n = ore_tokenizer_encode(tokenizer, "naan", 4, ids, 16);
    for (int64_t i = 0; i < n; i++)
        printf("%lld ", (long long)ids[i]);
    char back[16];
    int64_t bytes = ore_tokenizer_decode(tokenizer, ids, n, back, sizeof back);
    printf("is %.*s\n", (int)bytes, back);
    ore_tokenizer_free(tokenizer);
    ore_text_close(text);
    return ore_ok() ? 0 : 1;
}
