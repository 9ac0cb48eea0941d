// The activation kernels in both precisions.
#include "CLaneKernels.h"
#include "clones.h"

#define LANE_TEMPLATE "activation_template.h"
#include "precisions.h"
