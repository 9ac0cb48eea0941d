import Datasets
import Networks
import Pruning
import RandomNumbers
import Testing
import Training

extension SplitMix64 {
    mutating func list(_ count: Int) -> [Double] { (0..<count).map { _ in Double.random(in: -1...1, using: &self) } }

    /// `2 X transpose(X)` of random vectors that depend on each other, damped.
    mutating func hessian(_ size: Int, vectors: Int) -> SymmetricMatrix {
        var inputs: [Double] = []
        for _ in 0..<vectors {
            let common = list(1)[0]
            inputs += list(size).map { $0 + common }
        }
        var hessian = SymmetricMatrix(size: size)
        hessian.addProducts(of: inputs, count: vectors, factor: 2)
        return hessian.damped(0.01)
    }
}

/// `sum over rows d H transpose(d) / 2` of the change of a layer's weights.
func quadraticLoss(_ after: [Double], _ before: [Double], rows: Int, _ hessian: SymmetricMatrix) -> Double {
    (0..<rows).reduce(0) { sum, row in
        let range = row * hessian.size..<(row + 1) * hessian.size
        return sum + hessian.quadraticForm(zip(after[range], before[range]).map(-)) / 2
    }
}

@Suite("Second-order pruning")
struct SecondOrderTests {
    @Test("the inverse and the Cholesky factor are what they say")
    func linearAlgebra() throws {
        var numbers = SplitMix64(seed: 1)
        let hessian = numbers.hessian(23, vectors: 40)
        let inverse = try #require(hessian.inverse)
        let factor = try #require(inverse.upperCholesky)
        for row in 0..<23 {
            for column in 0..<23 {
                let product = (0..<23).reduce(0) { $0 + hessian[row, $1] * inverse[$1, column] }
                #expect(abs(product - (row == column ? 1 : 0)) < 1e-10)
                let square = (0..<23).reduce(0) { $0 + factor[$1, row] * factor[$1, column] }
                #expect(abs(square - inverse[row, column]) < 1e-12)
                #expect(column >= row || factor[row, column] == 0)
            }
        }
        #expect(SymmetricMatrix(size: 2, values: [1, 2, 2, 1]).inverse == nil)
    }

    @Test("removing one weight costs its saliency, and no other way of making up for it is cheaper", arguments: 0..<5)
    func surgeryOfOne(seed: Int) throws {
        var numbers = SplitMix64(seed: seed)
        let size = 9
        let hessian = numbers.hessian(size, vectors: 20)
        let inverse = try #require(hessian.inverse)
        let weights = numbers.list(size)
        let saliencies = weights.indices.map { weights[$0] * weights[$0] / (2 * inverse[$0, $0]) }
        let after = try #require(pruneBySurgery(weights, rows: 1, inverse: inverse, removing: 1))
        let place = try #require(after.firstIndex(of: 0))
        #expect(saliencies[place] == saliencies.min())
        let loss = quadraticLoss(after, weights, rows: 1, hessian)
        #expect(abs(loss - saliencies[place]) < 1e-10)
        for _ in 0..<50 {
            var other = after
            for index in other.indices where index != place { other[index] += numbers.list(1)[0] * 0.01 }
            #expect(quadraticLoss(other, weights, rows: 1, hessian) >= loss)
        }
    }

