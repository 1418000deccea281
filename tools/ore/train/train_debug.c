/* train_debug.c: what looks on while a run trains. */
#include <stdio.h>
#include <string.h>

#include "train/train_debug.h"

/* Steps of a profile: enough for means, and a trace of a few megabytes. The first step of a run is
 * left out, since memory is taken from the system then. */
enum { PROFILED_STEPS = 10 };

void train_debug_begin(train_debug *d, const train_config *c, const ore_module *module) {
    *d = (train_debug){.module = module, .audits = c->audit, .profiled = -1};
    if (*c->profile)
        d->profile = ore_profile_new();
    ore_set_detect_anomaly(c->anomaly);
}

void train_debug_end(train_debug *d, const train_config *c) {
    ore_set_detect_anomaly(false);
    if (d->profiled >= 0 && d->profiled < PROFILED_STEPS)
        ore_profile_end(d->profile);
    if (d->profile && d->profiled > 0 && ore_ok()) {
        char *text = ore_profile_text(d->profile);
        if (text && ore_profile_save_trace(d->profile, c->profile) == ORE_OK)
            printf("%lld steps:\n%strace in %s\n", (long long)d->profiled, text, c->profile);
        else
            printf("no profile: %s\n", ore_error_message());
        ore_string_free(text);
        ore_error_clear();
    }
    ore_profile_free(d->profile);
    d->profile = NULL;
}

void train_debug_backward(train_debug *d, progress *p) {
    if (!d->audits)
        return;
    d->audits = false;
    char *text = ore_audit_text(d->module);
    if (text && !*text)
        progress_note(p, "audit: every parameter has a gradient");
    for (char *rest = text, *line; rest && (line = strsep(&rest, "\n"));)
        if (*line)
            progress_note(p, "audit: %s", line);
    ore_string_free(text);
}

void train_debug_step(train_debug *d) {
    if (!d->profile || d->profiled >= PROFILED_STEPS)
        return;
    if (d->profiled < 0)
        ore_profile_begin(d->profile);
    if (++d->profiled == PROFILED_STEPS)
        ore_profile_end(d->profile);
}
