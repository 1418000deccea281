/* Files: what is read, what is refused and how, and that a failed write leaves the old file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/files.h"
#include "base/mapping.h"
#include "support/disk.h"
#include "support/scratch.h"

static void assert_content(const char *path, const char *expected) {
    size_t bytes = 0;
    char *text = ore_file_read(path, &bytes);
    assert_non_null(text);
    assert_int_equal(bytes, strlen(expected));
    assert_string_equal(text, expected);
    ore_string_free(text);
}

static void test_join(void **state) {
    (void)state;
    static const char *const cases[][3] = {
        {"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"", "b", "b"}, {"a", "/b", "/b"}, {"/", "b", "/b"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *path = ore_path_join(cases[i][0], cases[i][1]);
        assert_string_equal(path, cases[i][2]);
        ore_string_free(path);
    }
}

static void test_kinds(void **state) {
    (void)state;
    assert_int_equal(ore_path_kind_of(scratch_path("")), ORE_PATH_FOLDER);
    assert_int_equal(ore_path_kind_of(scratch_path("none")), ORE_PATH_MISSING);
    assert_int_equal(ore_path_kind_of(scratch_file("f", "x", 1)), ORE_PATH_FILE);
    assert_int_equal(ore_path_kind_of("/dev/null"), ORE_PATH_OTHER);
    assert_int_equal(symlink("none", scratch_path("link")), 0);
    assert_int_equal(ore_path_kind_of(scratch_path("link")), ORE_PATH_MISSING);
    assert_true(ore_ok());
}

static void test_read(void **state) {
    (void)state;
    assert_content(scratch_file("text", "one\ntwo\n", 8), "one\ntwo\n");
    assert_content(scratch_file("empty", "", 0), "");
    static char large[100000];
    memset(large, 'a', sizeof large - 1);
    assert_content(scratch_file("large", large, sizeof large - 1), large);
#ifdef ORE_LINUX
    char *text = ore_file_read("/proc/self/status", NULL); /* says it has 0 bytes */
    assert_non_null(strstr(text, "Name:"));
    ore_string_free(text);
#endif
}

/* Missing, a folder, unreadable and empty can be told apart, for reading and for mapping. */
static void test_refused(void **state) {
    (void)state;
    ore_mapping mapping;
    const char *missing = scratch_path("missing");
    assert_null(ore_file_read(missing, NULL));
    assert_error(ORE_IO, "missing: cannot open: No such file or directory");
    assert_int_equal(ore_mapping_open(&mapping, missing), ORE_IO);
    assert_error(ORE_IO, "missing: cannot open: No such file or directory");

    assert_null(ore_file_read(scratch_path(""), NULL));
    assert_error(ORE_IO, ": cannot read: Is a directory");
    assert_int_equal(ore_mapping_open(&mapping, scratch_path("")), ORE_IO);
    assert_error(ORE_IO, ": cannot read: Is a directory");

    assert_int_equal(ore_mapping_open(&mapping, scratch_file("empty", "", 0)), ORE_DATA);
    assert_error(ORE_DATA, "empty: the file is empty");
    assert_int_equal(ore_mapping_open(&mapping, "/dev/null"), ORE_DATA);
    assert_error(ORE_DATA, "/dev/null: not a regular file");
    const char *pipe = scratch_path("pipe"); /* which nobody writes into: no waiting for them */
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(ore_mapping_open(&mapping, pipe), ORE_DATA);
    assert_error(ORE_DATA, "pipe: not a regular file");

    const char *locked = scratch_file("locked", "x", 1);
    assert_int_equal(chmod(locked, 0), 0);
    bool root = geteuid() == 0; /* who reads everything, so be somebody else meanwhile */
    assert_int_equal(root ? seteuid(65534) : 0, 0);
    char *text = ore_file_read(locked, NULL);
    assert_int_equal(root ? seteuid(0) : 0, 0);
    assert_null(text);
    assert_error(ORE_IO, "locked: cannot open: Permission denied");
}

static void test_mapping(void **state) {
    (void)state;
    ore_mapping mapping;
    assert_int_equal(ore_mapping_open(&mapping, scratch_file("f", "abc", 3)), ORE_OK);
    assert_int_equal(mapping.size, 3);
    assert_memory_equal(mapping.bytes, "abc", 3);
    ore_mapping_close(&mapping);
    ore_mapping_close(&mapping);
}

