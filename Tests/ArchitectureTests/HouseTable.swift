/// What each target may import. A target stands below everything that it may import, so all arrows point one way.
enum HouseTable {
  /// A target and the modules that it may import, of this package and of the packages that it depends on.
  struct Row {
    let target: String
    let imports: Set<String>

    init(_ target: String, _ imports: Set<String> = []) {
      self.target = target
      self.imports = imports
    }
  }

  /// Modules of the toolchain, which every target may import.
  static let toolchain: Set = ["Foundation", "Dispatch", "Synchronization"]

  /// Modules of other packages, each for one target.
  static let packages: Set = ["Yams", "ArgumentParser"]

  /// Modules that a target links for what they do before the program starts, and does not import.
  static let linkedOnly: Set = ["CStart"]

  /// All targets. Next to the arrows of the design stand those to the modules of plain values (`Operators`, `Network`,
  /// `Randomness`) whose members are used through them: the compiler wants each of those imported by name.
  static let rows = [
    // System libraries and inner loops.
    Row("CMPI"), Row("COpenBLAS"), Row("CJPEG"), Row("CPNG"), Row("CWebP"), Row("CZlib"), Row("CXXHash"),
    Row("CCrypto"), Row("CKernels"), Row("CStart"), Row("CProcess"),
    // Leaves: counter-based random numbers, and the one place that knows Yams.
    Row("Randomness"),
    Row("Hashing", ["CXXHash", "CCrypto"]),
    Row("StrictYAML", ["Yams"]),
    // What operators compute, as plain values: the ground of all that follows.
    Row("Operators"),
    // What a model file says.
    Row("Network", ["Operators", "StrictYAML"]),
    // What a step does, in which order and where in memory.
    Row("Planner", ["Operators", "Network", "Randomness"]),
    // The only user of OpenBLAS and of the inner loops: knows operators, and neither model files nor programs.
    Row("Kernels", ["Operators", "Randomness", "COpenBLAS", "CKernels"]),
    Row("Collectives", ["Hashing", "Kernels"]),
    // The only user of MPI.
    Row("MPITransport", ["Collectives", "CMPI"]),
    // Who of the ranks is alive: the only user of sockets.
    Row("RankWatch", ["Collectives"]),
    // Runs programs by the kernels.
    Row("Engine", ["Operators", "Planner", "Kernels", "Randomness"]),
    // The interpreter in double precision and random models to try it on: knows programs, and nothing of the kernels
    // that it is the judge of.
    Row("Reference", ["Operators", "Planner", "Network", "StrictYAML", "Randomness"]),
    Row("Datasets", ["Operators", "Randomness", "Hashing", "CJPEG", "CPNG", "CWebP", "CZlib"]),
    Row("Interchange"),
    // How a gradient changes the weights, and how fast.
    Row("Optimizers", ["StrictYAML", "Network", "Planner", "Kernels", "Collectives"]),
    // Everything that a run depends on, as it stands in a file.
    Row(
      "Configuration",
      [
        "StrictYAML", "Operators", "Network", "Planner", "Kernels", "Datasets", "Interchange", "Collectives",
        "Optimizers",
      ]),
    // What a run leaves on the disk, and what it is made of.
    Row(
      "Checkpoints",
      [
        "StrictYAML", "Operators", "Network", "Planner", "Datasets", "Interchange", "Hashing", "Optimizers",
        "Configuration",
      ]),
    // Starts mpirun, ends it, and starts it again: knows run directories, and neither MPI nor training.
    Row("Supervisor", ["Checkpoints", "Interchange", "CProcess"]),
    Row(
      "Training",
      [
        "StrictYAML", "Randomness", "Operators", "Network", "Planner", "Kernels", "Collectives", "Engine", "Datasets",
        "Interchange", "Hashing", "Optimizers", "Configuration", "Checkpoints", "RankWatch",
      ]),
    // What looks at a run from outside: debug, bench, and the reports of the command line.
    Row(
      "Diagnostics",
      [
        "StrictYAML", "Randomness", "Operators", "Network", "Planner", "Kernels", "Collectives", "Engine", "Reference",
        "Datasets", "Interchange", "Hashing", "Optimizers", "Configuration", "Checkpoints", "Training",
      ]),
    // The command line; from below `Training` it names a configuration, a communicator, a network and a plan.
    Row(
      "cnn-dist",
      [
        "Training", "Diagnostics", "Checkpoints", "Configuration", "MPITransport", "RankWatch", "CStart",
        "Collectives", "Operators", "Network", "Planner", "Datasets", "Supervisor", "ArgumentParser",
      ]),
  ]

  /// The row of a target.
  static func row(_ target: String) -> Row? { rows.first { $0.target == target } }

  /// What is wrong with an import, or nil.
  static func problem(_ module: String, in target: String) -> String? {
    guard let row = row(target) else { return "the target \(target) is not in the table" }
    if row.imports.contains(module) || toolchain.contains(module) { return nil }
    return "\(target) must not import \(module)"
  }
}
