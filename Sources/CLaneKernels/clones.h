// One body, several instruction sets: on x86-64 the dynamic loader picks the widest the machine has.
#pragma once
#if defined(__x86_64__) && defined(__linux__) && __has_attribute(target_clones)
#define LANE_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define LANE_CLONES
#endif
