/* sweep_run.c: the runs of a sweep. Each is a process of its own, `ore train` as a user would start
 * it, so that a run that fails or is killed does not affect the others. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <ore/io.h>

#include "cli/command.h"
#include "lab/frame/terminal.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "open/run_open.h"
#include "sweep/sweep.h"
#include "cli/system.h"
#include "cli/words.h"

enum { JOBS_MAX = 64 }; /* processes at a time */

/* ---- command lines ---- */

typedef struct word_list {
    char **words; /* NULL-terminated, owned */
    int count;
} word_list;

static ore_status add_word(word_list *l, const char *word) {
    char *copy = strdup(word), **words = realloc(l->words, (size_t)(l->count + 2) * sizeof *words);
    if (words)
        l->words = words;
    if (!copy || !words) {
        free(copy);
        return ore_fail(ORE_MEMORY, "sweep: out of memory");
    }
    l->words[l->count++] = copy;
    l->words[l->count] = NULL;
    return ORE_OK;
}

static void free_words(word_list *l) {
    for (int i = 0; i < l->count; i++)
        free(l->words[i]);
    free(l->words);
    *l = (word_list){0};
}

/* The arguments of `ore train` for a trial: those that all trials share, then a flag for each
 * axis. */
static ore_status trial_arguments(const sweep *s, const sweep_trial *trial, arguments *a) {
    *a = (arguments){0};
    for (int i = 0; i < s->words->count; i++)
        arguments_add(a, s->words->items[i]);
    for (int k = 0; k < s->space.count; k++)
        arguments_add(a, argument_of(s->space.axes[k].row->field.key, trial->values[k]));
    return ore_error_status();
}

ore_status sweep_trial_options(const sweep *s, const sweep_trial *trial, train_options *t) {
    arguments a;
    *t = (train_options){0};
    if (trial_arguments(s, trial, &a) == ORE_OK && train_options_read(t, &a, NULL) == ORE_OK)
        train_options_resolve(t);
    arguments_free(&a);
    return ore_error_status();
}

/* Appends an argument as one word: "gpt", "--lr=0.1", "--resume". */
static ore_status add_argument(word_list *l, const argument *a) {
    char flag[ARGUMENT_KEY_BYTES + 2], *word = NULL;
    if (!*a->key)
        return add_word(l, a->word);
    option_flag_text(a->key, flag, sizeof flag);
    if (asprintf(&word, "%s%s%s", flag, a->value ? "=" : "", a->value ? a->value : "") < 0)
        return ore_fail(ORE_MEMORY, "sweep: out of memory");
    add_word(l, word);
    free(word);
    return ore_error_status();
}

static ore_status child_words(const sweep *s, const sweep_result *r, bool resume, word_list *l) {
    char path[RUNDIR_PATH_BYTES], threads[32];
    arguments a;
    int each = ore_num_threads() / (int)s->jobs;
    bool given = options_origin(&s->base.options, "threads") != ORIGIN_DEFAULT;
    snprintf(threads, sizeof threads, "--threads=%d", each > 1 ? each : 1);
    add_word(l, "ore");
    add_word(l, "train");
    if (trial_arguments(s, &r->trial, &a) == ORE_OK)
        for (int i = 0; i < a.count; i++)
            add_argument(l, &a.items[i]);
    arguments_free(&a);
    if (sweep_run_path(s, r, path) != ORE_OK)
        return ore_error_status();
    add_word(l, "--out");
    add_word(l, path);
    if (!given)
        add_word(l, threads);
    if (resume)
        add_word(l, "--resume");
    return ore_error_status();
}

/* ---- how far a run is ---- */

/* The data of a trial. It stays open for the next trial, which mostly has the same. */
typedef struct trial_data {
    train_options options[2]; /* those of the open data, and of the trial that is looked at */
    int open;                 /* which of the two the open data is of; -1: none is open */
    train_data data;
} trial_data;

