/* loss_curve.h: the picture of a run's losses. */
#ifndef ORE_TOOL_LOSS_CURVE_H
#define ORE_TOOL_LOSS_CURVE_H

#include <ore/base.h>

/* Draws DIR/loss.svg and DIR/loss.png of DIR/metrics.jsonl. ORE_UNSUPPORTED where there is no
 * gnuplot. */
ore_status loss_curve_draw(const char *dir, const char *title);

#endif
