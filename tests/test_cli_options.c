/* test_cli_options.c: the command's words, options, presets, help and exit statuses, seen from
 * outside: the built binary is run as a child. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "support/child.h"
#include "support/named_models.h"

static child_result result;

/* ---- helpers ---- */

static void expect_error(const char *words, int status, const char *line) {
    char whole[2048];
    run_ore(&result, words);
    snprintf(whole, sizeof whole, "%s\n", line);
    assert_string_equal(result.err, whole);
    assert_string_equal(result.out, "");
    assert_int_equal(result.status, status);
}

/* The resolved config of `ore train WORDS --print-config`. */
static json_t *config_of(const char *words) {
    char all[1024];
    snprintf(all, sizeof all, "train gpt --print-config %s", words);
    run_ore(&result, all);
    assert_string_equal(result.err, "");
    assert_int_equal(result.status, 0);
    json_t *config = json_loads(result.out, 0, NULL);
    assert_non_null(config);
    return config;
}

static double number_of(const char *words, const char *key) {
    json_t *config = config_of(words);
    const json_t *value = json_object_get(config, key);
    assert_true(json_is_number(value));
    double number = json_number_value(value);
    json_decref(config);
    return number;
}

static void expect_text(const char *words, const char *key, const char *expected) {
    json_t *config = config_of(words);
    assert_string_equal(json_string_value(json_object_get(config, key)), expected);
    json_decref(config);
}

static bool truth_of(const char *words, const char *key) {
    json_t *config = config_of(words);
    const json_t *value = json_object_get(config, key);
    assert_true(json_is_boolean(value));
    bool truth = json_is_true(value);
    json_decref(config);
    return truth;
}

/* ---- commands ---- */

static void test_no_arguments_print_usage(void **state) {
    (void)state;
    run_ore(&result, "");
    assert_int_equal(result.status, 2);
    assert_string_equal(result.out, "");
    assert_non_null(strstr(result.err, "Usage: ore COMMAND"));
    assert_non_null(strstr(result.err, "train"));
}

static void test_version(void **state) {
    (void)state;
    char version[64] = "", expected[80];
    FILE *file = fopen(ORE_SOURCE_DIR "/VERSION", "r");
    assert_non_null(file);
    assert_non_null(fgets(version, sizeof version, file));
    fclose(file);
    version[strcspn(version, "\n")] = '\0';
    snprintf(expected, sizeof expected, "ore %s\n", version);
    run_ore(&result, "--version");
    assert_string_equal(result.out, expected);
    assert_int_equal(result.status, 0);
}

static void test_unknown_commands(void **state) {
    (void)state;
    expect_error("trian", 2, "ore: trian: unknown command; did you mean train?");
    expect_error("zzzzzzzzzz", 2, "ore: zzzzzzzzzz: unknown command; ore help lists them");
    expect_error("help dcotor", 2, "ore help: dcotor: unknown command; did you mean doctor?");
    expect_error("help eval gpt", 2,
                 "ore help: gpt: one argument too many, expected ore help [COMMAND]");
    expect_error("--frob", 2,
                 "ore: --frob: unknown option; expected a command, --version or --help");
    char line[1024];
    snprintf(line, sizeof line, "ore train: which model? Expected %s as the first word",
             models_with_bars());
    expect_error("train", 2, line);
    snprintf(line, sizeof line, "ore train: gtp: unknown model: expected %s", models_in_words());
    expect_error("train gtp", 2, line);
}

static void test_help_of_a_command(void **state) {
    (void)state;
    static const char *const ways[2][2] = {{"help train", "train --help"},
                                           {"train gpt --help", "train gpt --n-layer 3 -h"}};
    static const char *const usages[] = {"Usage: ore train MODEL ", "Usage: ore train gpt "};
    for (int i = 0; i < 2; i++) {
        char first[CHILD_OUTPUT_BYTES] = "";
        for (int j = 0; j < 2; j++) {
            run_ore(&result, ways[i][j]);
            assert_int_equal(result.status, 0);
            assert_string_equal(result.err, "");
            if (j == 0)
                strcpy(first, result.out);
            assert_string_equal(result.out, first);
        }
        assert_non_null(strstr(first, usages[i]));
    }
    run_ore(&result, "help");
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.out, "doctor"));
}

