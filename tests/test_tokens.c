/* test_tokens.c: texts as tokens: encoding in pieces, token files, caches of them, and decoding of
 * characters that are split over tokens. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ore/text.h>

#include "data/token_file.h"
#include "support/pieces.h"
#include "support/scratch.h"
#include "support/word_tokenizer.h"
#include "text/encode.h"
#include "base/utf8.h"

static const char *const words[] = {"the ", "th", "theory", "\xC3\xA9t\xC3\xA9", "\xE2\x82"};
enum { WORDS = sizeof words / sizeof *words };

/* Words, parts of them, characters of all lengths and lines. */
static const char sample[] =
    "the theory th\xC3\xA9 \xC3\xA9t\xC3\xA9\nthe thth theor\xE2\x82\xAC\xE2\x82\n"
    "\xF0\x9F\x98\x80theory theory\n\n\xC3\xA9t\xC3\xA9the end";

/* ---- encoding in pieces ---- */

/* The same ids, however the text is cut. */
static void test_pieces_do_not_matter(void **state) {
    (void)state;
    ore_tokenizer *t = word_tokenizer_new(words, WORDS);
    int64_t want[512], count = ore_tokenizer_encode(t, sample, sizeof sample - 1, want, 512);
    assert_true(count > 30 && count < (int64_t)sizeof sample - 10);
    assert_int_equal(want[0], 256); /* "the " */
    assert_int_equal(want[1], 258); /* "theory" */
    assert_pieces_do_not_matter(t, sample, sizeof sample - 1, want, count, 39);
    ore_tokenizer_free(t);
}

/* A character tokenizer names the place of what it lacks, wherever the pieces end. */
static void test_places_do_not_depend_on_pieces(void **state) {
    (void)state;
    ore_tokenizer *t = ore_tokenizer_new_alphabet((const uint32_t[]){'a', 0xE9}, 2, false);
    static const char text[] = "a\xC3\xA9"
                               "a\xC3\xA9\xE2\x82\xAC"
                               "a";
    static const char wrong[] = "a\xC3\xA9"
                                "a\xC3";
    for (size_t piece = 1; piece < 12; piece++)
        for (size_t at_a_time = 1; at_a_time < 12; at_a_time++) {
            source s = {.text = text, .left = sizeof text - 1, .at_a_time = at_a_time};
            ore_encode_job job = {.tokenizer = t,
                                  .name = "x",
                                  .piece_bytes = piece,
                                  .user = &s,
                                  .read = give,
                                  .put = take};
            assert_int_equal(ore_encode(&job), ORE_DATA);
            assert_error(ORE_DATA, "x: character '\xE2\x82\xAC' (U+20AC) at position 4 is not");
            s = (source){.text = wrong, .left = sizeof wrong - 1, .at_a_time = at_a_time};
            assert_int_equal(ore_encode(&job), ORE_DATA);
            assert_error(ORE_DATA, "x: byte 4 (0xC3) of the text is not valid UTF-8");
        }
    ore_tokenizer_free(t);
}

/* ---- decoding in pieces ---- */

static void expect_decoded(const ore_tokenizer *t, const char *bytes, const char *const *pieces) {
    ore_decoder decoder;
    char piece[ORE_PIECE_BYTES];
    ore_decoder_init(&decoder, t);
    for (; *bytes; bytes++, pieces++) {
        int n = ore_decoder_next(&decoder, (unsigned char)*bytes, piece);
        assert_string_equal(piece, *pieces);
        assert_int_equal(n, strlen(piece));
    }
    assert_int_equal(ore_decoder_end(&decoder, piece), strlen(*pieces));
    assert_string_equal(piece, *pieces);
}

#define FFFD "\xEF\xBF\xBD"

/* What codecs.getincrementaldecoder("utf-8")("replace") gives in Python 3.11, byte by byte, the
 * last being that of decode(b"", final=True). */
