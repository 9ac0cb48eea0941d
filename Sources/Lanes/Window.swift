/// A rectangle of pixels of a feature map. A buffer for a window holds all channels of its pixels and nothing else,
/// in the order of the whole map: `(row * columns.count + column) * channels + channel`, counted from its corner.
public struct Window: Sendable, Hashable {
    public var rows: Range<Int>
    public var columns: Range<Int>

    public init(rows: Range<Int>, columns: Range<Int>) {
        self.rows = rows
        self.columns = columns
    }

    public static func full(height: Int, width: Int) -> Window {
        Window(rows: 0..<height, columns: 0..<width)
    }

    public var isEmpty: Bool { rows.isEmpty || columns.isEmpty }

    /// The number of pixels.
    public var count: Int { rows.count * columns.count }

    /// The smallest window that contains both; an empty one adds nothing.
    public func union(_ other: Window) -> Window {
        if isEmpty { return other }
        if other.isEmpty { return self }
        return Window(
            rows: min(rows.lowerBound, other.rows.lowerBound)..<max(rows.upperBound, other.rows.upperBound),
            columns: min(
                columns.lowerBound, other.columns.lowerBound)..<max(
                    columns.upperBound, other.columns.upperBound))
    }

    public func contains(_ other: Window) -> Bool {
        other.isEmpty || (rows.contains(other.rows) && columns.contains(other.columns))
    }
}