static void test_full_output_is_an_error(void **state) {
    (void)state;
    static const char *const argv[] = {"/bin/sh", "-c", "exec " ORE_BINARY " help > /dev/full",
                                       NULL};
    if (access("/dev/full", W_OK) != 0)
        skip(); /* this system has no such device */
    child_run(&result, argv);
    assert_int_equal(result.status, 1);
    assert_string_equal(result.err, "ore: the output cannot be written: No space left on device\n");
}

static void test_closed_output_is_an_error(void **state) {
    (void)state;
    static const char *const argv[] = {"/bin/sh", "-c", "exec " ORE_BINARY " help >&-", NULL};
    child_run(&result, argv);
    assert_int_equal(result.status, 1);
    assert_string_equal(result.err, "ore: the output cannot be written: Bad file descriptor\n");
}

static void test_doctor(void **state) {
    (void)state;
    run_ore(&result, "doctor");
    assert_int_equal(result.status, 0);
    static const char *const shown[] = {"features ", "kernels ", "threads ",
                                        "memory ",   "gnuplot ", "self-test    passed: "};
    for (int i = 0; i < 6; i++)
        assert_non_null(strstr(result.out, shown[i]));
    expect_error("doctor now", 2, "ore doctor: now: expected no arguments");
}

/* ---- options ---- */

static void test_unknown_options(void **state) {
    (void)state;
    expect_error("train gpt --n-heaad 3", 2,
                 "ore train: --n-heaad: unknown option; did you mean --n-head?");
    expect_error("train gpt --bathc_size=3", 2,
                 "ore train: --bathc_size: unknown option; did you mean --batch-size?");
    expect_error("train gpt --no-steps", 2,
                 "ore train: --no-steps: unknown option; did you mean --steps?");
    expect_error("train gpt --qqqqqqqqqqqqqqqq 1", 2,
                 "ore train: --qqqqqqqqqqqqqqqq: unknown option");
    expect_error("train gpt -n 3", 2,
                 "ore train: -n: unknown option; options begin with two dashes");
    expect_error("train -n gpt", 2,
                 "ore train: -n: unknown option; options begin with two dashes");
    expect_error("sample --prompt -h", 2, /* a value, not a question for help */
                 "ore sample: which run? Expected: ore sample DIR [--prompt TEXT] ...");
    expect_error("train gpt extra", 2, "ore train: extra: one argument too many");
}

static void test_values_out_of_range(void **state) {
    (void)state;
    expect_error("train gpt --dropout 1.5", 2,
                 "ore train: --dropout 1.5: out of range, expected 0 <= dropout < 1");
    expect_error("train gpt --dropout 1", 2,
                 "ore train: --dropout 1: out of range, expected 0 <= dropout < 1");
    expect_error("train gpt --lr=0", 2, "ore train: --lr 0: out of range, expected 0 < lr <= 1000");
    expect_error("train gpt --lr -1", 2,
                 "ore train: --lr -1: out of range, expected 0 < lr <= 1000");
    expect_error("train gpt --lr 1e999", 2,
                 "ore train: --lr 1e999: out of range, expected 0 < lr <= 1000");
    expect_error("train gpt --n-layer 0", 2,
                 "ore train: --n-layer 0: out of range, expected 1 <= n_layer <= 1024");
    expect_error("train gpt --block-size 0", 2,
                 "ore train: --block-size 0: out of range, expected 1 <= block_size <= 1048576");
    expect_error("train gpt --batch-size -4", 2,
                 "ore train: --batch-size -4: out of range, expected 1 <= batch_size <= 1048576");
    expect_error("train gpt --steps 99999999999999999999", 2,
                 "ore train: --steps 99999999999999999999: out of range, expected "
                 "1 <= steps <= 1000000000");
    expect_error("train gpt --steps 0", 2,
                 "ore train: --steps 0: out of range, expected 1 <= steps <= 1000000000");
}

