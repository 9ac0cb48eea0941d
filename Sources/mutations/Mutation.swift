// Ways to break a proof.

import Certificates
import RandomNumbers

/// What was done to a certificate, and whether what is left certainly proves nothing.
struct Mutation {
    var name: String
    var bytes: [UInt8]
    var breaksForCertain: Bool
}

struct Mutator {
    let records: [ProofRecord]
    let bytes: [UInt8]
    private var random: SplitMix64
    /// Places of the records that have something to change.
    private let leaves: [Int]
    private let implied: [Int]
    private let boxes: [Int]

    init(_ bytes: [UInt8], seed: UInt64) throws {
        let reader = ByteReader(bytes)
        var records: [ProofRecord] = []
        while records.last != .end { records.append(try ProofRecord.read(from: reader)) }
        self.bytes = bytes
        self.records = records
        random = SplitMix64(seed: seed)
        leaves = records.indices.filter { records[$0].leaf != nil }
        implied = records.indices.filter { if case .implied = records[$0] { true } else { false } }
        boxes = records.indices.filter { if case .box = records[$0] { true } else { false } }
    }

    mutating func next() -> Mutation {
        while true {
            let kind = Int.random(in: 0..<15, using: &random)
            let mutation =
                kind < 6 ? inLeaf(kind) : kind < 9 ? inBox(kind) : kind < 12 ? anywhere(kind) : inImplied(kind)
            if let mutation { return mutation }
        }
    }

    // MARK: leaves

    private mutating func inLeaf(_ kind: Int) -> Mutation? {
        guard let place = leaves.randomElement(using: &random), var leaf = records[place].leaf else { return nil }
        switch kind {
        case 0:
            let uncovers = !isCovered(without: place)
            return replaced(place..<place + 1, [], "a leaf dropped", breaks: uncovers)
        case 1:
            guard let split = leaf.path.indices.randomElement(using: &random) else { return nil }
            leaf.path[split].multiplier.negate()
            return changed(place, leaf, "a multiplier's sign flipped")
        case 2:
            guard let split = leaf.path.indices.randomElement(using: &random) else { return nil }
            leaf.path[split].multiplier = [.nan, .infinity, 1e30, 0].randomElement(using: &random)!
            return changed(place, leaf, "a multiplier replaced")
        case 3:
            guard let split = leaf.path.indices.randomElement(using: &random) else { return nil }
            leaf.path[split].isActive.toggle()
            return changed(place, leaf, "a split's sign flipped")
        case 4:
            guard let slope = leaf.slopes.indices.randomElement(using: &random) else { return nil }
            leaf.slopes[slope].units = UInt8.random(in: 0...255, using: &random)
            return changed(place, leaf, "a slope changed")
        default:
            guard let split = leaf.path.indices.randomElement(using: &random) else { return nil }
            leaf.path[split].neuron += Int.random(in: 1...3, using: &random)
            return changed(place, leaf, "a split moved to another neuron")
        }
    }

    private func changed(_ place: Int, _ leaf: ProofLeaf, _ name: String) -> Mutation {
        switch records[place] {
        case .phaseLeaf(let disjunct, _):
            replaced(place..<place + 1, [.phaseLeaf(disjunct: disjunct, leaf)], name)
        case .implied(let disjunct, _, let phases):
            replaced(place..<place + 1, [.implied(disjunct: disjunct, leaf, phases)], name)
        default: replaced(place..<place + 1, [.leaf(leaf)], name)
        }
    }

    /// Whether a tree's leaves still cover the region without one of them, by their shares of it.
    private func isCovered(without dropped: Int) -> Bool {
        var first = dropped
        var last = dropped
        while first > 0, records[first - 1].leaf != nil { first -= 1 }
        while last + 1 < records.count, records[last + 1].leaf != nil { last += 1 }
        var share = 0.0
        for place in first...last where place != dropped && records[place].disjunct == records[dropped].disjunct {
            share += records[place].share
        }
        return share >= 1
    }

    // MARK: phases that follow

    private mutating func inImplied(_ kind: Int) -> Mutation? {
        guard let place = implied.randomElement(using: &random),
            case .implied(let disjunct, let leaf, var phases) = records[place],
            let phase = phases.indices.randomElement(using: &random)
        else { return nil }
        let name: String
        switch kind {
        case 12:
            phases[phase].isActive.toggle()
            name = "a phase that follows flipped"
        case 13:
            phases[phase].multiplier *= [-1, 0, 0.5, 2, .infinity, .nan].randomElement(using: &random)!
            name = "an implied phase's multiplier changed"
        default:
            phases[phase].neuron += Int.random(in: 1...3, using: &random)
            name = "an implied phase moved to another neuron"
        }
        return replaced(place..<place + 1, [.implied(disjunct: disjunct, leaf, phases)], name)
    }

    // MARK: boxes

    private mutating func inBox(_ kind: Int) -> Mutation? {
        guard let place = boxes.randomElement(using: &random), case .box(let number, var step) = records[place]
        else { return nil }
        switch kind {
        case 6: return replaced(place..<place + 1, [], "a box dropped", breaks: true)
        case 7:
            switch step.action {
            case .close: step.action = .halve(axis: 0)
            case .halve, .cut: step.action = .close
            }
            // One box more or less than there are steps for.
            return replaced(place..<place + 1, [.box(number, step)], "closing and halving swapped", breaks: true)
        default:
            switch step.action {
            case .close:
                step.effort = BoxStep.Effort(rawValue: step.effort.rawValue / 2)!
                // What its parents left of the box may need none.
                return replaced(place..<place + 1, [.box(number, step)], "less effort for a box")
            case .halve(let axis), .cut(let axis, _):
                let cut = Double.random(in: -10...10, using: &random)
                step.action = .cut(axis: Bool.random(using: &random) ? axis : axis + 1, at: cut)
                return replaced(place..<place + 1, [.box(number, step)], "a cut moved")
            }
        }
    }

    // MARK: anything

    private mutating func anywhere(_ kind: Int) -> Mutation {
        switch kind {
        case 9:
            let count = Int.random(in: 0..<bytes.count, using: &random)
            return Mutation(name: "cut short", bytes: Array(bytes[..<count]), breaksForCertain: true)
        case 10:
            var changed = bytes
            changed[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            return Mutation(name: "a bit flipped", bytes: changed, breaksForCertain: false)
        default:
            let place = Int.random(in: 0..<records.count - 1, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: return replaced(place..<place + 1, [], "a record dropped")
            case 1: return replaced(place..<place + 2, [records[place + 1], records[place]], "two records swapped")
            default: return replaced(place..<place, [records[place]], "a record doubled")
            }
        }
    }

    private func replaced(_ range: Range<Int>, _ others: [ProofRecord], _ name: String, breaks: Bool = false)
        -> Mutation
    {
        var writer = ByteWriter()
        for record in records[..<range.lowerBound] + others + records[range.upperBound...] { record.write(to: &writer) }
        return Mutation(name: name, bytes: writer.bytes, breaksForCertain: breaks)
    }
}

extension ProofRecord {
    fileprivate var leaf: ProofLeaf? {
        switch self {
        case .leaf(let leaf), .phaseLeaf(_, let leaf), .implied(_, let leaf, _): leaf
        default: nil
        }
    }

    /// The share of the region that the record closes, counting every split as half.
    fileprivate var share: Double {
        guard let leaf else { return 0 }
        let part = 1 / Double(1 << min(60, leaf.path.count))
        guard case .implied(_, _, let phases) = self else { return part }
        return part * (1 - 1 / Double(1 << min(60, phases.count)))
    }
}
