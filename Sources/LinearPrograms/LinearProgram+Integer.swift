internal import CGLPK

extension LinearProgram {
    /// What `minimiseInteger` found.
    public enum IntegerOutcome: Sendable, Equatable {
        /// Optimal up to the solver's tolerances.
        case optimal(objective: Double, primal: [Double])
        /// A point that satisfies everything, found before the time ran out.
        case feasible(objective: Double, primal: [Double])
        case infeasible
        /// The program without the integrality condition falls without end.
        case unbounded
        case undecided(reason: String)
    }

    /// Minimises by branch and cut with the columns of `setInteger` kept to integers.
    ///
    /// - Parameter timeLimit: seconds.
    public mutating func minimiseInteger(timeLimit: Double = .infinity) -> IntegerOutcome {
        checkThread()
        switch answerWithoutSolving {
        case .undecided(let reason): return .undecided(reason: reason)
        case .infeasible: return .infeasible
        default: break
        }
        var parameters = glp_iocp()
        glp_init_iocp(&parameters)
        parameters.msg_lev = GLP_MSG_OFF
        parameters.presolve = GLP_ON
        parameters.mir_cuts = GLP_ON
        parameters.gmi_cuts = GLP_ON
        parameters.tm_lim = milliseconds(timeLimit)
        guard parameters.tm_lim > 0 else { return .undecided(reason: reason(forCode: GLP_ETMLIM)) }
        let code = secateur_glpk_integer(problem, &parameters)
        isBroken = code == Int32(SECATEUR_GLPK_FAILED)
        switch code {
        case 0, GLP_ETMLIM, GLP_EMIPGAP: return integerAnswer(code: code)
        case GLP_ENOPFS: return .infeasible
        case GLP_ENODFS: return .unbounded
        default: return .undecided(reason: reason(forCode: code))
        }
    }

    private func integerAnswer(code: Int32) -> IntegerOutcome {
        let objective = glp_mip_obj_val(problem)
        let primal = (1...Int32(columnCount)).map { glp_mip_col_val(problem, $0) }
        switch glp_mip_status(problem) {
        case GLP_OPT: return .optimal(objective: objective, primal: primal)
        case GLP_FEAS: return .feasible(objective: objective, primal: primal)
        case GLP_NOFEAS: return .infeasible
        default: return .undecided(reason: reason(forCode: code))
        }
    }
}
