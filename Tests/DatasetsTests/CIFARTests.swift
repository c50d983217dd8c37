import Datasets
import Operators
import Testing

@Suite("CIFAR's binary files")
struct CIFARTests {
  private func writeTen(_ folder: TemporaryFolder) throws {
    for file in 1...5 {
      try folder.write(
        TestFiles.records(labels: [[UInt8(file)], [UInt8(file + 4)]]), to: "data_batch_\(file).bin")
    }
    try folder.write(TestFiles.records(labels: [[0], [9], [3]]), to: "test_batch.bin")
  }

  /// What a record of `TestFiles` shows, channel last.
  private func pixels(_ label: Int) -> [UInt8] {
    (0..<1024).flatMap { place in (0..<3).map { UInt8(truncatingIfNeeded: $0 * 80 + place + label) } }
  }

  @Test
  func `CIFAR-10 is read across its files, planes turned into pixels`() throws {
    try withTemporaryFolder { folder in
      try writeTen(folder)
      let data = try DatasetCatalog.open(DatasetRequest(format: .cifar10, path: folder.path))
      #expect(data.train.count == 10 && data.test.count == 3)
      #expect(data.train.shape == Shape(channels: 3, height: 32, width: 32))
      #expect(data.train.classNames[3] == "cat")
      for (index, label) in [1, 5, 2, 6, 3, 7, 4, 8, 5, 9].enumerated() {
        let read = try sample(index, of: data.train)
        #expect(read.label == label && read.pixels == pixels(label))
      }
    }
  }

  @Test
  func `CIFAR-100 gives its fine labels`() throws {
    try withTemporaryFolder { folder in
      try folder.write(TestFiles.records(labels: [[3, 99], [1, 0]]), to: "cifar-100-binary/train.bin")
      try folder.write(TestFiles.records(labels: [[2, 42]]), to: "cifar-100-binary/test.bin")
      let data = try DatasetCatalog.open(DatasetRequest(format: .cifar100, path: folder.path))
      #expect(data.train.label(of: 0) == 99 && data.train.label(of: 1) == 0)
      #expect(try sample(0, of: data.test).label == 42)
      #expect(data.train.classNames.count == 100)
    }
  }

  @Test
  func `damage is named with its place`() throws {
    try withTemporaryFolder { folder in
      try writeTen(folder)
      let request = DatasetRequest(format: .cifar10, path: folder.path)
      try folder.write(TestFiles.records(labels: [[0], [10]]), to: "data_batch_2.bin")
      expectRefusal(request, "data_batch_2.bin: the label 10 at byte 3073")
      try folder.write(TestFiles.records(labels: [[0]]) + [1, 2], to: "data_batch_2.bin")
      expectRefusal(request, "data_batch_2.bin: truncated", "3075 bytes", "2 bytes are left over")
      try folder.write([], to: "data_batch_2.bin")
      expectRefusal(request, "data_batch_2.bin: truncated")
    }
  }

  @Test
  func `a missing file is named, and a wish for another size is refused`() throws {
    try withTemporaryFolder { folder in
      expectRefusal(DatasetRequest(format: .cifar10, path: folder.path), "data_batch_1.bin", "data.path")
      try writeTen(folder)
      expectRefusal(
        DatasetRequest(format: .cifar10, path: folder.path, size: Extent(64)), "data.size is 64", "remove it")
    }
  }
}
