// Forward linear bounds, one box per lane: every value lies between two affine functions of the box's coordinates
// e in [-1, 1]^n, kept as their mean M and half-difference D: M - D <= value <= M + D. `means` and `spreads` are
// [coefficient][feature][lane]; coefficient 0 is the constant, and `stride` numbers lie between coefficients.
#include "CLaneKernels.h"
#include "clones.h"

// Lower lines have slope 1 if u > -l, but for a millionth: boxes of round numbers make ties, which rounding would decide
// in one way here and in another way where a proof is checked.
#define NEARLY_ONE (1 - 0x1p-20)

static inline double magnitude(double x) { return x < 0 ? -x : x; }
static inline double smaller(double x, double y) { return x < y ? x : y; }
static inline double larger(double x, double y) { return x > y ? x : y; }

// From the bounds of z to those of f(z), in place, leaving what is known of z itself in `lower` and `upper`, which on
// entry hold what was known before. `rounding` bounds the relative error of a sum of all coefficients.
LANE_CLONES
void lane_relax_forms(ptrdiff_t count, ptrdiff_t lanes, double a, ptrdiff_t coefficients, ptrdiff_t stride,
                      double rounding, double *restrict means, double *restrict spreads, double *restrict lower,
                      double *restrict upper) {
    for (ptrdiff_t i = 0; i < count; i++) {
        double *m = means + i * lanes, *d = spreads + i * lanes;
        double *low = lower + i * lanes, *up = upper + i * lanes;
        double below[LANE_MAXIMUM], above[LANE_MAXIMUM], size[LANE_MAXIMUM];
        for (ptrdiff_t j = 0; j < lanes; j++) {
            below[j] = above[j] = 0;
            size[j] = magnitude(m[j]) + magnitude(d[j]);
        }
        for (ptrdiff_t k = 1; k < coefficients; k++) {
            const double *mk = m + k * stride, *dk = d + k * stride;
            for (ptrdiff_t j = 0; j < lanes; j++) {
                below[j] += magnitude(mk[j] - dk[j]);
                above[j] += magnitude(mk[j] + dk[j]);
                size[j] += magnitude(mk[j]) + magnitude(dk[j]);
            }
        }
        double lowerSlope[LANE_MAXIMUM], upperSlope[LANE_MAXIMUM], lift[LANE_MAXIMUM];
        for (ptrdiff_t j = 0; j < lanes; j++) {
            double slack = rounding * size[j];
            double lowForm = m[j] - d[j], upForm = m[j] + d[j];
            double l = larger(low[j], lowForm - below[j] - slack), u = smaller(up[j], upForm + above[j] + slack);
            low[j] = l;
            up[j] = u;
            // The lower function's own range chooses its slope; any slope in [a, 1] is sound.
            double top = lowForm + below[j];
            double open = top > (below[j] - lowForm) * NEARLY_ONE ? 1 : a;
            lowerSlope[j] = l >= 0 ? 1 : u <= 0 ? a : open;
            // The upper function's own range gives the chord above f.
            double left = upForm - above[j] - slack, right = upForm + above[j] + slack;
            double width = right - left;
            double chord = width > 0 ? (right - a * left) / width : 1;
            chord = smaller(1, larger(a, chord));
            double rise = larger((a - chord) * left, (1 - chord) * right);
            int isActive = (l >= 0) | (left >= 0), isInactive = (u <= 0) | (right <= 0);
            upperSlope[j] = isInactive ? a : isActive ? 1 : chord;
            lift[j] = (isActive | isInactive) ? 0 : larger(0, rise);
        }
        for (ptrdiff_t j = 0; j < lanes; j++) {
            double lo = lowerSlope[j] * (m[j] - d[j]), hi = upperSlope[j] * (m[j] + d[j]) + lift[j];
            m[j] = (hi + lo) / 2;
            d[j] = (hi - lo) / 2 + rounding * (size[j] + lift[j]);
        }
        for (ptrdiff_t k = 1; k < coefficients; k++) {
            double *mk = m + k * stride, *dk = d + k * stride;
            for (ptrdiff_t j = 0; j < lanes; j++) {
                double lo = lowerSlope[j] * (mk[j] - dk[j]), hi = upperSlope[j] * (mk[j] + dk[j]);
                mk[j] = (hi + lo) / 2;
                dk[j] = (hi - lo) / 2;
            }
        }
    }
}

