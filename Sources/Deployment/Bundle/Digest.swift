import Crypto
public import Foundation

/// The SHA-256 digest of bytes, in lower-case hexadecimal.
public func sha256(_ data: Data) -> String {
  SHA256.hash(data: data).map { byte in
    let digits = String(byte, radix: 16)
    return digits.count == 1 ? "0" + digits : digits
  }.joined()
}
