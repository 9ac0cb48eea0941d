// Between matrices as others hold them and panels, in both precisions.
#include "vector.h"

#define SCALAR float
#define SUFFIX _f32
#include "pack_template.h"
#undef SCALAR
#undef SUFFIX

#define SCALAR double
#define SUFFIX _f64
#include "pack_template.h"