static void test_values_of_another_type(void **state) {
    (void)state;
    expect_error("train gpt --n-layer six", 2, "ore train: --n-layer six: expected an integer");
    expect_error("train gpt --n-layer 2.5", 2, "ore train: --n-layer 2.5: expected an integer");
    expect_error("train gpt --vocab-size x", 2,
                 "ore train: --vocab-size x: expected an integer or auto");
    expect_error("train gpt --lr fast", 2, "ore train: --lr fast: expected a number");
    expect_error("train gpt --lr nan", 2, "ore train: --lr nan: expected a number");
    expect_error("train gpt --lr=", 2, "ore train: --lr \"\": expected a number");
    expect_error("train gpt --strip-cr=maybe", 2,
                 "ore train: --strip-cr maybe: expected true or false");
    expect_error("train gpt --norm middle", 2,
                 "ore train: --norm middle: expected pre, post or both");
    expect_error("train gpt --optimizer lbfgs", 2,
                 "ore train: --optimizer lbfgs: expected adamw, adam, sgd, adagrad, rmsprop, "
                 "adadelta, adamax, nadam, radam, lion or adafactor");
    expect_error("train gpt --documents pages", 2,
                 "ore train: --documents pages: expected none or lines (or auto)");
    expect_error("train gpt --device 3", 2,
                 "ore train: --device 3: expected cpu or cuda (or auto)");
    expect_error("train gpt --preset note", 2,
                 "ore train: --preset note: unknown preset; did you mean notes?");
    expect_error("train gpt --preset tiny", 2,
                 "ore train: --preset tiny: unknown preset, expected names, shakespeare-char-cpu, "
                 "shakespeare-char, notes, gpt2-124m or llama-110m");
    expect_error("train gpt --grad 2", 2,
                 "ore train: --grad: unknown option; did you mean --grad-clip?");
}

static void test_missing_values(void **state) {
    (void)state;
    expect_error("train gpt --n-layer", 2, "ore train: --n-layer: a value is missing");
    expect_error("train gpt --data --steps 3", 2,
                 "ore train: --data: a value is missing; for --steps itself join them with =");
}

static void test_values_that_do_not_fit_together(void **state) {
    (void)state;
    expect_error("train gpt --n-head 3", 2,
                 "ore train: n_head 3 does not divide n_embd 64; every head takes an equal "
                 "share of the channels");
    expect_error("train gpt --min-lr 1", 2, "ore train: --min-lr 1: expected at most --lr 0.004");
    expect_error("train gpt --val-fraction 0.5 --test-fraction 0.5", 2,
                 "ore train: --val-fraction 0.5: with --test-fraction 0.5 nothing is left to "
                 "train on");
    expect_error("train gpt --nesterov", 2, "ore train: --nesterov: expected a --momentum above 0");
    expect_error("train gpt --n-embd 3 --n-head 1 --positions sinusoidal", 2,
                 "ore train: n_embd 3, expected an even number with sinusoidal positions");
}

static void test_an_error_is_one_line(void **state) {
    (void)state;
    static const char *const argv[] = {ORE_BINARY, "train", "gpt", "--norm", "a\nb\033[1m", NULL};
    child_run(&result, argv);
    assert_int_equal(result.status, 2);
    assert_string_equal(result.err, "ore train: --norm a b [1m: expected pre, post or both\n");
}

static void test_ways_to_write_a_value(void **state) {
    (void)state;
    assert_int_equal(number_of("--n-layer 6", "n_layer"), 6);
    assert_int_equal(number_of("--n-layer=6", "n_layer"), 6);
    assert_int_equal(number_of("--n_layer 6", "n_layer"), 6);
    assert_int_equal(number_of("--n-layer 6 --n-layer 7", "n_layer"), 7);
    assert_true(number_of("--lr 3e-4", "lr") == 3e-4);
    assert_true(number_of("--lr 0.12345678901234567", "lr") == 0.12345678901234567);
    assert_true(truth_of("--strip-cr", "strip_cr"));
    assert_true(truth_of("--strip-cr --steps 3", "strip_cr"));
    assert_true(truth_of("--strip-cr true", "strip_cr"));
    assert_true(truth_of("--strip-cr=yes", "strip_cr"));
    assert_false(truth_of("--strip-cr false", "strip_cr"));
    assert_false(truth_of("--strip-cr --no-strip-cr", "strip_cr"));
    assert_false(truth_of("--no-tie-weights", "tie_weights"));
    expect_text("--norm post", "norm", "post");
    expect_text("--data=--odd-name", "data", "--odd-name");
}

