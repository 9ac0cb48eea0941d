// The file that `verify --certificate` writes.

import Certificates
import Files
import Properties
import Synchronization
import VNNLIBFormat

/// A certificate in the making: a proof's records as they come, or in the end a witness.
final class CertificateFile: Sendable {
    let recorder: ProofRecorder
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

        func finish() throws(FileError) {
            try state.withLock { state throws(FileError) in
                if let failure = state.failure { throw failure }
                try state.writer?.finish()
            }
        }

        /// Removes what was written.
        func discard() { state.withLock { $0.writer = nil } }
    }

    init(path: String, network: String, property: String) throws(InputFault) {
        self.path = path
        do {
            let header = CertificateHeader(
                network: FileDigest(of: try readFile(network)), property: FileDigest(of: try readFile(property)))
            let sink = try Sink(path: path)
            self.sink = sink
            recorder = ProofRecorder(header) { sink.write($0) }
        } catch {
            throw InputFault(error.description)
        }
    }

    /// Gives the file its name when there is something to certify; leaves nothing otherwise.
    func finish(_ verdict: Verdict) throws(InputFault) {
        do {
            switch verdict {
            case .holds: try sink.finish()
            case .violated(let witness):
                sink.discard()
                let writer = try GzipFileWriter(path: path, isCompressed: false)
                try writer.write(Array("sat\n\(VNNLIBWriter.text(of: witness))\n".utf8))
                try writer.finish()
            case .unknown, .timeout: sink.discard()
            }
        } catch {
            throw InputFault(error.description)
        }
    }
}
