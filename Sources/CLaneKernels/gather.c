// The gather kernel in both precisions.
#include "vector.h"

enum {
    LANE_RUN_CAPACITY = 64,
    // Fewer result channels do not repay a look for zeros.
    LANE_HEIGHT_WORTH_ZEROS = 8,
    // Source features of one block: with the usual two vectors of lanes, 24 KiB.
    LANE_BLOCK_DEPTH = 192,
};

// Source features and weights that lie one behind the other. Offsets are in features and in weights of one
// channel.
typedef struct {
    int64_t source;
    int64_t weight;
    int64_t count;
} lane_run;

// Runs whose data are used together.
typedef struct {
    // Runs without their zeros are more, but never more than their features.
    lane_run runs[LANE_BLOCK_DEPTH + 1];
    int count;
    int64_t depth;
} lane_block;

// Lengthens the last run where it can.
LANE_INLINE void append_run(lane_block *block, const lane_run run) {
    block->depth += run.count;
    if (block->count > 0) {
        lane_run *last = &block->runs[block->count - 1];
        if (last->source + last->count == run.source && last->weight + last->count == run.weight) {
            last->count += run.count;
            return;
        }
    }
    block->runs[block->count++] = run;
}

#define LANE_TEMPLATE "gather_template.h"
#include "precisions.h"
