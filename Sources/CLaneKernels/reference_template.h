// Sums are taken in double, so that a difference from the fast kernels is the fast kernels' rounding.

// The weight of result channel `channel` of group `group` at kernel position (i, j) and source channel `d`.
static SCALAR NAME(packed_weight)(const lane_gather_shape *shape, const SCALAR *panels, int64_t group,
                                  int64_t channel, int64_t i, int64_t j, int64_t d) {
    const int64_t size = (int64_t)shape->kernel_rows * shape->kernel_columns * shape->depth;
    const int64_t panel = channel / LANE_PANEL_ROWS * LANE_PANEL_ROWS;
    const int64_t below = shape->height - panel;
    const int64_t rows = below < LANE_PANEL_ROWS ? below : LANE_PANEL_ROWS;
    const int64_t place = (i * shape->kernel_columns + j) * shape->depth + d;
    return panels[(group * shape->height + panel) * size + place * rows + channel - panel];
}

// One result element.
static double NAME(gathered)(const lane_gather_shape *shape, const SCALAR *panels, const SCALAR *x,
                             lane_span rows, lane_span columns, int64_t channel, int64_t lane) {
    const int64_t group = channel / shape->height;
    double sum = 0;
    for (int64_t i = 0; i < rows.count; i++) {
        for (int64_t j = 0; j < columns.count; j++) {
            const int64_t row = rows.source + i * shape->row_step;
            const int64_t column = columns.source + j * shape->column_step;
            const int64_t pixel = row * shape->source_columns + column;
            for (int64_t d = 0; d < shape->depth; d++) {
                const int64_t feature = (pixel * shape->groups + group) * shape->depth + d;
                const SCALAR weight = NAME(packed_weight)(shape, panels, group, channel % shape->height,
                                                          rows.kernel + i, columns.kernel + j, d);
                sum += (double)weight * (double)x[feature * shape->lanes + lane];
            }
        }
    }
    return sum;
}

void NAME(lane_reference_gather)(const lane_gather_shape *shape, const SCALAR *panels, const SCALAR *bias,
                                 const SCALAR *x, SCALAR *y) {
    const int64_t channels = (int64_t)shape->groups * shape->height;
    for (int64_t r = 0; r < shape->row_count; r++) {
        for (int64_t c = 0; c < shape->column_count; c++) {
            for (int64_t channel = 0; channel < channels; channel++) {
                const int64_t feature = (r * shape->column_count + c) * channels + channel;
                for (int64_t lane = 0; lane < shape->lanes; lane++) {
                    SCALAR *element = y + feature * shape->lanes + lane;
                    if (shape->live && !shape->live[r * shape->live_stride + c * channels + channel]) {
                        if (!shape->accumulating) *element = 0;
                        continue;
                    }
                    const lane_span rows = shape->rows[r], columns = shape->columns[c];
                    double sum = NAME(gathered)(shape, panels, x, rows, columns, channel, lane);
                    if (bias) sum += (double)bias[channel];
                    if (shape->accumulating) sum += (double)*element;
                    *element = (SCALAR)sum;
                }
            }
        }
    }
}

void NAME(lane_reference_sparse)(const lane_sparse_shape *shape, const SCALAR *values, const SCALAR *bias,
                                 const SCALAR *x, SCALAR *y) {
    for (int64_t r = 0; r < shape->rows; r++) {
        for (int64_t lane = 0; lane < shape->lanes; lane++) {
            SCALAR *element = y + r * shape->lanes + lane;
            double sum = bias ? (double)bias[r] : 0;
            if (shape->accumulating) sum += (double)*element;
            for (int64_t e = shape->starts[r]; e < shape->starts[r + 1]; e++) {
                sum += (double)values[e] * (double)x[shape->columns[e] * shape->lanes + lane];
            }
            *element = (SCALAR)sum;
        }
    }
}

void NAME(lane_reference_dot)(int64_t features, int64_t period, const SCALAR *bias, const SCALAR *x,
                              SCALAR *constants, int32_t lanes) {
    for (int64_t lane = 0; lane < lanes; lane++) {
        double sum = 0;
        for (int64_t f = 0; f < features; f++) sum += (double)bias[f % period] * (double)x[f * lanes + lane];
        constants[lane] += (SCALAR)sum;
    }
}
