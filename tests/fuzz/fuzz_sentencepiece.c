/* Any bytes as a SentencePiece model: refused with one line, or a tokenizer
 * that encodes texts without harm. */
#include "tokenizer_checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    check_format(&ore_sentencepiece_format, data, size);
    return 0;
}
