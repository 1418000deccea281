/* shape.h: shapes, lists of dims, and what can be asked of a shape alone. Shapes are written
 * (B, T, C). */
#ifndef ORE_SHAPE_H
#define ORE_SHAPE_H

#include <ore/base.h>

ORE_BEGIN_DECLS

enum { ORE_MAX_DIMS = 8 };

typedef struct ore_shape {
    int ndim;
    int64_t dim[ORE_MAX_DIMS];
} ore_shape;

/* A list of dims for reductions; n = 0 means all of them. */
typedef struct ore_dims {
    int n;
    int dim[ORE_MAX_DIMS];
} ore_dims;

/* ORE_SHAPE(B, T, C); ORE_SCALAR is the shape of a 0-d tensor. ORE_DIMS(0, -1); ORE_ALL. */
#ifndef __cplusplus
#define ORE_COUNT_OF(type, ...) ((int)(sizeof((const type[]){__VA_ARGS__}) / sizeof(type)))
#define ORE_SHAPE(...)                                                                             \
    ((ore_shape){.ndim = ORE_COUNT_OF(int64_t, __VA_ARGS__), .dim = {__VA_ARGS__}})
#define ORE_DIMS(...) ((ore_dims){.n = ORE_COUNT_OF(int, __VA_ARGS__), .dim = {__VA_ARGS__}})
#define ORE_SCALAR    ((ore_shape){.ndim = 0, .dim = {0}})
#define ORE_ALL       ((ore_dims){.n = 0, .dim = {0}})
#endif

/* False also for shapes of more than ORE_MAX_DIMS dims. */
ORE_API bool ore_shape_equal(ore_shape a, ore_shape b);
/* The product of the sizes; -1 where int64 cannot hold it, and for more than ORE_MAX_DIMS dims. */
ORE_API int64_t ore_shape_numel(ore_shape s);
/* "(2, 3)" into text of at least ORE_SHAPE_TEXT bytes; returns text. */
enum { ORE_SHAPE_TEXT = 192 };
ORE_API const char *ore_shape_text(ore_shape s, char *text);

ORE_END_DECLS

#ifdef __cplusplus
template <typename... Sizes> static inline ore_shape ORE_SHAPE(Sizes... sizes) {
    return ore_shape{static_cast<int>(sizeof...(sizes)), {static_cast<int64_t>(sizes)...}};
}
template <typename... Dims> static inline ore_dims ORE_DIMS(Dims... dims) {
    return ore_dims{static_cast<int>(sizeof...(dims)), {static_cast<int>(dims)...}};
}
static const ore_shape ORE_SCALAR = {0, {0}};
static const ore_dims ORE_ALL = {0, {0}};
#endif

#endif
