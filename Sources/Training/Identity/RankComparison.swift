package import Checkpoints
import Datasets
import Kernels

extension RunIdentity {
  /// The identity of a run that this process would start.
  ///
  /// - Parameter report: told where reading large files takes a while.
  /// - Throws: `RunError` if the data cannot be read.
  package init(_ blueprint: Blueprint, report: (String) -> Void = { _ in }) throws(RunError) {
    let data = try RunError.asUnusable { try blueprint.dataset.identity(report: report) }
    self.init(
      program: ProgramVersion.text, build: ProgramVersion.build, kernels: KernelSet.description,
      configuration: blueprint.configuration, data: data)
  }
}

extension Agreement {
  /// Throws on all ranks unless all are made of the same things; names the ranks and the part in which they differ from
  /// rank 0.
  package func same(_ identity: RunIdentity) throws(RunError) {
    let text = try RunError.asFailed { String(decoding: try RecordCoding.encode(identity), as: UTF8.self) }
    let shared = try share(text)
    try everywhere {
      guard shared != text else { return }
      let first: RunIdentity
      do { first = try RecordCoding.decode(RunIdentity.self, from: Array(shared.utf8)) } catch {
        throw RunError(
          .unusable,
          "the identity of rank 0's run cannot be read here: \(error); install the same cnn-dist on every machine")
      }
      guard let difference = first.differences(to: identity).first else { return }
      throw RunError(
        .unusable,
        "the \(difference.subject) differs from that of rank 0 (rank 0: \(difference.before); here: "
          + "\(difference.after)); " + difference.remedyBetweenRanks)
    }
  }
}

extension IdentityDifference {
  /// What the part is called where it stands alone.
  fileprivate var subject: String {
    if case .key(let path) = part { "configuration's \(path)" } else { name }
  }

  /// What to do where ranks differ.
  fileprivate var remedyBetweenRanks: String {
    switch part {
    case .program: "install the same cnn-dist on every machine"
    case .kernels:
      "pin one set with OPENBLAS_CORETYPE and kernels.isa on all machines, for example OPENBLAS_CORETYPE=Haswell and "
        + "--set kernels.isa=avx2"
    case .classes, .shape, .count, .content: "copy the same data to every machine"
    case .model: "copy the same model file to every machine"
    case .key: "give every rank the same file and options"
    }
  }
}
