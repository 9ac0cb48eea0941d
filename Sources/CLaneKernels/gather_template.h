// The gather kernel: every result element is written by one sum held in registers; nothing is scattered, and
// no patch of the image is copied out first.
//
// A result pixel needs all channels of the source pixels under the kernel. Kernel positions whose source
// pixels and weights both lie one behind the other merge into *runs*: for an undilated, ungrouped convolution
// one kernel row is one run, and a dense matrix is a single run of all its columns. Runs are collected into
// *blocks* whose source data fit the first-level cache, and a block meets all result channels before the next
// one is looked at. Within a block a *tile* of R channels by V vectors of lanes stays in registers: R + V
// loads for R * V multiply-adds. The larger V, the fewer passes over the weights; the larger R, the fewer
// over the source.
//
// Rows of zeros are left out where many channels share the look for them: coefficients of inactive neurons are
// zero in every lane, and often half of all neurons are inactive.
//
// With AVX-512 (32 registers of 64 bytes) a tile has 8 channels by at most 2 vectors, or 4 by 3; elsewhere 4
// by 1, which is 8 of AVX2's 16 registers.

// What all tiles of one block at one result pixel have in common. Strides are in vectors.
typedef struct {
    const lane_block *block;
    const SCALAR *weights;
    // Weights of one result channel.
    int64_t kernel_size;
    // Null when the sums start without.
    const SCALAR *bias;
    // Whether the sums start from the destination.
    bool loading;
    int64_t stride;
    const NAME(vector) * source;
    NAME(vector) * result;
} NAME(pixel);

// The sums over one block for R consecutive channels, packed in panels of P.
LANE_INLINE void NAME(tile)(const int R, const int V, const int P, const NAME(pixel) * pixel,
                            int64_t channel) {
    const int64_t stride = pixel->stride;
    const int64_t panel_size = P * pixel->kernel_size;
    const SCALAR *panel = pixel->weights + channel * pixel->kernel_size;
    NAME(vector) *y = pixel->result + channel * stride;
    NAME(vector) sums[16];
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++) {
#pragma clang loop unroll(full)
        for (int v = 0; v < V; v++) {
            sums[r * V + v] = pixel->loading ? y[r * stride + v] : (NAME(vector)){0};
            if (pixel->bias) sums[r * V + v] += pixel->bias[channel + r];
        }
    }
    for (int i = 0; i < pixel->block->count; i++) {
        const lane_run run = pixel->block->runs[i];
        const NAME(vector) *x = pixel->source + run.source * stride;
        const SCALAR *w = panel + run.weight * P;
        for (int64_t k = 0; k < run.count; k++) {
#pragma clang loop unroll(full)
            for (int r = 0; r < R; r++) {
#pragma clang loop unroll(full)
                for (int v = 0; v < V; v++) sums[r * V + v] += w[r / P * panel_size + r % P] * x[v];
            }
            x += stride;
            w += P;
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++) {
#pragma clang loop unroll(full)
        for (int v = 0; v < V; v++) y[r * stride + v] = sums[r * V + v];
    }
}

// All `height` channels of a group.
LANE_INLINE void NAME(channels)(const int R, const int V, const NAME(pixel) * pixel, int64_t height) {
    const int P = LANE_PANEL_ROWS;
    int64_t channel = 0;
    for (; channel + R <= height; channel += R) NAME(tile)(R, V, P, pixel, channel);
    if (R > P && channel + P <= height) {
        NAME(tile)(P, V, P, pixel, channel);
        channel += P;
    }
    switch (height - channel) {
        case 3: NAME(tile)(3, V, 3, pixel, channel); break;
        case 2: NAME(tile)(2, V, 2, pixel, channel); break;
        case 1: NAME(tile)(1, V, 1, pixel, channel); break;
        default: break;
    }
}

// All lanes, in columns as wide as the registers allow.
LANE_INLINE void NAME(lane_columns)(const bool wide, const NAME(pixel) * pixel, int64_t height) {
    NAME(pixel) column = *pixel;
    int64_t left = pixel->stride;
    while (left > 0) {
        const int V = !wide ? 1 : left == 3 ? 3 : left >= 2 ? 2 : 1;
        if (V == 3) {
            NAME(channels)(4, 3, &column, height);
        } else if (V == 2) {
            NAME(channels)(8, 2, &column, height);
        } else if (wide) {
            NAME(channels)(8, 1, &column, height);
        } else {
            NAME(channels)(4, 1, &column, height);
        }
        column.source += V;
        column.result += V;
        left -= V;
    }
}

// Whether a row is zero in all lanes.
LANE_INLINE bool NAME(is_zero)(const NAME(vector) * x, int64_t stride) {
    // Most rows that are not zero show it at once.
    if (((const SCALAR *)x)[0] != 0) return false;
    for (int64_t v = 0; v < stride; v++) {
        if (__builtin_reduce_or(x[v] != 0) != 0) return false;
    }
    return true;
}

