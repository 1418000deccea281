/* test_changed_files.c: files that are cut short, written to or replaced while they are read, which
 * must give one line that names the file, never a signal. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <ore/io.h>
#include <ore/ops.h>
#include <ore/text.h>

#include "support/scratch.h"

enum { TEXT_BYTES = 1 << 20, ROWS = 4, COLUMNS = 16 };

/* ---- a text under a loader ---- */

typedef struct reader {
    const char *path;
    char *bytes; /* what the file holds at first */
    ore_text *text;
    ore_tokenizer *tokenizer;
    ore_tokens *tokens;
    ore_token_parts *parts;
    ore_loader *loader;
} reader;

static void reader_open(reader *r) {
    r->bytes = malloc(TEXT_BYTES);
    for (int i = 0; i < TEXT_BYTES; i++)
        r->bytes[i] = (char)('a' + i * 7 % 26);
    r->path = scratch_file("read.txt", r->bytes, TEXT_BYTES);
    r->text = ore_text_open(r->path, NULL);
    r->tokenizer = ore_tokenizer_new_char(r->text, false);
    r->tokens = ore_tokens_of_text(r->text, r->tokenizer);
    r->parts = ore_token_parts_new(r->tokens, NULL, NULL);
    ore_token_loader_options o = ore_token_loader_defaults();
    o.batch_size = ROWS;
    o.block_size = COLUMNS;
    r->loader = ore_random_loader_new(r->parts, &o);
    assert_non_null(r->loader);
}

static void reader_close(reader *r) {
    ore_loader_free(r->loader);
    ore_token_parts_free(r->parts);
    ore_tokens_close(r->tokens);
    ore_tokenizer_free(r->tokenizer);
    ore_text_close(r->text);
    free(r->bytes);
}

/* Reads batches until there is an error; there is none after `enough` of them where it is false. */
static void read_batches(reader *r, bool fails, const char *message) {
    enum { ENOUGH = 200 };
    int batches = 0;
    for (; batches < ENOUGH && ore_ok(); batches++) {
        ore_scope_begin();
        ore_batch b = ore_loader_next(r->loader);
        assert_true(ore_ok() == (b.x != NULL));
        ore_scope_end();
    }
    assert_int_equal(ore_ok(), !fails);
    if (fails)
        assert_error(ORE_DATA, message);
}

static void write_in_place(const char *path, const char *bytes, size_t count, off_t at) {
    int file = open(path, O_WRONLY);
    assert_true(file >= 0);
    assert_int_equal(pwrite(file, bytes, count, at), count);
    close(file);
}

static void test_text_cut_short(void **state) {
    (void)state;
    static const off_t left[] = {0, 100, TEXT_BYTES - 1};
    for (int i = 0; i < 3; i++) {
        reader r;
        reader_open(&r);
        assert_int_equal(truncate(r.path, left[i]), 0);
        read_batches(&r, true, "read.txt: was cut short while in use: ");
        char piece[512];
        for (int64_t at = 0; at < TEXT_BYTES; at += 512) { /* the end as well as the start */
            int64_t from = at;
            assert_int_equal(ore_text_read(r.text, &from, piece, sizeof piece), -1);
            assert_error(ORE_DATA, "read.txt: was cut short while in use: ");
        }
        reader_close(&r);
    }
}

static void test_text_written_to(void **state) {
    (void)state;
    static const char *const others[] = {"~", "\xC3", "\xFF", "z"};
    for (int i = 0; i < 4; i++) {
        reader r;
        reader_open(&r);
        read_batches(&r, false, NULL);
        write_in_place(r.path, others[i], 1, 0);
        read_batches(&r, true, "read.txt: was changed while in use");
        reader_close(&r);
    }
    reader r;
    reader_open(&r);
    memset(r.bytes, 0xC3, TEXT_BYTES); /* nothing decodes any more */
    write_in_place(r.path, r.bytes, TEXT_BYTES, 0);
    read_batches(&r, true, "read.txt: was changed while in use");
    char piece[4];
    int64_t at = 0;
    assert_int_equal(ore_text_read(r.text, &at, piece, sizeof piece), -1);
    assert_error(ORE_DATA, "read.txt: was changed while in use");
    reader_close(&r);
    reader_open(&r);
    write_in_place(r.path, r.bytes, 10, TEXT_BYTES); /* grown */
    read_batches(&r, false, NULL);                   /* what was read is still there */
    reader_close(&r);
}

