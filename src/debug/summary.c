/* summary.c: what a module is made of. */
#include <stdio.h>
#include <string.h>

#include <ore/debug.h>

#include "base/memory.h"
#include "debug/text.h"
#include "nn/module.h"

/* What one module is. */
typedef struct summary_row {
    const ore_module *module;
    int depth;
    bool has_output;
    ore_shape output; /* its last one */
    int64_t output_bytes, numbers, number_bytes;
    bool training; /* before the forward */
} summary_row;

typedef struct summary {
    summary_row *row; /* in pre-order */
    int64_t count;
} summary;

static int64_t bytes_of(const ore_tensor *t) {
    return ore_numel(t) * (int64_t)ore_dtype_size(ore_tensor_dtype(t));
}

/* ---- the tree ---- */

static int depth_below(const ore_module *top, const ore_module *module) {
    int depth = 0;
    for (; module != top; module = module->parent)
        depth++;
    return depth;
}

static bool is_new(ore_tensor *const *seen, int64_t count, const ore_tensor *t) {
    for (int64_t i = 0; i < count; i++)
        if (seen[i] == t)
            return false;
    return true;
}

/* Adds up each module's own parameters, a tied one where it comes first. */
static void count_numbers(summary *s, ore_tensor **seen) {
    int64_t known = 0;
    for (int64_t i = 0; i < s->count; i++) {
        const ore_module *m = s->row[i].module;
        for (int64_t k = 0; k < m->slot_count; k++) {
            ore_tensor *t = *m->slots[k].field;
            if (!t || !m->slots[k].parameter || !is_new(seen, known, t))
                continue;
            seen[known++] = t;
            s->row[i].numbers += ore_numel(t);
            s->row[i].number_bytes += bytes_of(t);
        }
    }
}

static bool summary_init(summary *s, const ore_module *top) {
    int64_t slots = 0, i = 0;
    *s = (summary){.row = NULL};
    for (const ore_module *m = top; m; m = ore_next_module(m, top)) {
        s->count++;
        slots += m->slot_count;
    }
    s->row = ore_alloc_zero((size_t)s->count * sizeof *s->row);
    ore_tensor **seen = ore_alloc_zero((size_t)slots * sizeof *seen);
    if (s->row && seen) {
        for (const ore_module *m = top; m; m = ore_next_module(m, top), i++)
            s->row[i] =
                (summary_row){.module = m, .depth = depth_below(top, m), .training = m->training};
        count_numbers(s, seen);
    }
    ore_release(seen);
    return ore_ok();
}

/* ---- the forward ---- */

static void see_output(void *user, const ore_module *module, ore_tensor *y) {
    summary *s = user;
    for (int64_t i = 0; i < s->count; i++)
        if (s->row[i].module == module) {
            s->row[i].has_output = true;
            s->row[i].output = ore_shape_of(y);
            s->row[i].output_bytes = bytes_of(y);
        }
}

static void run(summary *s, ore_tensor *(*forward)(void *user), void *user) {
    ore_module *top = (ore_module *)s->row[0].module;
    ore_module_observer observer;
    void *observer_user;
    ore_module_observer_in_force(&observer, &observer_user);
    ore_scope_begin();
    ore_no_grad_begin();
    ore_module_eval(top);
    ore_module_observe(see_output, s);
    ore_tensor *y = forward(user);
    if (y && !s->row[0].has_output)
        see_output(s, top, y);
    ore_module_observe(observer, observer_user);
    for (int64_t i = 0; i < s->count; i++)
        ((ore_module *)s->row[i].module)->training = s->row[i].training;
    ore_no_grad_end();
    ore_scope_end();
}

/* ---- the table ---- */

enum { INDENT = 2, NUMBER_WIDTH = 12 };

static const char *label(const summary_row *r, char *text, size_t bytes) {
    const char *name = *r->module->name ? r->module->name : "(model)";
    snprintf(text, bytes, "%*s%s: %s", INDENT * r->depth, "", r->depth ? name : "(model)",
             r->module->kind);
    return text;
}

static const char *output_text(const summary_row *r, char text[ORE_SHAPE_TEXT]) {
    return r->has_output ? ore_shape_text(r->output, text) : "-";
}

static char *table(const summary *s) {
    debug_text t = {.text = NULL};
    char name[ORE_MESSAGE_BYTES / 4], shape[ORE_SHAPE_TEXT], bytes[DEBUG_BYTES_TEXT];
    int width = (int)strlen("layer"), output_width = (int)strlen("output");
    int64_t numbers = 0, number_bytes = 0, output_bytes = 0;
    for (int64_t i = 0; i < s->count; i++) {
        int n = (int)strlen(label(&s->row[i], name, sizeof name));
        int m = (int)strlen(output_text(&s->row[i], shape));
        width = n > width ? n : width;
        output_width = m > output_width ? m : output_width;
    }
    debug_put(&t, "%-*s  %-*s %*s %*s\n", width, "layer", output_width, "output", NUMBER_WIDTH,
              "parameters", NUMBER_WIDTH, "memory");
    for (int64_t i = 0; i < s->count; i++) {
        const summary_row *r = &s->row[i];
        debug_put(&t, "%-*s  %-*s %*lld %*s\n", width, label(r, name, sizeof name), output_width,
                  output_text(r, shape), NUMBER_WIDTH, (long long)r->numbers, NUMBER_WIDTH,
                  debug_bytes_text((double)(r->number_bytes + r->output_bytes), bytes));
        numbers += r->numbers;
        number_bytes += r->number_bytes;
        output_bytes += r->output_bytes;
    }
    debug_put(&t, "%lld parameters, %s", (long long)numbers,
              debug_bytes_text((double)number_bytes, bytes));
    debug_put(&t, "; outputs, %s\n", debug_bytes_text((double)output_bytes, bytes));
    return debug_text_result(&t);
}

char *ore_summary_text_of(const ore_module *module, ore_tensor *(*forward)(void *user),
                          void *user) {
    summary s;
    if (!ore_ok())
        return NULL;
    if (!module) {
        ore_fail(ORE_INVALID, "summary: expected a module, got NULL");
        return NULL;
    }
    if (summary_init(&s, module) && forward)
        run(&s, forward, user);
    char *text = ore_ok() ? table(&s) : NULL;
    ore_release(s.row);
    return text;
}

/* ---- of one tensor ---- */

typedef struct call {
    const ore_module *module;
    ore_tensor *x;
} call;

static ore_tensor *call_module(void *user) {
    const call *c = user;
    return ore_module_forward(c->module, c->x);
}

char *ore_summary_text(const ore_module *module, ore_tensor *x) {
    call c = {module, x};
    return ore_summary_text_of(module, x ? call_module : NULL, &c);
}
