// The piecewise-linear activations over lanes, once per scalar type: included by activation.c with SCALAR (the scalar
// type) and NAME(stem) (the function's name for that type) defined. Everything is value[feature][lane], lanes
// innermost; `constants` and its like hold one number per lane.
//
// An activation is f(z) = z for z >= 0, a z for z < 0, with a in [0, 1] (ReLU: a = 0). A neuron's role is given by
// its slot: LANE_ACTIVE, LANE_INACTIVE, or the index of its row in the per-lane arrays when it is unstable.

// lambda (+)= the coefficients on z that replace the coefficients g on f(z), with one pair of lines for all lanes:
// lower line `lower_slope[i] z`, upper line `upper_slope[i] z + intercept[i]`.
LANE_CLONES
void NAME(lane_relax_shared)(ptrdiff_t count, ptrdiff_t lanes, const SCALAR *restrict g, SCALAR *restrict lambda,
                             const SCALAR *restrict lower_slope, const SCALAR *restrict upper_slope,
                             const SCALAR *restrict intercept, SCALAR *restrict constants, int accumulate) {
    SCALAR sum[LANE_MAXIMUM] = {0};
    for (ptrdiff_t i = 0; i < count; i++) {
        const SCALAR *gi = g + i * lanes;
        SCALAR *li = lambda + i * lanes;
        SCALAR low = lower_slope[i], up = upper_slope[i], t = intercept[i];
        if (accumulate) {
            for (ptrdiff_t j = 0; j < lanes; j++) {
                SCALAR v = gi[j];
                li[j] += (v >= 0 ? low : up) * v;
                sum[j] += v < 0 ? v * t : 0;
            }
        } else {
            for (ptrdiff_t j = 0; j < lanes; j++) {
                SCALAR v = gi[j];
                li[j] = (v >= 0 ? low : up) * v;
                sum[j] += v < 0 ? v * t : 0;
            }
        }
    }
    for (ptrdiff_t j = 0; j < lanes; j++) constants[j] += sum[j];
}

// The same with each lane's own slopes and splits. For an unstable neuron in slot s, lane j: `phase[s][j]` is 0
// (not split), 1 (split, z >= 0) or -1 (split, z <= 0); `parameter[s][j]` is the lower line's slope when not split,
// else the split multiplier, which is never negative.
LANE_CLONES
void NAME(lane_relax_split)(ptrdiff_t count, ptrdiff_t lanes, SCALAR a, const int32_t *restrict slots,
                            const SCALAR *restrict g, SCALAR *restrict lambda, const SCALAR *restrict upper_slope,
                            const SCALAR *restrict intercept, const SCALAR *restrict parameter, const SCALAR *restrict phase,
                            SCALAR *restrict constants, int accumulate) {
    SCALAR sum[LANE_MAXIMUM] = {0};
    SCALAR row[LANE_MAXIMUM];
    for (ptrdiff_t i = 0; i < count; i++) {
        const SCALAR *gi = g + i * lanes;
        SCALAR *li = lambda + i * lanes;
        ptrdiff_t s = slots[i];
        if (s < 0) {
            SCALAR slope = s == LANE_ACTIVE ? 1 : a;
            for (ptrdiff_t j = 0; j < lanes; j++) row[j] = slope * gi[j];
        } else {
            const SCALAR *p = parameter + s * lanes, *h = phase + s * lanes;
            SCALAR up = upper_slope[i], t = intercept[i];
            for (ptrdiff_t j = 0; j < lanes; j++) {
                SCALAR v = gi[j];
                SCALAR open = (v >= 0 ? p[j] : up) * v;
                SCALAR fixed = h[j] > 0 ? v - p[j] : a * v + p[j];
                row[j] = h[j] == 0 ? open : fixed;
                sum[j] += ((h[j] == 0) & (v < 0)) ? v * t : 0;
            }
        }
        if (accumulate) {
            for (ptrdiff_t j = 0; j < lanes; j++) li[j] += row[j];
        } else {
            for (ptrdiff_t j = 0; j < lanes; j++) li[j] = row[j];
        }
    }
    for (ptrdiff_t j = 0; j < lanes; j++) constants[j] += sum[j];
}

