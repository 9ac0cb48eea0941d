// The activation kernels in both precisions.
#include <math.h>

#include "CLaneKernels.h"
#include "clones.h"

#define T float
#define NAME(stem) stem##_f32
#define SQRT sqrtf
#include "activation_template.h"
#undef T
#undef NAME
#undef SQRT

#define T double
#define NAME(stem) stem##_f64
#define SQRT sqrt
#include "activation_template.h"
