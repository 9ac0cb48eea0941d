// The file that a verification writes for whoever wants to check its verdict.

public import Certificates
public import Files
public import Properties
internal import Synchronization
internal import VNNLIBFormat

/// A certificate in the making: a proof's records as they come, or in the end a witness.
public final class CertificateFile: Sendable {
    public let recorder: ProofRecorder
    private let path: String
    private let sink: Sink

    /// The temporary file, shared with the threads that record.
    private final class Sink: Sendable {
        private struct State: @unchecked Sendable {
            // Used under the lock only.
            var writer: GzipFileWriter?
            var failure: FileError?
        }

        private let state: Mutex<State>

        init(path: String) throws(FileError) { state = Mutex(State(writer: try GzipFileWriter(path: path))) }

        func write(_ bytes: [UInt8]) -> Bool {
            state.withLock { state in
                do throws(FileError) {
                    try state.writer?.write(bytes)
                    return true
                } catch {
                    state.failure = error
                    return false
                }
            }
        }

        func finish(as name: String? = nil) throws(FileError) {
            try state.withLock { state throws(FileError) in
                if let failure = state.failure { throw failure }
                try state.writer?.finish(as: name)
            }
        }

        /// Removes what was written.
        func discard() { state.withLock { $0.writer = nil } }
    }

    /// - Parameters:
    ///   - networks: the bytes of the networks' files, inflated; several for a query that declares several.
    ///   - property: the bytes of the property's.
    public init(path: String, networks: [[UInt8]], property: [UInt8]) throws(FileError) {
        self.path = path
        let header = CertificateHeader(network: FileDigest(ofAll: networks), property: FileDigest(of: property))
        let sink = try Sink(path: path)
        self.sink = sink
        recorder = ProofRecorder(header) { sink.write($0) }
    }

    /// Gives the file its name when there is something to certify.
    ///
    /// - Parameters:
    ///   - witness: where a counterexample goes; nil: to the proof's own place.
    ///   - keepsOpen: whether what was shown of a property that stays undecided goes to a file beside it.
    /// - Returns: what was written.
    @discardableResult
    public func finish(
        _ verdict: Verdict, witness: String? = nil, keepsOpen: Bool = false
    ) throws(FileError) -> String? {
        switch verdict {
        case .holds:
            try sink.finish()
            return path
        case .violated(let counterexample):
            sink.discard()
            let path = witness ?? path
            let writer = try GzipFileWriter(path: path, isCompressed: false)
            try writer.write(Array("sat\n\(VNNLIBWriter.text(of: counterexample))\n".utf8))
            try writer.finish()
            return path
        case .unknown, .timeout:
            guard keepsOpen else {
                sink.discard()
                return nil
            }
            recorder.flush()
            let open = path + ".open"
            try sink.finish(as: open)
            return open
        }
    }
}