static void test_characters_split_over_tokens(void **state) {
    (void)state;
    ore_tokenizer *t = word_tokenizer_new(words, WORDS);
    expect_decoded(t, "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z",
                   (const char *[]){"a", "", "\xC3\xA9", "", "", "\xE2\x82\xAC", "", "", "",
                                    "\xF0\x9F\x98\x80", "z", ""});
    expect_decoded(t, "\xC3\x28", (const char *[]){"", FFFD "(", ""});
    expect_decoded(t, "\xE2\x82", (const char *[]){"", "", FFFD});
    expect_decoded(t, "\xE2\x82\x41", (const char *[]){"", "", FFFD "A", ""});
    expect_decoded(t, "\xF0\x9F\xE2\x82\xAC",
                   (const char *[]){"", "", FFFD, "", "\xE2\x82\xAC", ""});
    expect_decoded(t, "\xE0\x80\x80", (const char *[]){"", FFFD FFFD, FFFD, ""});
    expect_decoded(t, "\xED\xA0\x80", (const char *[]){"", FFFD FFFD, FFFD, ""});
    expect_decoded(t, "\xFF\x80\xC0", (const char *[]){FFFD, FFFD, FFFD, ""});
    expect_decoded(t, "\xF4\x90", (const char *[]){"", FFFD FFFD, ""});
    ore_decoder decoder;
    char piece[ORE_PIECE_BYTES];
    ore_decoder_init(&decoder, t);
    assert_int_equal(ore_decoder_next(&decoder, 260, piece), 0); /* two bytes of three */
    assert_int_equal(ore_decoder_next(&decoder, 256, piece), 7);
    assert_string_equal(piece, FFFD "the ");
    assert_int_equal(ore_decoder_next(&decoder, 260, piece), 0);
    assert_int_equal(ore_decoder_next(&decoder, 0xAC, piece), 3);
    assert_string_equal(piece, "\xE2\x82\xAC");
    ore_tokenizer_free(t);
}

/* The longest token there may be, of which no byte is UTF-8. */
static void test_a_piece_has_room(void **state) {
    (void)state;
    static char most[ORE_TOKEN_BYTES + 1];
    memset(most, 0xFF, ORE_TOKEN_BYTES);
    const char *one[] = {most};
    ore_tokenizer *t = word_tokenizer_new(one, 1);
    ore_decoder decoder;
    char piece[ORE_PIECE_BYTES];
    ore_decoder_init(&decoder, t);
    ore_decoder_next(&decoder, 0xF0, piece);
    ore_decoder_next(&decoder, 0x9F, piece);
    ore_decoder_next(&decoder, 0x98, piece);
    assert_int_equal(ore_decoder_next(&decoder, 256, piece), 3 * (ORE_TOKEN_BYTES + 1));
    ore_tokenizer_free(t);
}

static void test_tokens_by_id(void **state) {
    (void)state;
    ore_tokenizer *t = word_tokenizer_new(words, WORDS);
    size_t n;
    assert_memory_equal(ore_tokenizer_bytes(t, 258, &n), "theory", 6);
    assert_int_equal(n, 6);
    assert_int_equal(ore_tokenizer_id(t, "theory", 6), 258);
    assert_int_equal(ore_tokenizer_id(t, "theory ", 7), -1);
    assert_int_equal(ore_tokenizer_id(t, "", 0), -1);
    assert_int_equal(ore_tokenizer_special(t, "separator"), '\n');
    assert_int_equal(ore_tokenizer_special(t, "end"), -1);
    assert_null(ore_tokenizer_bytes(t, 256 + WORDS, &n));
    assert_error(ORE_INVALID, "decode: id 261, expected 0 to 260");
    assert_int_equal(n, 0);
    ore_tokenizer_free(t);
}

/* ---- token files ---- */

typedef struct corpus {
    ore_text *text;
    ore_tokenizer *tokenizer;
} corpus;

