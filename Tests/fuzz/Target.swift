import Foundation

/// A reader under test.
struct Target: Sendable {
  /// The name by which the command line knows it, and its folder of the corpus.
  let name: String
  /// Reads the bytes. What it throws is an error that the reader must not have thrown.
  private let read: @Sendable ([UInt8]) throws -> Void

  /// A reader.
  init(_ name: String, _ read: @escaping @Sendable ([UInt8]) throws -> Void) {
    self.name = name
    self.read = read
  }

  /// All readers.
  static let all = texts + dataFiles + records

  /// The one that the command line names.
  static let chosen = all.first { $0.name == CommandLine.arguments.dropFirst().first }

  /// Reads the bytes, and traps on an error that is not the reader's own.
  func check(_ bytes: [UInt8]) {
    do {
      try read(bytes)
    } catch {
      law(false, "\(name) threw a \(type(of: error)): \(error)")
    }
  }
}

/// Traps if a law does not hold.
func law(_ holds: Bool, _ what: @autoclosure () -> String) {
  guard !holds else { return }
  FileHandle.standardError.write(Data("broken: \(what())\n".utf8))
  abort()
}

/// libFuzzer, where it is linked: it is looked up by name, so that the program can be built without it.
enum LibFuzzer {
  /// int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size))
  private typealias Callback = @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
  private typealias Driver =
    @convention(c) (
      UnsafeMutablePointer<Int32>, UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>, Callback
    ) -> Int32

  /// Runs the fuzzer on the chosen target with the words after its name; gives the exit code.
  static var driver: (() -> Int32)? {
    guard let symbol = unsafe dlsym(nil, "LLVMFuzzerRunDriver") else { return nil }
    let run = unsafe unsafeBitCast(symbol, to: Driver.self)
    return {
      // libFuzzer takes the first word for the program's name.
      var count = CommandLine.argc - 1
      var words = unsafe CommandLine.unsafeArgv + 1
      return unsafe run(&count, &words) { bytes, length in
        let buffer = unsafe UnsafeBufferPointer(start: bytes, count: length)
        unsafe Target.chosen?.check(Array(buffer))
        return 0
      }
    }
  }
}

/// A folder for the files of readers that want files.
enum Scratch {
  /// Its path; in memory if TMPDIR is.
  static let path: String = {
    let folder = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
    let path = "\(folder)/fuzz-\(ProcessInfo.processInfo.processIdentifier)"
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }()

  /// Writes a file below it, with the folders on the way.
  static func write(_ bytes: [UInt8], to name: String) {
    let place = path + "/" + name
    if FileManager.default.createFile(atPath: place, contents: Data(bytes)) { return }
    let folder = (place as NSString).deletingLastPathComponent
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    law(FileManager.default.createFile(atPath: place, contents: Data(bytes)), "\(place) cannot be written")
  }

  /// Removes it.
  static func remove() { try? FileManager.default.removeItem(atPath: path) }
}
