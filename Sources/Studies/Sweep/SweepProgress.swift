// What a running sweep tells.

public import Training

/// Something that is finished.
public enum SweepEvent: Sendable {
    case epoch(ModelRecipe, EpochResult)
    case made(ModelRecipe, seconds: Double)
    /// All answers of a network are known.
    case answered(ModelRecord, [Outcome: Int])
}

/// Where a sweep stands.
public struct SweepProgress: Sendable {
    public var phase = ""
    /// Of this phase.
    public var done = 0
    public var total = 0
    /// What is worked at.
    public var detail = ""
    public var counts: [Outcome: Int] = [:]
    public var seconds = 0.0
}

/// How a run of a sweep ended.
public struct SweepSummary: Sendable {
    public enum End: Sendable, Equatable { case complete, interrupted, budgetExhausted }

    public var end: End
    public var seconds: Double
    public var savings: [Saving]
    /// Questions without an answer; nil when not even all networks are made.
    public var left: Int?

    /// What one kind of reuse has saved, over all answers of the sweep.
    public struct Saving: Sendable, Equatable {
        public var kind: Reuse
        public var isOn: Bool
        /// Queries that it answered, or that began with it.
        public var queries: Int
        /// Seconds that searches for answers of the same kind took elsewhere in the sweep, for as many queries; nil
        /// where it only made searches shorter.
        public var seconds: Double?
    }
}
