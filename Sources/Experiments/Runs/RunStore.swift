public import Foundation
import GRDB
import Learning

/// The results of an experiment in one SQLite file, `runs.sqlite`: what was trained, and every score of
/// every policy, down to the single path.
///
/// ```
/// training    case_name, fold, agent, seed → folder, digests, steps, seconds, found
/// evaluation  case_name, stage, fold → digest of all it depends on, the document as JSON
/// score       evaluation, policy → family, seed, its figures
/// sample      score, item → the sums of one path
/// ```
/// A training or an evaluation that is recorded again replaces what was there.
public struct RunStore: Sendable {
  public static let fileName = "runs.sqlite"
  let queue: DatabaseQueue

  /// Opens the store of a folder, or makes it.
  public init(folder: URL) throws {
    try createFolder(folder)
    try self.init(path: folder.appending(path: Self.fileName).path)
  }

  /// Opens the store of a folder, where there is one.
  public init(existingIn folder: URL) throws {
    let file = folder.appending(path: Self.fileName).path
    guard FileManager.default.fileExists(atPath: file) else {
      throw SpecError(
        file: folder.relativeToHere,
        "no results are there; valid is a folder that `rebalance run` wrote, with \(Self.fileName)")
    }
    try self.init(path: file)
  }

  private init(path: String) throws {
    var configuration = Configuration()
    configuration.foreignKeysEnabled = true
    // Another program may be reading.
    configuration.busyMode = .timeout(10)
    do {
      queue = try DatabaseQueue(path: path, configuration: configuration)
      try Self.migrations.migrate(queue)
    } catch let error as DatabaseError {
      throw SpecError(
        file: path,
        "\(error.message ?? "SQLite \(error.resultCode)"); remove the file to begin anew")
    }
  }

  private static var migrations: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { database in
      try database.execute(
        sql: """
          CREATE TABLE training (
            case_name TEXT NOT NULL, fold INTEGER NOT NULL, agent TEXT NOT NULL,
            seed INTEGER NOT NULL, folder TEXT NOT NULL, environment_sha256 TEXT NOT NULL,
            agent_sha256 TEXT NOT NULL, steps INTEGER NOT NULL, seconds REAL NOT NULL,
            found TEXT NOT NULL, trials INTEGER NOT NULL, "commit" TEXT NOT NULL, blas_core TEXT NOT NULL,
            PRIMARY KEY (case_name, fold, agent, seed));
          CREATE TABLE evaluation (
            id INTEGER PRIMARY KEY, case_name TEXT NOT NULL, stage TEXT NOT NULL,
            fold INTEGER NOT NULL, environment TEXT NOT NULL, digest TEXT NOT NULL,
            "commit" TEXT NOT NULL, document TEXT NOT NULL, UNIQUE (case_name, stage, fold));
          CREATE TABLE score (
            id INTEGER PRIMARY KEY,
            evaluation INTEGER NOT NULL REFERENCES evaluation ON DELETE CASCADE,
            policy TEXT NOT NULL, family TEXT NOT NULL, seed INTEGER, is_rule INTEGER NOT NULL,
            cost_bp REAL, transaction_bp REAL, drift_bp REAL, tax_bp REAL, turnover REAL,
            tracking_error_bp REAL, trades_per_year REAL, gap_percent REAL, returns BLOB NOT NULL,
            UNIQUE (evaluation, policy));
          CREATE TABLE sample (
            score INTEGER NOT NULL REFERENCES score ON DELETE CASCADE, item INTEGER NOT NULL,
            steps REAL NOT NULL, "transaction" REAL NOT NULL, drift REAL NOT NULL,
            tax REAL NOT NULL, reward REAL NOT NULL, turnover REAL NOT NULL,
            liquidated_percent REAL,
            PRIMARY KEY (score, item)) WITHOUT ROWID;
          """)
    }
    migrator.registerMigration("2") { database in
      try database.execute(
        sql: """
          ALTER TABLE sample ADD COLUMN held_percent REAL;
          ALTER TABLE score ADD COLUMN any_trade_gap_percent REAL;
          """)
    }
    return migrator
  }
}

/// What an evaluation is kept under.
public struct EvaluationKey: Sendable, Hashable {
  public var caseName: String
  /// `exact`, `sampled`, `bound` or the id of an environment of real data.
  public var stage: String
  /// −1 where the case does not walk forward.
  public var fold: Int

  public init(caseName: String, stage: String, fold: Int = -1) {
    (self.caseName, self.stage, self.fold) = (caseName, stage, fold)
  }
}

// MARK: - Writing and reading

extension RunStore {
  /// Records a training.
  func record(_ training: StoredTraining) throws {
    try queue.write { try training.insert($0) }
  }

  /// All trainings, in the order of cases, folds, agents and seeds.
  func trainings() throws -> [StoredTraining] {
    try queue.read {
      try StoredTraining.fetchAll($0, sql: "SELECT * FROM training ORDER BY 1, 2, 3, 4")
    }
  }

  /// The policies and candidates that a case looked at, all folds together.
  func trials(ofCase name: String) throws -> Int {
    try queue.read { database in
      let candidates = try Int.fetchOne(
        database, sql: "SELECT SUM(trials) FROM training WHERE case_name = ?", arguments: [name])
      let rules = try Int.fetchOne(
        database,
        sql: """
          SELECT COUNT(DISTINCT policy) FROM score JOIN evaluation ON evaluation.id = score.evaluation
          WHERE case_name = ? AND score.seed IS NULL
          """, arguments: [name])
      return (candidates ?? 0) + (rules ?? 0)
    }
  }

