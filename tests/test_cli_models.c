/* test_cli_models.c: `ore train bigram|mlp|wavenet|transformer` from outside: what they learn, that
 * stopping, killing and threads change no byte, samples, evaluation, and faults. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/io.h>
#include <ore/ops.h>
#include <ore/text.h>

#include "support/named_models.h"
#include "support/run.h"
#include "support/shared.h"

static child_result result;

/* Each model so that it takes a fraction of a second. */
typedef struct small_model {
    const char *name, *sizes, *training;
    double mark; /* the loss on names that such a training must reach */
} small_model;

/* Two layers with dropout between them, whose draws are the run's. */
#define DEEP "--n-layer 2 --n-hidden 16 --dropout 0.2 "

static const small_model models[] = {
    {"bigram", "", "--steps 300", 2.60},
    {"mlp", "--n-hidden 16", "--steps 1500 --batch-size 32 --eval-interval 500 --eval-batches 20",
     2.55},
    {"wavenet", "--n-hidden 16",
     "--steps 600 --batch-size 32 --eval-interval 200 "
     "--eval-batches 20",
     2.50},
    {"transformer", "--n-layer 1 --n-head 2 --n-embd 16",
     "--n-layer 1 --n-embd 32 --lr 0.004 --steps 300 --eval-interval 100 --eval-batches 10", 2.60},
    {"rnn", DEEP, "--n-hidden 64 --steps 300 --eval-interval 100 --eval-batches 10", 2.60},
    {"lstm", DEEP, "--n-hidden 64 --steps 300 --eval-interval 100 --eval-batches 10", 2.60},
    {"gru", DEEP, "--n-hidden 64 --steps 300 --eval-interval 100 --eval-batches 10", 2.60},
};
enum { MODELS = sizeof models / sizeof models[0] };

static double eval_loss(const char *words) {
    double loss;
    run_oref(&result, "eval %s", words);
    assert_string_equal(result.err, "");
    assert_int_equal(sscanf(strstr(result.out, "\nloss "), "\nloss %lf", &loss), 1);
    return loss;
}

/* ---- what they learn ---- */

static void test_each_learns_names(void **state) {
    (void)state;
    for (int i = 0; i < MODELS; i++) {
        const small_model *m = &models[i];
        const char *out = run_path(m->name);
        char line[64];
        run_well(&result, "train %s %s --out %s", m->name, m->training, out);
        snprintf(line, sizeof line, "model       %s: ", m->name);
        assert_non_null(strstr(result.out, line));
        assert_non_null(strstr(result.out, "new lines, none of them in the data:\n"));
        double loss = eval_loss(out);
        if (!(loss < m->mark))
            fail_msg("%s: loss %f, expected less than %f", m->name, loss, m->mark);
    }
}

/* The lecture's bigrams of names.txt have 2.4541 over all names; on a held-out tenth about that. */
static void test_a_bigram_of_names(void **state) {
    (void)state;
    const char *out = run_path("run");
    run_well(&result, "train bigram --data %s --documents lines --out %s",
             shared_file("data/text/names.txt"), out);
    double loss = eval_loss(out), train;
    assert_true(loss > 2.43 && loss < 2.48);
    char words[700];
    snprintf(words, sizeof words, "%s --split train", out);
    train = eval_loss(words);
    assert_true(fabs(train - 2.4541) < 0.01);
}

/* ---- determinism ---- */

static void test_resume_and_threads(void **state) {
    (void)state;
    const char *text = text_file();
    for (int i = 0; i < MODELS; i++) {
        char names[2][32];
        const char *name = models[i].name, *sizes = models[i].sizes;
        const char *flags = "--steps 40 --eval-interval 10 --eval-batches 3 --batch-size 8 "
                            "--accumulate 2 --lr 0.01";
        snprintf(names[0], sizeof names[0], "whole-%s", name);
        snprintf(names[1], sizeof names[1], "parts-%s", name);
        const char *whole = run_path(names[0]), *parts = run_path(names[1]);
        run_well(&result, "train %s %s %s --threads 1 --data %s --out %s", name, sizes, flags, text,
                 whole);
        run_well(&result, "train %s %s %s --threads 3 --stop-at 7 --data %s --out %s", name, sizes,
                 flags, text, parts);
        char line[700];
        snprintf(line, sizeof line, "go on with: ore train %s --resume --out %s\n", name, parts);
        assert_non_null(strstr(result.out, line));
        run_well(&result, "train %s --resume --threads 2 --stop-at 23 --out %s", name, parts);
        run_well(&result, "train --resume --out %s", parts); /* the run knows its model */
        assert_same_run(whole, parts);
    }
}

