/* bench_kernels.c: `ore bench kernels`: every kernel against the roofline of this machine.
 *
 * The roofline (Williams, Waterman and Patterson 2009) is the time that a kernel's arithmetic takes
 * at peak speed, or its memory traffic at peak bandwidth, whichever is longer: no kernel can be
 * faster. A kernel's share is this time divided by its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ore/io.h>
#include <ore/optim.h>
#include <ore/plot.h>

#include "bench/bench.h"
#include "bench/bench_cases.h"
#include "bench/bench_peak.h"
#include "bench/bench_times.h"
#include "cases/cases.h"
#include "cli/picture.h"
#include "cli/words.h"

enum {
    MAX_KERNELS = 128,
    MAX_ROUNDS = 4096,
    MIN_ROUNDS = 3,
    /* a kernel with more traffic is compared with the bandwidth of memory, else of the caches */
    CACHE_BYTES = 32 << 20,
    ADAMW_PARAMETERS = 8 << 20,
};

static const char ADAMW_NAME[] = "AdamW";

typedef struct kernel_result {
    const char *group, *name;
    char shapes[3 * ORE_SHAPE_TEXT];
    double flops, bytes, seconds, roof_seconds;
} kernel_result;

static double roof_seconds(const bench_peak *peak, double flops, double bytes) {
    double gbps = bytes > CACHE_BYTES ? peak->memory_gbps : peak->cached_gbps;
    double arithmetic = flops / peak->gflops / 1e9, traffic = bytes / gbps / 1e9;
    return arithmetic > traffic ? arithmetic : traffic;
}

/* Median seconds of run(state), repeated for about `seconds`. */
static double median_seconds(void (*run)(void *state), void *state, double seconds) {
    static double times[MAX_ROUNDS];
    int rounds = 0, min = seconds > 0 ? MIN_ROUNDS : 1;
    run(state);
    double end = ore_clock_s() + seconds;
    while (ore_ok() && rounds < MAX_ROUNDS && (rounds < min || ore_clock_s() < end)) {
        double began = ore_clock_s();
        run(state);
        times[rounds++] = ore_clock_s() - began;
    }
    bench_sort(times, rounds);
    return rounds ? bench_quantile(times, rounds, 0.5) : 0;
}

/* ---- cases ---- */

typedef struct case_state {
    const bench_case *c;
    const op_case *op;
    int n;
    op_input inputs[OP_CASE_INPUTS];
    ore_tensor *x[OP_CASE_INPUTS];
    ore_tensor *ones; /* the gradient of the result, from which backward starts */
} case_state;

static ore_tensor *call_op(case_state *s) {
    return s->op->function(NULL, s->x, s->n);
}

static void run_case(void *state) {
    case_state *s = state;
    ore_scope_begin();
    ore_tensor *y = call_op(s);
    if (s->c->backward && y) {
        ore_backward_from(y, s->ones, false);
        for (int i = 0; i < s->n; i++)
            if (ore_requires_grad(s->x[i]))
                ore_set_grad(s->x[i], NULL);
    }
    ore_scope_end();
}

static case_state state_of(const bench_case *c) {
    case_state s = {.c = c, .op = op_case_find(c->id)};
    s.n = op_inputs_of(c->inputs, s.inputs);
    return s;
}

static void make_inputs(case_state *s) {
    ore_generator *g = ore_default_generator();
    for (int i = 0; i < s->n; i++) {
        const op_input *input = &s->inputs[i];
        bool is_floating = !input->labels && !input->is_bool;
        s->x[i] = is_floating ? ore_randn(input->shape, ORE_FLOAT32, g)
                              : op_input_new(input, ORE_INT64, 0, 0, g);
        if (s->c->backward && is_floating)
            ore_set_requires_grad(s->x[i], true);
    }
    if (s->c->backward)
        s->ones = ore_ones_like(call_op(s));
}

static void write_shapes(const case_state *s, char *text, size_t bytes) {
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < s->n; i++) {
        char shape[ORE_SHAPE_TEXT];
        used += (size_t)snprintf(text + used, bytes - used, "%s%s", i ? " " : "",
                                 ore_shape_text(s->inputs[i].shape, shape));
    }
}