static corpus corpus_open(const char *path) {
    ore_text_options o = {.invalid_utf8 = ORE_UTF8_IGNORE};
    corpus c = {.text = ore_text_open(path, &o), .tokenizer = word_tokenizer_new(words, WORDS)};
    assert_non_null(c.text);
    return c;
}

static corpus corpus_of(const char *name, const char *text) {
    return corpus_open(scratch_file(name, text, strlen(text)));
}

static void corpus_close(corpus *c) {
    ore_tokenizer_free(c->tokenizer);
    ore_text_close(c->text);
}

/* The ids of the text are those of encoding it whole, and stand for all its bytes. */
static void check_tokens(const ore_tokens *tokens, const corpus *c) {
    int64_t want[512], got[512], at = 0;
    char kept[sizeof sample];
    if (!tokens)
        fail_msg("%s", ore_error_message());
    int64_t bytes = ore_text_read(c->text, &at, kept, sizeof kept);
    int64_t count = ore_tokenizer_encode(c->tokenizer, kept, (size_t)bytes, want, 512);
    assert_int_equal(tokens->length, count);
    assert_int_equal(tokens->separator, '\n');
    assert_string_equal(tokens->name, ore_text_name(c->text));
    assert_int_equal(tokens->read(tokens, 0, count, got), ORE_OK);
    assert_memory_equal(got, want, (size_t)count * sizeof *got);
    assert_int_equal(tokens->read(tokens, 3, 5, got), ORE_OK);
    assert_memory_equal(got, want + 3, 5 * sizeof *got);
    assert_int_equal(tokens->bytes(tokens, want, count), ore_text_kept_bytes(c->text));
    assert_int_equal(tokens->check(tokens), ORE_OK);
}

static void test_tokens_are_the_same_everywhere(void **state) {
    (void)state;
    corpus c = corpus_of("text.txt", sample);
    const char *path = scratch_path("ids.tokens");
    ore_tokens *tokens = ore_tokens_of_text(c.text, c.tokenizer);
    check_tokens(tokens, &c);
    ore_tokens_close(tokens);
    assert_int_equal(ore_token_file_write(path, c.text, c.tokenizer), ORE_OK);
    tokens = ore_tokens_of_file(path, c.text, c.tokenizer);
    check_tokens(tokens, &c);
    assert_int_equal(unlink(path), 0); /* what is open stays */
    check_tokens(tokens, &c);
    ore_tokens_close(tokens);
    bool made = false;
    for (int again = 0; again < 2; again++) {
        tokens = ore_tokens_of_cache(scratch_path("new/cache"), c.text, c.tokenizer, &made);
        check_tokens(tokens, &c);
        assert_int_equal(made, !again);
        ore_tokens_close(tokens);
    }
    corpus_close(&c);
}

/* `count` characters from U+0100 on, each once, as a text and as an alphabet. */
static int64_t id_bytes_of(int64_t count, int64_t *last) {
    static uint32_t letters[70000];
    static char bytes[4 * 70000];
    size_t used = 0;
    for (int64_t i = 0; i < count; i++) {
        letters[i] = (uint32_t)(i < 0xD000 ? 0x100 + i : 0x10000 + i);
        used += (size_t)ore_utf8_encode(letters[i], bytes + used);
    }
    ore_text *text = ore_text_open_memory("letters", bytes, used, NULL);
    ore_tokenizer *t = ore_tokenizer_new_char(text, false);
    const char *path = scratch_path("letters.tokens");
    assert_int_equal(ore_token_file_write(path, text, t), ORE_OK);
    ore_tokens *tokens = ore_tokens_of_file(path, text, t);
    ore_tokens *others = ore_tokens_of_text(text, t);
    assert_non_null(tokens);
    assert_int_equal(tokens->length, count);
    static int64_t ids[70000], same[70000];
    tokens->read(tokens, 0, count, ids);
    others->read(others, 0, count, same);
    for (int64_t i = 0; i < count; i++)
        assert_true(ids[i] == i && same[i] == i);
    *last = ids[count - 1];
    assert_int_equal(tokens->bytes(tokens, ids, count), used);
    struct stat information;
    assert_int_equal(stat(path, &information), 0);
    ore_tokens_close(tokens);
    ore_tokens_close(others);
    ore_tokenizer_free(t);
    ore_text_close(text);
    return (information.st_size - ORE_TOKEN_HEADER_BYTES) / count;
}

