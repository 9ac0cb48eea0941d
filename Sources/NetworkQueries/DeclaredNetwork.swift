// A declared network and the file that was given for it: which tensor of the file each variable is.

import Files
import Networks
import ONNXFormat
import VNNLIBFormat

struct DeclaredNetwork {
    let declaration: NetworkDeclaration
    let path: String
    /// The file's network, with the hidden tensors behind its outputs.
    let interface: ONNXInterface
    /// For each variable the place of its first element among the network's inputs or outputs.
    private(set) var places: [Int] = []

    /// - Throws: when the file is not as it is declared.
    init(
        _ index: Int, of query: VNNLIBQuery, path: String, hidden: [String]
    ) throws(NetworkQueryError) {
        declaration = query.networks[index]
        self.path = path
        interface = try Self.read(path, hidden: hidden)
        let variables = query.variables[declaration.variables]
        let network = interface.network
        // An input with a default value is no input of the network.
        try match(variables.filter { $0.kind == .input }, with: interface.inputs, from: 0, in: query)
        let outputs = variables.filter { $0.kind == .output }
        let hiddenVariables = variables.filter { $0.kind == .hidden }
        let visible = interface.outputs.reduce(0) { $0 + $1.count }
        try match(hiddenVariables, with: interface.hidden, from: visible, in: query)
        try match(outputs, with: interface.outputs, from: 0, in: query)
        precondition(places.count == variables.count && network.outputCount >= visible)
    }

    static func read(_ path: String, hidden: [String]) throws(NetworkQueryError) -> ONNXInterface {
        do {
            return try ONNXReader.readInterface(path: path, hidden: hidden)
        } catch {
            throw NetworkQueryError(nil, error.description)
        }
    }

    /// Finds the tensors of variables of one kind: by name where they have one, else by order.
    private mutating func match(
        _ variables: [TensorVariable], with tensors: [ONNXTensor], from start: Int, in query: VNNLIBQuery
    ) throws(NetworkQueryError) {
        guard let first = variables.first else { return }
        if first.kind != .hidden, variables.count != tensors.count {
            throw NetworkQueryError(
                query.error(
                    in: first, .tensorMismatch,
                    "\(declaration.name) declares \(variables.count) \(first.kind.rawValue)s, "
                        + "\(path) has \(tensors.count)",
                    remedy: "declare all of them, or give the file that belongs to \(declaration.name)"))
        }
        var starts: [Int] = []
        var next = start
        for tensor in tensors {
            starts.append(next)
            next += tensor.count
        }
        for (position, variable) in variables.enumerated() {
            var place = position
            if let name = variable.tensorName {
                guard let found = tensors.firstIndex(where: { $0.name == name }) else {
                    throw NetworkQueryError(
                        query.error(
                            in: variable, .tensorMismatch, "\(path) has no \(variable.kind.rawValue) '\(name)'",
                            remedy: "name one of \(tensors.map { "'\($0.name)'" }.joined(separator: ", "))"))
                }
                place = found
            }
            try check(variable, tensors[place], in: query)
            places.append(starts[place])
        }
    }

    /// Sizes of 1 aside, shapes are the same; so are types, unless the query is about real numbers.
    private func check(
        _ variable: TensorVariable, _ tensor: ONNXTensor, in query: VNNLIBQuery
    ) throws(NetworkQueryError) {
        guard variable.shape.filter({ $0 != 1 }) == tensor.shape.filter({ $0 != 1 }) else {
            throw NetworkQueryError(
                query.error(
                    in: variable, .tensorMismatch,
                    "\(variable.name) has shape \(variable.shape), '\(tensor.name)' of \(path) \(tensor.shape)",
                    remedy: "declare it with the file's shape"))
        }
        if variable.type != .real, let type = tensor.elementType, type != variable.type.rawValue {
            throw NetworkQueryError(
                query.error(
                    in: variable, .elementTypeMismatch,
                    "\(variable.name) is \(variable.type.rawValue), '\(tensor.name)' of \(path) is \(type)",
                    remedy: "declare it as \(type), or as real"))
        }
    }

    /// For each input of the file's network the element of the query that it is.
    func inputElements(of query: VNNLIBQuery) -> [Int] {
        var elements = [Int](repeating: -1, count: interface.network.inputCount)
        for (variable, place) in zip(query.variables[declaration.variables], places) where variable.kind == .input {
            for element in 0..<variable.count { elements[place + element] = variable.firstElement + element }
        }
        return elements
    }
}

// MARK: - Equivalence

extension DeclaredNetwork {
    /// Checks what the declaration says of this network and another.
    func checkEquivalence(to other: DeclaredNetwork, in query: VNNLIBQuery) throws(NetworkQueryError) {
        guard let equivalence = declaration.equivalence, path != other.path else { return }
        // Hidden tensors may differ, and would make the graphs differ.
        let mine = try Self.read(path, hidden: []).network
        let theirs = try Self.read(other.path, hidden: []).network
        let difference = mine.structuralDifference(from: theirs)
        switch equivalence {
        case .isomorphic:
            guard let difference else { return }
            throw NetworkQueryError(
                query.error(
                    in: declaration, .notIsomorphic, "\(path) has another graph than \(other.path): \(difference)",
                    remedy: "give a file of the same graph, or leave isomorphic-to away"))
        case .equal:
            guard let what = difference ?? mine.firstDifferingNode(from: theirs).map({ "'\($0)' has other weights" }),
                (try? readFile(path)) != (try? readFile(other.path))
            else { return }
            throw NetworkQueryError(
                query.error(
                    in: declaration, .notEqual, "\(path) is not the network of \(other.path): \(what)",
                    remedy: "give the same file, or none; or leave equal-to away"))
        }
    }
}
