import Network
import Operators

/// Layers that only move values. In memory an image is [position][channel], in files and for everybody's weights
/// [channel][position].
extension Lowering {
  /// Exchanges rows and columns of each block. A single row or column lies the same way either way: nothing to do.
  private mutating func transposed(
    blocks: Int, rows: Int, columns: Int, path: String, input: Value, output: Shape
  ) -> Value {
    guard rows > 1, columns > 1 else {
      return Value(slot: input.slot, shape: output, isTrainable: input.isTrainable)
    }
    return pointwise(
      .transpose(blocks: blocks, rows: rows, columns: columns), path: path, input: input, output: output)
  }

  /// The same values in a slot of their own: the output of a network without layers has to survive the image.
  mutating func copy(_ value: Value, path: String) -> Value {
    pointwise(
      .transpose(blocks: 1, rows: 1, columns: value.shape.count), path: path, input: value, output: value.shape)
  }

  /// An image to a vector.
  mutating func flatten(path: String, input: Value, output: Shape) -> Value {
    transposed(
      blocks: 1, rows: input.shape.positions, columns: input.shape.channels, path: path, input: input, output: output)
  }

  /// To the order of files and back in another shape.
  mutating func reshape(path: String, input: Value, output: Shape) -> Value {
    let flat = flatten(path: path, input: input, output: Shape(features: input.shape.count))
    return transposed(
      blocks: 1, rows: output.channels, columns: output.positions, path: path, input: flat, output: output)
  }

  /// At each position the channels, as a matrix [group][channel of the group], are transposed.
  mutating func channelShuffle(_ layer: ChannelShuffleLayer, path: String, input: Value) -> Value {
    transposed(
      blocks: input.shape.positions, rows: layer.groups, columns: input.shape.channels / layer.groups, path: path,
      input: input, output: input.shape)
  }

  /// Zero padding moves the image by `top` and `left`, cropping moves it back.
  mutating func shift(top: Int, left: Int, path: String, input: Value, output: Shape) -> Value {
    pointwise(
      .shift(from: input.shape, to: output, top: top, left: left), path: path, input: input, output: output)
  }
}
