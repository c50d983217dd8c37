import Optimizers
import Testing

@Suite struct OptimizerChoiceTests {
  @Test func `nesterov without momentum is refused`() {
    var record = SGDConfiguration()
    (record.nesterov, record.momentum) = (true, 0)
    #expect(record.problem()?.contains("momentum") == true)
    record.momentum = 0.5
    #expect(record.problem() == nil)
  }
}