static void close_data(trial_data *d) {
    if (d->open >= 0) {
        train_data_close(&d->data);
        train_options_free(&d->options[d->open]);
    }
    d->open = -1;
}

/* Of two trials of one model. */
static bool is_same_data(const options *a, const options *b) {
    for (int i = 0; i < a->count; i++) {
        char mine[4096], theirs[4096];
        const option *row = &a->rows[i];
        if (train_row_is_data(row) && strcmp(option_value_text(a, row, mine, sizeof mine),
                                             option_value_text(b, row, theirs, sizeof theirs)) != 0)
            return false;
    }
    return true;
}

/* Opens the data of a trial, unless the open data is the same; its tokens are in the cache then. */
static ore_status open_data(trial_data *d, const sweep *s, const sweep_trial *trial) {
    int next = d->open == 0;
    train_options *t = &d->options[next];
    if (sweep_trial_options(s, trial, t) == ORE_OK && d->open >= 0 &&
        is_same_data(&d->options[d->open].options, &t->options)) {
        train_options_free(t);
        return ORE_OK;
    }
    close_data(d);
    d->open = next;
    d->data = (train_data){0};
    return ore_ok() ? train_data_open(&d->data, &t->config, NULL, NULL) : ore_error_status();
}

ore_status sweep_prepare_data(const sweep *s) {
    char dir[RUNDIR_PATH_BYTES], path[RUNDIR_PATH_BYTES];
    trial_data d = {.open = -1};
    for (int i = 0; i < s->count && ore_ok(); i++) {
        run_state state;
        if (sweep_run_path(s, &s->results[i], dir) != ORE_OK ||
            rundir_path(dir, "state.json", path) != ORE_OK)
            break;
        bool begun = ore_path_kind_of(path) != ORE_PATH_MISSING;
        if (open_data(&d, s, &s->results[i].trial) == ORE_OK && begun &&
            run_state_load(&state, d.data.task, path) == ORE_OK)
            train_data_check(&d.data, &state.data);
        if (!ore_ok()) {
            close_data(&d);
            if (!begun) /* a run that is there reports it itself */
                ore_error_clear();
        }
    }
    close_data(&d);
    return ore_error_status();
}

/* Looks at the folder of a trial: *begun: it holds a run that can be resumed; *over: that run has
 * ended. */
static ore_status look_at_run(const sweep *s, const sweep_result *r, bool *begun, bool *over) {
    char dir[RUNDIR_PATH_BYTES], path[RUNDIR_PATH_BYTES];
    train_options t;
    run_state state;
    *begun = *over = false;
    if (sweep_run_path(s, r, dir) != ORE_OK || rundir_path(dir, "config.json", path) != ORE_OK)
        return ore_error_status();
    rundir_await(dir); /* a run of an earlier, killed sweep may still be saving */
    *begun = ore_path_kind_of(path) != ORE_PATH_MISSING;
    if (rundir_path(dir, "state.json", path) != ORE_OK ||
        ore_path_kind_of(path) == ORE_PATH_MISSING)
        return ore_error_status();
    if (sweep_trial_options(s, &r->trial, &t) == ORE_OK &&
        run_state_load(&state, run_task_of(&t.config), path) == ORE_OK) {
        const ore_fit_options o = train_fit_options(&t.config);
        *over = ore_fit_is_over(&o, &state.fit, NULL);
    }
    train_options_free(&t);
    return ore_error_status();
}

/* The train loss that the run estimated at a step; NaN if it did not. */
static double train_loss_at(const char *dir, int64_t step) {
    char path[RUNDIR_PATH_BYTES];
    ore_metrics_curves curves = {0};
    double loss = NAN;
    if (rundir_path(dir, "metrics.jsonl", path) == ORE_OK &&
        ore_metrics_read(path, &curves) == ORE_OK)
        for (int64_t i = 0; i < curves.train.count; i++)
            if (curves.train.x[i] == (double)step)
                loss = curves.train.y[i];
    ore_metrics_curves_free(&curves);
    return loss;
}