/* Another time is no other text, nor is another file under the name. */
static void test_text_that_is_the_same(void **state) {
    (void)state;
    reader r;
    reader_open(&r);
    struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    assert_int_equal(utimensat(AT_FDCWD, r.path, times, 0), 0);
    read_batches(&r, false, NULL);
    write_in_place(r.path, r.bytes, TEXT_BYTES, 0);
    read_batches(&r, false, NULL);
    const char *other = scratch_file("other.txt", "abc", 3);
    assert_int_equal(rename(other, r.path), 0);
    read_batches(&r, false, NULL);
    assert_int_equal(unlink(r.path), 0);
    read_batches(&r, false, NULL);
    reader_close(&r);
}

/* ---- weights ---- */

enum { WEIGHTS = 1 << 21 }; /* 8 MiB: several threads copy them */

static const char *weights_file(void) {
    const char *path = scratch_path("weights.safetensors");
    ore_scope_begin();
    ore_safetensors_item item = {"w", ore_ones(ORE_SHAPE(WEIGHTS), ORE_FLOAT32)};
    assert_int_equal(ore_safetensors_write(path, &item, 1, NULL), ORE_OK);
    ore_scope_end();
    return path;
}

static void test_weights_cut_short(void **state) {
    (void)state;
    ore_set_num_threads(3);
    for (int fresh = 0; fresh < 2; fresh++) {
        const char *path = weights_file();
        ore_safetensors *file = ore_safetensors_open(path);
        assert_non_null(file);
        assert_int_equal(truncate(path, 8192), 0);
        ore_scope_begin();
        if (fresh)
            assert_null(ore_safetensors_tensor(file, "w"));
        else
            assert_int_equal(
                ore_safetensors_load(file, "w", ore_zeros(ORE_SHAPE(WEIGHTS), ORE_FLOAT32)),
                ORE_DATA);
        assert_error(ORE_DATA, "weights.safetensors: was cut short while in use: 8192 bytes, ");
        ore_scope_end();
        ore_safetensors_close(file);
    }
}

static void test_weights_written_to(void **state) {
    (void)state;
    const char *path = weights_file();
    ore_safetensors *file = ore_safetensors_open(path);
    write_in_place(path, "abcd", 4, 4096);
    ore_scope_begin();
    assert_null(ore_safetensors_tensor(file, "w"));
    assert_error(ORE_DATA, "weights.safetensors: was changed while in use");
    ore_scope_end();
    ore_safetensors_close(file);
}

/* What is opened stays what it was under another file's name. */
static void test_weights_replaced(void **state) {
    (void)state;
    const char *path = weights_file();
    ore_safetensors *file = ore_safetensors_open(path);
    assert_int_equal(rename(scratch_file("other", "abc", 3), path), 0);
    ore_scope_begin();
    ore_tensor *w = ore_safetensors_tensor(file, "w");
    assert_non_null(w);
    assert_true(ore_item(ore_sum(w, ORE_ALL, false)) == WEIGHTS);
    ore_scope_end();
    ore_safetensors_close(file);
}

/* ---- while they are opened ---- */

/* Wherever the change comes, the file opens or gives one line that names it. */

typedef struct change {
    const char *path;
    int delay_us;
    bool cut; /* else all of it becomes other bytes */
} change;

static void *make_change(void *argument) {
    const change *c = argument;
    static const char other[1 << 16]; /* zeros are neither weights nor a header */
    nanosleep(&(struct timespec){.tv_nsec = 1000L * c->delay_us}, NULL);
    if (c->cut) {
        assert_int_equal(truncate(c->path, 10), 0);
        return NULL;
    }
    int file = open(c->path, O_WRONLY);
    for (int i = 0; i < 16; i++)
        assert_int_equal(write(file, other, sizeof other), sizeof other);
    close(file);
    return NULL;
}

static void expect_opened_or_told(bool opened, const char *name) {
    assert_int_equal(opened, ore_ok());
    if (!opened)
        assert_error(ore_error_status(), name);
}

