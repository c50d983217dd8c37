import Network
import Planner

extension Execution {
  mutating func convolution(_ geometry: ConvolutionGeometry, _ instruction: Instruction) {
    let input = read(instruction)
    let weights = weights(instruction)
    var output = repeated(parameter(instruction, 1), geometry.outputChannels, geometry.output.positions)
    let (x, w, row) = (input.span, weights.span, geometry.inputChannels / geometry.groups)
    var y = output.mutableSpan
    geometry.forEachRow(samples: program.batch) { inX, inWeights, inY in
      y[inY] += product(x.extracting(inX..<inX + row), w.extracting(inWeights..<inWeights + row))
    }
    write(output, instruction)
  }

  mutating func convolutionBackwardData(_ geometry: ConvolutionGeometry, _ instruction: Instruction) {
    let outputGradient = read(instruction)
    let weights = weights(instruction)
    var inputGradient = [Double](repeating: 0, count: program.batch * geometry.input.count)
    let (dy, w, row) = (outputGradient.span, weights.span, geometry.inputChannels / geometry.groups)
    var dx = inputGradient.mutableSpan
    geometry.forEachRow(samples: program.batch) { inX, inWeights, inY in
      addScaled(dy[inY], w.extracting(inWeights..<inWeights + row), to: &dx, at: inX)
    }
    write(inputGradient, instruction)
  }

  mutating func convolutionBackwardWeights(_ geometry: ConvolutionGeometry, _ instruction: Instruction) {
    let (input, outputGradient) = (read(instruction, 0), read(instruction, 1))
    var weightGradient = [Double](repeating: 0, count: geometry.weightCount)
    let (x, dy, row) = (input.span, outputGradient.span, geometry.inputChannels / geometry.groups)
    var dw = weightGradient.mutableSpan
    geometry.forEachRow(samples: program.batch) { inX, inWeights, inY in
      addScaled(dy[inY], x.extracting(inX..<inX + row), to: &dw, at: inWeights)
    }
    storeGradient(weightGradient, instruction, 0)
    storeGradient(sums(outputGradient, perRow: geometry.outputChannels), instruction, 1)
  }

  /// Each number of x, times the weights, is laid over y: the convolution's rows with input and output exchanged.
  mutating func transposedConvolution(_ geometry: ConvolutionGeometry, _ instruction: Instruction) {
    let input = read(instruction)
    let weights = weights(instruction)
    var output = repeated(parameter(instruction, 1), geometry.inputChannels, geometry.input.positions)
    let (x, w, row) = (input.span, weights.span, geometry.inputChannels / geometry.groups)
    var y = output.mutableSpan
    geometry.forEachRow(samples: program.batch) { inY, inWeights, inX in
      addScaled(x[inX], w.extracting(inWeights..<inWeights + row), to: &y, at: inY)
    }
    write(output, instruction)
  }

  mutating func transposedConvolutionBackwardWeights(_ geometry: ConvolutionGeometry, _ instruction: Instruction) {
    let (input, outputGradient) = (read(instruction, 0), read(instruction, 1))
    var weightGradient = [Double](repeating: 0, count: geometry.weightCount)
    let (x, dy, row) = (input.span, outputGradient.span, geometry.inputChannels / geometry.groups)
    var dw = weightGradient.mutableSpan
    geometry.forEachRow(samples: program.batch) { inY, inWeights, inX in
      addScaled(x[inX], dy.extracting(inY..<inY + row), to: &dw, at: inWeights)
    }
    storeGradient(weightGradient, instruction, 0)
    storeGradient(sums(outputGradient, perRow: geometry.inputChannels), instruction, 1)
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
  /// Calls `body` for each sample, output element and kernel position that falls on the image, with the places where
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
