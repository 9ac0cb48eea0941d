import Evaluation
import Intervals
import Networks
import Testing

/// Zeros, overflow, underflow, and the ends of the number line.
@Suite struct UnusualNumbersTests {
    @Test func zeroRowsAndCutNeuronsStayExact() {
        let matrix = Matrix.dense(rows: 2, columns: 2, values: [0, 0, 0.1, 0.3])
        let network = dense(matrix, bias: [0, -10], then: .relu)
        #expect(network.evaluate(at: [Interval(0.1), Interval(0.7)]) == [.zero, .zero])
        let bounds = network.intervalBounds(over: [-1, -1], upper: [1, 1])[2]
        #expect(bounds.lower == [0, 0] && bounds.upper == [0, 0])
        let atZero = network.intervalBounds(over: [0, 0], upper: [0, 0])[1]
        #expect(atZero.lower == [0, -10] && atZero.upper == [0, -10])
    }

    @Test func overflowGivesTheWholeLine() {
        let network = dense(.dense(rows: 1, columns: 2, values: [1e300, -1e300]), bias: [0], then: nil)
        #expect(network.evaluate(at: [Interval(1e10), Interval(1e10)])[0] == .line)
        let bounds = network.intervalBounds(over: [1e10, 1e10], upper: [1e10, 1e10])[1]
        #expect(bounds.lower == [-.infinity] && bounds.upper == [.infinity])
        #expect(network.evaluate(at: [.line, .zero])[0] == .line)
        let unknown = network.intervalBounds(over: [.nan, 0], upper: [0, 0])
        #expect(unknown[1].lower == [-.infinity] && unknown[1].upper == [.infinity])
    }

    @Test(arguments: [0x1p-1074, 0x1p-1022, 0x1.5p-800, 0x1.7p-540])
    func underflowIsPaidFor(tiny: Double) {
        // The real output is tiny^2 * 3 > 0, which float64 may round to zero.
        let network = dense(.dense(rows: 1, columns: 1, values: [tiny * 3]), bias: [0], then: nil)
        let value = network.evaluate(at: [Interval(tiny)])[0]
        #expect(value.upper > 0)
        let bounds = network.intervalBounds(over: [tiny], upper: [tiny])[1]
        #expect(bounds.upper[0] > 0)
        if tiny * tiny == 0 { #expect(value.lower <= 0 && bounds.lower[0] <= 0) }
    }

    @Test func nearlyCancellingSumsKeepTheirSign() {
        // 1e16 + 1 - 1e16: plain float64 loses the one.
        let network = dense(.dense(rows: 1, columns: 3, values: [1e16, 1, -1e16]), bias: [0], then: nil)
        #expect(network.evaluate(at: [Interval(1), Interval(1), Interval(1)])[0].contains(1))
        #expect(network.evaluate(at: [Interval(1), Interval(1), Interval(1)])[0].lower > 0.999)
    }

    private func dense(_ matrix: Matrix, bias: [Double], then activation: Activation?) -> Network {
        var nodes = [
            Node(name: "x", operation: .input, inputs: [], shape: [matrix.columns]),
            Node(
                name: "l", operation: .linear(Linear(weights: matrix, bias: bias)), inputs: [0],
                shape: [matrix.rows]),
        ]
        if let activation {
            nodes.append(
                Node(name: "a", operation: .activation(activation), inputs: [1], shape: [matrix.rows]))
        }
        return Network(nodes: nodes, output: nodes.count - 1)
    }
}