static void test_two_bytes_or_four(void **state) {
    (void)state;
    int64_t last;
    assert_int_equal(id_bytes_of(100, &last), 2);
    assert_int_equal(id_bytes_of(65536, &last), 2);
    assert_int_equal(last, 65535);
    assert_int_equal(id_bytes_of(65537, &last), 4);
    assert_int_equal(last, 65536);
    assert_int_equal(id_bytes_of(69999, &last), 4);
}

/* ---- damaged, foreign and stale ones ---- */

static void expect_refused(const corpus *c, const char *path, const char *message) {
    assert_null(ore_tokens_of_file(path, c->text, c->tokenizer));
    assert_error(ORE_DATA, message);
}

static void test_every_damage_is_noticed(void **state) {
    (void)state;
    corpus c = corpus_of("text.txt", sample);
    const char *path = scratch_path("good.tokens");
    size_t size;
    assert_int_equal(ore_token_file_write(path, c.text, c.tokenizer), ORE_OK);
    char *good = ore_file_read(path, &size), *bad = malloc(size + 8);
    for (size_t i = 0; i < size; i++) { /* a bit of each byte */
        memcpy(bad, good, size);
        bad[i] = (char)(bad[i] ^ 1 << i % 8);
        bool is_unused = i >= 120 && i < ORE_TOKEN_HEADER_BYTES;
        path = scratch_file("bad.tokens", bad, size);
        if (!is_unused)
            expect_refused(&c, path, "bad.tokens: ");
    }
    for (size_t cut = 1; cut < size; cut++)
        expect_refused(&c, scratch_file("bad.tokens", good, cut), "bad.tokens: ");
    expect_refused(&c, scratch_file("bad.tokens", good, 127),
                   "bad.tokens: token file: bytes 127, expected 128");
    expect_refused(&c, scratch_file("bad.tokens", "", 0), "bad.tokens: the file is empty");
    memcpy(bad, good, size);
    memcpy(bad + size, "12", 2);
    expect_refused(&c, scratch_file("bad.tokens", bad, size + 2), "after the header, expected ");
    bad[8] = 3;
    expect_refused(&c, scratch_file("bad.tokens", bad, size),
                   "bad.tokens: token file: version 3, expected 1 or 2");
    expect_refused(&c, scratch_file("bad.tokens", sample, sizeof sample),
                   "bad.tokens: no token file: it does not start with ORETOKEN");
    memcpy(bad, good, size);
    bad[size - 1] ^= 1;
    expect_refused(&c, scratch_file("bad.tokens", bad, size), "the ids are damaged");
    ore_string_free(good);
    free(bad);
    corpus_close(&c);
}

/* Ids that are not in the vocabulary, under digests that are right. */
static void test_ids_beyond_the_vocabulary(void **state) {
    (void)state;
    ore_token_source made_from = {.vocabulary = 10, .separator = -1};
    ore_token_writer w;
    ore_token_file f;
    const char *path = scratch_path("ids.tokens");
    for (int64_t id = 9; id < 11; id++) {
        assert_int_equal(ore_token_writer_open(&w, path, &made_from), ORE_OK);
        assert_int_equal(ore_token_writer_put(&w, (int64_t[]){0, id, 3}, 3), ORE_OK);
        assert_int_equal(ore_token_writer_commit(&w), ORE_OK);
        assert_int_equal(ore_token_file_open(&f, path), id < 10 ? ORE_OK : ORE_DATA);
        if (id < 10)
            ore_token_file_close(&f);
    }
    assert_error(ORE_DATA, "ids.tokens: token file: id 10, expected ids below the vocabulary's 10");
}

