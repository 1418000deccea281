/* test_cli_words.c: how the command words what it says: counts, notes about options that change
 * nothing, commands to paste, and terminals of every kind. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/run.h"

static child_result result;

/* ---- counts ---- */

static void test_one_of_each(void **state) {
    (void)state;
    const char *text = text_file();
    run_well(&result,
             "train mlp --data %s --block-size 1 --n-embd 1 --n-hidden 1 --steps 1 "
             "--warmup-steps 0 --eval-batches 1 --threads 1 --out %s",
             text, run_path("mlp"));
    expect_said(&result, ": 1 token of 1 number, 1 x 1 hidden unit");
    expect_said(&result, ": 1 step of 64 x 1, 1 thread, ");
    run_well(&result,
             "train gpt --data %s --block-size 1 --n-embd 1 --n-head 1 --n-layer 1 --steps 1 "
             "--warmup-steps 0 --eval-batches 1 --threads 2 --out %s",
             text, run_path("gpt"));
    expect_said(&result, ": 1 layer, 1 head, 1 channel, block 1; ");
    expect_said(&result, ", 2 threads, ");
    write_text_file(run_path("letters.txt"), "a\nb\na\nb\na\nb\na\nb\na\nb\n");
    char line[512];
    snprintf(line, sizeof line,
             "ore train: %s: line 3 has 1 token, which with its separator is more than block_size "
             "1: expected --block-size 2, or --documents none, which reads one running text",
             run_path("letters.txt"));
    expect_failure(&result, 1, line,
                   "train gpt --data %s --documents lines --block-size 1 --out %s",
                   run_path("letters.txt"), run_path("lines"));
}

static void test_long_counts(void **state) {
    (void)state;
    run_well(&result,
             "train gpt --data %s " TINY "--n-embd 64 --steps 1000000 --stop-at 1 --out %s",
             text_file(), run_path("run"));
    expect_said(&result, " parameters\n");
    expect_said(&result, ": 1 step of 4 x 16");
    expect_said(&result, "other  ");
    expect_said(&result, "%  (metrics, checkpoints, pictures, messages)\n");
}

/* ---- options that change nothing ---- */

typedef struct idle_case {
    const char *words, *said; /* said: NULL for nothing */
} idle_case;

#define PLAIN "--n-layer 1 --n-head 2 --n-embd 8 --steps 4 --eval-batches 1 --warmup-steps 1 "

static const idle_case idle_cases[] = {
    {"gpt --momentum 0.9", "--momentum changes nothing with --optimizer adamw"},
    {"gpt --momentum 0", NULL},
    {"gpt --optimizer sgd --momentum 0.9 --nesterov", NULL},
    {"gpt --optimizer sgd --beta1 0.9", "--beta1 changes nothing with --optimizer sgd"},
    {"gpt --optimizer adagrad --beta2 0.9", "--beta2 changes nothing with --optimizer adagrad"},
    {"gpt --optimizer lion --eps 1e-6", "--eps changes nothing with --optimizer lion"},
    {"gpt --optimizer lion --beta2 0.9", NULL},
    {"gpt --optimizer rmsprop --momentum 0.5 --nesterov",
     "--nesterov changes nothing with --optimizer rmsprop"},
    {"gpt --weight-decay 0 --decay all", "--decay changes nothing with --weight-decay 0"},
    {"bigram --weight-decay 0.1 --decay all",
     "--decay changes nothing with bigram, which has no parameter but matrices"},
    {"gpt --schedule constant --min-lr 0.0001",
     "--min-lr changes nothing with --schedule constant"},
    {"gpt --min-lr 0.0001", NULL},
    {"gpt --warmup-steps 4 --schedule linear",
     "--schedule changes nothing since the warm-up lasts to the end"},
    {"gpt --warmup-steps 100", "--warmup-steps 100: the run ends after 4 steps, before it reaches "
                               "--lr 0.001"},
    {"gpt --stop-at 4", "--stop-at changes nothing since the run ends at --steps 4"},
    {"gpt --stop-at 3", NULL},
    {"gpt --val-fraction 0 --patience 1", "--patience changes nothing since nothing is validated "
                                          "on"},
    {"gpt --eval-interval 2 --patience 2",
     "--patience changes nothing in a run of 2 evaluations after step 0"},
    {"gpt --eval-interval 1 --patience 2", NULL},
    {"gpt --stop-when-converged --no-convergence",
     "--convergence changes nothing with --stop-when-converged"},
    {"gpt --dropout 0.1 --attn-dropout 0 --resid-dropout 0 --mlp-dropout 0",
     "--dropout changes nothing where attn_dropout, resid_dropout and mlp_dropout are set"},
    {"gpt --dropout 0.1 --attn-dropout 0", NULL},
    {"gpt --no-bias --bias-qkv --bias-linear --bias-norm",
     "--bias changes nothing where bias_qkv, bias_linear and bias_norm are set"},
};

