// Charts with a row for each ratio: how queries ended, differences to dense with their intervals, and what these
// differences consist of.

internal import Statistics
internal import Studies

private let right = 320.0
private let rowHeight = 19.0

/// Where bars begin: behind the longest name.
private func left(_ points: [SweepPoint]) -> Double {
    16 + 6.3 * Double(points.map { short($0.name).count }.max() ?? 0)
}

/// The order in which outcomes are stacked, and their classes.
let stackedOutcomes: [(outcome: Outcome, kind: String, word: String)] = [
    (.holds, "holds", "certified"), (.timeout, "timeout", "timeout"), (.unknown, "unknown", "unknown"),
    (.error, "error", "error"), (.violated, "violated", "violated"), (.misclassified, "misclassified", "misclassified"),
]

/// How the queries of one radius ended, as shares of all.
func outcomePanel(_ points: [SweepPoint], radius: Int, title: String) -> String {
    var svg = SVG(width: 320, height: 24 + Double(points.count) * rowHeight, label: "how queries ended, \(title)")
    drawTitle(&svg, title, "")
    let left = left(points)
    for (row, point) in points.enumerated() {
        let y = 22 + Double(row) * rowHeight
        svg.text(short(point.name), at: Point(left - 8, y + 12), "label", anchor: .end)
        let cell = point.cells[radius]
        let total = cell.counts.values.reduce(0, +)
        guard total > 0 else {
            svg.line(Point(left, y + 8), Point(right, y + 8), "grid")
            continue
        }
        var x = left
        for entry in stackedOutcomes {
            let count = cell.counts[entry.outcome] ?? 0
            let width = (right - left) * Double(count) / Double(total)
            guard width > 0 else { continue }
            let share = fixed(100 * Double(count) / Double(total), 1)
            svg.rectangle(
                x: x, y: y, width: width, height: rowHeight - 4, "fill \(entry.kind)",
                tooltip: "\(point.name): \(entry.word) \(grouped(count)) of \(grouped(total)) (\(share) %)")
            if width > 26 {
                svg.text(
                    fixed(100 * Double(count) / Double(total), 0), at: Point(x + width / 2, y + 11.5),
                    "inside on-\(entry.kind)", anchor: .middle)
            }
            x += width
        }
    }
    return svg.markup
}

/// Differences of the certified share to dense, with intervals over seeds and over images.
func differencePanel(
    _ study: TreatmentStudy, _ points: [SweepPoint], radius: Int, title: String, range: ClosedRange<Double>
) -> String {
    let rows = points.filter { !$0.isDense }
    let bottom = 24 + Double(rows.count) * rowHeight
    var svg = SVG(width: 320, height: bottom + 20, label: "differences to dense, \(title)")
    drawTitle(&svg, title, "")
    let left = left(points)
    let x = Scale(range, from: left, to: right - 46)
    for tick in x.ticks(4) {
        svg.line(Point(x(tick), 22), Point(x(tick), bottom), tick == 0 ? "axis" : "grid")
        svg.text(signed(tick, tickText), at: Point(x(tick), bottom + 13), "tick", anchor: .middle)
    }
    for (row, point) in rows.enumerated() {
        let y = 22 + (Double(row) + 0.5) * rowHeight
        svg.text(short(point.name), at: Point(left - 8, y + 3.5), "label", anchor: .end)
        if let images = point.cells[radius].byImage, let interval = images.interval() {
            svg.line(
                Point(x(100 * interval.lower), y + 4), Point(x(100 * interval.upper), y + 4), "whisker image",
                tooltip: "\(point.name), over images: \(differenceText(images.mean, interval))")
        }
        guard let entry = study.entries.first(where: { $0.name == point.name }), let difference = entry.difference
        else { continue }
        if let interval = entry.differenceInterval {
            svg.line(
                Point(x(100 * interval.lower), y - 1), Point(x(100 * interval.upper), y - 1), "whisker seed",
                tooltip: "\(point.name), over seeds: \(differenceText(difference.mean, interval))")
        }
        svg.circle(Point(x(100 * difference.mean), y - 1), radius: 3.4, "fill mark")
        svg.text(
            signed(100 * difference.mean) { fixed($0, 1) }, at: Point(320, y + 3.5), "value", anchor: .end)
    }
    return svg.markup
}

