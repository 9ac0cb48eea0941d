// Relaxing smooth activations: every neuron comes with lines that are known to lie below and above its function, and
// each lane picks among them.
//
// For a neuron with its own rows in the per-lane arrays (`slots[i] >= 0`), LANE_SMOOTH_SPLITS split points divide its
// bounds l < m_1 < m_2 < m_3 < u. A lane's phases choose the range from one of these five numbers to another, and for
// every such range there are LANE_SMOOTH_KNOTS lines below the function and as many above, slope by slope. A lane's
// position between two neighbouring lines picks their convex combination, which lies below (above) as well. For a ReLU
// this would be the choice of the lower slope between the lines 0 and z.
//
// The rows of a neuron from its slot on: position among the lower lines, position among the upper lines, both from 0 to
// LANE_SMOOTH_KNOTS - 1, then one split multiplier per split point, with the phase beside it: 1 (z >= m), -1 (z <= m)
// or 0. Neurons without a slot take the middle line over all of [l, u].
//
// `lines` is [neuron][range][below, above][knot][slope, offset].
#include "CLaneKernels.h"
#include "clones.h"
#include <math.h>

enum {
    SPLITS = LANE_SMOOTH_SPLITS,
    KNOTS = LANE_SMOOTH_KNOTS,
    SIDE = 2 * KNOTS,
    RANGE = 2 * SIDE,
    NEURON = (SPLITS + 1) * (SPLITS + 1) * RANGE,
};

// The range between end `from` and end `to` of l, m_1, ..., u.
static inline ptrdiff_t range_place(ptrdiff_t from, ptrdiff_t to) { return (from * (SPLITS + 1) + to - 1) * RANGE; }

// The range that a lane's phases leave. Contradicting phases leave nothing to be right about.
static inline ptrdiff_t chosen_range(const float *phase, ptrdiff_t lanes, ptrdiff_t j) {
    ptrdiff_t from = 0, to = SPLITS + 1;
    for (ptrdiff_t k = 0; k < SPLITS; k++) {
        float h = phase[(2 + k) * lanes + j];
        if (h > 0) from = k + 1;
        if (h < 0 && to > k + 1) to = k + 1;
    }
    return range_place(from, to > from ? to : from + 1);
}

// Below: the lines of a side around a lane's position, and the weight of the second; NaN counts as 0.
#define POSITION(T, line, first, second, weight)                                                             \
    T clamped = position > 0 ? (T)position : 0;                                                              \
    clamped = clamped < KNOTS - 1 ? clamped : KNOTS - 1;                                                     \
    ptrdiff_t knot = (ptrdiff_t)clamped;                                                                     \
    knot = knot < KNOTS - 2 ? knot : KNOTS - 2;                                                              \
    T weight = clamped - (T)knot;                                                                            \
    const T *first = line + 2 * knot, *second = first + 2;

// lambda (+)= the coefficients on z that replace the coefficients g on f(z), in the search.
void lane_relax_smooth_f32(ptrdiff_t count, ptrdiff_t lanes, const int32_t *slots, const float *lines,
                           const float *splits, const float *g, float *lambda, const float *parameter,
                           const float *phase, float *constants, int accumulate) {
    for (ptrdiff_t i = 0; i < count; i++) {
        const float *own = lines + i * NEURON, *cut = splits + i * SPLITS;
        ptrdiff_t s = slots[i];
        const float *p = parameter + (s < 0 ? 0 : s) * lanes, *h = phase + (s < 0 ? 0 : s) * lanes;
        for (ptrdiff_t j = 0; j < lanes; j++) {
            float v = g[i * lanes + j];
            ptrdiff_t side = v >= 0 ? 0 : 1;
            const float *line = own + (s < 0 ? range_place(0, SPLITS + 1) : chosen_range(h, lanes, j)) + side * SIDE;
            float position = s < 0 ? (KNOTS - 1) / 2.0f : p[side * lanes + j];
            POSITION(float, line, first, second, w)
            float l = v * (first[0] + w * (second[0] - first[0]));
            float c = v * (first[1] + w * (second[1] - first[1]));
            for (ptrdiff_t k = 0; k < SPLITS && s >= 0; k++) {
                float b = h[(2 + k) * lanes + j] * p[(2 + k) * lanes + j];
                l -= b;
                c += b * cut[k];
            }
            float *to = lambda + i * lanes + j;
            *to = accumulate ? *to + l : l;
            constants[j] += c;
        }
    }
}

