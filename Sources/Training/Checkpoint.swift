// A training run's state as bytes: a line of text, then little-endian numbers.

/// What a training run goes on from.
public struct Checkpoint: Sendable, Equatable {
    public var epoch: Int
    public var steps: Int
    public var seed: UInt64
    public var parameters: [Float]
    /// First and second moments.
    public var moments: [[Float]]
    /// Per batch normalisation, running means and variances.
    public var statistics: [[[Double]]]

    private static let heading = Array("secateur checkpoint 1\n".utf8)

    public var bytes: [UInt8] {
        var bytes = Self.heading
        func append<Number: FixedWidthInteger>(_ number: Number) {
            withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
        }
        for number in [epoch, steps, parameters.count, moments.count, statistics.count] { append(Int64(number)) }
        append(seed)
        for list in [parameters] + moments { for number in list { append(number.bitPattern) } }
        for pair in statistics {
            append(Int64(pair[0].count))
            for number in pair[0] + pair[1] { append(number.bitPattern) }
        }
        return bytes
    }

    /// - Throws: when the bytes are not a whole checkpoint.
    public init(bytes: [UInt8]) throws(TrainingError) {
        var reader = Reader(rest: bytes[...])
        guard bytes.starts(with: Self.heading) else { throw Reader.fault }
        reader.rest = bytes[Self.heading.count...]
        epoch = try reader.count()
        steps = try reader.count()
        let (parameterCount, momentCount, normalizationCount) = (
            try reader.count(), try reader.count(), try reader.count()
        )
        seed = try reader.integer()
        parameters = try reader.floats(parameterCount)
        moments = []
        for _ in 0..<momentCount { moments.append(try reader.floats(parameterCount)) }
        statistics = []
        for _ in 0..<normalizationCount {
            let channels = try reader.count()
            statistics.append([try reader.doubles(channels), try reader.doubles(channels)])
        }
        guard reader.rest.isEmpty else { throw Reader.fault }
    }

    init(
        epoch: Int, steps: Int, seed: UInt64, parameters: [Float], moments: [[Float]], statistics: [[[Double]]]
    ) {
        self.epoch = epoch
        self.steps = steps
        self.seed = seed
        self.parameters = parameters
        self.moments = moments
        self.statistics = statistics
    }

    private struct Reader {
        static let fault = TrainingError("is no checkpoint, or is cut short; start without --resume")
        var rest: ArraySlice<UInt8>

        mutating func integer<Number: FixedWidthInteger>() throws(TrainingError) -> Number {
            let size = MemoryLayout<Number>.size
            guard rest.count >= size else { throw Self.fault }
            var number: Number = 0
            withUnsafeMutableBytes(of: &number) { $0.copyBytes(from: rest.prefix(size)) }
            rest = rest.dropFirst(size)
            return Number(littleEndian: number)
        }

        mutating func count() throws(TrainingError) -> Int {
            let number: Int64 = try integer()
            guard number >= 0, number < 1 << 40 else { throw Self.fault }
            return Int(number)
        }

        mutating func floats(_ count: Int) throws(TrainingError) -> [Float] {
            guard rest.count >= 4 * count else { throw Self.fault }
            var list: [Float] = []
            list.reserveCapacity(count)
            for _ in 0..<count { list.append(Float(bitPattern: try integer())) }
            return list
        }

        mutating func doubles(_ count: Int) throws(TrainingError) -> [Double] {
            guard rest.count >= 8 * count else { throw Self.fault }
            var list: [Double] = []
            for _ in 0..<count { list.append(Double(bitPattern: try integer())) }
            return list
        }
    }
}
