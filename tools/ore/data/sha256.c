/* sha256.c: SHA-256, as FIPS 180-4 has it in section 6.2. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "data/sha256.h"

enum { BLOCK = 64, LENGTH_AT = 56 };

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t x, int n) {
    return x >> n | x << (32 - n);
}

void sha256_begin(sha256_stream *s) {
    *s = (sha256_stream){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
                                   0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

/* One block: W, the message schedule, then 64 rounds over a .. h. */
static void digest_block(sha256_stream *s, const uint8_t *block) {
    uint32_t W[64], v[8];
    for (int t = 0; t < 16; t++)
        W[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 |
               (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
    for (int t = 16; t < 64; t++) {
        uint32_t s0 = rotate(W[t - 15], 7) ^ rotate(W[t - 15], 18) ^ W[t - 15] >> 3;
        uint32_t s1 = rotate(W[t - 2], 17) ^ rotate(W[t - 2], 19) ^ W[t - 2] >> 10;
        W[t] = s1 + W[t - 7] + s0 + W[t - 16];
    }
    memcpy(v, s->state, sizeof v);
    for (int t = 0; t < 64; t++) {
        uint32_t S1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
        uint32_t S0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
        uint32_t T1 = v[7] + S1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + K[t] + W[t];
        uint32_t T2 = S0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += T1;
        v[0] = T1 + T2;
    }
    for (int i = 0; i < 8; i++)
        s->state[i] += v[i];
}

void sha256_put(sha256_stream *s, const void *data, size_t bytes) {
    const uint8_t *at = data;
    size_t held = s->bytes % BLOCK;
    s->bytes += bytes;
    while (bytes > 0) {
        size_t n = BLOCK - held < bytes ? BLOCK - held : bytes;
        memcpy(s->block + held, at, n);
        at += n;
        bytes -= n;
        held += n;
        if (held == BLOCK) {
            digest_block(s, s->block);
            held = 0;
        }
    }
}

const char *sha256_end(sha256_stream *s, char *text) {
    uint64_t bits = 8 * s->bytes;
    uint8_t length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    sha256_put(s, "\x80", 1);
    while (s->bytes % BLOCK != LENGTH_AT)
        sha256_put(s, "", 1);
    sha256_put(s, length, sizeof length);
    for (int i = 0; i < 8; i++)
        snprintf(text + 8 * i, 9, "%08x", s->state[i]);
    return text;
}

ore_status sha256_file(const char *path, char *text) {
    char piece[1 << 16];
    sha256_stream s;
    size_t got;
    FILE *file = fopen(path, "rb");
    if (!file)
        return ore_fail(ORE_IO, "%.500s: cannot open: %s", path, strerror(errno));
    sha256_begin(&s);
    while ((got = fread(piece, 1, sizeof piece, file)) > 0)
        sha256_put(&s, piece, got);
    if (ferror(file))
        ore_fail(ORE_IO, "%.500s: cannot read: %s", path, strerror(errno));
    fclose(file);
    sha256_end(&s, text);
    return ore_error_status();
}
