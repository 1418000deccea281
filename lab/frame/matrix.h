/* matrix.h: matrices with named rows and columns, printed and drawn. */
#ifndef LAB_MATRIX_H
#define LAB_MATRIX_H

#include "lab/frame/lab.h"

/* Shows a float32 matrix with a name before each row, and one above each column unless col_names is
 * NULL. */
void lab_show_matrix(lab *l, const char *title, const ore_tensor *t, const char *const *row_names,
                     const char *const *col_names);
/* Draws attention weights (T, T), float32 from 0 to 1, as a heatmap in one panel: rows are queries,
 * columns are keys. names (T) of the tokens, or NULL. Each row has a scale of its own, on which its
 * largest weight is darkest: a late token divides its attention among so many that on a common
 * scale its row would be white. Small matrices have numbers in their cells. */
void lab_draw_attention(ore_figure *figure, int row, int col, const char *title,
                        const ore_tensor *weights, const char *const *names);

#endif
