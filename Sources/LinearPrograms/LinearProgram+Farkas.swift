internal import CGLPK

// GLPK tells that a program is infeasible but not why. The reason can be read off the basis where it stopped.
// With auxiliary variables r = A x, every combination v of the rows of the tableau is an identity y r - (y A)
// x = 0, where B' y = v. The dual simplex method stops at one basic variable that violates a bound although
// all others in its row are at their best: v is that variable's unit vector. The primal one stops where the
// sum of all violations is least: v holds a 1 for each basic variable above its upper bound, -1 for each
// below. Either sign of y may be the one; a Farkas multiplier is one whose gap is positive.
//
// Where neither works, the elastic program does: give every row a violation it may buy at cost one, drop the
// objective, and minimise; the optimum is positive exactly when the program is infeasible, and then its row
// duals are Farkas multipliers, by weak duality. It takes 5 to 50 times as long.
extension LinearProgram {
    /// - Precondition: the program is usable and was found infeasible by its last solve.
    /// - Returns: one multiplier per row, the largest magnitude at most one, or nil when none were found in
    ///   time.
    mutating func farkasMultipliers(timeLimit: Double) -> [Double]? {
        guard rowCount > 0 else { return nil }
        if glp_bf_exists(problem) != 0 {
            for combination in [unboundedDualRay, violations] {
                if let combination, let found = farkasMultipliers(combining: combination) { return found }
            }
        }
        return elasticMultipliers(timeLimit: timeLimit)
    }

    /// The unit vector of the basic variable at which the dual simplex method stopped; counted from one.
    private var unboundedDualRay: [Double]? {
        let variable = glp_get_unbnd_ray(problem)
        guard variable > 0 else { return nil }
        let rows = Int32(rowCount)
        let place =
            variable <= rows
            ? glp_get_row_bind(problem, variable) : glp_get_col_bind(problem, variable - rows)
        guard place > 0 else { return nil }
        var vector = [Double](repeating: 0, count: rowCount + 1)
        vector[Int(place)] = 1
        return vector
    }

    /// Which basic variables violate a bound, and on which side; counted from one.
    private var violations: [Double]? {
        var vector = [Double](repeating: 0, count: rowCount + 1)
        var isFeasible = true
        for place in 1...Int32(rowCount) {
            let variable = glp_get_bhead(problem, place)
            let isRow = variable <= Int32(rowCount)
            let index = isRow ? variable : variable - Int32(rowCount)
            let value = isRow ? glp_get_row_prim(problem, index) : glp_get_col_prim(problem, index)
            let (lower, upper) = isRow ? bounds(ofRow: index) : bounds(ofColumn: index)
            let tolerance = 1e-9 * max(1, abs(value))
            guard value < lower - tolerance || value > upper + tolerance else { continue }
            vector[Int(place)] = value > upper ? 1 : -1
            isFeasible = false
        }
        return isFeasible ? nil : vector
    }

    private func farkasMultipliers(combining combination: [Double]) -> [Double]? {
        var vector = combination
        glp_btran(problem, &vector)
        let largest = vector.dropFirst().reduce(0) { max($0, abs($1)) }
        guard largest > 0, largest.isFinite else { return nil }
        for sign in [1.0, -1.0] {
            // Small numbers are rounding, and are in the way where they ask for a bound that is not there.
            let multipliers = vector.dropFirst().map { abs($0) < 1e-11 * largest ? 0 : sign * $0 / largest }
            if farkasGap(multipliers) > 0 { return multipliers }
        }
        return nil
    }

    /// What the multipliers demand of the rows beyond what the columns' bounds allow.
    private func farkasGap(_ multipliers: [Double]) -> Double {
        var gap = 0.0
        var combined = [Double](repeating: 0, count: columnCount)
        var magnitudes = combined
        var indices = [Int32](repeating: 0, count: columnCount + 1)
        var values = [Double](repeating: 0, count: columnCount + 1)
        for (row, multiplier) in multipliers.enumerated() where multiplier != 0 {
            let (lower, upper) = bounds(ofRow: Int32(row + 1))
            gap += multiplier * (multiplier > 0 ? lower : upper)
            let count = Int(glp_get_mat_row(problem, Int32(row + 1), &indices, &values))
            for place in 1..<(count + 1) {
                let column = Int(indices[place]) - 1
                combined[column] += multiplier * values[place]
                magnitudes[column] += abs(multiplier * values[place])
            }
        }
        for column in combined.indices where abs(combined[column]) > 1e-9 * magnitudes[column] {
            let (lower, upper) = bounds(ofColumn: Int32(column + 1))
            gap -= max(combined[column] * lower, combined[column] * upper)
        }
        return gap.isNaN ? -.infinity : gap
    }

    private func elasticMultipliers(timeLimit: Double) -> [Double]? {
        var elastic = LinearProgram(columns: columnCount + 2 * rowCount)
        for column in 0..<columnCount {
            let (lower, upper) = bounds(ofColumn: Int32(column + 1))
            elastic.setBounds(ofColumn: column, lower: lower, upper: upper)
        }
        var indices = [Int32](repeating: 0, count: columnCount + 1)
        var values = [Double](repeating: 0, count: columnCount + 1)
        for row in 1...Int32(rowCount) {
            let count = Int(glp_get_mat_row(problem, row, &indices, &values))
            let (lower, upper) = bounds(ofRow: row)
            let shortfall = columnCount + 2 * Int(row - 1)
            elastic.setViolation(column: shortfall, isPossible: lower > -.infinity)
            elastic.setViolation(column: shortfall + 1, isPossible: upper < .infinity)
            var terms = (0..<count).map { Term(Int(indices[$0 + 1]) - 1, values[$0 + 1]) }
            terms.append(Term(shortfall, 1))
            terms.append(Term(shortfall + 1, -1))
            elastic.addRow(terms, lower: lower, upper: upper)
        }
        var options = Options()
        options.method = .primal
        options.timeLimit = timeLimit
        options.findsFarkas = false
        guard case .optimal(let optimum) = elastic.minimise(options), optimum.objective > 0 else {
            return nil
        }
        return optimum.rowDuals
    }

    private mutating func setViolation(column: Int, isPossible: Bool) {
        setBounds(ofColumn: column, lower: 0, upper: isPossible ? .infinity : 0)
        setObjective(ofColumn: column, isPossible ? 1 : 0)
    }

    /// Rows and columns here count from one, as GLPK's do.
    private func bounds(ofRow row: Int32) -> (lower: Double, upper: Double) {
        bounds(glp_get_row_type(problem, row), glp_get_row_lb(problem, row), glp_get_row_ub(problem, row))
    }

    private func bounds(ofColumn column: Int32) -> (lower: Double, upper: Double) {
        bounds(
            glp_get_col_type(problem, column), glp_get_col_lb(problem, column),
            glp_get_col_ub(problem, column))
    }

    private func bounds(_ kind: Int32, _ lower: Double, _ upper: Double) -> (Double, Double) {
        let hasLower = kind == GLP_LO || kind == GLP_DB || kind == GLP_FX
        let hasUpper = kind == GLP_UP || kind == GLP_DB || kind == GLP_FX
        return (hasLower ? lower : -.infinity, hasUpper ? upper : .infinity)
    }
}
