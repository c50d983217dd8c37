import Foundation
import TestSupport
import Testing

/// `data info` and `data verify` on folders as people have them.
@Suite(.timeLimit(.minutes(3))) struct DataTests {
  /// A PNG file of 8 × 8 pixels, stored without compression.
  private func png(_ shade: UInt8) -> [UInt8] {
    var rows: [UInt8] = []
    for row in 0..<8 {
      rows.append(0)
      for column in 0..<8 { rows += [shade, UInt8(row * 8), UInt8(column * 8)] }
    }
    let length = [UInt8(rows.count & 255), UInt8(rows.count >> 8)]
    var stored: [UInt8] = [0x78, 0x01, 0x01]
    stored += length
    stored += length.map { ~$0 }
    stored += rows
    stored += word(adler(rows))
    let head: [UInt8] = word(8) + word(8) + [8, 2, 0, 0, 0]
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + chunk("IHDR", head) + chunk("IDAT", stored)
      + chunk("IEND", [])
  }

  private func word(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) } }

  private func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + data
    return word(UInt32(data.count)) + body + word(crc(body))
  }

  /// Source: RFC 1950, section 8.2; PNG specification, annex D.
  private func adler(_ bytes: [UInt8]) -> UInt32 {
    let sums = bytes.reduce((1, 0) as (UInt32, UInt32)) { sums, byte in
      let low = (sums.0 + UInt32(byte)) % 65_521
      return (low, (sums.1 + low) % 65_521)
    }
    return sums.1 << 16 | sums.0
  }

  private func crc(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(0xFFFF_FFFF as UInt32) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
  }

  private func write(_ place: Workplace, count: Int = 70) throws {
    for split in ["train", "test"] {
      for index in 0..<count {
        try place.write(png(UInt8(index)), to: "d/\(split)/\(index % 2 == 0 ? "even" : "odd")/\(index).png")
      }
    }
  }

  private func data(_ format: String = "image-folder", _ path: String = "d") -> [String] {
    Workplace.sets(["data.format=\(format)", "data.path=\(path)"])
  }

  private func digest(_ place: Workplace, _ options: [String], ranks: Int? = nil) throws -> String {
    let outcome = try place.cnnDist(["data", "verify", "--full"] + options, ranks: ranks)
    try #require(outcome.status == 0, "\(outcome.everything)")
    let line = try #require(outcome.output.split(separator: "\n").first { $0.hasPrefix("data: digest ") })
    #expect(line.utf8.count == "data: digest ".utf8.count + 64)
    return String(line)
  }

  private func pack(_ place: Workplace) throws {
    let outcome = try Programs.run(["/usr/bin/env", "tar", "-cf", "d.tar", "-C", "d", "."], in: place.path)
    try #require(outcome.status == 0)
  }

  @Test func `one digest of all samples for any number of ranks, and another for one changed pixel`() throws {
    try Workplace.run { place throws in
      try write(place)
      try pack(place)
      let first = try digest(place, data())
      for ranks in 1...3 { #expect(try digest(place, data(), ranks: ranks) == first) }
      #expect(try digest(place, data("tar", "d.tar"), ranks: 2) == first)
      var changed = png(69)
      changed.replaceSubrange(changed.indices, with: png(68))
      try place.write(changed, to: "d/test/odd/69.png")
      try pack(place)
      let second = try digest(place, data(), ranks: 3)
      #expect(second != first)
      #expect(try digest(place, data("tar", "d.tar")) == second)
    }
  }

  @Test func `all ranks end alike where a sample is damaged, which is named once`() throws {
    try Workplace.run { place throws in
      try write(place)
      try place.write(Array(png(69).dropLast(40)), to: "d/train/odd/69.png")
      for ranks in [nil, 3] {
        let outcome = try place.cnnDist(["data", "verify", "--full"] + data(), ranks: ranks)
        #expect(outcome.status == 1, "\(outcome.everything)")
        #expect(outcome.output.contains("train: 70 samples read, 1 damaged"), "\(outcome.everything)")
        #expect(outcome.output.components(separatedBy: "odd/69.png: damaged PNG image").count == 2)
        #expect(outcome.errors.components(separatedBy: "1 samples are damaged").count == 2, "\(outcome.everything)")
      }
    }
  }

  @Test func `data info counts what cannot be read and what is left out, and goes on`() throws {
    try Workplace.run { place throws in
      try write(place, count: 12)
      for index in [1, 3] { try place.write(Array(png(1).dropLast(40)), to: "d/train/odd/\(index).png") }
      try place.write("GIF89a", to: "d/train/even/4.png")
      try place.write("GIF89a", to: "d/train/even/x.gif")
      try place.write("x", to: "d/test/even/.DS_Store")
      let outcome = try place.cnnDist(["data", "info"] + data())
      #expect(outcome.status == 0, "\(outcome.everything)")
      for words in [
        "even: 6", "odd: 6", "cannot be read: 2 damaged, 1 that cannot be used, of 12", "train/odd/1.png: damaged PNG",
        "train/even/4.png: is a GIF image", "left out: 1 .gif", "ignored: 1 .DS_Store",
      ] { #expect(outcome.output.contains(words), "no '\(words)' in \(outcome.everything)") }
      let lines = try place.cnnDist(["data", "info", "--json"] + data()).output.split(separator: "\n")
      let train = try #require(try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any])
      #expect(train["damaged"] as? Int == 2 && train["unusable"] as? Int == 1 && train["turned"] as? Int == 0)
      #expect(train["surveyed"] as? Int == 12 && train["sampled"] as? Int == 9 && train["unreadable"] as? Int == 0)
      #expect(
        train["left-out"] as? [String: Int] == [".gif": 1] && train["ignored"] as? [String: Int] == [".DS_Store": 1])
    }
  }

  @Test func `training on one class is refused in words that do not lead in a circle`() throws {
    try Workplace.run { place throws in
      for split in ["train", "test"] { try place.write(png(1), to: "d/\(split)/only/1.png") }
      expectRefusal(try place.cnnDist(["train", "--run-dir", "r"] + data()), ["the data has one class, 'only'"])
      let outcome = try place.cnnDist(["data", "info"] + data())
      #expect(outcome.status == 0 && outcome.output.contains("note: the data has one class, 'only'"))
    }
  }
}
