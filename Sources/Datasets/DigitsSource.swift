// Digits drawn by the program itself: strokes on a grid, bent, turned, thickened and sprinkled with noise, so that
// everything that needs a dataset runs without a download.
//
// Example `i` depends on the seed and on `i` alone. Training and test examples come from different seeds.

internal import RandomNumbers

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

struct DigitsSource: ExampleSource {
    let count: Int
    let seed: UInt64
    let size = 28

    var shape: ExampleShape { ExampleShape(channels: 1, height: size, width: size) }
    var classNames: [String] { (0...9).map(String.init) }
    var isPixels: Bool { true }

    func examples(_ range: Range<Int>) throws(DatasetError) -> Examples {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count * size * size)
        var labels: [Int] = []
        for index in range {
            let label = index % 10
            labels.append(label)
            var random = DigitsRandom(seed: seed, index: index)
            bytes += draw(label, using: &random)
        }
        return Examples(shape: shape, storage: .bytes(bytes), labels: labels)
    }

    /// Polylines of each digit in the unit square, x to the right, y down.
    private static let strokes: [[[(x: Double, y: Double)]]] = [
        [
            [
                (0.5, 0.1), (0.3, 0.2), (0.23, 0.5), (0.3, 0.8), (0.5, 0.9), (0.7, 0.8), (0.77, 0.5), (0.7, 0.2),
                (0.5, 0.1),
            ]
        ],
        [[(0.36, 0.26), (0.54, 0.1), (0.54, 0.9)]],
        [[(0.26, 0.3), (0.32, 0.15), (0.5, 0.1), (0.69, 0.18), (0.72, 0.35), (0.6, 0.52), (0.25, 0.9), (0.76, 0.9)]],
        [
            [
                (0.27, 0.18), (0.5, 0.1), (0.7, 0.2), (0.67, 0.39), (0.46, 0.48), (0.69, 0.57), (0.73, 0.77),
                (0.5, 0.9), (0.25, 0.82),
            ]
        ],
        [[(0.62, 0.9), (0.62, 0.1), (0.22, 0.63), (0.8, 0.63)]],
        [
            [
                (0.71, 0.1), (0.33, 0.1), (0.29, 0.45), (0.5, 0.4), (0.7, 0.5), (0.73, 0.7), (0.6, 0.87), (0.4, 0.9),
                (0.25, 0.82),
            ]
        ],
        [
            [
                (0.66, 0.1), (0.43, 0.3), (0.3, 0.55), (0.32, 0.78), (0.5, 0.9), (0.68, 0.8), (0.7, 0.62),
                (0.52, 0.51), (0.32, 0.62),
            ]
        ],
        [[(0.25, 0.1), (0.76, 0.1), (0.45, 0.9)]],
        [
            [
                (0.5, 0.48), (0.32, 0.36), (0.35, 0.17), (0.5, 0.1), (0.65, 0.17), (0.68, 0.36), (0.5, 0.48),
                (0.3, 0.62), (0.31, 0.81), (0.5, 0.9), (0.69, 0.81), (0.7, 0.62), (0.5, 0.48),
            ]
        ],
        [
            [
                (0.68, 0.4), (0.5, 0.5), (0.32, 0.4), (0.33, 0.2), (0.5, 0.1), (0.66, 0.2), (0.68, 0.4),
                (0.63, 0.68), (0.5, 0.9),
            ]
        ],
    ]

    private func draw(_ label: Int, using random: inout DigitsRandom) -> [UInt8] {
        let turn = random.symmetric(0.25)
        let (cosine, sine) = (cos(turn), sin(turn))
        let (scaleX, scaleY) = (1 + random.symmetric(0.2), 1 + random.symmetric(0.15))
        let slant = random.symmetric(0.2)
        let (moveX, moveY) = (random.symmetric(0.08), random.symmetric(0.08))
        let thickness = 0.045 + random.unit() * 0.045
        let noise = random.unit() * 0.15
        var segments: [(Double, Double, Double, Double)] = []
        for stroke in Self.strokes[label] {
            let points = stroke.map { point in
                let x = (point.x - 0.5 + random.symmetric(0.03)) * scaleX
                let y = (point.y - 0.5 + random.symmetric(0.03)) * scaleY
                let bent = x - slant * y
                return (0.5 + moveX + cosine * bent - sine * y, 0.5 + moveY + sine * bent + cosine * y)
            }
            for (start, end) in zip(points, points.dropFirst()) {
                segments.append((start.0, start.1, end.0, end.1))
            }
        }
        var pixels: [UInt8] = []
        pixels.reserveCapacity(size * size)
        for row in 0..<size {
            for column in 0..<size {
                let (x, y) = ((Double(column) + 0.5) / Double(size), (Double(row) + 0.5) / Double(size))
                var least = Double.infinity
                for segment in segments { least = min(least, Self.squaredDistance(x, y, segment)) }
                // Ink fades over one pixel.
                let ink = min(1, max(0, 0.5 + (thickness - least.squareRoot()) * Double(size)))
                let value = ink * (1 - noise * random.unit()) + (1 - ink) * noise * random.unit() * 0.5
                pixels.append(UInt8((value * 255).rounded()))
            }
        }
        return pixels
    }

    private static func squaredDistance(
        _ x: Double, _ y: Double, _ segment: (Double, Double, Double, Double)
    ) -> Double {
        let (dx, dy) = (segment.2 - segment.0, segment.3 - segment.1)
        let length = dx * dx + dy * dy
        let along = length > 0 ? ((x - segment.0) * dx + (y - segment.1) * dy) / length : 0
        let place = min(1, max(0, along))
        let (ox, oy) = (segment.0 + place * dx - x, segment.1 + place * dy - y)
        return ox * ox + oy * oy
    }
}

extension Dataset {
    /// Drawn digits, of ten classes in turn.
    public static func digits(count: Int, split: Options.Split, seed: UInt64 = 0) -> Dataset {
        Dataset(path: "digits", source: DigitsSource(count: count, seed: 2 * seed + (split == .train ? 1 : 0)))
    }

    /// The digits that a path `digits` or `digits:COUNT` stands for; nil for other paths. Without a count they are
    /// 10,000 for training and 2,000 for testing.
    static func digits(path: String, split: Options.Split) throws(DatasetError) -> Dataset? {
        let parts = path.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.first == "digits", parts.count <= 2 else { return nil }
        if parts.count == 1 { return digits(count: split == .train ? 10_000 : 2_000, split: split) }
        guard let count = Int(parts[1]), count > 0 else {
            throw DatasetError(
                path: path, problem: "'\(parts[1])' is no number of examples", remedy: "write it as digits:1000")
        }
        return digits(count: count, split: split)
    }
}

/// One stream per example.
private struct DigitsRandom {
    private var random: SplitMix64

    init(seed: UInt64, index: Int) {
        let start = seed &* 0xD129_0EA2_5C6A_F9B1 &+ UInt64(index) &+ 0x9E37_79B9_7F4A_7C15
        random = SplitMix64(seed: start ^ seed)
    }

    mutating func unit() -> Double { random.unit() }
    mutating func symmetric(_ bound: Double) -> Double { (2 * unit() - 1) * bound }
}
