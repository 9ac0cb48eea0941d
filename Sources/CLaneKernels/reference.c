// What the affine kernels compute, said as plainly as possible. The tests compare the fast kernels with
// these.
#include "vector.h"

#define LANE_TEMPLATE "reference_template.h"
#include "precisions.h"