/* ---- presets and precedence ---- */

static void test_presets(void **state) {
    (void)state;
    static const struct {
        const char *key;
        double value;
    } shakespeare[] = {{"n_layer", 4},        {"n_head", 4},      {"n_embd", 128},
                       {"block_size", 64},    {"batch_size", 12}, {"steps", 2000},
                       {"dropout", 0},        {"lr", 1e-3},       {"min_lr", 1e-4},
                       {"warmup_steps", 100}, {"beta1", 0.9},     {"beta2", 0.99},
                       {"weight_decay", 0.1}, {"grad_clip", 1}};
    for (size_t i = 0; i < sizeof shakespeare / sizeof shakespeare[0]; i++)
        assert_true(number_of("--preset shakespeare-char-cpu --data x", shakespeare[i].key) ==
                    shakespeare[i].value);
    expect_text("", "preset", "names");
    expect_text("", "documents", "lines");
    expect_text("--data x", "preset", "");
    expect_text("--data x", "documents", "none");
    expect_text("--data x --preset names", "documents", "lines");
    expect_text("--preset notes", "norm", "post");
    assert_true(number_of("--preset notes", "mlp_dropout") == 0.14);
    run_ore(&result, "train gpt --preset notes --lr 0.0003 --print-config");
    assert_non_null(strstr(result.out, "\"mlp_dropout\": 0.14,"));
    assert_non_null(strstr(result.out, "\"min_lr\": 2.9999999999999997e-05,"));
    assert_false(truth_of("--preset notes", "bias_qkv"));
    assert_true(truth_of("--preset notes", "bias_linear"));
    assert_true(truth_of("--preset notes", "bias_head"));
}

static void test_auto_follows_its_general_key(void **state) {
    (void)state;
    assert_true(number_of("--dropout 0.3", "attn_dropout") == 0.3);
    assert_true(number_of("--dropout 0.3 --attn-dropout 0", "attn_dropout") == 0);
    assert_true(number_of("--preset notes --dropout 0.5", "resid_dropout") == 0.5);
    assert_false(truth_of("--no-bias", "bias_norm"));
    assert_true(truth_of("--preset notes --bias", "bias_qkv"));
    assert_true(number_of("--lr 0.5", "min_lr") == 0.05);
    assert_true(truth_of("--stop-when-converged", "convergence"));
}

static void test_precedence(void **state) {
    (void)state;
    char folder[256], words[1024];
    temporary_folder(folder);
    char path[300];
    snprintf(path, sizeof path, "%s/c.json", folder);
    write_text_file(path,
                    "{\"preset\": \"notes\", \"n_layer\": 3, \"lr\": 0.25, \"bias_qkv\": true}");
    snprintf(words, sizeof words, "--config %s", path);
    assert_int_equal(number_of(words, "n_layer"), 3); /* file before preset */
    assert_true(number_of(words, "lr") == 0.25);
    assert_true(truth_of(words, "bias_qkv"));
    assert_int_equal(number_of(words, "n_head"), 8); /* preset before default */
    snprintf(words, sizeof words, "--n-layer 2 --config %s --lr 0.5", path);
    assert_int_equal(number_of(words, "n_layer"), 2); /* flags before file, in any order */
    assert_true(number_of(words, "lr") == 0.5);
    snprintf(words, sizeof words, "--config %s --preset shakespeare-char", path);
    assert_int_equal(number_of(words, "n_embd"), 384);
    assert_int_equal(number_of(words, "n_layer"), 3);
    remove_folder(folder);
}

