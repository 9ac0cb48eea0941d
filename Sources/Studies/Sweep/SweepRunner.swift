// A sweep: make the networks that are missing, and answer what has no answer yet.
//
// Whatever is finished is kept at once: networks as files, named after what determines them; answers in the store. So a
// sweep can be stopped anywhere, and the same command goes on.

internal import Datasets
internal import Foundation
internal import Training
internal import Verification

public final class SweepRunner {
    public let plan: SweepPlan
    let store: ResultStore
    let data: SweepData
    let options: Options
    let pool = JobPool<Message>()
    let denseNetworks = DenseNetworks()
    public private(set) var recipes: [ModelRecipe] = []
    /// By number of the recipe.
    public internal(set) var records: [Int: ModelRecord] = [:]
    var progress = SweepProgress()
    private var nextReport = ContinuousClock.now
    let start = ContinuousClock.now
    /// What is known, once the questions were begun.
    public internal(set) var results: SweepResults?
    /// What a sweep without a list of radii found.
    var radii: [FoundRadius] = []
    /// When the results are next written to their file.
    var nextWriting = ContinuousClock.now + .seconds(5)

    /// How a sweep uses the machine.
    public struct Options: Sendable {
        public var version: String
        public var processors: Int

        public init(version: String, processors: Int) {
            self.version = version
            self.processors = processors
        }
    }

    /// What jobs say.
    enum Message: Sendable {
        case making(Int, MakingEvent)
        case made(Int, seconds: Double)
        case inspected(Int, ModelRecord)
        case opened(Int, OpenedModel)
        case answer(model: Int, image: Int, ImageTask.Answer)
        case ended(model: Int, image: Int)
        case radius(model: Int, image: Int, RadiusResult)
        case measured(SweepQuestions.Place, Looseness)
        case failed(StudyError)
    }

    public var onEvent: (SweepEvent) -> Void = { _ in }
    /// Called about ten times a second.
    public var onProgress: (SweepProgress) -> Void = { _ in }
    public var isCancelled: () -> Bool = { false }

    /// - Throws: when the folder cannot be used or another sweep is using it.
    public init(plan: SweepPlan, options: Options) throws(StudyError) {
        self.plan = plan
        self.options = options
        data = SweepData(plan.dataset)
        do {
            try FileManager.default.createDirectory(atPath: plan.folder, withIntermediateDirectories: true)
        } catch {
            throw StudyError("\(plan.folder): cannot be made (\(error.localizedDescription)); choose another folder")
        }
        store = try ResultStore(path: plan.folder + "/results.sqlite")
    }

    /// Does what is missing.
    ///
    /// - Throws: what the user has to change; what was finished before is kept.
    public func run() throws(StudyError) -> SweepSummary {
        // What is wrong with the questions is said before networks are made for them.
        do { _ = try SweepQuestions.dataset(of: plan) } catch {
            throw error as? StudyError ?? StudyError("\(error)")
        }
        recipes = try plan.recipes(data)
        return try run(recipes)
    }

    /// Questions without an answer, when all networks are there.
    func openCount(_ recipes: [ModelRecipe]) throws(StudyError) -> Int {
        self.recipes = recipes
        return try SweepQuestions(self).openCount
    }

    /// As above with other recipes, each after what it is made of.
    func run(_ recipes: [ModelRecipe]) throws(StudyError) -> SweepSummary {
        self.recipes = recipes
        do {
            if try makeModels(), try inspectModels() {
                let questions = try SweepQuestions(self)
                try store.keep(questions.outline, kind: "sweep", key: "sweep")
                defer { progress.phase = "" }
                var isDone = plan.epsilons.isEmpty ? try findRadii(questions) : try answer(questions)
                if isDone { isDone = try measure(questions) }
                try writeResults(questions)
                return summary(isDone ? .complete : end, questions)
            }
        } catch {
            // Jobs that still run must not outlive the runner's promise to have ended.
            pool.stop()
            while pool.count > 0 { _ = pool.take(waiting: true) }
            throw error
        }
        return SweepSummary(end: end, seconds: seconds(since: start), savings: [], left: nil)
    }

    private func summary(_ end: SweepSummary.End, _ questions: SweepQuestions) -> SweepSummary {
        SweepSummary(
            end: end, seconds: seconds(since: start), savings: questions.savings(plan.reuse),
            left: questions.openCount)
    }

    var end: SweepSummary.End { isCancelled() ? .interrupted : .budgetExhausted }

    /// Whether the sweep is to end before it is complete.
    var isOver: Bool { isCancelled() || plan.budget.map { seconds(since: start) >= $0 } ?? false }

