import Collectives
import Testing
import Training

/// The ranks of a job compare what they were started to do before they do anything.
@Suite struct GreetingTests {
  /// What each of these ranks throws; nil where it does not.
  private func outcome(_ greetings: [Greeting]) throws -> [RunError?] {
    try ThreadCluster.run(ranks: greetings.count, deadline: .seconds(60)) { communicator in
      do throws(RunError) {
        try greetings[communicator.rank].exchange(communicator)
        return nil
      } catch {
        return error
      }
    }
  }

  /// The sentence with which all ranks end.
  private func refusal(_ greetings: [Greeting]) throws -> String {
    let errors = try outcome(greetings)
    let first = try #require(errors[0])
    for error in errors {
      #expect(error?.code == .unusable && error?.isCollective == true)
      #expect(error?.description == first.description)
    }
    #expect(!first.description.contains("\n"))
    return first.description
  }

  private func train(_ options: [String: String?] = [:]) -> Greeting { Greeting(command: "train", options: options) }

  @Test(.timeLimit(.minutes(4)))
  func `ranks that were started alike go on`() throws {
    for count in 1...5 {
      let greetings = Array(repeating: train(["--run-dir": "runs/x", "--resume": nil]), count: count)
      #expect(try outcome(greetings).allSatisfy { $0 == nil })
    }
  }

  @Test(.timeLimit(.minutes(4)))
  func `different commands are named with their ranks`() throws {
    let evaluate = Greeting(command: "evaluate", options: ["--checkpoint": "c"])
    let text = try refusal([train(["--run-dir": "x"]), evaluate, evaluate, train(["--run-dir": "x"])])
    for word in ["ranks 0, 3: 'cnn-dist train'", "ranks 1-2: 'cnn-dist evaluate'", "same command"] {
      #expect(text.contains(word), "\(text)")
    }
  }

  @Test(.timeLimit(.minutes(4)))
  func `different options are named with rank and both values`() throws {
    let text = try refusal([train(["--run-dir": "r1"]), train(["--run-dir": "r2"])])
    #expect(text.contains("--run-dir") && text.contains("rank 0: 'r1'") && text.contains("rank 1: 'r2'"), "\(text)")
    let missing = try refusal([train(["--resume": nil]), train(["--resume": "latest"]), train(["--resume": nil])])
    #expect(missing.contains("ranks 0, 2: not given") && missing.contains("rank 1: 'latest'"), "\(missing)")
    let word = try refusal([train(["--resume": nil]), train(["--resume": "not given"])])
    #expect(word.contains("--resume"), "a value is no missing value: \(word)")
  }

  @Test(.timeLimit(.minutes(4)))
  func `another version is named`() throws {
    let text = try refusal([Greeting(command: "train"), Greeting(command: "train", version: "9.9")])
    #expect(text.contains("rank 1: cnn-dist 9.9") && text.contains("same cnn-dist"), "\(text)")
  }

  /// A rank of an older program, which begins with something else.
  @Test(.timeLimit(.minutes(4)))
  func `a rank that does not greet is another program`() throws {
    for words in ["", "\u{0}", "hello\nyou\nthere", "cnn-dist greets\n1"] {
      let errors = try ThreadCluster.run(ranks: 3, deadline: .seconds(60)) { communicator -> String in
        if communicator.rank == 2 {
          _ = try communicator.allGather(Array(words.utf8))
          return "another program"
        }
        do throws(RunError) {
          try Greeting(command: "train").exchange(communicator)
          return "nothing"
        } catch {
          return error.description
        }
      }
      #expect(errors[0].contains("rank 2: another program"), "\(errors)")
      #expect(errors[0] == errors[1])
    }
  }

  @Test(.timeLimit(.minutes(4)))
  func `line breaks in a value do not break the message`() throws {
    let odd = train(["--run-dir": "a\nb\n\nc"])
    #expect(try outcome([odd, odd]).allSatisfy { $0 == nil })
    #expect(try refusal([odd, train(["--run-dir": "a"])]).contains("'a b c'"))
  }
}
