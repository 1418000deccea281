/* guarded.h: a device in a test: the host must not touch its memory.
 *
 * The memory is mapped twice. At the addresses that are handed out nothing may be read or written,
 * so that whoever looks behind one dies by a signal; the backend's copies use the other mapping. A
 * row copies all that its operands lie in to the host, calls the CPU's row, and copies it back;
 * only the rows of guarded_rows.def are there. */
#ifndef ORE_TESTS_SUPPORT_GUARDED_H
#define ORE_TESTS_SUPPORT_GUARDED_H

#include "backend/backend.h"

#define GUARDED ((ore_device)(ORE_DEVICE_LIMIT - 1))

extern const ore_backend guarded_backend; /* "TEST" */

/* Makes it the backend of the device GUARDED; asserts that this succeeds. */
void guarded_register(void);
/* How often rows have been called so far. */
long guarded_calls(void);

#endif
