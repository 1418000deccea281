/* test_shards.c: documents of files of every kind as shards, and shards as tokens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <ore/tokenizer_trainer.h>

#include "data/digest_set.h"
#include "data/token_file.h"
#include "support/child.h"
#include "support/scratch.h"

/* Ids are the places in "\n abc..z.": the separator is 0. */
static ore_tokenizer *letters(void) {
    uint32_t alphabet[29] = {'\n', ' ', '.'};
    for (uint32_t i = 0; i < 26; i++)
        alphabet[3 + i] = 'a' + i;
    return ore_tokenizer_new_alphabet(alphabet, 29, true);
}

static const char *text_file(const char *name, const char *text) {
    return scratch_file(name, text, strlen(text));
}

/* All of a part as text, documents between bars, one behind the other; freed by the caller. */
static char *part_text(const char *folder, ore_part part) {
    ore_tokenizer *t = letters();
    ore_tokens *tokens = ore_tokens_of_folder(folder, part, NULL);
    if (!tokens)
        print_message("%s\n", ore_error_message());
    assert_non_null(tokens);
    char *text = calloc(1, (size_t)(tokens->length + tokens->documents) + 1);
    size_t used = 0;
    int64_t before = 0, start, end;
    for (int64_t d = 0; d < tokens->documents; d++) {
        assert_int_equal(tokens->document(tokens, d, &start, &end), ORE_OK);
        assert_int_equal(start, before);
        int64_t *ids = malloc((size_t)(end - start + 1) * sizeof *ids);
        assert_int_equal(tokens->read(tokens, start, end - start, ids), ORE_OK);
        assert_int_equal(ids[end - start - 1], tokens->separator);
        used += (size_t)ore_tokenizer_decode(t, ids, end - start - 1, text + used, 1 << 30);
        text[used++] = '|';
        free(ids);
        before = end;
    }
    assert_int_equal(before, tokens->length);
    assert_int_equal(tokens->check(tokens), ORE_OK);
    ore_tokens_close(tokens);
    ore_tokenizer_free(t);
    return text;
}

static ore_status try_to_prepare(const char *path, const char *folder,
                                 const ore_prepare_options *options, ore_prepare_counts *counts) {
    ore_tokenizer *t = letters();
    ore_status status = ore_prepare(&path, 1, folder, t, options, counts);
    ore_tokenizer_free(t);
    return status;
}

static ore_prepare_counts prepare(const char *path, const char *folder,
                                  const ore_prepare_options *options) {
    ore_prepare_counts counts;
    if (try_to_prepare(path, folder, options, &counts) != ORE_OK)
        print_message("%s\n", ore_error_message());
    assert_true(ore_ok());
    assert_true(counts.complete);
    return counts;
}

static void expect_documents(const char *path, const ore_prepare_options *options,
                             const char *want) {
    static int number;
    char name[32];
    snprintf(name, sizeof name, "out%d", number++);
    prepare(path, scratch_path(name), options);
    char *text = part_text(scratch_path(name), ORE_PART_TRAIN);
    assert_string_equal(text, want);
    free(text);
}

/* ---- what is read ---- */

static const char *gzip_file(const char *name, const char *text) {
    gzFile file = gzopen(scratch_path(name), "wb");
    assert_true(file && gzwrite(file, text, (unsigned)strlen(text)) == (int)strlen(text));
    gzclose(file);
    return scratch_path(name);
}

