/* drawn.c: strokes of digits and shapes, and pixels by their distance from them. */
#include "lab/frame/drawn.h"

#include <math.h>

/* ---- the strokes ---- */

/* Points in a box of -1 .. 1 from left to right and from top to bottom; a stroke ends where a point
 * has x = END, the figure at the second END in a row. */
#define END 9
enum { POINTS_MAX = 24 };

typedef struct point {
    double x, y;
} point;

static const point figures[DRAWN_CLASSES][POINTS_MAX] = {
    {{0, -1},
     {-.35, -.8},
     {-.52, -.3},
     {-.52, .3},
     {-.35, .8},
     {0, 1},
     {.35, .8},
     {.52, .3},
     {.52, -.3},
     {.35, -.8},
     {0, -1},
     {END, 0},
     {END, 0}},
    {{-.35, -.6}, {.05, -1}, {.05, 1}, {END, 0}, {END, 0}},
    {{-.55, -.5},
     {-.4, -.85},
     {0, -1},
     {.4, -.85},
     {.55, -.5},
     {.4, -.1},
     {-.6, 1},
     {.6, 1},
     {END, 0},
     {END, 0}},
    {{-.5, -.8},
     {-.1, -1},
     {.35, -.9},
     {.5, -.55},
     {.3, -.15},
     {-.1, -.05},
     {.35, .05},
     {.6, .5},
     {.35, .9},
     {-.1, 1},
     {-.55, .8},
     {END, 0},
     {END, 0}},
    {{.3, 1}, {.3, -1}, {-.6, .35}, {.65, .35}, {END, 0}, {END, 0}},
    {{.5, -1},
     {-.45, -1},
     {-.5, -.15},
     {0, -.3},
     {.45, -.1},
     {.6, .35},
     {.4, .85},
     {-.05, 1},
     {-.55, .8},
     {END, 0},
     {END, 0}},
    {{.45, -.85},
     {.05, -1},
     {-.4, -.6},
     {-.6, .2},
     {-.45, .8},
     {0, 1},
     {.45, .8},
     {.58, .35},
     {.35, -.05},
     {-.1, -.12},
     {-.55, .3},
     {END, 0},
     {END, 0}},
    {{-.6, -1}, {.6, -1}, {-.1, 1}, {END, 0}, {END, 0}},
    {{0, -.05},
     {-.4, -.25},
     {-.45, -.65},
     {0, -1},
     {.45, -.65},
     {.4, -.25},
     {0, -.05},
     {-.5, .2},
     {-.6, .6},
     {0, 1},
     {.6, .6},
     {.5, .2},
     {0, -.05},
     {END, 0},
     {END, 0}},
    {{-.45, .85},
     {-.05, 1},
     {.4, .6},
     {.6, -.2},
     {.45, -.8},
     {0, -1},
     {-.45, -.8},
     {-.58, -.35},
     {-.35, .05},
     {.1, .12},
     {.55, -.3},
     {END, 0},
     {END, 0}},
    {{0, -.95},
     {-.5, -.8},
     {-.85, -.4},
     {-.95, 0},
     {-.85, .4},
     {-.5, .8},
     {0, .95},
     {.5, .8},
     {.85, .4},
     {.95, 0},
     {.85, -.4},
     {.5, -.8},
     {0, -.95},
     {END, 0},
     {END, 0}},
    {{-.8, -.8}, {.8, -.8}, {.8, .8}, {-.8, .8}, {-.8, -.8}, {END, 0}, {END, 0}},
    {{0, -.95}, {.9, .75}, {-.9, .75}, {0, -.95}, {END, 0}, {END, 0}},
    {{0, -.9}, {0, .9}, {END, 0}, {-.9, 0}, {.9, 0}, {END, 0}, {END, 0}},
    {{0, -1}, {.56, .77}, {-.9, -.3}, {.9, -.3}, {-.56, .77}, {0, -1}, {END, 0}, {END, 0}},
    {{0, 1}, {0, -1}, {END, 0}, {-.6, -.35}, {0, -1}, {.6, -.35}, {END, 0}, {END, 0}},
};

