// Measures the largest error of mathematics.c, in ulp of the double result, against the long double functions of Glibc (64 bits of
// mantissa, about 1 ulp of their own: 2^-11 ulp here). Sets of arguments per function: uniform, log-uniform and near what is
// delicate there (reduction boundaries, 0, 1, the ends of an interval of a polynomial).
//
//   clang -O2 -ffp-contract=off check.c mathematics.c -lm -o check && ./check [arguments per set] [seed]
#define _GNU_SOURCE
#include "CMathematics.h"
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;
static uint64_t next_bits(void) {  // SplitMix64 (Steele, Lea, Flood 2014).
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}
static double unit(void) { return (double)(next_bits() >> 11) * 0x1p-53; }

typedef struct {
  char kind;  // u uniform, l log-uniform with either sign, p log-uniform positive, n near multiples of `step`.
  double from, to, step;
} set;

static double draw(set s) {
  if (s.kind == 'u') return s.from + (s.to - s.from) * unit();
  if (s.kind == 'n') {
    double multiple = rint((s.from + (s.to - s.from) * unit()) / s.step) * s.step;
    double away = ldexp(unit() - 0.5, -(int)(next_bits() % 52));
    return multiple + away * s.step;
  }
  double size = exp2(s.from + (s.to - s.from) * unit()) * (1 + unit() * 1e-3);
  return s.kind == 'l' && next_bits() & 1 ? -size : size;
}

// Far from the subnormals the ulp is that of the reference's binade; among them the smallest.
static double error(double got, long double right) {
  if (isnan(got) && isnan(right)) return 0;
  if (isinf((double)right) || isinf(got)) return got == (double)right ? 0 : INFINITY;
  if (right == 0) return got == 0 ? 0 : INFINITY;
  int exponent = ilogbl(right);
  if (exponent < -1022) exponent = -1022;
  return (double)(fabsl((long double)got - right) / ldexpl(1, exponent - 52));
}

typedef struct {
  const char *name;
  double (*function)(double);
  long double (*reference)(long double);
  set sets[8];
} function;

#define LN2 0.69314718055994530942
#define HALFPI 1.57079632679489661923
static const function functions[] = {
  {"exp", math_exp, expl, {{'u', -1, 1, 0}, {'u', -708, 709.79, 0}, {'u', -745.2, -708, 0}, {'l', -60, 9.4, 0},
                              {'n', -700, 700, LN2 / 2}, {'n', -5, 5, LN2 / 2}}},
  {"exp10", math_exp10, exp10l, {{'u', -1, 1, 0}, {'u', -307, 308.26, 0}, {'u', -323.7, -307, 0}, {'l', -60, 8.2, 0},
                                    {'n', -300, 300, 0.15051499783199059761}, {'n', -2, 2, 0.15051499783199059761}}},
  {"log", math_log, logl, {{'u', 0.5, 2, 0}, {'u', 0, 1000, 0}, {'p', -1074, 1023.9, 0}, {'n', 0.6, 1.4, 1},
                              {'n', 0.5, 40, 1.41421356237309504880 / 2}, {'p', -2, 2, 0}}},
  {"log1p", math_log1p, log1pl, {{'u', -1, 1, 0}, {'u', -0.5, 1000, 0}, {'l', -60, -0.1, 0}, {'p', -1000, 1023.9, 0},
                                    {'n', -0.6, 0.6, 0.29}, {'n', 0, 3, 0.41}, {'n', -0.99, -0.9, 0.9999999}}},
  {"sin", math_sin, sinl, {{'u', -4, 4, 0}, {'u', -1e6, 1e6, 0}, {'l', -40, 20, 0}, {'n', -1e6, 1e6, HALFPI},
                              {'n', -30, 30, HALFPI / 2}, {'u', 1e6, 1e7, 0}, {'l', 20, 1023.9, 0}}},
  {"cos", math_cos, cosl, {{'u', -4, 4, 0}, {'u', -1e6, 1e6, 0}, {'l', -40, 20, 0}, {'n', -1e6, 1e6, HALFPI},
                              {'n', -30, 30, HALFPI / 2}, {'u', 1e6, 1e7, 0}, {'l', 20, 1023.9, 0}}},
  {"tanh", math_tanh, tanhl, {{'u', -1, 1, 0}, {'u', -22, 22, 0}, {'l', -60, 5, 0}, {'n', -1, 1, 0.5}, {'u', 0.5, 0.7, 0}}},
  {"erf", math_erf, erfl, {{'u', -1, 1, 0}, {'u', -6.1, 6.1, 0}, {'l', -60, 3, 0}, {'n', -1.2, 1.2, 0.5}, {'u', 1.3, 1.8, 0},
                              {'l', -1074, -1000, 0}}},
};

static int same(double a, double b) { return memcmp(&a, &b, sizeof a) == 0; }
static int failures;
static void special(const char *name, double got, double right) {
  if (!same(got, right)) printf("WRONG %s: %a, not %a\n", name, got, right), failures++;
}
#define SPECIAL(f, x, right) special(#f "(" #x ")", math_##f(x), right)

