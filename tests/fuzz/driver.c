/* Runs a fuzz target without libFuzzer: over each file named, cut at every length up to 4096, and
 * over mutations of it drawn from a fixed seed; where ORE_EMULATED says that an emulator runs it,
 * over an eighth of them. usage: fuzz_NAME FILE... */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MUTATIONS = 20000, CUTS = 4096, LARGEST = 1 << 20, EMULATED_SHARE = 8 };

static uint64_t random_state = 1;

static uint32_t draw(size_t below) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % below);
}

/* In memory of the exact size, so that the sanitizers see a read past the end. */
static void try_copy(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

/* Turns a bit, sets a byte to one of those that formats care about, copies or removes a piece. */
static size_t mutate(uint8_t *data, size_t size) {
    static const char telling[] = "{}[]\",:0129-.eE\\ \n\xff\x80\x7f\0tfn";
    if (size == 0)
        return 0;
    size_t at = draw(size);
    size_t length = 1 + draw(size - at < 16 ? size - at : 16);
    switch (draw(4)) {
    case 0:
        data[at] ^= (uint8_t)(1u << draw(8));
        return size;
    case 1:
        data[at] = (uint8_t)telling[draw(sizeof telling)];
        return size;
    case 2:
        memmove(data + draw(size - length + 1), data + at, length);
        return size;
    default:
        memmove(data + at, data + at + length, size - at - length);
        return size - length;
    }
}

static int run_file(const char *path) {
    const size_t share = getenv("ORE_EMULATED") ? EMULATED_SHARE : 1;
    static uint8_t data[LARGEST], work[LARGEST];
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "%s: cannot open\n", path);
        return 1;
    }
    size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    try_copy(data, size);
    for (size_t cut = 0; cut < size && cut < CUTS / share; cut++)
        try_copy(data, cut);
    for (size_t m = 0; m < MUTATIONS / share; m++) {
        memcpy(work, data, size);
        size_t length = size;
        for (uint32_t changes = 1 + draw(4); changes > 0; changes--)
            length = mutate(work, length);
        try_copy(work, length);
    }
    return 0;
}

int main(int argc, char **argv) {
    int status = argc < 2;
    for (int i = 1; i < argc; i++)
        status |= run_file(argv[i]);
    return status;
}