static void test_every_kind_of_file(void **state) {
    (void)state;
    ore_prepare_options lines = ore_prepare_defaults(), named = lines;
    lines.unit = ORE_UNIT_LINE;
    named.field = "b";
    expect_documents(text_file("a.txt", "\xEF\xBB\xBFone\ntwo\n"), NULL, "one\ntwo\n|");
    expect_documents(text_file("a.txt", "one\n\ntwo"), &lines, "one|two|");
    expect_documents(gzip_file("b.txt.gz", "packed"), NULL, "packed|");
    expect_documents(gzip_file("c.jsonl.gz", "{\"text\": \"x\"}\n{\"text\": null}\n"
                                             "{\"id\": 1, \"text\": \"y z\"}\n"),
                     NULL, "x|y z|");
    expect_documents(text_file("d.csv", "a,b\n1,\"x\ny\"\n2,z\n"), &named, "x\ny|z|");
    expect_documents(text_file("e.tsv", "a\tb\n1\tx\n"), &named, "x|");
    named.field = "label";
    expect_documents(ORE_TEST_DIR "/fuzz/corpus/parquet/dictionary.parquet", &named,
                     "x|y|x|y|x|y|");
}

static void test_folders(void **state) {
    (void)state;
    assert_int_equal(mkdir(scratch_path("in"), 0777), 0);
    assert_int_equal(mkdir(scratch_path("in/b"), 0777), 0);
    text_file("in/c.txt", "third");
    text_file("in/a.txt", "first");
    text_file("in/.hidden", "not read");
    text_file("in/b/x.jsonl", "{\"text\": \"second\"}\n");
    assert_int_equal(symlink("..", scratch_path("in/b/loop")), 0);
    expect_documents(scratch_path("in"), NULL, "first|second|third|");
    for (int round = 0; round < 2; round++) { /* into a folder among those that are read */
        ore_prepare_options o = ore_prepare_defaults();
        o.restart = round;
        assert_int_equal(prepare(scratch_path("in"), scratch_path("in/b/out"), &o).documents, 3);
    }
}

/* A file of text that is longer than a document may be is cut behind line ends, or else characters.
 */
static void test_long_files(void **state) {
    (void)state;
    enum { ROOM = 5000 };
    ore_prepare_options o = ore_prepare_defaults();
    char text[ROOM + 1], want[2 * ROOM] = "";
    size_t used = 0;
    o.document_bytes = 1024;
    for (int i = 0; i < 300; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "a line\n");
    for (size_t at = 0; at < used; at += 1022) /* 146 lines of 7 bytes */
        snprintf(want + strlen(want), 1024, "%.1022s|", text + at);
    expect_documents(text_file("long.txt", text), &o, want);
    memset(text, 'x', ROOM);
    text[1500] = '\0';
    snprintf(want, sizeof want, "%.1024s|%.476s|", text, text);
    expect_documents(text_file("long.txt", text), &o, want);
}

/* ---- what is left out, and where the rest goes ---- */

static void test_limits_and_repeats(void **state) {
    (void)state;
    ore_prepare_options o = ore_prepare_defaults();
    o.unit = ORE_UNIT_LINE;
    o.distinct = true;
    o.min_bytes = 2;
    o.max_bytes = 4;
    const char *path = text_file("a.txt", "aa\nb\n\nccccc\naa\ndddd\nb\naa\n");
    ore_prepare_counts n = prepare(path, scratch_path("out"), &o);
    char *text = part_text(scratch_path("out"), ORE_PART_TRAIN);
    assert_string_equal(text, "aa|dddd|");
    free(text);
    assert_int_equal(n.documents, 8);
    assert_int_equal(n.empty, 1);
    assert_int_equal(n.too_short, 2);
    assert_int_equal(n.too_long, 1);
    assert_int_equal(n.repeated, 2);
    assert_int_equal(n.part_documents[ORE_PART_TRAIN], 2);
    assert_int_equal(n.part_tokens[ORE_PART_TRAIN], 8);
    assert_int_equal(n.part_bytes[ORE_PART_TRAIN], 6);
}

enum { MANY = 30000 };

/* Many different documents, number i at line i. */
static const char *many_documents(const char *name) {
    FILE *file = fopen(scratch_path(name), "w");
    assert_non_null(file);
    for (int i = 0; i < MANY; i++) {
        fprintf(file, "document ");
        for (int n = i + 1; n > 0; n /= 26)
            fputc('a' + n % 26, file);
        for (int n = 0; n < i % 40; n++)
            fprintf(file, " word");
        fputc('\n', file);
    }
    fclose(file);
    return scratch_path(name);
}

