/* test_cli_tokens.c: texts are turned into tokens once, and kept in a cache that can be cleared,
 * damaged or missing without a run being another one. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <ore/files.h>

#include "support/run.h"

static child_result result;

static const char *cache(void) {
    return run_path("cache/ore/tokens");
}

static ore_status count_one(void *user, const char *folder, const char *name) {
    (void)folder, (void)name;
    ++*(int *)user;
    return ORE_OK;
}

static int kept_files(void) {
    int count = 0;
    assert_int_equal(ore_folder_visit(cache(), count_one, &count), ORE_OK);
    return count;
}

/* Trains a little; whether a token file was made for it. */
static void train(const char *run, const char *text, bool makes) {
    run_well(&result, "train gpt " TINY "--steps 12 --data %s --out %s", text, run);
    if (makes)
        expect_said(&result, "\ncache       text.txt: ");
    else
        assert_null(strstr(result.out, "\ncache       text.txt: "));
}

static ore_status note_path(void *user, const char *folder, const char *name) {
    snprintf(user, 1024, "%s/%s", folder, name);
    return ORE_OK;
}

static void test_a_text_is_encoded_once(void **state) {
    (void)state;
    const char *text = text_file(), *first = run_path("first"), *other = run_path("other");
    char path[1024];
    struct stat before, after;
    train(first, text, true);
    assert_int_equal(kept_files(), 1);
    assert_int_equal(ore_folder_visit(cache(), note_path, path), ORE_OK);
    assert_int_equal(stat(path, &before), 0);
    train(other, text, false);
    assert_same_training(first, other);
    run_well(&result, "eval %s", other);
    run_well(&result, "train gpt --resume --steps 13 --out %s", other);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(kept_files(), 1);
    /* Another tokenizer or another way to read: another file. */
    run_well(&result,
             "train gpt " TINY "--block-size 128 --steps 1 --documents lines --data %s --out %s",
             text, run_path("lines"));
    run_well(&result, "train gpt " TINY "--steps 1 --strip-cr --data %s --out %s", text,
             run_path("strip"));
    assert_int_equal(kept_files(), 3);
}

/* Without a cache, and with one that is damaged, a run is the same run. */
static void test_a_cache_is_only_a_cache(void **state) {
    (void)state;
    const char *text = text_file(), *kept = run_path("kept");
    char path[1024], nowhere[1024], line[1200];
    train(kept, text, true);
    assert_int_equal(ore_folder_visit(cache(), note_path, path), ORE_OK);
    assert_int_equal(truncate(path, 1000), 0);
    train(run_path("cut"), text, true);
    assert_same_training(run_path("cut"), kept);
    write_text_file(path, "no token file");
    train(run_path("foreign"), text, true);
    assert_same_training(run_path("foreign"), kept);
    snprintf(nowhere, sizeof nowhere, "%s/below", text);
    setenv("XDG_CACHE_HOME", nowhere, 1);
    train(run_path("without"), text, false);
    snprintf(line, sizeof line, "\nnote        text.txt: its tokens are in memory: %s", text);
    expect_said(&result, line);
    assert_same_training(run_path("without"), kept);
    setenv("XDG_CACHE_HOME", "relative", 1); /* is none, and there is no home */
    char *home = getenv("HOME") ? strdup(getenv("HOME")) : NULL;
    unsetenv("HOME");
    train(run_path("homeless"), text, false);
    expect_said(&result,
                "its tokens are in memory: no cache folder: neither XDG_CACHE_HOME nor HOME");
    assert_same_training(run_path("homeless"), kept);
    setenv("HOME", run_path("home"), 1);
    train(run_path("at-home"), text, true);
    expect_said(&result, "home/.cache/ore/tokens\n");
    if (home)
        setenv("HOME", home, 1);
    free(home);
}

/* What is in memory already stays there. */
static void test_texts_in_memory(void **state) {
    (void)state;
    char command[2048];
    snprintf(command, sizeof command,
             "cat %s | %s train gpt " TINY "--steps 2 --data - --out %s >/dev/null", text_file(),
             ORE_BINARY, run_path("input"));
    setenv("PATH", "/bin:/usr/bin", 1);
    assert_int_equal(system(command), 0);
    run_well(&result, "train gpt " TINY "--steps 2 --out %s", run_path("names"));
    assert_int_equal(ore_path_kind_of(cache()), ORE_PATH_MISSING);
    run_well(&result, "eval %s", run_path("input")); /* its copy is a file */
    assert_int_equal(kept_files(), 1);
}

static void test_ore_cache(void **state) {
    (void)state;
    char line[1200];
    snprintf(line, sizeof line, "folder      %s\nholds       0 token files, 0.0 MiB\n", cache());
    run_well(&result, "cache");
    assert_string_equal(result.out, line);
    train(run_path("run"), text_file(), true);
    snprintf(line, sizeof line, "folder      %s\nholds       1 token file, 0.0 MiB\n", cache());
    run_well(&result, "cache");
    assert_string_equal(result.out, line);
    snprintf(line, sizeof line, "folder      %s\nremoved     1 token file, 0.0 MiB\n", cache());
    run_well(&result, "cache --clear");
    assert_string_equal(result.out, line);
    assert_int_equal(kept_files(), 0);
    expect_failure(&result, 2, "ore cache: now: one argument too many", "cache now");
}

