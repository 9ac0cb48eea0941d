// Charts of what changes with the ratio and with the radius.

internal import Statistics
internal import Studies

/// A quantity as a function of the ratio, one curve for each radius.
struct Metric: Sendable {
    var title: String
    var subtitle: String
    var isShare = false
    /// From nothing to all, so that panels compare.
    var isWhole = false
    var isLogarithmic = false
    var value: @Sendable (SweepCell) -> Sample?

    static let all: [Metric] = [
        Metric(title: "Certified", subtitle: "share proved robust", isShare: true, isWhole: true) { $0.certified },
        Metric(title: "Attacked accuracy", subtitle: "right, and no counterexample known", isShare: true, isWhole: true)
        {
            $0.attacked
        },
        Metric(title: "Undecided", subtitle: "unknown, timeout, error", isShare: true) { $0.undecided },
        Metric(title: "Least margin found", subtitle: "by the attack: the network's own robustness") {
            $0.attackedMargin
        },
        Metric(title: "Bound before any split", subtitle: "above 0: proved at once") { $0.rootBound },
        Metric(title: "Looseness", subtitle: "least margin found less the bound") { $0.looseness },
        Metric(title: "Unstable neurons", subtitle: "that the verifier must reason about") { $0.unstableNeurons },
        Metric(title: "Subproblems", subtitle: "of a query, logarithmic", isLogarithmic: true) { $0.nodes },
        Metric(title: "Seconds", subtitle: "of a query, logarithmic", isLogarithmic: true) { $0.seconds },
        Metric(title: "Seconds to the proof", subtitle: "of certified queries, logarithmic", isLogarithmic: true) {
            $0.proofSeconds
        },
    ]
}

func ratioTicks(_ points: [SweepPoint]) -> [(value: Double, text: String)] {
    points.map { (100 * $0.ratio, $0.isDense ? "dense" : tickText(100 * $0.ratio)) }
}

/// A panel for each metric that there are values of.
func metricPanels(_ points: [SweepPoint], epsilons: [String]) -> [String] {
    Metric.all.compactMap { metric in
        let curves = epsilons.indices.map { radius in
            Curve(
                points: points.compactMap { point in
                    metric.value(point.cells[radius]).map { (100 * point.ratio, $0.scaled(metric.isShare)) }
                },
                kind: "radius", shade: shade(radius, of: epsilons.count), label: epsilons[radius],
                hasBand: epsilons.count == 1)
        }.filter { !$0.points.isEmpty }
        guard curves.contains(where: { $0.points.contains { $0.sample.values.contains { $0 != 0 } } }) else {
            return nil
        }
        var options = PanelOptions(title: metric.title, subtitle: metric.subtitle)
        options.xTicks = ratioTicks(points)
        options.xLabel = "weights pruned, %"
        options.isLogarithmic = metric.isLogarithmic
        options.yRange = metric.isWhole ? 0...100 : nil
        if metric.isShare { options.yText = { tickText($0) + " %" } }
        options.labelRoom = labelRoom(epsilons)
        return panel(curves, options)
    }
}

extension Sample {
    /// In percent, if it is a share.
    func scaled(_ isShare: Bool) -> Sample { isShare ? Sample(values.map { 100 * $0 })! : self }
}

func shade(_ index: Int, of count: Int) -> Double { count > 1 ? Double(index) / Double(count - 1) : 1 }

func labelRoom(_ labels: [String]) -> Double { 12 + 6.2 * Double(labels.map(\.count).max() ?? 0) }

/// The certified share by radius: one panel for each ratio, with dense behind it.
func robustnessPanels(_ points: [SweepPoint], epsilons: [String]) -> [String] {
    let radii = epsilons.map { Double($0) ?? 0 }
    func curve(_ point: SweepPoint, _ kind: String, label: String?) -> Curve {
        Curve(
            points: point.cells.enumerated().compactMap { radius, cell in
                cell.certified.map { (radii[radius], $0.scaled(true)) }
            }, kind: kind, shade: nil, label: label)
    }
    let dense = points.first(where: \.isDense)
    let pruned = points.filter { !$0.isDense }
    return (pruned.isEmpty ? points : pruned).map { point in
        var curves: [Curve] = []
        if let dense, !point.isDense { curves.append(curve(dense, "dense", label: "dense")) }
        curves.append(curve(point, "focus", label: short(point.name)))
        var options = PanelOptions(title: point.isDense ? "dense" : "\(point.name) pruned")
        options.xTicks = zip(radii, epsilons).map { ($0, $1) }
        options.xLabel = "radius"
        options.yRange = 0...100
        options.yText = { tickText($0) + " %" }
        options.labelRoom = labelRoom(["dense", short(point.name)])
        return panel(curves.filter { !$0.points.isEmpty }, options)
    }
}