static void test_files_of_something_else(void **state) {
    (void)state;
    corpus c = corpus_of("text.txt", sample), other = corpus_of("other.txt", "the other");
    const char *path = scratch_path("a.tokens");
    assert_int_equal(ore_token_file_write(path, c.text, c.tokenizer), ORE_OK);
    expect_refused(&other, path, "a.tokens: token file of another text: its digest is xxh3-128:");
    ore_tokenizer_free(other.tokenizer);
    ore_text_close(other.text);
    other.text =
        ore_text_open(scratch_path("text.txt"), &(ore_text_options){ORE_UTF8_IGNORE, true});
    other.tokenizer = word_tokenizer_new(words, WORDS);
    expect_refused(&other, path, "a.tokens: token file of the text read with flags 1, expected 3");
    ore_tokenizer_free(other.tokenizer);
    ore_text_close(other.text);
    other = (corpus){c.text, word_tokenizer_new(words, WORDS - 1)};
    expect_refused(&other, path, "a.tokens: token file of another tokenizer: its digest is ");
    ore_tokenizer_free(other.tokenizer);
    corpus_close(&c);
}

/* A text that has changed since it was opened gives no token file, and tokens of it say so. */
static void test_texts_that_change(void **state) {
    (void)state;
    corpus c = corpus_of("text.txt", sample);
    const char *path = scratch_path("a.tokens");
    assert_int_equal(ore_token_file_write(path, c.text, c.tokenizer), ORE_OK);
    ore_tokens *tokens[] = {ore_tokens_of_text(c.text, c.tokenizer),
                            ore_tokens_of_file(path, c.text, c.tokenizer)};
    int file = open(scratch_path("text.txt"), O_WRONLY);
    assert_int_equal(pwrite(file, "T", 1, 0), 1);
    close(file);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(tokens[i]->check(tokens[i]), ORE_DATA);
        assert_error(ORE_DATA, "text.txt: was changed while in use");
        ore_tokens_close(tokens[i]);
    }
    path = scratch_path("b.tokens");
    assert_int_equal(ore_token_file_write(path, c.text, c.tokenizer), ORE_DATA);
    assert_error(ORE_DATA, "text.txt: was changed while in use");
    assert_int_equal(ore_path_kind_of(path), ORE_PATH_MISSING);
    assert_null(ore_tokens_of_cache(scratch_path("cache"), c.text, c.tokenizer, NULL));
    assert_error(ORE_DATA, "text.txt: was changed while in use");
    assert_int_equal(scratch_entries(scratch_path("cache")), 0);
    corpus_close(&c);
}

static void test_a_token_file_that_changes(void **state) {
    (void)state;
    corpus c = corpus_of("text.txt", sample);
    const char *path = scratch_path("a.tokens");
    for (int cut = 0; cut < 2; cut++) {
        assert_int_equal(ore_token_file_write(path, c.text, c.tokenizer), ORE_OK);
        ore_tokens *tokens = ore_tokens_of_file(path, c.text, c.tokenizer);
        int64_t ids[4];
        if (cut) {
            assert_int_equal(truncate(path, 0), 0);
        } else {
            int file = open(path, O_WRONLY);
            assert_int_equal(pwrite(file, "ab", 2, ORE_TOKEN_HEADER_BYTES), 2);
            close(file);
        }
        tokens->read(tokens, 0, 4, ids);                 /* no signal */
        assert_true(tokens->bytes(tokens, ids, 4) >= 0); /* nor a read beyond the vocabulary */
        assert_int_equal(tokens->check(tokens), ORE_DATA);
        assert_error(ORE_DATA, cut ? "a.tokens: was cut short while in use"
                                   : "a.tokens: was changed while in use");
        ore_tokens_close(tokens);
    }
    corpus_close(&c);
}

