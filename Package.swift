// swift-tools-version: 6.2
import PackageDescription

// The modules, lowest level first. Imports point down only; `swift build
// --explicit-target-dependency-import-check error` holds every file to its row.
struct Module {
    var level: Int
    var name: String
    var imports: [String] = []
    var packages: [Target.Dependency] = []
    var kind: Kind = .swift
    var tested = true
    /// What only its tests import.
    var testImports: [String] = []
    var excluded: [String] = []

    enum Kind {
        case swift, c, command
        case system(apt: String)
    }
}

let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let heaps = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let sqlite = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let yaml = Target.Dependency.product(name: "Yams", package: "Yams")
let bigIntegers = Target.Dependency.product(name: "BigInt", package: "BigInt")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")

let modules: [Module] = [
    Module(level: 0, name: "CLaneKernels", kind: .c, tested: false),
    Module(level: 0, name: "CGLPK", kind: .system(apt: "libglpk-dev"), tested: false),
    Module(level: 0, name: "COpenBLAS", kind: .system(apt: "libopenblas-dev"), tested: false),
    Module(level: 0, name: "CZlib", kind: .system(apt: "zlib1g-dev"), tested: false),
    Module(level: 0, name: "CPNG", kind: .system(apt: "libpng-dev"), tested: false),
    Module(level: 0, name: "RandomNumbers"),
    Module(level: 0, name: "Intervals", packages: [bigIntegers]),
    Module(level: 0, name: "Statistics"),
    Module(level: 1, name: "Lanes", imports: ["CLaneKernels"]),
    Module(
        level: 1, name: "Networks", imports: ["Intervals"], testImports: ["Evaluation"],
        excluded: ["README.md"]),
    Module(level: 1, name: "Properties", imports: ["Intervals"]),
    Module(level: 1, name: "LinearPrograms", imports: ["CGLPK"]),
    Module(level: 1, name: "Files", imports: ["CZlib"]),
    Module(
        level: 2, name: "ONNXFormat", imports: ["Networks", "Intervals", "Files"], packages: [protobuf],
        testImports: ["Evaluation"], excluded: ["README.md", "Schema/onnx.proto"]),
    Module(level: 2, name: "Datasets", imports: ["CPNG", "Files", "RandomNumbers"]),
    Module(level: 2, name: "VNNLIBFormat", imports: ["Properties", "Intervals", "Files"]),
    Module(
        level: 2, name: "Evaluation", imports: ["Networks", "Lanes", "Intervals"], packages: [bigIntegers],
        testImports: ["Oracles"]),
    Module(
        level: 2, name: "Oracles", imports: ["Networks", "Properties", "Intervals", "RandomNumbers"],
        packages: [bigIntegers]),
    Module(
        level: 2, name: "Certificates", imports: ["Networks", "Properties", "Intervals"],
        packages: [crypto], testImports: ["Oracles"], excluded: ["README.md"]),
    Module(
        level: 3, name: "BoundPropagation",
        imports: ["CLaneKernels", "Certificates", "Evaluation", "Lanes", "Networks", "Properties", "Intervals"],
        testImports: ["Oracles"]),
    Module(
        level: 3, name: "Falsification",
        imports: ["Evaluation", "Lanes", "Networks", "Properties", "Intervals", "RandomNumbers"]),
    Module(
        level: 3, name: "NetworkQueries",
        imports: ["ONNXFormat", "VNNLIBFormat", "Evaluation", "Networks", "Properties", "Intervals", "Files"],
        testImports: ["Oracles", "Verification"]),
    Module(
        level: 3, name: "Training",
        imports: ["CLaneKernels", "Datasets", "Evaluation", "Intervals", "Lanes", "Networks", "RandomNumbers"],
        testImports: ["ONNXFormat"]),
    Module(
        level: 4, name: "BranchAndBound",
        imports: [
            "BoundPropagation", "Certificates", "Evaluation", "Lanes", "LinearPrograms", "Networks", "Properties",
            "Intervals",
        ], packages: [heaps], testImports: ["Oracles"]),
    Module(
        level: 4, name: "Pruning", imports: ["COpenBLAS", "Datasets", "Lanes", "Networks", "RandomNumbers", "Training"]),
    Module(
        level: 5, name: "Verification",
        imports: [
            "BranchAndBound", "BoundPropagation", "Certificates", "Falsification", "Evaluation", "Networks",
            "Properties", "Intervals", "Lanes",
        ], testImports: ["Oracles"]),
    Module(
        level: 5, name: "Comparison",
        imports: [
            "BoundPropagation", "Evaluation", "Falsification", "Lanes", "Networks", "Properties", "Intervals",
        ], packages: [heaps], testImports: ["Oracles"], excluded: ["README.md"]),
    Module(
        level: 6, name: "Studies",
        imports: [
            "Certificates", "Verification", "Comparison", "Falsification", "NetworkQueries", "Evaluation", "ONNXFormat",
            "VNNLIBFormat", "Datasets", "Networks", "Properties", "Intervals", "Files", "Pruning", "Statistics",
            "Training",
        ], packages: [sqlite, yaml, crypto]),
    Module(level: 7, name: "Reports", imports: ["Studies", "Statistics"], packages: [hummingbird, logging, nio]),
    Module(
        level: 8, name: "secateur",
        imports: [
            "Reports", "Studies", "Statistics", "Datasets", "NetworkQueries", "Verification", "BranchAndBound",
            "BoundPropagation",
            "Certificates", "Evaluation", "Falsification", "ONNXFormat", "VNNLIBFormat", "Networks", "Properties",
            "Intervals", "Files", "Training", "Pruning", "Comparison", "RandomNumbers",
        ], packages: [arguments, crypto], kind: .command),
    Module(
        level: 6, name: "mutations",
        imports: [
            "Verification", "Certificates", "Evaluation", "ONNXFormat", "VNNLIBFormat", "Networks", "Properties",
            "Intervals", "RandomNumbers",
        ], packages: [arguments], kind: .command, tested: false),
    Module(
        level: 6, name: "soundness", imports: ["Verification", "Oracles", "Networks", "Properties"],
        kind: .command, tested: false),
    Module(
        level: 6, name: "tightness",
        imports: ["Comparison", "Evaluation", "Oracles", "Networks", "Properties", "Intervals", "RandomNumbers"],
        kind: .command, tested: false),
]