const char *const drawn_names[DRAWN_CLASSES] = {
    "0", "1", "2",      "3",      "4",        "5",    "6",    "7",
    "8", "9", "circle", "square", "triangle", "plus", "star", "arrow"};

/* ---- one picture ---- */

/* What is drawn anew for each picture, uniform in 0 .. 1. */
enum { ANGLE, SLANT, WIDE, HIGH, RIGHT, DOWN, WEIGHT, INK, DRAWS };

static double between(double u, double low, double high) {
    return low + (high - low) * u;
}

/* The figure's points where the picture has them, in pixels. A rotation by its half angle's
 * tangent, which needs no sine. */
static void place(const point *figure, const float *u, point *placed) {
    double t = between((double)u[ANGLE], -.2, .2), slant = between((double)u[SLANT], -.25, .25);
    double cosine = (1 - t * t) / (1 + t * t), sine = 2 * t / (1 + t * t);
    double wide = between((double)u[WIDE], .75, 1.1) * DRAWN_SIZE / 3;
    double high = between((double)u[HIGH], .75, 1.1) * DRAWN_SIZE / 3;
    double right = DRAWN_SIZE / 2.0 + between((double)u[RIGHT], -3, 3);
    double down = DRAWN_SIZE / 2.0 + between((double)u[DOWN], -3, 3);
    for (int i = 0; i < POINTS_MAX; i++) {
        double x = (figure[i].x + slant * figure[i].y) * wide, y = figure[i].y * high;
        placed[i].x = right + cosine * x - sine * y;
        placed[i].y = down + sine * x + cosine * y;
    }
}

static double square_distance(point p, point a, point b) {
    double dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
    double t = ((p.x - a.x) * dx + (p.y - a.y) * dy) / length;
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    double x = p.x - a.x - t * dx, y = p.y - a.y - t * dy;
    return x * x + y * y;
}

static void draw(const point *figure, const float *u, float *pixels) {
    point placed[POINTS_MAX];
    double half = between((double)u[WEIGHT], .7, 1.5), ink = between((double)u[INK], .65, 1);
    place(figure, u, placed);
    for (int i = 0; i < DRAWN_SIZE; i++)
        for (int j = 0; j < DRAWN_SIZE; j++) {
            point p = {j + .5, i + .5};
            double nearest = DRAWN_SIZE * DRAWN_SIZE;
            for (int k = 0; figure[k].x < END || figure[k + 1].x < END; k++)
                if (figure[k].x < END && figure[k + 1].x < END)
                    nearest = fmin(nearest, square_distance(p, placed[k], placed[k + 1]));
            double covered = half - sqrt(nearest) + .5; /* of the pixel */
            pixels[i * DRAWN_SIZE + j] = (float)(ink * fmin(fmax(covered, 0), 1));
        }
}

/* ---- all of them ---- */

bool drawn_pictures(int64_t count, ore_generator *g, ore_tensor **x, ore_tensor **y) {
    ore_shape shape = ORE_SHAPE(count, 1, DRAWN_SIZE, DRAWN_SIZE);
    *y = ore_randint(0, DRAWN_CLASSES, ORE_SHAPE(count), ORE_INT64, g);
    ore_tensor *draws = ore_rand(ORE_SHAPE(count, DRAWS), ORE_FLOAT32, g);
    ore_tensor *noise = ore_randn(shape, ORE_FLOAT32, g);
    ore_tensor *clean = ore_empty(shape, ORE_FLOAT32);
    if (!clean)
        return false;
    const float *u = ore_data(draws);
    const int64_t *label = ore_data(*y);
    float *pixels = ore_data_mut(clean);
    for (int64_t n = 0; n < count; n++)
        draw(figures[label[n]], u + n * DRAWS, pixels + n * DRAWN_SIZE * DRAWN_SIZE);
    *x = ore_clamp(ore_add(clean, ore_mul_scalar(noise, .2)), 0, 1);
    return ore_ok();
}
