// Small random motions of training images: each epoch sees every image a little turned and moved.

internal import RandomNumbers

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

public struct Augmentation: Sendable, Equatable {
    /// Images turn by up to so many degrees either way.
    public var rotation: Double
    /// And move by up to so many pixels along each axis.
    public var shift: Double

    public init(rotation: Double = 0, shift: Double = 0) {
        self.rotation = rotation
        self.shift = shift
    }

    public static let none = Augmentation()

    /// Writes `image`, `[channel][row][column]`, turned about its centre and moved, bilinear between pixels; what comes
    /// from outside is 0.
    func apply(
        _ image: [Float], channels: Int, height: Int, width: Int, using random: inout SplitMix64,
        to result: inout [Float]
    ) {
        let angle = (2 * random.unit() - 1) * rotation * .pi / 180
        let (down, right) = ((2 * random.unit() - 1) * shift, (2 * random.unit() - 1) * shift)
        let (cosine, sine) = (Float(cos(angle)), Float(sin(angle)))
        let (middleRow, middleColumn) = (Float(height - 1) / 2, Float(width - 1) / 2)
        image.withUnsafeBufferPointer { image in
            result.withUnsafeMutableBufferPointer { result in
                for row in 0..<height {
                    for column in 0..<width {
                        let y = Float(row) - middleRow - Float(down)
                        let x = Float(column) - middleColumn - Float(right)
                        let fromRow = cosine * y - sine * x + middleRow
                        let fromColumn = sine * y + cosine * x + middleColumn
                        let (top, left) = (fromRow.rounded(.down), fromColumn.rounded(.down))
                        let (lower, across) = (fromRow - top, fromColumn - left)
                        let (r, c) = (Int(top), Int(left))
                        for channel in 0..<channels {
                            let plane = channel * height * width
                            func pixel(_ row: Int, _ column: Int) -> Float {
                                guard row >= 0, row < height, column >= 0, column < width else { return 0 }
                                return image[plane + row * width + column]
                            }
                            let above = (1 - across) * pixel(r, c) + across * pixel(r, c + 1)
                            let below = (1 - across) * pixel(r + 1, c) + across * pixel(r + 1, c + 1)
                            result[plane + row * width + column] = (1 - lower) * above + lower * below
                        }
                    }
                }
            }
        }
    }
}
