// The gather kernel: every result element is written by one sum held in registers; nothing is scattered, and
// no patch of the image is copied out first.
//
// A result pixel needs all channels of the source pixels under the kernel. They are listed in *blocks* whose source
// data fit the first-level cache, and a block meets all result channels before the next one is looked at. Within a
// block a *tile* of R channels by V vectors of lanes stays in registers: R + V loads for R * V multiply-adds. The
// larger V, the fewer passes over the weights; the larger R, the fewer over the source.
//
// What is listed, and which channels make a tile, is free: rows of zeros are left out, and so are channels that nobody
// wants. Coefficients of inactive neurons are zero in every lane, and often half of all neurons are inactive.
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
    // Which channels are wanted; null: all.
    const uint8_t *live;
    const NAME(vector) * source;
    NAME(vector) * result;
} NAME(pixel);

// The sums over one block for R channels, out of panels of P.
LANE_INLINE void NAME(tile)(const int R, const int V, const int P, const NAME(pixel) * pixel,
                            const int64_t *channels) {
    const int64_t stride = pixel->stride;
    const SCALAR *panels[8];
    NAME(vector) * y[8];
    NAME(vector) sums[16];
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++) {
        const int64_t place = channels[r] % LANE_PANEL_ROWS;
        panels[r] = pixel->weights + (channels[r] - place) * pixel->kernel_size + place;
        y[r] = pixel->result + channels[r] * stride;
#pragma clang loop unroll(full)
        for (int v = 0; v < V; v++) {
            sums[r * V + v] = pixel->loading ? y[r][v] : (NAME(vector)){0};
            if (pixel->bias) sums[r * V + v] += pixel->bias[channels[r]];
        }
    }
    const lane_block *block = pixel->block;
    for (int i = 0; i < block->count; i++) {
        const NAME(vector) *x = pixel->source + block->source[i] * stride;
        const int64_t w = block->weight[i] * P;
#pragma clang loop unroll(full)
        for (int r = 0; r < R; r++) {
#pragma clang loop unroll(full)
            for (int v = 0; v < V; v++) sums[r * V + v] += panels[r][w] * x[v];
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++) {
#pragma clang loop unroll(full)
        for (int v = 0; v < V; v++) y[r][v] = sums[r * V + v];
    }
}

// R channels from `first` on, out of a last panel of `height` ones.
LANE_INLINE void NAME(low_tile)(const int R, const int V, int64_t height, const NAME(pixel) * pixel,
                                int64_t first) {
    const int64_t channels[3] = {first, first + 1, first + 2};
    switch (height) {
        case 3: NAME(tile)(R, V, 3, pixel, channels); break;
        case 2: NAME(tile)(R, V, 2, pixel, channels); break;
        default: NAME(tile)(R, V, 1, pixel, channels); break;
    }
}

