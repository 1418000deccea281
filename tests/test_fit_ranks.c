/* test_fit_ranks.c: several ranks, here threads of one process, make each step of ore_fit together:
 * a loader gives each its share, and a callback adds up their gradients. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ops.h>
#include <ore/train.h>

#include "models/gpt/gpt.h"
#include "support/refusals.h"

enum { RANKS_MAX = 4, PARAMETERS_MAX = 64, STEPS_MAX = 8 };

/* ---- sums over the ranks ---- */

/* Where the ranks meet: a barrier, and what each has laid down. */
typedef struct meeting {
    pthread_mutex_t lock;
    pthread_cond_t all_here;
    int world, here, round;
    ore_fit_reduction *reduction[RANKS_MAX];
    int64_t fail_at; /* at this step the callbacks fail; 0: never */
} meeting;

static void wait_for_all(meeting *m) {
    pthread_mutex_lock(&m->lock);
    int round = m->round;
    if (++m->here == m->world) {
        m->here = 0;
        m->round++;
        pthread_cond_broadcast(&m->all_here);
    }
    while (round == m->round)
        pthread_cond_wait(&m->all_here, &m->lock);
    pthread_mutex_unlock(&m->lock);
}

/* One rank: its run, and what its callbacks have seen. */
typedef struct rank {
    meeting *meeting;
    int number;
    ore_fit_options options;
    ore_fit_result result;
    ore_error error;
    pthread_t thread;
    ore_tensor *ready[PARAMETERS_MAX]; /* of this step, in the order of completion */
    ore_tensor *ready_gradient[PARAMETERS_MAX];
    int ready_count, reductions;
    const char *wrong; /* what a callback found; NULL: nothing. Only the main thread may assert */
    uint8_t loader_state[ORE_LOADER_STATE_BYTES]; /* after the last whole step */
} rank;

static void note_ready(void *user, ore_tensor *leaf) {
    rank *self = user;
    if (self->ready_count == PARAMETERS_MAX) {
        self->wrong = "more leaves are ready than there are parameters";
        return;
    }
    self->ready[self->ready_count] = leaf;
    self->ready_gradient[self->ready_count++] = ore_own(ore_clone(ore_grad(leaf)));
}

static bool same_values(ore_tensor *a, ore_tensor *b) {
    return memcmp(ore_data(a), ore_data(b),
                  (size_t)ore_numel(a) * ore_dtype_size(ore_tensor_dtype(a))) == 0;
}

/* Each gradient was announced once, as it is now. */
static void check_ready(rank *self, const ore_fit_reduction *reduction) {
    int with_gradient = 0;
    for (int64_t i = 0; i < reduction->count; i++) {
        ore_tensor *p = reduction->parameters[i];
        int times = 0;
        with_gradient += ore_grad(p) != NULL;
        for (int k = 0; k < self->ready_count; k++)
            if (self->ready[k] == p) {
                times++;
                if (!same_values(ore_grad(p), self->ready_gradient[k]))
                    self->wrong = "a gradient changed after it was ready";
            }
        if (times != (ore_grad(p) != NULL))
            self->wrong = "a parameter was not ready once";
    }
    if (self->ready_count != with_gradient)
        self->wrong = "another leaf was ready";
    while (self->ready_count > 0)
        ore_free(self->ready_gradient[--self->ready_count]);
}

/* Every rank's gradient of parameter i, added in the order of the ranks; NULL if none has one. */
static ore_tensor *sum_of(const meeting *m, int64_t i) {
    ore_tensor *sum = NULL;
    for (int r = 0; r < m->world; r++) {
        ore_tensor *g = ore_grad(m->reduction[r]->parameters[i]);
        if (g)
            sum = sum ? ore_add_(sum, ore_detach(g)) : ore_clone(ore_detach(g));
    }
    return sum;
}

static void add_up(void *user, ore_fit_reduction *reduction) {
    rank *self = user;
    meeting *m = self->meeting;
    self->reductions++;
    if (self->options.ready)
        check_ready(self, reduction);
    m->reduction[self->number] = reduction;
    wait_for_all(m);
    ore_tensor *sums[PARAMETERS_MAX];
    double loss = 0;
    for (int64_t i = 0; i < reduction->count; i++)
        sums[i] = sum_of(m, i);
    for (int r = 0; r < m->world; r++)
        loss += m->reduction[r]->loss;
    wait_for_all(m); /* all have read */
    for (int64_t i = 0; i < reduction->count; i++)
        if (sums[i])
            ore_set_grad(reduction->parameters[i], sums[i]);
    reduction->loss = loss;
    if (reduction->step == m->fail_at)
        ore_fail(ORE_STATE, "the line to the other ranks is cut");
}

