// A proof with its network and property, and what becomes of it when it is broken.

import Certificates
import Evaluation
import Intervals
import Networks
import ONNXFormat
import Properties
import Synchronization
import VNNLIBFormat
import Verification

struct Subject {
    let name: String
    let network: Network
    let property: Property
    /// The proof, without the header.
    let records: [UInt8]

    /// Proves the property of the network; nil when that does not succeed within a minute.
    init?(network path: String, property propertyPath: String) throws {
        name = [path, propertyPath].map { $0.split(separator: "/").last.map(String.init) ?? $0 }.joined(separator: " ")
        network = try ONNXReader.read(path: path)
        property = try VNNLIBReader.read(path: propertyPath)
        let proof = Recording()
        // What a file is hashed to does not matter here.
        let header = CertificateHeader(network: FileDigest(of: []), property: FileDigest(of: []))
        var options = VerificationOptions()
        options.timeout = 60
        options.recorder = ProofRecorder(header) { proof.append($0) }
        let report = verify(try Query(network: network, property: property), options: options)
        guard case .holds = report.verdict else { return nil }
        let bytes = proof.bytes
        let reader = ByteReader(bytes)
        _ = try CertificateHeader.read(from: reader)
        records = Array(bytes[reader.offset...])
    }

    /// Bytes as the search's threads hand them in.
    private final class Recording: Sendable {
        private let state = Mutex<[UInt8]>([])
        var bytes: [UInt8] { state.withLock(\.self) }

        func append(_ more: [UInt8]) -> Bool {
            state.withLock { $0 += more }
            return true
        }
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