/// How many of the images are decided by when, at one radius: a cactus plot lying on its side, so that curves end where
/// their labels are.
func cactusPanel(
    _ points: [SweepPoint], queries: [String: [SweepQuery]], images: Int, timeout: Double?, title: String
) -> String? {
    let least = 0.001
    func times(_ point: SweepPoint) -> [Double] {
        point.models.flatMap { queries[$0.id] ?? [] }.filter { $0.outcome == .holds || $0.outcome == .violated }.map {
            max($0.seconds, least)
        }.sorted()
    }
    let last = max(timeout ?? 0, points.compactMap { times($0).last }.max() ?? 0)
    let curves = points.enumerated().compactMap { index, point -> Curve? in
        let times = times(point)
        guard !times.isEmpty, images > 0 else { return nil }
        let scale = 100 / Double(images * point.models.count)
        // A curve of two hundred points shows what one of thousands does.
        let step = max(1, times.count / 200)
        var steps: [(x: Double, sample: Sample)] = []
        for position in times.indices where position % step == 0 || position == times.count - 1 {
            steps.append((times[position], Sample([Double(position + 1) * scale])!))
        }
        steps.append((last, Sample([Double(times.count) * scale])!))
        return Curve(
            points: steps, kind: point.isDense ? "dense plain" : "ratio plain",
            shade: point.isDense ? nil : shade(index, of: points.count), label: short(point.name), hasBand: false)
    }
    guard !curves.isEmpty else { return nil }
    var options = PanelOptions(title: title)
    options.xLabel = "seconds, logarithmic"
    options.xIsLogarithmic = true
    options.yRange = 0...100
    options.yText = { tickText($0) + " %" }
    options.labelRoom = labelRoom(points.map { short($0.name) })
    options.height = 230
    return panel(curves, options)
}

/// Sparsity against the certified share (averaged over the radii), sparsity against accuracy, and both against each
/// other; points that no other surpasses in all three are filled.
func frontPanels(_ points: [SweepPoint]) -> [String] {
    struct Place {
        var point: SweepPoint
        var certified: Double
        var isOnFront = false
    }
    var places = points.compactMap { point -> Place? in
        let means = point.cells.compactMap { $0.certified?.mean }
        guard means.count == point.cells.count, let mean = Sample(means)?.mean else { return nil }
        return Place(point: point, certified: 100 * mean)
    }
    func values(_ place: Place) -> [Double] {
        [place.point.sparsity.mean, place.certified] + (place.point.accuracy.map { [$0.mean] } ?? [])
    }
    for index in places.indices {
        places[index].isOnFront = !places.contains { other in
            let pairs = zip(values(other), values(places[index]))
            return pairs.allSatisfy { $0 >= $1 } && pairs.contains { $0 > $1 }
        }
    }
    func chart(_ title: String, _ xLabel: String, _ yLabel: String, x: (Place) -> Double?, y: (Place) -> Double?)
        -> String?
    {
        let shown = places.compactMap { place in
            x(place).flatMap { x in y(place).map { (place: place, x: x, y: $0) } }
        }
        guard shown.count > 1 else { return nil }
        var svg = SVG(width: 320, height: 230, label: title)
        drawTitle(&svg, title, yLabel)
        let across = Scale(Scale.covering(shown.map(\.x)), from: 44, to: 296)
        let up = Scale(Scale.covering(shown.map(\.y)), from: 194, to: 44)
        for tick in up.ticks() {
            svg.line(Point(40, up(tick)), Point(296, up(tick)), "grid")
            svg.text(tickText(tick), at: Point(36, up(tick) + 3.5), "tick", anchor: .end)
        }
        for tick in across.ticks() {
            svg.line(Point(across(tick), 194), Point(across(tick), 197), "axis")
            svg.text(tickText(tick), at: Point(across(tick), 209), "tick", anchor: .middle)
        }
        svg.text(xLabel, at: Point(44, 226), "faint")
        let places = shown.map { Point(across($0.x), up($0.y)) }
        let front = shown.indices.filter { shown[$0].place.isOnFront }.sorted { shown[$0].x < shown[$1].x }
        svg.path(front.map { places[$0] }, "frontier")
        var labels = Labels(points: places)
        for (entry, at) in zip(shown, places) {
            svg.circle(
                at, radius: 4, entry.place.isOnFront ? "front" : "dominated",
                tooltip: "\(entry.place.point.name): \(tickText(entry.x)), \(tickText(entry.y))")
            if let (point, anchor) = labels.place(short(entry.place.point.name), at: at) {
                svg.text(short(entry.place.point.name), at: point, "tick", anchor: anchor)
            }
        }
        return svg.markup
    }
    let accuracy: (Place) -> Double? = { $0.point.accuracy.map { 100 * $0.mean } }
    let sparsity: (Place) -> Double? = { 100 * $0.point.sparsity.mean }
    return [
        chart(
            "Sparsity and certified share", "zero weights, %", "certified, %, mean of the radii", x: sparsity,
            y: { $0.certified }),
        chart("Sparsity and accuracy", "zero weights, %", "test accuracy, %", x: sparsity, y: accuracy),
        chart(
            "Accuracy and certified share", "test accuracy, %", "certified, %, mean of the radii", x: accuracy,
            y: { $0.certified }),
    ].compactMap { $0 }
}

