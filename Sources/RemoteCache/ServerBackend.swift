// A remote cache on a server: GET, HEAD and PUT through libcurl, several at a time, over persistent connections.
// Redirects, proxies and other URL schemes are not followed. The time to connect, the time without data, the time of a
// whole request and the size of an answer are limited.
//
// Guards: `idle` holds the handles that are not in use; a handle is used by one thread at a time.

import Basics
import CCurl
import Synchronization

/// The time limits of requests.
package struct TransferLimits: Sendable {
  package var connectSeconds = 5
  /// The longest time with less than `idleBytes` per second.
  package var idleSeconds = 5
  package var idleBytes = 1024
  /// The limit for a whole request: this time, plus the time for its bytes at `leastBytesPerSecond`.
  package var seconds = 10
  package var leastBytesPerSecond = 256 << 10
  /// The limit for all requests of one action: more than the time to compute the result again. A late result is used,
  /// but counts as a problem.
  package var actionSeconds = 3.0

  package init() {}
}

final class ServerBackend: CacheBackend {
  var name: String { server.name }
  let damageSpreads = true
  private let server: CacheServer
  private let limits: TransferLimits
  private let idle = Mutex<[Handle]>([])

  private static let isReady = curl_shim_begin() == CURLE_OK

  init(_ server: CacheServer, limits: TransferLimits) {
    (self.server, self.limits) = (server, limits)
  }

  func get(_ key: CacheKey, limit: Int) throws -> [UInt8]? {
    try withHandle { handle in
      let body = Body(handle, limit: limit)
      let status = try perform(handle, key, size: limit, body)
      switch status {
      case 200: return body.bytes
      case 404, 410: return nil
      default: throw Self.trouble(status)
      }
    }
  }

  func has(_ key: CacheKey) throws -> Bool {
    try withHandle { handle in
      _ = curl_shim_set_number(handle.curl, CURLOPT_NOBODY, 1)
      let status = try perform(handle, key, size: 0, Body(handle, limit: 0))
      switch status {
      case 200...299: return true
      case 404, 410: return false
      default: throw Self.trouble(status)
      }
    }
  }

  func put(_ key: CacheKey, _ bytes: [UInt8]) throws {
    try withHandle { handle in
      let body = Body(handle, limit: 0)
      let status = try bytes.withUnsafeBytes { content in
        _ = curl_shim_set_size(handle.curl, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(content.count))
        _ = curl_shim_set_pointer(handle.curl, CURLOPT_POSTFIELDS, content.baseAddress)
        _ = curl_shim_set_text(handle.curl, CURLOPT_CUSTOMREQUEST, "PUT")
        return try perform(handle, key, size: content.count, body)
      }
      guard (200...299).contains(status) else { throw Self.trouble(status) }
    }
  }

  /// The protocol has no way to remove an entry; the next one stored replaces it.
  func discard(_ key: CacheKey) {}

  func finish() {}

  private static func trouble(_ status: Int) -> Trouble {
    switch status {
    case 401, 403, 407: Trouble(.refused, "status \(status)")
    case 413: Trouble(.large, "status 413")
    case 507: Trouble(.full, "status 507")
    case 300...399: Trouble(.failing, "status \(status), a redirect; none is followed")
    default: Trouble(.failing, "status \(status)")
    }
  }

  // MARK: libcurl

  private final class Handle: @unchecked Sendable {
    let curl: UnsafeMutableRawPointer
    init?() {
      guard let curl = curl_easy_init() else { return nil }
      self.curl = curl
    }
    deinit { curl_easy_cleanup(curl) }
  }

  /// Receives the body of an answer: for status 200 it is kept up to a limit, for others it is discarded.
  private final class Body {
    private static let mostThrownAway = 1 << 20
    let curl: UnsafeMutableRawPointer
    let limit: Int
    var bytes: [UInt8] = []
    var thrownAway = 0
    var isTooLarge = false

    init(_ handle: Handle, limit: Int) {
      (curl, self.limit) = (handle.curl, limit)
    }

