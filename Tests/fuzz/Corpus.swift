import Checkpoints
import Collectives
import Configuration
import Interchange
import Network
import RankWatch

/// The first files of the corpus, as the program itself writes them. The others are made by hand.
enum Corpus {
  /// Writes a folder per target.
  static func write(to folder: String) throws {
    let texts = [
      "configuration/defaults": RunConfiguration().text,
      "model/lenet5": Zoo.model("lenet5")?.network.fileText ?? "",
      "model/fields": Sample.identity.model,
      "yaml/model": Sample.identity.model,
    ]
    for (name, text) in texts { try save(Array(text.utf8), folder, name) }
    try writeRecords(to: folder)
  }

  private static func writeRecords(to folder: String) throws {
    let checkpoint = try Sample.commit(to: Scratch.path + "/checkpoints")
    for (target, file) in [
      ("manifest", "manifest.json"), ("state", "state.json"), ("safetensors", "model.safetensors"),
    ] {
      try save(try Disk.read("\(checkpoint)/\(file)"), folder, "\(target)/sample")
    }
    let kinds: [TensorElements] = [.float32([1.5, .nan]), .int64([-1, 7])]
    let tensors = kinds.enumerated().map { NamedTensor(name: "t\($0)", shape: [2, 1], elements: $1) }
    try save(try SafeTensors.encode(tensors, metadata: ["a": "é\n\"", "": ""]), folder, "safetensors/kinds")
    let entries = (0..<5).map {
      LedgerEntry(step: $0, samples: "ab", loss: 0.5, gradient: "cd", weights: "ef", microBatches: ["0", "1"])
    }
    try save(try entries.flatMap { try RecordCoding.encode($0) }, folder, "lines/ledger")
    try save(try RecordCoding.encode(Sample.identity, indented: true), folder, "lines/identity")
    try save(try RecordCoding.encode(FailureRecord("a cause", rank: 2, step: 7)), folder, "lines/failure")
    let messages: [WatchMessage] = [
      .hello(rank: 3, secret: 7), .failure(code: 2, text: "a cause"), .stop, .end(code: 5), .goodbye,
      .pulse(Activity.Snapshot(phase: .settingUp, subject: 1, peer: 2, step: 3, progress: 4), processorTime: 5),
    ]
    try save(messages.flatMap(WatchCoding.encode), folder, "watch/all")
    Scratch.remove()
  }

  private static func save(_ bytes: [UInt8], _ folder: String, _ name: String) throws {
    try Disk.makeDirectories(Disk.parent(of: "\(folder)/\(name)"))
    try Disk.replace("\(folder)/\(name)", with: bytes)
  }
}
