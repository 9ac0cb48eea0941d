// What every bound pays beside the rounding of its sums (see `roundingFactor`).

/// A factor that covers the rounding of a sum of up to 2^26 nonnegative numbers, each itself a few roundings off.
public let sumSlack = 1 + 0x1p-24

/// More than all the underflow that any one bound's products can lose: at most 2^40 of them, 2^-1074 each.
public let underflowAllowance = 0x1p-1000
