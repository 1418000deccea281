/* characters.h: properties of characters, from utf8proc's tables. */
#ifndef ORE_TEXT_CHARACTERS_H
#define ORE_TEXT_CHARACTERS_H

#include <ore/base.h>

/* White_Space: what Rust's char::is_whitespace, and \s of regular expressions, mean. */
bool ore_is_space(uint32_t code_point);
/* General category N: digits of any script, letter numbers, fractions. */
bool ore_is_number(uint32_t code_point);
/* General category P as of Unicode 8, or an ASCII character that is neither letter, digit, space
 * nor control. Of Unicode 8, since that is what Hugging Face's tokenizers ask for words of
 * BERT's: what became punctuation later stays part of the word for them. */
bool ore_is_punctuation(uint32_t code_point);
/* \w of Rust's regular expressions: Alphabetic, M, Nd, Pc, Join_Control. */
bool ore_is_word(uint32_t code_point);
/* General category M: Mn, Mc, Me. */
bool ore_is_mark(uint32_t code_point);
/* General category Mn; where that has changed since Unicode 8, as it was then
 * (ore_is_punctuation). */
bool ore_is_nonspacing_mark(uint32_t code_point);
/* General categories Cc, Cf, Co and Cs: control, format, private use, surrogates. */
bool ore_is_control(uint32_t code_point);

enum { ORE_LOWER_MAX = 2, ORE_DECOMPOSED_MAX = 18 };
/* The lower case of a character by itself, up to ORE_LOWER_MAX characters; returns how many. */
int ore_lower(uint32_t code_point, uint32_t *lower);
int ore_combining_class(uint32_t code_point);
/* Its full decomposition, canonical or compatibility, up to ORE_DECOMPOSED_MAX characters; returns
 * how many. */
int ore_decompose(uint32_t code_point, bool compatible, uint32_t *decomposed);
/* What a starter and a character behind it compose to; 0: nothing. */
uint32_t ore_compose(uint32_t starter, uint32_t code_point);
/* Whether no normalization form (NFC, NFD, NFKC, NFKD) joins, changes or reorders this character
 * together with those before it, whatever they are. */
bool ore_is_normalization_boundary(uint32_t code_point);

/* Walks grapheme clusters (Unicode Standard Annex 29): whether one may end between two characters;
 * *state is 0 at the start of a text. */
bool ore_grapheme_break(uint32_t before, uint32_t behind, int *state);

#endif
