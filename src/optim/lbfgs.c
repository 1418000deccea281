/* lbfgs.c: the limited-memory BFGS method over all parameters as one vector. The equations are in
 * ore/optim.h. */
#include <math.h>
#include <string.h>

#include <ore/ops.h>

#include "base/error.h"
#include "base/memory.h"
#include "core/scope.h"
#include "core/tensor.h"
#include "nn/module.h"
#include "optim/lbfgs.h"

typedef struct lbfgs {
    ore_lbfgs_options options;
    int64_t iterations, evaluations; /* since the beginning */
    int64_t pairs;                   /* in the history */
    double t, loss;                  /* of the last iteration's start */
    double scale;                    /* of the first approximation: s y / y y */
    ore_tensor *d, *gradient;        /* (N), owned: last direction, and the gradient it began at */
    ore_tensor **dy, **s;            /* (pairs) of (N), owned: changes of gradient and place */
    double *rho;                     /* (pairs): 1 / dy s */
} lbfgs;

/* ---- vectors ---- */

double ore_lbfgs_dot(ore_tensor *a, ore_tensor *b) {
    return ore_item(ore_sum(ore_mul(a, b), ORE_ALL, false));
}

double ore_lbfgs_largest(ore_tensor *x) {
    return ore_numel(x) ? ore_item(ore_amax(ore_abs(x), ORE_ALL, false)) : 0;
}

/* The parameters, or their gradients with zeros for those that have none, as one vector. */
static ore_tensor *flat(const ore_optimizer *o, bool gradients) {
    int n = (int)o->parameter_count;
    ore_tensor **all = ore_alloc((size_t)n * sizeof *all), *vector = NULL;
    for (int i = 0; all && i < n; i++) {
        ore_tensor *t = ore_detach(o->parameters[i].tensor);
        if (gradients) {
            ore_tensor *gradient = ore_grad(o->parameters[i].tensor);
            t = gradient ? gradient : ore_zeros_like(t);
        }
        all[i] = ore_reshape(t, ORE_SHAPE(-1));
    }
    if (all && ore_ok())
        vector = ore_cat(all, n, 0);
    ore_release(all);
    return vector;
}

static void put_parameters(ore_optimizer *o, ore_tensor *vector) {
    int64_t at = 0;
    ore_no_grad_begin();
    for (int64_t i = 0; i < o->parameter_count && ore_ok(); i++) {
        ore_tensor *p = o->parameters[i].tensor;
        ore_tensor *part = ore_narrow(vector, 0, at, ore_numel(p));
        ore_copy_(p, part ? ore_reshape(part, ore_shape_of(p)) : NULL);
        at += ore_numel(p);
    }
    ore_no_grad_end();
}

static ore_lbfgs_point evaluate(const ore_lbfgs_line *line, double t) {
    ore_scope scope;
    ore_scope_enter(&scope);
    ore_tensor *loss = ore_ok() ? line->closure(line->user) : NULL;
    double value = loss ? ore_item(loss) : NAN;
    ore_scope_leave(&scope);
    return (ore_lbfgs_point){.t = t, .loss = value, .gradient = flat(line->o, true)};
}

ore_lbfgs_point ore_lbfgs_at(const ore_lbfgs_line *line, double t) {
    put_parameters(line->o, ore_add(line->start, ore_mul_scalar(line->direction, t)));
    ore_lbfgs_point point = evaluate(line, t);
    point.slope = ore_ok() ? ore_lbfgs_dot(point.gradient, line->direction) : NAN;
    return point;
}

/* ---- the direction ---- */

/* A copy of t in *place, whose handle stays while there is one: state lists show it. */
static void keep(ore_tensor **place, ore_tensor *t) {
    if (*place && t) {
        ore_copy_(*place, t);
        return;
    }
    ore_free(*place);
    *place = t ? ore_own(ore_clone(t)) : NULL;
}

static void drop_history(lbfgs *l) {
    for (int64_t i = 0; i < l->pairs; i++) {
        ore_free(l->dy[i]);
        ore_free(l->s[i]);
    }
    l->pairs = 0;
    keep(&l->d, NULL);
    keep(&l->gradient, NULL);
    l->iterations = l->evaluations = 0;
    l->t = l->loss = 0;
    l->scale = 1;
}