    /// Runs jobs until there are none left, and takes their messages.
    ///
    /// - Parameters:
    ///   - jobs: how many side by side.
    ///   - onTurn: called about ten times a second.
    ///   - next: the next job, or nil while there is none.
    /// - Returns: whether all was done.
    func work(
        jobs: Int, onTurn: () throws(StudyError) -> Void = {}, next: () throws(StudyError) -> (@Sendable () -> Void)?,
        take: (Message) throws(StudyError) -> Void
    ) throws(StudyError) -> Bool {
        while true {
            if isOver { pool.stop() }
            // Of jobs that have ended now every message is taken below, before others are begun.
            let running = pool.count
            let messages = pool.take(waiting: running > 0)
            for message in messages {
                if case .failed(let error) = message { throw error }
                try take(message)
            }
            if ContinuousClock.now >= nextReport {
                nextReport = ContinuousClock.now + .milliseconds(100)
                progress.seconds = seconds(since: start)
                onProgress(progress)
                try onTurn()
            }
            var begun = 0
            while !pool.isStopped, running + begun < jobs, let job = try next() {
                pool.start(job)
                begun += 1
            }
            if running + begun == 0 && messages.isEmpty { return !pool.isStopped }
        }
    }

    /// Jobs that do not need more than one thread.
    var defaultJobs: Int { plan.jobs ?? options.processors }
}

// MARK: networks

extension SweepRunner {
    /// Trains and prunes what is missing.
    private func makeModels() throws(StudyError) -> Bool {
        var missing = recipes.indices.filter { !recipes[$0].isMade }
        for index in missing where recipes[index].making == .given {
            throw StudyError("\(recipes[index].file): does not exist; check the sweep's `networks`")
        }
        guard !missing.isEmpty else { return true }
        progress.phase = "making networks"
        (progress.done, progress.total) = (0, missing.count)
        let range = try data.range()
        let test = try data.test()
        let needsExamples = plan.architecture != nil || plan.fineTuning != nil || plan.calibrates
        let training = needsExamples ? try data.training(limit: plan.trainingLimit) : nil
        let threads = max(plan.training.threads, plan.fineTuning?.threads ?? 1)
        return try work(jobs: plan.jobs ?? max(1, options.processors / threads)) { () throws(StudyError) in
            // What others are made of comes first, so that the longest chain is not begun last.
            guard
                let place = missing.firstIndex(where: { isReady(recipes[$0]) && isParent($0) })
                    ?? missing.firstIndex(where: { isReady(recipes[$0]) })
            else { return nil }
            let index = missing.remove(at: place)
            let maker = ModelMaker(
                plan: plan, recipe: recipes[index], parent: parent(of: recipes[index]), training: training, test: test,
                range: range)
            return { [pool] in
                let start = ContinuousClock.now
                do throws(StudyError) {
                    let isMade = try maker.make(
                        tell: { pool.post(.making(index, $0)) }, isCancelled: { pool.isStopped })
                    if isMade { pool.post(.made(index, seconds: seconds(since: start))) }
                } catch {
                    pool.post(.failed(error))
                }
            }
        } take: { message throws(StudyError) in
            switch message {
            case .making(let index, .progress(let training)):
                progress.detail = "\(recipes[index].name) epoch \(training.epoch)/\(training.epochs)"
            case .making(let index, .epoch(let epoch)): onEvent(.epoch(recipes[index], epoch))
            case .made(let index, let seconds):
                progress.done += 1
                try store.keep(seconds, kind: "making", key: recipes[index].digest)
                onEvent(.made(recipes[index], seconds: seconds))
            default: break
            }
        }
    }

    private func isReady(_ recipe: ModelRecipe) -> Bool { parent(of: recipe)?.isMade ?? true }

    /// Whether another network is made of this one.
    private func isParent(_ index: Int) -> Bool {
        recipes.contains { if case .pruned(let parent) = $0.making { parent == index } else { false } }
    }

    func parent(of recipe: ModelRecipe) -> ModelRecipe? {
        if case .pruned(let parent) = recipe.making { recipes[parent] } else { nil }
    }

    /// Looks at every network that has no record yet.
    private func inspectModels() throws(StudyError) -> Bool {
        let known: [String: ModelRecord] = try store.kept(kind: "model")
        let making: [String: Double] = try store.kept(kind: "making")
        var missing: [Int] = []
        for index in recipes.indices {
            if let record = known[recipes[index].digest], record.name == recipes[index].name {
                records[index] = record
            } else {
                missing.append(index)
            }
        }
        progress.phase = "looking at networks"
        (progress.done, progress.total, progress.detail) = (0, missing.count, "")
        return try work(jobs: defaultJobs) { () throws(StudyError) in
            guard let index = missing.popLast() else { return nil }
            let recipe = recipes[index]
            let inspection = ModelInspection(
                recipe: recipe, denseFile: parent(of: recipe)?.file, normalization: plan.normalization,
                dataset: plan.dataset)
            let seconds = making[recipe.digest]
            return { [pool] in
                do throws(StudyError) {
                    pool.post(.inspected(index, try inspection.record(seconds: seconds)))
                } catch {
                    pool.post(.failed(error))
                }
            }
        } take: { message throws(StudyError) in
            guard case .inspected(let index, let record) = message else { return }
            progress.done += 1
            records[index] = record
            try store.keep(record, kind: "model", key: record.digest)
        }
    }
}
