import LinearPrograms
import RandomNumbers
import Testing

@Suite struct LinearProgramTests {
    @Test(arguments: 0..<200)
    func agreesWithVertexEnumeration(seed: Int) {
        let model = RandomProgram(columns: 1 + seed % 4, rows: seed % 6, seed: UInt64(seed))
        var program = model.makeProgram()
        switch (program.minimise(), model.minimumByVertices()) {
        case (.optimal(let optimum), .some(let expected)):
            #expect(abs(optimum.objective - expected) < 1e-6)
            #expect(model.isFeasible(optimum.primal, tolerance: 1e-6))
            #expect(abs(model.dualObjective(optimum) - optimum.objective) < 1e-6)
        case (.infeasible(.some(let multipliers)), nil):
            #expect(multipliers.count == model.rows.count)
            #expect(model.farkasGap(multipliers) > 0)
        case (let outcome, let expected):
            Issue.record("\(outcome), by vertices \(String(describing: expected))")
        }
    }

    @Test(arguments: 0..<50)
    func solvesAgainAfterChanges(seed: Int) {
        var model = RandomProgram(columns: 3, rows: 3, seed: UInt64(1000 + seed))
        let other = RandomProgram(columns: 3, rows: 4, seed: UInt64(2000 + seed))
        var program = model.makeProgram()
        _ = program.minimise()
        for column in 0..<3 {
            program.setObjective(ofColumn: column, other.objective[column])
            program.setBounds(
                ofColumn: column, lower: other.columnBounds[column].lowerBound,
                upper: other.columnBounds[column].upperBound)
        }
        program.setBounds(ofRow: 1, lower: other.rowBounds[1].lower, upper: other.rowBounds[1].upper)
        program.setTerms(ofRow: 2, [.init(1, other.rows[2][1])])
        program.addRow([.init(0, other.rows[3][0])], lower: other.rowBounds[3].lower, upper: .infinity)
        model.objective = other.objective
        model.columnBounds = other.columnBounds
        model.rowBounds[1] = other.rowBounds[1]
        model.rows[2] = [0, other.rows[2][1], 0]
        model.rows.append([other.rows[3][0], 0, 0])
        model.rowBounds.append((other.rowBounds[3].lower, .infinity))
        var fresh = model.makeProgram()
        var primal = LinearProgram.Options()
        primal.method = .primal
        switch (program.minimise(), fresh.minimise(primal)) {
        case (.optimal(let warm), .optimal(let cold)): #expect(abs(warm.objective - cold.objective) < 1e-6)
        case (.infeasible, .infeasible): break
        case (let warm, let cold): Issue.record("\(warm) after changes, \(cold) afresh")
        }
    }

    @Test(arguments: 0..<60)
    func findsFarkasMultipliersByEitherMethod(seed: Int) {
        // Demanding more of every row than the box allows, from a warm basis and afresh.
        var model = RandomProgram(columns: 2 + seed % 4, rows: 3 + seed % 5, seed: UInt64(3000 + seed))
        var options = LinearProgram.Options()
        options.method = seed % 2 == 0 ? .dual : .primal
        var program = model.makeProgram()
        if seed % 3 == 0 { _ = program.minimise() }
        for row in model.rows.indices.dropFirst() {
            let most = zip(model.rows[row], model.columnBounds).reduce(0) {
                $0 + max($1.0 * $1.1.lowerBound, $1.0 * $1.1.upperBound)
            }
            let lower = row == 1 ? most + 0.01 : most - 0.5
            model.rowBounds[row] = (lower, .infinity)
            program.setBounds(ofRow: row, lower: lower, upper: .infinity)
        }
        guard case .infeasible(let multipliers?) = program.minimise(options) else {
            return #expect(Bool(false))
        }
        #expect(model.farkasGap(multipliers) > 0)
    }

