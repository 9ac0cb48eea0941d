// The gradient of a convolution's weights: for every kernel position a matrix product of source and coefficients
// that runs over pixels and lanes.
//
// With lanes as the vector, as everywhere else, each weight would need a register of partial sums for every lane and
// a horizontal sum. Instead one output row of coefficients is transposed to `[column][lane][channel]`, which costs
// some percent of the product, and the output channels are the vector: a tile of R source channels by V vectors of
// output channels stays in registers over a whole row of pixels and all their lanes, R + V loads for R * V
// multiply-adds. The row's coefficients and the source row stay in the second-level cache.
//
// With AVX-512 a tile is 12 by 2; elsewhere 4 by 1. Few rows would wait for the latency of their additions, so they
// are summed in U interleaved parts.

// Eklundh's transposition of a square of vectors: in step d the blocks of size d beside the diagonal change places.
#if LANE_WIDTH == 16
#define LANE_LOW_1 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30
#define LANE_HIGH_1 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31
#define LANE_LOW_2 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define LANE_HIGH_2 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#define LANE_LOW_4 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27
#define LANE_HIGH_4 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31
#define LANE_LOW_8 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
#define LANE_HIGH_8 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31
#else
#define LANE_LOW_1 0, 8, 2, 10, 4, 12, 6, 14
#define LANE_HIGH_1 1, 9, 3, 11, 5, 13, 7, 15
#define LANE_LOW_2 0, 1, 8, 9, 4, 5, 12, 13
#define LANE_HIGH_2 2, 3, 10, 11, 6, 7, 14, 15
#define LANE_LOW_4 0, 1, 2, 3, 8, 9, 10, 11
#define LANE_HIGH_4 4, 5, 6, 7, 12, 13, 14, 15
#endif