static void test_options_that_change_nothing(void **state) {
    (void)state;
    const char *text = text_file();
    for (size_t i = 0; i < sizeof idle_cases / sizeof idle_cases[0]; i++) {
        const idle_case *one = &idle_cases[i];
        bool bigram = strncmp(one->words, "bigram", 6) == 0;
        char words[256];
        snprintf(words, sizeof words, "%s", one->words);
        char *rest = words + strcspn(words, " ");
        *rest++ = '\0';
        run_well(&result, "train %s %s%s --data %s --out %s --force", words,
                 bigram ? "--steps 2 " : PLAIN, rest, text, run_path("run"));
        const char *note = strstr(result.out, "note        ");
        if (one->said)
            expect_said(&result, one->said);
        else if (note)
            fail_msg("%s: %.100s", one->words, note);
    }
    run_well(&result, "train gpt " PLAIN "--documents lines --block-size 40 --strip-cr --out %s",
             run_path("names"));
    expect_said(&result,
                "note        --strip-cr changes nothing with the embedded list of names\n");
    run_well(&result, "train gpt " PLAIN "--data %s --val-data %s --val-fraction 0.2 --out %s",
             text, text, run_path("two"));
    expect_said(&result,
                "--val-fraction changes nothing with --val-data, all of which is validated on\n");
    expect_failure(&result, 2,
                   "ore train: --model mlp: the first word is gpt; expected one of them",
                   "train gpt --model mlp");
}

/* An axis is told only where it changes nothing in any run. */
static void test_axes_that_change_nothing(void **state) {
    (void)state;
    const char *text = text_file();
    run_well(&result,
             "sweep gpt " PLAIN "--grid momentum=0.5,0.9 --beta1 0.8 --jobs 3 --data %s --out %s",
             text, run_path("one"));
    expect_said(&result, "note        --momentum changes nothing with --optimizer adamw\n");
    expect_said(&result, "note        --jobs changes nothing beyond 2: there are no more runs\n");
    assert_null(strstr(result.out, "--beta1"));
    run_well(&result,
             "sweep gpt " PLAIN "--grid momentum=0.5 --grid optimizer=adamw,sgd --beta1 0.8 "
             "--data %s --out %s",
             text, run_path("two"));
    assert_null(strstr(result.out, "note "));
}

static void expect_idle(const char *words, const char *notes) {
    run_oref(&result, "sample %s %s", run_path("run"), words);
    assert_int_equal(result.status, 0);
    assert_string_equal(result.err, notes);
}

static void test_samples_that_change_nothing(void **state) {
    (void)state;
    run_well(&result, "train gpt " PLAIN "--data %s --out %s", text_file(), run_path("run"));
    expect_idle("--tokens 5 --top-k 3 --top-p 0.5 --seed 2", "");
    expect_idle("--tokens 5 --top-k 200",
                "note        --top-k changes nothing with a vocabulary of 13\n");
    expect_idle(
        "--tokens 5 --temperature 0 --top-k 200 --top-p 0.5 --seed 2 --num 2",
        "note        --top-k changes nothing with --temperature 0, which takes the likeliest "
        "token\n"
        "note        --top-p changes nothing with --temperature 0, which takes the likeliest "
        "token\n"
        "note        --seed changes nothing with --temperature 0, which takes the likeliest "
        "token\n"
        "note        the samples are all the same with --temperature 0\n");
}

static void test_rungs_that_read_nothing(void **state) {
    (void)state;
    const char *text = ORE_TEST_DIR "/../data/names.txt";
    run_well(&result, "lab sizing --quick --data %s --text %s --out %s --report %s", text, text,
             run_path("out"), run_path("page"));
    expect_said(&result, "note        --data changes nothing for sizing, which does not read it\n");
    expect_said(&result, "note        --text changes nothing for sizing, which does not read it\n");
    expect_said(
        &result,
        "note        --out changes nothing with --report: the pictures go beside its page\n");
    expect_said(&result, "note        --quick changes nothing here: there is no long training\n");
    run_well(&result, "lab curves --quick --out %s", run_path("out"));
    assert_null(strstr(result.out, "note "));
}