    @Test("removing several costs the sum of the steps, whatever the rows", arguments: 0..<5)
    func surgeryOfMany(seed: Int) throws {
        var numbers = SplitMix64(seed: seed)
        let (rows, size) = (4, 12)
        let hessian = numbers.hessian(size, vectors: 30)
        let inverse = try #require(hessian.inverse)
        let weights = numbers.list(rows * size)
        var last = 0.0
        for count in [1, 7, 20, 47] {
            let after = try #require(
                pruneBySurgery(weights, rows: rows, inverse: inverse, removing: count, threads: 2))
            #expect(after.count { $0 == 0 } == count)
            let loss = quadraticLoss(after, weights, rows: rows, hessian)
            #expect(loss > last)
            // Compensation is never worse than leaving the others as they are.
            let plain = zip(after, weights).map { $0 == 0 ? 0 : $1 }
            #expect(loss <= quadraticLoss(plain, weights, rows: rows, hessian))
            last = loss
        }
    }

    /// The textbook's way: one removal after the other, the whole inverse kept.
    private func slowSurgery(_ weights: [Double], _ inverse: SymmetricMatrix, removing count: Int) -> [Double] {
        var (weights, inverse) = (weights, inverse)
        let size = weights.count
        var gone: Set<Int> = []
        while gone.count < count {
            let left = (0..<size).filter { !gone.contains($0) }
            let q = left.min {
                weights[$0] * weights[$0] / inverse[$0, $0] < weights[$1] * weights[$1] / inverse[$1, $1]
            }!
            let (old, pivot) = (inverse, inverse[q, q])
            let step = weights[q] / pivot
            for i in left {
                weights[i] -= step * old[i, q]
                for j in left { inverse[i, j] -= old[i, q] * old[q, j] / pivot }
            }
            weights[q] = 0
            gone.insert(q)
        }
        return weights
    }

    @Test("surgery is the textbook's, step by step", arguments: 0..<5)
    func surgeryAgainstTextbook(seed: Int) throws {
        var numbers = SplitMix64(seed: seed + 40)
        let size = 14
        let inverse = try #require(numbers.hessian(size, vectors: 30).inverse)
        let weights = numbers.list(size)
        for count in [1, 5, 13, 14] {
            let fast = try #require(pruneBySurgery(weights, rows: 1, inverse: inverse, removing: count))
            for (a, b) in zip(fast, slowSurgery(weights, inverse, removing: count)) { #expect(abs(a - b) < 1e-9) }
        }
    }

    @Test("SparseGPT costs what it says, in blocks of any size", arguments: [1, 3, 8, 64])
    func sparseGPTLoss(blockSize: Int) throws {
        var numbers = SplitMix64(seed: blockSize)
        let (rows, size) = (5, 24)
        let hessian = numbers.hessian(size, vectors: 50)
        let weights = numbers.list(rows * size)
        let mask = weights.indices.map { _ in Bool.random(using: &numbers) }
        let result = try #require(
            pruneBySparseGPT(weights, rows: rows, hessian: hessian, pattern: .mask(mask), blockSize: blockSize))
        let isZero = zip(mask, result.weights).allSatisfy { !$0 || $1 == 0 }
        #expect(isZero)
        let loss = quadraticLoss(result.weights, weights, rows: rows, hessian)
        #expect(abs(loss - result.loss) < 1e-9 * max(1, loss))
        // Blocks change nothing but the order of additions.
        let whole = try #require(
            pruneBySparseGPT(weights, rows: rows, hessian: hessian, pattern: .mask(mask), blockSize: size))
        for (a, b) in zip(whole.weights, result.weights) { #expect(abs(a - b) < 1e-10) }
    }

    @Test("with its mask, one pass from left to right is surgery on what is right of each column")
    func sparseGPTAgainstSurgery() throws {
        var numbers = SplitMix64(seed: 3)
        let size = 10
        let hessian = numbers.hessian(size, vectors: 25)
        let weights = numbers.list(size)
        let mask = (0..<size).map { [1, 2, 5, 8].contains($0) }
        let result = try #require(pruneBySparseGPT(weights, rows: 1, hessian: hessian, pattern: .mask(mask)))
        // Slowly: for each removed column the exact compensation with every column before it held fixed.
        var slow = weights
        for column in 0..<size where mask[column] {
            let free = Array(column..<size)
            var part = SymmetricMatrix(size: free.count)
            for (i, a) in free.enumerated() { for (j, b) in free.enumerated() { part[i, j] = hessian[a, b] } }
            let inverse = try #require(part.inverse)
            let step = slow[column] / inverse[0, 0]
            for (i, a) in free.enumerated() { slow[a] -= step * inverse[i, 0] }
            slow[column] = 0
        }
        for (a, b) in zip(result.weights, slow) { #expect(abs(a - b) < 1e-9) }
    }

    @Test("SparseGPT comes near exact greedy surgery and beats doing without compensation", arguments: 0..<5)
    func sparseGPTAgainstGreedy(seed: Int) throws {
        var numbers = SplitMix64(seed: seed + 100)
        let (rows, size) = (8, 16)
        let hessian = numbers.hessian(size, vectors: 40)
        let weights = numbers.list(rows * size)
        let count = rows * size / 2
        let result = try #require(
            pruneBySparseGPT(weights, rows: rows, hessian: hessian, pattern: .share(0.5), blockSize: size))
        #expect(result.weights.count { $0 == 0 } == count)
        let inverse = try #require(hessian.inverse)
        let greedy = try #require(pruneBySurgery(weights, rows: rows, inverse: inverse, removing: count))
        let order = weights.indices.sorted { weights[$0].magnitude < weights[$1].magnitude }
        var magnitude = weights
        for place in order.prefix(count) { magnitude[place] = 0 }
        let exact = quadraticLoss(greedy, weights, rows: rows, hessian)
        #expect(result.loss < 3 * exact, "\(result.loss) against \(exact)")
        #expect(result.loss < quadraticLoss(magnitude, weights, rows: rows, hessian))
    }
}