// The same for a claim. The combination of two lines with exact weights is sound; what computing it, its products and
// the multipliers' terms rounds is at most a few units of what is added to `magnitudes`. `reach` bounds |z|. Without
// parameters every neuron takes its middle line.
void lane_relax_smooth_rigorous(ptrdiff_t count, ptrdiff_t lanes, const int32_t *slots, const double *lines,
                                const double *splits, const double *reach, const double *g, double *lambda,
                                const float *parameter, const float *phase, double *constants, double *magnitudes,
                                int accumulate) {
    for (ptrdiff_t i = 0; i < count; i++) {
        const double *own = lines + i * NEURON, *cut = splits + i * SPLITS;
        ptrdiff_t s = parameter ? slots[i] : -1;
        for (ptrdiff_t j = 0; j < lanes; j++) {
            double v = g[i * lanes + j], size = fabs(v);
            ptrdiff_t side = v >= 0 ? 0 : 1;
            ptrdiff_t range = s < 0 ? range_place(0, SPLITS + 1) : chosen_range(phase + s * lanes, lanes, j);
            const double *line = own + range + side * SIDE;
            double position = s < 0 ? (KNOTS - 1) / 2.0 : (double)parameter[(s + side) * lanes + j];
            POSITION(double, line, first, second, w)
            double l = v * (first[0] + w * (second[0] - first[0]));
            double c = v * (first[1] + w * (second[1] - first[1]));
            size *= (fabs(first[0]) + fabs(second[0])) * reach[i] + fabs(first[1]) + fabs(second[1]);
            for (ptrdiff_t k = 0; k < SPLITS && s >= 0; k++) {
                double h = (double)phase[(s + 2 + k) * lanes + j];
                if (h == 0) continue;
                double b = (double)parameter[(s + 2 + k) * lanes + j];
                b = b > 0 ? b : 0;
                double signed_b = h > 0 ? b : -b;
                l -= signed_b;
                c += signed_b * cut[k];
                size += 2 * b * (reach[i] + fabs(cut[k]));
            }
            double *to = lambda + i * lanes + j;
            *to = accumulate ? *to + l : l;
            constants[j] += c;
            magnitudes[j] += size + fabs(c);
        }
    }
}

// One forward step along the chosen lines, and one ascent step of Adam on positions and multipliers; see
// `lane_ascend_split` for the rates and moments.
void lane_ascend_smooth_f32(ptrdiff_t count, ptrdiff_t lanes, const int32_t *slots, const float *lines,
                            const float *splits, const float *z, const float *g, float *y, float *parameter,
                            const float *phase, float *moments, const float *rates) {
    for (ptrdiff_t i = 0; i < count; i++) {
        const float *own = lines + i * NEURON, *cut = splits + i * SPLITS;
        ptrdiff_t s = slots[i];
        float *p = parameter + (s < 0 ? 0 : s) * lanes;
        const float *h = phase + (s < 0 ? 0 : s) * lanes;
        for (ptrdiff_t j = 0; j < lanes; j++) {
            float v = g[i * lanes + j], at = z[i * lanes + j];
            ptrdiff_t side = v >= 0 ? 0 : 1;
            const float *line = own + (s < 0 ? range_place(0, SPLITS + 1) : chosen_range(h, lanes, j)) + side * SIDE;
            float position = s < 0 ? (KNOTS - 1) / 2.0f : p[side * lanes + j];
            POSITION(float, line, first, second, w)
            float slope = second[0] - first[0], offset = second[1] - first[1];
            y[i * lanes + j] = (first[0] + w * slope) * at + first[1] + w * offset;
            if (s < 0) continue;
            for (ptrdiff_t k = 0; k < 2 + SPLITS; k++) {
                float sign = h[k * lanes + j];
                if (k < 2 ? k != side : sign == 0) continue;
                float gradient = k < 2 ? v * (slope * at + offset) : sign * (cut[k - 2] - at);
                float *m1 = moments + 2 * (s + k) * lanes + j, *m2 = m1 + lanes;
                *m1 = 0.9f * *m1 + 0.1f * gradient;
                *m2 = 0.99f * *m2 + 0.01f * gradient * gradient;
                // As in `lane_ascend_split`, a multiplier's step is relative to the coefficient on its neuron.
                float size = fabsf(v) > p[k * lanes + j] ? fabsf(v) : p[k * lanes + j];
                float rate = k < 2 ? rates[0] * (KNOTS - 1) : rates[1] * size;
                float next = p[k * lanes + j] + rate * (*m1 * rates[2]) / (sqrtf(*m2 * rates[3]) + 1e-8f);
                next = next > 0 ? next : 0;
                p[k * lanes + j] = k < 2 && next > KNOTS - 1 ? KNOTS - 1 : next;
            }
        }
    }
}

