/* number.c: numbers as decimal text. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ore/io.h>

/* Any text of up to DBL_DIG digits that reads back as a normal number is what "%.*g" with DBL_DIG
 * gives, without the zeros at its end. Numbers nearer to 0 have fewer bits, so fewer digits. */
const char *ore_number_text(double value, char text[ORE_NUMBER_TEXT_BYTES]) {
    int digits = fabs(value) < DBL_MIN ? 1 : DBL_DIG;
    do
        snprintf(text, ORE_NUMBER_TEXT_BYTES, "%.*g", digits, value);
    while (digits++ < DBL_DECIMAL_DIG && strtod(text, NULL) != value);
    /* The host's locale may have put another mark for the point. */
    for (char *c = text; isfinite(value) && *c; c++)
        if (!strchr("0123456789+-e", *c))
            *c = '.';
    return text;
}