static bool keep_loader(void *user, const ore_fit_report *report) {
    rank *self = user;
    (void)report;
    ore_loader_get_state(self->options.loader, self->loader_state);
    return true;
}

/* ---- what is trained ---- */

enum { EXAMPLES = 32, LETTERS = 300 };

/* One rank's model, with its loader and optimizer; all ranks have the same. */
typedef struct replica {
    ore_linear line;
    gpt gpt;
    ore_module *module;
    ore_tensor *x, *y;
    int64_t ids[LETTERS];
    ore_tokens *tokens;
    ore_token_parts *parts;
    ore_generator *generator;
    ore_loader *loader;
    ore_optimizer *optimizer;
    ore_loss_function loss;
} replica;

static ore_tensor *mean_square(void *user, ore_tensor *output, ore_tensor *target) {
    (void)user;
    return ore_mse_loss(output, target, ORE_MEAN);
}

static void start_optimizer(replica *r, double lr) {
    ore_sgd_options o = ore_sgd_defaults();
    o.lr = lr;
    r->optimizer = ore_sgd_new(r->module, &o);
}

/* y = w x + b in small multiples of powers of two, so that for a few steps every product and sum is
 * exact, whatever its order. */
static void start_line(replica *r) {
    double x[EXAMPLES][3], y[EXAMPLES];
    for (int i = 0; i < EXAMPLES; i++) {
        for (int j = 0; j < 3; j++)
            x[i][j] = (i * (j + 3) + j) % 5 - 2;
        y[i] = i % 7 - 3;
    }
    ore_linear_options o = ore_linear_defaults();
    o.dtype = ORE_FLOAT64;
    ore_linear_init(&r->line, NULL, NULL, 3, 1, &o);
    ore_no_grad_begin();
    ore_fill_(r->line.weight, 0.25);
    ore_fill_(r->line.bias, -0.5);
    ore_no_grad_end();
    r->module = &r->line.module;
    r->loss = mean_square;
    r->x = ore_own(ore_from_data(x, ORE_SHAPE(EXAMPLES, 3), ORE_FLOAT64));
    r->y = ore_own(ore_from_data(y, ORE_SHAPE(EXAMPLES, 1), ORE_FLOAT64));
    ore_loader_options lo = {
        .batch_size = 8, .shuffle = true, .drop_last = false, .generator = r->generator};
    r->loader = ore_tensor_loader_new(r->x, r->y, &lo);
    start_optimizer(r, 1.0 / 16);
}

/* A GPT in float64 over lines of very different lengths, so that the ranks' shares of targets are
 * far from even. */
static void start_gpt(replica *r) {
    int64_t left = 0;
    for (int i = 0, line = 0; i < LETTERS; i++, left--) {
        if (left == 0) {
            left = 1 + line * line % 9;
            line++;
            r->ids[i] = 0;
        } else
            r->ids[i] = 1 + i * i % 10;
    }
    gpt_config config = gpt_defaults();
    config.n_layer = 1, config.n_head = 2, config.n_embd = 8, config.block_size = 12;
    config.vocab_size = 11;
    assert_int_equal(gpt_init(&r->gpt, &config, r->generator), ORE_OK);
    ore_module_to(&r->gpt.module, ORE_FLOAT64);
    r->module = &r->gpt.module;
    ore_token_parts_options o = ore_token_parts_defaults();
    o.documents = true;
    r->tokens = ore_tokens_of_memory("ids", r->ids, LETTERS, 0);
    r->parts = ore_token_parts_new(r->tokens, NULL, &o);
    ore_token_loader_options lo = {ORE_PART_TRAIN, 7, 12, false, r->generator};
    r->loader = ore_random_loader_new(r->parts, &lo);
    start_optimizer(r, 0.25);
}

typedef void (*replica_start)(replica *r);

static replica *replica_new(replica_start start) {
    replica *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->generator = ore_generator_new(5);
    start(r);
    assert_string_equal(ore_error_message(), "");
    return r;
}

static void replica_free(replica *r) {
    ore_optimizer_free(r->optimizer);
    ore_loader_free(r->loader);
    ore_token_parts_free(r->parts);
    ore_tokens_close(r->tokens);
    ore_free(r->y);
    ore_free(r->x);
    if (r->module == &r->gpt.module)
        gpt_free(&r->gpt);
    else
        ore_module_free(r->module);
    ore_generator_free(r->generator);
    free(r);
}

