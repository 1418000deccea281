/* test_cli_shards.c: `ore data prepare` and `info`: kills at any moment, and bounded memory. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include <ore/files.h>

#include "support/run.h"

static child_result result;

static const char *tokenizer(void) {
    const char *path = run_path("tokenizer.json");
    write_text_file(path,
                    "{\"type\": \"char\", \"special_tokens\": {\"separator\": 0}, \"vocab\": "
                    "[\"\\n\", \" \", \"0\", \"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", "
                    "\"8\", \"9\", \"a\"]}");
    return path;
}

/* JSON lines of so many documents, each with its number and `bytes` letters; every third repeats
 * the one before. */
static const char *documents(const char *name, int count, int bytes) {
    FILE *file = fopen(run_path(name), "w");
    char *letters = malloc((size_t)bytes + 1);
    assert_true(file && letters);
    memset(letters, 'a', (size_t)bytes);
    letters[bytes] = '\0';
    for (int i = 0; i < count; i++)
        fprintf(file, "{\"text\": \"%d %s\"}\n", i - (i % 3 == 2), letters);
    assert_int_equal(fclose(file), 0);
    free(letters);
    return run_path(name);
}

static const char *options(void) {
    static char text[512];
    snprintf(text, sizeof text,
             "--tokenizer %s --distinct --val-fraction 0.1 --shard-tokens 3000000", tokenizer());
    return text;
}

static ore_status same_entry(void *user, const char *folder, const char *name) {
    char a[1024], b[1024];
    snprintf(a, sizeof a, "%s/%s", folder, name);
    snprintf(b, sizeof b, "%s/%s", (const char *)user, name);
    assert_same_file(a, b);
    return ORE_OK;
}

static ore_status count_entry(void *user, const char *folder, const char *name) {
    (void)folder, (void)name;
    ++*(int *)user;
    return ORE_OK;
}

static void expect_same_folder(const char *a, const char *b) {
    int of_a = 0, of_b = 0;
    ore_folder_visit(a, count_entry, &of_a);
    ore_folder_visit(b, count_entry, &of_b);
    assert_int_equal(of_a, of_b);
    assert_int_equal(ore_folder_visit(a, same_entry, (void *)(uintptr_t)b), ORE_OK);
}

/* Killed after more and more time, each time gone on with: no document is lost or doubled. */
static void test_killed(void **state) {
    (void)state;
    enum { COUNT = 120000, BYTES = 1000 }; /* 120 MB: two notes on the way */
    const char *data = documents("big.jsonl", COUNT, BYTES);
    const char *whole = run_path("whole"), *killed = run_path("killed");
    char words[1024];
    run_well(&result, "data prepare %s --out %s %s", data, whole, options());
    expect_said(&result, "\nleft out    40,000 documents that came before\n");
    snprintf(words, sizeof words, "data prepare %s --out %s %s", data, killed, options());
    int status = 256 + SIGKILL, kills = 0;
    for (long pause_ns = 100000000; status == 256 + SIGKILL && kills < 40; kills++) {
        pid_t pid = ore_start(words, NULL);
        nanosleep(&(struct timespec){pause_ns / 1000000000, pause_ns % 1000000000}, NULL);
        kill(pid, SIGKILL);
        status = ore_wait(pid);
        pause_ns += pause_ns / 4;
    }
    if (status == 256 + SIGKILL)
        run_well(&result, "%s", words);
    print_message("killed %d times\n", kills - (status == 0));
    expect_same_folder(whole, killed);
    run_well(&result, "data info %s --verify", killed);
    expect_said(&result, "as their digests have them");
}

/* The kinds of files, and what is before and behind the text of a document in them. */
static const struct {
    const char *name, *first, *before, *behind;
    const char *words; /* further options */
    int limit_mib;     /* of addresses */
} kinds[] = {
    {"big.jsonl", "", "{\"text\": \"", "\"}\n", "", 192},
    {"big.csv", "id,text\n", "1,\"", "\"\n", "", 192},
    {"big.tsv", "id\ttext\n", "1\t", "\n", "", 192},
    {"lines.txt", "", "", "\n", "--documents lines", 192},
    {"big.jsonl.gz", "", "{\"text\": \"", "\"}\n", "", 192},
    {"one.txt", "", "", " ", "", 448}, /* documents of 16 MiB */
};

