import Checkpoints
import Foundation
import Randomness
import TestSupport
import Testing
import Training

/// The list of faults that `--chaos` takes.
@Suite struct ChaosPlanTests {
  private static func moment(_ random: inout RandomStream) -> ChaosPlan.Moment {
    ChaosPlan.Moment(rank: random.integer(below: 100), step: random.integer(below: 1 << 30))
  }

  private static func fault(_ random: inout RandomStream) -> ChaosPlan.Fault {
    switch random.integer(below: 7) {
    case 0: .kill(moment(&random))
    case 1: .stop(moment(&random))
    case 2: .delay(moment(&random), seconds: random.uniform(in: 0..<86_400))
    case 3:
      .flip(
        moment(&random), layer: random.pick(["conv1", "layer1.0.conv1", "a:b", "0"]), bit: random.integer(below: 32))
    case 4: .notANumber(moment(&random))
    case 5: .noSpace(checkpoint: random.integer(below: 1 << 30))
    default: .corrupt(checkpoint: random.integer(below: 1 << 30))
    }
  }

  @Test(arguments: UInt64(0)..<200)
  func `a list that is written is read as the same list`(seed: UInt64) throws {
    var random = RandomStream(seed: seed, purpose: .testing)
    let plan = ChaosPlan((0...random.integer(below: 4)).map { _ in Self.fault(&random) })
    #expect(try ChaosPlan(parsing: plan.text) == plan)
  }

  /// With a character put in, taken out or exchanged, a list is read as another one or refused in one sentence, which
  /// ends with the remedy.
  @Test(arguments: UInt64(0)..<300)
  func `a list with a slip is another list or one sentence`(seed: UInt64) throws {
    var random = RandomStream(seed: seed, purpose: .testing, subject: 1)
    let plan = ChaosPlan([Self.fault(&random)])
    var characters = Array(plan.text)
    let place = random.integer(below: characters.count)
    let other = random.pick(Array("kx=@:,.-+ 9é\0"))
    switch random.integer(below: 3) {
    case 0: characters.insert(other, at: place)
    case 1: characters.remove(at: place)
    default: characters[place] = other
    }
    let text = String(characters)
    do {
      let read = try ChaosPlan(parsing: text)
      #expect(try ChaosPlan(parsing: read.text) == read)
    } catch {
      #expect(error.code == .unusable && error.description.hasPrefix("--chaos: '"))
      #expect(error.description.contains("; "), "\(error)")
    }
  }

  @Test(arguments: [
    ("", "is no fault; write one or more of corrupt=CHECKPOINT, delay=RANK@STEP:SECONDS"),
    ("kill=1@2,", "'' is no fault"), ("kil=1@2", "'kil=1@2' is no fault"),
    ("kill=1", "'kill=1' is not of the form kill=RANK@STEP; RANK and STEP are counted from 0, as in kill=2@40"),
    ("stop=-1@2", "not of the form stop=RANK@STEP"), ("nan=1@2:3", "not of the form nan=RANK@STEP"),
    ("delay=1@2", "SECONDS are from 0 to 86400"), ("delay=1@2:-1", "SECONDS are from 0 to 86400"),
    ("flip=1@2:conv1:32", "BIT from 0 to 31"), ("flip=1@2::3", "LAYER is a path"), ("flip=1@2:3", "LAYER is a path"),
    ("enospc=40", "not of the form enospc@CHECKPOINT; CHECKPOINT is the number of steps before it"),
    ("corrupt=step-0000040", "40 for step-0000040"), ("kill=99999999999999999999@1", "counted from 0"),
  ])
  func `what is wrong with a list is said with the remedy`(text: String, words: String) {
    let error = #expect(throws: RunError.self) { try ChaosPlan(parsing: text) }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }
}