/* A document's part follows from its text, so that it is the same in any other data. */
static void test_split(void **state) {
    (void)state;
    ore_prepare_options o = ore_prepare_defaults();
    o.unit = ORE_UNIT_LINE;
    o.val_fraction = 0.2;
    o.test_fraction = 0.1;
    ore_prepare_counts n = prepare(many_documents("a.txt"), scratch_path("out"), &o);
    static const double shares[] = {0.7, 0.2, 0.1};
    for (int i = 0; i < ORE_PART_COUNT; i++) {
        double got = (double)n.part_documents[i] / MANY;
        assert_true(got > shares[i] - 0.01 && got < shares[i] + 0.01);
        char *text = part_text(scratch_path("out"), (ore_part)i);
        for (char *at = text, *end; (end = strchr(at, '|')); at = end + 1) {
            double u = (double)ore_digest_of(at, (size_t)(end - at)).high * 0x1p-64;
            assert_int_equal(i, u < 0.1 ? ORE_PART_TEST : u < 0.3 ? ORE_PART_VAL : ORE_PART_TRAIN);
        }
        free(text);
    }
}

/* ---- the same, whatever happens ---- */

/* What all files of two folders hold is equal. */
static ore_status same_entry(void *user, const char *folder, const char *name) {
    char *a = ore_path_join(folder, name), *b = ore_path_join(user, name);
    size_t of_a, of_b;
    char *in_a = ore_file_read(a, &of_a), *in_b = ore_file_read(b, &of_b);
    assert_true(in_a && in_b && of_a == of_b && memcmp(in_a, in_b, of_a) == 0);
    ore_string_free(in_a);
    ore_string_free(in_b);
    ore_string_free(a);
    ore_string_free(b);
    return ORE_OK;
}

static void expect_same(const char *a, const char *b) {
    assert_int_equal(scratch_entries(a), scratch_entries(b));
    assert_int_equal(ore_folder_visit(a, same_entry, (void *)(uintptr_t)b), ORE_OK);
}

static ore_prepare_options many_options(void) {
    ore_prepare_options o = ore_prepare_defaults();
    o.unit = ORE_UNIT_LINE;
    o.val_fraction = 0.1;
    o.distinct = true;
    o.shard_tokens = 200000;
    return o;
}

static void test_threads(void **state) {
    (void)state;
    ore_prepare_options o = many_options();
    const char *path = many_documents("a.txt");
    int threads = ore_num_threads();
    ore_set_num_threads(1);
    prepare(path, scratch_path("one"), &o);
    ore_set_num_threads(3);
    prepare(path, scratch_path("three"), &o);
    ore_set_num_threads(threads);
    expect_same(scratch_path("one"), scratch_path("three"));
}

/* Stops after so many calls. */
static bool stop_after(void *user, const ore_prepare_counts *counts) {
    (void)counts;
    return --*(int *)user > 0;
}

/* A preparation that is stopped again and again, after every block, ends as one that never was. */
static void test_stopping(void **state) {
    (void)state;
    ore_prepare_options o = many_options();
    const char *path = many_documents("a.txt");
    prepare(path, scratch_path("whole"), &o);
    ore_tokenizer *t = letters();
    ore_prepare_counts n = {0};
    int stops = 0;
    o.progress = stop_after;
    for (; !n.complete; stops++) {
        int calls = 2;
        o.user = &calls;
        assert_true(stops < 50);
        assert_int_equal(ore_prepare(&path, 1, scratch_path("parts"), t, &o, &n), ORE_OK);
        if (stops == 1)
            assert_true(n.resumed > 0);
    }
    assert_true(stops > 1);
    ore_tokenizer_free(t);
    expect_same(scratch_path("whole"), scratch_path("parts"));
}