static void open_while_it_changes(int delay_us, bool cut, bool weights) {
    const char *path = weights ? weights_file() : NULL;
    if (!weights) {
        char *text = malloc(TEXT_BYTES);
        memset(text, 'a', TEXT_BYTES);
        path = scratch_file("read.txt", text, TEXT_BYTES);
        free(text);
    }
    change c = {path, delay_us, cut};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, make_change, &c), 0);
    ore_safetensors *file = weights ? ore_safetensors_open(path) : NULL;
    ore_text *text = weights ? NULL : ore_text_open(path, NULL);
    expect_opened_or_told(file || text, weights ? "weights.safetensors: " : "read.txt: ");
    ore_scope_begin();
    if (file)
        expect_opened_or_told(ore_safetensors_tensor(file, "w") != NULL, "weights.safetensors: ");
    ore_scope_end();
    pthread_join(thread, NULL);
    ore_safetensors_close(file);
    ore_text_close(text);
}

static void test_changes_while_a_file_is_opened(void **state) {
    (void)state;
    for (int delay_us = 0; delay_us < 2000; delay_us += 100)
        for (int kind = 0; kind < 4; kind++)
            open_while_it_changes(delay_us, kind & 1, kind & 2);
}

/* ---- signals of others ---- */

static void read_past_the_end(void) {
    int file = open(scratch_file("mine", "x", 1), O_RDONLY);
    volatile const char *bytes = mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE, file, 0);
    (void)bytes[1 << 19];
}

static void exit_well(int number) {
    _exit(number == SIGBUS ? 7 : 8);
}

/* What ends a child that handles SIGBUS so, opens a text and then does that. */
static int end_of_child(void (*handler)(int), void (*work)(void)) {
    pid_t child = fork();
    if (child == 0) {
        signal(SIGBUS, handler);
        ore_text *text = ore_text_open(scratch_file("text", "abc", 3), NULL);
        work();
        ore_text_close(text);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void send_bus_error(void) {
    kill(getpid(), SIGBUS);
}

/* A bus error that is not of a mapping does what it would without the library: the program's own
 * handler gets it, or the process ends. */
static void test_a_bus_error_of_the_program(void **state) {
    (void)state;
    void (*const works[])(void) = {read_past_the_end, send_bus_error};
    for (int i = 0; i < 2; i++) {
        int status = end_of_child(exit_well, works[i]); /* in a variable: macOS takes its address */
        assert_int_equal(WEXITSTATUS(status), 7);
        status = end_of_child(SIG_DFL, works[i]);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
    }
    int status = end_of_child(SIG_IGN, read_past_the_end);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
    assert_int_equal(end_of_child(SIG_IGN, send_bus_error), 0);
}

static sigjmp_buf before_the_read;

static void leave_the_read(int number) {
    (void)number;
    siglongjmp(before_the_read, 1);
}

static void read_past_the_end_thrice(void) {
    volatile int caught = 0;
    while (caught < 3)
        if (sigsetjmp(before_the_read, 1))
            caught++;
        else
            read_past_the_end();
    _exit(7);
}

/* The program's handler may leave the read by a jump, as often as it likes. */
static void test_a_handler_that_jumps(void **state) {
    (void)state;
    int status = end_of_child(leave_the_read, read_past_the_end_thrice);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
}

static struct sigaction handler_of_the_library;
static volatile int passed_back;

static void pass_back(int number, siginfo_t *information, void *context) {
    if (passed_back++ == 3)
        _exit(8);
    handler_of_the_library.sa_sigaction(number, information, context);
}

static void read_under_a_later_handler(void) {
    struct sigaction action = {.sa_sigaction = pass_back, .sa_flags = SA_SIGINFO};
    sigaction(SIGBUS, &action, &handler_of_the_library);
    ore_text *text = ore_text_open(scratch_file("text", "abc", 3), NULL);
    read_past_the_end();
    ore_text_close(text);
}

/* Two handlers of which each knows the other as the one before do not pass a signal on for ever. */
static void test_handlers_that_pass_to_each_other(void **state) {
    (void)state;
    int status = end_of_child(SIG_DFL, read_under_a_later_handler);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_cut_short),
        cmocka_unit_test(test_text_written_to),
        cmocka_unit_test(test_text_that_is_the_same),
        cmocka_unit_test(test_weights_cut_short),
        cmocka_unit_test(test_weights_written_to),
        cmocka_unit_test(test_weights_replaced),
        cmocka_unit_test(test_changes_while_a_file_is_opened),
        cmocka_unit_test(test_a_bus_error_of_the_program),
        cmocka_unit_test(test_a_handler_that_jumps),
        cmocka_unit_test(test_handlers_that_pass_to_each_other),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
