// Kernels exist for float and for double, with the suffixes _f32 and _f64.
#pragma once

/// Declares what DECLARE(Scalar, suffix) declares, for both.
#define LANE_IN_BOTH(DECLARE) DECLARE(float, _f32) DECLARE(double, _f64)
