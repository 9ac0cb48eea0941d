// What the kernel templates are written in terms of. A template is a header that a C file includes once per scalar
// type, by precisions.h; NAME(vector) is a 64-byte vector.
//
// Vectors are the compiler's own (`vector_size`), so one source serves every instruction set. `w * x` of a
// scalar and a vector broadcasts the scalar, and contraction makes `a += w * x` a fused multiply-add where
// there is one. Nothing here permits the compiler to reorder a sum.
#pragma once

#include <stddef.h>

#include "CLaneKernels.h"
#include "clones.h"

// Inlined into each caller, so that it is compiled for the caller's instruction set.
#define LANE_INLINE static inline __attribute__((always_inline))

// 64-byte vectors stay whole in 512-bit registers: left alone, the compiler prefers to halve them.
#define LANE_WHOLE __attribute__((min_vector_width(512)))

#if defined(__x86_64__) && defined(__linux__) && __has_attribute(target_clones)
// For a kernel whose AVX-512 version has larger register blocks than its other ones.
#define LANE_CLONES_NARROW __attribute__((target_clones("arch=x86-64-v3", "default")))
#define LANE_WIDE LANE_WHOLE __attribute__((target("arch=x86-64-v4")))
#define LANE_HAS_WIDE __builtin_cpu_supports("x86-64-v4")
#else
#define LANE_CLONES_NARROW
#endif

typedef float vector_f32 __attribute__((vector_size(64)));
typedef double vector_f64 __attribute__((vector_size(64)));

enum { LANE_VECTOR_BYTES = 64 };
