/* pictures.h: the figures that several rungs draw. */
#ifndef LAB_PICTURES_H
#define LAB_PICTURES_H

#include <ore/ore.h>

/* A figure of one panel with its title and axes. */
ore_figure *picture_new(const char *title, const char *x_label, const char *y_label);
/* The elements of a tensor as doubles, to be freed; NULL with an error. */
double *picture_values(ore_tensor *t);
/* Draws the log10 of the losses of `steps` steps, averaged over windows of `window` steps, over the
 * steps. */
void picture_losses(ore_figure *f, const double *losses, int64_t steps, int64_t window,
                    const char *label);
/* Draws the distribution of a tensor's elements between low and high as a curve whose area is 1. */
void picture_distribution(ore_figure *f, ore_tensor *t, double low, double high, int bins,
                          const char *label);
/* Draws a matrix as an image that fills the panel; `options` has its colours and names. */
void picture_matrix(ore_figure *f, ore_tensor *t, ore_heatmap_options options);

#endif
