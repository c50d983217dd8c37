import Checkpoints
import Foundation
import TestSupport
import Testing

/// The file that tells why a run could not go on.
@Suite struct FailureRecordTests {
  @Test func `a failure is read as it is written, and with the cause alone`() throws {
    try withTemporaryDirectory { folder in
      let path = folder + "/failure.json"
      #expect(FailureRecord(readFrom: path) == nil)
      var failure = FailureRecord("a cause", rank: 2, host: "h1", step: 40, exitCode: 5)
      (failure.message, failure.doing, failure.replay) = ("rank 2: a cause", "reading", "cnn-dist debug replay")
      failure.write(to: path)
      #expect(FailureRecord(readFrom: path) == failure)
      #expect(try String(contentsOfFile: path, encoding: .utf8).contains("\"exit-code\" : 5"))
      let texts: [String: String?] = [
        #"{"cause": "no word from rank 1", "other": [1]}"#: "no word from rank 1", #"{"rank": 1}"#: nil, "[": nil,
      ]
      for (text, cause) in texts {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        #expect(FailureRecord(readFrom: path)?.cause == cause)
      }
    }
  }

  @Test func `what cannot be written is not an error`() {
    FailureRecord("a cause").write(to: "/nowhere/at/all/failure.json")
  }
}
