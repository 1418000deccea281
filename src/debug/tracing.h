/* tracing.h: what of a thread's work is looked at, for anomalies and for a profile, and the module
 * that each part of it belongs to. */
#ifndef ORE_DEBUG_TRACING_H
#define ORE_DEBUG_TRACING_H

#include <ore/debug.h>

#include "core/tracer.h"

/* Switches looking for anomalies, or a profile (NULL: none), on or off for the calling thread. */
void debug_trace_anomalies(bool on);
void debug_trace_profile(ore_profile *profile);
bool debug_traces_anomalies(void);
ore_profile *debug_traced_profile(void);

/* What is done for a profile or a message is not looked at itself. */
void debug_look_away(bool away);

/* ---- anomaly.c ---- */

void debug_check_result(const char *op, ore_tensor *y, int n, ore_tensor *const *inputs);
/* Notes what a node's backward begins with, and looks at what it made; `path` is that of the module
 * that recorded it. */
void debug_note_backward(ore_node *node, ore_tensor *dy);
void debug_check_backward(ore_node *node, const char *path);

/* ---- profile.c ---- */

void debug_profile_kernel_begin(ore_profile *p);
void debug_profile_kernel_end(ore_profile *p, const char *row, const char *path);
void debug_profile_op(ore_profile *p, const char *op, ore_tensor *y, int n,
                      ore_tensor *const *inputs, const char *path);
void debug_profile_backward_begin(ore_profile *p);
void debug_profile_backward_end(ore_profile *p, const char *op, const char *path);
void debug_profile_module_begin(ore_profile *p, const char *path);
void debug_profile_module_end(ore_profile *p, const char *path);

#endif
