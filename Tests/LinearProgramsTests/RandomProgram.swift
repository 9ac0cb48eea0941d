import LinearPrograms
import RandomNumbers

/// A small program with bounded columns, as plain arrays, and its slow solution by enumerating vertices.
struct RandomProgram {
    var columnBounds: [ClosedRange<Double>]
    var objective: [Double]
    var rows: [[Double]]
    var rowBounds: [(lower: Double, upper: Double)]

    init(columns: Int, rows rowCount: Int, seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        func number() -> Double { Double.random(in: -2...2, using: &generator) }
        columnBounds = (0..<columns).map { _ in
            let low = number()
            return low...(low + Double.random(in: 0.1...3, using: &generator))
        }
        objective = (0..<columns).map { _ in number() }
        rows = (0..<rowCount).map { _ in
            (0..<columns).map { _ in Bool.random(using: &generator) ? number() : 0 }
        }
        rowBounds = (0..<rowCount).map { _ in
            let low = number()
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: return (low, .infinity)
            case 1: return (-.infinity, low)
            case 2: return (low, low + abs(number()))
            default: return (low, low)
            }
        }
    }

    func makeProgram() -> LinearProgram {
        var program = LinearProgram(columns: objective.count)
        for column in objective.indices {
            program.setBounds(
                ofColumn: column, lower: columnBounds[column].lowerBound,
                upper: columnBounds[column].upperBound)
            program.setObjective(ofColumn: column, objective[column])
        }
        for (row, bounds) in zip(rows, rowBounds) {
            program.addRow(
                row.enumerated().map { .init($0.offset, $0.element) }, lower: bounds.lower,
                upper: bounds.upper)
        }
        return program
    }

    func value(ofRow row: [Double], at point: [Double]) -> Double {
        zip(row, point).reduce(0) { $0 + $1.0 * $1.1 }
    }

    func isFeasible(_ point: [Double], tolerance: Double) -> Bool {
        for (range, x) in zip(columnBounds, point)
        where x < range.lowerBound - tolerance || x > range.upperBound + tolerance { return false }
        for (row, bounds) in zip(rows, rowBounds) {
            let value = value(ofRow: row, at: point)
            if value < bounds.lower - tolerance || value > bounds.upper + tolerance { return false }
        }
        return true
    }

    /// The least objective over all intersections of as many bounds as there are columns; `nil` when none is
    /// feasible.
    func minimumByVertices() -> Double? {
        var planes: [([Double], Double)] = []
        for (column, range) in columnBounds.enumerated() {
            var unit = [Double](repeating: 0, count: objective.count)
            unit[column] = 1
            planes.append((unit, range.lowerBound))
            planes.append((unit, range.upperBound))
        }
        for (row, bounds) in zip(rows, rowBounds) {
            if bounds.lower.isFinite { planes.append((row, bounds.lower)) }
            if bounds.upper.isFinite, bounds.upper != bounds.lower { planes.append((row, bounds.upper)) }
        }
        var best: Double?
        func choose(_ chosen: [Int], from next: Int) {
            if chosen.count == objective.count {
                guard let point = solve(chosen.map { planes[$0] }), isFeasible(point, tolerance: 1e-9) else {
                    return
                }
                best = min(best ?? .infinity, value(ofRow: objective, at: point))
                return
            }
            for plane in next..<max(next, planes.count) { choose(chosen + [plane], from: plane + 1) }
        }
        choose([], from: 0)
        return best
    }

    /// Gaussian elimination with partial pivoting.
    private func solve(_ equations: [([Double], Double)]) -> [Double]? {
        var matrix = equations.map { $0.0 + [$0.1] }
        let size = matrix.count
        for column in 0..<size {
            let pivot = (column..<size).max { abs(matrix[$0][column]) < abs(matrix[$1][column]) }!
            guard abs(matrix[pivot][column]) > 1e-10 else { return nil }
            matrix.swapAt(column, pivot)
            for row in 0..<size where row != column {
                let factor = matrix[row][column] / matrix[column][column]
                for k in column...size { matrix[row][k] -= factor * matrix[column][k] }
            }
        }
        return (0..<size).map { matrix[$0][size] / matrix[$0][$0] }
    }

    /// The objective that the duals promise: each dual times the bound its sign names.
    func dualObjective(_ optimum: LinearProgram.Optimum) -> Double {
        var total = 0.0
        for (dual, bounds) in zip(optimum.rowDuals, rowBounds) where abs(dual) > 1e-9 {
            total += dual * (dual > 0 ? bounds.lower : bounds.upper)
        }
        for (dual, range) in zip(optimum.columnDuals, columnBounds) {
            total += dual * (dual > 0 ? range.lowerBound : range.upperBound)
        }
        return total
    }

    /// How much more the multipliers demand of the rows than the columns' bounds allow; positive proves
    /// infeasibility.
    func farkasGap(_ multipliers: [Double]) -> Double {
        var demanded = 0.0
        var combination = [Double](repeating: 0, count: objective.count)
        for (row, multiplier) in multipliers.enumerated() where abs(multiplier) > 1e-9 {
            demanded += multiplier * (multiplier > 0 ? rowBounds[row].lower : rowBounds[row].upper)
            for column in combination.indices { combination[column] += multiplier * rows[row][column] }
        }
        let allowed = zip(combination, columnBounds).reduce(0) {
            $0 + max($1.0 * $1.1.lowerBound, $1.0 * $1.1.upperBound)
        }
        return demanded - allowed
    }
}
