/* test_cli_embed.c: `ore embed`: vectors of lines against those of transformers, in any company and
 * as they come; what folders say about pooling; what is refused. */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <ore/io.h>

#include "support/run.h"
#include "support/shared.h"

#define GOLDEN ORE_TEST_DIR "/golden/bert/encoder"

static child_result result;

/* The golden model in a folder of the test's own, to which it adds files. */
static const char *model(void) {
    static const char *const files[] = {"config.json", "model.safetensors", "tokenizer.json"};
    const char *folder = run_path("model");
    char from[512], to[512];
    size_t bytes;
    remove_folder(folder);
    mkdir(folder, 0777);
    for (int i = 0; i < 3; i++) {
        snprintf(from, sizeof from, GOLDEN "/%s", files[i]);
        snprintf(to, sizeof to, "%s/%s", folder, files[i]);
        char *data = read_file(from, &bytes);
        write_file(to, data, bytes);
        free(data);
    }
    return folder;
}

static void add_file(const char *name, const char *text) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", run_path("model"), name);
    write_text_file(path, text);
}

static ore_json *load_json(const char *path) {
    ore_json *json = ore_json_load(path);
    if (!json)
        fail_msg("%s", ore_error_message());
    return json;
}

/* The texts of vectors.json, as lines. */
static const char *texts(ore_json *vectors) {
    static char lines[4096];
    size_t used = 0;
    for (int64_t i = 0; i < ore_json_count(vectors); i++)
        used += (size_t)snprintf(lines + used, sizeof lines - used, "%s\n",
                                 ore_json_get_string(ore_json_at_object(vectors, i), "text"));
    return lines;
}

static double norm_of(const ore_json *vector) {
    double sum = 0, x = 0;
    for (int64_t i = 0; i < ore_json_count(vector); i++) {
        ore_json_at_double(vector, i, &x);
        sum += x * x;
    }
    return sqrt(sum);
}

/* The next line of *out must be an array near want / scale; *out moves behind it. */
static void expect_vector(const char **out, ore_json *want, double scale, double tolerance) {
    const char *end = strchr(*out, '\n');
    assert_non_null(end);
    ore_json *got = ore_json_parse(*out, (size_t)(end - *out), "output");
    assert_non_null(got);
    assert_int_equal(ore_json_count(got), ore_json_count(want));
    for (int64_t i = 0; i < ore_json_count(want); i++) {
        double a, b;
        assert_int_equal(ore_json_at_double(got, i, &a), ORE_OK);
        assert_int_equal(ore_json_at_double(want, i, &b), ORE_OK);
        if (!(fabs(a - b / scale) <= tolerance))
            fail_msg("%.9g, expected %.9g", a, b / scale);
    }
    ore_json_free(got);
    *out = end + 1;
}

/* What the command said must be the golden vectors of one pooling. */
static void expect_vectors(const char *pooling, bool normalized) {
    ore_json *vectors = load_json(GOLDEN "/vectors.json");
    const char *out = result.out;
    for (int64_t i = 0; i < ore_json_count(vectors); i++) {
        ore_json *want = ore_json_get_array(ore_json_at_object(vectors, i), pooling);
        expect_vector(&out, want, normalized ? norm_of(want) : 1, 1e-5);
    }
    assert_string_equal(out, "");
    ore_json_free(vectors);
}

static void give_texts(void) {
    ore_json *vectors = load_json(GOLDEN "/vectors.json");
    set_input(texts(vectors));
    ore_json_free(vectors);
}

/* Runs the command on the golden texts, of which the last one is too long. */
static void embed(const char *options) {
    give_texts();
    run_oref(&result, "embed %s %s", run_path("model"), options);
    assert_string_equal(result.err,
                        "note        line 7 has 23 tokens; only the first 16 are read\n");
    assert_int_equal(result.status, 0);
}

static void test_vectors(void **state) {
    (void)state;
    char *first;
    model();
    embed("");
    expect_vectors("mean", true);
    first = strdup(result.out);
    embed("--batch 1 --threads 1");
    assert_string_equal(result.out, first);
    embed("--batch 3 --threads 2");
    assert_string_equal(result.out, first);
    free(first);
    embed("--pooling cls --no-normalize");
    expect_vectors("cls", false);
    embed("--pooling mean --normalize false");
    expect_vectors("mean", false);
}

/* The numbers of a float32 .npy after its header, to be freed. */
static char *read_matrix(const char *path, const char *shape) {
    size_t bytes;
    char *file = read_file(path, &bytes), text[128];
    int rows, columns;
    assert_int_equal(sscanf(shape, "(%d, %d)", &rows, &columns), 2);
    assert_int_equal(bytes, 128 + sizeof(float) * (size_t)(rows * columns));
    assert_memory_equal(file, "\x93NUMPY\x01\x00\x76\x00", 10);
    snprintf(text, sizeof text, "{'descr': '<f4', 'fortran_order': False, 'shape': %s, } ", shape);
    assert_memory_equal(file + 10, text, strlen(text));
    assert_int_equal(file[127], '\n');
    return file;
}

