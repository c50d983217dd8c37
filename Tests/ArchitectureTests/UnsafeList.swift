/// Where the word `unsafe` may stand, and why. A path that ends with a slash is a folder with all below it.
enum UnsafeList {
  /// The list. Each entry is used, and no file outside of it needs the word.
  static let entries: [(path: String, reason: String)] = [
    ("Sources/Checkpoints/Tensors/", "the state of a run becomes bytes for its broadcast"),
    ("Sources/Collectives/", "messages are views of the flat buffers, given by address to a transport"),
    ("Sources/Datasets/Augment/", "rows of pixels are moved whole, with one check for all of them"),
    ("Sources/Datasets/Cache/", "memory that processes share has an address and no type"),
    ("Sources/Datasets/Files/", "zlib, pread and directory streams work on pointers"),
    ("Sources/Datasets/IDX/", "file names and bytes are handed to the C library"),
    ("Sources/Datasets/Identity/", "the times of files and the entries of a cache are asked of the C library"),
    ("Sources/Datasets/Images/", "libjpeg, libpng and libwebp work on pointers"),
    ("Sources/Datasets/Loading/", "a prepared micro-batch is filled in place by another thread"),
    ("Sources/Engine/Executor.swift", "flat buffers are shared with the exchange and come in by address"),
    ("Sources/Engine/Operands.swift", "operands are views of the arena, whose bounds the verifier has checked"),
    ("Sources/Hashing/", "libxxhash and libcrypto read bytes by address"),
    ("Sources/Interchange/Files/", "open, fsync, rename and their like work on pointers"),
    ("Sources/Interchange/SafeTensors/", "floats are seen as bytes"),
    ("Sources/Kernels/", "spans are handed to OpenBLAS and to the inner loops by address"),
    ("Sources/MPITransport/", "handles and buffers of MPI are pointers"),
    ("Sources/Optimizers/FlatOptimizer.swift", "pieces of the flat buffers are handed to the update loops by address"),
    ("Sources/Optimizers/ParameterGroup.swift", "patterns are matched by the C library"),
    ("Sources/RankWatch/Socket.swift", "sockets of POSIX take addresses as pointers"),
    ("Sources/RankWatch/Watcher.swift", "the processor time is asked of the C library"),
    ("Sources/Supervisor/Processes/", "processes, pipes and signals are the C library's"),
    ("Sources/Training/", "flat buffers and arenas are passed on by view between the engine and the exchange"),
  ]

  /// The entry that a path falls under.
  static func entry(for path: String) -> String? {
    entries.first { $0.path.hasSuffix("/") ? path.hasPrefix($0.path) : path == $0.path }?.path
  }
}
