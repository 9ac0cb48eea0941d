// What training adds to evaluation over lanes: gradients of weights, batch statistics, max pooling, interval
// activations, and the steps of the optimisers. Buffers are `value[feature][lane]` as everywhere; see training.c and
// weights_template.h.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "affine.h"

/// The output columns that a kernel column meets inside the image: `count` columns from `output` on, the first of
/// which reads source column `source`.
typedef struct {
    int32_t output;
    int32_t count;
    int32_t source;
} lane_reach;

/// A convolution as its weights see it; with one pixel and one kernel position, a dense matrix.
///
/// Weights and their gradient are `[group][kernel row][kernel column][depth][channel]`, the channels of a group
/// filled up to a multiple of `LANE_WEIGHT_CHANNELS`.
typedef struct {
    /// Per output row, the kernel rows that meet the image.
    const lane_span *_Nonnull rows;
    /// Per kernel column.
    const lane_reach *_Nonnull columns;
    int32_t row_count;
    int32_t column_count;
    int32_t kernel_rows;
    int32_t kernel_columns;
    /// Source rows between neighbouring kernel rows.
    int32_t row_step;
    /// Source columns between neighbouring output columns.
    int32_t column_stride;
    int32_t source_columns;
    int32_t groups;
    /// Source channels of a group.
    int32_t depth;
    /// Output channels of a group.
    int32_t height;
    int32_t lanes;
} lane_weights_shape;

/// Windows of a max pooling, as places of an image `[row][column][channel]`.
typedef struct {
    int32_t channels;
    int32_t input_rows, input_columns;
    int32_t output_rows, output_columns;
    int32_t kernel_rows, kernel_columns;
    int32_t row_stride, column_stride;
    int32_t row_dilation, column_dilation;
    int32_t top, left;
    int32_t lanes;
} lane_pool_shape;

/// One step of an optimiser on a run of parameters; see `lane_adam` and `lane_momentum`.
typedef struct {
    double rate;
    /// Decay of the parameters by `rate * decay` before the step (decoupled), or added to the gradient.
    double decay;
    bool decoupled;
    double beta1, beta2, epsilon;
    /// `1 / (1 - beta^t)`.
    double unbias1, unbias2;
} lane_step;

enum { LANE_WEIGHT_CHANNELS = 16 };

#pragma clang assume_nonnull begin

