/* base.h: what every part of Ore shares: errors, dtypes, threads, memory figures, version.
 *
 * The library never exits and never prints. A user's mistake makes a function return NULL or a
 * status, and sets a message for the calling thread. The first error sticks: while it is pending
 * every builder returns NULL and steps and file writes refuse, so a whole training step needs one
 * check, ore_ok(). */
#ifndef ORE_BASE_H
#define ORE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define ORE_BEGIN_DECLS extern "C" {
#define ORE_END_DECLS   }
#else
#define ORE_BEGIN_DECLS
#define ORE_END_DECLS
#endif

#ifdef __GNUC__
#define ORE_API                 __attribute__((visibility("default")))
#define ORE_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define ORE_API
#define ORE_PRINTF(text, first)
#endif

ORE_BEGIN_DECLS

/* ---- version ---- */

/* "MAJOR.MINOR.PATCH" */
ORE_API const char *ore_version(void);

/* ---- errors (one pending error per thread) ---- */

typedef enum ore_status {
    ORE_OK = 0,
    ORE_INVALID,     /* an argument that cannot be: shape, dtype, range, option */
    ORE_DATA,        /* data or a file that is not what it should be */
    ORE_IO,          /* the system refused a file operation */
    ORE_MEMORY,      /* no memory */
    ORE_UNSUPPORTED, /* a device, kernel or optional part that is not here */
    ORE_STATE,       /* right call, wrong moment: a released graph, a changed saved value */
} ore_status;

enum { ORE_MESSAGE_BYTES = 1024 };

typedef struct ore_error {
    ore_status status;
    char message[ORE_MESSAGE_BYTES];
} ore_error;

/* True while no error is pending on this thread. */
ORE_API bool ore_ok(void);
ORE_API ore_status ore_error_status(void);
/* The pending message, one line; "" when none. Valid until the next error or clear. */
ORE_API const char *ore_error_message(void);
ORE_API void ore_error_clear(void);

/* Sets the thread's error unless one is pending; returns `status` either way, so that
 * `return ore_fail(ORE_DATA, "...")` reads naturally. */
ORE_API ore_status ore_fail(ore_status status, const char *format, ...) ORE_PRINTF(2, 3);
/* Puts "where: " in front of the pending message, once per error: the innermost caller names it. */
ORE_API void ore_error_locate(const char *where);
/* Moves the pending error out (status ORE_OK if none), to hand over to another thread. */
ORE_API void ore_error_take(ore_error *error);
/* Raises a taken error on this thread; ORE_OK raises nothing. */
ORE_API ore_status ore_error_raise(const ore_error *error);

/* ---- element types ---- */

typedef enum ore_dtype {
    ORE_FLOAT32,
    ORE_FLOAT64,
    ORE_BFLOAT16,
    ORE_FLOAT16,
    ORE_INT64,
    ORE_INT32,
    ORE_UINT8,
    ORE_BOOL,
} ore_dtype;

enum { ORE_DTYPE_COUNT = ORE_BOOL + 1 };

/* Bytes of one element; 0 for what is no dtype. */
ORE_API size_t ore_dtype_size(ore_dtype dtype);
/* "float32", "bfloat16", "int64", "bool" ...; "unknown dtype". */
ORE_API const char *ore_dtype_name(ore_dtype dtype);
/* The dtype of that name into *dtype; false (no error raised) if there is none. */
ORE_API bool ore_dtype_from_name(const char *name, ore_dtype *dtype);
ORE_API bool ore_dtype_is_floating(ore_dtype dtype);
/* torch.promote_types: the smallest dtype that holds both kinds. */
ORE_API ore_dtype ore_promote_types(ore_dtype a, ore_dtype b);

/* ---- threads ---- */

/* Threads that kernels use, the calling one included. The default is the number of cores this
 * process may run on. n < 1 or > 256 is ORE_INVALID. Results do not depend on it, bit for bit. Not
 * to be changed while another thread computes. With ORE_PIN=1 in the environment each thread but
 * the calling one stays on a core of its own. */
ORE_API ore_status ore_set_num_threads(int n);
ORE_API int ore_num_threads(void);

typedef void (*ore_chunk_fn)(void *argument, int64_t chunk);
/* Calls fn(argument, i) once for each i of 0 .. chunks - 1, on the calling thread and the workers
 * of the pool, and returns when all calls have returned. Any thread may run any chunk, in any
 * order. For equal results with any number of threads, what a chunk computes must depend on its
 * number alone, and `chunks` on shapes alone. A call from inside a chunk, or while another thread
 * of the program uses the pool, runs its chunks one after the other on its own thread. Never
 * fails; an error that a chunk raised is pending on the caller afterwards. */
ORE_API void ore_parallel_for(int64_t chunks, ore_chunk_fn fn, void *argument);

/* ---- time ---- */

/* Seconds on a clock that only goes forward, whatever happens to the date. Where it starts is left
 * to the system: the difference of two readings is the time between them. */
ORE_API double ore_clock_s(void);

/* ---- processor ---- */

/* Usable instruction sets, "sse4.2 avx avx2 fma ..." or "neon asimdhp ...". */
ORE_API const char *ore_cpu_features_text(void);
/* The processor's own name, or "unknown". */
ORE_API const char *ore_cpu_model_name(void);

/* ---- memory ---- */

typedef struct ore_memory_stats {
    size_t in_use_bytes;   /* handed out now */
    size_t peak_bytes;     /* max handed out since ore_memory_reset_peak */
    size_t reserved_bytes; /* taken from the system, handed out or cached */
    uint64_t system_calls; /* calls to the system allocator so far (malloc and free) */
} ore_memory_stats;

ORE_API void ore_memory_read(ore_memory_stats *stats);
ORE_API void ore_memory_reset_peak(void);
/* Gives cached blocks back to the system. */
ORE_API void ore_memory_trim(void);
/* Frees a text that a function returned as the caller's; NULL is allowed. */
ORE_API void ore_string_free(char *text);

ORE_END_DECLS

#endif
