/* conv.c: cases of convolution and pooling. */
#include <ore/conv.h>
#include <ore/ops.h>

#include "cases/cases.h"

#define O1(...)   (&(ore_f_conv1d_options){__VA_ARGS__})
#define O2(...)   (&(ore_f_conv2d_options){__VA_ARGS__})
#define T1(...)   (&(ore_f_conv_transpose1d_options){__VA_ARGS__})
#define T2(...)   (&(ore_f_conv_transpose2d_options){__VA_ARGS__})
#define MAX1(...) (&(ore_max_pool1d_options){__VA_ARGS__})
#define MAX2(...) (&(ore_max_pool2d_options){__VA_ARGS__})
#define AVG1(...) (&(ore_avg_pool1d_options){__VA_ARGS__})
#define AVG2(...) (&(ore_avg_pool2d_options){__VA_ARGS__})

#define ROWS "cases/conv.def"
#define LIST op_cases_conv
#include "cases/list.inc"
