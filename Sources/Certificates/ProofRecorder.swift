// Taking a proof down while it is found.

internal import Synchronization

/// Writes records as the search makes them; any thread may hand one in. Nothing but a buffer is held, and what a search
/// shows before it is known whether that will be needed.
public final class ProofRecorder: Sendable {
    private struct State {
        var buffer = ByteWriter()
        /// Leaves of a search whose end is open, by disjunct; nil: leaves are written at once.
        var held: [Int: ByteWriter]?
        /// The same of a search over boxes.
        var heldBoxes: ByteWriter?
        var hasFailed = false
    }

    private static let bufferSize = 1 << 18
    private let state = Mutex(State())
    private let sink: @Sendable ([UInt8]) -> Bool

    /// - Parameter sink: stores bytes; false when it cannot, after which nothing more is handed to it.
    public init(_ header: CertificateHeader, sink: @escaping @Sendable ([UInt8]) -> Bool) {
        self.sink = sink
        state.withLock { header.write(to: &$0.buffer) }
    }

    /// Whether everything so far could be stored.
    public var isWhole: Bool { state.withLock { !$0.hasFailed } }

    public func record(_ record: ProofRecord) {
        var bytes = ByteWriter()
        record.write(to: &bytes)
        self.record(bytes)
    }

    /// Records as `ProofRecord.write` made them.
    public func record(_ records: ByteWriter) {
        state.withLock {
            $0.buffer.put(records.bytes)
            flush(&$0, atLeast: Self.bufferSize)
        }
    }

    /// Begins a search over phases.
    ///
    /// - Parameter isLast: whether the proof fails if this search does; otherwise leaves are held back until it is known
    ///   which disjuncts it refutes.
    public func beginPhases(isLast: Bool) {
        record(.beginPhases)
        state.withLock { $0.held = isLast ? nil : [:] }
    }

    public func leaf(of disjunct: Int, _ record: ByteWriter) {
        state.withLock {
            if $0.held == nil {
                $0.buffer.put(record.bytes)
                flush(&$0, atLeast: Self.bufferSize)
            } else {
                $0.held?[disjunct, default: ByteWriter()].put(record.bytes)
            }
        }
    }

    /// Ends a search over phases that refuted some disjuncts.
    public func endPhases(refuted: some Sequence<Int>) {
        state.withLock {
            for disjunct in refuted {
                if let leaves = $0.held?[disjunct] { $0.buffer.put(leaves.bytes) }
            }
            $0.held = nil
        }
        record(.endSearch)
    }

    /// Begins a search over boxes that is to refute the disjuncts.
    ///
    /// - Parameter isLast: whether the proof fails if this search does; otherwise its steps are held back until it is
    ///   known whether it succeeds.
    public func beginBoxes(_ disjuncts: [Int], isLast: Bool) {
        var bytes = ByteWriter()
        ProofRecord.beginBoxes(disjuncts: disjuncts).write(to: &bytes)
        boxes(bytes, isFirst: true, isLast: isLast)
    }

    /// Steps of a search over boxes, in the order in which they make boxes.
    public func boxes(_ records: ByteWriter) { boxes(records, isFirst: false, isLast: false) }

    private func boxes(_ records: ByteWriter, isFirst: Bool, isLast: Bool) {
        let isHeld = state.withLock {
            if isFirst { $0.heldBoxes = isLast ? nil : ByteWriter() }
            $0.heldBoxes?.append(records)
            return $0.heldBoxes != nil
        }
        if !isHeld { record(records) }
    }

    public func endBoxes(isProved: Bool) {
        let held = state.withLock { state in
            defer { state.heldBoxes = nil }
            return state.heldBoxes
        }
        if !isProved { return }
        if let held { record(held) }
        record(.endSearch)
    }

    /// Hands everything to the sink, after the proof's last record.
    public func finish() {
        record(.end)
        flush()
    }

    /// Hands to the sink what there is of a proof that was not completed, and no last record.
    public func flush() { state.withLock { flush(&$0, atLeast: 0) } }

    private func flush(_ state: inout State, atLeast size: Int) {
        guard state.buffer.bytes.count >= size, !state.hasFailed else { return }
        state.hasFailed = !sink(state.buffer.bytes)
        state.buffer = ByteWriter()
    }
}
