/* attention_options.c: what attention's options may be. */
#include <math.h>

#include "base/error.h"
#include "ops/attention.h"
#include "ops/autocast.h"

ore_attention_options ore_attention_defaults(void) {
    return (ore_attention_options){.causal = false, .scale = 0, .dropout = 0, .generator = NULL};
}

ore_attention_options ore_attention_choice(const ore_attention_options *options) {
    ore_attention_options o = options ? *options : ore_attention_defaults();
    o.mask = ore_lowered(o.mask);
    o.slopes = ore_lowered(o.slopes);
    return o;
}

double ore_attention_scale(const ore_attention_options *o, const ore_tensor *q) {
    return o->scale != 0 ? o->scale : 1 / sqrt((double)q->shape.dim[3]);
}

static bool shapes_fit(const char *op, const ore_tensor *q, const ore_tensor *k,
                       const ore_tensor *v) {
    const int64_t *nq = q->shape.dim, *nk = k->shape.dim, *nv = v ? v->shape.dim : nk;
    char tq[ORE_SHAPE_TEXT], tk[ORE_SHAPE_TEXT], tv[ORE_SHAPE_TEXT];
    bool fits = q->shape.ndim == 4 && k->shape.ndim == 4 && (!v || v->shape.ndim == 4);
    fits = fits && nq[0] == nk[0] && nk[0] == nv[0] && nk[1] == nv[1] && nk[2] == nv[2];
    fits = fits && nq[3] == nk[3] && (nq[1] == nk[1] || (nk[1] > 0 && nq[1] % nk[1] == 0));
    if (!fits && v)
        ore_fail(ORE_INVALID,
                 "%s: q %s, k %s, v %s, expected (B, H, Tq, D), (B, Hk, Tk, D), (B, Hk, Tk, Dv) "
                 "with H a multiple of Hk",
                 op, ore_shape_text(q->shape, tq), ore_shape_text(k->shape, tk),
                 ore_shape_text(v->shape, tv));
    else if (!fits)
        ore_fail(ORE_INVALID,
                 "%s: q %s, k %s, expected (B, H, Tq, D), (B, Hk, Tk, D) with H a multiple of Hk",
                 op, ore_shape_text(q->shape, tq), ore_shape_text(k->shape, tk));
    return fits;
}

static bool dtypes_fit(const char *op, const ore_tensor *q, const ore_tensor *k,
                       const ore_tensor *v) {
    if (q->dtype == k->dtype && (!v || q->dtype == v->dtype))
        return true;
    if (v)
        ore_fail(ORE_INVALID, "%s: q of %s, k of %s, v of %s, expected one dtype", op,
                 ore_dtype_name(q->dtype), ore_dtype_name(k->dtype), ore_dtype_name(v->dtype));
    else
        ore_fail(ORE_INVALID, "%s: q of %s, k of %s, expected one dtype", op,
                 ore_dtype_name(q->dtype), ore_dtype_name(k->dtype));
    return false;
}

static bool numbers_fit(const char *op, const ore_attention_options *o) {
    if (!(o->dropout >= 0 && o->dropout <= 1))
        ore_fail(ORE_INVALID, "%s: dropout %g, expected 0 <= dropout <= 1", op, o->dropout);
    else if (!(o->soft_cap >= 0 && isfinite(o->soft_cap)))
        ore_fail(ORE_INVALID, "%s: soft_cap %g, expected 0 (none) or a number above 0", op,
                 o->soft_cap);
    else if (o->window < 0)
        ore_fail(ORE_INVALID, "%s: window %lld, expected 0 (none) or more", op,
                 (long long)o->window);
    return ore_ok();
}