static void test_matrix(void **state) {
    (void)state;
    char options[300];
    float number;
    model();
    embed("");
    char *out = strdup(result.out);
    snprintf(options, sizeof options, "--out %s", run_path("v.npy"));
    embed(options);
    assert_string_equal(result.out, "");
    char *file = read_matrix(run_path("v.npy"), "(7, 12)");
    const char *at = out;
    for (size_t i = 0; i < 7 * 12; i++) {
        memcpy(&number, file + 128 + i * sizeof number, sizeof number);
        at += strspn(at, "[], \n");
        assert_true((float)strtod(at, (char **)(uintptr_t)&at) == number);
    }
    free(file);
    free(out);
    set_input("");
    run_well(&result, "embed %s --out %s", run_path("model"), run_path("v.npy"));
    free(read_matrix(run_path("v.npy"), "(0, 12)"));
    run_well(&result, "embed %s", run_path("model"));
    assert_string_equal(result.out, "");
}

/* A line needs no line feed at its end, and may have a carriage return, zeros and bytes that are no
 * UTF-8, which read as U+FFFD. */
static void test_lines(void **state) {
    (void)state;
    char *first;
    model();
    set_input("a cat\n\nthe \xEF\xBF\xBD\n");
    run_well(&result, "embed %s", run_path("model"));
    first = strdup(result.out);
    set_input("a cat\r\n\r\nthe \xFF");
    run_well(&result, "embed %s", run_path("model"));
    assert_string_equal(result.out, first);
    free(first);
}

/* More lines than wait for a pass: in their order, and a note that counts those that are cut. */
static void test_many_lines(void **state) {
    (void)state;
    static char text[1 << 14];
    size_t used = 0;
    model();
    for (int i = 0; i < 40; i++)
        for (int k = 0; k <= i % 17; k++)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", k ? " " : "",
                                     k == i % 17 ? "cat\n" : (i % 2 ? "dog" : "hill"));
    set_input(text);
    run_oref(&result, "embed %s --batch 1", run_path("model"));
    assert_int_equal(result.status, 0);
    char *first = strdup(result.out);
    assert_string_equal(result.err,
                        "note        line 15 has 17 tokens; only the first 16 are read\n"
                        "note        6 lines of more than 16 tokens were cut\n");
    set_input(text);
    run_oref(&result, "embed %s --batch 64", run_path("model"));
    assert_string_equal(result.out, first);
    free(first);
}

/* A vector comes before the next line does. */
/* A file that is opened does not become the input: the lines would be those of the model. */
static void test_closed_input(void **state) {
    (void)state;
    char command[512];
    model();
    snprintf(command, sizeof command, "exec " ORE_BINARY " embed %s <&-", run_path("model"));
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};
    child_run(&result, argv);
    assert_int_equal(result.status, 1);
    assert_string_equal(result.out, "");
    assert_string_equal(result.err,
                        "ore embed: standard input: cannot be read: Bad file descriptor\n");
}

static void test_answers_at_once(void **state) {
    (void)state;
    char words[600], text[4096];
    int in[2], out;
    snprintf(words, sizeof words, "embed %s", model());
    int standard_input = dup(STDIN_FILENO);
    assert_int_equal(pipe(in), 0);
    dup2(in[0], STDIN_FILENO);
    close(in[0]);
    fcntl(in[1], F_SETFD, FD_CLOEXEC); /* else the command itself keeps its input open */
    pid_t pid = ore_start(words, &out);
    dup2(standard_input, STDIN_FILENO);
    close(standard_input);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(write(in[1], "a cat\n", 6), 6);
        ssize_t n = read(out, text, sizeof text - 1);
        assert_true(n > 0);
        text[n] = '\0';
        assert_int_equal(text[n - 1], '\n');
        assert_ptr_equal(strchr(text, '\n'), text + n - 1);
    }
    close(in[1]);
    assert_int_equal(read(out, text, sizeof text), 0);
    close(out);
    assert_int_equal(ore_wait(pid), 0);
}

/* ---- what folders say ---- */

#define TYPE "\"type\": \"sentence_transformers.models."
#define MODULES                                                                                    \
    "[{" TYPE "Transformer\", \"path\": \"\"}, {" TYPE "Pooling\", \"path\": \"1_Pooling\"}"

static void add_pooling(const char *text) {
    char path[512];
    snprintf(path, sizeof path, "%s/1_Pooling", run_path("model"));
    mkdir(path, 0777);
    add_file("1_Pooling/config.json", text);
}

