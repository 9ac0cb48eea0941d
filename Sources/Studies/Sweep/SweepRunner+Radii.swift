// Sweeps without a list of radii: for every network and image, how far it is proved and where it is refuted.
//
// Statistics compare shares of images at given radii. A proof at one radius is a proof at every smaller one and a
// counterexample at one is one at every larger one, so the found radii say what would be answered at a few round ones.

internal import Datasets
internal import Foundation
internal import Intervals
internal import ONNXFormat
internal import Verification

extension SweepRunner {
    /// What was found for a network and an image.
    struct FoundRadius {
        var model: Int
        var image: Int
        var result: RadiusResult
    }

    /// - Returns: whether every radius is known now.
    func findRadii(_ questions: SweepQuestions) throws(StudyError) -> Bool {
        guard case .radii(let tolerance) = plan.question else { return true }
        var options = RadiusOptions()
        options.query = plan.query
        options.tolerance = tolerance
        let known: [String: RadiusResult] = try store.kept(kind: "radius")
        var found: [FoundRadius] = []
        var missing: [(model: Int, image: Int, key: String)] = []
        for model in questions.models {
            for image in questions.indices {
                let key = questions.radiusKey(model, image, tolerance: tolerance)
                if let result = known[key] {
                    found.append(FoundRadius(model: model, image: image, result: result))
                } else {
                    missing.append((model, image, key))
                }
            }
        }
        progress.phase = "searching radii"
        (progress.done, progress.total, progress.detail) = (found.count, found.count + missing.count, "")
        missing.reverse()
        let keys = Dictionary(uniqueKeysWithValues: missing.map { ([$0.model, $0.image], $0.key) })
        var networks = RecentValues<Int, PreparedNetwork>(limit: 2)
        let dataset: Dataset
        do { dataset = try plan.dataset.open() } catch { throw StudyError(error.description) }
        let isDone = try work(jobs: defaultJobs) { () throws(StudyError) in
            guard let (model, image, _) = missing.popLast() else { return nil }
            progress.detail = "\(recipes[model].name), image \(image)"
            let question = questions.imageQuestion(image, epsilon: "0")
            let (file, name) = (recipes[model].file, plan.dataset.path)
            let prepared: PreparedNetwork
            do {
                prepared = try networks.value(for: model) { PreparedNetwork(try ONNXReader.read(path: file)) }
            } catch {
                throw StudyError("\(error)")
            }
            return { [pool, options] in
                do throws(StudyError) {
                    let search = try RadiusSearch(
                        network: prepared, file: file, dataset: dataset, path: name, options: options)
                    let result = try search.run(question, isCancelled: { pool.isStopped })
                    if !pool.isStopped { pool.post(.radius(model: model, image: image, result)) }
                } catch {
                    pool.post(.failed(error))
                }
            }
        } take: { message throws(StudyError) in
            guard case .radius(let model, let image, let result) = message else { return }
            progress.done += 1
            try store.keep(result, kind: "radius", key: keys[[model, image]]!)
            found.append(FoundRadius(model: model, image: image, result: result))
        }
        try writeRadii(found.sorted { ($0.model, $0.image) < ($1.model, $1.image) }, questions)
        return isDone
    }

    private func writeRadii(_ found: [FoundRadius], _ questions: SweepQuestions) throws(StudyError) {
        var text = "model,seed,method,ratio,image,label,predicted,certified,attacked,queries,seconds\n"
        for radius in found {
            let (recipe, result) = (recipes[radius.model], radius.result)
            let fields: [String] = [
                recipe.name, "\(recipe.seed)", recipe.method ?? "", "\(recipe.ratio)", "\(radius.image)",
                "\(result.label)", result.predicted.map { "\($0)" } ?? "", result.certified ?? "",
                result.attacked ?? "", "\(result.queries)", "\(result.seconds)",
            ]
            text += fields.joined(separator: ",") + "\n"
        }
        try replaceFile("\(plan.folder)/radii.csv", with: Array(text.utf8))
        radii = found
    }

    /// Round radii between the small and the large ones that were proved.
    static func roundRadii(_ found: [FoundRadius]) -> [String] {
        let proved = found.compactMap { $0.result.certified.flatMap { Double($0) } }.filter { $0 > 0 }.sorted()
        let reached = found.compactMap { $0.result.attacked.flatMap { Double($0) } }.filter { $0 > 0 }.sorted()
        let values = proved.isEmpty ? reached : proved
        guard !values.isEmpty else { return [] }
        var radii: [String] = []
        for share in [0.1, 0.25, 0.5, 0.75, 0.9] {
            let value = values[min(values.count - 1, Int(share * Double(values.count)))]
            let text = String(format: "%.1e", value)
            let plain = String(format: "%.6g", Double(text)!)
            if !radii.contains(plain) { radii.append(plain) }
        }
        return radii
    }

    /// What the radii say of a few round ones.
    func answers(of found: [FoundRadius], at epsilons: [String], _ questions: SweepQuestions) -> [SweepQuery] {
        found.flatMap { radius in
            epsilons.map { epsilon in
                let result = radius.result
                let value = ExactDecimal(epsilon)!
                func reaches(_ text: String?, _ holds: (ExactDecimal, ExactDecimal) -> Bool) -> Bool {
                    text.flatMap { ExactDecimal($0) }.map { holds($0, value) } ?? false
                }
                var query = SweepQuery(
                    model: recipes[radius.model].name, epsilon: epsilon, image: radius.image, label: result.label,
                    predicted: result.predicted, outcome: .unknown, seconds: 0)
                if result.predicted != nil {
                    query.outcome = .misclassified
                } else if reaches(result.certified, { $0 >= $1 }) {
                    (query.outcome, query.origin) = (.holds, .largerRadius)
                } else if reaches(result.attacked, { $0 <= $1 }) {
                    (query.outcome, query.origin) = (.violated, .smallerRadius)
                } else {
                    query.reason = result.reason ?? "between the proved radius and the refuted one"
                }
                if epsilon == epsilons.first { query.seconds = result.seconds }
                return query
            }
        }
    }
}
