/* loss_margin.c: losses with a margin, and the distances some of them measure. */
#include "ops/loss.h"

/* ---- max(0, 1 - t x) ---- */

ore_tensor *ore_hinge_loss(ore_tensor *x, ore_tensor *target, ore_reduction reduction) {
    if (!ore_no_error())
        return NULL;
    if (!ore_loss_begin_alike("hinge_loss", &x, &target, reduction))
        return NULL;
    return ore_named("hinge_loss",
                     ore_loss_reduced(ore_relu(ore_rsub_scalar(ore_mul(target, x), 1)), reduction));
}

/* loss where target is not `other`, else 0 */
static ore_tensor *unless(ore_tensor *target, double other, ore_tensor *loss) {
    return ore_masked_fill(loss, ore_eq(target, ore_new_scalar(target, other, target->dtype)), 0);
}

/* ---- x of a target 1, max(0, margin - x) of -1 (anything else has both, as in PyTorch) ---- */

ore_tensor *ore_hinge_embedding_loss(ore_tensor *x, ore_tensor *target, double margin,
                                     ore_reduction reduction) {
    if (!ore_no_error())
        return NULL;
    if (!ore_loss_begin_alike("hinge_embedding_loss", &x, &target, reduction))
        return NULL;
    ore_tensor *near = unless(target, -1, x);
    ore_tensor *far = unless(target, 1, ore_relu(ore_rsub_scalar(x, margin)));
    return ore_named("hinge_embedding_loss", ore_loss_reduced(ore_add(near, far), reduction));
}

/* ---- multi margin loss ---- */

/* Multi-margin: sum_{c != y} max(0, margin - x_y + x_c)^p w_y / C; Crammer and Singer, JMLR 2,
 * 2001 */

ore_multi_margin_options ore_multi_margin_defaults(void) {
    return (ore_multi_margin_options){ORE_MEAN, 1, 1, NULL};
}

static bool check_multi_margin(const ore_tensor *x, const ore_tensor *target,
                               const ore_multi_margin_options *o) {
    char got[ORE_SHAPE_TEXT], of[ORE_SHAPE_TEXT];
    int ndim = x->shape.ndim;
    if (o->p != 1 && o->p != 2)
        ore_fail(ORE_INVALID, "multi_margin_loss: p is %d, expected 1 or 2", o->p);
    else if (ndim < 1 || ndim > 2 || x->shape.dim[ndim - 1] < 1)
        ore_fail(ORE_INVALID, "multi_margin_loss: x %s, expected (N, C) or (C)",
                 ore_shape_text(x->shape, got));
    else if (target->dtype != ORE_INT64 && target->dtype != ORE_INT32)
        ore_fail(ORE_INVALID, "multi_margin_loss: target of %s, expected int64 or int32 labels",
                 ore_dtype_name(target->dtype));
    else if (target->shape.ndim != ndim - 1 ||
             (ndim == 2 && target->shape.dim[0] != x->shape.dim[0]))
        ore_fail(ORE_INVALID, "multi_margin_loss: target %s for x %s",
                 ore_shape_text(target->shape, got), ore_shape_text(x->shape, of));
    else if (o->weight &&
             (o->weight->shape.ndim != 1 || o->weight->shape.dim[0] != x->shape.dim[ndim - 1]))
        ore_fail(ORE_INVALID, "multi_margin_loss: weight %s for x %s",
                 ore_shape_text(o->weight->shape, got), ore_shape_text(x->shape, of));
    return ore_ok();
}

