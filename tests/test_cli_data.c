/* test_cli_data.c: texts, alphabets and documents of `ore train`, and what `ore sample`, `ore eval`
 * and `ore bench` make of a run. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <ore/ore.h>

#include "models/gpt/gpt.h"
#include "support/run.h"

static child_result result;

/* ---- texts ---- */

static void test_text_filters(void **state) {
    (void)state;
    char text[3000] = "";
    for (int i = 0; i < 100; i++)
        strcat(text, "ab\xff\r\n");
    const char *path = run_path("odd.txt"), *out = run_path("run");
    write_text_file(path, text);
    run_well(&result,
             "train gpt " TINY "--steps 1 --invalid-utf8 ignore --strip-cr --data %s --out %s",
             path, out);
    expect_said(&result, "odd.txt: 300 characters; tokens: 270 train, 30 validation");
    expect_said(&result, "vocabulary  3 tokens");
    run_well(&result,
             "train gpt " TINY "--steps 1 --invalid-utf8 ignore --data %s --out %s --force", path,
             out);
    expect_said(&result, "odd.txt: 400 characters");
    expect_said(&result, "vocabulary  4 tokens");
}

static void test_vocab_and_validation_files(void **state) {
    (void)state;
    const char *text = text_file(), *val = run_path("val.txt"), *vocab = run_path("vocab.txt");
    const char *out = run_path("run");
    char line[700];
    write_text_file(val, "zinc in the hill and gold in the hill\n");
    write_text_file(vocab, "abcdefghijklmnopqrstuvwxyz \n");
    snprintf(line, sizeof line,
             "ore train: %s: character 'c' (U+0063) at position 3 is not in the vocabulary of 13",
             val);
    run_oref(&result, "train gpt " TINY "--steps 1 --data %s --val-data %s --out %s", text, val,
             out);
    assert_int_equal(result.status, 1);
    assert_non_null(strstr(result.err, "is not in the vocabulary of"));
    assert_non_null(strstr(result.err, val));
    run_well(&result, "train gpt " TINY "--steps 1 --data %s --val-data %s --vocab %s --out %s",
             text, val, vocab, out);
    expect_said(&result, "vocabulary  28 tokens");
    expect_said(&result, ", 38 validation");
    run_well(&result, "eval %s", out);
    run_well(&result, "train gpt " TINY "--steps 1 --vocab-size 64 --data %s --out %s", text,
             run_path("wide"));
    run_well(&result, "sample %s --tokens 50 --temperature 1000", run_path("wide"));
}

static void test_documents(void **state) {
    (void)state;
    const char *path = run_path("lines.txt"), *out = run_path("run");
    write_text_file(path, "ab\nabb\n\nba\nbab\nabba\nb\na\naa\nbb\naba\n");
    run_well(&result, "train gpt " TINY "--steps 1 --documents lines --data %s --out %s", path,
             out);
    expect_said(&result, "lines: 9 train, 1 validation");
    run_well(&result, "sample %s --seed 4", out);
    int lines = 0;
    for (const char *c = result.out; *c; c++)
        lines += *c == '\n';
    assert_int_equal(lines, 10);
    run_well(&result, "sample %s --num 3 --prompt ab", out);
    assert_memory_equal(result.out, "ab", 2);
    write_text_file(path, "ab\nthis one is far too long for it\nab\n");
    run_oref(&result,
             "train gpt " TINY "--steps 1 --documents lines --val-fraction 0 --data %s --out %s",
             path, run_path("long"));
    assert_int_equal(result.status, 1);
    assert_non_null(strstr(result.err, "block_size"));
}

static void test_every_preset_trains(void **state) {
    (void)state;
    static const char *const names[] = {"names", "shakespeare-char-cpu", "shakespeare-char",
                                        "notes"};
    for (int i = 0; i < 4; i++) {
        const char *data = i ? text_file() : "";
        run_well(&result, "train gpt " TINY "--block-size 32 --steps 2 --preset %s %s %s --out %s",
                 names[i], i ? "--data" : "", data, run_path(names[i]));
        run_well(&result, "sample %s --tokens 3", run_path(names[i]));
    }
    expect_said(&result, "\n");
    run_well(&result,
             "train gpt " TINY
             "--steps 2 --preset notes --data %s --out %s --force --eval-interval "
             "1",
             text_file(), run_path("notes"));
    expect_said(&result, "train loss change ");
}

/* ---- sample ---- */