@Suite("Pruning networks")
struct NetworkPruningTests {
    private func network(_ name: String = "conv-small") throws -> TrainableNetwork {
        try #require(Architecture(name)).network(
            channels: 1, height: 12, width: 12, outputs: 10, mean: [0.3], deviation: [0.4], seed: 7)
    }

    private var examples: Examples {
        var numbers = SplitMix64(seed: 5)
        let values = (0..<40 * 144).map { _ in Float.random(in: 0...1, using: &numbers) }
        return Examples(
            shape: ExampleShape(channels: 1, height: 12, width: 12), storage: .floats(values),
            labels: (0..<40).map { $0 % 10 })
    }

    private func weights(_ network: Network) -> [[Double]] {
        network.nodes.compactMap { node in
            switch node.operation {
            case .linear(let linear): linear.weights.dense
            case .convolution(let c) where !c.isAveragePooling: c.weights
            default: nil
            }
        }
    }

    @Test("every method leaves exactly the zeros that were asked for", arguments: PruningMethod.allCases)
    func counts(method: PruningMethod) throws {
        var options = PruningOptions()
        options.method = method
        options.ratio = 0.4
        options.scope = .convolutions
        let source = try network("resnet4")
        if method == .obs { options.scope = .layers(["conv_2"]) }
        var pruner = try Pruner(source, options: options, calibration: examples)
        let result = try pruner.run()
        let share = Double(result.zeros) / Double(result.weights)
        #expect(abs(share - 0.4) <= Double(result.layers.count) / Double(result.weights))
        if method == .magnitude { #expect(result.zeros == 30_426 && result.weights == 76_064) }
        try result.network.network.validate()
        // Methods without compensation leave the others as they were.
        guard [.magnitude, .random, .gradient, .obd].contains(method) else { return }
        for (before, after) in zip(weights(source.network), weights(result.network.network)) {
            let isKept = zip(before, after).allSatisfy { $1 == 0 || $0 == $1 }
            #expect(isKept)
        }
    }

    @Test("magnitude removes the smallest, globally or layer by layer")
    func magnitude() throws {
        let source = try network()
        for isGlobal in [true, false] {
            var options = PruningOptions()
            options.isGlobal = isGlobal
            var pruner = try Pruner(source, options: options)
            let result = try pruner.run()
            var kept: [Double] = []
            var gone: [Double] = []
            for (before, after) in zip(weights(source.network), weights(result.network.network)) {
                let pairs = zip(before, after)
                let keptHere = pairs.filter { $1 != 0 }.map(\.0.magnitude)
                let goneHere = pairs.filter { $1 == 0 }.map(\.0.magnitude)
                if !isGlobal {
                    #expect(goneHere.count == Int((Double(before.count) / 2).rounded()))
                    #expect(goneHere.max() ?? 0 <= keptHere.min() ?? 0)
                }
                kept += keptHere
                gone += goneHere
            }
            if isGlobal { #expect(gone.max() ?? 0 <= kept.min() ?? 0) }
        }
    }

    @Test(
        "patterns hold in every group", arguments: [PruningMethod.magnitude, .sparsegpt, .obs, .woodfisher], [4, 5])
    func patterns(method: PruningMethod, group: Int) throws {
        var options = PruningOptions()
        options.method = method
        options.pattern = (2, group)
        let source = try network()
        let last = source.network.nodes[source.network.output].name
        options.scope = method == .obs ? .layers([last]) : .matrices
        var pruner = try Pruner(source, options: options, calibration: examples)
        for node in try pruner.run().network.network.nodes {
            guard case .linear(let linear) = node.operation, method != .obs || node.name == last else { continue }
            let (values, columns) = (linear.weights.dense, linear.weights.columns)
            for row in 0..<linear.weights.rows {
                for start in stride(from: 0, to: columns - group + 1, by: group) {
                    #expect((0..<group).count { values[row * columns + start + $0] != 0 } <= 2)
                }
            }
        }
    }

    @Test("revival brings back old weights and leaves no neuron alone that it can help")
    func revival() throws {
        var options = PruningOptions()
        options.ratio = 0.95
        let source = try network("32x2")
        var plain = try Pruner(source, options: options)
        let before = try plain.run()
        options.revival = 0.05
        var reviving = try Pruner(source, options: options)
        let after = try reviving.run()
        let budget = Int(0.05 * Double(before.zeros))
        #expect(abs(before.zeros - after.zeros - budget) <= before.layers.count)
        for (original, revived) in zip(weights(source.network), weights(after.network.network)) {
            let isOld = zip(original, revived).allSatisfy { $1 == 0 || $0 == $1 }
            #expect(isOld)
        }
    }

    @Test("removing channels shrinks the graph; channels that are zero anyway leave the function as it is")
    func channels() throws {
        for name in ["resnet4", "conv-small", "32x2"] {
            var source = try network(name)
            // Half of the channels of every layer but the last, made zero.
            let last = source.network.output
            for (index, node) in source.network.nodes.enumerated() where index != last {
                func isGone(_ place: Int, _ size: Int) -> Bool { place % 2 == 1 }
                switch node.operation {
                case .linear(var linear):
                    let columns = linear.weights.columns
                    let values = linear.weights.dense.enumerated().map { $0 / columns % 2 == 1 ? 0 : $1 }
                    linear.weights = .dense(rows: linear.weights.rows, columns: columns, values: values)
                    linear.bias = linear.bias.enumerated().map { $0 % 2 == 1 ? 0 : $1 }
                    source.network.nodes[index].operation = .linear(linear)
                case .convolution(var c) where !c.isAveragePooling:
                    let size = c.weights.count / c.outputChannels
                    c.weights = c.weights.enumerated().map { $0 / size % 2 == 1 ? 0 : $1 }
                    c.bias = c.bias.enumerated().map { $0 % 2 == 1 ? 0 : $1 }
                    source.network.nodes[index].operation = .convolution(c)
                default: break
                }
            }
            let shrunk = try pruneChannels(source, ChannelOptions(ratio: 0.5))
            try shrunk.network.network.validate()
            #expect(shrunk.removed * 2 == shrunk.channels)
            let parameters = { (n: TrainableNetwork) in n.network.statistics.weights }
            #expect(parameters(shrunk.network) < parameters(source) * 3 / 4)
            let (before, after) = (
                LayerProbe(source, examples: examples), LayerProbe(shrunk.network, examples: examples)
            )
            // The last layer's inputs, those that are left.
            var vectors: [[Double]] = [[], []]
            for (index, probe) in [before, after].enumerated() {
                let network = index == 0 ? source.network : shrunk.network.network
                probe.forEachInput(of: network.output, most: 1000) { inputs, _ in vectors[index] += inputs }
            }
            let isSame = zip(vectors[0].filter { $0 != 0 }, vectors[1].filter { $0 != 0 }).allSatisfy {
                abs($0 - $1) < 1e-4
            }
            #expect(isSame)
        }
    }

    @Test("errors say what to change")
    func errors() throws {
        let network = try network()
        var options = PruningOptions()
        options.scope = .layers(["nowhere"])
        #expect(throws: PruningError.self) { try Pruner(network, options: options) }
        options.scope = .all
        options.ratio = 1.5
        #expect(throws: PruningError.self) { try Pruner(network, options: options) }
        options.ratio = 0.5
        options.method = .sparsegpt
        #expect(throws: PruningError.self) { try Pruner(network, options: options) }
        options.pattern = (4, 4)
        #expect(throws: PruningError.self) { try Pruner(network, options: options, calibration: examples) }
    }
}
