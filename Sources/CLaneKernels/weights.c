// The gradient of weights in both precisions.
#include "vector.h"

#define LANE_TEMPLATE "weights_template.h"
#include "precisions.h"
