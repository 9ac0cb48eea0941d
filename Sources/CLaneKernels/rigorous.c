// The float64 steps that a claim rests on: each leaves, beside its sum, the sum of the magnitudes of its terms, from
// which the caller pays for every rounding (see BoundPropagation).
//
// For coefficients g on y = f(z) and ANY coefficients lambda put on z instead,
//     g y >= lambda z + min over z in [low, up] of (g f(z) - lambda z),
// and the function minimised is linear on either side of 0, so its minimum is at low, at up, or at 0 where it is 0.
// The slopes and multipliers of the search only choose lambda: rounding them costs nothing.
#include "CLaneKernels.h"
#include "clones.h"

#include <string.h>

static inline double least(double x, double y) { return x < y ? x : y; }

// 0 for a finite number, NaN for any other: a comparison may hide a NaN, this does not.
static inline double trap(double x) { return 0 * x; }

// g f(z) - lambda z, in two exactly rounded steps; a g is one more when a is neither 0 nor 1.
static inline double gap(double g, double lambda, double a, double z) {
    double slope = z >= 0 ? g : a * g;
    return (slope - lambda) * z;
}

LANE_CLONES
void lane_relax_rigorous(ptrdiff_t count, ptrdiff_t lanes, double a, const int32_t *restrict slots,
                         const double *restrict g, double *restrict lambda, const double *restrict lower,
                         const double *restrict upper, const double *restrict lower_slope,
                         const double *restrict upper_slope, const float *restrict parameter,
                         const float *restrict phase, double *restrict constants, double *restrict magnitudes,
                         int accumulate) {
    double sum[LANE_MAXIMUM] = {0}, size[LANE_MAXIMUM] = {0};
    double row[LANE_MAXIMUM];
    for (ptrdiff_t i = 0; i < count; i++) {
        const double *gi = g + i * lanes;
        double *li = lambda + i * lanes;
        double low = lower[i], up = upper[i];
        ptrdiff_t s = slots ? slots[i] : (low >= 0 ? LANE_ACTIVE : up <= 0 ? LANE_INACTIVE : 0);
        if (s < 0) {
            if (s == LANE_ACTIVE || a == 0) {
                // Exactly the operand, or 0: nothing to pay.
                if (s == LANE_ACTIVE && accumulate) {
                    for (ptrdiff_t j = 0; j < lanes; j++) li[j] += gi[j];
                } else if (s == LANE_ACTIVE) {
                    memcpy(li, gi, lanes * sizeof(double));
                } else if (!accumulate) {
                    memset(li, 0, lanes * sizeof(double));
                }
                continue;
            }
            double slope = a, reach = -low > up ? -low : up;
            for (ptrdiff_t j = 0; j < lanes; j++) {
                row[j] = slope * gi[j];
                size[j] += (gi[j] < 0 ? -gi[j] : gi[j]) * reach;
            }
        } else {
            double above = upper_slope[i];
            double reach = a != 0 ? (-low > up ? -low : up) : 0;
            if (phase) {
                const float *p = parameter + s * lanes, *h = phase + s * lanes;
                for (ptrdiff_t j = 0; j < lanes; j++) {
                    double v = gi[j], q = (double)p[j];
                    double open = (v >= 0 ? q : above) * v;
                    double fixed = h[j] > 0 ? v - q : a * v + q;
                    double l = h[j] == 0 ? open : fixed;
                    double from = h[j] > 0 ? 0 : low, to = h[j] < 0 ? 0 : up;
                    double left = gap(v, l, a, from), right = gap(v, l, a, to);
                    double c = least(least(left, right), 0);
                    row[j] = l;
                    sum[j] += c;
                    size[j] += trap(left) + trap(right) - c + (v < 0 ? -v : v) * reach;
                }
            } else {
                double below = lower_slope[i];
                for (ptrdiff_t j = 0; j < lanes; j++) {
                    double v = gi[j];
                    double l = (v >= 0 ? below : above) * v;
                    double left = gap(v, l, a, low), right = gap(v, l, a, up);
                    double c = least(least(left, right), 0);
                    row[j] = l;
                    sum[j] += c;
                    size[j] += trap(left) + trap(right) - c + (v < 0 ? -v : v) * reach;
                }
            }
        }
        if (accumulate) {
            for (ptrdiff_t j = 0; j < lanes; j++) li[j] += row[j];
        } else {
            for (ptrdiff_t j = 0; j < lanes; j++) li[j] = row[j];
        }
    }
    for (ptrdiff_t j = 0; j < lanes; j++) {
        constants[j] += sum[j];
        magnitudes[j] += size[j];
    }
}

