import Kernels
import Testing

extension KernelTests {
  @Suite("Dense")
  struct DenseTests {
    init() { #expect(prepared) }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `all three passes agree with the definition`(seed: UInt64) {
      var dice = Dice(seed)
      let (batch, inputs, outputs) = (dice.integer(1...20), dice.integer(1...130), dice.integer(1...70))
      let (x, weights) = (dice.floats(batch * inputs), dice.floats(outputs * inputs))
      let (bias, dy) = (dice.floats(outputs), dice.floats(batch * outputs))

      var want = (y: [Double](), dx: [Double](), dWeights: [Double](), dBias: [Double]())
      want.y = (0..<batch * outputs).map { Double(bias[$0 % outputs]) }
      want.dx = Array(repeating: 0, count: x.count)
      want.dWeights = Array(repeating: 0, count: weights.count)
      want.dBias = Array(repeating: 0, count: outputs)
      for sample in 0..<batch {
        for output in 0..<outputs {
          let gradient = Double(dy[sample * outputs + output])
          want.dBias[output] += gradient
          for input in 0..<inputs {
            let (i, j) = (sample * inputs + input, output * inputs + input)
            want.y[sample * outputs + output] += Double(x[i]) * Double(weights[j])
            want.dx[i] += gradient * Double(weights[j])
            want.dWeights[j] += gradient * Double(x[i])
          }
        }
      }

      let y = written(batch * outputs) {
        Dense.forward(batch: batch, x: x.span, weights: weights.span, bias: bias.span, y: &$0)
      }
      let dx = written(x.count) { Dense.backwardData(batch: batch, dy: dy.span, weights: weights.span, dx: &$0) }
      var dBias: [Float] = []
      let dWeights = written(weights.count) { dWeights in
        dBias = written(outputs) {
          Dense.backwardWeights(batch: batch, x: x.span, dy: dy.span, dWeights: &dWeights, dBias: &$0)
        }
      }
      #expect(distance(y, want.y) < sumTolerance)
      #expect(distance(dx, want.dx) < sumTolerance)
      #expect(distance(dWeights, want.dWeights) < sumTolerance)
      #expect(distance(dBias, want.dBias) < sumTolerance)
    }

    @Test
    func `the bias may be left out`() {
      let none: [Float] = []
      let y = written(2) {
        Dense.forward(batch: 1, x: [2, 3].span, weights: [1, 0, 0, 1].span, bias: none.span, y: &$0)
      }
      #expect(y == [2, 3])
    }
  }
}
