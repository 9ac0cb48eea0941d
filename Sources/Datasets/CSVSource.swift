// Rows of numbers as text. Each row is a label and values, the label in the column that the header calls `label` or
// `class`, else in the first. Where every value is a whole number from 0 to 255, and not all are 0 or 1, they are
// pixels.

internal import Files
internal import Glibc

struct CSVSource: ExampleSource {
    let shape: ExampleShape
    let classNames: [String] = []
    let isPixels: Bool
    private let values: [Float]
    private let bytes: [UInt8]
    private let labels: [Int]

    var count: Int { labels.count }

    /// - Parameter shape: of each row; nil for a row of numbers.
    init(_ path: String, shape wanted: ExampleShape?) throws(DatasetError) {
        let text: [UInt8]
        do { text = try readFile(path) } catch { throw DatasetError(error) }
        var parser = CSVRows(path: path)
        try parser.parse(text)
        guard !parser.labels.isEmpty else {
            throw DatasetError(path: path, problem: "no rows", remedy: "write one row of label and values per example")
        }
        let columns = parser.values.count / parser.labels.count
        shape = wanted ?? ExampleShape(channels: columns, height: 1, width: 1)
        guard shape.count == columns else {
            throw DatasetError(
                path: path, position: .line(parser.firstLine),
                problem: "\(columns) values per row where the shape \(shape) needs \(shape.count)",
                remedy: "give the shape that the rows have")
        }
        labels = parser.labels
        isPixels =
            parser.values.allSatisfy { $0 >= 0 && $0 <= 255 && $0.rounded() == $0 }
            && parser.values.contains { $0 > 1 }
        bytes = isPixels ? parser.values.map { UInt8($0) } : []
        values = isPixels ? [] : parser.values
    }

    func examples(_ range: Range<Int>) throws(DatasetError) -> Examples {
        let part = range.lowerBound * shape.count..<range.upperBound * shape.count
        return Examples(
            shape: shape, storage: isPixels ? .bytes(Array(bytes[part])) : .floats(Array(values[part])),
            labels: Array(labels[range]))
    }
}

private struct CSVRows {
    let path: String
    var labels: [Int] = []
    var values: [Float] = []
    var firstLine = 1
    private var columns: Int?
    private var labelColumn = 0

    init(path: String) { self.path = path }

    mutating func parse(_ text: [UInt8]) throws(DatasetError) {
        var line = 0
        for row in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            line += 1
            let fields = row.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self).trimmed }
            if fields == [""] { continue }
            if columns == nil && number(fields[0]) == nil {
                labelColumn = fields.firstIndex { ["label", "class"].contains($0.lowercased()) } ?? 0
                columns = fields.count
                continue
            }
            if columns == nil { columns = fields.count }
            if labels.isEmpty { firstLine = line }
            try add(fields, line: line)
        }
    }

    private mutating func add(_ fields: [String], line: Int) throws(DatasetError) {
        guard fields.count == columns, fields.count > 1 else {
            throw DatasetError(
                path: path, position: .line(line),
                problem: "\(fields.count) columns where \(max(2, columns!)) are expected",
                remedy: "write a label and as many values in every row")
        }
        for (column, field) in fields.enumerated() {
            guard let value = number(field), value.isFinite else {
                throw DatasetError(
                    path: path, position: .line(line), problem: "column \(column + 1), '\(field)', is no finite number",
                    remedy: "write numbers only, after one line of column names at most")
            }
            guard column == labelColumn else {
                values.append(value)
                continue
            }
            guard value >= 0, value < 1e6, value.rounded() == value else {
                throw DatasetError(
                    path: path, position: .line(line), problem: "the label is '\(field)'",
                    remedy: "number classes from 0 on, or call the label's column `label` in a first line")
            }
            labels.append(Int(value))
        }
    }

    /// Independent of the locale, as `Float.init` is, and fast for the digits of pixels.
    private func number(_ field: String) -> Float? {
        var value = 0
        let digits = field.utf8
        if !digits.isEmpty && digits.count <= 6 {
            for digit in digits {
                guard digit >= 48 && digit <= 57 else { return Float(field) }
                value = 10 * value + Int(digit - 48)
            }
            return Float(value)
        }
        return Float(field)
    }
}

extension String {
    /// Without spaces, tabs, carriage returns and quotation marks at its ends.
    fileprivate var trimmed: String {
        let isOuter: (Character) -> Bool = { " \t\r\"\u{FEFF}".contains($0) }
        return String(drop(while: isOuter).reversed().drop(while: isOuter).reversed())
    }
}