  /// Forgets all trainings, which a run notes anew as it finds or makes them, and the evaluations of
  /// cases that are renamed or left out.
  package func begin(cases names: [String]) throws {
    try queue.write { database in
      try database.execute(sql: "DELETE FROM training")
      let places = databaseQuestionMarks(count: names.count)
      try database.execute(
        sql: "DELETE FROM evaluation WHERE case_name NOT IN (\(places))",
        arguments: StatementArguments(names))
    }
  }

  /// The document of an evaluation, where one of the same digest is there.
  package func document(_ key: EvaluationKey, digest: String) throws -> Data? {
    try queue.read { database in
      try String.fetchOne(
        database,
        sql: """
          SELECT document FROM evaluation
          WHERE case_name = ? AND stage = ? AND fold = ? AND digest = ?
          """, arguments: [key.caseName, key.stage, key.fold, digest])
    }.map { Data($0.utf8) }
  }

  /// Records an evaluation, all or nothing.
  package func record(
    _ key: EvaluationKey, environment: String, digest: String, commit: String, document: Data,
    scores: [StoredScore]
  ) throws {
    try queue.write { database in
      try database.execute(
        sql: "DELETE FROM evaluation WHERE case_name = ? AND stage = ? AND fold = ?",
        arguments: [key.caseName, key.stage, key.fold])
      try database.execute(
        sql: """
          INSERT INTO evaluation (case_name, stage, fold, environment, digest, "commit", document)
          VALUES (?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          key.caseName, key.stage, key.fold, environment, digest, commit,
          String(decoding: document, as: UTF8.self),
        ])
      let evaluation = database.lastInsertedRowID
      let columns = ["returns"] + StoredScore.Figure.allCases.map(\.rawValue)
      let insertScore = try database.makeStatement(
        sql: """
          INSERT INTO score
          (evaluation, policy, family, seed, is_rule, \(columns.joined(separator: ", ")))
          VALUES (\(databaseQuestionMarks(count: 5 + columns.count)))
          """)
      let insertSample = try database.makeStatement(
        sql: "INSERT INTO sample VALUES (\(databaseQuestionMarks(count: 10)))")
      for score in scores {
        var arguments: StatementArguments = [
          evaluation, score.policy, score.family, score.seed, score.isRule,
          score.returns.littleEndianData,
        ]
        arguments += StatementArguments(StoredScore.Figure.allCases.map { score.figures[$0] })
        try insertScore.execute(arguments: arguments)
        let id = database.lastInsertedRowID
        for (item, sample) in score.samples.enumerated() {
          try insertSample.execute(arguments: [
            id, item, sample.steps, sample.transaction, sample.drift, sample.tax, sample.reward,
            sample.turnover, sample.liquidatedReturn, sample.heldReturn,
          ])
        }
      }
    }
  }

  /// The evaluations that are there, in the order in which they were made.
  public func evaluations() throws -> [(key: EvaluationKey, environment: String)] {
    try queue.read { database in
      try Row.fetchAll(
        database, sql: "SELECT case_name, stage, fold, environment FROM evaluation ORDER BY id"
      ).map { row in
        (EvaluationKey(caseName: row[0], stage: row[1], fold: row[2]), row[3])
      }
    }
  }

  /// The scores of an evaluation, in the order in which they were recorded.
  public func scores(_ key: EvaluationKey) throws -> [StoredScore] {
    try queue.read { database in
      let rows = try Row.fetchAll(
        database,
        sql: """
          SELECT score.* FROM score JOIN evaluation ON evaluation.id = score.evaluation
          WHERE case_name = ? AND stage = ? AND fold = ? ORDER BY score.id
          """, arguments: [key.caseName, key.stage, key.fold])
      return try rows.map { row in
        let id: Int64 = row["id"]
        let samples = try Row.fetchAll(
          database, sql: "SELECT * FROM sample WHERE score = ? ORDER BY item", arguments: [id]
        ).map { row in
          var sample = PathSample()
          sample.steps = row["steps"]
          sample.transaction = row["transaction"]
          sample.drift = row["drift"]
          sample.tax = row["tax"]
          sample.reward = row["reward"]
          sample.turnover = row["turnover"]
          sample.liquidatedReturn = row["liquidated_percent"]
          sample.heldReturn = row["held_percent"]
          return sample
        }
        var figures: [StoredScore.Figure: Double] = [:]
        for figure in StoredScore.Figure.allCases { figures[figure] = row[figure.rawValue] }
        return StoredScore(
          policy: row["policy"], family: row["family"], seed: row["seed"], isRule: row["is_rule"],
          figures: figures, samples: samples, returns: Array(littleEndian: row["returns"]))
      }
    }
  }
}

extension [Double] {
  /// The numbers' bits, eight bytes each.
  fileprivate var littleEndianData: Data {
    var data = Data(capacity: count * 8)
    for value in self {
      let bits = value.bitPattern
      for byte in 0..<8 { data.append(UInt8(truncatingIfNeeded: bits >> (8 * byte))) }
    }
    return data
  }

  fileprivate init(littleEndian data: Data) {
    let bytes = [UInt8](data)
    self = stride(from: 0, to: bytes.count - 7, by: 8).map { place in
      Double(
        bitPattern: (0..<8).reduce(0) { $0 | UInt64(bytes[place + $1]) << (8 * UInt64($1)) })
    }
  }
}