/* Under a sanitizer a workload ends in an error of its own, since every step asks for memory. */
static void test_workloads_that_read_nothing(void **state) {
    (void)state;
    const char *notes = "note        --seq changes nothing with micrograd\n"
                        "note        --names changes nothing with micrograd\n"
                        "note        --losses changes nothing without --json\n";
    run_ore(&result, "bench micrograd --seconds 0 --seq 8 --names x --losses 2");
    assert_memory_equal(result.err, notes, strlen(notes));
    run_ore(&result, "bench mlp --seconds 0 --batchnorm");
    assert_null(strstr(result.err, "note "));
    expect_failure(&result, 2,
                   "ore bench: zzz: unknown workload; expected micrograd, mlp, wavenet, gpt, "
                   "resnet, rnn, transformer, decode or kernels",
                   "bench zzz");
}

/* ---- names of other programs ---- */

static void test_names_of_nanogpt(void **state) {
    (void)state;
    static const struct {
        const char *command, *name, *hint;
    } cases[] = {
        {"train gpt", "max_iters", "; nanoGPT's max_iters is --steps here"},
        {"train gpt", "learning-rate", "; nanoGPT's learning_rate is --lr here"},
        {"train mlp", "warmup_iters", "; nanoGPT's warmup_iters is --warmup-steps here"},
        {"train gpt", "lr_decay_iters", "; nanoGPT's lr_decay_iters is --steps here"},
        {"train gpt", "eval_iters", "; nanoGPT's eval_iters is --eval-batches here"},
        {"train gpt", "out_dir", "; nanoGPT's out_dir is --out here"},
        {"train gpt", "init_from", "; nanoGPT's init_from is --resume here"},
        {"train gpt", "gradient_accumulation_steps",
         "; nanoGPT's gradient_accumulation_steps is --accumulate here"},
        {"train gpt", "compile", "; Ore's kernels are compiled already"},
        {"train gpt", "start", ""},
        {"train gpt", "epochs", ""},
        {"train gpt", "backend", "; Ore trains in one process"},
        {"sample x", "max_new_tokens", "; nanoGPT's max_new_tokens is --tokens here"},
        {"sample x", "start", "; nanoGPT's start is --prompt here"},
        {"sample x", "num_samples", "; nanoGPT's num_samples is --num here"},
        {"sample x", "init_from",
         "; a run is named by its folder, the first word after the command"},
        {"sample x", "max_iters", ""},
        {"sample x", "temprature", "; did you mean --temperature?"},
        {"sweep gpt --grid lr=1", "max_iters", "; nanoGPT's max_iters is --steps here"},
        {"eval x", "test", ""},
        {"train gpt", "x", ""},
        {"train gpt", "rl", "; did you mean --lr?"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char line[256], command[16];
        snprintf(command, sizeof command, "%.*s", (int)strcspn(cases[i].command, " "),
                 cases[i].command);
        snprintf(line, sizeof line, "ore %s: --%s: unknown option%s", command, cases[i].name,
                 cases[i].hint);
        expect_failure(&result, 2, line, "%s --%s 3", cases[i].command, cases[i].name);
    }
    write_text_file(run_path("c.json"), "{\"max_iters\": 3}");
    char line[400];
    snprintf(line, sizeof line,
             "ore train: %s: max_iters: unknown key; nanoGPT's max_iters is steps here",
             run_path("c.json"));
    expect_failure(&result, 2, line, "train gpt --config %s", run_path("c.json"));
    expect_failure(
        &result, 2,
        "ore sweep: --learning_rate: unknown option; nanoGPT's learning_rate is --lr here",
        "sweep gpt --grid learning_rate=1,2");
}

static void test_help_for_a_model(void **state) {
    (void)state;
    child_result *other = malloc(sizeof *other);
    run_well(&result, "help train mlp");
    run_well(other, "train mlp --help");
    assert_string_equal(result.out, other->out);
    free(other);
    expect_failure(&result, 2, "ore help: gtp: unknown; ore help train lists what it has help for",
                   "help train gtp");
    expect_failure(&result, 2,
                   "ore help: mlp: one argument too many, expected ore help [COMMAND [MODEL]]",
                   "help train gpt mlp");
}

/* ---- commands to paste ---- */

/* What follows `before` in the last output, up to the end of its line. */
static const char *rest_of_line(const char *before, char *text, size_t bytes) {
    const char *at = strstr(result.out, before);
    if (!at)
        fail_msg("'%s' is not in the output:\n%s", before, result.out);
    at += strlen(before);
    snprintf(text, bytes, "%.*s", (int)strcspn(at, "\n"), at);
    return text;
}

/* Runs a line in a shell, as if it were pasted. */
static void paste(const char *line) {
    char whole[2048];
    const char *binary = ORE_BINARY, *slash = strrchr(binary, '/');
    snprintf(whole, sizeof whole, "PATH=%.*s:$PATH; cd %s && %.1200s", (int)(slash - binary),
             binary, run_path(""), line);
    const char *const argv[] = {"/bin/sh", "-c", whole, NULL};
    child_run(&result, argv);
    if (result.status != 0)
        fail_msg("%s\n%s%s", line, result.out, result.err);
}

/* `quoted` is a folder's name as a careful user writes it. */
static void paste_around(const char *quoted) {
    char line[1200], go_on[600], more[600];
    snprintf(line, sizeof line, "ore train gpt " PLAIN "--stop-at 2 --data %s --out=%s",
             text_file(), quoted);
    paste(line);
    rest_of_line("go on with: ", go_on, sizeof go_on);
    rest_of_line("more of it: ", more, sizeof more);
    paste(go_on);
    paste(more);
    snprintf(line, sizeof line, "ore sweep gpt " PLAIN "--grid lr=0.1 --data %s --out=%s-sweep",
             text_file(), quoted);
    paste(line);
    rest_of_line(" ore sample ", more, sizeof more);
    snprintf(line, sizeof line, "ore sample %s", more);
    paste(line);
}

static void test_commands_can_be_pasted(void **state) {
    (void)state;
    paste_around("plain");
    paste_around("'it'\\''s a $run; `x` \"y\"'");
    paste_around("-dashed");
    paste_around("'~'");
}

/* ---- terminals ---- */

/* False, for example, in a chroot whose /dev has none. */
static bool has_terminals(void) {
    int fd = posix_openpt(O_RDWR | O_NOCTTY);
    bool has = fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0;
    if (fd >= 0)
        close(fd);
    return has;
}

/* What `ore` writes to a terminal of that many columns. */
static void run_on_terminal(const char *kind, int columns, const char *words) {
    struct winsize size = {.ws_row = 24, .ws_col = (unsigned short)columns};
    char whole[2048];
    snprintf(whole, sizeof whole, "exec " ORE_BINARY " %s", words);
    int fd = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0);
    int terminal = open(ptsname(fd), O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0 && ioctl(terminal, TIOCSWINSZ, &size) == 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(fd);
        for (int i = 0; i < 3; i++)
            dup2(terminal, i);
        setenv("TERM", kind, 1);
        execl("/bin/sh", "sh", "-c", whole, (char *)NULL);
        _exit(127);
    }
    close(terminal);
    size_t used = 0;
    ssize_t n;
    while (used < sizeof result.out - 1 &&
           (n = read(fd, result.out + used, sizeof result.out - 1 - used)) > 0)
        used += (size_t)n;
    result.out[used] = '\0';
    close(fd);
    waitpid(child, &result.status, 0);
    assert_int_equal(result.status, 0);
}