    func take(_ piece: UnsafeRawBufferPointer) -> Bool {
      if curl_shim_status(curl) == 200, limit > 0 {
        isTooLarge = bytes.count + piece.count > limit
        if !isTooLarge { bytes.append(contentsOf: piece) }
        return !isTooLarge
      }
      thrownAway += piece.count
      return thrownAway <= Self.mostThrownAway
    }
  }

  private func withHandle<T>(_ body: (Handle) throws -> T) throws -> T {
    guard Self.isReady, let handle = idle.withLock({ $0.popLast() }) ?? Handle() else {
      throw Trouble(.unreachable, "libcurl cannot be used")
    }
    // This resets the options; connections stay open.
    curl_easy_reset(handle.curl)
    defer { idle.withLock { $0.append(handle) } }
    return try body(handle)
  }

  /// Performs one request.
  /// - Returns: the status.
  private func perform(_ handle: Handle, _ key: CacheKey, size: Int, _ body: Body) throws -> Int {
    let curl = handle.curl
    _ = curl_shim_set_text(curl, CURLOPT_URL, "\(server.address)/\(key.store)/\(key.digest.hex)")
    _ = curl_shim_set_text(curl, CURLOPT_PROTOCOLS_STR, "http,https")
    _ = curl_shim_set_text(curl, CURLOPT_PROXY, "")
    _ = curl_shim_set_text(curl, CURLOPT_USERAGENT, "pipeline")
    let seconds = limits.seconds + size / max(1, limits.leastBytesPerSecond)
    for (option, value) in [
      (CURLOPT_NOSIGNAL, 1), (CURLOPT_FOLLOWLOCATION, 0), (CURLOPT_CONNECTTIMEOUT, limits.connectSeconds),
      (CURLOPT_LOW_SPEED_LIMIT, limits.idleBytes), (CURLOPT_LOW_SPEED_TIME, limits.idleSeconds),
      (CURLOPT_TIMEOUT, seconds),
    ] { _ = curl_shim_set_number(curl, option, value) }
    switch server.credentials {
    case .basic(let user, let password): _ = curl_shim_set_basic(curl, user, password)
    case .bearer(let token): _ = curl_shim_set_bearer(curl, token)
    case .netrc(let file): _ = curl_shim_set_netrc(curl, file)
    }
    // Without this, a large PUT waits one second for servers that do not answer "100 Continue".
    var headers = curl_slist_append(nil, "Expect:")
    headers = curl_slist_append(headers, "Content-Type: application/octet-stream")
    defer { curl_slist_free_all(headers) }
    _ = curl_shim_set_list(curl, CURLOPT_HTTPHEADER, headers)
    _ = curl_shim_set_writer(
      curl,
      { start, _, count, context in
        guard let context, count > 0 else { return 0 }
        let body = Unmanaged<Body>.fromOpaque(context).takeUnretainedValue()
        return body.take(UnsafeRawBufferPointer(start: start, count: count)) ? count : 0
      }, Unmanaged.passUnretained(body).toOpaque())
    let code = withExtendedLifetime(body) { curl_easy_perform(curl) }
    guard code == CURLE_OK else { throw Self.trouble(code, body) }
    return curl_shim_status(curl)
  }

  private static func trouble(_ code: CURLcode, _ body: Body) -> Trouble {
    let words = String(cString: curl_easy_strerror(code))
    return switch code {
    case CURLE_OPERATION_TIMEDOUT: Trouble(.slow, words)
    case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_RECV_ERROR: Trouble(.cutOff, words)
    case CURLE_WRITE_ERROR where body.isTooLarge: Trouble(.wrong, "more than \(body.limit) bytes")
    // A server that rejects a large body often closes the connection while it is being sent.
    case CURLE_SEND_ERROR where curl_shim_status(body.curl) >= 400: trouble(curl_shim_status(body.curl))
    default: Trouble(.unreachable, words)
    }
  }
}