/// Puts names beside points where they cover neither points nor other names; a name without such a place is left to the
/// point's tooltip.
private struct Labels {
    let points: [Point]
    private var taken: [(x: ClosedRange<Double>, y: ClosedRange<Double>)] = []

    init(points: [Point]) { self.points = points }

    mutating func place(_ text: String, at point: Point) -> (Point, SVG.Anchor)? {
        let width = 5.6 * Double(text.count)
        let choices: [(Point, SVG.Anchor, Double)] = [
            (Point(point.x, point.y - 8), .middle, point.x - width / 2),
            (Point(point.x, point.y + 16), .middle, point.x - width / 2),
            (Point(point.x + 8, point.y + 3.5), .start, point.x + 8),
            (Point(point.x - 8, point.y + 3.5), .end, point.x - 8 - width),
        ]
        for (place, anchor, start) in choices {
            let x: ClosedRange<Double> = start...(start + width)
            let y: ClosedRange<Double> = (place.y - 8)...(place.y + 1)
            guard x.lowerBound > 40, x.upperBound < 320, y.upperBound < 194 else { continue }
            let coversName = taken.contains { $0.x.overlaps(x) && $0.y.overlaps(y) }
            let coversPoint = points.contains { other in
                let (near, far): (Double, Double) = (other.x - 4, other.x + 4)
                let (top, bottom): (Double, Double) = (other.y - 4, other.y + 4)
                return near < x.upperBound && far > x.lowerBound && top < y.upperBound && bottom > y.lowerBound
            }
            if coversName || coversPoint { continue }
            taken.append((x, y))
            return (place, anchor)
        }
        return nil
    }
}

/// Unstable neurons of each layer by ratio, one curve for each radius.
func layerPanels(_ points: [SweepPoint], epsilons: [String]) -> [String] {
    var names: [String] = []
    for layer in points.flatMap(\.cells).flatMap(\.unstableByLayer) where !names.contains(layer.name) {
        names.append(layer.name)
    }
    return names.map { name in
        var neurons: Int?
        let curves = epsilons.indices.map { radius in
            Curve(
                points: points.compactMap { point in
                    guard let layer = point.cells[radius].unstableByLayer.first(where: { $0.name == name }) else {
                        return nil
                    }
                    neurons = neurons ?? layer.neurons
                    return (100 * point.ratio, Sample([layer.unstable])!)
                }, kind: "radius", shade: shade(radius, of: epsilons.count), label: epsilons[radius], hasBand: false)
        }
        var options = PanelOptions(title: name, subtitle: neurons.map { "of \(grouped($0)) neurons" } ?? "")
        options.xTicks = ratioTicks(points)
        options.xLabel = "weights pruned, %"
        options.labelRoom = labelRoom(epsilons)
        options.height = 160
        return panel(curves.filter { !$0.points.isEmpty }, options)
    }
}
