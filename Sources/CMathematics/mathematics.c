// Elementary functions in double precision, of + - * / alone: the same bits on every CPU.
//
// A function reduces its argument to a short interval, takes there a polynomial for the small part of its result, and keeps the
// large part as a pair of doubles, so that only the last addition rounds by as much as half an ulp. The polynomials interpolate at
// Chebyshev nodes (Scripts/reference/fit-mathematics, 80 digits); "error" below is that of the polynomial with its coefficients rounded to double.
//
// Largest measured errors (Scripts/reference/check-mathematics.c, against long double), in ulp:
//   exp 0.765 and exp10 0.773 (both among subnormal results, which round twice; elsewhere 0.62), log 0.528, log1p 0.532,
//   sin 0.801, cos 0.797 (at any finite argument), tanh 0.726, erf 0.790.
//
// The pragma below wins over the compiler's default and over -ffp-contract=on, but not over -ffp-contract=fast.
#pragma clang fp contract(off)
#include "CMathematics.h"
#include <float.h>
#include <stdint.h>
#include <string.h>

#if defined(__FAST_MATH__)
#error "fast-math would change the bits"
#endif
_Static_assert(FLT_EVAL_METHOD == 0, "wider registers would change the bits");

// The unevaluated sum of two doubles, low at most about half an ulp of high.
typedef struct {
  double high, low;
} pair;

