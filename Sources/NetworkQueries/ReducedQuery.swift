// The reduction: a query over several networks is a property of one. Inputs that are asserted to be equal become one
// input, the networks stand side by side over them (Network.product, which has what they share once), and the asserts'
// arithmetic over inputs, hidden tensors and outputs becomes linear constraints over the product's inputs and outputs.
// Everything that decides properties then decides queries, unchanged.

public import Intervals
public import Networks
import ONNXFormat
public import Properties
public import VNNLIBFormat

/// A query and its networks' files as one network and one property.
public struct ReducedQuery: Sendable {
    public let query: VNNLIBQuery
    /// The product of the query's networks; the network itself where there is one whose outputs are asserted about.
    public let network: Network
    /// Violated where the query is satisfied.
    public let property: Property
    /// The format whose executions are asked about; nil for the real networks.
    public let format: FloatFormat?
    /// Per element of the query its place in the product; nil for those that nothing is asserted about.
    public let places: [ElementPlace?]
    /// The two networks that the product consists of, when both give as many outputs, of the same places in each.
    public let pair: ReducedPair?
    let networks: [DeclaredNetwork]

    /// - Parameters:
    ///   - files: paths of ONNX files by the names of declared networks; one that is `equal-to` another needs none.
    /// - Throws: when files are missing, unnecessary or not as declared, when an input has no bounds, or when the query
    ///   is of a kind that is not answered.
    /// - Soundness: for queries of type `real`, the property is violated at a point exactly when the query is satisfied
    ///   by the inputs that the point stands for.
    public init(_ query: VNNLIBQuery, files: [String: String]) throws(NetworkQueryError) {
        do {
            self.query = query
            format = try query.elementType().floatFormat
            networks = try Self.networks(of: query, files: files)
            let (places, inputCount) = Self.inputPlaces(of: query)
            (network, self.places, pair) = Self.product(
                of: networks, query: query, inputs: places, inputCount: inputCount, merges: format == nil)
            property = try query.property(places: self.places, outputCount: network.outputCount)
        } catch let error as VNNLIBError {
            throw NetworkQueryError(error)
        } catch let error as NetworkQueryError {
            throw error
        } catch {
            preconditionFailure("no other error is thrown here")
        }
    }

    /// Why the query can get no verdict, whatever the network does; nil when it can.
    public var objection: String? {
        guard let format else { return nil }
        for network in networks {
            guard let operation = network.interface.operatorOfOwnRounding else { continue }
            return "the rounding of \(operation) executed in \(format.rawValue) is not bounded (\(network.path)); "
                + "export the network without it, or declare the variables real"
        }
        return nil
    }

    /// The networks' files, in the order of their declarations.
    public var paths: [String] { networks.map(\.path) }

    // MARK: files

    private static func networks(
        of query: VNNLIBQuery, files: [String: String]
    ) throws(NetworkQueryError) -> [DeclaredNetwork] {
        for name in files.keys.sorted() where !query.networks.contains(where: { $0.name == name }) {
            throw NetworkQueryError(
                VNNLIBError(
                    file: query.name, code: .unnecessaryNetworkFile,
                    message: "a file is given for \(name), which the query does not declare; it declares "
                        + query.networks.map(\.name).joined(separator: ", ")))
        }
        var paths: [String] = []
        for network in query.networks {
            if let path = files[network.name] {
                paths.append(path)
            } else if case .equal(let other)? = network.equivalence {
                paths.append(paths[other])
            } else {
                throw NetworkQueryError(
                    query.error(
                        in: network, .missingNetworkFile, "no file is given for the network \(network.name)",
                        remedy: "add --network \(network.name)=FILE.onnx"))
            }
        }
        // Networks of one file are read with the hidden tensors of all of them, so that they are the same.
        var hidden: [String: [String]] = [:]
        for (network, path) in zip(query.networks, paths) {
            for variable in query.variables[network.variables] where variable.kind == .hidden {
                guard let name = variable.tensorName, !hidden[path, default: []].contains(name) else { continue }
                hidden[path, default: []].append(name)
            }
        }
        var networks: [DeclaredNetwork] = []
        for (index, path) in paths.enumerated() {
            let network = try DeclaredNetwork(index, of: query, path: path, hidden: hidden[path, default: []])
            switch network.declaration.equivalence {
            case .isomorphic(let other)?, .equal(let other)?:
                try network.checkEquivalence(to: networks[other], in: query)
            case nil: break
            }
            networks.append(network)
        }
        return networks
    }