static void test_samples_of_names_are_new(void **state) {
    (void)state;
    const char *out = run_path("names");
    run_well(&result, "train gpt " TINY "--block-size 32 --steps 30 --lr 0.01 --out %s", out);
    size_t bytes;
    char *names = read_file(ORE_SOURCE_DIR "/data/names.txt", &bytes);
    run_well(&result, "sample %s --unseen --num 20", out);
    int count = 0;
    for (char *rest = result.out, *name = strtok_r(rest, "\n", &rest); name;
         name = strtok_r(NULL, "\n", &rest), count++) {
        char line[600];
        snprintf(line, sizeof line, "\n%s\n", name);
        assert_null(strstr(names, line));
    }
    assert_int_equal(count, 20);
    free(names);
}

static void test_samples_of_a_text(void **state) {
    (void)state;
    const char *text = text_file(), *out = run_path("run");
    run_well(&result, "train gpt " TINY "--steps 30 --lr 0.01 --data %s --out %s", text, out);
    run_well(&result, "sample %s --tokens 40 --prompt gold", out);
    assert_int_equal(strlen(result.out), 45);
    assert_memory_equal(result.out, "gold", 4);
    char *first = strdup(result.out);
    run_well(&result, "sample %s --tokens 40 --prompt gold --threads 1", out);
    assert_string_equal(result.out, first);
    run_well(&result, "sample %s --tokens 40 --prompt gold --seed 2", out);
    assert_string_not_equal(result.out, first);
    run_well(&result, "sample %s --tokens 40 --temperature 0", out);
    strcpy(first, result.out);
    run_well(&result, "sample %s --tokens 40 --top-k 1 --seed 9", out);
    assert_string_equal(result.out, first);
    run_well(&result, "sample %s --tokens 40 --top-p 1e-9 --seed 9 --best", out);
    run_well(&result, "sample %s --tokens 3 --num 3", out);
    assert_non_null(strstr(result.out, "\n---------------\n"));
    free(first);
}

/* What a run's weights write when the whole context is computed again for each token. */
static void write_by_whole_contexts(const gpt *model, const ore_tokenizer *tokenizer,
                                    const char *prompt, int64_t tokens, uint64_t seed, char *out) {
    enum { MOST = 256 };
    int64_t ids[MOST], block = model->config.block_size;
    int64_t count = ore_tokenizer_encode(tokenizer, prompt, strlen(prompt), ids, MOST);
    ore_generator *g = ore_generator_new(seed);
    ore_decoder decoder;
    ore_decoder_init(&decoder, tokenizer);
    out += sprintf(out, "%s", prompt);
    for (int64_t i = 0; i < tokens; i++) {
        int64_t start = count > block ? count - block : 0;
        ore_scope_begin();
        ore_no_grad_begin();
        ore_tensor *x = ore_from_data(ids + start, ORE_SHAPE(1, count - start), ORE_INT64);
        ids[count] = ore_sample_token(ore_select(gpt_forward_last(model, x), 0, 0), NULL, g);
        ore_no_grad_end();
        ore_scope_end();
        assert_true(ids[count] >= 0);
        out += ore_decoder_next(&decoder, ids[count++], out);
    }
    strcpy(out, "\n");
    ore_generator_free(g);
}

/* Gives the run weights so large that each token depends on those before it. */
static void replace_weights(gpt *model, const char *run) {
    char path[700];
    ore_generator *g = ore_generator_new(11);
    ore_tensor_list all = ore_module_parameters(&model->module);
    ore_no_grad_begin();
    for (int64_t i = 0; i < all.count; i++)
        ore_normal_(all.items[i].tensor, 0, 1, g);
    ore_no_grad_end();
    ore_tensor_list_free(&all);
    ore_generator_free(g);
    snprintf(path, sizeof path, "%s/digests.json", run);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof path, "%s/model.safetensors", run);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(ore_module_save(&model->module, path), ORE_OK);
}

static void expect_samples_by_whole_contexts(const char *out) {
    char path[700], wanted[300];
    size_t bytes;
    gpt_config c = gpt_defaults();
    gpt model;
    snprintf(path, sizeof path, "%s/config.json", out);
    char *text = read_file(path, &bytes);
    ore_json *config = ore_json_parse(text, bytes, path);
    assert_int_equal(config_read(gpt_family.fields, &c, config), ORE_OK);
    assert_int_equal(gpt_init(&model, &c, NULL), ORE_OK);
    ore_module_eval(&model.module);
    replace_weights(&model, out);
    snprintf(path, sizeof path, "%s/tokenizer.json", out);
    ore_tokenizer *tokenizer = ore_tokenizer_load(path);
    write_by_whole_contexts(&model, tokenizer, "gold", 60, 3, wanted);
    run_well(&result, "sample %s --tokens 60 --prompt gold --seed 3", out);
    assert_string_equal(result.out, wanted);
    ore_tokenizer_free(tokenizer);
    gpt_free(&model);
    ore_json_free(config);
    free(text);
}

