// Elementary functions whose bits depend on neither the CPU nor the C library: additions, subtractions, multiplications and
// divisions of doubles in a fixed order, all of which IEEE 754 defines to the last bit. The error is at most 1 ulp; mathematics.c
// names the measured one of each. They suppose rounding to nearest; any NaN they return is 0x7ff8000000000000.
#pragma once

double math_exp(double x);
double math_exp10(double x);
double math_log(double x);
double math_log1p(double x);
double math_sin(double x);
double math_cos(double x);
double math_tanh(double x);
double math_erf(double x);
