#pragma once
#include "activation.h"
void stub_dense_f32(ptrdiff_t n, ptrdiff_t m, const float *W, const float *b, const float *X, float *Y, int acc);
void stub_dense_f64(ptrdiff_t n, ptrdiff_t m, const double *W, const double *b, const double *X, double *Y, int acc);
