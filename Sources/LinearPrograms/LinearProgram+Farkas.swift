internal import CGLPK

// GLPK tells that a program is infeasible but not why. The reason is the dual solution of the elastic
// program: give every row a violation it may buy at cost one (upwards, downwards, or both), drop the
// objective, and minimise. The optimum is positive exactly when the program is infeasible, and then its row
// duals are Farkas multipliers, by weak duality: they price the rows' bounds above anything the columns'
// bounds allow. All lie in -1 ... 1.
extension LinearProgram {
    /// - Precondition: the program is usable and found infeasible.
    /// - Returns: one multiplier per row, or `nil` when the elastic program was not solved in time or has
    ///   optimum zero.
    mutating func farkasMultipliers(timeLimit: Double) -> [Double]? {
        guard rowCount > 0 else { return nil }
        let rows = 1...Int32(rowCount)
        var elastic = LinearProgram(columns: columnCount + 2 * rowCount)
        for column in 1...Int32(columnCount) {
            glp_set_col_bnds(
                elastic.problem, column, glp_get_col_type(problem, column), glp_get_col_lb(problem, column),
                glp_get_col_ub(problem, column))
        }
        var indices = [Int32](repeating: 0, count: columnCount + 1)
        var values = [Double](repeating: 0, count: columnCount + 1)
        for row in rows {
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

    private func bounds(ofRow row: Int32) -> (lower: Double, upper: Double) {
        let kind = glp_get_row_type(problem, row)
        let hasLower = kind == GLP_LO || kind == GLP_DB || kind == GLP_FX
        let hasUpper = kind == GLP_UP || kind == GLP_DB || kind == GLP_FX
        return (
            hasLower ? glp_get_row_lb(problem, row) : -.infinity,
            hasUpper ? glp_get_row_ub(problem, row) : .infinity
        )
    }
}
