import Collectives
import Configuration
import Datasets
import Kernels
import Operators
import Optimizers
import Planner
import Randomness

/// Draws configurations from all that may be written.
struct RandomConfiguration {
  private var random: RandomStream

  init(seed: UInt64) { random = RandomStream(seed: seed, purpose: .testing) }

  mutating func integer(below bound: Int) -> Int { random.integer(below: bound) }

  /// A number with all its digits.
  mutating func number(_ range: Range<Double>) -> Double { random.uniform(in: range) }

  private mutating func coin() -> Bool { random.integer(below: 2) == 1 }

  private mutating func maybe<Value>(_ draw: (inout Self) -> Value) -> Value? { coin() ? draw(&self) : nil }

  private mutating func one<Value>(of values: [Value]) -> Value { values[random.integer(below: values.count)] }

  private mutating func count() -> Int { 1 + random.integer(below: 1_000_000) }

  private mutating func interval() -> Double { coin() ? Double(count()) : number(1e-9..<100) }

  /// Texts that YAML could take for something else.
  private mutating func text() -> String {
    one(of: [
      "data/cifar10", "/a b/c", "~", "null", "", " ", "a: b", "- a", "#a", "a #b", "true", "No", "1e3", "0x10", "12",
      ".5",
      "-", "[a]", "{a: 1}", "*a", "&a", "!a", "%a", "@a", "`a`", "'a'", "\"a\"", "a\\b", "tab\there", "line\nbreak",
      "\r", "\u{1}", "\u{7F}", "\u{85}", "\u{2028}", "über/日本", "👩‍👩‍👧", "a:", "---", "...", "=", "<<", "nan",
      ".inf",
    ])
  }

  mutating func schedule() -> Schedule {
    switch random.integer(below: 9) {
    case 0:
      var record = ConstantSchedule()
      (record.rate, record.warmUpEpochs) = (number(1e-6..<2), interval())
      return Schedule(record)
    case 1:
      var record = StepSchedule()
      (record.rate, record.everyEpochs) = (number(1e-6..<2), number(0.1..<50))
      (record.factor, record.warmUpEpochs) = (number(0.01..<1), number(0..<3))
      return Schedule(record)
    case 2:
      var record = CosineSchedule()
      (record.peak, record.final, record.warmUpEpochs) = (number(1e-6..<2), number(0..<1e-3), number(0..<5))
      return Schedule(record)
    case 3:
      var record = OneCycleSchedule()
      (record.peak, record.warmUpEpochs) = (number(1e-6..<2), coin() ? 1 : number(0..<5))
      (record.startDivisor, record.finalDivisor) = (number(1..<100), number(1..<1e6))
      return Schedule(record)
    case 4: return Schedule(plateau())
    case 5: return Schedule(points())
    case 6:
      var record = ExponentialSchedule()
      (record.rate, record.factor, record.warmUpEpochs) = (number(1e-6..<2), number(0.1..<1), number(0..<3))
      return Schedule(record)
    case 7:
      var record = PolynomialSchedule()
      (record.peak, record.final) = (number(1e-6..<2), number(0..<1e-3))
      (record.power, record.warmUpEpochs) = (number(0.1..<5), number(0..<3))
      return Schedule(record)
    default:
      var record = CosineRestartsSchedule()
      (record.peak, record.final) = (number(1e-6..<2), number(0..<1e-3))
      (record.firstEpochs, record.multiplier) = (number(0.1..<9), 1 + random.integer(below: 3))
      return Schedule(record)
    }
  }

  private mutating func plateau() -> PlateauSchedule {
    var record = PlateauSchedule()
    (record.rate, record.factor, record.patience) = (number(1e-3..<2), number(0.01..<1), random.integer(below: 9))
    (record.threshold, record.thresholdMode) = (number(0..<0.1), one(of: PlateauSchedule.ThresholdMode.allCases))
    (record.cooldown, record.minimum) = (random.integer(below: 5), number(0..<1e-3))
    (record.metric, record.warmUpEpochs) = (one(of: PlateauSchedule.Metric.allCases), number(0..<3))
    return record
  }