/* A terminal turns each line feed into carriage return and line feed; others are the program's. */
static bool is_plain(const char *out) {
    for (const char *c = out; *c; c++)
        if (*c == '\033' || (*c == '\r' && c[1] != '\n'))
            return false;
    return true;
}

static void test_terminals(void **state) {
    (void)state;
    static const struct {
        const char *kind;
        int columns;
        bool plain;
    } cases[] = {{"xterm", 80, false}, {"xterm", 20, false}, {"xterm", 0, false},
                 {"xterm", 19, true},  {"dumb", 80, true},   {"", 80, true}};
    char words[3][512];
    const char *text = text_file();
    if (!has_terminals()) {
        print_message("[  SKIPPED ] terminals: this system gives no pseudo-terminal\n");
        skip();
    }
    snprintf(words[0], sizeof words[0], "train gpt " PLAIN "--data %s --out %s --force", text,
             run_path("run"));
    snprintf(words[1], sizeof words[1], "lab mlp --quick --data %s --out %s",
             ORE_TEST_DIR "/../data/names.txt", run_path("lab"));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(words[2], sizeof words[2],
                 "sweep gpt " PLAIN "--steps 40 --eval-batches 40 --grid lr=0.1 --data %s --out %s",
                 text, run_path((const char[]){'s', (char)('0' + i), '\0'}));
        for (int k = 0; k < (i % 3 == 0 ? 3 : 1); k++) { /* the others take longer */
            run_on_terminal(cases[i].kind, cases[i].columns, words[k]);
            if (is_plain(result.out) != cases[i].plain)
                fail_msg("TERM=%s, %d columns: %s:\n%s", cases[i].kind, cases[i].columns, words[k],
                         result.out);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, run_setup, run_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_one_of_each),
        TEST(test_long_counts),
        TEST(test_options_that_change_nothing),
        TEST(test_axes_that_change_nothing),
        TEST(test_samples_that_change_nothing),
        TEST(test_rungs_that_read_nothing),
        TEST(test_workloads_that_read_nothing),
        TEST(test_names_of_nanogpt),
        TEST(test_help_for_a_model),
        TEST(test_commands_can_be_pasted),
        TEST(test_terminals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
