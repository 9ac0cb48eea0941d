import Properties
import RandomNumbers
import Testing

@testable import VNNLIBFormat

@Suite struct VNNLIBFuzzTests {
    private static let seeds: [String] = [
        declarations(inputs: 2, outputs: 2) + unitBox(inputs: 2)
            + "(assert (or (and (<= Y_0 (* 2.5 Y_1)) (>= (+ X_0 1e-05) X_1)) (<= X_0 0.5)))\n(check-sat)",
        "(set-info :status |a b|)(declare-fun X_0 () Real)(assert (< 0.1 X_0 (- 0.5)))(assert (= X_0 (+ 0.3 0.1)))",
    ]

    @Test func mutatedBytesGiveAPropertyOrAnError() {
        var generator = SplitMix64(seed: 13)
        let alphabet = Array("()<=>+-*|\";.eXY_019 \n\r\t\0é".utf8) + [0xFF, 0x80]
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
            let property = try VNNLIBReader.read(bytes: bytes, name: "fuzz")
            read += 1
            #expect(throws: Never.self) { try property.validate() }
        } catch {
            #expect((error.line ?? 0) >= 1 && (error.column ?? 0) >= 1)
            #expect(error.message.contains("; "))
        }
    }
}
