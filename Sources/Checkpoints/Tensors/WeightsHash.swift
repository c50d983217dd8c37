import Hashing
package import Interchange

/// The hash that stands for a model's weights in summaries, ledgers and claims.
package enum WeightsHash {
  private static let bufferNames = ["running_mean", "running_var", "num_batches_tracked"]

  /// The SHA-256, in lower-case hexadecimal, of the parameters' elements as little-endian float32, one parameter
  /// after the other in the order of their names' UTF-8 bytes.
  ///
  /// Whole-number tensors and the running statistics of batch normalization are no parameters and are left out.
  package static func sha256(_ parameters: [NamedTensor]) -> String {
    var hash = SHA256()
    for tensor in parameters.inNameOrder() where !bufferNames.contains(where: tensor.name.hasSuffix) {
      guard case .float32(let values) = tensor.elements else { continue }
      hash.update(values.span)
    }
    return hash.finish()
  }
}