ore_tensor *ore_multi_margin_loss(ore_tensor *x, ore_tensor *target,
                                  const ore_multi_margin_options *options) {
    ore_multi_margin_options o = options ? *options : ore_multi_margin_defaults();
    if (!ore_loss_begin("multi_margin_loss", &x, &target, o.reduction) ||
        (o.weight && !ore_usable_beside("multi_margin_loss", x, o.weight)) ||
        !check_multi_margin(x, target, &o))
        return NULL;
    int64_t classes = x->shape.dim[x->shape.ndim - 1];
    ore_tensor *labels = ore_to(ore_unsqueeze(target, -1), ORE_INT64); /* (.., 1) */
    if (!labels)
        return ore_named("multi_margin_loss", NULL);
    ore_tensor *of_label = ore_gather(x, -1, labels);
    ore_tensor *each = ore_relu(ore_add_scalar(ore_sub(x, of_label), o.margin)); /* (.., C) */
    if (o.p == 2)
        each = ore_square(each);
    if (o.weight)
        each = ore_mul(each, ore_reshape(ore_index_select(o.weight, 0, ore_flatten(labels, 0, -1)),
                                         ore_shape_of(labels)));
    ore_tensor *all = ore_arange(0, (double)classes, 1, ORE_INT64);
    ore_tensor *own = ore_eq(ore_to_device(all, ore_tensor_device(labels)), labels);
    ore_tensor *sum = ore_sum(ore_masked_fill(each, own, 0), ORE_DIMS(-1), false);
    ore_tensor *mean = ore_div_scalar(sum, (double)classes);
    return ore_named("multi_margin_loss", ore_loss_reduced(mean, o.reduction));
}

/* ---- cos(a, b) = a b / (max(|a|, eps) max(|b|, eps)) ---- */

/* max(|a|, eps) along dim, kept */
static ore_tensor *length(ore_tensor *a, int dim, double eps) {
    return ore_clamp_min(ore_norm(a, 2, ORE_DIMS(dim), true), eps);
}

ore_tensor *ore_cosine_similarity(ore_tensor *a, ore_tensor *b, int dim, double eps) {
    ore_shape shape;
    const char *name = "cosine_similarity";
    if (!ore_usable2(name, a, b) || !ore_broadcast_shapes(name, a->shape, b->shape, &shape))
        return NULL;
    dim = ore_wrap_dim(name, dim, shape.ndim);
    if (dim < 0)
        return NULL;
    if (!ore_dtype_is_floating(ore_result_type(a, b))) {
        ore_fail(ORE_INVALID, "%s: dtype %s, expected a floating one", name,
                 ore_dtype_name(ore_result_type(a, b)));
        return NULL;
    }
    a = ore_expand(a, shape);
    b = ore_expand(b, shape);
    ore_tensor *product = ore_mul(ore_div(a, length(a, dim, eps)), ore_div(b, length(b, dim, eps)));
    return ore_named("cosine_similarity",
                     shape.ndim ? ore_sum(product, ORE_DIMS(dim), false) : product);
}

/* ---- cosine embedding loss ---- */

/* Cosine embedding: 1 - cos of a target 1, max(0, cos - margin) of -1, with
 * cos = a b / sqrt((a a + 1e-12) (b b + 1e-12)) */

/* a / sqrt(a a + 1e-12): the root is the length of a with one more number, whose square need not be
 * held. */
static ore_tensor *embedded(ore_tensor *a) {
    ore_shape one = a->shape;
    one.dim[one.ndim - 1] = 1;
    ore_tensor *longer[] = {a, ore_new_full(a, one, 1e-6, a->dtype)};
    return ore_div(a, ore_norm(ore_cat(longer, 2, -1), 2, ORE_DIMS(-1), true));
}

static ore_tensor *embedded_cosine(ore_tensor *a, ore_tensor *b) {
    return ore_sum(ore_mul(embedded(a), embedded(b)), ORE_DIMS(-1), false);
}

