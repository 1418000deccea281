/* init.c: initialisers. Bounds are computed in double, in the order in which torch.nn.init does,
 * so that the same seed gives the same weights. */
#include <math.h>

#include <ore/init.h>
#include <ore/ops.h>

#include "core/check.h"

static _Thread_local int skipping; /* how many ore_skip_init_begin have no end yet */

void ore_skip_init_begin(void) {
    skipping++;
}

void ore_skip_init_end(void) {
    if (skipping > 0)
        skipping--;
}

double ore_calculate_gain(ore_nonlinearity nonlinearity, double slope) {
    switch (nonlinearity) {
    case ORE_GAIN_LINEAR:
    case ORE_GAIN_CONV:
    case ORE_GAIN_SIGMOID:
        return 1;
    case ORE_GAIN_TANH:
        return 5.0 / 3;
    case ORE_GAIN_RELU:
        return sqrt(2);
    case ORE_GAIN_LEAKY_RELU:
        return sqrt(2 / (1 + slope * slope));
    case ORE_GAIN_SELU:
        return 0.75;
    }
    ore_fail(ORE_INVALID, "calculate_gain: nonlinearity %d, expected one of ore_nonlinearity",
             (int)nonlinearity);
    return NAN;
}

ore_tensor *ore_init_uniform(ore_tensor *t, double low, double high, ore_generator *g) {
    if (!ore_no_error())
        return NULL;
    ore_no_grad_begin();
    ore_tensor *filled = skipping ? t : ore_uniform_(t, low, high, g);
    ore_no_grad_end();
    return ore_named("uniform", filled);
}

ore_tensor *ore_init_normal(ore_tensor *t, double mean, double std, ore_generator *g) {
    if (!ore_no_error())
        return NULL;
    ore_no_grad_begin();
    ore_tensor *filled = skipping ? t : ore_normal_(t, mean, std, g);
    ore_no_grad_end();
    return ore_named("normal", filled);
}

ore_tensor *ore_init_constant(ore_tensor *t, double value) {
    if (!ore_no_error())
        return NULL;
    ore_no_grad_begin();
    ore_tensor *filled = skipping ? t : ore_fill_(t, value);
    ore_no_grad_end();
    return ore_named("constant", filled);
}

ore_tensor *ore_init_zeros(ore_tensor *t) {
    if (!ore_no_error())
        return NULL;
    return ore_named("zeros", ore_init_constant(t, 0));
}

ore_tensor *ore_init_ones(ore_tensor *t) {
    if (!ore_no_error())
        return NULL;
    return ore_named("ones", ore_init_constant(t, 1));
}

/* False with an error for NULL and for fewer than two dims. */
static bool fans_of(const char *name, ore_tensor *t, double *fan_in, double *fan_out) {
    char text[ORE_SHAPE_TEXT];
    if (!ore_usable1(name, t))
        return false;
    ore_shape shape = ore_shape_of(t);
    if (shape.ndim < 2) {
        ore_fail(ORE_INVALID, "%s: shape %s, expected two dims or more", name,
                 ore_shape_text(shape, text));
        return false;
    }
    double kernel = 1;
    for (int d = 2; d < shape.ndim; d++)
        kernel *= (double)shape.dim[d];
    *fan_in = (double)shape.dim[1] * kernel;
    *fan_out = (double)shape.dim[0] * kernel;
    return true;
}

ore_tensor *ore_init_xavier_uniform(ore_tensor *t, double gain, ore_generator *g) {
    if (!ore_no_error())
        return NULL;
    double fan_in, fan_out;
    if (!fans_of("xavier_uniform", t, &fan_in, &fan_out))
        return NULL;
    if (ore_numel(t) == 0)
        return ore_named("xavier_uniform", t);
    double std = gain * sqrt(2 / (fan_in + fan_out));
    double bound = sqrt(3) * std;
    return ore_named("xavier_uniform", ore_init_uniform(t, -bound, bound, g));
}

ore_tensor *ore_init_xavier_normal(ore_tensor *t, double gain, ore_generator *g) {
    if (!ore_no_error())
        return NULL;
    double fan_in, fan_out;
    if (!fans_of("xavier_normal", t, &fan_in, &fan_out))
        return NULL;
    if (ore_numel(t) == 0)
        return ore_named("xavier_normal", t);
    return ore_named("xavier_normal",
                     ore_init_normal(t, 0, gain * sqrt(2 / (fan_in + fan_out)), g));
}

/* gain / sqrt(fan); with an error, any number. */
static double kaiming_std(const char *name, ore_tensor *t, double a, ore_fan_mode mode,
                          ore_nonlinearity nonlinearity) {
    double fan_in = 0, fan_out = 0;
    if (!fans_of(name, t, &fan_in, &fan_out))
        return NAN;
    if (mode != ORE_FAN_IN && mode != ORE_FAN_OUT)
        ore_fail(ORE_INVALID, "%s: mode %d, expected ORE_FAN_IN or ORE_FAN_OUT", name, (int)mode);
    return ore_calculate_gain(nonlinearity, a) / sqrt(mode == ORE_FAN_OUT ? fan_out : fan_in);
}

ore_tensor *ore_init_kaiming_uniform(ore_tensor *t, double a, ore_fan_mode mode,
                                     ore_nonlinearity nonlinearity, ore_generator *g) {
    if (!ore_no_error())
        return NULL;
    double std = kaiming_std("kaiming_uniform", t, a, mode, nonlinearity);
    if (!ore_ok())
        return ore_named("kaiming_uniform", NULL);
    if (ore_numel(t) == 0)
        return ore_named("kaiming_uniform", t);
    double bound = sqrt(3) * std;
    return ore_named("kaiming_uniform", ore_init_uniform(t, -bound, bound, g));
}

ore_tensor *ore_init_kaiming_normal(ore_tensor *t, double a, ore_fan_mode mode,
                                    ore_nonlinearity nonlinearity, ore_generator *g) {
    if (!ore_no_error())
        return NULL;
    double std = kaiming_std("kaiming_normal", t, a, mode, nonlinearity);
    if (!ore_ok())
        return ore_named("kaiming_normal", NULL);
    if (ore_numel(t) == 0)
        return ore_named("kaiming_normal", t);
    return ore_named("kaiming_normal", ore_init_normal(t, 0, std, g));
}
