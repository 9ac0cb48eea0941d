// What a sweep is: networks, how they come about, and what is asked of each.

public import Pruning
public import Training

public struct SweepPlan: Sendable {
    /// After the file.
    public var name: String
    /// Where models, checkpoints and results are kept.
    public var folder: String
    /// What dense networks are trained as; nil when they are given.
    public var architecture: String?
    public var networks: [GivenNetwork] = []
    public var seeds: [UInt64] = []
    /// The test examples; training takes the other part.
    public var dataset: DatasetReference
    /// So many training examples only.
    public var trainingLimit: Int?
    /// Of networks that do not normalise their inputs themselves.
    public var normalization: Normalization?
    public var training = TrainingOptions()
    public var pruning: SweepPruning?
    /// Nil: pruned networks stay as they are.
    public var fineTuning: TrainingOptions?
    public var images: IndexRanges
    public var question: Question
    /// Budgets of each query.
    public var query = QueryOptions()
    /// Queries, or trainings, side by side; nil for as many as there are processors for their threads.
    public var jobs: Int?
    /// Of each query that a first trial on one thread left open.
    public var threads = 1
    /// Seconds for everything that a run of the sweep does.
    public var budget: Double?
    public var reuse = Reuse.usual
    public var choice = SweepChoice()
    /// The file of the folder that answers are written to for statistics.
    var resultsFile = SweepResults.fileName

    public enum Question: Sendable, Equatable {
        /// Whether the class is kept within each radius; decimals, ascending.
        case epsilons([String])
        /// The largest radius for which it is proved and the smallest for which it is refuted, up to a tolerance.
        case radii(tolerance: Double)
    }

    /// A network that is not trained here.
    public struct GivenNetwork: Sendable, Equatable {
        public var file: String
        public var seed: UInt64
        /// Nil for a dense one.
        public var method: String?
        public var ratio: Double
    }

    public var epsilons: [String] {
        if case .epsilons(let epsilons) = question { epsilons } else { [] }
    }
}

public struct SweepPruning: Sendable, Equatable {
    /// The names of `PruningMethod`, or `channels`.
    public var methods = [PruningMethod.magnitude.rawValue]
    /// Ascending; 0 stands for the dense network.
    public var ratios: [Double]
    public var scope = PruningScope.all
    public var isPerLayer = false
    public var revival = 0.0
    public var damping = 0.01
    /// How many calibration examples.
    public var calibration = 256

    /// Whole channels and neurons, by their norm.
    public static let channels = "channels"
}

/// How a good ratio is looked for between those of the grid.
public struct SweepChoice: Sendable, Equatable {
    public enum Method: String, Sendable, CaseIterable { case golden, halving }

    public var method = Method.golden
    /// The method of pruning; nil for the sweep's first.
    public var pruning: String?
    public var least = 0.0
    public var most = 0.95
    /// The search ends when it has narrowed the ratio down to this.
    public var tolerance = 0.05
    /// Test accuracy below which a network is out of the question.
    public var accuracy = 0.0
    /// One of the sweep's radii; nil for the largest.
    public var epsilon: String?
    /// Ratios that successive halving begins with.
    public var candidates = 8
}