static void test_folders(void **state) {
    (void)state;
    model();
    add_file("modules.json", MODULES "]");
    embed("");
    expect_vectors("mean", false);
    add_pooling("{\"pooling_mode_cls_token\": true, \"pooling_mode_mean_tokens\": false}");
    embed("");
    expect_vectors("cls", false);
    add_file("modules.json", MODULES ", {" TYPE "Normalize\", \"path\": \"2_Normalize\"}]");
    embed("");
    expect_vectors("cls", true);
    embed("--pooling mean --no-normalize");
    expect_vectors("mean", false);
    add_pooling("{\"pooling_mode\": \"mean\"}");
    embed("");
    expect_vectors("mean", true);
}

/* The first of the files that say it is the limit. */
static void test_limits(void **state) {
    (void)state;
    model();
    add_file("tokenizer_config.json", "{\"model_max_length\": 5}");
    set_input("a cat sleeps\n");
    run_oref(&result, "embed %s", run_path("model"));
    assert_string_equal(result.err, "note        line 1 has 6 tokens; only the first 5 are read\n");
    add_file("sentence_bert_config.json", "{\"max_seq_length\": 4, \"do_lower_case\": false}");
    set_input("a cat sleeps\na cat\n");
    run_oref(&result, "embed %s", run_path("model"));
    assert_string_equal(result.err, "note        line 1 has 6 tokens; only the first 4 are read\n");
    const char *second = strchr(result.out, '\n') + 1; /* both are [CLS] a cat [SEP] */
    assert_memory_equal(result.out, second, strlen(second));
    add_file("sentence_bert_config.json", "{\"max_seq_length\": null}");
    add_file("tokenizer_config.json", "{\"model_max_length\": 1000000000000000019884624838656}");
    set_input("a cat sleeps\n");
    run_well(&result, "embed %s", run_path("model"));
}

static void expect_refusal(const char *file, const char *text, const char *about) {
    char line[1024];
    model();
    if (strcmp(file, "1_Pooling/config.json") == 0) {
        add_file("modules.json", MODULES "]");
        add_pooling(text);
    } else {
        add_file(file, text);
    }
    snprintf(line, sizeof line, "ore embed: %s/%s: %s", run_path("model"), file, about);
    expect_failure(&result, 1, line, "embed %s", run_path("model"));
}

static void test_refusals(void **state) {
    (void)state;
    expect_refusal("1_Pooling/config.json", "{\"pooling_mode_max_tokens\": true}",
                   "max_tokens: a pooling that Ore has not; it has mean and cls");
    expect_refusal("1_Pooling/config.json",
                   "{\"pooling_mode_cls_token\": true, \"pooling_mode_mean_tokens\": true}",
                   "pooling_mode_cls_token and pooling_mode_mean_tokens: Ore joins no poolings");
    expect_refusal("1_Pooling/config.json", "{}", "pooling_mode: missing");
    expect_refusal("modules.json", "[{" TYPE "Dense\", \"path\": \"2_Dense\"}]",
                   "type sentence_transformers.models.Dense: a module that Ore has not");
    expect_refusal("modules.json", "{}", "an object, expected an array");
    expect_refusal("modules.json", "[{\"type\": 3}]", "[0].type: an integer, expected a string");
    expect_refusal("1_Pooling/config.json", "[]", "an array, expected an object");
    expect_refusal("sentence_bert_config.json", "[]", "an array, expected an object");
    expect_refusal("sentence_bert_config.json", "{\"max_seq_length\": 0}",
                   "max_seq_length: 0, expected at least 1");
    expect_refusal("sentence_bert_config.json", "{\"do_lower_case\": true}",
                   "do_lower_case: true is nothing that Ore has");
    expect_refusal("config_sentence_transformers.json", "{\"default_prompt_name\": \"query\"}",
                   "default_prompt_name: query is nothing that Ore has");
    model();
    expect_failure(&result, 2, "ore embed: which model? Expected the folder of one", "embed");
    expect_failure(&result, 2, "ore embed: --out v.txt: expected a name that ends in .npy",
                   "embed %s --out v.txt", run_path("model"));
    char line[600];
    snprintf(line, sizeof line, "ore embed: %s/config.json: cannot open: No such file or directory",
             run_path("nothing"));
    expect_failure(&result, 1, line, "embed %s", run_path("nothing"));
}

/* ---- other commands that take such folders ---- */

