// Kernels of the activations and of the elementwise steps; see activation_template.h and rigorous.c.
//
// `live` flags the features to look at; null: all. The coefficients of others are zero.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { LANE_MAXIMUM = 64, LANE_ACTIVE = -1, LANE_INACTIVE = -2 };
/// Split points of a smooth neuron, its lines on either side of a range, and its rows in per-lane arrays.
enum { LANE_SMOOTH_SPLITS = 3, LANE_SMOOTH_KNOTS = 3, LANE_SMOOTH_SLOTS = 2 + LANE_SMOOTH_SPLITS };

void lane_relax_shared_f32(ptrdiff_t count, ptrdiff_t lanes, const float *g, float *lambda, const float *lower_slope, const float *upper_slope, const float *intercept, float *constants, int accumulate);
void lane_relax_split_f32(ptrdiff_t count, ptrdiff_t lanes, float a, const int32_t *slots, const float *g, float *lambda, const float *upper_slope, const float *intercept, const float *parameter, const float *phase, float *constants, int accumulate);
void lane_ascend_split_f32(ptrdiff_t count, ptrdiff_t lanes, float a, const int32_t *slots, const float *z, const float *g, float *y, const float *upper_slope, const float *intercept, float *parameter, const float *phase, float *moments, const float *rates);
void lane_tilt_f32(ptrdiff_t count, ptrdiff_t lanes, const float *h, float e, const float *lower, const float *upper, float *g, float *multiplier, float *sizes);
void lane_concretize_f32(ptrdiff_t count, ptrdiff_t lanes, const float *g, const float *lower, const float *upper, float *minimiser, float *bound);
void lane_scale_f32(ptrdiff_t count, ptrdiff_t lanes, const float *scale, const float *offset, const float *x, float *y, int accumulate);
void lane_add_f32(ptrdiff_t count, const float *x, float *y);
void lane_weighted_sum_f32(ptrdiff_t count, ptrdiff_t lanes, const float *weights, const float *values, float *sums, const uint8_t *live);
void lane_activate_f32(ptrdiff_t count, ptrdiff_t lanes, float a, const float *z, float *y);
void lane_differentiate_f32(ptrdiff_t count, ptrdiff_t lanes, float a, const float *z, const float *g, float *lambda, int accumulate);
void lane_keep_f32(ptrdiff_t count, ptrdiff_t lanes, const float *better, const float *tried, float *kept);
void lane_relax_shared_f64(ptrdiff_t count, ptrdiff_t lanes, const double *g, double *lambda, const double *lower_slope, const double *upper_slope, const double *intercept, double *constants, int accumulate);
void lane_relax_split_f64(ptrdiff_t count, ptrdiff_t lanes, double a, const int32_t *slots, const double *g, double *lambda, const double *upper_slope, const double *intercept, const double *parameter, const double *phase, double *constants, int accumulate);
void lane_ascend_split_f64(ptrdiff_t count, ptrdiff_t lanes, double a, const int32_t *slots, const double *z, const double *g, double *y, const double *upper_slope, const double *intercept, double *parameter, const double *phase, double *moments, const double *rates);
void lane_tilt_f64(ptrdiff_t count, ptrdiff_t lanes, const double *h, double e, const double *lower, const double *upper, double *g, double *multiplier, double *sizes);
void lane_concretize_f64(ptrdiff_t count, ptrdiff_t lanes, const double *g, const double *lower, const double *upper, double *minimiser, double *bound);
void lane_scale_f64(ptrdiff_t count, ptrdiff_t lanes, const double *scale, const double *offset, const double *x, double *y, int accumulate);
void lane_add_f64(ptrdiff_t count, const double *x, double *y);
void lane_weighted_sum_f64(ptrdiff_t count, ptrdiff_t lanes, const double *weights, const double *values, double *sums, const uint8_t *live);
void lane_activate_f64(ptrdiff_t count, ptrdiff_t lanes, double a, const double *z, double *y);
void lane_differentiate_f64(ptrdiff_t count, ptrdiff_t lanes, double a, const double *z, const double *g, double *lambda, int accumulate);
void lane_keep_f64(ptrdiff_t count, ptrdiff_t lanes, const double *better, const double *tried, double *kept);
void lane_relax_rigorous(ptrdiff_t count, ptrdiff_t lanes, double a, const int32_t *slots, const double *g, double *lambda, const double *lower, const double *upper, const double *lower_slope, const double *upper_slope, const float *parameter, const float *phase, double *constants, double *magnitudes, int accumulate);
void lane_concretize_rigorous(ptrdiff_t count, ptrdiff_t lanes, const double *g, const double *lower, const double *upper, double *constants, double *magnitudes);
void lane_weighted_sum_rigorous(ptrdiff_t count, ptrdiff_t lanes, const double *weights, const double *radii, const double *values, double *constants, double *magnitudes, double *losses, const uint8_t *live);
void lane_norms(ptrdiff_t count, ptrdiff_t lanes, const double *values, double *squares, double *absolutes, const uint8_t *live);
void lane_score(ptrdiff_t count, ptrdiff_t lanes, float a, const int32_t *slots, const double *g, const float *lower, const float *upper, const float *intercept, const float *parameter, const float *phase, float *scores);
void lane_score_babsr(ptrdiff_t count, ptrdiff_t lanes, const int32_t *slots, const double *g, const float *bias, const float *upper_slope, const float *intercept, const float *parameter, const float *phase, float *scores);
void lane_rank(ptrdiff_t count, ptrdiff_t lanes, const float *scores, ptrdiff_t most, int32_t *best);
void lane_reach_f32(ptrdiff_t count, ptrdiff_t lanes, const int32_t *columns, const float *weights, float bias, const float *corner, const float *span, const float *cost, const float *budget, float *reach, float *multiplier);
void lane_relax_forms(ptrdiff_t count, ptrdiff_t lanes, double a, ptrdiff_t coefficients, ptrdiff_t stride, double rounding, double *means, double *spreads, double *lower, double *upper);
void lane_form_sizes(ptrdiff_t count, ptrdiff_t lanes, ptrdiff_t coefficients, ptrdiff_t stride, const double *forms, double *squares, double *absolutes);
void lane_widen(ptrdiff_t count, ptrdiff_t lanes, const double *weights, const double *scale, const double *plain, const double *radii, double *spreads);
void lane_relax_boxes(ptrdiff_t count, ptrdiff_t lanes, double a, const double *g, double *lambda, const double *lower, const double *upper, double *constants, double *magnitudes, int accumulate);
void lane_concretize_boxes(ptrdiff_t count, ptrdiff_t lanes, const double *g, const double *lower, const double *upper, double *constants, double *magnitudes);
void lane_chords(ptrdiff_t count, ptrdiff_t lanes, double a, const double *g, double *lambda, const double *lower, const double *upper, int accumulate);
void lane_relax_smooth_f32(ptrdiff_t count, ptrdiff_t lanes, const int32_t *slots, const float *lines, const float *splits, const float *g, float *lambda, const float *parameter, const float *phase, float *constants, int accumulate);
void lane_relax_smooth_rigorous(ptrdiff_t count, ptrdiff_t lanes, const int32_t *slots, const double *lines, const double *splits, const double *reach, const double *g, double *lambda, const float *parameter, const float *phase, double *constants, double *magnitudes, int accumulate);
void lane_ascend_smooth_f32(ptrdiff_t count, ptrdiff_t lanes, const int32_t *slots, const float *lines, const float *splits, const float *z, const float *g, float *y, float *parameter, const float *phase, float *moments, const float *rates);
void lane_score_smooth(ptrdiff_t count, ptrdiff_t lanes, const int32_t *slots, const float *strips, const double *g, const float *phase, float *scores);
void lane_form_ranges(ptrdiff_t count, ptrdiff_t lanes, ptrdiff_t coefficients, ptrdiff_t stride, double rounding, const double *means, const double *spreads, double *lower, double *upper);
void lane_relax_forms_by_lines(ptrdiff_t count, ptrdiff_t lanes, ptrdiff_t coefficients, ptrdiff_t stride, double rounding, const double *lines, double *means, double *spreads);
void lane_relax_boxes_by_lines(ptrdiff_t count, ptrdiff_t lanes, ptrdiff_t each, const double *lines, const double *g, double *lambda, const double *lower, const double *upper, double *constants, double *magnitudes, int accumulate);
