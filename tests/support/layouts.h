/* layouts.h: how the matrices lie in memory that tests of products multiply. */
#ifndef ORE_TESTS_LAYOUTS_H
#define ORE_TESTS_LAYOUTS_H

#include <stdint.h>

typedef enum layout { DENSE_ROWS, DENSE_COLS, PADDED_ROWS, SPREAD, LAYOUTS } layout;

typedef struct layout_steps {
    int64_t row, col, batch; /* in elements */
} layout_steps;

static inline layout_steps steps_of(layout l, int64_t rows, int64_t cols) {
    layout_steps s = {.row = cols, .col = 1, .batch = rows * cols};
    if (l == DENSE_COLS)
        s.row = 1, s.col = rows;
    else if (l == PADDED_ROWS)
        s.row = cols + 3, s.batch = rows * s.row + 5;
    else if (l == SPREAD)
        s.col = 2, s.row = 2 * cols + 1, s.batch = rows * s.row;
    return s;
}

#endif
