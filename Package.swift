// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target: the Swift 6 language mode, strict memory safety (each unsafe expression is
/// marked), and no warning survives.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// The Swift runtime goes into the program, so that it runs on machines without a Swift toolchain.
///
/// The libraries are what the static Foundation needs beside itself; Swift's static modules would name them.
let staticRuntime: [LinkerSetting] =
  [.unsafeFlags(["-static-stdlib"])]
  + [
    "FoundationInternationalization", "CoreFoundation", "_FoundationICU", "_FoundationCShims", "_FoundationCollections",
  ].map { .linkedLibrary($0) }

/// For functions that return spans: `@_lifetime` says whose memory a span looks into, and the compiler then holds that it
/// does not outlive it. The attribute's spelling is not settled (SE-0446 gives the types, not the annotations), so the
/// feature is named per target; where it is not named, spans are passed on and never returned.
let lifetimes: [SwiftSetting] = [.enableExperimentalFeature("Lifetimes")]

let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

/// The targets in the order of their imports: a target may import only what stands above it.
/// `Tests/ArchitectureTests` holds the same table and fails when an import leaves it.
let package = Package(
  name: "cnn-dist",
  products: [.executable(name: "cnn-dist", targets: ["cnn-dist"])],
  dependencies: [
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
  ],
  targets: [
    // System libraries: a module map and static inline shims, each with the reason why it exists.
    .systemLibrary(name: "CMPI", pkgConfig: "ompi-c", providers: [.apt(["libopenmpi-dev"])]),
    .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(name: "CWebP", pkgConfig: "libwebp", providers: [.apt(["libwebp-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),

    // Inner loops in C. A loop that stands in no table is an unused function.
    .target(
      name: "CKernels", cSettings: [.enableWarning("unused-function"), .treatWarning("unused-function", as: .error)]),
    // What has to happen before the libraries of the program are set up.
    .target(name: "CStart"),
    // System calls that Swift does not import.
    .target(name: "CProcess"),

    // The house, from the ground up.
    .target(name: "Randomness", swiftSettings: strict),
    .target(name: "Hashing", dependencies: ["CXXHash", "CCrypto"], swiftSettings: strict),
    .target(name: "StrictYAML", dependencies: [yams], swiftSettings: strict),
    .target(name: "Operators", swiftSettings: strict),
    .target(name: "Network", dependencies: ["Operators", "StrictYAML"], swiftSettings: strict),
    .target(name: "Planner", dependencies: ["Operators", "Network", "Randomness"], swiftSettings: strict),
    .target(
      name: "Kernels", dependencies: ["Operators", "Randomness", "COpenBLAS", "CKernels"], swiftSettings: strict),
    .target(name: "Collectives", dependencies: ["Hashing", "Kernels"], swiftSettings: strict),
    .target(name: "MPITransport", dependencies: ["Collectives", "CMPI"], swiftSettings: strict),
    .target(name: "RankWatch", dependencies: ["Collectives"], swiftSettings: strict),
    .target(
      name: "Engine", dependencies: ["Operators", "Planner", "Kernels", "Randomness"],
      swiftSettings: strict + lifetimes),
    .target(
      name: "Reference", dependencies: ["Operators", "Planner", "Network", "StrictYAML", "Randomness"],
      swiftSettings: strict),
    .target(
      name: "Datasets", dependencies: ["Operators", "Randomness", "Hashing", "CJPEG", "CPNG", "CWebP", "CZlib"],
      swiftSettings: strict),
    .target(name: "Interchange", swiftSettings: strict),
    .target(
      name: "Optimizers", dependencies: ["StrictYAML", "Network", "Planner", "Kernels", "Collectives"],
      swiftSettings: strict),
    .target(
      name: "Configuration",
      dependencies: [
        "StrictYAML", "Operators", "Network", "Planner", "Kernels", "Datasets", "Interchange", "Collectives",
        "Optimizers",
      ],
      swiftSettings: strict),
    .target(
      name: "Checkpoints",
      dependencies: [
        "StrictYAML", "Hashing", "Operators", "Network", "Planner", "Datasets", "Interchange", "Optimizers",
        "Configuration",
      ],
      swiftSettings: strict),
    .target(name: "Supervisor", dependencies: ["Checkpoints", "Interchange", "CProcess"], swiftSettings: strict),
    .target(
      name: "Training",
      dependencies: [
        "StrictYAML", "Randomness", "Hashing", "Operators", "Network", "Planner", "Kernels", "Collectives", "Engine",
        "Datasets", "Interchange", "Optimizers", "Configuration", "Checkpoints", "RankWatch",
      ],
      swiftSettings: strict),
    .target(
      name: "Diagnostics",
      dependencies: [
        "StrictYAML", "Randomness", "Hashing", "Operators", "Network", "Planner", "Kernels", "Collectives", "Engine",
        "Reference", "Datasets", "Interchange", "Optimizers", "Configuration", "Checkpoints", "Training",
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "cnn-dist",
      dependencies: [
        "Training", "Diagnostics", "Checkpoints", "Configuration", "MPITransport", "RankWatch", "CStart", "Collectives",
        "Operators", "Network", "Planner", "Datasets", "Supervisor", arguments,
      ],
      swiftSettings: strict, linkerSettings: staticRuntime),

    // Run under mpirun by the tests: the laws of the exchange over real MPI.
    .executableTarget(
      name: "exchange-laws", dependencies: ["Collectives", "MPITransport", "TestSupport"],
      path: "Tests/exchange-laws", swiftSettings: strict),

    // The readers of files from outside, for libFuzzer: Tests/fuzz/run.
    .executableTarget(
      name: "fuzz",
      dependencies: [
        "StrictYAML", "Hashing", "Operators", "Network", "Planner", "Collectives", "RankWatch", "Datasets",
        "Interchange", "Configuration", "Checkpoints",
      ],
      path: "Tests/fuzz", exclude: ["run", "corpus"], swiftSettings: strict),

    // Tests.
    .target(
      name: "TestSupport", dependencies: ["Hashing", "Planner", "Kernels", "Collectives", "Randomness"],
      path: "Tests/TestSupport", swiftSettings: strict),
    .testTarget(name: "CommandTests", dependencies: ["TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "SupervisorTests", dependencies: ["Supervisor", "Checkpoints", "Randomness", "TestSupport"],
      swiftSettings: strict),
    .testTarget(name: "HashingTests", dependencies: ["Hashing", "Randomness"], swiftSettings: strict),
    .testTarget(name: "KernelsTests", dependencies: ["Kernels", "Operators", "Randomness"], swiftSettings: strict),
    .testTarget(
      name: "InterchangeTests", dependencies: ["Interchange", "Randomness", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "CheckpointsTests",
      dependencies: [
        "Checkpoints", "Configuration", "Optimizers", "Interchange", "Datasets", "Hashing", "Operators", "Network",
        "Planner", "Randomness", "TestSupport",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "CollectivesTests", dependencies: ["Collectives", "Randomness", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "RankWatchTests", dependencies: ["RankWatch", "Collectives", "Randomness"], swiftSettings: strict),
    .testTarget(name: "MPITransportTests", dependencies: ["MPITransport", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "DatasetsTests",
      dependencies: ["Datasets", "Hashing", "Operators", "Randomness", "CZlib", "TestSupport"],
      swiftSettings: strict),
    .testTarget(name: "StrictYAMLTests", dependencies: ["StrictYAML", "Randomness"], swiftSettings: strict),
    .testTarget(
      name: "NetworkTests",
      dependencies: ["Network", "Operators", "Reference", "StrictYAML", "Randomness", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "PlannerTests",
      dependencies: ["Planner", "Reference", "Network", "Operators", "Randomness", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "ReferenceTests",
      dependencies: ["Reference", "Planner", "Network", "Operators", "StrictYAML", "Randomness", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "OptimizersTests",
      dependencies: [
        "Optimizers", "Collectives", "Kernels", "Planner", "Network", "Operators", "Randomness", "StrictYAML",
        "TestSupport",
      ],
      swiftSettings: strict),
    .testTarget(name: "ArchitectureTests", swiftSettings: strict),
    .testTarget(
      name: "ConfigurationTests",
      dependencies: [
        "Configuration", "Collectives", "Optimizers", "StrictYAML", "Operators", "Network", "Planner", "Datasets",
        "Kernels", "Randomness",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "EngineTests",
      dependencies: ["Engine", "Kernels", "Planner", "Network", "Operators", "Reference", "Randomness", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "Training", "Checkpoints", "Configuration", "Optimizers", "Hashing", "Engine", "Datasets", "Collectives",
        "Interchange", "Kernels", "Planner", "Operators", "Network", "Randomness", "StrictYAML", "TestSupport",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "DiagnosticsTests",
      dependencies: [
        "Diagnostics", "Training", "Engine", "Planner", "Operators", "Network", "Reference", "StrictYAML",
        "Checkpoints", "Collectives", "Interchange", "TestSupport",
      ],
      swiftSettings: strict),
  ]
)
