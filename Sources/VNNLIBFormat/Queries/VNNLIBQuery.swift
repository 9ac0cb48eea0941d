// A query in the VNN-LIB 2.0 format: declared networks, and one formula over the elements of their tensors that
// describes a counterexample. Files stand for the networks only on the command line, so a query alone has no answer.

import Properties

/// A query over one or more networks.
public struct VNNLIBQuery: Sendable {
    /// As the caller named the file.
    public let name: String
    public internal(set) var networks: [NetworkDeclaration] = []
    /// Of all networks, in the order of their declarations.
    public internal(set) var variables: [TensorVariable] = []
    /// What the user should know although the query can be read.
    public internal(set) var warnings: [String] = []
    /// Over elements: a variable's index is that among the elements of all variables.
    var formula = Formula()
    /// Nodes of the formula, all of which hold.
    var asserted: [Int] = []
    let bytes: [UInt8]

    init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    /// The number of elements of all variables.
    public var elementCount: Int { variables.last.map { $0.firstElement + $0.count } ?? 0 }

    /// The variable that has an element.
    public func variable(ofElement element: Int) -> TensorVariable {
        var low = 0
        var high = variables.count - 1
        while low < high {
            let middle = (low + high + 1) / 2
            if variables[middle].firstElement <= element { low = middle } else { high = middle - 1 }
        }
        return variables[low]
    }

    /// An element as the query writes it, such as `X[0,3]`.
    public func text(ofElement element: Int) -> String {
        let variable = variable(ofElement: element)
        return variable.text(ofElement: element - variable.firstElement)
    }

    /// The elements that the asserts speak of, ascending.
    public var mentionedElements: [Int] {
        var isMentioned = [Bool](repeating: false, count: elementCount)
        for bound in formula.bounds { isMentioned[bound.input] = true }
        for constraint in formula.constraints {
            for term in constraint.expression.terms { isMentioned[term.variable.index] = true }
        }
        return isMentioned.indices.filter { isMentioned[$0] }
    }

    /// The one type of all variables.
    ///
    /// - Throws: when types are mixed, or of a kind for which there is no sound analysis.
    public func elementType() throws(VNNLIBError) -> TensorElementType {
        let type = variables[0].type
        for variable in variables {
            if !variable.type.isSupported {
                throw error(
                    at: variable.offset, .unsupportedType,
                    "\(variable.name) is made of \(variable.type.rawValue), for which no sound analysis is known here",
                    remedy: "write real, float32 or float64")
            }
            if variable.type != type {
                throw error(
                    at: variable.offset, .unsupportedType,
                    "\(variable.name) is \(variable.type.rawValue) and \(variables[0].name) \(type.rawValue)",
                    remedy: "declare all variables with one type; real is taken for every file")
            }
        }
        return type
    }

    func error(at offset: Int, _ code: VNNLIBErrorCode, _ what: String, remedy: String) -> VNNLIBError {
        Fault(at: offset, code, what, remedy: remedy).located(in: bytes, name: name)
    }

    /// A fault found when the query met its networks' files.
    public func error(
        in network: NetworkDeclaration, _ code: VNNLIBErrorCode, _ what: String, remedy: String
    ) -> VNNLIBError {
        error(at: network.offset, code, what, remedy: remedy)
    }

    /// As above, of one variable.
    public func error(
        in variable: TensorVariable, _ code: VNNLIBErrorCode, _ what: String, remedy: String
    ) -> VNNLIBError {
        error(at: variable.offset, code, what, remedy: remedy)
    }
}

public struct NetworkDeclaration: Sendable {
    public enum Equivalence: Sendable, Hashable {
        /// The same graph with other weights as the network of this index.
        case isomorphic(to: Int)
        /// The same graph and weights.
        case equal(to: Int)
    }

    public var name: String
    public var equivalence: Equivalence?
    /// Its variables among the query's: inputs, then hidden ones, then outputs.
    public var variables: Range<Int>
    var offset: Int
}

public struct TensorVariable: Sendable {
    public enum Kind: String, Sendable { case input, hidden, output }

    public var name: String
    public var kind: Kind
    public var type: TensorElementType
    /// Empty for a scalar.
    public var shape: [Int]
    /// The tensor's name in the ONNX file; nil where the order of declarations tells it.
    public var tensorName: String?
    /// Index of its network.
    public var network: Int
    /// The index of its first element among those of all variables; the others follow in row-major order.
    public var firstElement: Int
    var offset: Int

    public var count: Int { shape.reduce(1, *) }
    public var elements: Range<Int> { firstElement..<firstElement + count }

    /// `X[0,3]`, or `X` for a scalar.
    func text(ofElement element: Int) -> String {
        if shape.isEmpty { return name }
        var indices: [Int] = []
        var rest = element
        for size in shape.reversed() {
            indices.append(rest % size)
            rest /= size
        }
        return name + "[" + indices.reversed().map(String.init).joined(separator: ",") + "]"
    }
}
