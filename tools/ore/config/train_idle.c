/* train_idle.c: which options of `ore train` change nothing, because of the values of others. */
#include <math.h>
#include <string.h>

#include "config/train_idle.h"
#include "config/train_optimizer.h"
#include "cli/words.h"

static bool is(const char *a, const char *b) {
    return strcmp(a, b) == 0;
}

static bool is_any(const char *key, const char *const *keys) {
    while (*keys && !is(key, *keys))
        keys++;
    return *keys != NULL;
}

static const char *of_optimizer(const train_config *c, const char *key, char *text) {
    bool off = (is(key, "momentum") && c->momentum <= 0) || (is(key, "nesterov") && !c->nesterov);
    if (!off && !train_optimizer_reads(c, key))
        snprintf(text, OPTION_REASON_BYTES, "with --optimizer %s", train_word(c, "optimizer"));
    else if (is(key, "decay") && c->weight_decay <= 0)
        snprintf(text, OPTION_REASON_BYTES, "with --weight-decay 0");
    else if (is(key, "decay") && family_of(c)->matrices_only)
        snprintf(text, OPTION_REASON_BYTES, "with %s, which has no parameter but matrices",
                 train_model_of(c)->name);
    else
        return NULL;
    return text;
}

/* Whether the warm-up lasts to the last step, so that none has the full learning rate. */
static bool warms_up_to_the_end(const train_config *c) {
    return c->warmup_steps >= c->steps;
}

static const char *of_schedule(const train_config *c, const char *key, char *text) {
    static const char *const after[] = {"schedule", "min_lr", NULL}; /* act after the warm-up */
    if (is(key, "min_lr") && c->schedule == ORE_SCHEDULE_CONSTANT)
        snprintf(text, OPTION_REASON_BYTES, "with --schedule constant");
    else if (is_any(key, after) && warms_up_to_the_end(c))
        snprintf(text, OPTION_REASON_BYTES, "since the warm-up lasts to the end");
    else if (is(key, "stop_at") && c->stop_at != CONFIG_AUTO_INT && c->stop_at >= c->steps)
        snprintf(text, OPTION_REASON_BYTES, "since the run ends at --steps %lld",
                 (long long)c->steps);
    else
        return NULL;
    return text;
}

static const char *of_evaluation(const train_config *c, const char *key, char *text) {
    char count[COUNT_BYTES];
    int64_t evaluations = 1 + (c->steps - 1) / c->eval_interval; /* beside that of step 0 */
    bool validated = c->val_fraction > 0 || *c->val_data;
    if (is(key, "patience") && c->patience > 0 && !validated)
        snprintf(text, OPTION_REASON_BYTES, "since nothing is validated on");
    else if (is(key, "patience") && c->patience >= evaluations)
        snprintf(text, OPTION_REASON_BYTES, "in a run of %s after step 0",
                 counted_text(evaluations, "evaluation", count));
    else if (is(key, "convergence") && c->stop_when_converged)
        snprintf(text, OPTION_REASON_BYTES, "with --stop-when-converged");
    else
        return NULL;
    return text;
}

static const char *of_data(const train_config *c, const char *key) {
    const model_task *task = task_of(c);
    if (is(key, "val_fraction") && *c->val_data)
        return "with --val-data, all of which is validated on";
    return task->idle ? task->idle(c->task, key, !*c->data && !*c->val_data) : NULL;
}

/* Whether a key that gives several others their value changes nothing, because each of them has
 * been set at an origin as high or higher. Then text becomes "where attn_dropout, .. and
 * mlp_dropout are set", which is returned; else NULL. */
static const char *of_model(const train_options *t, const char *key, char *text) {
    const options *o = &t->options;
    const char *places[OPTION_ROWS_MAX];
    int count = 0;
    size_t used = (size_t)snprintf(text, OPTION_REASON_BYTES, "where ");
    for (int i = 0; i < o->count; i++) {
        const config_field *f = &o->rows[i].field;
        if (!f->general || !is(f->general, key))
            continue;
        if (o->origin[i] < options_origin(o, key))
            return NULL;
        places[count++] = f->key;
    }
    for (int i = 0; i < count && used < OPTION_REASON_BYTES; i++)
        used += (size_t)snprintf(text + used, OPTION_REASON_BYTES - used, "%s%s", places[i],
                                 i + 1 == count   ? " are set"
                                 : i + 2 == count ? " and "
                                                  : ", ");
    return count > 0 ? text : NULL;
}

const char *train_idle_reason(const train_options *t, const char *key, bool live, char *text) {
    const train_config *c = &t->config;
    const char *reason = of_optimizer(c, key, text);
    reason = reason ? reason : of_schedule(c, key, text);
    reason = reason ? reason : of_evaluation(c, key, text);
    reason = reason ? reason : of_data(c, key);
    reason = reason ? reason : of_model(t, key, text);
    if (!reason && live && is(key, "log_interval") && c->log_interval != CONFIG_AUTO_INT)
        reason = "on a terminal, which shows the loss on one line";
    return reason;
}

void train_print_idle(const train_options *t, bool live, FILE *out) {
    const train_config *c = &t->config;
    char text[OPTION_REASON_BYTES], steps[COUNT_BYTES], lr[ORE_NUMBER_TEXT_BYTES];
    for (int i = 0; i < t->options.count; i++) {
        const char *key = t->options.rows[i].field.key;
        const char *reason =
            t->options.origin[i] == ORIGIN_FLAG ? train_idle_reason(t, key, live, text) : NULL;
        if (reason)
            option_print_idle(out, key, reason);
    }
    if (warms_up_to_the_end(c))
        fprintf(
            out,
            "note        --warmup-steps %lld: the run ends after %s, before it reaches --lr %s\n",
            (long long)c->warmup_steps, counted_text(c->steps, "step", steps),
            ore_number_text(c->lr, lr));
}