// The block without its rows of zeros.
LANE_INLINE void NAME(leave_out_zeros)(const lane_block *block, const NAME(pixel) * pixel, lane_block *rest) {
    rest->count = 0;
    rest->depth = 0;
    for (int i = 0; i < block->count; i++) {
        const lane_run run = block->runs[i];
        const NAME(vector) *x = pixel->source + run.source * pixel->stride;
        for (int64_t k = 0; k < run.count; k++) {
            if (NAME(is_zero)(x + k * pixel->stride, pixel->stride)) continue;
            append_run(rest, (lane_run){run.source + k, run.weight + k, 1});
        }
    }
}

// One block of one result pixel: all groups, all lanes.
LANE_INLINE void NAME(flush)(const bool wide, const lane_gather_shape *shape, NAME(pixel) * pixel) {
    NAME(pixel) group = *pixel;
    lane_block rest;
    if (shape->groups == 1 && shape->height >= LANE_HEIGHT_WORTH_ZEROS) {
        NAME(leave_out_zeros)(pixel->block, pixel, &rest);
        group.block = &rest;
    }
    for (int32_t g = 0; g < shape->groups; g++) {
        NAME(lane_columns)(wide, &group, shape->height);
        group.source += shape->depth * pixel->stride;
        group.result += shape->height * pixel->stride;
        group.weights += shape->height * pixel->kernel_size;
        if (group.bias) group.bias += shape->height;
    }
    pixel->loading = true;
    pixel->bias = NULL;
}

LANE_INLINE void NAME(gather_pixel)(const bool wide, const lane_gather_shape *shape, NAME(pixel) * pixel,
                                    const lane_span rows, const lane_span columns) {
    lane_block block;
    block.count = 0;
    block.depth = 0;
    pixel->block = &block;
    const int64_t channels = (int64_t)shape->groups * shape->depth;
    for (int32_t i = 0; i < rows.count; i++) {
        const int64_t row = (int64_t)(rows.source + i * shape->row_step) * shape->source_columns;
        const int64_t kernel_row = (int64_t)(rows.kernel + i) * shape->kernel_columns;
        for (int32_t j = 0; j < columns.count; j++) {
            int64_t source = (row + columns.source + j * shape->column_step) * channels;
            int64_t weight = (kernel_row + columns.kernel + j) * shape->depth;
            int64_t left = shape->depth;
            while (left > 0) {
                if (block.depth >= LANE_BLOCK_DEPTH || block.count == LANE_RUN_CAPACITY) {
                    NAME(flush)(wide, shape, pixel);
                    block.count = 0;
                    block.depth = 0;
                }
                const int64_t room = LANE_BLOCK_DEPTH - block.depth;
                const int64_t count = left < room ? left : room;
                append_run(&block, (lane_run){source, weight, count});
                source += count;
                weight += count;
                left -= count;
            }
        }
    }
    NAME(flush)(wide, shape, pixel);
}

LANE_INLINE void NAME(gather)(const bool wide, const lane_gather_shape *shape, const SCALAR *panels,
                              const SCALAR *bias, const SCALAR *x, SCALAR *y) {
    const int64_t stride = shape->lanes * (int64_t)sizeof(SCALAR) / LANE_VECTOR_BYTES;
    NAME(vector) *result = (NAME(vector) *)y;
    for (int32_t r = 0; r < shape->row_count; r++) {
        for (int32_t c = 0; c < shape->column_count; c++) {
            NAME(pixel) pixel = {
                .weights = panels,
                .kernel_size = (int64_t)shape->kernel_rows * shape->kernel_columns * shape->depth,
                .bias = bias,
                .loading = shape->accumulating,
                .stride = stride,
                .source = (const NAME(vector) *)x,
                .result = result,
            };
            NAME(gather_pixel)(wide, shape, &pixel, shape->rows[r], shape->columns[c]);
            result += (int64_t)shape->groups * shape->height * stride;
        }
    }
}

#ifdef LANE_HAS_WIDE
LANE_WIDE static void NAME(gather_wide)(const lane_gather_shape *shape, const SCALAR *panels,
                                        const SCALAR *bias, const SCALAR *x, SCALAR *y) {
    NAME(gather)(true, shape, panels, bias, x, y);
}
#endif

LANE_CLONES_NARROW void NAME(lane_gather_narrow)(const lane_gather_shape *shape, const SCALAR *panels,
                                                 const SCALAR *bias, const SCALAR *x, SCALAR *y) {
    NAME(gather)(false, shape, panels, bias, x, y);
}

void NAME(lane_gather)(const lane_gather_shape *shape, const SCALAR *panels, const SCALAR *bias,
                       const SCALAR *x, SCALAR *y) {
#ifdef LANE_HAS_WIDE
    if (LANE_HAS_WIDE) {
        NAME(gather_wide)(shape, panels, bias, x, y);
        return;
    }
#endif
    NAME(lane_gather_narrow)(shape, panels, bias, x, y);
}
