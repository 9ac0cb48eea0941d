// A zonotope over lanes: every feature is an affine form in common symbols, each between -1 and 1, and a radius of its
// own (Girard, "Reachability of uncertain linear systems using zonotopes", 2005; Singh et al., "Fast and effective
// robustness certification", 2018). Symbols stand where lanes usually do, so that an affine layer is one product with the
// kernels that everything else uses.
//
//     value_i = form[i][0] + sum_s form[i][s] symbol_s + rest_i,   |rest_i| <= radius_i
//
// What rounding loses goes to the radius.

import BoundPropagation
import Evaluation
import Lanes

/// Forms of one node's features. The storage grows as needed and is used again for the next box.
final class Zonotope {
    let features: Int
    /// The constant's column and one for each symbol.
    private(set) var columns = 0
    private(set) var blocks: [Block] = []
    private var storage: LaneBuffer<Double>
    /// What is left of each feature besides its form.
    var radii: [Double]
    /// Per feature at least the sum of the magnitudes of its form.
    private(set) var magnitudes: [Double]
    /// Bounds of each feature, by the form or better.
    var lower: [Double]
    var upper: [Double]

    /// Columns that lie together, at most 64.
    struct Block {
        var start: Int
        var lanes: Int
        var base: UnsafeMutablePointer<Double>
    }

    init(features: Int) {
        self.features = features
        storage = LaneBuffer(features: features, lanes: 0)
        let zeros = [Double](repeating: 0, count: features)
        (radii, magnitudes, lower, upper) = (zeros, zeros, zeros, zeros)
    }

    /// Makes room for so many columns; what they hold is undefined.
    func resize(columns: Int) {
        self.columns = columns
        let padded = (columns + 15) / 16 * 16
        if storage.lanes < padded { storage = LaneBuffer(features: features, lanes: max(padded, 2 * storage.lanes)) }
        blocks.removeAll(keepingCapacity: true)
        var start = 0
        while start < padded {
            let lanes = min(64, padded - start)
            blocks.append(Block(start: start, lanes: lanes, base: storage.base + start * features))
            start += lanes
        }
    }

    /// Zeroes all forms and radii.
    func clear() {
        for block in blocks { block.base.update(repeating: 0, count: block.lanes * features) }
        for feature in 0..<features { radii[feature] = 0 }
    }

    subscript(_ feature: Int, _ column: Int) -> Double {
        get {
            let block = blocks[column / 64]
            return block.base[feature * block.lanes + column % 64]
        }
        set {
            let block = blocks[column / 64]
            block.base[feature * block.lanes + column % 64] = newValue
        }
    }

    /// The sum of the magnitudes of a feature's coefficients, the constant left out; rounded to nearest.
    func deviation(_ feature: Int) -> Double {
        var sums = SIMD8<Double>.zero
        for block in blocks {
            let row = UnsafeRawPointer(block.base + feature * block.lanes)
            for place in stride(from: 0, to: block.lanes, by: 8) {
                let bits = row.load(fromByteOffset: 8 * place, as: SIMD8<UInt64>.self) & 0x7FFF_FFFF_FFFF_FFFF
                var values = unsafeBitCast(bits, to: SIMD8<Double>.self)
                if block.start + place == 0 { values[0] = 0 }
                sums += values
            }
        }
        return sums.sum()
    }

    /// Bounds and magnitudes of all features from their forms.
    ///
    /// - Soundness: the factor pays for the sum of up to 8192 magnitudes, the neighbours for the last operation.
    func measure() {
        precondition(columns <= 8192, "too many symbols to bound the rounding of their sum")
        for feature in 0..<features {
            let centre = self[feature, 0]
            let spread = deviation(feature)
            magnitudes[feature] = (spread + centre.magnitude) * (1 + 0x1p-39)
            let reach = (spread + radii[feature]) * (1 + 0x1p-39) + 1e-300
            let (low, high) = ((centre - reach).nextDown, (centre + reach).nextUp)
            lower[feature] = low.isNaN ? -.infinity : low
            upper[feature] = high.isNaN ? .infinity : high
        }
    }

    /// `row (+)= factor * row of other`, in the same columns; further columns become 0 unless accumulating.
    func setRow(_ feature: Int, to factor: Double, times other: Zonotope, _ source: Int) {
        for (number, block) in blocks.enumerated() {
            let target = block.base + feature * block.lanes
            var copied = 0
            if number < other.blocks.count {
                let from = other.blocks[number]
                copied = min(block.lanes, from.lanes)
                let row = from.base + source * from.lanes
                if factor == 1 {
                    target.update(from: row, count: copied)
                } else {
                    for place in 0..<copied { target[place] = factor * row[place] }
                }
            }
            for place in copied..<block.lanes { target[place] = 0 }
        }
    }

    /// Adds a multiple of a row whose columns are elsewhere here.
    ///
    /// - Parameter map: for each of the other's columns the one here.
    func addRow(_ feature: Int, _ factor: Double, times other: Zonotope, _ source: Int, map: [Int32]) {
        for block in other.blocks {
            let row = block.base + source * block.lanes
            let count = min(block.lanes, other.columns - block.start)
            for place in 0..<max(0, count) where row[place] != 0 {
                self[feature, Int(map[block.start + place])] += factor * row[place]
            }
        }
    }
}
