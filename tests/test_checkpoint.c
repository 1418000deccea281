/* Checkpoints: one rename switches all files of a run, and no kill or error loses the last one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include <ore/io.h>

#include "support/disk.h"
#include "support/scratch.h"

static const char *const names[] = {"model.safetensors", "optimizer.safetensors", "state.json"};
/* Entries: links to the files and to digests.json, current, checkpoints. */
enum { FILES = 3, RUN_ENTRIES = FILES + 3, NUMBERS = 1000 };

/* Every file of checkpoint n holds n many times, so that a torn one shows. */
static ore_status commit_number(const char *run, int n) {
    char *folder = ore_checkpoint_begin(run);
    if (!folder)
        return ore_error_status();
    int numbers[NUMBERS];
    for (int i = 0; i < NUMBERS; i++)
        numbers[i] = n;
    for (int f = 0; f < FILES; f++) {
        char *path = ore_path_join(folder, names[f]);
        ore_file_write(path, numbers, sizeof numbers);
        ore_string_free(path);
    }
    ore_string_free(folder);
    return ore_checkpoint_commit(run);
}

static int number_in(const char *folder, const char *name) {
    char path[600];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    size_t bytes = 0;
    int *numbers = (int *)(void *)ore_file_read(path, &bytes);
    if (!numbers)
        fail_msg("%s", ore_error_message());
    assert_int_equal(bytes, NUMBERS * sizeof(int));
    int first = numbers[0];
    for (int i = 1; i < NUMBERS; i++)
        assert_int_equal(numbers[i], first);
    ore_string_free((char *)numbers);
    return first;
}

/* The number that all files of the run agree on. */
static int number_of(const char *run) {
    int n = number_in(run, names[0]);
    for (int f = 1; f < FILES; f++)
        assert_int_equal(number_in(run, names[f]), n);
    return n;
}

static const char *run_folder(void) {
    const char *run = scratch_path("run");
    assert_int_equal(ore_folder_make(run), ORE_OK);
    return run;
}

static void test_commits(void **state) {
    (void)state;
    const char *run = run_folder();
    assert_null(ore_checkpoint_current(run));
    assert_true(ore_ok());
    for (int n = 1; n <= 3; n++) {
        assert_int_equal(commit_number(run, n), ORE_OK);
        assert_int_equal(number_of(run), n);
        char expected[64];
        snprintf(expected, sizeof expected, "/run/checkpoints/%06d", n);
        char *current = ore_checkpoint_current(run);
        assert_non_null(strstr(current, expected));
        ore_string_free(current);
        assert_int_equal(scratch_entries(scratch_path("run/checkpoints")), 1);
    }
    assert_int_equal(scratch_entries(run), RUN_ENTRIES);
}

/* Files begun but not committed change nothing, and are gone at the next begin. */
static void test_begin_again(void **state) {
    (void)state;
    const char *run = run_folder();
    assert_int_equal(commit_number(run, 1), ORE_OK);
    char *folder = ore_checkpoint_begin(run);
    char *path = ore_path_join(folder, "model.safetensors");
    assert_int_equal(ore_file_write(path, "x", 1), ORE_OK);
    ore_string_free(path);
    ore_string_free(folder);
    assert_int_equal(number_of(run), 1);
    scratch_file("run/.ore-tmp-999999999-0", "left behind", 11);
    folder = ore_checkpoint_begin(run);
    assert_int_equal(scratch_entries(folder), 0);
    assert_int_equal(ore_path_kind_of(scratch_path("run/.ore-tmp-999999999-0")), ORE_PATH_MISSING);
    ore_string_free(folder);
    assert_int_equal(number_of(run), 1);
}

/* Of a run as of a checkpoint's own folder. */
static void test_verify(void **state) {
    (void)state;
    const char *run = run_folder();
    assert_int_equal(commit_number(run, 1), ORE_OK);
    char *current = ore_checkpoint_current(run);
    assert_int_equal(ore_checkpoint_verify(current, names[0]), ORE_OK);
    assert_int_equal(ore_checkpoint_verify(run, names[0]), ORE_OK);
    assert_int_equal(ore_checkpoint_verify(scratch_path(""), names[0]), ORE_OK); /* no digests */
    assert_int_equal(ore_checkpoint_verify(run, "another"), ORE_DATA);
    assert_error(ORE_DATA, "digests.json: files.another: missing");
    char *path = ore_path_join(current, names[0]);
    assert_int_equal(ore_file_write(path, "short", 5), ORE_OK);
    assert_int_equal(ore_checkpoint_verify(run, names[0]), ORE_DATA);
    assert_error(ORE_DATA, "run/model.safetensors: damaged: bytes 0 to 3999 are not what was");
    ore_string_free(path);
    path = ore_path_join(current, names[1]);
    assert_int_equal(ore_file_write(path, "", 0), ORE_OK);
    assert_int_equal(ore_checkpoint_verify(run, names[1]), ORE_DATA);
    assert_error(ORE_DATA, "damaged: 0 bytes, expected 4000 as digests.json beside it lists them");
    ore_string_free(path);
    ore_string_free(current);
}