let levels = Dictionary(uniqueKeysWithValues: modules.map { ($0.name, $0.level) })
for module in modules {
    for other in module.imports where levels[other, default: .max] >= module.level {
        fatalError("\(module.name) (level \(module.level)) must not import \(other): imports point down only")
    }
}

// Warnings stop the build where changes are checked, not where the package is used: a later compiler may know new ones.
let warningsAreErrors = Context.environment["SECATEUR_STRICT"] != nil

let strict: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ] + (warningsAreErrors ? [.treatAllWarnings(as: .error)] : [])

let strictC: [CSetting] = warningsAreErrors ? [.treatAllWarnings(as: .error)] : []

func targets(of module: Module) -> [Target] {
    let dependencies = module.imports.map { Target.Dependency.target(name: $0) } + module.packages
    var made: [Target] = []
    switch module.kind {
    case .system(let apt):
        made.append(
            .systemLibrary(name: module.name, path: "Sources/\(module.name)", providers: [.apt([apt])]))
    case .c:
        made.append(.target(name: module.name, dependencies: dependencies, cSettings: strictC))
    case .swift:
        made.append(
            .target(
                name: module.name, dependencies: dependencies, exclude: module.excluded, swiftSettings: strict
            ))
    case .command:
        made.append(.executableTarget(name: module.name, dependencies: dependencies, swiftSettings: strict))
    }
    if module.tested {
        made.append(
            .testTarget(
                name: module.name + "Tests",
                dependencies: Set([module.name, "RandomNumbers"] + module.imports + module.testImports).sorted()
                    .map { .target(name: $0) } + module.packages,
                swiftSettings: strict))
    }
    return made
}

let package = Package(
    name: "secateur",
    products: [
        .executable(name: "secateur", targets: ["secateur"]),
        // For Benchmarks/.
        .library(name: "Lanes", targets: ["Lanes"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/attaswift/BigInt", from: "6.0.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: modules.flatMap(targets(of:)),
    cLanguageStandard: .gnu17
)
