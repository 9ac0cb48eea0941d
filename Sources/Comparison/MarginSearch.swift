// Branch and bound over boxes for questions that a margin decides: a box is done where its margin is shown, the worst box
// is halved first, and every box proposes a point where the answer may be no.

import HeapModule
import Lanes
import Properties

/// What is known of one box.
struct BoxMargin: Sendable {
    /// Positive unless the box is done; where it is not, a lower bound of the margin.
    var margin: Double
    var isDone: Bool
    /// Per moving input how much of the looseness halving it may remove.
    var influence: [Double]
    /// Where to look for a counterexample.
    var candidates: [[Double]] = []
    /// Which parts of the question are not answered yet, for the box's halves.
    var open: [Int] = []
}

/// The search over one region.
struct MarginSearch {
    private struct Part: Comparable, Sendable {
        var lower: [Double]
        var upper: [Double]
        var margin: Double
        var influence: [Double]
        var open: [Int]
        var number: Int

        static func < (a: Part, b: Part) -> Bool { (a.margin, a.number) < (b.margin, b.number) }
        static func == (a: Part, b: Part) -> Bool { a.number == b.number }
    }

    /// A box to be bounded, and the parts of the question that are open on it.
    struct Box: Sendable {
        var lower: [Double]
        var upper: [Double]
        var open: [Int]
    }

    typealias Bound = @Sendable (_ pass: DifferencePass, _ box: Box) -> BoxMargin?

    private let region: InputRegion
    private let limits: ComparisonLimits
    private let passes: [DifferencePass]
    private let bound: Bound
    private let confirm: ([Double]) -> Counterexample?
    private var heap = Heap<Part>()
    private(set) var boxes = 0
    private(set) var found: Counterexample?

    var open: Int { heap.count }

    /// - Parameters:
    ///   - bound: runs the pass over a box and says what follows; nil when the pass was stopped.
    ///   - confirm: a counterexample near a candidate, with certainty.
    init(
        over region: InputRegion, model: PairModel, limits: ComparisonLimits, bound: @escaping Bound,
        confirm: @escaping ([Double]) -> Counterexample?
    ) {
        self.region = region
        self.limits = limits
        self.bound = bound
        self.confirm = confirm
        passes = (0..<max(1, limits.threads)).map { _ in DifferencePass(model, limits) }
    }

    /// Whether the whole region needs no splits.
    ///
    /// - Parameter open: the parts of the question.
    mutating func root(open: [Int] = []) -> Bool {
        let box = Box(lower: region.outwardLower, upper: region.outwardUpper, open: open)
        take(box, bound(passes[0], box))
        return heap.isEmpty
    }

    /// - Parameter found: nil when nothing was found out: then the box stays open as it is.
    private mutating func take(_ box: Box, _ found: BoxMargin?) {
        let found = found ?? BoxMargin(margin: -.infinity, isDone: false, influence: [], open: box.open)
        boxes += 1
        if found.isDone { return }
        for candidate in found.candidates where self.found == nil { self.found = confirm(candidate) }
        heap.insert(
            Part(
                lower: box.lower, upper: box.upper, margin: found.margin, influence: found.influence, open: found.open,
                number: boxes))
    }

    /// Goes on from `root()`.
    mutating func run(_ progress: (DeviationProgress) -> Void) -> Verdict {
        while found == nil, !heap.isEmpty {
            if limits.isCancelled() { return .unknown(reason: "cancelled") }
            if limits.isOver { return .timeout }
            if boxes >= limits.maxBoxes { return .unknown(reason: "the limit of \(limits.maxBoxes) boxes was reached") }
            var halves: [Box] = []
            while halves.count < 128, let part = heap.popMin() {
                guard let pair = halve(part) else {
                    return .unknown(reason: "a box of the inputs cannot be halved any further")
                }
                halves += pair
            }
            boundAll(halves)
            let worst = -(heap.min?.margin ?? 0)
            progress(DeviationProgress(boxes: boxes, open: heap.count, attacked: 0, certified: worst))
        }
        return found.map(Verdict.violated) ?? .holds
    }

    private mutating func boundAll(_ parts: [Box]) {
        let results = Results<BoxMargin>(parts.count)
        let tickets = Tickets(parts.count)
        let workers = WorkerPasses(passes)
        let bound = bound
        runWorkers(min(passes.count, parts.count)) { worker in
            while let ticket = tickets.take() {
                results[ticket] = bound(workers.passes[worker], parts[ticket])
            }
        }
        for (index, part) in parts.enumerated() {
            take(part, results[index])
        }
    }

    /// Along the input that most of the looseness comes from, for its width.
    private func halve(_ part: Part) -> [Box]? {
        let moving = part.lower.indices.filter { part.lower[$0] < part.upper[$0] }
        var best: (weight: Double, input: Int)?
        for (place, input) in moving.enumerated() {
            let middle = part.lower[input] / 2 + part.upper[input] / 2
            guard middle > part.lower[input], middle < part.upper[input] else { continue }
            let width = part.upper[input] - part.lower[input]
            let share = place < part.influence.count ? part.influence[place] : 0
            let weight = share > 0 ? share : width * 1e-300
            if weight > best?.weight ?? -1 { best = (weight, input) }
        }
        guard let input = best?.input else { return nil }
        let middle = part.lower[input] / 2 + part.upper[input] / 2
        var (left, right) = (part.upper, part.lower)
        left[input] = middle
        right[input] = middle
        return [
            Box(lower: part.lower, upper: left, open: part.open), Box(lower: right, upper: part.upper, open: part.open),
        ]
    }
}

/// Each worker uses the pass of its own number only.
final class WorkerPasses: @unchecked Sendable {
    let passes: [DifferencePass]

    init(_ passes: [DifferencePass]) { self.passes = passes }
}