/// The range that all panels of differences share, in percent points.
func differenceRange(_ architecture: SweepAnalysis.Architecture) -> ClosedRange<Double> {
    var ends: [Double] = [0]
    for (radius, study) in architecture.studies.enumerated() {
        for entry in study?.entries ?? [] {
            guard let difference = entry.difference else { continue }
            ends.append(100 * difference.mean)
            // An interval of two or three seeds may be so wide that it hides all others.
            if let interval = entry.differenceInterval { ends += [interval.lower * 100, interval.upper * 100] }
            let images = architecture.point(named: entry.name)?.cells[radius].byImage?.interval()
            if let images { ends += [images.lower * 100, images.upper * 100] }
        }
    }
    let range = Scale.covering(ends, withZero: true)
    return max(-100, range.lowerBound)...min(100, range.upperBound)
}

/// What the certified share gains over dense consists of.
func gainPanel(_ points: [SweepPoint], radius: Int, title: String, limit: Double) -> String {
    let rows = points.filter { !$0.isDense }
    let bottom = 24 + Double(rows.count) * rowHeight
    var svg = SVG(width: 320, height: bottom + 20, label: "what the gain over dense consists of, \(title)")
    drawTitle(&svg, title, "")
    let left = left(points)
    let x = Scale(-limit...limit, from: left, to: right - 46)
    for tick in x.ticks(4) {
        svg.line(Point(x(tick), 22), Point(x(tick), bottom), tick == 0 ? "axis" : "grid")
        svg.text(signed(tick, tickText), at: Point(x(tick), bottom + 13), "tick", anchor: .middle)
    }
    for (row, point) in rows.enumerated() {
        let y = 22 + Double(row) * rowHeight
        svg.text(short(point.name), at: Point(left - 8, y + 12), "label", anchor: .end)
        guard let gain = point.cells[radius].gain else { continue }
        var ends = (negative: 0.0, positive: 0.0)
        let parts = [
            (gain.fewerUndecided, "timeout", "easier to decide"), (gain.fewerViolated, "violated", "more robust"),
            (gain.fewerMisclassified, "misclassified", "more accurate"),
        ]
        for (share, kind, word) in parts where share != 0 {
            let start = share > 0 ? ends.positive : ends.negative
            let end = start + 100 * share
            if share > 0 { ends.positive = end } else { ends.negative = end }
            svg.rectangle(
                x: min(x(start), x(end)), y: y + 2, width: abs(x(end) - x(start)), height: rowHeight - 8,
                "fill \(kind)", tooltip: "\(point.name): \(word) \(signed(100 * share) { fixed($0, 1) })")
        }
        let net = x(100 * gain.total)
        svg.line(Point(net, y), Point(net, y + rowHeight - 4), "net")
        svg.text(signed(100 * gain.total) { fixed($0, 1) }, at: Point(320, y + 12), "value", anchor: .end)
    }
    return svg.markup
}

func gainLimit(_ architecture: SweepAnalysis.Architecture) -> Double {
    var most = 1.0
    for gain in architecture.points.flatMap(\.cells).compactMap(\.gain) {
        let parts = [gain.fewerMisclassified, gain.fewerViolated, gain.fewerUndecided]
        most = max(most, 100 * parts.filter { $0 > 0 }.reduce(0, +), -100 * parts.filter { $0 < 0 }.reduce(0, +))
    }
    return Scale.covering([0, most]).upperBound
}

func differenceText(_ mean: Double, _ interval: ConfidenceInterval) -> String {
    let wording = percentWording
    return "\(wording.signed(mean)) \(wording.interval(interval))"
}

/// Shares in percent.
let percentWording = TreatmentStudy.Wording(unit: "% certified", number: { fixed($0 * 100, 1) })

func signed(_ value: Double, _ text: (Double) -> String) -> String {
    let size = text(abs(value))
    if !size.contains(where: { ("1"..."9").contains($0) }) { return size }
    return (value < 0 ? "−" : "+") + size
}

/// A name that fits beside a row.
func short(_ name: String) -> String { name.count <= 18 ? name : name.prefix(8) + "…" + name.suffix(9) }
