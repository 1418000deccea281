/* loss_curve.h: the picture of the losses of a run. */
#ifndef ORE_TOOL_LOSS_CURVE_H
#define ORE_TOOL_LOSS_CURVE_H

#include <ore/base.h>

/* Draws the losses in DIR/metrics.jsonl as DIR/loss.svg and DIR/loss.png. ORE_UNSUPPORTED without
 * gnuplot. */
ore_status loss_curve_draw(const char *dir, const char *title);

#endif
