// Affine maps over lanes: many problems side by side, one weight load for all of them.
//
// A buffer of features is `value[feature][lane]`, lanes innermost, 64-byte aligned; an image's features are
// numbered (row * columns + column) * channels + channel, so that the channels of a pixel are contiguous. The
// number of lanes is 16, 32, 48 or 64. float (_f32) and double (_f64) versions come from one source.
//
// Each result element is one sum, in an unspecified but fixed order, with or without fused multiply-adds: a
// result of n products (plus bias, plus the accumulated value) carries at most n + 2 roundings on any path.
// Lanes never mix. No kernel changes the floating-point environment, allocates, or calls anything.
//
// Each kernel has a plain twin with the prefix `lane_reference_`, which the tests compare it with.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "precision.h"

/// The kernel positions that reach one result coordinate along one axis of an image: `count` positions from
/// `kernel` on, in packed order, the first of which reads source coordinate `source`.
typedef struct {
    int32_t kernel;
    int32_t count;
    int32_t source;
} lane_span;

/// A sum of weighted source pixels for every pixel of a result image: a convolution in either direction, and,
/// with one pixel and one kernel position, a dense matrix.
///
/// Result channel `g * height + o` of pixel (r, c) is the sum over the spans' kernel positions (i, j) and the
/// group's source channels `d` of `weight[g][o][rows[r].kernel + i][columns[c].kernel + j][d]` times source
/// channel `g * depth + d` of pixel `(rows[r].source + i * row_step, columns[c].source + j * column_step)`.
///
/// Weights are packed in panels of `LANE_PANEL_ROWS` result channels, the last panel of a group lower when
/// the height is no multiple: `[group][panel][kernel row][kernel column][depth][channel in panel]`.
typedef struct {
    const lane_span *_Nonnull rows;
    const lane_span *_Nonnull columns;
    int32_t row_count;
    int32_t column_count;
    int32_t row_step;
    int32_t column_step;
    int32_t source_columns;
    int32_t kernel_rows;
    int32_t kernel_columns;
    int32_t groups;
    /// Source channels of a group.
    int32_t depth;
    /// Result channels of a group.
    int32_t height;
    int32_t lanes;
    /// Whether the result is added to what the destination holds.
    bool accumulating;
    /// Which channels of the result's pixels are wanted, from its first pixel on; null: all. The others become 0, or
    /// stay as they are when accumulating.
    const uint8_t *_Nullable live;
    /// How many flags lie between rows of pixels.
    int64_t live_stride;
    /// Room for one byte for each of the `source_count` source features, for kernels that leave out rows of zeros; null
    /// where that is not worth the look. With one group only.
    uint8_t *_Nullable nonzero;
    int64_t source_count;
} lane_gather_shape;

/// A dense matrix in panels.
typedef struct {
    int64_t height;
    int64_t size;
    int32_t lanes;
    bool accumulating;
} lane_load_shape;

/// Compressed sparse rows: row `r` has the entries `starts[r] ..< starts[r + 1]`.
typedef struct {
    const int64_t *_Nonnull starts;
    const int32_t *_Nonnull columns;
    int64_t rows;
    int32_t lanes;
    bool accumulating;
} lane_sparse_shape;

enum { LANE_PANEL_ROWS = 4 };

#pragma clang assume_nonnull begin

#define LANE_DECLARE(Scalar, suffix)                                                                         \
    /* y (=|+=) bias + weights x, with one bias per result channel. x and y do not overlap. */               \
    void lane_gather##suffix(const lane_gather_shape *shape, const Scalar *panels,                           \
                             const Scalar *_Nullable bias, const Scalar *x, Scalar *y);                      \
    /* The same with the smaller register blocks that machines without AVX-512 use. */                       \
    void lane_gather_narrow##suffix(const lane_gather_shape *shape, const Scalar *panels,                    \
                                    const Scalar *_Nullable bias, const Scalar *x, Scalar *y);               \
    void lane_reference_gather##suffix(const lane_gather_shape *shape, const Scalar *panels,                 \
                                       const Scalar *_Nullable bias, const Scalar *x, Scalar *y);            \
    /* y (=|+=) bias + matrix x, with one bias per row. x and y do not overlap. */                           \
    void lane_sparse##suffix(const lane_sparse_shape *shape, const Scalar *values,                           \
                             const Scalar *_Nullable bias, const Scalar *x, Scalar *y);                      \
    void lane_reference_sparse##suffix(const lane_sparse_shape *shape, const Scalar *values,                 \
                                       const Scalar *_Nullable bias, const Scalar *x, Scalar *y);            \
    /* constants[lane] += sum over features f of bias[f % period] * x[f][lane], summed in double. */         \
    void lane_dot##suffix(int64_t features, int64_t period, const Scalar *bias, const Scalar *x,             \
                          Scalar *constants, int32_t lanes);                                                 \
    void lane_reference_dot##suffix(int64_t features, int64_t period, const Scalar *bias, const Scalar *x,   \
                                    Scalar *constants, int32_t lanes);                                       \
    /* g[:][lane] (=|+=) scales[lane] * row which[lane] of the matrix; a negative row is a row of zeros. The \
       matrix is dense, `height` by `size`, packed in panels; or sparse. */                                  \
    void lane_load##suffix(const lane_load_shape *shape, const Scalar *panels, const int32_t *which,         \
                           const Scalar *scales, Scalar *g);                                                 \
    void lane_load_sparse##suffix(const lane_sparse_shape *shape, int64_t column_count,                      \
                                  const Scalar *values, const int32_t *which, const Scalar *scales,          \
                                  Scalar *g);                                                                \
    /* Panels of `height` channels, `size` weights each: weight p of channel c is                            \
       weights[c * channel_stride + offsets[p]], rounded to nearest. */                                      \
    void lane_pack##suffix(const lane_load_shape *shape, const double *weights, int64_t channel_stride,      \
                           const int64_t *offsets, Scalar *panels);                                          \
    /* Rounds to nearest. */                                                                                 \
    void lane_round##suffix(int64_t count, const double *values, Scalar *rounded);

LANE_IN_BOTH(LANE_DECLARE)
#undef LANE_DECLARE

#pragma clang assume_nonnull end
