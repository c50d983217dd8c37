internal import Foundation

/// A TCP socket that never blocks. The only place of this room that calls the socket functions of POSIX.
@safe
struct Socket: ~Copyable {
  /// The file descriptor.
  let descriptor: Int32

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// An error of the system in words.
  struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ operation: String) { description = unsafe "\(operation): \(String(cString: strerror(errno)))" }
  }

  /// Makes a socket without the right to block, and without a copy of it in programs that this process starts.
  private static func make() throws(Failure) -> Int32 {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(AF_INET, kind, 0)
    guard descriptor >= 0 else { throw Failure("socket") }
    return descriptor
  }

  // MARK: Listening

  /// Listens on a port that the system chooses, on all addresses of this machine.
  static func listening(backlog: Int32) throws(Failure) -> Socket {
    let made = Socket(try make())
    var address = ipv4("0.0.0.0", port: 0) ?? sockaddr_in()
    let bound = unsafe withAddress(&address) { unsafe bind(made.descriptor, $0, $1) }
    guard bound == 0, listen(made.descriptor, backlog) == 0 else { throw Failure("bind, listen") }
    return made
  }

  /// The port that a listening socket has.
  var port: UInt16 {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe getsockname(descriptor, $0, &length) }
    }
    return UInt16(bigEndian: address.sin_port)
  }

  /// A connection that has come in; nil if none has.
  func accepted() -> Socket? {
    let connection = accept(descriptor, nil, nil)
    guard connection >= 0 else { return nil }
    _ = fcntl(connection, F_SETFL, O_NONBLOCK)
    _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
    return Socket(connection)
  }

  // MARK: Connecting

  /// Begins to connect; `isWritable` then tells when that has an end, and `connectError` which.
  static func connecting(to host: String, port: UInt16) throws(Failure) -> Socket {
    let made = Socket(try make())
    guard var address = ipv4(host, port: port) else { throw Failure("inet_pton") }
    let result = unsafe withAddress(&address) { unsafe connect(made.descriptor, $0, $1) }
    guard result == 0 || errno == EINPROGRESS else { throw Failure("connect") }
    return made
  }

  /// 0 once the connection stands, else the error number.
  var connectError: Int32 {
    var error: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    return unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno
  }

  // MARK: Bytes

  /// Sends what fits at this moment; the number of bytes, or nil if the connection is gone.
  func send(_ bytes: ArraySlice<UInt8>) -> Int? {
    let count = unsafe bytes.withUnsafeBytes {
      unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
    return count >= 0 ? count : (errno == EAGAIN || errno == EINTR ? 0 : nil)
  }

  /// What has arrived, nothing if nothing has; nil if the other side has closed the connection or is gone.
  func receive() -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
    if count > 0 { return Array(bytes.prefix(count)) }
    return count < 0 && (errno == EAGAIN || errno == EINTR) ? [] : nil
  }

  // MARK: Waiting

  /// Waits until one of the descriptors can be read, or written where it is marked so, or the time is over.
  static func wait(_ descriptors: [(descriptor: Int32, writing: Bool)], milliseconds: Int32) {
    var list = descriptors.map { pollfd(fd: $0.descriptor, events: Int16($0.writing ? POLLOUT : POLLIN), revents: 0) }
    _ = unsafe poll(&list, nfds_t(list.count), milliseconds)
  }

  /// Whether a connection that was begun has an end.
  func isSettled(withinMilliseconds milliseconds: Int32) -> Bool {
    var one = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return unsafe poll(&one, 1, milliseconds) > 0
  }

  // MARK: Addresses

  private static func ipv4(_ host: String, port: UInt16) -> sockaddr_in? {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    return unsafe inet_pton(AF_INET, host, &address.sin_addr) == 1 ? address : nil
  }

  private static func withAddress(
    _ address: inout sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  /// The IPv4 addresses of this machine's interfaces that are up, but for the loopback.
  static func ownAddresses() -> [String] {
    var first: UnsafeMutablePointer<ifaddrs>?
    guard unsafe getifaddrs(&first) == 0 else { return [] }
    defer { unsafe freeifaddrs(first) }
    var found: [String] = []
    var next = unsafe first
    while let entry = unsafe next {
      unsafe next = entry.pointee.ifa_next
      let flags = unsafe entry.pointee.ifa_flags
      guard let address = unsafe entry.pointee.ifa_addr, unsafe address.pointee.sa_family == sa_family_t(AF_INET),
        flags & UInt32(IFF_UP) != 0, flags & UInt32(IFF_LOOPBACK) == 0
      else { continue }
      var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      let size = socklen_t(MemoryLayout<sockaddr_in>.size)
      let code = unsafe getnameinfo(address, size, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
      guard code == 0 else { continue }
      found.append(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
    return found
  }
}