LANE_CLONES
void lane_concretize_rigorous(ptrdiff_t count, ptrdiff_t lanes, const double *restrict g,
                              const double *restrict lower, const double *restrict upper,
                              double *restrict constants, double *restrict magnitudes) {
    double sum[LANE_MAXIMUM] = {0}, size[LANE_MAXIMUM] = {0};
    for (ptrdiff_t i = 0; i < count; i++) {
        const double *gi = g + i * lanes;
        double low = lower[i], up = upper[i];
        for (ptrdiff_t j = 0; j < lanes; j++) {
            double c = gi[j] * (gi[j] >= 0 ? low : up);
            sum[j] += c;
            size[j] += c < 0 ? -c : c;
        }
    }
    for (ptrdiff_t j = 0; j < lanes; j++) {
        constants[j] += sum[j];
        magnitudes[j] += size[j];
    }
}

LANE_CLONES
void lane_weighted_sum_rigorous(ptrdiff_t count, ptrdiff_t lanes, const double *restrict weights,
                                const double *restrict radii, const double *restrict values,
                                double *restrict constants, double *restrict magnitudes,
                                double *restrict losses, const uint8_t *live) {
    double sum[LANE_MAXIMUM] = {0}, size[LANE_MAXIMUM] = {0}, loss[LANE_MAXIMUM] = {0};
    for (ptrdiff_t i = 0; i < count; i++) {
        double w = weights[i], r = radii ? radii[i] : 0;
        if ((w == 0 && r == 0) || (live && !live[i])) continue;
        const double *v = values + i * lanes;
        for (ptrdiff_t j = 0; j < lanes; j++) {
            double c = w * v[j], d = r * v[j];
            sum[j] += c;
            size[j] += c < 0 ? -c : c;
            loss[j] += d < 0 ? -d : d;
        }
    }
    for (ptrdiff_t j = 0; j < lanes; j++) {
        constants[j] += sum[j];
        magnitudes[j] += size[j];
        losses[j] += loss[j];
    }
}

LANE_CLONES
void lane_norms(ptrdiff_t count, ptrdiff_t lanes, const double *restrict values, double *restrict squares,
                double *restrict absolutes, const uint8_t *live) {
    double sum[LANE_MAXIMUM] = {0}, size[LANE_MAXIMUM] = {0};
    for (ptrdiff_t i = 0; i < count; i++) {
        if (live && !live[i]) continue;
        const double *v = values + i * lanes;
        for (ptrdiff_t j = 0; j < lanes; j++) {
            sum[j] += v[j] * v[j];
            size[j] += v[j] < 0 ? -v[j] : v[j];
        }
    }
    for (ptrdiff_t j = 0; j < lanes; j++) {
        squares[j] += sum[j];
        absolutes[j] += size[j];
    }
}

// Branching scores: for every unsplit unstable neuron the most that the line in use may lie off the activation, times
// the coefficient g on its value; `scores[slot][lane]`, -1 for split neurons. The upper line is farthest off at 0, by
// its intercept. The lower line is off by (parameter - a) |low| at low and (1 - parameter) up at up; the lesser counts,
// for splitting gains both children only what the worse of them gains.
LANE_CLONES
void lane_score(ptrdiff_t count, ptrdiff_t lanes, float a, const int32_t *restrict slots, const double *restrict g,
                const float *restrict lower, const float *restrict upper, const float *restrict intercept,
                const float *restrict parameter, const float *restrict phase, float *restrict scores) {
    for (ptrdiff_t i = 0; i < count; i++) {
        ptrdiff_t s = slots[i];
        if (s < 0) continue;
        const double *gi = g + i * lanes;
        const float *p = parameter + s * lanes, *h = phase + s * lanes;
        float *score = scores + s * lanes;
        float low = -lower[i], up = upper[i], t = intercept[i];
        for (ptrdiff_t j = 0; j < lanes; j++) {
            float v = (float)gi[j];
            float left = (p[j] - a) * low, right = (1 - p[j]) * up;
            float gain = v < 0 ? -v * t : v * (left < right ? left : right);
            score[j] = h[j] == 0 ? gain : -1;
        }
    }
}

// The same by BaBSR (Bunel et al. 2020), from the neuron's own offset and the intercept.
LANE_CLONES
void lane_score_babsr(ptrdiff_t count, ptrdiff_t lanes, const int32_t *restrict slots, const double *restrict g,
                      const float *restrict bias, const float *restrict upper_slope, const float *restrict intercept,
                      const float *restrict parameter, const float *restrict phase, float *restrict scores) {
    for (ptrdiff_t i = 0; i < count; i++) {
        ptrdiff_t s = slots[i];
        if (s < 0) continue;
        const double *gi = g + i * lanes;
        const float *p = parameter + s * lanes, *h = phase + s * lanes;
        float *score = scores + s * lanes;
        float up = upper_slope[i], t = intercept[i], b = bias[i];
        for (ptrdiff_t j = 0; j < lanes; j++) {
            float v = (float)gi[j];
            float ratio = v < 0 ? up : p[j];
            float one = b * v * (ratio - 1), other = b * v * ratio;
            float gain = (one > other ? one : other) + (v < 0 ? -v * t : 0);
            score[j] = h[j] == 0 ? (gain < 0 ? -gain : gain) : -1;
        }
    }
}

