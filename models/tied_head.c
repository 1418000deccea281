/* tied_head.c: whether a head that a file stores beside the embedding is the same. */
#include <string.h>

#include <ore/ops.h>

#include "models/tied_head.h"

static bool same_bits(ore_tensor *a, ore_tensor *b) {
    if (!a || !b || !ore_shape_equal(ore_shape_of(a), ore_shape_of(b)))
        return false;
    return memcmp(ore_data(a), ore_data(b),
                  (size_t)ore_numel(a) * ore_dtype_size(ore_tensor_dtype(a))) == 0;
}

ore_status tied_head_check(ore_tensor_file *file, const char *name, ore_tensor *embedding) {
    if (!ore_ok() || !ore_tensor_file_find(file, name))
        return ore_error_status();
    ore_scope_begin();
    ore_tensor *tied = ore_contiguous(embedding);
    ore_tensor *own = ore_to(ore_tensor_file_tensor(file, name), ore_tensor_dtype(tied));
    if (!same_bits(ore_contiguous(own), tied) && ore_ok())
        ore_fail(ORE_DATA, "tie_word_embeddings: true, but %s is not the embedding", name);
    ore_scope_end();
    return ore_error_status();
}
