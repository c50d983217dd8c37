import Planner

extension Execution {
  mutating func dense(_ inputs: Int, _ outputs: Int, _ instruction: Instruction) {
    let input = read(instruction)
    let weights = weights(instruction)
    var y = repeated(parameter(instruction, 1), outputs, 1)
    let (x, w) = (input.span, weights.span)
    for sample in 0..<program.batch {
      let row = x.extracting(sample * inputs..<(sample + 1) * inputs)
      for output in 0..<outputs {
        y[sample * outputs + output] += product(row, w.extracting(output * inputs..<(output + 1) * inputs))
      }
    }
    write(y, instruction)
  }

  mutating func denseBackwardData(_ inputs: Int, _ outputs: Int, _ instruction: Instruction) {
    let dy = read(instruction)
    let weights = weights(instruction)
    var inputGradient = [Double](repeating: 0, count: program.batch * inputs)
    let w = weights.span
    var dx = inputGradient.mutableSpan
    for sample in 0..<program.batch {
      for output in 0..<outputs {
        let row = w.extracting(output * inputs..<(output + 1) * inputs)
        addScaled(dy[sample * outputs + output], row, to: &dx, at: sample * inputs)
      }
    }
    write(inputGradient, instruction)
  }

  mutating func denseBackwardWeights(_ inputs: Int, _ outputs: Int, _ instruction: Instruction) {
    let (input, dy) = (read(instruction, 0), read(instruction, 1))
    var weightGradient = [Double](repeating: 0, count: inputs * outputs)
    let x = input.span
    var dw = weightGradient.mutableSpan
    for sample in 0..<program.batch {
      let row = x.extracting(sample * inputs..<(sample + 1) * inputs)
      for output in 0..<outputs { addScaled(dy[sample * outputs + output], row, to: &dw, at: output * inputs) }
    }
    storeGradient(weightGradient, instruction, 0)
    storeGradient(sums(dy, perRow: outputs), instruction, 1)
  }
}

/// Σ a[i] · b[i].
///
/// Four partial sums, so that an addition need not wait for the one before it.
func product(_ a: Span<Double>, _ b: Span<Double>) -> Double {
  precondition(a.count == b.count)
  var sums = SIMD4<Double>()
  var i = 0
  while i + 4 <= a.count {
    let left = SIMD4<Double>(a[i], a[i + 1], a[i + 2], a[i + 3])
    let right = SIMD4<Double>(b[i], b[i + 1], b[i + 2], b[i + 3])
    sums += left * right
    i += 4
  }
  var sum = sums.sum()
  while i < a.count {
    sum += a[i] * b[i]
    i += 1
  }
  return sum
}

/// y[start + i] += scale · x[i].
func addScaled(_ scale: Double, _ x: Span<Double>, to y: inout MutableSpan<Double>, at start: Int) {
  precondition(start >= 0 && start + x.count <= y.count)
  for i in x.indices { y[start &+ i] += scale * x[i] }
}
