// A network ready for its images: which of them it gets wrong to begin with, by one pass in lanes over all images.

internal import Intervals
internal import Networks
internal import ONNXFormat
internal import Verification

struct OpenedModel: Sendable {
    let prepared: PreparedNetwork
    /// From the network that this one was pruned from, where proofs may carry over.
    var transfer: MarginTransfer?
    /// By image: the class that it certainly has instead of its label.
    private(set) var predicted: [Int: Int] = [:]
    /// By image: what its label has more than the strongest other class.
    private(set) var margins: [Int: Double] = [:]

    /// - Parameter images: by index, those whose class is asked for.
    init(file: String, images: [Int: CenteredImage]) throws(StudyError) {
        let network: Network
        do { network = try ONNXReader.read(path: file) } catch { throw StudyError(error.description) }
        prepared = PreparedNetwork(network)
        for image in images.values {
            guard image.values.count == network.inputCount else {
                throw StudyError(
                    "\(file): takes \(network.inputCount) inputs, the images have \(image.values.count) numbers; "
                        + "use the data that belongs to it")
            }
            guard image.label < network.outputCount else {
                throw StudyError(
                    "\(file): has \(network.outputCount) classes, a label is \(image.label); use the data that belongs to it"
                )
            }
        }
        findMisclassified(images)
    }

    private mutating func findMisclassified(_ images: [Int: CenteredImage]) {
        let indices = images.keys.sorted()
        let outputs = prepared.outputs(at: indices.map { images[$0]!.nearestInput(of: images[$0]!.values) })
        for (index, outputs) in zip(indices, outputs) {
            let image = images[index]!
            let margin = Self.margin(outputs, label: image.label)
            if margin.isFinite { margins[index] = Double(margin) }
            predicted[index] = image.misclassification(by: prepared.network, float32: outputs)
        }
    }

    /// How much the label is ahead; not a number where an output is none.
    static func margin(_ outputs: [Float], label: Int) -> Float {
        outputs.indices.reduce(Float.infinity) { least, other in
            if other == label { return least }
            let margin = outputs[label] - outputs[other]
            return margin < least || margin.isNaN ? margin : least
        }
    }
}

extension CenteredImage {
    /// The class that the network certainly ranks at least as high as the label; nil when there is none.
    func misclassification(by network: PreparedNetwork) -> Int? {
        misclassification(by: network.network, float32: network.outputs(at: [nearestInput(of: values)])[0])
    }

    /// - Parameter float32: the outputs as float32 execution gives them. Where they are clear, enclosures, which take
    ///   much longer, would say the same.
    fileprivate func misclassification(by network: Network, float32 outputs: [Float]) -> Int? {
        let size = outputs.reduce(1) { max($0, $1.magnitude) }
        let isClear = OpenedModel.margin(outputs, label: label) > 1e-3 * size
        return isClear ? nil : misclassification(by: network)
    }

    /// The network's input for an image of these values, to the nearest numbers.
    func nearestInput(of values: [Double]) -> [Double] {
        values.enumerated().map { normalized(Interval($1), at: $0).midpoint }
    }
}
