import Checkpoints
import Datasets
import Foundation
import Hashing
import Interchange
import TestSupport
import Testing

/// Checkpoints whose manifest fits their files, and that still cannot be what a run has written.
@Suite struct HostileCheckpointTests {
  /// The message with which a checkpoint is refused after `change`, whose manifest is made to fit again.
  private func refusal(_ change: (_ checkpoint: String) throws -> Void) throws -> String {
    try withTemporaryDirectory { directory in
      let path = try CheckpointStore(directory: directory).commit(contents(step: 391), keep: 3, best: false)
      try change(path)
      try sign(path)
      return #expect(throws: CheckpointError.self) { try CheckpointStore.load(path) }?.message ?? "(accepted)"
    }
  }

  /// Makes the manifest agree with the files.
  private func sign(_ path: String) throws {
    let names = ["model.safetensors", "optimizer.safetensors", "state.json"]
    let files = try names.map { name in
      let bytes = try Disk.read(Disk.join(path, name))
      return #"{"name": "\#(name)", "size": \#(bytes.count), "sha256": "\#(SHA256.hexadecimal(of: bytes))"}"#
    }
    let text = #"{"format": 1, "files": [\#(files.joined(separator: ", "))]}"#
    try Disk.replace(Disk.join(path, "manifest.json"), with: Array(text.utf8))
  }

  private func setState(_ key: String, _ value: String?, in path: String) throws {
    let file = Disk.join(path, "state.json")
    var object = try #require(
      try JSONSerialization.jsonObject(with: Data(try Disk.read(file))) as? [String: Any])
    object[key] = try value.map { try JSONSerialization.jsonObject(with: Data($0.utf8), options: .fragmentsAllowed) }
    try Disk.replace(file, with: [UInt8](try JSONSerialization.data(withJSONObject: object)))
  }

  @Test(arguments: [
    ("step", "-1"), ("step", "390"), ("step", "9223372036854775807"), ("step", "1e300"), ("step", "\"391\""),
    ("step", "1.5"), ("step", "null"), ("samples-seen", "-5"), ("samples-seen", "1"), ("seed", "-1"), ("seed", "3"),
    ("workers", "0"), ("workers", "-2"), ("lanes", "0"), ("test-accuracy", "7"), ("best-accuracy", "-0.1"),
    ("best-step", "-3"), ("best-step", "1000"), ("wall-seconds", "-1"), ("weights-sha256", "\"00\""),
    ("weights-sha256", "7"), ("pending", "{\"loss\": 0, \"correct\": 0, \"samples\": 5, \"steps\": -5}"),
    ("configuration", "\"seed: x\""), ("configuration", "\"model: lenet5\""), ("configuration", "[]"),
    ("data", "{}"), ("data", "[1]"), ("kernels", "3"), ("version", "1"), ("version", "\"2\""),
    ("schedule", "{\"scale\": 2, \"waited\": 0, \"cooldown\": 0}"),
    ("schedule", "{\"scale\": 1, \"waited\": -1, \"cooldown\": 0}"),
    ("schedule", "{\"scale\": 1, \"waited\": 0, \"cooldown\": 9223372036854775807}"),
  ])
  func `a value that cannot be is refused by its name`(key: String, value: String) throws {
    let message = try refusal { try setState(key, value, in: $0) }
    #expect(message.contains(key), "\(message)")
    #expect(message.contains("state.json"), "\(message)")
    for word in ["DecodingError", "debugDescription", "codingPath", "Swift.", "Int64", "Optional("] {
      #expect(!message.contains(word), "\(message)")
    }
  }

  @Test(arguments: ["step", "configuration", "data", "program", "build", "kernels", "weights-sha256", "pending"])
  func `a key that is missing is named`(key: String) throws {
    #expect(try refusal { try setState(key, nil, in: $0) }.contains("state.json lacks the key '\(key)'"))
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity], ["model.safetensors", "optimizer.safetensors"])
  func `a tensor that is not finite is refused by its name`(value: Float, file: String) throws {
    let message = try refusal { path in
      var tensors = try SafeTensors.read(Disk.join(path, file)).tensors
      tensors["fc.weight"]?.elements = .float32([0, 1, value, 3, 4, 5])
      try SafeTensors.write(Array(tensors.values), metadata: [:], to: Disk.join(path, file))
    }
    #expect(message.contains("'fc.weight'") && message.contains("not finite"), "\(message)")
  }

  @Test func `weights that are not those of the hash are refused`() throws {
    let message = try refusal { path in
      var tensors = try SafeTensors.read(Disk.join(path, "model.safetensors")).tensors
      tensors["fc.weight"]?.elements = .float32([0, 1, 2, 3, 4, 5])
      try SafeTensors.write(Array(tensors.values), metadata: [:], to: Disk.join(path, "model.safetensors"))
    }
    #expect(message.contains("weights-sha256"), "\(message)")
  }

  @Test func `the classes travel with the weights`() throws {
    try withTemporaryDirectory { directory in
      let path = try CheckpointStore(directory: directory).commit(contents(step: 391), keep: 3, best: false)
      let metadata = try SafeTensors.read(Disk.join(path, "model.safetensors")).metadata
      #expect(metadata["format"] == "pt")
      let names = try JSONDecoder().decode([String].self, from: Data((metadata["classes"] ?? "").utf8))
      #expect(names == identity.data.classes)
      #expect(try CheckpointStore.load(path).state.identity == identity)
    }
  }
}