// The wanted ones of a group's `height` channels.
LANE_INLINE void NAME(channels)(const int R, const int V, const NAME(pixel) * pixel, int64_t height) {
    const int P = LANE_PANEL_ROWS;
    const int64_t whole = height - height % P;
    int64_t chosen[8];
    int count = 0;
    for (int64_t channel = 0; channel < whole; channel++) {
        if (pixel->live && !pixel->live[channel]) continue;
        chosen[count++] = channel;
        if (count == R) {
            NAME(tile)(R, V, P, pixel, chosen);
            count = 0;
        }
    }
    if (count > 0) {
        // Fewer sums would take as long, for each waits for the last multiply-add of its own.
        for (int r = count; r < R; r++) chosen[r] = chosen[count - 1];
        if (count > 4) {
            NAME(tile)(R, V, P, pixel, chosen);
        } else {
            NAME(tile)(4, V, P, pixel, chosen);
        }
    }
    // The last panel is lower.
    const int64_t below = height - whole;
    if (pixel->live) {
        for (int64_t channel = whole; channel < height; channel++) {
            if (pixel->live[channel]) NAME(low_tile)(1, V, below, pixel, channel);
        }
    } else if (below == 3) {
        NAME(low_tile)(3, V, below, pixel, whole);
    } else if (below == 2) {
        NAME(low_tile)(2, V, below, pixel, whole);
    } else if (below == 1) {
        NAME(low_tile)(1, V, below, pixel, whole);
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
    for (int64_t v = 0; v < stride; v++) {
        if (__builtin_reduce_or(x[v] != 0) != 0) return false;
    }
    return true;
}

// One block of one result pixel: all groups, all lanes.
LANE_INLINE void NAME(flush)(const bool wide, const lane_gather_shape *shape, NAME(pixel) * pixel) {
    NAME(pixel) group = *pixel;
    for (int32_t g = 0; g < shape->groups; g++) {
        NAME(lane_columns)(wide, &group, shape->height);
        group.source += shape->depth * pixel->stride;
        group.result += shape->height * pixel->stride;
        group.weights += shape->height * pixel->kernel_size;
        if (group.bias) group.bias += shape->height;
        if (group.live) group.live += shape->height;
    }
    pixel->loading = true;
    pixel->bias = NULL;
}

LANE_INLINE void NAME(gather_pixel)(const bool wide, const lane_gather_shape *shape, NAME(pixel) * pixel,
                                    const lane_span rows, const lane_span columns) {
    lane_block block;
    block.count = 0;
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
                if (block.count == LANE_BLOCK_DEPTH) {
                    NAME(flush)(wide, shape, pixel);
                    block.count = 0;
                }
                const int64_t room = LANE_BLOCK_DEPTH - block.count;
                const int64_t count = left < room ? left : room;
                list(&block, source, weight, count, shape->nonzero);
                source += count;
                weight += count;
                left -= count;
            }
        }
    }
    NAME(flush)(wide, shape, pixel);
}

// Writes zeros to the channels of a pixel that are not wanted; gives up the flags when all are.
LANE_INLINE void NAME(choose)(const lane_gather_shape *shape, NAME(pixel) * pixel) {
    const int64_t channels = (int64_t)shape->groups * shape->height;
    bool all = true;
    for (int64_t channel = 0; channel < channels; channel++) {
        if (pixel->live[channel]) continue;
        all = false;
        if (shape->accumulating) continue;
        for (int64_t v = 0; v < pixel->stride; v++) {
            pixel->result[channel * pixel->stride + v] = (NAME(vector)){0};
        }
    }
    if (all) pixel->live = NULL;
}

LANE_INLINE void NAME(gather)(const bool wide, const lane_gather_shape *shape, const SCALAR *panels,
                              const SCALAR *bias, const SCALAR *x, SCALAR *y) {
    const int64_t stride = shape->lanes * (int64_t)sizeof(SCALAR) / LANE_VECTOR_BYTES;
    const int64_t channels = (int64_t)shape->groups * shape->height;
    NAME(vector) *result = (NAME(vector) *)y;
    for (int64_t i = 0; shape->nonzero && i < shape->source_count; i++) {
        shape->nonzero[i] = !NAME(is_zero)((const NAME(vector) *)x + i * stride, stride);
    }
    for (int32_t r = 0; r < shape->row_count; r++) {
        for (int32_t c = 0; c < shape->column_count; c++) {
            NAME(pixel) pixel = {
                .weights = panels,
                .kernel_size = (int64_t)shape->kernel_rows * shape->kernel_columns * shape->depth,
                .bias = bias,
                .loading = shape->accumulating,
                .stride = stride,
                .live = shape->live ? shape->live + r * shape->live_stride + c * channels : NULL,
                .source = (const NAME(vector) *)x,
                .result = result,
            };
            if (pixel.live) NAME(choose)(shape, &pixel);
            NAME(gather_pixel)(wide, shape, &pixel, shape->rows[r], shape->columns[c]);
            result += channels * stride;
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
