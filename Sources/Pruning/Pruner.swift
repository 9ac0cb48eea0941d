// Pruning single weights: scores, which of them go, and compensation.
//
// A removed weight is 0; the zeros are the mask, and fine-tuning keeps them. Layers are pruned in order, so that
// calibration data pass through what is pruned already (SparseGPT, optimal brain surgeon).

public import Datasets
public import Networks
internal import RandomNumbers
internal import Training

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The pruned network, and what became of each layer.
public struct PrunedNetwork: Sendable {
    public var network: TrainableNetwork
    public var layers: [LayerSparsity]

    /// Zeros among the weights in scope.
    public var zeros: Int { layers.reduce(0) { $0 + $1.zeros } }
    public var weights: Int { layers.reduce(0) { $0 + $1.weights } }
}

public struct LayerSparsity: Sendable, Equatable {
    public var name: String
    public var weights: Int
    public var zeros: Int

    public init(name: String, weights: Int, zeros: Int) {
        self.name = name
        self.weights = weights
        self.zeros = zeros
    }
}

public struct Pruner {
    private var source: TrainableNetwork
    private let options: PruningOptions
    private let calibration: Examples?
    private var layers: [PrunableLayer]
    /// The weights before, for revival.
    private let original: [[Double]]

    /// - Parameter calibration: examples, where the method needs them.
    /// - Throws: when nothing is in scope, ratios are out of range, or calibration data are missing.
    public init(
        _ network: TrainableNetwork, options: PruningOptions, calibration: Examples? = nil
    ) throws(PruningError) {
        source = network
        self.options = options
        self.calibration = calibration
        layers = try options.scope.layers(of: network.network)
        original = layers.map(\.weights)
        for (name, ratio) in [("the ratio", options.ratio)] + options.layerRatios.map({ ("\($0)'s ratio", $1) })
        where !(0...1).contains(ratio) {
            throw PruningError("\(name) is \(ratio); choose one between 0 and 1")
        }
        for name in options.layerRatios.keys where !layers.contains(where: { $0.name == name }) {
            throw PruningError("no layer in scope is called '\(name)'; see secateur inspect for the names")
        }
        if options.method.needsCalibration {
            guard let calibration, calibration.count > 0 else {
                throw PruningError("\(options.method.rawValue) needs calibration examples; name them with --data")
            }
            guard calibration.shape.count == network.network.inputCount else {
                throw PruningError(
                    "the calibration examples have \(calibration.shape.count) numbers, the network takes "
                        + "\(network.network.inputCount); choose other data")
            }
            let outputs = network.network.outputCount
            if let label = calibration.labels.first(where: { !(0..<outputs).contains($0) }) {
                throw PruningError(
                    "a calibration example has label \(label), the network has \(outputs) outputs; choose other data")
            }
        }
        if let pattern = options.pattern, pattern.group < 2 || !(1..<pattern.group).contains(pattern.kept) {
            throw PruningError("the pattern must keep less than the group, such as 2:4")
        }
    }

    /// Prunes.
    public mutating func run() throws(PruningError) -> PrunedNetwork {
        switch options.method {
        case .magnitude: removeLowest { $0.weights.map(\.magnitude) }
        case .random:
            var random = SplitMix64(seed: options.seed)
            removeLowest { $0.weights.map { $0 == 0 ? -1 : random.unit() } }
        case .gradient:
            let gradients = probe().meanGradients()
            removeLowest { layer in
                zip(layer.weights, gradients[layer.node] ?? []).map { ($0 * $1).magnitude }
            }
        case .obd:
            let probe = probe()
            let vectors = options.calibrationVectors
            removeLowest { layer in
                let hessians = (0..<layer.groups).map { layer.hessian($0, probe, vectors: vectors).matrix }
                return layer.weights.indices.map { place in
                    let hessian = hessians[place / layer.columns / (layer.rows / layer.groups)]
                    let column = place % layer.columns
                    return hessian[column, column] * layer.weights[place] * layer.weights[place] / 2
                }
            }
        case .obs, .sparsegpt: try compensateInOrder()
        case .woodfisher: try pruneByFisher()
        }
        if options.revival > 0 { revive() }
        return result()
    }

