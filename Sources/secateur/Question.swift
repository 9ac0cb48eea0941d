// What is asked on the command line: a property of one network, or a VNN-LIB 2.0 query over networks that are named.

import ArgumentParser
import Files
import NetworkQueries
import Properties
import VNNLIBFormat
import Verification

/// The files that `verify` and `check` are given.
struct QuestionArguments: ParsableArguments {
    @Argument(help: "The network, an ONNX file, gzipped or not; with --network the query instead.")
    var network: String

    @Argument(help: "The property, a VNN-LIB file of version 1.0 or 2.0, gzipped or not.")
    var property: String?

    @Option(
        name: .customLong("network"),
        help: ArgumentHelp("The file of a network that a VNN-LIB 2.0 query declares.", valueName: "name=file"))
    var networkFiles: [String] = []
}

struct Question {
    var query: Query
    /// Set for VNN-LIB 2.0, of which `query` is the reduction.
    var reduced: ReducedQuery?
    var warnings: [String] = []
    /// The networks' files, in the order in which the query declares them, and the property's or the query's.
    var networkPaths: [String]
    var propertyPath: String

    init(_ arguments: QuestionArguments) throws(InputFault) {
        let (network, property, files) = (arguments.network, arguments.property, arguments.networkFiles)
        let path = property ?? network
        let isNetwork = [".onnx", ".onnx.gz"].contains { network.hasSuffix($0) }
        if property == nil && isNetwork && files.isEmpty {
            throw InputFault("\(network): there is no property; name a VNN-LIB file behind the network")
        }
        if property != nil && !files.isEmpty {
            throw InputFault("\(network): with --network the query's file stands alone; leave this one away")
        }
        networkPaths = [network]
        propertyPath = path
        switch try Self.read(path) {
        case .property(let content):
            guard property != nil else {
                throw InputFault(
                    "\(path): a VNN-LIB 1.0 property names no networks; write: secateur verify network.onnx \(path)")
            }
            query = try Self.query(network, content, path)
        case .query(let content):
            do {
                let named = try NetworkFiles.parse(files)
                let files = property == nil ? named : try NetworkFiles.only(network, for: content)
                let reduced = try ReducedQuery(content, files: files)
                self.reduced = reduced
                networkPaths = reduced.paths
                query = try Query(network: reduced.network, property: reduced.property)
                warnings = content.warnings
            } catch let error as NetworkQueryError {
                throw InputFault(error.description)
            } catch {
                throw InputFault("\(path): \(error)")
            }
        }
    }

    private static func read(_ path: String) throws(InputFault) -> VNNLIBFile {
        do {
            return try VNNLIBReader.readAnyVersion(path: path)
        } catch {
            throw InputFault(error.description)
        }
    }

    private static func query(
        _ networkPath: String, _ property: Property, _ propertyPath: String
    ) throws(InputFault) -> Query {
        let network = try readNetwork(networkPath)
        do {
            return try Query(network: network, property: property)
        } catch {
            throw InputFault("\(propertyPath): \(error.message); use the property that belongs to \(networkPath)")
        }
    }

    /// Why no certificate can be written, or checked, for the question; nil when it can.
    var objectionToCertifying: String? {
        reduced?.format == nil ? nil : "certificates are about real numbers; declare the variables real"
    }

    /// The networks' files, inflated.
    func networkFiles() throws(FileError) -> [[UInt8]] {
        var files: [[UInt8]] = []
        for path in networkPaths { files.append(try readFile(path)) }
        return files
    }
}