enum { LARGE = 5 << 20 }; /* float32: 20 MiB, so that two tensors lie in chunks of 16 MiB each */

static void commit_weights(const char *run) {
    char *folder = ore_checkpoint_begin(run), *path = ore_path_join(folder, "model.safetensors");
    ore_scope_begin();
    ore_tensor *ones = ore_ones(ORE_SHAPE(LARGE), ORE_FLOAT32);
    ore_safetensors_item items[] = {{"first", ones}, {"last", ones}};
    assert_int_equal(ore_safetensors_write(path, items, 2, NULL), ORE_OK);
    ore_scope_end();
    assert_int_equal(ore_checkpoint_commit(run), ORE_OK);
    ore_string_free(path);
    ore_string_free(folder);
}

static void change_byte(const char *path, long at, int whence) {
    FILE *file = fopen(path, "r+b");
    assert_int_equal(fseek(file, at, whence), 0);
    int byte = fgetc(file);
    assert_int_equal(fseek(file, -1, SEEK_CUR), 0);
    fputc(byte ^ 1, file);
    assert_int_equal(fclose(file), 0);
}

static bool loads(const ore_safetensors *file, const char *name) {
    ore_scope_begin();
    bool loaded = ore_safetensors_tensor(file, name) != NULL;
    ore_scope_end();
    return loaded;
}

/* What is used is compared, and what is not used is not read. */
static void test_weights_by_chunks(void **state) {
    (void)state;
    const char *run = run_folder(), *path = scratch_path("run/model.safetensors");
    commit_weights(run);
    ore_safetensors *file = ore_checkpoint_open_weights(run, names[0]);
    assert_true(loads(file, "first") && loads(file, "last"));
    ore_safetensors_close(file);
    change_byte(path, -5, SEEK_END);
    file = ore_checkpoint_open_weights(run, names[0]);
    assert_true(loads(file, "first"));
    assert_false(loads(file, "last"));
    assert_error(ORE_DATA, "run/model.safetensors: damaged: bytes 33554432 to 41943199 are not");
    assert_true(loads(file, "first"));
    ore_safetensors_close(file);
    change_byte(path, -5, SEEK_END);
    file = ore_checkpoint_open_weights(run, names[0]);
    change_byte(path, -5, SEEK_END);
    assert_false(loads(file, "last"));
    assert_error(ORE_DATA, "run/model.safetensors: was changed while in use");
    ore_safetensors_close(file);
    change_byte(path, -5, SEEK_END);
    change_byte(path, 30, SEEK_SET);
    assert_null(ore_checkpoint_open_weights(run, names[0]));
    assert_error(ORE_DATA, "run/model.safetensors: damaged: bytes 0 to 16777215 are not");
    change_byte(path, 30, SEEK_SET);
    assert_int_equal(truncate(path, 1 << 20), 0);
    assert_null(ore_checkpoint_open_weights(run, names[0]));
    assert_error(ORE_DATA, "damaged: 1048576 bytes, expected 41943200 as");
    assert_null(ore_checkpoint_open_weights(run, "another"));
    assert_error(ORE_IO, "run/another: cannot open");
}

/* Without digests, files are as good as what is in them. */
static void test_weights_made_elsewhere(void **state) {
    (void)state;
    const char *run = run_folder(), *path = scratch_path("run/model.safetensors");
    commit_weights(run);
    assert_int_equal(unlink(scratch_path("run/current/digests.json")), 0);
    change_byte(path, -5, SEEK_END);
    ore_safetensors *file = ore_checkpoint_open_weights(run, names[0]);
    assert_true(loads(file, "last"));
    ore_safetensors_close(file);
}

