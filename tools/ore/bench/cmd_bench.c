/* cmd_bench.c: `ore bench`: repeats a workload's training step and measures time and memory. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ore/autocast.h>
#include <ore/io.h>

#include "bench/bench.h"
#include "bench/bench_times.h"
#include "cli/command.h"
#include "cli/suggest.h"
#include "cli/system.h"
#include "cli/words.h"

static const bench_workload *const workloads[] = {
    &bench_micrograd, &bench_mlp,         &bench_wavenet, &bench_gpt,    &bench_resnet,
    &bench_rnn,       &bench_transformer, &bench_decode,  &bench_kernels};
enum { WORKLOADS = sizeof workloads / sizeof workloads[0] };

#define ROW(type, ...)                                                                             \
    { "Benchmark", CONFIG_FIELD_##type(bench_config, __VA_ARGS__), OPTION_UNSAVED, 0 }
static const option rows[] = {
    ROW(TEXT, preset, "", "NAME",
        "gpt, decode, resnet, rnn, transformer: its size; none: char-a, resnet18, char-lstm, "
        "encoder"),
    ROW(TEXT, text, "", "FILE", "gpt: take batches from this text; none: random tokens"),
    ROW(INT, batch, "auto", "[1, 1048576]",
        "gpt, rnn, transformer: rows of a batch, resnet: images, auto: the preset's; decode: "
        "sequences side by "
        "side, auto: 1"),
    ROW(INT, seq, "auto", "[1, 1048576]",
        "gpt, rnn, transformer: tokens of a row, auto: the preset's; decode: of the context, auto: "
        "several "
        "lengths"),
    ROW(TEXT, names, "", "FILE", "mlp, wavenet: names, one a line; none: random characters"),
    ROW(SWITCH, batchnorm, "false", NULL, "mlp: batch norm before tanh"),
    ROW(TEXT, only, "", "TEXT", "kernels: those whose name holds this; none: all"),
    ROW(TEXT, plot, "", "FILE", "kernels: draw the roofline into this .svg or .png"),
    ROW(CHOICE, dtype, "float32", option_dtypes,
        "what products of training steps compute in, as by ore train"),
    ROW(INT, threads, "auto", "[1, 256]", "threads; auto: all cores"),
    ROW(FLOAT, seconds, "10", "[0, 3600]", NULL, "time to measure for"),
    ROW(INT, losses, "0", "[0, 1000]", "JSON: how many of the first losses to list"),
    ROW(SWITCH, json, "false", NULL, "one line of JSON instead of words"),
};
#undef ROW
enum { ROWS = sizeof rows / sizeof rows[0] };

static const option *bench_rows(int *count) {
    *count = ROWS;
    return rows;
}

/* Steps before timing starts, until the memory pool holds every block; steps that are timed,
 * however long they take, and at most; losses that are kept; and points during backward, after each
 * quarter of the parameters, at which the graph's bytes are read. */
enum { WARMUP_STEPS = 3, STEPS_MIN = 5, STEPS_MAX = 200000, LOSSES_MAX = 1000, QUARTERS = 4 };

/* A steady step does not call the system allocator. But a thread may meet a chunk of work for the
 * first time late, and steps of unequal sizes a new size: one step in so many may call it. */
enum { CALLING_SHARE = 2 };

typedef struct measures {
    double *times; /* (STEPS_MAX) seconds, sorted at the end */
    int steps;
    double loss_first, loss_last;
    double losses[LOSSES_MAX]; /* of the first steps, warm-up included */
    int calling_steps;         /* timed steps in which the system allocator was called */
    size_t peak_bytes;         /* the max that tensors took, in timed steps */
    /* Bytes that the graph holds: as backward begins, after each quarter of the parameters that
     * got their gradients, and at its end. */
    size_t activations[QUARTERS + 1];
} measures;

/* ---- time ---- */

/* Draws a batch and computes its loss, in the run's dtype. */
static ore_tensor *loss_of(const bench_workload *w, bench_run *run) {
    ore_autocast_begin(run->autocast);
    ore_tensor *loss = w->loss(run);
    ore_autocast_end();
    return loss;
}

/* A complete training step, as a user would write it. Returns the loss. */
static double step(const bench_workload *w, bench_run *run) {
    ore_scope_begin();
    ore_tensor *loss = loss_of(w, run);
    ore_optimizer_zero_grad(run->optimizer);
    ore_backward(loss);
    ore_optimizer_step(run->optimizer);
    double value = ore_ok() ? ore_item(loss) : NAN;
    ore_scope_end();
    return value;
}