static const char *big_file(int kind, int count, int bytes) {
    const char *path = run_path(kinds[kind].name);
    gzFile file = gzopen(path, strstr(path, ".gz") ? "wb1" : "wbT"); /* T: as it is */
    char *letters = malloc((size_t)bytes + 1), number[16];
    assert_true(file && letters);
    memset(letters, 'a', (size_t)bytes);
    letters[bytes] = '\0';
    gzputs(file, kinds[kind].first);
    for (int i = 0; i < count; i++) {
        snprintf(number, sizeof number, "%d ", i);
        gzputs(file, kinds[kind].before);
        gzputs(file, number);
        gzputs(file, letters);
        gzputs(file, kinds[kind].behind);
    }
    assert_int_equal(gzclose(file), Z_OK);
    free(letters);
    return path;
}

/* The input is far larger than what the process may have. */
static void test_memory(void **state) {
    (void)state;
#if defined(__SANITIZE_ADDRESS__)
    print_message("skipped: a sanitizer takes more than any limit\n");
#else
    enum { COUNT = 2000, BYTES = 100000, KINDS = sizeof kinds / sizeof *kinds }; /* 200 MB */
    char words[1024];
    for (int i = 0; i < KINDS; i++) {
        const char *data = big_file(i, COUNT, BYTES);
        snprintf(words, sizeof words, "data prepare %s --out %s --force %s %s --threads 2", data,
                 run_path("out"), options(), kinds[i].words);
        run_ore_limited(&result, words, RLIMIT_AS, kinds[i].limit_mib << 20);
        assert_string_equal(result.err, "");
        assert_int_equal(result.status, 0);
        expect_said(&result, " of 1 file, 200.0 MB\n");
        assert_int_equal(remove(data), 0);
    }
    /* with less it says so */
    const char *data = big_file(0, COUNT / 20, BYTES);
    snprintf(words, sizeof words, "data prepare %s --out %s --force %s --threads 2", data,
             run_path("out"), options());
    int refusals = 0;
    for (int limit_mib = 48; limit_mib <= 112; limit_mib += 8) {
        run_ore_limited(&result, words, RLIMIT_AS, limit_mib << 20);
        refusals += result.status == 1;
        assert_true(result.status == 0 ||
                    (result.status == 1 && strstr(result.err, "out of memory")));
    }
    assert_true(refusals > 0);
#endif
}

static void test_words(void **state) {
    (void)state;
    const char *data = documents("a.jsonl", 10, 5), *out = run_path("out");
    expect_failure(&result, 2, "ore data: expected get, prepare or info; ore help data tells more",
                   "data");
    expect_failure(&result, 2, "ore data: prepare: expected --out FOLDER", "data prepare %s", data);
    expect_failure(&result, 2, "ore data: prepare: expected --tokenizer FILE",
                   "data prepare %s --out %s", data, out);
    expect_failure(&result, 2,
                   "ore data: --distinct: info has no such option; it is one of prepare",
                   "data info none --distinct");
    expect_failure(&result, 2, "ore data: --verify: prepare has no such option; it is one of info",
                   "data prepare none --verify");
    expect_failure(&result, 2,
                   "ore data: --out: info has no such option; it is one of get or prepare",
                   "data info none --out %s", out);
    expect_failure(&result, 1, "ore data: --separator x: the tokenizer has no such token",
                   "data prepare %s --out %s --tokenizer %s --separator x", data, out, tokenizer());
    expect_failure(&result, 2, "ore data: --min-bytes 8: expected at most the 7 of --max-bytes",
                   "data prepare %s --out %s --tokenizer %s --min-bytes 8 --max-bytes 7", data, out,
                   tokenizer());
    run_well(&result, "data prepare %s --out %s --tokenizer %s --separator none --max-bytes 7",
             data, out, tokenizer());
    assert_non_null(strstr(result.out, "read        10 documents of 1 file, 0.0 MB\n"
                                       "train       10 documents, 70 tokens\n"));
    run_well(&result, "data info %s", out);
    expect_said(&result, "train       10 documents, 70 tokens of 0.0 MB of text: 1.00 bytes each\n"
                         "vocabulary  13 tokens, tokenizer xxh3-128:");
    run_well(&result, "data info %s/train-00000.tokens", out);
    expect_said(&result, "tokens      10 documents, 70 tokens\n");
    write_file(run_path("nano.bin"), "\1\0\2\0", 4);
    run_well(&result, "data info %s", run_path("nano.bin"));
    expect_said(&result, "nano.bin: ids without a word of their tokenizer\ntokens      2\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_words, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_killed, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_memory, run_setup, run_teardown),
    };
    return cmocka_run_group_tests_name("cli_shards", tests, NULL, NULL);
}
