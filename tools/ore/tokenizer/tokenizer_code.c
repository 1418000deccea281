/* tokenizer_code.c: `ore tokenizer encode` and `decode`. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tokenizer/tokenizer_command.h"

static ore_status check_output(void) {
    return fflush(stdout) == 0 && !ferror(stdout)
               ? ORE_OK
               : ore_fail(ORE_IO, "standard output: it cannot be written");
}

static ore_status encode(const ore_tokenizer *tokenizer, const tokenizer_config *config) {
    encoded_text e;
    if (encoded_text_read(&e, tokenizer, config, false) == ORE_OK) {
        for (int64_t i = 0; i < e.count; i++)
            printf(i ? " %lld" : "%lld", (long long)e.ids[i]);
        putchar('\n');
        check_output();
    }
    encoded_text_free(&e);
    return ore_error_status();
}

const tokenizer_action action_encode = {
    .name = "encode",
    .about = "the ids of a text, on one line, with spaces between them",
    .input = TOKENIZER_TEXT_INPUT,
    .run = encode};

/* ---- decoding ---- */

/* A stream of ids. A token's text may depend on whether it is the first, so each is decoded behind
 * the one before it. */
typedef struct decoding {
    const ore_tokenizer *tokenizer;
    int64_t before; /* -1 at the start */
    char *text;     /* (capacity) of a token and the one before */
    char held[4];   /* the beginning of a character */
    size_t held_bytes;
    bool flush;        /* ids come bit by bit */
    const char *input; /* what they come from, for messages */
} decoding;

enum { TEXT_BYTES = 4 * ORE_TOKEN_BYTES };

/* How many bytes at the end of a text begin a character that is not whole; 0 to 3. */
static size_t begun(const char *text, size_t bytes) {
    for (size_t back = 1; back <= 3 && back <= bytes; back++) {
        unsigned char lead = (unsigned char)text[bytes - back];
        size_t whole = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
        if ((lead & 0xC0) != 0x80)
            return whole > back ? back : 0;
    }
    return 0;
}

/* Writes the text of the next id but for a character that is not whole, which waits for its other
 * bytes. */
static ore_status decode_next(decoding *d, int64_t id) {
    const int64_t both[] = {d->before, id};
    int64_t from = d->before < 0
                       ? 0
                       : ore_tokenizer_decode(d->tokenizer, both, 1, d->text + 4, TEXT_BYTES - 4);
    int64_t end = d->before < 0
                      ? ore_tokenizer_decode(d->tokenizer, &id, 1, d->text + 4, TEXT_BYTES - 4)
                      : ore_tokenizer_decode(d->tokenizer, both, 2, d->text + 4, TEXT_BYTES - 4);
    if (from < 0 || end < from)
        return ore_error_status();
    char *start = d->text + 4 + from - d->held_bytes;
    memcpy(start, d->held, d->held_bytes);
    size_t bytes = (size_t)(end - from) + d->held_bytes;
    d->held_bytes = begun(start, bytes);
    fwrite(start, 1, bytes - d->held_bytes, stdout);
    memcpy(d->held, start + bytes - d->held_bytes, d->held_bytes);
    d->before = id;
    if (d->flush)
        fflush(stdout);
    return ORE_OK;
}

/* The id that a word of the input is. */
static ore_status read_id(const decoding *d, const char *word, bool cut, int64_t *id) {
    char *end;
    errno = 0;
    *id = strtoll(word, &end, 10);
    if (*end || end == word || cut)
        return ore_fail(ORE_DATA, "%s: \"%s%s\", expected an id", d->input, word, cut ? "..." : "");
    if (errno == ERANGE)
        return ore_fail(ORE_DATA, "decode: id %s, expected 0 to %lld", word,
                        (long long)ore_tokenizer_size(d->tokenizer) - 1);
    return ORE_OK;
}

static ore_status read_ids(decoding *d) {
    char word[64]; /* an id has at most 8 digits */
    while (ore_ok() && scanf("%63s", word) == 1) {
        int64_t id;
        if (read_id(d, word, strlen(word) == sizeof word - 1, &id) == ORE_OK)
            decode_next(d, id);
    }
    if (ore_ok() && ferror(stdin))
        ore_fail(ORE_IO, "%s: cannot read: %s", d->input, strerror(errno));
    fwrite(d->held, 1, d->held_bytes, stdout);
    return ore_ok() ? check_output() : ore_error_status();
}

static ore_status decode(const ore_tokenizer *tokenizer, const tokenizer_config *config) {
    struct stat input;
    bool file = fstat(fileno(stdin), &input) == 0 && S_ISREG(input.st_mode);
    decoding d = {.tokenizer = tokenizer, .before = -1, .flush = !file};
    d.input = *config->text ? config->text : "standard input";
    if (*config->text && !freopen(config->text, "r", stdin))
        return ore_fail(ORE_IO, "%s: cannot open: %s", config->text, strerror(errno));
    d.text = malloc(TEXT_BYTES);
    if (!d.text)
        return ore_fail(ORE_MEMORY, "tokenizer: out of memory");
    read_ids(&d);
    free(d.text);
    return ore_error_status();
}

const tokenizer_action action_decode = {.name = "decode",
                                        .about = "the text of ids, each as soon as it is read",
                                        .input =
                                            ", and the ids on standard input or by --text FILE",
                                        .run = decode};
