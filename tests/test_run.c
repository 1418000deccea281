/* Runs in folders: killed at any moment and resumed, a run ends with the same files as one that was
 * never stopped; errors leave the last whole step; one run at a time has a folder. */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include <ore/ore.h>

#include "support/child.h"
#include "support/fit_net.h"
#include "support/scratch.h"

enum { STEPS = 60 };
static const char *const files[] = {"model.safetensors", "optimizer.safetensors", "state.json",
                                    "best.safetensors", "metrics.jsonl"};
enum { FILES = sizeof files / sizeof files[0] };

/* ---- a run ---- */

/* What a run does, and where it is killed or fails. */
typedef struct trial {
    const char *folder;
    int64_t kill_at; /* the number of the library's call that kills the process; 0: none */
    int64_t calls;
    int64_t stop_at; /* the step whose report ends the run; 0: none */
    int64_t nan_at;  /* the loss's call that gives NaN; 0: none */
    int64_t losses;
    int64_t fail_at; /* the evaluated batch that fails; 0: none */
    int64_t evaluated;
    int64_t patience;
    bool shared; /* all draws, those of evaluations too, are from the default generator */
    const char *generator_name;
    ore_fit_result result;
    int64_t saved_step;
} trial;

static void count_call(trial *t) {
    if (++t->calls == t->kill_at)
        raise(SIGKILL);
}

static bool on_report(void *user, const ore_fit_report *r) {
    trial *t = user;
    count_call(t);
    return r->state->step != t->stop_at || t->stop_at == 0;
}

static void on_saved(void *user, int64_t step) {
    (void)step;
    count_call(user);
}

/* In the middle of a checkpoint: the new weights are there, state.json is not. */
static ore_status on_write(void *user, ore_json *state) {
    count_call(user);
    return ore_json_set_string(state, "mine", "some text");
}

static ore_status on_read(void *user, ore_json *state, const char *path) {
    (void)user;
    const char *mine = ore_json_get_string(state, "mine");
    return mine && strcmp(mine, "some text") != 0 ? ore_fail(ORE_DATA, "%s: mine", path)
                                                  : ore_error_status();
}

static ore_tensor *loss_of(void *user, ore_tensor *output, ore_tensor *target) {
    trial *t = user;
    ore_tensor *loss = ore_cross_entropy(output, target, NULL);
    bool training = ore_grad_enabled();
    if (!training && ++t->evaluated == t->fail_at)
        ore_fail(ORE_IO, "the evaluation fails");
    return training && ++t->losses == t->nan_at ? ore_mul_scalar(loss, (double)NAN) : loss;
}

static ore_run_options options_of(trial *t, net *n, const ore_run_generator *dropout) {
    ore_run_options o = ore_run_defaults();
    o.fit = net_fit_options(n, STEPS);
    o.fit.loss = loss_of;
    o.fit.report = on_report;
    o.fit.user = t;
    o.fit.eval_interval = 10;
    o.fit.patience = t->patience;
    o.fit.clip_norm = 1;
    o.generators = dropout;
    o.generator_count = 1;
    o.checkpoint_interval = 5;
    o.saved = on_saved;
    o.write_state = on_write;
    o.read_state = on_read;
    return o;
}

static void train(trial *t) {
    net n;
    net_start(&n, 0.2);
    ore_loader_options lo = ore_loader_defaults();
    ore_generator *batches = ore_generator_new(3), *evaluation = ore_generator_new(0);
    ore_generator *drop = ore_generator_new(2);
    n.drop.generator = t->shared ? NULL : drop;
    ore_loader_free(n.loader);
    lo.batch_size = BATCH;
    lo.shuffle = true;
    lo.generator = t->shared ? NULL : batches;
    n.loader = ore_tensor_loader_new(n.x, n.y, &lo);
    lo.generator = t->shared ? NULL : evaluation;
    const ore_run_generator dropout = {t->generator_name ? t->generator_name : "dropout", drop};
    ore_run_options o = options_of(t, &n, &dropout);
    o.evaluate_train = ore_tensor_loader_new(n.x, n.y, &lo);
    o.evaluate_val = ore_tensor_loader_new(n.x, n.y, NULL);
    o.evaluation_batches = 3;
    o.evaluation_generator = t->shared ? NULL : evaluation;
    o.seed = 5;
    ore_run *run = ore_run_open(t->folder, &o);
    if (run)
        ore_run_fit(run, &t->result);
    t->saved_step = run ? ore_run_saved_step(run) : -1;
    ore_fit_result_free(&t->result);
    ore_run_close(run);
    ore_loader_free(o.evaluate_val);
    ore_loader_free(o.evaluate_train);
    ore_generator_free(drop);
    net_end(&n);
    ore_generator_free(evaluation);
    ore_generator_free(batches);
}

