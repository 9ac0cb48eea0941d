#include "CLaneKernels.h"
#include "clones.h"
#define GEN(T,S) \
LANE_CLONES void stub_dense_##S(ptrdiff_t n, ptrdiff_t m, const T *restrict W, const T *restrict b, const T *restrict X, T *restrict Y, int acc) { \
  for (ptrdiff_t i = 0; i < n; i++) for (ptrdiff_t h = 0; h < 64; h += 256/sizeof(T)/1) { \
    enum { B = 256/sizeof(T) }; T a[B]; const T *w = W + i * m; T *y = Y + i * 64 + h; \
    for (int j = 0; j < B; j++) a[j] = (acc ? y[j] : 0) + (b ? b[i] : 0); \
    for (ptrdiff_t k = 0; k < m; k++) { T v = w[k]; const T *x = X + k * 64 + h; for (int j = 0; j < B; j++) a[j] += v * x[j]; } \
    for (int j = 0; j < B; j++) y[j] = a[j]; } }
GEN(float,f32)
GEN(double,f64)
