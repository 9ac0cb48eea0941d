internal import Properties
internal import RandomNumbers

/// The lanes of a search for the nearest violation, in a box that they share; each descends on one disjunct's margin.
struct ShrinkingLanes<Model: LaneModel> {
    private let model: Model
    private let rows: MarginRows
    private let lanes: Int
    // In the model's order.
    private let center: [Float]
    private let unit: [Float]
    private let lower: [Float]
    private let upper: [Float]
    /// The disjunct each lane descends on.
    private let aims: [Int]
    private var radius: Float = 0
    /// The nearest violation so far.
    private var best: (radius: Float, point: [Float])?
    /// Radii of the points last evaluated.
    private var distances: [Float]
    /// `[row][lane]`
    private var margins: [Float]
    private var generator: SplitMix64

    init(_ surroundings: Surroundings, disjuncts: [Disjunct], model: Model, seed: UInt64) {
        self.model = model
        rows = MarginRows(disjuncts, model: model)
        lanes = model.laneCount
        center = Self.placed(surroundings.center, model)
        unit = Self.placed(surroundings.unit, model)
        lower = Self.placed(surroundings.lower, model)
        upper = Self.placed(surroundings.upper, model)
        aims = (0..<lanes).map { $0 % disjuncts.count }
        distances = [Float](repeating: 0, count: lanes)
        margins = [Float](repeating: 0, count: rows.rows.count * lanes)
        generator = SplitMix64(seed: seed)
    }

    private static func placed(_ values: [Double], _ model: Model) -> [Float] {
        var result = [Float](repeating: 0, count: values.count)
        for (index, value) in values.enumerated() { result[model.place(ofInput: index)] = Float(value) }
        return result
    }

    /// The nearest violation so far, in the network's order.
    var nearest: [Double]? {
        best.map { best in best.point.indices.map { Double(best.point[model.place(ofInput: $0)]) } }
    }

    // MARK: where lanes begin

    /// Lanes on the way from the center, or from a violation, against their gradients there.
    mutating func begin(at start: [Double]?, shrinkage: Float) {
        let anchor = start.map { Self.placed($0, model) } ?? center
        for feature in center.indices {
            (model.inputs + feature * lanes).update(repeating: anchor[feature], count: lanes)
        }
        _ = evaluate(shrinkage: shrinkage)
        if best == nil { radius = 1.5 * (reaches().filter(\.isFinite).min() ?? 1) }
        let shares = (0..<lanes).map { _ in share() }
        for feature in center.indices {
            let (place, slope) = (model.inputs + feature * lanes, model.inputGradients + feature * lanes)
            let reach = radius * unit[feature]
            for lane in 0..<lanes {
                let move = slope[lane] > 0 ? -reach : slope[lane] < 0 ? reach : 0
                place[lane] = inside(anchor[feature] + shares[lane] * move, feature)
            }
        }
    }

    /// Every other lane moves to near the nearest violation, or anywhere in the box.
    mutating func scatterHalf(_ stage: Int) {
        let spreads = (0..<lanes).map { _ in share() }
        let isAnywhere = (0..<lanes).map { _ in share() < 0.3 }
        for feature in center.indices {
            let place = model.inputs + feature * lanes
            let reach = radius * unit[feature]
            for lane in 0..<lanes where (lane + stage) % 2 == 0 {
                let offset = 2 * share() - 1
                if let best, !isAnywhere[lane] {
                    place[lane] = inside(best.point[feature] + 0.5 * spreads[lane] * offset * reach, feature)
                } else {
                    place[lane] = inside(center[feature] + spreads[lane] * (offset > 0 ? reach : -reach), feature)
                }
            }
        }
    }

    private mutating func share() -> Float { Float(generator.next() >> 40) * 0x1p-24 }

    /// The number, moved into the box.
    private func inside(_ value: Float, _ feature: Int) -> Float {
        let reach = radius * unit[feature]
        return min(
            max(value, lower[feature], center[feature] - reach), min(upper[feature], center[feature] + reach))
    }

