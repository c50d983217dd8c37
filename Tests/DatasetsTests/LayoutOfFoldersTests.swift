import Datasets
import Foundation
import Operators
import Testing

/// What people's folders look like: splits of any spelling, files of other kinds, what programs leave behind.
@Suite struct LayoutOfFoldersTests {
  private func picture(_ seed: Int) -> [UInt8] {
    TestPNG.colour(width: 4, height: 4) { $0 * 3 + $1 * 5 + $2 + seed }
  }

  private func write(
    _ folder: TemporaryFolder, _ splits: [String] = ["train", "test"], classes: [String] = ["a", "b"]
  ) throws {
    for split in splits {
      for (index, name) in classes.enumerated() { try folder.write(picture(index), to: "\(split)/\(name)/x.png") }
    }
  }

  private func open(_ folder: TemporaryFolder, holdOut: Int? = nil, onDamage: DamagePolicy = .fail) throws -> Dataset {
    try DatasetCatalog.open(
      DatasetRequest(format: .imageFolder, path: folder.path, holdOut: holdOut, onDamage: onDamage))
  }

  private func request(_ folder: TemporaryFolder) -> DatasetRequest {
    DatasetRequest(format: .imageFolder, path: folder.path)
  }

  @Test(arguments: [
    ("Train", "Test"), ("training", "testing"), ("Training", "Testing"), ("TRAIN", "Val"), ("train", "Validation"),
  ]) func `the splits' folders are found in any case`(train: String, test: String) throws {
    try withTemporaryFolder { folder in
      try write(folder, [train, test])
      let data = try open(folder)
      #expect(data.train.count == 2 && data.test.count == 2 && data.notes.isEmpty)
      #expect(data.train.name(of: 0) == "\(train)/a/x.png" && data.test.name(of: 0) == "\(test)/a/x.png")
    }
  }

  @Test(arguments: [("Train", "train"), ("train", "Training")])
  func `two folders for one split are refused, and both are named`(one: String, other: String) throws {
    try withTemporaryFolder { folder in
      try write(folder, [one, other, "test"])
      expectRefusal(request(folder), one, other, "may both be meant")
    }
  }

  @Test func `a class may be called train`() throws {
    try withTemporaryFolder { folder in
      for name in ["bus", "car", "train"] {
        for index in 0..<3 { try folder.write(picture(index), to: "\(name)/\(index).png") }
      }
      let data = try open(folder, holdOut: 2)
      #expect(data.train.classNames == ["bus", "car", "train"] && data.train.count == 7)
    }
  }