static void test_write(void **state) {
    (void)state;
    const char *path = scratch_path("out");
    assert_int_equal(ore_file_write(path, "first", 5), ORE_OK);
    assert_content(path, "first");
    assert_int_equal(ore_file_write(path, "second one", 10), ORE_OK);
    assert_content(path, "second one");
    assert_int_equal(scratch_entries(scratch_path("")), 1);
    assert_int_equal(ore_file_write(scratch_path("no/out"), "x", 1), ORE_IO);
    assert_error(ORE_IO, "no/out: cannot write: No such file or directory");
    assert_int_equal(ore_file_write(scratch_path(""), "x", 1), ORE_IO);
    assert_error(ORE_IO, ": cannot write: Is a directory");
    ore_fail(ORE_DATA, "pending");
    assert_int_equal(ore_file_write(path, "third", 5), ORE_DATA);
    assert_error(ORE_DATA, "pending");
    assert_content(path, "second one");
}

static void test_writer_abort(void **state) {
    (void)state;
    const char *path = scratch_file("out", "old", 3);
    ore_file_writer writer;
    assert_int_equal(ore_file_writer_open(&writer, path), ORE_OK);
    assert_int_equal(ore_file_writer_put(&writer, "new", 3), ORE_OK);
    assert_content(path, "old");
    ore_file_writer_abort(&writer);
    assert_content(path, "old");
    assert_int_equal(scratch_entries(scratch_path("")), 1);
}