// The `most` best slots of each lane, best first, `best[rank][lane]`; -1 where there are fewer.
void lane_rank(ptrdiff_t count, ptrdiff_t lanes, const float *restrict scores, ptrdiff_t most, int32_t *restrict best) {
    for (ptrdiff_t k = 0; k < most * lanes; k++) best[k] = -1;
    for (ptrdiff_t s = 0; s < count; s++) {
        const float *row = scores + s * lanes;
        for (ptrdiff_t j = 0; j < lanes; j++) {
            if (row[j] < 0) continue;
            int32_t carried = (int32_t)s;
            for (ptrdiff_t k = 0; k < most && carried >= 0; k++) {
                int32_t held = best[k * lanes + j];
                if (held < 0 || scores[carried * lanes + j] > scores[held * lanes + j]) {
                    best[k * lanes + j] = carried;
                    carried = held;
                }
            }
        }
    }
}

// How far a linear function of the input reaches where a lane's objective may still be refuted, about. Of a lane with
// the box's corner `corner` that is cheapest, moving input i by the whole box changes the input by `span[i]` and costs
// `cost[i]`, and all moves together may cost no more than `budget`. For the function z = weights . x + bias the lane's
// `side` is 1 when z at the corner is not positive, else -1, and with any multiplier m >= 0
//     side z  <=  side z(corner) + m budget + sum_i max(0, side weights_i span_i - m cost_i).
// The least value found in a few steps goes to `reach`, its multiplier to `multiplier`.
LANE_CLONES
void lane_reach_f32(ptrdiff_t count, ptrdiff_t lanes, const int32_t *restrict columns, const float *restrict weights,
                    float bias, const float *restrict corner, const float *restrict span, const float *restrict cost,
                    const float *restrict budget, float *restrict reach, float *restrict multiplier) {
    enum { WIDE = 16, STEPS = 7 };
    for (ptrdiff_t first = 0; first < lanes; first += WIDE) {
        float z[WIDE], rise[WIDE], fall[WIDE], whole[WIDE];
        for (int j = 0; j < WIDE; j++) {
            z[j] = bias;
            rise[j] = fall[j] = whole[j] = 0;
        }
        for (ptrdiff_t i = 0; i < count; i++) {
            ptrdiff_t at = (columns ? columns[i] : i) * lanes + first;
            float w = weights[i];
            for (int j = 0; j < WIDE; j++) {
                float v = w * span[at + j];
                z[j] += w * corner[at + j];
                rise[j] += v > 0 ? v : 0;
                fall[j] += v < 0 ? -v : 0;
                whole[j] += cost[at + j];
            }
        }
        float side[WIDE], best[WIDE], chosen[WIDE], m[WIDE], hope[WIDE];
        int isOpen = 0;
        for (int j = 0; j < WIDE; j++) {
            side[j] = z[j] > 0 ? -1 : 1;
            float most = z[j] > 0 ? fall[j] : rise[j];
            best[j] = side[j] * z[j] + most;
            chosen[j] = 0;
            m[j] = most / (whole[j] + 1e-30f);
            hope[j] = best[j] / 3;
            isOpen |= best[j] >= 0;
        }
        float factor = 8;
        for (int step = 0; isOpen && step < STEPS; step++) {
            float value[WIDE], used[WIDE];
            for (int j = 0; j < WIDE; j++) {
                value[j] = side[j] * z[j] + m[j] * budget[first + j];
                used[j] = 0;
            }
            for (ptrdiff_t i = 0; i < count; i++) {
                ptrdiff_t at = (columns ? columns[i] : i) * lanes + first;
                float w = weights[i];
                for (int j = 0; j < WIDE; j++) {
                    float rest = side[j] * w * span[at + j] - m[j] * cost[at + j];
                    value[j] += rest > 0 ? rest : 0;
                    used[j] += rest > 0 ? cost[at + j] : 0;
                }
            }
            for (int j = 0; j < WIDE; j++) {
                chosen[j] = value[j] < best[j] ? m[j] : chosen[j];
                best[j] = value[j] < best[j] ? value[j] : best[j];
                m[j] *= used[j] > budget[first + j] ? factor : 1 / factor;
            }
            factor = factor > 4 ? 4 : factor > 2 ? 2 : factor > 1.5f ? 1.5f : 1.2f;
            // Where the first steps gained little, the others will not gain the rest.
            isOpen = 0;
            for (int j = 0; j < WIDE; j++) isOpen |= best[j] >= 0 && (step < 2 || best[j] < hope[j]);
        }
        for (int j = 0; j < WIDE; j++) {
            reach[first + j] = best[j];
            multiplier[first + j] = chosen[j];
        }
    }
}