// sizes[i][lane] += sum over coefficients of |form|; the caller zeroes.
LANE_CLONES
void lane_form_sizes(ptrdiff_t count, ptrdiff_t lanes, ptrdiff_t coefficients, ptrdiff_t stride,
                     const double *restrict forms, double *restrict squares, double *restrict absolutes) {
    double sum[LANE_MAXIMUM] = {0}, total[LANE_MAXIMUM] = {0};
    for (ptrdiff_t i = 0; i < count; i++) {
        double size[LANE_MAXIMUM] = {0};
        for (ptrdiff_t k = 0; k < coefficients; k++) {
            const double *f = forms + k * stride + i * lanes;
            for (ptrdiff_t j = 0; j < lanes; j++) size[j] += magnitude(f[j]);
        }
        for (ptrdiff_t j = 0; j < lanes; j++) {
            sum[j] += size[j] * size[j];
            total[j] += size[j];
        }
    }
    for (ptrdiff_t j = 0; j < lanes; j++) {
        squares[j] += sum[j];
        absolutes[j] += total[j];
    }
}

// spreads[i][lane] += weights[i] * scale[lane] + plain[lane] + (radii ? radii[i] : 0)
LANE_CLONES
void lane_widen(ptrdiff_t count, ptrdiff_t lanes, const double *restrict weights, const double *restrict scale,
                const double *restrict plain, const double *restrict radii, double *restrict spreads) {
    for (ptrdiff_t i = 0; i < count; i++) {
        double w = weights[i], r = radii ? radii[i] : 0;
        double *s = spreads + i * lanes;
        for (ptrdiff_t j = 0; j < lanes; j++) s[j] += w * scale[j] + plain[j] + r;
    }
}

// The rigorous relaxation of rigorous.c with bounds of each lane's own: lower line of slope 1 if u > -l, nearly, else a.
LANE_CLONES
void lane_relax_boxes(ptrdiff_t count, ptrdiff_t lanes, double a, const double *restrict g, double *restrict lambda,
                      const double *restrict lower, const double *restrict upper, double *restrict constants,
                      double *restrict magnitudes, int accumulate) {
    double sum[LANE_MAXIMUM] = {0}, size[LANE_MAXIMUM] = {0};
    for (ptrdiff_t i = 0; i < count; i++) {
        const double *gi = g + i * lanes, *low = lower + i * lanes, *up = upper + i * lanes;
        double *li = lambda + i * lanes;
        double row[LANE_MAXIMUM];
        for (ptrdiff_t j = 0; j < lanes; j++) {
            double v = gi[j], l = low[j], u = up[j];
            int isActive = l >= 0, isInactive = u <= 0;
            double chord = (u - a * l) / (u - l);
            chord = smaller(1, larger(a, chord));
            double below = u > -l * NEARLY_ONE ? 1 : a;
            double slope = v >= 0 ? below : chord;
            slope = isActive ? 1 : isInactive ? a : slope;
            double coefficient = slope * v;
            row[j] = coefficient;
            // Each end's gap, 0 where the line is the function itself.
            double left = ((l >= 0 ? v : a * v) - coefficient) * l, right = ((u >= 0 ? v : a * v) - coefficient) * u;
            double c = smaller(left, right);
            c = ((l < 0) & (u > 0)) ? smaller(c, 0) : c;
            c = (isActive | (isInactive & (a == 0))) ? 0 : c;
            sum[j] += c;
            size[j] += 0 * left + 0 * right + magnitude(c) + (a != 0 ? magnitude(v) * larger(-l, u) : 0);
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

// constants += min over each lane's own box of g . x
LANE_CLONES
void lane_concretize_boxes(ptrdiff_t count, ptrdiff_t lanes, const double *restrict g, const double *restrict lower,
                           const double *restrict upper, double *restrict constants, double *restrict magnitudes) {
    double sum[LANE_MAXIMUM] = {0}, size[LANE_MAXIMUM] = {0};
    for (ptrdiff_t i = 0; i < count; i++) {
        const double *gi = g + i * lanes, *low = lower + i * lanes, *up = upper + i * lanes;
        for (ptrdiff_t j = 0; j < lanes; j++) {
            double c = gi[j] * (gi[j] >= 0 ? low[j] : up[j]);
            sum[j] += c;
            size[j] += magnitude(c);
        }
    }
    for (ptrdiff_t j = 0; j < lanes; j++) {
        constants[j] += sum[j];
        magnitudes[j] += size[j];
    }
}

// lambda (+)= g times the slope of the chord over each lane's own bounds: how far a change of z moves f(z), on average.
LANE_CLONES
void lane_chords(ptrdiff_t count, ptrdiff_t lanes, double a, const double *restrict g, double *restrict lambda,
                 const double *restrict lower, const double *restrict upper, int accumulate) {
    for (ptrdiff_t i = 0; i < count * lanes; i++) {
        double l = lower[i], u = upper[i];
        double chord = (u - a * l) / (u - l);
        double slope = l >= 0 ? 1 : u <= 0 ? a : chord;
        lambda[i] = (accumulate ? lambda[i] : 0) + slope * g[i];
    }
}