static void test_refusals(void **state) {
    (void)state;
    ore_prepare_options o = many_options();
    const char *path = text_file("a.txt", "one\ntwo\n"), *missing = scratch_path("none");
    ore_prepare_counts n;
    ore_tokenizer *t = letters();
    int calls = 1;
    assert_int_equal(ore_prepare(&missing, 1, scratch_path("out"), t, NULL, &n), ORE_IO);
    assert_error(ORE_IO, "none: no such file or folder");
    o.progress = stop_after;
    o.user = &calls;
    assert_int_equal(ore_prepare(&path, 1, scratch_path("out"), t, &o, &n), ORE_OK);
    assert_false(n.complete);
    o.progress = NULL;
    o.min_bytes = 1;
    assert_int_equal(ore_prepare(&path, 1, scratch_path("out"), t, &o, &n), ORE_STATE);
    assert_error(ORE_STATE, "prepare.json: was begun with other options");
    o.min_bytes = 0;
    text_file("a.txt", "one\ntwo\nthree\n");
    assert_int_equal(ore_prepare(&path, 1, scratch_path("out"), t, &o, &n), ORE_STATE);
    assert_error(ORE_STATE, "prepare.json: was begun with other files, or files that have changed");
    ore_shards_facts facts;
    assert_int_equal(ore_shards_read(scratch_path("out"), &facts), ORE_DATA);
    assert_error(ORE_DATA, "no shards, or not complete: there is no data.json");
    o.restart = true;
    assert_int_equal(ore_prepare(&path, 1, scratch_path("out"), t, &o, &n), ORE_OK);
    o.restart = false;
    assert_int_equal(ore_prepare(&path, 1, scratch_path("out"), t, &o, &n), ORE_STATE);
    assert_error(ORE_STATE, "out: the shards are complete; name another folder, or begin anew");
    o.val_fraction = 1;
    assert_int_equal(ore_prepare(&path, 1, scratch_path("o"), t, &o, &n), ORE_INVALID);
    assert_error(ORE_INVALID, "prepare: val_fraction 1");
    path = text_file("b.txt", "one\nTWO\n");
    assert_int_equal(ore_prepare(&path, 1, scratch_path("o"), t, NULL, &n), ORE_DATA);
    assert_error(ORE_DATA, "b.txt: document 1: ");
    ore_tokenizer_free(t);
}

/* ---- documents that cannot be had ---- */

/* Lines 2, 4, 5, 6 and 7 hold none. */
static const char *bad_documents(void) {
    FILE *file = fopen(scratch_path("bad.jsonl"), "w");
    assert_non_null(file);
    fputs("{\"text\": \"one\"}\nnot json\n{\"text\": \"two\"}\n{\"id\": 4}\n"
          "{\"text\": \"\xFF\"}\n{\"text\": \"CAPITALS\"}\n{\"text\": \"",
          file);
    for (int i = 0; i < 200000; i++)
        fputc('x', file);
    fputs("\"}\n{\"text\": \"three\", \"id\": 123456789012345678901234567890}\n", file);
    fclose(file);
    return scratch_path("bad.jsonl");
}

static void note_reason(void *user, const char *why) {
    snprintf((char *)user + strlen(user), 1000 - strlen(user), "%s\n",
             strrchr(why, '/') ? strrchr(why, '/') + 1 : why);
}