/* ---- caches ---- */

static ore_status find_file(void *user, const char *folder, const char *name) {
    snprintf(user, 512, "%s/%s", folder, name);
    return ORE_OK;
}

/* What is not the right file there is made anew. */
static void test_a_cache_mends_itself(void **state) {
    (void)state;
    corpus c = corpus_of("text.txt", sample);
    const char *folder = scratch_path("cache");
    char path[512];
    bool made;
    ore_tokens_close(ore_tokens_of_cache(folder, c.text, c.tokenizer, NULL));
    assert_int_equal(ore_folder_visit(folder, find_file, path), ORE_OK);
    for (int damage = 0; damage < 3; damage++) {
        if (damage == 0)
            assert_int_equal(truncate(path, 150), 0);
        else if (damage == 1)
            assert_int_equal(ore_file_write(path, sample, sizeof sample), ORE_OK);
        else
            assert_int_equal(ore_file_write(path, "", 0), ORE_OK);
        for (int again = 0; again < 2; again++) {
            ore_tokens *tokens = ore_tokens_of_cache(folder, c.text, c.tokenizer, &made);
            check_tokens(tokens, &c);
            assert_int_equal(made, !again);
            ore_tokens_close(tokens);
        }
        assert_int_equal(scratch_entries(folder), 1);
    }
    corpus_close(&c);
}

static void test_a_folder_that_cannot_be(void **state) {
    (void)state;
    corpus c = corpus_of("text.txt", sample);
    assert_null(ore_tokens_of_cache(scratch_path("text.txt/cache"), c.text, c.tokenizer, NULL));
    assert_error(ORE_IO, "text.txt");
    corpus_close(&c);
}

/* As on a full disk: an error, and neither half a file nor what it was to be. */
static void test_a_file_that_does_not_fit(void **state) {
    (void)state;
    corpus c = corpus_of("text.txt", sample);
    const char *folder = scratch_path("full");
    struct rlimit before, few;
    getrlimit(RLIMIT_FSIZE, &before);
    few = (struct rlimit){140, before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &few);
    ore_tokens *tokens = ore_tokens_of_cache(folder, c.text, c.tokenizer, NULL);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_null(tokens);
    assert_error(ORE_IO, "cannot write");
    assert_int_equal(scratch_entries(folder), 0);
    corpus_close(&c);
}

/* Each gets the right tokens, and one file is left. */
static void test_many_processes_make_one_file(void **state) {
    (void)state;
    enum { PROCESSES = 8, ROUNDS = 10 };
    corpus c = corpus_of("text.txt", sample);
    const char *folder = scratch_path("cache");
    for (int round = 0; round < ROUNDS; round++) {
        int starts[2];
        pid_t children[PROCESSES];
        assert_int_equal(pipe(starts), 0);
        for (int i = 0; i < PROCESSES; i++) {
            children[i] = fork();
            if (children[i] == 0) {
                char go;
                close(starts[1]);
                bool started = read(starts[0], &go, 1) == 0; /* all at once */
                ore_tokens *tokens = ore_tokens_of_cache(folder, c.text, c.tokenizer, NULL);
                int64_t id = 0;
                _exit(started && tokens && tokens->read(tokens, 1, 1, &id) == ORE_OK && id == 258
                          ? 0
                          : 1);
            }
        }
        close(starts[0]);
        close(starts[1]);
        for (int i = 0; i < PROCESSES; i++) {
            int status;
            assert_int_equal(waitpid(children[i], &status, 0), children[i]);
            assert_int_equal(status, 0);
        }
        assert_int_equal(scratch_entries(folder), 1);
        assert_int_equal(ore_tree_remove(folder), ORE_OK);
    }
    corpus_close(&c);
}

