// swift-tools-version: 6.3
import PackageDescription

// The floors of the house, highest first. A target imports only lower floors.
//
//  6  rebalance        the command line              RebalancingLibrary  the C interface
//  5  Experiments      specs, runner, evaluation, reports    RebalanceService  triggers over HTTP
//  4  Deployment       bundles, guards, registry         Oracles   exact solutions, bounds
//  3  Rebalancing      portfolio, triggers, environment      Learning  networks, agents, checkpoints
//  2  Markets          models, data, calendar            Gym       environment protocols
//     Ledgers          lots, wash sales, tax of a year  Statistics  intervals, tests, splits
//  1  Algebra          matrix over BLAS, lanes, random streams, running statistics
//  0  COpenBLAS  CZlib  CVector  CRebalancing (the header of the C interface)

let package = Package(
  name: "rebalancing",
  products: [
    .executable(name: "rebalance", targets: ["rebalance"]),
    // What the Python package loads.
    .library(name: "CRebalancing", type: .dynamic, targets: ["RebalancingLibrary"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // 0
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CVector"),
    .systemLibrary(name: "CRebalancing"),
    // 1
    .target(name: "Algebra", dependencies: ["COpenBLAS", "CVector"], swiftSettings: settings),
    // 2
    .target(name: "Gym", swiftSettings: settings),
    .target(name: "Ledgers", swiftSettings: settings),
    .target(name: "Markets", dependencies: ["Algebra", "CZlib"], swiftSettings: settings),
    .target(name: "Statistics", dependencies: ["Algebra"], swiftSettings: settings),
    // 3
    .target(
      name: "Rebalancing", dependencies: ["Algebra", "Gym", "Markets"], swiftSettings: settings),
    .target(
      name: "Learning", dependencies: ["Algebra", "CVector", "Gym"], swiftSettings: settings),
    // 4
    .target(
      name: "Deployment",
      dependencies: [
        "Algebra", "Learning", "Markets", "Rebalancing",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["ONNX/onnx.proto"], swiftSettings: settings),
    .target(
      name: "Oracles", dependencies: ["Algebra", "Markets", "Rebalancing"],
      swiftSettings: settings),
    // 5
    .target(
      name: "Experiments",
      dependencies: [
        "Algebra", "Deployment", "Gym", "Learning", "Ledgers", "Markets", "Oracles",
        "Rebalancing", "Statistics", .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "Yams", package: "Yams"),
      ],
      swiftSettings: settings),
    .target(
      name: "RebalanceService",
      dependencies: [
        "Deployment", "Learning", "Rebalancing",
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Metrics", package: "swift-metrics"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      resources: [.embedInCode("openapi.json")],
      swiftSettings: settings),
    // 6
    .executableTarget(
      name: "rebalance",
      dependencies: [
        "Algebra", "Deployment", "Experiments", "Learning", "Ledgers", "Markets", "Oracles",
        "RebalanceService", "Rebalancing",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),
    .target(
      name: "RebalancingLibrary",
      dependencies: [
        "Algebra", "CRebalancing", "Deployment", "Experiments", "Gym", "Learning", "Ledgers",
        "Oracles", "Rebalancing",
      ],
      swiftSettings: settings),
    .testTarget(name: "AlgebraTests", dependencies: ["Algebra"], swiftSettings: settings),
    .testTarget(
      name: "CommandLineTests", dependencies: ["Deployment", "rebalance"],
      exclude: ["request.json", "request-with-facts.json", "trades.csv"], swiftSettings: settings),
    .testTarget(
      name: "DeploymentTests",
      dependencies: [
        "Algebra", "Deployment", "Experiments", "Gym", "Learning", "Markets", "Rebalancing",
      ],
      swiftSettings: settings),
    .testTarget(name: "GymTests", dependencies: ["Gym"], swiftSettings: settings),
    .testTarget(
      name: "LearningTests",
      dependencies: ["CAllocationCount", "Algebra", "Experiments", "Gym", "Learning"],
      exclude: ["Fixtures"],
      swiftSettings: settings),
    .testTarget(name: "LedgersTests", dependencies: ["Ledgers"], swiftSettings: settings),
    .testTarget(
      name: "MarketsTests", dependencies: ["Algebra", "CZlib", "Markets"], swiftSettings: settings),
    // Counts allocations, which the compiler's own tools do not.
    .target(name: "CAllocationCount", path: "Tests/CAllocationCount"),
    .testTarget(
      name: "RebalanceServiceTests",
      dependencies: [
        "Algebra", "Deployment", "Learning", "RebalanceService", "Rebalancing",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdTesting", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "RebalancingTests",
      dependencies: [
        "CAllocationCount", "Algebra", "Experiments", "Gym", "Ledgers", "Markets", "Rebalancing",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "ExperimentsTests",
      dependencies: [
        "Algebra", "Deployment", "Experiments", "Gym", "Learning", "Markets", "Oracles",
        "Rebalancing", "Statistics",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "OraclesTests", dependencies: ["Experiments", "Oracles", "Rebalancing"],
      swiftSettings: settings),
    .testTarget(
      name: "StatisticsTests", dependencies: ["Algebra", "Statistics"], swiftSettings: settings),
  ]
)

/// Compiler settings, shared by every target of ours.
var settings: [SwiftSetting] {
  // The vector units of the last decade; baseline x86-64 costs a factor of 15 on SIMD code.
  let architecture = Context.environment["MARCH"] ?? "x86-64-v3"
  // Without errno `squareRoot()` is an instruction instead of a call.
  var clang = ["-Xcc", "-fno-math-errno"]
  #if arch(x86_64)
    clang += ["-Xcc", "-march=\(architecture)"]
  #endif
  var settings: [SwiftSetting] = [
    // `any` marks the places where a call is dynamic.
    .enableUpcomingFeature("ExistentialAny"),
    // An import is an implementation detail unless it says `public`.
    .enableUpcomingFeature("InternalImportsByDefault"),
    // A member is visible only where its module is imported.
    .enableUpcomingFeature("MemberImportVisibility"),
    // Every use of an unsafe construct is marked and can be searched for.
    .strictMemorySafety(),
    .unsafeFlags(clang),
    // Generic code is specialised across targets: a factor of nine on stepping.
    .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
  ]
  // Warnings are errors for developers, never for users with a newer compiler.
  if Context.environment["CI"] != nil || Context.environment["STRICT"] != nil {
    settings.append(.treatAllWarnings(as: .error))
  }
  return settings
}

// Targets for libFuzzer, which only `scripts/fuzz` builds: they have no `main` of their own.
if Context.environment["FUZZ"] != nil {
  package.targets.append(
    .target(
      name: "FuzzSupport", dependencies: ["Algebra", "Deployment", "Learning", "Rebalancing"],
      path: "Tests/Fuzz/FuzzSupport", swiftSettings: settings))
  for name in ["FuzzBundle", "FuzzRequest"] {
    package.targets.append(
      .executableTarget(
        name: name, dependencies: ["Deployment", "FuzzSupport", "Learning"],
        path: "Tests/Fuzz/\(name)",
        swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])],
        linkerSettings: [.unsafeFlags(["-sanitize=fuzzer"])]))
  }
}
