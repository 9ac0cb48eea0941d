// Batch statistics, pooling, interval activations and optimiser steps. All are limited by memory: each makes one
// pass over its buffers in their own order, with one row of partial sums per channel in the first-level cache.

void NAME(lane_repack)(const lane_load_shape *shape, const SCALAR *weights, int64_t channel_stride,
                       const int64_t *offsets, bool magnitudes, SCALAR *panels) {
    for (int64_t first = 0; first < shape->height; first += LANE_PANEL_ROWS) {
        const int64_t left = shape->height - first;
        const int64_t rows = left < LANE_PANEL_ROWS ? left : LANE_PANEL_ROWS;
        const SCALAR *panel = weights + first * channel_stride;
        for (int64_t p = 0; p < shape->size; p++) {
            const SCALAR *weight = panel + offsets[p];
            for (int64_t r = 0; r < rows; r++) {
                const SCALAR value = weight[r * channel_stride];
                *panels++ = magnitudes && value < 0 ? -value : value;
            }
        }
    }
}

// Channels whose partial sums are kept together, and pixels after which these go into doubles.
enum { NAME(sum_channels) = 64, NAME(sum_pixels) = 64 };

LANE_CLONES void NAME(lane_channel_sums)(int64_t pixels, int64_t channels, int64_t lanes, const SCALAR *x,
                                         double *sums) {
    SCALAR part[NAME(sum_channels)][LANE_MAXIMUM];
    for (int64_t first = 0; first < channels; first += NAME(sum_channels)) {
        const int64_t left = channels - first;
        const int64_t count = left < NAME(sum_channels) ? left : NAME(sum_channels);
        for (int64_t start = 0; start < pixels; start += NAME(sum_pixels)) {
            const int64_t end = start + NAME(sum_pixels) < pixels ? start + NAME(sum_pixels) : pixels;
            for (int64_t c = 0; c < count; c++) {
                for (int64_t l = 0; l < lanes; l++) part[c][l] = 0;
            }
            for (int64_t p = start; p < end; p++) {
                const SCALAR *row = x + (p * channels + first) * lanes;
                for (int64_t c = 0; c < count; c++) {
                    for (int64_t l = 0; l < lanes; l++) part[c][l] += row[c * lanes + l];
                }
            }
            for (int64_t c = 0; c < count; c++) {
                double sum = 0;
                for (int64_t l = 0; l < lanes; l++) sum += (double)part[c][l];
                sums[first + c] += sum;
            }
        }
    }
}

LANE_CLONES void NAME(lane_moments)(int64_t pixels, int64_t channels, int64_t lanes, const SCALAR *shift,
                                    const SCALAR *x, double *sums) {
    SCALAR part[NAME(sum_channels)][2 * LANE_MAXIMUM];
    for (int64_t first = 0; first < channels; first += NAME(sum_channels)) {
        const int64_t left = channels - first;
        const int64_t count = left < NAME(sum_channels) ? left : NAME(sum_channels);
        for (int64_t start = 0; start < pixels; start += NAME(sum_pixels)) {
            const int64_t end = start + NAME(sum_pixels) < pixels ? start + NAME(sum_pixels) : pixels;
            for (int64_t c = 0; c < count; c++) {
                for (int64_t l = 0; l < 2 * lanes; l++) part[c][l] = 0;
            }
            for (int64_t p = start; p < end; p++) {
                const SCALAR *row = x + (p * channels + first) * lanes;
                for (int64_t c = 0; c < count; c++) {
                    const SCALAR centre = shift[first + c];
                    SCALAR *restrict linear = part[c], *restrict square = part[c] + lanes;
                    for (int64_t l = 0; l < lanes; l++) {
                        const SCALAR value = row[c * lanes + l] - centre;
                        linear[l] += value;
                        square[l] += value * value;
                    }
                }
            }
            for (int64_t c = 0; c < count; c++) {
                double linear = 0, square = 0;
                for (int64_t l = 0; l < lanes; l++) {
                    linear += (double)part[c][l];
                    square += (double)part[c][lanes + l];
                }
                sums[first + c] += linear;
                sums[channels + first + c] += square;
            }
        }
    }
}

LANE_CLONES void NAME(lane_normalize)(int64_t pixels, int64_t channels, int64_t lanes, const SCALAR *scale,
                                      const SCALAR *offset, SCALAR slope, const SCALAR *restrict x,
                                      SCALAR *restrict y) {
    for (int64_t p = 0; p < pixels; p++) {
        for (int64_t c = 0; c < channels; c++) {
            const SCALAR a = scale[c], b = offset[c];
            for (int64_t l = 0; l < lanes; l++) {
                const SCALAR z = a * x[l] + b;
                y[l] = z >= 0 ? z : slope * z;
            }
            x += lanes;
            y += lanes;
        }
    }
}

