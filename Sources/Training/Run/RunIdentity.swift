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
  ///
  /// - Throws: `RunError` with code `unusable` if the data cannot be read.
  static func facts(_ blueprint: Blueprint) throws(RunError) -> [(name: String, value: String, remedy: String)] {
    [
      ("program", executableDigest, "install the same cnn-dist on every machine"),
      (
        "kernel set", KernelSet.description,
        "pin one with OPENBLAS_CORETYPE and kernels.isa on all machines, for example OPENBLAS_CORETYPE=Haswell and "
          + "--set kernels.isa=avx2"
      ),
      ("configuration", blueprint.configuration.yaml.text, "give every rank the same file and options"),
      (
        "dataset", try text(of: blueprint.dataset), "copy the same data to every machine"
      ),
    ]
  }

  private static func text(of dataset: Dataset) throws(RunError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    do {
      return String(decoding: try encoder.encode(try dataset.identity()), as: UTF8.self)
    } catch {
      throw RunError.unusable(error)
    }
  }

  /// A digest of the program file.
  private static let executableDigest: String = {
    guard let data = FileManager.default.contents(atPath: "/proc/self/exe") else { return ProgramVersion.text }
    var digest = Digest()
    digest.update(bytes: data.span)
    return MicroBatchDigest.text(digest.finish())
  }()
}