// One forward step along the lines that `lane_relax_split` chose for g, and one ascent step of Adam on the parameters
// with the gradient this gives (bound's derivative: g z for a lower slope in use, -z or +z for a split multiplier).
// `moments[s]` holds the first moments of slot s's lanes, then the second. `rates` = {slope rate, multiplier rate,
// 1 / (1 - beta1^t), 1 / (1 - beta2^t)}; a multiplier's step is relative to the coefficient on its neuron, which is
// about what the multiplier can reach.
LANE_CLONES
void NAME(lane_ascend_split)(ptrdiff_t count, ptrdiff_t lanes, SCALAR a, const int32_t *restrict slots,
                             const SCALAR *restrict z, const SCALAR *restrict g, SCALAR *restrict y, const SCALAR *restrict upper_slope,
                             const SCALAR *restrict intercept, SCALAR *restrict parameter, const SCALAR *restrict phase,
                             SCALAR *restrict moments, const SCALAR *restrict rates) {
    const SCALAR slope_rate = rates[0], multiplier_rate = rates[1], unbias1 = rates[2], unbias2 = rates[3];
    for (ptrdiff_t i = 0; i < count; i++) {
        const SCALAR *zi = z + i * lanes, *gi = g + i * lanes;
        SCALAR *yi = y + i * lanes;
        ptrdiff_t s = slots[i];
        if (s < 0) {
            SCALAR slope = s == LANE_ACTIVE ? 1 : a;
            for (ptrdiff_t j = 0; j < lanes; j++) yi[j] = slope * zi[j];
            continue;
        }
        SCALAR *p = parameter + s * lanes, *m = moments + 2 * s * lanes, *w = m + lanes;
        const SCALAR *h = phase + s * lanes;
        SCALAR up = upper_slope[i], t = intercept[i];
        for (ptrdiff_t j = 0; j < lanes; j++) {
            SCALAR v = gi[j], zj = zi[j], q = p[j];
            int open = h[j] == 0;
            SCALAR lineOpen = v >= 0 ? q * zj : up * zj + t;
            SCALAR lineFixed = h[j] > 0 ? zj : a * zj;
            yi[j] = open ? lineOpen : lineFixed;
            SCALAR slope_gradient = v > 0 ? v * zj : 0;
            SCALAR multiplier_gradient = h[j] > 0 ? -zj : zj;
            SCALAR gradient = open ? slope_gradient : multiplier_gradient;
            SCALAR m1 = (SCALAR)0.9 * m[j] + (SCALAR)0.1 * gradient;
            SCALAR m2 = (SCALAR)0.99 * w[j] + (SCALAR)0.01 * gradient * gradient;
            m[j] = m1;
            w[j] = m2;
            SCALAR size = v < 0 ? -v : v;
            size = size < q ? q : size;
            SCALAR step = (open ? slope_rate : multiplier_rate * size) * (m1 * unbias1) / (SQRT(m2 * unbias2) + (SCALAR)1e-8);
            SCALAR next = q + step;
            SCALAR floor = open ? a : 0;
            next = next < floor ? floor : next;
            next = (open & (next > 1)) ? 1 : next;
            p[j] = next;
        }
    }
}

// Adds to g the multiple m >= 0 of h that makes the least value over the box of g . x + m (h . x + e) largest, about:
// a few steps, ever shorter, from the ratio of both functions' ranges. `sizes`, unless null, becomes the sum of
// (|g| + 2 |m h|) |x| over the inputs, with the g that was given.
LANE_CLONES
void NAME(lane_tilt)(ptrdiff_t count, ptrdiff_t lanes, const SCALAR *restrict h, SCALAR e, const SCALAR *restrict lower,
                     const SCALAR *restrict upper, SCALAR *restrict g, SCALAR *restrict multiplier,
                     SCALAR *restrict sizes) {
    enum { STEPS = 9 };
    SCALAR best[LANE_MAXIMUM], chosen[LANE_MAXIMUM] = {0}, m[LANE_MAXIMUM] = {0}, reach[LANE_MAXIMUM] = {0};
    SCALAR whole = 0, factor = 8;
    for (ptrdiff_t i = 0; i < count; i++) {
        const SCALAR *gi = g + i * lanes;
        SCALAR width = upper[i] - lower[i];
        whole += (h[i] < 0 ? -h[i] : h[i]) * width;
        for (ptrdiff_t j = 0; j < lanes; j++) reach[j] += (gi[j] < 0 ? -gi[j] : gi[j]) * width;
    }
    for (int step = 0; step <= STEPS; step++) {
        SCALAR value[LANE_MAXIMUM], slope[LANE_MAXIMUM];
        for (ptrdiff_t j = 0; j < lanes; j++) {
            value[j] = m[j] * e;
            slope[j] = e;
        }
        for (ptrdiff_t i = 0; i < count; i++) {
            const SCALAR *gi = g + i * lanes;
            SCALAR low = lower[i], up = upper[i], hi = h[i];
            for (ptrdiff_t j = 0; j < lanes; j++) {
                SCALAR v = gi[j] + m[j] * hi;
                SCALAR x = v >= 0 ? low : up;
                value[j] += v * x;
                slope[j] += hi * x;
            }
        }
        if (step == 0) {
            int isOpen = 0;
            for (ptrdiff_t j = 0; j < lanes; j++) {
                best[j] = value[j];
                m[j] = slope[j] > 0 ? reach[j] / (whole + (SCALAR)1e-30) : 0;
                isOpen |= slope[j] > 0;
            }
            if (!isOpen) break;
            continue;
        }
        for (ptrdiff_t j = 0; j < lanes; j++) {
            chosen[j] = value[j] > best[j] ? m[j] : chosen[j];
            best[j] = value[j] > best[j] ? value[j] : best[j];
            m[j] *= slope[j] > 0 ? factor : 1 / factor;
        }
        factor = factor > 4 ? 4 : factor > 2 ? 2 : factor > (SCALAR)1.5 ? (SCALAR)1.5 : (SCALAR)1.2;
    }
    for (ptrdiff_t j = 0; j < lanes; j++) multiplier[j] = chosen[j];
    if (sizes) {
        for (ptrdiff_t j = 0; j < lanes; j++) sizes[j] = 0;
    }
    for (ptrdiff_t i = 0; i < count; i++) {
        SCALAR *gi = g + i * lanes;
        SCALAR low = lower[i] < 0 ? -lower[i] : lower[i], up = upper[i] < 0 ? -upper[i] : upper[i];
        SCALAR most = low > up ? low : up;
        for (ptrdiff_t j = 0; j < lanes; j++) {
            SCALAR v = gi[j], w = chosen[j] * h[i];
            if (sizes) sizes[j] += ((v < 0 ? -v : v) + 2 * (w < 0 ? -w : w)) * most;
            gi[j] = v + w;
        }
    }
}