LANE_CLONES void NAME(lane_normalize_sums)(int64_t pixels, int64_t channels, int64_t lanes, const SCALAR *scale,
                                           const SCALAR *offset, const SCALAR *shift, SCALAR slope,
                                           const SCALAR *x, const SCALAR *g, double *sums) {
    SCALAR part[NAME(sum_channels)][2 * LANE_MAXIMUM];
    for (int64_t first = 0; first < channels; first += NAME(sum_channels)) {
        const int64_t left = channels - first;
        const int64_t count = left < NAME(sum_channels) ? left : NAME(sum_channels);
        for (int64_t start = 0; start < pixels; start += NAME(sum_pixels)) {
            const int64_t end = start + NAME(sum_pixels) < pixels ? start + NAME(sum_pixels) : pixels;
            for (int64_t c = 0; c < count; c++) {
                for (int64_t l = 0; l < 2 * lanes; l++) part[c][l] = 0;
            }
            for (int64_t p = start; p < end; p++) {
                for (int64_t c = 0; c < count; c++) {
                    const int64_t place = (p * channels + first + c) * lanes;
                    const SCALAR *xs = x + place, *gs = g + place;
                    const SCALAR a = scale[first + c], b = offset[first + c], centre = shift[first + c];
                    SCALAR *restrict plain = part[c], *restrict product = part[c] + lanes;
                    for (int64_t l = 0; l < lanes; l++) {
                        const SCALAR d = a * xs[l] + b >= 0 ? gs[l] : slope * gs[l];
                        plain[l] += d;
                        product[l] += d * (xs[l] - centre);
                    }
                }
            }
            for (int64_t c = 0; c < count; c++) {
                double plain = 0, product = 0;
                for (int64_t l = 0; l < lanes; l++) {
                    plain += (double)part[c][l];
                    product += (double)part[c][lanes + l];
                }
                sums[first + c] += plain;
                sums[channels + first + c] += product;
            }
        }
    }
}

LANE_CLONES void NAME(lane_normalize_gradient)(int64_t pixels, int64_t channels, int64_t lanes,
                                               const SCALAR *scale, const SCALAR *offset, const SCALAR *slant,
                                               const SCALAR *level, SCALAR slope, const SCALAR *restrict x,
                                               const SCALAR *restrict g, SCALAR *restrict lambda,
                                               bool accumulating) {
    for (int64_t p = 0; p < pixels; p++) {
        for (int64_t c = 0; c < channels; c++) {
            const SCALAR a = scale[c], b = offset[c], s = slant[c], t = level[c];
            if (accumulating) {
                for (int64_t l = 0; l < lanes; l++) {
                    const SCALAR d = a * x[l] + b >= 0 ? g[l] : slope * g[l];
                    lambda[l] += a * d + (s * x[l] + t);
                }
            } else {
                for (int64_t l = 0; l < lanes; l++) {
                    const SCALAR d = a * x[l] + b >= 0 ? g[l] : slope * g[l];
                    lambda[l] = a * d + (s * x[l] + t);
                }
            }
            x += lanes;
            g += lanes;
            lambda += lanes;
        }
    }
}

// Calls `body` with the place of every input pixel under a window.
#define LANE_FOR_WINDOW(shape, r, c, place, body)                                                            \
    for (int32_t i = 0; i < (shape)->kernel_rows; i++) {                                                     \
        const int64_t row = (int64_t)(r) * (shape)->row_stride - (shape)->top + i * (shape)->row_dilation;   \
        if (row < 0 || row >= (shape)->input_rows) continue;                                                 \
        for (int32_t j = 0; j < (shape)->kernel_columns; j++) {                                              \
            const int64_t column =                                                                           \
                (int64_t)(c) * (shape)->column_stride - (shape)->left + j * (shape)->column_dilation;        \
            if (column < 0 || column >= (shape)->input_columns) continue;                                    \
            const int64_t place = row * (shape)->input_columns + column;                                     \
            body                                                                                             \
        }                                                                                                    \
    }

LANE_CLONES void NAME(lane_max_pool)(const lane_pool_shape *shape, const SCALAR *x, SCALAR *y) {
    const int64_t size = (int64_t)shape->channels * shape->lanes;
    for (int32_t r = 0; r < shape->output_rows; r++) {
        for (int32_t c = 0; c < shape->output_columns; c++) {
            SCALAR *restrict result = y + ((int64_t)r * shape->output_columns + c) * size;
            for (int64_t k = 0; k < size; k++) result[k] = (SCALAR)-INFINITY;
            LANE_FOR_WINDOW(shape, r, c, place, {
                const SCALAR *source = x + place * size;
                for (int64_t k = 0; k < size; k++) result[k] = source[k] > result[k] ? source[k] : result[k];
            })
        }
    }
}

