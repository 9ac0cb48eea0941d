// The VNN-LIB 2.0 queries of Specs/: two networks at once, hidden tensors, float32. Each answer follows from how the
// query was made.

import Evaluation
import Networks
import VNNLIBFormat

/// A VNN-LIB 2.0 query over networks of Specs/.
struct SpecQuery {
    var name: String
    /// Files, without their suffix, by the names of the declared networks; those equal to another are left out.
    var networks: [(name: String, file: String)]
    var text: String
    /// `sat`, `unsat`, or `unknown` where rounding forbids an answer.
    var expected: String
    var reason: String

    /// The networks as the list has them.
    var reference: String { networks.map { "\($0.name)=\($0.file).onnx" }.joined(separator: ";") }
}

/// The dense network with its smaller weights set to zero.
func prunedDenseNetwork() -> Network {
    var network = denseNetwork()
    for index in network.nodes.indices {
        guard case .linear(var linear) = network.nodes[index].operation else { continue }
        let kept = linear.weights.dense.map { $0.magnitude < 0.0625 ? 0 : $0 }
        linear.weights = Matrix(rows: linear.weights.rows, columns: linear.weights.columns, rowMajor: kept)
        network.nodes[index].operation = .linear(linear)
    }
    return network
}

func allSpecQueries() -> [SpecQuery] {
    pairQueries() + copyQueries() + [hiddenQuery()] + floatQueries()
}

// MARK: - Dense against pruned

private func pairQueries() -> [SpecQuery] {
    let (dense, pruned) = (denseNetwork(), prunedDenseNetwork())
    let radius = 0.0625
    let centre = [0.5, -0.25, 0.125, 0, -0.5, 0.25]
    let bound = deviation(dense, pruned, within: centre.map { $0.magnitude + radius })
    let limit = (bound * 64).rounded(.up) / 64 + 0.015625
    let reached = dense.evaluate(centre)[0] - pruned.evaluate(centre)[0]
    let head = """
        (vnnlib-version <2.0>)
        (declare-network f (declare-input X real [1,6]) (declare-output Y real [1,3]))
        (declare-network g (isomorphic-to f) (declare-input A real [1,6]) (declare-output B real [1,3]))
        \(bounds("X", centre.map { ($0 - radius, $0 + radius) }))
        \((0..<6).map { "(assert (== A[0,\($0)] X[0,\($0)]))" }.joined(separator: "\n"))

        """
    let files = [(name: "f", file: "dense"), (name: "g", file: "dense-pruned")]
    return [
        SpecQuery(
            name: "pair-close", networks: files,
            text: head + "(assert (or (> (- Y[0,0] B[0,0]) \(limit)) (< (- Y[0,0] B[0,0]) (- \(limit)))))",
            expected: "unsat", reason: "sums of absolute weights bound how far pruning moves an output"),
        SpecQuery(
            name: "pair-apart", networks: files,
            text: head
                + (reached < 0
                    ? "(assert (<= (- Y[0,0] B[0,0]) \(reached)))" : "(assert (>= (- Y[0,0] B[0,0]) \(reached)))"),
            expected: "sat", reason: "so far apart they are at the box's centre"),
        SpecQuery(
            name: "pair-equal", networks: [files[0]],
            text: head.replacing("isomorphic-to", with: "equal-to")
                + "(assert (or (!= Y[0,0] B[0,0]) (!= Y[0,1] B[0,1]) (!= Y[0,2] B[0,2])))",
            expected: "unsat", reason: "one network gives one output"),
    ]
}

/// How far two chains of linear layers and ReLUs may be apart at output 0, for inputs of these sizes: with sizes m of
/// the second network's values, |f - g| <= |W| |f' - g'| + |W - V| m + |b - c| row by row.
private func deviation(_ f: Network, _ g: Network, within sizes: [Double]) -> Double {
    var apart = [Double](repeating: 0, count: sizes.count)
    var sizes = sizes
    for (mine, theirs) in zip(f.nodes, g.nodes) {
        guard case .linear(let a) = mine.operation, case .linear(let b) = theirs.operation else { continue }
        let (w, v, columns) = (a.weights.dense, b.weights.dense, sizes.count)
        let rows = a.bias.indices
        apart = rows.map { row in
            (0..<columns).reduce((a.bias[row] - b.bias[row]).magnitude) { sum, column in
                let place = row * columns + column
                return sum + w[place].magnitude * apart[column] + (w[place] - v[place]).magnitude * sizes[column]
            }
        }
        sizes = rows.map { row in
            (0..<columns).reduce(b.bias[row].magnitude) { $0 + v[row * columns + $1].magnitude * sizes[$1] }
        }
    }
    return apart[0]
}

