internal import CKernels
import Operators

/// A convolution over bands of a padded copy of its input. The gradient of a strided one's input is such a convolution
/// of dy for each phase of the stride; with stride 1 there is one phase.
struct DirectLoops {
  private let g: ConvolutionGeometry
  private let rows: Int
  private let batch: Int

  /// The loops of one micro-batch, so many rows of results at a time.
  init(_ g: ConvolutionGeometry, rows: Int, batch: Int) {
    precondition(g.isDirect && rows > 0, "direct convolution does not fit \(g)")
    self.g = g
    self.rows = rows
    self.batch = batch
  }

  /// y = x ∗ weights + bias.
  func forward(
    x: UnsafePointer<Float>, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?, y: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let packed = unsafe scratch + ConvolutionAlgorithm.bandCount(.forward, g, rows: rows)
    unsafe ck_loops().pointee.direct_pack(g.inputChannels, g.outputChannels, g.window.kernel.count, weights, packed)
    unsafe withUnsafePointer(to: forwardLoops) { direct in
      unsafe ck_loops().pointee.direct_forward(direct, x, packed, bias, y, scratch)
    }
  }

  /// dx = the gradient of the input.
  func backwardData(
    dy: UnsafePointer<Float>, weights: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    precondition(g.isDirectBackward, "direct convolution does not fit \(g) backward")
    let packed = unsafe scratch + ConvolutionAlgorithm.bandCount(.backwardData, g, rows: rows)
    for index in 0..<StridePhase.count(g.window) {
      let phase = StridePhase(g.window, index)
      guard phase.size.count > 0 else { continue }
      unsafe withUnsafePointer(to: taps(phase)) { taps in
        unsafe ck_loops().pointee.direct_pack_backward(g.inputChannels, g.outputChannels, taps, weights, packed)
      }
      let first = (phase.first.height * g.window.input.width + phase.first.width) * g.inputChannels
      unsafe withUnsafePointer(to: backwardLoops(phase)) { direct in
        unsafe ck_loops().pointee.direct_forward(direct, dy, packed, nil, dx + first, scratch)
      }
    }
  }

  /// dWeights = the gradient of the weights.
  func backwardWeights(
    x: UnsafePointer<Float>, dy: UnsafePointer<Float>, dWeights: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    unsafe withUnsafePointer(to: forwardLoops) { direct in
      unsafe ck_loops().pointee.direct_backward_weights(direct, x, dy, dWeights, scratch)
    }
  }

  private var forwardLoops: ck_direct {
    let (window, outputs) = (g.window, g.outputChannels)
    return ck_direct(
      input_height: window.input.height, input_width: window.input.width, output_height: window.output.height,
      output_width: window.output.width, kernel_height: window.kernel.height, kernel_width: window.kernel.width,
      stride_height: window.stride.height, stride_width: window.stride.width, pad_top: window.padding.top,
      pad_left: window.padding.left, inputs: g.inputChannels, outputs: outputs, batch: batch, rows: rows,
      output_step: outputs, output_row: window.output.width * outputs, output_sample: window.output.count * outputs)
  }

  private func backwardLoops(_ phase: StridePhase) -> ck_direct {
    let (window, outputs) = (g.window, g.inputChannels)
    return ck_direct(
      input_height: window.output.height, input_width: window.output.width, output_height: phase.size.height,
      output_width: phase.size.width, kernel_height: phase.taps.height, kernel_width: phase.taps.width,
      stride_height: 1, stride_width: 1, pad_top: phase.padding.height, pad_left: phase.padding.width,
      inputs: g.outputChannels, outputs: outputs, batch: batch, rows: rows,
      output_step: window.stride.width * outputs, output_row: window.stride.height * window.input.width * outputs,
      output_sample: window.input.count * outputs)
  }

  private func taps(_ phase: StridePhase) -> ck_taps {
    let window = g.window
    return ck_taps(
      height: phase.taps.height, width: phase.taps.width,
      first: phase.last.height * window.kernel.width + phase.last.width,
      down: -window.stride.height * window.kernel.width, across: -window.stride.width, count: window.kernel.count)
  }
}