#define LANE_DECLARE(Scalar, suffix)                                                                         \
    /* gradient += the sum over pixels and lanes of source times coefficient. `scratch` holds one output row \
       of coefficients: column_count * lanes * the filled-up channels of a group. */                         \
    void lane_weight_gradient##suffix(const lane_weights_shape *shape, const Scalar *x,                      \
                                      const Scalar *lambda, Scalar *scratch, Scalar *gradient);              \
    /* The same with the smaller register blocks that machines without AVX-512 use. */                       \
    void lane_weight_gradient_narrow##suffix(const lane_weights_shape *shape, const Scalar *x,               \
                                             const Scalar *lambda, Scalar *scratch, Scalar *gradient);       \
    /* Panels of `height` channels: weight p of channel c is weights[c * channel_stride + offsets[p]]; with  \
       `magnitudes` its absolute value. */                                                                   \
    void lane_repack##suffix(const lane_load_shape *shape, const Scalar *weights, int64_t channel_stride,    \
                             const int64_t *offsets, bool magnitudes, Scalar *panels);                       \
    /* sums[channel] += the sum over pixels and lanes. */                                                    \
    void lane_channel_sums##suffix(int64_t pixels, int64_t channels, int64_t lanes, const Scalar *x,         \
                                   double *sums);                                                            \
    /* sums[channel] += the sum of x - shift, sums[channels + channel] += that of its square. */             \
    void lane_moments##suffix(int64_t pixels, int64_t channels, int64_t lanes, const Scalar *shift,          \
                              const Scalar *x, double *sums);                                                \
    /* y = f(scale x + offset), one scale and offset per channel; f(z) = z for z >= 0, else slope z. */      \
    void lane_normalize##suffix(int64_t pixels, int64_t channels, int64_t lanes, const Scalar *scale,        \
                                const Scalar *offset, Scalar slope, const Scalar *x, Scalar *y);             \
    /* With d = g f'(scale x + offset): sums[channel] += the sum of d, sums[channels + channel] += that of   \
       d (x - shift). */                                                                                     \
    void lane_normalize_sums##suffix(int64_t pixels, int64_t channels, int64_t lanes, const Scalar *scale,   \
                                     const Scalar *offset, const Scalar *shift, Scalar slope,                \
                                     const Scalar *x, const Scalar *g, double *sums);                        \
    /* lambda (=|+=) scale d + slant x + level, d as above. */                                               \
    void lane_normalize_gradient##suffix(int64_t pixels, int64_t channels, int64_t lanes,                    \
                                         const Scalar *scale, const Scalar *offset, const Scalar *slant,     \
                                         const Scalar *level, Scalar slope, const Scalar *x,                 \
                                         const Scalar *g, Scalar *lambda, bool accumulating);                \
    void lane_max_pool##suffix(const lane_pool_shape *shape, const Scalar *x, Scalar *y);                    \
    /* lambda += g at the first place of each window that holds its maximum. */                              \
    void lane_max_pool_gradient##suffix(const lane_pool_shape *shape, const Scalar *x, const Scalar *y,      \
                                        const Scalar *g, Scalar *lambda);                                    \
    /* The interval image of an activation: centre and radius to centre and radius. */                       \
    void lane_activate_interval##suffix(int64_t count, int64_t lanes, Scalar slope, const Scalar *centre,    \
                                        const Scalar *radius, Scalar *y_centre, Scalar *y_radius);           \
    /* Gradients with respect to centre and radius, (=|+=). `stability` adds that of                         \
       -stability tanh(1 + lower upper), which is small where the sign is fixed. */                          \
    void lane_activate_interval_gradient##suffix(int64_t count, int64_t lanes, Scalar slope,                 \
                                                 Scalar stability, const Scalar *centre,                     \
                                                 const Scalar *radius, const Scalar *g_centre,               \
                                                 const Scalar *g_radius, Scalar *l_centre,                   \
                                                 Scalar *l_radius, bool accumulating);                       \
    /* gradient += sign(weights) * magnitude_gradient. */                                                    \
    void lane_add_signed##suffix(int64_t count, const Scalar *weights, const Scalar *magnitude_gradient,     \
                                 Scalar *gradient);                                                          \
    /* total = the sum of `parts` runs of `count` numbers, in order. */                                      \
    void lane_add_parts##suffix(int64_t count, int64_t parts, int64_t stride, const Scalar *values,          \
                                Scalar *total);                                                              \
    /* x moves by step in the direction of g's sign, and then into [start - radius, start + radius] and       \
       [least, most]. */                                                                                     \
    void lane_sign_step##suffix(int64_t count, const Scalar *start, const Scalar *g, Scalar step,            \
                                Scalar radius, Scalar least, Scalar most, Scalar *x);                        \
    /* Centre and radius of the box of `radius` around x within [least, most]. */                            \
    void lane_box##suffix(int64_t count, const Scalar *x, Scalar radius, Scalar least, Scalar most,          \
                          Scalar *centre, Scalar *half);                                                     \
    /* x[places[i]][lane] = values[i]. */                                                                    \
    void lane_scatter##suffix(int64_t count, int64_t lanes, int64_t lane, const float *values,               \
                              const int32_t *places, Scalar *x);                                             \
    /* Softmax cross-entropy of the first `used` lanes against their labels: losses[lane] and the index of   \
       the largest output; g = weight times the gradient, 0 in the other lanes. */                           \
    void lane_cross_entropy##suffix(int64_t outputs, int64_t lanes, int64_t used, const int32_t *labels,     \
                                    double weight, const Scalar *z, Scalar *g, double *losses,               \
                                    int32_t *largest);                                                       \
    /* Half the squared distance to `targets`, [lane][output], and weight times its gradient. */             \
    void lane_squared_error##suffix(int64_t outputs, int64_t lanes, int64_t used, const float *targets,      \
                                    double weight, const Scalar *z, Scalar *g, double *losses);              \
    /* Where the mask, if any, is 0, parameters and moments become 0. */                                     \
    void lane_adam##suffix(int64_t count, const lane_step *step, const Scalar *gradient,                     \
                           const Scalar *_Nullable mask, Scalar *parameters, Scalar *first, Scalar *second); \
    void lane_momentum##suffix(int64_t count, const lane_step *step, const Scalar *gradient,                 \
                               const Scalar *_Nullable mask, Scalar *parameters, Scalar *velocity);

LANE_IN_BOTH(LANE_DECLARE)
#undef LANE_DECLARE

#pragma clang assume_nonnull end
