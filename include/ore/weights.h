/* weights.h: a module's weights and an optimizer's state as files, in the safetensors format.
 *
 *     ore_module_save(&net.module, "net.safetensors");
 *     ore_module_load(&net.module, "net.safetensors");
 *
 * A file is written whole or not at all, as ore_file_write does. Loading a file from the folder of
 * a checkpoint compares what it reads with the digests that the checkpoint was saved with
 * (ore_checkpoint_open_weights in io.h); a file that lies elsewhere has none. */
#ifndef ORE_WEIGHTS_H
#define ORE_WEIGHTS_H

#include <ore/optim.h>

ORE_BEGIN_DECLS

/* Writes what ore_module_state lists, in its order: parameters and persistent buffers, each tensor
 * once under its first name. */
ORE_API ore_status ore_module_save(const ore_module *module, const char *path);
/* The same with the floating tensors as `dtype`, rounded to the nearest value of it; what lies
 * beyond the range of float16 becomes infinite, as in PyTorch's casts. ORE_INVALID: dtype is not a
 * floating one. */
ORE_API ore_status ore_module_save_as(const ore_module *module, const char *path, ore_dtype dtype);
/* Copies the file's tensors into those of the module, which must have the same names, shapes and
 * dtypes: ORE_DATA, naming the file and the tensor, for one that is missing, of another shape or
 * dtype, or not the module's. Tensors before the one that failed have been copied then. */
ORE_API ore_status ore_module_load(ore_module *module, const char *path);
/* The same for a file of other floating dtypes: the module's tensors take those of the file, as
 * PyTorch's load_state_dict(.., assign=True) lets them. Handles stay valid, ties too; gradients
 * become none. ore_module_to then makes them what is computed in. */
ORE_API ore_status ore_module_load_assign(ore_module *module, const char *path);

/* Writes what ore_optimizer_state lists. */
ORE_API ore_status ore_optimizer_save(const ore_optimizer *optimizer, const char *path);
/* Reads such a file into an optimizer over the same parameters, as ore_optimizer_load_state does;
 * the error names the file. After a failure the optimizer has no state. */
ORE_API ore_status ore_optimizer_load(ore_optimizer *optimizer, const char *path);

ORE_END_DECLS

#endif
