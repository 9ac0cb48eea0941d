// swift-tools-version: 6.1
import PackageDescription

// Measurements, apart from the package they measure so that its users build none of this.
let package = Package(
    name: "benchmarks",
    dependencies: [.package(name: "secateur", path: "../")],
    targets: [
        .target(name: "CPeak"),
        .executableTarget(
            name: "kernels", dependencies: ["CPeak", .product(name: "Lanes", package: "secateur")],
            swiftSettings: [
                .swiftLanguageMode(.v6),
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
            ]),
    ],
    cLanguageStandard: .gnu17
)
