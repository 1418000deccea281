/* lbfgs_search.c: a line search for the strong Wolfe conditions: bracketing, then zooming by cubic
 * interpolation (Nocedal & Wright 2006, algorithms 3.5 and 3.6), guarded against standing still as
 * PyTorch's is. */
#include <math.h>

#include "core/tensor.h"
#include "optim/lbfgs.h"

static const double c1 = 1e-4, c2 = 0.9;
enum { MAX_TRIALS = 25 };

/* The minimum of the cubic through two points with slopes, within low .. high. */
static double cubic_minimum(ore_lbfgs_point a, ore_lbfgs_point b, double low, double high) {
    double d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t);
    double square = d1 * d1 - a.slope * b.slope;
    if (!(square >= 0))
        return (low + high) / 2;
    if (a.t > b.t) {
        ore_lbfgs_point swap = a;
        a = b;
        b = swap;
    }
    double d2 = sqrt(square);
    double at = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2));
    return fmin(fmax(at, low), high);
}

static bool falls_enough(ore_lbfgs_point from, ore_lbfgs_point at) {
    return at.loss <= from.loss + c1 * at.t * from.slope;
}

static bool flat_enough(ore_lbfgs_point from, ore_lbfgs_point at) {
    return fabs(at.slope) <= -c2 * from.slope;
}

typedef struct bracket {
    ore_lbfgs_point end[2];
    bool found; /* end[0] meets the conditions */
    int trials;
} bracket;

static bracket bracket_of(const ore_lbfgs_line *line, ore_lbfgs_point from, double t) {
    ore_lbfgs_point previous = from, now = ore_lbfgs_at(line, t);
    int trials = 0;
    for (; trials < MAX_TRIALS && ore_ok(); trials++) {
        if (!falls_enough(from, now) || (trials > 1 && now.loss >= previous.loss))
            return (bracket){{previous, now}, false, trials};
        if (flat_enough(from, now))
            return (bracket){{now, now}, true, trials};
        if (now.slope >= 0)
            return (bracket){{previous, now}, false, trials};
        t = cubic_minimum(previous, now, now.t + 0.01 * (now.t - previous.t), now.t * 10);
        previous = now;
        now = ore_lbfgs_at(line, t);
    }
    return (bracket){{from, now}, false, trials};
}

/* The next place inside the bracket, kept off its ends when the one before was close to them. */
static double place_inside(const bracket *b, bool *was_close) {
    double low = fmin(b->end[0].t, b->end[1].t), high = fmax(b->end[0].t, b->end[1].t);
    double t = cubic_minimum(b->end[0], b->end[1], low, high), margin = 0.1 * (high - low);
    bool close = fmin(high - t, t - low) < margin;
    bool moved = close && (*was_close || t >= high || t <= low);
    if (moved)
        t = fabs(t - high) < fabs(t - low) ? high - margin : low + margin;
    *was_close = close && !moved;
    return t;
}

ore_lbfgs_point ore_lbfgs_search(const ore_lbfgs_line *line, ore_lbfgs_point from, double t,
                                 double tolerance_change, int64_t *evaluations) {
    double reach = ore_lbfgs_largest(line->direction);
    bracket b = bracket_of(line, from, t);
    int64_t calls = b.trials + 1;
    bool was_close = false;
    int low = b.end[0].loss <= b.end[1].loss ? 0 : 1;
    while (!b.found && b.trials < MAX_TRIALS && ore_ok()) {
        if (fabs(b.end[1].t - b.end[0].t) * reach < tolerance_change)
            break;
        ore_lbfgs_point now = ore_lbfgs_at(line, place_inside(&b, &was_close));
        calls++;
        b.trials++;
        if (!falls_enough(from, now) || now.loss >= b.end[low].loss) {
            b.end[1 - low] = now;
            low = b.end[0].loss <= b.end[1].loss ? 0 : 1;
            continue;
        }
        if (flat_enough(from, now))
            b.found = true;
        else if (now.slope * (b.end[1 - low].t - b.end[low].t) >= 0)
            b.end[1 - low] = b.end[low];
        b.end[low] = now;
    }
    *evaluations += calls;
    return b.end[low];
}