static void measure_time(const bench_workload *w, bench_run *run, double seconds, measures *m) {
    ore_memory_stats memory;
    for (int i = 0; i < WARMUP_STEPS && ore_ok(); i++)
        m->losses[i] = step(w, run);
    m->loss_first = m->losses[0];
    ore_memory_reset_peak();
    ore_memory_read(&memory);
    double end = ore_clock_s() + seconds;
    while (ore_ok() && (m->steps < STEPS_MIN || ore_clock_s() < end) && m->steps < STEPS_MAX) {
        double began = ore_clock_s();
        m->loss_last = step(w, run);
        m->times[m->steps++] = ore_clock_s() - began;
        uint64_t calls = memory.system_calls;
        ore_memory_read(&memory);
        m->calling_steps += memory.system_calls > calls;
        if (m->steps + WARMUP_STEPS <= LOSSES_MAX)
            m->losses[m->steps + WARMUP_STEPS - 1] = m->loss_last;
    }
    m->peak_bytes = memory.peak_bytes;
    bench_sort(m->times, m->steps);
}

static double quantile_ms(const measures *m, double q) {
    return 1e3 * bench_quantile(m->times, m->steps, q);
}

/* ---- memory ---- */

typedef struct memory_watch {
    ore_tensor_list parameters;
    size_t base_bytes; /* in use before the forward pass */
    measures *measures;
} memory_watch;

static size_t in_use(void) {
    ore_memory_stats s;
    ore_memory_read(&s);
    return s.in_use_bytes;
}

/* The bytes in use without those from before the step and without the gradients. */
static size_t graph_bytes(const memory_watch *watch, int64_t *ready) {
    size_t bytes = in_use(), kept = watch->base_bytes;
    *ready = 0;
    for (int64_t i = 0; i < watch->parameters.count; i++) {
        const ore_tensor *gradient = ore_grad(watch->parameters.items[i].tensor);
        if (!gradient)
            continue;
        kept += (size_t)ore_numel(gradient) * ore_dtype_size(ore_tensor_dtype(gradient));
        ++*ready;
    }
    return bytes > kept ? bytes - kept : 0;
}

static void on_gradient(void *user, ore_tensor *leaf) {
    memory_watch *watch = user;
    int64_t ready;
    (void)leaf;
    size_t bytes = graph_bytes(watch, &ready);
    for (int quarter = 1; quarter < QUARTERS; quarter++)
        if (ready * QUARTERS <= quarter * watch->parameters.count)
            watch->measures->activations[quarter] = bytes;
}

static void set_hooks(memory_watch *watch, ore_grad_hook hook) {
    for (int64_t i = 0; i < watch->parameters.count; i++)
        ore_set_grad_hook(watch->parameters.items[i].tensor, hook, hook ? watch : NULL);
}

/* Makes one more step, in which memory is measured. */
static void measure_memory(const bench_workload *w, bench_run *run, measures *m) {
    memory_watch watch = {.parameters = ore_module_parameters(run->root), .measures = m};
    int64_t ready;
    ore_optimizer_zero_grad(run->optimizer);
    ore_scope_begin();
    watch.base_bytes = in_use();
    ore_tensor *loss = loss_of(w, run);
    m->activations[0] = graph_bytes(&watch, &ready);
    set_hooks(&watch, on_gradient);
    ore_backward(loss);
    set_hooks(&watch, NULL);
    m->activations[QUARTERS] = graph_bytes(&watch, &ready);
    ore_scope_end();
    ore_tensor_list_free(&watch.parameters);
}

/* ---- results ---- */

static double mib(size_t bytes) {
    return (double)bytes / (1 << 20);
}

static double peak_rss_mib(void) {
    return mib((size_t)system_peak_memory_bytes());
}

static void print_words(const bench_run *run, const measures *m) {
    char count[COUNT_BYTES];
    double median = quantile_ms(m, 0.5);
    printf("workload    %s: %s, batch %lld", run->name,
           counted_text(ore_module_parameter_count(run->root, false), "parameter", count),
           (long long)run->batch);
    if (run->seq)
        printf(" of %s", counted_text(run->seq, "token", count));
    putchar('\n');
    printf("machine     %s, %s kernels, %s\n", ore_cpu_model_name(), ore_cpu_level(),
           counted_text(ore_num_threads(), "thread", count));
    printf("dtype       %s\n", ore_dtype_name(run->autocast));
    printf("step        median %.3f ms, p10 %.3f, p90 %.3f, over %s\n", median, quantile_ms(m, 0.1),
           quantile_ms(m, 0.9), counted_text(m->steps, "step", count));
    printf("rate        %.0f %s/s\n", 1e3 * run->units_per_step / median, run->unit);
    printf("loss        %.4f at first, %.4f at last\n", m->loss_first, m->loss_last);
    printf("memory      peak RSS %.1f MiB; tensors %.1f MiB at most\n", peak_rss_mib(),
           mib(m->peak_bytes));
    printf("activations %.2f MiB as backward begins, then %.2f, %.2f, %.2f, %.2f MiB after each "
           "quarter\n",
           mib(m->activations[0]), mib(m->activations[1]), mib(m->activations[2]),
           mib(m->activations[3]), mib(m->activations[4]));
    printf("allocator   called in %d of %s\n", m->calling_steps,
           counted_text(m->steps, "step", count));
}