/* In a child, as threads do not come along with a fork; its status, or 256 + the signal. */
static int train_in_child(trial t) {
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        train(&t);
        if (!ore_ok())
            fprintf(stderr, "%s\n", ore_error_message());
        _exit(ore_ok() ? 0 : 1);
    }
    assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

static void assert_same_runs(const char *a, const char *b) {
    for (int i = 0; i < FILES; i++) {
        char path[2][600];
        size_t bytes[2];
        char *data[2];
        for (int k = 0; k < 2; k++) {
            snprintf(path[k], sizeof path[k], "%s/%s", k ? b : a, files[i]);
            data[k] = read_file(path[k], &bytes[k]);
        }
        if (bytes[0] != bytes[1] || memcmp(data[0], data[1], bytes[0]) != 0)
            fail_msg("%s and %s differ", path[0], path[1]);
        free(data[0]);
        free(data[1]);
    }
}

/* A place in memory: hundreds of checkpoints are synced. */
static char shared_folder[256];

static int make_shared_folder(void **state) {
    (void)state;
    temporary_folder(shared_folder);
    return 0;
}

static int remove_shared_folder(void **state) {
    (void)state;
    remove_folder(shared_folder);
    return 0;
}

static const char *in_memory(const char *name, char path[400]) {
    snprintf(path, 400, "%s/%s", shared_folder, name);
    return path;
}

/* ---- kills ---- */

static void test_killed_and_resumed(void **state) {
    (void)state;
    char path[2][400];
    const char *whole = in_memory("whole", path[0]), *killed = in_memory("killed", path[1]);
    for (int64_t stride = 2; stride <= 3; stride++) {
        bool shared = stride == 3;
        assert_int_equal(train_in_child((trial){.folder = whole, .shared = shared}), 0);
        int kills = 0, status = -1;
        /* from the first call on, and further each time, so that the run comes to its end */
        for (int64_t at = 1; status != 0; at += stride, kills++) {
            status = train_in_child((trial){.folder = killed, .kill_at = at, .shared = shared});
            assert_true(status == 0 || status == 256 + SIGKILL);
        }
        assert_true(kills > 5);
        assert_same_runs(whole, killed);
        ore_tree_remove(killed);
        ore_tree_remove(whole);
    }
}

