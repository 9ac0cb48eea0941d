// Inline SVG, written as text. Colours are classes of the page's style sheet, so that light, dark and paper need no
// second drawing.

internal import Statistics

/// Text with what markup would take for its own replaced.
func escaped(_ text: some StringProtocol) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        // Not allowed in XML at all.
        case "\u{0}"..."\u{8}", "\u{B}", "\u{C}", "\u{E}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}

struct Point {
    var x: Double
    var y: Double

    init(_ x: Double, _ y: Double) { (self.x, self.y) = (x, y) }
}

/// A drawing of a fixed size in its own units, scaled by the page to the width it has.
struct SVG {
    let width: Double
    let height: Double
    /// What a screen reader says.
    let label: String
    private var body = ""

    enum Anchor: String { case start, middle, end }

    init(width: Double, height: Double, label: String) {
        (self.width, self.height, self.label) = (width, height, label)
    }

    private func number(_ value: Double) -> String {
        let text = fixed(value, 1)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    private func closing(_ name: String, _ tooltip: String?) -> String {
        tooltip.map { "><title>\(escaped($0))</title></\(name)>" } ?? "/>"
    }

    private func style(_ style: String?) -> String { style.map { " style=\"\(escaped($0))\"" } ?? "" }

    mutating func line(_ from: Point, _ to: Point, _ kind: String, style: String? = nil, tooltip: String? = nil) {
        body += "<line x1=\"\(number(from.x))\" y1=\"\(number(from.y))\" x2=\"\(number(to.x))\" y2=\"\(number(to.y))\" "
        body += "class=\"\(kind)\"\(self.style(style))\(closing("line", tooltip))"
    }

    mutating func rectangle(
        x: Double, y: Double, width: Double, height: Double, _ kind: String, tooltip: String? = nil
    ) {
        body += "<rect x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(max(0, width)))\" "
        body += "height=\"\(number(max(0, height)))\" class=\"\(kind)\"\(closing("rect", tooltip))"
    }

    mutating func circle(
        _ center: Point, radius: Double, _ kind: String, style: String? = nil, tooltip: String? = nil
    ) {
        body += "<circle cx=\"\(number(center.x))\" cy=\"\(number(center.y))\" r=\"\(number(radius))\" "
        body += "class=\"\(kind)\"\(self.style(style))\(closing("circle", tooltip))"
    }

    /// A line through the points, or the area within them.
    mutating func path(
        _ points: [Point], _ kind: String, isClosed: Bool = false, style: String? = nil, tooltip: String? = nil
    ) {
        guard points.count > 1 else { return }
        let steps = points.map { "\(number($0.x)) \(number($0.y))" }
        body += "<path d=\"M\(steps.joined(separator: "L"))\(isClosed ? "Z" : "")\" "
        body += "class=\"\(kind)\"\(self.style(style))\(closing("path", tooltip))"
    }

    mutating func text(
        _ text: String, at point: Point, _ kind: String = "label", anchor: Anchor = .start, style: String? = nil
    ) {
        let anchor = anchor == .start ? "" : " text-anchor=\"\(anchor.rawValue)\""
        body += "<text x=\"\(number(point.x))\" y=\"\(number(point.y))\" class=\"\(kind)\"\(anchor)"
        body += "\(self.style(style))>\(escaped(text))</text>"
    }

    var markup: String {
        "<svg viewBox=\"0 0 \(number(width)) \(number(height))\" role=\"img\" aria-label=\"\(escaped(label))\">"
            + body + "</svg>"
    }
}
