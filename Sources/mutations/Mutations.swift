// Breaks certificates in random ways and tells what the checker makes of it. Usage:
//
//     mutations COUNT SEED certificate network property [certificate network property ...]
//
// A mutated certificate may still be a proof: one with another slope often is. Which mutations break the proof is decided
// without the arithmetic under test: by counting what covers the region, by replaying in exact arithmetic, and by turning
// the property into one that is false at the region's centre. Exit status 1: a broken proof was accepted.

import Certificates
import Evaluation
import Files
import Glibc
import Intervals
import Networks
import ONNXFormat
import Properties
import VNNLIBFormat

@main
struct Mutations {
    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count >= 5, (arguments.count - 2) % 3 == 0, let count = Int(arguments[0]),
            let seed = UInt64(arguments[1])
        else {
            print("usage: mutations COUNT SEED certificate network property [certificate network property ...]")
            exit(1)
        }
        var total = Tally()
        let files = stride(from: 2, to: arguments.count, by: 3).map { Array(arguments[$0..<$0 + 3]) }
        for (index, file) in files.enumerated() {
            let share = count * (index + 1) / files.count - count * index / files.count
            let subject = try Subject(file[0], file[1], file[2])
            let tally = try subject.mutate(share, seed: seed &+ UInt64(index))
            print("\(file[0]): \(tally.text)")
            total.add(tally)
        }
        for (name, counts) in total.kinds.sorted(by: { $0.key < $1.key }) {
            print("  \(name): \(counts.rejected) of \(counts.tried) rejected")
        }
        print("all: \(total.text)")
        exit(total.faults == 0 ? 0 : 1)
    }
}

struct Tally {
    var kinds: [String: (tried: Int, rejected: Int)] = [:]
    /// Accepted although the proof is broken.
    var faults = 0

    var text: String {
        let tried = kinds.values.reduce(0) { $0 + $1.tried }
        let rejected = kinds.values.reduce(0) { $0 + $1.rejected }
        return "\(tried) mutations, \(rejected) rejected, \(tried - rejected) still proofs, \(faults) faults"
    }

    mutating func add(_ name: String, isRejected: Bool) {
        kinds[name, default: (0, 0)].tried += 1
        if isRejected { kinds[name]!.rejected += 1 }
    }

    mutating func add(_ other: Tally) {
        for (name, counts) in other.kinds {
            kinds[name, default: (0, 0)].tried += counts.tried
            kinds[name]!.rejected += counts.rejected
        }
        faults += other.faults
    }
}

/// A certificate with its network and property.
struct Subject {
    let name: String
    let network: Network
    let property: Property
    /// Without the header.
    let records: [UInt8]

    init(_ certificate: String, _ network: String, _ property: String) throws {
        name = certificate
        self.network = try ONNXReader.read(path: network)
        self.property = try VNNLIBReader.read(path: property)
        let content = try readFile(certificate)
        let reader = ByteReader(content)
        _ = try CertificateHeader.read(from: reader)
        records = Array(content[reader.offset...])
    }

    /// Why the checker rejects; nil when it accepts.
    private func objection(_ bytes: [UInt8], _ property: Property, _ arithmetic: ArithmeticKind) -> String? {
        var options = CheckOptions()
        options.arithmetic = arithmetic
        options.threads = 2
        do {
            _ = try check(ByteReader(bytes), network: network, property: property, options: options)
            return nil
        } catch {
            return error.message.isEmpty ? "no reason" : error.message
        }
    }

    func mutate(_ count: Int, seed: UInt64) throws -> Tally {
        var tally = Tally()
        guard objection(records, property, .rounded) == nil else {
            print("\(name): not accepted as it is")
            tally.faults += 1
            return tally
        }
        let false1 = falsified()
        let isRejected = objection(records, false1, .rounded) != nil
        tally.add("a property that is false at the centre", isRejected: isRejected)
        if !isRejected { fault("a property that is false at the centre", &tally) }
        var mutator = try Mutator(records, seed: seed)
        for _ in 1..<max(2, count) {
            let mutation = mutator.next()
            if mutation.bytes == records { continue }
            let isRejected = objection(mutation.bytes, property, .rounded) != nil
            tally.add(mutation.name, isRejected: isRejected)
            if isRejected { continue }
            if mutation.breaksForCertain {
                fault(mutation.name, &tally)
            } else if let reason = objection(mutation.bytes, property, .exact) {
                fault("\(mutation.name) (exactly: \(reason))", &tally)
            }
        }
        return tally
    }

    private func fault(_ what: String, _ tally: inout Tally) {
        print("\(name): ACCEPTED after \(what)")
        tally.faults += 1
    }

    /// The property with every constraint moved so far that the centre of its region satisfies it, by a hair.
    private func falsified() -> Property {
        var property = property
        for index in property.disjuncts.indices {
            let region = property.regions[property.disjuncts[index].region]
            let centre = zip(region.inwardLower, region.inwardUpper).map { Interval(($0 / 2 + $1 / 2)) }
            let output = network.evaluate(at: centre)
            for place in property.disjuncts[index].constraints.indices {
                var constraint = property.disjuncts[index].constraints[place]
                let margin = constraint.margin(outputs: output, inputs: centre)
                if margin.upper > 0 { constraint.constant -= Interval(margin.upper.nextUp) }
                property.disjuncts[index].constraints[place] = constraint
            }
        }
        return property
    }
}