/* The numbers of a float32 .npy against a tensor of outputs.safetensors, which has as many. */
static void expect_numbers(const char *path, const char *model, const char *name) {
    char outputs[512];
    size_t bytes;
    snprintf(outputs, sizeof outputs, ORE_TEST_DIR "/golden/bert/%s/outputs.safetensors", model);
    ore_safetensors *file = ore_safetensors_open(outputs);
    const ore_safetensors_entry *want = ore_safetensors_find(file, name);
    assert_non_null(want);
    char *got = read_file(path, &bytes);
    assert_true(bytes - 128 == want->bytes);
    for (size_t at = 0; at < bytes - 128; at += sizeof(float)) {
        float a, b;
        memcpy(&a, got + 128 + at, sizeof a);
        memcpy(&b, (const char *)want->data + at, sizeof b);
        assert_true(fabs((double)(a - b)) <= 1e-4);
    }
    free(got);
    ore_safetensors_close(file);
}

/* Of ids that bert_golden.py has, too. */
static void test_logits_of_masked_words(void **state) {
    (void)state;
    const char *folder = ORE_TEST_DIR "/golden/bert/masked";
    write_text_file(run_path("ids"), "5 6 8 9, 4 12");
    run_well(&result, "logits %s --ids %s --out %s --hidden %s", folder, run_path("ids"),
             run_path("z.npy"), run_path("h.npy"));
    expect_numbers(run_path("z.npy"), "masked", "of_ids");
    expect_numbers(run_path("h.npy"), "masked", "hidden_of_ids");
    expect_failure(&result, 1,
                   "ore logits: " GOLDEN ": the model has no head for words, and so no logits; "
                   "--hidden writes what it has",
                   "logits " GOLDEN " --ids %s --out %s", run_path("ids"), run_path("z.npy"));
    write_text_file(run_path("text"), "a cat [MASK]s.");
    run_well(&result, "logits " GOLDEN " --text %s --hidden %s", run_path("text"),
             run_path("h.npy"));
    size_t bytes;
    free(read_file(run_path("h.npy"), &bytes));
    assert_int_equal(bytes, 128 + sizeof(float) * 3 * 7 * 12); /* [CLS] .. [SEP]: 7 tokens */
}

static void test_it_is_no_run(void **state) {
    (void)state;
    expect_failure(&result, 1,
                   "ore sample: " GOLDEN
                   ": a BERT is no run: ore embed, ore logits and ore convert take it",
                   "sample " GOLDEN);
}

static void test_convert(void **state) {
    (void)state;
    char *first;
    model();
    add_file("modules.json", MODULES "]");
    add_pooling("{\"pooling_mode\": \"cls\"}");
    embed("");
    first = strdup(result.out);
    run_well(&result, "convert %s %s", run_path("model"), run_path("copy"));
    give_texts();
    run_oref(&result, "embed %s", run_path("copy"));
    assert_string_equal(result.out, first);
    run_well(&result, "convert %s %s --force --shard-gb 0.000002", run_path("model"),
             run_path("copy"));
    assert_int_equal(access(run_path("copy/model.safetensors.index.json"), R_OK), 0);
    give_texts();
    run_oref(&result, "embed %s", run_path("copy"));
    assert_string_equal(result.out, first);
    free(first);
}

/* ---- a published model ---- */

/* all-MiniLM-L6-v2, where ORE_MODELS names the folder that has it, and what transformers makes of
 * sentences (shared/golden/public/public_golden.py). */
static void test_minilm(void **state) {
    (void)state;
    const char *models = getenv("ORE_MODELS");
    char folder[512], weights[600];
    snprintf(folder, sizeof folder, "%s/minilm/model", models ? models : "");
    snprintf(weights, sizeof weights, "%s/model.safetensors", folder);
    if (!models || access(weights, R_OK) != 0) {
        printf("skipped: MiniLM is not there: set ORE_MODELS to the folder that has it\n");
        skip();
    }
    ore_json *golden = load_json(shared_file("golden/public/minilm.json"));
    static char lines[8192];
    size_t used = 0;
    for (int64_t i = 0; i < ore_json_count(golden); i++)
        used += (size_t)snprintf(lines + used, sizeof lines - used, "%s\n",
                                 ore_json_get_string(ore_json_at_object(golden, i), "sentence"));
    set_input(lines);
    run_well(&result, "embed %s", folder);
    const char *out = result.out;
    for (int64_t i = 0; i < ore_json_count(golden); i++)
        expect_vector(&out, ore_json_get_array(ore_json_at_object(golden, i), "embedding"), 1,
                      1e-5);
    assert_string_equal(out, "");
    ore_json_free(golden);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_matrix),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_many_lines),
        cmocka_unit_test(test_closed_input),
        cmocka_unit_test(test_answers_at_once),
        cmocka_unit_test(test_folders),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_logits_of_masked_words),
        cmocka_unit_test(test_it_is_no_run),
        cmocka_unit_test(test_convert),
        cmocka_unit_test(test_minilm),
    };
    return cmocka_run_group_tests_name("cli_embed", tests, run_setup, run_teardown);
}
