// Between matrices as others hold them and panels, in both precisions.
#include "vector.h"

#define LANE_TEMPLATE "pack_template.h"
#include "precisions.h"