    private func probe() -> LayerProbe {
        var network = source
        for layer in layers { layer.write(to: &network.network) }
        return LayerProbe(network, examples: calibration!)
    }

    private func result() -> PrunedNetwork {
        var network = source
        var counts: [LayerSparsity] = []
        for layer in layers {
            var rounded = layer
            rounded.weights = layer.weights.map { Double(Float($0)) }
            rounded.write(to: &network.network)
            counts.append(
                LayerSparsity(
                    name: layer.name, weights: layer.weights.count, zeros: rounded.weights.count { $0 == 0 }))
        }
        return PrunedNetwork(network: network, layers: counts)
    }

    // MARK: Which weights go

    /// Zeros the weights with the lowest scores: by the pattern, per layer, or over all layers.
    private mutating func removeLowest(_ score: (PrunableLayer) -> [Double]) {
        let marks = lowestMarks(layers.map(score))
        for index in layers.indices {
            for place in marks[index].indices where marks[index][place] { layers[index].weights[place] = 0 }
        }
    }

    private func lowestMarks(_ scores: [[Double]]) -> [[Bool]] {
        if let pattern = options.pattern {
            return zip(layers, scores).map { layer, scores in
                (0..<layer.rows).flatMap { row in
                    stride(from: 0, to: layer.columns, by: pattern.group).flatMap { column -> [Bool] in
                        let end = min(layer.columns, column + pattern.group)
                        let part = Array(scores[row * layer.columns + column..<row * layer.columns + end])
                        return lowest(part.count - min(pattern.kept, part.count), of: part)
                    }
                }
            }
        }
        if !options.isGlobal || !options.layerRatios.isEmpty {
            return zip(layers, scores).map { lowest(target($0), of: $1) }
        }
        let all = scores.flatMap { $0 }
        let marks = lowest(Int((options.ratio * Double(all.count)).rounded()), of: all)
        var start = 0
        return scores.map { part in
            defer { start += part.count }
            return Array(marks[start..<start + part.count])
        }
    }

    /// How many zeros a layer is to have.
    private func target(_ layer: PrunableLayer) -> Int {
        let ratio = options.layerRatios[layer.name] ?? options.ratio
        return Int((ratio * Double(layer.weights.count)).rounded())
    }

    // MARK: Compensation

    private mutating func compensateInOrder() throws(PruningError) {
        for index in layers.indices {
            let layer = layers[index]
            let rows = layer.rows / layer.groups
            let probe = probe()
            for group in 0..<layer.groups {
                let (hessian, isDead) = layer.hessian(group, probe, vectors: options.calibrationVectors)
                let range = group * rows * layer.columns..<(group + 1) * rows * layer.columns
                let part = Array(layer.weights[range])
                let count = target(layer) * (group + 1) / layer.groups - target(layer) * group / layer.groups
                layers[index].weights.replaceSubrange(
                    range, with: try compensate(part, rows, count, hessian.damped(options.damping), isDead, layer))
            }
        }
    }

    private func compensate(
        _ part: [Double], _ rows: Int, _ count: Int, _ hessian: SymmetricMatrix, _ isDead: [Bool],
        _ layer: PrunableLayer
    ) throws(PruningError) -> [Double] {
        if options.method == .obs {
            let work = Double(rows) * Double(layer.columns) * Double(layer.columns) * Double(layer.columns)
            guard work <= 6e11 else {
                throw PruningError(
                    "layer '\(layer.name)' with \(rows) rows of \(layer.columns) weights is too large for obs;"
                        + " use sparsegpt, which approximates it")
            }
            let removed = options.pattern == nil ? count : part.count
            guard let inverse = hessian.inverse,
                let weights = pruneBySurgery(
                    part, rows: rows, inverse: inverse, removing: removed, pattern: options.pattern,
                    threads: options.threads)
            else { throw indefinite(layer) }
            return weights
        }
        var pattern = SparseGPTPattern.share(Double(count) / Double(max(1, part.count)))
        if let wanted = options.pattern { pattern = .structured(kept: wanted.kept, group: wanted.group) }
        // Groups must not be cut.
        let blockSize = options.pattern.map { max(1, 128 / $0.group) * $0.group } ?? 128
        let result = pruneBySparseGPT(
            part, rows: rows, hessian: hessian, pattern: pattern, isDead: isDead, blockSize: blockSize)
        guard let result else { throw indefinite(layer) }
        return result.weights
    }

