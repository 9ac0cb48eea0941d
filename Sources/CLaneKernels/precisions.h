// Includes LANE_TEMPLATE once for float and once for double. In it SCALAR is the type, NAME(f) is f_f32 or f_f64,
// LANE_WIDTH how many of them a 64-byte vector has, SQRT and TANH the functions of math.h.
#include <math.h>

#define LANE_JOIN_(name, suffix) name##suffix
#define LANE_JOIN(name, suffix) LANE_JOIN_(name, suffix)
#define NAME(name) LANE_JOIN(name, SUFFIX)

#define SCALAR float
#define SUFFIX _f32
#define LANE_WIDTH 16
#define SQRT sqrtf
#define TANH tanhf
#include LANE_TEMPLATE
#undef SCALAR
#undef SUFFIX
#undef LANE_WIDTH
#undef SQRT
#undef TANH

#define SCALAR double
#define SUFFIX _f64
#define LANE_WIDTH 8
#define SQRT sqrt
#define TANH tanh
#include LANE_TEMPLATE