// MARK: - Two inputs of one network

private func copyQueries() -> [SpecQuery] {
    let head = """
        (vnnlib-version <2.0>)
        (declare-network here (declare-input P real [1,2]) (declare-output T real [1,1]))
        (declare-network there (equal-to here) (declare-input Q real [1,2]) (declare-output U real [1,1]))
        \(bounds("P", [(-0.125, 0.125), (-0.125, 0.125)]))
        (assert (and (<= (- Q[0,0] P[0,0]) 0.0625) (<= (- P[0,0] Q[0,0]) 0.0625)))
        (assert (and (<= (- Q[0,1] P[0,1]) 0.0625) (<= (- P[0,1] Q[0,1]) 0.0625)))

        """
    let networks = [(name: "here", file: "controller")]
    return [
        SpecQuery(
            name: "controller-smooth", networks: networks, text: head + "(assert (> (- T[0,0] U[0,0]) 0.25))",
            expected: "unsat", reason: "inputs 1/16 apart change the torque by (3/2 + 3/4)/16 at most"),
        SpecQuery(
            name: "controller-steep", networks: networks, text: head + "(assert (>= (- T[0,0] U[0,0]) 0.125))",
            expected: "sat", reason: "inputs 1/16 apart can change the torque by (3/2 + 3/4)/16"),
    ]
}

// MARK: - Hidden tensors

private func hiddenQuery() -> SpecQuery {
    let text = """
        (vnnlib-version <2.0>)
        (declare-network f
            (declare-input X real [1,2]) (declare-hidden P real [1,6] "parts") (declare-output S real [1,1]))
        \(bounds("X", [(-1, 1), (-1, 1)]))
        (assert (or (< P[0,0] 0.0) (> (- P[0,1]) 0.0) (< (+ P[0,2] P[0,3]) 0.0) (< P[0,4] 0.0) (> 0.0 P[0,5])))
        """
    return SpecQuery(
        name: "triangle-parts", networks: [(name: "f", file: "triangle")], text: text,
        expected: "unsat", reason: "a ReLU is never negative, not even by a little")
}

// MARK: - float32

private func floatQueries() -> [SpecQuery] {
    let torque = """
        (vnnlib-version <2.0>)
        (declare-network f (declare-input X float32 [1,2]) (declare-output T float32 [1,1]))
        \(bounds("X", [(-4, 4), (-8, 8)]))

        """
    let order = """
        (vnnlib-version <2.0>)
        (declare-network f (declare-input X float32 [1,3]) (declare-output Y float32 [1,1]))
        \(bounds("X", [(1, 1), (0.5, 1), (1, 1)]))
        (assert (<= Y[0,0] 0.0))
        """
    let controller = [(name: "f", file: "controller")]
    return [
        SpecQuery(
            name: "controller-float32", networks: controller,
            text: torque + "(assert (or (> T[0,0] 1.01) (< T[0,0] -1.01)))", expected: "unsat",
            reason: "it is clamped to -1 ... 1, and rounding is far smaller than 1/100"),
        SpecQuery(
            name: "controller-reached", networks: controller, text: torque + "(assert (>= T[0,0] 0.75))",
            expected: "sat", reason: "it is 1 where it is clamped, and rounding is far smaller than 1/4"),
        SpecQuery(
            name: "order-float32", networks: [(name: "f", file: "order")], text: order, expected: "unknown",
            reason: "it is b - 1/4, but float32 adds b to 2^24 in vain"),
    ]
}

/// Asserts that bound the elements of a variable of shape `[1,n]`.
private func bounds(_ name: String, _ ends: [(lower: Double, upper: Double)]) -> String {
    ends.enumerated().map { index, end in
        "(assert (and (>= \(name)[0,\(index)] \(end.lower)) (<= \(name)[0,\(index)] \(end.upper))))"
    }.joined(separator: "\n")
}
