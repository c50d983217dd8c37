import Datasets
import Testing

@Suite("the order of samples")
struct SampleOrderTests {
  @Test(arguments: [1, 2, 7, 100])
  func `each sample occurs once per epoch, in an order of its own`(count: Int) {
    let order = SampleOrder(count: count, seed: 5)
    let epochs = (0..<4).map { epoch in
      (0..<count).map { place in
        let sample = order.sample(at: epoch * count + place)
        #expect(sample.epoch == epoch)
        return sample.index
      }
    }
    for epoch in epochs { #expect(epoch.sorted() == Array(0..<count)) }
    if count == 100 { #expect(Set(epochs).count == 4) }
  }

  @Test
  func `access in any order gives what access in sequence gives`() {
    let sequential = SampleOrder(count: 23, seed: 9)
    let expected = (0..<230).map { sequential.sample(at: $0).index }
    let jumping = SampleOrder(count: 23, seed: 9)
    for step in 0..<230 {
      let position = step * 101 % 230
      #expect(jumping.sample(at: position).index == expected[position])
    }
  }

  @Test
  func `another seed gives another order, another copy the same`() {
    let indices = { (order: SampleOrder) in (0..<50).map { order.sample(at: $0).index } }
    #expect(indices(SampleOrder(count: 50, seed: 1)) == indices(SampleOrder(count: 50, seed: 1)))
    #expect(indices(SampleOrder(count: 50, seed: 1)) != indices(SampleOrder(count: 50, seed: 2)))
  }

  @Test(arguments: 1...6)
  func `the micro-batches of any number of ranks are the whole stream`(ranks: Int) {
    let (microBatches, size) = (6, 4)
    var seen: [Int] = []
    for step in 0..<3 {
      for rank in 0..<ranks {
        for microBatch in rank * microBatches / ranks..<(rank + 1) * microBatches / ranks {
          seen += SampleOrder.positions(
            step: step, microBatch: microBatch, globalBatch: microBatches * size, size: size)
        }
      }
    }
    #expect(seen == Array(0..<3 * microBatches * size))
  }
}
