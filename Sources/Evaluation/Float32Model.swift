public import Networks

/// A network laid out as it is executed, operator by operator, for bounding what float32 loses.
public final class Float32Model: Sendable {
    public let plan: LanePlan
    let exact: LaneNetwork<Double>
    let absolute: LaneNetwork<Double>

    /// - Returns: nil for smooth activations, whose implementations differ, and for networks that are too large.
    public init?(_ network: Network) {
        plan = LanePlan(network.decomposingMaxPools())
        guard plan.isPiecewiseLinear, plan.layouts.allSatisfy({ $0.count < 1 << 21 }) else { return nil }
        exact = LaneNetwork(plan)
        absolute = LaneNetwork(plan.withAbsoluteWeights())
    }

    /// Per node the node of another plan that has the same value because it does the same; nil where there is none.
    public func counterparts(in other: LanePlan) -> [Int?] {
        var found: [Int?] = [0]
        for node in 1..<plan.nodeCount {
            let operands = plan.operands[node].map { found[$0] }
            if case .sum = plan.operations[node], operands.count == 1, let operand = operands[0],
                other.layouts[operand] == plan.layouts[node]
                    || other.layouts[operand].isPlain && plan.layouts[node].isPlain
            {
                found.append(operand)
                continue
            }
            found.append(
                (1..<other.nodeCount).first {
                    other.layouts[$0] == plan.layouts[node] && other.operands[$0] == operands
                        && other.operations[$0] == plan.operations[node]
                })
        }
        return found
    }
}

extension PlannedOperation {
    fileprivate static func == (a: PlannedOperation, b: PlannedOperation) -> Bool {
        switch (a, b) {
        case (.linear(let a), .linear(let b)): a == b
        case (.convolution(let a), .convolution(let b)): a == b
        case (.elementwise(let a), .elementwise(let b)): a == b
        case (.select(let a), .select(let b)): a == b
        case (.activation(let a), .activation(let b)): a == b
        case (.sum, .sum): true
        case (.input, _), (.linear, _), (.convolution, _), (.elementwise, _), (.select, _), (.sum, _),
            (.activation, _), (.smooth, _):
            false
        }
    }
}
