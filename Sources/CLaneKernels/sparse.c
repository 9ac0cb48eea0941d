// The sparse kernel and the bias's dot product in both precisions.
#include "vector.h"

#define LANE_TEMPLATE "sparse_template.h"
#include "precisions.h"