static void test_kills(void **state) {
    (void)state;
    static const char *const ways[] = {
        "mlp --n-hidden 40 --steps 400 --eval-interval 40 --eval-batches 3",
        "rnn " DEEP "--steps 160 --eval-interval 20 --eval-batches 3",
        "lstm " DEEP "--steps 160 --eval-interval 20 --eval-batches 3",
        "gru " DEEP "--steps 160 --eval-interval 20 --eval-batches 3",
    };
    const char *text = text_file();
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        char words[512], names[2][32];
        snprintf(names[0], sizeof names[0], "whole%zu", i);
        snprintf(names[1], sizeof names[1], "killed%zu", i);
        const char *whole = run_path(names[0]), *killed = run_path(names[1]);
        snprintf(words, sizeof words, "train %s --data %s", ways[i], text);
        run_well(&result, "%s --out %s", words, whole);
        train_with_kills(words, killed, 4000);
        assert_same_run(whole, killed);
    }
}

static void test_diagnostics_change_nothing(void **state) {
    (void)state;
    const char *text = text_file();
    for (int i = 0; i < MODELS; i++) {
        char names[2][32];
        snprintf(names[0], sizeof names[0], "a%d", i);
        snprintf(names[1], sizeof names[1], "b%d", i);
        const char *a = run_path(names[0]), *b = run_path(names[1]);
        run_well(&result, "train %s %s --steps 12 --eval-batches 2 --data %s --out %s",
                 models[i].name, models[i].sizes, text, a);
        run_well(&result,
                 "train %s %s --steps 12 --eval-batches 2 --diagnostics --data %s --out %s",
                 models[i].name, models[i].sizes, text, b);
        assert_same_run(a, b);
    }
}

static void test_pictures(void **state) {
    (void)state;
    run_show_gnuplot();
    for (int i = 0; i < MODELS; i++) {
        const char *out = run_path(models[i].name);
        run_oref(&result,
                 "train %s %s --steps 12 --eval-batches 2 --diagnostics --data %s --out %s",
                 models[i].name, models[i].sizes, text_file(), out);
        assert_string_equal(result.err, "");
        if (strstr(result.out, "no picture: "))
            break; /* no gnuplot */
        char file[600];
        snprintf(file, sizeof file, "%s/diagnostics.svg", out);
        free(read_file(file, NULL));
    }
}

/* ---- samples ---- */

static void test_samples(void **state) {
    (void)state;
    char first[CHILD_OUTPUT_BYTES];
    for (int i = 0; i < MODELS; i++) {
        char name[32];
        snprintf(name, sizeof name, "text-%s", models[i].name);
        const char *lines = run_path(models[i].name), *text = run_path(name);
        run_well(&result, "train %s %s --steps 30 --eval-batches 2 --out %s", models[i].name,
                 models[i].sizes, lines);
        run_well(&result, "sample %s --num 7 --prompt ma --tokens 30", lines);
        strcpy(first, result.out);
        int count = 0;
        for (char *line = strtok(result.out, "\n"); line; line = strtok(NULL, "\n"), count++)
            assert_memory_equal(line, "ma", 2);
        assert_int_equal(count, 7);
        run_well(&result, "sample %s --num 7 --prompt ma --tokens 30 --threads 1", lines);
        assert_string_equal(result.out, first);
        run_well(&result, "train %s %s --steps 30 --eval-batches 2 --data %s --out %s",
                 models[i].name, models[i].sizes, text_file(), text);
        run_well(&result, "sample %s --prompt gold --tokens 40 --temperature 0.7 --top-k 5", text);
        assert_int_equal(strlen(result.out), 4 + 40 + 1);
        run_well(&result, "sample %s --tokens 40 --best", text);
        assert_int_equal(strlen(result.out), 40 + 1);
    }
}

/* ---- evaluation ---- */

/* A tensor of a run's weights as float64 numbers, in the scope. */
static const double *weights(const char *run, const char *name) {
    char path[600];
    snprintf(path, sizeof path, "%s/model.safetensors", run);
    ore_safetensors *file = ore_safetensors_open(path);
    ore_tensor *t = ore_contiguous(ore_to(ore_safetensors_tensor(file, name), ORE_FLOAT64));
    ore_safetensors_close(file);
    if (!t)
        fail_msg("%s", ore_error_message());
    return ore_data(t);
}

/* log softmax of n scores at place y. */
static double log_probability(const double *scores, int64_t n, int64_t y) {
    double most = -INFINITY, sum = 0;
    for (int64_t i = 0; i < n; i++)
        most = fmax(most, scores[i]);
    for (int64_t i = 0; i < n; i++)
        sum += exp(scores[i] - most);
    return scores[y] - most - log(sum);
}

enum { H = 12, E = 4, T = 3, LETTERS = 64 };