LANE_CLONES void NAME(lane_max_pool_gradient)(const lane_pool_shape *shape, const SCALAR *x, const SCALAR *y,
                                              const SCALAR *g, SCALAR *lambda) {
    const int64_t lanes = shape->lanes;
    for (int32_t r = 0; r < shape->output_rows; r++) {
        for (int32_t c = 0; c < shape->output_columns; c++) {
            for (int32_t channel = 0; channel < shape->channels; channel++) {
                const int64_t result =
                    (((int64_t)r * shape->output_columns + c) * shape->channels + channel) * lanes;
                SCALAR left[LANE_MAXIMUM];
                for (int64_t l = 0; l < lanes; l++) left[l] = g[result + l];
                LANE_FOR_WINDOW(shape, r, c, place, {
                    const int64_t source = (place * shape->channels + channel) * lanes;
                    for (int64_t l = 0; l < lanes; l++) {
                        const bool wins = x[source + l] == y[result + l];
                        lambda[source + l] += wins ? left[l] : 0;
                        left[l] = wins ? 0 : left[l];
                    }
                })
            }
        }
    }
}
#undef LANE_FOR_WINDOW

LANE_CLONES void NAME(lane_activate_interval)(int64_t count, int64_t lanes, SCALAR slope,
                                              const SCALAR *restrict centre, const SCALAR *restrict radius,
                                              SCALAR *restrict y_centre, SCALAR *restrict y_radius) {
    for (int64_t k = 0; k < count * lanes; k++) {
        SCALAR lower = centre[k] - radius[k], upper = centre[k] + radius[k];
        lower = lower >= 0 ? lower : slope * lower;
        upper = upper >= 0 ? upper : slope * upper;
        y_centre[k] = (lower + upper) / 2;
        y_radius[k] = (upper - lower) / 2;
    }
}

LANE_CLONES void NAME(lane_activate_interval_gradient)(
    int64_t count, int64_t lanes, SCALAR slope, SCALAR stability, const SCALAR *restrict centre,
    const SCALAR *restrict radius, const SCALAR *restrict g_centre, const SCALAR *restrict g_radius,
    SCALAR *restrict l_centre, SCALAR *restrict l_radius, bool accumulating) {
    for (int64_t k = 0; k < count * lanes; k++) {
        const SCALAR lower = centre[k] - radius[k], upper = centre[k] + radius[k];
        SCALAR to_lower = (g_centre[k] - g_radius[k]) / 2 * (lower >= 0 ? 1 : slope);
        SCALAR to_upper = (g_centre[k] + g_radius[k]) / 2 * (upper >= 0 ? 1 : slope);
        if (stability != 0) {
            const SCALAR t = TANH(1 + lower * upper);
            const SCALAR derivative = -stability * (1 - t * t);
            to_lower += derivative * upper;
            to_upper += derivative * lower;
        }
        l_centre[k] = (accumulating ? l_centre[k] : 0) + to_upper + to_lower;
        l_radius[k] = (accumulating ? l_radius[k] : 0) + to_upper - to_lower;
    }
}

LANE_CLONES void NAME(lane_add_signed)(int64_t count, const SCALAR *weights, const SCALAR *magnitude_gradient,
                                       SCALAR *gradient) {
    for (int64_t k = 0; k < count; k++) {
        gradient[k] += weights[k] > 0 ? magnitude_gradient[k] : weights[k] < 0 ? -magnitude_gradient[k] : 0;
    }
}

LANE_CLONES void NAME(lane_add_parts)(int64_t count, int64_t parts, int64_t stride, const SCALAR *restrict values,
                                      SCALAR *restrict total) {
    for (int64_t k = 0; k < count; k++) total[k] = values[k];
    for (int64_t part = 1; part < parts; part++) {
        const SCALAR *restrict more = values + part * stride;
        for (int64_t k = 0; k < count; k++) total[k] += more[k];
    }
}

