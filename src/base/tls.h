/* tls.h: thread-local variables on the path of every op.
 *
 * The usual way to a thread-local of a shared library is a call; these are read in one instruction.
 * Only a few bytes in all may be declared so: a library that is loaded late finds little room of
 * this kind. */
#ifndef ORE_BASE_TLS_H
#define ORE_BASE_TLS_H

#define ORE_HOT_THREAD_LOCAL __attribute__((tls_model("initial-exec"))) _Thread_local

#endif
