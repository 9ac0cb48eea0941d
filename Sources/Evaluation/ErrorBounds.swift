/// The rounded sum and its error: `sum + error` is exactly `x + y` (Knuth), unless the sum overflows.
@inline(__always)
func twoSum(_ x: Double, _ y: Double) -> (sum: Double, error: Double) {
    let sum = x + y
    let part = sum - x
    return (sum, (x - (sum - part)) + (y - part))
}