LANE_CLONES void NAME(lane_adam)(int64_t count, const lane_step *step, const SCALAR *restrict gradient,
                                 const SCALAR *restrict mask, SCALAR *restrict parameters,
                                 SCALAR *restrict first, SCALAR *restrict second) {
    const SCALAR beta1 = (SCALAR)step->beta1, beta2 = (SCALAR)step->beta2, epsilon = (SCALAR)step->epsilon;
    const SCALAR rate = (SCALAR)(step->rate * step->unbias1), unbias2 = (SCALAR)step->unbias2;
    const SCALAR kept = (SCALAR)(step->decoupled ? 1 - step->rate * step->decay : 1);
    const SCALAR pull = (SCALAR)(step->decoupled ? 0 : step->decay);
    for (int64_t k = 0; k < count; k++) {
        const SCALAR g = gradient[k] + pull * parameters[k];
        const SCALAR m = beta1 * first[k] + (1 - beta1) * g;
        const SCALAR v = beta2 * second[k] + (1 - beta2) * g * g;
        first[k] = m;
        second[k] = v;
        parameters[k] = kept * parameters[k] - rate * m / (SQRT(v * unbias2) + epsilon);
    }
    if (!mask) return;
    for (int64_t k = 0; k < count; k++) {
        parameters[k] = mask[k] != 0 ? parameters[k] : 0;
        first[k] = mask[k] != 0 ? first[k] : 0;
        second[k] = mask[k] != 0 ? second[k] : 0;
    }
}

LANE_CLONES void NAME(lane_momentum)(int64_t count, const lane_step *step, const SCALAR *restrict gradient,
                                     const SCALAR *restrict mask, SCALAR *restrict parameters,
                                     SCALAR *restrict velocity) {
    const SCALAR rate = (SCALAR)step->rate, decay = (SCALAR)step->decay, beta = (SCALAR)step->beta1;
    for (int64_t k = 0; k < count; k++) {
        const SCALAR v = beta * velocity[k] + gradient[k] + decay * parameters[k];
        velocity[k] = v;
        parameters[k] -= rate * v;
    }
    if (!mask) return;
    for (int64_t k = 0; k < count; k++) {
        parameters[k] = mask[k] != 0 ? parameters[k] : 0;
        velocity[k] = mask[k] != 0 ? velocity[k] : 0;
    }
}

void NAME(lane_scatter)(int64_t count, int64_t lanes, int64_t lane, const float *values, const int32_t *places,
                        SCALAR *x) {
    for (int64_t i = 0; i < count; i++) x[places[i] * lanes + lane] = (SCALAR)values[i];
}

void NAME(lane_cross_entropy)(int64_t outputs, int64_t lanes, int64_t used, const int32_t *labels, double weight,
                              const SCALAR *z, SCALAR *g, double *losses, int32_t *largest) {
    for (int64_t l = 0; l < lanes; l++) {
        if (l >= used) {
            for (int64_t o = 0; o < outputs; o++) g[o * lanes + l] = 0;
            continue;
        }
        int32_t best = 0;
        for (int32_t o = 1; o < outputs; o++) best = z[o * lanes + l] > z[best * lanes + l] ? o : best;
        const double top = (double)z[best * lanes + l];
        double sum = 0;
        for (int64_t o = 0; o < outputs; o++) sum += exp((double)z[o * lanes + l] - top);
        for (int64_t o = 0; o < outputs; o++) {
            const double share = exp((double)z[o * lanes + l] - top) / sum;
            g[o * lanes + l] = (SCALAR)(weight * (share - (o == labels[l])));
        }
        losses[l] = top + log(sum) - (double)z[labels[l] * lanes + l];
        largest[l] = best;
    }
}

void NAME(lane_squared_error)(int64_t outputs, int64_t lanes, int64_t used, const float *targets, double weight,
                              const SCALAR *z, SCALAR *g, double *losses) {
    for (int64_t l = 0; l < lanes; l++) {
        double sum = 0;
        for (int64_t o = 0; o < outputs; o++) {
            const double difference = l < used ? (double)z[o * lanes + l] - (double)targets[l * outputs + o] : 0;
            sum += difference * difference / 2;
            g[o * lanes + l] = (SCALAR)(weight * difference);
        }
        if (l < used) losses[l] = sum;
    }
}

LANE_CLONES void NAME(lane_sign_step)(int64_t count, const SCALAR *restrict start, const SCALAR *restrict g,
                                      SCALAR step, SCALAR radius, SCALAR least, SCALAR most, SCALAR *restrict x) {
    for (int64_t k = 0; k < count; k++) {
        SCALAR value = x[k] + (g[k] > 0 ? step : g[k] < 0 ? -step : 0);
        SCALAR low = start[k] - radius, high = start[k] + radius;
        low = low > least ? low : least;
        high = high < most ? high : most;
        value = value < low ? low : value;
        x[k] = value > high ? high : value;
    }
}

LANE_CLONES void NAME(lane_box)(int64_t count, const SCALAR *restrict x, SCALAR radius, SCALAR least, SCALAR most,
                                SCALAR *restrict centre, SCALAR *restrict half) {
    for (int64_t k = 0; k < count; k++) {
        SCALAR low = x[k] - radius, high = x[k] + radius;
        low = low > least ? low : least;
        high = high < most ? high : most;
        centre[k] = (low + high) / 2;
        half[k] = high > low ? (high - low) / 2 : 0;
    }
}