static void add_pair(lbfgs *l, ore_tensor *dy, ore_tensor *s, double product) {
    if (l->pairs == l->options.history_size) {
        ore_free(l->dy[0]);
        ore_free(l->s[0]);
        l->pairs--;
        memmove(l->dy, l->dy + 1, (size_t)l->pairs * sizeof *l->dy);
        memmove(l->s, l->s + 1, (size_t)l->pairs * sizeof *l->s);
        memmove(l->rho, l->rho + 1, (size_t)l->pairs * sizeof *l->rho);
    }
    l->dy[l->pairs] = ore_own(ore_clone(dy));
    l->s[l->pairs] = ore_own(ore_clone(s));
    l->rho[l->pairs] = 1 / product;
    l->pairs++;
}

/* The history's estimate of the inverse Hessian, times the negative gradient. */
static ore_tensor *two_loops(const lbfgs *l, ore_tensor *gradient) {
    double *alpha = ore_alloc((size_t)(l->pairs + 1) * sizeof *alpha);
    ore_tensor *q = ore_neg(gradient);
    for (int64_t i = l->pairs - 1; alpha && i >= 0; i--) {
        alpha[i] = ore_lbfgs_dot(l->s[i], q) * l->rho[i];
        q = ore_sub(q, ore_mul_scalar(l->dy[i], alpha[i]));
    }
    q = ore_mul_scalar(q, l->scale);
    for (int64_t i = 0; alpha && i < l->pairs; i++) {
        double beta = ore_lbfgs_dot(l->dy[i], q) * l->rho[i];
        q = ore_add(q, ore_mul_scalar(l->s[i], alpha[i] - beta));
    }
    ore_release(alpha);
    return q;
}

static ore_tensor *direction_at(lbfgs *l, ore_tensor *gradient) {
    if (l->iterations == 1) {
        l->scale = 1;
        return ore_neg(gradient);
    }
    ore_tensor *dy = ore_sub(gradient, l->gradient), *s = ore_mul_scalar(l->d, l->t);
    double product = ore_lbfgs_dot(dy, s);
    if (ore_ok() && product > 1e-10) {
        add_pair(l, dy, s, product);
        l->scale = product / ore_lbfgs_dot(dy, dy);
    }
    return two_loops(l, gradient);
}

/* ---- a step ---- */

typedef struct progress {
    ore_lbfgs_line line;
    ore_lbfgs_point at;
    int64_t iterations, evaluations; /* of this step */
} progress;

/* One iteration; true while there should be another. */
static bool iterate(lbfgs *l, progress *p) {
    const ore_lbfgs_options *options = &l->options;
    l->iterations++;
    p->iterations++;
    ore_tensor *d = p->line.direction = direction_at(l, p->at.gradient);
    double before = p->at.loss;
    l->loss = before;
    keep(&l->d, d);
    keep(&l->gradient, p->at.gradient);
    l->t = options->lr;
    if (l->iterations == 1)
        l->t *= fmin(1, 1 / ore_item(ore_sum(ore_abs(p->at.gradient), ORE_ALL, false)));
    p->at.slope = ore_lbfgs_dot(p->at.gradient, d);
    p->at.t = 0;
    if (!ore_ok() || p->at.slope > -options->tolerance_change)
        return false;
    p->line.start = flat(p->line.o, false);
    bool last = p->iterations == options->max_iter;
    if (options->strong_wolfe) {
        p->at = ore_lbfgs_search(&p->line, p->at, l->t, options->tolerance_change, &p->evaluations);
        l->t = p->at.t;
        put_parameters(p->line.o, ore_add(p->line.start, ore_mul_scalar(d, l->t)));
    } else if (last) {
        put_parameters(p->line.o, ore_add(p->line.start, ore_mul_scalar(d, l->t)));
    } else {
        p->at = ore_lbfgs_at(&p->line, l->t);
        p->evaluations++;
    }
    int64_t max = options->max_eval ? options->max_eval : options->max_iter * 5 / 4;
    return ore_ok() && !last && p->evaluations < max &&
           ore_lbfgs_largest(p->at.gradient) > options->tolerance_grad &&
           ore_lbfgs_largest(d) * l->t > options->tolerance_change &&
           fabs(p->at.loss - before) >= options->tolerance_change;
}

