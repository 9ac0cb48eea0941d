// Chains of multiply-adds, enough to fill every pipeline, in vectors as wide as the instruction set's.
#include "CPeak.h"

#include <stddef.h>
#include <time.h>

double peak_thread_seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

// Neither 1 nor 0 nor growing, and unknown to the compiler.
static volatile double factor = 0.75, summand = 0.125;
static volatile double sink;

#define LOOP(function, scalar, bytes, chains, attributes)                                                    \
    attributes static double function(int64_t iterations) {                                                  \
        typedef scalar vector __attribute__((vector_size(bytes)));                                           \
        const vector a = (scalar)factor - (vector){0}, b = (scalar)summand - (vector){0};                    \
        vector sums[chains];                                                                                 \
        for (int i = 0; i < chains; i++) sums[i] = a * (scalar)i;                                            \
        for (int64_t k = 0; k < iterations; k++) {                                                           \
            _Pragma("clang loop unroll(full)") for (int i = 0; i < chains; i++) sums[i] = sums[i] * a + b;   \
        }                                                                                                    \
        for (int i = 1; i < chains; i++) sums[0] += sums[i];                                                 \
        sink = (double)sums[0][0];                                                                           \
        return 2.0 * chains * (bytes / sizeof(scalar)) * (double)iterations;                                 \
    }

#define BOTH(name, bytes, chains, attributes)                                                                \
    LOOP(name##_f32, float, bytes, chains, attributes)                                                       \
    LOOP(name##_f64, double, bytes, chains, attributes)

typedef struct {
    const char *name;
    int32_t is_supported;
    double (*single)(int64_t);
    double (*twice)(int64_t);
} instruction_set;

#if defined(__x86_64__)
BOTH(sse2, 16, 10, )
BOTH(avx2, 32, 12, __attribute__((target("arch=x86-64-v3"))))
BOTH(avx512, 64, 16, __attribute__((target("arch=x86-64-v4"), min_vector_width(512))))

enum { SETS = 3 };

static instruction_set set(int32_t index) {
    const int32_t has_avx512 = __builtin_cpu_supports("x86-64-v4");
    const int32_t has_avx2 = __builtin_cpu_supports("x86-64-v3");
    switch (index) {
        case 2: return (instruction_set){"AVX-512", has_avx512, avx512_f32, avx512_f64};
        case 1: return (instruction_set){"AVX2", has_avx2, avx2_f32, avx2_f64};
        default: return (instruction_set){"SSE2", 1, sse2_f32, sse2_f64};
    }
}
#else
BOTH(baseline, 16, 24, )

enum { SETS = 1 };

static instruction_set set(int32_t index) {
    (void)index;
    return (instruction_set){"baseline", 1, baseline_f32, baseline_f64};
}
#endif

int32_t peak_count(void) { return SETS; }
const char *peak_name(int32_t index) { return set(index).name; }
int32_t peak_is_supported(int32_t index) { return set(index).is_supported != 0; }
double peak_run_f32(int32_t index, int64_t iterations) { return set(index).single(iterations); }
double peak_run_f64(int32_t index, int64_t iterations) { return set(index).twice(iterations); }
