// The other training kernels in both precisions.
#include <math.h>

#include "vector.h"

#define SCALAR float
#define SUFFIX _f32
#define SQRT sqrtf
#define TANH tanhf
#include "training_template.h"
#undef SCALAR
#undef SUFFIX
#undef SQRT
#undef TANH

#define SCALAR double
#define SUFFIX _f64
#define SQRT sqrt
#define TANH tanh
#include "training_template.h"
