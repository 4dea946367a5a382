/* Operations per second of one core that never leaves its registers: the arithmetic limit of an instruction set.
   Prints lines "name ops_per_second" for what this machine has; a level alone is its byte
   product. Build: cc -O2 -march=native peak.c -o peak */
#include <stdio.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

/* Twelve independent chains hide the latency of two units of four to five cycles. */
#define CHAINS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define STEPS 20000000L

#define MEASURE(name, lanes_ops, declare, step, sink)                    \
    do {                                                                 \
        double best = 0;                                                 \
        for (int repeat = 0; repeat < 3; ++repeat) {                     \
            CHAINS(declare)                                              \
            const double start = now();                                  \
            for (long i = 0; i < STEPS; ++i) { CHAINS(step) }            \
            const double rate = 12.0 * STEPS * (lanes_ops) / (now() - start); \
            CHAINS(sink)                                                 \
            if (rate > best) best = rate;                                \
        }                                                                \
        printf("%s %.6g\n", name, best);                                 \
    } while (0)

#define ZERO(i) __asm__ volatile("vpxor %%xmm" #i ", %%xmm" #i ", %%xmm" #i ::: "xmm" #i);
#define NOTHING(i)
#define FMA256(i) __asm__ volatile("vfmadd231ps %%ymm14, %%ymm15, %%ymm" #i ::: "xmm" #i);
#define FMA512(i) __asm__ volatile("vfmadd231ps %%zmm14, %%zmm15, %%zmm" #i ::: "xmm" #i);
/* Without VNNI a byte product is a multiply-add of pairs to 16 bits and an addition. */
#define DOT256(i) \
    __asm__ volatile("vpmaddubsw %%ymm14, %%ymm15, %%ymm13\n\t"  \
                     "vpaddw %%ymm13, %%ymm" #i ", %%ymm" #i ::: "xmm" #i, "xmm13");
#define DOTBW512(i) \
    __asm__ volatile("vpmaddubsw %%zmm14, %%zmm15, %%zmm13\n\t"  \
                     "vpaddw %%zmm13, %%zmm" #i ", %%zmm" #i ::: "xmm" #i, "xmm13");
#define DOT512(i) __asm__ volatile("vpdpbusd %%zmm14, %%zmm15, %%zmm" #i ::: "xmm" #i);

int main(void) {
#if defined(__AVX2__)
    MEASURE("avx2-fp32", 16, ZERO, FMA256, NOTHING);
    MEASURE("avx2", 64, ZERO, DOT256, NOTHING);
#endif
#if defined(__AVX512F__)
    MEASURE("avx512-fp32", 32, ZERO, FMA512, NOTHING);
#endif
#if defined(__AVX512BW__)
    MEASURE("avx512", 128, ZERO, DOTBW512, NOTHING);
#endif
#if defined(__AVX512VNNI__)
    MEASURE("avx512-vnni", 128, ZERO, DOT512, NOTHING);
#endif
    return 0;
}
