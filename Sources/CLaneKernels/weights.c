// The gradient of weights in both precisions.
#include "vector.h"

#define SCALAR float
#define SUFFIX _f32
#define LANE_WIDTH 16
#include "weights_template.h"
#undef SCALAR
#undef SUFFIX
#undef LANE_WIDTH

#define SCALAR double
#define SUFFIX _f64
#define LANE_WIDTH 8
#include "weights_template.h"
