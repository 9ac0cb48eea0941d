// Records as bytes: one byte for the kind, then the fields in the order of README.md's table.

extension ProofRecord {
    private enum Kind: UInt8 {
        case end, region, endRegion, beginSweep, endSweep, plainBounds, lowerTree, upperTree, leaf, endTree
        case beginPhases, phaseLeaf, beginBoxes, box, endSearch, implied
    }

    public func write(to bytes: inout ByteWriter) {
        func kind(_ kind: Kind) { bytes.put(kind.rawValue) }
        switch self {
        case .end: kind(.end)
        case .region(let region):
            kind(.region)
            bytes.put(count: region)
        case .endRegion: kind(.endRegion)
        case .beginSweep: kind(.beginSweep)
        case .endSweep: kind(.endSweep)
        case .plainBounds(let node):
            kind(.plainBounds)
            bytes.put(count: node)
        case .beginTree(let node, let feature, let isLower):
            kind(isLower ? .lowerTree : .upperTree)
            bytes.put(count: node)
            bytes.put(count: feature)
        case .leaf(let leaf):
            kind(.leaf)
            leaf.write(to: &bytes)
        case .endTree: kind(.endTree)
        case .beginPhases: kind(.beginPhases)
        case .phaseLeaf(let disjunct, let leaf):
            kind(.phaseLeaf)
            bytes.put(count: disjunct)
            leaf.write(to: &bytes)
        case .implied(let disjunct, let leaf, let phases):
            kind(.implied)
            bytes.put(count: disjunct)
            leaf.write(to: &bytes)
            phases.write(to: &bytes)
        case .beginBoxes(let disjuncts):
            kind(.beginBoxes)
            bytes.put(count: disjuncts.count)
            for disjunct in disjuncts { bytes.put(count: disjunct) }
        case .box(let number, let step):
            kind(.box)
            bytes.put(count: number)
            step.write(to: &bytes)
        case .endSearch: kind(.endSearch)
        }
    }

    /// The next record; its numbers are checked against the network and the property by whoever uses them.
    public static func read(from bytes: ByteReader) throws(CertificateError) -> ProofRecord {
        let most = Int(Int32.max)
        let byte = try bytes.byte()
        guard let kind = Kind(rawValue: byte) else {
            throw CertificateError("byte \(bytes.offset): \(byte) is no kind of record")
        }
        switch kind {
        case .end: return .end
        case .region: return .region(try bytes.count(most, "the number of a region"))
        case .endRegion: return .endRegion
        case .beginSweep: return .beginSweep
        case .endSweep: return .endSweep
        case .plainBounds: return .plainBounds(node: try bytes.count(most, "a node"))
        case .lowerTree, .upperTree:
            let node = try bytes.count(most, "a node")
            let feature = try bytes.count(most, "a feature")
            return .beginTree(node: node, feature: feature, isLower: kind == .lowerTree)
        case .leaf: return .leaf(try ProofLeaf.read(from: bytes))
        case .endTree: return .endTree
        case .beginPhases: return .beginPhases
        case .phaseLeaf:
            let disjunct = try bytes.count(most, "a disjunct")
            return .phaseLeaf(disjunct: disjunct, try ProofLeaf.read(from: bytes))
        case .implied:
            let disjunct = try bytes.count(most, "a disjunct")
            return .implied(disjunct: disjunct, try ProofLeaf.read(from: bytes), try [PhaseSplit].read(from: bytes))
        case .beginBoxes:
            var disjuncts: [Int] = []
            for _ in 0..<(try bytes.count(1 << 24, "the number of disjuncts")) {
                disjuncts.append(try bytes.count(most, "a disjunct"))
            }
            return .beginBoxes(disjuncts: disjuncts)
        case .box:
            let number = try bytes.count(Int.max / 2, "the number of a box")
            return .box(number, try BoxStep.read(from: bytes))
        case .endSearch: return .endSearch
        }
    }
}

/// A list cannot be longer than this, nor so long that it is not read in pieces.
private let mostEntries = 1 << 28

extension [PhaseSplit] {
    func write(to bytes: inout ByteWriter) {
        bytes.put(count: count)
        for split in self {
            bytes.put(count: split.neuron << 1 | (split.isActive ? 0 : 1))
            bytes.put(split.multiplier)
        }
    }

    static func read(from bytes: ByteReader) throws(CertificateError) -> [PhaseSplit] {
        var splits: [PhaseSplit] = []
        for _ in 0..<(try bytes.count(mostEntries, "the number of splits")) {
            let code = try bytes.count(2 * mostEntries, "a neuron")
            splits.append(PhaseSplit(neuron: code >> 1, isActive: code & 1 == 0, multiplier: try bytes.float()))
        }
        return splits
    }
}

extension ProofLeaf {
    func write(to bytes: inout ByteWriter) {
        path.write(to: &bytes)
        bytes.put(count: weights.count)
        for weight in weights { bytes.put(weight) }
        bytes.put(count: slopes.count)
        var last = 0
        for slope in slopes {
            bytes.put(count: slope.neuron - last)
            bytes.put(slope.units)
            last = slope.neuron
        }
    }

    static func read(from bytes: ByteReader) throws(CertificateError) -> ProofLeaf {
        var leaf = ProofLeaf(path: try [PhaseSplit].read(from: bytes), weights: [], slopes: [])
        for _ in 0..<(try bytes.count(mostEntries, "the number of weights")) { leaf.weights.append(try bytes.float()) }
        var neuron = 0
        for _ in 0..<(try bytes.count(mostEntries, "the number of slopes")) {
            neuron += try bytes.count(mostEntries, "the distance to a neuron")
            leaf.slopes.append(NeuronSlope(neuron: neuron, units: try bytes.byte()))
        }
        return leaf
    }
}

extension BoxStep {
    /// The effort in two bits, the action in two, the axis in the other four (15: in a number that follows).
    func write(to bytes: inout ByteWriter) {
        let (code, axis): (UInt8, Int) =
            switch action {
            case .close: (0, 0)
            case .halve(let axis): (1, axis)
            case .cut(let axis, _): (2, axis)
            }
        bytes.put(effort.rawValue | code << 2 | UInt8(min(axis, 15)) << 4)
        if axis >= 15 { bytes.put(count: axis) }
        if case .cut(_, let value) = action { bytes.put(value) }
    }

    static func read(from bytes: ByteReader) throws(CertificateError) -> BoxStep {
        let head = try bytes.byte()
        guard let effort = Effort(rawValue: head & 3), head >> 2 & 3 < 3 else {
            throw CertificateError("byte \(bytes.offset): no such step of a box")
        }
        let axis = head >> 4 == 15 ? try bytes.count(1 << 24, "an axis") : Int(head >> 4)
        switch head >> 2 & 3 {
        case 0: return BoxStep(effort: effort, action: .close)
        case 1: return BoxStep(effort: effort, action: .halve(axis: axis))
        default: return BoxStep(effort: effort, action: .cut(axis: axis, at: try bytes.double()))
        }
    }
}
