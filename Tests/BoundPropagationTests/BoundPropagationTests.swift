import Evaluation
import Intervals
import Networks
import Oracles
import Properties
import RandomNumbers
import Testing

@testable import BoundPropagation

/// A random network over a box, with points planted in the box: every bound must contain what the network does there.
struct Planted {
    let network: Network
    let plan: LanePlan
    let lower: [Double]
    let upper: [Double]
    /// In the network's order, with the enclosures of every node's real value there.
    let points: [Point]

    /// - Parameter error: of every operator; the points are then evaluated on a network that errs as far as allowed.
    init(seed: Int, radius: Double, error: AffineError = .exact, isSmooth: Bool = false, count: Int = 12) {
        let random = RandomNetwork.make(seed: seed, error: error)
        let made = (isSmooth ? random.smoothed(seed: seed) : random).decomposingMaxPools()
        let real = error.isExact ? made : made.perturbed(seed: seed &+ 7)
        network = made
        plan = LanePlan(made)
        let centre = RandomNetwork.input(of: made, seed: seed)
        // Some inputs do not move.
        let radii = centre.indices.map { $0 % 5 == 4 ? 0 : radius }
        lower = zip(centre, radii).map { $0 - $1 }
        upper = zip(centre, radii).map { $0 + $1 }
        var generator = SplitMix64(seed: seed &+ 99)
        points = (0..<count).map { index in
            let input = centre.indices.map { feature -> Double in
                let low = centre[feature] - radii[feature]
                let high = centre[feature] + radii[feature]
                if index % 3 == 0 { return Bool.random(using: &generator) ? low : high }
                return radii[feature] == 0 ? centre[feature] : Double.random(in: low...high, using: &generator)
            }
            return (input, real.evaluateAllNodes(at: input.map { Interval($0) }))
        }
    }

    func region(_ options: BoundingOptions = BoundingOptions()) -> RegionBounder {
        RegionBounder(
            model: BoundModel(plan: plan), lower: plan.inputLayout.permuted(lower),
            upper: plan.inputLayout.permuted(upper), options: options)
    }

    typealias Point = (input: [Double], values: [[Interval]])

    /// Whether every planted value, or those of some points, lies within the region's bounds of its node.
    func isContained(in bounds: NodeBounds, _ some: [Point]? = nil) -> Bool {
        (some ?? points).allSatisfy { point in
            point.values.indices.allSatisfy { node in
                let values = plan.layouts[node].permuted(point.values[node])
                return values.indices.allSatisfy {
                    values[$0].upper >= bounds.lower[node][$0] && values[$0].lower <= bounds.upper[node][$0]
                }
            }
        }
    }

    /// Margins of the form `Y_i - Y_j + c` and of a single output.
    var objectives: [Objective] {
        func constraint(_ terms: [(Int, Double)], _ constant: Double) -> Objective {
            Objective(
                LinearConstraint(
                    outputTerms: terms.map { .init(index: $0.0, coefficient: Interval($0.1)) },
                    inputTerms: [.init(index: 1, coefficient: Interval(0.5))], constant: Interval(constant)),
                plan: plan)
        }
        return [constraint([(0, 1), (1, -1)], 0.25), constraint([(2, -1)], -1), constraint([(1, 3), (2, 2)], 0)]
    }

    /// An upper bound of an objective's real value at a planted point.
    func value(_ objective: Objective, _ point: Point) -> Double {
        let output = plan.outputLayout.permuted(point.values[plan.output])
        let input = plan.inputLayout.permuted(point.values[0])
        var sum = Interval(objective.constant)
        for term in objective.outputTerms { sum += Interval(term.coefficient) * output[term.feature] }
        for term in objective.inputTerms { sum += Interval(term.coefficient) * input[term.feature] }
        return sum.upper
    }
}

@Suite struct BoundPropagationTests {
    static let inexact = AffineError(relative: 1e-4, absolute: 1e-5, offsets: [0])

    @Test(arguments: 0..<24, [false, true])
    func neuronBoundsContainPlantedPoints(seed: Int, isSmooth: Bool) {
        let planted = Planted(
            seed: seed, radius: [0.001, 0.1, 1][seed % 3], error: seed % 4 == 3 ? Self.inexact : .exact,
            isSmooth: isSmooth)
        let plain = planted.region()
        #expect(planted.isContained(in: plain.bounds))
        var options = BoundingOptions()
        options.ascentIterations = 6
        options.known = plain.bounds
        let ascended = planted.region(options)
        #expect(planted.isContained(in: ascended.bounds))
        for node in plain.bounds.lower.indices {
            #expect(zip(plain.bounds.lower[node], ascended.bounds.lower[node]).allSatisfy { $0 <= $1 })
            #expect(zip(plain.bounds.upper[node], ascended.bounds.upper[node]).allSatisfy { $0 >= $1 })
        }
    }

