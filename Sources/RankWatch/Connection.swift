/// A socket that listens, as an object.
final class Listener: Sendable {
  private let socket: Socket
  /// Where it listens.
  let port: UInt16

  /// Listens on a port that the system chooses.
  init(backlog: Int32) throws(Socket.Failure) {
    socket = try Socket.listening(backlog: backlog)
    port = socket.port
  }

  /// The file descriptor to wait for.
  var descriptor: Int32 { socket.descriptor }

  /// The connections that have come in.
  func accepted() -> [Connection] {
    var connections: [Connection] = []
    while let socket = socket.accepted() { connections.append(Connection(socket)) }
    return connections
  }
}

/// One connection between two ranks. Used by the watcher's thread only.
final class Connection {
  /// The rank at the other end; nil before it has said so.
  var peer: Int?
  /// Whether the other side has closed, or is gone.
  private(set) var isClosed = false
  private let socket: Socket
  private var arrived: [UInt8] = []
  private var leaving: [UInt8] = []
  private var isToldToStop = false

  /// More than this is not kept for a rank that does not listen.
  private static let room = 1 << 16

  /// Takes a socket over.
  init(_ socket: consuming Socket, peer: Int? = nil) {
    self.socket = socket
    self.peer = peer
  }

  /// The file descriptor to wait for.
  var descriptor: Int32 { socket.descriptor }

  /// Sends now what can be sent, and the rest with the next message. A whole message is left out where too much waits.
  func send(_ message: WatchMessage) {
    let bytes = WatchCoding.encode(message)
    if leaving.count + bytes.count <= Self.room { leaving += bytes }
    guard let sent = socket.send(leaving[...]) else {
      isClosed = true
      return
    }
    leaving.removeFirst(sent)
  }

  /// Passes a stop on, once.
  func tellToStop() {
    guard !isToldToStop else { return }
    isToldToStop = true
    send(.stop)
  }

  /// Gives up a connection on which something else speaks.
  func close() { isClosed = true }

  /// What has arrived since the last time. A connection on which something else speaks is closed.
  func receive() -> [WatchMessage] {
    // What one rank says in a moment is little; whoever sends without end is not listened to without end.
    while !isClosed, arrived.count <= Self.room {
      guard let bytes = socket.receive() else {
        isClosed = true
        break
      }
      if bytes.isEmpty { break }
      arrived += bytes
    }
    guard let messages = WatchCoding.decode(&arrived) else {
      isClosed = true
      return []
    }
    return messages
  }

  /// Connects to the first address that answers within two seconds each; nil if none does.
  static func open(to rank: Int, port: UInt16, addresses: [String]) -> Connection? {
    for address in addresses {
      guard let socket = try? Socket.connecting(to: address, port: port) else { continue }
      if socket.isSettled(withinMilliseconds: 2000), socket.connectError == 0 { return Connection(socket, peer: rank) }
    }
    return nil
  }
}
