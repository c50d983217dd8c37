package import Operators
import Planner

/// The three passes of a convolution as plain sums in double precision. Each adds to what its result holds.
package enum ReferenceConvolution {
  /// y += x ∗ weights.
  package static func forward(
    _ geometry: ConvolutionGeometry, samples: Int, x: Span<Double>, weights: Span<Double>,
    into y: inout MutableSpan<Double>
  ) {
    let row = geometry.inputChannels / geometry.groups
    geometry.forEachRow(samples: samples) { inX, inWeights, inY in
      y[inY] += product(x.extracting(inX..<inX + row), weights.extracting(inWeights..<inWeights + row))
    }
  }

  /// dx += the gradient of the input.
  package static func backwardData(
    _ geometry: ConvolutionGeometry, samples: Int, dy: Span<Double>, weights: Span<Double>,
    into dx: inout MutableSpan<Double>
  ) {
    let row = geometry.inputChannels / geometry.groups
    geometry.forEachRow(samples: samples) { inX, inWeights, inY in
      addScaled(dy[inY], weights.extracting(inWeights..<inWeights + row), to: &dx, at: inX)
    }
  }

  /// dWeights += the gradient of the weights.
  package static func backwardWeights(
    _ geometry: ConvolutionGeometry, samples: Int, x: Span<Double>, dy: Span<Double>,
    into dWeights: inout MutableSpan<Double>
  ) {
    let row = geometry.inputChannels / geometry.groups
    geometry.forEachRow(samples: samples) { inX, inWeights, inY in
      addScaled(dy[inY], x.extracting(inX..<inX + row), to: &dWeights, at: inWeights)
    }
  }
}

extension Execution {
  mutating func convolution(_ geometry: ConvolutionGeometry, _ instruction: Instruction) {
    let input = read(instruction)
    let weights = weights(instruction)
    var output = repeated(parameter(instruction, 1), geometry.outputChannels, geometry.output.positions)
    var y = output.mutableSpan
    ReferenceConvolution.forward(geometry, samples: program.batch, x: input.span, weights: weights.span, into: &y)
    write(output, instruction)
  }

  mutating func convolutionBackwardData(_ geometry: ConvolutionGeometry, _ instruction: Instruction) {
    let outputGradient = read(instruction)
    let weights = weights(instruction)
    let count = program.batch * geometry.input.count
    var inputGradient = instruction.reads.count > 1 ? read(instruction, 1) : [Double](repeating: 0, count: count)
    var dx = inputGradient.mutableSpan
    ReferenceConvolution.backwardData(
      geometry, samples: program.batch, dy: outputGradient.span, weights: weights.span, into: &dx)
    write(inputGradient, instruction)
  }

  mutating func convolutionBackwardWeights(_ geometry: ConvolutionGeometry, _ instruction: Instruction) {
    let (input, outputGradient) = (read(instruction, 0), read(instruction, 1))
    storeWeightGradient(geometry, x: input, dy: outputGradient, instruction)
    storeGradient(sums(outputGradient, perRow: geometry.outputChannels), instruction, 1)
  }

  /// Each value of x, times the weights, is laid over y: the input gradient of the convolution from y to x.
  mutating func transposedConvolution(_ geometry: ConvolutionGeometry, _ instruction: Instruction) {
    let input = read(instruction)
    let weights = weights(instruction)
    var output = repeated(parameter(instruction, 1), geometry.inputChannels, geometry.input.positions)
    var y = output.mutableSpan
    ReferenceConvolution.backwardData(
      geometry, samples: program.batch, dy: input.span, weights: weights.span, into: &y)
    write(output, instruction)
  }

  mutating func transposedConvolutionBackwardWeights(_ geometry: ConvolutionGeometry, _ instruction: Instruction) {
    let (input, outputGradient) = (read(instruction, 0), read(instruction, 1))
    storeWeightGradient(geometry, x: outputGradient, dy: input, instruction)
    storeGradient(sums(outputGradient, perRow: geometry.inputChannels), instruction, 1)
  }

  private mutating func storeWeightGradient(
    _ geometry: ConvolutionGeometry, x: [Double], dy: [Double], _ instruction: Instruction
  ) {
    var gradient = [Double](repeating: 0, count: geometry.weightCount)
    var dWeights = gradient.mutableSpan
    ReferenceConvolution.backwardWeights(
      geometry, samples: program.batch, x: x.span, dy: dy.span, into: &dWeights)
    storeGradient(gradient, instruction, 0)
  }

  /// `bias` (or zeros) at each of `positions` positions of each sample.
  func repeated(_ bias: [Double]?, _ channels: Int, _ positions: Int) -> [Double] {
    let row = bias ?? [Double](repeating: 0, count: channels)
    return Array(repeatElement(row, count: program.batch * positions).joined())
  }
}

/// The sum of the rows of a matrix with `width` columns.
func sums(_ values: [Double], perRow width: Int) -> [Double] {
  var sums = [Double](repeating: 0, count: width)
  var total = sums.mutableSpan
  let rows = values.span
  for start in stride(from: 0, to: values.count, by: width) {
    addScaled(1, rows.extracting(start..<start + width), to: &total, at: 0)
  }
  return sums
}

extension ConvolutionGeometry {
  /// Calls `body` for each sample, output element and kernel position that falls on the image, with the indices where
  /// the row of the group's input channels begins in x and in the weights, and of the output element in y.
  ///
  /// y[o, i, j] = Σ w[o, u, v, c] · x[i·s + u·d − p, j·s + v·d − p, c], the sum over c being a row.
  @inline(__always)
  func forEachRow(samples: Int, _ body: (_ x: Int, _ weights: Int, _ y: Int) -> Void) {
    let (rowLength, groupOutputs) = (inputChannels / groups, outputChannels / groups)
    for tap in window.taps {
      for sample in 0..<samples {
        let x = sample * input.count + tap.input * inputChannels
        let y = sample * output.count + tap.output * outputChannels
        for group in 0..<groups {
          for output in group * groupOutputs..<(group + 1) * groupOutputs {
            body(x + group * rowLength, (output * window.kernel.count + tap.kernel) * rowLength, y + output)
          }
        }
      }
    }
  }
}

extension Execution {
  mutating func filter(_ geometry: FilterGeometry, _ instruction: Instruction) {
    let x = read(instruction)
    var y = [Double](repeating: 0, count: program.batch * geometry.output.count)
    geometry.forEachProduct(samples: program.batch) { y[$2] += $1 * x[$0] }
    write(y, instruction)
  }

  mutating func filterBackward(_ geometry: FilterGeometry, _ instruction: Instruction) {
    let dy = read(instruction)
    var dx = [Double](repeating: 0, count: program.batch * geometry.window.input.count * geometry.channels)
    geometry.forEachProduct(samples: program.batch) { dx[$0] += $1 * dy[$2] }
    write(dx, instruction)
  }
}

extension FilterGeometry {
  /// Calls `body` for each product of a filter's value with a pixel of the image: with the index in x, the filter's
  /// value, and the index in y to which the product adds.
  fileprivate func forEachProduct(samples: Int, _ body: (_ x: Int, _ weight: Double, _ y: Int) -> Void) {
    for tap in window.taps {
      for sample in 0..<samples {
        for channel in 0..<channels {
          for filter in 0..<count {
            body(
              (sample * window.input.count + tap.input) * channels + channel,
              Double(filters[filter * window.kernel.count + tap.kernel]),
              sample * output.count + tap.output * output.channels + channel * count + filter)
          }
        }
      }
    }
  }
}
