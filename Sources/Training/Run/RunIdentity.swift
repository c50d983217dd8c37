import Datasets
import Foundation
import Hashing
import Kernels
import StrictYAML

/// The version of the program.
package enum ProgramVersion {
  /// As it stands in checkpoints and `--version`.
  package static let text = "0.1.0"
}

/// What must be the same on all ranks, and what checkpoints tell about the machine.
struct RunIdentity: Hashable, Sendable {
  /// The number of ranks.
  let workers: Int
  /// Compute threads of rank 0.
  let lanes: Int
  /// The kernel set.
  let kernels: String

  /// Facts by which ranks are compared, with the remedy if they differ.
  static func facts(_ blueprint: Blueprint) -> [(name: String, value: String, remedy: String)] {
    [
      ("program", executableDigest, "install the same cnn-dist on every machine"),
      (
        "kernel set", KernelSet.description,
        "pin one with OPENBLAS_CORETYPE and kernels.isa on all machines, for example OPENBLAS_CORETYPE=Haswell and "
          + "--set kernels.isa=avx2"
      ),
      ("configuration", blueprint.configuration.yaml.text, "give every rank the same file and options"),
      (
        "dataset", "\(blueprint.dataset.train.fingerprint) \(blueprint.dataset.test.fingerprint)",
        "copy the same data to every machine"
      ),
    ]
  }

  /// A digest of the program file.
  private static let executableDigest: String = {
    guard let data = FileManager.default.contents(atPath: "/proc/self/exe") else { return ProgramVersion.text }
    var digest = Digest()
    digest.update(bytes: data.span)
    return MicroBatchDigest.text(digest.finish())
  }()
}
