/* test_cli_shard_runs.c: runs that train on shards, on others' files of ids, and on mixtures. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <ore/prepare.h>
#include <ore/shards.h>

#include "support/run.h"

static child_result result;

static const char *tokenizer(void) {
    const char *path = run_path("tokenizer.json");
    write_text_file(path, "{\"type\": \"char\", \"special_tokens\": {\"separator\": 0}, \"vocab\": "
                          "[\"\\n\", \" \", \"a\", \"b\", \"c\", \"d\", \"e\"]}");
    return path;
}

/* Shards of a hundred short documents, a fifth of them to validate on. */
static const char *shards(const char *name, const char *first) {
    char text[8192];
    size_t used = 0;
    for (int i = 0; i < 100; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s %c%c %.*s\n", first,
                                 'a' + i % 5, 'a' + i / 5 % 5, 1 + i % 23, "abcde edcba abc ed");
    write_text_file(run_path("documents.txt"), text);
    run_well(&result,
             "data prepare %s --out %s --tokenizer %s --documents lines --val-fraction 0.2 "
             "--shard-tokens 500",
             run_path("documents.txt"), run_path(name), tokenizer());
    return run_path(name);
}

static const char *const packings[] = {"windows", "documents", "separate"};

/* N + M steps are N steps, a stop, and M steps, whatever makes the rows. */
static void test_resuming(void **state) {
    (void)state;
    const char *data = shards("shards", "a");
    for (int i = 0; i < 3; i++) {
        char whole[32], parts[32];
        snprintf(whole, sizeof whole, "whole-%s", packings[i]);
        snprintf(parts, sizeof parts, "parts-%s", packings[i]);
        run_well(&result, "train gpt " TINY "--data %s --packing %s --steps 24 --out %s", data,
                 packings[i], run_path(whole));
        expect_said(&result, "shards: shards; tokens: ");
        run_well(&result,
                 "train gpt " TINY "--data %s --packing %s --steps 24 --stop-at 9 --out %s", data,
                 packings[i], run_path(parts));
        run_well(&result, "train gpt --resume --out %s", run_path(parts));
        assert_same_training(run_path(whole), run_path(parts));
    }
    run_well(&result, "eval %s", run_path("whole-separate"));
    assert_true(said_number(&result, "bits per byte") > 0);
    run_well(&result, "sample %s --num 2", run_path("whole-documents"));
}

/* Where a document ends is to be predicted, but stands for no byte of its text: the name of a
 * special token is not counted. */
static void test_bits_per_byte(void **state) {
    (void)state;
    enum { DOCUMENTS = 40, BYTES = 11 };
    char text[DOCUMENTS * (BYTES + 1) + 1] = "";
    for (int i = 0; i < DOCUMENTS; i++)
        snprintf(text + i * (BYTES + 1), BYTES + 2, "%c red green\n", 'a' + i % 26);
    write_text_file(run_path("documents.txt"), text);
    run_well(&result, "tokenizer train %s --vocab-size 261 --special <a>,<end> --out %s",
             run_path("documents.txt"), run_path("bpe.json"));
    static const char *const separators[] = {"auto", "<end>"};
    for (int i = 0; i < 2; i++) {
        run_well(&result,
                 "data prepare %s --out %s --tokenizer %s --documents lines --separator %s --force",
                 run_path("documents.txt"), run_path("shards"), run_path("bpe.json"),
                 separators[i]);
        run_well(&result, "train gpt " TINY "--data %s --steps 1 --force --out %s",
                 run_path("shards"), run_path("run"));
        run_well(&result, "data info %s", run_path("shards"));
        double tokens = said_number(&result, "train       40 documents,");
        run_well(&result, "eval %s --split train", run_path("run"));
        /* The first token is not predicted: "a", one byte. */
        double bytes = DOCUMENTS * BYTES - 1, loss = said_number(&result, "loss");
        double want = loss * (tokens - 1) / log(2) / bytes;
        assert_true(fabs(said_number(&result, "bits per byte") - want) < 1e-5);
    }
}

