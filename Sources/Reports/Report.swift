// The report of a sweep: one HTML file that needs nothing else. The answer comes first, then what it rests on, then
// every number, then every image.

internal import Statistics
public import Studies

public struct Report {
    private let results: SweepResults
    private let analysis: SweepAnalysis

    public init(_ results: SweepResults) {
        self.results = results
        analysis = SweepAnalysis(results)
    }

    /// A table of all numbers with one row for each radius and ratio, as CSV (RFC 4180).
    public var csv: String { SweepTable(analysis).csv }

    /// The same as a Markdown table, headed by the answer.
    public var markdown: String {
        var text = "# \(results.name)\n\n"
        for architecture in analysis.architectures {
            for sentence in architecture.overall?.sentences(percentWording) ?? [] { text += "- \(sentence)\n" }
        }
        return text + "\n" + SweepTable(analysis).markdown
    }

    /// The answer in plain sentences, one on each line; empty as long as no network has answered all its queries.
    public var answer: String {
        analysis.architectures.compactMap(headline).map { $0 + "\n" }.joined()
    }

    /// The whole page. It loads nothing and its policy forbids it to.
    ///
    /// - Parameter isLive: with a script that asks for changes from the server that the page came from.
    public func html(isLive: Bool = false) -> String {
        let policy =
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
            + (isLive ? "; connect-src 'self'" : "")
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="\(policy)">
            <meta name="color-scheme" content="light dark">
            <title>\(escaped(results.name)) – sweep</title>
            <style>
            \(styleSheet)
            </style>
            </head>
            <body>
            <main>
            \(sections)
            </main>
            <script type="application/json" id="data">\(ReportData(results, analysis).json)</script>
            <script>
            \(reportScript)
            </script>\(isLive ? "\n<script>\n\(liveScript)\n</script>" : "")
            </body>
            </html>

            """
    }

    private var sections: String {
        ([header] + analysis.architectures.flatMap(body) + [savings, table, images, notes]).filter { !$0.isEmpty }
            .joined(separator: "\n").replacing(" %", with: "\u{a0}%")
    }

    // MARK: The top

    private var header: String {
        let answered = results.queries.count
        let undecided = results.queries.count(where: \.outcome.isUndecided)
        var facts = [
            (grouped(results.models.count), results.models.count == 1 ? "network" : "networks"),
            (
                grouped(answered),
                answered < results.planned ? "of \(grouped(results.planned)) queries answered" : "queries answered"
            ),
        ]
        if answered > 0 {
            facts.append((fixed(100 * Double(answered - undecided) / Double(answered), 1) + " %", "of them decided"))
        }
        if let seconds = results.seconds { facts.append((duration(seconds), "in all")) }
        let answers = analysis.architectures.map { architecture in
            let text = headline(architecture) ?? "No ratio has a network that answered all its queries yet."
            let name = analysis.architectures.count > 1 ? "<b>\(escaped(architecture.name))</b> " : ""
            return "<p class=\"answer\">\(name)\(escaped(text))</p>"
        }
        let radii = "averaged over the radii \(results.epsilons.joined(separator: ", "))"
        let about = [
            results.dataset, "\(grouped(imageCount)) images",
            results.epsilons.count > 1 ? "certified share \(radii)" : "radius \(results.epsilons.joined())",
            results.timeout.map { "\(numberText($0)) s a query" } ?? "", "secateur \(results.version)",
        ].filter { !$0.isEmpty }
        return """
            <header>
            <p class="eyebrow">\(escaped(results.name))</p>
            <h1>Which sparsity is the easiest to verify?</h1>
            \(answers.isEmpty ? "<p class=\"answer\">There are no results yet.</p>" : answers.joined(separator: "\n"))
            <ul class="facts">\(facts.map { "<li><b>\(escaped($0.0))</b> \(escaped($0.1))</li>" }.joined())</ul>
            <p class="about">\(escaped(about.joined(separator: " · ")))</p>
            </header>
            """
    }

    private var imageCount: Int {
        results.images.isEmpty ? Set(results.queries.map(\.image)).count : results.images.count
    }

    /// The optimum in one sentence, with how sure it is.
    private func headline(_ architecture: SweepAnalysis.Architecture) -> String? {
        guard let study = architecture.overall else { return nil }
        let best = study.entries[study.best]
        let subject = best.name == "dense" ? "The dense network" : "Pruning \(best.name)"
        let share = fixed(best.sample.mean * 100, 1) + " %"
        let seeds = best.sample.count == 1 ? "one seed" : "\(best.sample.count) seeds"
        guard study.entries.count > 1 else { return "\(subject) has \(share) certified over \(seeds)." }
        guard study.entries.allSatisfy({ $0.sample.count > 1 }) else {
            return "\(subject) certifies the most (\(share)), but one seed cannot tell whether another would agree."
        }
        let names = runs(study.entries.filter { $0.isCandidate && $0.name != best.name }.map(\.name), architecture)
        if names.isEmpty {
            return "\(subject) is the easiest to verify: \(share) certified over \(seeds), and every other ratio is "
                + "worse (95 % confidence)."
        }
        return "\(subject) certifies the most (\(share) over \(seeds)), but the data cannot tell it from \(names) "
            + "(95 % confidence)."
    }

    /// Names in words, three or more neighbours of a line as `10 % to 60 %`.
    private func runs(_ names: [String], _ architecture: SweepAnalysis.Architecture) -> String {
        var parts: [String] = []
        var rest = Set(names)
        if rest.remove("dense") != nil { parts.append("dense") }
        for line in architecture.lines {
            let ordered = line.points.map { architecture.points[$0] }.filter { !$0.isDense }.map(\.name)
            for run in ordered.split(whereSeparator: { !rest.contains($0) }).map(Array.init) {
                parts += run.count < 3 ? run : ["\(run.first!) to \(run.last!)"]
            }
            rest.subtract(ordered)
        }
        return parts.count < 2 ? parts.joined() : parts.dropLast().joined(separator: ", ") + " or " + parts.last!
    }

    // MARK: An architecture

    private func body(_ architecture: SweepAnalysis.Architecture) -> [String] {
        var parts: [String] = []
        if analysis.architectures.count > 1 {
            parts.append("<h2 class=\"architecture\">\(escaped(architecture.name))</h2>")
        }
        parts.append(evidence(architecture))
        parts.append(outcomes(architecture))
        for line in architecture.lines {
            let points = line.points.map { architecture.points[$0] }
            let suffix = architecture.lines.count > 1 ? " – \(line.name)" : ""
            parts.append(causes(points, suffix))
            parts.append(curves(points, suffix))
        }
        parts.append(times(architecture))
        parts.append(fronts(architecture))
        for line in architecture.lines {
            let points = line.points.map { architecture.points[$0] }
            parts.append(layers(points, architecture.lines.count > 1 ? " – \(line.name)" : ""))
        }
        return parts
    }

    private func evidence(_ architecture: SweepAnalysis.Architecture) -> String {
        guard architecture.points.count > 1 else { return "" }
        let range = differenceRange(architecture)
        let panels = analysis.epsilons.indices.compactMap { radius in
            architecture.studies[radius].flatMap { study in
                study.baseline == nil
                    ? nil
                    : differencePanel(
                        study, architecture.points, radius: radius, title: "radius \(analysis.epsilons[radius])",
                        range: range)
            }
        }
        let plain = TreatmentStudy.Wording(
            unit: "certified", number: { fixed($0 * 100, 1) + " %" }, name: { $0 })
        let rows = analysis.epsilons.indices.compactMap { radius in
            architecture.studies[radius].map { study in
                let lines = study.sentences(plain).map { "<li>\(escaped($0))</li>" }
                return "<details\(analysis.epsilons.count == 1 ? " open" : "")><summary>"
                    + "<b>Radius \(escaped(analysis.epsilons[radius]))</b> \(escaped(study.verdict(plain)))</summary>"
                    + "<ul>\(lines.dropFirst().joined())</ul></details>"
            }
        }
        return section(
            "What the data can tell",
            """
            Difference of the certified share to dense, in points, with 95 % intervals: \
            <span class="key seed"></span>over seeds, what other trainings would give; \
            <span class="key image"></span>over images, what other images would give these networks. \
            An interval that crosses zero shows no difference. Intervals are not corrected for the number of ratios; \
            the sentences say what is left after Holm’s correction.
            """, grid(panels) + rows.joined(separator: "\n"))
    }

    private func outcomes(_ architecture: SweepAnalysis.Architecture) -> String {
        let present = stackedOutcomes.filter { entry in
            architecture.points.flatMap(\.cells).contains { ($0.counts[entry.outcome] ?? 0) > 0 }
        }
        let legend = present.map { "<span><i class=\"swatch \($0.kind)\"></i>\($0.word)</span>" }.joined()
        return section(
            "How queries ended", "Share of all queries, every seed and image, by ratio of pruned weights.",
            "<p class=\"legend\">\(legend)</p>"
                + grid(
                    analysis.epsilons.indices.map {
                        outcomePanel(architecture.points, radius: $0, title: "radius \(analysis.epsilons[$0])")
                    }))
    }

    private func causes(_ points: [SweepPoint], _ suffix: String) -> String {
        guard points.contains(where: { $0.cells.contains { $0.gain != nil } }) else { return "" }
        let limit = analysis.architectures.map(gainLimit).max() ?? 1
        let gains = analysis.epsilons.indices.map {
            gainPanel(points, radius: $0, title: "radius \(analysis.epsilons[$0])", limit: limit)
        }
        return section(
            "More robust, or easier to verify?\(suffix)",
            """
            An image is certified, misclassified, violated or undecided, so what the certified share gains over dense \
            the other three lose. The tick is the sum, in points. A gain that is all grey says that the verifier \
            had it easier, not that the network is more robust.
            """,
            """
            <p class="legend"><span><i class="swatch timeout"></i>fewer undecided: easier to decide</span>\
            <span><i class="swatch violated"></i>fewer violated: more robust</span>\
            <span><i class="swatch misclassified"></i>fewer misclassified: more accurate</span></p>
            """ + grid(gains) + "<h3>Network and verifier, side by side</h3>"
                + "<p class=\"lead\">Means over the seeds by ratio, one curve for each radius"
                + (analysis.epsilons.count == 1 ? "; bands reach from the least to the largest seed" : "")
                + ".</p>" + grid(metricPanels(points, epsilons: analysis.epsilons)))
    }

    private func curves(_ points: [SweepPoint], _ suffix: String) -> String {
        guard analysis.epsilons.count > 1 else { return "" }
        return section(
            "Certified share by radius\(suffix)",
            "Mean of the seeds; bands reach from the least to the largest seed. Dense is grey in every chart.",
            grid(robustnessPanels(points, epsilons: analysis.epsilons)))
    }

    private func times(_ architecture: SweepAnalysis.Architecture) -> String {
        let byRadius = Dictionary(grouping: results.queries, by: \.epsilon)
        let panels = analysis.epsilons.compactMap { epsilon in
            cactusPanel(
                architecture.points, queries: Dictionary(grouping: byRadius[epsilon] ?? [], by: \.model),
                images: imageCount, timeout: results.timeout, title: "radius \(epsilon)")
        }
        return section(
            "Time to decide",
            """
            A cactus plot on its side: the share of images that are proved or refuted when each is given so much time. \
            Inherited verdicts count as a millisecond. Higher and further left is better.
            """, grid(panels))
    }

    private func fronts(_ architecture: SweepAnalysis.Architecture) -> String {
        section(
            "Sparsity, accuracy, robustness",
            """
            Filled points are on the Pareto front: none has at least as many zero weights, accuracy and certified share, \
            and more of one.
            """, grid(frontPanels(architecture.points)))
    }

    private func layers(_ points: [SweepPoint], _ suffix: String) -> String {
        section(
            "Unstable neurons by layer\(suffix)",
            "Mean number of neurons whose sign the bounds before any split leave open, by ratio.",
            grid(layerPanels(points, epsilons: analysis.epsilons)))
    }

    // MARK: What follows for all

    private var savings: String {
        guard !results.savings.isEmpty else { return "" }
        let rows = results.savings.map { saving in
            "<tr><th scope=\"row\" class=\"text\">\(escaped(saving.origin.words))</th>"
                + "<td>\(grouped(saving.queries))</td>"
                + "<td>\(saving.secondsSaved.map { duration($0) } ?? "")</td>"
                + "<td class=\"text\">\(escaped(saving.estimate ?? ""))</td></tr>"
        }
        return section(
            "What reuse saved", "Every verdict was proved or confirmed on its own network.",
            "<div class=\"scroll\"><table><thead><tr><th class=\"text\" scope=\"col\">Reuse</th>"
                + "<th scope=\"col\">Queries</th><th scope=\"col\">Time saved</th>"
                + "<th class=\"text\" scope=\"col\">Estimated by</th></tr></thead>"
                + "<tbody>\(rows.joined())</tbody></table></div>")
    }

    private var table: String {
        guard !results.models.isEmpty else { return "" }
        return section(
            "Every number",
            "Shares as mean ± standard deviation over the seeds. Click a heading to sort by it; point at it to read more.",
            "<div class=\"scroll\">\(SweepTable(analysis).html)</div>")
    }

    private var images: String {
        guard !results.queries.isEmpty else { return "" }
        return section(
            "Image by image",
            "The frame tells how the query of the chosen network and radius ended. Choose an image to see more.",
            """
            <div id="explorer" hidden>
            <p class="controls"><label>Network <select id="model"></select></label>
            <label>Radius <select id="radius"></select></label></p>
            <div id="thumbnails"></div>
            <div id="detail"></div>
            </div>
            <noscript><p>Needs scripts, which this page carries itself.</p></noscript>
            """, kind: "images")
    }

    private var notes: String {
        section(
            "How to read this", "",
            """
            <ul class="notes">
            <li><b>Certified</b>: proved that no input within the radius changes the class. <b>Violated</b>: a \
            counterexample was confirmed. <b>Attacked accuracy</b>: right, and no counterexample known; the true share of \
            robust images lies between the two. <b>Undecided</b> speaks of the verifier and its budget, not of the \
            network.</li>
            <li>Intervals over seeds are Student’s, with one value per seed. <b>±</b> is the standard deviation. Where all \
            seeds agree exactly, the sign test replaces the t test.</li>
            <li><b>May be best</b>: no other ratio is better by a one-sided paired t test at level 0.05 / (ratios − 1). \
            The true best is among these with a confidence of 95 %, however the best was picked.</li>
            <li><b>Times</b> depend on what else the machine did; subproblems do not. Where queries start from other \
            queries’ proofs, both tell what was left to do.</li>
            </ul>
            """)
    }

    private func section(_ title: String, _ lead: String, _ content: String, kind: String = "") -> String {
        guard !content.isEmpty else { return "" }
        return """
            <section\(kind.isEmpty ? "" : " class=\"\(kind)\"")>
            <h2>\(escaped(title))</h2>
            \(lead.isEmpty ? "" : "<p class=\"lead\">\(lead)</p>")
            \(content)
            </section>
            """
    }

    private func grid(_ panels: [String]) -> String {
        panels.isEmpty
            ? "" : "<div class=\"panels\">\(panels.map { "<figure>\($0)</figure>" }.joined(separator: "\n"))</div>"
    }
}

/// Seconds as people say them.
func duration(_ seconds: Double) -> String {
    if seconds < 60 { return numberText(seconds) + " s" }
    if seconds < 3600 { return fixed(seconds / 60, seconds < 600 ? 1 : 0) + " min" }
    return fixed(seconds / 3600, 1) + " h"
}
