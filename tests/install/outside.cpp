// outside.cpp: the headers read as C++, shapes and dims included.
#include <cstdio>

#include <ore/ore.h>

int main() {
    ore_tensor *x = ore_ones(ORE_SHAPE(2, 3), ORE_FLOAT32);
    std::printf("%g\n", ore_item(ore_sum(ore_sum(x, ORE_DIMS(0), false), ORE_ALL, false)));
    return ore_ok() ? 0 : 1;
}
