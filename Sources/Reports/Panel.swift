// A chart of lines over two axes: the frame that the report's small multiples share.

internal import Statistics

/// One curve of a panel: its mean and, where there are several seeds, what lies between the least and the most.
struct Curve {
    var points: [(x: Double, sample: Sample)]
    /// Classes of the style sheet for the line, and for the band.
    var kind: String
    /// Position between the ends of a sequence of colours, 0 to 1.
    var shade: Double?
    /// Written at its end.
    var label: String?
    var hasBand = true

    var style: String? { shade.map { "--k:\(fixed($0 * 100, 0))%" } }
}

/// Titles, ranges and ticks of a panel.
struct PanelOptions {
    var title: String
    var subtitle = ""
    var xTicks: [(value: Double, text: String)]?
    var xLabel = ""
    var xIsLogarithmic = false
    var yRange: ClosedRange<Double>?
    var isLogarithmic = false
    var yText: @Sendable (Double) -> String = tickText
    /// Room at the right for labels of curves.
    var labelRoom = 12.0
    var height = 190.0
}

func panel(_ curves: [Curve], _ options: PanelOptions) -> String {
    let values = curves.flatMap { curve in
        curve.points.flatMap { curve.hasBand ? [$0.sample.values.min()!, $0.sample.values.max()!] : [$0.sample.mean] }
    }
    let xValues = curves.flatMap { $0.points.map(\.x) } + (options.xTicks ?? []).map(\.value)
    var options = options
    if options.subtitle.isEmpty { options.height -= 14 }
    var svg = SVG(width: 320, height: options.height, label: "\(options.title) \(options.subtitle)")
    drawTitle(&svg, options.title, options.subtitle)
    guard !values.isEmpty, let xLow = xValues.min(), let xHigh = xValues.max() else {
        svg.text("no data yet", at: Point(160, options.height / 2), "faint", anchor: .middle)
        return svg.markup
    }
    let yRange: ClosedRange<Double>
    if let given = options.yRange {
        yRange = given
    } else if options.isLogarithmic {
        let positive = values.filter { $0 > 0 }
        yRange = (positive.min() ?? 0.1)...(positive.max() ?? 1)
    } else {
        yRange = Scale.covering(values)
    }
    let bottom = options.height - (options.xLabel.isEmpty ? 22 : 36)
    let x = Scale(
        xLow...xHigh, from: 44, to: 320 - options.labelRoom, isLogarithmic: options.xIsLogarithmic)
    let y = Scale(
        yRange, from: bottom, to: options.subtitle.isEmpty ? 26 : 40, isLogarithmic: options.isLogarithmic)
    for tick in y.ticks() {
        svg.line(Point(40, y(tick)), Point(320 - options.labelRoom, y(tick)), tick == 0 ? "axis" : "grid")
        svg.text(options.yText(tick), at: Point(36, y(tick) + 3.5), "tick", anchor: .end)
    }
    let ticks = options.xTicks ?? x.ticks().map { ($0, tickText($0)) }
    // Labels that would touch are left out, every other one.
    let room = (320 - options.labelRoom - 44) / Double(max(1, ticks.count))
    let widest = Double(ticks.map(\.text.count).max() ?? 0) * 6 + 6
    let every = max(1, Int((widest / max(room, 1)).rounded(.up)))
    for (index, tick) in ticks.enumerated() {
        svg.line(Point(x(tick.value), bottom), Point(x(tick.value), bottom + 3), "axis")
        guard index % every == 0 else { continue }
        svg.text(tick.text, at: Point(x(tick.value), bottom + 15), "tick", anchor: .middle)
    }
    if !options.xLabel.isEmpty {
        svg.text(options.xLabel, at: Point(x.from, options.height - 4), "faint")
    }
    draw(curves, on: &svg, x, y, options)
    return svg.markup
}

private func draw(_ curves: [Curve], on svg: inout SVG, _ x: Scale, _ y: Scale, _ options: PanelOptions) {
    for curve in curves where curve.hasBand && curve.points.contains(where: { $0.sample.count > 1 }) {
        let upper = curve.points.map { Point(x($0.x), y($0.sample.values.max()!)) }
        let lower = curve.points.map { Point(x($0.x), y($0.sample.values.min()!)) }
        svg.path(upper + lower.reversed(), "band \(curve.kind)", isClosed: true, style: curve.style)
    }
    var labels: [(y: Double, curve: Curve)] = []
    for curve in curves {
        let points = curve.points.map { Point(x($0.x), y($0.sample.mean)) }
        svg.path(points, "curve \(curve.kind)", style: curve.style)
        for (point, value) in zip(points, curve.points) {
            svg.circle(
                point, radius: 2.4, "dot \(curve.kind)", style: curve.style,
                tooltip: [curve.label ?? "", options.yText(value.sample.mean)].joined(separator: " "))
        }
        if curve.label != nil, let end = points.last { labels.append((end.y, curve)) }
    }
    // Labels move apart where they would overlap, from the top down and then back up.
    labels.sort { $0.y < $1.y }
    for index in labels.indices.dropFirst() { labels[index].y = max(labels[index].y, labels[index - 1].y + 11) }
    let bottom = options.height - 24
    for index in labels.indices.reversed() {
        let limit = index == labels.count - 1 ? bottom : labels[index + 1].y - 11
        labels[index].y = min(labels[index].y, limit)
    }
    for label in labels {
        svg.text(
            label.curve.label!, at: Point(x.to + 6, label.y + 3.5), "end \(label.curve.kind)", style: label.curve.style)
    }
}

func drawTitle(_ svg: inout SVG, _ title: String, _ subtitle: String) {
    svg.text(title, at: Point(0, 12), "title")
    if !subtitle.isEmpty { svg.text(subtitle, at: Point(0, 26), "faint") }
}
