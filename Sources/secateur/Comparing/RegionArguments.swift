import ArgumentParser
import Comparison
import Intervals
import Networks
import Properties
import Studies
import Synchronization
import Verification

/// A region and what messages call it.
struct NamedRegion {
    var name: String
    var region: InputRegion
}

/// The networks that queries are asked of, each laid out once.
final class PreparedNetworks: Sendable {
    private let known = Mutex<[ComparedNetwork: PreparedNetwork]>([:])

    func network(_ which: ComparedNetwork, _ network: Network) -> PreparedNetwork {
        known.withLock { known in
            if let prepared = known[which] { return prepared }
            let prepared = PreparedNetwork(network)
            known[which] = prepared
            return prepared
        }
    }
}

/// Where networks are compared.
struct RegionArguments: ParsableArguments {
    @Option(help: ArgumentHelp("The input boxes of this VNN-LIB file.", valueName: "file"))
    var property: String?

    @Option(
        help: ArgumentHelp(
            "A box: lower:upper for all inputs, or one such pair for each with commas between, as in --box=-1:1.",
            valueName: "ranges"))
    var box: String?

    @Option(help: ArgumentHelp("A dataset, as for secateur robust; with --images and --epsilon.", valueName: "path"))
    var data: String?

    @Option(help: "The file of the labels, where the dataset's name does not tell.")
    var labels: String?

    @Option(help: "Which part of the dataset: test or train.")
    var split = "test"

    @Option(help: ArgumentHelp("Which images, counted from 0, such as 0:100 or 3,5,10:20.", valueName: "range"))
    var images: String?

    @Option(help: ArgumentHelp("The radius around each image, in the maximum norm.", valueName: "radius"))
    var epsilon: String?

    @Option(help: "Subtracted from each value before the network sees it; one decimal, or one per channel.")
    var mean: String?

    @Option(help: "Divides each value after that; one decimal, or one per channel.")
    var std: String?

    func validate() throws {
        let given = [property, box, data].count { $0 != nil }
        if given != 1 { throw ValidationError("give one of --property, --box and --data") }
        if data != nil && (images == nil || epsilon == nil) {
            throw ValidationError("--data needs --images and --epsilon")
        }
        if data == nil && (images ?? epsilon ?? mean ?? std) != nil {
            throw ValidationError("--images, --epsilon, --mean and --std belong to --data")
        }
        if !["test", "train"].contains(split) { throw ValidationError("--split must be test or train") }
    }

    func regions(for network: Network) throws(InputFault) -> [NamedRegion] {
        if let property { return try regions(ofProperty: property, network) }
        if let box { return [NamedRegion(name: "box", region: try region(ofBox: box, network))] }
        return try regionsOfImages(network)
    }

    private func regions(ofProperty path: String, _ network: Network) throws(InputFault) -> [NamedRegion] {
        let property = try readProperty(path)
        guard property.inputCount == network.inputCount else {
            throw InputFault(
                "\(path): declares \(property.inputCount) inputs, the networks have \(network.inputCount); use a "
                    + "property that belongs to them")
        }
        let used = property.regions.indices.filter { !property.regions[$0].isCertainlyEmpty }
        guard !used.isEmpty else { throw InputFault("\(path): every input region is empty; check its bounds") }
        return used.map {
            NamedRegion(name: used.count == 1 ? path : "\(path) region \($0)", region: property.regions[$0])
        }
    }

    private func region(ofBox text: String, _ network: Network) throws(InputFault) -> InputRegion {
        var region = InputRegion(lower: [], upper: [])
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: ":", omittingEmptySubsequences: false).map { $0.filter { $0 != " " } }
            guard ends.count == 2, let low = ExactDecimal(ends[0]), let high = ExactDecimal(ends[1]), low <= high else {
                throw InputFault("--box: '\(part)' is no range; write lower:upper, such as -1:1")
            }
            region.lower.append(low.enclosure)
            region.upper.append(high.enclosure)
            region.lowerText.append(low.description)
            region.upperText.append(high.description)
        }
        if region.count == 1, network.inputCount > 1 {
            let count = network.inputCount
            region = InputRegion(
                lower: Array(repeating: region.lower[0], count: count),
                upper: Array(repeating: region.upper[0], count: count),
                lowerText: Array(repeating: region.lowerText[0], count: count),
                upperText: Array(repeating: region.upperText[0], count: count))
        }
        guard region.count == network.inputCount else {
            throw InputFault(
                "--box: \(region.count) ranges, the networks have \(network.inputCount) inputs; give one, or one each")
        }
        return region
    }

    private func regionsOfImages(_ network: Network) throws(InputFault) -> [NamedRegion] {
        func list(_ text: String) -> [String] {
            text.split(separator: ",", omittingEmptySubsequences: false).map { $0.filter { $0 != " " } }
        }
        guard let images, let ranges = IndexRanges(images) else {
            throw InputFault("--images: '\(images ?? "")' is no range; write 0:100 or 3,5,10:20")
        }
        guard let epsilon, let radius = ExactDecimal(epsilon), radius >= .zero else {
            throw InputFault("--epsilon: '\(epsilon ?? "")' is no radius; write a decimal from 0 on, such as 0.01")
        }
        var normalization: Normalization?
        if mean != nil || std != nil {
            normalization = Normalization(mean: list(mean ?? "0"), deviation: list(std ?? "1"))
            if normalization == nil { throw InputFault("--mean and --std must be decimals, --std above 0") }
        }
        let reference = DatasetReference(path: data ?? "", labels: labels, split: split, shape: nil)
        do {
            let questions = try ImageQuestion.all(
                of: reference, images: ranges, epsilons: [epsilon], normalization: normalization, target: nil)
            return try ImageQuestion.regions(of: questions, network: network).map {
                NamedRegion(name: $0.name, region: $0.region)
            }
        } catch {
            throw InputFault(error.description)
        }
    }
}