/* A bad document stops the preparation, which goes on there once it may be left out. */
static void test_bad_documents(void **state) {
    (void)state;
    static char reasons[1000];
    const char *path = bad_documents(), *whole = scratch_path("whole");
    ore_prepare_options o = ore_prepare_defaults();
    ore_prepare_counts n;
    o.document_bytes = 1024;
    for (int threads = 1; threads <= 3; threads += 2) {
        ore_set_num_threads(threads);
        const char *parts = scratch_path(threads == 1 ? "parts1" : "parts3");
        o.skip_bad = o.restart = false;
        assert_int_equal(try_to_prepare(path, parts, &o, &n), ORE_DATA);
        assert_error(ORE_DATA, "bad.jsonl: line 2: ");
        assert_int_equal(n.documents, 1);
        assert_int_equal(try_to_prepare(path, parts, &o, &n), ORE_DATA);
        assert_error(ORE_DATA, "bad.jsonl: line 2: ");
        assert_int_equal(n.resumed, 1);
        o.skip_bad = true;
        n = prepare(path, parts, &o);
        assert_int_equal(n.resumed, 1);
        assert_int_equal(n.bad, 5);
        assert_int_equal(n.documents, 8);
        o.restart = true;
        o.bad = note_reason;
        o.user = reasons;
        reasons[0] = '\0';
        prepare(path, whole, &o);
        o.bad = NULL;
        expect_same(whole, parts);
    }
    char *text = part_text(whole, ORE_PART_TRAIN);
    assert_string_equal(text, "one|two|three|");
    free(text);
    const char *at = reasons;
    static const char *const wanted[] = {
        "bad.jsonl: line 2: ", "bad.jsonl: line 4, field 'text': missing\n",
        "bad.jsonl: line 5: byte 11 (0xFF) is not valid UTF-8\n",
        "bad.jsonl: document 6: ", "bad.jsonl: line 7: longer than 1024 bytes\n"};
    for (int i = 0; i < 5; i++, at++) {
        assert_memory_equal(at, wanted[i], strlen(wanted[i]));
        at = strchr(at, '\n');
    }
    assert_string_equal(at, "");
}

/* What nothing can be read behind stops in any case, and after all that lies before it. */
static void test_bad_files(void **state) {
    (void)state;
    ore_prepare_options o = ore_prepare_defaults();
    ore_prepare_counts n;
    assert_int_equal(mkdir(scratch_path("in"), 0777), 0);
    text_file("in/a.jsonl", "{\"text\": \"one\"}\nno\n");
    text_file("in/b.csv", "title\nx\n");
    text_file("in/c.jsonl", "{\"text\": \"two\"}\n");
    assert_int_equal(try_to_prepare(scratch_path("in"), scratch_path("out"), &o, &n), ORE_DATA);
    assert_error(ORE_DATA, "a.jsonl: line 2: ");
    o.skip_bad = true;
    assert_int_equal(try_to_prepare(scratch_path("in"), scratch_path("out"), &o, &n), ORE_DATA);
    assert_error(ORE_DATA, "b.csv: line 1: the header has no field 'text', only 'title'");
    assert_int_equal(n.documents, 2);
    assert_int_equal(n.bad, 1);
}

/* ---- a long document, which threads divide ---- */

static void test_divided(void **state) {
    (void)state;
    size_t bytes;
    const char *path = many_documents("long.txt");
    char *text = ore_file_read(path, &bytes);
    assert_true(bytes > 2000000);
    ore_tokenizer_trainer_options t = ore_tokenizer_trainer_defaults();
    t.vocab_size = 300;
    ore_tokenizer_trainer *trainer = ore_tokenizer_trainer_new(&t);
    assert_int_equal(ore_tokenizer_trainer_add_memory(trainer, text, 100000), ORE_OK);
    ore_tokenizer *tokenizer = ore_tokenizer_trainer_finish(trainer);
    assert_non_null(tokenizer);
    ore_tokenizer_trainer_free(trainer);
    int64_t count = ore_tokenizer_encode(tokenizer, text, bytes, NULL, 0);
    int64_t *want = malloc((size_t)(count + 1) * sizeof *want), *got = malloc(8 * (size_t)count);
    assert_true(want && got);
    ore_tokenizer_encode(tokenizer, text, bytes, want, count);
    ore_prepare_options o = ore_prepare_defaults();
    ore_prepare_counts n;
    o.separator = -1;
    assert_int_equal(ore_prepare(&path, 1, scratch_path("out"), tokenizer, &o, &n), ORE_OK);
    assert_int_equal(n.documents, 1);
    assert_int_equal(n.part_tokens[ORE_PART_TRAIN], count);
    assert_int_equal(n.part_bytes[ORE_PART_TRAIN], bytes);
    ore_tokens *tokens = ore_tokens_of_folder(scratch_path("out"), ORE_PART_TRAIN, NULL);
    assert_non_null(tokens);
    assert_int_equal(tokens->documents, 1);
    assert_int_equal(tokens->read(tokens, 0, count, got), ORE_OK);
    assert_memory_equal(got, want, (size_t)count * sizeof *want);
    ore_tokens_close(tokens);
    ore_tokenizer_free(tokenizer);
    ore_string_free(text);
    free(want);
    free(got);
}

