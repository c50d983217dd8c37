import Operators
import Planner

/// Losses that compare the valid samples with each other.
extension Execution {
  /// ℓ of an anchor = mean of max(0, ‖a − p‖² − ‖a − n‖² + margin) over its pairs (p, n).
  mutating func triplet(_ loss: TripletLoss, _ x: [[Double]], _ instruction: Instruction) -> LossValue {
    let triplets = triplets(x.count)
    let gaps = triplets.map { triplet in
      let anchor = x[triplet.anchor]
      return squaredDistance(anchor, x[triplet.same]) - squaredDistance(anchor, x[triplet.other]) + loss.margin
    }
    let hinges = pieces(of: instruction) { gaps.map { $0 > 0 ? 1 : 0 } }
    var value = LossValue(unmoved: x)
    for (index, triplet) in triplets.enumerated() where hinges[index] == 1 {
      let (anchor, same, other) = (x[triplet.anchor], x[triplet.same], x[triplet.other])
      value.sum += triplet.share * gaps[index]
      value.add(2 * triplet.share, difference(other, same), to: triplet.anchor)
      value.add(2 * triplet.share, difference(same, anchor), to: triplet.same)
      value.add(2 * triplet.share, difference(anchor, other), to: triplet.other)
    }
    return value
  }

  /// ℓ of a sample = mean over the others of ½·D² for the same label, else ½·max(0, margin − D)².
  mutating func contrastive(_ loss: ContrastiveLoss, _ x: [[Double]], _ instruction: Instruction) -> LossValue {
    let pairs = pairs(x.count)
    let distances = pairs.map { squaredDistance(x[$0.first], x[$0.second]).squareRoot() }
    let hinges = pieces(of: instruction) {
      zip(pairs, distances).map { $0.isSame || $1 < loss.margin ? 1 : 0 }
    }
    var value = LossValue(unmoved: x)
    for (index, pair) in pairs.enumerated() where hinges[index] == 1 {
      let distance = distances[index]
      let excess = pair.isSame ? distance : distance - loss.margin
      value.sum += pair.share * excess * excess / 2
      // D has no slope at 0: there all directions are alike.
      let slope = pair.isSame ? 1 : distance == 0 ? 0 : excess / distance
      value.add(pair.share * slope, difference(x[pair.first], x[pair.second]), to: pair.first)
      value.add(pair.share * slope, difference(x[pair.second], x[pair.first]), to: pair.second)
    }
    return value
  }

  /// ℓ of a sample = mean over the others of 1 − cos for the same label, else max(0, cos − margin).
  mutating func cosine(_ loss: CosineLoss, _ x: [[Double]], _ instruction: Instruction) -> LossValue {
    let pairs = pairs(x.count)
    // Two kinks: whether the norms are large enough to divide by, and the hinge.
    let isLarge = pairs.map { norm(x[$0.first]) * norm(x[$0.second]) > smallestNorms }
    let isAbove = pairs.map { $0.isSame || cosineOfAngle(x[$0.first], x[$0.second]) > loss.margin }
    let chosen = pieces(of: instruction) { (isLarge + isAbove).map { $0 ? 1 : 0 } }
    var value = LossValue(unmoved: x)
    for (index, pair) in pairs.enumerated() where chosen[pairs.count + index] == 1 {
      let (a, b) = (x[pair.first], x[pair.second])
      let norms = chosen[index] == 1 ? norm(a) * norm(b) : smallestNorms
      let cosine = dot(a, b) / norms
      let sign: Double = pair.isSame ? -1 : 1
      value.sum += pair.share * (pair.isSame ? 1 - cosine : cosine - loss.margin)
      value.add(sign * pair.share / norms, b, to: pair.first)
      value.add(sign * pair.share / norms, a, to: pair.second)
      guard chosen[index] == 1 else { continue }
      value.add(-sign * pair.share * cosine / dot(a, a), a, to: pair.first)
      value.add(-sign * pair.share * cosine / dot(b, b), b, to: pair.second)
    }
    return value
  }
}

/// An anchor, a sample of its class and one of another, with what they count in the sum.
private struct Triplet {
  let anchor: Int
  let same: Int
  let other: Int
  let share: Double
}

/// A sample and another one, with what they count in the sum.
private struct Pair {
  let first: Int
  let second: Int
  let isSame: Bool
  let share: Double
}

extension Execution {
  private func triplets(_ samples: Int) -> [Triplet] {
    (0..<samples).flatMap { anchor -> [Triplet] in
      let same = (0..<samples).filter { $0 != anchor && batch.labels[$0] == batch.labels[anchor] }
      let other = (0..<samples).filter { batch.labels[$0] != batch.labels[anchor] }
      let share = 1 / Double(same.count * other.count)
      return same.flatMap { near in other.map { Triplet(anchor: anchor, same: near, other: $0, share: share) } }
    }
  }

  private func pairs(_ samples: Int) -> [Pair] {
    (0..<samples).flatMap { first in
      (0..<samples).filter { $0 != first }.map { second in
        Pair(
          first: first, second: second, isSame: batch.labels[first] == batch.labels[second],
          share: 1 / Double(samples - 1))
      }
    }
  }
}

extension LossValue {
  /// Nothing yet, for the outputs `x`.
  fileprivate init(unmoved x: [[Double]]) { gradient = x.map { [Double](repeating: 0, count: $0.count) } }

  /// Adds `factor · direction` to the gradient of a sample.
  fileprivate mutating func add(_ factor: Double, _ direction: [Double], to sample: Int) {
    for (offset, number) in direction.enumerated() { gradient[sample][offset] += factor * number }
  }
}

/// The product of norms below which the cosine is not divided further.
private let smallestNorms = 1e-8

/// a·b / max(‖a‖·‖b‖, 1e-8).
func cosineOfAngle(_ a: [Double], _ b: [Double]) -> Double { dot(a, b) / max(norm(a) * norm(b), smallestNorms) }

/// ‖a − b‖².
func squaredDistance(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + square($1.0 - $1.1) } }

private func difference(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 - $1 } }
private func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
private func norm(_ a: [Double]) -> Double { dot(a, a).squareRoot() }