static void test_a_config_reads_back(void **state) {
    (void)state;
    char folder[256], path[300], words[600];
    temporary_folder(folder);
    snprintf(path, sizeof path, "%s/c.json", folder);
    json_decref(config_of("--preset notes --lr 0.1234567890123456 --n-head 4 --no-final-norm"));
    char *first = strdup(result.out);
    write_text_file(path, first);
    snprintf(words, sizeof words, "train --print-config --config %s", path);
    run_ore(&result, words);
    assert_string_equal(result.out, first);
    free(first);
    remove_folder(folder);
}

static void expect_file_error(const char *text, int status, const char *rest) {
    char folder[256], path[300], words[600], line[1024];
    temporary_folder(folder);
    snprintf(path, sizeof path, "%s/c.json", folder);
    write_text_file(path, text);
    snprintf(words, sizeof words, "train gpt --config %s", path);
    snprintf(line, sizeof line, "ore train: %s: %s", path, rest);
    expect_error(words, status, line);
    remove_folder(folder);
}

static void test_faults_of_a_config_file(void **state) {
    (void)state;
    expect_error("train gpt --config /nonexistent/c.json", 1,
                 "ore train: /nonexistent/c.json: cannot be read: No such file or directory");
    expect_file_error("[1]", 1, "expected a JSON object of keys and values");
    expect_file_error("{\"n_heaad\": 3}", 2, "n_heaad: unknown key; did you mean n_head?");
    expect_file_error("{\"n_head\": 0}", 2, "n_head 0: out of range, expected 1 <= n_head <= 1024");
    expect_file_error("{\"dropout\": 1.5}", 2,
                      "dropout 1.5: out of range, expected 0 <= dropout < 1");
    expect_file_error("{\"n_head\": \"4\"}", 2, "n_head: expected a number");
    expect_file_error("{\"n_head\": 4.5}", 2, "n_head 4.5: expected an integer");
    expect_file_error("{\"bias\": \"perhaps\"}", 2, "bias perhaps: expected true or false");
    expect_file_error("{\"bias\": null}", 2, "bias: expected true or false");
    expect_file_error("{\"data\": 3}", 2, "data: expected a text");
    expect_file_error("{\"resume\": true}", 2, "resume: can only be given on the command line");
    char folder[256], words[600];
    temporary_folder(folder);
    char path[300];
    snprintf(path, sizeof path, "%s/c.json", folder);
    write_text_file(path, "{\"n_head\": ");
    snprintf(words, sizeof words, "train gpt --config %s", path);
    run_ore(&result, words);
    assert_int_equal(result.status, 1);
    assert_non_null(strstr(result.err, "c.json: not valid JSON: line 1, column 11: "));
    remove_folder(folder);
}

/* ---- documentation ---- */

/* Every saved key is in --help with its default. */
static void test_help_shows_every_key_and_default(void **state) {
    (void)state;
    json_t *config = config_of("--data x");
    const char *key;
    json_t *value;
    run_ore(&result, "help train");
    json_object_foreach(config, key, value) {
        char flag[80], negated[80];
        snprintf(flag, sizeof flag, "  --%s ", key);
        snprintf(negated, sizeof negated, "  --[no-]%s ", key);
        for (char *c = flag + 4; *c; c++)
            *c = *c == '_' ? '-' : *c;
        for (char *c = negated + 9; *c; c++)
            *c = *c == '_' ? '-' : *c;
        char *line = strstr(result.out, flag);
        line = line ? line : strstr(result.out, negated);
        if (!line)
            fail_msg("ore help train has no %s", flag);
        char *next = strstr(line + 4, "  --");
        char *shown = strstr(line, "(default");
        assert_non_null(shown);
        assert_true(!next || shown < next);
    }
    json_decref(config);
}

static void test_documentation_is_current(void **state) {
    (void)state;
    static char page[CHILD_OUTPUT_BYTES];
    static const char mark[] = "<!-- begin: ore help --markdown -->\n";
    FILE *file = fopen(ORE_SOURCE_DIR "/docs/commands.md", "rb");
    assert_non_null(file);
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    fclose(file);
    char *generated = strstr(page, mark);
    assert_non_null(generated);
    run_ore(&result, "help --markdown");
    assert_int_equal(result.status, 0);
    assert_string_equal(generated + strlen(mark), result.out);
}

