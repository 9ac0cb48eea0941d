// The piecewise-linear activations over lanes, once per scalar type: included by activation.c with T (the scalar
// type) and NAME(stem) (the function's name for that type) defined. Everything is value[feature][lane], lanes
// innermost; `constants` and its like hold one number per lane.
//
// An activation is f(z) = z for z >= 0, a z for z < 0, with a in [0, 1] (ReLU: a = 0). A neuron's role is given by
// its slot: LANE_ACTIVE, LANE_INACTIVE, or the index of its row in the per-lane arrays when it is unstable.

// lambda (+)= the coefficients on z that replace the coefficients g on f(z), with one pair of lines for all lanes:
// lower line `lower_slope[i] z`, upper line `upper_slope[i] z + intercept[i]`.
LANE_CLONES
void NAME(lane_relax_shared)(ptrdiff_t count, ptrdiff_t lanes, const T *restrict g, T *restrict lambda,
                             const T *restrict lower_slope, const T *restrict upper_slope,
                             const T *restrict intercept, T *restrict constants, int accumulate) {
    T sum[LANE_MAXIMUM] = {0};
    for (ptrdiff_t i = 0; i < count; i++) {
        const T *gi = g + i * lanes;
        T *li = lambda + i * lanes;
        T low = lower_slope[i], up = upper_slope[i], t = intercept[i];
        if (accumulate) {
            for (ptrdiff_t j = 0; j < lanes; j++) {
                T v = gi[j];
                li[j] += (v >= 0 ? low : up) * v;
                sum[j] += v < 0 ? v * t : 0;
            }
        } else {
            for (ptrdiff_t j = 0; j < lanes; j++) {
                T v = gi[j];
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
void NAME(lane_relax_split)(ptrdiff_t count, ptrdiff_t lanes, T a, const int32_t *restrict slots,
                            const T *restrict g, T *restrict lambda, const T *restrict upper_slope,
                            const T *restrict intercept, const T *restrict parameter, const T *restrict phase,
                            T *restrict constants, int accumulate) {
    T sum[LANE_MAXIMUM] = {0};
    T row[LANE_MAXIMUM];
    for (ptrdiff_t i = 0; i < count; i++) {
        const T *gi = g + i * lanes;
        T *li = lambda + i * lanes;
        ptrdiff_t s = slots[i];
        if (s < 0) {
            T slope = s == LANE_ACTIVE ? 1 : a;
            for (ptrdiff_t j = 0; j < lanes; j++) row[j] = slope * gi[j];
        } else {
            const T *p = parameter + s * lanes, *h = phase + s * lanes;
            T up = upper_slope[i], t = intercept[i];
            for (ptrdiff_t j = 0; j < lanes; j++) {
                T v = gi[j];
                T open = (v >= 0 ? p[j] : up) * v;
                T fixed = h[j] > 0 ? v - p[j] : a * v + p[j];
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
void NAME(lane_ascend_split)(ptrdiff_t count, ptrdiff_t lanes, T a, const int32_t *restrict slots,
                             const T *restrict z, const T *restrict g, T *restrict y, const T *restrict upper_slope,
                             const T *restrict intercept, T *restrict parameter, const T *restrict phase,
                             T *restrict moments, const T *restrict rates) {
    const T slope_rate = rates[0], multiplier_rate = rates[1], unbias1 = rates[2], unbias2 = rates[3];
    for (ptrdiff_t i = 0; i < count; i++) {
        const T *zi = z + i * lanes, *gi = g + i * lanes;
        T *yi = y + i * lanes;
        ptrdiff_t s = slots[i];
        if (s < 0) {
            T slope = s == LANE_ACTIVE ? 1 : a;
            for (ptrdiff_t j = 0; j < lanes; j++) yi[j] = slope * zi[j];
            continue;
        }
        T *p = parameter + s * lanes, *m = moments + 2 * s * lanes, *w = m + lanes;
        const T *h = phase + s * lanes;
        T up = upper_slope[i], t = intercept[i];
        for (ptrdiff_t j = 0; j < lanes; j++) {
            T v = gi[j], zj = zi[j], q = p[j];
            int open = h[j] == 0;
            T lineOpen = v >= 0 ? q * zj : up * zj + t;
            T lineFixed = h[j] > 0 ? zj : a * zj;
            yi[j] = open ? lineOpen : lineFixed;
            T slope_gradient = v > 0 ? v * zj : 0;
            T multiplier_gradient = h[j] > 0 ? -zj : zj;
            T gradient = open ? slope_gradient : multiplier_gradient;
            T m1 = (T)0.9 * m[j] + (T)0.1 * gradient;
            T m2 = (T)0.99 * w[j] + (T)0.01 * gradient * gradient;
            m[j] = m1;
            w[j] = m2;
            T size = v < 0 ? -v : v;
            size = size < q ? q : size;
            T step = (open ? slope_rate : multiplier_rate * size) * (m1 * unbias1) / (SQRT(m2 * unbias2) + (T)1e-8);
            T next = q + step;
            T floor = open ? a : 0;
            next = next < floor ? floor : next;
            next = (open & (next > 1)) ? 1 : next;
            p[j] = next;
        }
    }
}

// bound += min over the box of g . x, and the minimiser.
LANE_CLONES
void NAME(lane_concretize)(ptrdiff_t count, ptrdiff_t lanes, const T *restrict g, const T *restrict lower,
                           const T *restrict upper, T *restrict minimiser, T *restrict bound) {
    T sum[LANE_MAXIMUM] = {0};
    for (ptrdiff_t i = 0; i < count; i++) {
        const T *gi = g + i * lanes;
        T *xi = minimiser + i * lanes;
        T low = lower[i], up = upper[i];
        for (ptrdiff_t j = 0; j < lanes; j++) {
            T x = gi[j] >= 0 ? low : up;
            xi[j] = x;
            sum[j] += gi[j] * x;
        }
    }
    for (ptrdiff_t j = 0; j < lanes; j++) bound[j] += sum[j];
}

// y (+)= scale[i] x + offset[i]; offset may be null.
LANE_CLONES
void NAME(lane_scale)(ptrdiff_t count, ptrdiff_t lanes, const T *restrict scale, const T *restrict offset,
                      const T *restrict x, T *restrict y, int accumulate) {
    for (ptrdiff_t i = 0; i < count; i++) {
        T s = scale[i], o = offset ? offset[i] : 0;
        const T *xi = x + i * lanes;
        T *yi = y + i * lanes;
        if (accumulate) {
            for (ptrdiff_t j = 0; j < lanes; j++) yi[j] += s * xi[j] + o;
        } else {
            for (ptrdiff_t j = 0; j < lanes; j++) yi[j] = s * xi[j] + o;
        }
    }
}

// y += x
LANE_CLONES
void NAME(lane_add)(ptrdiff_t count, const T *restrict x, T *restrict y) {
    for (ptrdiff_t i = 0; i < count; i++) y[i] += x[i];
}

// sums[lane] += weights . values[.][lane]
LANE_CLONES
void NAME(lane_weighted_sum)(ptrdiff_t count, ptrdiff_t lanes, const T *restrict weights, const T *restrict values,
                             T *restrict sums) {
    T sum[LANE_MAXIMUM] = {0};
    for (ptrdiff_t i = 0; i < count; i++) {
        T w = weights[i];
        if (w == 0) continue;
        const T *v = values + i * lanes;
        for (ptrdiff_t j = 0; j < lanes; j++) sum[j] += w * v[j];
    }
    for (ptrdiff_t j = 0; j < lanes; j++) sums[j] += sum[j];
}

// y = f(z).
LANE_CLONES
void NAME(lane_activate)(ptrdiff_t count, ptrdiff_t lanes, T a, const T *restrict z, T *restrict y) {
    for (ptrdiff_t i = 0; i < count * lanes; i++) y[i] = z[i] >= 0 ? z[i] : a * z[i];
}

// lambda (+)= g f'(z), the gradient's step back through f.
LANE_CLONES
void NAME(lane_differentiate)(ptrdiff_t count, ptrdiff_t lanes, T a, const T *restrict z, const T *restrict g,
                              T *restrict lambda, int accumulate) {
    if (accumulate) {
        for (ptrdiff_t i = 0; i < count * lanes; i++) lambda[i] += z[i] > 0 ? g[i] : a * g[i];
    } else {
        for (ptrdiff_t i = 0; i < count * lanes; i++) lambda[i] = z[i] > 0 ? g[i] : a * g[i];
    }
}

// kept = tried in the lanes where `better[lane]` is not 0.
LANE_CLONES
void NAME(lane_keep)(ptrdiff_t count, ptrdiff_t lanes, const T *restrict better, const T *restrict tried,
                     T *restrict kept) {
    for (ptrdiff_t i = 0; i < count; i++) {
        const T *t = tried + i * lanes;
        T *k = kept + i * lanes;
        for (ptrdiff_t j = 0; j < lanes; j++) k[j] = better[j] != 0 ? t[j] : k[j];
    }
}
