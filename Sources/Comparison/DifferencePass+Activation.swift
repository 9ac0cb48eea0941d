import BoundPropagation
import Evaluation
import Intervals
import Networks

/// How one feature of an activation is written in symbols.
private struct FeatureLines {
    var dense: ParallelLines
    var pruned: ParallelLines
    var difference: ParallelLines
    /// Whether the difference is written as the difference of both networks' forms.
    var isJoint: Bool
}

extension DifferencePass {
    /// What a zonotope may hold: beyond it a feature's remainder is no symbol of its own.
    private static let mostNumbers = 24_000_000
    private static let mostSymbols = 8000

    private func room(_ features: Int, _ columns: Int) -> Int {
        max(0, min(Self.mostSymbols, Self.mostNumbers / max(1, features)) - columns - 64)
    }

    /// An activation of both networks and of their difference.
    func activate(_ node: Int) {
        guard let activation = model.dense.activations[node] else { return }
        let operand = model.dense.plan.operands[node][0]
        let (z, zhat, dz) = (dense[operand], pruned[operand], difference[operand])
        let count = z.features
        var lines: [FeatureLines] = []
        lines.reserveCapacity(count)
        for feature in 0..<count { lines.append(choose(activation, z, zhat, dz, feature)) }
        let wanted = lines.reduce(0) {
            $0 + ($1.dense.reach > 0 ? 1 : 0) + ($1.pruned.reach > 0 ? 1 : 0)
                + (!$1.isJoint && $1.difference.reach > 0 ? 1 : 0)
        }
        let hasSymbols = wanted <= room(count, shares.count)
        let denseSymbols = write(lines.map(\.dense), z, to: dense[node], &denseMap, hasSymbols)
        let prunedSymbols = write(lines.map(\.pruned), zhat, to: pruned[node], &prunedMap, hasSymbols)
        let result = difference[node]
        var symbol = shares.count
        let own = lines.count { hasSymbols && !$0.isJoint && $0.difference.reach > 0 }
        result.resize(columns: symbol + own)
        for (feature, line) in lines.enumerated() {
            if line.isJoint {
                writeJoint(feature, line, z, zhat, to: result, denseSymbols[feature], prunedSymbols[feature])
                continue
            }
            let (slope, middle, reach) = (line.difference.slope, line.difference.middle, line.difference.reach)
            result.setRow(feature, to: slope, times: dz, feature)
            result[feature, 0] += middle
            var radius = slope.magnitude * dz.radii[feature]
            radius += (slope.magnitude * dz.magnitudes[feature] + middle.magnitude) * 0x1p-51
            if reach > 0 && hasSymbols {
                result[feature, symbol] = reach
                symbol += 1
                let first = share(z, feature, denseMap)
                let second = share(zhat, feature, prunedMap)
                shares.append((first + second) / 2)
            } else {
                radius += reach
            }
            result.radii[feature] = radius * sumSlack
        }
        result.measure()
        tighten(activation, node, z, zhat, dz)
    }

    /// An activation of one network by itself.
    func activateAlone(_ network: ZonotopeModel, _ node: Int, _ forms: [Zonotope], _ map: inout [Int32]) {
        guard let activation = network.activations[node] else { return }
        let operand = forms[network.plan.operands[node][0]]
        let lines = (0..<operand.features).map {
            ParallelLines(activation, over: operand.lower[$0], operand.upper[$0])
        }
        let wanted = lines.count { $0.reach > 0 }
        _ = write(lines, operand, to: forms[node], &map, wanted <= room(operand.features, map.count))
        tighten(activation, operand, forms[node])
    }

    private func choose(
        _ activation: Activation, _ z: Zonotope, _ zhat: Zonotope, _ dz: Zonotope, _ feature: Int
    ) -> FeatureLines {
        let (a, b) = (Self.range(z, feature), Self.range(zhat, feature))
        let first = ParallelLines(activation, over: a.lower, a.upper)
        let second = ParallelLines(activation, over: b.lower, b.upper)
        let ranges = DifferenceLines.Ranges(dense: a, pruned: b, difference: Self.range(dz, feature))
        let candidates = DifferenceLines.candidates(activation, ranges)
        var best = candidates[0]
        let isExact = best.reach == 0
        if isExact && candidates.count == 1 {
            return FeatureLines(dense: first, pruned: second, difference: best, isJoint: false)
        }
        let deviation = dz.deviation(feature) + dz.radii[feature]
        func spread(_ lines: ParallelLines) -> Double { lines.slope.magnitude * deviation + lines.reach }
        for other in candidates.dropFirst() where spread(other) < spread(best) { best = other }
        let joint = jointSpread(first, second, z, zhat, feature)
        return FeatureLines(dense: first, pruned: second, difference: best, isJoint: joint < spread(best))
    }

    /// Bounds as an interval; the whole line where they are no numbers.
    private static func range(_ form: Zonotope, _ feature: Int) -> Interval {
        let (lower, upper) = (form.lower[feature], form.upper[feature])
        if lower <= upper { return Interval(lower: lower, upper: upper) }
        // Bounds that rounding let cross: what lies between them is still enclosed.
        return lower.isNaN || upper.isNaN
            ? Interval(lower: -.infinity, upper: .infinity) : Interval(lower: upper, upper: lower)
    }

