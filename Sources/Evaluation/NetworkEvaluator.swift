internal import Networks

/// One way of running a network: what each operator does to a vector of its own kind of number. The kinds are
/// float64 and float32, enclosures of one point's values, bounds over a box, and exact dyadic numbers.
protocol NetworkEvaluator {
    /// One value per feature.
    associatedtype Values

    func linear(_ linear: Linear, _ operand: Values) -> Values
    func convolution(_ convolution: Convolution, _ operand: Values) -> Values
    func elementwise(_ elementwise: Elementwise, _ operand: Values) -> Values
    func select(_ selection: Selection, _ operand: Values) -> Values
    func sum(_ operands: [Values]) -> Values
    func activation(_ activation: Activation, _ operand: Values) -> Values
    func maxPool(_ pooling: Pooling, _ operand: Values) -> Values
}

extension Network {
    /// Runs the network and gives every node's value.
    func values<Evaluator: NetworkEvaluator>(
        by evaluator: Evaluator, input: Evaluator.Values
    ) -> [Evaluator.Values] {
        var values: [Evaluator.Values] = []
        values.reserveCapacity(nodes.count)
        for node in nodes {
            let first = node.inputs.first.map { values[$0] }
            switch node.operation {
            case .input: values.append(input)
            case .linear(let linear): values.append(evaluator.linear(linear, first!))
            case .convolution(let convolution): values.append(evaluator.convolution(convolution, first!))
            case .elementwise(let elementwise): values.append(evaluator.elementwise(elementwise, first!))
            case .select(let selection): values.append(evaluator.select(selection, first!))
            case .reshape: values.append(first!)
            case .sum: values.append(evaluator.sum(node.inputs.map { values[$0] }))
            case .activation(let activation): values.append(evaluator.activation(activation, first!))
            case .maxPool(let pooling): values.append(evaluator.maxPool(pooling, first!))
            }
        }
        return values
    }
}
