import Checkpoints
import Interchange
import Testing

@Suite struct WeightsHashTests {
  private let parameters = [
    NamedTensor(name: "fc.weight", shape: [2, 2], elements: .float32([1, 2, 3, 4.5])),
    NamedTensor(name: "fc.bias", shape: [2], elements: .float32([-0.25, 1e-8])),
    NamedTensor(name: "bn.weight", shape: [3], elements: .float32([1, 1, 1])),
    NamedTensor(name: "Z.bias", shape: [1], elements: .float32([9])),
    NamedTensor(name: "é.w", shape: [1], elements: .float32([2])),
  ]

  /// The number is that of Python: `hashlib.sha256(b"".join(p[k].astype("<f4").tobytes() for k in sorted(p)))`.
  @Test func `the hash is that of Python's xxhash`() {
    let expected = "42de173ede3014e88dccd55eb051ac54d23d936003965c16714af6d515b7ed9d"
    #expect(WeightsHash.sha256(parameters) == expected)
    #expect(WeightsHash.sha256(parameters.reversed()) == expected)
  }

  @Test func `buffers do not count`() {
    let buffers = [
      NamedTensor(name: "bn.running_mean", shape: [1], elements: .float32([1])),
      NamedTensor(name: "bn.running_var", shape: [1], elements: .float32([1])),
      NamedTensor(name: "bn.num_batches_tracked", shape: [], elements: .int64([1])),
      NamedTensor(name: "ids", shape: [1], elements: .int64([1])),
    ]
    #expect(WeightsHash.sha256(parameters + buffers) == WeightsHash.sha256(parameters))
  }

  @Test func `every bit counts`() {
    var changed = parameters
    changed[3].elements = .float32([Float(9).nextUp])
    #expect(WeightsHash.sha256(changed) != WeightsHash.sha256(parameters))
  }
}