/* Keys and values are kept from token to token, and computed again once the window moves: to the
 * same text, here nearly four windows long. */
static void test_samples_need_no_kept_keys(void **state) {
    (void)state;
    static const char *const options[] = {"--positions learned", "--positions sinusoidal",
                                          "--norm post --no-tie-weights"};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        run_well(&result, "train gpt " TINY "%s --steps 1 --data %s --out %s --force", options[i],
                 text_file(), run_path("run"));
        expect_samples_by_whole_contexts(run_path("run"));
    }
}

/* ---- eval ---- */

static void test_eval(void **state) {
    (void)state;
    const char *text = text_file(), *out = run_path("run");
    run_well(&result, "train gpt " TINY "--steps 1 --lr 1e-9 --data %s --out %s", text, out);
    run_well(&result, "eval %s", out);
    double loss = said_number(&result, "loss");
    assert_true(fabs(loss - log(13)) < 0.02); /* nothing is learnt yet; 13 characters */
    assert_true(fabs(said_number(&result, "perplexity") - exp(loss)) < 1e-3);
    assert_true(fabs(said_number(&result, "bits per byte") - loss / log(2)) <
                1e-4); /* one byte a token */
    expect_said(&result, "data        text.txt, validation split: 599 tokens\n");
    char *own = strdup(result.out);
    run_well(&result, "eval %s --data %s --split validation", out, text);
    assert_string_equal(result.out, own);
    run_well(&result, "eval %s --threads 1", out);
    assert_string_equal(result.out, own);
    run_well(&result, "eval %s --best", out); /* those of step 0, before one step of 1e-9 */
    assert_true(fabs(said_number(&result, "loss") - loss) < 1e-5);
    free(own);
}

/* The tokens that are counted, and the loss over them. */
static double measured(const char *run, const char *words, const char *what, int64_t *tokens) {
    char start[600];
    run_well(&result, "eval %s %s", run, words);
    snprintf(start, sizeof start, "data        %s: ", what);
    char *at = strstr(result.out, start);
    if (!at)
        fail_msg("'%s' is not in the output:\n%s", start, result.out);
    *tokens = strtol(at + strlen(start), NULL, 10);
    return said_number(&result, "loss");
}

/* Of another file all counts unless a part is asked for; the parts make up the whole. */
static void test_eval_of_another_file(void **state) {
    (void)state;
    static const char *const parts[] = {"train", "validation", "test"};
    const char *run = run_path("run"), *other = run_path("other.txt");
    char text[800], words[700], what[64];
    int64_t tokens, whole_tokens, sum_tokens = 0;
    double sum = 0;
    run_well(&result,
             "train gpt " TINY "--steps 1 --val-fraction 0.25 --test-fraction 0.25 --documents "
             "lines --block-size 128 --data %s --out %s",
             text_file(), run);
    for (int i = 0; i < 80; i++)
        memcpy(text + 10 * i, i % 3 ? "the hill \n" : "ore ore  \n", 10);
    write_file(other, text, sizeof text);
    snprintf(words, sizeof words, "--data %s", other);
    double whole = measured(run, words, "other.txt, the whole file", &whole_tokens);
    assert_int_equal(whole_tokens, 800);
    for (int part = 0; part < 3; part++) {
        snprintf(words, sizeof words, "--data %s --split %s", other, parts[part]);
        snprintf(what, sizeof what, "other.txt, %s split", parts[part]);
        double loss = measured(run, words, what, &tokens);
        sum += loss * (double)tokens;
        sum_tokens += tokens;
        assert_int_equal(tokens, part == 0 ? 400 : 200);
    }
    assert_int_equal(sum_tokens, whole_tokens);
    assert_true(fabs(sum / 800 - whole) < 1e-5);
}