/* The mask's dtype, and that broadcasting does not enlarge the scores. */
static bool mask_fits(const char *op, const ore_tensor *mask, ore_dtype dtype, ore_shape scores) {
    char text[ORE_SHAPE_TEXT], wanted[ORE_SHAPE_TEXT];
    bool fits = mask->dtype == ORE_BOOL || mask->dtype == dtype;
    int missing = scores.ndim - mask->shape.ndim;
    fits = fits && missing >= 0;
    for (int d = 0; fits && d < mask->shape.ndim; d++)
        fits = mask->shape.dim[d] == 1 || mask->shape.dim[d] == scores.dim[missing + d];
    if (!fits)
        ore_fail(ORE_INVALID,
                 "%s: mask %s of %s, expected bool or %s that broadcasts to (B, H, Tq, Tk) %s", op,
                 ore_shape_text(mask->shape, text), ore_dtype_name(mask->dtype),
                 ore_dtype_name(dtype), ore_shape_text(scores, wanted));
    return fits;
}

static bool places_fit(const char *op, const char *name, const ore_tensor *t, const char *form,
                       ore_shape wanted) {
    char text[ORE_SHAPE_TEXT], wanted_text[ORE_SHAPE_TEXT];
    bool fits = !t || (t->dtype == ORE_INT64 && ore_shape_equal(t->shape, wanted));
    if (!fits)
        ore_fail(ORE_INVALID, "%s: %s %s of %s, expected int64 %s %s", op, name,
                 ore_shape_text(t->shape, text), ore_dtype_name(t->dtype), form,
                 ore_shape_text(wanted, wanted_text));
    return fits;
}

static bool slopes_fit(const char *op, const ore_tensor *slopes, const ore_tensor *q) {
    const int64_t *n = q->shape.dim;
    char text[ORE_SHAPE_TEXT];
    bool fits =
        slopes->dtype == q->dtype && (ore_shape_equal(slopes->shape, ORE_SHAPE(n[1])) ||
                                      ore_shape_equal(slopes->shape, ORE_SHAPE(n[0], n[1])));
    if (!fits)
        ore_fail(ORE_INVALID,
                 "%s: slopes %s of %s, expected (H) or (B, H) of %s, B %lld and H %lld", op,
                 ore_shape_text(slopes->shape, text), ore_dtype_name(slopes->dtype),
                 ore_dtype_name(q->dtype), (long long)n[0], (long long)n[1]);
    return fits;
}

/* What the options hold beside numbers. */
static bool tensors_fit(const char *op, ore_tensor *q, int64_t Tk, const ore_attention_options *o) {
    const int64_t *n = q->shape.dim;
    ore_tensor *given[] = {o->mask, o->lengths, o->starts, o->documents, o->slopes};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        if (given[i] && !ore_usable_beside(op, q, given[i]))
            return false;
    return (!o->mask || mask_fits(op, o->mask, q->dtype, ORE_SHAPE(n[0], n[1], n[2], Tk))) &&
           places_fit(op, "lengths", o->lengths, "(B)", ORE_SHAPE(n[0])) &&
           places_fit(op, "starts", o->starts, "(B)", ORE_SHAPE(n[0])) &&
           places_fit(op, "documents", o->documents, "(B, Tk)", ORE_SHAPE(n[0], Tk)) &&
           (!o->slopes || slopes_fit(op, o->slopes, q));
}

bool ore_attention_fits(const char *op, int n, ore_tensor *const *in,
                        const ore_attention_options *o) {
    ore_tensor *q = in[0], *k = in[1], *v = n > 2 ? in[2] : NULL;
    if (!ore_usable(op, n, in) || !shapes_fit(op, q, k, v) || !numbers_fit(op, o) ||
        !dtypes_fit(op, q, k, v) || !tensors_fit(op, q, k->shape.dim[2], o))
        return false;
    int64_t Tq = q->shape.dim[2], Tk = k->shape.dim[2];
    if (o->causal && !o->starts && Tq > Tk)
        ore_fail(ORE_INVALID,
                 "%s: %lld queries over %lld key%s, expected at most as many when causal", op,
                 (long long)Tq, (long long)Tk, ore_plural(Tk));
    return ore_ok();
}