/* Largest difference between the parameters of two models. */
static double distance(const replica *a, const replica *b) {
    ore_tensor_list left = ore_module_parameters(a->module),
                    right = ore_module_parameters(b->module);
    double most = 0;
    for (int64_t i = 0; i < left.count; i++) {
        const double *x = ore_data(left.items[i].tensor), *y = ore_data(right.items[i].tensor);
        for (int64_t k = 0; k < ore_numel(left.items[i].tensor); k++)
            most = fmax(most, fabs(x[k] - y[k]));
    }
    ore_tensor_list_free(&right);
    ore_tensor_list_free(&left);
    return most;
}

/* ---- runs ---- */

static ore_fit_options options_of(const replica *r, int64_t steps) {
    ore_fit_options o = ore_fit_defaults();
    o.module = r->module;
    o.loader = r->loader;
    o.optimizer = r->optimizer;
    o.loss = r->loss;
    o.steps = steps;
    return o;
}

typedef struct team {
    meeting meeting;
    rank ranks[RANKS_MAX];
    replica *replicas[RANKS_MAX];
} team;

static team *team_new(replica_start start, int world, const ore_fit_options *like) {
    team *t = calloc(1, sizeof *t);
    assert_non_null(t);
    t->meeting = (meeting){.world = world};
    pthread_mutex_init(&t->meeting.lock, NULL);
    pthread_cond_init(&t->meeting.all_here, NULL);
    for (int i = 0; i < world; i++) {
        replica *r = t->replicas[i] = replica_new(start);
        assert_int_equal(ore_loader_share(r->loader, i, world), ORE_OK);
        ore_fit_options o = *like, own = options_of(r, like->steps);
        o.module = own.module, o.loader = own.loader, o.optimizer = own.optimizer;
        o.loss = own.loss;
        o.reduce = add_up;
        o.ready = note_ready;
        o.report = keep_loader;
        o.user = &t->ranks[i];
        t->ranks[i] = (rank){.meeting = &t->meeting, .number = i, .options = o};
    }
    return t;
}

static void *run_rank(void *user) {
    rank *self = user;
    ore_fit_state state = self->result.state;
    bool resumed = self->result.losses != NULL;
    ore_fit_result_free(&self->result);
    ore_fit(&self->options, resumed ? &state : NULL, &self->result);
    ore_error_take(&self->error);
    return NULL;
}

/* Every rank's ore_fit, on a thread of its own; a second call goes on from where they stand. */
static void team_run(team *t) {
    for (int i = 0; i < t->meeting.world; i++)
        assert_int_equal(pthread_create(&t->ranks[i].thread, NULL, run_rank, &t->ranks[i]), 0);
    for (int i = 0; i < t->meeting.world; i++)
        pthread_join(t->ranks[i].thread, NULL);
    for (int i = 0; i < t->meeting.world; i++)
        if (t->ranks[i].wrong)
            fail_msg("rank %d: %s", i, t->ranks[i].wrong);
}

static void team_free(team *t) {
    for (int i = 0; i < t->meeting.world; i++) {
        ore_fit_result_free(&t->ranks[i].result);
        replica_free(t->replicas[i]);
    }
    pthread_cond_destroy(&t->meeting.all_here);
    pthread_mutex_destroy(&t->meeting.lock);
    free(t);
}

/* ---- tests ---- */

/* A team of `world` ranks ends where one process does that gets whole batches. */
static void compare(replica_start start, int world, const ore_fit_options *like, double tolerance) {
    replica *alone = replica_new(start);
    ore_fit_options o = *like, own = options_of(alone, like->steps);
    o.module = own.module, o.loader = own.loader, o.optimizer = own.optimizer, o.loss = own.loss;
    ore_fit_result want;
    assert_int_equal(ore_fit(&o, NULL, &want), ORE_OK);
    team *t = team_new(start, world, like);
    team_run(t);
    for (int i = 0; i < world; i++) {
        const rank *r = &t->ranks[i];
        assert_string_equal(r->error.message, "");
        assert_int_equal(r->result.end, ORE_FIT_DONE);
        assert_int_equal(r->reductions, like->steps);
        assert_int_equal(r->result.state.tokens, want.state.tokens);
        for (int64_t s = 0; s < want.loss_count; s++)
            assert_true(fabs(r->result.losses[s] - want.losses[s]) <= 1e-13);
        assert_true(distance(t->replicas[i], alone) <= tolerance);
        assert_true(distance(t->replicas[i], t->replicas[0]) == 0);
    }
    team_free(t);
    ore_fit_result_free(&want);
    replica_free(alone);
}