// Branching scores of the split points: by how much a split there narrows the worse half's strip between the lines,
// times the coefficient. `strips` is [neuron][range].
void lane_score_smooth(ptrdiff_t count, ptrdiff_t lanes, const int32_t *slots, const float *strips, const double *g,
                       const float *phase, float *scores) {
    for (ptrdiff_t i = 0; i < count; i++) {
        ptrdiff_t s = slots[i];
        if (s < 0) continue;
        const float *own = strips + i * (NEURON / RANGE), *h = phase + s * lanes;
        for (ptrdiff_t j = 0; j < lanes; j++) {
            ptrdiff_t range = chosen_range(h, lanes, j) / RANGE;
            ptrdiff_t from = range / (SPLITS + 1), to = range % (SPLITS + 1) + 1;
            for (ptrdiff_t k = from + 1; k < to; k++) {
                float left = own[from * (SPLITS + 1) + k - 1], right = own[k * (SPLITS + 1) + to - 1];
                float gain = own[range] - (left > right ? left : right);
                scores[(s + 1 + k) * lanes + j] = (float)fabs(g[i * lanes + j]) * (gain > 0 ? gain : 0);
            }
        }
    }
}

// MARK: a box per lane

// What the forms of forms.c say of z, tightening `lower` and `upper`.
LANE_CLONES
void lane_form_ranges(ptrdiff_t count, ptrdiff_t lanes, ptrdiff_t coefficients, ptrdiff_t stride, double rounding,
                      const double *restrict means, const double *restrict spreads, double *restrict lower,
                      double *restrict upper) {
    for (ptrdiff_t i = 0; i < count; i++) {
        const double *m = means + i * lanes, *d = spreads + i * lanes;
        for (ptrdiff_t j = 0; j < lanes; j++) {
            double below = m[j] - d[j], above = m[j] + d[j], size = fabs(m[j]) + fabs(d[j]);
            for (ptrdiff_t k = 1; k < coefficients; k++) {
                double mean = m[k * stride + j], spread = d[k * stride + j];
                below -= fabs(mean - spread);
                above += fabs(mean + spread);
                size += fabs(mean) + fabs(spread);
            }
            double slack = rounding * size;
            double *low = lower + i * lanes + j, *up = upper + i * lanes + j;
            if (below - slack > *low) *low = below - slack;
            if (above + slack < *up) *up = above + slack;
        }
    }
}

// From the forms of z to those of f(z), in place, by each lane's own lines: slope below, offset below, slope above,
// offset above, `count * lanes` of each.
LANE_CLONES
void lane_relax_forms_by_lines(ptrdiff_t count, ptrdiff_t lanes, ptrdiff_t coefficients, ptrdiff_t stride,
                               double rounding, const double *restrict lines, double *restrict means,
                               double *restrict spreads) {
    ptrdiff_t each = count * lanes;
    for (ptrdiff_t i = 0; i < each; i++) {
        double a = lines[i], b = lines[each + i], c = lines[2 * each + i], e = lines[3 * each + i];
        double size = 0;
        for (ptrdiff_t k = 0; k < coefficients; k++) {
            double mean = means[k * stride + i], spread = spreads[k * stride + i];
            double low = mean - spread, up = mean + spread;
            size += fabs(mean) + fabs(spread);
            double below = a * (a >= 0 ? low : up), above = c * (c >= 0 ? up : low);
            if (k == 0) {
                below += b;
                above += e;
            }
            means[k * stride + i] = (above + below) / 2;
            spreads[k * stride + i] = (above - below) / 2;
        }
        spreads[i] += rounding * ((1 + fabs(a) + fabs(c)) * size + fabs(b) + fabs(e));
    }
}

// `lane_relax_boxes` by each lane's own lines.
LANE_CLONES
void lane_relax_boxes_by_lines(ptrdiff_t count, ptrdiff_t lanes, ptrdiff_t each, const double *restrict lines,
                               const double *restrict g, double *restrict lambda, const double *restrict lower,
                               const double *restrict upper, double *restrict constants, double *restrict magnitudes,
                               int accumulate) {
    for (ptrdiff_t i = 0; i < count; i++) {
        for (ptrdiff_t j = 0; j < lanes; j++) {
            ptrdiff_t at = i * lanes + j;
            double v = g[at];
            double slope = v >= 0 ? lines[at] : lines[2 * each + at];
            double offset = v >= 0 ? lines[each + at] : lines[3 * each + at];
            double low = fabs(lower[at]), up = fabs(upper[at]), reach = low > up ? low : up;
            double l = slope * v, c = offset * v;
            lambda[at] = accumulate ? lambda[at] + l : l;
            constants[j] += c;
            magnitudes[j] += fabs(c) + fabs(l) * reach;
        }
    }
}
