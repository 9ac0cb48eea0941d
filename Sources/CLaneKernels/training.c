// The other training kernels in both precisions.
#include "vector.h"

#define LANE_TEMPLATE "training_template.h"
#include "precisions.h"
