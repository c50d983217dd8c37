// Feeds bytes to the program's readers of what comes from outside: fuzz TARGET [libFuzzer's flags] [files or folders]
//
// Linked with libFuzzer (Tests/fuzz/run does that) it looks for bytes on which a reader traps, hangs, takes too much
// memory, fails with an error that is not its own, or breaks a law. Without, it reads each of the files once.
import Foundation

/// Writes a line to the standard error and ends the program, which the arguments do not suit.
func usage() -> Never {
  let names = Target.all.map(\.name).joined(separator: ", ")
  FileHandle.standardError.write(
    Data("usage: fuzz TARGET [libFuzzer's flags] FOLDER|FILE… or: fuzz corpus FOLDER\ntargets: \(names)\n".utf8))
  exit(64)
}

/// The files at some paths, those in folders included.
func files(at paths: [String]) -> [String] {
  paths.flatMap { path in
    let names = try? FileManager.default.contentsOfDirectory(atPath: path).sorted()
    return names?.map { path + "/" + $0 } ?? [path]
  }
}

if CommandLine.arguments.dropFirst().first == "corpus", CommandLine.arguments.count == 3 {
  try Corpus.write(to: CommandLine.arguments[2])
  exit(0)
}
guard let target = Target.chosen else { usage() }
if let driver = LibFuzzer.driver {
  exit(driver())
}
let paths = files(at: CommandLine.arguments.dropFirst(2).filter { !$0.hasPrefix("-") })
for path in paths {
  guard let data = FileManager.default.contents(atPath: path) else { usage() }
  target.check(Array(data))
}
Scratch.remove()
print("\(target.name): \(paths.count) files")