static void time_case(const bench_case *c, double seconds, kernel_result *r) {
    case_state s = state_of(c);
    *r = (kernel_result){.group = c->group, .name = c->name, .flops = c->flops, .bytes = c->bytes};
    write_shapes(&s, r->shapes, sizeof r->shapes);
    ore_scope_begin();
    make_inputs(&s);
    r->seconds = median_seconds(run_case, &s, seconds);
    ore_scope_end();
}

/* ---- the kernel of AdamW ---- */

static void run_optimizer(void *state) {
    ore_optimizer_step(state);
}

static void time_adamw(double seconds, kernel_result *r) {
    /* operations: decay, two moments, root and quotient; traffic: p, m and v are read and written,
     * g is read */
    *r = (kernel_result){.group = "optimizers",
                         .name = ADAMW_NAME,
                         .flops = 15.0 * ADAMW_PARAMETERS,
                         .bytes = 7.0 * sizeof(float) * ADAMW_PARAMETERS};
    snprintf(r->shapes, sizeof r->shapes, "(%d,)", ADAMW_PARAMETERS);
    ore_module root;
    ore_scope_begin();
    ore_module_init(&root, NULL, NULL);
    ore_tensor *p = ore_randn(ORE_SHAPE(ADAMW_PARAMETERS), ORE_FLOAT32, ore_default_generator());
    ore_module_register_parameter(&root, "p", &p);
    ore_set_grad(p, ore_ones_like(p));
    ore_optimizer *optimizer = ore_adamw_new(&root, NULL);
    if (optimizer)
        r->seconds = median_seconds(run_optimizer, optimizer, seconds);
    ore_optimizer_free(optimizer);
    ore_module_free(&root);
    ore_scope_end();
}

/* ---- results ---- */

static double share(const kernel_result *r) {
    return r->seconds > 0 ? r->roof_seconds / r->seconds : 0;
}

static void print_head(const bench_peak *peak) {
    char threads[COUNT_BYTES];
    printf("machine  %s, %s kernels, %s\n", ore_cpu_model_name(), ore_cpu_level(),
           counted_text(ore_num_threads(), "thread", threads));
    printf("peak     %.0f GFLOP/s, %.1f GB/s in the caches, %.1f GB/s in memory\n\n", peak->gflops,
           peak->cached_gbps, peak->memory_gbps);
    printf("%-44s %-38s %10s %8s %8s %6s\n", "kernel", "operands", "us", "GFLOP/s", "GB/s",
           "share");
    fflush(stdout);
}

static void print_row(const kernel_result *r) {
    printf("%-44s %-38s %10.1f %8.1f %8.1f %5.0f%%\n", r->name, r->shapes, 1e6 * r->seconds,
           r->flops / r->seconds / 1e9, r->bytes / r->seconds / 1e9, 100 * share(r));
    fflush(stdout);
}

static void print_json(const bench_peak *peak, const kernel_result *results, int count) {
    ore_json *o = ore_json_object_new();
    ore_json_set_string(o, "workload", "kernels");
    ore_json_set_string(o, "ore", ore_version());
    ore_json_set_string(o, "cpu", ore_cpu_model_name());
    ore_json_set_string(o, "kernels", ore_cpu_level());
    ore_json_set_int(o, "threads", ore_num_threads());
    ore_json_set_double(o, "peak_gflops", peak->gflops);
    ore_json_set_double(o, "cached_gbps", peak->cached_gbps);
    ore_json_set_double(o, "memory_gbps", peak->memory_gbps);
    ore_json *rows = ore_json_set_array(o, "rows");
    for (int i = 0; i < count; i++) {
        const kernel_result *r = &results[i];
        ore_json *row = ore_json_add_object(rows);
        ore_json_set_string(row, "group", r->group);
        ore_json_set_string(row, "name", r->name);
        ore_json_set_string(row, "operands", r->shapes);
        ore_json_set_double(row, "us", 1e6 * r->seconds);
        ore_json_set_double(row, "gflops", r->flops / r->seconds / 1e9);
        ore_json_set_double(row, "gbps", r->bytes / r->seconds / 1e9);
        ore_json_set_double(row, "share", share(r));
    }
    char *text = ore_json_text(o, false);
    if (text)
        printf("%s\n", text);
    ore_string_free(text);
    ore_json_free(o);
}

