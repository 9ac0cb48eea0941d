// How fast this machine multiplies and adds when nothing but registers is involved.
#pragma once
#include <stdint.h>

/// Seconds this thread has run: time in which others had its core does not count.
double peak_thread_seconds(void);

/// The instruction sets that loops exist for, narrowest first; not all of them may run here.
int32_t peak_count(void);
const char *peak_name(int32_t index);
/// Whether this machine can run it.
int32_t peak_is_supported(int32_t index);
/// Runs a loop and returns the number of floating-point operations it made, two per multiply-add.
double peak_run_f32(int32_t index, int64_t iterations);
double peak_run_f64(int32_t index, int64_t iterations);