ore_tensor *ore_cosine_embedding_loss(ore_tensor *a, ore_tensor *b, ore_tensor *target,
                                      double margin, ore_reduction reduction) {
    if (!ore_no_error())
        return NULL;
    char got[ORE_SHAPE_TEXT], of[ORE_SHAPE_TEXT];
    const char *name = "cosine_embedding_loss";
    if (!ore_loss_begin_alike(name, &a, &b, reduction) || !ore_usable_beside(name, a, target))
        return NULL;
    if (a->shape.ndim < 1 || a->shape.ndim > 2 || target->shape.ndim != a->shape.ndim - 1 ||
        (a->shape.ndim == 2 && target->shape.dim[0] != a->shape.dim[0])) {
        ore_fail(ORE_INVALID, "%s: target %s for %s, expected (N) for (N, D) or () for (D)", name,
                 ore_shape_text(target->shape, got), ore_shape_text(a->shape, of));
        return NULL;
    }
    ore_tensor *cosine = embedded_cosine(a, b);
    if (!cosine)
        return ore_named("cosine_embedding_loss", NULL);
    ore_tensor *zero = ore_new_scalar(cosine, 0, cosine->dtype);
    ore_tensor *alike = ore_eq(target, ore_new_scalar(target, 1, target->dtype));
    ore_tensor *unlike = ore_eq(target, ore_new_scalar(target, -1, target->dtype));
    ore_tensor *near = ore_where(alike, ore_rsub_scalar(cosine, 1), zero);
    ore_tensor *far = ore_where(unlike, ore_relu(ore_sub_scalar(cosine, margin)), zero);
    return ore_named("cosine_embedding_loss", ore_loss_reduced(ore_add(near, far), reduction));
}

/* ---- d(a, b) = (sum |a - b + eps|^p)^(1/p) ---- */

ore_tensor *ore_pairwise_distance(ore_tensor *a, ore_tensor *b, double p, double eps,
                                  bool keepdim) {
    if (!ore_no_error())
        return NULL;
    const char *name = "pairwise_distance";
    if (!ore_loss_usable(name, a, b, ORE_NONE))
        return NULL;
    if (!(p > 0) || (a->shape.ndim == 0 && b->shape.ndim == 0)) {
        ore_fail(ORE_INVALID, "%s: p is %g over %d dims, expected p above 0 and 1 dim or more",
                 name, p, a->shape.ndim);
        return NULL;
    }
    return ore_named("pairwise_distance",
                     ore_norm(ore_add_scalar(ore_sub(a, b), eps), p, ORE_DIMS(-1), keepdim));
}

/* ---- triplet margin loss ---- */

/* y = max(0, margin + d(a, p) - d(a, n)); Schroff, Kalenichenko and Philbin 2015,
 * arXiv:1503.03832; swap: Balntas et al., BMVC 2016 */

ore_triplet_margin_options ore_triplet_margin_defaults(void) {
    return (ore_triplet_margin_options){ORE_MEAN, 1, 2, 1e-6, false};
}

static bool check_dims_of(const char *what, const ore_tensor *t, const ore_tensor *anchor) {
    char got[ORE_SHAPE_TEXT], of[ORE_SHAPE_TEXT];
    if (t->shape.ndim != anchor->shape.ndim)
        ore_fail(ORE_INVALID, "triplet_margin_loss: %s %s for anchor %s, expected as many dims",
                 what, ore_shape_text(t->shape, got), ore_shape_text(anchor->shape, of));
    return ore_ok();
}

ore_tensor *ore_triplet_margin_loss(ore_tensor *anchor, ore_tensor *positive, ore_tensor *negative,
                                    const ore_triplet_margin_options *options) {
    if (!ore_no_error())
        return NULL;
    ore_triplet_margin_options o = options ? *options : ore_triplet_margin_defaults();
    negative = ore_raised(negative);
    if (!ore_loss_begin("triplet_margin_loss", &anchor, &positive, o.reduction) ||
        !ore_usable_beside("triplet_margin_loss", anchor, negative) ||
        !check_dims_of("positive", positive, anchor) ||
        !check_dims_of("negative", negative, anchor))
        return NULL;
    ore_tensor *near = ore_pairwise_distance(anchor, positive, o.p, o.eps, false);
    ore_tensor *far = ore_pairwise_distance(anchor, negative, o.p, o.eps, false);
    if (o.swap)
        far = ore_minimum(far, ore_pairwise_distance(positive, negative, o.p, o.eps, false));
    ore_tensor *loss = ore_relu(ore_add_scalar(ore_sub(near, far), o.margin));
    return ore_named("triplet_margin_loss", ore_loss_reduced(loss, o.reduction));
}