#define LANE_EXCHANGE(D)                                                                                     \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < LANE_WIDTH; i++) {                                \
        if (i & D) continue;                                                                                 \
        const NAME(vector) a = v[i], b = v[i + D];                                                           \
        v[i] = __builtin_shufflevector(a, b, LANE_LOW_##D);                                                  \
        v[i + D] = __builtin_shufflevector(a, b, LANE_HIGH_##D);                                             \
    }

LANE_INLINE void NAME(transpose_square)(NAME(vector) * v) {
    LANE_EXCHANGE(1)
    LANE_EXCHANGE(2)
    LANE_EXCHANGE(4)
#if LANE_WIDTH == 16
    LANE_EXCHANGE(8)
#endif
}

// `[channel][lane]` of one pixel to `[lane][channel]`, channels filled up with zeros to `padded`.
LANE_INLINE void NAME(transpose_pixel)(int64_t height, int64_t padded, int64_t lanes, const SCALAR *from,
                                       SCALAR *to) {
    for (int64_t c = 0; c < padded; c += LANE_WIDTH) {
        for (int64_t l = 0; l < lanes; l += LANE_WIDTH) {
            NAME(vector) v[LANE_WIDTH];
#pragma clang loop unroll(full)
            for (int i = 0; i < LANE_WIDTH; i++) {
                v[i] = c + i < height ? *(const NAME(vector) *)(from + (c + i) * lanes + l)
                                      : (NAME(vector)){0};
            }
            NAME(transpose_square)(v);
#pragma clang loop unroll(full)
            for (int i = 0; i < LANE_WIDTH; i++) *(NAME(vector) *)(to + (l + i) * padded + c) = v[i];
        }
    }
}

// What all tiles of one kernel position and one output row have in common. Strides of x are in numbers, of the
// coefficients and the gradient in vectors.
typedef struct {
    int64_t columns;
    int64_t lanes;
    int64_t source_stride;
    int64_t stride;
    const SCALAR *source;
    const NAME(vector) * lambda;
    NAME(vector) * gradient;
} NAME(weight_row);

LANE_INLINE void NAME(weight_tile)(const int R, const int V, const int U, const NAME(weight_row) * row) {
    const int64_t stride = row->stride;
    const int64_t lanes = row->lanes;
    const NAME(vector) *y = row->lambda;
    const SCALAR *x = row->source;
    NAME(vector) sums[24];
#pragma clang loop unroll(full)
    for (int i = 0; i < R * V * U; i++) sums[i] = (NAME(vector)){0};
    for (int64_t c = 0; c < row->columns; c++) {
        for (int64_t l = 0; l < lanes; l += U) {
#pragma clang loop unroll(full)
            for (int u = 0; u < U; u++) {
                NAME(vector) right[2];
#pragma clang loop unroll(full)
                for (int v = 0; v < V; v++) right[v] = y[v];
#pragma clang loop unroll(full)
                for (int r = 0; r < R; r++) {
                    const SCALAR left = x[r * lanes + l + u];
#pragma clang loop unroll(full)
                    for (int v = 0; v < V; v++) sums[(u * R + r) * V + v] += left * right[v];
                }
                y += stride;
            }
        }
        x += row->source_stride;
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++) {
#pragma clang loop unroll(full)
        for (int v = 0; v < V; v++) {
            NAME(vector) sum = row->gradient[r * stride + v];
#pragma clang loop unroll(full)
            for (int u = 0; u < U; u++) sum += sums[(u * R + r) * V + v];
            row->gradient[r * stride + v] = sum;
        }
    }
}

// All source channels of a group for V vectors of output channels.
LANE_INLINE void NAME(weight_channels)(const bool wide, const int V, const NAME(weight_row) * row,
                                       int64_t depth) {
    NAME(weight_row) part = *row;
    while (depth > 0) {
        int64_t taken;
        if (wide && depth >= 12) {
            NAME(weight_tile)(12, V, 1, &part);
            taken = 12;
        } else if (wide && depth >= 8) {
            NAME(weight_tile)(8, V, 1, &part);
            taken = 8;
        } else if (depth >= 4) {
            NAME(weight_tile)(4, V, wide ? 2 : 1, &part);
            taken = 4;
        } else if (depth >= 2) {
            NAME(weight_tile)(2, V, wide ? 4 : 2, &part);
            taken = 2;
        } else {
            NAME(weight_tile)(1, V, wide ? 8 : 4, &part);
            taken = 1;
        }
        part.source += taken * row->lanes;
        part.gradient += taken * row->stride;
        depth -= taken;
    }
}

LANE_INLINE void NAME(weight_gradient)(const bool wide, const lane_weights_shape *shape, const SCALAR *x,
                                       const SCALAR *lambda, SCALAR *scratch, SCALAR *gradient) {
    const int64_t lanes = shape->lanes;
    const int64_t height = shape->height, depth = shape->depth;
    const int64_t padded = (height + LANE_WEIGHT_CHANNELS - 1) / LANE_WEIGHT_CHANNELS * LANE_WEIGHT_CHANNELS;
    const int64_t vectors = padded / LANE_WIDTH;
    const int64_t outputs = shape->groups * height, inputs = shape->groups * depth;
    const int64_t position = depth * padded;
    for (int64_t g = 0; g < shape->groups; g++) {
        SCALAR *group = gradient + g * shape->kernel_rows * shape->kernel_columns * position;
        for (int64_t r = 0; r < shape->row_count; r++) {
            const lane_span rows = shape->rows[r];
            if (rows.count == 0) continue;
            for (int64_t c = 0; c < shape->column_count; c++) {
                NAME(transpose_pixel)
                (height, padded, lanes, lambda + ((r * shape->column_count + c) * outputs + g * height) * lanes,
                 scratch + c * lanes * padded);
            }
            for (int64_t i = 0; i < rows.count; i++) {
                const int64_t source_row = rows.source + i * shape->row_step;
                for (int64_t v = 0; v < vectors;) {
                    const int V = wide && vectors - v >= 2 ? 2 : 1;
                    for (int64_t j = 0; j < shape->kernel_columns; j++) {
                        const lane_reach reach = shape->columns[j];
                        const int64_t pixel = source_row * shape->source_columns + reach.source;
                        const NAME(weight_row) row = {
                            .columns = reach.count,
                            .lanes = lanes,
                            .source_stride = shape->column_stride * inputs * lanes,
                            .stride = vectors,
                            .source = x + (pixel * inputs + g * depth) * lanes,
                            .lambda = (const NAME(vector) *)scratch + reach.output * lanes * vectors + v,
                            .gradient = (NAME(vector) *)(group + ((rows.kernel + i) * shape->kernel_columns + j) *
                                                                     position) + v,
                        };
                        if (V == 2) {
                            NAME(weight_channels)(wide, 2, &row, depth);
                        } else {
                            NAME(weight_channels)(wide, 1, &row, depth);
                        }
                    }
                    v += V;
                }
            }
        }
    }
}

#ifdef LANE_HAS_WIDE
LANE_WIDE static void NAME(weight_gradient_wide)(const lane_weights_shape *shape, const SCALAR *x,
                                                 const SCALAR *lambda, SCALAR *scratch, SCALAR *gradient) {
    NAME(weight_gradient)(true, shape, x, lambda, scratch, gradient);
}
#endif

LANE_CLONES_NARROW void NAME(lane_weight_gradient_narrow)(const lane_weights_shape *shape, const SCALAR *x,
                                                          const SCALAR *lambda, SCALAR *scratch,
                                                          SCALAR *gradient) {
    NAME(weight_gradient)(false, shape, x, lambda, scratch, gradient);
}

void NAME(lane_weight_gradient)(const lane_weights_shape *shape, const SCALAR *x, const SCALAR *lambda,
                                SCALAR *scratch, SCALAR *gradient) {
#ifdef LANE_HAS_WIDE
    if (LANE_HAS_WIDE) {
        NAME(weight_gradient_wide)(shape, x, lambda, scratch, gradient);
        return;
    }
#endif
    NAME(lane_weight_gradient_narrow)(shape, x, lambda, scratch, gradient);
}

#undef LANE_EXCHANGE
#undef LANE_LOW_1
#undef LANE_HIGH_1
#undef LANE_LOW_2
#undef LANE_HIGH_2
#undef LANE_LOW_4
#undef LANE_HIGH_4
#undef LANE_LOW_8
#undef LANE_HIGH_8
