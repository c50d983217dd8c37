import Foundation
import Interchange
import TestSupport
import Testing

@Suite struct SafeTensorsTests {
  /// Made by the Python library: `safetensors.torch.save({...}, metadata={"format": "pt"})`.
  private static let golden =
    "GAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJuIjp7ImR0eXBlIjoiSTY0Iiwic2hhcGUiOltdLCJkYXRhX29mZnNl"
    + "dHMiOlswLDhdfSwiYS5iaWFzIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsxXSwiZGF0YV9vZmZzZXRzIjpbOCwxMl19LCJiLndlaWdodCI6"
    + "eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMSwzXSwiZGF0YV9vZmZzZXRzIjpbMTIsMjRdfSwicXVvXCJ0ZVxcXG4vw6kiOnsiZHR5cGUiOiJG"
    + "MzIiLCJzaGFwZSI6WzBdLCJkYXRhX29mZnNldHMiOlsyNCwyNF19fSAgICAgBwAAAAAAAAAAAIB/AADAPwAAAMAAAFBA"

  private static let goldenTensors = [
    NamedTensor(name: "b.weight", shape: [1, 3], elements: .float32([1.5, -2, 3.25])),
    NamedTensor(name: "a.bias", shape: [1], elements: .float32([.infinity])),
    NamedTensor(name: "n", shape: [], elements: .int64([7])),
    NamedTensor(name: "quo\"te\\\n/é", shape: [0], elements: .float32([])),
  ]

  @Test func `the bytes of the reference library are written`() throws {
    let expected = try #require(Data(base64Encoded: Self.golden))
    #expect(try SafeTensors.encode(Self.goldenTensors, metadata: ["format": "pt"]) == [UInt8](expected))
    #expect(try SafeTensors.encode(Self.goldenTensors.reversed(), metadata: ["format": "pt"]) == [UInt8](expected))
  }