    /// How far the difference of both forms reaches from its middle.
    private func jointSpread(
        _ first: ParallelLines, _ second: ParallelLines, _ z: Zonotope, _ zhat: Zonotope, _ feature: Int
    ) -> Double {
        var total = first.reach + second.reach + first.slope.magnitude * z.radii[feature]
        total += second.slope.magnitude * zhat.radii[feature]
        // Only the input's symbols are common to both.
        var common = 0.0
        var separate = 0.0
        for column in 1..<moving.count + 1 {
            let (a, b) = (first.slope * z[feature, column], second.slope * zhat[feature, column])
            common += (a - b).magnitude
            separate += a.magnitude + b.magnitude
        }
        total += first.slope.magnitude * z.deviation(feature) + second.slope.magnitude * zhat.deviation(feature)
        return total - separate + common
    }

    /// Rows of one network's form.
    ///
    /// - Returns: per feature the column of its own symbol; nil where it has none.
    private func write(
        _ lines: [ParallelLines], _ operand: Zonotope, to result: Zonotope, _ map: inout [Int32], _ hasSymbols: Bool
    ) -> [Int?] {
        let before = map
        var symbols = [Int?](repeating: nil, count: lines.count)
        var column = map.count
        result.resize(columns: column + (hasSymbols ? lines.count { $0.reach > 0 } : 0))
        for (feature, line) in lines.enumerated() {
            let (middle, reach) = (line.middle, line.reach)
            result.setRow(feature, to: line.slope, times: operand, feature)
            result[feature, 0] += middle
            var radius = line.slope.magnitude * operand.radii[feature]
            radius += (line.slope.magnitude * operand.magnitudes[feature] + middle.magnitude) * 0x1p-51
            if reach > 0 {
                if hasSymbols {
                    result[feature, column] = reach
                    symbols[feature] = shares.count
                    map.append(Int32(shares.count))
                    shares.append(share(operand, feature, before))
                    column += 1
                } else {
                    radius += reach
                }
            }
            result.radii[feature] = radius * sumSlack
        }
        result.measure()
        return symbols
    }

    private func writeJoint(
        _ feature: Int, _ line: FeatureLines, _ z: Zonotope, _ zhat: Zonotope, to result: Zonotope, _ first: Int?,
        _ second: Int?
    ) {
        let (a, b) = (line.dense, line.pruned)
        result.setRow(feature, to: 0, times: z, feature)
        result.addRow(feature, a.slope, times: z, feature, map: denseMap)
        result.addRow(feature, -b.slope, times: zhat, feature, map: prunedMap)
        result[feature, 0] += a.middle - b.middle
        var radius = a.slope.magnitude * z.radii[feature] + b.slope.magnitude * zhat.radii[feature]
        let sizes = a.slope.magnitude * z.magnitudes[feature] + b.slope.magnitude * zhat.magnitudes[feature]
        radius += (sizes + a.middle.magnitude + b.middle.magnitude) * 0x1p-49
        if let first { result[feature, first] += a.reach } else { radius += a.reach }
        if let second { result[feature, second] -= b.reach } else { radius += b.reach }
        result.radii[feature] = radius * sumSlack
    }

    /// What share of a form's deviation each moving input has.
    private func share(_ form: Zonotope, _ feature: Int, _ map: [Int32]) -> SIMD8<Double> {
        guard moving.count <= 8 else { return .zero }
        var sum = SIMD8<Double>.zero
        var total = 0.0
        for block in form.blocks {
            let row = block.base + feature * block.lanes
            for place in 0..<max(0, min(block.lanes, form.columns - block.start)) {
                let column = block.start + place
                let size = row[place].magnitude
                if column == 0 || size == 0 { continue }
                sum += size * shares[Int(map[column])]
                total += size
            }
        }
        return total > 0 ? sum / total : .zero
    }

    // MARK: ranges

    private func tighten(_ activation: Activation, _ operand: Zonotope, _ result: Zonotope) {
        for feature in 0..<operand.features {
            let range = activation.range(over: Self.range(operand, feature))
            result.lower[feature] = max(result.lower[feature], range.lower)
            result.upper[feature] = min(result.upper[feature], range.upper)
        }
    }

    private func tighten(_ activation: Activation, _ node: Int, _ z: Zonotope, _ zhat: Zonotope, _ dz: Zonotope) {
        tighten(activation, z, dense[node])
        tighten(activation, zhat, pruned[node])
        let result = difference[node]
        for feature in 0..<z.features {
            let slopes = activation.slopes(over: Self.range(z, feature).union(Self.range(zhat, feature)))
            let range = slopes * Self.range(dz, feature)
            result.lower[feature] = max(result.lower[feature], range.lower)
            result.upper[feature] = min(result.upper[feature], range.upper)
        }
        intersect(dense[node], pruned[node], result)
    }
}

extension Activation {
    /// The range of values over an interval.
    fileprivate func range(over interval: Interval) -> Interval {
        switch self {
        case .relu: interval.relu()
        case .leakyRelu(let slope): interval.leakyRelu(slope: slope)
        case .smooth(let function): SmoothCurve(function).range(over: interval)
        }
    }
}
