import Foundation
import Interchange
import TestSupport
import Testing

@Suite struct DiskTests {
  @Test func `replacing a file leaves nothing beside it`() throws {
    try withTemporaryDirectory { directory in
      let path = Disk.join(directory, "file")
      try Disk.replace(path, with: [1])
      try Disk.replace(path, with: [2, 3])
      #expect(try Disk.read(path) == [2, 3])
      #expect(try Disk.names(in: directory) == ["file"])
    }
  }

  @Test func `a failed replace leaves the former file`() throws {
    try withTemporaryDirectory { directory in
      let path = Disk.join(directory, "occupied")
      try Disk.makeDirectories(Disk.join(path, "inside"))
      #expect(throws: FileError.self) { try Disk.replace(path, with: [1]) }
      #expect(try Disk.names(in: directory) == ["occupied"])
    }
  }

  @Test func `a full disk is told in the system's words`() {
    let error = #expect(throws: FileError.self) { try Disk.write([1, 2, 3], to: "/dev/full") }
    #expect(error?.code == ENOSPC)
    #expect(error?.description == "/dev/full could not be written: No space left on device")
  }

  @Test(.timeLimit(.minutes(4))) func `pipes and directories are not read`() throws {
    try withTemporaryDirectory { directory in
      let pipe = Disk.join(directory, "pipe")
      #expect(unsafe mkfifo(pipe, 0o600) == 0)
      #expect(throws: FileError.self) { try Disk.read(pipe) }
      #expect(throws: FileError.self) { try Disk.read(directory) }
      #expect(throws: FileError.self) { try Disk.read(Disk.join(directory, "missing")) }
    }
  }

  @Test func `a file is read within its limit`() throws {
    try withTemporaryDirectory { directory in
      let path = Disk.join(directory, "file")
      try Disk.write([1, 2, 3], to: path)
      #expect(try Disk.read(path, limit: 3) == [1, 2, 3])
      #expect(throws: FileError.self) { try Disk.read(path, limit: 2) }
    }
  }

  @Test func `trees are removed, but not what links point to`() throws {
    try withTemporaryDirectory { directory in
      let kept = Disk.join(directory, "kept")
      try Disk.makeDirectories(Disk.join(directory, "tree/deep"))
      try Disk.makeDirectory(kept)
      try Disk.write([1], to: Disk.join(kept, "file"))
      try Disk.link(Disk.join(directory, "tree/deep/link"), to: kept)
      try Disk.remove(Disk.join(directory, "tree"))
      try Disk.remove(Disk.join(directory, "tree"))
      #expect(try Disk.names(in: directory) == ["kept"])
      #expect(try Disk.names(in: kept) == ["file"])
    }
  }

  @Test func `paths have the names of their files`() {
    #expect(Disk.parent(of: "a") == ".")
    #expect(Disk.parent(of: "/a") == "/")
    #expect(Disk.parent(of: "a/b/") == "a")
    #expect(Disk.parent(of: "a//b") == "a")
    #expect(Disk.parent(of: "//") == "/")
    #expect(Disk.parent(of: "") == ".")
    #expect(Disk.lastComponent(of: "a") == "a")
    #expect(Disk.lastComponent(of: "/a") == "a")
    #expect(Disk.lastComponent(of: "a/b/") == "b")
    #expect(Disk.join("/", "a") == "/a")
  }

  @Test func `free space is known before the directory is`() throws {
    try withTemporaryDirectory { directory in
      let free = try Disk.freeBytes(at: Disk.join(directory, "not/yet"))
      #expect(free > 0)
    }
  }
}