/* Scores of an mlp's forward with running statistics, by hand. */
static void scores_of(const char *run, const int64_t *context, int64_t V, double *scores) {
    const double *wte = weights(run, "wte.weight");
    const double *w = weights(run, "layers.0.linear.weight"); /* (H, T E) */
    const double *mean = weights(run, "layers.0.norm.running_mean");
    const double *var = weights(run, "layers.0.norm.running_var");
    const double *gain = weights(run, "layers.0.norm.weight");
    const double *shift = weights(run, "layers.0.norm.bias");
    const double *head = weights(run, "lm_head.weight"), *bias = weights(run, "lm_head.bias");
    for (int64_t v = 0; v < V; v++)
        scores[v] = bias[v];
    for (int h = 0; h < H; h++) {
        double sum = 0;
        for (int t = 0; t < T; t++)
            for (int e = 0; e < E; e++)
                sum += w[h * T * E + t * E + e] * wte[context[t] * E + e];
        double y = tanh((sum - mean[h]) / sqrt(var[h] + 1e-5) * gain[h] + shift[h]);
        for (int64_t v = 0; v < V; v++)
            scores[v] += head[v * H + h] * y;
    }
}

/* The ids of text_file(), whose last tenth is the validation split; how many. */
static int64_t read_ids(const char *run, int64_t *ids, int64_t *vocab) {
    char path[600];
    snprintf(path, sizeof path, "%s/tokenizer.json", run);
    size_t bytes;
    char *text = read_file(run_path("text.txt"), &bytes);
    ore_tokenizer *tokenizer = ore_tokenizer_load(path);
    *vocab = ore_tokenizer_size(tokenizer);
    int64_t n = ore_tokenizer_encode(tokenizer, text, bytes, ids, (int64_t)bytes);
    ore_tokenizer_free(tokenizer);
    free(text);
    return n;
}

static void test_eval_equals_recomputation(void **state) {
    (void)state;
    static int64_t ids[8192];
    const char *out = run_path("run");
    double scores[LETTERS], sum = 0;
    int64_t vocab, targets = 0;
    run_well(&result,
             "train mlp --n-hidden 12 --n-embd 4 --steps 150 --eval-interval 50 --data %s --out %s",
             text_file(), out);
    int64_t n = read_ids(out, ids, &vocab);
    assert_true(vocab < LETTERS);
    for (int64_t i = n * 9 / 10; i + T < n; i++, targets++) {
        ore_scope_begin();
        scores_of(out, ids + i, vocab, scores);
        ore_scope_end();
        sum -= log_probability(scores, vocab, ids[i + T]);
    }
    assert_true(fabs(eval_loss(out) - sum / (double)targets) < 2e-5);
}

static void test_eval_of_a_split(void **state) {
    (void)state;
    const char *out = run_path("run"), *none = run_path("none");
    char line[700];
    run_well(&result, "train bigram --steps 30 --test-fraction 0.2 --out %s", out);
    double losses[3];
    const char *const splits[] = {"train", "validation", "test"};
    for (int i = 0; i < 3; i++) {
        char words[700];
        snprintf(words, sizeof words, "%s --split %s", out, splits[i]);
        losses[i] = eval_loss(words);
    }
    assert_true(losses[0] != losses[1] && losses[1] != losses[2]);
    assert_true(eval_loss(out) == losses[1]);
    run_well(&result, "train bigram --steps 30 --val-fraction 0 --out %s", none);
    expect_failure(&result, 1,
                   "ore eval: embedded names: no validation split: the run has --val-fraction 0",
                   "eval %s", none);
    snprintf(line, sizeof line,
             "ore eval: embedded names: no test split: the run has "
             "--test-fraction 0");
    expect_failure(&result, 1, line, "eval %s --split test", none);
}

/* ---- options and faults ---- */

static void test_help_shows_what_applies(void **state) {
    (void)state;
    run_well(&result, "train mlp --help");
    assert_non_null(strstr(result.out, "Usage: ore train mlp "));
    assert_non_null(strstr(result.out, "  --n-hidden N "));
    assert_non_null(strstr(result.out, "  --[no-]batch-norm "));
    assert_non_null(strstr(result.out, "  --activation tanh|relu|gelu"));
    assert_null(strstr(result.out, "--n-head"));
    assert_null(strstr(result.out, "--dropout"));
    run_well(&result, "train bigram -h");
    assert_null(strstr(result.out, "--n-embd"));
    assert_null(strstr(result.out, "--block-size"));
    run_well(&result, "train --help");
    for (int i = 0; i < MODELS; i++)
        assert_non_null(strstr(result.out, models[i].name));
}