    @Test func freeColumnsCanBeUnbounded() {
        var program = LinearProgram(columns: 2)
        program.setObjective(ofColumn: 0, 1)
        program.addRow([.init(0, 1), .init(1, 1)], lower: 0, upper: .infinity)
        #expect(program.minimise() == .unbounded)
        program.setBounds(ofColumn: 1, lower: -.infinity, upper: 4)
        guard case .optimal(let optimum) = program.minimise() else { return #expect(Bool(false)) }
        #expect(optimum.objective == -4 && optimum.rowDuals == [1] && optimum.columnDuals == [0, -1])
    }

    @Test func contradictoryBoundsAreInfeasibleUntilReplaced() {
        var program = LinearProgram(columns: 1)
        program.setBounds(ofColumn: 0, lower: 1, upper: 0)
        #expect(program.minimise() == .infeasible(farkas: nil))
        program.setBounds(ofColumn: 0, lower: 1, upper: 1)
        program.addRow([.init(0, 1)], lower: .infinity, upper: .infinity)
        #expect(program.minimise() == .infeasible(farkas: nil))
        program.setBounds(ofRow: 0, lower: 0, upper: 1)
        guard case .optimal = program.minimise() else { return #expect(Bool(false)) }
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func numbersThatAreNotFiniteAreUndecidedUntilReplaced(number: Double) {
        var program = LinearProgram(columns: 2)
        program.setBounds(ofColumn: 0, lower: 0, upper: 1)
        program.setBounds(ofColumn: 1, lower: 0, upper: 1)
        program.addRow([.init(0, number)], lower: 0, upper: 1)
        program.setObjective(ofColumn: 1, number)
        guard case .undecided = program.minimise() else { return #expect(Bool(false)) }
        program.setObjective(ofColumn: 1, 1)
        guard case .undecided = program.minimise() else { return #expect(Bool(false)) }
        program.setTerms(ofRow: 0, [.init(0, 1)])
        program.setBounds(ofRow: 0, lower: .nan, upper: 1)
        guard case .undecided = program.minimise() else { return #expect(Bool(false)) }
        program.setBounds(ofRow: 0, lower: 0, upper: 1)
        guard case .optimal = program.minimise() else { return #expect(Bool(false)) }
    }

    @Test func hugeNumbersDoNotEndTheProcess() {
        for exponent in [100, 200, 300, 1000] {
            let huge = Double(sign: .plus, exponent: exponent, significand: 1.5)
            var program = LinearProgram(columns: 3)
            for column in 0..<3 {
                program.setBounds(ofColumn: column, lower: -huge, upper: huge)
                program.setObjective(ofColumn: column, column == 1 ? -huge : huge)
            }
            program.addRow([.init(0, huge), .init(1, 1 / huge), .init(2, 1)], lower: -1, upper: huge)
            program.addRow([.init(0, -1 / huge), .init(1, huge), .init(2, -huge)], lower: -huge, upper: 1)
            _ = program.minimise()
            _ = program.minimise()
        }
    }

    @Test func stopsAtTheTimeLimit() {
        var program = assignment(size: 150)
        var options = LinearProgram.Options()
        options.timeLimit = 0
        #expect(program.minimise(options) == .undecided(reason: "the time limit was reached"))
        options.timeLimit = 0.001
        #expect(program.minimise(options) == .undecided(reason: "the time limit was reached"))
    }

    @Test func findsIntegers() {
        LinearProgram.withProgram(columns: 2) { program in
            for column in 0..<2 {
                program.setBounds(ofColumn: column, lower: 0, upper: 10)
                program.setObjective(ofColumn: column, -1)
                program.setInteger(column: column)
            }
            program.addRow([.init(0, 2), .init(1, 3)], lower: -.infinity, upper: 7.5)
            #expect(program.minimiseInteger() == .optimal(objective: -3, primal: [3, 0]))
            program.addRow([.init(0, 2), .init(1, 2)], lower: 1, upper: 1.5)
            #expect(program.minimiseInteger() == .infeasible)
            program.setInteger(column: 0, false)
            guard case .optimal(let objective, _) = program.minimiseInteger() else {
                return #expect(Bool(false))
            }
            #expect(abs(objective + 0.75) < 1e-9)
            #expect(program.minimiseInteger(timeLimit: 0) == .undecided(reason: "the time limit was reached"))
        }
    }

    /// A dense transport program, large enough to need far more than a millisecond.
    private func assignment(size: Int) -> LinearProgram {
        var generator = SplitMix64(seed: 7)
        var program = LinearProgram(columns: size * size)
        for column in 0..<(size * size) {
            program.setBounds(ofColumn: column, lower: 0, upper: .infinity)
            program.setObjective(ofColumn: column, Double.random(in: 0...1, using: &generator))
        }
        for line in 0..<size {
            program.addRow((0..<size).map { .init(line * size + $0, 1) }, lower: 1, upper: 1)
            program.addRow((0..<size).map { .init($0 * size + line, 1) }, lower: 1, upper: 1)
        }
        return program
    }
}