/* The program of the documentation, killed by the clock: wherever that hits, it ends the same. */
static void test_example_killed_by_the_clock(void **state) {
    (void)state;
    if (getenv("ORE_EMULATED")) {
        print_message("skipped: an emulator cannot start a program of the other processor\n");
        skip();
    }
    const char *steps = "600", *program = ORE_EXAMPLE_RESUME;
    char path[2][400];
    const char *whole = in_memory("whole", path[0]), *killed = in_memory("killed", path[1]);
    static child_result result;
    child_run(&result, (const char *const[]){program, whole, steps, NULL});
    assert_int_equal(result.status, 0);
    int status = -1, kills = 0;
    for (long ms = 4; status != 0; ms += ms / 4 + 1, kills++) {
        pid_t pid = fork();
        if (pid == 0) {
            if (!freopen("/dev/null", "w", stdout))
                _exit(3);
            execl(program, program, killed, steps, (char *)NULL);
            _exit(2);
        }
        nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
        kill(pid, SIGKILL);
        assert_true(waitpid(pid, &status, 0) == pid);
        assert_true(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
    }
    assert_true(kills > 5);
    assert_same_runs(whole, killed);
    ore_tree_remove(whole);
    ore_tree_remove(killed);
}

static void test_stopped_by_its_report(void **state) {
    (void)state;
    char path[2][400];
    const char *whole = in_memory("whole", path[0]), *stopped = in_memory("stopped", path[1]);
    assert_int_equal(train_in_child((trial){.folder = whole}), 0);
    for (int64_t step = 7; step < STEPS; step += 16)
        assert_int_equal(train_in_child((trial){.folder = stopped, .stop_at = step}), 0);
    assert_int_equal(train_in_child((trial){.folder = stopped}), 0);
    assert_same_runs(whole, stopped);
    ore_tree_remove(whole);
    ore_tree_remove(stopped);
}

/* ---- errors ---- */

/* The step before stays, with its metrics; and the run that goes on is as if nothing had been. */
static void test_error_leaves_the_last_whole_step(void **state) {
    (void)state;
    char path[2][400];
    const char *whole = in_memory("whole", path[0]), *failed = in_memory("failed", path[1]);
    trial t = {.folder = failed, .nan_at = 18};
    assert_int_equal(train_in_child((trial){.folder = whole}), 0);
    ore_set_num_threads(1);
    train(&t);
    assert_error(ORE_DATA, "fit: loss is nan at step 18");
    assert_int_equal(t.result.end, ORE_FIT_FAILED);
    assert_int_equal(t.saved_step, 17);
    t = (trial){.folder = failed};
    train(&t);
    assert_true(ore_ok());
    assert_int_equal(t.result.end, ORE_FIT_DONE);
    assert_same_runs(whole, failed);
    ore_tree_remove(whole);
    ore_tree_remove(failed);
}

/* An evaluation that fails is made again from where its draws began. */
static void test_failed_evaluation_is_made_again(void **state) {
    (void)state;
    char path[2][400];
    const char *whole = in_memory("whole", path[0]), *failed = in_memory("failed", path[1]);
    assert_int_equal(train_in_child((trial){.folder = whole, .shared = true}), 0);
    ore_set_num_threads(1);
    trial t = {.folder = failed, .shared = true, .fail_at = 30};
    train(&t);
    assert_error(ORE_IO, "the evaluation fails");
    assert_true(t.result.state.step > 0 && t.result.state.step < STEPS);
    assert_int_equal(t.saved_step, t.result.state.step);
    t = (trial){.folder = failed, .shared = true};
    train(&t);
    assert_true(ore_ok());
    assert_same_runs(whole, failed);
    ore_tree_remove(whole);
    ore_tree_remove(failed);
}

/* A run at its end stays as it is, by steps or by the stopping rule. */
static void test_run_at_its_end(void **state) {
    (void)state;
    trial t = {.folder = scratch_path("run"), .patience = 1};
    ore_set_num_threads(1);
    train(&t);
    assert_true(ore_ok());
    ore_fit_end end = t.result.end;
    int64_t step = t.result.state.step, losses = t.losses;
    assert_true(losses > 0 && t.saved_step == step);
    t = (trial){.folder = scratch_path("run"), .patience = 1};
    train(&t);
    assert_true(ore_ok());
    assert_int_equal(t.result.end, end);
    assert_int_equal(t.result.state.step, step);
    assert_int_equal(t.losses + t.calls, 0);
}

static void test_other_states_are_refused(void **state) {
    (void)state;
    trial t = {.folder = scratch_path("run"), .stop_at = 20};
    ore_set_num_threads(1);
    train(&t);
    assert_true(ore_ok());
    t = (trial){.folder = scratch_path("run"), .generator_name = "noise"};
    train(&t);
    assert_error(ORE_DATA, "state.json: noise: missing, expected a string");
    FILE *metrics = fopen(scratch_path("run/metrics.jsonl"), "w");
    fclose(metrics);
    t = (trial){.folder = scratch_path("run")};
    train(&t);
    assert_error(ORE_DATA, "metrics.jsonl");
}

/* Without digests, as of a run made elsewhere: whatever state.json says is an error or a place. */
static void test_damaged_states(void **state) {
    (void)state;
    enum { ROUNDS = 400 };
    net n;
    size_t bytes;
    int opened = 0, refused = 0;
    char folder[400], path[500];
    snprintf(folder, sizeof folder, "%s", scratch_path("run"));
    snprintf(path, sizeof path, "%s/current/state.json", folder);
    trial t = {.folder = folder, .stop_at = 20};
    ore_set_num_threads(1);
    train(&t);
    assert_int_equal(unlink(scratch_path("run/current/digests.json")), 0);
    char *text = read_file(scratch_path("run/state.json"), &bytes), *end = strstr(text, "\"loader");
    net_start(&n, 0.2);
    ore_generator *drop = ore_generator_new(2);
    const ore_run_generator dropout = {"dropout", drop};
    for (uint64_t i = 0; i < ROUNDS; i++) {
        uint64_t draw = ore_stream_seed(9, ORE_STREAM_COUNT, (int64_t)i, 0);
        /* mostly before the long rows of digits */
        size_t at = i % 8 ? draw % (size_t)(end - text) : draw % bytes;
        char was = text[at];
        text[at] = "0-9,\":x\x80"[draw >> 61];
        write_file(path, text, bytes);
        text[at] = was;
        ore_run_options o = options_of(&t, &n, &dropout);
        ore_run *run = ore_run_open(t.folder, &o);
        opened += run != NULL;
        refused += !run && ore_error_status() == ORE_DATA;
        ore_error_clear();
        ore_run_close(run);
    }
    assert_int_equal(opened + refused, ROUNDS);
    assert_true(opened > 10 && refused > 100);
    ore_generator_free(drop);
    net_end(&n);
    free(text);
}

static void test_options_that_are_refused(void **state) {
    (void)state;
    net n;
    ore_set_num_threads(1);
    net_start(&n, 0);
    ore_run_options o = ore_run_defaults();
    assert_null(ore_run_open(NULL, &o));
    assert_error(ORE_INVALID, "run: folder is NULL");
    assert_null(ore_run_open(scratch_path("run"), NULL));
    assert_error(ORE_INVALID, "run: options is NULL");
    assert_null(ore_run_open(scratch_path("run"), &o));
    assert_error(ORE_INVALID, "run: module is NULL");
    o.fit = net_fit_options(&n, 3);
    o.fit.optimizer = NULL;
    assert_null(ore_run_open(scratch_path("run"), &o));
    assert_error(ORE_INVALID, "run: optimizer is NULL");
    o.fit = net_fit_options(&n, 3);
    o.evaluation_batches = -1;
    assert_null(ore_run_open(scratch_path("run"), &o));
    assert_error(ORE_INVALID, "run: evaluation_batches -1, expected at least 0");
    o.evaluation_batches = 0;
    o.save_dtype = ORE_INT64;
    assert_null(ore_run_open(scratch_path("run"), &o));
    assert_error(ORE_INVALID, "run: save_dtype int64, expected float32, bfloat16 or float16");
    o.save_dtype = ORE_FLOAT32;
    const ore_run_generator none = {"dropout", NULL};
    o.generators = &none;
    o.generator_count = 1;
    assert_null(ore_run_open(scratch_path("run"), &o));
    assert_error(ORE_INVALID, "run: generator 0 has no generator");
    ore_fit_result r;
    assert_int_equal(ore_run_fit(NULL, &r), ORE_INVALID);
    assert_error(ORE_INVALID, "run: the run is NULL");
    trial t = {.folder = scratch_path("run"), .generator_name = "mine"};
    train(&t);
    assert_error(ORE_INVALID, "run: generator mine: state.json has a member of that name");
    assert_int_equal(t.saved_step, -1);
    net_end(&n);
}

/* ---- one run at a time ---- */

/* A descriptor of its own is to flock as one of another process. */
static bool others_may_lock(const char *folder) {
    int descriptor = open(folder, O_RDONLY);
    bool may = flock(descriptor, LOCK_EX | LOCK_NB) == 0;
    close(descriptor);
    return may;
}

static void test_one_run_has_a_folder(void **state) {
    (void)state;
    net n;
    ore_set_num_threads(1);
    net_start(&n, 0);
    ore_run_options o = ore_run_defaults();
    o.fit = net_fit_options(&n, 3);
    const char *folder = scratch_path("run");
    ore_run *run = ore_run_open(folder, &o), *other = ore_run_open(scratch_path("other"), &o);
    assert_true(run && other);
    assert_int_equal(ore_run_state(run)->step, 0);
    assert_int_equal(ore_run_saved_step(run), -1);
    assert_null(ore_run_open(folder, &o));
    assert_error(ORE_STATE, "run: this program has opened the run already");
    assert_false(others_may_lock(folder));
    ore_run_close(run);
    ore_run_close(other);
    assert_true(others_may_lock(folder));
    assert_int_equal(ore_run_lock(folder), ORE_OK);
    assert_int_equal(ore_run_lock(folder), ORE_OK);
    ore_run_unlock(folder);
    assert_false(others_may_lock(folder));
    ore_run_unlock(folder);
    int other_process = open(folder, O_RDONLY);
    assert_int_equal(flock(other_process, LOCK_EX), 0);
    assert_null(ore_run_open(folder, &o));
    assert_error(ORE_STATE, "run: another process is training in it");
    close(other_process);
    assert_int_equal(ore_run_lock(scratch_path("nowhere")), ORE_IO);
    assert_error(ORE_IO, "nowhere: cannot be opened: No such file or directory");
    net_end(&n);
}

/* ---- where a run stands ---- */

static void test_stopping_rule(void **state) {
    (void)state;
    ore_fit_options o = ore_fit_defaults();
    ore_fit_state s = ore_fit_state_start();
    ore_fit_end end = ORE_FIT_FAILED;
    o.steps = 10;
    assert_false(ore_fit_is_over(&o, &s, &end));
    assert_int_equal(end, ORE_FIT_FAILED); /* not told */
    s.step = 9;
    s.bad_evals = 3;
    s.converged_step = 7;
    assert_false(ore_fit_is_over(&o, &s, NULL));
    o.stop_at = 9;
    assert_true(ore_fit_is_over(&o, &s, &end) && end == ORE_FIT_STOPPED);
    o.stop_when_converged = true;
    assert_true(ore_fit_is_over(&o, &s, &end) && end == ORE_FIT_CONVERGED);
    o.patience = 3;
    assert_true(ore_fit_is_over(&o, &s, &end) && end == ORE_FIT_PATIENCE);
    s.step = 10;
    assert_true(ore_fit_is_over(&o, &s, &end) && end == ORE_FIT_DONE);
    s.unevaluated = true;
    assert_false(ore_fit_is_over(&o, &s, &end));
}

static void test_place_of_a_run(void **state) {
    (void)state;
    trial t = {.folder = scratch_path("run"), .stop_at = 20};
    ore_set_num_threads(1);
    train(&t);
    assert_true(ore_ok());
    ore_fit_state place;
    ore_json *json = ore_json_load(scratch_path("run/state.json"));
    assert_int_equal(ore_run_read_place(json, "state.json", &place), ORE_OK);
    assert_int_equal(place.step, 20);
    assert_int_equal(place.best_step, t.result.state.best_step);
    assert_true(place.best_val == t.result.state.best_val && place.tokens == 20 * BATCH);
    ore_json_set_int(json, "best_step", -2);
    assert_int_equal(ore_run_read_place(json, "state.json", &place), ORE_DATA);
    assert_error(ORE_DATA, "state.json: best_step: -2, expected at least -1");
    ore_json_set_int(json, "format", 2);
    assert_int_equal(ore_run_read_place(json, "state.json", &place), ORE_DATA);
    assert_error(ORE_DATA, "state.json: format: 2, expected 1");
    ore_json_free(json);
}

/* ---- streams and metrics ---- */

/* splitmix64 thrice, by Python's whole numbers */
static void test_streams(void **state) {
    (void)state;
    assert_true(ore_stream_seed(7, ORE_STREAM_WEIGHTS, 0, 0) == 7);
    assert_true(ore_stream_seed(1, ORE_STREAM_BATCHES, 0, 0) == UINT64_C(0x1956ecd1a275ec95));
    assert_true(ore_stream_seed(1, ORE_STREAM_EVALUATION, 1, 250) == UINT64_C(0x85cd54ddc604f880));
}

static void test_metrics_are_read(void **state) {
    (void)state;
    static const char text[] = "{\"step\": 0, \"train_loss\": 3.5, \"val_loss\": null}\n"
                               "{\"step\": 1, \"loss\": 2.5, \"lr\": 0.1, \"grad_norm\": null}\n"
                               "{\"step\": 2, \"loss\": 2, \"lr\": 0.1, \"grad_norm\": 1.5}\n"
                               "{\"step\": 2, \"train_loss\": 1.25, \"val_loss\": 1.5}\n";
    ore_metrics_curves c;
    const char *path = scratch_file("metrics.jsonl", text, sizeof text - 1);
    assert_int_equal(ore_metrics_read(path, &c), ORE_OK);
    assert_int_equal(c.loss.count, 2);
    assert_int_equal(c.train.count, 2);
    assert_int_equal(c.val.count, 1);
    assert_true(c.loss.x[1] == 2 && c.loss.y[1] == 2 && c.train.y[0] == 3.5 && c.val.y[0] == 1.5);
    ore_metrics_curves_free(&c);
    scratch_file("metrics.jsonl", text, sizeof text - 3);
    assert_int_equal(ore_metrics_read(path, &c), ORE_DATA);
    assert_error(ORE_DATA, "metrics.jsonl: line 1");
    ore_metrics_curves_free(&c);
    assert_int_equal(ore_metrics_read(scratch_path("none"), &c), ORE_IO);
    assert_error(ORE_IO, "none: cannot open");
    ore_metrics_curves_free(&c);
}

int main(void) {
#define TEST(function) cmocka_unit_test_setup_teardown(function, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_killed_and_resumed),
        TEST(test_example_killed_by_the_clock),
        TEST(test_stopped_by_its_report),
        TEST(test_error_leaves_the_last_whole_step),
        TEST(test_failed_evaluation_is_made_again),
        TEST(test_run_at_its_end),
        TEST(test_other_states_are_refused),
        TEST(test_damaged_states),
        TEST(test_options_that_are_refused),
        TEST(test_one_run_has_a_folder),
        TEST(test_stopping_rule),
        TEST(test_place_of_a_run),
        TEST(test_streams),
        TEST(test_metrics_are_read),
    };
    return cmocka_run_group_tests(tests, make_shared_folder, remove_shared_folder);
}
