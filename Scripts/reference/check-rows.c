// Measures the largest error of rows.inc's GELU, in ulp of the float result, against the long double functions of Glibc, and looks
// whether all instruction sets give the same bits.
//
//   clang -O2 -ISources/CKernels/include -ISources/CMathematics/include Scripts/reference/check-rows.c Sources/CKernels/kernels.c
//     Sources/CMathematics/mathematics.c -lm -lpthread -o check && ./check
#include "CKernels.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { count = 1 << 16, rounds = 64 };
static float x[count], y[3][count];

static long double exact(int quick, long double x) {
  return quick ? x / (1 + expl(-1.702L * x)) : x * 0.5L * erfcl(-x / sqrtl(2));
}

int main(void) {
  for (int quick = 0; quick < 2; quick++)
    for (int far = 0; far < 2; far++) {
      double worst = 0, where = 0;
      for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < count; i++) x[i] = (float)((far ? 12.9 : 3) * (2 * (rand() / (double)RAND_MAX) - 1));
        for (int level = 0; level < 3; level++) kernels_rows_for(level)->gelu(count, quick, x, y[level]);
        if (memcmp(y[0], y[1], sizeof x) || memcmp(y[1], y[2], sizeof x)) return puts("the bits depend on the instruction set"), 1;
        for (int i = 0; i < count; i++) {
          long double truth = exact(quick, x[i]);
          if (fabsl(truth) < 1e-37L) continue;
          double error = fabs((double)(y[2][i] - truth)) / ldexp(1, ilogbf((float)truth) - 23);
          if (error > worst) worst = error, where = x[i];
        }
      }
      printf("%s within %s: %.2f ulp at %g\n", quick ? "quick GELU" : "GELU", far ? "12.9" : "3", worst, where);
    }
}
