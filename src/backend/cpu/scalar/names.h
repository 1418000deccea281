/* names.h: the names of what a template defines once per element type, by its SUFFIX. */
#ifndef ORE_SCALAR_NAMES_H
#define ORE_SCALAR_NAMES_H

#include "base/elementary/elementary.h"

#define PASTE3(a, b, c)     a##b##_##c
#define NAMED(a, b, suffix) PASTE3(a, b, suffix)
#define KERNEL(name)        NAMED(scalar_, name, SUFFIX)
#define LOCAL(name)         NAMED(, name, SUFFIX)
/* An elementary function of T: that of double, rounded. */
#define MATH(name, ...) ((T)ore_math_##name(__VA_ARGS__))

#endif
