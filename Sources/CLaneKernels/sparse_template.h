// The sparse kernel: one row's sums stay in registers while its entries stream by, each adding a multiple of
// one contiguous row of x. The cost is that of the entries alone; x is read at random but whole cache lines
// at a time.

LANE_INLINE void NAME(sparse_column)(const int V, const lane_sparse_shape *shape, const SCALAR *values,
                                     const SCALAR *bias, const NAME(vector) * x, NAME(vector) * y) {
    const int64_t stride = shape->lanes * (int64_t)sizeof(SCALAR) / LANE_VECTOR_BYTES;
    for (int64_t r = 0; r < shape->rows; r++) {
        NAME(vector) sums[4];
#pragma clang loop unroll(full)
        for (int v = 0; v < V; v++) {
            sums[v] = shape->accumulating ? y[r * stride + v] : (NAME(vector)){0};
            if (bias) sums[v] += bias[r];
        }
        for (int64_t e = shape->starts[r]; e < shape->starts[r + 1]; e++) {
            const NAME(vector) *source = x + (int64_t)shape->columns[e] * stride;
#pragma clang loop unroll(full)
            for (int v = 0; v < V; v++) sums[v] += values[e] * source[v];
        }
#pragma clang loop unroll(full)
        for (int v = 0; v < V; v++) y[r * stride + v] = sums[v];
    }
}

LANE_WHOLE LANE_CLONES void NAME(lane_sparse)(const lane_sparse_shape *shape, const SCALAR *values,
                                              const SCALAR *bias, const SCALAR *x, SCALAR *y) {
    const NAME(vector) *source = (const NAME(vector) *)x;
    NAME(vector) *result = (NAME(vector) *)y;
    int64_t left = shape->lanes * (int64_t)sizeof(SCALAR) / LANE_VECTOR_BYTES;
    while (left > 0) {
        const int V = left == 6 ? 3 : left > 4 ? 4 : (int)left;
        switch (V) {
            case 4: NAME(sparse_column)(4, shape, values, bias, source, result); break;
            case 3: NAME(sparse_column)(3, shape, values, bias, source, result); break;
            case 2: NAME(sparse_column)(2, shape, values, bias, source, result); break;
            default: NAME(sparse_column)(1, shape, values, bias, source, result); break;
        }
        source += V;
        result += V;
        left -= V;
    }
}

LANE_WHOLE LANE_CLONES void NAME(lane_dot)(int64_t features, int64_t period, const SCALAR *bias,
                                           const SCALAR *x, SCALAR *constants, int32_t lanes) {
    double sums[LANE_MAXIMUM] = {0};
    for (int64_t start = 0; start < features; start += period) {
        for (int64_t i = 0; i < period; i++) {
            const double weight = (double)bias[i];
            const SCALAR *row = x + (start + i) * lanes;
            if (weight == 0) continue;
            for (int32_t lane = 0; lane < lanes; lane++) sums[lane] += weight * (double)row[lane];
        }
    }
    for (int32_t lane = 0; lane < lanes; lane++) constants[lane] += (SCALAR)sums[lane];
}
