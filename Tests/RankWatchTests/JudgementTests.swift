import Collectives
import RankWatch
import Testing

/// The reasons why ranks cannot go on, from what is known of them.
@Suite struct JudgementTests {
  private func waiting(_ rank: Int, for peer: Int, idle: Double) -> RankView {
    RankView(
      rank: rank, idle: idle, isBusy: true,
      activity: Activity.Snapshot(phase: .waiting, subject: 4, peer: peer, step: 7))
  }

  private func verdict(_ views: [RankView]) -> Verdict? { Judgement.verdict(views, deadline: 30) }

  @Test func `ranks that are well are left alone`() {
    #expect(verdict((0..<4).map { RankView(rank: $0, silence: 29, idle: 29) }) == nil)
    #expect(verdict([]) == nil)
  }

  @Test func `the first cause comes before its consequences`() {
    let failure = RankView.Failure(code: 1, text: "no space left")
    var views = [
      waiting(0, for: 3, idle: 60), RankView(rank: 1, silence: 90), RankView(rank: 2, line: .broken),
      RankView(rank: 3, failure: failure),
    ]
    #expect(verdict(views) == .failed(rank: 3, failure))
    views[3].failure = nil
    #expect(verdict(views) == .died(rank: 2))
    views[2].line = .ended
    #expect(verdict(views) == .silent(rank: 1, seconds: 90))
    views[1].silence = 0
    #expect(verdict(views) == nil, "a rank that waits is a victim")
  }

  @Test func `a rank that computes is slow, one that does nothing hangs`() {
    var view = RankView(rank: 1, idle: 300, isBusy: true)
    let others = [waiting(0, for: 1, idle: 300), waiting(2, for: 1, idle: 300)]
    #expect(verdict(others + [view]) == nil)
    view.isBusy = false
    #expect(verdict(others + [view]) == .hangs(rank: 1, seconds: 300))
    view.activity.phase = .reading
    #expect(verdict(others + [view]) == .hangs(rank: 1, seconds: 300))
  }

  @Test(arguments: [Activity.Phase.saving, .settingUp, .evaluating])
  func `what may take any time is no failure`(phase: Activity.Phase) {
    let view = RankView(rank: 0, idle: 4000, isBusy: false, activity: Activity.Snapshot(phase: phase))
    #expect(verdict([view, waiting(1, for: 0, idle: 4000)]) == nil)
  }

  @Test func `ranks that all wait for each other have lost a message`() {
    #expect(verdict([waiting(0, for: 1, idle: 40), waiting(1, for: 0, idle: 31)]) == .allWait(seconds: 31))
    #expect(verdict([waiting(0, for: 1, idle: 40), waiting(1, for: 0, idle: 2)]) == nil)
  }

  @Test func `a rank that is not watched is found by who waits for it`() {
    let views = [waiting(0, for: 2, idle: 40), waiting(1, for: 0, idle: 40), RankView(rank: 2, line: .missing)]
    #expect(verdict(views) == .silent(rank: 2, seconds: 40))
    #expect(Judgement.laggard(views, patience: 5)?.view.rank == 2)
  }

  @Test func `the laggard is the rank that the others wait for`() {
    let views = [waiting(0, for: 2, idle: 8), waiting(1, for: 2, idle: 8), RankView(rank: 2, idle: 9)]
    #expect(Judgement.laggard(views, patience: 5)?.view.rank == 2)
    #expect(Judgement.laggard(views, patience: 10) == nil)
    #expect(Judgement.laggard([RankView(rank: 0), RankView(rank: 1, silence: 6)], patience: 5)?.view.rank == 1)
  }
}