/* ---- run directories ---- */

static void test_run_directory_rules(void **state) {
    (void)state;
    char folder[256], path[300], words[700], line[1024];
    temporary_folder(folder);
    snprintf(path, sizeof path, "%s/precious.txt", folder);
    write_text_file(path, "keep me");
    static const char *const tails[] = {"", " --force"};
    for (int i = 0; i < 2; i++) {
        snprintf(words, sizeof words, "train gpt --out %s%s", folder, tails[i]);
        snprintf(line, sizeof line,
                 "ore train: %s: is not empty and holds no run; choose another --out", folder);
        expect_error(words, 1, line);
    }
    static const char *const models[] = {"gpt ", ""}; /* a run to resume says which */
    for (int i = 0; i < 2; i++) {
        snprintf(words, sizeof words, "train %s--resume --out %s", models[i], folder);
        snprintf(line, sizeof line, "ore train: %s: no run is there to resume (no config.json)",
                 folder);
        expect_error(words, 1, line);
        snprintf(words, sizeof words, "train %s--resume --out %s/none", models[i], folder);
        snprintf(line, sizeof line, "ore train: %s/none: no run is there to resume", folder);
        expect_error(words, 1, line);
    }
    snprintf(words, sizeof words, "train gpt --out %s", path);
    snprintf(line, sizeof line, "ore train: %s: exists and is no folder", path);
    expect_error(words, 1, line);
    remove_folder(folder);
}

static void test_an_existing_run_is_kept(void **state) {
    (void)state;
    char folder[256], path[300], words[700], line[1024];
    temporary_folder(folder);
    snprintf(path, sizeof path, "%s/config.json", folder);
    run_ore(&result, "train gpt --print-config --data x --n-embd 32");
    write_text_file(path, result.out);
    snprintf(words, sizeof words, "train gpt --out %s", folder);
    snprintf(line, sizeof line,
             "ore train: %s: holds a run already; --resume goes on with it, --force replaces it",
             folder);
    expect_error(words, 1, line);
    snprintf(words, sizeof words, "train gpt --resume --n-embd 64 --out %s", folder);
    snprintf(line, sizeof line,
             "ore train: --n-embd 64: the run in %s has 32; a run keeps its config on --resume",
             folder);
    expect_error(words, 1, line);
    snprintf(words, sizeof words, "train gpt --resume --n-embd 32 --out %s --print-config", folder);
    run_ore(&result, words);
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.out, "\"n_embd\": 32"));
    assert_non_null(strstr(result.out, "\"preset\": \"\""));
    expect_error("train gpt --resume --force", 2,
                 "ore train: --force: cannot go with --resume; one replaces a run, the other goes "
                 "on with it");
    remove_folder(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_arguments_print_usage),
        cmocka_unit_test(test_version),
        cmocka_unit_test(test_unknown_commands),
        cmocka_unit_test(test_help_of_a_command),
        cmocka_unit_test(test_full_output_is_an_error),
        cmocka_unit_test(test_closed_output_is_an_error),
        cmocka_unit_test(test_doctor),
        cmocka_unit_test(test_unknown_options),
        cmocka_unit_test(test_values_out_of_range),
        cmocka_unit_test(test_values_of_another_type),
        cmocka_unit_test(test_missing_values),
        cmocka_unit_test(test_values_that_do_not_fit_together),
        cmocka_unit_test(test_an_error_is_one_line),
        cmocka_unit_test(test_ways_to_write_a_value),
        cmocka_unit_test(test_presets),
        cmocka_unit_test(test_auto_follows_its_general_key),
        cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_a_config_reads_back),
        cmocka_unit_test(test_faults_of_a_config_file),
        cmocka_unit_test(test_help_shows_every_key_and_default),
        cmocka_unit_test(test_documentation_is_current),
        cmocka_unit_test(test_run_directory_rules),
        cmocka_unit_test(test_an_existing_run_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