static void set_numbers(ore_json *o, const bench_run *run, const measures *m, int64_t losses) {
    double median = quantile_ms(m, 0.5);
    ore_json_set_double(o, "median_ms", median);
    ore_json_set_double(o, "min_ms", 1e3 * m->times[0]);
    ore_json_set_double(o, "p10_ms", quantile_ms(m, 0.1));
    ore_json_set_double(o, "p90_ms", quantile_ms(m, 0.9));
    ore_json_set_int(o, "steps", m->steps);
    ore_json_set_double(o, "rate", 1e3 * run->units_per_step / median);
    ore_json_set_double(o, "peak_rss_mib", peak_rss_mib());
    ore_json_set_double(o, "peak_tensor_mib", mib(m->peak_bytes));
    ore_json_set_double(o, "loss_first", m->loss_first);
    ore_json_set_double(o, "loss_last", m->loss_last);
    ore_json_set_int(o, "allocator_steps", m->calling_steps);
    ore_json *activations = ore_json_set_array(o, "activation_mib");
    for (int i = 0; i <= QUARTERS; i++)
        ore_json_add_double(activations, mib(m->activations[i]));
    ore_json *list = losses ? ore_json_set_array(o, "losses") : NULL;
    for (int i = 0; i < losses && i < m->steps + WARMUP_STEPS; i++)
        ore_json_add_double(list, m->losses[i]);
}

#ifdef __clang__
static const char compiler[] = "clang " __clang_version__;
#else
static const char compiler[] = "gcc " __VERSION__;
#endif

static void print_json(const bench_run *run, const measures *m, int64_t losses) {
    char unit[32];
    ore_json *o = ore_json_object_new();
    ore_json_set_string(o, "workload", run->name);
    ore_json_set_string(o, "ore", ore_version());
    ore_json_set_string(o, "compiler", compiler);
    ore_json_set_string(o, "cpu", ore_cpu_model_name());
    ore_json_set_string(o, "kernels", ore_cpu_level());
    ore_json_set_int(o, "threads", ore_num_threads());
    ore_json_set_string(o, "dtype",
                        run->autocast == ORE_BFLOAT16  ? "bf16"
                        : run->autocast == ORE_FLOAT16 ? "fp16"
                                                       : "fp32");
    ore_json_set_int(o, "params", ore_module_parameter_count(run->root, false));
    ore_json_set_int(o, "batch", run->batch);
    if (run->seq)
        ore_json_set_int(o, "seq", run->seq);
    snprintf(unit, sizeof unit, "%s/s", run->unit);
    ore_json_set_string(o, "unit", unit);
    set_numbers(o, run, m, losses);
    char *text = ore_json_text(o, false);
    if (text)
        printf("%s\n", text);
    ore_string_free(text);
    ore_json_free(o);
}

/* ---- the command ---- */

static ore_status measure_steps(const bench_workload *w, const bench_config *c) {
    bench_run run = {.autocast = (ore_dtype)c->dtype};
    measures m = {.times = calloc(STEPS_MAX, sizeof *m.times)};
    if (!m.times)
        ore_fail(ORE_MEMORY, "bench: out of memory");
    else if (w->open(&run, c) == ORE_OK)
        measure_time(w, &run, c->seconds, &m);
    if (ore_ok())
        measure_memory(w, &run, &m);
    if (ore_ok() && c->json)
        print_json(&run, &m, c->losses);
    else if (ore_ok())
        print_words(&run, &m);
    if (ore_ok() && m.calling_steps * CALLING_SHARE > m.steps)
        ore_fail(ORE_STATE, "%s: the system allocator was called in %d of %d steps, expected none",
                 run.name, m.calling_steps, m.steps);
    w->close(&run);
    free(m.times);
    return ore_error_status();
}

