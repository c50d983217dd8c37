import Interchange
import Randomness
import Testing

@Suite struct HostileFileTests {
  private static let tensors = [
    NamedTensor(name: "a", shape: [2, 2], elements: .float32([1, 2, 3, 4])),
    NamedTensor(name: "b", shape: [1], elements: .int64([5])),
  ]

  @Test func `every truncation is refused by name`() throws {
    let bytes = try SafeTensors.encode(Self.tensors, metadata: ["k": "v"])
    for length in 0..<bytes.count {
      let error = #expect(throws: InterchangeError.self) {
        try SafeTensors.decode(Array(bytes.prefix(length)), from: "cut.safetensors")
      }
      #expect(error?.message.hasPrefix("cut.safetensors: ") == true)
      #expect(error?.message.contains("\(length) bytes") == true)
    }
    #expect(throws: InterchangeError.self) { try SafeTensors.decode(bytes + [0], from: "long") }
  }

  @Test func `a cut file is named with both sizes`() {
    let cut = file(header: #"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#, dataCount: 15)
    let error = #expect(throws: InterchangeError.self) { try SafeTensors.decode(cut, from: "x") }
    #expect(
      error?.message
        == "x: is cut: it has 78 bytes where its header asks for 63 of header and 16 of data; fetch it again")
  }

  /// Flips of single bits may change numbers or names, but never crash, and never change what is where.
  @Test func `flipped bits never crash`() throws {
    let bytes = try SafeTensors.encode(Self.tensors, metadata: ["k": "v"])
    for bit in 0..<bytes.count * 8 {
      var flipped = bytes
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      guard let file = try? SafeTensors.decode(flipped, from: "x") else { continue }
      for tensor in file.tensors.values { #expect(tensor.elements.count == tensor.shape.reduce(1, *)) }
    }
  }

  @Test func `random headers never crash`() {
    let pieces = [
      "{", "}", "[", "]", ":", ",", "\"a\"", "\"dtype\"", "\"shape\"", "\"data_offsets\"", "\"F32\"", "0", "8",
      "9223372036854775807", "-1", " ", "\\", "\"", "\u{0}", "null",
    ]
    var random = RandomStream(seed: 1, purpose: .testing)
    for _ in 0..<5000 {
      let header = (0..<random.integer(below: 24)).map { _ in pieces[random.integer(below: pieces.count)] }
      _ = try? SafeTensors.decode(file(header: "{" + header.joined(), dataCount: 8), from: "x")
    }
  }

  @Test(arguments: [
    // Not the JSON of a header.
    "", "[]", "null", " {}", "{", "{}x", #"{"a"}"#, #"{"a":1}"#, #"{"a":{}}"#, #"{,}"#, #"{"a\"#, #"{"a\"}"#,
    #"{"\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
    "{\"a\n\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
    // Names, keys and types.
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}"#,
    #"{"__metadata__":{"k":"1","k":"2"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
    #"{"__metadata__":{"k":1},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":[]}}"#,
    #"{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[2]}}"#,
    // Numbers.
    #"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[02],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[2e0],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775808]}}"#,
    // Sizes and places.
    #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
    #"{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
    #"{"a":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}"#,
  ])
  func `refuses`(header: String) {
    let error = #expect(throws: InterchangeError.self) {
      try SafeTensors.decode(file(header: header, dataCount: 8), from: "hostile")
    }
    #expect(error?.message.hasPrefix("hostile: ") == true)
  }

  @Test func `what the format allows is accepted`() throws {
    let header =
      #" "b" : {"shape":[1],"data_offsets":[4,8],"dtype":"F32"}, "a\u0062":{"dtype":"U8","#
      + #""shape":[2,2],"data_offsets":[0,4]} , "__metadata__":{}, "#
      + #""c":{"dtype":"I64","shape":[0],"data_offsets":[8,8]}}"#
    let decoded = try SafeTensors.decode(file(header: "{" + header + " \n", dataCount: 8), from: "x")
    #expect(decoded.inNameOrder.map(\.name) == ["ab", "b", "c"])
    #expect(try SafeTensors.decode(file(header: "{}", dataCount: 0), from: "x").tensors.isEmpty)
  }

  @Test func `an announced header that is too long is refused`() {
    for length: UInt64 in [100_000_001, 1 << 63, .max, 9] {
      let bytes = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array("{}      ".utf8)
      #expect(throws: InterchangeError.self) { try SafeTensors.decode(bytes, from: "x") }
    }
  }
}
