// Owned, aligned storage: for lanes, and for the immutable weights of operators.

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Room for `[feature][lane]` numbers, aligned to 64 bytes, freed with the value.
public struct LaneBuffer<Scalar: LaneScalar>: ~Copyable {
    public let features: Int
    public let lanes: Int
    /// Valid as long as the buffer lives.
    public let base: UnsafeMutablePointer<Scalar>
    private let allocation: UnsafeMutableRawPointer

    /// Zeroed.
    public init(features: Int, lanes: Int) {
        precondition(features >= 0 && lanes >= 0)
        self.features = features
        self.lanes = lanes
        let alignment = 64
        // Large blocks come from the system as zeros, of which only those that are touched become memory.
        guard let bytes = calloc(features * lanes * MemoryLayout<Scalar>.stride + alignment, 1) else {
            fatalError("no memory is left for \(features) rows of \(lanes) lanes")
        }
        allocation = bytes
        base = bytes.alignedUp(toMultipleOf: alignment).bindMemory(to: Scalar.self, capacity: features * lanes)
    }

    deinit { free(allocation) }

    public subscript(feature: Int, lane: Int) -> Scalar {
        get {
            precondition(feature >= 0 && feature < features && lane >= 0 && lane < lanes)
            return base[feature * lanes + lane]
        }
        set {
            precondition(feature >= 0 && feature < features && lane >= 0 && lane < lanes)
            base[feature * lanes + lane] = newValue
        }
    }
}

private func allocateAligned<Element>(_ count: Int) -> UnsafeMutablePointer<Element> {
    UnsafeMutableRawPointer
        .allocate(byteCount: max(count, 1) * MemoryLayout<Element>.stride, alignment: 64)
        .bindMemory(to: Element.self, capacity: count)
}

/// Numbers written once, then only read.
final class AlignedStorage<Element: BitwiseCopyable & Sendable>: @unchecked Sendable {
    // Filled by `fill` before the initializer returns; nothing writes afterwards, so sharing it is safe.
    let base: UnsafePointer<Element>
    let count: Int

    /// - Parameter fill: initializes all `count` elements.
    init(count: Int, filledBy fill: (UnsafeMutablePointer<Element>) -> Void) {
        let storage: UnsafeMutablePointer<Element> = allocateAligned(count)
        fill(storage)
        base = UnsafePointer(storage)
        self.count = count
    }

    convenience init(_ elements: [Element]) {
        self.init(count: elements.count) { storage in
            elements.withUnsafeBufferPointer {
                if let source = $0.baseAddress { storage.initialize(from: source, count: elements.count) }
            }
        }
    }

    deinit { base.deallocate() }
}

extension AlignedStorage where Element: LaneScalar {
    /// Each value rounded to nearest.
    convenience init(rounding values: [Double]) {
        self.init(count: values.count) { Element.laneKernels.round(Int64(values.count), values, $0) }
    }
}
