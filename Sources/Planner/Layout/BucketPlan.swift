/// Where in a program the buckets are complete.
enum BucketPlan {
  /// Inserts `bucketComplete` behind the last instruction that touches a bucket's parameters or gradients, in ascending
  /// order of the buckets. Buckets that hold a part of the trailer are complete at the end of the program.
  static func complete(_ instructions: [Instruction], layout: FlatLayout) -> [Instruction] {
    var lastTouch = [Int](repeating: -1, count: layout.parameters.count)
    for (index, instruction) in instructions.enumerated() {
      for parameter in instruction.parameters + instruction.writtenGradients { lastTouch[parameter.index] = index }
    }
    var completed: [Int: [Int]] = [:]
    var earliest = -1
    for (bucket, range) in layout.buckets.enumerated() {
      let touches = layout.parameters.indices.filter { layout.parameters[$0].range.overlaps(range) }
        .map { lastTouch[$0] }
      let isTrailer = range.upperBound > layout.parameterEnd
      earliest = max(earliest, isTrailer ? instructions.count - 1 : touches.max() ?? 0)
      completed[earliest, default: []].append(bucket)
    }
    return instructions.enumerated().flatMap { index, instruction in
      [instruction]
        + completed[index, default: []].map {
          Instruction(operation: .bucketComplete($0), pass: .exchange, path: "")
        }
    }
  }
}