static const char *workload_name(const void *user, int i) {
    (void)user;
    return workloads[i]->name;
}

/* "micrograd, mlp or wavenet" into text; returns text. */
static const char *workload_list(char *text, size_t bytes) {
    size_t at = 0;
    for (int i = 0; i < WORKLOADS; i++)
        at += (size_t)snprintf(text + at, bytes - at, "%s%s",
                               i == 0 ? "" : (i == WORKLOADS - 1 ? " or " : ", "),
                               workloads[i]->name);
    return text;
}

enum { LIST_BYTES = 32 * WORKLOADS }; /* " or " and a name of up to 28 letters for each */

static const bench_workload *find_workload(const char *name) {
    char list[LIST_BYTES];
    for (int i = 0; name && i < WORKLOADS; i++)
        if (strcmp(workloads[i]->name, name) == 0)
            return workloads[i];
    if (!name) {
        ore_fail(ORE_INVALID, "which workload? Expected %s", workload_list(list, sizeof list));
        return NULL;
    }
    const char *near = suggest_nearest(name, workload_name, WORKLOADS, NULL);
    if (near)
        ore_fail(ORE_INVALID, "%s: unknown workload; did you mean %s?", name, near);
    else
        ore_fail(ORE_INVALID, "%s: unknown workload; expected %s", name,
                 workload_list(list, sizeof list));
    return NULL;
}

/* Notes options that change nothing; on standard error where JSON goes to standard output. */
static void tell_idle(const options *o, const bench_config *c, const bench_workload *w) {
    static const char *const own[][2] = {{"preset", "gpt decode resnet rnn transformer"},
                                         {"text", "gpt"},
                                         {"batch", "gpt decode resnet rnn transformer"},
                                         {"seq", "gpt decode rnn transformer"},
                                         {"names", "mlp wavenet"},
                                         {"batchnorm", "mlp"},
                                         {"dtype", "mlp wavenet gpt resnet rnn transformer"},
                                         {"only", "kernels"},
                                         {"plot", "kernels"}};
    char reason[OPTION_REASON_BYTES];
    snprintf(reason, sizeof reason, "with %s", w->name);
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (options_origin(o, own[i][0]) == ORIGIN_FLAG && !strstr(own[i][1], w->name))
            option_print_idle(stderr, own[i][0], reason);
    if (c->losses > 0 && (w->measure || !c->json))
        option_print_idle(stderr, "losses", w->measure ? reason : "without --json");
}

static int measure(const options *o, const bench_config *c, const bench_workload *w) {
    tell_idle(o, c, w);
    ore_status status = w->measure ? w->measure(c) : measure_steps(w, c);
    return status == ORE_OK ? EXIT_OK : usage_failure();
}

static int run(const arguments *a) {
    bench_config c = {0};
    options o;
    const char *name = NULL;
    const bench_workload *w = NULL;
    if (options_init(&o, rows, ROWS, (option_structs){{&c}}) == ORE_OK &&
        options_take(&o, a, &name, 1) == ORE_OK)
        w = find_workload(name);
    int status = EXIT_OK;
    if (!w || (c.threads != CONFIG_AUTO_INT && ore_set_num_threads((int)c.threads) != ORE_OK))
        status = EXIT_USAGE;
    if (status == EXIT_OK)
        status = measure(&o, &c, w);
    options_free(&o);
    return status;
}

static void print_workloads(FILE *out, bool markdown) {
    fputs(markdown ? "\nWorkloads\n\n| name | what |\n|---|---|\n" : "\nWorkloads\n", out);
    for (int i = 0; i < WORKLOADS; i++)
        if (markdown)
            fprintf(out, "| `%s` | %s |\n", workloads[i]->name, workloads[i]->about);
        else
            fprintf(out, "  %-11s %s\n", workloads[i]->name, workloads[i]->about);
}

const command command_bench = {
    .name = "bench",
    .summary = "Time training steps and kernels on this machine",
    .usage = "ore bench WORKLOAD [--preset NAME] [--json] ...",
    .about =
        "A step draws a batch, computes the loss, clears the gradients, runs backward and\n"
        "updates the weights. Prints its time, memory, and in how many steps the system allocator\n"
        "was called, which must be rare: in more than half of them the exit status is 1. Of\n"
        "decoding it prints tokens per second with keys and values kept and without, measured in\n"
        "turn, the logits being the same bits. Of kernels it prints arithmetic, memory traffic, "
        "and\n"
        "the share of what this machine can do at best.",
    .run = run,
    .rows = bench_rows,
    .more_help = print_workloads,
};
