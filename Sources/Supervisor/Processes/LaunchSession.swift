import Foundation
package import Interchange

/// What belongs to one launch on this machine: a name that marks its processes, and folders that go with it.
package struct LaunchSession: Hashable, Sendable {
  /// The variable in the environment of mpirun and of the ranks that holds the name.
  package static let variable = "CNN_DIST_LAUNCH"
  private static let prefix = "cnn-dist-launch-"
  private static let lockName = "lock"
  private static let sharedMemoryRoot = "/dev/shm"

  /// The name, which no other launch has.
  package let name: String
  /// The folder for the files of Open MPI.
  package let folder: String
  /// The folder for shared memory; nil where the system has no place for it.
  package let sharedMemory: String?

  /// The session of this name, with the folders that it has or will have.
  package init(name: String, temporary: String = LaunchSession.temporary) {
    self.name = name
    folder = Disk.join(temporary, name)
    sharedMemory = Disk.isDirectory(Self.sharedMemoryRoot) ? Disk.join(Self.sharedMemoryRoot, name) : nil
  }

  /// A session with a new name.
  package static func new() -> LaunchSession {
    let random = String(UInt32.random(in: .min ... .max), radix: 36)
    return LaunchSession(name: "\(prefix)\(getpid())-\(random)")
  }

  /// The folder for temporary files.
  package static var temporary: String {
    let path = FileManager.default.temporaryDirectory.path
    return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
  }

  private var folders: [String] { [folder] + (sharedMemory.map { [$0] } ?? []) }

  /// Makes the folders, for this user alone.
  package func makeFolders() throws(LaunchError) {
    for path in folders where unsafe mkdir(path, 0o700) != 0 && errno != EEXIST {
      throw LaunchError(
        "\(path) cannot be made (error \(errno)), and Open MPI needs it; free some space, or set TMPDIR")
    }
  }

  /// Takes the folders away, with all that is in them.
  package func removeFolders() {
    for path in folders { try? FileManager.default.removeItem(atPath: path) }
  }

  /// Takes away what a try has left in the folders, but for the lock.
  package func emptyFolders() {
    for path in folders {
      for name in (try? Disk.names(in: path)) ?? [] where name != Self.lockName {
        try? FileManager.default.removeItem(atPath: Disk.join(path, name))
      }
    }
  }

  /// A lock that says that the launch lives; the system takes it back when the process ends, however that ends.
  package func lock() throws(FileError) -> OpenFile {
    let file = try OpenFile.at(Disk.join(folder, Self.lockName), for: .appending)
    _ = try file.lock()
    return file
  }

  /// Removes the folders of launches that are dead, together with whoever looked after them.
  package static func removeDead(under temporary: String = LaunchSession.temporary) {
    for name in (try? Disk.names(in: temporary)) ?? [] where name.hasPrefix(prefix) {
      let session = LaunchSession(name: name, temporary: temporary)
      let path = Disk.join(session.folder, lockName)
      // A launch that is about to begin has no lock yet, and one of another host has none here.
      guard Disk.kind(of: path) != .missing, let file = try? OpenFile.at(path, for: .appending) else { continue }
      if (try? file.lock()) == true { session.removeFolders() }
    }
  }
}
