/* train_report.c: what `ore train` says. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/frame/terminal.h"
#include "sample/generate.h"
#include "cli/interrupt.h"
#include "run/rundir.h"
#include "config/train_idle.h"
#include "train/train_run.h"
#include "cli/words.h"

/* ---- before ---- */

/* What more steps do to the learning rate, which depends on the step and on how many there are. */
static void print_extension(const train_run *run) {
    train_config before = *run->config;
    before.steps = run->options->steps_before;
    char had[COUNT_BYTES], has[COUNT_BYTES];
    grouped_text(before.steps, had);
    counted_text(run->config->steps, "step", has);
    ore_schedule old = train_schedule(&before), now = train_schedule(run->config);
    double was = ore_schedule_lr(&old, run->fit.step), is = ore_schedule_lr(&now, run->fit.step);
    printf("extended    from %s to %s: the %s schedule", had, has,
           train_word(run->config, "schedule"));
    if (now.kind == ORE_SCHEDULE_CONSTANT)
        printf(" goes on with learning rate %.4g\n", is);
    else if (was == is)
        printf(" of %s goes on with learning rate %.4g, as that of %s would, and comes to its end "
               "later\n",
               has, is, had);
    else
        printf(" of %s goes on with learning rate %.4g, where that of %s had come to "
               "%.4g\n",
               has, is, had, was);
}

void train_print_start(const train_run *run, int64_t steps) {
    const train_config *c = run->config;
    char text[512], count[COUNT_BYTES], threads[COUNT_BYTES];
    printf("data        %s\n", train_data_text(&run->data, text, sizeof text));
    train_data_print_notes(&run->data, stdout);
    train_print_idle(run->options, terminal_columns(stdout) > 0, stdout);
    printf(
        "vocabulary  %s%s\n", counted_text(ore_tokenizer_size(run->data.tokenizer), "token", count),
        ore_tokenizer_separator(run->data.tokenizer) >= 0 ? ", the end of a line among them" : "");
    run->model.family->describe(c->net, text, sizeof text);
    printf("model       %s: %s; %s\n", train_model_of(c)->name, text,
           counted_text(ore_module_parameter_count(run->model.module, false), "parameter", count));
    if (run->fit.step > 0)
        printf("resumed     at step %lld\n", (long long)run->fit.step);
    if (run->options->steps_before > 0)
        print_extension(run);
    printf("run         %s: %s of %lld x %lld, %s, %s kernels\n", run->dir,
           counted_text(steps, "step", count), (long long)(c->batch_size * c->accumulate),
           (long long)train_block_size(c), counted_text(ore_num_threads(), "thread", threads),
           ore_cpu_level());
    fflush(stdout);
}

/* ---- evaluations ---- */

void train_print_evaluation(train_run *run, const ore_fit_report *r) {
    char val[64] = "";
    long long step = (long long)r->state->step;
    if (!isnan(r->val_loss))
        snprintf(val, sizeof val, "  validation loss %.4f%s", r->val_loss,
                 r->best && step > 0 ? "  (least so far)" : "");
    progress_note(&run->progress, "step %lld  train loss %.4f%s", step, r->train_loss, val);
    if (!run->config->convergence || isnan(r->change_percent))
        return;
    progress_note(&run->progress, "train loss change %+.2f%% against the least so far",
                  r->change_percent);
    if (r->converged)
        progress_note(&run->progress, "converged at step %lld", step);
}

/* ---- after ---- */

void train_print_seconds(const ore_fit_seconds *s) {
    const struct {
        const char *name;
        double seconds;
    } rows[] = {{"data", s->data},           {"forward", s->forward},
                {"loss", s->loss},           {"backward", s->backward},
                {"optimizer", s->optimizer}, {"evaluation", s->evaluation}};
    double rest = s->total;
    printf("\ntime in     seconds   share\n");
    for (int i = 0; i < 6; i++) {
        printf("%-10s %8.2f  %5.1f%%\n", rows[i].name, rows[i].seconds,
               s->total > 0 ? 100 * rows[i].seconds / s->total : 0);
        rest -= rows[i].seconds;
    }
    printf("%-10s %8.2f  %5.1f%%  (metrics, checkpoints, pictures, messages)\n", "other", rest,
           s->total > 0 ? 100 * rest / s->total : 0);
    printf("%-10s %8.2f\n\n", "total", s->total);
}

void train_print_end(train_run *run, const ore_fit_result *result) {
    char count[COUNT_BYTES], path[4 * RUNDIR_PATH_BYTES];
    const ore_fit_state *s = &run->fit;
    if (result->seconds.total > 0)
        train_print_seconds(&result->seconds);
    if (result->end == ORE_FIT_PATIENCE)
        printf("stopped early: no lower validation loss in %s\n",
               counted_text(run->config->patience, "evaluation", count));
    if (s->best_step >= 0)
        printf("least validation loss %.4f at step %lld (best.safetensors)\n", s->best_val,
               (long long)s->best_step);
    printf("saved step %lld in %s\n", (long long)s->step, run->dir);
    bool over = s->step >= run->config->steps || result->end == ORE_FIT_PATIENCE ||
                result->end == ORE_FIT_CONVERGED;
    if (!over)
        printf("go on with: ore train %s --resume --out %s\n", train_model_of(run->config)->name,
               shell_path(run->dir, path, sizeof path));
    fflush(stdout);
}

static void print_sample(train_run *run, generation *g) {
    enum { DOCUMENTS = 10, TOKENS = 200, SHORT = 100 };
    bool documents = ore_dataset_has_documents(run->data.dataset);
    g->stop = interrupt_requested;
    printf("\n%s\n", documents ? "new lines, none of them in the data:" : "a sample:");
    if (documents) {
        int64_t block_size = run->model.block_size, most = block_size < 125 ? 4 * block_size : 500;
        if (run->model.family->contexts && most < SHORT) /* the context tells nothing of lengths */
            most = SHORT;
        generate_unseen(g, &run->data, NULL, 0, most, DOCUMENTS);
    } else {
        generate_stream(g, (int64_t[]){generation_first(run->data.tokenizer)}, 1, TOKENS);
        putchar('\n');
    }
}

bool train_print_sample(train_run *run) {
    char path[4 * RUNDIR_PATH_BYTES];
    generation g;
    ore_generator *generator = ore_generator_new(train_seed(run->config, STREAM_SAMPLE, 0, 0));
    ore_module_eval(run->model.module);
    if (generation_init(&g, &run->model, run->data.tokenizer, generator, stdout) == ORE_OK)
        print_sample(run, &g);
    generation_free(&g);
    ore_generator_free(generator);
    printf("\nmore of it: ore sample %s\n", shell_path(run->dir, path, sizeof path));
    return !interrupt_requested();
}

void train_draw(train_run *run, bool last) {
    if (!ore_ok())
        return;
    metrics_draw(run->dir, run->dir);
    if (last && run->config->diagnostics)
        diagnostics_draw(&run->diagnostics, run->dir);
    if (!ore_ok())
        progress_note(&run->progress, "no picture: %s", ore_error_message());
    ore_error_clear();
}