  private mutating func points() -> PiecewiseLinearSchedule {
    var record = PiecewiseLinearSchedule()
    for index in 0...random.integer(below: 5) {
      var point = PiecewiseLinearSchedule.Point()
      (point.epoch, point.rate) = (Double(index) + number(0..<0.9), number(1e-6..<2))
      record.points.append(point)
    }
    return record
  }

  /// A valid configuration.
  mutating func next() -> RunConfiguration {
    var run = RunConfiguration()
    run.seed = UInt64(random.next()) << 32 | UInt64(random.next())
    run.lanes = coin() ? .auto : .fixed(1 + integer(below: 1024))
    run.model = coin() ? .zoo(text()) : .file("/" + text())
    run.data = data()
    run.train = train()
    run.exchange.order = one(of: ExchangeOrder.allCases)
    run.exchange.bucket = ByteCount(1024 << integer(below: 21))
    run.checkpoint.everyEpochs = maybe { $0.interval() }
    run.checkpoint.everySteps = maybe { $0.count() }
    run.checkpoint.everyMinutes = maybe { $0.interval() }
    run.checkpoint.keep = count()
    run.evaluate.everyEpochs = maybe { $0.interval() }
    run.verify.recompute = coin() ? 0 : number(0..<1)
    run.numerics.winograd = one(of: WinogradChoice.allCases)
    run.kernels.isa = one(of: InstructionSet.allCases)
    return run
  }

  private mutating func data() -> DataConfiguration {
    var data = DataConfiguration()
    data.path = maybe { "/" + $0.text() }
    data.format = data.path == nil ? .digits : one(of: DatasetFormat.allCases)
    data.images = maybe { $0.text() }
    data.labels = maybe { $0.text() }
    data.testImages = maybe { $0.text() }
    data.testLabels = maybe { $0.text() }
    data.holdOut = maybe { $0.count() }
    data.size = maybe { Extent(height: 1 + $0.integer(below: 500), width: 1 + $0.integer(below: 500)) }
    data.channels = maybe { $0.one(of: [1, 3]) }
    data.trainCount = maybe { $0.count() }
    data.testCount = maybe { $0.count() }
    data.onDamage = one(of: DamagePolicy.allCases)
    data.orientation = one(of: OrientationPolicy.allCases)
    data.cache = ByteCount(integer(below: 1 << 30) << (coin() ? 10 : 0))
    data.augment = (0..<integer(below: 6)).map { _ in
      coin() ? .horizontalFlip : .randomCrop(padding: integer(below: 1025))
    }
    let channels = one(of: [1, 3])
    data.normalize.mean = (0..<channels).map { _ in Float(number(-3..<3)) }
    data.normalize.std = (0..<channels).map { _ in Float(number(1e-3..<300)) }
    return data
  }

  private mutating func train() -> TrainConfiguration {
    var train = TrainConfiguration()
    train.epochs = maybe { $0.interval() }
    train.steps = train.epochs == nil ? count() : maybe { $0.count() }
    train.microBatch = 1 + integer(below: 512)
    train.globalBatch = train.microBatch * (1 + integer(below: 1000))
    train.schedule = schedule()
    var sgd = SGD()
    sgd.momentum = coin() ? 0.9 : number(1e-3..<1)
    (sgd.nesterov, sgd.decayAll) = (coin(), coin())
    sgd.weightDecay = number(0..<1)
    train.optimizer = OptimizerChoice(sgd)
    var loss = CrossEntropyLoss()
    loss.labelSmoothing = coin() ? 0 : number(0..<1)
    train.loss = .crossEntropy(loss)
    train.recompute = one(of: RecomputeChoice.allCases)
    return train
  }
}