/* The causes are told, and no option is named that `ore eval` lacks. */
static void test_eval_of_files_that_are_too_short(void **state) {
    (void)state;
    const char *run = run_path("run"), *one = run_path("one.txt"), *val = run_path("val.txt");
    char line[1200];
    run_well(&result, "train gpt " TINY "--steps 1 --data %s --out %s", text_file(), run);
    write_text_file(one, "o");
    write_text_file(val, "gold in the hill ore ore ore");
    snprintf(line, sizeof line, "ore eval: %s: the data has 1 token, expected at least 2", one);
    expect_failure(&result, 1, line, "eval %s --data %s", run, one);
    snprintf(line, sizeof line,
             "ore eval: %s: too short for a train split: a share of 0.9 of it is nothing", one);
    expect_failure(&result, 1, line, "eval %s --data %s --split train", run, one);
    snprintf(line, sizeof line, "ore eval: %s: the data has 1 token, expected at least 2", one);
    expect_failure(&result, 1, line, "eval %s --data %s --split validation", run, one);
    snprintf(line, sizeof line, "ore eval: %s: no test split: the run has --test-fraction 0", one);
    expect_failure(&result, 1, line, "eval %s --data %s --split test", run, one);
    run_well(&result, "train gpt " TINY "--steps 1 --data %s --val-data %s --out %s --force",
             text_file(), val, run);
    run_well(&result, "eval %s", run);
    expect_said(&result, "data        val.txt, validation split: 27 tokens\n");
    run_well(&result, "eval %s --data %s", run, val);
    expect_said(&result, "data        val.txt, the whole file: 27 tokens\n");
    snprintf(line, sizeof line,
             "ore eval: --split validation: the run's own is another text, so %s has none; without "
             "--split the whole file is measured",
             val);
    expect_failure(&result, 1, line, "eval %s --data %s --split validation", run, val);
}

/* ---- bench ---- */

static void test_bench(void **state) {
    (void)state;
    run_ore(&result, "bench gpt --preset char-a --batch 1 --seconds 0 --json");
    assert_non_null(strstr(result.out, "\"workload\": \"gpt-char-a\""));
#ifndef __SANITIZE_ADDRESS__ /* there every block comes from the system, to be watched */
    assert_non_null(strstr(result.out, "\"allocator_steps\": 0,"));
    assert_int_equal(result.status, 0);
#endif
    double mib[5];
    const char *list = strstr(result.out, "\"activation_mib\": [");
    assert_non_null(list);
    assert_int_equal(sscanf(strchr(list, '[') + 1, "%lf, %lf, %lf, %lf, %lf", &mib[0], &mib[1],
                            &mib[2], &mib[3], &mib[4]),
                     5);
    for (int i = 1; i < 5; i++)
        assert_true(mib[i] < mib[i - 1]); /* activation memory falls during backward */
    expect_failure(&result, 2, "ore bench: gtp: unknown workload; did you mean gpt?", "bench gtp");
    expect_failure(&result, 2,
                   "ore bench: which workload? Expected micrograd, mlp, wavenet, gpt, resnet, "
                   "rnn, transformer, decode or kernels",
                   "bench");
    expect_failure(&result, 2, "ore bench: --preset x: expected char-a, char-b, seed or gpt2",
                   "bench gpt --preset x");
    expect_failure(&result, 2, "ore bench: --preset x: expected encoder or seq2seq",
                   "bench transformer --preset x");
    expect_failure(&result, 2, "ore bench: --preset x: expected char-lstm, char-gru or packed",
                   "bench rnn --preset x");
    expect_failure(&result, 2, "ore bench: --preset x: expected resnet18 or bottleneck",
                   "bench resnet --preset x");
    expect_failure(&result, 2, "ore bench: --seq 65: expected at most the 64 of char-a",
                   "bench gpt --seq 65");
}

/* Parameters as the lectures count them, and losses that start at a guess among 27 letters. */
static void test_bench_of_small_networks(void **state) {
    (void)state;
    const char *runs[][2] = {
        {"micrograd", "\"params\": 41,"},
        {"mlp --names " ORE_SOURCE_DIR "/data/names.txt", "\"params\": 11897,"},
        {"mlp --batchnorm", "\"params\": 12097,"},
        {"wavenet", "\"params\": 76579,"},
    };
    for (int i = 0; i < 4; i++) {
        double first = NAN;
        run_oref(&result, "bench %s --seconds 0 --threads 1 --losses 3 --json", runs[i][0]);
        assert_non_null(strstr(result.out, runs[i][1]));
        const char *losses = strstr(result.out, "\"losses\": [");
        assert_non_null(losses);
        assert_int_equal(sscanf(strchr(losses, '[') + 1, "%lf,", &first), 1);
        assert_true(i == 0 ? first > 0 : first > 3 && first < 4.5);
#ifndef __SANITIZE_ADDRESS__
        assert_non_null(strstr(result.out, "\"allocator_steps\": 0,"));
        assert_int_equal(result.status, 0);
#endif
    }
}

