import Intervals
import Properties
import RandomNumbers
import Testing

@testable import VNNLIBFormat

@Suite struct QueryFuzzTests {
    private static let seeds: [String] = [
        """
        (vnnlib-version <2.0>)
        (declare-network f (declare-input X real [1,2] "a") (declare-hidden H real [] "h\\n") (declare-output Y real [2] "b"))
        (declare-network g (equal-to f) (declare-input A real [1,2]) (declare-output B real [2]))
        (assert (and (>= X[0,0] -1.0) (<= X[0,0] 1.0) (== X[0,1] 0.25)))
        (assert (or (and (== A[0,0] X[0,0]) (!= Y[1] (* 2.5 B[0]))) (> (- H 0.5 Y[0]) (- A[0,1])))) ; end
        """,
        """
        (vnnlib-version <2.0>)(declare-network f (declare-input X float32 [])(declare-output Y float32 []))
        (assert (< -0.5 X))(assert (<= X 0.1))(assert (>= (+ Y X) 0.3))
        """,
    ]

    @Test func mutatedBytesGiveAQueryOrAnError() {
        var generator = SplitMix64(seed: 17)
        let alphabet = Array("()[]<=>+-*!|\";.,eXYH_019 \n\r\t\0\\é".utf8) + [0xFF, 0x80]
        var read = 0
        for round in 0..<2500 {
            let seed = Self.seeds[round % Self.seeds.count]
            check(mutated(seed, alphabet: alphabet, using: &generator), &read)
        }
        #expect(read > 40)
    }

    @Test func everyTruncationIsHandled() {
        var read = 0
        for seed in Self.seeds {
            let bytes = Array(seed.utf8)
            for count in 0...bytes.count { check(Array(bytes[..<count]), &read) }
        }
    }

    private func check(_ bytes: [UInt8], _ read: inout Int) {
        do {
            let query = try VNNLIBReader.readQuery(bytes: bytes, name: "fuzz")
            read += 1
            let text = VNNLIBWriter.text(of: query)
            let again = try VNNLIBReader.readQuery(bytes: Array(text.utf8), name: "again")
            #expect(VNNLIBWriter.text(of: again) == text)
            // Every element in its own place.
            var counts = (inputs: 0, outputs: 0)
            let places = (0..<query.elementCount).map { element in
                if query.variable(ofElement: element).kind == .input {
                    counts.inputs += 1
                    return ElementPlace.input(counts.inputs - 1)
                }
                counts.outputs += 1
                return ElementPlace.output(counts.outputs - 1)
            }
            let property = try query.property(places: places, outputCount: counts.outputs)
            #expect(throws: Never.self) { try property.validate() }
        } catch {
            #expect((error.line ?? 0) >= 1 && (error.column ?? 0) >= 1)
            #expect(error.code != nil && error.message.contains("; "))
        }
    }
}