static bool may_step(const ore_optimizer *o, const lbfgs *l) {
    int64_t n = 0;
    for (int64_t i = 0; i < o->parameter_count; i++)
        n += ore_numel(o->parameters[i].tensor);
    if (o->group_count > 1 || n == 0)
        ore_fail(
            ORE_INVALID, "lbfgs: %lld group%s with %lld element%s, expected one group and some",
            (long long)o->group_count, ore_plural(o->group_count), (long long)n, ore_plural(n));
    else if (l->d && ore_numel(l->d) != n)
        ore_fail(ORE_STATE, "lbfgs: %lld element%s after steps over %lld", (long long)n,
                 ore_plural(n), (long long)ore_numel(l->d));
    return ore_ok();
}

static ore_tensor *step(ore_optimizer *o, ore_closure closure, void *user) {
    lbfgs *l = o->own;
    if (!may_step(o, l))
        return NULL;
    l->options.lr = o->groups[0].lr;
    ore_tensor *loss = closure(user);
    if (!loss || !ore_ok())
        return NULL;
    ore_scope scope;
    ore_scope_enter(&scope);
    progress p = {.line = {.o = o, .closure = closure, .user = user}, .evaluations = 1};
    p.at = (ore_lbfgs_point){.loss = ore_item(loss), .gradient = flat(o, true)};
    if (ore_ok() && ore_lbfgs_largest(p.at.gradient) > l->options.tolerance_grad)
        while (p.iterations < l->options.max_iter && iterate(l, &p))
            ;
    l->evaluations += p.evaluations;
    ore_scope_leave(&scope);
    return ore_ok() ? loss : NULL;
}

/* ---- state ---- */

static bool add_tensor(ore_tensor_list *list, const char *name, ore_tensor *t) {
    char *copy = t ? ore_copy_text(name) : NULL;
    return copy && ore_list_add(list, copy, t);
}

static ore_status own_state(const ore_optimizer *o, ore_tensor_list *list) {
    const lbfgs *l = o->own;
    if (!l->iterations)
        return ORE_OK;
    const double numbers[] = {(double)l->iterations, (double)l->evaluations, l->t, l->loss,
                              l->scale};
    bool added =
        add_tensor(list, "lbfgs.numbers", ore_from_data(numbers, ORE_SHAPE(5), ORE_FLOAT64)) &&
        add_tensor(list, "lbfgs.d", l->d) && add_tensor(list, "lbfgs.prev_flat_grad", l->gradient);
    if (added && l->pairs) {
        int n = (int)l->pairs;
        added = add_tensor(list, "lbfgs.old_dirs", ore_stack(l->dy, n, 0)) &&
                add_tensor(list, "lbfgs.old_stps", ore_stack(l->s, n, 0)) &&
                add_tensor(list, "lbfgs.ro", ore_from_data(l->rho, ORE_SHAPE(n), ORE_FLOAT64));
    }
    return ore_error_status();
}

/* The tensor of that name and shape; NULL with an error. */
static ore_tensor *find(const ore_tensor_list *list, const char *name, ore_shape shape) {
    ore_tensor *t = ore_tensor_list_find(list, name);
    char text[2][ORE_SHAPE_TEXT];
    if (!t)
        ore_fail(ORE_DATA, "optimizer_load_state: \"%s\" is missing", name);
    else if (!ore_shape_equal(ore_shape_of(t), shape))
        ore_fail(ORE_DATA, "optimizer_load_state: \"%s\" has shape %s, expected %s", name,
                 ore_shape_text(ore_shape_of(t), text[0]), ore_shape_text(shape, text[1]));
    else
        ore_optimizer_check_state(name, t, false);
    return ore_ok() ? t : NULL;
}

static void read_history(lbfgs *l, const ore_tensor_list *list, int64_t n) {
    ore_tensor *rho = ore_tensor_list_find(list, "lbfgs.ro");
    int64_t pairs = rho && ore_ndim(rho) == 1 ? ore_numel(rho) : 0;
    if (pairs > l->options.history_size)
        ore_fail(ORE_DATA, "optimizer_load_state: a history of %lld, expected at most %lld",
                 (long long)pairs, (long long)l->options.history_size);
    ore_tensor *dy = find(list, "lbfgs.old_dirs", ORE_SHAPE(pairs, n));
    ore_tensor *s = find(list, "lbfgs.old_stps", ORE_SHAPE(pairs, n));
    if (ore_ok() && find(list, "lbfgs.ro", ORE_SHAPE(pairs)))
        ore_copy_out(ore_to(rho, ORE_FLOAT64), l->rho, (size_t)pairs * sizeof *l->rho);
    for (int64_t i = 0; i < pairs && ore_ok(); i++, l->pairs++) {
        l->dy[i] = ore_own(ore_clone(ore_select(dy, 0, i)));
        l->s[i] = ore_own(ore_clone(ore_select(s, 0, i)));
    }
}