    /// For every lane at the center the radius at which its margin's linearisation is zero; infinite where none is.
    private func reaches() -> [Float] {
        var reach = [Float](repeating: 0, count: lanes)
        let missing = (0..<lanes).map { worst(of: aims[$0], $0).margin }
        // What a radius gains is concave in it: Newton's steps from below never reach too far.
        for _ in 0..<6 {
            var gained = [Float](repeating: 0, count: lanes)
            var rate = gained
            for feature in center.indices {
                let slope = model.inputGradients + feature * lanes
                let (down, up) = (center[feature] - lower[feature], upper[feature] - center[feature])
                for lane in 0..<lanes {
                    let magnitude = abs(slope[lane])
                    let room = slope[lane] > 0 ? down : up
                    let wanted = reach[lane] * unit[feature]
                    gained[lane] += magnitude * min(wanted, room)
                    rate[lane] += wanted < room ? magnitude * unit[feature] : 0
                }
            }
            for lane in 0..<lanes {
                let lack = missing[lane] - gained[lane]
                if lack > 0 { reach[lane] = rate[lane] > 0 ? reach[lane] + lack / rate[lane] : .infinity }
            }
        }
        return reach
    }

    // MARK: steps

    /// Evaluates the lanes' points and has their gradients ready. The box follows the nearest violation.
    ///
    /// - Returns: whether there is a nearer one.
    mutating func evaluate(shrinkage: Float) -> Bool {
        model.evaluate()
        rows.evaluate(model, into: &margins)
        measureDistances()
        var winner: Int?
        for lane in 0..<lanes where distances[lane] < best?.radius ?? .infinity && isViolated(lane) {
            if winner.map({ distances[lane] < distances[$0] }) ?? true { winner = lane }
        }
        if let winner {
            var point: [Float] = []
            for feature in center.indices { point.append(model.inputs[feature * lanes + winner]) }
            best = (distances[winner], point)
            radius = distances[winner] * (1 - shrinkage)
        }
        differentiate()
        return winner != nil
    }

    /// Sets the box for a stage after one that met no nearer violation.
    mutating func widen(shrinkage: Float) { radius = best.map { $0.radius * (1 - shrinkage) } ?? 1.5 * radius }

    /// A step against the gradient's sign, by a share of the box's radius, and back into the box.
    mutating func step(by share: Float) {
        for feature in center.indices {
            let (place, slope) = (model.inputs + feature * lanes, model.inputGradients + feature * lanes)
            let reach = radius * unit[feature]
            let (low, high) = (
                max(lower[feature], center[feature] - reach), min(upper[feature], center[feature] + reach)
            )
            for lane in 0..<lanes {
                let move = slope[lane] > 0 ? -share * reach : slope[lane] < 0 ? share * reach : 0
                place[lane] = min(max(place[lane] + move, low), high)
            }
        }
    }

    private mutating func measureDistances() {
        var measured = [Float](repeating: 0, count: lanes)
        for feature in center.indices {
            let (middle, inverse) = (center[feature], 1 / unit[feature])
            let place = model.inputs + feature * lanes
            for lane in 0..<lanes { measured[lane] = max(measured[lane], abs(place[lane] - middle) * inverse) }
        }
        distances = measured
    }

    private func differentiate() {
        model.outputWeights.update(repeating: 0, count: model.outputCount * lanes)
        let targets = (0..<lanes).map { worst(of: aims[$0], $0).row }
        for (lane, row) in targets.enumerated() {
            guard let row else { continue }
            for term in rows.rows[row].outputs { model.outputWeights[term.place * lanes + lane] += term.coefficient }
        }
        model.differentiate()
        for (lane, row) in targets.enumerated() {
            guard let row else { continue }
            for term in rows.rows[row].inputs { model.inputGradients[term.place * lanes + lane] += term.coefficient }
        }
    }

    /// Whether a lane's point violates any disjunct.
    private func isViolated(_ lane: Int) -> Bool {
        for disjunct in rows.disjuncts.indices where worst(of: disjunct, lane).margin <= 0 { return true }
        return false
    }

    /// A disjunct's largest margin in a lane, and its row; a NaN counts as the worst.
    private func worst(of disjunct: Int, _ lane: Int) -> (margin: Float, row: Int?) {
        var worst: (margin: Float, row: Int?) = (-.infinity, nil)
        for row in rows.disjuncts[disjunct] {
            let margin = margins[row * lanes + lane]
            if !(margin <= worst.margin) { worst = (margin.isNaN ? .infinity : margin, row) }
        }
        return worst
    }
}
