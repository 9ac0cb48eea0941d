// Which channels must go together when a network shrinks.
//
// A channel (a neuron, in fully connected layers) is made by convolutions and matrices and passes through
// normalisations, activations, poolings and reshapes; a sum ties the channels of its operands to each other. So
// channels fall into groups of tied values, and removing one channel of a group removes a row from everything that
// makes it and a column from everything that reads it.

internal import Networks

struct ChannelGroups {
    /// Per node: its group before tying, and how many neighbouring features one channel has.
    private(set) var members: [(group: Int, plane: Int)] = []
    private var parents: [Int] = []
    private(set) var sizes: [Int] = []
    /// Groups that cannot lose channels: inputs, outputs, what selections and grouped convolutions see.
    private var fixed: Set<Int> = []

    init(_ network: Network) {
        for node in network.nodes {
            switch node.operation {
            case .input:
                add(channels: node.count, plane: 1)
                fixed.insert(members[0].group)
            case .select:
                fix(node.inputs[0])
                add(channels: node.count, plane: 1)
                fixed.insert(members[members.count - 1].group)
            case .linear(let linear): add(channels: linear.weights.rows, plane: 1)
            case .convolution(let c):
                let input = node.inputs[0]
                let plane = c.outputHeight * c.outputWidth
                if members[input].plane != c.inputHeight * c.inputWidth { fix(input) }
                if c.groups == c.inputChannels && c.groups == c.outputChannels && !isFixed(input) {
                    members.append((members[input].group, plane))
                } else {
                    if c.groups > 1 { fix(input) }
                    add(channels: c.outputChannels, plane: plane)
                    if c.groups > 1 { fixed.insert(members[members.count - 1].group) }
                }
            case .maxPool(let pooling):
                let input = node.inputs[0]
                if members[input].plane != pooling.inputHeight * pooling.inputWidth { fix(input) }
                members.append((members[input].group, pooling.outputHeight * pooling.outputWidth))
            case .elementwise, .activation, .reshape: members.append(members[node.inputs[0]])
            case .sum:
                let first = members[node.inputs[0]]
                for input in node.inputs.dropFirst() {
                    if members[input].plane == first.plane {
                        tie(first.group, members[input].group)
                    } else {
                        fix(input)
                        fix(node.inputs[0])
                    }
                }
                members.append(first)
            }
        }
        fix(network.output)
    }

    private mutating func add(channels: Int, plane: Int) {
        parents.append(parents.count)
        sizes.append(channels)
        members.append((parents.count - 1, plane))
    }

    private mutating func fix(_ node: Int) { fixed.insert(root(members[node].group)) }

    private func root(_ group: Int) -> Int { parents[group] == group ? group : root(parents[group]) }

    private mutating func tie(_ a: Int, _ b: Int) {
        let (a, b) = (root(a), root(b))
        if a == b { return }
        parents[b] = a
        if fixed.contains(b) { fixed.insert(a) }
    }

    func group(of node: Int) -> Int { root(members[node].group) }
    func isFixed(_ node: Int) -> Bool { fixed.contains(group(of: node)) }
}

extension Network {
    /// The network without some channels: rows of what makes them and columns of what reads them are gone.
    ///
    /// - Parameter kept: by group, the channels that stay, ascending; all where nil.
    func keeping(_ kept: [Int: [Int]], _ groups: ChannelGroups) -> Network {
        var result = self
        func channels(_ node: Int) -> [Int]? { kept[groups.group(of: node)] }
        /// The features of a node that stay.
        func features(_ node: Int) -> [Int]? {
            guard let channels = channels(node) else { return nil }
            let plane = groups.members[node].plane
            return channels.flatMap { channel in (0..<plane).map { channel * plane + $0 } }
        }
        for index in nodes.indices {
            let node = nodes[index]
            let operand = node.inputs.first
            switch node.operation {
            case .input, .select: continue
            case .linear(var linear):
                let rows = channels(index) ?? Array(0..<linear.weights.rows)
                let columns = operand.flatMap(features) ?? Array(0..<linear.weights.columns)
                let (values, width) = (linear.weights.dense, linear.weights.columns)
                linear.weights = Matrix(
                    rows: rows.count, columns: columns.count,
                    rowMajor: rows.flatMap { row in columns.map { values[row * width + $0] } })
                linear.bias = rows.map { linear.bias[$0] }
                result.nodes[index].operation = .linear(linear)
            case .convolution(let convolution):
                result.nodes[index].operation = .convolution(
                    convolution.keeping(outputs: channels(index), inputs: operand.flatMap(channels)))
            case .elementwise(var map):
                if let features = features(index) {
                    map.scale = features.map { map.scale[$0] }
                    map.offset = features.map { map.offset[$0] }
                    if !map.error.offsets.isEmpty { map.error.offsets = features.map { map.error.offsets[$0] } }
                    result.nodes[index].operation = .elementwise(map)
                }
            case .maxPool(var pooling):
                if let channels = channels(index) { pooling.channels = channels.count }
                result.nodes[index].operation = .maxPool(pooling)
            case .reshape, .sum, .activation: break
            }
            guard let channels = channels(index) else { continue }
            if node.shape.count == 3 && node.shape[1] * node.shape[2] == groups.members[index].plane {
                result.nodes[index].shape[0] = channels.count
            } else {
                result.nodes[index].shape = [channels.count * groups.members[index].plane]
            }
        }
        return result
    }
}

extension Convolution {
    fileprivate func keeping(outputs: [Int]?, inputs: [Int]?) -> Convolution {
        var result = self
        let area = kernelHeight * kernelWidth
        let depth = inputChannels / groups
        let outputList = outputs ?? Array(0..<outputChannels)
        if groups > 1 {
            // One channel each: what is read is what is made.
            guard depth == 1, outputs != nil else { return self }
            result.groups = outputList.count
            result.inputChannels = outputList.count
        } else if let inputs {
            result.inputChannels = inputs.count
        }
        let depths = groups > 1 ? [0] : inputs ?? Array(0..<depth)
        result.outputChannels = outputList.count
        result.weights = outputList.flatMap { output in
            depths.flatMap { input in
                (0..<area).map { weights[(output * depth + input) * area + $0] }
            }
        }
        result.bias = outputList.map { bias[$0] }
        if !error.offsets.isEmpty { result.error.offsets = outputList.map { error.offsets[$0] } }
        return result
    }
}