static void specials(void) {
  const uint64_t quiet = 0x7ff8000000000000;
  double none, inf = INFINITY;
  memcpy(&none, &quiet, sizeof none);
  for (int i = 0; i < 8; i++) special(functions[i].name, functions[i].function(-none), none);
  SPECIAL(exp, inf, inf), SPECIAL(exp, -inf, 0.0), SPECIAL(exp, 0.0, 1), SPECIAL(exp, -0.0, 1);
  SPECIAL(exp, 0x1.62e42fefa39efp+9, 0x1.fffffffffff2ap+1023), SPECIAL(exp, 0x1.62e42fefa39f0p+9, inf);
  SPECIAL(exp, -0x1.74910d52d3051p+9, 0x1p-1074), SPECIAL(exp, -0x1.74910d52d3053p+9, 0.0), SPECIAL(exp, 1e300, inf);
  SPECIAL(exp10, inf, inf), SPECIAL(exp10, -inf, 0.0), SPECIAL(exp10, -0.0, 1), SPECIAL(exp10, 308.3, inf);
  SPECIAL(exp10, -323.0, 0x1p-1074 * 2), SPECIAL(exp10, -324.0, 0.0);
  char text[16];
  for (int i = 0; i <= 22; i++) {
    snprintf(text, sizeof text, "1e%d", i);
    special(text, math_exp10(i), strtod(text, NULL));
  }
  SPECIAL(log, 0.0, -inf), SPECIAL(log, -0.0, -inf), SPECIAL(log, -1.0, none), SPECIAL(log, -inf, none), SPECIAL(log, inf, inf);
  SPECIAL(log, 1.0, 0.0), SPECIAL(log1p, 0.0, 0.0), SPECIAL(log1p, -0.0, -0.0), SPECIAL(log1p, -1.0, -inf);
  SPECIAL(log1p, -1.5, none), SPECIAL(log1p, -inf, none), SPECIAL(log1p, inf, inf), SPECIAL(log1p, 0x1p-1074, 0x1p-1074);
  SPECIAL(sin, 0.0, 0.0), SPECIAL(sin, -0.0, -0.0), SPECIAL(sin, inf, none), SPECIAL(sin, -inf, none);
  SPECIAL(sin, 0x1p-1074, 0x1p-1074), SPECIAL(cos, 0.0, 1), SPECIAL(cos, -0.0, 1), SPECIAL(cos, inf, none);
  SPECIAL(cos, -inf, none), SPECIAL(tanh, inf, 1), SPECIAL(tanh, -inf, -1), SPECIAL(tanh, -0.0, -0.0);
  SPECIAL(tanh, 0x1p-1074, 0x1p-1074), SPECIAL(erf, inf, 1), SPECIAL(erf, -inf, -1), SPECIAL(erf, 0.0, 0.0);
  SPECIAL(erf, -0.0, -0.0), SPECIAL(erf, 0x1p-1074, 0x1p-1074);
  // The argument below 2^1024 that is closest to a multiple of pi/2.
  SPECIAL(cos, 0x1.6ac5b262ca1ffp+849, (double)cosl(0x1.6ac5b262ca1ffp+849L));
  printf("specials: %d wrong\n", failures);
}

// One number for all bits: the same from every compiler, option and CPU.
static uint64_t checksum(long count) {
  uint64_t total = 0;
  for (int i = 0; i < 8; i++)
    for (int j = 0; j < 8 && functions[i].sets[j].kind; j++)
      for (long n = 0; n < count; n++) {
        uint64_t bits = next_bits();
        double x = (double)(int64_t)bits * 0x1p-60, y;
        if (n & 1) memcpy(&x, &bits, sizeof x);
        y = functions[i].function(x);
        memcpy(&bits, &y, sizeof bits);
        total = (total ^ bits) * 0x100000001b3;
      }
  return total;
}

int main(int argc, char **argv) {
  long count = argc > 1 ? atol(argv[1]) : 1000000;
  uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
  specials();
  state = 1;
  printf("checksum %016llx\n", (unsigned long long)checksum(20000));
  state = seed;
  for (int i = 0; i < 8; i++) {
    double largest = 0, where = 0;
    long total = 0;
    for (int j = 0; j < 8 && functions[i].sets[j].kind; j++, total += count) {
      double most = 0;
      for (long n = 0; n < count; n++) {
        double x = draw(functions[i].sets[j]);
        double e = error(functions[i].function(x), functions[i].reference(x));
        if (e > most) most = e;
        if (e > largest) largest = e, where = x;
      }
      printf("  %s %c %g to %g: %.4f\n", functions[i].name, functions[i].sets[j].kind, functions[i].sets[j].from,
             functions[i].sets[j].to, most);
    }
    printf("%-6s %.4f ulp at %a, of %ld arguments\n", functions[i].name, largest, where, total);
  }
  return failures != 0;
}