  @Test
  func `what is no image, what programs leave and what is in no split is counted and told, in folders and archives`()
    throws
  {
    try withTemporaryFolder { folder in
      try write(folder, ["d/train", "d/test", "d/val"])
      let gif = Array("GIF89a".utf8)
      for name in ["a/1.gif", "a/2.GIF", "b/1.tif", "b/notes", "b/1.heic"] {
        try folder.write(gif, to: "d/train/\(name)")
      }
      for name in ["a/@eaDir/x.png", "a/.DS_Store", "b/Thumbs.db", "__MACOSX/a/x.png", ".ipynb_checkpoints/x.png"] {
        try folder.write(picture(9), to: "d/train/\(name)")
      }
      let tar = Process()
      tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      tar.arguments = ["tar", "-cf", folder.path + "/d.tar", "-C", folder.path + "/d", "."]
      try tar.run()
      tar.waitUntilExit()
      for request in [
        DatasetRequest(format: .imageFolder, path: folder.path + "/d"),
        DatasetRequest(format: .tar, path: folder.path + "/d.tar"),
      ] {
        let data = try DatasetCatalog.open(request)
        #expect(data.train.count == 2)
        #expect(data.leftOut.files == [".gif": 2, ".tif": 1, ".heic": 1, "without an ending": 1])
        #expect(
          data.leftOut.ignored == [
            "@eaDir": 1, ".DS_Store": 1, "Thumbs.db": 1, "__MACOSX": 1, ".ipynb_checkpoints": 1,
          ])
        #expect(data.leftOut.unusedFolders == ["val": 2])
        #expect(
          data.notes.count == 3 && data.notes[0].hasPrefix("left out: 2 .gif, 1 .heic, 1 .tif, 1 without"),
          "\(data.notes)")
        #expect(data.notes[1].contains("1 @eaDir") && data.notes[2].contains("2 images in the folder val"))
      }
    }
  }

  @Test func `all endings of the three formats are images`() throws {
    try withTemporaryFolder { folder in
      try write(folder)
      for ending in ["jpg", "JPEG", "jpe", "jfif"] { try folder.write(TestJPEG.colour, to: "train/a/1.\(ending)") }
      try folder.write(TestWebP.lossless, to: "train/a/1.webp")
      let data = try DatasetCatalog.open(
        DatasetRequest(format: .imageFolder, path: folder.path, size: Extent(4)))
      #expect(data.train.count == 7 && data.notes.isEmpty)
      #expect(DatasetVerifier.verify(data.train) { _ in }.isEmpty)
    }
  }

  @Test func `a class of other files says what it holds`() throws {
    try withTemporaryFolder { folder in
      try write(folder)
      try folder.write([1], to: "train/c/1.gif")
      expectRefusal(request(folder), "train/c: the class has no JPEG, PNG or WebP image (it holds 1 .gif)")
    }
  }

  @Test func `one class is not enough, and is told`() throws {
    try withTemporaryFolder { folder in
      try write(folder, classes: ["only"])
      let data = try open(folder)
      #expect(data.notes == ["the data has one class, 'only'"])
      expectError(["the data has one class, 'only'"]) { () throws(DatasetError) in try data.checkClasses() }
    }
  }

  @Test func `a class whose images are all damaged is an error, even where damage is skipped`() throws {
    try withTemporaryFolder { folder in
      try write(folder, classes: ["a", "b", "c"])
      try folder.write([1, 2], to: "train/b/x.png")
      var skipping = request(folder)
      skipping.onDamage = .skip
      expectRefusal(skipping, "all training samples of the class 'b' are damaged")
    }
  }

  @Test func `a class that held-out samples emptied is told`() throws {
    try withTemporaryFolder { folder in
      for index in 0..<9 { try folder.write(picture(index), to: "a/\(index).png") }
      try folder.write(picture(10), to: "b/1.png")
      let notes = try (1...9).compactMap { count in
        let data = try open(folder, holdOut: count)
        let isLost = !(0..<data.train.count).contains { data.train.label(of: $0) == 1 }
        #expect(data.notes.contains { $0.contains("the class 'b'") && $0.contains("data.hold-out") } == isLost)
        return isLost ? count : nil
      }
      #expect(!notes.isEmpty)
    }
  }

  /// torchvision's CenterCrop begins at half of what is left over, rounded half to even.
  @Test(arguments: [(35, 32, 2), (33, 32, 0), (37, 32, 2), (39, 32, 4), (34, 32, 1)])
  func `the centre crop begins where torchvision's does`(side: Int, kept: Int, first: Int) throws {
    try withTemporaryFolder { folder in
      let byte = { (x: Int, y: Int, channel: Int) in x * 7 + y * 13 + channel * 5 }
      for (name, width, height) in [("tall", kept, side), ("wide", side, kept)] {
        let image = TestPNG.colour(width: width, height: height, byte)
        for split in ["train", "test"] { try folder.write(image, to: "\(split)/\(name)/x.png") }
      }
      let data = try DatasetCatalog.open(
        DatasetRequest(format: .imageFolder, path: folder.path, size: Extent(kept)))
      #expect(try sample(0, of: data.train).pixels == TestPNG.pixels(kept, kept) { byte($0, $1 + first, $2) })
      #expect(try sample(1, of: data.train).pixels == TestPNG.pixels(kept, kept) { byte($0 + first, $1, $2) })
    }
  }
}
