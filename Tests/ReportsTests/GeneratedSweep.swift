// A sweep as it might have been, from a seeded generator: networks whose images have a true radius, a verifier that
// proves less than that, and easier the more is pruned.

import RandomNumbers
import Studies

struct GeneratedSweep {
    var seeds = [10, 20, 30, 40, 50]
    var ratios = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
    var methods = ["magnitude"]
    var epsilons = ["0.006", "0.007", "0.008"]
    var images = 60
    /// The share of models that have been asked.
    var finished = 1.0
    var shape = [1, 16, 16]
    var withExamples = true

    func results() -> SweepResults {
        var generator = SplitMix64(seed: 2601)
        var results = SweepResults(
            name: "digits, conv-small <sweep & report>", dataset: "digits test", imageShape: shape,
            epsilons: epsilons, timeout: 60, version: "0.1.0", planned: 0)
        results.images = (0..<images).map { index in
            SweepImage(index: index, label: index % 10, values: Self.picture(of: index % 10, shape, &generator))
        }
        let difficulties = results.images.map { _ in generator.normal() }
        for seed in seeds {
            let luck = 0.18 * generator.normal()
            for ratio in ratios {
                for method in ratio == 0 ? [nil] : methods.map(Optional.some) {
                    let id = "\(method ?? "dense")-\(seed)-\(ratio)"
                    results.models.append(
                        SweepModel(
                            id: id, architecture: "conv-small", seed: seed, method: method,
                            scope: method.map { _ in "convolutions" }, ratio: ratio, sparsity: 0.97 * ratio,
                            testAccuracy: 0.994 - 0.02 * ratio * ratio * ratio + 0.0006 * generator.normal(),
                            layers: Self.layers(scale: 1), file: "models/\(id).onnx", digest: "00"))
                    let strength = luck + 0.25 * ratio - 0.9 * ratio * ratio + 0.05 * generator.normal()
                    ask(results.models.last!, strength, difficulties, &results, &generator)
                }
            }
        }
        results.planned = results.models.count * epsilons.count * images
        let asked = Int(finished * Double(results.models.count))
        let kept = Set(results.models.prefix(asked).map(\.id))
        results.queries.removeAll { !kept.contains($0.model) }
        results.seconds = results.queries.reduce(0) { $0 + $1.seconds } * 1.3
        results.savings = [
            SweepSaving(
                origin: .largerRadius, queries: 812, secondsSaved: 1411, estimate: "median seconds of queries asked"),
            SweepSaving(origin: .transferredCounterexample, queries: 97, secondsSaved: 52),
            SweepSaving(origin: .transferredProof, queries: 214),
        ]
        return results
    }

    private static func layers(scale: Double) -> [SweepLayer] {
        [("Relu_1", 6272.0), ("Relu_3", 3136), ("Relu_5", 128)].map {
            SweepLayer(name: $0.0, neurons: Int($0.1 * scale))
        }
    }

    private func ask(
        _ model: SweepModel, _ strength: Double, _ difficulties: [Double], _ results: inout SweepResults,
        _ generator: inout SplitMix64
    ) {
        let looseness = 0.75 - 0.6 * model.ratio
        for (index, image) in results.images.enumerated() {
            // The true radius, and what the verifier can prove, in units of 0.001.
            let radius = 9.5 * (1 + 0.35 * difficulties[index] + strength + 0.06 * generator.normal())
            let provable = radius * (1 - 0.25 * looseness)
            let isWrong = difficulties[index] < -1.9
            for epsilon in epsilons {
                let size = 1000 * Double(epsilon)!
                let outcome: Outcome =
                    isWrong
                    ? .misclassified
                    : size < provable
                        ? .holds : size > radius ? .violated : generator.unit() < 0.9 ? .timeout : .unknown
                let effort = min(6, 6 * (size - provable * 0.8) / provable)
                var query = SweepQuery(
                    model: model.id, epsilon: epsilon, image: image.index, label: image.label,
                    predicted: isWrong ? (image.label + 1) % 10 : image.label, outcome: outcome,
                    seconds: outcome == .timeout
                        ? 60
                        : outcome == .violated
                            ? 0.05 + 0.1 * generator.unit() : 0.2 * exp2(max(-1, effort)) + 0.1 * generator.unit()
                )
                query.nodes = outcome == .holds ? Int(exp2(max(0, 3 * effort))) : outcome == .timeout ? 40_000 : 0
                query.attackedMargin = (radius - size) * 0.4
                query.rootBound = query.attackedMargin! - 3 * looseness * size / 6
                query.cleanMargin = 8 + difficulties[index]
                let share = 0.05 * size / 6 * (1.1 - model.ratio)
                query.unstableByLayer = Self.layers(scale: share)
                query.unstableNeurons = Self.layers(scale: share).reduce(0) { $0 + $1.neurons }
                query.origin = epsilon == epsilons.last || outcome != .holds ? .computed : .largerRadius
                if query.origin == .largerRadius { query.seconds = 0 }
                if outcome == .violated && withExamples {
                    query.adversarialClass = (image.label + 3) % 10
                    query.adversarialExample = image.values.map {
                        min(1, max(0, $0 + Float(size / 1000) * (generator.unit() < 0.5 ? -1 : 1)))
                    }
                }
                if outcome == .unknown { query.reason = "no neuron left to split" }
                results.queries.append(query)
            }
        }
    }

    private func exp2(_ power: Double) -> Double {
        var value = 1.0
        for _ in 0..<Int(min(power, 20).rounded(.down).magnitude) { value *= power < 0 ? 0.5 : 2 }
        return value * (1 + (power - power.rounded(.down)))
    }

    /// Seven segments, softened by noise.
    private static func picture(of digit: Int, _ shape: [Int], _ generator: inout SplitMix64) -> [Float] {
        let segments: [[Int]] = [
            [0, 1, 2, 4, 5, 6], [2, 5], [0, 2, 3, 4, 6], [0, 2, 3, 5, 6], [1, 2, 3, 5], [0, 1, 3, 5, 6],
            [0, 1, 3, 4, 5, 6], [0, 2, 5], [0, 1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 5, 6],
        ]
        let (rows, columns) = (shape.count > 1 ? shape[shape.count - 2] : 1, shape[shape.count - 1])
        let lit = segments[digit]
        return (0..<shape.reduce(1, *)).map { position in
            let (row, column) = (position / columns % rows, position % columns)
            let (y, x) = (Double(row) / Double(rows), Double(column) / Double(columns))
            func near(_ value: Double, _ target: Double) -> Bool { abs(value - target) < 0.07 }
            let inColumns = x > 0.28 && x < 0.72
            let isLit = lit.contains { segment in
                switch segment {
                case 0: near(y, 0.2) && inColumns
                case 3: near(y, 0.5) && inColumns
                case 6: near(y, 0.8) && inColumns
                case 1, 4: near(x, 0.3) && (segment == 1 ? y > 0.2 && y < 0.5 : y > 0.5 && y < 0.8)
                default: near(x, 0.7) && (segment == 2 ? y > 0.2 && y < 0.5 : y > 0.5 && y < 0.8)
                }
            }
            return Float((isLit ? 0.85 : 0.05) + 0.1 * generator.unit())
        }
    }
}

extension SplitMix64 {
    /// Nearly normal: twelve uniform numbers.
    fileprivate mutating func normal() -> Double { (0..<12).reduce(-6) { sum, _ in sum + unit() } }
}