static void test_config_holds_what_applies(void **state) {
    (void)state;
    run_well(&result, "train mlp --print-config");
    assert_non_null(strstr(result.out, "\"model\": \"mlp\""));
    assert_non_null(strstr(result.out, "\"n_hidden\": 200"));
    assert_non_null(strstr(result.out, "\"documents\": \"lines\""));
    assert_null(strstr(result.out, "n_head"));
    const char *path = run_path("c.json");
    write_text_file(path, result.out);
    char *first = strdup(result.out);
    run_well(&result, "train --print-config --config %s", path);
    assert_string_equal(result.out, first);
    free(first);
    run_well(&result, "train gpt --print-config");
    assert_null(strstr(result.out, "n_hidden"));
    assert_null(strstr(result.out, "batch_norm"));
}

static void test_wrong_use(void **state) {
    (void)state;
    char line[1200];
    expect_failure(&result, 2,
                   "ore train: --tie-weights: the model mlp has no such option; it is one of gpt "
                   "and transformer",
                   "train mlp --tie-weights");
    expect_failure(&result, 2,
                   "ore train: --no-bias: the model bigram has no such option; it is one of gpt "
                   "and transformer",
                   "train bigram --no-bias");
    expect_failure(&result, 2,
                   "ore train: --in-channels: the model gpt has no such option; it is one of "
                   "resnet",
                   "train gpt --in-channels 3");
    expect_failure(&result, 2, "ore train: --n-hiden: unknown option; did you mean --n-hidden?",
                   "train mlp --n-hiden 3");
    expect_failure(&result, 2, "ore train: --activation gelu_tanh: expected tanh, relu or gelu",
                   "train wavenet --activation gelu_tanh");
    expect_failure(&result, 2,
                   "ore train: block_size 6, expected a power of two, since tokens are joined in "
                   "pairs",
                   "train wavenet --block-size 6");
    expect_failure(&result, 2, "ore train: --preset notes: a recipe of gpt; mlp has none",
                   "train mlp --preset notes");
    expect_failure(&result, 2, "ore train: --preset tiny: mlp has no presets",
                   "train mlp --preset tiny");
    const char *path = run_path("c.json"), *out = run_path("run");
    write_text_file(path, "{\"tie_weights\": true}");
    snprintf(line, sizeof line,
             "ore train: %s: tie_weights: the model mlp has no such option; it is one of gpt and "
             "transformer",
             path);
    expect_failure(&result, 2, line, "train mlp --config %s", path);
    write_text_file(path, "{\"model\": \"perceptron\"}");
    snprintf(line, sizeof line, "ore train: %s: model perceptron: expected %s", path,
             models_in_words());
    expect_failure(&result, 2, line, "train --config %s", path);
    run_well(&result, "train bigram --steps 5 --out %s", out);
    snprintf(line, sizeof line,
             "ore train: mlp: the run in %s is one of bigram; a run keeps its config on --resume",
             out);
    expect_failure(&result, 1, line, "train mlp --resume --out %s", out);
    snprintf(line, sizeof line,
             "ore train: --lr 3: the run in %s has 0.05; a run keeps its config on --resume", out);
    expect_failure(&result, 1, line, "train bigram --lr 3 --resume --out %s", out);
}

static void test_a_damaged_config(void **state) {
    (void)state;
    const char *out = run_path("run");
    char path[600], line[1200];
    run_well(&result, "train bigram --steps 5 --out %s", out);
    snprintf(path, sizeof path, "%s/config.json", out);
    write_text_file(path, "{\"model\": \"perceptron\", \"eval_interval\": 3}");
    snprintf(line, sizeof line, "ore eval: %s: model perceptron: expected one of %s", path,
             models_with_bars());
    expect_failure(&result, 1, line, "eval %s", out);
    write_text_file(path, "{\"model\": 3, \"eval_interval\": 3}");
    snprintf(line, sizeof line, "ore sample: %s: model that is no text: expected one of %s", path,
             models_with_bars());
    expect_failure(&result, 1, line, "sample %s", out);
}

static void test_a_part_too_short(void **state) {
    (void)state;
    const char *text = run_path("short.txt");
    char line[700];
    write_text_file(text, "abcdefghij");
    snprintf(line, sizeof line,
             "ore train: %s: the train part has 9 tokens, block_size 16 needs at least one more "
             "than that: lower --block-size",
             text);
    expect_failure(&result, 1, line, "train wavenet --block-size 16 --data %s --out %s", text,
                   run_path("run"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, run_setup, run_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_each_learns_names),
        TEST(test_a_bigram_of_names),
        TEST(test_resume_and_threads),
        TEST(test_kills),
        TEST(test_diagnostics_change_nothing),
        TEST(test_pictures),
        TEST(test_samples),
        TEST(test_eval_equals_recomputation),
        TEST(test_eval_of_a_split),
        TEST(test_help_shows_what_applies),
        TEST(test_config_holds_what_applies),
        TEST(test_wrong_use),
        TEST(test_a_damaged_config),
        TEST(test_a_part_too_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
