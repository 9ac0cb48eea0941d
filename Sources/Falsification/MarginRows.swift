internal import Intervals
internal import Properties

/// The constraints of some disjuncts as float32 rows over a model's outputs and inputs.
struct MarginRows {
    struct Row {
        var outputs: [(place: Int, coefficient: Float)]
        var inputs: [(place: Int, coefficient: Float)]
        var constant: Float

        init(_ constraint: LinearConstraint, _ model: some LaneModel) {
            outputs = constraint.outputTerms.map {
                (model.place(ofOutput: $0.index), Float($0.coefficient.midpoint))
            }
            inputs = constraint.inputTerms.map {
                (model.place(ofInput: $0.index), Float($0.coefficient.midpoint))
            }
            constant = Float(constraint.constant.midpoint)
        }
    }

    var rows: [Row] = []
    /// Which rows each disjunct has.
    var disjuncts: [Range<Int>] = []

    init(_ disjuncts: [Disjunct], model: some LaneModel) {
        for disjunct in disjuncts {
            let start = rows.count
            rows += disjunct.constraints.map { Row($0, model) }
            self.disjuncts.append(start..<rows.count)
        }
    }

    /// Every row's margin at the model's outputs, `[row][lane]`.
    func evaluate(_ model: some LaneModel, into margins: inout [Float]) {
        let lanes = model.laneCount
        margins.withUnsafeMutableBufferPointer { margins in
            for (index, row) in rows.enumerated() {
                let target = margins.baseAddress! + index * lanes
                target.update(repeating: row.constant, count: lanes)
                for term in row.outputs {
                    add(term.coefficient, model.outputs + term.place * lanes, to: target, lanes)
                }
                for term in row.inputs {
                    add(term.coefficient, model.inputs + term.place * lanes, to: target, lanes)
                }
            }
        }
    }

    private func add(
        _ coefficient: Float, _ values: UnsafeMutablePointer<Float>, to target: UnsafeMutablePointer<Float>,
        _ lanes: Int
    ) {
        for lane in 0..<lanes { target[lane] += coefficient * values[lane] }
    }
}