    @Test(arguments: 0..<24, [false, true])
    func objectivesStayAboveCertifiedBounds(seed: Int, isSmooth: Bool) {
        let planted = Planted(
            seed: seed, radius: 0.3, error: seed % 4 == 3 ? Self.inexact : .exact, isSmooth: isSmooth)
        for region in [planted.region(), planted.region().condensed()] {
            let bounder = LaneBounder(region)
            let objectives = planted.objectives
            bounder.setObjectives(LaneObjectives((0..<64).map { [(1, objectives[$0 % objectives.count])] }))
            bounder.resetParameters()
            var generator = SplitMix64(seed: seed)
            // Any slopes, multipliers and phases are sound, so try wild ones in most lanes.
            for slot in 0..<bounder.slotCount {
                for lane in 8..<64 {
                    let phase: Float =
                        lane < 32 || !Bool.random(using: &generator) ? 0 : Bool.random(using: &generator) ? 1 : -1
                    bounder.phases[slot * 64 + lane] = phase
                    bounder.parameters[slot * 64 + lane] = Float.random(in: 0...(phase == 0 ? 1 : 3), using: &generator)
                }
            }
            for round in 0..<2 {
                let bounds = bounder.certify()
                check(bounds, bounder, region, planted, objectives)
                if round == 0 { _ = bounder.ascend(AscentOptions(iterations: 4)) }
            }
        }
    }

    private func check(
        _ bounds: [Double], _ bounder: LaneBounder, _ region: RegionBounder, _ planted: Planted,
        _ objectives: [Objective]
    ) {
        for point in planted.points {
            let signs = region.unstableNeurons.enumerated().map { slot, neuron in
                // Condensed regions number features anew; only unsplit lanes are compared there.
                region.plan === planted.plan
                    ? planted.plan.layouts[region.plan.operands[neuron.node][0]].permuted(
                        point.values[region.plan.operands[neuron.node][0]])[neuron.feature] : nil
            }
            for lane in 0..<64 {
                let agrees = signs.indices.allSatisfy { slot in
                    let phase = bounder.phases[slot * 64 + lane]
                    guard phase != 0, let point = region.splitPoint(slot) else { return true }
                    guard let value = signs[slot] else { return false }
                    return phase > 0 ? value.upper >= point : value.lower <= point
                }
                if agrees { #expect(planted.value(objectives[lane % objectives.count], point) >= bounds[lane]) }
            }
        }
    }

    @Test(arguments: 0..<12, [false, true])
    func boxBoundsHoldOnTheirBoxes(seed: Int, isSmooth: Bool) {
        let planted = Planted(
            seed: seed, radius: 0.4, error: seed % 4 == 3 ? Self.inexact : .exact, isSmooth: isSmooth)
        let region = planted.region()
        let model = BoxModel(region)
        let bounder = BoxBounder(region, shared: model)
        // One box per point and size, each around its point.
        let inputs = planted.points.map { planted.plan.inputLayout.permuted($0.input) }
        var boxes: [InputBox] = []
        for lane in 0..<64 {
            let point = inputs[lane % inputs.count]
            let radius = [0.4, 0.1, 0.01, 0][lane / 16]
            boxes.append(
                InputBox(
                    lower: model.moving.map { max(region.inputLower[$0], point[$0] - radius) },
                    upper: model.moving.map { min(region.inputUpper[$0], point[$0] + radius) }))
        }
        bounder.load(boxes)
        for refines in [false, true] {
            if refines { bounder.refineNeurons(boxCount: 64) }
            for objective in planted.objectives {
                let forward = bounder.forwardBounds(objective)
                let backward = bounder.backwardBounds(objective).bounds
                for lane in 0..<64 {
                    let value = planted.value(objective, planted.points[lane % inputs.count])
                    #expect(value >= forward[lane])
                    #expect(value >= backward[lane])
                }
            }
        }
    }

    @Test func infiniteWeightsClaimNothing() {
        let matrix = Matrix.dense(rows: 1, columns: 1, values: [1e308])
        let linear = Operator.linear(Linear(weights: matrix, bias: [0]))
        let network = Network(
            nodes: [
                Node(name: "x", operation: .input, inputs: [], shape: [1]),
                Node(name: "a", operation: linear, inputs: [0], shape: [1]),
                Node(name: "r", operation: .activation(.relu), inputs: [1], shape: [1]),
                Node(name: "b", operation: linear, inputs: [2], shape: [1]),
            ], output: 3)
        let plan = LanePlan(network)
        let region = RegionBounder(
            model: BoundModel(plan: plan), lower: [-1e10], upper: [1e10], options: BoundingOptions())
        let bounder = LaneBounder(region)
        let terms = [LinearConstraint.Term(index: 0, coefficient: Interval(1))]
        let objective = Objective(LinearConstraint(outputTerms: terms, constant: Interval(1)), plan: plan)
        bounder.setObjectives(LaneObjectives(single: [objective]))
        bounder.resetParameters()
        #expect(bounder.certify().allSatisfy { $0 == -.infinity })
    }
}
