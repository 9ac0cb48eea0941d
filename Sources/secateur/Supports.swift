import ArgumentParser
import Glibc
import ONNXFormat
import VNNLIBFormat

struct Supports: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says which networks and VNN-LIB 2.0 queries can be verified.",
        discussion: """
            For programs that choose among solvers: one capability is asked for, by the option that the VNN-LIB standard \
            has for it, and printed line by line.

            Example: secateur supports --onnx-operators
            """)

    enum Capability: String, EnumerableFlag {
        case onnxOpsetVersions, onnxElementTypes, onnxOperators, onnxOperatorsUnsatProofs
        case vnnlibVersions
        case hiddenNodeTheories, multipleInputOutputTheories, multipleNetworkTheories
        case multipleNodeComparisonTheories, arithmeticComplexityTheories
        case optimisedDisjunctiveReasoning
        case serialiseAssignments, unsatProofs

        static func help(for value: Capability) -> ArgumentHelp? {
            switch value {
            case .onnxOpsetVersions: "The least and the greatest version of the ONNX operators."
            case .onnxElementTypes: "The types of variables for which answers are sound."
            case .onnxOperators: "The ONNX operators, each with its types unless it has all."
            case .onnxOperatorsUnsatProofs: "The operators for which there are proofs in the standard's format."
            case .vnnlibVersions: "The least and the greatest version of queries."
            case .hiddenNodeTheories: "Whether hidden nodes may be declared."
            case .multipleInputOutputTheories: "Whether networks may have several inputs and outputs."
            case .multipleNetworkTheories: "Which sets of networks a query may declare."
            case .multipleNodeComparisonTheories: "Whether different tensors of a network may be compared."
            case .arithmeticComplexityTheories: "Which arithmetic asserts may have."
            case .optimisedDisjunctiveReasoning: "Whether disjunctions are not just multiplied out."
            case .serialiseAssignments: "Whether assignments are written as files of ONNX tensors."
            case .unsatProofs: "Whether there are proofs in the standard's format."
            }
        }
    }

    @Flag(help: "")
    var capability: Capability

    func run() {
        let lines: [String] =
            switch capability {
            case .onnxOpsetVersions: ["\(ONNXReader.operatorSets.lowerBound)", "\(ONNXReader.operatorSets.upperBound)"]
            case .onnxElementTypes: TensorElementType.allCases.filter(\.isSupported).map(\.rawValue)
            case .onnxOperators:
                ONNXReader.operators.map { $0.hasBoundedRounding ? $0.name : "\($0.name) real" }
            case .onnxOperatorsUnsatProofs: []
            case .vnnlibVersions: ["1.0", "2.0"]
            case .hiddenNodeTheories: ["NH", "H"]
            case .multipleInputOutputTheories: ["SIO", "MIO"]
            case .multipleNetworkTheories: ["SNET", "MENET", "MINET", "MNET"]
            case .multipleNodeComparisonTheories: ["SNC", "MNC"]
            case .arithmeticComplexityTheories: ["BND", "OUTC", "LIN"]
            case .optimisedDisjunctiveReasoning, .serialiseAssignments, .unsatProofs: ["false"]
            }
        writeOut(lines.map { $0 + "\n" }.joined(), to: STDOUT_FILENO)
    }
}