static uint64_t bits_of(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static double double_of(uint64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static double not_a_number(void) { return double_of(0x7ff8000000000000); }
static double infinity(void) { return double_of(0x7ff0000000000000); }
static double magnitude(double x) { return double_of(bits_of(x) & 0x7fffffffffffffff); }
static double with_sign(double x, double sign) { return double_of(bits_of(x) | (bits_of(sign) & 0x8000000000000000)); }

// 2^k for a normal result.
static double power_of_two(int k) { return double_of((uint64_t)(k + 1023) << 52); }

// The integer closest to x, |x| < 2^51: above 1.5 * 2^52 doubles have no fraction.
static double nearest(double x) { return x + 0x1.8p52 - 0x1.8p52; }

// x * 2^k in two steps, of which only the second can leave the normal numbers, so that it rounds once.
static double scaled(double x, int k) { return x * power_of_two(k / 2) * power_of_two(k - k / 2); }

// a + b exactly, |a| >= |b| or a = 0.
static pair sum_ordered(double a, double b) {
  double high = a + b;
  return (pair){high, b - (high - a)};
}

// a + b exactly (Knuth).
static pair sum(double a, double b) {
  double high = a + b, second = high - a;
  return (pair){high, (a - (high - second)) + (b - second)};
}

// x as two halves of 26 bits (Veltkamp), |x| < 2^996.
static pair halves(double x) {
  double shifted = x * 134217729.0, high = shifted - (shifted - x);
  return (pair){high, x - high};
}

// a * b exactly (Dekker), short of underflow.
static pair product(double a, double b) {
  pair x = halves(a), y = halves(b);
  double high = a * b;
  return (pair){high, ((x.high * y.high - high) + x.high * y.low + x.low * y.high) + x.low * y.low};
}

// a * b for pairs, to about 2^-102.
static pair product_of_pairs(pair a, pair b) {
  pair p = product(a.high, b.high);
  return sum_ordered(p.high, p.low + (a.high * b.low + a.low * b.high));
}

// a / b for pairs, to about 2^-102: the double quotient and what its remainder adds.
static pair quotient(pair a, pair b) {
  double high = a.high / b.high;
  pair p = product(high, b.high);
  double remainder = (a.high - p.high) - p.low + a.low - high * b.low;
  return sum_ordered(high, remainder / b.high);
}

// c[0] + c[1] x + ... (Horner).
static double polynomial(const double *c, int count, double x) {
  double value = c[count - 1];
  for (int i = count - 2; i >= 0; i--) value = value * x + c[i];
  return value;
}
#define POLYNOMIAL(c, x) polynomial(c, sizeof(c) / sizeof *(c), x)

// exp and exp10: x = k ln 2 + r, |r| <= ln 2 / 2, and e^x = 2^k e^r.

// (e^r - 1 - r) / r^2 on |r| <= 0.34661; error * r^2 < 2^-61.
static const double exp_tail[] = {
  0x1.0p-1, 0x1.5555555555555p-3, 0x1.5555555555557p-5, 0x1.1111111111111p-7, 0x1.6c16c16c15a68p-10,
  0x1.a01a01a0196acp-13, 0x1.a01a01a9e991bp-16, 0x1.71de3a5aa7bb7p-19, 0x1.27e4d41966f2fp-22, 0x1.ae642c82e33d5p-26,
  0x1.1f7f2776cfaf2p-29, 0x1.61bfaa228dde5p-33
};

// e^r for a pair r.
static pair exp_reduced(pair r) {
  pair one_and_r = sum_ordered(1, r.high);
  double tail = r.high * r.high * POLYNOMIAL(exp_tail, r.high);
  return sum_ordered(one_and_r.high, one_and_r.low + (tail + (r.low + r.low * r.high)));
}

// e^x = result * 2^k, |x| < 800. The high part of ln 2 has 40 bits and k at most 11: their product is exact.
static pair exp_unscaled(double x, int *k) {
  double count = nearest(x * 0x1.71547652b82fep+0);
  *k = (int)count;
  return exp_reduced(sum(x - count * 0x1.62e42fefa2p-1, -(count * 0x1.9ef35793c7673p-41)));
}

double math_exp(double x) {
  if (x != x) return not_a_number();
  if (x > 710) return infinity();
  if (x < -746) return 0;
  int k;
  pair value = exp_unscaled(x, &k);
  return scaled(value.high, k);
}

// x = k log10(2) + t, r = t ln 10. The high part of log10(2) has 40 bits.
double math_exp10(double x) {
  if (x != x) return not_a_number();
  if (x > 309) return infinity();
  if (x < -324) return 0;
  double count = nearest(x * 0x1.a934f0979a371p+1);
  pair t = sum(x - count * 0x1.34413509f6p-2, -(count * 0x1.9fef311f12b36p-42));
  pair value = exp_reduced(product_of_pairs(t, (pair){0x1.26bb1bbb55516p+1, -0x1.f48ad494ea3e9p-53}));
  return scaled(value.high, (int)count);
}

// log and log1p: x = 2^k (1 + f), 1 + f from sqrt(1/2) to sqrt(2), and log(1 + f) = 2 atanh(s), s = f / (2 + f), |s| < 0.1716.

// (atanh(s) / s - 1) / s^2 as a polynomial in s^2 <= 0.02944; error * s^2 < 2^-60.
static const double log_tail[] = {
  0x1.5555555555555p-2, 0x1.9999999999a38p-3, 0x1.2492492476c87p-3, 0x1.c71c720160b47p-4, 0x1.745cf901605f7p-4,
  0x1.3b1c360763b8ap-4, 0x1.0fbe83c2cbcf3p-4, 0x1.0c04595972ab8p-4
};

// k ln 2 + log(1 + f) for a pair f.
static double log_reduced(double k, pair f) {
  pair denominator = sum_ordered(2, f.high);
  denominator.low += f.low;
  pair s = quotient(f, denominator);
  double square = s.high * s.high, tail = 2 * s.high * square * POLYNOMIAL(log_tail, square);
  pair large = sum_ordered(k * 0x1.62e42fefa2p-1, 2 * s.high);
  return large.high + (large.low + (2 * s.low + tail + k * 0x1.9ef35793c7673p-41));
}

// k of a normal x > 0: adding to the bits what lies between sqrt(1/2) and 1 moves the exponent's step from 1 to sqrt(1/2).
static int log_exponent(double x) {
  const uint64_t root_of_half = 0x3fe6a09e667f3bcd, one = 0x3ff0000000000000;
  return (int)((bits_of(x) + (one - root_of_half)) >> 52) - 1023;
}

double math_log(double x) {
  if (x != x || x < 0) return not_a_number();
  if (x == 0) return -infinity();
  if (x == infinity()) return x;
  int subnormal = x < DBL_MIN;
  if (subnormal) x *= 0x1p54;
  int k = log_exponent(x);
  double mantissa = double_of(bits_of(x) - ((uint64_t)(int64_t)k << 52));
  return log_reduced(subnormal ? k - 54 : k, (pair){mantissa - 1, 0});
}

// Near 0, f = x. Elsewhere f is 1 + x as a pair, scaled, less 1.
double math_log1p(double x) {
  if (x != x || x < -1) return not_a_number();
  if (x == -1) return -infinity();
  if (x == infinity() || magnitude(x) < 0x1p-54) return x;
  if (x > -0.29 && x < 0.41) return log_reduced(0, (pair){x, 0});
  pair whole = sum(1, x);
  int k = log_exponent(whole.high);
  double high = double_of(bits_of(whole.high) - ((uint64_t)(int64_t)k << 52));
  double low = whole.low * power_of_two(-k / 2) * power_of_two(-k - -k / 2);
  return log_reduced(k, sum(high - 1, low));
}

// sin and cos: x = k pi/2 + r, |r| <= pi/4.

// (sin(r) / r - 1) / r^2 as a polynomial in r^2 <= 0.6169; error * r^2 < 2^-57.
static const double sin_tail[] = {
  -0x1.5555555555555p-3, 0x1.111111111111p-7, -0x1.a01a01a019937p-13, 0x1.71de3a54607a5p-19, -0x1.ae64541295cdfp-26,
  0x1.61217ee5cca1bp-33, -0x1.ab17bdcbd3414p-41
};
// (cos(r) - 1 + r^2 / 2) / r^4 as a polynomial in r^2 <= 0.6169; error * r^4 < 2^-59.
static const double cos_tail[] = {
  0x1.5555555555555p-5, -0x1.6c16c16c16c16p-10, 0x1.a01a01a019d0ap-16, -0x1.27e4fb7712ca2p-22, 0x1.1eed8deb82809p-29,
  -0x1.9394b9eb4d56dp-37, 0x1.ab78473be59d7p-45
};

static double sin_reduced(pair r) {
  double square = r.high * r.high, tail = r.high * square * POLYNOMIAL(sin_tail, square);
  return r.high + (tail + (r.low - r.low * (square * 0.5)));
}

// 1 - r^2 / 2 is taken as a pair.
static double cos_reduced(pair r) {
  pair square = product(r.high, r.high);
  pair large = sum_ordered(1, -0.5 * square.high);
  double tail = square.high * square.high * POLYNOMIAL(cos_tail, square.high);
  return large.high + (large.low + (tail - (0.5 * square.low + r.high * r.low)));
}

// Cody and Waite, |x| <= 2^20: pi/2 in three parts of 33 bits, whose products with k < 2^20 are exact, and a fourth that makes up
// for what cancels when x is close to a multiple of pi/2: 152 bits in all.
static pair reduced_small(double x, int *quadrant) {
  double k = nearest(x * 0x1.45f306dc9c883p-1);
  *quadrant = (int)k & 3;
  pair second = sum(x - k * 0x1.921fb544p+0, -(k * 0x1.0b4611a6p-34));
  pair third = sum(second.high, -(k * 0x1.3198a2ep-69));
  return sum_ordered(third.high, third.low + second.low - k * 0x1.b839a252049c1p-104);
}

// 64 zero bits, then the first 1184 bits of 2/pi.
static const uint32_t two_over_pi[] = {
  0x00000000, 0x00000000, 0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041,
  0xfe5163ab, 0xdebbc561, 0xb7246e3a, 0x424dd2e0, 0x06492eea, 0x09d1921c, 0xfe1deb1c, 0xb129a73e,
  0xe88235f5, 0x2ebb4484, 0xe99c7026, 0xb45f7e41, 0x3991d639, 0x835339f4, 0x9c845f8b, 0xbdf9283b,
  0x1ff897ff, 0xde05980f, 0xef2f118b, 0x5a0a6d1f, 0x6d367ecf, 0x27cb09b7, 0x4f463f66, 0x9e5fea2d,
  0x7527bac7, 0xebe5f17b, 0x3d0739f7, 0x8a5292ea, 0x6bfb5fb1, 0x1f8d5d08, 0x56033046
};

// Payne and Hanek, 2^20 < |x| < infinity: |x| = m 2^e is m 2^e 2/pi / 4 turns. The bits of 2/pi that give whole turns are left
// out, and so are those beyond 7 words. The result is turns mod 1 in words of 2^-32, 2^-64, ...; at least 139 bits of it are right.
static void fraction_of_turn(double x, uint32_t turn[7]) {
  uint64_t bits = bits_of(x), m = (bits & 0xfffffffffffff) | 0x10000000000000;
  int first = (int)(bits >> 52 & 0x7ff) - 1075 - 2 + 64, word = first / 32, shift = first % 32;
  uint64_t low = (m & 0xffffffff) << shift, high = (m >> 32) << shift;
  high += low >> 32;
  const uint64_t factor[3] = {low & 0xffffffff, high & 0xffffffff, high >> 32};
  memset(turn, 0, 7 * sizeof *turn);
  for (int i = 0; i < 3; i++) {
    uint64_t carry = 0;
    for (int j = 6; j - i >= 0; j--) {
      uint64_t step = two_over_pi[word + j] * factor[i] + turn[j - i] + carry;
      turn[j - i] = (uint32_t)step;
      carry = step >> 32;
    }
  }
}

// The sum of the words as a pair.
static pair pair_of_words(const uint32_t words[7]) {
  pair total = {0, 0};
  double unit = 1;
  for (int i = 0; i < 7; i++) {
    unit *= 0x1p-32;
    pair step = sum(total.high, words[i] * unit);
    total = (pair){step.high, total.low + step.low};
  }
  return sum_ordered(total.high, total.low);
}

// The closest quarter turn is the quadrant; the rest, which may be negative, becomes radians.
static pair reduced_large(double x, int *quadrant) {
  uint32_t turn[7];
  fraction_of_turn(x, turn);
  uint32_t quarters = (turn[0] + 0x20000000u) >> 30;
  turn[0] -= quarters << 30;
  int negative = turn[0] >> 31;
  if (negative)
    for (int i = 0; i < 7; i++) turn[i] = ~turn[i];
  pair r = product_of_pairs(pair_of_words(turn), (pair){0x1.921fb54442d18p+2, 0x1.1a62633145c07p-52});
  if (negative != (x < 0)) r = (pair){-r.high, -r.low};
  *quadrant = (x < 0 ? -(int)quarters : (int)quarters) & 3;
  return r;
}

// sin(x + quadrants pi/2) for finite x.
static double sin_shifted(double x, int quadrants) {
  int quadrant;
  pair r = magnitude(x) <= 0x1p20 ? reduced_small(x, &quadrant) : reduced_large(x, &quadrant);
  quadrant += quadrants;
  double value = quadrant & 1 ? cos_reduced(r) : sin_reduced(r);
  return quadrant & 2 ? -value : value;
}

double math_sin(double x) {
  if (x - x != 0) return not_a_number();
  if (magnitude(x) < 0x1p-27) return x;
  return sin_shifted(x, 0);
}

double math_cos(double x) {
  if (x - x != 0) return not_a_number();
  return sin_shifted(x, 1);
}

// (tanh(x) / x - 1) / x^2 as a polynomial in x^2 <= 1/4; error * x^2 < 2^-57.
static const double tanh_tail[] = {
  -0x1.5555555555555p-2, 0x1.111111111111p-3, -0x1.ba1ba1ba1b6f2p-5, 0x1.664f4882a36eep-6, -0x1.226e35557321p-7,
  0x1.d6d3cdaab3b3cp-9, -0x1.7da306a9ea3cfp-10, 0x1.355117b7e34d7p-11, -0x1.f4c6f7ddf20f6p-13, 0x1.905326c144186p-14,
  -0x1.26d68b673b67cp-15, 0x1.293fd9e893221p-17
};

// x + x^3 P(x^2) up to 1/2, then 1 - 2 / (e^2x + 1) in pairs, which rounds to 1 from 20 on.
double math_tanh(double x) {
  if (x != x) return not_a_number();
  double size = magnitude(x), square = x * x;
  if (size < 0x1p-27) return x;
  if (size < 0.5) return x + x * square * POLYNOMIAL(tanh_tail, square);
  if (size > 20) return with_sign(1, x);
  int k;
  pair e = exp_unscaled(2 * size, &k);
  double scale = power_of_two(k);
  pair denominator = sum(e.high * scale, 1);
  denominator.low += e.low * scale;
  pair q = quotient((pair){2, 0}, denominator);
  pair value = sum_ordered(1, -q.high);
  return with_sign(value.high + (value.low - q.low), x);
}

// erf has four intervals: up to 1/2 its odd series, to 3/2 an expansion around 1, to 6 by way of erfc, and then 1.

// (erf(x) / x - 2 / sqrt(pi)) / x^2 as a polynomial in x^2 <= 1/4; error * x^2 < 2^-57.
static const double erf_tail[] = {
  -0x1.812746b0379e7p-2, 0x1.ce2f21a042bcfp-4, -0x1.b82ce31286cb7p-6, 0x1.565bcd0d2fc75p-8, -0x1.c02db335a6faap-11,
  0x1.f9a2dd96cadc2p-14, -0x1.f4c2b73677388p-17, 0x1.b7f3524c2e996p-20, -0x1.3d8db0c4dc361p-23
};
// (erf(1 + t) - erf(1) - t erf'(1)) / t^2 on |t| <= 1/2; error * t^2 < 2^-56.
static const double erf_middle[] = {
  -0x1.a911f096fbc26p-2, 0x1.1b614b0f52826p-3, 0x1.1b614b0f5281ap-4, -0x1.1b614b0f53afdp-4, 0x1.2e45a565accadp-8,
  0x1.f096fd7240a5fp-7, -0x1.391146bb79856p-8, -0x1.ee30db36f17eep-10, 0x1.4176c42b5977ep-10, 0x1.66b80c5cc43b1p-14,
  -0x1.a38bc51d268ep-13, 0x1.39d9ee4d6a424p-16, 0x1.8dbc08e1124e3p-16, -0x1.6cd30c0b1b636p-18,
  -0x1.17295b160886fp-19, 0x1.935e8588e7bcp-21, 0x1.03792a0006744p-23
};
// e^(x^2) erfc(x), 3/2 <= x <= 6, as a polynomial in (x - 3) / (x + 3); error * e^(-x^2) < 2^-62.
static const double erfc_scaled[] = {
  0x1.6e9827d229d2dp-3, -0x1.4e102b9cf8513p-2, 0x1.f6ff204105974p-3, -0x1.336ffbef08b48p-3, 0x1.258b13b017ab3p-4,
  -0x1.8fa58eb5da0e5p-6, 0x1.17c838ee7c04ap-8, 0x1.73101e7d56f45p-11, -0x1.39084c4d42a05p-11, 0x1.7ba0fadb87bcap-15,
  0x1.0cac2c4ce2773p-14, -0x1.af8481b0636adp-17, -0x1.0baff0d2feb6cp-17, 0x1.1c3061fda4a8bp-19,
  0x1.4f1f804e57994p-20, -0x1.2d0e410898f22p-22, -0x1.caa77d3bfcdf8p-23
};

// start + t slope + tail, the tail small.
static double line_and_tail(pair start, double t, pair slope, double tail) {
  pair rise = product(t, slope.high), large = sum(start.high, rise.high);
  return large.high + (large.low + (tail + (start.low + rise.low + t * slope.low)));
}

static double erf_small(double x) {
  double square = x * x, tail = x * square * POLYNOMIAL(erf_tail, square);
  return line_and_tail((pair){0, 0}, x, (pair){0x1.20dd750429b6dp+0, 0x1.1ae3a914fed8p-56}, tail);
}

static double erf_middling(double x) {
  double t = x - 1, tail = t * t * POLYNOMIAL(erf_middle, t);
  pair start = {0x1.af767a741088bp-1, -0x1.c97f778122797p-56}, slope = {0x1.a911f096fbc26p-2, -0x1.086a09f735b33p-56};
  return line_and_tail(start, t, slope, tail);
}

static double erf_large(double x) {
  double t = (x - 3) / (x + 3);
  return 1 - math_exp(-x * x) * POLYNOMIAL(erfc_scaled, t);
}

double math_erf(double x) {
  if (x != x) return not_a_number();
  double size = magnitude(x);
  if (size < 0x1p-27) return x * 0x1.20dd750429b6dp+0;
  if (size < 0.5) return erf_small(x);
  return with_sign(size < 1.5 ? erf_middling(size) : size < 6 ? erf_large(size) : 1, x);
}