/* nanoGPT's file of the same ids gives the same run as the shards' one part. */
static void test_files_of_others(void **state) {
    (void)state;
    const char *data = shards("shards", "a");
    ore_shards_facts facts;
    assert_int_equal(ore_shards_read(data, &facts), ORE_OK);
    ore_tokens *tokens = ore_tokens_of_folder(data, ORE_PART_TRAIN, NULL);
    int64_t count = tokens->length, *ids = malloc((size_t)count * sizeof *ids);
    uint16_t *narrow = malloc((size_t)count * sizeof *narrow);
    assert_int_equal(tokens->read(tokens, 0, count, ids), ORE_OK);
    for (int64_t i = 0; i < count; i++)
        narrow[i] = (uint16_t)ids[i];
    write_file(run_path("train.bin"), narrow, (size_t)count * sizeof *narrow);
    ore_tokens_close(tokens);
    free(narrow);
    free(ids);
    run_well(&result, "train gpt " TINY "--data %s --val-data %s --steps 12 --out %s", data,
             run_path("documents.txt"), run_path("of-shards"));
    run_well(&result, "train gpt " TINY "--data %s --val-data %s --steps 12 --out %s",
             run_path("train.bin"), run_path("documents.txt"), run_path("of-bin"));
    assert_same_file(run_path("of-shards/metrics.jsonl"), run_path("of-bin/metrics.jsonl"));
    assert_int_equal(ore_folder_make(run_path("apart")), ORE_OK);
    assert_int_equal(rename(run_path("train.bin"), run_path("apart/train.bin")), 0);
    run_well(
        &result, "train gpt " TINY "--data %s --val-data %s --tokenizer %s --steps 12 --out %s",
        run_path("apart/train.bin"), run_path("documents.txt"), tokenizer(), run_path("named"));
    assert_same_file(run_path("of-shards/metrics.jsonl"), run_path("named/metrics.jsonl"));
    char line[1024];
    snprintf(line, sizeof line,
             "ore train: %s: there is no %s, the tokenizer that its ids are of; --tokenizer names "
             "another",
             run_path("apart/train.bin"), run_path("apart/tokenizer.json"));
    expect_failure(&result, 1, line, "train gpt " TINY "--data %s --val-data %s --steps 1 --out %s",
                   run_path("apart/train.bin"), run_path("documents.txt"), run_path("no"));
    assert_int_equal(rename(run_path("apart/train.bin"), run_path("train.bin")), 0);
    snprintf(line, sizeof line, "ore train: %s: has no index of documents, expected shards",
             run_path("train.bin"));
    expect_failure(&result, 1, line,
                   "train gpt " TINY "--data %s --packing documents --steps 1 --out %s",
                   run_path("train.bin"), run_path("no"));
}

static void test_mixture(void **state) {
    (void)state;
    shards("one", "aaa");
    shards("two", "e");
    write_text_file(run_path("mixture.json"),
                    "{\"sources\": [{\"path\": \"one\", \"weight\": 3}, {\"path\": \"two\"}]}");
    run_well(&result, "train gpt " TINY "--data %s --packing separate --steps 24 --out %s",
             run_path("mixture.json"), run_path("whole"));
    expect_said(&result, "mixture.json: 2 sources; tokens: ");
    run_well(&result,
             "train gpt " TINY "--data %s --packing separate --steps 24 --stop-at 11 --out %s",
             run_path("mixture.json"), run_path("parts"));
    run_well(&result, "train gpt --resume --out %s", run_path("parts"));
    assert_same_training(run_path("whole"), run_path("parts"));
}

static void test_refusals(void **state) {
    (void)state;
    const char *data = shards("shards", "a"), *out = run_path("no");
    char line[1024];
    expect_failure(&result, 1,
                   "ore train: --packing separate: rnn reads across documents, expected gpt",
                   "train rnn --data %s --packing separate --steps 1 --out %s", data, out);
    snprintf(line, sizeof line,
             "ore train: --packing: %s is a text, expected shards (ore data "
             "prepare)",
             run_path("documents.txt"));
    expect_failure(&result, 1, line, "train gpt --data %s --packing documents --steps 1 --out %s",
                   run_path("documents.txt"), out);
    snprintf(line, sizeof line, "ore train: %s: no shards, or not complete: there is no data.json",
             run_path("cache"));
    assert_int_equal(ore_folder_make(run_path("cache")), ORE_OK);
    expect_failure(&result, 1, line, "train gpt --data %s --steps 1 --out %s", run_path("cache"),
                   out);
    snprintf(line, sizeof line,
             "ore train: --tokenizer word: %s is token ids already, expected the file of their "
             "tokenizer, or nothing for the one beside them",
             data);
    expect_failure(&result, 1, line, "train gpt --data %s --tokenizer word --steps 1 --out %s",
                   data, out);
    run_well(&result,
             "train gpt " TINY "--data %s --val-fraction 0.3 --steps 1 "
             "--tokenizer char --out %s",
             data, run_path("idle"));
    expect_said(&result, "--tokenizer changes nothing with shards, which have their own");
    expect_said(&result, "--val-fraction changes nothing with shards, which are in parts already");
    write_text_file(run_path("shards/tokenizer.json"),
                    "{\"type\": \"char\", \"special_tokens\": {}, \"vocab\": [\"a\", \"b\"]}");
    snprintf(line, sizeof line,
             "ore train: %s: the shards were made with another tokenizer than the run's", data);
    expect_failure(&result, 1, line, "train gpt --data %s --steps 1 --out %s", data, out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_resuming, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_bits_per_byte, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_files_of_others, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_mixture, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_refusals, run_setup, run_teardown),
    };
    return cmocka_run_group_tests_name("cli_shard_runs", tests, NULL, NULL);
}