/* Logits that differed would be an error. */
static void test_bench_of_decoding(void **state) {
    (void)state;
    run_ore(&result, "bench decode --seconds 0 --threads 1");
#ifndef __SANITIZE_ADDRESS__
    assert_int_equal(result.status, 0);
#endif
    assert_non_null(strstr(result.out, "workload    decode-char-a: 809,856 parameters"));
    run_ore(&result, "bench decode --batch 2 --seq 9 --seconds 0 --threads 1 --json");
    assert_non_null(strstr(result.out, "\"batch\": 2, \"rows\": [{\"context\": 9, "));
#ifndef __SANITIZE_ADDRESS__
    assert_non_null(strstr(result.out, "\"allocator_calls_per_pair\": 0.0}]}"));
#endif
    expect_failure(&result, 2, "ore bench: --seq 65: expected at most the 64 of char-a",
                   "bench decode --seq 65");
    run_ore(&result, "bench decode --seq 1 --text x --seconds 0");
    assert_non_null(strstr(result.err, "--text changes nothing with decode"));
}

/* A kernel cannot be faster than the machine; the layer norms here are held against its caches. */
static void test_bench_of_kernels(void **state) {
    (void)state;
    run_ore(&result, "bench kernels --only norm --seconds 0 --json");
    assert_int_equal(result.status, 0);
    double peak = 0, gflops = 0;
    assert_int_equal(sscanf(strstr(result.out, "\"peak_gflops\": "), "\"peak_gflops\": %lf", &peak),
                     1);
    const char *row = strstr(result.out, "\"name\": \"layer norm\"");
    assert_non_null(row);
    assert_int_equal(sscanf(strstr(row, "\"gflops\": "), "\"gflops\": %lf", &gflops), 1);
    assert_true(gflops > 0 && gflops < peak);
    assert_null(strstr(result.out, "attention"));
    run_ore(&result, "bench kernels --only mask --seconds 0");
    assert_non_null(strstr(result.out, "attention, bool mask and backward  "));
    assert_non_null(strstr(result.out, "attention, added mask  "));
    expect_failure(&result, 2, "ore bench: --only nosuch: no kernel has a name with that",
                   "bench kernels --only nosuch --seconds 0");
}

/* Both sides draw the same weights and batches: the parameters and the losses of the first two
 * steps are those that bench/pytorch/bench.py prints with the same flags (PyTorch 2.15). */
static void test_bench_of_nets_beside_pytorch(void **state) {
    (void)state;
    const struct {
        const char *flags, *params;
        double losses[2];
    } runs[] = {
        {"transformer --preset encoder --batch 2 --seq 8", "3418114", {0.530909, 2.632401}},
        {"transformer --preset seq2seq --batch 2 --seq 8", "6301672", {7.089782, 7.149851}},
        {"rnn --preset char-lstm --batch 2 --seq 9", "1086017", {4.171576, 4.172671}},
        {"rnn --preset char-gru --batch 2 --seq 9", "822849", {4.163142, 4.197520}},
        {"rnn --preset packed --batch 3 --seq 9", "1309698", {0.695547, 0.701628}},
        {"resnet --preset bottleneck --batch 2", "3502442", {1.898650, 7.385121}},
    };
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        double losses[2] = {NAN, NAN};
        run_oref(&result, "bench %s --seconds 0 --threads 1 --losses 2 --json", runs[i].flags);
        const char *params = strstr(result.out, "\"params\": ");
        assert_non_null(params);
        assert_memory_equal(strchr(params, ':') + 2, runs[i].params, strlen(runs[i].params));
        const char *list = strstr(result.out, "\"losses\": [");
        assert_non_null(list);
        assert_int_equal(sscanf(strchr(list, '[') + 1, "%lf, %lf", &losses[0], &losses[1]), 2);
        for (int k = 0; k < 2; k++)
            assert_true(fabs(losses[k] - runs[i].losses[k]) < 1e-4);
        assert_null(strstr(result.err, "changes nothing"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_text_filters, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_vocab_and_validation_files, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_documents, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_every_preset_trains, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_samples_of_names_are_new, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_samples_of_a_text, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_samples_need_no_kept_keys, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_eval, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_eval_of_another_file, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_eval_of_files_that_are_too_short, run_setup,
                                        run_teardown),
        cmocka_unit_test_setup_teardown(test_bench, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_bench_of_decoding, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_bench_of_kernels, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_bench_of_small_networks, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_bench_of_nets_beside_pytorch, run_setup, run_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