    // MARK: the product

    /// Per element of an input its place among the product's inputs.
    private static func inputPlaces(of query: VNNLIBQuery) -> (places: [ElementPlace?], count: Int) {
        let tied = query.tiedInputs()
        var places = [ElementPlace?](repeating: nil, count: query.elementCount)
        var count = 0
        for variable in query.variables where variable.kind == .input {
            for element in variable.elements {
                if tied[element] == element {
                    places[element] = .input(count)
                    count += 1
                } else {
                    places[element] = places[tied[element]]
                }
            }
        }
        return (places, count)
    }

    /// - Parameter merges: networks of the same file that read the same inputs are one; under rounding they need not
    ///   give the same outputs.
    private static func product(
        of networks: [DeclaredNetwork], query: VNNLIBQuery, inputs: [ElementPlace?], inputCount: Int, merges: Bool
    ) -> (network: Network, places: [ElementPlace?], pair: ReducedPair?) {
        struct Key: Hashable {
            var path: String
            var inputs: [Int]
        }
        var places = inputs
        var wanted: [(network: DeclaredNetwork, inputs: [Int], outputs: [Int])] = []
        var known: [Key: Int] = [:]
        /// Of each element with an output: the network in `wanted`, and the output there.
        var found: [(element: Int, network: Int, output: Int)] = []
        let mentioned = query.mentionedElements
        for network in networks {
            let reads = network.inputElements(of: query).map { element in
                guard case .input(let place)? = inputs[element] else { preconditionFailure("an input has no place") }
                return place
            }
            let key = Key(path: network.path, inputs: reads)
            let index = merges ? known[key] ?? wanted.count : wanted.count
            if index == wanted.count {
                wanted.append((network, reads, []))
                known[key] = index
            }
            for (variable, place) in zip(query.variables[network.declaration.variables], network.places)
            where variable.kind != .input {
                for element in mentioned[within: variable.elements] {
                    let output = place + element - variable.firstElement
                    found.append((element, index, output))
                    wanted[index].outputs.append(output)
                }
            }
        }
        if wanted.count == 1, let only = wanted.first, only.network.interface.hidden.isEmpty {
            for (element, _, output) in found { places[element] = .output(output) }
            return (only.network.interface.network.reading(inputs: only.inputs, of: inputCount), places, nil)
        }
        var members: [Network] = []
        var starts: [Int] = []
        var start = 0
        for index in wanted.indices {
            // One output where nothing is asserted, so that there is a network at all.
            wanted[index].outputs = Array(Set(wanted[index].outputs)).sorted()
            if wanted[index].outputs.isEmpty { wanted[index].outputs = [0] }
            let network = wanted[index].network.interface.network.giving(outputs: wanted[index].outputs)
            members.append(network.reading(inputs: wanted[index].inputs, of: inputCount))
            starts.append(start)
            start += wanted[index].outputs.count
        }
        for (element, index, output) in found {
            let place = wanted[index].outputs.partitioningIndex { $0 >= output }
            places[element] = .output(starts[index] + place)
        }
        let isPair = members.count == 2 && wanted[0].outputs == wanted[1].outputs
        return (
            members.count == 1 ? members[0] : Network.product(members), places,
            isPair ? ReducedPair(first: members[0], second: members[1]) : nil
        )
    }
}

/// Two networks of the same inputs; the product has the first one's outputs, then the second one's.
public struct ReducedPair: Sendable {
    public var first: Network
    public var second: Network
}

extension [Int] {
    /// The elements in a range, of an ascending list.
    fileprivate subscript(within range: Range<Int>) -> ArraySlice<Int> {
        self[partitioningIndex { $0 >= range.lowerBound }..<partitioningIndex { $0 >= range.upperBound }]
    }

    /// The first place from which on a condition holds.
    fileprivate func partitioningIndex(where isBehind: (Int) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
