import Interchange

/// The files of a checkpoint, beside its manifest; the raw value is the file's name.
enum CheckpointPart: String, CaseIterable {
  case model = "model.safetensors"
  case optimizer = "optimizer.safetensors"
  case state = "state.json"

  /// The file's bytes for the given contents.
  func encode(_ contents: CheckpointContents) throws -> [UInt8] {
    switch self {
    case .model: try SafeTensors.encode(contents.model, metadata: ["format": "pt"])
    case .optimizer: try SafeTensors.encode(contents.optimizer)
    case .state: try RecordCoding.encode(contents.state, indented: true)
    }
  }
}

extension CheckpointContents {
  /// The contents whose parts have the bytes that `bytes` gives.
  init(reading bytes: (CheckpointPart) throws -> [UInt8]) throws {
    let state = try RunState(reading: try bytes(.state))
    self.init(
      model: try SafeTensors.decode(try bytes(.model), from: CheckpointPart.model.rawValue).inNameOrder,
      optimizer: try SafeTensors.decode(try bytes(.optimizer), from: CheckpointPart.optimizer.rawValue).inNameOrder,
      state: state)
  }
}

extension RunState {
  private struct Version: Decodable {
    var version: Int
  }

  /// Reads a state; one of a newer version is refused rather than half understood.
  fileprivate init(reading bytes: [UInt8]) throws {
    let version = try RecordCoding.decode(Version.self, from: bytes).version
    guard version == Self.currentVersion else {
      throw CheckpointDamage(
        finding: "\(CheckpointPart.state.rawValue) has version \(version), this cnn-dist reads \(Self.currentVersion)")
    }
    self = try RecordCoding.decode(RunState.self, from: bytes)
  }
}
