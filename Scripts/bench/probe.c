// How many multiply-adds a second all given threads do on registers alone: what the machine is worth at this moment.
#include <pthread.h>
#include <time.h>
// As wide as a register of this machine: a wider type is taken apart by way of memory.
#ifdef __AVX512F__
enum { lanes = 16 };
#else
enum { lanes = 8 };
#endif
// Twelve chains hide the latency of two multiply-adds a cycle, and fit into sixteen registers beside two factors.
enum { chains = 12 };
typedef float vector __attribute__((vector_size(lanes * 4)));
static double seconds_asked;
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}
static void *work(void *result) {
  vector sum[chains];
  for (int i = 0; i < chains; i++) sum[i] = (vector){0} + (float)i;
  double start = now(), done = 0, time;
  do {
    for (int r = 0; r < 20000; r++)
      for (int i = 0; i < chains; i++) sum[i] = sum[i] * 0.999999f + 0.5f;
    done += 20000.0 * chains * lanes * 2;
    time = now() - start;
  } while (time < seconds_asked);
  vector all = {0};
  for (int i = 0; i < chains; i++) all += sum[i];
  *(double *)result = all[0] != 0 ? done / time * 1e-9 : 0;
  return 0;
}
// GFLOP/s of `threads` together.
double probe(int threads, double seconds) {
  pthread_t made[64];
  double rates[64], sum = 0;
  seconds_asked = seconds;
  for (int i = 0; i < threads; i++) pthread_create(&made[i], 0, work, &rates[i]);
  for (int i = 0; i < threads; i++) pthread_join(made[i], 0), sum += rates[i];
  return sum;
}
