/* number.c: numbers as decimal text. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ore/io.h>

/* The shortest decimal text that reads back as the same double. C guarantees that a text of up to
 * DBL_DIG (15) digits survives the way through a double, so where 15 digits read back as `value`,
 * "%.15g" without zeros at its end is the shortest text. Subnormal numbers, near 0, have fewer bits
 * and so fewer digits that count: for them all lengths are tried from 1 digit on. */
const char *ore_number_text(double value, char text[ORE_NUMBER_TEXT_BYTES]) {
    int digits = fabs(value) < DBL_MIN ? 1 : DBL_DIG;
    do
        snprintf(text, ORE_NUMBER_TEXT_BYTES, "%.*g", digits, value);
    while (digits++ < DBL_DECIMAL_DIG && strtod(text, NULL) != value);
    /* A locale that the program has set may write the decimal point as a comma. */
    for (char *c = text; isfinite(value) && *c; c++)
        if (!strchr("0123456789+-e", *c))
            *c = '.';
    return text;
}
