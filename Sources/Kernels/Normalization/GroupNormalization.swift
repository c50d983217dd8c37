internal import CKernels
package import Operators

/// Normalization of each sample by itself, over groups of channels: group, instance and layer normalization.
///
/// Shapes: x, y, dy and dx are `batch` times [block][position][channel] of the groups; mean and rstd are
/// [sample][block][group]; scale, shift and their gradients are one value for each channel, or empty where the layer
/// has none. Sums are accurate: in float over at most 64 rows of a lane, in double from there on; the variance is the
/// biased one, taken from the deviations from the mean.
///
/// Source: Wu and He, "Group normalization", ECCV 2018; Ulyanov, Vedaldi and Lempitsky, "Instance normalization", 2016;
/// Ba, Kiros and Hinton, "Layer normalization", 2016.
package enum GroupNormalization {
  /// y = (x - mean) · rstd · scale + shift.
  ///
  /// - Parameters:
  ///   - epsilon: added to the variance before the root is taken.
  ///   - rstd: 1 / √(variance + epsilon), for the backward pass.
  package static func forward(
    _ g: NormalizationGroups, batch: Int, epsilon: Float, x: Span<Float>, scale: Span<Float>, shift: Span<Float>,
    y: inout MutableSpan<Float>, mean: inout MutableSpan<Float>, rstd: inout MutableSpan<Float>
  ) {
    let groups = checked(g, batch, x.count, y.count, mean.count, rstd.count)
    let isAffine = checked(g, scale.count, shift.count)
    unsafe withPointers(scale, shift, &mean, &rstd) { scale, shift, mean, rstd in
      unsafe withPointers(x, &y) { x, y in
        unsafe withUnsafePointer(to: groups) { groups in
          unsafe ck_loops().pointee.group_forward(
            groups, epsilon, x, isAffine ? scale : nil, isAffine ? shift : nil, y, mean, rstd)
        }
      }
    }
  }

  /// The gradients of `forward`, through the statistics too; all are written whole. dx may take the place of dy.
  package static func backward(
    _ g: NormalizationGroups, batch: Int, x: Span<Float>, dy: Span<Float>, scale: Span<Float>, mean: Span<Float>,
    rstd: Span<Float>, dx: inout MutableSpan<Float>, dScale: inout MutableSpan<Float>,
    dShift: inout MutableSpan<Float>
  ) {
    let groups = checked(g, batch, x.count, dx.count, mean.count, rstd.count)
    precondition(dy.count == x.count, "dy: as many floats as x")
    let isAffine = checked(g, dScale.count, dShift.count)
    precondition(scale.count == dScale.count, "scale: as many floats as dScale")
    unsafe withPointers(scale, mean, &dScale, &dShift) { scale, mean, dScale, dShift in
      unsafe withPointers(x, dy, rstd, &dx) { x, dy, rstd, dx in
        unsafe withUnsafePointer(to: groups) { groups in
          unsafe ck_loops().pointee.group_backward(
            groups, x, dy, isAffine ? scale : nil, mean, rstd, dx, isAffine ? dScale : nil, isAffine ? dShift : nil)
        }
      }
    }
  }

  private static func checked(
    _ g: NormalizationGroups, _ batch: Int, _ x: Int, _ y: Int, _ means: Int, _ rstds: Int
  ) -> ck_groups {
    precondition(batch > 0 && g.blocks > 0 && g.positions > 0, "\(batch) × \(g.blocks) × \(g.positions) positions")
    precondition(
      g.groups > 0 && g.channels > 0 && g.channels % g.groups == 0, "\(g.groups) groups of \(g.channels) channels")
    precondition(x == batch * g.count && y == x, "\(batch) × \(g.count) floats, not \(x) and \(y)")
    precondition(
      means == batch * g.meanCount && rstds == means, "mean and rstd: \(batch) × \(g.meanCount)")
    return ck_groups(blocks: batch * g.blocks, positions: g.positions, channels: g.channels, groups: g.groups)
  }

  // Whether the layer scales and shifts.
  private static func checked(_ g: NormalizationGroups, _ scale: Int, _ shift: Int) -> Bool {
    precondition(
      scale == shift && (scale == g.channels || scale == 0), "scale and shift: \(g.channels) channels or none")
    return scale > 0
  }
}
