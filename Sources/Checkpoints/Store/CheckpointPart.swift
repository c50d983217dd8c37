import Datasets
import Interchange

/// The files of a checkpoint, beside its manifest; the raw value is the file's name.
enum CheckpointPart: String, CaseIterable {
  case model = "model.safetensors"
  case optimizer = "optimizer.safetensors"
  case state = "state.json"

  /// The file's bytes for the given contents.
  func encode(_ contents: CheckpointContents) throws -> [UInt8] {
    switch self {
    case .model: try SafeTensors.encode(contents.model, metadata: contents.metadata)
    case .optimizer: try SafeTensors.encode(contents.optimizer)
    case .state: try RecordCoding.encode(contents.state, indented: true)
    }
  }
}

extension CheckpointContents {
  /// What readers of the weights alone should know: that the layout is PyTorch's, and what the outputs mean.
  fileprivate var metadata: [String: String] {
    get throws {
      let classes = try RecordCoding.encode(state.identity.data.classes)
      return ["format": "pt", "classes": String(decoding: classes.dropLast(), as: UTF8.self)]
    }
  }

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
    let version = try RecordCoding.decode(Version.self, from: bytes, of: CheckpointPart.state.rawValue).version
    guard version == Self.currentVersion else {
      throw CheckpointDamage(
        "\(CheckpointPart.state.rawValue) has version \(version), this cnn-dist reads \(Self.currentVersion)")
    }
    self = try RecordCoding.decode(RunState.self, from: bytes, of: CheckpointPart.state.rawValue)
  }
}
