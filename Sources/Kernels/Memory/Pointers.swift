/// Where spans become pointers for C. The pointers are valid inside the closure only; that they are never used beyond
/// the spans' counts is what the preconditions of every kernel are for.

/// A place for the pointer of an empty span; nothing is ever read from or written to it.
nonisolated(unsafe) private let nowhere = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)

extension Span where Element: BitwiseCopyable {
  /// Calls `body` with the span's first element as a pointer.
  @inline(__always)
  func withPointer<Result>(_ body: (UnsafePointer<Element>) -> Result) -> Result {
    unsafe withUnsafeBufferPointer { buffer in
      unsafe body(buffer.baseAddress ?? UnsafePointer(nowhere.assumingMemoryBound(to: Element.self)))
    }
  }
}

extension MutableSpan where Element: BitwiseCopyable {
  /// Calls `body` with the span's first element as a pointer.
  @inline(__always)
  mutating func withPointer<Result>(_ body: (UnsafeMutablePointer<Element>) -> Result) -> Result {
    unsafe withUnsafeMutableBufferPointer { buffer in
      unsafe body(buffer.baseAddress ?? nowhere.assumingMemoryBound(to: Element.self))
    }
  }
}

/// Calls `body` with one constant and one mutable pointer.
@inline(__always)
func withPointers<A: BitwiseCopyable, Z: BitwiseCopyable, Result>(
  _ a: Span<A>, _ z: inout MutableSpan<Z>,
  _ body: (UnsafePointer<A>, UnsafeMutablePointer<Z>) -> Result
) -> Result {
  unsafe a.withPointer { a in unsafe z.withPointer { z in unsafe body(a, z) } }
}

/// Calls `body` with two constant pointers and one mutable pointer.
@inline(__always)
func withPointers<A: BitwiseCopyable, B: BitwiseCopyable, Z: BitwiseCopyable, Result>(
  _ a: Span<A>, _ b: Span<B>, _ z: inout MutableSpan<Z>,
  _ body: (UnsafePointer<A>, UnsafePointer<B>, UnsafeMutablePointer<Z>) -> Result
) -> Result {
  unsafe a.withPointer { a in unsafe withPointers(b, &z) { b, z in unsafe body(a, b, z) } }
}

/// Calls `body` with three constant pointers and one mutable pointer.
@inline(__always)
func withPointers<A: BitwiseCopyable, B: BitwiseCopyable, C: BitwiseCopyable, Z: BitwiseCopyable, Result>(
  _ a: Span<A>, _ b: Span<B>, _ c: Span<C>, _ z: inout MutableSpan<Z>,
  _ body: (UnsafePointer<A>, UnsafePointer<B>, UnsafePointer<C>, UnsafeMutablePointer<Z>) -> Result
) -> Result {
  unsafe a.withPointer { a in unsafe withPointers(b, c, &z) { b, c, z in unsafe body(a, b, c, z) } }
}

/// Calls `body` with one constant and two mutable pointers.
@inline(__always)
func withPointers<A: BitwiseCopyable, Y: BitwiseCopyable, Z: BitwiseCopyable, Result>(
  _ a: Span<A>, _ y: inout MutableSpan<Y>, _ z: inout MutableSpan<Z>,
  _ body: (UnsafePointer<A>, UnsafeMutablePointer<Y>, UnsafeMutablePointer<Z>) -> Result
) -> Result {
  unsafe withPointers(a, &y) { a, y in unsafe z.withPointer { z in unsafe body(a, y, z) } }
}

/// Calls `body` with two constant and two mutable pointers.
@inline(__always)
func withPointers<A: BitwiseCopyable, B: BitwiseCopyable, Y: BitwiseCopyable, Z: BitwiseCopyable, Result>(
  _ a: Span<A>, _ b: Span<B>, _ y: inout MutableSpan<Y>, _ z: inout MutableSpan<Z>,
  _ body: (UnsafePointer<A>, UnsafePointer<B>, UnsafeMutablePointer<Y>, UnsafeMutablePointer<Z>) -> Result
) -> Result {
  unsafe a.withPointer { a in unsafe withPointers(b, &y, &z) { b, y, z in unsafe body(a, b, y, z) } }
}
