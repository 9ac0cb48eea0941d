// The sparse kernel and the bias's dot product in both precisions.
#include "vector.h"

#define SCALAR float
#define SUFFIX _f32
#include "sparse_template.h"
#undef SCALAR
#undef SUFFIX

#define SCALAR double
#define SUFFIX _f64
#include "sparse_template.h"
