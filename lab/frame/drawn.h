/* drawn.h: pictures that the lab draws itself: digits and shapes of strokes, each turned, slanted,
 * scaled, moved, in another weight of stroke and under noise. */
#ifndef LAB_DRAWN_H
#define LAB_DRAWN_H

#include <ore/ore.h>

enum { DRAWN_SIZE = 24, DRAWN_CLASSES = 16 };

/* "0" .. "9", "circle", "square", .. */
extern const char *const drawn_names[DRAWN_CLASSES];

/* `count` pictures: x (count, 1, DRAWN_SIZE, DRAWN_SIZE) float32 of 0, the ground, to 1, ink; y
 * (count) int64, the class. The same generator draws the same pictures on every machine. Handles of
 * the caller's scope; false with an error pending. */
bool drawn_pictures(int64_t count, ore_generator *g, ore_tensor **x, ore_tensor **y);

#endif
