package import Planner
import Randomness

extension PlanOptions {
  /// Freezes a random part of what `layout` holds, a pure function of `seed`: single parameters, few or most of them,
  /// all layers up to one, or whole layers. One parameter at least stays trained.
  ///
  /// - Parameter statistics: whether running statistics are frozen too, of layers whose parameters are frozen or not.
  package mutating func freeze(partOf layout: FlatLayout, seed: UInt64, statistics: Bool) {
    var stream = RandomStream(seed: seed, purpose: .testing, subject: StableHash.of("random freezing"))
    let names = layout.parameters.reversed().map(\.name)
    guard !names.isEmpty else { return }
    let chosen: [String]
    switch seed % 4 {
    case 0: chosen = names.filter { _ in stream.uniform() < 0.3 }
    case 1: chosen = names.filter { _ in stream.uniform() < 0.8 }
    case 2: chosen = Array(names.prefix(stream.integer(below: names.count)))
    default:
      let layers = Set(names.map(Self.layer)).sorted().filter { _ in stream.integer(below: 2) == 0 }
      chosen = names.filter { layers.contains(Self.layer($0)) }
    }
    frozen = Set(chosen)
    if frozen.count == names.count { frozen.remove(names[stream.integer(below: names.count)]) }
    guard statistics else { return }
    frozenStatistics = Set(layout.statistics.map(\.path).filter { _ in stream.integer(below: 3) > 0 })
  }

  private static func layer(_ name: String) -> Substring {
    name.prefix(upTo: name.lastIndex(of: ".") ?? name.startIndex)
  }
}