/* ---- shards and others' files as tokens ---- */

static void test_shards_as_tokens(void **state) {
    (void)state;
    ore_prepare_options o = many_options();
    ore_shards_facts facts;
    prepare(many_documents("a.txt"), scratch_path("out"), &o);
    assert_int_equal(ore_shards_read(scratch_path("out"), &facts), ORE_OK);
    assert_true(facts.shards[ORE_PART_TRAIN] > 3);
    assert_int_equal(facts.vocabulary, 29);
    assert_int_equal(facts.separator, 0);
    ore_shards_options s = ore_shards_defaults();
    uint16_t bytes[29];
    for (int i = 0; i < 29; i++)
        bytes[i] = (uint16_t)(i + 1);
    s.vocabulary = 29;
    s.token_bytes = bytes;
    ore_tokens *tokens = ore_tokens_of_folder(scratch_path("out"), ORE_PART_TRAIN, &s);
    assert_non_null(tokens);
    int64_t ids[300], one;
    for (int64_t at = 0; at + 300 <= tokens->length;
         at += 9973) { /* over the ends of shards, too */
        assert_int_equal(tokens->read(tokens, at, 300, ids), ORE_OK);
        assert_int_equal(tokens->read(tokens, at + 299, 1, &one), ORE_OK);
        assert_int_equal(one, ids[299]);
    }
    assert_int_equal(tokens->bytes(tokens, (int64_t[]){0, 28, -100}, 3), 30);
    ore_tokens_close(tokens);
    const char *shard = scratch_path("out/train-00001.tokens");
    char *path = ore_shard_path(scratch_path("out"), ORE_PART_TRAIN, 1);
    assert_string_equal(path, shard);
    ore_string_free(path);
    ore_digest of_folder, of_shard, again;
    assert_int_equal(ore_shards_digest(scratch_path("out"), &of_folder), ORE_OK);
    assert_true(ore_digest_equal(of_folder, facts.digest));
    assert_int_equal(ore_shards_digest(shard, &of_shard), ORE_OK);
    assert_int_equal(ore_shard_verify(shard), ORE_OK);
    FILE *file = fopen(shard, "r+b");
    fseek(file, 300, SEEK_SET);
    fputc(200, file);
    fclose(file);
    assert_int_equal(ore_shards_digest(shard, &again), ORE_OK);
    assert_true(ore_digest_equal(of_shard, again)); /* of the header alone */
    assert_int_equal(ore_shard_verify(shard), ORE_DATA);
    assert_error(ORE_DATA, "train-00001.tokens: token file: the ids are damaged");
    tokens = ore_tokens_of_shards(&shard, 1, NULL); /* the header is right, an id is not */
    assert_non_null(tokens);
    assert_int_equal(tokens->read(tokens, 0, 300, ids), ORE_DATA);
    assert_error(ORE_DATA, "train-00001.tokens: id ");
    ore_tokens_close(tokens);
    assert_int_equal(remove(shard), 0);
    assert_int_equal(ore_shards_read(scratch_path("out"), &facts), ORE_IO);
    assert_error(ORE_IO, "train-00001.tokens: cannot open");
}