/* A write that fails half way, by the largest file size the process may make. */
static void test_write_cut(void **state) {
    (void)state;
    static char large[100000];
    const char *path = scratch_file("out", "old", 3);
    const char *log = scratch_file("log", "line\n", 5);
    struct rlimit saved;
    getrlimit(RLIMIT_FSIZE, &saved);
    struct rlimit small = {.rlim_cur = 50000, .rlim_max = saved.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    ore_status written = ore_file_write(path, large, sizeof large);
    ore_error error;
    ore_error_take(&error);
    ore_status appended = ore_file_append(log, large, sizeof large);
    ore_error_clear();
    setrlimit(RLIMIT_FSIZE, &saved);
    assert_int_equal(written, ORE_IO);
    assert_non_null(strstr(error.message, "out: cannot write: File too large"));
    assert_int_equal(appended, ORE_IO);
    assert_content(path, "old");
    assert_content(log, "line\n");
    assert_int_equal(scratch_entries(scratch_path("")), 2);
}

/* In a child: a file system of 64 KiB, filled. Exit status 77 where it cannot be mounted. */
static int fill_disk(const char *folder) {
    static char large[200000];
    char path[600];
    char log[600];
    if (!disk_mount_own(folder, 65536))
        return 77;
    snprintf(path, sizeof path, "%s/out", folder);
    snprintf(log, sizeof log, "%s/log", folder);
    if (ore_file_write(path, "old", 3) != ORE_OK || ore_file_append(log, "line\n", 5) != ORE_OK)
        return 1;
    if (ore_file_write(path, large, sizeof large) != ORE_IO ||
        !strstr(ore_error_message(), "out: cannot write: No space left on device"))
        return 2;
    ore_error_clear();
    if (ore_file_append(log, large, sizeof large) != ORE_IO)
        return 3;
    ore_error_clear();
    size_t bytes = 0;
    char *text = ore_file_read(path, &bytes);
    if (!text || bytes != 3 || strcmp(text, "old") != 0)
        return 4;
    ore_string_free(text);
    text = ore_file_read(log, &bytes);
    if (!text || bytes != 5)
        return 5;
    ore_string_free(text);
    return 0;
}

static void test_disk_full(void **state) {
    (void)state;
    pid_t child = fork();
    if (child == 0)
        _exit(fill_disk(scratch_path("")));
    int status = 0;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip(); /* a small file system cannot be mounted here */
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_append_and_truncate(void **state) {
    (void)state;
    const char *path = scratch_path("log");
    assert_int_equal(ore_file_append(path, "one\n", 4), ORE_OK);
    assert_int_equal(ore_file_append(path, "two\n", 4), ORE_OK);
    assert_content(path, "one\ntwo\n");
    assert_int_equal(ore_file_truncate(path, 4), ORE_OK);
    assert_content(path, "one\n");
    assert_int_equal(ore_file_truncate(path, 5), ORE_DATA);
    assert_error(ORE_DATA, "log: cut short: 4 bytes, expected at least 5");
    assert_int_equal(ore_file_truncate(scratch_path("none"), 0), ORE_IO);
    assert_error(ORE_IO, "none: cannot open: No such file or directory");
}

static void test_link(void **state) {
    (void)state;
    const char *from = scratch_file("from", "data", 4);
    assert_int_equal(ore_file_link(from, scratch_path("to")), ORE_OK);
    assert_content(scratch_path("to"), "data");
    assert_int_equal(ore_file_write(from, "new", 3), ORE_OK);
    assert_content(scratch_path("to"), "data");
    assert_int_equal(ore_file_link(from, scratch_path("to")), ORE_IO);
    assert_error(ORE_IO, "to: cannot link: File exists");
    assert_int_equal(ore_file_link(scratch_path("none"), scratch_path("x")), ORE_IO);
    assert_error(ORE_IO, "none: cannot link: No such file or directory");
}

/* Where there is no hard link, because /proc is another file system, there is a copy. */
static void test_link_across(void **state) {
    (void)state;
#ifdef ORE_LINUX
    assert_int_equal(ore_file_link("/proc/self/exe", scratch_path("copy")), ORE_OK);
    assert_int_equal(ore_path_kind_of(scratch_path("copy")), ORE_PATH_FILE);
#else
    skip();
#endif
}

static void test_folders(void **state) {
    (void)state;
    assert_int_equal(ore_folder_make(scratch_path("a/b//c/")), ORE_OK);
    assert_int_equal(ore_path_kind_of(scratch_path("a/b/c")), ORE_PATH_FOLDER);
    assert_int_equal(ore_folder_make(scratch_path("a/b/c")), ORE_OK);
    scratch_file("a/f", "x", 1);
    assert_int_equal(ore_folder_make(scratch_path("a/f")), ORE_IO);
    assert_error(ORE_IO, "a/f: cannot make the folder: File exists");
    assert_int_equal(ore_folder_make(scratch_path("a/f/g")), ORE_IO);
    assert_error(ORE_IO, "a/f: cannot make the folder: File exists");

    scratch_file("outside", "x", 1);
    assert_int_equal(symlink("../../outside", scratch_path("a/b/link")), 0);
    assert_int_equal(ore_tree_remove(scratch_path("a")), ORE_OK);
    assert_int_equal(ore_path_kind_of(scratch_path("a")), ORE_PATH_MISSING);
    assert_int_equal(ore_path_kind_of(scratch_path("outside")), ORE_PATH_FILE);
    assert_int_equal(ore_tree_remove(scratch_path("a")), ORE_OK);
    assert_int_equal(ore_tree_remove(scratch_path("outside")), ORE_OK);
    assert_int_equal(scratch_entries(scratch_path("")), 0);
}

static ore_status count_names(void *user, const char *folder, const char *name) {
    assert_string_equal(folder, scratch_path("visited"));
    assert_true(strcmp(name, "a") == 0 || strcmp(name, "b") == 0);
    return ++*(int *)user == 3 ? ORE_DATA : ORE_OK;
}

static void test_entries(void **state) {
    (void)state;
    int count = 0;
    ore_folder_make(scratch_path("visited/a"));
    assert_int_equal(ore_file_write(scratch_path("visited/b"), "x", 1), ORE_OK);
    assert_int_equal(ore_folder_visit(scratch_path("visited"), count_names, &count), ORE_OK);
    assert_int_equal(count, 2);
    assert_int_equal(ore_folder_visit(scratch_path("visited"), count_names, &count), ORE_DATA);
    assert_int_equal(ore_folder_visit(scratch_path("none"), count_names, &count), ORE_IO);
    assert_error(ORE_IO, scratch_path("none"));
    assert_int_equal(symlink("nowhere", scratch_path("dangling")), 0);
    assert_int_equal(ore_path_kind_of_entry(scratch_path("dangling")), ORE_PATH_LINK);
    assert_int_equal(ore_path_kind_of(scratch_path("dangling")), ORE_PATH_MISSING);
    assert_int_equal(ore_path_kind_of_entry(scratch_path("none")), ORE_PATH_MISSING);
    assert_true(ore_ok());
    char longer[5000]; /* than any name may be: that is no absence */
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    assert_int_equal(ore_path_kind_of(longer), ORE_PATH_UNKNOWN);
    assert_error(ORE_IO, "cannot look at it: File name too long");
}

int main(void) {
#define TEST(function) cmocka_unit_test_setup_teardown(function, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_entries),
        TEST(test_join),
        TEST(test_kinds),
        TEST(test_read),
        TEST(test_refused),
        TEST(test_mapping),
        TEST(test_write),
        TEST(test_writer_abort),
        TEST(test_write_cut),
        TEST(test_disk_full),
        TEST(test_append_and_truncate),
        TEST(test_link),
        TEST(test_link_across),
        TEST(test_folders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