/* A list that is damaged itself is told, whatever stands in it. */
static void test_lists_that_are_damaged(void **state) {
    (void)state;
    static const char *const lists[][2] = {
        {"{\"chunk_bytes\": 0, \"files\": {\"model.safetensors\": {\"digests\": [], "
         "\"bytes\": 0}}}",
         "digests.json: chunks of 0 bytes, expected 1 to 16777216"},
        {"{\"chunk_bytes\": 9, \"files\": {\"model.safetensors\": {\"digests\": [], "
         "\"bytes\": 9223372036854775807}}}",
         "digests.json: model.safetensors: 0 digests of 9223372036854775807 bytes, expected one"},
        {"{\"chunk_bytes\": 9, \"files\": {\"model.safetensors\": {\"digests\": [], "
         "\"bytes\": -1}}}",
         "digests.json: model.safetensors: 0 digests of -1 bytes, expected one"},
        {"{\"chunk_bytes\": 9, \"files\": {\"model.safetensors\": {\"digests\": [\"xxh3-128:\"], "
         "\"bytes\": 1}}}",
         "digests.json: 'xxh3-128:', expected xxh3-128: and 32 hexadecimal digits"},
        {"{\"chunk_bytes\": 9, \"files\": []}", "digests.json: files"},
        {"", "digests.json"},
    };
    const char *run = run_folder();
    assert_int_equal(commit_number(run, 1), ORE_OK);
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        scratch_file("run/current/digests.json", lists[i][0], strlen(lists[i][0]));
        assert_null(ore_checkpoint_open_weights(run, names[0]));
        assert_error(ORE_DATA, lists[i][1]);
        assert_int_equal(ore_checkpoint_verify(run, names[0]), ORE_DATA);
        assert_error(ORE_DATA, lists[i][1]);
    }
}

static void test_carry(void **state) {
    (void)state;
    const char *run = run_folder();
    char *folder = ore_checkpoint_begin(run);
    assert_int_equal(ore_checkpoint_carry(run, "best.safetensors"), ORE_STATE);
    assert_error(ORE_STATE, "run: no checkpoint to carry best.safetensors over from");
    assert_int_equal(
        ore_file_write(scratch_path("run/checkpoints/writing/best.safetensors"), "best", 4),
        ORE_OK);
    assert_int_equal(ore_checkpoint_commit(run), ORE_OK);
    ore_string_free(folder);
    folder = ore_checkpoint_begin(run);
    ore_string_free(folder);
    assert_int_equal(ore_checkpoint_carry(run, "best.safetensors"), ORE_OK);
    assert_int_equal(ore_checkpoint_carry(run, "none"), ORE_IO);
    assert_error(ORE_IO, "checkpoints/000001/none: cannot link: No such file or directory");
    assert_int_equal(ore_checkpoint_commit(run), ORE_OK);
    char *text = ore_file_read(scratch_path("run/best.safetensors"), NULL);
    assert_string_equal(text, "best");
    ore_string_free(text);
}

/* A moved run and one copied with cp -r go on; one copied with links followed can be read. */
static void test_copies(void **state) {
    (void)state;
    const char *run = run_folder();
    assert_int_equal(commit_number(run, 1), ORE_OK);
    char command[2048];
    snprintf(command, sizeof command, "cp -r %s %s && cp -rL %s %s && mv %s %s", run,
             scratch_path("copy"), run, scratch_path("followed"), run, scratch_path("moved"));
    assert_int_equal(system(command), 0);
    const char *folders[] = {scratch_path("copy"), scratch_path("moved")};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(number_of(folders[i]), 1);
        assert_int_equal(commit_number(folders[i], 2), ORE_OK);
        assert_int_equal(number_of(folders[i]), 2);
    }
    const char *followed = scratch_path("followed");
    assert_int_equal(number_of(followed), 1);
    char *current = ore_checkpoint_current(followed);
    assert_int_equal(number_in(current, names[0]), 1);
    ore_string_free(current);
    assert_int_equal(commit_number(followed, 2), ORE_STATE);
    assert_error(ORE_STATE, "followed/current: not the link of a run, expected one to "
                            "checkpoints/NUMBER: copy runs with their links (cp -r, cp -a)");
    assert_int_equal(number_of(followed), 1);
}

