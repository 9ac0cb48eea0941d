import Foundation
import Testing

@testable import Studies

struct FingerprintTests {
    /// A field of a protocol buffer that holds bytes.
    private func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] { [number << 3 | 2, UInt8(bytes.count)] + bytes }

    /// A network changes when the file changes that it keeps its weights in.
    @Test func externalDataBelongsToTheNetwork() throws {
        let entry = field(1, Array("location".utf8)) + field(2, Array("w.data".utf8))
        let node = field(2, Array("y".utf8)) + field(4, Array("Relu".utf8))
        let model = field(7, field(1, node) + field(5, field(13, entry))) + field(8, [2 << 3, 13])
        let scratch = try Scratch()
        let path = scratch.path + "/net.onnx"
        try Data(model).write(to: URL(filePath: path))
        func digest() -> String {
            let query = StudyQuery(
                category: "c", networkName: "net", network: path, subject: .property(name: "p", path: "/p"))
            return Fingerprinter(version: "v").fingerprint(of: query, options: QueryOptions()).network
        }
        let missing = digest()
        try scratch.write("one", as: "w.data")
        let one = digest()
        #expect(digest() == one)
        try scratch.write("two", as: "w.data")
        #expect(Set([missing, one, digest()]).count == 3)
    }

    @Test func trialsAreShort() {
        for (timeout, seconds) in [(0.2, 0.2), (20, 0.5), (100, 2.5), (1000, 5)] {
            #expect(BatchOptions.trialSeconds(timeout: timeout) == seconds)
        }
        #expect(BatchOptions.trialSeconds(timeout: nil) == 5)
    }
}
