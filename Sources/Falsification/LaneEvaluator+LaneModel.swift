public import Evaluation

extension LaneEvaluator: LaneModel where Scalar == Float {
    public var laneCount: Int { lanes }
    public var inputCount: Int { network.plan.inputLayout.count }
    public var outputCount: Int { network.plan.outputLayout.count }
    public func place(ofInput index: Int) -> Int { network.plan.inputLayout.laneFeature(index) }
    public func place(ofOutput index: Int) -> Int { network.plan.outputLayout.laneFeature(index) }

    public var inputs: UnsafeMutablePointer<Float> { values(of: 0) }
    public var outputs: UnsafeMutablePointer<Float> { values(of: network.plan.output) }
    public var outputWeights: UnsafeMutablePointer<Float> { gradient(of: network.plan.output) }
    public var inputGradients: UnsafeMutablePointer<Float> { gradient(of: 0) }
}
