/* shards.h: the files of a folder of shards. */
#ifndef ORE_DATA_SHARDS_H
#define ORE_DATA_SHARDS_H

#include <ore/shards.h>

#define ORE_SHARDS_FILE "data.json"

/* "train", "val", "test": how the names of a part's shards begin. */
const char *ore_part_file(ore_part part);

#endif
