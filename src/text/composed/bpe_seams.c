/* bpe_seams.c: where a split can be cut without a change of its ids. A merge makes a token of the
 * vocabulary, so where two characters stand side by side in none, nothing is ever merged across. */
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "text/composed/bpe_model.h"

/* The pairs of neighbours in tokens are bits by a hash: two pairs that share one only mean that a
 * seam is not seen. 2^20 bits are 128 KiB; Llama 2's vocabulary has 8,000 pairs, o200k's 10^6. */
enum { SEAM_BITS = 20 };

static uint32_t hash_pair(uint32_t left, uint32_t right) {
    uint64_t key = (uint64_t)left << 32 | right;
    return (uint32_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> (64 - SEAM_BITS));
}

/* The character of `size` bytes at *at, and *at behind it; a byte that begins none counts as one
 * above all characters. */
static uint32_t next_character(const uint8_t **at, const uint8_t *end) {
    uint32_t code_point;
    int n = ore_utf8_decode(*at, end, &code_point);
    if (n == 0)
        code_point = ORE_CODE_POINTS + **at;
    *at += n ? n : 1;
    return code_point;
}

static void note_token(bpe_model *self, const char *bytes, size_t size) {
    const uint8_t *at = (const uint8_t *)bytes, *end = at + size;
    uint32_t before = at < end ? next_character(&at, end) : 0;
    while (at < end) {
        uint32_t c = next_character(&at, end), bit = hash_pair(before, c);
        self->seams[bit / 64] |= UINT64_C(1) << bit % 64;
        before = c;
    }
}

/* Whether a merge takes a token that stands for a byte of a character without a token. */
static bool merges_fallback(const bpe_model *self) {
    for (int64_t i = 0; self->options.byte_fallback && i < self->merge_count; i++)
        for (int byte = 0; byte < 256; byte++)
            if (self->merges[i].left == self->byte_ids[byte] ||
                self->merges[i].right == self->byte_ids[byte])
                return true;
    return false;
}

/* Whether each character without a token becomes tokens of its bytes. */
static bool falls_back(const bpe_model *self) {
    bool fallback = self->options.byte_fallback;
    for (int byte = 0; byte < 256 && fallback; byte++)
        fallback = self->byte_ids[byte] >= 0;
    return fallback;
}

void ore_bpe_seams_fill(bpe_model *self, const ore_composed *composed) {
    const bool fallback = falls_back(self);
    /* Where characters are left out, merges join what stands on their sides. */
    bool leaves_out = self->options.drop_unknown && self->options.unknown < 0 && !fallback;
    if (!ore_ok() || composed->byte_level || self->affixed || merges_fallback(self) || leaves_out)
        return;
    self->unknown_reaches =
        self->options.fuse_unknown || (self->options.byte_fallback && !fallback);
    self->seams = ore_alloc_zero(((size_t)1 << SEAM_BITS) / 8);
    for (int64_t id = 0; self->seams && id < composed->vocab.count; id++) {
        size_t size;
        const char *bytes = ore_vocab_at(&composed->vocab, id, &size);
        note_token(self, bytes, size);
    }
}

bool ore_bpe_is_seam(const bpe_model *self, const ore_composed *composed, const char *text,
                     size_t size, size_t at) {
    const uint8_t *right = (const uint8_t *)text + at, *left = right - 1;
    if (!self->seams || (*right & 0xC0) == 0x80)
        return false;
    while (left > (const uint8_t *)text && (*left & 0xC0) == 0x80)
        left--;
    const uint8_t *from = left;
    uint32_t a = next_character(&from, right), b = next_character(&right, right + (size - at));
    uint32_t bit = hash_pair(a, b);
    if (self->seams[bit / 64] >> bit % 64 & 1)
        return false;
    return !self->unknown_reaches ||
           ore_vocab_find(&composed->vocab, (const char *)left,
                          (size_t)((const uint8_t *)text + at - left)) >= 0;
}

size_t ore_bpe_cut(const ore_stage *stage, const ore_composed *composed, const char *text,
                   size_t size) {
    const bpe_model *self = (const bpe_model *)stage;
    if (!self->seams || size < 2)
        return 0;
    size_t at = size - 1;
    while (at > 0 && !ore_bpe_is_seam(self, composed, text, size, at))
        at--;
    return at;
}