/* ---- the picture ---- */

enum { ROOF_POINTS = 200 }; /* points of the roofline's curve */

static void plot_roof(ore_figure *f, const bench_peak *peak, double gbps, const char *label) {
    double x[ROOF_POINTS], y[ROOF_POINTS];
    ore_plot_style style = ore_plot_style_defaults();
    style.color = "#777777";
    style.dash = gbps == peak->memory_gbps ? ORE_DASH_DASHED : ORE_DASH_SOLID;
    x[0] = 0.05;
    for (int i = 0; i < ROOF_POINTS; i++) {
        if (i > 0)
            x[i] = x[i - 1] * 1.05;
        y[i] = x[i] * gbps < peak->gflops ? x[i] * gbps : peak->gflops;
    }
    ore_plot_line(f, x, y, ROOF_POINTS, label, &style);
}

static void plot_group(ore_figure *f, const kernel_result *results, int count, const char *group) {
    double x[MAX_KERNELS], y[MAX_KERNELS];
    int64_t n = 0;
    for (int i = 0; i < count; i++)
        if (results[i].group == group) {
            x[n] = results[i].flops / results[i].bytes;
            y[n++] = results[i].flops / results[i].seconds / 1e9;
        }
    ore_plot_scatter(f, x, y, n, NULL, group, NULL);
}

static void save_picture(const bench_peak *peak, const kernel_result *results, int count,
                         const char *path) {
    ore_figure *f = ore_figure_new(NULL);
    ore_plot_title(f, "Kernels under the roof of this machine");
    ore_plot_labels(f, "operations per byte", "GFLOP/s");
    ore_plot_log_axes(f, true, true);
    ore_plot_legend(f, ORE_LEGEND_BOTTOM_RIGHT);
    plot_roof(f, peak, peak->cached_gbps, "peak, from the caches");
    plot_roof(f, peak, peak->memory_gbps, "peak, from memory");
    for (int i = 0; i < count; i++)
        if (i == 0 || results[i].group != results[i - 1].group)
            plot_group(f, results, count, results[i].group);
    ore_figure_save(f, path);
    ore_figure_free(f);
}

/* ---- all kernels ---- */

/* Times the chosen kernels, and prints each one's row when it is done, unless JSON is asked for. */
static int time_kernels(const bench_config *config, const bench_peak *peak,
                        kernel_result *results) {
    int all = bench_case_count() + 1, count = 0;
    double each = config->seconds / all;
    for (int i = 0; i < all && ore_ok(); i++) {
        const bench_case *c = i + 1 < all ? bench_case_at(i) : NULL;
        kernel_result *r = &results[count];
        if (!strstr(c ? c->name : ADAMW_NAME, config->only))
            continue;
        if (c)
            time_case(c, each, r);
        else
            time_adamw(each, r);
        r->roof_seconds = roof_seconds(peak, r->flops, r->bytes);
        count++;
        if (!config->json && ore_ok())
            print_row(r);
    }
    if (ore_ok() && count == 0)
        ore_fail(ORE_INVALID, "--only %s: no kernel has a name with that", config->only);
    return count;
}

static ore_status measure_kernels(const bench_config *config) {
    static kernel_result results[MAX_KERNELS];
    bench_peak peak;
    if (picture_check("--plot", config->plot) != ORE_OK || bench_peak_measure(&peak) != ORE_OK)
        return ore_error_status();
    if (!config->json)
        print_head(&peak);
    int count = time_kernels(config, &peak, results);
    if (ore_ok() && config->json)
        print_json(&peak, results, count);
    if (ore_ok() && *config->plot)
        save_picture(&peak, results, count, config->plot);
    return ore_error_status();
}

const bench_workload bench_kernels = {
    .name = "kernels",
    .about = "every kind of kernel against the roofline of this machine",
    .measure = measure_kernels,
};