static ore_status read_steps(const sweep *s, const char *dir, sweep_result *r) {
    char path[RUNDIR_PATH_BYTES];
    run_state state;
    if (rundir_path(dir, "state.json", path) != ORE_OK ||
        run_state_load(&state, run_task_of(&s->base.config), path) != ORE_OK)
        return ore_error_status();
    r->steps = state.fit.step;
    r->best_step = state.fit.best_step;
    r->train_loss = train_loss_at(dir, r->best_step);
    return ore_error_status();
}

/* Sets the paths of the run's texts to those of this command, in case they have moved since the
 * run. */
static ore_status take_places(const sweep *s, const sweep_result *r, opened_run *run) {
    train_options t;
    if (sweep_trial_options(s, &r->trial, &t) == ORE_OK) {
        options_replace(&run->options.options, "data", t.config.data);
        options_replace(&run->options.options, "val_data", t.config.val_data);
    }
    train_options_free(&t);
    return ore_error_status();
}

static ore_status evaluate_run(const sweep *s, const sweep_result *r, ore_part part,
                               ore_evaluation *e, int64_t *parameters) {
    char dir[RUNDIR_PATH_BYTES];
    opened_run run = {0};
    const measured_data own = {.file = "", .part = part};
    if (sweep_run_path(s, r, dir) == ORE_OK && opened_run_open(&run, dir, true) == ORE_OK &&
        take_places(s, r, &run) == ORE_OK && opened_run_evaluate(&run, &own, NULL, e) == ORE_OK)
        *parameters = ore_module_parameter_count(run.model.module, false);
    opened_run_close(&run);
    return ore_error_status();
}

/* Evaluates a run that has ended, and sets its result. */
static ore_status keep_result(sweep *s, sweep_result *r) {
    char dir[RUNDIR_PATH_BYTES];
    ore_evaluation e;
    if (sweep_run_path(s, r, dir) != ORE_OK || read_steps(s, dir, r) != ORE_OK ||
        evaluate_run(s, r, ORE_PART_VAL, &e, &r->parameters) != ORE_OK)
        return ore_error_status();
    r->val_loss = e.loss;
    r->state = SWEEP_DONE;
    return sweep_results_write(s);
}

/* ---- processes ---- */

typedef struct job {
    sweep_result *result; /* NULL: none */
    pid_t pid;
    int errors; /* the end of the pipe from its standard error */
    double began_s;
} job;

/* Runs in the child, which becomes `ore train`; if that fails, the parent notices by the exit
 * status. The child is in a process group of its own, so that Ctrl-C at the terminal reaches only
 * the parent, which then sends each child one signal. */
static void become_train(char **words, const char *log, int errors) {
    setpgid(0, 0);
    signal(SIGPIPE, SIG_DFL);
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0666), in = open("/dev/null", O_RDONLY);
    if (out >= 0 && in >= 0 && dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(errors, 2) >= 0)
        system_exec_program(words);
    dprintf(errors, "ore train: %s: cannot be started: %s\n", log, strerror(errno));
    _exit(EXIT_RUN);
}

static ore_status log_path(const sweep *s, const sweep_result *r, char *path) {
    char name[SWEEP_NAME_BYTES + 16];
    snprintf(name, sizeof name, "logs/%s.txt", r->trial.name);
    return rundir_path(s->dir, name, path);
}

static ore_status start_job(const sweep *s, sweep_result *r, bool resume, job *j) {
    char log[RUNDIR_PATH_BYTES];
    word_list l = {0};
    int ends[2];
    if (child_words(s, r, resume, &l) != ORE_OK || log_path(s, r, log) != ORE_OK) {
        free_words(&l);
        return ore_error_status();
    }
    if (!system_pipe(ends)) {
        free_words(&l);
        return ore_fail(ORE_IO, "sweep: no pipe: %s", strerror(errno));
    }
    fflush(stdout);
    *j = (job){.result = r, .errors = ends[0], .began_s = ore_clock_s(), .pid = fork()};
    if (j->pid == 0)
        become_train(l.words, log, ends[1]);
    close(ends[1]);
    free_words(&l);
    if (j->pid > 0)
        return ORE_OK;
    j->result = NULL;
    close(ends[0]);
    return ore_fail(ORE_IO, "sweep: no process: %s", strerror(errno));
}

