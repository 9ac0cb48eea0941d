// What the affine kernels compute, said as plainly as possible. The tests compare the fast kernels with
// these.
#include "vector.h"

#define SCALAR float
#define SUFFIX _f32
#include "reference_template.h"
#undef SCALAR
#undef SUFFIX

#define SCALAR double
#define SUFFIX _f64
#include "reference_template.h"