    private func indefinite(_ layer: PrunableLayer) -> PruningError {
        PruningError("the Hessian of layer '\(layer.name)' is not positive definite; choose a larger --damping")
    }

    /// Scores by the Fisher matrix, then surgery within its blocks.
    private mutating func pruneByFisher() throws(PruningError) {
        let probe = probe()
        var fishers = layers.map { BlockFisher(count: $0.weights.count, damping: 1e-5) }
        let places = Dictionary(uniqueKeysWithValues: layers.enumerated().map { ($1.node, $0) })
        let total = calibration?.count ?? 0
        probe.forEachExampleGradient { _, node, gradient in
            if let place = places[node] { fishers[place].add(gradient, of: total) }
        }
        let marks = lowestMarks(zip(layers, fishers).map { $1.saliencies($0.weights) })
        for index in layers.indices {
            guard let weights = fishers[index].removing(marks[index], from: layers[index].weights) else {
                throw indefinite(layers[index])
            }
            layers[index].weights = weights
        }
    }

    // MARK: Revival

    /// Topology-aware revival (after arXiv 2602.04166): a share of the removed weights comes back with its old value,
    /// more in layers that are sparser than `N ln N / 2` edges of their N neurons, and first where a neuron has no
    /// edge left.
    private mutating func revive() {
        var random = SplitMix64(seed: options.seed ^ 0x5eed)
        let removed = layers.indices.map { index in
            layers[index].weights.indices.filter { layers[index].weights[$0] == 0 && original[index][$0] != 0 }
        }
        let budget = Int(options.revival * Double(removed.reduce(0) { $0 + $1.count }))
        let needs = layers.map { layer -> Double in
            let neurons = Double(layer.rows + layer.columns)
            return max(0, neurons * log(neurons) / 2 - Double(layer.weights.count { $0 != 0 }))
        }
        let all = needs.reduce(0, +)
        let sizes = removed.map { Double($0.count) }
        let size = max(1, sizes.reduce(0, +))
        for index in layers.indices {
            let share = all > 0 ? needs[index] / all : sizes[index] / size
            let count = min(removed[index].count, Int((share * Double(budget)).rounded()))
            var chosen = Set(lonely(layers[index], among: removed[index], most: count, using: &random))
            for place in removed[index].shuffled(using: &random) where chosen.count < count { chosen.insert(place) }
            for place in chosen { layers[index].weights[place] = original[index][place] }
        }
    }

    /// One removed weight for each row and column that has lost them all.
    private func lonely(
        _ layer: PrunableLayer, among removed: [Int], most: Int, using random: inout SplitMix64
    ) -> [Int] {
        var rowHas = [Bool](repeating: false, count: layer.rows)
        var columnHas = [Bool](repeating: false, count: layer.columns)
        for place in layer.weights.indices where layer.weights[place] != 0 {
            rowHas[place / layer.columns] = true
            columnHas[place % layer.columns] = true
        }
        var chosen: [Int] = []
        for place in removed.shuffled(using: &random) where chosen.count < most {
            let (row, column) = (place / layer.columns, place % layer.columns)
            if rowHas[row] && columnHas[column] { continue }
            rowHas[row] = true
            columnHas[column] = true
            chosen.append(place)
        }
        return chosen
    }
}

extension PrunableLayer {
    /// `2 X transpose(X)` of the inputs of one group, as a mean over the vectors, and which columns never had any.
    func hessian(_ group: Int, _ probe: LayerProbe, vectors: Int) -> (matrix: SymmetricMatrix, isDead: [Bool]) {
        var hessian = SymmetricMatrix(size: columns)
        var total = 0
        probe.forEachInput(of: node, group: group, most: vectors) { inputs, count in
            hessian.addProducts(of: inputs, count: count, factor: 2)
            total += count
        }
        let isDead = (0..<columns).map { hessian[$0, $0] == 0 }
        let scale = 1 / Double(max(1, total))
        hessian.values = hessian.values.map { $0 * scale }
        for (column, dead) in isDead.enumerated() where dead { hessian[column, column] = 1 }
        return (hessian, isDead)
    }
}
