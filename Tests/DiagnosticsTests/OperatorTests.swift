import Diagnostics
import Foundation
import Network
import Operators
import Reference
import StrictYAML
import Testing

/// Every operator and loss, forward and backward, against PyTorch and against the double-precision interpreter.
@Suite struct OperatorTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures").path

  private static let words = RandomModel.kinds + Loss.alternatives.map(\.name)

  @Test(arguments: ["operators", "losses"])
  func `every result of PyTorch is met`(name: String) throws {
    let file = try FixtureFile("\(Self.folder)/\(name).safetensors")
    #expect(file.version.hasPrefix("2.13"))
    for name in file.names { expectSmall(try file.compare(name).errors, name) }
  }

  @Test func `PyTorch has computed cases of every operator and loss`() throws {
    var seen: Set<String> = []
    for name in ["operators", "losses"] {
      let file = try FixtureFile("\(Self.folder)/\(name).safetensors")
      for name in file.names { seen.formUnion(try file.compare(name).words) }
    }
    #expect(Set(Self.words).subtracting(seen).sorted() == [])
  }

  @Test(.timeLimit(.minutes(6)), arguments: words)
  func `the engine agrees with the interpreter on random geometries`(word: String) throws {
    for seed in UInt64(0)..<25 {
      expectSmall(try OperatorComparison(word, seed: seed).againstInterpreter(), "\(word), seed \(seed)")
    }
  }

  @Test func `the reference of layers is up to date`() throws {
    let path = URL(fileURLWithPath: Self.folder).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("docs/layers.md")
    let stored = try String(contentsOf: path, encoding: .utf8)
    #expect(stored == LayerReport.markdown, "renew it: cnn-dist models --layers --markdown > docs/layers.md")
  }

  private func expectSmall(_ errors: OperatorErrors, _ name: String) {
    #expect(errors.forward <= OperatorReport.tolerance.forward, "\(name), forward")
    #expect(errors.input <= OperatorReport.tolerance.gradient, "\(name), gradient of the input")
    #expect(errors.parameters ?? 0 <= OperatorReport.tolerance.gradient, "\(name), gradients of the parameters")
  }
}
