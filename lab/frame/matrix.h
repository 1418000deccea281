/* matrix.h: matrices with named rows and columns, printed and drawn. */
#ifndef LAB_MATRIX_H
#define LAB_MATRIX_H

#include "lab/frame/lab.h"

/* A float32 matrix with a name before each row, and above each column unless col_names is NULL. */
void lab_show_matrix(lab *l, const char *title, const ore_tensor *t, const char *const *row_names,
                     const char *const *col_names);
/* Weights of attention (T, T), float32 from 0 to 1, as a heatmap in one panel: the row's token
 * looks, the column's is looked at. names (T) or NULL. The darkest cell of each row has its largest
 * share: a late row shares its attention among so many that on one scale for all it would be white.
 * Small ones have their numbers in the cells. */
void lab_draw_attention(ore_figure *figure, int row, int col, const char *title,
                        const ore_tensor *weights, const char *const *names);

#endif
