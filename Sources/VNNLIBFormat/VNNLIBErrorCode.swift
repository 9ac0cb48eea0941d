/// What kind of mistake a VNN-LIB 2.0 query makes, by the names of the standard's own checker where it has one.
public enum VNNLIBErrorCode: String, Sendable, Hashable, CaseIterable {
    /// The text does not follow the grammar.
    case syntax = "Syntax"
    /// A variable or a network is declared twice.
    case multipleDeclaration = "MultipleDeclaration"
    /// Variables of different element types, or a literal of another kind, in one comparison.
    case typeMismatch = "TypeMismatch"
    case undeclaredVariable = "UndeclaredVariable"
    case indexOutOfBounds = "IndexOutOfBounds"
    case tooManyIndices = "TooManyIndices"
    case notEnoughIndices = "NotEnoughIndices"
    /// A scalar is written with indices.
    case invalidScalarAccess = "InvalidScalarAccess"
    case invalidDimensions = "InvalidDimensions"
    case majorVersionMismatch = "MajorVersionMismatch"
    /// Networks that are isomorphic or equal declare different numbers of variables.
    case variableCountMismatch = "VariableCountMismatch"
    case variableShapeMismatch = "VariableShapeMismatch"
    case variableKindMismatch = "VariableKindMismatch"
    /// `isomorphic-to` or `equal-to` names a network that is not declared before.
    case missingNetwork = "MissingNetwork"
    /// `isomorphic-to` or `equal-to` names a network that has such a statement itself.
    case chainedEquivalence = "ChainedEquivalence"
    case unknownType = "UnknownType"

    /// A type of the standard that no sound analysis here covers.
    case unsupportedType = "UnsupportedType"
    /// A product of variables.
    case nonlinearArithmetic = "NonlinearArithmetic"
    /// Arithmetic that is not analysed under floating-point rounding.
    case unsupportedArithmetic = "UnsupportedArithmetic"
    /// An input lacks a bound.
    case unboundedInput = "UnboundedInput"
    /// A number or a formula beyond what is handled.
    case limitExceeded = "LimitExceeded"

    /// A declared network has no file.
    case missingNetworkFile = "MissingNetworkFile"
    /// A file is given for no declared network.
    case unnecessaryNetworkFile = "UnnecessaryNetworkFile"
    /// A file's element type is not the declared one.
    case elementTypeMismatch = "ElementTypeMismatch"
    /// A file has another number of inputs or outputs, another shape, or not the tensor that is named.
    case tensorMismatch = "TensorMismatch"
    /// A file's graph is not that of the network it is said to be isomorphic to.
    case notIsomorphic = "NotIsomorphic"
    /// A file is not that of the network it is said to be equal to.
    case notEqual = "NotEqual"
}
