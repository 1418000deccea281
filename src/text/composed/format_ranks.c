/* format_ranks.c: tiktoken's rank files. A line has a token's bytes in Base64 (RFC 4648), a
 * space, and its rank, which is its id. How texts are split, the file does not say. */
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/memory.h"
#include "text/composed/bpe.h"
#include "text/composed/decoders.h"
#include "text/composed/pre_tokenize.h"
#include "text/composed/split.h"
#include "text/composed/tokenizer_json.h"

/* ---- files that are known ---- */

typedef struct known_file {
    const char *name, *digest, *pattern;
    int64_t end_of_text; /* the id of <|endoftext|>, which is not in the file */
} known_file;

static const known_file known_files[] = {
#define RANKS(name, digest, pattern, end_of_text) {name, digest, pattern, end_of_text},
#include "text/composed/rank_files.def"
#undef RANKS
};

enum { KNOWN_FILES = sizeof known_files / sizeof *known_files };

static const known_file *known(const ore_tokenizer_file *file) {
    char digest[ORE_DIGEST_TEXT_BYTES];
    ore_digest_text(ore_digest_of(file->bytes, file->size), digest);
    for (int i = 0; i < KNOWN_FILES; i++)
        if (strcmp(digest, known_files[i].digest) == 0)
            return &known_files[i];
    return NULL;
}

/* ---- lines ---- */

static int value_of(char c) {
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* The bytes that `size` characters of Base64 stand for, into `bytes` (size); -1 where they are
 * none. A "=" alone, as Whisper's file has it, stands for no bytes. */
static int64_t read_base64(const char *text, size_t size, char *bytes) {
    int64_t count = 0;
    uint32_t bits = 0;
    size_t digits = 0, padding = 0;
    if (size == 1 && *text == '=')
        return 0;
    for (size_t i = 0; i < size; i++) {
        int value = text[i] == '=' ? 0 : value_of(text[i]);
        if (value < 0 || (padding && text[i] != '='))
            return -1;
        padding += text[i] == '=';
        bits = bits << 6 | (uint32_t)value;
        if (++digits % 4)
            continue;
        for (int shift = 16; shift >= 0; shift -= 8)
            bytes[count++] = (char)(bits >> shift);
    }
    return digits % 4 == 0 && padding <= 2 && count > (int64_t)padding ? count - (int64_t)padding
                                                                       : -1;
}

/* A line's token and rank; false where it is none. */
static bool read_line(const char *line, size_t size, char *bytes, int64_t *count, int64_t *rank) {
    const char *space = memchr(line, ' ', size);
    size_t text = space ? (size_t)(space - line) : 0;
    *rank = 0;
    if (text == 0 || text > 2 * ORE_TOKEN_BYTES || text + 1 == size || size - text > 9)
        return false;
    for (const char *digit = space + 1; digit < line + size; digit++) {
        if (*digit < '0' || *digit > '9')
            return false;
        *rank = *rank * 10 + (*digit - '0');
    }
    *count = read_base64(line, text, bytes);
    return *count >= 0;
}

/* The length of the line at `at`, and where the next one begins. */
static size_t line_size(const ore_tokenizer_file *file, size_t at, size_t *next) {
    const char *end = memchr(file->bytes + at, '\n', file->size - at);
    size_t size = end ? (size_t)(end - file->bytes) - at : file->size - at;
    *next = at + size + (end != NULL);
    return size > 0 && file->bytes[at + size - 1] == '\r' ? size - 1 : size;
}

static bool ranks_matches(const ore_tokenizer_file *file) {
    char bytes[2 * ORE_TOKEN_BYTES];
    int64_t count, rank;
    size_t next;
    return !file->json && file->size > 0 &&
           read_line(file->bytes, line_size(file, 0, &next), bytes, &count, &rank);
}

static void read_ranks(const ore_tokenizer_file *file, ore_vocab *vocab) {
    char bytes[2 * ORE_TOKEN_BYTES];
    int64_t count, rank, number = 1;
    for (size_t at = 0, next; at < file->size && ore_ok(); at = next, number++) {
        size_t size = line_size(file, at, &next);
        if (size == 0)
            continue;
        if (!read_line(file->bytes + at, size, bytes, &count, &rank))
            ore_fail(ORE_DATA, "line %lld: expected a token in Base64, a space and its rank",
                     (long long)number);
        else
            ore_vocab_put(vocab, rank, bytes, (size_t)count);
    }
}

/* ---- tokenizers ---- */

/* A rank file's text falls into single bytes where nothing merges. */
static ore_status check_bytes(const ore_vocab *vocab) {
    for (int byte = 0; byte < 256; byte++) {
        const char bytes[] = {(char)byte};
        if (ore_vocab_find(vocab, bytes, 1) < 0)
            return ore_fail(ORE_DATA, "byte 0x%02X has no rank", (unsigned)byte);
    }
    return ORE_OK;
}

static ore_stage *make_splitter(const ore_tokenizer_file *file, const known_file *k) {
    const char *pattern = file->options->pattern ? file->options->pattern : k ? k->pattern : NULL;
    if (!pattern) {
        ore_fail(
            ORE_INVALID,
            "%s: a tiktoken rank file that Ore does not know: its texts are split by a pattern "
            "that it does not have; give one (--pattern gpt2, cl100k, o200k, or a regular "
            "expression)",
            file->path);
        return NULL;
    }
    /* As tokenizer.json has it: there, bytes are a stage of their own. */
    ore_stage *stages[] = {ore_split_named_new(pattern, file->path),
                           ore_byte_level_new(false, false)};
    return ore_pre_tokenizer_sequence_new(stages, 2);
}

static void read_into(ore_composed *self, const ore_tokenizer_file *file) {
    ore_bpe_options options = ore_bpe_defaults();
    options.ignore_merges = true;
    options.drop_unknown = true; /* as what tokenizer.json has reads: all bytes have tokens */
    ore_merge *merges = NULL;
    self->byte_level = true;
    read_ranks(file, &self->vocab);
    if (ore_ok() && check_bytes(&self->vocab) == ORE_OK) {
        int64_t count = ore_bpe_merges_of_ranks(&self->vocab, &merges);
        if (count >= 0)
            self->model = ore_bpe_new(self, merges, count, &options);
        ore_release(merges);
    }
    ore_error_locate(file->path);
}

static ore_tokenizer *ranks_read(const ore_tokenizer_file *file) {
    static const char end_of_text[] = "<|endoftext|>";
    const known_file *k = known(file);
    ore_composed *self = ore_composed_new();
    if (!self)
        return NULL;
    self->pre_tokenizer = make_splitter(file, k);
    self->decoder = ore_no_error() ? ore_byte_level_decoder_new() : NULL;
    if (ore_ok())
        read_into(self, file);
    if (ore_ok() && k)
        ore_vocab_put(&self->vocab, k->end_of_text, end_of_text, sizeof end_of_text - 1);
    ore_tokenizer *tokenizer = ore_composed_finish(self);
    if (tokenizer)
        ore_composed_name_separator(tokenizer);
    return tokenizer;
}

const ore_tokenizer_format ore_ranks_format = {.name = "a tiktoken rank file",
                                               .takes_pattern = true,
                                               .matches = ranks_matches,
                                               .read = ranks_read};