static void test_files_of_others(void **state) {
    (void)state;
    const uint16_t narrow[] = {5, 6, 7, 50256};
    uint32_t header[256 + 3] = {20240801, 7, 3};
    uint8_t gpt2[1024 + sizeof narrow];
    ore_shards_options o = ore_shards_defaults();
    o.vocabulary = 50257;
    o.separator = 50256;
    int64_t ids[7];
    memset(gpt2, 0, sizeof gpt2);
    memcpy(gpt2, (const uint32_t[]){20240520, 1, 4}, 12);
    memcpy(gpt2 + 1024, narrow, sizeof narrow);
    const char *const paths[] = {scratch_file("nano.bin", narrow, sizeof narrow),
                                 scratch_file("llmc.bin", gpt2, sizeof gpt2)};
    assert_true(ore_is_shards(paths[0]) && ore_is_shards(paths[1]) &&
                ore_is_shards(scratch_path("")));
    assert_false(ore_is_shards(text_file("a.txt", "a text")) ||
                 ore_is_shards(scratch_path("none")));
    assert_true(ore_ok());
    ore_tokens *tokens = ore_tokens_of_shards(paths, 2, &o);
    assert_non_null(tokens);
    assert_int_equal(tokens->length, 8);
    assert_int_equal(tokens->separator, 50256);
    assert_int_equal(tokens->documents, 0);
    assert_int_equal(tokens->read(tokens, 1, 7, ids), ORE_OK);
    assert_int_equal(ids[2], 50256);
    assert_int_equal(ids[3], 5);
    ore_tokens_close(tokens);
    header[256] = 100000;
    o.vocabulary = 128256;
    const char *wide = scratch_file("llama.bin", header, sizeof header);
    tokens = ore_tokens_of_shards(&wide, 1, &o);
    assert_int_equal(tokens->read(tokens, 0, 3, ids), ORE_OK);
    assert_int_equal(ids[0], 100000);
    ore_tokens_close(tokens);
    assert_null(ore_tokens_of_shards(paths, 1, NULL));
    assert_error(ORE_INVALID, "nano.bin: says nothing of its vocabulary");
    wide = scratch_file("llama.bin", header, sizeof header - 4);
    assert_null(ore_tokens_of_shards(&wide, 1, &o));
    assert_error(ORE_DATA, "llama.bin: 2 ids behind the header, which states 3");
    wide = scratch_file("odd.bin", "abc", 3);
    assert_null(ore_tokens_of_shards(&wide, 1, &o));
    assert_error(ORE_DATA, "odd.bin: 3 bytes, which are no ids of 2 bytes each");
}

/* ---- the set of digests ---- */

static void test_digest_set(void **state) {
    (void)state;
    enum { COUNT = 400000 };
    ore_digest_set *set = ore_digest_set_new();
    bool added;
    for (int round = 0; round < 2; round++)
        for (int64_t i = 0; i < COUNT; i++) {
            assert_int_equal(ore_digest_set_add(set, ore_digest_of(&i, sizeof i), &added), ORE_OK);
            assert_int_equal(added, round == 0);
        }
    assert_int_equal(ore_digest_set_count(set), COUNT);
    assert_true(ore_digest_set_bytes(set) <= 16 * COUNT);
    ore_digest_set_free(set);
    /* zeros are a digest, too */
    set = ore_digest_set_new();
    ore_digest_set_add(set, (ore_digest){0}, &added);
    assert_true(added);
    ore_digest_set_add(set, (ore_digest){0}, &added);
    assert_false(added);
    ore_digest_set_free(set);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_every_kind_of_file), TEST(test_folders),    TEST(test_long_files),
        TEST(test_limits_and_repeats), TEST(test_split),      TEST(test_threads),
        TEST(test_stopping),           TEST(test_refusals),   TEST(test_shards_as_tokens),
        TEST(test_bad_documents),      TEST(test_bad_files),  TEST(test_divided),
        TEST(test_files_of_others),    TEST(test_digest_set),
    };
    return cmocka_run_group_tests_name("shards", tests, NULL, NULL);
}
