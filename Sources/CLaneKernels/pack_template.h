// Packing weights into panels, and reading single rows back out of them.

void NAME(lane_round)(int64_t count, const double *values, SCALAR *rounded) {
    for (int64_t i = 0; i < count; i++) rounded[i] = (SCALAR)values[i];
}

void NAME(lane_pack)(const lane_load_shape *shape, const double *weights, int64_t channel_stride,
                     const int64_t *offsets, SCALAR *panels) {
    for (int64_t first = 0; first < shape->height; first += LANE_PANEL_ROWS) {
        const int64_t left = shape->height - first;
        const int64_t rows = left < LANE_PANEL_ROWS ? left : LANE_PANEL_ROWS;
        const double *panel = weights + first * channel_stride;
        for (int64_t p = 0; p < shape->size; p++) {
            for (int64_t r = 0; r < rows; r++) *panels++ = (SCALAR)panel[r * channel_stride + offsets[p]];
        }
    }
}

// Some columns at a time, so that the part of g written through all lanes stays in cache.
enum { NAME(load_columns) = 16 };

void NAME(lane_load)(const lane_load_shape *shape, const SCALAR *panels, const int32_t *which,
                     const SCALAR *scales, SCALAR *g) {
    for (int64_t first = 0; first < shape->size; first += NAME(load_columns)) {
        const int64_t left = shape->size - first;
        const int64_t count = left < NAME(load_columns) ? left : NAME(load_columns);
        for (int32_t lane = 0; lane < shape->lanes; lane++) {
            SCALAR *result = g + first * shape->lanes + lane;
            if (which[lane] < 0) {
                for (int64_t k = 0; k < count && !shape->accumulating; k++) result[k * shape->lanes] = 0;
                continue;
            }
            const int64_t panel = which[lane] / LANE_PANEL_ROWS * LANE_PANEL_ROWS;
            const int64_t below = shape->height - panel;
            const int64_t rows = below < LANE_PANEL_ROWS ? below : LANE_PANEL_ROWS;
            const SCALAR *weight = panels + panel * shape->size + first * rows + which[lane] - panel;
            const SCALAR scale = scales[lane];
            for (int64_t k = 0; k < count; k++) {
                const SCALAR start = shape->accumulating ? result[k * shape->lanes] : 0;
                result[k * shape->lanes] = start + scale * weight[k * rows];
            }
        }
    }
}

void NAME(lane_load_sparse)(const lane_sparse_shape *shape, int64_t column_count, const SCALAR *values,
                            const int32_t *which, const SCALAR *scales, SCALAR *g) {
    if (!shape->accumulating) {
        for (int64_t i = 0; i < column_count * shape->lanes; i++) g[i] = 0;
    }
    for (int32_t lane = 0; lane < shape->lanes; lane++) {
        if (which[lane] < 0) continue;
        for (int64_t e = shape->starts[which[lane]]; e < shape->starts[which[lane] + 1]; e++) {
            g[(int64_t)shape->columns[e] * shape->lanes + lane] += scales[lane] * values[e];
        }
    }
}
