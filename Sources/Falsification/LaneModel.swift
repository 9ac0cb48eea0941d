/// A network that runs on many inputs side by side, as gradient descent sees it: fill the inputs, evaluate,
/// read the outputs; then fill the output weights, differentiate, read the input gradients. Every array is
/// `[feature][lane]` in float32 and stays where it is.
///
/// A model may number features in an order of its own.
public protocol LaneModel {
    var laneCount: Int { get }
    var inputCount: Int { get }
    var outputCount: Int { get }
    /// The model's place of the network's input feature.
    func place(ofInput index: Int) -> Int
    /// The model's place of the network's output feature.
    func place(ofOutput index: Int) -> Int

    var inputs: UnsafeMutablePointer<Float> { get }
    var outputs: UnsafeMutablePointer<Float> { get }
    var outputWeights: UnsafeMutablePointer<Float> { get }
    var inputGradients: UnsafeMutablePointer<Float> { get }

    /// From `inputs` to `outputs`.
    func evaluate()
    /// From `outputWeights` to the gradients of the weighted outputs at the inputs last evaluated.
    func differentiate()
}