static void test_refused(void **state) {
    (void)state;
    assert_null(ore_checkpoint_begin(scratch_path("none")));
    assert_error(ORE_IO, "none: cannot open: No such file or directory");
    assert_int_equal(ore_checkpoint_commit(run_folder()), ORE_IO);
    assert_error(ORE_IO, "run/checkpoints/writing: cannot open: No such file or directory");
    const char *run = run_folder();
    /* A file of the user's own is never replaced. */
    scratch_file("run/state.json", "mine", 4);
    assert_int_equal(commit_number(run, 1), ORE_STATE);
    assert_error(ORE_STATE, "run/state.json: in the way of a checkpoint's file, expected a link to "
                            "current/state.json");
    assert_null(ore_checkpoint_current(run));
    assert_true(ore_ok());
    assert_int_equal(unlink(scratch_path("run/state.json")), 0);
    assert_int_equal(commit_number(run, 1), ORE_OK);
    /* Once there is a checkpoint, it is told before the next is written. */
    assert_int_equal(unlink(scratch_path("run/state.json")), 0);
    scratch_file("run/state.json", "mine", 4);
    assert_null(ore_checkpoint_begin(run));
    assert_error(ORE_STATE, "run/state.json: in the way of a checkpoint's file, expected a link to "
                            "current/state.json");
    assert_int_equal(unlink(scratch_path("run/state.json")), 0);
    assert_int_equal(symlink("current/state.json", scratch_path("run/state.json")), 0);
    /* An error that is pending keeps what was written from becoming current. */
    char *folder = ore_checkpoint_begin(run);
    ore_string_free(folder);
    ore_fail(ORE_DATA, "loss is NaN");
    assert_int_equal(ore_checkpoint_commit(run), ORE_DATA);
    assert_null(ore_checkpoint_begin(run));
    assert_error(ORE_DATA, "loss is NaN");
    assert_int_equal(number_of(run), 1);
    assert_int_equal(ore_tree_remove(scratch_path("run/checkpoints/000001")), ORE_OK);
    assert_null(ore_checkpoint_current(run));
    assert_error(ORE_DATA, "run/current: leads to checkpoints/000001, which is no folder");
    assert_int_equal(unlink(scratch_path("run/current")), 0);
    assert_int_equal(symlink("elsewhere", scratch_path("run/current")), 0);
    assert_null(ore_checkpoint_begin(run));
    assert_error(ORE_STATE, "run/current: not the link of a run");
}

/* kill -9 at many moments: the run always holds one whole checkpoint, never an older one than
 * was last reported, and goes on from there. */
static void test_kill(void **state) {
    (void)state;
    enum { KILLS = 120 };
    const char *run = run_folder();
    assert_int_equal(commit_number(run, 1), ORE_OK);
    for (int k = 0; k < KILLS; k++) {
        int before = number_of(run);
        int report[2];
        assert_int_equal(pipe(report), 0);
        pid_t child = fork();
        if (child == 0) {
            for (int n = before + 1;; n++) {
                if (commit_number(run, n) != ORE_OK || write(report[1], &n, sizeof n) < 0)
                    _exit(1);
            }
        }
        close(report[1]);
        struct timespec pause = {.tv_nsec = 100000L + 173000L * (k * 37 % 97)};
        nanosleep(&pause, NULL);
        assert_int_equal(kill(child, SIGKILL), 0);
        int status = 0;
        waitpid(child, &status, 0);
        assert_true(WIFSIGNALED(status));
        int reported = before;
        for (int n; read(report[0], &n, sizeof n) == sizeof n;)
            reported = n;
        close(report[0]);
        assert_in_range(number_of(run), reported, reported + 1);
    }
    assert_int_equal(commit_number(run, 5), ORE_OK);
    assert_int_equal(number_of(run), 5);
    assert_int_equal(scratch_entries(run), RUN_ENTRIES);
    assert_int_equal(scratch_entries(scratch_path("run/checkpoints")), 1);
}

/* In a child: a file system too small for a second checkpoint. 77 where it cannot be mounted. */
static int fill_disk(const char *run) {
    static char large[200000];
    if (!disk_mount_own(run, 65536))
        return 77;
    if (commit_number(run, 1) != ORE_OK)
        return 1;
    char *folder = ore_checkpoint_begin(run);
    char *path = folder ? ore_path_join(folder, names[0]) : NULL;
    if (!path || ore_file_write(path, large, sizeof large) != ORE_IO)
        return 2;
    if (!strstr(ore_error_message(), "model.safetensors: cannot write: No space left on device"))
        return 3;
    ore_string_free(path);
    ore_string_free(folder);
    if (ore_checkpoint_commit(run) != ORE_IO)
        return 4;
    ore_error_clear();
    if (number_of(run) != 1)
        return 5;
    return commit_number(run, 2) == ORE_OK && number_of(run) == 2 ? 0 : 6;
}

static void test_disk_full(void **state) {
    (void)state;
    const char *run = run_folder();
    pid_t child = fork();
    if (child == 0)
        _exit(fill_disk(run));
    int status = 0;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip(); /* a small file system cannot be mounted here */
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void) {
#define TEST(function) cmocka_unit_test_setup_teardown(function, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_commits),
        TEST(test_begin_again),
        TEST(test_verify),
        TEST(test_weights_by_chunks),
        TEST(test_weights_made_elsewhere),
        TEST(test_lists_that_are_damaged),
        TEST(test_carry),
        TEST(test_copies),
        TEST(test_refused),
        TEST(test_kill),
        TEST(test_disk_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