// bound += min over the box of g . x, and the minimiser.
LANE_CLONES
void NAME(lane_concretize)(ptrdiff_t count, ptrdiff_t lanes, const SCALAR *restrict g, const SCALAR *restrict lower,
                           const SCALAR *restrict upper, SCALAR *restrict minimiser, SCALAR *restrict bound) {
    SCALAR sum[LANE_MAXIMUM] = {0};
    for (ptrdiff_t i = 0; i < count; i++) {
        const SCALAR *gi = g + i * lanes;
        SCALAR *xi = minimiser + i * lanes;
        SCALAR low = lower[i], up = upper[i];
        for (ptrdiff_t j = 0; j < lanes; j++) {
            SCALAR x = gi[j] >= 0 ? low : up;
            xi[j] = x;
            sum[j] += gi[j] * x;
        }
    }
    for (ptrdiff_t j = 0; j < lanes; j++) bound[j] += sum[j];
}

// y (+)= scale[i] x + offset[i]; offset may be null.
LANE_CLONES
void NAME(lane_scale)(ptrdiff_t count, ptrdiff_t lanes, const SCALAR *restrict scale, const SCALAR *restrict offset,
                      const SCALAR *restrict x, SCALAR *restrict y, int accumulate) {
    for (ptrdiff_t i = 0; i < count; i++) {
        SCALAR s = scale[i], o = offset ? offset[i] : 0;
        const SCALAR *xi = x + i * lanes;
        SCALAR *yi = y + i * lanes;
        if (accumulate) {
            for (ptrdiff_t j = 0; j < lanes; j++) yi[j] += s * xi[j] + o;
        } else {
            for (ptrdiff_t j = 0; j < lanes; j++) yi[j] = s * xi[j] + o;
        }
    }
}

// y += x
LANE_CLONES
void NAME(lane_add)(ptrdiff_t count, const SCALAR *restrict x, SCALAR *restrict y) {
    for (ptrdiff_t i = 0; i < count; i++) y[i] += x[i];
}

// sums[lane] += weights . values[.][lane]
LANE_CLONES
void NAME(lane_weighted_sum)(ptrdiff_t count, ptrdiff_t lanes, const SCALAR *restrict weights, const SCALAR *restrict values,
                             SCALAR *restrict sums, const uint8_t *live) {
    SCALAR sum[LANE_MAXIMUM] = {0};
    for (ptrdiff_t i = 0; i < count; i++) {
        SCALAR w = weights[i];
        if (w == 0 || (live && !live[i])) continue;
        const SCALAR *v = values + i * lanes;
        for (ptrdiff_t j = 0; j < lanes; j++) sum[j] += w * v[j];
    }
    for (ptrdiff_t j = 0; j < lanes; j++) sums[j] += sum[j];
}

// y = f(z).
LANE_CLONES
void NAME(lane_activate)(ptrdiff_t count, ptrdiff_t lanes, SCALAR a, const SCALAR *restrict z, SCALAR *restrict y) {
    for (ptrdiff_t i = 0; i < count * lanes; i++) y[i] = z[i] >= 0 ? z[i] : a * z[i];
}

// lambda (+)= g f'(z), the gradient's step back through f.
LANE_CLONES
void NAME(lane_differentiate)(ptrdiff_t count, ptrdiff_t lanes, SCALAR a, const SCALAR *restrict z, const SCALAR *restrict g,
                              SCALAR *restrict lambda, int accumulate) {
    if (accumulate) {
        for (ptrdiff_t i = 0; i < count * lanes; i++) lambda[i] += z[i] > 0 ? g[i] : a * g[i];
    } else {
        for (ptrdiff_t i = 0; i < count * lanes; i++) lambda[i] = z[i] > 0 ? g[i] : a * g[i];
    }
}

// kept = tried in the lanes where `better[lane]` is not 0.
LANE_CLONES
void NAME(lane_keep)(ptrdiff_t count, ptrdiff_t lanes, const SCALAR *restrict better, const SCALAR *restrict tried,
                     SCALAR *restrict kept) {
    for (ptrdiff_t i = 0; i < count; i++) {
        const SCALAR *t = tried + i * lanes;
        SCALAR *k = kept + i * lanes;
        for (ptrdiff_t j = 0; j < lanes; j++) k[j] = better[j] != 0 ? t[j] : k[j];
    }
}
