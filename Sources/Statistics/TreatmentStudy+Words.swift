// What the data can and cannot tell, in sentences.

extension TreatmentStudy {
    /// How numbers and names are written.
    public struct Wording: Sendable {
        /// A score or a difference, without its sign.
        public var number: @Sendable (Double) -> String
        /// What the score counts, such as `certified images`; used as `over 10 seeds`.
        public var unit: String
        public var name: @Sendable (String) -> String

        public init(
            unit: String = "", number: @escaping @Sendable (Double) -> String = { fixed($0, 1) },
            name: @escaping @Sendable (String) -> String = { $0 }
        ) {
            self.unit = unit
            self.number = number
            self.name = name
        }

        public func signed(_ value: Double) -> String {
            let text = number(abs(value))
            // What rounds to zero has no sign.
            if !text.contains(where: { ("1"..."9").contains($0) }) { return text }
            return (value < 0 ? "−" : "+") + text
        }

        public func interval(_ interval: ConfidenceInterval) -> String {
            "[\(signed(interval.lower)), \(signed(interval.upper))]"
        }
    }

    /// The optimum and how sure it is, in one sentence.
    public func verdict(_ wording: Wording = Wording()) -> String {
        let leader = entries[best]
        let mean = "\(wording.number(leader.sample.mean))\(wording.unit.isEmpty ? "" : " \(wording.unit)")"
        let name = wording.name(leader.name)
        let seeds = leader.sample.count
        guard entries.count > 1 else { return "\(name) is all there is: \(mean) over \(count(seeds, "seed"))." }
        guard entries.allSatisfy({ $0.sample.count > 1 }) else {
            return "\(name) has the best mean (\(mean)), but one seed cannot tell whether another would agree."
        }
        let rivals = candidates.filter { $0.name != leader.name }
        if rivals.isEmpty {
            return "\(name) is best: \(mean) over \(count(seeds, "seed")), and every other is worse "
                + "(confidence \(percent(confidence)))."
        }
        let tied =
            rivals.count == entries.count - 1
            ? "any of the others" : listed(rivals.map { wording.name($0.name) }, "or")
        return "\(name) has the best mean (\(mean) over \(count(seeds, "seed"))), but the data cannot tell it from "
            + "\(tied) (confidence \(percent(confidence)))."
    }

    /// The verdict, what it rests on, and what it would take to know more.
    public func sentences(_ wording: Wording = Wording()) -> [String] {
        var lines = [verdict(wording)]
        guard let baseline else { return lines }
        let base = wording.name(entries[baseline].name)
        if best != baseline { lines += comparison(entries[best], base: base, wording) }
        let different = entries.filter { ($0.adjustedPValue ?? 1) < 1 - confidence }
        let hinted = entries.filter {
            ($0.pValue ?? 1) < 1 - confidence && ($0.adjustedPValue ?? 1) >= 1 - confidence
        }
        if comparisons > 1 {
            lines.append(
                different.isEmpty
                    ? "After correction for \(comparisons) comparisons none is shown to differ from \(base)."
                    : "After correction for \(comparisons) comparisons these differ from \(base): "
                        + listed(different.map { described($0, wording) }, "and") + ".")
        }
        if !hinted.isEmpty {
            lines.append(
                "Taken alone, but not after the correction, "
                    + listed(hinted.map { described($0, wording) }, "and")
                    + " would count as different.")
        }
        if let detectable = detectableDifference, let pairs = entries.compactMap({ $0.difference?.count }).min() {
            lines.append(
                "With \(count(pairs, "seed")) only differences of about \(wording.number(detectable)) or more can be "
                    + "counted on to show (in four studies of five).")
        }
        return lines
    }

    private func comparison(_ entry: Entry, base: String, _ wording: Wording) -> [String] {
        guard let difference = entry.difference else { return [] }
        let name = wording.name(entry.name)
        guard let interval = entry.differenceInterval, let pValue = entry.pValue else {
            return ["\(name) against \(base): \(wording.signed(difference.mean)), from one seed."]
        }
        var line =
            "\(name) against \(base): \(wording.signed(difference.mean)), \(percent(confidence)) interval "
            + "\(wording.interval(interval)), p = \(probability(pValue)), paired over \(count(difference.count, "seed"))"
        if interval.contains(0) {
            line += ": the data do not show a difference."
            if let needed = entry.seedsNeeded, needed > difference.count {
                line += " If the true one is as large, about \(grouped(needed)) seeds would show it."
            }
        } else {
            line += "."
        }
        return [line]
    }

    private func described(_ entry: Entry, _ wording: Wording) -> String {
        var text = wording.name(entry.name)
        if let difference = entry.difference { text += " (\(wording.signed(difference.mean))" }
        if let interval = entry.differenceInterval { text += ", \(wording.interval(interval))" }
        return text + ")"
    }
}

/// A number with so many digits behind the point.
public func fixed(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let rounded = (abs(value) * scale).rounded()
    let whole = (rounded / scale).rounded(.down)
    let sign = value < 0 && rounded > 0 ? "-" : ""
    guard digits > 0 else { return "\(sign)\(Int(whole))" }
    let fraction = "\(Int(rounded - whole * scale))"
    return "\(sign)\(Int(whole))." + String(repeating: "0", count: max(0, digits - fraction.count)) + fraction
}

/// A p value: two digits that matter, or below a thousandth.
public func probability(_ pValue: Double) -> String {
    if pValue < 0.001 { return "< 0.001" }
    return fixed(pValue, pValue < 0.1 ? 3 : 2)
}

/// An integer with its thousands apart.
public func grouped(_ number: Int) -> String {
    var digits = String(number.magnitude)
    var text = ""
    while digits.count > 3 {
        text = "," + digits.suffix(3) + text
        digits.removeLast(3)
    }
    return (number < 0 ? "-" : "") + digits + text
}

func percent(_ share: Double) -> String {
    let text = fixed(share * 100, 1)
    return (text.hasSuffix(".0") ? String(text.dropLast(2)) : text) + " %"
}

func count(_ number: Int, _ noun: String) -> String { "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")" }

func listed(_ parts: [String], _ word: String) -> String {
    parts.count < 2 ? parts.joined() : parts.dropLast().joined(separator: ", ") + " \(word) " + parts.last!
}