  @Test func `the bytes of the reference library are read`() throws {
    let bytes = [UInt8](try #require(Data(base64Encoded: Self.golden)))
    let file = try SafeTensors.decode(bytes, from: "golden")
    #expect(file.metadata == ["format": "pt"])
    #expect(file.inNameOrder == Self.goldenTensors.inNameOrder())
  }

  /// A file of the Python library with a tensor of each type that is read.
  @Test func `each element type is read`() throws {
    let base64 =
      "sAIAAAAAAAB7Imk2NCI6eyJkdHlwZSI6Ikk2NCIsInNoYXBlIjpbMl0sImRhdGFfb2Zmc2V0cyI6WzAsMTZdfSwiZjY0Ijp7ImR0eXBlIjoi"
      + "RjY0Iiwic2hhcGUiOlszXSwiZGF0YV9vZmZzZXRzIjpbMTYsNDBdfSwiZjMyIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsyXSwiZGF0YV9v"
      + "ZmZzZXRzIjpbNDAsNDhdfSwidTMyIjp7ImR0eXBlIjoiVTMyIiwic2hhcGUiOlsxXSwiZGF0YV9vZmZzZXRzIjpbNDgsNTJdfSwiaTMyIjp7"
      + "ImR0eXBlIjoiSTMyIiwic2hhcGUiOlsyXSwiZGF0YV9vZmZzZXRzIjpbNTIsNjBdfSwiYmYxNiI6eyJkdHlwZSI6IkJGMTYiLCJzaGFwZSI6"
      + "WzNdLCJkYXRhX29mZnNldHMiOls2MCw2Nl19LCJmMTYiOnsiZHR5cGUiOiJGMTYiLCJzaGFwZSI6WzNdLCJkYXRhX29mZnNldHMiOls2Niw3"
      + "Ml19LCJ1MTYiOnsiZHR5cGUiOiJVMTYiLCJzaGFwZSI6WzFdLCJkYXRhX29mZnNldHMiOls3Miw3NF19LCJpMTYiOnsiZHR5cGUiOiJJMTYi"
      + "LCJzaGFwZSI6WzFdLCJkYXRhX29mZnNldHMiOls3NCw3Nl19LCJpOCI6eyJkdHlwZSI6Ikk4Iiwic2hhcGUiOlsyXSwiZGF0YV9vZmZzZXRz"
      + "IjpbNzYsNzhdfSwidTgiOnsiZHR5cGUiOiJVOCIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6Wzc4LDc5XX0sImJvb2wiOnsiZHR5cGUi"
      + "OiJCT09MIiwic2hhcGUiOlszXSwiZGF0YV9vZmZzZXRzIjpbNzksODJdfX0gICAg//////////8AAAAAAAAAQAAAAAAAAPA/mpmZmZmZub+c"
      + "dQCIPOQ3fgAAgD8AACBA/////wAAAIAFAAAAgD9JwH9/ADz/ewGA//8AgIB//wEAAQ=="
    let file = try SafeTensors.decode([UInt8](try #require(Data(base64Encoded: base64))), from: "types")
    let expected: [String: TensorElements] = [
      "f64": .float32([1, -0.1, .infinity]), "f32": .float32([1, 2.5]),
      "f16": .float32([1, 65504, -0x1p-24]), "bf16": .float32([1, -3.140625, 0x1.FEp127]),
      "i64": .int64([-1, 1 << 62]), "i32": .int64([-1 << 31, 5]), "i16": .int64([-1 << 15]), "i8": .int64([-128, 127]),
      "u32": .int64([1 << 32 - 1]), "u16": .int64([65535]), "u8": .int64([255]), "bool": .int64([1, 0, 1]),
    ]
    #expect(file.tensors.mapValues(\.elements) == expected)
  }

  @Test(arguments: 0..<100 as Range<UInt64>) func `a round trip keeps every bit`(seed: UInt64) throws {
    let tensors = randomTensors(seed: seed)
    let metadata = seed % 2 == 0 ? [:] : ["seed": "\(seed)", "tab\t": "\u{1}\"\\é"]
    let file = try SafeTensors.decode(try SafeTensors.encode(tensors, metadata: metadata), from: "memory")
    #expect(file.metadata == metadata)
    #expect(file.inNameOrder.map(\.name) == tensors.inNameOrder().map(\.name))
    #expect(file.inNameOrder.map(\.shape) == tensors.inNameOrder().map(\.shape))
    #expect(file.inNameOrder.map(\.elements.bits) == tensors.inNameOrder().map(\.elements.bits))
  }

  @Test func `files are written and read`() throws {
    try withTemporaryDirectory { directory in
      let path = Disk.join(directory, "model.safetensors")
      try Disk.write([1, 2, 3], to: path)
      try SafeTensors.write(Self.goldenTensors, to: path)
      #expect(try SafeTensors.read(path).inNameOrder == Self.goldenTensors.inNameOrder())
      #expect(try Disk.names(in: directory) == ["model.safetensors"])
    }
  }

  @Test func `data begins aligned`() throws {
    for length in 1..<20 {
      let tensor = NamedTensor(name: String(repeating: "x", count: length), shape: [1], elements: .float32([1]))
      #expect(try SafeTensors.encode([tensor]).count % 8 == 4)
    }
  }

  @Test func `what has no file is refused`() {
    let one = NamedTensor(name: "x", shape: [1], elements: .float32([1]))
    for tensors in [
      [one, one],
      [NamedTensor(name: "__metadata__", shape: [1], elements: .float32([1]))],
      [NamedTensor(name: "x", shape: [2], elements: .float32([1]))],
      [NamedTensor(name: "x", shape: [-1, -1], elements: .float32([1]))],
      [NamedTensor(name: "x", shape: [.max, .max], elements: .float32([1]))],
    ] {
      #expect(throws: InterchangeError.self) { try SafeTensors.encode(tensors) }
    }
  }
}
