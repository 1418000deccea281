/* extreme.c: largest and smallest elements over a reduce plan; chunks are whole results. */
#include "backend/cpu/cpu.h"
#include "backend/cpu/plan_run.h"
#include "backend/cpu/scalar/names.h"

#define T      float
#define SUFFIX f32
#include "backend/cpu/scalar/extreme_any.inc"
#define T      double
#define SUFFIX f64
#include "backend/cpu/scalar/extreme_any.inc"
#define T      int64_t
#define SUFFIX i64
#include "backend/cpu/scalar/extreme_any.inc"
#define T      int32_t
#define SUFFIX i32
#include "backend/cpu/scalar/extreme_any.inc"
#define T      uint8_t
#define SUFFIX u8
#include "backend/cpu/scalar/extreme_any.inc"
#define T      bool
#define SUFFIX b8
#include "backend/cpu/scalar/extreme_any.inc"
