import Planner

/// Kinked functions (max(0, x), the largest number of a window, a hinge) consist of smooth pieces, and a difference
/// quotient is only worth something on one of them.
extension Execution {
  /// The piece on which each number of an instruction's result lies.
  ///
  /// `choose` is asked when the instruction is run for the first time. When it is run again, on slightly moved operands,
  /// it stays on the pieces it stood on, so that all runs of an execution are runs of one smooth function.
  mutating func pieces(of instruction: Instruction, _ choose: () -> [Int]) -> [Int] {
    let result = instruction.writes[0]
    if let chosen = pieces[result] { return chosen }
    let chosen = choose()
    pieces[result] = chosen
    return chosen
  }
}