static ore_status load_own_state(ore_optimizer *o, const ore_tensor_list *list) {
    lbfgs *l = o->own;
    drop_history(l);
    if (!list->count)
        return ORE_OK;
    int64_t n = 0;
    for (int64_t i = 0; i < o->parameter_count; i++)
        n += ore_numel(o->parameters[i].tensor);
    double numbers[5] = {0};
    ore_scope scope;
    ore_scope_enter(&scope);
    ore_tensor *read = find(list, "lbfgs.numbers", ORE_SHAPE(5));
    if (read)
        ore_copy_out(ore_to(read, ORE_FLOAT64), numbers, sizeof numbers);
    for (int i = 0; i < 2 && ore_ok(); i++)
        if (!(numbers[i] >= 0 && numbers[i] <= 0x1p53))
            ore_fail(ORE_DATA, "optimizer_load_state: \"lbfgs.numbers\" has a count of %g",
                     numbers[i]);
    keep(&l->d, find(list, "lbfgs.d", ORE_SHAPE(n)));
    keep(&l->gradient, find(list, "lbfgs.prev_flat_grad", ORE_SHAPE(n)));
    if (ore_ok() && ore_tensor_list_find(list, "lbfgs.ro"))
        read_history(l, list, n);
    ore_scope_leave(&scope);
    l->iterations = (int64_t)numbers[0];
    l->evaluations = (int64_t)numbers[1];
    l->t = numbers[2];
    l->loss = numbers[3];
    l->scale = numbers[4];
    if (!ore_ok())
        drop_history(l);
    return ore_error_status();
}

static void free_own(ore_optimizer *o) {
    lbfgs *l = o->own;
    if (!l)
        return;
    drop_history(l);
    ore_release(l->dy);
    ore_release(l->s);
    ore_release(l->rho);
    ore_release(l);
}

/* ---- making ---- */

static const char *fault(const ore_group_options *group) {
    (void)group;
    return NULL;
}

static const char *refuses(const ore_optimizer *o, const ore_tensor *parameter) {
    bool same = !o->parameter_count ||
                ore_tensor_dtype(o->parameters[0].tensor) == ore_tensor_dtype(parameter);
    return same ? NULL : "has another dtype than the first";
}

static const ore_optim_kind kind = {
    .name = "lbfgs",
    .fault = fault,
    .refuses = refuses,
    .step_closure = step,
    .own_state = own_state,
    .load_own_state = load_own_state,
    .free_own = free_own,
};

ore_lbfgs_options ore_lbfgs_defaults(void) {
    return (ore_lbfgs_options){.lr = 1,
                               .max_iter = 20,
                               .tolerance_grad = 1e-7,
                               .tolerance_change = 1e-9,
                               .history_size = 100};
}

ore_optimizer *ore_lbfgs_new(const ore_module *root, const ore_lbfgs_options *options) {
    ore_lbfgs_options given = options ? *options : ore_lbfgs_defaults();
    if (given.max_iter < 1 || given.max_eval < 0 || given.history_size < 1 ||
        given.history_size > 1000000 || !(given.tolerance_grad >= 0) ||
        !(given.tolerance_change >= 0)) {
        ore_fail(ORE_INVALID,
                 "lbfgs: max_iter and history_size from 1, the others from 0 expected");
        return NULL;
    }
    ore_group_options group = {.lr = given.lr};
    ore_optimizer *o = ore_optimizer_new(&kind, root, &group);
    lbfgs *l = o ? ore_alloc_zero(sizeof *l) : NULL;
    if (l) {
        o->own = l;
        l->options = given;
        size_t room = (size_t)given.history_size;
        l->dy = ore_alloc(room * sizeof *l->dy);
        l->s = ore_alloc(room * sizeof *l->s);
        l->rho = ore_alloc(room * sizeof *l->rho);
        l->scale = 1;
    }
    if (ore_ok())
        return o;
    ore_optimizer_free(o);
    return NULL;
}
