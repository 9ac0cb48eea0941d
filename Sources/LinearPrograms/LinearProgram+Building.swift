internal import CGLPK

// Indices are checked here, because GLPK ends the process on a bad one. Numbers that are not finite are noted
// and make every solve `.undecided` until they are replaced: they come from overflow in a caller's data, not
// from its logic.
extension LinearProgram {
    /// `lower <= x <= upper`; an end may be infinite, and both may be equal.
    public mutating func setBounds(ofColumn column: Int, lower: Double, upper: Double) {
        checkColumn(column)
        guard let (kind, low, high) = accept(lower, upper, at: .columnBounds(column)) else { return }
        glp_set_col_bnds(problem, Int32(column + 1), kind, low, high)
    }

    /// The cost of one unit of the column.
    public mutating func setObjective(ofColumn column: Int, _ coefficient: Double) {
        checkColumn(column)
        guard accept(coefficient.isFinite, at: .objective(column)) else { return }
        glp_set_obj_coef(problem, Int32(column + 1), coefficient)
    }

    /// Lets only integers in the column's bounds, which must then be integers or infinite; `minimise` ignores
    /// it.
    public mutating func setInteger(column: Int, _ isInteger: Bool = true) {
        checkColumn(column)
        guard !isBroken else { return }
        glp_set_col_kind(problem, Int32(column + 1), isInteger ? GLP_IV : GLP_CV)
    }

    /// Adds the row `lower <= sum of terms <= upper`; an end may be infinite.
    ///
    /// - Precondition: each column is named at most once.
    /// - Returns: the row's index.
    @discardableResult
    public mutating func addRow(_ terms: [Term], lower: Double, upper: Double) -> Int {
        checkThread()
        precondition(rowCount < Int(Int32.max) - 1, "too many rows")
        let row = rowCount
        rowCount += 1
        guard !isBroken else { return row }
        glp_add_rows(problem, 1)
        glp_set_row_bnds(problem, Int32(row + 1), GLP_FR, 0, 0)
        if let (kind, low, high) = accept(lower, upper, at: .rowBounds(row)) {
            glp_set_row_bnds(problem, Int32(row + 1), kind, low, high)
        }
        writeTerms(ofRow: row, terms)
        return row
    }

    /// Replaces a row's bounds.
    public mutating func setBounds(ofRow row: Int, lower: Double, upper: Double) {
        checkRow(row)
        guard let (kind, low, high) = accept(lower, upper, at: .rowBounds(row)) else { return }
        glp_set_row_bnds(problem, Int32(row + 1), kind, low, high)
    }

    /// Replaces a row's terms. The next solve starts afresh: the old basis may have become singular, which
    /// GLPK does not always survive (its `sgf_reduce_nuc` asserts that it is not).
    ///
    /// - Precondition: each column is named at most once.
    public mutating func setTerms(ofRow row: Int, _ terms: [Term]) {
        checkRow(row)
        guard !isBroken else { return }
        writeTerms(ofRow: row, terms)
        glp_std_basis(problem)
    }

    private mutating func writeTerms(ofRow row: Int, _ terms: [Term]) {
        // GLPK counts from one and reads neither array's first element.
        var indices: [Int32] = [0]
        var values: [Double] = [0]
        for term in terms where term.coefficient != 0 {
            checkColumn(term.column)
            indices.append(Int32(term.column + 1))
            values.append(term.coefficient)
        }
        precondition(Set(indices).count == indices.count, "a row names a column twice")
        guard accept(values.allSatisfy(\.isFinite), at: .rowTerms(row)) else { return }
        glp_set_mat_row(problem, Int32(row + 1), Int32(indices.count - 1), indices, values)
    }

    /// Scales rows and columns inside the solver, for programs whose coefficients differ by many orders of
    /// magnitude; answers are in the caller's units as before. Best called once, before the first solve.
    public mutating func scale() {
        checkThread()
        guard !isBroken, unusable.isEmpty else { return }
        glp_scale_prob(problem, GLP_SF_AUTO)
    }

    func checkColumn(_ column: Int) {
        checkThread()
        precondition(column >= 0 && column < columnCount, "column \(column) of \(columnCount)")
    }

    func checkRow(_ row: Int) {
        checkThread()
        precondition(row >= 0 && row < rowCount, "row \(row) of \(rowCount)")
    }

    /// Notes whether the place now holds usable numbers.
    private mutating func accept(_ isUsable: Bool, at place: Place) -> Bool {
        if isUsable { unusable.remove(place) } else { unusable.insert(place) }
        return isUsable && !isBroken
    }

    /// Notes the state of a pair of bounds, and gives GLPK's kind and ends when it can be passed on.
    private mutating func accept(_ lower: Double, _ upper: Double, at place: Place) -> (
        Int32, Double, Double
    )? {
        contradictions.remove(place)
        guard accept(!lower.isNaN && !upper.isNaN, at: place) else { return nil }
        guard lower <= upper, lower < .infinity, upper > -.infinity else {
            contradictions.insert(place)
            return nil
        }
        switch (lower.isFinite, upper.isFinite) {
        case (true, true): return (lower == upper ? GLP_FX : GLP_DB, lower, upper)
        case (true, false): return (GLP_LO, lower, 0)
        case (false, true): return (GLP_UP, 0, upper)
        case (false, false): return (GLP_FR, 0, 0)
        }
    }
}
