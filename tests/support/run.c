#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/run.h"

static char folder[256];
static char *path_before;

int run_setup(void **state) {
    (void)state;
    if (access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 0); /* checkpoints are synced: memory is much faster */
    temporary_folder(folder);
    path_before = strdup(getenv("PATH"));
    setenv("XDG_CACHE_HOME", run_path("cache"), 1);
    return setenv("PATH", "/nonexistent", 1);
}

void run_show_gnuplot(void) {
    setenv("PATH", path_before, 1);
}

int run_teardown(void **state) {
    (void)state;
    run_show_gnuplot();
    free(path_before);
    remove_folder(folder);
    return 0;
}

const char *run_path(const char *name) {
    static char paths[64][512];
    static int next;
    char *path = paths[next++ % 64];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void run_words(child_result *result, const char *format, va_list arguments) {
    char words[4096];
    vsnprintf(words, sizeof words, format, arguments);
    run_ore(result, words);
}

void run_oref(child_result *result, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    run_words(result, format, arguments);
    va_end(arguments);
}

void run_well(child_result *result, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    run_words(result, format, arguments);
    va_end(arguments);
    assert_string_equal(result->err, "");
    assert_int_equal(result->status, 0);
}

void expect_failure(child_result *result, int status, const char *line, const char *format, ...) {
    char whole[2048];
    va_list arguments;
    va_start(arguments, format);
    run_words(result, format, arguments);
    va_end(arguments);
    snprintf(whole, sizeof whole, "%s\n", line);
    assert_string_equal(result->err, whole);
    assert_int_equal(result->status, status);
}

void expect_said(const child_result *result, const char *text) {
    if (!strstr(result->out, text))
        fail_msg("'%s' is not in the output:\n%s", text, result->out);
}

double said_number(const child_result *result, const char *name) {
    double value = -1;
    char pattern[64];
    snprintf(pattern, sizeof pattern, "\n%s ", name);
    const char *line = strstr(result->out, pattern);
    assert_non_null(line);
    sscanf(line + strlen(pattern), "%lf", &value);
    return value;
}

void set_input(const char *text) {
    write_text_file(run_path("input.txt"), text);
    set_input_file(run_path("input.txt"));
}

void set_input_file(const char *path) {
    int file = open(path, O_RDONLY);
    assert_true(file >= 0);
    dup2(file, STDIN_FILENO);
    close(file);
}

void pause_us(long us) {
    struct timespec t = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&t, NULL);
}

void train_with_kills(const char *words, const char *out, long first_us) {
    char all[4096], config[600];
    snprintf(config, sizeof config, "%s/config.json", out);
    for (int tries = 0;; tries++) {
        assert_true(tries < 400);
        snprintf(all, sizeof all, "%s --out %s",
                 access(config, F_OK) == 0 ? "train --resume" : words, out);
        pid_t pid = ore_start(all, NULL);
        pause_us(first_us + tries * 7919 % 90001);
        kill(pid, SIGKILL);
        int status = ore_wait(pid);
        if (status == 0)
            return;
        if (status != 256 + SIGKILL)
            fail_msg("status %d of '%s': %s", status, all, ore_start_errors());
        first_us += tries > 8 ? 10000 : 0;
    }
}

const char *text_file(void) {
    static const char *const words[] = {"ore", "iron", "\n", "gold", "in", "the", "hill", "and\n"};
    static char text[8192];
    size_t used = 0;
    uint32_t x = 7;
    while (used < 6000) {
        x = x * 1664525u + 1013904223u;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s ", words[x >> 29]);
    }
    const char *path = run_path("text.txt");
    write_text_file(path, text);
    return path;
}

void assert_same_file(const char *a, const char *b) {
    size_t bytes[2];
    char *data[2] = {read_file(a, &bytes[0]), read_file(b, &bytes[1])};
    if (bytes[0] != bytes[1] || memcmp(data[0], data[1], bytes[0]) != 0)
        fail_msg("%s and %s differ", a, b);
    free(data[0]);
    free(data[1]);
}

static void assert_same_in(const char *a, const char *b, const char *name) {
    char paths[2][700];
    snprintf(paths[0], sizeof paths[0], "%s/%s", a, name);
    snprintf(paths[1], sizeof paths[1], "%s/%s", b, name);
    assert_same_file(paths[0], paths[1]);
}

void assert_same_training(const char *a, const char *b) {
    static const char *const names[] = {"model.safetensors", "best.safetensors",
                                        "optimizer.safetensors", "state.json", "metrics.jsonl"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_same_in(a, b, names[i]);
}

void assert_same_run(const char *a, const char *b) {
    assert_same_training(a, b);
    assert_same_in(a, b, "config.json");
    assert_same_in(a, b, "tokenizer.json");
}