/* Under a run that reads it. */
static void test_a_cache_is_cleared_meanwhile(void **state) {
    (void)state;
    const char *text = text_file(), *run = run_path("run");
    char words[2048], state_path[700];
    snprintf(words, sizeof words,
             "train gpt " TINY "--steps 1000000 --eval-interval 5 --data %s --out %s", text, run);
    snprintf(state_path, sizeof state_path, "%s/state.json", run);
    pid_t child = ore_start(words, NULL);
    while (access(state_path, F_OK) != 0)
        usleep(5000);
    run_well(&result, "cache --clear");
    assert_int_equal(kept_files(), 0);
    usleep(100000);
    kill(child, SIGTERM);
    assert_int_equal(ore_wait(child), 130);
    run_well(&result, "eval %s", run);
    assert_int_equal(kept_files(), 1);
}

/* A model of words: rare ones are unknown, in the text and in prompts. */
static void test_words(void **state) {
    (void)state;
    const char *run = run_path("words"), *path = run_path("words.txt");
    char text[4096];
    size_t used = 0;
    while (used < 4000)
        used += (size_t)snprintf(text + used, sizeof text - used, "the cat, it's 5 cats%s\n",
                                 used ? "" : " once");
    write_file(path, text, used);
    run_well(&result,
             "train gpt " TINY "--steps 3 --tokenizer word --min-frequency 2 --data %s --out %s",
             path, run);
    expect_said(&result, "\nvocabulary  9 tokens\n"); /* <unk> <pad> the cat , it's 5 cats \n */
    run_well(&result, "sample %s --prompt dog --tokens 3", run);
    assert_int_equal(strncmp(result.out, "dog", 3), 0);
    run_well(&result, "eval %s", run);
    run_well(&result, "train gpt --resume --steps 4 --out %s", run);
    char *saved = read_file(run_path("words/tokenizer.json"), NULL);
    assert_non_null(strstr(saved, "\"type\": \"word\""));
    assert_null(strstr(saved, "once"));
    free(saved);
    run_well(&result, "train gpt " TINY "--steps 1 --min-frequency 2 --data %s --out %s", path,
             run_path("letters"));
    expect_said(&result, "--min-frequency changes nothing with --tokenizer char");
    expect_failure(
        &result, 2,
        "ore train: --tokenizer words: expected char, word, bpe:N, wordpiece:N, unigram:N, "
        "or the path of a file",
        "train gpt --tokenizer words --out %s", run_path("none"));
}

/* The sweep reads the text, not each of its runs. */
static void test_a_sweep_encodes_once(void **state) {
    (void)state;
    const char *text = text_file(), *out = run_path("sweep");
    run_well(&result,
             "sweep gpt " TINY "--steps 2 --data %s --out %s --grid lr=0.001,0.002 --jobs 2", text,
             out);
    assert_int_equal(kept_files(), 1);
    for (int i = 1; i <= 2; i++) {
        char path[700];
        snprintf(path, sizeof path, "%s/logs/lr=0.00%d.txt", out, i);
        char *log = read_file(path, NULL);
        assert_non_null(strstr(log, "data        text.txt"));
        assert_null(strstr(log, "cache "));
        free(log);
    }
}

/* 32 MiB of text are 64 MiB of tokens: with 48 MiB of memory they are made, and trained on. */
static void test_a_text_larger_than_memory(void **state) {
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || !defined(ORE_LINUX)
    skip(); /* its shadow is memory too; other systems do not keep such a limit */
#else
    enum { BYTES = 32 << 20, MEMORY = 48 << 20 };
    char *text = malloc(BYTES), words[2048];
    for (int i = 0; i < BYTES; i++)
        text[i] = "ore iron\n"[i % 9];
    const char *path = run_path("large.txt");
    write_file(path, text, BYTES);
    free(text);
    const char *way = "train gpt " TINY "--steps 4 --threads 1 --data %s --out %s";
    snprintf(words, sizeof words, way, path, run_path("run"));
    run_ore_limited(&result, words, RLIMIT_DATA, MEMORY);
    assert_string_equal(result.err, "");
    assert_int_equal(result.status, 0);
    expect_said(&result, "cache       large.txt: 33,554,432 tokens kept in ");
    setenv("XDG_CACHE_HOME", "/dev/null", 1); /* it is the limit that makes the difference */
    snprintf(words, sizeof words, way, path, run_path("other"));
    run_ore_limited(&result, words, RLIMIT_DATA, MEMORY);
    assert_int_equal(result.status, 1);
    assert_non_null(strstr(result.err, "memory"));
    unlink(path);
#endif
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, run_setup, run_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_text_is_encoded_once),
        TEST(test_a_cache_is_only_a_cache),
        TEST(test_texts_in_memory),
        TEST(test_ore_cache),
        TEST(test_a_cache_is_cleared_meanwhile),
        TEST(test_words),
        TEST(test_a_sweep_encodes_once),
        TEST(test_a_text_larger_than_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
