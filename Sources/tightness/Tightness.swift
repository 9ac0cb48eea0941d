// How tight the ways to bound a pruned network's deviation are: random networks 2-64-64-1, plain magnitude pruning, two
// sizes of regions. Prints, per row, the median over the seeds of each bound as a multiple of the largest deviation that
// was sampled; after branch and bound of some seconds as well.

import Comparison
import Evaluation
import Glibc
import Intervals
import Networks
import Oracles
import Properties
import RandomNumbers

@main
struct Tightness {
    static func main() {
        var seeds = 10
        var seconds = 5.0
        var arguments = CommandLine.arguments.dropFirst()
        while let option = arguments.popFirst() {
            let value = arguments.popFirst().flatMap { Double($0) }
            switch (option, value) {
            case ("--seeds", let value?) where value >= 1 && value < 1e6: seeds = Int(value)
            case ("--seconds", let value?) where value > 0: seconds = value
            default:
                print("usage: tightness [--seeds 10] [--seconds 5]    seconds of branch and bound for each network")
                exit(option == "--help" ? 0 : 1)
            }
        }
        print("multiples of the sampled maximum, medians of \(seeds) networks; in brackets the worst")
        print(row("region, pruning", Row.names))
        for radius in [1.0, 0.05] {
            for share in radius == 1 ? [0.1, 0.7] : [0.1, 0.5] {
                let rows = (0..<seeds).compactMap { seed -> Row? in
                    var trial = Trial(seed: seed, radius: radius, share: share)
                    return trial.run(seconds: seconds)
                }
                let region = radius == 1 ? "[-1,1]^2" : "radius \(radius)"
                print(row("\(region), \(Int(100 * share + 0.5)) %", cells(rows)))
            }
        }
    }

    private static func cells(_ rows: [Row]) -> [String] {
        Row.names.indices.map { column in
            let values = rows.map { $0.multiples[column] }.sorted()
            guard let worst = values.last else { return "-" }
            let median = values[values.count / 2]
            return column == Row.names.count - 1 ? "\(text(median)) [\(text(worst))]" : text(median)
        }
    }

    private static func row(_ name: String, _ cells: [String]) -> String {
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(1, width - text.count))
        }
        return padded(name, 20) + cells.map { padded($0, 15) }.joined()
    }

    private static func text(_ value: Double) -> String {
        let factor = value < 10 ? 100.0 : 1
        return "\((value * factor).rounded() / factor)"
    }
}

/// Every way's bound as a multiple of the sampled maximum.
private struct Row {
    static let names = ["published", "closed form", "interval", "joint", "difference", "after splitting"]
    var multiples: [Double]
}

/// One random network and its pruned self.
private struct Trial {
    var generator: SplitMix64
    let radius: Double
    let share: Double

    init(seed: Int, radius: Double, share: Double) {
        generator = SplitMix64(seed: seed)
        self.radius = radius
        self.share = share
    }

    mutating func run(seconds: Double) -> Row? {
        let widths = [2, 64, 64, 1]
        var nodes = [Node(name: "x", operation: .input, inputs: [], shape: [2])]
        var pruned = nodes
        for layer in 1..<widths.count {
            let (columns, rows) = (widths[layer - 1], widths[layer])
            let scale = (2 / Double(columns)).squareRoot()
            let weights = (0..<rows * columns).map { _ in Double(Float(scale * gaussian())) }
            let bias = (0..<rows).map { _ in Double(Float(0.1 * gaussian())) }
            let limit = weights.map(\.magnitude).sorted()[Int(share * Double(weights.count))]
            for (values, isPruned) in [(weights, false), (weights.map { $0.magnitude < limit ? 0 : $0 }, true)] {
                let linear = Linear(weights: .dense(rows: rows, columns: columns, values: values), bias: bias)
                var added = [
                    Node(name: "layer \(layer)", operation: .linear(linear), inputs: [2 * layer - 2], shape: [rows])
                ]
                if layer < widths.count - 1 {
                    added.append(
                        Node(
                            name: "relu \(layer)", operation: .activation(.relu), inputs: [2 * layer - 1], shape: [rows]
                        ))
                }
                if isPruned { pruned += added } else { nodes += added }
            }
        }
        let (dense, other) = (Network(nodes: nodes, output: 5), Network(nodes: pruned, output: 5))
        guard let pair = try? NetworkPair(dense: dense, pruned: other) else { return nil }
        return multiples(pair, region(), seconds)
    }

    private mutating func region() -> InputRegion {
        let centres = radius == 1 ? [0.0, 0.0] : [uniform(-0.8...0.8), uniform(-0.8...0.8)]
        return InputRegion(
            lower: centres.map { Interval($0 - radius) }, upper: centres.map { Interval($0 + radius) })
    }

    private mutating func multiples(_ pair: NetworkPair, _ region: InputRegion, _ seconds: Double) -> Row? {
        var sampled = 0.0
        for _ in 0..<20_000 {
            let point = (0..<2).map { uniform(region.lower[$0].lower...region.upper[$0].upper) }
            sampled = max(sampled, (pair.dense.evaluate(point)[0] - pair.pruned.evaluate(point)[0]).magnitude)
        }
        let comparison = Comparison(pair)
        guard sampled > 0, let closed = comparison.closedForm(over: region, usesBoxes: false) else { return nil }
        var options = ComparisonOptions()
        options.goal.tolerance = 0.001
        options.usesBoxes = false
        options.limits.deadline = .now + .seconds(seconds)
        let report = comparison.deviation(over: region, options: options)
        let f = pair.dense.intervalBounds(over: region.outwardLower, upper: region.outwardUpper)[5]
        let g = pair.pruned.intervalBounds(over: region.outwardLower, upper: region.outwardUpper)[5]
        let interval = max(f.upper[0] - g.lower[0], g.upper[0] - f.lower[0])
        let bounds = [
            closed.published, closed.deviation, interval, report.joint.first ?? .infinity, report.zonotope[0],
            report.brackets[0].certified,
        ]
        return Row(multiples: bounds.map { $0 / sampled })
    }

    private mutating func uniform(_ range: ClosedRange<Double>) -> Double {
        Double.random(in: range, using: &generator)
    }

    private mutating func gaussian() -> Double {
        (-2 * log(uniform(0x1p-53...1))).squareRoot() * cos(2 * .pi * uniform(0...1))
    }
}
