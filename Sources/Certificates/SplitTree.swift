// Whether splits cover a region. Leaves may come in any order, and a leaf inside another's part does no harm.

/// The binary tree that the leaves' paths span: at every inner node the region is divided by one neuron's sign.
struct SplitTree {
    private struct Node {
        /// -1: not split.
        var neuron: Int32 = -1
        var active: Int32 = -1
        var inactive: Int32 = -1
        var isClosed = false
    }

    private var nodes = [Node()]

    /// - Throws: when the path divides a part by another neuron than an earlier path did.
    mutating func close(_ path: [PhaseSplit]) throws(CertificateError) {
        var place = 0
        for split in path {
            if nodes[place].isClosed { return }
            if nodes[place].neuron < 0 {
                nodes[place].neuron = Int32(split.neuron)
                nodes[place].active = Int32(nodes.count)
                nodes[place].inactive = Int32(nodes.count + 1)
                nodes.append(Node())
                nodes.append(Node())
            }
            guard nodes[place].neuron == Int32(split.neuron) else {
                throw CertificateError(
                    "two leaves split the same part by neurons \(nodes[place].neuron) and \(split.neuron)")
            }
            place = Int(split.isActive ? nodes[place].active : nodes[place].inactive)
        }
        nodes[place].isClosed = true
    }

    /// Whether every point of the region lies in some leaf: each neuron's preactivation is >= 0 or <= 0.
    var isComplete: Bool {
        var open = [0]
        while let place = open.popLast() {
            let node = nodes[place]
            if node.isClosed { continue }
            if node.neuron < 0 { return false }
            open.append(Int(node.active))
            open.append(Int(node.inactive))
        }
        return true
    }
}
