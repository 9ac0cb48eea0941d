internal import CGLPK
internal import Glibc

/// A linear program: minimise a linear objective over columns (variables) with bounds, subject to rows, each
/// of which keeps a sparse linear form between two bounds.
///
///     var program = LinearProgram(columns: 2)
///     program.setBounds(ofColumn: 0, lower: 0, upper: 1)
///     program.setObjective(ofColumn: 0, -1)
///     program.addRow([.init(0, 1), .init(1, -2)], lower: -.infinity, upper: 0.5)
///     let outcome = program.minimise()
///
/// The basis stays between calls of `minimise`, so that solving again after a few bounds or objective
/// coefficients changed, or rows were added, starts from the last optimum.
///
/// The solver is GLPK, which keeps its state per thread: a program must be made, used and given up on one
/// thread, never across an `await`. A thread that ends after solving programs calls `releaseThreadState()`
/// last.
///
/// - Soundness: none. Answers are those of a floating-point solver with tolerances; whoever needs a proof
///   rounds the dual multipliers and evaluates them anew.
public struct LinearProgram: ~Copyable {
    /// A column's coefficient in a row.
    public struct Term: Sendable, Hashable {
        public var column: Int
        public var coefficient: Double

        public init(_ column: Int, _ coefficient: Double) {
            self.column = column
            self.coefficient = coefficient
        }
    }

    /// What GLPK must not be given: it would loop, answer nonsense, or end the process.
    enum Place: Hashable {
        case columnBounds(Int)
        case objective(Int)
        case rowBounds(Int)
        case rowTerms(Int)
    }

    let problem: OpaquePointer
    public let columnCount: Int
    public internal(set) var rowCount = 0
    /// Where a number is not finite; no solve until it is replaced.
    var unusable: Set<Place> = []
    /// Where a lower bound lies above its upper bound; the program is infeasible until they are replaced.
    var contradictions: Set<Place> = []
    /// GLPK failed an internal check on this problem, which may not be touched any more.
    var isBroken = false
    #if DEBUG
        let thread = pthread_self()
    #endif

    /// Columns are free (unbounded both ways) and cost nothing until told otherwise.
    ///
    /// - Precondition: at least one column.
    public init(columns: Int) {
        precondition(columns > 0 && columns < Int(Int32.max), "a linear program has at least one column")
        secateur_glpk_quieten()
        problem = glp_create_prob()
        columnCount = columns
        glp_set_obj_dir(problem, GLP_MIN)
        glp_add_cols(problem, Int32(columns))
        for column in 1...Int32(columns) { glp_set_col_bnds(problem, column, GLP_FR, 0, 0) }
    }

    deinit {
        checkThread()
        if !isBroken { glp_delete_prob(problem) }
    }

    /// Gives the body a program that lives no longer than the call, on the calling thread.
    public static func withProgram<Result, Failure: Error>(
        columns: Int, _ body: (inout LinearProgram) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var program = LinearProgram(columns: columns)
        return try body(&program)
    }

    /// Frees what GLPK holds for the calling thread.
    ///
    /// - Precondition: the thread has no program left.
    public static func releaseThreadState() {
        glp_free_env()
    }

    func checkThread() {
        #if DEBUG
            precondition(
                pthread_equal(thread, pthread_self()) != 0, "a linear program was used on another thread")
        #endif
    }
}
