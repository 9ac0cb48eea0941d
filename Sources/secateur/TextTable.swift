/// Columns of text, as wide as they need to be.
struct TextTable: CustomStringConvertible {
    var rows: [[String]]
    /// How many columns, counted from the left, are aligned to the left; the others hold numbers.
    var leftAligned: Int

    init(header: [String], leftAligned: Int) {
        rows = [header]
        self.leftAligned = leftAligned
    }

    var description: String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                line += (column == 0 ? "" : "  ") + (column < leftAligned ? cell + padding : padding + cell)
            }
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }
}