static void test_measuring_and_clearing(void **state) {
    (void)state;
    ore_token_cache_facts facts;
    const char *folder = scratch_path("cache");
    assert_int_equal(ore_token_cache_measure(folder, &facts), ORE_OK);
    assert_true(facts.files == 0 && facts.bytes == 0);
    corpus c = corpus_of("text.txt", sample);
    ore_tokens *tokens = ore_tokens_of_cache(folder, c.text, c.tokenizer, NULL);
    scratch_file("cache/.ore-tmp-999999999-0", "left behind", 11);
    char mine[64];
    snprintf(mine, sizeof mine, "cache/.ore-tmp-%ld-7", (long)getpid());
    scratch_file(mine, "being written", 13);
    scratch_file("cache/notes.txt", "somebody's", 10);
    int64_t bytes = ORE_TOKEN_HEADER_BYTES + 2 * tokens->length + 11;
    for (int clear = 0; clear < 2; clear++) {
        assert_int_equal(clear ? ore_token_cache_clear(folder, &facts)
                               : ore_token_cache_measure(folder, &facts),
                         ORE_OK);
        assert_int_equal(facts.files, 2);
        assert_int_equal(facts.bytes, bytes);
    }
    assert_int_equal(scratch_entries(folder), 2);
    check_tokens(tokens, &c); /* the file goes on under whoever has it open */
    ore_tokens_close(tokens);
    assert_int_equal(ore_token_cache_clear(folder, &facts), ORE_OK);
    assert_int_equal(facts.files, 0);
    corpus_close(&c);
}

/* ---- sizes ---- */

/* 8 MiB of text, as it is and converted, takes the memory of a few pieces. */
static void test_memory_does_not_grow_with_the_text(void **state) {
    (void)state;
    size_t n = 8 << 20;
    char *s = malloc(n);
    for (int wide = 0; wide < 2; wide++) {
        for (size_t i = 0; i + 8 <= n; i += 8)
            memcpy(s + i, wide ? "a\0\n\0\xE9\0b\0" : "ab\n\xC3\xA9  c", 8);
        if (wide)
            memcpy(s, "\xFF\xFE", 2);
        ore_text *text = ore_text_open(scratch_file("large.txt", s, n), NULL);
        ore_tokenizer *t = ore_tokenizer_new_char(text, true);
        ore_memory_stats before, after;
        ore_memory_reset_peak();
        ore_memory_read(&before);
        ore_tokens *tokens = ore_tokens_of_cache(scratch_path("cache"), text, t, NULL);
        ore_memory_read(&after);
        assert_non_null(tokens);
        assert_int_equal(tokens->length, ore_text_length(text));
        assert_true(tokens->length >= (int64_t)n / 2 - 1);
        assert_true(after.peak_bytes - before.in_use_bytes < 2 << 20);
        ore_tokens_close(tokens);
        ore_tokenizer_free(t);
        ore_text_close(text);
        assert_int_equal(ore_tree_remove(scratch_path("cache")), ORE_OK);
    }
    free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_do_not_matter),
        cmocka_unit_test(test_places_do_not_depend_on_pieces),
        cmocka_unit_test(test_characters_split_over_tokens),
        cmocka_unit_test(test_a_piece_has_room),
        cmocka_unit_test(test_tokens_by_id),
        cmocka_unit_test(test_tokens_are_the_same_everywhere),
        cmocka_unit_test(test_two_bytes_or_four),
        cmocka_unit_test(test_every_damage_is_noticed),
        cmocka_unit_test(test_ids_beyond_the_vocabulary),
        cmocka_unit_test(test_files_of_something_else),
        cmocka_unit_test(test_texts_that_change),
        cmocka_unit_test(test_a_token_file_that_changes),
        cmocka_unit_test(test_a_cache_mends_itself),
        cmocka_unit_test(test_a_folder_that_cannot_be),
        cmocka_unit_test(test_a_file_that_does_not_fit),
        cmocka_unit_test(test_many_processes_make_one_file),
        cmocka_unit_test(test_measuring_and_clearing),
        cmocka_unit_test(test_memory_does_not_grow_with_the_text),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
