package import Configuration
package import Datasets
import Foundation
import Hashing
import Interchange
import Network
import StrictYAML

/// Everything that a run is made of: two runs with the same identity compute the same bits. Ranks compare it before the
/// first step; the run directory and each checkpoint carry it, so that a checkpoint alone can be evaluated, resumed and
/// replayed. Paths are recorded in it, but they do not count.
package struct RunIdentity: Hashable, Sendable {
  /// The version of the program.
  package var program: String
  /// A digest of the program file, which tells builds of one version apart.
  package var build: String
  /// The kernel set, see `KernelSet.description`.
  package var kernels: String
  /// Every value in force, defaults included, with the model itself.
  package var configuration: RunConfiguration
  /// The data by content, and the class names in the order of the labels.
  package var data: DataIdentity

  /// An identity of the given parts.
  package init(
    program: String, build: String, kernels: String, configuration: RunConfiguration, data: DataIdentity
  ) {
    self.program = program
    self.build = build
    self.kernels = kernels
    self.configuration = configuration
    self.data = data
  }

  /// The identity in a file that `RunDirectory.record` wrote. Fails with a `FileError`, or what the decoder says.
  package static func read(_ path: String) throws -> RunIdentity {
    try RecordCoding.decode(RunIdentity.self, from: try Disk.read(path, limit: largestFile), of: path)
  }

  /// More than any identity needs, in bytes.
  private static let largestFile = 64 << 20

  /// The model's canonical text.
  package var model: String { configuration.model.canonicalText }
}

extension ModelChoice {
  /// The text that stands for the model; a choice that is not resolved yet is known by its name alone.
  fileprivate var canonicalText: String {
    guard case .inline(let model) = self else { return name }
    return model.network.canonicalText
  }
}

// The parts stand beside each other in the JSON object, as they do in the state of a checkpoint.
extension RunIdentity: Codable {
  private enum CodingKeys: String, CodingKey {
    case program, build, kernels, configuration, data
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let text = try container.decode(String.self, forKey: .configuration)
    let configuration: RunConfiguration
    do {
      configuration = try Configurations.parse(text, source: "configuration")
    } catch {
      throw CheckpointError("has a configuration that cannot be used: \(error)")
    }
    guard case .inline = configuration.model else {
      throw CheckpointError("has a configuration without the model itself")
    }
    self.init(
      program: try container.decode(String.self, forKey: .program),
      build: try container.decode(String.self, forKey: .build),
      kernels: try container.decode(String.self, forKey: .kernels), configuration: configuration,
      data: try container.decode(DataIdentity.self, forKey: .data))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(program, forKey: .program)
    try container.encode(build, forKey: .build)
    try container.encode(kernels, forKey: .kernels)
    try container.encode(configuration.text, forKey: .configuration)
    try container.encode(data, forKey: .data)
  }
}

/// The version of the program.
package enum ProgramVersion {
  /// As it stands in checkpoints and `--version`.
  package static let text = "0.1.0"

  /// The digest of the program file.
  package static let build: String = {
    var digest = Digest()
    // In pieces, since memory may be short and the program is not.
    do throws(FileError) {
      try Disk.read("/proc/self/exe", inPiecesOf: 1 << 20) { digest.update(bytes: $0.span) }
    } catch {
      return "unknown"
    }
    return LedgerEntry.text(digest.finish())
  }()
}
