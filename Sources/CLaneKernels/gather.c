// The gather kernel in both precisions.
#include "vector.h"

enum {
    // Source features of one block: with the usual two vectors of lanes, 24 KiB.
    LANE_BLOCK_DEPTH = 192,
};

// Source features, and the weights of one channel that they meet.
typedef struct {
    int64_t source[LANE_BLOCK_DEPTH];
    int64_t weight[LANE_BLOCK_DEPTH];
    int count;
} lane_block;

// Lists features and weights that lie one behind the other, without those whose flag is 0. There is room for `count`.
LANE_INLINE void list(lane_block *block, int64_t source, int64_t weight, int64_t count, const uint8_t *flags) {
    int at = block->count;
    for (int64_t k = 0; k < count; k++) {
        block->source[at] = source + k;
        block->weight[at] = weight + k;
        at += flags ? flags[source + k] : 1;
    }
    block->count = at;
}

#define LANE_TEMPLATE "gather_template.h"
#include "precisions.h"
