# cmake -DINPUT=file -DOUTPUT=dir/stem -DSYMBOL=name -P embed.cmake
# Writes OUTPUT.h and OUTPUT.c: the file's bytes as `SYMBOL[]`, their number as `SYMBOL_bytes`.
get_filename_component(stem "${OUTPUT}" NAME)
file(READ "${INPUT}" hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR bytes "${digits} / 2")
if(bytes EQUAL 0)
  message(FATAL_ERROR "embed: ${INPUT} is empty")
endif()
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," list "${hex}")
string(REGEX REPLACE
       "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)"
       "\\1\n" list "${list}")

file(WRITE "${OUTPUT}.h" "/* Generated at build time by cmake/embed.cmake. */
#pragma once
#include <stddef.h>

extern const unsigned char ${SYMBOL}[];
extern const size_t ${SYMBOL}_bytes;
")
file(WRITE "${OUTPUT}.c" "/* Generated at build time by cmake/embed.cmake. */
#include \"${stem}.h\"

const unsigned char ${SYMBOL}[] = {
${list}
};
const size_t ${SYMBOL}_bytes = sizeof ${SYMBOL};
")
