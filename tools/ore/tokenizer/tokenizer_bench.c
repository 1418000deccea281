/* tokenizer_bench.c: `ore tokenizer bench`: how fast a text is encoded and decoded. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/words.h"
#include "tokenizer/tokenizer_command.h"

typedef ore_status (*pass)(void *user);

/* The shortest of the passes that fit the time, in seconds: what the machine does besides only ever
 * makes one longer. -1 with an error. */
static double shortest(pass run, void *user, double seconds) {
    double best = -1, start = ore_clock_s();
    do {
        double begin = ore_clock_s();
        if (run(user) != ORE_OK)
            return -1;
        double took = ore_clock_s() - begin;
        best = best < 0 || took < best ? took : best;
    } while (ore_clock_s() - start < seconds);
    return best;
}

typedef struct bench {
    const ore_tokenizer *tokenizer;
    encoded_text e;
    ore_encode_options options;
    char *back; /* (bytes) */
} bench;

static ore_status encode_pass(void *user) {
    bench *b = user;
    ore_tokenizer_encode_with(b->tokenizer, &b->options, b->e.text, b->e.bytes, b->e.ids, NULL,
                              b->e.count);
    return ore_error_status();
}

static ore_status decode_pass(void *user) {
    bench *b = user;
    ore_tokenizer_decode(b->tokenizer, b->e.ids, b->e.count, b->back, b->e.bytes);
    return ore_error_status();
}

static ore_status measure(bench *b, const tokenizer_config *config) {
    const double mb = 1e6;
    char bytes[COUNT_BYTES], tokens[COUNT_BYTES], threads[COUNT_BYTES];
    double encode_s = shortest(encode_pass, b, config->seconds);
    double decode_s = encode_s < 0 ? -1 : shortest(decode_pass, b, config->seconds);
    if (decode_s < 0)
        return ore_error_status();
    double size = (double)b->e.bytes;
    printf("text         %s, %s, %.3f bytes per token\n",
           counted_text((int64_t)b->e.bytes, "byte", bytes),
           counted_text(b->e.count, "token", tokens), size / (double)b->e.count);
    printf("encode       %.1f MB/s, %s\n", size / encode_s / mb,
           counted_text(ore_num_threads(), "thread", threads));
    printf("decode       %.1f MB/s\n", size / decode_s / mb);
    return ORE_OK;
}

static ore_status run_bench(const ore_tokenizer *tokenizer, const tokenizer_config *config) {
    bench b = {.tokenizer = tokenizer, .options.add_special = config->add_special != 0};
    if (encoded_text_read(&b.e, tokenizer, config, false) == ORE_OK && b.e.count == 0)
        ore_fail(ORE_DATA, "bench: the text is empty");
    b.back = ore_ok() ? malloc(b.e.bytes + 1) : NULL;
    if (b.back)
        measure(&b, config);
    else
        ore_fail(ORE_MEMORY, "bench: out of memory");
    free(b.back);
    encoded_text_free(&b.e);
    return ore_error_status();
}

const tokenizer_action action_bench = {.name = "bench",
                                       .about = "how fast a text is encoded and decoded",
                                       .input = TOKENIZER_TEXT_INPUT,
                                       .run = run_bench};