static ore_fit_options plain(int64_t steps) {
    ore_fit_options o = ore_fit_defaults();
    o.steps = steps;
    return o;
}

/* Bit for bit where no addition rounds. */
static void exact_sums_are_those_of_one_process(void **state) {
    (void)state;
    ore_fit_options o = plain(4);
    compare(start_line, 2, &o, 0);
    compare(start_line, 4, &o, 0);
    o.accumulate = 2;
    compare(start_line, 2, &o, 0);
}

/* Where additions round, a sum of the ranks' sums is another than one sum of all rows: float64
 * rounds at 1e-16, a few thousand additions stay below 1e-13. A weight by ranks and not by targets
 * differs by 1e-3. */
static void a_gpt_on_uneven_shares(void **state) {
    (void)state;
    ore_fit_options o = plain(6);
    for (int world = 1; world <= RANKS_MAX; world++)
        compare(start_gpt, world, &o, world == 1 ? 0 : 1e-13);
    o.accumulate = 2;
    compare(start_gpt, 3, &o, 1e-13);
}

/* Penalties count once, and the norm to clip by is that of the sums. */
static void penalties_and_clipping_come_after_the_sums(void **state) {
    (void)state;
    ore_fit_options o = plain(5);
    o.l2 = 0.01;
    o.clip_norm = 0.05;
    compare(start_gpt, 3, &o, 1e-13);
}

/* The last batch of a pass has two rows, so that a rank of three has none. */
static void start_short_line(replica *r) {
    start_line(r);
    ore_loader_free(r->loader);
    ore_loader_options lo = {.batch_size = 6,
                             .shuffle = true,
                             .drop_last = false,
                             .generator = r->generator}; /* 32 = 5 6 + 2 */
    r->loader = ore_tensor_loader_new(r->x, r->y, &lo);
}

static void a_rank_without_rows(void **state) {
    (void)state;
    ore_fit_options o = plain(7);
    compare(start_short_line, 3, &o, 1e-13);
}

/* An error from the callback ends the step: the weights are those of the step before, and the run
 * goes on from there as if nothing had been. */
static void an_error_loses_nothing(void **state) {
    (void)state;
    ore_fit_options o = plain(2);
    replica *two = replica_new(start_gpt), *five = replica_new(start_gpt);
    ore_fit_options short_run = options_of(two, 2), long_run = options_of(five, 5);
    ore_fit_result unused;
    ore_fit(&short_run, NULL, &unused);
    ore_fit_result_free(&unused);
    ore_fit(&long_run, NULL, &unused);
    ore_fit_result_free(&unused);
    o.steps = 5;
    team *t = team_new(start_gpt, 2, &o);
    t->meeting.fail_at = 3;
    team_run(t);
    for (int i = 0; i < 2; i++) {
        rank *r = &t->ranks[i];
        assert_int_equal(r->error.status, ORE_STATE);
        assert_string_equal(r->error.message, "the line to the other ranks is cut");
        assert_int_equal(r->result.end, ORE_FIT_FAILED);
        assert_int_equal(r->result.state.step, 2);
        assert_true(distance(t->replicas[i], two) <= 1e-13);
        ore_tensor_list parameters = ore_module_parameters(t->replicas[i]->module);
        assert_null(ore_grad(parameters.items[0].tensor));
        ore_tensor_list_free(&parameters);
        assert_int_equal(
            ore_loader_set_state(t->replicas[i]->loader, r->loader_state, sizeof r->loader_state),
            ORE_OK);
    }
    t->meeting.fail_at = 0;
    team_run(t);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(t->ranks[i].result.end, ORE_FIT_DONE);
        assert_true(distance(t->replicas[i], five) <= 1e-13);
    }
    team_free(t);
    replica_free(five);
    replica_free(two);
}

static void ready_alone_is_refused(void **state) {
    (void)state;
    replica *r = replica_new(start_line);
    ore_fit_options o = options_of(r, 1);
    o.ready = note_ready;
    ore_fit_result result;
    assert_int_equal(ore_fit(&o, NULL, &result), ORE_INVALID);
    invalid(NULL, "fit: ready without a reduce function");
    replica_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(exact_sums_are_those_of_one_process, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(a_gpt_on_uneven_shares, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(penalties_and_clipping_come_after_the_sums, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(a_rank_without_rows, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(an_error_loses_nothing, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(ready_alone_is_refused, begin_scope, end_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
