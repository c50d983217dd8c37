import Checkpoints
import Collectives
import Configuration
import Datasets
import Hashing
import Interchange
import Network
import Operators
import RankWatch

extension Target {
  /// Readers of what a run leaves, and of what ranks tell each other.
  static let records = [
    Target("safetensors", safeTensors), Target("manifest", manifest), Target("state", state), Target("lines", lines),
    Target("watch", watch),
  ]

  /// The tensors of a file are the same after they were written and read.
  @Sendable private static func safeTensors(_ bytes: [UInt8]) throws {
    let file: SafeTensorsFile
    do throws(InterchangeError) {
      file = try SafeTensors.decode(bytes, from: "fuzz")
    } catch {
      return law(!error.message.isEmpty, "an error has a sentence")
    }
    let written = try SafeTensors.encode(file.inNameOrder, metadata: file.metadata)
    let again = try SafeTensors.decode(written, from: "again")
    // By bytes, since a NaN differs from itself.
    law(try SafeTensors.encode(again.inNameOrder, metadata: again.metadata) == written, "tensors are read as written")
  }

  /// The bytes are the manifest of a checkpoint whose other files are sound.
  @Sendable private static func manifest(_ bytes: [UInt8]) throws {
    Scratch.write(bytes, to: "\(Sample.committed)/manifest.json")
    try load(Sample.committed)
  }

  /// The bytes are the state of a checkpoint whose manifest says just that.
  @Sendable private static func state(_ bytes: [UInt8]) throws {
    Scratch.write(bytes, to: "\(Sample.committed)/state.json")
    let entries = try ["model.safetensors", "optimizer.safetensors", "state.json"].map { name in
      let file = name == "state.json" ? bytes : try Disk.read("\(Scratch.path)/\(Sample.committed)/\(name)")
      return "{\"name\":\"\(name)\",\"size\":\(file.count),\"sha256\":\"\(SHA256.hexadecimal(of: file))\"}"
    }
    let manifest = "{\"format\":1,\"files\":[\(entries.joined(separator: ","))]}"
    Scratch.write(Array(manifest.utf8), to: "\(Sample.committed)/manifest.json")
    try load(Sample.committed)
  }

  /// Loads a checkpoint. What can be loaded is the same after it was saved and loaded.
  private static func load(_ name: String) throws {
    let contents: CheckpointContents
    do throws(CheckpointError) {
      contents = try CheckpointStore.load("\(Scratch.path)/\(name)")
    } catch {
      return law(!error.message.isEmpty, "an error has a sentence")
    }
    let written = try RecordCoding.encode(contents.state)
    let again = try RecordCoding.decode(RunState.self, from: written)
    law(try RecordCoding.encode(again) == written, "a state is read as it was written")
  }

  /// The bytes are each of the files that hold JSON: cut back, opened, read.
  @Sendable private static func lines(_ bytes: [UInt8]) throws {
    Scratch.write(bytes, to: "lines")
    let path = Scratch.path + "/lines"
    _ = FailureRecord(readFrom: path)
    do {
      let run = try? RunIdentity.read(path)
      if let run {
        law(try RecordCoding.decode(RunIdentity.self, from: RecordCoding.encode(run)) == run, "an identity")
      }
      _ = try? RunSummary.read(path)
      try JSONLinesFile.truncate(path) { $0 < 3 }
      let kept = try Disk.read(path)
      law(try JSONLinesFile.truncate(path) { $0 < 3 } == 0, "cutting twice cuts no more")
      law(try Disk.read(path) == kept, "cutting twice changes nothing")
      _ = try JSONLinesFile(path)
    } catch let error as CheckpointError {
      law(!error.message.isEmpty, "an error has a sentence")
    }
  }

  /// Messages are the same in one piece and in two, and after they were written again.
  @Sendable private static func watch(_ bytes: [UInt8]) {
    var whole = bytes
    let messages = WatchCoding.decode(&whole)
    var rest = Array(bytes.prefix(bytes.count / 2))
    var pieces = WatchCoding.decode(&rest)
    rest += bytes.dropFirst(bytes.count / 2)
    pieces = pieces.flatMap { first in WatchCoding.decode(&rest).map { first + $0 } }
    law(pieces == messages, "messages in two pieces are those in one")
    // A text that is no UTF-8 becomes longer, and may then be cut.
    guard let messages, messages.allSatisfy({ WatchCoding.encode($0).count < WatchCoding.limit }) else { return }
    var written = messages.flatMap(WatchCoding.encode)
    law(WatchCoding.decode(&written) == messages && written.isEmpty, "messages are read as they were written")
  }
}

/// A small run whose checkpoint is on the disk.
enum Sample {
  /// The checkpoint's folder in the scratch folder.
  static let committed: String = {
    do {
      return "checkpoints/" + Disk.lastComponent(of: try commit(to: Scratch.path + "/checkpoints"))
    } catch {
      law(false, "a checkpoint is committed: \(error)")
      return ""
    }
  }()

  /// Commits a checkpoint; gives its path.
  static func commit(to folder: String) throws -> String {
    let model = [NamedTensor(name: "fc.weight", shape: [2, 3], elements: .float32([1, 2, 3, 4, 5, 6]))]
    var state = RunState(identity: identity, step: 3, workers: 2, lanes: 1, weightsSHA256: WeightsHash.sha256(model))
    (state.trainLoss, state.testAccuracy) = (0.1 + 0.2, 0.5)
    return try CheckpointStore(directory: folder).commit(
      CheckpointContents(model: model, optimizer: model, state: state), keep: 1, best: false)
  }

  /// What the run is made of.
  static var identity: RunIdentity {
    var configuration = RunConfiguration()
    let network = NetworkDescription(
      name: "small \"model\"", input: Shape(channels: 1, height: 2, width: 3),
      layers: [.layer(.flatten(FlattenLayer())), .layer(.dense(DenseLayer(2)), name: "fc")])
    configuration.model = .inline(InlineModel(network, origin: "/models/small.yaml"))
    let split = SplitIdentity(count: 9, shape: [1, 2, 3], content: "ab", coverage: "whole")
    return RunIdentity(
      program: "0.1.0", build: "f0", kernels: "Haswell", configuration: configuration,
      data: DataIdentity(train: split, test: split, classes: ["\u{e9}t\u{e9}", "b \"c\""]))
  }
}
