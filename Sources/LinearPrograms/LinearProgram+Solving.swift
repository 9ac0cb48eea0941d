internal import CGLPK

extension LinearProgram {
    public struct Options: Sendable {
        public enum Method: Sendable {
            /// The dual simplex method, and the primal one where that fails: best when bounds changed.
            case dual
            /// The primal simplex method: best when the objective changed.
            case primal
        }

        public var method = Method.dual
        /// Seconds; infinite for none.
        public var timeLimit = Double.infinity
        /// Whether an infeasible answer comes with multipliers; rarely, at the cost of a second, larger
        /// program.
        public var findsFarkas = true

        public init() {}
    }

    /// What `minimise` found. Numbers are as exact as the solver's tolerances (1e-7), no better.
    public enum Outcome: Sendable, Equatable {
        case optimal(Optimum)
        /// No point satisfies all bounds. `farkas` shows it, with one multiplier `y_i` per row: the sum of
        /// `y_i * lower_i` over positive and `y_i * upper_i` over negative multipliers, which every feasible
        /// point's `sum y_i (A x)_i` reaches, is more than the largest `(y A) x` over the columns' bounds.
        /// `nil` when it was not asked for, could not be found, or a pair of bounds contradicts itself.
        case infeasible(farkas: [Double]?)
        /// Feasible, and the objective falls without end.
        case unbounded
        /// Out of time, or out of numerical luck.
        case undecided(reason: String)
    }

    /// An optimal basic solution.
    ///
    /// A dual is the objective's rate of change when the row's (or column's) bound moves: positive at a lower
    /// bound, negative at an upper one. So the objective equals the sum over rows and columns of dual times
    /// the bound that the dual's sign names.
    public struct Optimum: Sendable, Equatable {
        public var objective: Double
        /// One value per column.
        public var primal: [Double]
        public var rowDuals: [Double]
        public var columnDuals: [Double]
    }

    /// Minimises the objective, starting from the basis that the last call left.
    public mutating func minimise(_ options: Options = Options()) -> Outcome {
        checkThread()
        if let answer = answerWithoutSolving { return answer }
        let start = ContinuousClock.now
        var code = simplex(options.method, timeLimit: options.timeLimit)
        if code == GLP_EBADB || code == GLP_ESING || code == GLP_ECOND {
            glp_std_basis(problem)
            code = simplex(.primal, timeLimit: options.timeLimit - seconds(since: start))
        }
        guard code == 0 else { return .undecided(reason: reason(forCode: code)) }
        switch glp_get_status(problem) {
        case GLP_OPT: return optimum.map(Outcome.optimal) ?? .undecided(reason: "the optimum is not finite")
        case GLP_NOFEAS:
            guard options.findsFarkas else { return .infeasible(farkas: nil) }
            return .infeasible(
                farkas: farkasMultipliers(timeLimit: options.timeLimit - seconds(since: start)))
        case GLP_UNBND: return .unbounded
        default: return .undecided(reason: "the simplex method stopped without an answer")
        }
    }

    var answerWithoutSolving: Outcome? {
        if isBroken { return .undecided(reason: reason(forCode: Int32(SECATEUR_GLPK_FAILED))) }
        if !unusable.isEmpty { return .undecided(reason: "a number of the program is not finite") }
        if !contradictions.isEmpty { return .infeasible(farkas: nil) }
        return nil
    }

    private mutating func simplex(_ method: Options.Method, timeLimit: Double) -> Int32 {
        var parameters = glp_smcp()
        glp_init_smcp(&parameters)
        parameters.msg_lev = GLP_MSG_OFF
        parameters.meth = method == .dual ? GLP_DUALP : GLP_PRIMAL
        parameters.presolve = GLP_OFF
        parameters.tm_lim = milliseconds(timeLimit)
        guard parameters.tm_lim > 0 else { return GLP_ETMLIM }
        let code = secateur_glpk_simplex(problem, &parameters)
        isBroken = code == Int32(SECATEUR_GLPK_FAILED)
        return code
    }

    private var optimum: Optimum? {
        let columns = 1...Int32(columnCount)
        let rows = rowCount == 0 ? [] : Array(1...Int32(rowCount))
        let found = Optimum(
            objective: glp_get_obj_val(problem), primal: columns.map { glp_get_col_prim(problem, $0) },
            rowDuals: rows.map { glp_get_row_dual(problem, $0) },
            columnDuals: columns.map { glp_get_col_dual(problem, $0) })
        let isFinite =
            found.objective.isFinite && found.primal.allSatisfy(\.isFinite)
            && found.rowDuals.allSatisfy(\.isFinite) && found.columnDuals.allSatisfy(\.isFinite)
        return isFinite ? found : nil
    }
}

/// Seconds from the instant to now.
func seconds(since start: ContinuousClock.Instant) -> Double {
    (ContinuousClock.now - start) / .seconds(1)
}

/// GLPK's form of a time limit: none is the largest number.
func milliseconds(_ seconds: Double) -> Int32 {
    guard seconds < 2e6 else { return .max }
    return seconds > 0 ? Int32((seconds * 1000).rounded(.up)) : 0
}

func reason(forCode code: Int32) -> String {
    switch code {
    case GLP_ETMLIM: "the time limit was reached"
    case GLP_EITLIM: "the iteration limit was reached"
    case GLP_EBADB, GLP_ESING, GLP_ECOND: "the basis matrix is singular or ill-conditioned"
    case GLP_EBOUND: "an integer column has bounds that are not integers"
    case Int32(SECATEUR_GLPK_FAILED): "the solver failed an internal check"
    default: "the solver gave up (code \(code))"
    }
}