/* Reads the child's error message, without "ore train: ". */
static void read_message(const job *j, char *message, size_t bytes) {
    char text[1024];
    size_t used = 0;
    for (ssize_t n;
         used < sizeof text - 1 && (n = read(j->errors, text + used, sizeof text - 1 - used)) > 0;)
        used += (size_t)n;
    text[used] = '\0';
    text[strcspn(text, "\n")] = '\0';
    const char *prefix = "ore train: ";
    bool cut = strncmp(text, prefix, strlen(prefix)) == 0;
    snprintf(message, bytes, "%.*s", (int)bytes - 1, cut ? text + strlen(prefix) : text);
}

/* Whether a run failed because its loss was not finite: it would fail again, whatever is tried. */
static bool has_diverged(const char *message) {
    return strncmp(message, "fit: ", strlen("fit: ")) == 0;
}

static ore_status end_job(sweep *s, job *j, int status) {
    sweep_result *r = j->result;
    bool exited = WIFEXITED(status);
    r->seconds += ore_clock_s() - j->began_s;
    read_message(j, r->message, sizeof r->message);
    close(j->errors);
    j->result = NULL;
    if (exited && WEXITSTATUS(status) == EXIT_OK)
        return keep_result(s, r);
    if (exited && WEXITSTATUS(status) == EXIT_BROKEN)
        return sweep_results_write(s);
    if (!*r->message)
        snprintf(r->message, sizeof r->message, "ended by signal %d",
                 WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    r->state = has_diverged(r->message) ? SWEEP_DIVERGED : SWEEP_FAILED;
    char *advice = strstr(r->message, ": lower ");
    if (advice) /* the advice is for a single run: it is left out */
        *advice = '\0';
    return sweep_results_write(s);
}

/* ---- all runs ---- */

typedef struct crew {
    job jobs[JOBS_MAX];
    int next, running, ended, total;
    bool told;  /* the children have been sent the signal to stop */
    bool drawn; /* the terminal shows the line of running trials */
    double began_s, drawn_s;
} crew;

/* On a terminal, draws the line "3/12 done, lr=0.1 since 0:07". */
static void draw_line(crew *c) {
    const double redraw_s = 0.5;
    char text[32], line[1024];
    int columns = ore_clock_s() - c->drawn_s < redraw_s ? 0 : terminal_columns(stdout);
    if (columns == 0)
        return;
    size_t used = (size_t)snprintf(line, sizeof line, "%d/%d done", c->ended, c->total);
    for (int i = 0; i < JOBS_MAX && used < sizeof line; i++)
        if (c->jobs[i].result)
            used += (size_t)snprintf(
                line + used, sizeof line - used, ", %.40s since %s", c->jobs[i].result->trial.name,
                progress_time_text(ore_clock_s() - c->jobs[i].began_s, text, sizeof text));
    printf(TERMINAL_CLEAR_LINE "%.*s", columns - 1, line);
    fflush(stdout);
    c->drawn = true;
    c->drawn_s = ore_clock_s();
}

static void clear_line(crew *c) {
    if (c->drawn)
        fputs(terminal_columns(stdout) > 0 ? TERMINAL_CLEAR_LINE : "\n", stdout);
    c->drawn = false;
}

static void report(crew *c, const sweep_result *r) {
    char took[32], left[32], loss[400];
    double seconds = ore_clock_s() - c->began_s;
    snprintf(loss, sizeof loss, "%s", r->message);
    if (r->state == SWEEP_DONE)
        snprintf(loss, sizeof loss, "validation loss %.4f", r->val_loss);
    progress_time_text(r->seconds, took, sizeof took);
    progress_time_text(seconds / c->ended * (c->total - c->ended), left, sizeof left);
    clear_line(c);
    printf("%d/%d  %s  %s  %s%s%s\n", c->ended, c->total, r->trial.name, loss, took,
           c->ended < c->total ? "  left " : "", c->ended < c->total ? left : "");
    fflush(stdout);
}

static void tell_children(crew *c) {
    if (!c->told)
        for (int i = 0; i < JOBS_MAX; i++)
            if (c->jobs[i].result)
                kill(c->jobs[i].pid, SIGTERM);
    c->told = true;
}

/* Handles a child that has ended; false if none has. */
static bool gather(sweep *s, crew *c) {
    for (int i = 0; i < JOBS_MAX; i++) {
        job *j = &c->jobs[i];
        int status;
        if (!j->result || waitpid(j->pid, &status, WNOHANG) != j->pid)
            continue;
        sweep_result *r = j->result;
        c->running--;
        if (end_job(s, j, status) == ORE_OK && r->state != SWEEP_WAITING) {
            c->ended++;
            report(c, r);
        }
        return true;
    }
    return false;
}

/* Starts the next trial that is not finished. A run that has ended but has no result yet, since the
 * sweep was killed, is evaluated now. */
static ore_status start_next(sweep *s, crew *c) {
    sweep_result *r = &s->results[c->next++];
    bool begun, over;
    if (r->state == SWEEP_DONE || r->state == SWEEP_DIVERGED)
        return ORE_OK;
    if (look_at_run(s, r, &begun, &over) != ORE_OK)
        return ore_error_status();
    if (over) {
        if (keep_result(s, r) == ORE_OK) {
            c->ended++;
            report(c, r);
        }
        return ore_error_status();
    }
    r->state = SWEEP_WAITING;
    r->message[0] = '\0';
    for (int i = 0; i < JOBS_MAX; i++)
        if (!c->jobs[i].result) {
            c->running++;
            return start_job(s, r, begun, &c->jobs[i]);
        }
    return ORE_OK;
}

ore_status sweep_failures(const sweep *s) {
    const sweep_result *first = NULL;
    char runs[COUNT_BYTES];
    int failed = 0;
    for (int i = 0; i < s->asked_count; i++)
        if (s->results[i].state == SWEEP_FAILED && failed++ == 0)
            first = &s->results[i];
    return failed == 0 ? ORE_OK
                       : ore_fail(ORE_DATA, "%d of %s failed; %s: %s", failed,
                                  counted_text(s->asked_count, "run", runs), first->trial.name,
                                  first->message);
}

ore_status sweep_run_all(sweep *s) {
    static crew c;
    c = (crew){.began_s = ore_clock_s()};
    for (int i = 0; i < s->asked_count; i++)
        c.total += s->results[i].state != SWEEP_DONE && s->results[i].state != SWEEP_DIVERGED;
    interrupt_bind_children();
    while (true) {
        bool stop = interrupt_requested() || !ore_ok();
        if (stop)
            tell_children(&c);
        else if (c.running < s->jobs && c.next < s->asked_count)
            start_next(s, &c);
        if (c.running == 0 && (stop || c.next == s->asked_count))
            break;
        if (!gather(s, &c) && c.running > 0)
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        draw_line(&c);
    }
    clear_line(&c);
    return ore_error_status();
}

ore_status sweep_test_best(sweep *s) {
    const sweep_result *best = sweep_best(s);
    int64_t parameters;
    if (*s->test_name && (!best || strcmp(best->trial.name, s->test_name) != 0))
        return ore_fail(ORE_STATE,
                        "--test: the test split has been used for %s, and is not used again",
                        s->test_name);
    if (!best || *s->test_name ||
        evaluate_run(s, best, ORE_PART_TEST, &s->test, &parameters) != ORE_OK)
        return ore_error_status();
    snprintf(s->test_name, sizeof s->test_name, "%s", best->trial.name);
    return sweep_results_write(s);
}
